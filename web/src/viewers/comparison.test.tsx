import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { renderApp, serve } from "../test/app";
import ImageComparison from "./image/ImageComparison";
import { comparisonFor } from "./registry";
import TextComparison from "./text/TextComparison";

const shown = vi.hoisted(() => vi.fn());
vi.mock("@codemirror/merge", () => ({
  MergeView: class {
    constructor(config: unknown) {
      shown(config);
    }
    destroy() {}
  },
  unifiedMergeView: (config: unknown) => {
    shown(config);
    return [];
  },
}));

const sides = (path: string) => {
  const side = (assetVersionId: string) => ({
    of: { databaseId: "plant", assetId: "pump" },
    path,
    size: 4,
    assetVersionId,
  });
  return { before: side("1"), after: side("2"), names: { before: "v1", after: "v2" } };
};

beforeEach(() => {
  shown.mockReset();
});

test("texts and pictures can be compared, also where another viewer opens first", () => {
  for (const path of ["/a.py", "/a.csv", "/a.html", "/a.exr", "/a.png"])
    expect(comparisonFor(path)).toBeTruthy();
  for (const path of ["/a.bin", "/a.mp4", "/a.parquet"])
    expect(comparisonFor(path)).toBeUndefined();
});

test("a text is fetched in both versions, and its differences shown in either way", async () => {
  const calls = serve(({ path }) => new Response(path.endsWith("Id=1") ? "one\n" : "two\n"));
  renderApp(<TextComparison {...sides("/a.txt")} />);
  await vi.waitFor(() => expect(shown).toHaveBeenCalled());
  expect(calls.map((call) => /VersionId=(\d)/.exec(call.path)?.[1]).sort()).toEqual(["1", "2"]);
  expect(shown.mock.calls[0]?.[0]).toMatchObject({ a: { doc: "one\n" }, b: { doc: "two\n" } });
  await userEvent.click(screen.getByRole("button", { name: "Beside each other" }));
  await vi.waitFor(() => expect(shown.mock.calls.at(-1)?.[0]).toMatchObject({ original: "one\n" }));
});

test("a text that one of the two does not give says why", async () => {
  serve(({ path }) => new Response(path.endsWith("Id=1") ? "one\n" : new Uint8Array([1, 0, 2])));
  renderApp(<TextComparison {...sides("/a.txt")} />);
  await screen.findByText(/This file is no text/);
});

test("a picture is shown in both versions, over or beside each other", async () => {
  serve(({ body }) => ({
    downloadUrl: `${location.origin}/objects/${(body as { assetVersionId: string }).assetVersionId}.png`,
  }));
  renderApp(<ImageComparison {...sides("/a.png")} />);
  const before = await screen.findByRole("img", { name: "a.png, v1" });
  expect(before.getAttribute("src")).toContain("/objects/1.png");
  const after = await screen.findByRole("img", { name: "a.png, v2" });
  expect(after.getAttribute("src")).toContain("/objects/2.png");
  await screen.findByRole("slider", { name: "Line" });
  await userEvent.click(screen.getByRole("button", { name: "Beside each other" }));
  expect(screen.queryByRole("slider")).toBeNull();
});
