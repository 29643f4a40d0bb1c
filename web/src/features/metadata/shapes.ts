// Between stored texts and the numbers that people type. Reading gives null for a text in another
// shape than the one that is written here: it must not be lost by showing half of it.

export const PART_NAMES = {
  xyz: ["x", "y", "z"],
  wxyz: ["w", "x", "y", "z"],
  lla: ["lat", "long", "alt"],
};

export const IDENTITY = [0, 1, 2, 3].flatMap((row) =>
  [0, 1, 2, 3].map((column) => (row === column ? "1" : "0")),
);

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** As a number where it is one; else as the text, so that the check can say what is wrong. */
function written(text: string): string {
  const number = text.trim().replace(",", ".");
  return number !== "" && Number.isFinite(Number(number))
    ? String(Number(number))
    : JSON.stringify(text);
}

export function readParts(text: string, names: string[]): string[] | null {
  if (text === "") return names.map(() => "");
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const object = value as Record<string, unknown>;
  const numbers = names.every((name) => typeof object[name] === "number");
  return numbers ? names.map((name) => String(object[name])) : null;
}

/** Other members of what was stored stay. */
export function formatParts(before: string, names: string[], values: string[]): string {
  if (values.every((value) => value === "")) return "";
  const known = parse(before);
  const others =
    typeof known === "object" && known !== null && !Array.isArray(known)
      ? Object.entries(known).filter(([name]) => !names.includes(name))
      : [];
  const members = [
    ...names.map((name, index) => `${JSON.stringify(name)}:${written(values[index] ?? "")}`),
    ...others.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
  ];
  return `{${members.join(",")}}`;
}

export function readMatrix(text: string): string[] | null {
  if (text === "") return IDENTITY.map(() => "");
  const rows = parse(text);
  if (!Array.isArray(rows) || rows.length !== 4) return null;
  const cells = rows.flatMap((row: unknown) => (Array.isArray(row) && row.length === 4 ? row : []));
  return cells.length === 16 && cells.every((cell) => typeof cell === "number")
    ? cells.map(String)
    : null;
}

export function formatMatrix(cells: string[]): string {
  if (cells.every((cell) => cell === "")) return "";
  const rows = [0, 4, 8, 12].map(
    (from) =>
      `[${cells
        .slice(from, from + 4)
        .map(written)
        .join(",")}]`,
  );
  return `[${rows.join(",")}]`;
}

/** Latitude and longitude. */
export function readPoint(text: string): string[] | null {
  if (text === "") return ["", ""];
  const value = parse(text) as { type?: unknown; coordinates?: unknown } | undefined | null;
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return null;
  const at = value.coordinates;
  return value.type === "Point" &&
    Array.isArray(at) &&
    at.length === 2 &&
    at.every((part) => typeof part === "number")
    ? [String(at[1]), String(at[0])]
    : null;
}

export function formatPoint([lat = "", long = ""]: string[]): string {
  return lat === "" && long === ""
    ? ""
    : `{"type":"Point","coordinates":[${written(long)},${written(lat)}]}`;
}

/** A day as pickers know it; null for an instant within a day. */
export function readDay(text: string): string | null {
  if (text === "") return "";
  return /^(\d{4}-\d\d-\d\d)(T00:00(:00(\.0+)?)?Z)?$/.exec(text)?.[1] ?? null;
}

/** A day is kept as its first instant in UTC. */
export function formatDay(day: string): string {
  return day === "" ? "" : `${day}T00:00:00Z`;
}
