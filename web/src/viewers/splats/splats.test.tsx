import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Group } from "three";
import { describe, expect, test, vi } from "vitest";
import { splatFile, splatPly } from "../../../e2e/samples/splats.mjs";
import { renderApp } from "../../test/app";
import { demandSplats, extentOf } from "./format";
import type { SplatModel } from "./load";
import { SplatsPanel } from "./SplatsViewer";

describe("a file of splats", () => {
  test.each<[string, Uint8Array]>([
    [".splat", splatFile()],
    [".ply", splatPly()],
    [".spz", Uint8Array.of(1)],
  ])("%s is taken", (extension, bytes) => {
    expect(() => demandSplats(extension, bytes)).not.toThrow();
  });

  test.each<[string, Uint8Array, RegExp]>([
    [".splat", splatFile(77), /ends within a splat/],
    [".splat", new Uint8Array(), /is empty/],
    [".ply", splatPly(3), /ends after [\d,]+ of its [\d,]+ bytes/],
    [".ply", new TextEncoder().encode("ply\nformat ascii 1.0\nend_header\n"), /but no splats/],
    [".ply", Uint8Array.of(1, 2), /does not begin as a PLY/],
    [".ksplat", Uint8Array.of(1, 2), /ends within its header/],
  ])("%s that is damaged says why", (extension, bytes, words) => {
    expect(() => demandSplats(extension, bytes)).toThrow(words);
  });

  test("single splats far away do not make the view small", () => {
    const near = Array.from({ length: 500 }, (_, i): [number, number, number] => [i / 500, 0, 1]);
    const extent = extentOf([...near, [1e6, 0, 1]]);
    expect(extent?.high[0]).toBeLessThan(1.01);
    expect(extent?.low).toEqual([expect.closeTo(0, 1), 0, 1]);
    expect(extentOf([])).toBeNull();
  });
});

test("which way is up can be turned", async () => {
  const fit = vi.fn();
  const setUpsideDown = vi.fn();
  const model: SplatModel = {
    object: new Group(),
    facts: { triangles: 0, points: 0, parts: 1, vertices: 0, size: [1, 1, 1] },
    zUp: false,
    upsideDown: true,
    setUpsideDown,
    dispose: () => undefined,
  };
  renderApp(<SplatsPanel stage={{ fit }} models={[model]} />);
  await userEvent.click(screen.getByRole("checkbox", { name: "Y is down in the file" }));
  expect(setUpsideDown).toHaveBeenCalledWith(false);
  expect(fit).toHaveBeenCalled();
});
