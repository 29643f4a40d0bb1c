// Records of a file by the format that its extension names.
import type { Records } from "./cloud";
import { readE57 } from "./e57";
import { lasHeader, readLas } from "./las";
import { readPcd } from "./pcd";
import { readPly } from "./ply";
import { readXyz } from "./xyz";

/** Throws whatever is wrong with the file, in words that go on with “it” or “its”. */
export async function readRecords(
  extension: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Records> {
  if (bytes.length === 0) throw new RangeError("it is empty");
  switch (extension) {
    case ".las":
    case ".laz": {
      const header = lasHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (!header.compressed) return readLas(bytes, header);
      const { readLaz } = await import("./laz");
      return readLaz(bytes, header);
    }
    case ".ply":
      return readPly(bytes);
    case ".pcd":
      return readPcd(bytes);
    case ".e57":
      return readE57(bytes);
    default:
      return readXyz(bytes);
  }
}
