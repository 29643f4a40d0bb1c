import { expect, test } from "vitest";
import { runAll } from "./runAll";

test("a failure stops nothing else, and says why", async () => {
  const seen: number[] = [];
  const outcomes = await runAll(
    [1, 2, 3],
    (item) => (item === 2 ? Promise.reject(new Error("no")) : Promise.resolve(seen.push(item))),
    { atOnce: 2 },
  );

  expect(seen).toEqual([1, 3]);
  expect(outcomes.map((outcome) => outcome.error)).toEqual([null, "no", null]);
});

test("no more items are under way than were asked for", async () => {
  let running = 0;
  let most = 0;
  await runAll(
    Array.from({ length: 20 }, (_, index) => index),
    async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      --running;
    },
    { atOnce: 3 },
  );

  expect(most).toBe(3);
});

test("what was not begun when it was stopped is told apart", async () => {
  const stop = new AbortController();
  const outcomes = await runAll(
    ["a", "b"],
    () => {
      stop.abort();
      return Promise.resolve();
    },
    { atOnce: 1, signal: stop.signal },
  );

  expect(outcomes.map((outcome) => outcome.error)).toEqual([null, "It was not begun."]);
});
