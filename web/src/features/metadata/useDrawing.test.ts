import { act, renderHook } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";
import { useDrawing } from "./useDrawing";

const at = (lat: number, long: number) => ({ lat, long });
const same = (a: { lat: number; long: number }, b: { lat: number; long: number }) =>
  Math.hypot(a.lat - b.lat, a.long - b.long) < 0.1;

function begin(text = "") {
  const { result } = renderHook(() => {
    const [value, setValue] = useState(text);
    return { value, work: useDrawing(value, setValue)! };
  });
  return {
    run: (step: (work: NonNullable<ReturnType<typeof useDrawing>>) => void) =>
      act(() => step(result.current.work)),
    value: () => (result.current.value === "" ? "" : (JSON.parse(result.current.value) as unknown)),
    work: () => result.current.work,
  };
}

test("an area is drawn from corner to corner and ended at its first", () => {
  const { run, value, work } = begin();

  run((work) => work.choose("Polygon"));
  for (const corner of [at(0, 0), at(0, 2), at(2, 2)]) run((work) => work.place(corner, same));
  expect(value()).toBe("");
  run((work) => work.place(at(0.01, 0), same));

  expect(value()).toEqual({
    type: "Polygon",
    coordinates: [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 0],
      ],
    ],
  });
  expect(work().draft).toEqual([]);
});

test("a line ends where it was clicked twice; what is too short does not end", () => {
  const { run, value } = begin();

  run((work) => work.choose("LineString"));
  run((work) => work.place(at(1, 1), same));
  run((work) => work.finish());
  expect(value()).toBe("");
  run((work) => work.place(at(2, 2), same));
  run((work) => work.place(at(2, 2), same));

  expect(value()).toMatchObject({
    type: "LineString",
    coordinates: [
      [1, 1],
      [2, 2],
    ],
  });
});

test("every step is undone and done again", () => {
  const { run, value, work } = begin('{"type":"Point","coordinates":[1,2]}');
  const first = value();

  run((work) => work.choose("Point"));
  run((work) => work.place(at(5, 6), same));
  run((work) => work.move(0, [], at(7, 8)));
  const last = value();
  expect(last).toMatchObject({
    type: "FeatureCollection",
    features: [{ geometry: { coordinates: [8, 7] } }, { geometry: { coordinates: [6, 5] } }],
  });
  run((work) => work.undo());
  run((work) => work.undo());
  expect(value()).toEqual(first);
  expect(work().canUndo).toBe(false);
  run((work) => work.redo());
  run((work) => work.redo());
  expect(value()).toEqual(last);
  expect(work().canRedo).toBe(false);
});

test("corners of a shape that is being drawn are taken back one by one", () => {
  const { run, work } = begin();

  run((work) => work.choose("LineString"));
  run((work) => work.place(at(1, 1), same));
  run((work) => work.place(at(2, 2), same));
  run((work) => work.undo());
  expect(work().draft).toEqual([at(1, 1)]);
  run((work) => work.cancel());
  expect(work().draft).toEqual([]);
});

test("a corner too many is removed; of a triangle, the shape goes", () => {
  const { run, value } = begin(
    '{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}',
  );

  run((work) => work.select({ shape: 0, corner: [0, 3] }));
  run((work) => work.remove());
  expect(value()).toMatchObject({
    coordinates: [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 0],
      ],
    ],
  });
  run((work) => work.select({ shape: 0, corner: [0, 1] }));
  run((work) => work.remove());
  expect(value()).toBe("");
});
