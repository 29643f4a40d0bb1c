// Whether the server takes a text as a value of a type; said while it is typed. The server checks
// again, by the same rules: an empty value is always taken.
import type { ValueType } from "../../api/types";

const NUMBER =
  /^[+-]?(inf|infinity|nan|(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?)$/i;
const DAY = /^(\d{4})-?(\d\d)-?(\d\d)/;
const DATE =
  /^\d{4}(-\d\d-\d\d|\d{4}|-W\d\d(-[1-7])?|W\d\d[1-7]?)(Z|.\d\d((:\d\d){0,2}|(\d\d){0,2})([.,]\d+)?(Z|[+-]\d\d(:?\d\d)?(:\d\d(\.\d+)?)?)?)?$/;

/** A JSON text and what is wrong with it, by line and column. */
export function parseJson(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message)?.[1];
    if (at === undefined) return { problem: "This is no JSON." };
    const before = text.slice(0, Number(at)).split("\n");
    const column = (before.at(-1) ?? "").length + 1;
    return { problem: `This is no JSON: look at line ${before.length}, column ${column}.` };
  }
}

// The server also takes NaN and Infinity where numbers belong.
function lenient(text: string): { value: unknown } | { problem: string } {
  const strict = parseJson(text);
  if ("value" in strict) return strict;
  const known = text.replace(/(^|[[{,:\s])-?(NaN|Infinity)(?=[\]},\s]|$)/g, "$10");
  return known === text ? strict : parseJson(known);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean";
}

function members(text: string, names: string[]): Record<string, unknown> | string {
  const parsed = lenient(text);
  if ("problem" in parsed) return parsed.problem;
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `This has to be an object with ${names.join(", ")}.`;
  const object = value as Record<string, unknown>;
  const missing = names.filter((name) => !isNumber(object[name]));
  return missing.length > 0 ? `A number is missing: ${missing.join(", ")}.` : object;
}

function lla(text: string): string {
  const object = members(text, ["lat", "long", "alt"]);
  if (typeof object === "string") return object;
  if (Math.abs(Number(object["lat"])) > 90) return "The latitude lies between -90 and 90.";
  if (Math.abs(Number(object["long"])) > 180) return "The longitude lies between -180 and 180.";
  return "";
}

function matrix(text: string): string {
  const parsed = lenient(text);
  if ("problem" in parsed) return parsed.problem;
  const rows = parsed.value;
  const four = (row: unknown) => Array.isArray(row) && row.length === 4 && row.every(isNumber);
  return Array.isArray(rows) && rows.length === 4 && rows.every(four)
    ? ""
    : "This has to be four rows of four numbers.";
}

const GEOMETRIES = ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString"].concat([
  "MultiPolygon",
  "GeometryCollection",
]);
const GEO = [...GEOMETRIES, "Feature", "FeatureCollection", "GeoJSON"];

function isPlace(value: unknown): boolean {
  return isNumber(value) || (Array.isArray(value) && value.every(isPlace));
}

function geoProblem(value: unknown): string {
  if (Array.isArray(value)) return value.map(geoProblem).find((problem) => problem !== "") ?? "";
  if (typeof value !== "object" || value === null) return "";
  const object = value as Record<string, unknown>;
  const inner = Object.values(object)
    .map(geoProblem)
    .find((problem) => problem !== "");
  if (inner !== undefined) return inner;
  const type = String(object["type"]);
  if (type === "FeatureCollection") return "features" in object ? "" : "“features” is missing.";
  if (type === "Feature") {
    const geometry = object["geometry"];
    if (!geometry) return "";
    const named = (geometry as Record<string, unknown>)["type"];
    return GEO.includes(String(named)) ? "" : "The geometry has no known type.";
  }
  if (!GEOMETRIES.includes(type) || type === "GeometryCollection") return "";
  const places = object["coordinates"];
  if (!places) return "";
  return Array.isArray(places) && isPlace(places) ? "" : "Coordinates are lists of numbers.";
}

function geojson(text: string, point: boolean): string {
  const parsed = parseJson(text);
  if ("problem" in parsed) return parsed.problem;
  const { value } = parsed;
  if (point && (value as { type?: unknown } | null)?.type !== "Point")
    return "This has to be a GeoJSON Point.";
  return geoProblem(value);
}

function date(text: string): string {
  const form = "A date like 2031-04-05 or 2031-04-05T06:07:08Z.";
  if (!DATE.test(text)) return form;
  const day = DAY.exec(text);
  if (day === null || text.includes("W")) return "";
  const [year, month, number] = [Number(day[1]), Number(day[2]), Number(day[3])];
  const real = new Date(Date.UTC(year, month - 1, number));
  return real.getUTCMonth() === month - 1 && real.getUTCDate() === number
    ? ""
    : "There is no such day.";
}

/** Empty: it is taken. `list`: the choices of a controlled list. */
export function valueProblem(type: ValueType, text: string, list: string[] | null = null): string {
  if (text === "") return "";
  const object = (names: string[]) => {
    const found = members(text, names);
    return typeof found === "string" ? found : "";
  };
  switch (type) {
    case "number":
      return NUMBER.test(text.trim()) ? "" : "This is no number.";
    case "boolean":
      return /^(true|false)$/i.test(text) ? "" : "This has to be true or false.";
    case "date":
      return date(text);
    case "xyz":
      return object(["x", "y", "z"]);
    case "wxyz":
      return object(["w", "x", "y", "z"]);
    case "lla":
      return lla(text);
    case "matrix4x4":
      return matrix(text);
    case "geopoint":
      return geojson(text, true);
    case "geojson":
      return geojson(text, false);
    case "json": {
      const parsed = lenient(text);
      return "problem" in parsed ? parsed.problem : "";
    }
    case "inline_controlled_list":
      return list === null || list.length === 0 || list.includes(text)
        ? ""
        : `This has to be one of ${list.join(", ")}.`;
    default:
      return "";
  }
}
