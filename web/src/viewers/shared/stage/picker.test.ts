import {
  BoxGeometry,
  BufferGeometry,
  Float32BufferAttribute,
  Group,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Plane,
  Points,
  SphereGeometry,
  Vector3,
  type Object3D,
} from "three";
import { expect, test, vi } from "vitest";
import { Picker } from "./picker";

/** A view of 400 × 400 pixels from in front, in which 100 pixels are one unit at the origin. */
function viewOf(object: Object3D, planes: Plane[] = []) {
  const camera = new PerspectiveCamera((Math.atan(2 / 10) * 360) / Math.PI, 1, 0.1, 100);
  camera.position.z = 10;
  const models = new Group().add(object);
  models.updateMatrixWorld(true);
  const canvas = {
    getBoundingClientRect: () => ({ left: 20, top: 30, width: 400, height: 400 }),
  };
  const controls = { target: new Vector3() };
  const stage = { canvas, camera, controls, models, planes } as never;
  const picker = new Picker(stage);
  return (x: number, y: number) => picker.pick(220 + x * 100, 230 - y * 100);
}

const round = (at: Vector3 | undefined) => at?.toArray().map((part) => Number(part.toFixed(3)) + 0);

/** One side faces the view, at the origin. */
function plate() {
  return new Mesh(new BoxGeometry(2, 1, 1).translate(0, 0, -0.5), new MeshBasicMaterial());
}

test("corners and edges draw the pointer to them", () => {
  const pick = viewOf(plate());
  const corner = pick(0.93, 0.45);
  expect([corner?.snap, round(corner?.at)]).toEqual(["corner", [1, 0.5, 0]]);
  const edge = pick(0.3, 0.46);
  expect(edge?.snap).toBe("edge");
  expect(edge?.at.y).toBeCloseTo(0.5);
  const surface = pick(0.4, -0.1);
  expect([surface?.snap, round(surface?.at)]).toEqual(["surface", [0.4, -0.1, 0]]);
  expect(pick(1.5, 0)).toBeNull();
});

test("what is hidden or cut away is not met", () => {
  const mesh = plate();
  mesh.visible = false;
  expect(viewOf(mesh)(0.3, 0.1)).toBeNull();
  mesh.visible = true;
  const cut = viewOf(mesh, [new Plane(new Vector3(-1, 0, 0), 0)]);
  expect(cut(0.3, 0.1)).toBeNull();
  expect(cut(-0.3, 0.1)?.snap).toBe("surface");
});

test("points of a cloud, and shapes that are there many times", () => {
  const cloud = new BufferGeometry();
  cloud.setAttribute("position", new Float32BufferAttribute([0.5, 0.5, 0], 3));
  expect(viewOf(new Points(cloud))(0.51, 0.5)?.at).toEqual(new Vector3(0.5, 0.5, 0));
  const many = new InstancedMesh(plate().geometry, new MeshBasicMaterial(), 1);
  many.setMatrixAt(0, new Matrix4().makeTranslation(0.5, 0, 0));
  expect(round(viewOf(many)(1.46, 0.47)?.at)).toEqual([1.5, 0.5, 0]);
});

test("large shapes are searched with an index, with the same result", async () => {
  const ball = new Mesh(new SphereGeometry(1, 128, 64), new MeshBasicMaterial());
  const pick = viewOf(ball);
  const before = pick(0.2, 0.3)?.at;
  const plain = ball.raycast;
  await vi.waitFor(() => {
    pick(0.2, 0.3);
    expect(ball.raycast).not.toBe(plain);
  });
  expect(round(pick(0.2, 0.3)?.at)).toEqual(round(before));
});
