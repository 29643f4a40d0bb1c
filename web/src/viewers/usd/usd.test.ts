import { Mesh, type MeshStandardMaterial } from "three";
import { unzipSync } from "three/examples/jsm/libs/fflate.module.js";
import { describe, expect, test } from "vitest";
import { usdaFile, usdaPart } from "../../../e2e/samples/scenes.mjs";
import { refusal, serve } from "../../test/app";
import { withDependencies, namesIn } from "./layers";
import { loadUsd } from "./load";

const encode = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
const file = (path: string) => ({ of: { databaseId: "plant", assetId: "a" }, path, size: null });

function library(files: Record<string, string>) {
  return serve(({ path }) => {
    const [, name] = /\/download\/stream\/([^?]+)/.exec(path) ?? [];
    if (name !== undefined) {
      const content = files[`/${decodeURIComponent(name)}`];
      return content === undefined ? refusal(404, "File not found") : new Response(content);
    }
    return {
      items: Object.keys(files).map((relativePath) => ({ relativePath, isFolder: false })),
      NextToken: null,
    };
  });
}

const open = (path: string, version = {}) => loadUsd({ ...file(path), ...version }, {});

describe("a scene", () => {
  test("of one file", async () => {
    library({ "/a.usda": usdaFile() });
    const model = await open("/a.usda");
    expect([model.facts.parts, model.facts.triangles]).toEqual([2, 24]);
    expect(model.facts.size.map((length) => Math.round(length * 10) / 10)).toEqual([5.2, 2, 2]);
    const names: string[] = [];
    model.object.traverse((one) => names.push(one.name));
    expect(names).toEqual(expect.arrayContaining(["Stage", "Left", "Right"]));
  });

  test("of several files of the same version", async () => {
    const calls = library({ "/s/a.usda": usdaFile("parts/b.usda"), "/s/parts/b.usda": usdaPart() });
    const model = await open("/s/a.usda", { assetVersionId: "4" });
    expect(model.facts.parts).toBe(2);
    expect(model.missing?.()).toEqual([]);
    for (const call of calls) expect(call.path).toContain("assetVersionId=4");
    const colours: number[] = [];
    model.object.traverse((one) => {
      if (one instanceof Mesh) colours.push((one.material as MeshStandardMaterial).color.b);
    });
    expect(colours).toHaveLength(2);
  });

  test("goes on without a file that the asset lacks, and says so", async () => {
    library({ "/a.usda": usdaFile("b.usda") });
    const model = await open("/a.usda");
    expect(model.facts.parts).toBe(1);
    expect(model.missing?.()).toEqual(["./b.usda"]);
  });

  test("is packed with what its layers name, each once", async () => {
    library({
      "/a.usda": "",
      "/x/b.usda": '#usda 1.0\ndef "B" (references = @./c.usda@) {asset p = @pic.png@}',
      "/x/c.usda": "#usda 1.0\n# @../a.usda@\n",
      "/x/pic.png": "PNG",
    });
    const missing = new Set<string>();
    const root = encode("#usda 1.0\ndef A (references = @x/b.usda@</B>) {}");
    const packed = unzipSync(await withDependencies(file("/a.usda"), root, missing));
    expect(Object.keys(packed)).toEqual([
      "root.usda",
      "x/b.usda",
      "x/c.usda",
      "x/pic.png",
      "x/../a.usda",
    ]);
    expect([...missing]).toEqual([]);
  });

  test("names in text", () => {
    const text = "@a.usd@ @@@b c.usdc@@@</P> @https://x.example/d.png@ @e.txt@ 'f@g.png'";
    expect(namesIn(encode(text))).toEqual(["a.usd", "b c.usdc", "https://x.example/d.png"]);
  });
});

describe("a damaged scene says why", () => {
  test.each([
    ["/a.usda", usdaFile().slice(0, 700), /ends before its last brace/],
    ["/a.usda", "nothing", /does not begin as a USD file/],
    ["/a.usdz", "nothing", /is no package/],
    ["/a.usdc", "PXR-USDC", /a.usdc is damaged/],
    ["/a.usdz", "PK\u0003\u0004 and no more", /a.usdz is damaged/],
    ["/a.usd", "", /is empty/],
    ["/a.usda", "#usda 1.0\n", /holds no shapes/],
  ])("%s", async (path, content, words) => {
    library({ [path]: content });
    await expect(open(path)).rejects.toThrow(words);
  });
});
