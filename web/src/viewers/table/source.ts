// Where the rows of a table come from.
import { ApiError } from "../../api/errors";
import { fileAddress } from "../../api/vams";
import { extensionOf, nameOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { CannotShow } from "../shared/cannot";
import { decodeText } from "../shared/decode";
import { readFile, versionOf } from "../shared/file";
import { inWorker } from "../shared/worker";
import { wholeTable, type TablePart } from "./content";
import { readTable } from "./read";
import type { Task } from "./table.worker";

export interface Wanted {
  from: number;
  sheet: string | null;
}

const TEXT_LIMIT = 100_000_000;
const SHEET_LIMIT = 30_000_000;
const PARQUET_LIMIT = 500_000_000;
/** Sooner read here than a worker starts. */
const SMALL = 300_000;

async function inTableWorker(
  file: ViewerFile,
  task: Task,
  signal: AbortSignal,
): Promise<TablePart> {
  const worker = new Worker(new URL("./table.worker.ts", import.meta.url), { type: "module" });
  const rows: string[][] = [];
  const table = await inWorker<Task, TablePart, string[][]>(worker, {
    task,
    given: "bytes" in task ? [task.bytes.buffer] : [],
    signal,
    failed: (why) =>
      new CannotShow(`${nameOf(file.path)} is damaged, or is not what its name says (${why}).`),
    onPart: (part) => {
      for (const row of part) rows.push(row);
    },
  });
  return { ...table, rows };
}

/** By parts where the role has addresses, or else as a whole. */
async function parquetTask(file: ViewerFile, from: number, signal: AbortSignal): Promise<Task> {
  if (file.size !== null)
    try {
      const address = await fileAddress(file.of, file.path, versionOf(file), signal);
      return {
        kind: "parquet",
        address: new URL(address, document.baseURI).href,
        size: file.size,
        from,
      };
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "denied") throw error;
    }
  return { kind: "parquet", bytes: await readFile(file, { limit: PARQUET_LIMIT, signal }), from };
}

export async function loadTable(
  file: ViewerFile,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<TablePart> {
  const extension = extensionOf(file.path);
  if (extension === ".parquet")
    return inTableWorker(file, await parquetTask(file, wanted.from, signal), signal);
  const limit = extension === ".xlsx" ? SHEET_LIMIT : TEXT_LIMIT;
  const bytes = await readFile(file, { limit, signal });
  if (extension === ".xlsx")
    return inTableWorker(file, { kind: "sheet", bytes, sheet: wanted.sheet }, signal);
  if (bytes.length <= SMALL) return wholeTable(readTable(decodeText(bytes)));
  return inTableWorker(file, { kind: "text", bytes }, signal);
}
