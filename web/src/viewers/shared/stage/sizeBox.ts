// A box around the models with its three sizes written at its edges.
import { Vector3 } from "three";
import type { LineSegments2 } from "three/examples/jsm/lines/LineSegments2.js";
import { AXES, directionOf, reachOf } from "./axes";
import { ACCENT, edgesOf, removeLines, segments } from "./lines";
import { formatLength, type LengthUnit } from "./model";
import { Pins } from "./pins";
import type { Stage } from "./Stage";

export class SizeBox {
  private readonly pins: Pins;
  private readonly lines: LineSegments2;

  constructor(
    private readonly stage: Stage,
    unit: LengthUnit,
  ) {
    const box = stage.bounds();
    this.pins = new Pins(stage);
    this.lines = segments(edgesOf(box), ACCENT);
    stage.marks.add(this.lines);
    // The edges that meet where one first looks at.
    const near = new Vector3(box.max.x, box.min.y, box.max.z);
    for (const axis of AXES) {
      const direction = directionOf(axis, stage.models);
      const [from, to] = reachOf(box, direction);
      const length = to - from;
      const middle = near.clone().addScaledVector(direction, (from + to) / 2 - near.dot(direction));
      if (length > 0)
        this.pins.add("text", middle, `${axis.toUpperCase()} ${formatLength(length, unit)}`);
    }
    stage.draw();
  }

  dispose(): void {
    removeLines(this.lines);
    this.pins.dispose();
    this.stage.draw();
  }
}
