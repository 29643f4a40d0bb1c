// dotbim: JSON with meshes and elements that place them.
import { Group, type Object3D } from "three";
import { flatMesh, materialOf } from "./geometry";

interface BimMesh {
  mesh_id: number;
  coordinates: number[];
  indices: number[];
}

type Named<K extends string> = Record<K, number>;

interface BimElement {
  mesh_id: number;
  vector?: Named<"x" | "y" | "z">;
  rotation?: Named<"qx" | "qy" | "qz" | "qw">;
  color?: Named<"r" | "g" | "b" | "a">;
  /** Four bytes for each triangle. */
  face_colors?: number[];
  type?: string;
  info?: Record<string, string>;
}

interface BimFile {
  meshes: BimMesh[];
  elements: BimElement[];
}

function isBim(value: unknown): value is BimFile {
  const lists = (one: unknown): one is unknown[] => Array.isArray(one);
  if (typeof value !== "object" || value === null) return false;
  if (!("meshes" in value) || !("elements" in value)) return false;
  return (
    lists(value.meshes) &&
    lists(value.elements) &&
    value.meshes.every(
      (mesh) =>
        typeof mesh === "object" &&
        mesh !== null &&
        "coordinates" in mesh &&
        lists(mesh.coordinates) &&
        "indices" in mesh &&
        lists(mesh.indices),
    ) &&
    value.elements.every((element) => typeof element === "object" && element !== null)
  );
}

function elementOf(element: BimElement, mesh: BimMesh): Object3D {
  const faces = element.face_colors;
  const byte = (at: number) => (faces?.[at] ?? 255) / 255;
  const shape = flatMesh(
    mesh.coordinates,
    mesh.indices,
    faces === undefined
      ? null
      : (_corner, triangle) => [0, 1, 2].map((channel) => byte(triangle * 4 + channel)),
  );
  const { color, vector, rotation } = element;
  if (faces === undefined && color !== undefined) {
    shape.material.dispose();
    shape.material = materialOf([color.r, color.g, color.b, color.a].map((one) => one / 255));
  }
  if (vector !== undefined) shape.position.set(vector.x, vector.y, vector.z);
  if (rotation !== undefined)
    shape.quaternion.set(rotation.qx, rotation.qy, rotation.qz, rotation.qw);
  shape.name = element.info?.["Name"] ?? element.type ?? "";
  return shape;
}

export function parseBim(text: string): Object3D {
  const file: unknown = JSON.parse(text);
  if (!isBim(file)) throw new SyntaxError("it has no lists of meshes and elements");
  const meshes = new Map(file.meshes.map((mesh) => [mesh.mesh_id, mesh]));
  const group = new Group();
  for (const element of file.elements) {
    const mesh = meshes.get(element.mesh_id);
    if (mesh === undefined)
      throw new RangeError(`an element names the mesh ${element.mesh_id}, which does not exist`);
    group.add(elementOf(element, mesh));
  }
  return group;
}
