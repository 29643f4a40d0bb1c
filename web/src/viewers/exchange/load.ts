// Formats that programs use among each other: OFF, dotbim, AMF and VRML.
import { Group, type Object3D } from "three";
import { extensionOf } from "../../ui/format";
import { Dependencies } from "../mesh/dependencies";
import { BASE } from "../mesh/references";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import {
  disposeOf,
  factsOf,
  type LengthUnit,
  type LoadOptions,
  type Model,
} from "../shared/stage/model";

const LIMIT = 200_000_000;

/** By their own rules; VRML has y upwards, OFF leaves it open. */
const Z_UP = new Set([".bim", ".amf"]);
const UNITS: Record<string, LengthUnit> = { ".bim": "m", ".wrl": "m", ".amf": "mm" };

async function parseAmf(bytes: Uint8Array<ArrayBuffer>): Promise<Object3D> {
  const packed = bytes[0] === 0x50 && bytes[1] === 0x4b;
  // The loader answers nothing for what is no XML, and goes on with what there is of it.
  if (!packed && !/<\/amf>\s*$/i.test(new TextDecoder().decode(bytes.subarray(-64))))
    throw new RangeError("it ends before its last element, so a part of it is missing");
  const { AMFLoader } = await import("three/examples/jsm/loaders/AMFLoader.js");
  return new AMFLoader().parse(bytes.buffer) ?? new Group();
}

async function parseWrl(bytes: Uint8Array, others: Dependencies): Promise<Object3D> {
  const text = new TextDecoder().decode(bytes);
  if (!text.startsWith("#VRML V2.0"))
    throw new SyntaxError(
      text.startsWith("#VRML V1")
        ? "VRML 1 is not supported here, only VRML 2"
        : "it does not begin as a VRML file does",
    );
  await others.fetchPictures(text);
  const { VRMLLoader } = await import("three/examples/jsm/loaders/VRMLLoader.js");
  return new VRMLLoader(others.manager).parse(text, BASE);
}

async function parse(
  extension: string,
  bytes: Uint8Array<ArrayBuffer>,
  others: Dependencies,
): Promise<Object3D> {
  if (bytes.length === 0) throw new RangeError("it is empty");
  if (extension === ".amf") return parseAmf(bytes);
  if (extension === ".wrl") return parseWrl(bytes, others);
  const text = new TextDecoder().decode(bytes);
  if (extension === ".off") return (await import("./off")).parseOff(text);
  return (await import("./bim")).parseBim(text);
}

export async function loadExchange(file: ViewerFile, options: LoadOptions): Promise<Model> {
  const { signal, onProgress, onPicture } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const others = new Dependencies(file, signal);
  if (onPicture !== undefined) others.manager.onProgress = onPicture;
  const extension = extensionOf(file.path);
  try {
    const object = await parse(extension, bytes, others);
    const facts = factsOf(object);
    if (facts === null) throw new RangeError("it holds no shapes");
    return {
      object,
      facts,
      zUp: Z_UP.has(extension),
      unit: UNITS[extension] ?? "",
      missing: () => [...others.missing],
      dispose: () => {
        disposeOf(object);
        others.dispose();
      },
    };
  } catch (error) {
    others.dispose();
    throw damaged(file, error);
  }
}
