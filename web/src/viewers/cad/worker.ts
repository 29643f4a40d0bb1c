// Computes the shapes of a CAD file off the page's own thread. One file, then the worker ends, and with
// it the memory that the library has taken.
import createOcct from "occt-import-js";
import wasmUrl from "occt-import-js/dist/occt-import-js.wasm?url";
import type { CadFormat } from "./format";
import { answerWith } from "../shared/worker";
import { buffersOf, partsOf, type Part } from "./shapes";

export interface CadTask {
  format: CadFormat;
  bytes: Uint8Array<ArrayBuffer>;
}

const quiet = () => undefined;

answerWith<CadTask, Part>(async ({ format, bytes }) => {
  // The library writes every doubt about a file to the console.
  const occt = await createOcct({ locateFile: () => wasmUrl, print: quiet, printErr: quiet });
  try {
    const read = occt.ReadFile(format, bytes, { linearUnit: "millimeter" });
    const result = partsOf(read, format === "iges");
    return { result, given: buffersOf(result) };
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new Error("the CAD library gave up on its shapes", { cause: error });
  }
});
