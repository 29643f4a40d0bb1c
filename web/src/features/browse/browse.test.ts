import { expect, test } from "vitest";
import type { SearchHit } from "../../api/types";
import { filePath, hitToItem } from "./items";
import { DEFAULTS, formatParams, parseBox, parseParams, type BrowseParams } from "./params";
import { facetBody, searchBody } from "./query";
import { pieceOf, piecesOf } from "./source";

test("what a list shows survives the way through the address", () => {
  const params: BrowseParams = {
    ...DEFAULTS,
    q: "crane & hook",
    mode: "file",
    databases: ["a", "b"],
    types: ["glb"],
    tags: ["as built"],
    from: "2026-01-31",
    minSize: 1000,
    assets: ["crane"],
    metadata: [
      { key: "Maker", op: "is", value: "North:bank" },
      { key: "a:b%", op: "has", value: "x" },
      { key: "Mass", op: "from", value: "5" },
      { key: "Note", op: "unset", value: "" },
    ],
    anyTerm: true,
    inMetadata: false,
    box: { west: 170, south: -20.5, east: -175, north: 10 },
    archived: true,
    sort: "largest",
    view: "cards",
    page: 3,
  };
  expect(parseParams(new URLSearchParams(formatParams(params).toString()))).toEqual(params);
});

test("nonsense in the address is ignored", () => {
  const url = new URLSearchParams(
    "mode=x&sort=constructor_&from=yesterday&min=-4&page=0&view=wall&linked=all&box=1,2,3&meta=:&meta.has=Maker:",
  );
  expect(parseParams(url)).toEqual(DEFAULTS);
});

test("filters reach the search quoted", () => {
  const body = searchBody({ ...DEFAULTS, tags: ['a "b"'], databases: ["x"] });
  expect(body["filters"]).toEqual([
    { query_string: { query: '(str_databaseid:("x"))' } },
    { query_string: { query: '(list_tags:("a \\"b\\""))' } },
  ]);
});

test("the choices of the filters do not depend on the filters", () => {
  expect(facetBody({ ...DEFAULTS, tags: ["a"] })["filters"]).toEqual([]);
});

test("an area reaches the search as a box", () => {
  const box = { west: 1, south: 2, east: 3, north: 4 };
  expect(searchBody({ ...DEFAULTS, box })["geo"]).toEqual({
    boundingBox: { topLeft: { lat: 4, lon: 1 }, bottomRight: { lat: 2, lon: 3 } },
  });
  expect(parseBox("1,2,3,91")).toBeNull();
  expect(parseBox("1,5,3,4")).toBeNull();
});

test("relationships and days of versions narrow assets down", () => {
  const body = searchBody({ ...DEFAULTS, linked: ["parts"], from: "2026-01-31" });
  expect(body["filters"]).toEqual([
    { query_string: { query: "(bool_has_asset_children:true)" } },
    { query_string: { query: "date_asset_version_createdate:[2026-01-31 TO *]" } },
  ]);
});

test("pieces cover a range without gaps, also beyond the pages by number", () => {
  const pieces = piecesOf(9_950, 12_500);
  expect(pieces[0]).toEqual({ from: 9_900, size: 100 });
  for (let i = 1; i < pieces.length; ++i)
    expect(pieces[i]?.from).toBe((pieces[i - 1]?.from ?? 0) + (pieces[i - 1]?.size ?? 0));
  expect(pieceOf(12_500)).toEqual({ from: 12_000, size: 2_000 });
});

test("a hit on a file becomes an item with its highlights and its own page", () => {
  const hit: SearchHit = {
    _id: "db#asset#/model/a b.glb",
    _score: 1,
    _index_type: "file",
    _source: {
      str_databaseid: "db",
      str_assetid: "asset",
      str_assetname: "Asset",
      str_key: "/model/a b.glb",
      str_fileext: "glb",
      num_filesize: 12,
    },
    highlight: {
      str_fileext: [
        "@opensearch-dashboards-highlighted-field@glb@/opensearch-dashboards-highlighted-field@",
      ],
    },
  };
  const item = hitToItem(hit);
  expect(item).toMatchObject({ name: "a b.glb", type: ".glb", size: 12, kind: "file" });
  expect(item.highlights).toEqual([{ field: "Extension", parts: [{ text: "glb", hit: true }] }]);
  expect(filePath(item.databaseId, item.assetId, item.path)).toBe(
    "/databases/db/assets/asset/file/model/a%20b.glb",
  );
});
