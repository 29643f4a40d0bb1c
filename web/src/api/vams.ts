// The server's calls, one function each. Paths and bodies live here and nowhere else.
import { call, callRaw, listAll, pageOf, pathOf, sameOrigin, type Page } from "./http";
import type {
  Asset,
  AssetFile,
  AssetVersion,
  Database,
  FileInfo,
  MetadataAnswer,
  SearchAnswer,
  VersionContent,
} from "./types";

/** Names an asset. */
export interface AssetRef {
  databaseId: string;
  assetId: string;
}

export const at = (ref: AssetRef, ...rest: string[]) =>
  pathOf("database", ref.databaseId, "assets", ref.assetId, ...rest);

// ---- Who may see what ---------------------------------------------------------------------------

export async function allowedRoutes(paths: string[]): Promise<Set<string>> {
  const routes = paths.map((path) => ({ method: "GET", route__path: path }));
  const answer = await call<{ allowedRoutes: { route__path: string }[] }>("POST", "auth/routes", {
    body: { routes },
  });
  return new Set(answer.allowedRoutes.map((route) => route.route__path));
}

export const updateLoginProfile = (user: string) =>
  call<unknown>("POST", pathOf("auth", "loginProfile", user));

// ---- Databases ----------------------------------------------------------------------------------

export const listDatabases = (signal?: AbortSignal) => listAll<Database>("database", {}, signal);

// ---- Assets -------------------------------------------------------------------------------------

export async function pageOfAssets(
  databaseId: string | null,
  archived: boolean,
  startingToken: string | null,
  signal?: AbortSignal,
): Promise<Page<Asset>> {
  const path = databaseId === null ? "assets" : pathOf("database", databaseId, "assets");
  const query = { pageSize: 1000, maxItems: 1000, startingToken, showArchived: archived };
  return pageOf<Asset>(await call<unknown>("GET", path, { query, signal }));
}

export const getAsset = (ref: AssetRef, signal?: AbortSignal) =>
  call<Asset>("GET", at(ref), { query: { showArchived: true }, signal });

// ---- Files --------------------------------------------------------------------------------------

export interface FileQuery {
  includeArchived?: boolean;
  assetVersionId?: string | undefined;
}

/** All files. */
export async function listFiles(
  ref: AssetRef,
  query: FileQuery,
  signal?: AbortSignal,
): Promise<AssetFile[]> {
  const all = new Map<string, AssetFile>();
  let startingToken: string | null = null;
  do {
    const answer: { items: AssetFile[]; NextToken: string | null } = await call(
      "GET",
      at(ref, "listFiles"),
      { query: { ...query, pageSize: 1000, startingToken }, signal },
    );
    for (const file of answer.items) all.set(file.relativePath, file);
    startingToken = answer.NextToken;
  } while (startingToken);
  return [...all.values()];
}

export const getFileInfo = (ref: AssetRef, filePath: string, signal?: AbortSignal) =>
  call<FileInfo>("GET", at(ref, "fileInfo"), {
    query: { filePath, includeVersions: true },
    signal,
  });

export interface DownloadVersion {
  versionId?: string | undefined;
  assetVersionId?: string | undefined;
}

/** An address that works without a token for a day. */
export async function fileAddress(
  ref: AssetRef,
  key: string,
  version: DownloadVersion = {},
  signal?: AbortSignal,
): Promise<string> {
  const body = { downloadType: "assetFile", key, ...version };
  const answer = await call<{ downloadUrl: string }>("POST", at(ref, "download"), { body, signal });
  return sameOrigin(answer.downloadUrl);
}

/** A file through this page, with its token. */
export function fetchFile(
  ref: AssetRef,
  path: string,
  version: DownloadVersion = {},
  signal?: AbortSignal,
): Promise<Response> {
  const segments = path.split("/").filter((segment) => segment !== "");
  return callRaw("GET", at(ref, "download", "stream", ...segments), {
    query: { ...version },
    signal,
  });
}

export async function previewAddress(ref: AssetRef, signal?: AbortSignal): Promise<string> {
  const body = { downloadType: "assetPreview" };
  const answer = await call<{ downloadUrl: string }>("POST", at(ref, "download"), { body, signal });
  return sameOrigin(answer.downloadUrl);
}

// ---- Versions -----------------------------------------------------------------------------------

export async function listVersions(ref: AssetRef, signal?: AbortSignal): Promise<AssetVersion[]> {
  const all: AssetVersion[] = [];
  let startingToken: string | null = null;
  do {
    const answer: { versions: AssetVersion[]; NextToken: string | null } = await call(
      "GET",
      at(ref, "getVersions"),
      { query: { pageSize: 1000, showArchived: true, startingToken }, signal },
    );
    all.push(...answer.versions);
    startingToken = answer.NextToken;
  } while (startingToken);
  return all;
}

export const getVersion = (ref: AssetRef, version: string, signal?: AbortSignal) =>
  call<VersionContent>("GET", at(ref, "getVersion", version), { signal });

// ---- Metadata -----------------------------------------------------------------------------------

/** What metadata is about. */
export type MetadataTarget =
  | { kind: "database"; databaseId: string }
  | { kind: "asset"; ref: AssetRef }
  | { kind: "file"; ref: AssetRef; filePath: string; type: "metadata" | "attribute" }
  | { kind: "link"; assetLinkId: string };

export function metadataPath(target: MetadataTarget): string {
  if (target.kind === "database") return pathOf("database", target.databaseId, "metadata");
  if (target.kind === "link") return pathOf("asset-links", target.assetLinkId, "metadata");
  return target.kind === "asset" ? at(target.ref, "metadata") : at(target.ref, "metadata", "file");
}

export function metadataExtra(target: MetadataTarget): Record<string, string> {
  return target.kind === "file" ? { filePath: target.filePath, type: target.type } : {};
}

export const getMetadata = (
  target: MetadataTarget,
  assetVersionId: string | undefined,
  signal?: AbortSignal,
) =>
  call<MetadataAnswer>("GET", metadataPath(target), {
    query: { ...metadataExtra(target), assetVersionId },
    signal,
  });

// ---- Search -------------------------------------------------------------------------------------

export const search = (body: Record<string, unknown>, signal?: AbortSignal) =>
  call<SearchAnswer>("POST", "search", { body, signal });
