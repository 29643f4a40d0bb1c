// The bytes of the file that a viewer shows, in the version that was asked for, and what may be said
// when they cannot be shown.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError } from "../../api/errors";
import { fetchFile, fileAddress, type DownloadVersion } from "../../api/vams";
import { extensionOf, formatBytes, nameOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { CannotShow } from "./cannot";

export { CannotShow };

/** A version of the asset says which version of the file is meant. */
export function versionOf(file: ViewerFile): DownloadVersion {
  if (file.assetVersionId !== undefined) return { assetVersionId: file.assetVersionId };
  return file.versionId === undefined ? {} : { versionId: file.versionId };
}

export function keyOf(file: ViewerFile): string[] {
  const { databaseId, assetId } = file.of;
  return [databaseId, assetId, file.path, file.versionId ?? "", file.assetVersionId ?? ""];
}

function tooLarge(file: ViewerFile, size: number, limit: number): CannotShow {
  return new CannotShow(
    `${nameOf(file.path)} has ${formatBytes(size)}; up to ${formatBytes(limit)} are shown here.`,
  );
}

function joined(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export interface ReadOptions {
  /** In bytes. Of a larger file nothing, or no more than this, is fetched. */
  limit: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((bytes: number) => void) | undefined;
}

export async function readFile(
  file: ViewerFile,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size !== null && file.size > options.limit)
    throw tooLarge(file, file.size, options.limit);
  const response = await fetchFile(file.of, file.path, versionOf(file), options.signal);
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts, length);
    parts.push(value);
    length += value.length;
    if (length > options.limit) {
      await reader.cancel();
      throw tooLarge(file, length, options.limit);
    }
    options.onProgress?.(length);
  }
}

/** The content as `read` makes it of the bytes. Nothing is kept once the viewer is gone. */
export function useContent<T>(
  name: string,
  file: ViewerFile,
  limit: number,
  read: (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) => T | Promise<T>,
) {
  return useQuery({
    queryKey: ["viewer", name, ...keyOf(file)],
    queryFn: async ({ signal }) => read(await readFile(file, { limit, signal }), signal),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
}

/** Roles without download addresses fetch the whole file, which has to fit into memory. */
const WHOLE_BYTES = 500_000_000;

/**
 * An address for elements that fetch by themselves, which begin before the whole file is there and may
 * jump within it.
 */
export function useAddress(file: ViewerFile) {
  const address = useQuery({
    queryKey: ["viewer", "address", ...keyOf(file)],
    queryFn: async ({ signal }) => {
      try {
        return await fileAddress(file.of, file.path, versionOf(file), signal);
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind !== "denied") throw error;
        const bytes = await readFile(file, { limit: WHOLE_BYTES, signal });
        // Of all that elements show, only this is not recognised by its content.
        const type = extensionOf(file.path) === ".svg" ? "image/svg+xml" : "";
        return URL.createObjectURL(new Blob([bytes], { type }));
      }
    },
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const url = address.data;
  useEffect(
    () => () => {
      if (url?.startsWith("blob:") === true) URL.revokeObjectURL(url);
    },
    [url],
  );
  return address;
}
