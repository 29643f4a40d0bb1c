import { expect, test } from "vitest";
import { formatDuration, Rate } from "./rate";

test("the rate is that of the last seconds", () => {
  const rate = new Rate();
  expect(rate.perSecond()).toBeNull();
  rate.add(0, 0);
  rate.add(1_000, 1_000_000);
  expect(rate.perSecond()).toBe(1_000_000);
  for (let second = 2; second <= 60; ++second) rate.add(second * 1_000, 1_000_000);
  expect(rate.perSecond()).toBe(0);
});

test.each([
  [0.2, "1 s"],
  [59, "59 s"],
  [90, "2 min"],
  [3_600 * 2 + 60 * 5, "2 h 5 min"],
])("%d s are written %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
