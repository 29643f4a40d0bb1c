// What stands at a place of the picture, and its corner or edge if one is near.
import {
  BufferGeometry,
  InstancedMesh,
  Line3,
  Matrix4,
  Mesh,
  Points,
  Raycaster,
  SkinnedMesh,
  Sphere,
  Vector2,
  Vector3,
  type Intersection,
  type Object3D,
} from "three";
import type { acceleratedRaycast, MeshBVH } from "three-mesh-bvh";
import { trianglesOf } from "./model";
import type { Stage } from "./Stage";

export type Snap = "corner" | "edge" | "surface" | "point";

export interface Spot {
  at: Vector3;
  snap: Snap;
  object: Object3D;
}

/** How near is near, in pixels of the page. */
const CORNER = 14;
const EDGE = 9;
/** Smaller shapes are searched as they are. */
const MANY = 2_000;
/** Of points, by parts of the distance to the model. */
const POINT_REACH = 0.004;

interface Index {
  raycast: typeof acceleratedRaycast;
  Tree: typeof MeshBVH;
}

type View = Pick<Stage, "canvas" | "camera" | "controls" | "models" | "planes">;

export class Picker {
  private readonly raycaster = new Raycaster();
  private readonly indexed = new Map<Mesh, BufferGeometry>();
  private index: Index | null = null;
  private over = false;

  constructor(private readonly stage: View) {
    import("three-mesh-bvh").then(
      (found) => {
        if (!this.over) this.index = { raycast: found.acceleratedRaycast, Tree: found.MeshBVH };
      },
      // Without it large models are searched more slowly.
      () => undefined,
    );
  }

  /** `x` and `y` as events of the pointer say them. */
  pick(x: number, y: number): Spot | null {
    const { canvas, camera } = this.stage;
    const box = canvas.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return null;
    const place = new Vector2(
      ((x - box.left) / box.width) * 2 - 1,
      1 - ((y - box.top) / box.height) * 2,
    );
    camera.updateMatrixWorld();
    this.raycaster.setFromCamera(place, camera);
    const distance = camera.position.distanceTo(this.stage.controls.target);
    this.raycaster.params.Points.threshold = distance * POINT_REACH;
    const hit = this.firstHit();
    if (hit === null) return null;
    return this.snapped(hit, place, new Vector2(box.width / 2, box.height / 2));
  }

  private firstHit(): Intersection | null {
    const seen: Object3D[] = [];
    this.stage.models.traverseVisible((one) => {
      if (!(one instanceof Mesh || one instanceof Points)) return;
      if (one instanceof Mesh) this.prepare(one);
      seen.push(one);
    });
    const { planes } = this.stage;
    return (
      this.raycaster
        .intersectObjects(seen, false)
        .find(({ point }) => planes.every((plane) => plane.distanceToPoint(point) >= 0)) ?? null
    );
  }

  /** Builds the index of a large shape when it is aimed at for the first time. */
  private prepare(mesh: Mesh): void {
    if (this.index === null || this.indexed.has(mesh) || trianglesOf(mesh) < MANY) return;
    const { geometry } = mesh;
    if (mesh instanceof InstancedMesh || mesh instanceof SkinnedMesh) return;
    if (Object.keys(geometry.morphAttributes).length > 0) return;
    if (geometry.boundingSphere === null) geometry.computeBoundingSphere();
    const ball = new Sphere().copy(geometry.boundingSphere ?? new Sphere());
    if (!this.raycaster.ray.intersectsSphere(ball.applyMatrix4(mesh.matrixWorld))) return;
    this.indexed.set(mesh, geometry);
    const { Tree, raycast } = this.index;
    Object.assign(geometry, { boundsTree: new Tree(geometry, { indirect: true }) });
    mesh.raycast = raycast;
  }

  private snapped(hit: Intersection, place: Vector2, half: Vector2): Spot {
    const { object, point } = hit;
    if (object instanceof Points) return { at: placeOf(hit, object), snap: "point", object };
    const triangle = object instanceof Mesh ? cornersOf(hit, object) : [];
    const pixels = (at: Vector3) => {
      const seen = at.clone().project(this.stage.camera);
      return new Vector2(seen.x - place.x, seen.y - place.y).multiply(half).length();
    };
    const nearest = (places: Vector3[], reach: number) => {
      const [first] = places
        .map((at) => ({ at, far: pixels(at) }))
        .filter(({ far }) => far <= reach)
        .sort((a, b) => a.far - b.far);
      return first?.at;
    };
    const corner = nearest(triangle, CORNER);
    if (corner !== undefined) return { at: corner, snap: "corner", object };
    const onEdges = triangle.map((from, index) => {
      const to = triangle[(index + 1) % 3] ?? from;
      return new Line3(from, to).closestPointToPoint(point, true, new Vector3());
    });
    const edge = nearest(onEdges, EDGE);
    if (edge !== undefined) return { at: edge, snap: "edge", object };
    return { at: point.clone(), snap: "surface", object };
  }

  dispose(): void {
    this.over = true;
    for (const [mesh, geometry] of this.indexed) {
      Object.assign(geometry, { boundsTree: undefined });
      mesh.raycast = Mesh.prototype.raycast;
    }
    this.indexed.clear();
  }
}

function placeOf(hit: Intersection, points: Points): Vector3 {
  const position = points.geometry.getAttribute("position");
  if (hit.index === undefined || position === undefined) return hit.point.clone();
  return new Vector3().fromBufferAttribute(position, hit.index).applyMatrix4(points.matrixWorld);
}

/** Of the triangle that was hit, in the scene. */
function cornersOf(hit: Intersection, mesh: Mesh): Vector3[] {
  if (hit.face === null || hit.face === undefined) return [];
  const stands = mesh.matrixWorld.clone();
  if (mesh instanceof InstancedMesh && hit.instanceId !== undefined) {
    const own = new Matrix4();
    mesh.getMatrixAt(hit.instanceId, own);
    stands.multiply(own);
  }
  const { a, b, c } = hit.face;
  return [a, b, c].map((index) =>
    mesh.getVertexPosition(index, new Vector3()).applyMatrix4(stands),
  );
}
