// Searching and counting in a list that is here as a whole: without a search engine, the browser
// does what little it can.
import { parseInstant } from "../../ui/format";
import type { BrowseItem } from "./items";
import { effectiveSort, type BrowseParams } from "./params";

export interface FacetValue {
  value: string;
  count: number;
}

export interface Facets {
  databases: FacetValue[];
  types: FacetValue[];
  tags: FacetValue[];
  /** Of files: the assets that they belong to. */
  assets: FacetValue[];
}

function countBy(items: BrowseItem[], values: (item: BrowseItem) => string[]): FacetValue[] {
  const counts = new Map<string, number>();
  for (const item of items)
    for (const value of new Set(values(item)))
      if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
}

function matchesText(item: BrowseItem, words: string[]): boolean {
  if (words.length === 0) return true;
  const text =
    `${item.name} ${item.description} ${item.assetId} ${item.type} ${item.tags.join(" ")}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function compare(field: string, a: BrowseItem, b: BrowseItem): number {
  switch (field) {
    case "date_asset_version_createdate":
      return (parseInstant(a.date)?.getTime() ?? 0) - (parseInstant(b.date)?.getTime() ?? 0);
    case "str_assettype":
      return a.type.localeCompare(b.type);
    case "str_databaseid":
      return a.databaseId.localeCompare(b.databaseId);
    default:
      return 0;
  }
}

export function selectItems(
  all: BrowseItem[],
  params: BrowseParams,
): { items: BrowseItem[]; facets: Facets } {
  const words = params.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((item) => matchesText(item, words));
  const facets = {
    databases: countBy(found, (item) => [item.databaseId]),
    types: countBy(found, (item) => [item.type]),
    tags: countBy(found, (item) => item.tags),
    assets: [],
  };
  const has = (wanted: string[], values: string[]) =>
    wanted.length === 0 || values.some((value) => wanted.includes(value));
  const items = found.filter(
    (item) =>
      has(params.databases, [item.databaseId]) &&
      has(params.types, [item.type]) &&
      has(params.tags, item.tags),
  );
  const sort = effectiveSort({ ...params, q: "" });
  const sign = sort?.order === "desc" ? -1 : 1;
  items.sort(
    (a, b) =>
      sign * compare(sort?.field ?? "", a, b) ||
      a.name.localeCompare(b.name, "en", { numeric: true }) ||
      a.key.localeCompare(b.key),
  );
  return { items, facets };
}
