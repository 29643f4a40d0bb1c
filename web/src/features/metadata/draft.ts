// Metadata while it is edited: what is stored, what was changed, and what has to be sent.
import type {
  MetadataEntry,
  MetadataItem,
  MetadataSchema,
  SchemaField,
  ValueType,
} from "../../api/types";
import { valueProblem } from "./checks";

export interface Row {
  /** Stays while its key is typed. */
  id: string;
  key: string;
  type: ValueType;
  value: string;
  /** What the server has; null for a row made here. */
  stored: { type: ValueType; value: string } | null;
  removed: boolean;
  schema: RowSchema | null;
}

export interface RowSchema {
  name: string;
  required: boolean;
  dependsOn: string[];
  list: string[] | null;
  fallback: string | null;
  conflict: boolean;
}

function schemaOf(item: MetadataItem): RowSchema | null {
  if (!item.metadataSchemaField) return null;
  return {
    name: item.metadataSchemaName ?? "",
    required: item.metadataSchemaRequired,
    dependsOn: item.metadataSchemaDependsOn ?? [],
    list: item.metadataSchemaControlledListKeys,
    fallback: item.metadataSchemaDefaultValue,
    conflict: item.metadataSchemaMultiFieldConflict,
  };
}

export function rowsOf(items: MetadataItem[]): Row[] {
  return items.map((item) => ({
    id: `stored ${item.metadataKey}`,
    key: item.metadataKey,
    type: item.metadataValueType,
    value: item.metadataValue,
    stored: { type: item.metadataValueType, value: item.metadataValue },
    removed: false,
    schema: schemaOf(item),
  }));
}

function sameRules(a: SchemaField, b: SchemaField): boolean {
  return (
    a.metadataFieldValueType === b.metadataFieldValueType &&
    a.required === b.required &&
    a.defaultMetadataFieldValue === b.defaultMetadataFieldValue &&
    JSON.stringify(a.dependsOnFieldKeyName) === JSON.stringify(b.dependsOnFieldKeyName)
  );
}

/** Rows for something that does not exist yet: the fields of the schemas that will apply to it. */
export function rowsOfSchemas(schemas: MetadataSchema[]): Row[] {
  const merged = new Map<string, { field: SchemaField; names: string[]; conflict: boolean }>();
  for (const schema of schemas)
    for (const field of schema.fields.fields) {
      const name = `${schema.schemaName} (${schema.databaseId})`;
      const known = merged.get(field.metadataFieldKeyName);
      if (known === undefined) {
        merged.set(field.metadataFieldKeyName, { field, names: [name], conflict: false });
        continue;
      }
      known.names.push(name);
      known.conflict ||= !sameRules(known.field, field);
    }
  const order = (field: SchemaField) => field.sequence ?? Number.MAX_SAFE_INTEGER;
  return [...merged.values()]
    .sort((a, b) => order(a.field) - order(b.field))
    .map(({ field, names, conflict }) => ({
      id: `schema ${field.metadataFieldKeyName}`,
      key: field.metadataFieldKeyName,
      type: conflict ? "string" : field.metadataFieldValueType,
      value: conflict ? "" : (field.defaultMetadataFieldValue ?? ""),
      stored: null,
      removed: false,
      schema: {
        name: names.join(", "),
        required: field.required && !conflict,
        dependsOn: conflict ? [] : (field.dependsOnFieldKeyName ?? []),
        list: conflict ? [] : field.controlledListKeys,
        fallback: conflict ? null : field.defaultMetadataFieldValue,
        conflict,
      },
    }));
}

export function isChanged(row: Row): boolean {
  if (row.removed) return true;
  return row.stored === null
    ? row.schema === null || row.value !== ""
    : row.value !== row.stored.value || row.type !== row.stored.type;
}

/** Fields that have to have a value before this one may have one. */
export function missingParents(row: Row, rows: Row[]): string[] {
  return (row.schema?.dependsOn ?? []).filter(
    (parent) => !rows.some((other) => other.key === parent && !other.removed && other.value !== ""),
  );
}

/** What keeps a row from being saved; empty: nothing. */
export function rowProblem(row: Row, rows: Row[]): string {
  if (row.removed) return "";
  if (row.key === "") return "The field needs a name.";
  if ([...row.key].length > 256) return "The name has at most 256 characters.";
  if (rows.some((other) => other.id !== row.id && !other.removed && other.key === row.key))
    return "Another field has this name.";
  if (row.schema?.required === true && row.value === "") return "This field is required.";
  const missing = row.value === "" ? [] : missingParents(row, rows);
  if (missing.length > 0) return `First fill in ${missing.join(", ")}.`;
  return valueProblem(row.type, row.value, row.schema?.list ?? null);
}

export interface Changes {
  put: MetadataEntry[];
  remove: string[];
}

/** A choice that is taken back has to go: an empty text is not one of its list. */
function isCleared(row: Row): boolean {
  return row.value === "" && row.type === "inline_controlled_list";
}

export function changesOf(rows: Row[]): Changes {
  const changed = rows.filter(isChanged);
  return {
    put: changed
      .filter((row) => !row.removed && !isCleared(row))
      .map((row) => ({
        metadataKey: row.key,
        metadataValue: row.value,
        metadataValueType: row.type,
      })),
    remove: changed
      .filter((row) => row.stored !== null && (row.removed || isCleared(row)))
      .map((row) => row.key),
  };
}

/** The rows after what came from the server was read again: edits of the same keys stay. */
export function mergeRows(fresh: Row[], edited: Row[]): Row[] {
  const changed = new Map(edited.filter(isChanged).map((row) => [row.key, row]));
  const merged = fresh.map((row) => {
    const edit = changed.get(row.key);
    changed.delete(row.key);
    return edit === undefined
      ? row
      : { ...row, value: edit.value, type: edit.type, removed: edit.removed };
  });
  return [...merged, ...[...changed.values()].filter((row) => row.stored === null)];
}
