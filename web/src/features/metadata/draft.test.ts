import { expect, test } from "vitest";
import type { MetadataSchema, SchemaField } from "../../api/types";
import { item } from "../../test/items";
import { changesOf, mergeRows, rowProblem, rowsOf, rowsOfSchemas } from "./draft";
import { newRow } from "./useDraft";

const field = (name: string, changed: Partial<SchemaField> = {}): SchemaField => ({
  metadataFieldKeyName: name,
  metadataFieldValueType: "string",
  required: false,
  sequence: null,
  dependsOnFieldKeyName: null,
  controlledListKeys: null,
  defaultMetadataFieldValue: null,
  ...changed,
});

const schema = (schemaName: string, fields: SchemaField[]): MetadataSchema => ({
  metadataSchemaId: schemaName,
  databaseId: "plant",
  metadataSchemaEntityType: "assetMetadata",
  schemaName,
  fileKeyTypeRestriction: null,
  fields: { fields },
  enabled: true,
});

test("only what was changed is sent", () => {
  const rows = rowsOf([item("a", "1"), item("b", "2"), item("c", "3")]);
  const edited = [
    rows[0]!,
    { ...rows[1]!, value: "4" },
    { ...rows[2]!, removed: true },
    newRow("d", "number", "5"),
  ];

  expect(changesOf(edited)).toEqual({
    put: [
      { metadataKey: "b", metadataValue: "4", metadataValueType: "string" },
      { metadataKey: "d", metadataValue: "5", metadataValueType: "number" },
    ],
    remove: ["c"],
  });
});

test("a choice that is taken back is removed: an empty one is refused", () => {
  const [row] = rowsOf([item("state", "draft", "inline_controlled_list")]);

  expect(changesOf([{ ...row!, value: "" }])).toEqual({ put: [], remove: ["state"] });
});

test("names, required fields and what depends on others are checked", () => {
  const [unit, mass] = rowsOf([
    item("unit", "kg", "string", { metadataSchemaField: true, metadataSchemaDependsOn: ["mass"] }),
    item("mass", "", "number", { metadataSchemaField: true, metadataSchemaRequired: true }),
  ]);
  const rows = [unit!, mass!, newRow("unit"), newRow("")];

  expect(rowProblem(unit!, [unit!, mass!])).toBe("First fill in mass.");
  expect(rowProblem(mass!, rows)).toBe("This field is required.");
  expect(rowProblem(rows[2]!, rows)).toBe("Another field has this name.");
  expect(rowProblem(rows[3]!, rows)).toBe("The field needs a name.");
});

test("edits survive that the list is read again", () => {
  const before = rowsOf([item("a", "1"), item("b", "2")]);
  const edited = [{ ...before[0]!, value: "9" }, before[1]!, newRow("n", "string", "new")];

  const merged = mergeRows(rowsOf([item("a", "1"), item("b", "3")]), edited);

  expect(merged.map((row) => [row.key, row.value])).toEqual([
    ["a", "9"],
    ["b", "3"],
    ["n", "new"],
  ]);
});

test("schemas give the rows of something new, in their order, with defaults", () => {
  const rows = rowsOfSchemas([
    schema("one", [field("late"), field("first", { sequence: 1, defaultMetadataFieldValue: "x" })]),
    schema("two", [field("late", { required: true })]),
  ]);

  expect(rows.map((row) => [row.key, row.value])).toEqual([
    ["first", "x"],
    ["late", ""],
  ]);
  // The two disagree: then nothing is required.
  expect(rows[1]?.schema).toMatchObject({ conflict: true, required: false });
  expect(changesOf(rows).put.map((entry) => entry.metadataKey)).toEqual(["first"]);
});
