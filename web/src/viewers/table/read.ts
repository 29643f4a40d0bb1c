// Tables in text: commas, semicolons, tabs or bars between cells, as the file has them.
import Papa from "papaparse";
import { CannotShow } from "../shared/cannot";
import { tableOf, type TableContent } from "./content";

export function readTable(text: string): TableContent {
  const { data } = Papa.parse<string[]>(text, { skipEmptyLines: "greedy" });
  const [head, ...rows] = data;
  if (head === undefined) throw new CannotShow("This table is empty.");
  return tableOf(head, rows);
}

/** Rows in which some cell holds the text, whatever its case. */
export function rowsWith(rows: string[][], text: string): string[][] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return rows;
  return rows.filter((row) => row.some((cell) => cell.toLowerCase().includes(wanted)));
}
