// A table as it is shown: texts in rows and columns.

export interface TableContent {
  columns: string[];
  rows: string[][];
  /** Of each column, in characters. */
  widths: number[];
}

export interface TablePart extends TableContent {
  /** The number of the first row, counted from 0, and of all rows of the file. */
  from: number;
  total: number;
  /** So many rows come at once. */
  atOnce: number;
  /** Of a workbook; the first is shown unless another is chosen. */
  sheets: string[];
  facts: string[];
}

const NARROW = 4;
const WIDE = 48;
/** So many rows tell how wide a column is. */
const SAMPLE = 300;

/** The columns get names where they have none, also those beyond the last name. */
export function tableOf(head: string[], rows: string[][]): TableContent {
  let count = head.length;
  for (const row of rows) count = Math.max(count, row.length);
  const columns = Array.from({ length: count }, (_, at) => head[at]?.trim() || `Column ${at + 1}`);
  // Names are bold.
  const widths = columns.map((name) => Math.max(NARROW, Math.min(WIDE, name.length + 2)));
  for (const row of rows.slice(0, SAMPLE))
    for (const [at, cell] of row.entries())
      widths[at] = Math.max(widths[at] ?? NARROW, Math.min(WIDE, cell.length));
  return { columns, rows, widths };
}

export function wholeTable(table: TableContent, facts: string[] = []): TablePart {
  return {
    ...table,
    from: 0,
    total: table.rows.length,
    atOnce: table.rows.length,
    sheets: [],
    facts,
  };
}

/** Any value that a table may hold, for people. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (value instanceof Date) return dateText(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object") return JSON.stringify(value, plain);
  return String(value as number | bigint | boolean);
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return "";
  const text = date.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.replace(".000Z", "Z");
}

// Dates are texts by now.
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value;
}
