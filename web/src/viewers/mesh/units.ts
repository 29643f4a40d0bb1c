// How formats name the unit of their lengths.
import type { LengthUnit } from "../shared/stage/model";

const CENTIMETRES: [number, LengthUnit][] = [
  [0.1, "mm"],
  [1, "cm"],
  [100, "m"],
  [2.54, "in"],
  [30.48, "ft"],
];

/** FBX says how many centimetres its unit has. */
export function unitOfCentimetres(factor: unknown): LengthUnit {
  if (typeof factor !== "number") return "";
  return CENTIMETRES.find(([known]) => Math.abs(known - factor) < known * 1e-4)?.[1] ?? "";
}

const NAMES: Record<string, LengthUnit> = {
  millimeter: "mm",
  centimeter: "cm",
  meter: "m",
  inch: "in",
  foot: "ft",
};

/** 3MF without a word means millimetres. */
export function unitOf3mf(name = "millimeter"): LengthUnit {
  return NAMES[name] ?? "";
}
