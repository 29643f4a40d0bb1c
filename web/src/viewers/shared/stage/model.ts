// What viewers of things in space hand to the stage: an object with its facts, however it was read.
import { Box3, Material, Mesh, Points, Texture, Vector3, type Object3D } from "three";
import type { PerspectiveCamera, WebGLRenderer } from "three";
import type { ViewerFile } from "../../registry";

export interface ModelFacts {
  triangles: number;
  points: number;
  parts: number;
  vertices: number;
  /** Along x, y and z, in the model's own unit. */
  size: [number, number, number];
}

/** In which lengths of a model are said; "" where its format names none. */
export type LengthUnit = "" | "mm" | "cm" | "m" | "in" | "ft";

export interface Model {
  /**
   * Its `animations` are offered for playing, its `name`s stand in the tree of parts. Objects whose
   * `userData.decoration` is true belong to the look of their parent: neither parts nor counted.
   */
  object: Object3D;
  facts: ModelFacts;
  /** Its format says that z points up. */
  zUp: boolean;
  unit?: LengthUnit;
  /** More about it, a line each, below the view. Asked again whenever something has arrived. */
  notes?: () => string[];
  /** Names of files that it needs and the asset does not have. */
  missing?: () => string[];
  /**
   * Where it is, for those whose geometry does not tell, or which is fetched piece by piece. In the
   * coordinates of `object`.
   */
  bounds?: () => Box3;
  /** Before each drawing, for what depends on the view; true if it has to be drawn again soon. */
  beforeDraw?: (camera: PerspectiveCamera, renderer: WebGLRenderer) => boolean;
  /** Once, when the viewer goes. */
  dispose: () => void;
}

export interface LoadOptions {
  /** What the browser's graphics can do; textures are unpacked accordingly. */
  renderer?: WebGLRenderer;
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
  /** Something came after the shapes, and has to be drawn. */
  onPicture?: () => void;
}

/** Throws CannotShow, or an ApiError, with words for the user. */
export type LoadModel = (file: ViewerFile, options: LoadOptions) => Promise<Model>;

/** With more vertices a box is taken around the boxes of the shapes, which may be larger. */
const EXACT = 5_000_000;

/** In the scene. */
export function boundsOf(object: Object3D): Box3 {
  object.updateWorldMatrix(true, true);
  let vertices = 0;
  object.traverse((one) => {
    if (one instanceof Mesh || one instanceof Points)
      vertices += one.geometry.getAttribute("position")?.count ?? 0;
  });
  return new Box3().setFromObject(object, vertices <= EXACT);
}

export function trianglesOf(mesh: Mesh): number {
  const corners = mesh.geometry.index?.count ?? mesh.geometry.getAttribute("position")?.count ?? 0;
  return Math.floor(corners / 3);
}

/** Lines and the like that belong to the look of a shape, and are no parts themselves. */
export function isDecoration(object: Object3D): boolean {
  return object.userData["decoration"] === true;
}

/** Null if there is nothing that could be seen. */
export function factsOf(object: Object3D): ModelFacts | null {
  const facts = { triangles: 0, points: 0, parts: 0, vertices: 0 };
  object.traverse((one) => {
    if (!(one instanceof Mesh || one instanceof Points) || isDecoration(one)) return;
    const places: number = one.geometry.getAttribute("position")?.count ?? 0;
    const corners: number = one.geometry.index?.count ?? places;
    if (one instanceof Mesh) facts.triangles += trianglesOf(one);
    else facts.points += corners;
    facts.vertices += places;
    if (corners > 0) ++facts.parts;
  });
  const bounds = boundsOf(object);
  const size = bounds.getSize(new Vector3());
  const shown = [size.x, size.y, size.z, bounds.min.x, bounds.min.y, bounds.min.z];
  if (facts.parts === 0 || bounds.isEmpty() || !shown.every(Number.isFinite)) return null;
  return { ...facts, size: [size.x, size.y, size.z] };
}

export function materialsIn(one: Object3D): Material[] {
  if (!("material" in one)) return [];
  return [one.material].flat().filter((material) => material instanceof Material);
}

/** Gives back what an object holds in the memory of the graphics. */
export function disposeOf(object: Object3D): void {
  object.traverse((one) => {
    if ("geometry" in one) (one as Mesh).geometry.dispose();
    for (const material of materialsIn(one)) {
      for (const value of Object.values(material)) if (value instanceof Texture) value.dispose();
      material.dispose();
    }
  });
}

/** With three significant digits. */
export function formatLength(length: number, unit: LengthUnit = ""): string {
  const digits = length === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(length))));
  const text = length.toLocaleString("en-GB", { maximumFractionDigits: Math.min(digits, 12) });
  return unit === "" ? text : `${text} ${unit}`;
}
