import { describe, expect, test } from "vitest";
import { headTells, VIEWERS, viewersFor } from "./registry";

const ids = (path: string) => viewersFor(path).map((viewer) => viewer.id);

describe("which viewer opens a file", () => {
  test.each([
    ["/model/gantry.glb", ["mesh"]],
    ["/PART.STL", ["mesh"]],
    ["/scene.gltf", ["mesh", "text"]],
    ["/photo.jpeg", ["image"]],
    ["/logo.svg", ["image", "text"]],
    ["/film.mp4", ["video"]],
    ["/noise.wav", ["audio"]],
    ["/drawing.pdf", ["pdf"]],
    ["/data.csv", ["table", "text"]],
    ["/readme.md", ["text"]],
    ["/page.html", ["html", "text"]],
    ["/study.ipynb", ["notebook", "text"]],
    ["/rows.parquet", ["table"]],
    ["/light.EXR", ["image"]],
    ["/scan.tiff", ["image"]],
    ["/favicon.ico", ["image"]],
    ["/main.cpp", ["text"]],
    ["/pump.STEP", ["cad"]],
    ["/scan.laz", ["points"]],
    ["/hall.ifc", ["ifc"]],
    ["/garden.spz", ["splats"]],
    ["/stage.usda", ["usd", "text"]],
    ["/part.off", ["exchange"]],
    ["/shape.ply", ["mesh", "points", "splats"]],
    ["/thing.xyzw", []],
    ["/folder.glb/none", []],
  ])("%s", (path, expected) => {
    expect(ids(path)).toEqual(expected);
  });

  test.each([
    ["element face 4\n", ["mesh", "points", "splats"]],
    ["", ["points", "mesh", "splats"]],
    [
      "property float f_dc_0\nproperty float opacity\nproperty float scale_0\nproperty float rot_0\n",
      ["splats", "mesh", "points"],
    ],
  ])("a PLY file with “%s” in its header", (more, expected) => {
    const header = `ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\n${more}end_header\n`;
    const head = new TextEncoder().encode(header);
    expect(viewersFor("/shape.ply", head).map((viewer) => viewer.id)).toEqual(expected);
  });

  test("the beginning of a file is asked for where it tells something", () => {
    expect(headTells("/shape.ply")).toBe(true);
    expect(headTells("/scan.laz")).toBe(false);
    expect(headTells("/data.csv")).toBe(false);
  });

  test("identifiers are used once, extensions are written as they are looked up", () => {
    expect(new Set(VIEWERS.map((viewer) => viewer.id)).size).toBe(VIEWERS.length);
    for (const viewer of VIEWERS)
      for (const extension of viewer.extensions) expect(extension).toMatch(/^\.[a-z0-9]+$/);
  });
});
