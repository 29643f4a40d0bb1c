import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import { BrowsePage } from "./BrowsePage";

const TOTAL = 100_000;

function hit(index: number) {
  return {
    _id: `plant#a${index}`,
    _score: null,
    _index_type: "asset",
    _source: { str_databaseid: "plant", str_assetid: `a${index}`, str_assetname: `Asset ${index}` },
    highlight: null,
  };
}

interface Body {
  from?: number;
  size: number;
  searchAfter?: string;
  aggregations?: boolean;
}

// As the server: numbered pages up to 10,000, then on from where the last one ended.
function answer(body: Body) {
  const from = body.searchAfter === undefined ? (body.from ?? 0) : Number(body.searchAfter);
  const size = Math.min(body.size, TOTAL - from);
  return {
    took: 1,
    hits: {
      total: { value: TOTAL, relation: "eq" },
      hits: Array.from({ length: size }, (_, at) => hit(from + at)),
    },
    aggregations: {},
    aggregationTotal: TOTAL,
    searchAfter: from + size < TOTAL ? String(from + size) : null,
  };
}

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1000);
});
afterEach(() => vi.unstubAllGlobals());

function scrollTo(top: number): void {
  act(() => {
    Object.defineProperty(window, "scrollY", { value: top, configurable: true });
    Object.defineProperty(window, "pageYOffset", { value: top, configurable: true });
    window.dispatchEvent(new Event("scroll"));
  });
}

test("a hundred thousand assets are fetched and drawn where they are looked at only", async () => {
  const bodies: Body[] = [];
  serve(({ path, body }) => {
    if (path !== "search") return {};
    const sent = body as Body;
    if (sent.size >= 100) bodies.push(sent);
    return answer(sent);
  });
  renderApp(<BrowsePage />, { features: [] });

  await screen.findByText("Asset 0");
  expect(screen.getByText("(100,000)")).toBeTruthy();
  const drawn = () => document.querySelectorAll(".vams-cell").length;
  expect(drawn()).toBeLessThan(80);
  expect(bodies).toHaveLength(1);

  const height = Number.parseFloat(document.querySelector<HTMLElement>(".vams-grid")!.style.height);
  const row = height / (TOTAL / 4);
  scrollTo(row * (5_000 / 4));
  await screen.findByText("Asset 5000");
  expect(drawn()).toBeLessThan(80);
  expect(bodies.length).toBeLessThan(5);

  // Beyond the numbered pages, each piece is asked for once, in large pieces.
  scrollTo(row * (50_000 / 4));
  await screen.findByText("Asset 50000");
  const deep = bodies.filter(({ searchAfter }) => searchAfter !== undefined);
  expect(new Set(deep.map(({ searchAfter }) => searchAfter)).size).toBe(deep.length);
  expect(deep.length).toBeLessThan(25);
  expect(drawn()).toBeLessThan(80);

  // Back again, all of it is still here.
  const before = bodies.length;
  scrollTo(0);
  await screen.findByText("Asset 0");
  expect(bodies).toHaveLength(before);
});
