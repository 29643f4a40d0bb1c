// The axes of a model, which may stand otherwise than those of the scene.
import { Vector3, type Box3, type Object3D } from "three";
import { cornersOf } from "./lines";

export const AXES = ["x", "y", "z"] as const;
export type Axis = (typeof AXES)[number];

/** Along an axis of the models, in the scene. */
export function directionOf(axis: Axis, models: Object3D): Vector3 {
  return new Vector3(Number(axis === "x"), Number(axis === "y"), Number(axis === "z"))
    .applyQuaternion(models.quaternion)
    .normalize();
}

/** From where to where a box reaches along a direction. */
export function reachOf(box: Box3, direction: Vector3): [number, number] {
  const along = cornersOf(box).map((corner) => corner.dot(direction));
  return [Math.min(...along), Math.max(...along)];
}

/** How large a box is along the axes of the models. */
export function sizeAlong(box: Box3, models: Object3D): [number, number, number] {
  const [x = 0, y = 0, z = 0] = AXES.map((axis) => {
    const [from, to] = reachOf(box, directionOf(axis, models));
    return box.isEmpty() ? 0 : to - from;
  });
  return [x, y, z];
}
