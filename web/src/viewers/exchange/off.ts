// The Object File Format: counts, corners, and faces that name their corners, each with a colour if the
// file says so.
import type { Object3D } from "three";
import { flatMesh } from "./geometry";

type Colour = number[];

/** Bytes or parts of one, as the numbers look. */
function colourOf(words: readonly string[]): Colour | null {
  const numbers = words.map(Number);
  if (numbers.length < 3 || !numbers.every(Number.isFinite)) return null;
  const bytes = !words.some((word) => word.includes(".")) || numbers.some((number) => number > 1);
  return numbers.slice(0, 3).map((number) => (bytes ? number / 255 : number));
}

function linesOf(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));
}

export function parseOff(text: string): Object3D {
  const lines = linesOf(text);
  const [first = [], ...rest] = lines;
  const kind = /^(ST)?(C)?(N)?OFF$/i.exec(first[0] ?? "");
  if (kind === null) throw new SyntaxError("it does not begin as an OFF file does");
  const counts = first.length > 1 ? first.slice(1) : (rest.shift() ?? []);
  const [corners = NaN, faces = NaN] = counts.map(Number);
  if (!Number.isSafeInteger(corners) || !Number.isSafeInteger(faces))
    throw new SyntaxError("it does not say how many corners and faces it has");
  if (rest.length < corners + faces)
    throw new RangeError(
      `it ends after ${rest.length} of the ${corners + faces} lines of its corners and faces`,
    );
  const places = new Float64Array(corners * 3);
  const cornerColours: (Colour | null)[] = [];
  const skip = 3 + (kind[3] === undefined ? 0 : 3);
  for (const [index, words] of rest.slice(0, corners).entries()) {
    for (let axis = 0; axis < 3; ++axis) places[index * 3 + axis] = Number(words[axis]);
    cornerColours.push(kind[2] === undefined ? null : colourOf(words.slice(skip)));
  }
  if (!places.every(Number.isFinite)) throw new SyntaxError("its corners are not numbers");
  const triangles: number[] = [];
  const faceColours: (Colour | null)[] = [];
  for (const words of rest.slice(corners, corners + faces)) {
    const sides = Number(words[0]);
    const around = words.slice(1, 1 + sides).map(Number);
    if (!(sides >= 1) || around.length < sides || !around.every(Number.isSafeInteger))
      throw new SyntaxError("its faces do not name their corners");
    const colour = colourOf(words.slice(1 + sides));
    for (let i = 2; i < around.length; ++i) {
      triangles.push(around[0] ?? 0, around[i - 1] ?? 0, around[i] ?? 0);
      faceColours.push(colour);
    }
  }
  const coloured = [...cornerColours, ...faceColours].some((colour) => colour !== null);
  const grey = [0.7, 0.73, 0.78];
  return flatMesh(
    places,
    triangles,
    coloured ? (corner, triangle) => faceColours[triangle] ?? cornerColours[corner] ?? grey : null,
  );
}
