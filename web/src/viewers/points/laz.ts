// Compressed LAS, one point after the other as they are unpacked.
import createLazPerf from "laz-perf/lib/laz-perf.js";
import wasmUrl from "laz-perf/lib/laz-perf.wasm?url";
import type { Records } from "./cloud";
import { lasRecords, type LasHeader } from "./las";

/** What is used of the library; its own types need those of its compiler. */
interface LazPerf {
  HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc: (bytes: number) => number;
  LASZip: new () => {
    open: (at: number, length: number) => void;
    getPoint: (into: number) => void;
  };
}

type Wasm = { locateFile?: () => string; wasmBinary?: Uint8Array };
type CreateLazPerf = (wasm: Wasm) => Promise<LazPerf>;

/** Waves of light are compressed in ways that the library does not know. */
const KNOWN_FORMATS = [0, 1, 2, 3, 6, 7, 8];

/** The list of compressed pieces stands behind them, where their beginning says; a cut file lacks it. */
function demandPieces(view: DataView, header: LasHeader): void {
  const known = header.at + 8 <= view.byteLength ? view.getBigInt64(header.at, true) : 0n;
  // Written as it was made, the place is told by the end of the file.
  const at =
    known === -1n && view.byteLength >= 8 ? view.getBigInt64(view.byteLength - 8, true) : known;
  if (at < BigInt(header.at + 8) || at + 8n > BigInt(view.byteLength))
    throw new RangeError("it ends before its last point");
}

export async function readLaz(
  bytes: Uint8Array<ArrayBuffer>,
  header: LasHeader,
  wasm: Wasm = { locateFile: () => wasmUrl },
): Promise<Records> {
  if (!KNOWN_FORMATS.includes(header.format))
    throw new SyntaxError(`its points of format ${header.format} are compressed with their waves`);
  demandPieces(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), header);
  const library: LazPerf = await (createLazPerf as CreateLazPerf)(wasm);
  const file = library._malloc(bytes.length);
  library.HEAPU8.set(bytes, file);
  const point = library._malloc(header.length);
  const reader = new library.LASZip();
  reader.open(file, bytes.length);
  let unpacked = -1;
  // The memory of the library is another one whenever it has grown.
  let memory = library.HEAPU8;
  let view = new DataView(memory.buffer);
  const present = () => {
    if (memory !== library.HEAPU8 || view.byteLength === 0) {
      memory = library.HEAPU8;
      view = new DataView(memory.buffer);
    }
    return view;
  };
  return lasRecords(
    header,
    present,
    () => point,
    (to) => {
      for (; unpacked < to; ++unpacked) reader.getPoint(point);
      return true;
    },
  );
}
