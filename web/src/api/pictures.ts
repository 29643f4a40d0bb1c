// Addresses of pictures, asked for a few at a time, so that a fast scroll through thousands does not
// flood the server.
import { ApiError } from "./errors";
import type { AssetRef } from "./vams";
import { fileAddress, previewAddress } from "./vams";

const AT_ONCE = 4;
/** After so many refusals in a row, the role has no right to pictures, and no more are asked for. */
const PATIENCE = 6;
let refusals = 0;

/** For the next user. */
export function forgetRefusals(): void {
  refusals = 0;
}

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
  return turn(signal, async () => {
    if (refusals >= PATIENCE) throw new ApiError("denied", "Pictures are not open to you.", 403);
    try {
      const address =
        picture.kind === "asset"
          ? await previewAddress(ref, signal)
          : await fileAddress(ref, picture.key, { versionId: picture.versionId }, signal);
      refusals = 0;
      return address;
    } catch (error) {
      if (error instanceof ApiError && error.kind === "denied") ++refusals;
      throw error;
    }
  });
}
