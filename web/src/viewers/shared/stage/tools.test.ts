import {
  AnimationClip,
  Box3,
  BoxGeometry,
  DoubleSide,
  FrontSide,
  Group,
  Mesh,
  MeshStandardMaterial,
  NumberKeyframeTrack,
  PerspectiveCamera,
  Scene,
  Vector3,
  type Plane,
} from "three";
import { describe, expect, test, vi } from "vitest";
import { sizeAlong } from "./axes";
import { edgesOf } from "./lines";
import { applyLooks, setWireframe, surfacesOf } from "./looks";
import { formatLength } from "./model";
import type { Spot } from "./picker";
import { Player } from "./player";
import { previewName } from "./preview";
import { Ruler } from "./ruler";
import { Cutter } from "./section";
import type { Stage } from "./Stage";

function stageWith(...meshes: Mesh[]) {
  const host = document.createElement("div");
  const canvas = document.createElement("canvas");
  host.append(canvas);
  const models = new Group();
  if (meshes.length > 0) models.add(...meshes);
  const cut = vi.fn<(planes: readonly Plane[]) => void>();
  const works = new Set<(seconds: number) => boolean>();
  const stage = {
    canvas,
    models,
    marks: new Scene(),
    camera: new PerspectiveCamera(),
    cut,
    draw: vi.fn(),
    bounds: () => new Box3().setFromObject(models),
    afterDraw: () => () => undefined,
    beforeDraw: (work: (seconds: number) => boolean) => {
      works.add(work);
      return () => void works.delete(work);
    },
  };
  return { stage: stage as unknown as Stage, host, canvas, cut, works };
}

const box = () => new Mesh(new BoxGeometry(4, 2, 1), new MeshStandardMaterial({ name: "steel" }));

describe("a section", () => {
  test("keeps one side, fills what is open, and leaves everything as it was", () => {
    const mesh = box();
    const { stage, cut } = stageWith(mesh);
    const cutter = new Cutter(stage);
    cutter.cut({ axis: "x", at: 0.75, flipped: false });
    const [plane] = cut.mock.lastCall?.[0] ?? [];
    expect(plane?.distanceToPoint(new Vector3(1.5, 0, 0))).toBeLessThan(0);
    expect(plane?.distanceToPoint(new Vector3(0.5, 0, 0))).toBeGreaterThan(0);
    const material = mesh.material;
    expect(material.side).toBe(DoubleSide);
    const shader = { fragmentShader: "a\n#include <dithering_fragment>\nb" };
    material.onBeforeCompile(shader as never, {} as never);
    expect(shader.fragmentShader).toContain("gl_FrontFacing");
    expect(stage.marks.children).toHaveLength(1);
    cutter.whole();
    expect(material.side).toBe(FrontSide);
    expect(cut).toHaveBeenLastCalledWith([]);
    expect(stage.marks.children).toHaveLength(0);
  });

  test("goes along the model's own axes", () => {
    const { stage, cut } = stageWith(box());
    stage.models.rotation.x = -Math.PI / 2;
    stage.models.updateMatrixWorld(true);
    new Cutter(stage).cut({ axis: "z", at: 0.5, flipped: true });
    const [plane] = cut.mock.lastCall?.[0] ?? [];
    expect(plane?.normal.y).toBeCloseTo(1);
    expect(sizeAlong(stage.bounds(), stage.models).map((size) => Number(size.toFixed(6)))).toEqual([
      4, 2, 1,
    ]);
  });
});

describe("a ruler", () => {
  const spot = (x: number, y: number): Spot => ({
    at: new Vector3(x, y, 0),
    snap: "corner",
    object: new Group(),
  });
  const click = (canvas: HTMLElement, x: number, moved = 0) => {
    const at = (clientX: number) => ({ clientX, clientY: 0, isPrimary: true, button: 0 });
    for (const [type, place] of [
      ["pointerdown", x],
      ["pointerup", x + moved],
    ] as const)
      canvas.dispatchEvent(Object.assign(new Event(type), at(place)));
  };

  test("measures from point to point, and not where the view was turned", () => {
    const { stage, host, canvas } = stageWith();
    const pick = vi.fn((x: number) => (x > 100 ? null : spot(x, 0)));
    const onChange = vi.fn();
    const ruler = new Ruler(stage, { pick }, onChange);
    click(canvas, 10);
    click(canvas, 50, 30);
    click(canvas, 200);
    expect(ruler.found).toHaveLength(0);
    expect(ruler.begun?.at.x).toBe(10);
    click(canvas, 13);
    expect(ruler.found.map(({ from, to }) => from.distanceTo(to))).toEqual([3]);
    ruler.setUnit("m");
    expect([...host.querySelectorAll(".vams-pin-text")].map((pin) => pin.textContent)).toContain(
      "3 m",
    );
    click(canvas, 10);
    expect(ruler.giveUp()).toBe(true);
    expect(ruler.giveUp()).toBe(false);
    ruler.remove(1);
    expect(ruler.found).toEqual([]);
    expect(onChange).toHaveBeenCalled();
    ruler.dispose();
    expect(stage.marks.children).toHaveLength(0);
    expect(host.querySelector(".vams-pins")).toBeNull();
  });

  test("takes the middle of the view for those who use keys", () => {
    const { stage } = stageWith();
    const places = [spot(0, 0), spot(0, 2)];
    const ruler = new Ruler(stage, { pick: () => places.shift() ?? null }, () => undefined);
    expect([ruler.setInMiddle(), ruler.setInMiddle(), ruler.setInMiddle()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(ruler.found).toHaveLength(1);
  });
});

test("materials are listed once, changed, and given back", () => {
  const one = box();
  const two = new Mesh(one.geometry, one.material);
  const surfaces = surfacesOf([one, two]);
  expect(surfaces.map(({ name, uses, pictures }) => [name, uses, pictures])).toEqual([
    ["steel", 2, 0],
  ]);
  const [{ id, look } = { id: "", look: { color: "", roughness: 1, metalness: 0, opacity: 1 } }] =
    surfaces;
  applyLooks(
    surfaces,
    new Map([[id, { ...look, color: "#ff0000", roughness: 0.2, opacity: 0.5 }]]),
  );
  expect(one.material.color.getHexString()).toBe("ff0000");
  expect([one.material.roughness, one.material.opacity, one.material.transparent]).toEqual([
    0.2,
    0.5,
    true,
  ]);
  applyLooks(surfaces, new Map());
  expect(one.material.color.getHexString()).toBe("ffffff");
  expect(one.material.transparent).toBe(false);
  setWireframe([one], true);
  expect(one.material.wireframe).toBe(true);
});

test("an animation is played, shown at a moment, and taken back", () => {
  const mesh = box();
  mesh.animations = [
    new AnimationClip("lift", 2, [new NumberKeyframeTrack(".position[y]", [0, 2], [0, 4])]),
  ];
  const { stage, works } = stageWith(mesh);
  const onTime = vi.fn();
  const player = new Player(stage, [{ object: mesh }], onTime);
  expect(player.clips).toEqual([{ name: "lift", seconds: 2 }]);
  const advance = (seconds: number) => [...works].map((work) => work(seconds));
  expect(advance(1)).toEqual([false]);
  player.play(true);
  expect(advance(0.5)).toEqual([true]);
  expect(mesh.position.y).toBeCloseTo(1);
  player.seek(2);
  expect(mesh.position.y).toBeCloseTo(4);
  player.seek(1);
  expect(mesh.position.y).toBeCloseTo(2);
  expect(onTime).toHaveBeenLastCalledWith(1);
  player.dispose();
  expect(mesh.position.y).toBe(0);
  expect(works.size).toBe(0);
});

test("a box has twelve edges", () => {
  const edges = edgesOf(new Box3(new Vector3(0, 0, 0), new Vector3(1, 2, 3)));
  const lengths = Array.from({ length: 12 }, (_, index) =>
    (edges[index * 2] ?? new Vector3()).distanceTo(edges[index * 2 + 1] ?? new Vector3()),
  );
  expect(lengths.sort()).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
});

test.each([
  ["", "/a/b.glb.previewFile.png", "image/png"],
  ["/a/b.glb.previewFile.jpg", "/a/b.glb.previewFile.jpg", "image/jpeg"],
  ["/a/b.glb.previewFile.gif", "/a/b.glb.previewFile.png", "image/png"],
])("beside the preview %j the new one is %s", (present, path, type) => {
  expect(previewName("/a/b.glb", present)).toEqual({ path, type });
});

test.each([
  [0, "0"],
  [1234.567, "1,235"],
  [12.345, "12.3"],
  [0.00123456, "0.00123"],
])("length %d is written %s", (length, text) => {
  expect(formatLength(length)).toBe(text);
  expect(formatLength(length, "m")).toBe(`${text} m`);
});
