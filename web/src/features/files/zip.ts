// Many files as one ZIP file that is written while they come: to the disk where the browser lets a page
// do so, else through its own memory of blobs.
import { makeZip } from "client-zip";
import { ApiError, kindOf } from "../../api/errors";
import { fetchFile, fileAddress, type AssetRef, type DownloadVersion } from "../../api/vams";
import { saveBlob } from "../../ui/saveText";

export interface ZipFile {
  path: string;
  size: number;
  /** Which of its versions. */
  version: DownloadVersion;
  date: Date;
}

interface Picker {
  showSaveFilePicker?: (options: {
    suggestedName: string;
    types: { description: string; accept: Record<string, string[]> }[];
  }) => Promise<FileSystemFileHandle>;
}

/** Where the ZIP file is written to; null: the user changed their mind. Needs a click just before. */
export async function chooseTarget(name: string): Promise<FileSystemFileHandle | "memory" | null> {
  const picker = (window as unknown as Picker).showSaveFilePicker;
  if (picker === undefined) return "memory";
  try {
    return await picker.call(window, {
      suggestedName: name,
      types: [{ description: "ZIP archive", accept: { "application/zip": [".zip"] } }],
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    return "memory";
  }
}

async function open(of: AssetRef, file: ZipFile, signal: AbortSignal): Promise<Response> {
  let address;
  try {
    address = await fileAddress(of, file.path, file.version, signal);
  } catch (error) {
    // Roles that only read have no such addresses.
    if (!(error instanceof ApiError) || error.kind !== "denied") throw error;
    return fetchFile(of, file.path, file.version, signal);
  }
  const response = await fetch(address, { signal });
  if (response.ok) return response;
  throw new ApiError(
    kindOf(response.status),
    `${file.path} cannot be read (status ${response.status}).`,
    response.status,
  );
}

/** Paths below the folder that all of them share, so that the archive begins with names. */
export function namesInZip(paths: string[]): string[] {
  const first = paths[0] ?? "";
  let common = first.slice(0, first.lastIndexOf("/") + 1);
  while (!paths.every((path) => path.startsWith(common)))
    common = common.slice(0, common.lastIndexOf("/", common.length - 2) + 1);
  return paths.map((path) => path.slice(common.length));
}

export async function zipFiles(
  of: AssetRef,
  files: ZipFile[],
  options: {
    name: string;
    target: FileSystemFileHandle | "memory";
    onProgress: (bytes: number, current: string) => void;
    signal: AbortSignal;
  },
): Promise<void> {
  const names = namesInZip(files.map((file) => file.path));
  let bytes = 0;
  async function* inputs() {
    for (const [index, file] of files.entries()) {
      options.onProgress(bytes, file.path);
      const response = await open(of, file, options.signal);
      const counted = response.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            bytes += chunk.byteLength;
            options.onProgress(bytes, file.path);
            controller.enqueue(chunk);
          },
        }),
      );
      yield {
        name: names[index] ?? file.path,
        lastModified: file.date,
        input: counted ?? new Blob([]),
      };
    }
  }
  const stream = makeZip(inputs());
  if (options.target === "memory") {
    const blob = await new Response(stream).blob();
    saveBlob(options.name, new Blob([blob], { type: "application/zip" }));
    return;
  }
  const writable = await options.target.createWritable();
  await stream.pipeTo(writable, { signal: options.signal });
}
