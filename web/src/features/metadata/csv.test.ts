import { expect, test } from "vitest";
import { item } from "../../test/items";
import { formatCsv, parseCells, parseCsv } from "./csv";

test("a file goes there and back, with quotes and lines in its values", () => {
  const items = [item("a", 'say "x", then\nnext'), item("b", "2", "number")];

  const parsed = parseCsv(`\uFEFF${formatCsv(items)}`);

  expect(parsed.problems).toEqual([]);
  expect(parsed.fields).toEqual([
    { key: "a", type: "string", value: 'say "x", then\nnext' },
    { key: "b", type: "number", value: "2" },
  ]);
});

test("lines that cannot be taken are named, the others are", () => {
  const { fields, problems } = parseCsv(
    "Metadata Key,Value Type,Metadata Value\na,string,1\na,string,2\n,string,3\nb,integer,4\nc,NUMBER,5\n",
  );

  expect(fields.map((field) => field.key)).toEqual(["a", "c"]);
  expect(problems).toHaveLength(3);
  expect(problems[0]).toMatch(/^Line 3: “a” is there twice/);
});

test("a file without the columns is refused", () => {
  expect(parseCsv("x,y\n1,2\n").problems).toHaveLength(1);
});

test("cells of a spreadsheet are told from a text", () => {
  expect(parseCells("one")).toBeNull();
  expect(parseCells("one\n")).toBeNull();
  expect(parseCells('a\tb\r\n"c\nd"\te\r\n')).toEqual([
    ["a", "b"],
    ["c\nd", "e"],
  ]);
});
