// The list's state as a request to the search.
import { effectiveSort, type BrowseParams, type MetadataTerm } from "./params";

function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

function anyOf(field: string, values: string[]): string {
  return `(${field}:(${values.map(quote).join(" OR ")}))`;
}

function range(field: string, from: string | null, to: string | null): string {
  return `${field}:[${from ?? "*"} TO ${to ?? "*"}]`;
}

export function filtersOf(params: BrowseParams, facets = true): string[] {
  const filters: string[] = [];
  const file = params.mode === "file";
  if (facets && params.databases.length > 0)
    filters.push(anyOf("str_databaseid", params.databases));
  if (facets && params.types.length > 0)
    filters.push(anyOf(file ? "str_fileext" : "str_assettype", params.types));
  if (facets && params.tags.length > 0) filters.push(anyOf("list_tags", params.tags));
  if (file && (params.from !== "" || params.to !== ""))
    filters.push(range("date_lastmodified", params.from || null, params.to || null));
  if (file && (params.minSize !== null || params.maxSize !== null))
    filters.push(
      range(
        "num_filesize",
        params.minSize === null ? null : String(params.minSize),
        params.maxSize === null ? null : String(params.maxSize),
      ),
    );
  return filters;
}

/** Without a key, any value; without a value, any asset that has the key. */
export function metadataQueryOf(terms: MetadataTerm[]): string {
  return terms
    .filter((term) => term.key !== "" || term.value !== "")
    .map(
      (term) => `${term.key === "" ? "_value" : term.key}:${term.value === "" ? "*" : term.value}`,
    )
    .join(" AND ");
}

export function searchBody(params: BrowseParams): Record<string, unknown> {
  const sort = effectiveSort(params);
  const metadataQuery = metadataQueryOf(params.metadata);
  return {
    ...(params.q === "" ? {} : { query: params.q }),
    ...(metadataQuery === "" ? {} : { metadataQuery, metadataSearchMode: "both" }),
    entityTypes: [params.mode],
    filters: filtersOf(params).map((query) => ({ query_string: { query } })),
    sort: sort === null ? ["_score"] : [{ field: sort.field, order: sort.order }],
    includeArchived: params.archived,
    includeHighlights: params.q !== "" || metadataQuery !== "",
    includeMetadataInSearch: true,
  };
}

/** For the choices of the filters: as if none of them was set. */
export function facetBody(params: BrowseParams): Record<string, unknown> {
  return {
    ...searchBody(params),
    filters: filtersOf(params, false).map((query) => ({ query_string: { query } })),
    sort: ["_score"],
    includeHighlights: false,
    from: 0,
    size: 1,
  };
}
