import { expect, test } from "vitest";
import { layOut, leftOf, MOST_HEIGHT } from "./geometry";

test("tiles fill the room side by side", () => {
  const geometry = layOut("grid", 1000, 95, false);

  expect(geometry.columns).toBe(4);
  expect(geometry.rows).toBe(24);
  expect(geometry.left).toBe(0);
  expect(leftOf(3, geometry) + geometry.width).toBeCloseTo(1000);
});

test("a phone has two pictures side by side, or one card", () => {
  expect(layOut("grid", 350, 10, false).columns).toBe(2);
  expect(layOut("cards", 350, 10, false).columns).toBe(1);
});

test("what was found makes tiles higher", () => {
  expect(layOut("cards", 900, 1, true).height).toBeGreaterThan(
    layOut("cards", 900, 1, false).height,
  );
});

test("a hundred thousand fit, and no list is higher than browsers can scroll", () => {
  for (const room of [320, 350, 1000, 1900]) {
    expect(layOut("grid", room, 100_000, true).left).toBe(0);
    const many = layOut("cards", room, 5_000_000, true);
    expect(many.rows * many.pitch).toBeLessThanOrEqual(MOST_HEIGHT);
    expect(many.left).toBe(5_000_000 - many.rows * many.columns);
  }
});

test("nothing breaks before the width is known", () => {
  expect(layOut("grid", 0, 10, false)).toMatchObject({ columns: 1, width: 0 });
});
