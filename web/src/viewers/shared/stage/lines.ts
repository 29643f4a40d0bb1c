// Lines that are seen on every screen: WebGL's own are one pixel wide.
import { Vector3, type Box3 } from "three";
import { LineMaterial } from "three/examples/jsm/lines/LineMaterial.js";
import { LineSegments2 } from "three/examples/jsm/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/examples/jsm/lines/LineSegmentsGeometry.js";

export const ACCENT = 0x2f8fff;
export const SIGNAL = 0xe8590c;

/** Between two points each. `through`: also seen where something stands in front. */
export function segments(
  points: readonly Vector3[],
  color: number,
  through = false,
): LineSegments2 {
  const geometry = new LineSegmentsGeometry();
  geometry.setPositions(points.flatMap((point) => point.toArray()));
  const material = new LineMaterial({ color, linewidth: 2, depthTest: !through });
  const made = new LineSegments2(geometry, material);
  made.frustumCulled = false;
  return made;
}

export function removeLines(lines: LineSegments2 | null): void {
  lines?.removeFromParent();
  lines?.geometry.dispose();
  lines?.material.dispose();
}

/** The eight corners; their bits say on which side of x, y and z they are. */
export function cornersOf({ min, max }: Box3): Vector3[] {
  return Array.from(
    { length: 8 },
    (_, bits) =>
      new Vector3(
        (bits & 1) === 0 ? min.x : max.x,
        (bits & 2) === 0 ? min.y : max.y,
        (bits & 4) === 0 ? min.z : max.z,
      ),
  );
}

/** The ends of the twelve edges. */
export function edgesOf(box: Box3): Vector3[] {
  const corners = cornersOf(box);
  return corners.flatMap((corner, bits) =>
    [1, 2, 4].flatMap((axis) => {
      const other = corners[bits | axis];
      return (bits & axis) !== 0 || other === undefined ? [] : [corner, other];
    }),
  );
}
