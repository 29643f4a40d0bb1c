// Values of metadata as people read them. What cannot be read is shown as it is stored.
import type { MetadataItem, ValueType } from "../../api/types";
import { parseInstant } from "../../ui/format";

const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

function object(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function named(text: string, names: string[]): string {
  const value = object(text);
  if (value === null || names.some((name) => typeof value[name] !== "number")) return text;
  return names.map((name) => `${name} ${String(value[name])}`).join(", ");
}

function point(text: string): string {
  const at = object(text)?.["coordinates"];
  if (!Array.isArray(at) || typeof at[0] !== "number" || typeof at[1] !== "number") return text;
  return `lat ${at[1]}, long ${at[0]}`;
}

function matrix(text: string): string {
  const rows = object(text);
  if (!Array.isArray(rows) || !rows.every((row) => Array.isArray(row))) return text;
  return rows.map((row: unknown[]) => row.join("  ")).join("\n");
}

/** Whether a value keeps its lines and letters of one width. */
export function isBlock(type: ValueType): boolean {
  return ["matrix4x4", "geojson", "json"].includes(type);
}

export function valueText(item: Pick<MetadataItem, "metadataValue" | "metadataValueType">): string {
  const text = item.metadataValue;
  if (text === "") return "–";
  switch (item.metadataValueType) {
    case "boolean":
      return text.toLowerCase() === "true" ? "Yes" : "No";
    case "date": {
      // A day is kept as its first instant in UTC, and means that day everywhere.
      const date = parseInstant(text);
      return date === null ? text : DAY.format(date);
    }
    case "xyz":
      return named(text, ["x", "y", "z"]);
    case "wxyz":
      return named(text, ["w", "x", "y", "z"]);
    case "lla":
      return named(text, ["lat", "long", "alt"]);
    case "geopoint":
      return point(text);
    case "matrix4x4":
      return matrix(text);
    case "geojson":
    case "json": {
      const value = object(text);
      return value === null ? text : JSON.stringify(value, null, 2);
    }
    default:
      return text;
  }
}

export const TYPE_NAMES: Record<ValueType, string> = {
  string: "Text",
  multiline_string: "Long text",
  inline_controlled_list: "Choice",
  number: "Number",
  boolean: "Yes or no",
  date: "Date",
  xyz: "Vector",
  wxyz: "Quaternion",
  matrix4x4: "Matrix",
  geopoint: "Place",
  geojson: "GeoJSON",
  lla: "Place and height",
  json: "JSON",
};
