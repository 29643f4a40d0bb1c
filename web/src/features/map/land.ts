// The land of the world as paths, from the data of Natural Earth.
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { toWorld, type Point } from "./mercator";

type Ring = number[][];

/** Of the paths: the world is that wide. */
export const UNITS = 1024;

export interface Land {
  path: string;
  west: number;
  east: number;
  north: number;
  south: number;
}

// Land that crosses the line of 180 degrees goes on beyond it, instead of jumping across the map; a
// ring around the pole is closed below it.
function unwrapped(ring: Ring): Point[] {
  let offset = 0;
  let before: number | null = null;
  const points = ring.map(([long = 0, lat = 0]): Point => {
    if (before !== null && long - before > 180) offset -= 1;
    if (before !== null && long - before < -180) offset += 1;
    before = long;
    const at = toWorld({ lat, long });
    return { x: at.x + offset, y: at.y };
  });
  const first = points[0];
  const last = points.at(-1);
  if (first !== undefined && last !== undefined && Math.abs(last.x - first.x) > 0.5)
    points.push({ x: last.x, y: 1 }, { x: first.x, y: 1 });
  return points;
}

function middle(ring: Point[]): number {
  return ring.reduce((sum, { x }) => sum + x, 0) / ring.length;
}

function turned(ring: Point[], turns: number): Point[] {
  return turns === 0 ? ring : ring.map(({ x, y }) => ({ x: x + turns, y }));
}

function landOf(rings: Ring[]): Land {
  const [outer = [], ...inner] = rings.map(unwrapped);
  // Holes, beside what they are in.
  const all = [
    outer,
    ...inner.map((ring) => turned(ring, Math.round(middle(outer) - middle(ring)))),
  ];
  const land: Land = {
    path: "",
    west: Infinity,
    east: -Infinity,
    north: Infinity,
    south: -Infinity,
  };
  for (const { x, y } of all.flat()) {
    land.west = Math.min(land.west, x);
    land.east = Math.max(land.east, x);
    land.north = Math.min(land.north, y);
    land.south = Math.max(land.south, y);
  }
  const written = ({ x, y }: Point) => `${(x * UNITS).toFixed(3)},${(y * UNITS).toFixed(3)}`;
  land.path = all.map((points) => `M${points.map(written).join("L")}Z`).join("");
  return land;
}

async function make(): Promise<Land[]> {
  const topology = (await import("world-atlas/land-110m.json")).default as unknown as Topology<{
    land: GeometryCollection;
  }>;
  return feature(topology, topology.objects.land).features.flatMap(({ geometry }) => {
    if (geometry.type === "Polygon") return [landOf(geometry.coordinates)];
    return geometry.type === "MultiPolygon" ? geometry.coordinates.map(landOf) : [];
  });
}

let made: Promise<Land[]> | null = null;

export function loadLand(): Promise<Land[]> {
  if (made === null) {
    made = make();
    // So that it is tried again later.
    made.catch(() => (made = null));
  }
  return made;
}
