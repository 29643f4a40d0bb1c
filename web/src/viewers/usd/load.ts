// USD scenes: text, binary or packed with their pictures. The loader stands the scene upright and brings
// it to metres.
import { LoadingManager } from "three";
import { extensionOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import { disposeOf, factsOf, type LoadOptions, type Model } from "../shared/stage/model";
import { isCrate, withDependencies } from "./layers";

const LIMIT = 500_000_000;

const isPackage = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Throws if the file is none of the kinds of USD. */
function demandKind(bytes: Uint8Array, extension: string): void {
  if (bytes.length === 0) throw new RangeError("it is empty");
  if (isPackage(bytes) || isCrate(bytes)) return;
  const head = new TextDecoder().decode(bytes.subarray(0, 64));
  if (extension === ".usdz") throw new SyntaxError("it is no package");
  if (!/^\s*#usda/.test(head)) throw new SyntaxError("it does not begin as a USD file does");
  // Each opened brace has to be closed again; the loader would show what came before the end.
  const text = new TextDecoder().decode(bytes).replace(/"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|#.*/g, "");
  const open = text.split("{").length - text.split("}").length;
  if (open > 0) throw new RangeError("it ends before its last brace, so a part of it is missing");
}

export async function loadUsd(file: ViewerFile, options: LoadOptions): Promise<Model> {
  const { signal, onProgress, onPicture } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const missing = new Set<string>();
  try {
    demandKind(bytes, extensionOf(file.path));
    const whole = isPackage(bytes) ? bytes : await withDependencies(file, bytes, missing, signal);
    const { USDLoader } = await import("three/examples/jsm/loaders/USDLoader.js");
    const manager = new LoadingManager();
    // Pictures come out of the package; what a file names beside it is never asked for elsewhere.
    manager.setURLModifier((url) => {
      if (/^(blob|data):/.test(url)) return url;
      if (![...missing].some((name) => name.endsWith(url))) missing.add(url);
      return "data:,";
    });
    const loader = new USDLoader(manager);
    const object = loader.parse(whole.buffer, "", onPicture, () => undefined);
    const facts = factsOf(object);
    if (facts === null) throw new RangeError("it holds no shapes that can be shown here");
    return {
      object,
      facts,
      zUp: false,
      unit: "m",
      missing: () => [...missing],
      dispose: () => disposeOf(object),
    };
  } catch (error) {
    throw damaged(file, error);
  }
}
