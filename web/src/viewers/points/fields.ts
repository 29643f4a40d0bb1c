// Records whose numbers have names: what PLY, PCD and tables of text have in common.
import type { Colour, Read, Records } from "./cloud";

export type NumberType = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "f32" | "f64";

export const SIZES: Record<NumberType, number> = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  f64: 8,
};

export interface Field {
  name: string;
  type: NumberType;
  /** Of the first record. */
  at: number;
  /** From one record to the next. */
  every: number;
}

export function numberReader(
  view: DataView,
  type: NumberType,
  little: boolean,
): (at: number) => number {
  switch (type) {
    case "i8":
      return (at) => view.getInt8(at);
    case "u8":
      return (at) => view.getUint8(at);
    case "i16":
      return (at) => view.getInt16(at, little);
    case "u16":
      return (at) => view.getUint16(at, little);
    case "i32":
      return (at) => view.getInt32(at, little);
    case "u32":
      return (at) => view.getUint32(at, little);
    case "f32":
      return (at) => view.getFloat32(at, little);
    case "f64":
      return (at) => view.getFloat64(at, little);
  }
}

/** A number that is part of every record, by its name in lower case. */
export type Get = (name: string) => Named | undefined;

interface Named {
  read: Read;
  type: NumberType;
}

function first(get: Get, names: string): Read | undefined {
  for (const name of names.split(" ")) {
    const found = get(name);
    if (found !== undefined) return found.read;
  }
  return undefined;
}

/** How strong the constant part of the light of a splat is. */
const CONSTANT_LIGHT = 0.28209479177387814;

function colourOf(get: Get): Colour | undefined {
  for (const names of ["red green blue", "r g b", "diffuse_red diffuse_green diffuse_blue"]) {
    const [red, green, blue] = names.split(" ").map(get);
    if (red === undefined || green === undefined || blue === undefined) continue;
    const colour = { red: red.read, green: green.read, blue: blue.read };
    if (red.type === "u8") return { ...colour, full: 255 };
    return red.type.startsWith("f") ? { ...colour, full: 1 } : colour;
  }
  const light = ["f_dc_0", "f_dc_1", "f_dc_2"].map((name) => {
    const read = get(name)?.read;
    return read === undefined ? undefined : () => 0.5 + CONSTANT_LIGHT * read();
  });
  const [red, green, blue] = light;
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  return { red, green, blue, full: 1 };
}

/** Throws if the records have no place. */
export function namedRecords(count: number, move: Records["move"], get: Get): Records {
  const [x, y, z] = [first(get, "x"), first(get, "y"), first(get, "z")];
  if (x === undefined || y === undefined || z === undefined)
    throw new SyntaxError("its points have no x, y and z");
  return {
    count,
    move,
    x,
    y,
    z,
    colour: colourOf(get),
    intensity: first(get, "intensity scalar_intensity reflectance scalar_reflectance i"),
    classification: first(get, "classification scalar_classification class label"),
  };
}

/** Throws if the file ends before its last record. */
export function demandRoom(fields: Field[], count: number, length: number, from: number): void {
  for (const { type, at, every } of fields) {
    if (count === 0 || at + every * (count - 1) + SIZES[type] <= length) continue;
    const there = Math.max(0, Math.floor((length - from) / every));
    throw new RangeError(
      `it ends after ${there.toLocaleString("en-GB")} of its ${count.toLocaleString("en-GB")} points`,
    );
  }
}

export interface Binary {
  view: DataView<ArrayBuffer>;
  little: boolean;
  count: number;
  fields: Field[];
}

/** Numbers at known places, and those that `more` makes of them. */
export function binaryRecords(
  { view, little, count, fields }: Binary,
  more: (get: Get) => Get = (get) => get,
): Records {
  let index = 0;
  const readers = new Map(
    fields.map(({ name, type, at, every }): [string, Named] => {
      const number = numberReader(view, type, little);
      return [name.toLowerCase(), { type, read: () => number(at + index * every) }];
    }),
  );
  const move = (to: number) => {
    index = to;
    return true;
  };
  return namedRecords(
    count,
    move,
    more((name) => readers.get(name)),
  );
}
