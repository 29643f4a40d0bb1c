// What the IFC library computes of a building: its elements by storey, each with the shapes and colours of
// its geometry. Runs in the worker.
import type { FlatMesh, IfcAPI, PlacedGeometry } from "web-ifc";
import type { Light, Part, Shape } from "../cad/shapes";

/** The curve of screens, undone. */
const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

interface Piece {
  colour: Light;
  positions: number[];
  normals: number[];
  index: number[];
}

/** Corners come as place and normal, six numbers each. */
const CORNER = 6;

function addGeometry(api: IfcAPI, model: number, placed: PlacedGeometry, into: Piece): void {
  const geometry = api.GetGeometry(model, placed.geometryExpressID);
  const corners = api.GetVertexArray(geometry.GetVertexData(), geometry.GetVertexDataSize());
  const index = api.GetIndexArray(geometry.GetIndexData(), geometry.GetIndexDataSize());
  const m = placed.flatTransformation;
  const before = into.positions.length / 3;
  const row = (axis: number, x: number, y: number, z: number, w: number) =>
    (m[axis] ?? 0) * x + (m[axis + 4] ?? 0) * y + (m[axis + 8] ?? 0) * z + (m[axis + 12] ?? 0) * w;
  for (let at = 0; at + CORNER <= corners.length; at += CORNER) {
    const [x = 0, y = 0, z = 0, i = 0, j = 0, k = 0] = corners.subarray(at, at + CORNER);
    for (let axis = 0; axis < 3; ++axis) {
      into.positions.push(row(axis, x, y, z, 1));
      into.normals.push(row(axis, i, j, k, 0));
    }
  }
  for (const corner of index) into.index.push(corner + before);
  geometry.delete();
}

function shapeOf(api: IfcAPI, model: number, mesh: FlatMesh): Shape {
  const pieces = new Map<string, Piece>();
  for (let at = 0; at < mesh.geometries.size(); ++at) {
    const placed = mesh.geometries.get(at);
    const { x, y, z, w } = placed.color;
    const colour: Light = [linear(x), linear(y), linear(z), w];
    const key = colour.join();
    const piece = pieces.get(key) ?? { colour, positions: [], normals: [], index: [] };
    pieces.set(key, piece);
    addGeometry(api, model, placed, piece);
  }
  const groups: Shape["groups"] = [];
  const positions: number[] = [];
  const normals: number[] = [];
  const index: number[] = [];
  for (const piece of pieces.values()) {
    const before = positions.length / 3;
    groups.push({ start: index.length, count: piece.index.length, colour: piece.colour });
    for (const one of piece.positions) positions.push(one);
    for (const one of piece.normals) normals.push(one);
    for (const one of piece.index) index.push(one + before);
  }
  return {
    name: "",
    positions: Float32Array.from(positions),
    normals: Float32Array.from(normals),
    index: Uint32Array.from(index),
    groups,
    edges: new Uint32Array(),
  };
}

interface Place {
  expressID: number;
  type: string;
  children: Place[];
}

/** As people write it: IFCWALLSTANDARDCASE without its beginning. */
function nameOf(api: IfcAPI, model: number, { expressID, type }: Place): string {
  const line: unknown = api.GetLine(model, expressID);
  const name = typeof line === "object" && line !== null && "Name" in line ? line.Name : null;
  const value = typeof name === "object" && name !== null && "value" in name ? name.value : "";
  const kind = type.replace(/^IFC/i, "").toLowerCase();
  return typeof value === "string" && value !== "" ? value : kind;
}

/** Storeys and spaces without anything in them are left out. */
function partOf(api: IfcAPI, model: number, place: Place, shapes: Map<number, Shape>): Part | null {
  const own = shapes.get(place.expressID);
  shapes.delete(place.expressID);
  const children = place.children.flatMap((child) => partOf(api, model, child, shapes) ?? []);
  if (own === undefined && children.length === 0) return null;
  return { name: nameOf(api, model, place), shapes: own === undefined ? [] : [own], children };
}

/** Throws if there is no building in the file. */
export async function buildingOf(api: IfcAPI, bytes: Uint8Array): Promise<Part> {
  const model = api.OpenModel(bytes, { COORDINATE_TO_ORIGIN: true });
  if (model < 0) throw new SyntaxError("the IFC library cannot read it");
  const shapes = new Map<number, Shape>();
  api.StreamAllMeshes(model, (mesh) => {
    const shape = shapeOf(api, model, mesh);
    if (shape.index.length > 0) shapes.set(mesh.expressID, shape);
  });
  const top = (await api.properties.getSpatialStructure(model)) as Place;
  const part = partOf(api, model, top, shapes) ?? { name: "", shapes: [], children: [] };
  // What belongs to no storey.
  part.children.push(
    ...[...shapes].map(([expressID, shape]) => {
      const type = api.GetNameFromTypeCode(api.GetLineType(model, expressID) as number);
      const name = nameOf(api, model, { expressID, type, children: [] });
      return { name, shapes: [shape], children: [] };
    }),
  );
  return part;
}
