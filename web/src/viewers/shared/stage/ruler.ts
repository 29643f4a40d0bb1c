// Distances from point to point, set with the pointer or, in the middle of the view, with a key.
import { Vector3 } from "three";
import type { LineSegments2 } from "three/examples/jsm/lines/LineSegments2.js";
import { onClick } from "./clicks";
import { removeLines, segments, SIGNAL } from "./lines";
import { formatLength, type LengthUnit } from "./model";
import type { Picker, Snap, Spot } from "./picker";
import { Pins, type Pin } from "./pins";
import type { Stage } from "./Stage";

export interface Measurement {
  id: number;
  from: Vector3;
  to: Vector3;
}

const SNAP_NAMES: Record<Snap, string> = {
  corner: "Corner",
  edge: "Edge",
  surface: "Surface",
  point: "Point",
};

export class Ruler {
  readonly found: Measurement[] = [];
  /** The first of two points. */
  begun: Spot | null = null;
  private readonly pins: Pins;
  private readonly cursor: Pin;
  private readonly word: Pin;
  private readonly marks: { lines: LineSegments2 | null; pins: Pin[] } = { lines: null, pins: [] };
  private readonly stop = new AbortController();
  private unit: LengthUnit = "";
  private count = 0;
  private frame = 0;

  constructor(
    private readonly stage: Stage,
    private readonly picker: Pick<Picker, "pick">,
    private readonly onChange: () => void,
    kept: readonly Measurement[] = [],
  ) {
    this.pins = new Pins(stage);
    const nowhere = new Vector3(Infinity, 0, 0);
    this.cursor = this.pins.add("dot", nowhere);
    this.word = this.pins.add("note", nowhere);
    this.found.push(...kept);
    this.count = kept.reduce((last, { id }) => Math.max(last, id), 0);
    const { signal } = this.stop;
    const { canvas } = stage;
    onClick(canvas, signal, (x, y) => this.set(this.picker.pick(x, y)));
    canvas.addEventListener("pointermove", (event) => this.onMove(event), { signal });
    canvas.addEventListener("pointerleave", () => this.point(null), { signal });
    this.mark();
  }

  setUnit(unit: LengthUnit): void {
    this.unit = unit;
    this.mark();
  }

  private onMove(event: PointerEvent): void {
    if (event.buttons !== 0 || event.pointerType === "touch" || this.frame !== 0) return;
    const { clientX, clientY } = event;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.stop.signal.aborted) this.point(this.picker.pick(clientX, clientY));
    });
  }

  /** Shows where a click would set a point. */
  private point(spot: Spot | null): void {
    const at = spot?.at ?? new Vector3(Infinity, 0, 0);
    this.cursor.move(at);
    this.word.move(at);
    if (spot === null) this.word.say("");
    else if (this.begun === null) this.word.say(SNAP_NAMES[spot.snap]);
    else this.word.say(formatLength(spot.at.distanceTo(this.begun.at), this.unit));
  }

  /** In the middle of the view; false if nothing is there. */
  setInMiddle(): boolean {
    const box = this.stage.canvas.getBoundingClientRect();
    const spot = this.picker.pick(box.left + box.width / 2, box.top + box.height / 2);
    this.set(spot);
    return spot !== null;
  }

  private set(spot: Spot | null): void {
    if (spot === null) return;
    if (this.begun === null) this.begun = spot;
    else {
      this.found.push({ id: ++this.count, from: this.begun.at, to: spot.at });
      this.begun = null;
    }
    this.changed();
  }

  /** Forgets a first point without a second; false if there is none. */
  giveUp(): boolean {
    if (this.begun === null) return false;
    this.begun = null;
    this.changed();
    return true;
  }

  remove(id: number): void {
    const at = this.found.findIndex((one) => one.id === id);
    if (at >= 0) this.found.splice(at, 1);
    this.changed();
  }

  clear(): void {
    this.found.length = 0;
    this.begun = null;
    this.changed();
  }

  private changed(): void {
    this.mark();
    this.onChange();
  }

  private mark(): void {
    this.wipe();
    const ends = this.found.flatMap(({ from, to }) => [from, to]);
    if (ends.length > 0) {
      this.marks.lines = segments(ends, SIGNAL, true);
      this.stage.marks.add(this.marks.lines);
    }
    const dots = this.begun === null ? ends : [...ends, this.begun.at];
    this.marks.pins.push(...dots.map((at) => this.pins.add("dot", at)));
    for (const { from, to } of this.found) {
      const middle = from.clone().add(to).divideScalar(2);
      const text = formatLength(from.distanceTo(to), this.unit);
      this.marks.pins.push(this.pins.add("text", middle, text));
    }
    this.stage.draw();
  }

  private wipe(): void {
    removeLines(this.marks.lines);
    this.marks.lines = null;
    this.marks.pins.splice(0).forEach((pin) => pin.remove());
  }

  dispose(): void {
    this.stop.abort();
    cancelAnimationFrame(this.frame);
    this.wipe();
    this.pins.dispose();
    this.stage.draw();
  }
}
