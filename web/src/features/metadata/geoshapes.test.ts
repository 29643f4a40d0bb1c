import { expect, test } from "vitest";
import { valueProblem } from "./checks";
import {
  addCorner,
  drawn,
  moveCorner,
  readDrawing,
  removeCorner,
  rowsOf,
  shapeName,
  shapeProblem,
  writeDrawing,
  type Geometry,
} from "./geoshapes";

const SQUARE = [
  { lat: 0, long: 0 },
  { lat: 0, long: 2 },
  { lat: 2, long: 2 },
  { lat: 2, long: 0 },
];

const TEXTS = [
  "",
  '{"type":"Point","coordinates":[9.9,53.5,6]}',
  '{"type":"Feature","id":7,"properties":{"name":"Quay"},"geometry":{"type":"LineString","coordinates":[[0,0],[1,1]]}}',
  '{"type":"FeatureCollection","name":"all","features":[{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[1,2]}}]}',
  '{"type":"GeometryCollection","geometries":[{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}]}',
];

test.each(TEXTS)("what nobody changed is written as it was: %s", (text) => {
  const drawing = readDrawing(text);

  expect(drawing).not.toBeNull();
  const again = writeDrawing(drawing!);
  expect(again === "" ? "" : JSON.parse(again)).toEqual(text === "" ? "" : JSON.parse(text));
});

test.each([
  "{",
  "[1,2]",
  '{"type":"Point","coordinates":["a",1]}',
  '{"type":"Polygon","coordinates":[[1,2]]}',
  '{"type":"Feature","geometry":null}',
  '{"type":"FeatureCollection","features":{}}',
])("what cannot be drawn is left to the text: %s", (text) => {
  expect(readDrawing(text)).toBeNull();
});

test("a second shape makes a collection, which the server takes", () => {
  const drawing = readDrawing('{"type":"Point","coordinates":[1,2]}')!;
  const text = writeDrawing({
    ...drawing,
    shapes: [...drawing.shapes, { geometry: drawn("Polygon", SQUARE), feature: null }],
  });

  expect(JSON.parse(text)).toMatchObject({ type: "FeatureCollection" });
  expect(valueProblem("geojson", text)).toBe("");
  expect(readDrawing(text)?.shapes).toHaveLength(2);
});

test("areas are closed and go round against the clock", () => {
  const clockwise = drawn("Polygon", [...SQUARE].reverse());

  const ring = (clockwise.coordinates as number[][][])[0]!;
  expect(ring[0]).toEqual(ring.at(-1));
  expect(ring).toHaveLength(5);
  const turn = ring.slice(0, -1).reduce((sum, [x = 0, y = 0], index) => {
    const [nx = 0, ny = 0] = ring[index + 1] ?? [];
    return sum + (x * ny - nx * y);
  }, 0);
  expect(turn).toBeGreaterThan(0);
});

test("corners are moved, added and removed; an area stays closed", () => {
  const square = drawn("Polygon", SQUARE);
  const moved = moveCorner(square, [0, 0], { lat: -1, long: -1 });
  const ring = (moved.coordinates as number[][][])[0]!;
  expect(ring[0]).toEqual([-1, -1]);
  expect(ring.at(-1)).toEqual([-1, -1]);

  const five = addCorner(square, [0, 3], { lat: 1, long: 0 });
  expect(rowsOf(five)[0]?.corners).toHaveLength(5);
  const back = removeCorner(five, [0, 4]);
  expect(back).toEqual(square);

  const triangle = drawn("Polygon", SQUARE.slice(0, 3));
  expect(removeCorner(triangle, [0, 0])).toBeNull();
  expect(removeCorner(drawn("Point", SQUARE), [])).toBeNull();
});

test("heights stay when a corner is moved", () => {
  const point: Geometry = { type: "Point", coordinates: [1, 2, 30] };

  expect(moveCorner(point, [], { lat: 5, long: 6 }).coordinates).toEqual([6, 5, 30]);
});

test("what is wrong with a shape is said", () => {
  expect(shapeProblem(drawn("Polygon", SQUARE))).toBe("");
  const bow = [SQUARE[0]!, SQUARE[2]!, SQUARE[1]!, SQUARE[3]!];
  expect(shapeProblem(drawn("Polygon", bow))).toContain("crosses itself");
  expect(shapeProblem({ type: "Point", coordinates: [53, 190] })).toContain("not on the earth");
  expect(shapeProblem({ type: "LineString", coordinates: [[1, 1]] })).toContain("two corners");
});

test("shapes have names", () => {
  expect(shapeName(readDrawing(TEXTS[2]!)!.shapes[0]!)).toBe("Quay");
  expect(shapeName({ geometry: drawn("Polygon", SQUARE), feature: null })).toBe(
    "Area with 4 corners",
  );
});
