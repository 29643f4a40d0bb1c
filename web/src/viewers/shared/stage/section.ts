// Cuts models open along a plane. Where one then looks into a body, its inside is drawn in one colour,
// which for closed bodies looks as if they were solid.
import { DoubleSide, Mesh, Plane, Vector3, type Box3, type Material } from "three";
import type { LineSegments2 } from "three/examples/jsm/lines/LineSegments2.js";
import { directionOf, reachOf, type Axis } from "./axes";
import { cornersOf, removeLines, segments, SIGNAL } from "./lines";
import { materialsIn } from "./model";
import type { Stage } from "./Stage";

export interface Section {
  axis: Axis;
  /** 0 at the least, 1 at the greatest end of the models. */
  at: number;
  /** Otherwise what lies beyond is taken away. */
  flipped: boolean;
}

export const FIRST_SECTION: Section = { axis: "x", at: 0.5, flipped: false };

/** How much the outline stands out. */
const MARGIN = 0.03;
const INSIDE = "if ( ! gl_FrontFacing ) gl_FragColor = vec4( 0.84, 0.52, 0.26, 1.0 );";

type Way = Pick<Material, "side" | "onBeforeCompile" | "customProgramCacheKey">;

/** Around the plane, where it meets a box. */
function outline(direction: Vector3, place: number, around: Box3): Vector3[] {
  const box = around.clone();
  const size = box.getSize(new Vector3());
  box.expandByScalar(Math.max(size.x, size.y, size.z) * MARGIN);
  // Of the eight corners those of one side, brought onto the plane, in a row around it.
  const middle = box.getCenter(new Vector3()).dot(direction);
  const side = cornersOf(box).filter((corner) => corner.dot(direction) > middle);
  const ring = side.map((corner) =>
    corner.addScaledVector(direction, place - corner.dot(direction)),
  );
  const [a, b, c, d] = ring;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return [];
  return [a, b, b, d, d, c, c, a];
}

export class Cutter {
  private readonly ways = new Map<Material, Way>();
  private lines: LineSegments2 | null = null;

  constructor(private readonly stage: Stage) {}

  /** `box`: of what the section goes through, if that is more than is on the stage. */
  cut(section: Section, box = this.stage.bounds()): void {
    const { stage } = this;
    const direction = directionOf(section.axis, stage.models);
    const [from, to] = reachOf(box, direction);
    const place = from + (to - from) * section.at;
    stage.models.traverse((one) => {
      if (one instanceof Mesh) for (const material of materialsIn(one)) this.fill(material);
    });
    removeLines(this.lines);
    this.lines = segments(outline(direction, place, box), SIGNAL);
    stage.marks.add(this.lines);
    const sign = section.flipped ? 1 : -1;
    stage.cut([new Plane(direction.multiplyScalar(sign), -sign * place)]);
  }

  private fill(material: Material): void {
    if (this.ways.has(material)) return;
    const { side, onBeforeCompile, customProgramCacheKey } = material;
    this.ways.set(material, { side, onBeforeCompile, customProgramCacheKey });
    const key = `${customProgramCacheKey.call(material)} cut`;
    material.side = DoubleSide;
    material.onBeforeCompile = (shader, renderer) => {
      onBeforeCompile.call(material, shader, renderer);
      shader.fragmentShader = shader.fragmentShader.replace(
        "#include <dithering_fragment>",
        `#include <dithering_fragment>\n${INSIDE}`,
      );
    };
    material.customProgramCacheKey = () => key;
    material.needsUpdate = true;
  }

  whole(): void {
    for (const [material, way] of this.ways) {
      Object.assign(material, way);
      material.needsUpdate = true;
    }
    this.ways.clear();
    removeLines(this.lines);
    this.lines = null;
    this.stage.cut([]);
  }
}
