// The beginning of a file, which tells what it is before all of it is fetched.
import { useQuery } from "@tanstack/react-query";
import { fetchFile } from "../../api/vams";
import type { ViewerFile } from "../registry";
import { keyOf, versionOf } from "./file";

/** Longer than any header that is looked into. */
const LENGTH = 64_000;

export async function readHead(file: ViewerFile, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetchFile(file.of, file.path, versionOf(file), signal);
  const reader = response.body?.getReader();
  const head = new Uint8Array(LENGTH);
  let length = 0;
  while (reader !== undefined && length < LENGTH) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, LENGTH - length);
    head.set(part, length);
    length += part.length;
  }
  await reader?.cancel();
  return head.subarray(0, length);
}

/** Without bytes where they are not `wanted` or cannot be had: the viewer then says why. */
export function useHead(file: ViewerFile | undefined, wanted: boolean) {
  const enabled = wanted && file !== undefined;
  const head = useQuery({
    queryKey: ["viewer", "head", ...(file === undefined ? [] : keyOf(file))],
    queryFn: ({ signal }) => (file === undefined ? null : readHead(file, signal)),
    enabled,
    staleTime: Infinity,
    retry: false,
  });
  return { waiting: enabled && head.isPending, bytes: (enabled && head.data) || undefined };
}
