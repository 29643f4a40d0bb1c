import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import { uniformKtx2 } from "../../../e2e/samples/shapes.mjs";
import { withoutEval } from "../cad/embind";

const FOLDER = "three/examples/jsm/libs/basis/basis_transcoder";
const RGBA = 13;

interface Transcoder {
  initializeBasis: () => void;
  KTX2File: new (bytes: Uint8Array) => {
    isValid: () => unknown;
    startTranscoding: () => unknown;
    getImageTranscodedSizeInBytes: (...which: number[]) => number;
    transcodeImage: (to: Uint8Array, ...which: number[]) => unknown;
    getWidth: () => number;
    close: () => void;
    delete: () => void;
  };
}

test("the transcoder works where no text may become code", async () => {
  const { resolve } = createRequire(import.meta.url);
  const script = readFileSync(resolve(`${FOLDER}.js`), "utf8");
  const wasmBinary = readFileSync(resolve(`${FOLDER}.wasm`));
  // As in a worker of the page.
  const place = createContext(
    {
      WebAssembly,
      console,
      importScripts: () => undefined,
      self: { location: { href: "blob:here" } },
      TextDecoder,
    },
    { codeGeneration: { strings: false, wasm: true } },
  );
  expect(() => void runInContext('new Function("return 1")', place)).toThrow();
  const start = runInContext(`${withoutEval(script)}; BASIS`, place) as (
    options: object,
  ) => Promise<Transcoder>;
  const transcoder = await start({ wasmBinary });
  transcoder.initializeBasis();
  const file = new transcoder.KTX2File(new Uint8Array(uniformKtx2(20, 160, 40)));
  expect(file.isValid()).toBeTruthy();
  expect(file.getWidth()).toBe(8);
  expect(file.startTranscoding()).toBeTruthy();
  const pixels = new Uint8Array(file.getImageTranscodedSizeInBytes(0, 0, 0, RGBA));
  expect(file.transcodeImage(pixels, 0, 0, 0, RGBA, 0, -1, -1)).toBeTruthy();
  expect([...pixels.subarray(0, 4)]).toEqual([20, 160, 40, 255]);
  file.close();
  file.delete();
});
