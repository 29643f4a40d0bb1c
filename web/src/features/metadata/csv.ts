// Metadata as CSV, with the columns that upstream's files have, and what is pasted from a spreadsheet.
import Papa from "papaparse";
import { VALUE_TYPES, type MetadataItem, type ValueType } from "../../api/types";
import { saveText } from "../../ui/saveText";

export const MAX_BYTES = 5_000_000;

const COLUMNS = [
  "Metadata Key",
  "Value Type",
  "Metadata Value",
  "Schema Name",
  "Schema Conflict",
  "Required",
  "Default Value",
  "Schema Value Type",
  "Inline Controlled List",
  "Depends On",
];

export function formatCsv(items: MetadataItem[]): string {
  const rows = items.map((item) => [
    item.metadataKey,
    item.metadataValueType,
    item.metadataValue,
    item.metadataSchemaName ?? "",
    item.metadataSchemaField ? String(item.metadataSchemaMultiFieldConflict) : "",
    item.metadataSchemaField ? String(item.metadataSchemaRequired) : "",
    item.metadataSchemaDefaultValue ?? "",
    item.metadataSchemaField ? item.metadataValueType : "",
    (item.metadataSchemaControlledListKeys ?? []).join(";"),
    (item.metadataSchemaDependsOn ?? []).join(";"),
  ]);
  return Papa.unparse([COLUMNS, ...rows], { newline: "\r\n" });
}

export function saveCsv(title: string, items: MetadataItem[]): void {
  saveText(`${title}.csv`, "text/csv", `\uFEFF${formatCsv(items)}`);
}

export interface Field {
  key: string;
  type: ValueType;
  value: string;
}

function typeOf(text: string): ValueType | null {
  const name = text.trim().toLowerCase();
  return VALUE_TYPES.find((type) => type === name) ?? null;
}

/** Rows of a file: fields, and what is wrong with the others. */
export function parseCsv(text: string): { fields: Field[]; problems: string[] } {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ""), {
    skipEmptyLines: "greedy",
  });
  const problems = errors.map((error) => `Line ${(error.row ?? 0) + 1}: ${error.message}`);
  const head = (data[0] ?? []).map((name) => name.trim().toLowerCase());
  const column = (...names: string[]) => head.findIndex((name) => names.includes(name));
  const key = column("metadata key", "key", "field");
  const type = column("value type", "type");
  const value = column("metadata value", "value");
  if (key < 0 || value < 0)
    return {
      fields: [],
      problems: ["The first line has to name “Metadata Key” and “Metadata Value”."],
    };
  const fields: Field[] = [];
  const seen = new Set<string>();
  for (const [index, row] of data.slice(1).entries()) {
    const where = `Line ${index + 2}`;
    const name = row[key] ?? "";
    const typeText = type < 0 ? "string" : (row[type] ?? "") || "string";
    const known = typeOf(typeText);
    if (name.trim() === "") problems.push(`${where}: there is no name of a field.`);
    else if (seen.has(name)) problems.push(`${where}: “${name}” is there twice.`);
    else if (known === null) problems.push(`${where}: “${typeText}” is no type of a value.`);
    else fields.push({ key: name, type: known, value: row[value] ?? "" });
    seen.add(name);
  }
  return { fields, problems };
}

/** Cells that a spreadsheet puts on the clipboard; null: it is a plain text. */
export function parseCells(text: string): string[][] | null {
  if (!/[\t\n]/.test(text.replace(/\n$/, ""))) return null;
  const { data } = Papa.parse<string[]>(text.replace(/\r?\n$/, ""), { delimiter: "\t" });
  return data;
}
