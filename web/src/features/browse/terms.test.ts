import { expect, test } from "vitest";
import { knownFields } from "./fieldNames";
import { hitToItem } from "./items";
import { filterOf, kindOfValue, metadataRequest, termText, type MetadataTerm } from "./terms";

function term(key: string, op: MetadataTerm["op"], value = ""): MetadataTerm {
  return { key, op, value };
}

test("what a metadata query can say is said by it, for its marks", () => {
  const terms = [term("Maker", "set"), term("", "is", "steel"), term("Name", "has", "a*b")];

  expect(metadataRequest(terms, false, false)).toEqual({
    query: "Maker:* AND _value:steel AND Name:*a\\*b*",
    filters: [],
  });
  expect(metadataRequest(terms.slice(0, 2), true, false).query).toBe("Maker:* OR _value:steel");
});

test("the rest are filters", () => {
  const terms = [
    term("Maker", "starts", "North"),
    term("Mass", "from", "5"),
    term("Note", "not", "x"),
  ];

  expect(metadataRequest(terms, false, false)).toEqual({
    query: "Maker:North*",
    filters: ['(MD_.Mass:["5" TO *])', '(NOT (MD_.Note:"x"))'],
  });
  expect(metadataRequest(terms.slice(1), true, false)).toEqual({
    query: "",
    filters: ['((MD_.Mass:["5" TO *]) OR (NOT (MD_.Note:"x")))'],
  });
  expect(metadataRequest([], false, false)).toEqual({ query: "", filters: [] });
});

test("attributes of files count like their metadata", () => {
  expect(metadataRequest([term("Maker", "is", "x")], false, true).query).toBe(
    "Maker:x OR AB_.Maker:x",
  );
  expect(filterOf(term("Maker", "unset"), true)).toBe(
    "(NOT (_exists_:MD_.Maker OR _exists_:AB_.Maker))",
  );
});

test("names and values that the query language would misread are quoted", () => {
  expect(metadataRequest([term("str_size", "is", "x")], false, false)).toEqual({
    query: "",
    filters: ['(MD_.str_size:"x")'],
  });
  expect(metadataRequest([term("A", "is", "x AND y")], false, false).filters).toEqual([
    '(MD_.A:"x AND y")',
  ]);
  expect(filterOf(term("Safe load (t)", "is", 'a "b"'), false)).toBe(
    '(MD_.Safe\\ load\\ \\(t\\):"a \\"b\\"")',
  );
  expect(filterOf(term("A", "is", "x y*"), false)).toBe("(MD_.A:x\\ y*)");
  expect(filterOf(term("", "is", "x"), false)).toBe('(MD_._value:"x")');
});

test("up to a day means until its end", () => {
  expect(filterOf(term("Made", "to", "2026-01-31"), false)).toBe('(MD_.Made:[* TO "2026-01-31~"])');
});

test("a term is read as a sentence", () => {
  expect(termText(term("", "has", "x"))).toBe("Any field contains x");
  expect(termText(term("Maker", "is", "x"))).toBe("Maker: x");
  expect(termText(term("Maker", "unset"))).toBe("Maker is not set");
});

test("fields come from schemas and from what the results have", () => {
  const schema = {
    metadataSchemaId: "1",
    databaseId: "GLOBAL",
    metadataSchemaEntityType: "assetMetadata" as const,
    schemaName: "Basics",
    fileKeyTypeRestriction: null,
    enabled: true,
    fields: {
      fields: [
        {
          metadataFieldKeyName: "State",
          metadataFieldValueType: "inline_controlled_list" as const,
          required: false,
          sequence: null,
          dependsOnFieldKeyName: null,
          controlledListKeys: ["new", "old"],
          defaultMetadataFieldValue: null,
        },
      ],
    },
  };
  const hit = {
    _id: "a",
    _score: 1,
    _index_type: "asset" as const,
    _source: { MD_: { State: "odd", Mass: 7, Made: "2026-01-31T00:00:00Z" } },
    highlight: null,
  };

  const fields = knownFields([schema], [hitToItem(hit)]);

  expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
    ["Made", "date"],
    ["Mass", "number"],
    ["State", "text"],
  ]);
  expect(fields[2]).toMatchObject({ source: "Basics", values: ["new", "old", "odd"] });
  expect(kindOfValue("True")).toBe("boolean");
});
