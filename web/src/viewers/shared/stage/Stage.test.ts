import {
  Box3,
  BoxGeometry,
  BufferGeometry,
  Float32BufferAttribute,
  Group,
  Mesh,
  MeshStandardMaterial,
  Object3D,
  Vector3,
} from "three";
import { beforeEach, expect, test, vi } from "vitest";
import { drawn, resetGraphics } from "../../../test/graphics";
import { sizeAlong } from "./axes";
import { linkCameras } from "./link";
import { Stage } from "./Stage";

vi.mock("three", async (load) => ({
  ...(await load<object>()),
  ...(await import("../../../test/graphics")).replaced,
}));

function stageOn(): Stage {
  const host = document.createElement("div");
  const canvas = document.createElement("canvas");
  host.append(canvas);
  document.body.append(host);
  return new Stage(canvas);
}

/** Away from the origin, 2 × 4 × 6. */
function model() {
  const object = new Mesh(
    new BoxGeometry(2, 4, 6).translate(10, 20, 30),
    new MeshStandardMaterial(),
  );
  return { object: new Group().add(object) };
}
const round = (at: Vector3) => at.toArray().map((part) => Number(part.toFixed(3)) + 0);

beforeEach(resetGraphics);

test("a model that stands up is in the picture, with its own sizes", () => {
  const stage = stageOn();
  stage.show([model()]);
  expect(round(stage.controls.target)).toEqual([10, 20, 30]);
  stage.setZUp(true);
  expect(round(stage.controls.target)).toEqual([10, 30, -20]);
  expect(round(new Vector3(...sizeAlong(stage.bounds(), stage.models)))).toEqual([2, 4, 6]);
  stage.dispose();
  expect(drawn.live).toBe(0);
});

test("the box around a turned shape is no larger than the shape", () => {
  const stage = stageOn();
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([0, 0, 0, 2, 0, 0, 0, 2, 0], 3));
  const object = new Mesh(geometry, new MeshStandardMaterial());
  object.rotation.z = Math.PI / 4;
  stage.show([{ object }]);
  expect(round(stage.bounds().getSize(new Vector3()))).toEqual([2.828, 1.414, 0]);
  stage.dispose();
});

test("what has no geometry says where it is", () => {
  const stage = stageOn();
  const object = new Object3D();
  object.position.x = 5;
  const bounds = () => new Box3(new Vector3(-1, -1, -1), new Vector3(1, 1, 1));
  stage.show([{ object, bounds }]);
  expect(round(stage.controls.target)).toEqual([5, 0, 0]);
  stage.dispose();
});

test("the views look from their sides at all of it", () => {
  const stage = stageOn();
  stage.show([model()]);
  const from = () =>
    round(stage.camera.position.clone().sub(stage.controls.target).normalize()).map(Math.round);
  stage.look("left");
  expect(from()).toEqual([-1, 0, 0]);
  stage.look("top");
  expect(from()).toEqual([0, 1, 0]);
  const before = stage.camera.position.clone();
  stage.zoom(2);
  stage.pan(0.2, 0.1);
  stage.look("top");
  expect(stage.camera.position.distanceTo(before)).toBeLessThan(1e-6);
  stage.dispose();
});

test("work before a drawing goes on as long as it wants to", async () => {
  const stage = stageOn();
  let left = 3;
  const work = vi.fn(() => --left > 0);
  const stop = stage.beforeDraw(work);
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(3));
  stop();
  const seen = new Promise<void>((resolve) => stage.afterDraw(resolve));
  await seen;
  expect(work).toHaveBeenCalledTimes(3);
  stage.dispose();
});

test("linked stages look alike, whichever is turned", () => {
  const [one, other] = [stageOn(), stageOn()];
  for (const stage of [one, other]) stage.show([model()]);
  const unlink = linkCameras(one, other);
  one.orbit(0.5, 0.1);
  expect(round(other.camera.position)).toEqual(round(one.camera.position));
  other.zoom(0.5);
  expect(round(other.camera.position)).toEqual(round(one.camera.position));
  unlink();
  one.orbit(0.5, 0);
  expect(round(other.camera.position)).not.toEqual(round(one.camera.position));
  for (const stage of [one, other]) stage.dispose();
});
