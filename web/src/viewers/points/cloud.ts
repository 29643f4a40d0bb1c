// Points of any format, thinned to what a screen draws smoothly. Everything here runs in a worker.

export type Read = () => number;

export interface Colour {
  red: Read;
  green: Read;
  blue: Read;
  /** What full brightness is written as; without it 255 or 65,535, whichever the numbers fit. */
  full?: number;
}

/** Of a file, one record after the other. */
export interface Records {
  /** How many; in texts some of them may be no points. */
  count: number;
  /** Goes on to a record, never back. False if it holds no point. */
  move: (index: number) => boolean;
  x: Read;
  y: Read;
  z: Read;
  colour?: Colour | undefined;
  intensity?: Read | undefined;
  classification?: Read | undefined;
}

export interface Cloud {
  /** In the file. */
  total: number;
  /** Of those, here. */
  shown: number;
  /** In the file's coordinates; positions are counted from here, because single precision is coarse. */
  origin: [number, number, number];
  low: [number, number, number];
  high: [number, number, number];
  positions: Float32Array<ArrayBuffer>;
  /** Red, green and blue, 0 to 255. */
  colours?: Uint8Array<ArrayBuffer>;
  /** 0 to 255, for the darkest and the brightest hundredth. */
  intensities?: Uint8Array<ArrayBuffer>;
  classes?: Uint8Array<ArrayBuffer>;
}

/** The same points with every reading, and no pattern that follows the rows of a scanner. */
function jitter(): (below: number) => number {
  let state = 0x2545f491;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function rangeOf(values: Float32Array): [number, number] {
  const step = Math.max(1, Math.floor(values.length / 100_000));
  const some = new Float32Array(Math.ceil(values.length / step));
  for (let i = 0; i < some.length; ++i) some[i] = values[i * step] ?? 0;
  some.sort();
  const at = (part: number) => some[Math.floor((some.length - 1) * part)] ?? 0;
  const [low, high] = [at(0.01), at(0.99)];
  return high > low ? [low, high] : [at(0), at(1)];
}

export function toBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const [low, high] = rangeOf(values);
  const scale = high > low ? 255 / (high - low) : 0;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; ++i)
    bytes[i] = scale === 0 ? 128 : Math.max(0, Math.min(255, ((values[i] ?? 0) - low) * scale));
  return bytes;
}

function coloursOf(raw: Float32Array, full: number | undefined): Uint8Array<ArrayBuffer> {
  let most = 0;
  if (full === undefined) for (const value of raw) if (value > most) most = value;
  const scale = 255 / (full ?? (most > 255 ? 65_535 : 255));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < bytes.length; ++i)
    bytes[i] = Math.max(0, Math.min(255, Math.round((raw[i] ?? 0) * scale)));
  return bytes;
}

class Collector {
  readonly positions: Float32Array<ArrayBuffer>;
  readonly raw: Float32Array | undefined;
  readonly intensity: Float32Array | undefined;
  readonly classes: Uint8Array<ArrayBuffer> | undefined;
  origin: [number, number, number] = [0, 0, 0];
  readonly low: [number, number, number] = [Infinity, Infinity, Infinity];
  readonly high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  shown = 0;

  constructor(
    private readonly records: Records,
    room: number,
  ) {
    this.positions = new Float32Array(room * 3);
    if (records.colour) this.raw = new Float32Array(room * 3);
    if (records.intensity) this.intensity = new Float32Array(room);
    if (records.classification) this.classes = new Uint8Array(room);
  }

  take(): void {
    const { records } = this;
    const place = [records.x(), records.y(), records.z()];
    if (!place.every(Number.isFinite)) return;
    if (this.shown === 0) this.origin = place.map(Math.round) as [number, number, number];
    const at = this.shown * 3;
    for (const axis of [0, 1, 2] as const) {
      const value = (place[axis] ?? 0) - this.origin[axis];
      this.positions[at + axis] = value;
      if (value < this.low[axis]) this.low[axis] = value;
      if (value > this.high[axis]) this.high[axis] = value;
    }
    if (this.raw !== undefined && records.colour !== undefined) {
      this.raw[at] = records.colour.red();
      this.raw[at + 1] = records.colour.green();
      this.raw[at + 2] = records.colour.blue();
    }
    if (this.intensity !== undefined) this.intensity[this.shown] = records.intensity?.() ?? 0;
    if (this.classes !== undefined) this.classes[this.shown] = records.classification?.() ?? 0;
    ++this.shown;
  }
}

/** At most `budget` of the points, spread evenly over the file. */
export function collect(records: Records, budget: number): Cloud {
  const { count } = records;
  const step = Math.max(1, Math.ceil(count / budget));
  const into = new Collector(records, Math.ceil(count / step));
  const within = jitter();
  let missed = 0;
  for (let begin = 0; begin < count; begin += step) {
    const index = Math.min(count - 1, begin + (step === 1 ? 0 : within(step)));
    if (records.move(index)) into.take();
    else ++missed;
  }
  const { shown } = into;
  if (shown === 0) throw new RangeError("it holds no points");
  const cloud: Cloud = {
    total: Math.max(shown, count - missed * step),
    shown,
    origin: into.origin,
    low: into.low,
    high: into.high,
    positions: into.positions.slice(0, shown * 3),
  };
  // A file may have room for colours and leave all of it black.
  const raw = into.raw?.subarray(0, shown * 3);
  if (raw?.some((value) => value !== 0) === true)
    cloud.colours = coloursOf(raw, records.colour?.full);
  const intensity = into.intensity?.subarray(0, shown);
  if (intensity?.some((value) => value !== intensity[0]) === true)
    cloud.intensities = toBytes(intensity);
  if (into.classes !== undefined) cloud.classes = into.classes.slice(0, shown);
  return cloud;
}
