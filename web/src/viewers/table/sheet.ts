// Workbooks of Excel: the values of their cells.
import readXlsxFile from "read-excel-file/web-worker";
import { CannotShow } from "../shared/cannot";
import { cellText, tableOf, wholeTable, type TablePart } from "./content";

export async function readSheet(
  bytes: Uint8Array<ArrayBuffer>,
  wanted: string | null,
): Promise<TablePart> {
  const sheets = await readXlsxFile(new Blob([bytes]));
  const chosen = sheets.find(({ sheet }) => sheet === wanted) ?? sheets[0];
  if (chosen === undefined) throw new CannotShow("This workbook has no sheets.");
  // An empty sheet leaves the choice of another one.
  const [head = [], ...rest] = chosen.data.map((row) => row.map(cellText));
  return { ...wholeTable(tableOf(head, rest)), sheets: sheets.map(({ sheet }) => sheet) };
}
