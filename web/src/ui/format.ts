// How values are written for people.

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    ++unit;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Instants come with a zone, or without one and then mean UTC. */
export function parseInstant(text: string | null | undefined): Date | null {
  if (!text) return null;
  const legacy = /^(\w+ \d{1,2} \d{4}) - (\d\d:\d\d:\d\d)$/.exec(text);
  const date = legacy
    ? new Date(`${legacy[1]} ${legacy[2]} UTC`)
    : new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

const DATE_TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

export function formatInstant(text: string | null | undefined): string {
  const date = parseInstant(text);
  return date === null ? "–" : DATE_TIME.format(date);
}

/** The last extension with its dot, in lower case; empty without one. */
export function extensionOf(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  const dot = last.lastIndexOf(".");
  return dot <= 0 ? "" : last.slice(dot).toLowerCase();
}

export function nameOf(path: string): string {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare.slice(bare.lastIndexOf("/") + 1);
}

export function plainDatabase(databaseId: string): string {
  return databaseId.replace(/#deleted$/, "");
}
