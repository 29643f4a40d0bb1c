// What a list shows, as it stands in the address: a link to a list is a saved search.

export type Mode = "asset" | "file";
export type View = "grid" | "table";

export interface MetadataTerm {
  key: string;
  value: string;
}

export interface BrowseParams {
  q: string;
  mode: Mode;
  databases: string[];
  types: string[];
  tags: string[];
  /** Both ends are days (2026-01-31) or empty; of files only. */
  from: string;
  to: string;
  /** Bytes, or null; of files only. */
  minSize: number | null;
  maxSize: number | null;
  metadata: MetadataTerm[];
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
  from: "",
  to: "",
  minSize: null,
  maxSize: null,
  metadata: [],
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
    from: day("from"),
    to: day("to"),
    minSize: number(url.get("min")),
    maxSize: number(url.get("max")),
    metadata: url.getAll("meta").map((term) => {
      const at = term.indexOf(":");
      return at < 0
        ? { key: term, value: "" }
        : { key: term.slice(0, at), value: term.slice(at + 1) };
    }),
    archived: url.get("archived") === "1",
    sort: sort in SORTS[mode] ? sort : "",
    view: wanted === "grid" || wanted === "table" ? wanted : view,
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
  if (params.from !== "") url.set("from", params.from);
  if (params.to !== "") url.set("to", params.to);
  if (params.minSize !== null) url.set("min", String(params.minSize));
  if (params.maxSize !== null) url.set("max", String(params.maxSize));
  for (const term of params.metadata) url.append("meta", `${term.key}:${term.value}`);
  if (params.archived) url.set("archived", "1");
  if (params.sort !== "") url.set("sort", params.sort);
  if (params.view !== defaultView) url.set("view", params.view);
  if (params.page > 1) url.set("page", String(params.page));
  return url;
}

export function filterCount(params: BrowseParams): number {
  return (
    params.databases.length +
    params.types.length +
    params.tags.length +
    params.metadata.length +
    [
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
