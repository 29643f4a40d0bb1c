// The vertices of a PLY file, whatever else it holds.
import type { Records } from "./cloud";
import {
  binaryRecords,
  demandRoom,
  namedRecords,
  SIZES,
  type Field,
  type NumberType,
} from "./fields";
import { columns, Lines } from "./lines";
import { plyHeader, type PlyElement } from "../shared/plyHeader";

const TYPES: Record<string, NumberType> = {
  char: "i8",
  int8: "i8",
  uchar: "u8",
  uint8: "u8",
  short: "i16",
  int16: "i16",
  ushort: "u16",
  uint16: "u16",
  int: "i32",
  int32: "i32",
  uint: "u32",
  uint32: "u32",
  float: "f32",
  float32: "f32",
  double: "f64",
  float64: "f64",
};

function typeOf(name: string): NumberType {
  const type = TYPES[name];
  if (type === undefined) throw new SyntaxError(`it has numbers of the unknown type “${name}”`);
  return type;
}

function widthOf(element: PlyElement): number {
  if (element.properties.some((property) => property.list))
    throw new SyntaxError(`its element “${element.name}” has lists and stands before its points`);
  return element.properties.reduce((sum, property) => sum + SIZES[typeOf(property.type)], 0);
}

export function readPly(bytes: Uint8Array<ArrayBuffer>): Records {
  const header = plyHeader(bytes);
  if (header === null) throw new SyntaxError("it does not begin as a PLY file does");
  const { elements } = header;
  const index = elements.findIndex((element) => element.name === "vertex");
  const points = elements[index];
  if (points === undefined) throw new SyntaxError("it has no vertices");
  const before = elements.slice(0, index);
  const names = points.properties.map((property) => property.name.toLowerCase());
  if (header.format === "ascii") {
    const skip = before.reduce((sum, element) => sum + element.count, 0);
    const lines = new Lines(bytes, header.length);
    const there = Math.max(0, lines.count() - skip);
    if (there < points.count)
      throw new RangeError(`it ends after ${there} of its ${points.count} points`);
    const types = points.properties.map((property) => typeOf(property.type));
    return namedRecords(
      points.count,
      (at) => lines.move(at + skip, 3),
      columns(lines, names, types),
    );
  }
  let from = header.length;
  for (const element of before) from += widthOf(element) * element.count;
  const every = widthOf(points);
  let at = from;
  const fields = points.properties.map((property): Field => {
    const type = typeOf(property.type);
    const field = { name: property.name, type, at, every };
    at += SIZES[type];
    return field;
  });
  demandRoom(fields, points.count, bytes.length, from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = header.format === "binary_little_endian";
  return binaryRecords({ view, little, count: points.count, fields });
}
