// Pictures are decoded by a worker.
import { CannotShow } from "../shared/cannot";
import { inWorker } from "../shared/worker";
import type { Raster } from "./raster";
import type { Task } from "./raster.worker";

export function decodeInWorker(
  name: string,
  task: Task,
  signal: AbortSignal | undefined,
): Promise<Raster> {
  const worker = new Worker(new URL("./raster.worker.ts", import.meta.url), { type: "module" });
  return inWorker<Task, Raster>(worker, {
    task,
    given: [task.bytes.buffer],
    signal,
    failed: (why) =>
      new CannotShow(
        `${name} is damaged, too large for a page, or of a kind that is not read here (${why}).`,
      ),
  });
}
