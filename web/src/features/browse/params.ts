// What a list shows, as it stands in the address: a link to a list is a saved search.
import { readTerms, writeTerms, type MetadataTerm } from "./terms";

export type Mode = "asset" | "file";
export const VIEWS = ["grid", "cards", "table", "map"] as const;
export type View = (typeof VIEWS)[number];

/** What an asset can be linked to, and the search's field that says so. */
export const LINKED = {
  parts: "bool_has_asset_children",
  whole: "bool_has_asset_parents",
  related: "bool_has_assets_related",
} as const;
export type Linked = keyof typeof LINKED;

/** Degrees; west of more than east goes over the date line. */
export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface BrowseParams {
  q: string;
  mode: Mode;
  databases: string[];
  types: string[];
  tags: string[];
  /** Identifiers of the assets whose files are listed; of files only. */
  assets: string[];
  /** Of assets only. */
  linked: Linked[];
  /** Both ends are days (2026-01-31) or empty: when a file changed, or an asset's version was made. */
  from: string;
  to: string;
  /** Bytes, or null; of files only. */
  minSize: number | null;
  maxSize: number | null;
  metadata: MetadataTerm[];
  /** One of the conditions on metadata is enough. */
  anyTerm: boolean;
  /** The searched text may also stand in metadata. */
  inMetadata: boolean;
  /** Where the thing has to be. */
  box: Box | null;
  archived: boolean;
  /** A key of SORTS; empty: by relevance where something is searched for, else by name. */
  sort: string;
  view: View;
  page: number;
}

export interface Sort {
  text: string;
  field: string;
  order: "asc" | "desc";
}

export const SORTS: Record<Mode, Record<string, Sort>> = {
  asset: {
    name: { text: "Name", field: "str_assetname", order: "asc" },
    newest: { text: "Newest version first", field: "date_asset_version_createdate", order: "desc" },
    oldest: { text: "Oldest version first", field: "date_asset_version_createdate", order: "asc" },
    type: { text: "Type", field: "str_assettype", order: "asc" },
    database: { text: "Database", field: "str_databaseid", order: "asc" },
  },
  file: {
    path: { text: "Path", field: "str_key", order: "asc" },
    newest: { text: "Newest first", field: "date_lastmodified", order: "desc" },
    oldest: { text: "Oldest first", field: "date_lastmodified", order: "asc" },
    largest: { text: "Largest first", field: "num_filesize", order: "desc" },
    smallest: { text: "Smallest first", field: "num_filesize", order: "asc" },
    type: { text: "Extension", field: "str_fileext", order: "asc" },
  },
};

export const DEFAULTS: BrowseParams = {
  q: "",
  mode: "asset",
  databases: [],
  types: [],
  tags: [],
  assets: [],
  linked: [],
  from: "",
  to: "",
  minSize: null,
  maxSize: null,
  metadata: [],
  anyTerm: false,
  inMetadata: true,
  box: null,
  archived: false,
  sort: "",
  view: "grid",
  page: 1,
};

const DAY = /^\d{4}-\d\d-\d\d$/;

function number(text: string | null): number | null {
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}

/** west,south,east,north */
export function parseBox(text: string | null): Box | null {
  const parts = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const [west = NaN, south = NaN, east = NaN, north = NaN] = parts;
  const good =
    parts.length === 4 &&
    [west, east].every((long) => Math.abs(long) <= 180) &&
    [south, north].every((lat) => Math.abs(lat) <= 90) &&
    south <= north;
  return good ? { west, south, east, north } : null;
}

export function formatBox({ west, south, east, north }: Box): string {
  return [west, south, east, north].map(round).join(",");
}

export function parseParams(url: URLSearchParams, view: View = "grid"): BrowseParams {
  const mode: Mode = url.get("mode") === "file" ? "file" : "asset";
  const sort = url.get("sort") ?? "";
  const wanted = url.get("view");
  const day = (name: string) => {
    const text = url.get(name) ?? "";
    return DAY.test(text) ? text : "";
  };
  return {
    q: url.get("q") ?? "",
    mode,
    databases: url.getAll("database"),
    types: url.getAll("type"),
    tags: url.getAll("tag"),
    assets: mode === "file" ? url.getAll("asset") : [],
    linked:
      mode === "asset"
        ? url.getAll("linked").filter((name): name is Linked => Object.hasOwn(LINKED, name))
        : [],
    from: day("from"),
    to: day("to"),
    minSize: number(url.get("min")),
    maxSize: number(url.get("max")),
    metadata: readTerms(url),
    anyTerm: url.get("any") === "1",
    inMetadata: url.get("texts") !== "own",
    box: parseBox(url.get("box")),
    archived: url.get("archived") === "1",
    sort: sort in SORTS[mode] ? sort : "",
    view: VIEWS.find((known) => known === wanted) ?? view,
    page: Math.max(1, Math.floor(number(url.get("page")) ?? 1)),
  };
}

export function formatParams(params: BrowseParams, defaultView: View = "grid"): URLSearchParams {
  const url = new URLSearchParams();
  if (params.q !== "") url.set("q", params.q);
  if (params.mode === "file") url.set("mode", "file");
  for (const id of params.databases) url.append("database", id);
  for (const type of params.types) url.append("type", type);
  for (const tag of params.tags) url.append("tag", tag);
  for (const id of params.assets) url.append("asset", id);
  for (const name of params.linked) url.append("linked", name);
  if (params.from !== "") url.set("from", params.from);
  if (params.to !== "") url.set("to", params.to);
  if (params.minSize !== null) url.set("min", String(params.minSize));
  if (params.maxSize !== null) url.set("max", String(params.maxSize));
  writeTerms(params.metadata, url);
  if (params.anyTerm) url.set("any", "1");
  if (!params.inMetadata) url.set("texts", "own");
  if (params.box !== null) url.set("box", formatBox(params.box));
  if (params.archived) url.set("archived", "1");
  if (params.sort !== "") url.set("sort", params.sort);
  if (params.view !== defaultView) url.set("view", params.view);
  if (params.page > 1) url.set("page", String(params.page));
  return url;
}

/** Everything that filters narrow down, taken back. */
export const NO_FILTERS: Partial<BrowseParams> = {
  databases: [],
  types: [],
  tags: [],
  assets: [],
  linked: [],
  from: "",
  to: "",
  minSize: null,
  maxSize: null,
  metadata: [],
  anyTerm: false,
  box: null,
};

export function filterCount(params: BrowseParams): number {
  return (
    params.databases.length +
    params.types.length +
    params.tags.length +
    params.assets.length +
    params.linked.length +
    params.metadata.length +
    [
      params.box !== null,
      params.from !== "" || params.to !== "",
      params.minSize !== null || params.maxSize !== null,
    ].filter(Boolean).length
  );
}

export function effectiveSort(params: BrowseParams): Sort | null {
  const sorts = SORTS[params.mode];
  if (params.sort !== "") return sorts[params.sort] ?? null;
  if (params.q !== "" || params.metadata.length > 0) return null;
  return sorts[params.mode === "asset" ? "name" : "path"] ?? null;
}
