// A GeoJSON text as shapes that can be drawn and changed. All that is not drawn (properties, heights,
// foreign members) stays as it was.
import type { Place } from "../map/mercator";

type Json = Record<string, unknown>;

export interface Geometry {
  type: string;
  coordinates: unknown;
}

export interface Shape {
  geometry: Geometry;
  /** The other members of the Feature that has it; null: it is in none. */
  feature: Json | null;
}

export interface Drawing {
  form: "geometry" | "geometries" | "features";
  /** Other members of the collection. */
  members: Json;
  shapes: Shape[];
}

export const EMPTY: Drawing = { form: "geometry", members: {}, shapes: [] };
/** How deep the positions lie. */
const DEPTHS: Record<string, number> = {
  Point: 0,
  MultiPoint: 1,
  LineString: 1,
  MultiLineString: 2,
  Polygon: 2,
  MultiPolygon: 3,
};

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPosition(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every((part) => typeof part === "number" && Number.isFinite(part))
  );
}

function fits(value: unknown, depth: number): boolean {
  if (depth === 0) return isPosition(value);
  return Array.isArray(value) && value.length > 0 && value.every((part) => fits(part, depth - 1));
}

function geometryOf(value: unknown): Geometry | null {
  if (!isObject(value) || typeof value["type"] !== "string") return null;
  const depth = DEPTHS[value["type"]];
  return depth !== undefined && fits(value["coordinates"], depth)
    ? (value as unknown as Geometry)
    : null;
}

function shapeOfFeature(value: unknown): Shape | null {
  if (!isObject(value) || value["type"] !== "Feature") return null;
  const { geometry, ...feature } = value;
  const read = geometryOf(geometry);
  return read === null ? null : { geometry: read, feature };
}

function all<T>(values: unknown, read: (value: unknown) => T | null): T[] | null {
  if (!Array.isArray(values)) return null;
  const found = values.map(read);
  return found.every((one) => one !== null) ? (found as T[]) : null;
}

/** Null for what cannot be drawn: it can still be edited as text. */
export function readDrawing(text: string): Drawing | null {
  if (text.trim() === "") return EMPTY;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const geometry = geometryOf(value);
  if (geometry !== null)
    return { form: "geometry", members: {}, shapes: [{ geometry, feature: null }] };
  const feature = shapeOfFeature(value);
  if (feature !== null) return { form: "geometry", members: {}, shapes: [feature] };
  if (!isObject(value)) return null;
  if (value["type"] === "FeatureCollection") {
    const { features, ...members } = value;
    const shapes = all(features, shapeOfFeature);
    return shapes === null ? null : { form: "features", members, shapes };
  }
  if (value["type"] !== "GeometryCollection") return null;
  const { geometries, ...members } = value;
  const shapes = all(geometries, (one) => {
    const read = geometryOf(one);
    return read === null ? null : { geometry: read, feature: null };
  });
  return shapes === null ? null : { form: "geometries", members, shapes };
}

function written({ geometry, feature }: Shape): Json {
  return feature === null
    ? { type: "Feature", properties: {}, geometry }
    : { ...feature, geometry };
}

export function writeDrawing({ form, members, shapes }: Drawing): string {
  const [first] = shapes;
  if (form === "geometry" && first === undefined) return "";
  if (form === "geometry" && shapes.length === 1 && first !== undefined)
    return JSON.stringify(first.feature === null ? first.geometry : written(first));
  if (form === "geometries" && shapes.every(({ feature }) => feature === null))
    return JSON.stringify({ ...members, geometries: shapes.map(({ geometry }) => geometry) });
  const rest = form === "features" ? members : {};
  return JSON.stringify({ type: "FeatureCollection", ...rest, features: shapes.map(written) });
}

// ---- Corners ------------------------------------------------------------------------------------

/** Where a position stands in the coordinates. */
export type Path = number[];

export interface Corner {
  path: Path;
  place: Place;
}

function placeOf(position: unknown): Place {
  const [long = 0, lat = 0] = position as number[];
  return { lat, long };
}

/** Rows of positions: lines, rings, or single points. */
export interface Row {
  path: Path;
  kind: "point" | "line" | "ring";
  /** Of a ring, without the last, which is the first again. */
  corners: Corner[];
}

function isClosed(positions: unknown[]): boolean {
  const [first, last] = [positions[0], positions.at(-1)];
  return positions.length > 1 && JSON.stringify(first) === JSON.stringify(last);
}

function rowOf(positions: unknown[], path: Path, ring: boolean): Row {
  const own = ring && isClosed(positions) ? positions.slice(0, -1) : positions;
  return {
    path,
    kind: ring ? "ring" : "line",
    corners: own.map((position, index) => ({ path: [...path, index], place: placeOf(position) })),
  };
}

export function rowsOf({ type, coordinates }: Geometry): Row[] {
  const list = coordinates as unknown[];
  switch (type) {
    case "Point":
      return [{ path: [], kind: "point", corners: [{ path: [], place: placeOf(list) }] }];
    case "MultiPoint":
      return list.map((position, index) => ({
        path: [index],
        kind: "point",
        corners: [{ path: [index], place: placeOf(position) }],
      }));
    case "LineString":
      return [rowOf(list, [], false)];
    case "MultiLineString":
      return list.map((line, index) => rowOf(line as unknown[], [index], false));
    case "Polygon":
      return list.map((ring, index) => rowOf(ring as unknown[], [index], true));
    default:
      return list.flatMap((polygon, outer) =>
        (polygon as unknown[]).map((ring, inner) => rowOf(ring as unknown[], [outer, inner], true)),
      );
  }
}

// The row at the end of the path, with its corners changed.
function changeRow(
  geometry: Geometry,
  path: Path,
  change: (positions: number[][]) => number[][],
): Geometry {
  const ring = geometry.type.endsWith("Polygon");
  const edit = (value: unknown, rest: Path): unknown => {
    const [next, ...others] = rest;
    if (next !== undefined)
      return (value as unknown[]).map((part, index) =>
        index === next ? edit(part, others) : part,
      );
    const positions = value as number[][];
    const open = ring && isClosed(positions) ? positions.slice(0, -1) : positions;
    const changed = change(open);
    return ring && changed[0] !== undefined ? [...changed, changed[0]] : changed;
  };
  return { ...geometry, coordinates: edit(geometry.coordinates, path) };
}

/** The height of what stood there stays. */
function moved(position: number[], { lat, long }: Place): number[] {
  return [long, lat, ...position.slice(2)];
}

export function moveCorner(geometry: Geometry, path: Path, place: Place): Geometry {
  if (geometry.type === "Point")
    return { ...geometry, coordinates: moved(geometry.coordinates as number[], place) };
  const index = path.at(-1) ?? 0;
  return changeRow(geometry, path.slice(0, -1), (positions) =>
    positions.map((position, at) => (at === index ? moved(position, place) : position)),
  );
}

/** Between this corner and the next. */
export function addCorner(geometry: Geometry, path: Path, place: Place): Geometry {
  const index = path.at(-1) ?? 0;
  return changeRow(geometry, path.slice(0, -1), (positions) => [
    ...positions.slice(0, index + 1),
    moved(positions[index] ?? [], place),
    ...positions.slice(index + 1),
  ]);
}

/** Null where too few would be left. */
export function removeCorner(geometry: Geometry, path: Path): Geometry | null {
  const row = rowsOf(geometry).find((one) =>
    one.corners.some((corner) => corner.path.join() === path.join()),
  );
  const least = row?.kind === "ring" ? 3 : row?.kind === "line" ? 2 : 1;
  if (row === undefined || row.corners.length <= least) return null;
  const index = path.at(-1) ?? 0;
  return changeRow(geometry, path.slice(0, -1), (positions) =>
    positions.filter((_, at) => at !== index),
  );
}

// ---- Drawn shapes ---------------------------------------------------------------------------------

export type Kind = "Point" | "LineString" | "Polygon";
export const LEAST: Record<Kind, number> = { Point: 1, LineString: 2, Polygon: 3 };

function area(places: Place[]): number {
  return places.reduce((sum, { lat, long }, index) => {
    const next = places[(index + 1) % places.length] ?? { lat, long };
    return sum + (long * next.lat - next.long * lat);
  }, 0);
}

/** Outlines go round against the clock, as GeoJSON wants it. */
export function drawn(kind: Kind, places: Place[]): Geometry {
  const position = ({ lat, long }: Place) => [long, lat];
  if (kind === "Point")
    return { type: kind, coordinates: position(places[0] ?? { lat: 0, long: 0 }) };
  if (kind === "LineString") return { type: kind, coordinates: places.map(position) };
  const ring = (area(places) < 0 ? [...places].reverse() : places).map(position);
  return { type: kind, coordinates: [[...ring, ring[0]]] };
}

function crosses([a, b]: [Place, Place], [c, d]: [Place, Place]): boolean {
  const side = (p: Place, q: Place, r: Place) =>
    Math.sign((q.long - p.long) * (r.lat - p.lat) - (q.lat - p.lat) * (r.long - p.long));
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** Beyond, the check would take too long. */
const MOST_CHECKED = 400;

function crossesItself(corners: Corner[]): boolean {
  const places = corners.map(({ place }) => place);
  if (places.length > MOST_CHECKED) return false;
  const sides = places.map((place, index): [Place, Place] => [
    place,
    places[(index + 1) % places.length] ?? place,
  ]);
  return sides.some((side, index) => sides.slice(index + 1).some((other) => crosses(side, other)));
}

/** Empty: the shape is as it should be. */
export function shapeProblem(geometry: Geometry): string {
  for (const { kind, corners } of rowsOf(geometry)) {
    const lost = corners.find(
      ({ place }) => Math.abs(place.lat) > 90 || Math.abs(place.long) > 180,
    );
    if (lost !== undefined)
      return "A corner is not on the earth: longitude comes first, then latitude.";
    if (kind === "ring" && corners.length < 3) return "An area has three corners at least.";
    if (kind === "line" && corners.length < 2) return "A line has two corners at least.";
    if (kind === "ring" && crossesItself(corners)) return "The outline of an area crosses itself.";
  }
  return "";
}

const NAMES: Record<string, string> = {
  Point: "Point",
  MultiPoint: "Points",
  LineString: "Line",
  MultiLineString: "Lines",
  Polygon: "Area",
  MultiPolygon: "Areas",
};

export function shapeName({ geometry, feature }: Shape): string {
  const properties = feature?.["properties"];
  const name = isObject(properties) ? properties["name"] : undefined;
  if (typeof name === "string" && name !== "") return name;
  const corners = rowsOf(geometry).reduce((sum, row) => sum + row.corners.length, 0);
  const kind = NAMES[geometry.type] ?? geometry.type;
  return corners === 1 ? kind : `${kind} with ${corners} corners`;
}
