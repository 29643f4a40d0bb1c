// Sheets of metadata as the rows of an editor, so that the same rules decide what is sent. One thing
// is a sheet of its fields, several things are a sheet with a line each.
import type { MetadataItem, ValueType } from "../../api/types";
import type { MetadataTarget } from "../../api/vams";
import type { Field } from "./csv";
import { changesOf, isChanged, rowProblem, rowsOf, type Changes, type Row } from "./draft";
import { newRow } from "./useDraft";

export interface SheetTarget {
  name: string;
  target: MetadataTarget;
  items: MetadataItem[];
}

/** What saving a sheet does to one thing. */
export interface Plan {
  of: SheetTarget;
  rows: Row[];
  changes: Changes;
  problems: string[];
}

function planOf(of: SheetTarget, rows: Row[]): Plan {
  const problems = rows
    .filter(isChanged)
    .map((row) => [row.key, rowProblem(row, rows)] as const)
    .filter(([, problem]) => problem !== "")
    .map(([key, problem]) => `${key || "A field without a name"}: ${problem}`);
  return { of, rows, changes: changesOf(rows), problems };
}

// ---- The fields of one thing --------------------------------------------------------------------

export function fieldsOf(items: MetadataItem[]): Field[] {
  return items.map((item) => ({
    key: item.metadataKey,
    type: item.metadataValueType,
    value: item.metadataValue,
  }));
}

function blank(field: Field): boolean {
  return field.key === "" && field.value === "";
}

export function planOfFields(of: SheetTarget, fields: Field[]): Plan {
  const left = fields.filter((field) => !blank(field));
  const rows = rowsOf(of.items).map((row) => {
    const at = left.findIndex((field) => field.key === row.key);
    const field = at < 0 ? undefined : left.splice(at, 1)[0];
    if (field !== undefined) return { ...row, type: field.type, value: field.value };
    // A field of a schema is always there; what is left out is emptied.
    return row.schema === null ? { ...row, removed: true } : { ...row, value: "" };
  });
  return planOf(of, [...rows, ...left.map((field) => newRow(field.key, field.type, field.value))]);
}

/** Fields after cells were pasted with this one as their upper left corner. */
export function pasteFields(
  fields: Field[],
  row: number,
  column: number,
  cells: string[][],
  types: (text: string) => ValueType | null,
): Field[] {
  const next = fields.map((field) => ({ ...field }));
  for (const [down, line] of cells.entries()) {
    const field = (next[row + down] ??= { key: "", type: "string", value: "" });
    for (const [right, text] of line.entries()) {
      const at = column + right;
      if (at === 0) field.key = text.trim();
      else if (at === 1) field.type = types(text) ?? field.type;
      else if (at === 2) field.value = text;
    }
  }
  return next;
}

// ---- A line each for several things -------------------------------------------------------------

export interface Column {
  key: string;
  type: ValueType;
}

export function columnsOf(targets: SheetTarget[]): Column[] {
  const columns = new Map<string, ValueType>();
  for (const { items } of targets)
    for (const item of items)
      if (!columns.has(item.metadataKey)) columns.set(item.metadataKey, item.metadataValueType);
  return [...columns].map(([key, type]) => ({ key, type }));
}

/** Values by line and column; a text that is empty removes the field. */
export function planOfLine(of: SheetTarget, columns: Column[], values: string[]): Plan {
  const rows = rowsOf(of.items);
  for (const [index, column] of columns.entries()) {
    const value = values[index] ?? "";
    const row = rows.find((known) => known.key === column.key);
    if (row === undefined) {
      if (value !== "") rows.push(newRow(column.key, column.type, value));
    } else if (value !== row.value) {
      row.value = value;
      if (value === "" && row.schema === null) row.removed = true;
    }
  }
  return planOf(of, rows);
}

export function valueOf(of: SheetTarget, key: string): string {
  return of.items.find((item) => item.metadataKey === key)?.metadataValue ?? "";
}
