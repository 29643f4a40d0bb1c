// LAS 1.0 to 1.4: the header, and points that are not compressed.
import type { Colour, Records } from "./cloud";

export interface LasHeader {
  format: number;
  compressed: boolean;
  /** Of one point, in bytes. */
  length: number;
  count: number;
  /** Where the points begin. */
  at: number;
  scale: [number, number, number];
  offset: [number, number, number];
}

const SMALLEST_HEADER = 227;
/** Where red begins, by the format of the points; others have no colour. */
const COLOUR_AT = new Map([
  [2, 20],
  [3, 28],
  [5, 28],
  [7, 30],
  [8, 30],
  [10, 30],
]);
/** With formats from this on, classes have a byte of their own. */
const WIDE = 6;
const LAST_FORMAT = 10;
const SHORTEST = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];

export function lasHeader(view: DataView): LasHeader {
  if (view.byteLength < SMALLEST_HEADER || view.getUint32(0) !== 0x4c415346)
    throw new SyntaxError("it does not begin as a LAS file does");
  const three = (at: number): [number, number, number] => [
    view.getFloat64(at, true),
    view.getFloat64(at + 8, true),
    view.getFloat64(at + 16, true),
  ];
  const kind = view.getUint8(104);
  const headerLength = view.getUint16(94, true);
  const old = view.getUint32(107, true);
  const wide = view.getUint8(25) >= 4 && headerLength >= 375 && view.byteLength >= 255;
  const header: LasHeader = {
    format: kind & 63,
    compressed: (kind & 128) !== 0,
    length: view.getUint16(105, true),
    count: wide ? Number(view.getBigUint64(247, true)) || old : old,
    at: view.getUint32(96, true),
    scale: three(131),
    offset: three(155),
  };
  if (header.format > LAST_FORMAT)
    throw new SyntaxError(`its points are of the unknown format ${header.format}`);
  if (header.length < (SHORTEST[header.format] ?? 0))
    throw new SyntaxError("its points are shorter than their format");
  return header;
}

/** `base` tells where the present point begins in `view`. */
export function lasRecords(
  header: LasHeader,
  view: () => DataView,
  base: () => number,
  move: Records["move"],
): Records {
  const { scale, offset, format } = header;
  const place = (axis: 0 | 1 | 2) => () =>
    view().getInt32(base() + axis * 4, true) * scale[axis] + offset[axis];
  const short = (at: number) => () => view().getUint16(base() + at, true);
  const red = COLOUR_AT.get(format);
  // By the standard colours fill 16 bits; many programs write 8, which the numbers tell.
  const colour: Colour | undefined =
    red === undefined
      ? undefined
      : { red: short(red), green: short(red + 2), blue: short(red + 4) };
  return {
    count: header.count,
    move,
    x: place(0),
    y: place(1),
    z: place(2),
    colour,
    intensity: short(12),
    classification:
      format >= WIDE ? () => view().getUint8(base() + 16) : () => view().getUint8(base() + 15) & 31,
  };
}

export function readLas(bytes: Uint8Array<ArrayBuffer>, header: LasHeader): Records {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const there = Math.max(0, Math.floor((bytes.length - header.at) / header.length));
  if (there < header.count) throw endsEarly(there, header.count);
  let index = 0;
  return lasRecords(
    header,
    () => view,
    () => header.at + index * header.length,
    (to) => {
      index = to;
      return true;
    },
  );
}

export function endsEarly(there: number, count: number): RangeError {
  const [has, wants] = [there, count].map((one) => one.toLocaleString("en-GB"));
  return new RangeError(`it ends after ${has} of its ${wants} points`);
}
