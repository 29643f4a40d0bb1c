// Things on a map that would cover each other, put together. The cells that they are sorted into stand
// still when the map is moved.
import { around, toWorld, worldSize, type Bounds, type Place } from "./mercator";

export interface Cluster<T> {
  key: string;
  place: Place;
  items: T[];
  bounds: Bounds;
}

const CELL = 64;

/** `zoom`: of the map. Clusters are the same for all zooms between two whole ones. */
export function clusters<T>(
  items: readonly T[],
  placeOf: (item: T) => Place,
  zoom: number,
): Cluster<T>[] {
  const level = Math.floor(zoom);
  const cells = worldSize(level) / CELL;
  const found = new Map<string, T[]>();
  for (const item of items) {
    const at = toWorld(placeOf(item));
    const key = `${level} ${Math.floor(at.x * cells)} ${Math.floor(at.y * cells)}`;
    const members = found.get(key);
    if (members === undefined) found.set(key, [item]);
    else members.push(item);
  }
  return [...found].map(([key, members]) => {
    const places = members.map(placeOf);
    const bounds = around(places) ?? { west: 0, south: 0, east: 0, north: 0 };
    const sum = places.reduce(
      (total, { lat, long }) => ({ lat: total.lat + lat, long: total.long + long }),
      { lat: 0, long: 0 },
    );
    return {
      key,
      place: { lat: sum.lat / places.length, long: sum.long / places.length },
      items: members,
      bounds,
    };
  });
}

/** Whether going closer would take it apart. */
export function canOpen({ bounds }: Cluster<unknown>): boolean {
  return bounds.east - bounds.west > 1e-4 || bounds.north - bounds.south > 1e-4;
}
