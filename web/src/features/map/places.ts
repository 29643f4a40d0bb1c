// Where a thing is, as far as its metadata says so, by the rules that the search goes by: the field
// `location`, else `latitude` with `longitude`, in any case.
import { around, type Place } from "./mercator";

export interface Located {
  /** The middle. */
  place: Place;
  /** Rings of an area; none for a point. */
  rings: Place[][];
}

function number(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const read = Number(value);
  return Number.isFinite(read) ? read : null;
}

function onEarth(lat: number | null, long: number | null): Place | null {
  return lat !== null && long !== null && Math.abs(lat) <= 90 && Math.abs(long) <= 180
    ? { lat, long }
    : null;
}

/** [long, lat, …] */
export function position(value: unknown): Place | null {
  return Array.isArray(value) ? onEarth(number(value[1]), number(value[0])) : null;
}

function ring(value: unknown): Place[] | null {
  if (!Array.isArray(value)) return null;
  const places = value.map(position);
  return places.every((place) => place !== null) && places.length > 0 ? (places as Place[]) : null;
}

function member(object: Record<string, unknown>, names: string[]): unknown {
  for (const name of names) {
    const key = Object.keys(object).find((key) => key.toLowerCase() === name);
    if (key !== undefined && number(object[key]) !== null) return object[key];
  }
  return null;
}

function pointOf(object: Record<string, unknown>): Located | null {
  const lat = number(member(object, ["latitude", "lat"]));
  const long = number(member(object, ["longitude", "lon", "long"]));
  const place = onEarth(lat, long);
  return place === null ? null : { place, rings: [] };
}

function areaOf(polygons: unknown[]): Located | null {
  // Holes do not change where the area is.
  const rings = polygons.map((polygon) => (Array.isArray(polygon) ? ring(polygon[0]) : null));
  if (rings.length === 0 || rings.some((one) => one === null)) return null;
  const bounds = around(rings.flatMap((one) => one ?? []));
  if (bounds === null) return null;
  const east = bounds.east + (bounds.west > bounds.east ? 360 : 0);
  const middle = (bounds.west + east) / 2;
  return {
    place: {
      lat: (bounds.south + bounds.north) / 2,
      long: middle > 180 ? middle - 360 : middle,
    },
    rings: rings as Place[][],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function locatedOf(object: Record<string, unknown>, within: boolean): Located | null {
  const { type, coordinates, geometry } = object;
  if (type === "Feature" && !within) return isObject(geometry) ? locatedOf(geometry, true) : null;
  if (typeof type !== "string" || coordinates === undefined) return pointOf(object);
  if (type === "Point") {
    const place = position(coordinates);
    return place === null ? null : { place, rings: [] };
  }
  if (!Array.isArray(coordinates)) return null;
  if (type === "Polygon") return areaOf([coordinates]);
  return type === "MultiPolygon" ? areaOf(coordinates) : null;
}

/** A value of metadata: an object, or its JSON. */
export function locatedOfValue(value: string): Located | null {
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? locatedOf(parsed, false) : null;
  } catch {
    return null;
  }
}

export function locatedOfMetadata(metadata: [string, string][]): Located | null {
  const location = metadata.find(([key]) => key.toLowerCase() === "location");
  const found = location === undefined ? null : locatedOfValue(location[1]);
  return found ?? pointOf(Object.fromEntries(metadata));
}
