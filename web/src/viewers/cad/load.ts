// A CAD file on the stage: its tree of parts with names and colours, and thin lines along the edges of
// its surfaces.
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshStandardMaterial,
  type Object3D,
} from "three";
import { extensionOf } from "../../ui/format";
import type { ViewerFile } from "../registry";
import { damaged } from "../shared/damaged";
import { readFile } from "../shared/file";
import { disposeOf, factsOf, type LoadOptions, type Model } from "../shared/stage/model";
import { inWorker } from "../shared/worker";
import { demandEnd, formatOf } from "./format";
import type { Light, Part, Shape } from "./shapes";
import type { CadTask } from "./worker";

const LIMIT = 300_000_000;
const UNCOLOURED: Light = [0.42, 0.46, 0.52];

/** Shared by everything of one colour. */
class Materials {
  private readonly made = new Map<string, MeshStandardMaterial>();
  readonly line = new LineBasicMaterial({ color: 0x1d2630, transparent: true, opacity: 0.55 });

  of(colour: Light | null): MeshStandardMaterial {
    const light = colour ?? UNCOLOURED;
    const key = light.join();
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const material = new MeshStandardMaterial({
      color: new Color(light[0], light[1], light[2]),
      roughness: 0.6,
      metalness: 0.15,
      side: DoubleSide,
      // The lines lie on the surfaces, and have to win.
      polygonOffset: true,
      polygonOffsetFactor: 1,
      polygonOffsetUnits: 1,
    });
    const opacity = light[3] ?? 1;
    if (opacity < 1) {
      material.transparent = true;
      material.opacity = opacity;
      material.depthWrite = false;
    }
    material.name = colour === null ? "No colour" : `#${material.color.getHexString()}`;
    this.made.set(key, material);
    return material;
  }
}

function linesOf(shape: Shape, materials: Materials): LineSegments {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(shape.positions, 3));
  geometry.setIndex(new BufferAttribute(shape.edges, 1));
  const lines = new LineSegments(geometry, materials.line);
  lines.name = "Edges";
  lines.userData["decoration"] = true;
  // Points are picked on surfaces.
  lines.raycast = () => undefined;
  return lines;
}

function meshOf(shape: Shape, materials: Materials, name: string): Mesh {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(shape.positions, 3));
  geometry.setIndex(new BufferAttribute(shape.index, 1));
  if (shape.normals === null) geometry.computeVertexNormals();
  else geometry.setAttribute("normal", new BufferAttribute(shape.normals, 3));
  const coats = shape.groups.map(({ colour }) => materials.of(colour));
  const [only] = coats;
  if (coats.length > 1)
    shape.groups.forEach(({ start, count }, at) => geometry.addGroup(start, count, at));
  const mesh = new Mesh(geometry, coats.length === 1 && only !== undefined ? only : coats);
  mesh.name = shape.name || name;
  if (shape.edges.length > 0) mesh.add(linesOf(shape, materials));
  return mesh;
}

export function objectOf(part: Part, materials = new Materials()): Object3D {
  const meshes = part.shapes.map((shape) => meshOf(shape, materials, part.name));
  const [only] = meshes;
  // A part that is one body is no group around it.
  if (meshes.length === 1 && only !== undefined && part.children.length === 0) {
    only.name = part.name || only.name;
    return only;
  }
  const group = new Group();
  group.name = part.name;
  const children = part.children.map((child) => objectOf(child, materials));
  if (meshes.length + children.length > 0) group.add(...meshes, ...children);
  return group;
}

/** Above the parts stand levels that hold one thing and have no name. */
function withoutShells(object: Object3D): Object3D {
  const [only] = object.children;
  if (!(object instanceof Group) || object.children.length !== 1 || only === undefined)
    return object;
  return object.name === "" && only instanceof Group ? withoutShells(only) : object;
}

export async function loadCad(file: ViewerFile, options: LoadOptions): Promise<Model> {
  const { signal, onProgress } = options;
  const bytes = await readFile(file, { limit: LIMIT, signal, onProgress });
  const format = formatOf(extensionOf(file.path));
  try {
    demandEnd(format, bytes);
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const part = await inWorker<CadTask, Part>(worker, {
      task: { format, bytes },
      given: [bytes.buffer],
      signal,
      failed: (why) => new Error(why),
    });
    const object = withoutShells(objectOf(part));
    const facts = factsOf(object);
    if (facts === null) throw new RangeError("it holds no shapes");
    return {
      object,
      facts,
      zUp: true,
      // In BREP files lengths have no unit; of others the library makes millimetres.
      unit: format === "brep" ? "" : "mm",
      dispose: () => disposeOf(object),
    };
  } catch (error) {
    throw damaged(file, error);
  }
}
