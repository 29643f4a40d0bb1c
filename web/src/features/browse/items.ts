// One shape for what lists show, whether it came from the list of assets or from the search.
import type { Asset, SearchHit } from "../../api/types";
import { extensionOf, plainDatabase } from "../../ui/format";

export interface BrowseItem {
  key: string;
  kind: "asset" | "file";
  databaseId: string;
  assetId: string;
  /** Of the asset, or the file's own. */
  name: string;
  assetName: string;
  description: string;
  /** An asset's type, or a file's extension with its dot. */
  type: string;
  tags: string[];
  archived: boolean;
  /** Version of an asset, as people call it. */
  version: string;
  /** When the version was made, or the file changed. */
  date: string | null;
  /** Only of a file. */
  path: string;
  size: number | null;
  /** Key of a picture: an asset's preview, or a file's. Empty: none. */
  previewKey: string;
  highlights: Highlight[];
  metadata: [string, string][];
}

export interface Highlight {
  field: string;
  parts: { text: string; hit: boolean }[];
}

export function itemOfAsset(asset: Asset): BrowseItem {
  const databaseId = plainDatabase(asset.databaseId);
  const version = asset.currentVersion;
  return {
    key: `${databaseId}#${asset.assetId}`,
    kind: "asset",
    databaseId,
    assetId: asset.assetId,
    name: asset.assetName,
    assetName: asset.assetName,
    description: asset.description,
    type: asset.assetType,
    tags: asset.tags,
    archived: asset.status === "archived",
    version: version === null ? "" : versionName(version.Version, version.versionAlias),
    date: version?.DateModified ?? asset.archivedAt,
    path: "",
    size: null,
    previewKey: asset.previewLocation?.Key ?? "",
    highlights: [],
    metadata: [],
  };
}

export function versionName(number: string, alias: string | null | undefined): string {
  return alias ? `v${number} (${alias})` : `v${number}`;
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" && value !== "" ? [value] : [];
}

const BEGIN = "@opensearch-dashboards-highlighted-field@";
const END = "@/opensearch-dashboards-highlighted-field@";

export function highlightParts(marked: string): Highlight["parts"] {
  const parts: Highlight["parts"] = [];
  for (const [index, piece] of marked.split(BEGIN).entries()) {
    const end = index === 0 ? -1 : piece.indexOf(END);
    if (end < 0) {
      if (piece !== "") parts.push({ text: piece, hit: false });
      continue;
    }
    parts.push({ text: piece.slice(0, end), hit: true });
    const rest = piece.slice(end + END.length);
    if (rest !== "") parts.push({ text: rest, hit: false });
  }
  return parts;
}

const FIELD_NAMES: Record<string, string> = {
  str_assetname: "Name",
  str_description: "Description",
  str_assettype: "Type",
  list_tags: "Tag",
  str_asset_version_comment: "Version comment",
  str_key: "Path",
  str_fileext: "Extension",
};

export function fieldName(field: string): string {
  const bare = field.replace(/\.keyword$/, "");
  return FIELD_NAMES[bare] ?? bare.replace(/^(MD|AB)_\.?/, "").replace(/^_value$/, "Metadata");
}

function highlightsOf(hit: SearchHit): Highlight[] {
  const found = new Map<string, Highlight>();
  for (const [field, values] of Object.entries(hit.highlight ?? {})) {
    const name = fieldName(field);
    const first = values[0];
    if (first !== undefined && !found.has(name))
      found.set(name, { field: name, parts: highlightParts(first) });
  }
  return [...found.values()];
}

function metadataOf(source: Record<string, unknown>): [string, string][] {
  const all: [string, string][] = [];
  for (const name of ["MD_", "AB_"]) {
    const object = source[name];
    if (typeof object !== "object" || object === null) continue;
    for (const [key, value] of Object.entries(object)) all.push([key, text(value)]);
  }
  return all;
}

export function hitToItem(hit: SearchHit): BrowseItem {
  const source = hit._source;
  const isFile = hit._index_type === "file";
  const path = text(source["str_key"]);
  const extension = text(source["str_fileext"]);
  const version = text(source["str_asset_version_id"]);
  return {
    key: hit._id,
    kind: hit._index_type,
    databaseId: plainDatabase(text(source["str_databaseid"])),
    assetId: text(source["str_assetid"]),
    name: isFile ? path.slice(path.lastIndexOf("/") + 1) : text(source["str_assetname"]),
    assetName: text(source["str_assetname"]),
    description: isFile ? path : text(source["str_description"]),
    type: isFile
      ? extension === ""
        ? extensionOf(path)
        : `.${extension.replace(/^\./, "")}`
      : text(source["str_assettype"]),
    tags: texts(source["list_tags"]),
    archived: source["bool_archived"] === true,
    version: version === "" || version.startsWith("v") ? version : `v${version}`,
    date: text(source[isFile ? "date_lastmodified" : "date_asset_version_createdate"]) || null,
    path: isFile ? path : "",
    size: typeof source["num_filesize"] === "number" ? source["num_filesize"] : null,
    previewKey: text(source["str_previewfilekey"]),
    highlights: highlightsOf(hit),
    metadata: metadataOf(source),
  };
}

export function assetPath(databaseId: string, assetId: string): string {
  return `/databases/${encodeURIComponent(databaseId)}/assets/${encodeURIComponent(assetId)}`;
}

export function filePath(databaseId: string, assetId: string, path: string): string {
  const segments = path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
  return `${assetPath(databaseId, assetId)}/file/${segments}`;
}

export function itemPath(item: BrowseItem): string {
  return item.kind === "file"
    ? filePath(item.databaseId, item.assetId, item.path)
    : assetPath(item.databaseId, item.assetId);
}
