import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import { BrowsePage } from "./BrowsePage";
import { MapResults } from "./MapResults";
import { DEFAULTS, type BrowseParams } from "./params";

function hit(id: string, location: string) {
  return {
    _id: `plant#${id}`,
    _score: null,
    _index_type: "asset",
    _source: {
      str_databaseid: "plant",
      str_assetid: id,
      str_assetname: id,
      MD_: { Location: location },
    },
    highlight: null,
  };
}

const HITS = [
  hit("crane", '{"lat":53.54,"long":9.98,"alt":6}'),
  hit("scan", '{"lat":53.55,"long":9.99,"alt":1}'),
];

interface Body {
  geo?: { boundingBox: { topLeft: { lat: number }; bottomRight: { lat: number } } };
}

function answer(body: Body) {
  const { topLeft = { lat: 90 }, bottomRight = { lat: -90 } } = body.geo?.boundingBox ?? {};
  const hits = HITS.filter(({ _source }) => {
    const { lat } = JSON.parse(_source.MD_.Location) as { lat: number };
    return lat <= topLeft.lat && lat >= bottomRight.lat;
  });
  return {
    took: 1,
    hits: { total: { value: hits.length, relation: "eq" }, hits },
    aggregations: {},
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
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
});
afterEach(() => vi.unstubAllGlobals());

function Page({ onParams }: { onParams: (params: BrowseParams) => void }) {
  const [params, setParams] = useState<BrowseParams>({ ...DEFAULTS, view: "map" });
  return (
    <MapResults
      params={params}
      all={5}
      onChange={(change) => {
        const next = { ...params, ...change };
        setParams(next);
        onParams(next);
      }}
    />
  );
}

test("places stand on the map and in the list beside it", async () => {
  const person = userEvent.setup();
  serve(({ body }) => answer(body as Body));
  renderApp(<Page onParams={() => undefined} />, { features: [] });

  await screen.findByText("2 places; 3 others have none.");
  const list = screen.getByRole("region", { name: "In the window" });
  expect(within(list).getByRole("link", { name: "crane" })).toBeTruthy();
  await person.click(within(list).getByRole("button", { name: "Show crane on the map" }));
  const popup = await screen.findByRole("dialog", { name: "crane" });
  expect(within(popup).getByRole("link", { name: "crane" }).getAttribute("href")).toContain(
    "plant/assets/crane",
  );
  await person.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("the window of the map is searched", async () => {
  const person = userEvent.setup();
  const found: BrowseParams[] = [];
  serve(({ body }) => answer(body as Body));
  renderApp(<Page onParams={(params) => found.push(params)} />, { features: [] });

  await screen.findByText(/2 places/);
  screen.getByRole("application").focus();
  for (let i = 0; i < 30; ++i) await person.keyboard("{ArrowUp}");
  await person.click(screen.getByRole("button", { name: "Search here" }));
  await screen.findByText(/^0 places/);
  expect(found.at(-1)?.box?.south).toBeGreaterThan(53.55);
  await person.click(screen.getByRole("button", { name: "Search everywhere" }));
  await screen.findByText(/^2 places/);
  expect(found.at(-1)?.box).toBeNull();
});

test("a part of the map where nothing is found can be left again", async () => {
  const person = userEvent.setup();
  serve(({ path, body }) => (path === "search" ? answer(body as Body) : {}));
  renderApp(<BrowsePage />, { features: ["LOCATIONSERVICES"], at: "/assets?view=map" });

  await screen.findByText(/^2 places/);
  expect(screen.getByRole("button", { name: "Map" })).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Whole world" }));
  screen.getByRole("application").focus();
  await person.keyboard("++++");
  await person.click(screen.getByRole("button", { name: "Search here" }));
  await screen.findByText(/^0 places/);
  await screen.findByText(/^Area: /);
  await person.click(screen.getByRole("button", { name: "Search everywhere" }));
  await screen.findByText(/^2 places/);
});
