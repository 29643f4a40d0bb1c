// Fields of metadata that can be asked for: those that schemas name, and those that the results have.
import { useQuery } from "@tanstack/react-query";
import { listSchemas } from "../../api/changes";
import type { MetadataSchema, SchemaEntity, ValueType } from "../../api/types";
import type { BrowseItem } from "./items";
import type { Mode } from "./params";
import { kindOfValue, type FieldKind } from "./terms";

export interface KnownField {
  name: string;
  kind: FieldKind;
  /** Where it is known from. */
  source: string;
  /** Values that it has, or may have. */
  values: string[];
}

const KINDS: Partial<Record<ValueType, FieldKind>> = {
  number: "number",
  boolean: "boolean",
  date: "date",
};
const MOST_VALUES = 50;
const LONG = 80;

export function knownFields(schemas: MetadataSchema[], items: BrowseItem[]): KnownField[] {
  const known = new Map<string, KnownField>();
  for (const schema of schemas)
    for (const field of schema.fields.fields) {
      const name = field.metadataFieldKeyName;
      const before = known.get(name);
      known.set(name, {
        name,
        kind: KINDS[field.metadataFieldValueType] ?? "text",
        source: before?.source ?? schema.schemaName,
        values: [...new Set([...(before?.values ?? []), ...(field.controlledListKeys ?? [])])],
      });
    }
  for (const item of items)
    for (const [name, value] of item.metadata) {
      let field = known.get(name);
      if (field === undefined) {
        field = { name, kind: kindOfValue(value), source: "In the results", values: [] };
        known.set(name, field);
      }
      const offered = value !== "" && value.length <= LONG && field.values.length < MOST_VALUES;
      if (offered && !field.values.includes(value)) field.values.push(value);
    }
  return [...known.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const ENTITIES: Record<Mode, SchemaEntity[]> = {
  asset: ["assetMetadata"],
  file: ["fileMetadata", "fileAttribute"],
};
const SHOWN_SCOPES = 3;

/** `asked`: nothing is fetched before somebody looks for a field. */
export function useSchemas(mode: Mode, databases: string[], asked: boolean): MetadataSchema[] {
  const scopes = databases.length === 0 ? ["GLOBAL"] : databases.slice(0, SHOWN_SCOPES);
  const found = useQuery({
    queryKey: ["schemas", "of fields", mode, scopes],
    queryFn: async ({ signal }) => {
      const lists = await Promise.all(
        scopes.flatMap((scope) =>
          ENTITIES[mode].map((entity) => listSchemas(scope, entity, signal)),
        ),
      );
      const all = new Map(lists.flat().map((schema) => [schema.metadataSchemaId, schema]));
      return [...all.values()];
    },
    enabled: asked,
    retry: false,
    staleTime: 5 * 60_000,
  });
  // Who may not see schemas can still type a name.
  return found.data ?? NONE;
}

const NONE: MetadataSchema[] = [];
