import { expect, test } from "vitest";
import { loadLand } from "./land";

test("the land lies within the world", async () => {
  const land = await loadLand();

  expect(land.length).toBeGreaterThan(100);
  for (const part of land) {
    expect(part.path).not.toContain("NaN");
    expect(part.north).toBeGreaterThanOrEqual(0);
    expect(part.south).toBeLessThanOrEqual(1);
    // Land that crosses the date line goes on beyond it, but does not run around the world.
    expect(part.east - part.west).toBeLessThanOrEqual(1.01);
  }
  expect(await loadLand()).toBe(land);
});
