// From the bytes of a model to a scene, by the format that its extension names. The code of each format
// is fetched when it is met.
import {
  DoubleSide,
  Group,
  Mesh,
  MeshStandardMaterial,
  Points,
  PointsMaterial,
  type BufferGeometry,
  type Object3D,
  type WebGLRenderer,
} from "three";
import type { LengthUnit } from "../shared/stage/model";
import type { Dependencies } from "./dependencies";
import { parseGltf } from "./gltf";
import { BASE } from "./references";
import { unitOf3mf, unitOfCentimetres } from "./units";

/** Formats in which z points up by their own rules; others leave it open, or turn by themselves. */
export const Z_UP = new Set([".3ds", ".3mf"]);

export interface Parsed {
  object: Object3D;
  unit: LengthUnit;
}

function plain(geometry: BufferGeometry): MeshStandardMaterial {
  const coloured = geometry.hasAttribute("color");
  return new MeshStandardMaterial({
    color: coloured ? 0xffffff : 0xb4bcc8,
    vertexColors: coloured,
    roughness: 0.65,
    metalness: 0.1,
    side: DoubleSide,
  });
}

function meshOf(geometry: BufferGeometry): Mesh {
  if (!geometry.hasAttribute("normal")) geometry.computeVertexNormals();
  return new Mesh(geometry, plain(geometry));
}

function pointsOf(geometry: BufferGeometry): Points {
  const vertexColors = geometry.hasAttribute("color");
  const color = vertexColors ? 0xffffff : 0x8492a6;
  return new Points(
    geometry,
    new PointsMaterial({ color, vertexColors, size: 2, sizeAttenuation: false }),
  );
}

async function parseObj(bytes: Uint8Array, others: Dependencies): Promise<Object3D> {
  const text = new TextDecoder().decode(bytes);
  const { OBJLoader } = await import("three/examples/jsm/loaders/OBJLoader.js");
  const loader = new OBJLoader(others.manager);
  const materials = await others.materialsOf(text);
  if (materials !== "") {
    const { MTLLoader } = await import("three/examples/jsm/loaders/MTLLoader.js");
    const library = new MTLLoader(others.manager).parse(materials, BASE);
    library.preload();
    loader.setMaterials(library);
  }
  return loader.parse(text);
}

async function parseStl(bytes: Uint8Array<ArrayBuffer>): Promise<Object3D> {
  const { STLLoader } = await import("three/examples/jsm/loaders/STLLoader.js");
  return meshOf(new STLLoader().parse(bytes.buffer));
}

async function parsePly(bytes: Uint8Array<ArrayBuffer>): Promise<Object3D> {
  const { PLYLoader } = await import("three/examples/jsm/loaders/PLYLoader.js");
  const geometry = new PLYLoader().parse(bytes.buffer);
  // Without faces it is a scan.
  return geometry.index === null ? pointsOf(geometry) : meshOf(geometry);
}

async function parseFbx(bytes: Uint8Array<ArrayBuffer>, others: Dependencies): Promise<Parsed> {
  await others.fetchPictures(new TextDecoder("latin1").decode(bytes));
  const { FBXLoader } = await import("three/examples/jsm/loaders/FBXLoader.js");
  const object = new FBXLoader(others.manager).parse(bytes.buffer, BASE);
  return { object, unit: unitOfCentimetres(object.userData["unitScaleFactor"]) };
}

async function parse3ds(bytes: Uint8Array<ArrayBuffer>, others: Dependencies): Promise<Object3D> {
  await others.fetchPictures(new TextDecoder("latin1").decode(bytes));
  const { TDSLoader } = await import("three/examples/jsm/loaders/TDSLoader.js");
  return new TDSLoader(others.manager).parse(bytes.buffer, BASE);
}

async function parseDae(bytes: Uint8Array, others: Dependencies): Promise<Object3D> {
  const text = new TextDecoder().decode(bytes);
  await others.fetchPictures(text);
  const { ColladaLoader } = await import("three/examples/jsm/loaders/ColladaLoader.js");
  const parsed = new ColladaLoader(others.manager).parse(text, BASE);
  if (parsed === null) throw new SyntaxError("the XML of the file is not well formed");
  return parsed.scene;
}

async function parse3mf(bytes: Uint8Array<ArrayBuffer>): Promise<Parsed> {
  const { ThreeMFLoader } = await import("three/examples/jsm/loaders/3MFLoader.js");
  const { unzipSync } = await import("three/examples/jsm/libs/fflate.module.js");
  const object = new ThreeMFLoader().parse(bytes.buffer);
  const [content] = Object.values(
    unzipSync(bytes, { filter: ({ name }) => /^3d\/[^/]+\.model$/i.test(name) }),
  );
  // At the beginning of the XML, which may be long.
  const head = new TextDecoder().decode(content?.subarray(0, 4096));
  return { object, unit: unitOf3mf(/<model\b[^>]*\bunit\s*=\s*["'](\w+)["']/.exec(head)?.[1]) };
}

const METRES = { unit: "m" } as const;
const UNKNOWN = { unit: "" } as const;

/** Throws whatever the format's code throws at a damaged file. */
export async function parseModel(
  extension: string,
  bytes: Uint8Array<ArrayBuffer>,
  others: Dependencies,
  renderer?: WebGLRenderer,
): Promise<Parsed> {
  switch (extension) {
    case ".glb":
    case ".gltf":
      return { object: await parseGltf(bytes, others, renderer), ...METRES };
    case ".obj":
      return { object: await parseObj(bytes, others), ...UNKNOWN };
    case ".stl":
      return { object: await parseStl(bytes), ...UNKNOWN };
    case ".ply":
      return { object: await parsePly(bytes), ...UNKNOWN };
    case ".fbx":
      return parseFbx(bytes, others);
    case ".dae":
      // Its code brings everything to metres.
      return { object: await parseDae(bytes, others), ...METRES };
    case ".3ds":
      return { object: await parse3ds(bytes, others), ...UNKNOWN };
    case ".3mf":
      return parse3mf(bytes);
    default:
      return { object: new Group(), ...UNKNOWN };
  }
}
