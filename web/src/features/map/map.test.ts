import { expect, test } from "vitest";
import { canOpen, clusters } from "./clusters";
import {
  around,
  boundsOf,
  fit,
  fromWorld,
  isWithin,
  pointToPlace,
  project,
  settle,
  toWorld,
  zoomAt,
} from "./mercator";
import { locatedOfMetadata, locatedOfValue } from "./places";
import { gridLines, scaleBar } from "./scale";
import { keyed } from "./useGestures";

const SIZE = { width: 800, height: 400 };
const HARBOUR = { lat: 53.5413, long: 9.9841 };

test("places go to the map and back", () => {
  const back = fromWorld(toWorld(HARBOUR));

  expect(back.lat).toBeCloseTo(HARBOUR.lat, 9);
  expect(back.long).toBeCloseTo(HARBOUR.long, 9);
  expect(toWorld({ lat: 0, long: 0 })).toEqual({ x: 0.5, y: 0.5 });
  expect(toWorld({ lat: 90, long: 180 }).y).toBeCloseTo(0, 6);
});

test("a point stays under the pointer while the map comes closer", () => {
  const view = settle({ x: 0.4, y: 0.4, zoom: 5 }, SIZE);
  const point = { x: 100, y: 300 };
  const before = pointToPlace(view, SIZE, point);
  const after = pointToPlace(zoomAt(view, SIZE, 2, point), SIZE, point);

  expect(after.lat).toBeCloseTo(before.lat, 6);
  expect(after.long).toBeCloseTo(before.long, 6);
});

test("the map shows no end of the world to the north, and goes round to the west", () => {
  const view = settle({ x: -0.1, y: -3, zoom: 0 }, SIZE);

  expect(view.x).toBeCloseTo(0.9);
  expect(boundsOf(view, SIZE)).toMatchObject({ west: -180, east: 180 });
  expect(boundsOf(view, SIZE).north).toBeCloseTo(85.05, 1);
});

test("bounds over the date line are the short way round", () => {
  const fiji = [
    { lat: -17, long: 177 },
    { lat: -18, long: -179 },
  ];
  const bounds = around(fiji);

  expect(bounds).toEqual({ west: 177, east: -179, south: -18, north: -17 });
  const view = fit(bounds!, SIZE);
  const shown = project(view, SIZE, fiji);
  for (const { x, y } of shown) {
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(SIZE.width);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(SIZE.height);
  }
  expect(isWithin({ lat: -17.5, long: 180 }, bounds!)).toBe(true);
  expect(isWithin({ lat: -17.5, long: 0 }, bounds!)).toBe(false);
  expect(around([])).toBeNull();
  expect(around([HARBOUR])).toEqual({ west: 9.9841, east: 9.9841, south: 53.5413, north: 53.5413 });
});

test("keys move the map", () => {
  const view = settle({ x: 0.5, y: 0.5, zoom: 4 }, SIZE);

  expect(keyed("ArrowRight", view, SIZE)?.x).toBeGreaterThan(view.x);
  expect(keyed("ArrowUp", view, SIZE)?.y).toBeLessThan(view.y);
  expect(keyed("+", view, SIZE)?.zoom).toBe(5);
  expect(keyed("Tab", view, SIZE)).toBeNull();
});

test("locations are read as the search reads them", () => {
  expect(locatedOfMetadata([["Location", '{"lat":53.5,"long":9.9,"alt":6}']])?.place).toEqual({
    lat: 53.5,
    long: 9.9,
  });
  expect(
    locatedOfMetadata([
      ["Latitude", "53.5"],
      ["lon", "9.9"],
    ])?.place,
  ).toEqual({ lat: 53.5, long: 9.9 });
  expect(locatedOfValue('{"type":"Point","coordinates":[9.9,53.5]}')?.place.lat).toBe(53.5);
  const area = locatedOfValue(
    '{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,4],[0,0]]]}}',
  );
  expect(area?.place).toEqual({ lat: 2, long: 1 });
  expect(area?.rings[0]).toHaveLength(4);
});

test("what is no place on the earth is none", () => {
  for (const value of [
    "",
    "[1,2]",
    "null",
    '{"lat":91,"long":0}',
    '{"type":"Point"}',
    '{"type":"Polygon","coordinates":[[["a",1]]]}',
  ])
    expect(locatedOfValue(value)).toBeNull();
  expect(locatedOfMetadata([["Location", "quay 3"]])).toBeNull();
});

test("near things are one cluster from afar and several from close by", () => {
  const things = [HARBOUR, { lat: 53.5409, long: 9.9838 }, { lat: -33.9, long: 18.4 }];
  const far = clusters(things, (place) => place, 3);

  expect(far.map(({ items }) => items.length).sort()).toEqual([1, 2]);
  expect(canOpen(far.find(({ items }) => items.length === 2)!)).toBe(true);
  expect(clusters(things, (place) => place, 17)).toHaveLength(3);
  const same = clusters([HARBOUR, HARBOUR], (place) => place, 17);
  expect(same).toHaveLength(1);
  expect(canOpen(same[0]!)).toBe(false);
});

test("lines of degrees and the bar have round numbers", () => {
  const view = fit({ west: 9, south: 53, east: 11, north: 54 }, SIZE);
  const { columns, rows } = gridLines(view, SIZE);

  expect(columns.length).toBeGreaterThan(1);
  expect(columns[0]?.text).toMatch(/^\d+(\.[05])?° E$/);
  expect(rows[0]?.text).toMatch(/^\d+(\.\d)?° N$/);
  expect(scaleBar(view).text).toMatch(/^[125]0* km$/);
});
