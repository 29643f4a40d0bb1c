// What the CAD library computes of a file, as the page draws it: triangles by colour, and the edges of
// the surfaces. Runs in the worker.
import type { OcctMesh, OcctNode, OcctResult } from "occt-import-js";

/** Red, green and blue in linear light, and how opaque; 0 to 1. */
export type Light = readonly [number, number, number, number?];

export interface Shape {
  name: string;
  positions: Float32Array<ArrayBuffer>;
  normals: Float32Array<ArrayBuffer> | null;
  /** Triangles, those of one colour together. */
  index: Uint32Array<ArrayBuffer>;
  /** Null for what the file gives no colour. */
  groups: { start: number; count: number; colour: Light | null }[];
  /** Pairs of corners along the edges of the surfaces. */
  edges: Uint32Array<ArrayBuffer>;
}

export interface Part {
  name: string;
  shapes: Shape[];
  children: Part[];
}

/** Sides that only one triangle of the surface has. */
function edgesOf(index: readonly number[], first: number, last: number, into: number[]): void {
  const sides = new Map<string, [number, number] | null>();
  for (let at = first * 3; at < (last + 1) * 3; at += 3)
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      const [from, to] = [index[at + a] ?? 0, index[at + b] ?? 0];
      const key = from < to ? `${from} ${to}` : `${to} ${from}`;
      sides.set(key, sides.has(key) ? null : [from, to]);
    }
  for (const side of sides.values()) if (side !== null) into.push(...side);
}

function shapeOf(mesh: OcctMesh, blackIsNone: boolean): Shape {
  const { position, normal } = mesh.attributes;
  const { array } = mesh.index;
  const own = mesh.color ?? null;
  const byColour = new Map<string, { colour: Light | null; ranges: [number, number][] }>();
  const edges: number[] = [];
  for (const face of mesh.brep_faces) {
    if (face.last < face.first) continue;
    const given = face.color ?? own;
    const colour = blackIsNone && given?.every((part) => part === 0) === true ? null : given;
    const key = colour?.join() ?? "";
    const same = byColour.get(key) ?? { colour, ranges: [] };
    same.ranges.push([face.first, face.last]);
    byColour.set(key, same);
    edgesOf(array, face.first, face.last, edges);
  }
  const index = new Uint32Array(array.length);
  const groups: Shape["groups"] = [];
  let at = 0;
  for (const { colour, ranges } of byColour.values()) {
    const start = at;
    for (const [first, last] of ranges) {
      const some = array.slice(first * 3, (last + 1) * 3);
      index.set(some, at);
      at += some.length;
    }
    groups.push({ start, count: at - start, colour });
  }
  return {
    name: mesh.name,
    positions: Float32Array.from(position.array),
    normals: normal === undefined ? null : Float32Array.from(normal.array),
    index: index.slice(0, at),
    groups,
    edges: Uint32Array.from(edges),
  };
}

function partOf(node: OcctNode, meshes: OcctMesh[], blackIsNone: boolean): Part {
  return {
    name: node.name,
    shapes: node.meshes.flatMap((number) => {
      const mesh = meshes[number];
      return mesh === undefined ? [] : [shapeOf(mesh, blackIsNone)];
    }),
    children: node.children.map((child) => partOf(child, meshes, blackIsNone)),
  };
}

/**
 * Throws if the library made nothing of the file. `blackIsNone`: in IGES files, whose pens are black where
 * nobody has chosen a colour.
 */
export function partsOf(result: OcctResult, blackIsNone = false): Part {
  if (!result.success) throw new SyntaxError("the CAD library cannot read it");
  return partOf(result.root, result.meshes, blackIsNone);
}

/** The memory that goes to the page with the parts. */
export function buffersOf(part: Part): ArrayBuffer[] {
  const own = part.shapes.flatMap(({ positions, normals, index, edges }) =>
    [positions, normals, index, edges].flatMap((one) => one?.buffer ?? []),
  );
  return [...own, ...part.children.flatMap(buffersOf)];
}
