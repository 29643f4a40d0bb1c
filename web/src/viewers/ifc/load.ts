// A building on the stage: its storeys and elements as a tree.
import type { ViewerFile } from "../registry";
import { demandEnd } from "../cad/format";
import { objectOf } from "../cad/load";
import type { Part } from "../cad/shapes";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import { disposeOf, factsOf, type LoadOptions, type Model } from "../shared/stage/model";
import { inWorker } from "../shared/worker";

const LIMIT = 500_000_000;

export async function loadIfc(file: ViewerFile, options: LoadOptions): Promise<Model> {
  const { signal, onProgress } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  try {
    // IFC is written as STEP is.
    demandEnd("step", bytes);
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const part = await inWorker<Uint8Array, Part>(worker, {
      task: bytes,
      given: [bytes.buffer],
      signal,
      failed: (why) => new Error(why),
    });
    const object = objectOf(part);
    const facts = factsOf(object);
    if (facts === null) throw new RangeError("it holds no shapes");
    // The library stands the building upright and makes metres.
    return { object, facts, zUp: false, unit: "m", dispose: () => disposeOf(object) };
  } catch (error) {
    throw damaged(file, error);
  }
}
