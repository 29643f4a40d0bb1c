// Clouds of the Point Cloud Library: text, binary and compressed.
import type { Records } from "./cloud";
import {
  binaryRecords,
  demandRoom,
  namedRecords,
  SIZES,
  type Field,
  type Get,
  type NumberType,
} from "./fields";
import { columns, Lines } from "./lines";
import { expandLzf } from "./lzf";

interface Column {
  name: string;
  type: NumberType;
  /** Numbers of this name in one record. */
  times: number;
}

interface Header {
  columns: Column[];
  count: number;
  data: string;
  length: number;
}

const LONGEST = 64_000;

function typeOf(letter: string, size: number): NumberType {
  const type = `${letter.toLowerCase()}${size * 8}`;
  if (!(type in SIZES))
    throw new SyntaxError(`it has numbers of the unknown type ${letter}${size}`);
  return type as NumberType;
}

function headerOf(bytes: Uint8Array): Header {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, LONGEST));
  const end = /^DATA\s+(\S+)[^\n]*\n/im.exec(text);
  if (end === null) throw new SyntaxError("it does not begin as a PCD file does");
  const words = new Map<string, string[]>();
  for (const line of text.slice(0, end.index).split(/\r?\n/)) {
    const [key, ...rest] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (key) words.set(key.toUpperCase(), rest);
  }
  const names = words.get("FIELDS") ?? [];
  const numbers = (key: string) => words.get(key)?.map(Number) ?? [];
  const [sizes, times, types] = [numbers("SIZE"), numbers("COUNT"), words.get("TYPE") ?? []];
  const [width = 0, height = 1] = [numbers("WIDTH")[0], numbers("HEIGHT")[0]];
  const count = numbers("POINTS")[0] ?? width * height;
  if (!Number.isSafeInteger(count) || count < 0)
    throw new SyntaxError("it does not say how many points it has");
  return {
    columns: names.map((name, index) => ({
      name: name.toLowerCase(),
      type: typeOf(types[index] ?? "F", sizes[index] ?? 4),
      times: times[index] ?? 1,
    })),
    count,
    data: (end[1] ?? "").toLowerCase(),
    length: end.index + end[0].length,
  };
}

/** Colours are three bytes of one number, whose type may call it a fraction. */
function unpacked(get: Get): Get {
  const packed = get("rgb") ?? get("rgba");
  if (packed === undefined) return get;
  const bits = new DataView(new ArrayBuffer(4));
  const value =
    packed.type === "f32"
      ? () => {
          bits.setFloat32(0, packed.read());
          return bits.getUint32(0);
        }
      : packed.read;
  const shifts: Record<string, number> = { r: 16, g: 8, b: 0 };
  return (name) => {
    const shift = shifts[name];
    if (shift === undefined) return get(name);
    return { type: "u8", read: () => (value() >>> shift) & 255 };
  };
}

function fromText(bytes: Uint8Array, header: Header): Records {
  const lines = new Lines(bytes, header.length);
  const there = lines.count();
  if (there < header.count)
    throw new RangeError(`it ends after ${there} of its ${header.count} points`);
  const flat = header.columns.flatMap((one) => Array.from({ length: one.times }, () => one));
  const get = columns(
    lines,
    flat.map((one) => one.name),
    flat.map((one) => one.type),
  );
  return namedRecords(header.count, (at) => lines.move(at, 3), unpacked(get));
}

function rowFields(header: Header): Field[] {
  const width = (column: Column) => SIZES[column.type] * column.times;
  const every = header.columns.reduce((sum, column) => sum + width(column), 0);
  let at = header.length;
  return header.columns.map((column) => {
    const field = { name: column.name, type: column.type, at, every };
    at += width(column);
    return field;
  });
}

/** In compressed files all numbers of one name stand together. */
function columnFields(header: Header): Field[] {
  let at = 0;
  return header.columns.map((column) => {
    const every = SIZES[column.type] * column.times;
    const field = { name: column.name, type: column.type, at, every };
    at += every * header.count;
    return field;
  });
}

// A colour that is called a fraction is read as the bits that it is.
const asBits = (fields: Field[]) =>
  fields.map((field): Field => (/^rgba?$/.test(field.name) ? { ...field, type: "u32" } : field));

export function readPcd(bytes: Uint8Array<ArrayBuffer>): Records {
  const header = headerOf(bytes);
  if (header.data === "ascii") return fromText(bytes, header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count } = header;
  if (header.data === "binary") {
    const fields = asBits(rowFields(header));
    demandRoom(fields, count, bytes.length, header.length);
    return binaryRecords({ view, little: true, count, fields }, unpacked);
  }
  if (header.data !== "binary_compressed")
    throw new SyntaxError(`its data are “${header.data}”, which no PCD file has`);
  if (header.length + 8 > bytes.length) throw new RangeError("it ends before its points");
  const packed = view.getUint32(header.length, true);
  const size = view.getUint32(header.length + 4, true);
  const from = header.length + 8;
  if (from + packed > bytes.length) throw new RangeError("it ends within its compressed points");
  const whole = expandLzf(bytes.subarray(from, from + packed), size);
  const fields = asBits(columnFields(header));
  demandRoom(fields, count, whole.length, 0);
  const inside = new DataView(whole.buffer);
  return binaryRecords({ view: inside, little: true, count, fields }, unpacked);
}
