// Records that are lines of text, read without making a text of the whole file.
import type { Get, NumberType } from "./fields";

const END = 10;
/** No number of a point is written with more; longer lines are something else. */
const LONGEST = 4096;
const DECODER = new TextDecoder("latin1");

export class Lines {
  /** Numbers of the present line. */
  values: number[] = [];
  private at: number;
  private next = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly from = 0,
  ) {
    this.at = from;
  }

  count(): number {
    let count = 0;
    for (let at = this.bytes.indexOf(END, this.from); at >= 0;) {
      ++count;
      at = this.bytes.indexOf(END, at + 1);
    }
    return this.bytes.at(-1) === END || this.bytes.length === this.from ? count : count + 1;
  }

  /** Forwards only; null after the last. */
  line(index: number): string | null {
    for (; this.next < index; ++this.next) {
      const end = this.bytes.indexOf(END, this.at);
      if (end < 0) return null;
      this.at = end + 1;
    }
    if (this.at >= this.bytes.length) return null;
    const end = this.bytes.indexOf(END, this.at);
    const until = Math.min(end < 0 ? this.bytes.length : end, this.at + LONGEST);
    return DECODER.decode(this.bytes.subarray(this.at, until)).trim();
  }

  /** False if the line is not at least `least` numbers. */
  move(index: number, least: number): boolean {
    const line = this.line(index);
    if (line === null || line === "") return false;
    this.values = wordsOf(line).map(Number);
    return this.values.length >= least && this.values.slice(0, 3).every(Number.isFinite);
  }
}

export function wordsOf(line: string): string[] {
  return line.split(/[\s,;]+/).filter((word) => word !== "");
}

/** Names for the columns of `lines`; undefined for those without a meaning. */
export function columns(
  lines: Lines,
  names: readonly (string | undefined)[],
  types: NumberType[],
): Get {
  return (name) => {
    const column = names.indexOf(name);
    if (column < 0) return undefined;
    return { type: types[column] ?? "f64", read: () => lines.values[column] ?? 0 };
  };
}
