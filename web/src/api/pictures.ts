// Addresses of pictures, asked for a few at a time, so that a fast scroll through thousands does not
// flood the server.
import type { AssetRef } from "./vams";
import { fileAddress, previewAddress } from "./vams";

const AT_ONCE = 4;
let running = 0;
const waiting: (() => void)[] = [];

async function turn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else ++running;
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    // The place goes to the next in line, or is free.
    const next = waiting.shift();
    if (next === undefined) --running;
    else next();
  }
}

/** Which picture is meant: the asset's own preview, or one of its files. */
export type PictureKey = { kind: "asset" } | { kind: "file"; key: string; versionId?: string };

export function pictureAddress(
  ref: AssetRef,
  picture: PictureKey,
  signal: AbortSignal,
): Promise<string> {
  return turn(signal, () =>
    picture.kind === "asset"
      ? previewAddress(ref, signal)
      : fileAddress(ref, picture.key, { versionId: picture.versionId }, signal),
  );
}
