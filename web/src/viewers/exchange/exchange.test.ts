import { Mesh, type MeshStandardMaterial, type Object3D } from "three";
import { describe, expect, test } from "vitest";
import { AMF, BIM, OFF, WRL } from "../../../e2e/samples/scenes.mjs";
import { serve } from "../../test/app";
import { parseBim } from "./bim";
import { loadExchange } from "./load";
import { parseOff } from "./off";

function meshesOf(object: Object3D): Mesh[] {
  const found: Mesh[] = [];
  object.traverse((one) => {
    if (one instanceof Mesh) found.push(one as Mesh);
  });
  return found;
}

function open(name: string, content: string) {
  serve(({ path }) =>
    path.includes("/listFiles") ? { items: [], NextToken: null } : new Response(content),
  );
  return loadExchange(
    { of: { databaseId: "plant", assetId: "a" }, path: `/${name}`, size: null },
    {},
  );
}

describe("each format is shown", () => {
  test.each([
    ["a.off", OFF, 6, 1],
    ["a.bim", BIM, 12, 2],
    ["a.amf", AMF, 4, 1],
  ])("%s", async (name, content, triangles, parts) => {
    const model = await open(name, content);
    expect([model.facts.triangles, model.facts.parts]).toEqual([triangles, parts]);
    model.dispose();
  });

  test("a.wrl", async () => {
    const model = await open("a.wrl", WRL);
    expect(model.facts.parts).toBe(2);
    expect(model.facts.triangles).toBeGreaterThan(100);
    expect(model.zUp).toBe(false);
  });

  test("OFF with colours of its faces and its corners", () => {
    const colours = meshesOf(parseOff(OFF))[0]?.geometry.getAttribute("color");
    expect(colours?.count).toBe(18);
    expect(colours?.getX(0)).toBeGreaterThan(0.5);
    expect(colours?.getX(3)).toBeLessThan(0.1);
    const corners = parseOff(
      "COFF 3 1 0\n0 0 0 1.0 0 0 1\n1 0 0 0 1.0 0 1\n0 1 0 0 0 1.0 1\n3 0 1 2",
    );
    expect([...(meshesOf(corners)[0]?.geometry.getAttribute("color").array ?? [])]).toEqual([
      1, 0, 0, 0, 1, 0, 0, 0, 1,
    ]);
    const plain = meshesOf(parseOff("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"))[0];
    expect(plain?.geometry.hasAttribute("color")).toBe(false);
  });

  test("dotbim with names, places and colours", () => {
    const [first, second] = meshesOf(parseBim(BIM));
    expect([first?.name, second?.name]).toEqual(["Roof 0", "Roof 1.4"]);
    expect(second?.position.x).toBe(1.4);
    const material = second?.material as unknown as MeshStandardMaterial;
    expect(material.color.b).toBeGreaterThan(material.color.r);
  });
});

describe("damaged files say why", () => {
  test.each([
    ["a.off", "OFF\n3 2 0\n0 0 0\n1 0 0\n", /ends after 2 of the 5 lines/],
    ["a.off", "PLY", /does not begin as an OFF file/],
    ["a.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", /the corner 7, which does not exist/],
    ["a.off", "OFF\n0 0 0\n", /holds no shapes/],
    ["a.bim", BIM.slice(0, 90), /a.bim is damaged/],
    ["a.bim", '{"meshes":[],"elements":[{"mesh_id":3}]}', /the mesh 3, which does not exist/],
    ["a.bim", "[]", /no lists of meshes/],
    ["a.amf", AMF.slice(0, 300), /ends before its last element/],
    ["a.wrl", "#VRML V1.0 ascii\n", /VRML 1 is not supported/],
    ["a.wrl", "x", /does not begin as a VRML file/],
    ["a.wrl", "", /is empty/],
  ])("%s", async (name, content, words) => {
    await expect(open(name, content)).rejects.toThrow(words);
  });
});
