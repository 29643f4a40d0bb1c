// Files from a drop or a picker, folders with all that is in them.
import type { Candidate } from "./plan";

/** Something that was chosen and can be read again later, where the browser lets it. */
export interface Root {
  handle: FileSystemHandle;
  /** Its files stand below this: "" for a file, "name/" for a folder. */
  prefix: string;
}

export interface Collected {
  candidates: Candidate[];
  roots: Root[];
}

type Entries = AsyncIterable<FileSystemHandle>;

async function walkHandle(
  folder: FileSystemDirectoryHandle,
  prefix: string,
  into: Candidate[],
): Promise<void> {
  for await (const handle of (folder as unknown as { values(): Entries }).values()) {
    if (handle.kind === "directory")
      await walkHandle(handle as FileSystemDirectoryHandle, `${prefix}${handle.name}/`, into);
    else
      into.push({
        path: prefix + handle.name,
        file: await (handle as FileSystemFileHandle).getFile(),
      });
  }
}

async function walkEntry(entry: FileSystemEntry, prefix: string, into: Candidate[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    into.push({ path: prefix + entry.name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Comes in pieces; the last one is empty.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const inner of some) await walkEntry(inner, `${prefix}${entry.name}/`, into);
  }
}

interface DroppedItem extends DataTransferItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

/** Has to be called within the event: the browser forgets what was dropped right after it. */
export function collectDropped(data: DataTransfer): Promise<Collected> {
  const pieces = [...data.items]
    .filter((item) => item.kind === "file")
    .map((item: DroppedItem) => ({
      handle: item.getAsFileSystemHandle?.().catch(() => null),
      entry: item.webkitGetAsEntry(),
      file: item.getAsFile(),
    }));
  return (async () => {
    const collected: Collected = { candidates: [], roots: [] };
    for (const piece of pieces) {
      const handle = await piece.handle;
      if (handle) {
        const folder = handle.kind === "directory";
        collected.roots.push({ handle, prefix: folder ? `${handle.name}/` : "" });
      }
      if (piece.entry !== null) await walkEntry(piece.entry, "", collected.candidates);
      else if (piece.file !== null)
        collected.candidates.push({ path: piece.file.name, file: piece.file });
    }
    return collected;
  })();
}

/** From an input of files, or of a folder. */
export function collectChosen(files: FileList | null): Collected {
  return {
    candidates: [...(files ?? [])].map((file) => ({
      path: file.webkitRelativePath || file.name,
      file,
    })),
    roots: [],
  };
}

interface Pickers {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
  showDirectoryPicker?: (options: { mode: "read" }) => Promise<FileSystemDirectoryHandle>;
}

const pickers = () => window as unknown as Pickers;

export function canPick(kind: "files" | "folder"): boolean {
  return kind === "files"
    ? pickers().showOpenFilePicker !== undefined
    : pickers().showDirectoryPicker !== undefined;
}

/** With the browser's own dialog, which lets a reload go on by itself; null when it was closed. */
export async function pick(kind: "files" | "folder"): Promise<Collected | null> {
  const collected: Collected = { candidates: [], roots: [] };
  try {
    if (kind === "files") {
      const handles = (await pickers().showOpenFilePicker?.({ multiple: true })) ?? [];
      for (const handle of handles) {
        collected.candidates.push({ path: handle.name, file: await handle.getFile() });
        collected.roots.push({ handle, prefix: "" });
      }
      return collected;
    }
    const folder = await pickers().showDirectoryPicker?.({ mode: "read" });
    if (folder === undefined) return null;
    await walkHandle(folder, `${folder.name}/`, collected.candidates);
    collected.roots.push({ handle: folder, prefix: `${folder.name}/` });
    return collected;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

interface AskedHandle extends FileSystemHandle {
  requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
}

/** Reads again what was chosen before a reload; the browser may ask the user. */
export async function collectAgain(roots: Root[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const root of roots) {
    const handle = root.handle as AskedHandle;
    if ((await handle.requestPermission?.({ mode: "read" })) !== "granted") continue;
    try {
      if (handle.kind === "directory")
        await walkHandle(handle as unknown as FileSystemDirectoryHandle, root.prefix, candidates);
      else
        candidates.push({
          path: handle.name,
          file: await (handle as unknown as FileSystemFileHandle).getFile(),
        });
    } catch {
      // Moved or removed since; what is missing is asked for.
    }
  }
  return candidates;
}
