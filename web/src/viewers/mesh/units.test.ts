import { expect, test } from "vitest";
import { unitOf3mf, unitOfCentimetres } from "./units";

test.each([
  [1, "cm"],
  [100, "m"],
  [2.54, "in"],
  [30.48000001, "ft"],
  [7, ""],
  ["1", ""],
])("a unit of %s centimetres is %j", (factor, unit) =>
  expect(unitOfCentimetres(factor)).toBe(unit),
);

test.each([
  [undefined, "mm"],
  ["inch", "in"],
  ["micron", ""],
])("3MF: %s is %j", (name, unit) => expect(unitOf3mf(name)).toBe(unit));
