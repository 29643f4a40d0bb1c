import { expect, test } from "vitest";
import { item } from "../../test/items";
import type { MetadataTarget } from "../../api/vams";
import { columnsOf, fieldsOf, pasteFields, planOfFields, planOfLine } from "./sheets";

const target: MetadataTarget = { kind: "database", databaseId: "plant" };
const of = (...items: ReturnType<typeof item>[]) => ({ name: "Pump", target, items });

test("a sheet of fields says what is written and what is removed", () => {
  const pump = of(
    item("a", "1"),
    item("b", "2"),
    item("s", "3", "string", { metadataSchemaField: true }),
  );
  const fields = fieldsOf(pump.items).filter((field) => field.key !== "b" && field.key !== "s");
  const plan = planOfFields(pump, [...fields, { key: "n", type: "number", value: "x" }]);

  expect(plan.changes.remove).toEqual(["b"]);
  // A field of a schema cannot be removed; it is emptied.
  expect(plan.changes.put.map((entry) => [entry.metadataKey, entry.metadataValue])).toEqual([
    ["s", ""],
    ["n", "x"],
  ]);
  expect(plan.problems).toEqual(["n: This is no number."]);
});

test("cells are pasted from their upper left corner, and make new lines", () => {
  const fields = pasteFields(
    [{ key: "a", type: "string", value: "1" }],
    0,
    1,
    [
      ["number", "7"],
      ["string", "8"],
    ],
    (text) => (text === "number" ? "number" : null),
  );

  expect(fields).toEqual([
    { key: "a", type: "number", value: "7" },
    { key: "", type: "string", value: "8" },
  ]);
});

test("a line of a sheet writes what differs, and removes what is emptied", () => {
  const pump = of(item("a", "1"), item("b", "2"));
  const columns = columnsOf([pump, of(item("c", "9", "number"))]);

  expect(columns.map((column) => column.key)).toEqual(["a", "b", "c"]);
  expect(planOfLine(pump, columns, ["1", "", "5"]).changes).toEqual({
    put: [{ metadataKey: "c", metadataValue: "5", metadataValueType: "number" }],
    remove: ["b"],
  });
});
