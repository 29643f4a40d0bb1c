// What files of splats look like from outside, so that a wrong or a cut one is told before it is unpacked.
import { plyHeader, plyKind, plyLength } from "../shared/plyHeader";

const SPLAT_BYTES = 32;
const KSPLAT_HEADER = 4096;

function demandPly(bytes: Uint8Array): void {
  const header = plyHeader(bytes);
  if (header === null) throw new SyntaxError("it does not begin as a PLY file does");
  if (plyKind(bytes) !== "splats")
    throw new SyntaxError("it holds a mesh or points, but no splats");
  const length = plyLength(header);
  if (length !== null && length > bytes.length)
    throw new RangeError(
      `it ends after ${bytes.length.toLocaleString("en-GB")} of its ${length.toLocaleString("en-GB")} bytes`,
    );
}

/** Throws if the file cannot be what its extension says. */
export function demandSplats(extension: string, bytes: Uint8Array): void {
  if (bytes.length === 0) throw new RangeError("it is empty");
  switch (extension) {
    case ".ply":
      return demandPly(bytes);
    case ".splat":
      if (bytes.length % SPLAT_BYTES !== 0)
        throw new RangeError(`it ends within a splat, of which each has ${SPLAT_BYTES} bytes`);
      return;
    case ".ksplat":
      if (bytes.length < KSPLAT_HEADER) throw new RangeError("it ends within its header");
      return;
    default:
  }
}

/** The middle of most splats on each axis: single ones may fly far away. */
export function extentOf(
  centres: readonly (readonly [number, number, number])[],
): { low: [number, number, number]; high: [number, number, number] } | null {
  if (centres.length === 0) return null;
  const low: [number, number, number] = [0, 0, 0];
  const high: [number, number, number] = [0, 0, 0];
  for (const axis of [0, 1, 2] as const) {
    const sorted = Float64Array.from(centres, (centre) => centre[axis]).sort();
    low[axis] = sorted[Math.floor((sorted.length - 1) * 0.01)] ?? 0;
    high[axis] = sorted[Math.ceil((sorted.length - 1) * 0.99)] ?? 0;
  }
  return { low, high };
}
