// The list's state as a request to the search.
import { effectiveSort, LINKED, type Box, type BrowseParams } from "./params";
import { metadataRequest } from "./terms";

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
  if (facets && file && params.assets.length > 0) filters.push(anyOf("str_assetid", params.assets));
  if (!file) for (const name of params.linked) filters.push(`(${LINKED[name]}:true)`);
  if (params.from !== "" || params.to !== "")
    filters.push(
      range(
        file ? "date_lastmodified" : "date_asset_version_createdate",
        params.from || null,
        params.to || null,
      ),
    );
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

export function geoOf({ west, south, east, north }: Box): Record<string, unknown> {
  return {
    boundingBox: { topLeft: { lat: north, lon: west }, bottomRight: { lat: south, lon: east } },
  };
}

function queryStrings(filters: string[]): { query_string: { query: string } }[] {
  return filters.map((query) => ({ query_string: { query } }));
}

/** `facets`: narrowed down by what was chosen of the counted values, too. */
export function searchBody(params: BrowseParams, facets = true): Record<string, unknown> {
  const sort = effectiveSort(params);
  const metadata = metadataRequest(params.metadata, params.anyTerm, params.mode === "file");
  return {
    ...(params.q === "" ? {} : { query: params.q }),
    ...(metadata.query === "" ? {} : { metadataQuery: metadata.query, metadataSearchMode: "both" }),
    entityTypes: [params.mode],
    filters: queryStrings([...filtersOf(params, facets), ...metadata.filters]),
    ...(params.box === null ? {} : { geo: geoOf(params.box) }),
    sort: sort === null ? ["_score"] : [{ field: sort.field, order: sort.order }],
    includeArchived: params.archived,
    includeHighlights: params.q !== "" || metadata.query !== "",
    includeMetadataInSearch: params.inMetadata,
  };
}

/** For the choices of the filters: as if none of them was set. */
export function facetBody(params: BrowseParams): Record<string, unknown> {
  return {
    ...searchBody(params, false),
    sort: ["_score"],
    includeHighlights: false,
    from: 0,
    size: 1,
  };
}
