import { Group, LineSegments, Mesh, MeshStandardMaterial } from "three";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import createOcct, { type Occt } from "occt-import-js";
import { describe, expect, test } from "vitest";
import { withoutEval } from "./embind";
import { stepFile } from "../../../e2e/samples/step.mjs";
import { factsOf } from "../shared/stage/model";
import { demandEnd, formatOf } from "./format";
import { objectOf } from "./load";
import { buffersOf, partsOf, type Part } from "./shapes";

const bytes = new TextEncoder().encode(stepFile()) as Uint8Array<ArrayBuffer>;
const GLUE = "node_modules/occt-import-js/dist/occt-import-js";

function lamp(occt: Occt): Part {
  return partsOf(occt.ReadFile("step", bytes, { linearUnit: "millimeter" }));
}

const quiet = () => undefined;
const options = () => ({
  wasmBinary: new Uint8Array(readFileSync(`${GLUE}.wasm`)),
  print: quiet,
  printErr: quiet,
});

describe("a STEP file", () => {
  test("becomes a tree of parts with colours and edges", async () => {
    const part = lamp(await createOcct(options()));
    const object = objectOf(part);
    const names: string[] = [];
    const colours: string[] = [];
    let edges = 0;
    object.traverse((one) => {
      if (one instanceof LineSegments) edges += (one.geometry.index?.count ?? 0) / 2;
      if (!(one instanceof Mesh)) return;
      names.push(one.name);
      const material = one.material as unknown as MeshStandardMaterial;
      colours.push(material.name);
    });
    expect(names).toEqual(["Base plate", "Post"]);
    expect(colours[0]).toMatch(/^#1[9a]40c[bc]$/);
    // Each of the six sides of a box has four edges.
    expect(edges).toBe(48);
    const facts = factsOf(object);
    expect(facts?.size.map((length) => Math.round(length * 100) / 100)).toEqual([60, 40, 58]);
    expect([facts?.triangles, facts?.parts]).toEqual([24, 2]);
    expect(object).toBeInstanceOf(Group);
    expect(new Set(buffersOf(part)).size).toBe(8);
  });

  test("is read by the library without compiling functions from text", async () => {
    const glue = withoutEval(readFileSync(`${GLUE}.js`, "utf8"));
    const forbidden = () => {
      throw new Error("compiled from text");
    };
    const make = new Function(
      "Function",
      "require",
      "__dirname",
      "module",
      "exports",
      `${glue}\nreturn occtimportjs;`,
    ) as (...given: unknown[]) => typeof createOcct;
    const occt = await make(forbidden, createRequire(import.meta.url), "", {}, {})(options());
    const plain = lamp(await createOcct(options()));
    expect(lamp(occt)).toEqual(plain);
  });

  test("in several colours keeps the triangles of each together", () => {
    const side = { first: 0, last: 0, color: null };
    const part = partsOf({
      success: true,
      root: { name: "", meshes: [0], children: [] },
      meshes: [
        {
          name: "Sign",
          color: [0, 0, 1],
          attributes: { position: { array: [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0] } },
          index: { array: [0, 1, 2, 1, 3, 2, 0, 2, 3] },
          brep_faces: [
            side,
            { first: 1, last: 1, color: [1, 0, 0] },
            { first: 2, last: 2, color: null },
          ],
        },
      ],
    });
    const [shape] = part.shapes;
    expect(shape?.groups).toEqual([
      { start: 0, count: 6, colour: [0, 0, 1] },
      { start: 6, count: 3, colour: [1, 0, 0] },
    ]);
    expect([...(shape?.index ?? [])]).toEqual([0, 1, 2, 0, 2, 3, 1, 3, 2]);
    const mesh = objectOf(part) as Mesh;
    expect(mesh.geometry.groups).toHaveLength(2);
    expect(mesh.name).toBe("Sign");
  });

  test("has no colour where the pens of IGES are black", () => {
    const read = () => ({
      success: true as const,
      root: { name: "", meshes: [0], children: [] },
      meshes: [
        {
          name: "",
          color: [0, 0, 0] as [number, number, number],
          attributes: { position: { array: [0, 0, 0, 1, 0, 0, 0, 1, 0] } },
          index: { array: [0, 1, 2] },
          brep_faces: [{ first: 0, last: 0, color: null }],
        },
      ],
    });
    const colourOf = (part: Part) => part.shapes[0]?.groups[0]?.colour;
    expect(colourOf(partsOf(read(), true))).toBeNull();
    expect(colourOf(partsOf(read()))).toEqual([0, 0, 0]);
  });

  test("that the library refuses is said so", () => {
    expect(() => partsOf({ success: false })).toThrow(/cannot read it/);
  });
});

describe("which file it is", () => {
  test.each([
    [".stp", "step"],
    [".step", "step"],
    [".igs", "iges"],
    [".iges", "iges"],
    [".brep", "brep"],
  ])("%s is %s", (extension, format) => expect(formatOf(extension)).toBe(format));

  test("a file that was cut is told by its end", () => {
    expect(() => demandEnd("step", bytes)).not.toThrow();
    expect(() => demandEnd("step", bytes.slice(0, 4000))).toThrow(/a part of it is missing/);
    expect(() => demandEnd("step", bytes.slice(30))).toThrow(/does not begin as a STEP file/);
    expect(() => demandEnd("brep", new Uint8Array())).toThrow(/is empty/);
    const last = `${"S      1G      3D      2P      1".padEnd(72)}T      1\n`;
    const iges = (text: string) => new TextEncoder().encode(text);
    expect(() => demandEnd("iges", iges(`${"x".padEnd(72)}S      1\n${last}`))).not.toThrow();
    expect(() => demandEnd("iges", iges(`${"x".padEnd(72)}S      1\n`))).toThrow(/missing/);
  });
});
