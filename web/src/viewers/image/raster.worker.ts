// Decodes one picture.
import { answerWith } from "../shared/worker";
import { decode } from "./decoders";
import type { Raster } from "./raster";

export interface Task {
  extension: string;
  bytes: Uint8Array<ArrayBuffer>;
}

answerWith<Task, Raster>(async ({ extension, bytes }) => {
  const result = await decode(extension, bytes);
  return { result, given: [result.data.buffer] };
});
