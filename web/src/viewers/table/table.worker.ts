// Reads one part of one table, and hands its rows over little by little.
import { decodeText } from "../shared/decode";
import { answerWith } from "../shared/worker";
import { wholeTable, type TablePart } from "./content";

export type Task =
  | { kind: "text"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "sheet"; bytes: Uint8Array<ArrayBuffer>; sheet: string | null }
  | { kind: "parquet"; bytes: Uint8Array<ArrayBuffer>; from: number }
  | { kind: "parquet"; address: string; size: number; from: number };

/** So many rows are taken over without a page that stands still. */
const BATCH = 5_000;

async function read(task: Task): Promise<TablePart> {
  if (task.kind === "text") {
    const { readTable } = await import("./read");
    return wholeTable(readTable(decodeText(task.bytes)));
  }
  if (task.kind === "sheet") return (await import("./sheet")).readSheet(task.bytes, task.sheet);
  const { bufferAt, readParquet } = await import("./parquet");
  const file = "bytes" in task ? task.bytes.buffer : bufferAt(task.address, task.size);
  return readParquet(file, task.from);
}

answerWith<Task, TablePart, string[][]>(async (task, send) => {
  const table = await read(task);
  for (let at = 0; at < table.rows.length; at += BATCH) send(table.rows.slice(at, at + BATCH));
  return { result: { ...table, rows: [] } };
});
