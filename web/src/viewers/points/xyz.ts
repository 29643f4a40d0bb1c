// Tables of text: x, y and z in each line, and what programs that write such files put behind them.
import type { Records } from "./cloud";
import { namedRecords, type NumberType } from "./fields";
import { columns, Lines, wordsOf } from "./lines";

const LOOKED_AT = 200;
const KNOWN = /^(x|y|z|r|g|b|red|green|blue|i|intensity|reflectance|class(ification)?|label)$/;

/** From a line that names its columns, if there is one before the first point. */
function namesIn(line: string): string[] | null {
  const words = wordsOf(line.replace(/^[/#%\s]+/, "")).map((word) =>
    word.toLowerCase().replace(/^scalar_|["']/g, ""),
  );
  const named = words.map((word) => ({ rf: "r", gf: "g", bf: "b" })[word] ?? word);
  return ["x", "y", "z"].every((name) => named.includes(name)) ? named : null;
}

const whole = (values: number[]) => values.every((value) => Number.isInteger(value) && value >= 0);

/** What the columns behind x, y and z are, from how their numbers look. */
function guess(rows: number[][]): (string | undefined)[] {
  const width = Math.min(...rows.map((row) => row.length));
  const colour = (from: number) => {
    const values = rows.flatMap((row) => row.slice(from, from + 3));
    const bytes = whole(values) && Math.max(...values) <= 65_535;
    const parts = values.every((value) => value >= 0 && value <= 1);
    return bytes || parts;
  };
  const place = ["x", "y", "z"];
  const rgb = ["r", "g", "b"];
  if (width >= 7 && colour(4)) return [...place, "intensity", ...rgb];
  if (width >= 6 && colour(3)) return [...place, ...rgb];
  return width === 4 || width === 7 ? [...place, "intensity"] : place;
}

export function readXyz(bytes: Uint8Array<ArrayBuffer>): Records {
  const sample = new Lines(bytes);
  const rows: number[][] = [];
  let names: (string | undefined)[] | null = null;
  for (let index = 0; index < LOOKED_AT; ++index) {
    const line = sample.line(index);
    if (line === null) break;
    if (rows.length === 0) names = namesIn(line) ?? names;
    if (sample.move(index, 3)) rows.push(sample.values);
  }
  if (rows.length === 0) throw new SyntaxError("its lines are not numbers for x, y and z");
  names = (names ?? guess(rows)).map((name) => (name && KNOWN.test(name) ? name : undefined));
  const red = names.findIndex((name) => name === "r" || name === "red");
  const parts = red >= 0 && rows.every((row) => row.slice(red, red + 3).every((one) => one <= 1));
  const types = names.map((): NumberType => (parts ? "f64" : "u16"));
  const lines = new Lines(bytes);
  return namedRecords(lines.count(), (index) => lines.move(index, 3), columns(lines, names, types));
}
