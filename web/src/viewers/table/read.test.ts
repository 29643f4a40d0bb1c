import { describe, expect, test } from "vitest";
import { readTable, rowsWith } from "./read";

describe("tables", () => {
  test("commas, quotes and line ends within quotes", () => {
    const table = readTable('load,"note, long"\n1,"a ""b""\nc"\n\n2,d\n');
    expect(table.columns).toEqual(["load", "note, long"]);
    expect(table.rows).toEqual([
      ["1", 'a "b"\nc'],
      ["2", "d"],
    ]);
  });
  test("tabs and semicolons", () => {
    expect(readTable("a\tb\n1\t2").rows).toEqual([["1", "2"]]);
    expect(readTable("a;b\n1,5;2").rows).toEqual([["1,5", "2"]]);
  });
  test("cells without a name get one, and short rows stay short", () => {
    const table = readTable("a,\n1,2,3\n4");
    expect(table.columns).toEqual(["a", "Column 2", "Column 3"]);
    expect(table.rows[1]).toEqual(["4"]);
  });
  test("wide cells do not push the others away", () => {
    expect(readTable(`a,b\n${"x".repeat(500)},1`).widths).toEqual([48, 4]);
  });
  test("an empty file is no table", () => expect(() => readTable("\n\n")).toThrow(/is empty/));
  test("rows that hold a text", () => {
    const rows = [
      ["Crane", "1"],
      ["Winch", "2"],
    ];
    expect(rowsWith(rows, " cran ")).toEqual([["Crane", "1"]]);
    expect(rowsWith(rows, "")).toBe(rows);
  });
});
