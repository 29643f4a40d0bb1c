import { expect, test } from "vitest";
import {
  formatDay,
  formatMatrix,
  formatParts,
  formatPoint,
  IDENTITY,
  readDay,
  readMatrix,
  readParts,
  readPoint,
} from "./shapes";

const XYZ = ["x", "y", "z"];

test("numbers of a vector go there and back, other members stay", () => {
  const stored = '{"x":1,"y":2.5,"z":-3,"unit":"m"}';

  expect(readParts(stored, XYZ)).toEqual(["1", "2.5", "-3"]);
  expect(formatParts(stored, XYZ, ["1", "2,5", "4"])).toBe('{"x":1,"y":2.5,"z":4,"unit":"m"}');
});

test("what is no number is kept as it is typed, for the check to say so", () => {
  expect(formatParts("", XYZ, ["1", "a", ""])).toBe('{"x":1,"y":"a","z":""}');
  expect(formatParts("", XYZ, ["", "", ""])).toBe("");
});

test("texts in another shape are not taken apart", () => {
  expect(readParts("[1,2,3]", XYZ)).toBeNull();
  expect(readMatrix("[[1]]")).toBeNull();
  expect(readPoint('{"type":"Point","coordinates":[1,2,3]}')).toBeNull();
  expect(readPoint('{"type":"Point","coordinates":[1,2],"crs":"x"}')).toBeNull();
  expect(readDay("2031-04-05T06:07:08Z")).toBeNull();
});

test("a matrix, a point and a day go there and back", () => {
  const text = formatMatrix(IDENTITY);
  expect(text).toBe("[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]");
  expect(readMatrix(text)).toEqual(IDENTITY);
  expect(formatPoint(["53.5", "9.9"])).toBe('{"type":"Point","coordinates":[9.9,53.5]}');
  expect(readPoint('{"type":"Point","coordinates":[9.9,53.5]}')).toEqual(["53.5", "9.9"]);
  expect(readDay(formatDay("2031-04-05"))).toBe("2031-04-05");
});
