// Between places on the earth and points of a map, in the projection that map tiles have. The world
// is one square: x from west to east and y from north to south, both from 0 to 1.

export interface Place {
  lat: number;
  long: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Degrees; west of more than east goes over the date line. */
export interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface MapView {
  /** The middle, as a part of the world. */
  x: number;
  y: number;
  /** At 0 the world is 256 pixels wide; one more doubles it. */
  zoom: number;
}

export const MOST_ZOOM = 18;
export const WORLD: MapView = { x: 0.5, y: 0.5, zoom: 0 };
/** The square ends here. */
const MOST_LAT = 85.05112878;
const TILE = 256;
const EQUATOR = 40_075_016.686;

export function worldSize(zoom: number): number {
  return TILE * 2 ** zoom;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

export function toWorld({ lat, long }: Place): Point {
  const angle = (clamp(lat, -MOST_LAT, MOST_LAT) * Math.PI) / 180;
  return {
    x: long / 360 + 0.5,
    y: clamp(0.5 - Math.log(Math.tan(Math.PI / 4 + angle / 2)) / (2 * Math.PI), 0, 1),
  };
}

export function fromWorld({ x, y }: Point): Place {
  const turns = x - Math.floor(x);
  return {
    lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI,
    long: (turns - 0.5) * 360,
  };
}

/** Within the world, from north to south; the world is never smaller than the window. */
export function settle(view: MapView, size: Size): MapView {
  const least = Math.log2(Math.max(size.width, size.height, 1) / TILE);
  const zoom = clamp(view.zoom, Math.min(least, MOST_ZOOM), MOST_ZOOM);
  const half = size.height / 2 / worldSize(zoom);
  return {
    x: view.x - Math.floor(view.x),
    y: half >= 0.5 ? 0.5 : clamp(view.y, half, 1 - half),
    zoom,
  };
}

export function pan(view: MapView, size: Size, dx: number, dy: number): MapView {
  const world = worldSize(view.zoom);
  return settle({ ...view, x: view.x + dx / world, y: view.y + dy / world }, size);
}

/** The point of the window stays where it is. */
export function zoomAt(view: MapView, size: Size, steps: number, point: Point): MapView {
  const at = pointToWorld(view, size, point);
  const zoom = settle({ ...view, zoom: view.zoom + steps }, size).zoom;
  const world = worldSize(zoom);
  return settle(
    {
      x: at.x - (point.x - size.width / 2) / world,
      y: at.y - (point.y - size.height / 2) / world,
      zoom,
    },
    size,
  );
}

export function pointToWorld(view: MapView, size: Size, point: Point): Point {
  const world = worldSize(view.zoom);
  return {
    x: view.x + (point.x - size.width / 2) / world,
    y: view.y + (point.y - size.height / 2) / world,
  };
}

export function pointToPlace(view: MapView, size: Size, point: Point): Place {
  return fromWorld(pointToWorld(view, size, point));
}

function worldToPoint(view: MapView, size: Size, at: Point, turns: number): Point {
  const world = worldSize(view.zoom);
  return {
    x: (at.x + turns - view.x) * world + size.width / 2,
    y: (at.y - view.y) * world + size.height / 2,
  };
}

/**
 * Of the worlds side by side, the first place is shown in the one where it is nearest, and each other
 * where it is nearest to the one before: lines go over the date line.
 */
export function project(view: MapView, size: Size, places: Place[]): Point[] {
  let before = view.x;
  return places.map((place) => {
    const at = toWorld(place);
    const turns = Math.round(before - at.x);
    before = at.x + turns;
    return worldToPoint(view, size, at, turns);
  });
}

export function boundsOf(view: MapView, size: Size): Bounds {
  const world = worldSize(view.zoom);
  const top = pointToPlace(view, size, { x: 0, y: 0 });
  const bottom = pointToPlace(view, size, { x: size.width, y: size.height });
  const all = size.width >= world;
  return {
    west: all ? -180 : top.long,
    south: Math.max(-90, bottom.lat),
    east: all ? 180 : bottom.long,
    north: Math.min(90, top.lat),
  };
}

export function isWithin({ lat, long }: Place, bounds: Bounds): boolean {
  if (lat < bounds.south || lat > bounds.north) return false;
  return bounds.west <= bounds.east
    ? long >= bounds.west && long <= bounds.east
    : long >= bounds.west || long <= bounds.east;
}

/** Around all of them, over the date line where that is shorter; null without any. */
export function around(places: Place[]): Bounds | null {
  if (places.length === 0) return null;
  const lats = places.map(({ lat }) => lat);
  const longs = places.map(({ long }) => long).sort((a, b) => a - b);
  // The widest part without any is left out.
  let gap = (longs[0] ?? 0) + 360 - (longs.at(-1) ?? 0);
  let west = longs[0] ?? 0;
  let east = longs.at(-1) ?? 0;
  for (let i = 1; i < longs.length; ++i) {
    const [before = 0, after = 0] = [longs[i - 1], longs[i]];
    if (after - before <= gap) continue;
    gap = after - before;
    west = after;
    east = before;
  }
  return { west, south: min(lats), east, north: max(lats) };
}

function min(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function max(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

const ROOM = 48;

/** So that the bounds fill the window, but no closer than `most`. */
export function fit(bounds: Bounds, size: Size, most = 14): MapView {
  const top = toWorld({ lat: bounds.north, long: bounds.west });
  const bottom = toWorld({ lat: bounds.south, long: bounds.east });
  const width = bottom.x - top.x + (bounds.west > bounds.east ? 1 : 0);
  const zoomOf = (pixels: number, part: number) =>
    Math.log2(Math.max(64, pixels - 2 * ROOM) / TILE / Math.max(part, 1e-9));
  const zoom = Math.min(
    most,
    zoomOf(size.width, width),
    zoomOf(size.height, Math.max(0, bottom.y - top.y)),
  );
  return settle({ x: top.x + width / 2, y: (top.y + bottom.y) / 2, zoom }, size);
}

/** Of a pixel in the middle. */
export function metresPerPixel(view: MapView): number {
  const { lat } = fromWorld(view);
  return (Math.cos((lat * Math.PI) / 180) * EQUATOR) / worldSize(view.zoom);
}
