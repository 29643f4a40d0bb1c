// Pictures of light (OpenEXR and Radiance) and Targa, read by the decoders that come with three.js.
import { FloatType } from "three";
import { EXRLoader } from "three/examples/jsm/loaders/EXRLoader.js";
import { HDRLoader } from "three/examples/jsm/loaders/HDRLoader.js";
import { TGALoader } from "three/examples/jsm/loaders/TGALoader.js";
import { checkSize, type Raster } from "./raster";

interface Texture {
  width?: number | undefined;
  height?: number | undefined;
  data?: unknown;
}

/** The size of an OpenEXR picture, from its list of attributes. */
function exrSize(bytes: Uint8Array): [number, number] {
  const name = new TextEncoder().encode("dataWindow\0box2i\0");
  const last = Math.min(bytes.length - name.length - 20, 65_536);
  for (let at = 8; at <= last; ++at) {
    if (!name.every((byte, index) => bytes[at + index] === byte)) continue;
    const box = new DataView(bytes.buffer, bytes.byteOffset + at + name.length + 4, 16);
    return [
      box.getInt32(8, true) - box.getInt32(0, true) + 1,
      box.getInt32(12, true) - box.getInt32(4, true) + 1,
    ];
  }
  throw new Error("no OpenEXR picture");
}

function light(texture: Texture, fromBelow: boolean, facts: string[]): Raster {
  const { width = 0, height = 0, data } = texture;
  if (!(data instanceof Float32Array) || data.length !== width * height * 4)
    throw new Error("no pixels");
  const floats = data as Float32Array<ArrayBuffer>;
  if (fromBelow) turnOver(floats, width * 4);
  return { width, height, data: floats, range: null, facts };
}

function turnOver(data: Float32Array, row: number): void {
  const kept = new Float32Array(row);
  for (let top = 0, end = data.length - row; top < end; top += row, end -= row) {
    kept.set(data.subarray(top, top + row));
    data.copyWithin(top, end, end + row);
    data.set(kept, end);
  }
}

const NAMES: Record<string, string> = {
  NO_COMPRESSION: "not compressed",
  RLE_COMPRESSION: "RLE",
  ZIPS_COMPRESSION: "ZIPS",
  ZIP_COMPRESSION: "ZIP",
  PIZ_COMPRESSION: "PIZ",
  PXR24_COMPRESSION: "PXR24",
  B44_COMPRESSION: "B44",
  B44A_COMPRESSION: "B44A",
  DWAA_COMPRESSION: "DWAA",
  DWAB_COMPRESSION: "DWAB",
};

export function readExr(bytes: Uint8Array<ArrayBuffer>): Raster {
  checkSize(...exrSize(bytes));
  const texture = new EXRLoader().setDataType(FloatType).parse(bytes.buffer);
  const { header } = texture as {
    header?: { compression?: string; channels?: { name: string }[] };
  };
  const channels = header?.channels?.map((channel) => channel.name) ?? [];
  return light(texture, true, [
    `OpenEXR, ${NAMES[header?.compression ?? ""] ?? "compressed"}`,
    ...(channels.length > 0 ? [`Channels ${channels.join(", ")}`] : []),
  ]);
}

export function readHdr(bytes: Uint8Array<ArrayBuffer>): Raster {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  const size = /-Y (\d+) \+X (\d+)/.exec(head);
  if (size !== null) checkSize(Number(size[2]), Number(size[1]));
  return light(new HDRLoader().setDataType(FloatType).parse(bytes.buffer), false, [
    "Radiance picture",
  ]);
}

export function readTga(bytes: Uint8Array<ArrayBuffer>): Raster {
  if (bytes.length < 18) throw new Error("too short");
  const header = new DataView(bytes.buffer, bytes.byteOffset, 18);
  checkSize(header.getUint16(12, true), header.getUint16(14, true));
  const { width = 0, height = 0, data } = new TGALoader().parse(bytes.buffer);
  if (!(data instanceof Uint8Array)) throw new Error("no pixels");
  return { width, height, data: new Uint8ClampedArray(data), range: null, facts: ["Targa"] };
}
