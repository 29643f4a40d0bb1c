// Parquet: only the rows that are shown are fetched and unpacked.
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { CannotShow } from "../shared/cannot";
import { cellText, tableOf, type TablePart } from "./content";

/** So many at once, of rows and of cells. */
const ROWS = 50_000;
const CELLS = 1_000_000;

export function rowsAtOnce(columns: number): number {
  return Math.max(100, Math.min(ROWS, Math.floor(CELLS / Math.max(1, columns))));
}

export async function readParquet(file: AsyncBuffer, from: number): Promise<TablePart> {
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  if (columns.length === 0) throw new CannotShow("This table is empty.");
  const atOnce = rowsAtOnce(columns.length);
  const rowEnd = Math.min(total, from + atOnce);
  const objects =
    total === 0
      ? []
      : await parquetReadObjects({ file, metadata, rowStart: from, rowEnd, compressors });
  const rows = objects.map((row) => columns.map((name) => cellText(row[name])));
  const groups = metadata.row_groups.length;
  return {
    ...tableOf(columns, rows),
    from,
    total,
    atOnce,
    sheets: [],
    facts: [
      `Parquet, ${groups === 1 ? "1 row group" : `${groups} row groups`}`,
      ...(metadata.created_by === undefined ? [] : [`Written by ${metadata.created_by}`]),
    ],
  };
}

/** Parts of a file behind an address. */
export function bufferAt(address: string, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const headers = { Range: `bytes=${start}-${end - 1}` };
      const answer = await fetch(address, { headers, credentials: "omit" });
      if (!answer.ok) throw new Error(`the server answered with status ${answer.status}`);
      const bytes = await answer.arrayBuffer();
      // A proxy may have sent all of it.
      return answer.status === 206 ? bytes : bytes.slice(start, end);
    },
  };
}
