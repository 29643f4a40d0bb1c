// What a PLY file says of itself at its beginning.

export interface PlyElement {
  name: string;
  count: number;
  properties: { name: string; type: string; list: boolean }[];
}

export interface PlyHeader {
  format: string;
  elements: PlyElement[];
  /** In bytes, with the line that ends it. */
  length: number;
}

const LONGEST = 64_000;

/** Null if it is no PLY file, or its header is longer than what is given. */
export function plyHeader(bytes: Uint8Array): PlyHeader | null {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, LONGEST));
  const end = /^end_header\r?\n/m.exec(text);
  if (!/^ply\s/.test(text) || end === null) return null;
  const header: PlyHeader = { format: "", elements: [], length: end.index + end[0].length };
  for (const line of text.slice(0, end.index).split(/\r?\n/)) {
    const [word, ...rest] = line.trim().split(/\s+/);
    const last = rest.at(-1) ?? "";
    if (word === "format") header.format = rest[0] ?? "";
    if (word === "element")
      header.elements.push({ name: rest[0] ?? "", count: Number(last), properties: [] });
    if (word === "property")
      header.elements
        .at(-1)
        ?.properties.push({ name: last, type: rest[0] ?? "", list: rest[0] === "list" });
  }
  const counts = header.elements.every(({ count }) => Number.isSafeInteger(count) && count >= 0);
  return counts ? header : null;
}

function sizeOf(type: string): number {
  if (/char$|int8$/.test(type)) return 1;
  if (/short$|int16$/.test(type)) return 2;
  return /double|64$/.test(type) ? 8 : 4;
}

/** How long the file has to be; null if only reading all of it tells, because of lists or text. */
export function plyLength(header: PlyHeader): number | null {
  if (header.format === "ascii") return null;
  let length = header.length;
  for (const { count, properties } of header.elements) {
    if (properties.some((property) => property.list)) return null;
    length += count * properties.reduce((sum, { type }) => sum + sizeOf(type), 0);
  }
  return length;
}

export type PlyKind = "mesh" | "points" | "splats";

const count = (header: PlyHeader, name: string) =>
  header.elements.find((element) => element.name === name)?.count ?? 0;

/** What the file is for. Splats have a size and a light of their own, or are packed in chunks. */
export function plyKind(bytes: Uint8Array): PlyKind | null {
  const header = plyHeader(bytes);
  if (header === null) return null;
  const names = new Set(
    header.elements
      .filter((element) => element.name === "vertex")
      .flatMap((element) => element.properties.map((property) => property.name)),
  );
  if (names.has("packed_position")) return "splats";
  if (["f_dc_0", "scale_0", "rot_0", "opacity"].every((name) => names.has(name))) return "splats";
  return count(header, "face") > 0 || count(header, "tristrips") > 0 ? "mesh" : "points";
}
