// Computes the shapes of a building off the page's own thread.
import { IfcAPI, LogLevel } from "web-ifc";
import wasmUrl from "web-ifc/web-ifc.wasm?url";
import { buffersOf, type Part } from "../cad/shapes";
import { answerWith } from "../shared/worker";
import { buildingOf } from "./building";

answerWith<Uint8Array, Part>(async (bytes) => {
  const api = new IfcAPI();
  await api.Init(() => wasmUrl, true);
  api.SetLogLevel(LogLevel.LOG_LEVEL_OFF);
  try {
    const result = await buildingOf(api, bytes);
    return { result, given: buffersOf(result) };
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new Error("the IFC library gave up on its shapes", { cause: error });
  }
});
