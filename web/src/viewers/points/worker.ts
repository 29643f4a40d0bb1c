// Reads a cloud off the page's own thread.
import { answerWith } from "../shared/worker";
import { collect, type Cloud } from "./cloud";
import { readRecords } from "./read";

export interface CloudTask {
  bytes: Uint8Array<ArrayBuffer>;
  extension: string;
  budget: number;
}

answerWith<CloudTask, Cloud>(async ({ bytes, extension, budget }) => {
  const result = collect(await readRecords(extension, bytes), budget);
  const { positions, colours, intensities, classes } = result;
  const given = [positions, colours, intensities, classes].flatMap((one) => one?.buffer ?? []);
  return { result, given };
});
