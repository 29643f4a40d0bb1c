// The server's calls that change something, and the lists that only forms need. Uploads have a file
// of their own.
import { call, listAll, pathOf } from "./http";
import { randomId } from "./id";
import type {
  AssetLinks,
  BulkAnswer,
  Bucket,
  Comment,
  MetadataEntry,
  MetadataSchema,
  SchemaEntity,
  Tag,
  TagType,
} from "./types";
import { at, metadataExtra, metadataPath, type AssetRef, type MetadataTarget } from "./vams";

// ---- Databases ----------------------------------------------------------------------------------

export interface DatabaseForm {
  databaseId: string;
  description: string;
  defaultBucketId: string;
  restrictMetadataOutsideSchemas: boolean;
  restrictFileUploadsToExtensions: string;
}

export const listBuckets = (signal?: AbortSignal) => listAll<Bucket>("buckets", {}, signal);

export const createDatabase = (body: DatabaseForm) => call<unknown>("POST", "database", { body });

export function updateDatabase({ databaseId, ...body }: DatabaseForm) {
  return call<unknown>("PUT", pathOf("database", databaseId), { body });
}

export const deleteDatabase = (databaseId: string) =>
  call<unknown>("DELETE", pathOf("database", databaseId));

// ---- Assets -------------------------------------------------------------------------------------

export interface AssetFields {
  assetName: string;
  description: string;
  isDistributable: boolean;
  tags: string[];
}

export async function createAsset(
  databaseId: string,
  assetId: string | undefined,
  fields: AssetFields,
): Promise<AssetRef> {
  const body = { databaseId, ...(assetId === undefined ? {} : { assetId }), ...fields };
  const answer = await call<{ assetId: string }>("POST", "assets", { body });
  return { databaseId, assetId: answer.assetId };
}

export const updateAsset = (ref: AssetRef, body: Partial<AssetFields>) =>
  call<unknown>("PUT", at(ref), { body });

export const archiveAsset = (ref: AssetRef, reason: string) =>
  call<unknown>("DELETE", at(ref, "archiveAsset"), {
    body: { confirmArchive: true, ...(reason === "" ? {} : { reason }) },
  });

export const unarchiveAsset = (ref: AssetRef, reason = "") =>
  call<unknown>("PUT", at(ref, "unarchiveAsset"), {
    body: { confirmUnarchive: true, ...(reason === "" ? {} : { reason }) },
  });

export const deleteAsset = (ref: AssetRef) =>
  call<unknown>("DELETE", at(ref, "deleteAsset"), { body: { confirmPermanentDelete: true } });

export const deleteAssetPreview = (ref: AssetRef) =>
  call<unknown>("DELETE", at(ref, "deleteAssetPreview"));

// ---- Tags ---------------------------------------------------------------------------------------

export const listTags = (signal?: AbortSignal) => listAll<Tag>("tags", {}, signal);
export const listTagTypes = (signal?: AbortSignal) => listAll<TagType>("tag-types", {}, signal);

// ---- Files --------------------------------------------------------------------------------------

export const createFolder = (ref: AssetRef, relativeKey: string) =>
  call<unknown>("POST", at(ref, "createFolder"), { body: { relativeKey } });

export const moveFile = (ref: AssetRef, sourcePath: string, destinationPath: string) =>
  call<unknown>("POST", at(ref, "moveFile"), { body: { sourcePath, destinationPath } });

export function copyFile(
  ref: AssetRef,
  sourcePath: string,
  destinationPath: string,
  destination: AssetRef = ref,
) {
  const elsewhere =
    destination.assetId !== ref.assetId || destination.databaseId !== ref.databaseId;
  const other = {
    destinationAssetId: destination.assetId,
    destinationDatabaseId: destination.databaseId,
  };
  return call<unknown>("POST", at(ref, "copyFile"), {
    body: { sourcePath, destinationPath, ...(elsewhere ? other : {}) },
  });
}

export const archiveFile = (ref: AssetRef, filePath: string, isPrefix = false) =>
  call<unknown>("DELETE", at(ref, "archiveFile"), { body: { filePath, isPrefix } });

export const unarchiveFile = (ref: AssetRef, filePath: string) =>
  call<unknown>("POST", at(ref, "unarchiveFile"), { body: { filePath } });

export const deleteFile = (ref: AssetRef, filePath: string, isPrefix = false) =>
  call<unknown>("DELETE", at(ref, "deleteFile"), {
    body: { filePath, isPrefix, confirmPermanentDelete: true },
  });

export const revertFile = (ref: AssetRef, filePath: string, versionId: string) =>
  call<unknown>("POST", at(ref, "revertFileVersion", versionId), { body: { filePath } });

export function setPrimaryType(ref: AssetRef, filePath: string, type: string, other: string) {
  const body = {
    filePath,
    primaryType: type,
    ...(type === "other" ? { primaryTypeOther: other } : {}),
  };
  return call<unknown>("PUT", at(ref, "setPrimaryFile"), { body });
}

// ---- Versions -----------------------------------------------------------------------------------

export interface VersionForm {
  comment: string;
  versionAlias: string;
}

export const createVersion = (
  ref: AssetRef,
  form: VersionForm,
  files: { relativeKey: string; versionId: string }[] | null,
) =>
  call<{ assetVersionId: string; skippedFiles: string[] | null }>(
    "POST",
    at(ref, "createVersion"),
    {
      body: {
        comment: form.comment,
        ...(form.versionAlias === "" ? {} : { versionAlias: form.versionAlias }),
        ...(files === null ? { useLatestFiles: true } : { useLatestFiles: false, files }),
      },
    },
  );

export const updateVersion = (ref: AssetRef, version: string, form: VersionForm) =>
  call<unknown>("PUT", at(ref, "assetversions", version), { body: form });

export const archiveVersion = (ref: AssetRef, version: string) =>
  call<unknown>("POST", at(ref, "assetversions", version, "archive"));

export const unarchiveVersion = (ref: AssetRef, version: string) =>
  call<unknown>("POST", at(ref, "assetversions", version, "unarchive"));

export const revertVersion = (
  ref: AssetRef,
  version: string,
  body: { comment: string; revertMetadata: boolean },
) =>
  call<{ assetVersionId: string; skippedFiles: string[] | null }>(
    "POST",
    at(ref, "revertAssetVersion", version),
    { body },
  );

// ---- Metadata -----------------------------------------------------------------------------------

export const putMetadata = (
  target: MetadataTarget,
  metadata: MetadataEntry[],
  updateType: "update" | "replace_all" = "update",
) =>
  call<BulkAnswer>("PUT", metadataPath(target), {
    body: { ...metadataExtra(target), metadata, updateType },
  });

export const deleteMetadata = (target: MetadataTarget, metadataKeys: string[]) =>
  call<BulkAnswer>("DELETE", metadataPath(target), {
    body: { ...metadataExtra(target), metadataKeys },
  });

/** Schemas that count in a database: its own and those of all. */
export async function listSchemas(
  databaseId: string,
  metadataEntityType: SchemaEntity,
  signal?: AbortSignal,
): Promise<MetadataSchema[]> {
  const lists = await Promise.all(
    [...new Set([databaseId, "GLOBAL"])].map((scope) =>
      listAll<MetadataSchema>("metadataschema", { databaseId: scope, metadataEntityType }, signal),
    ),
  );
  return lists.flat().filter((schema) => schema.enabled);
}

// ---- Comments -----------------------------------------------------------------------------------

// The colon belongs to the path's own text.
const commentPath = (assetId: string, key: string) =>
  `${pathOf("comments", "assets", assetId)}/assetVersionId:commentId/${key.split(":").map(encodeURIComponent).join(":")}`;

export async function listComments(assetId: string, signal?: AbortSignal): Promise<Comment[]> {
  const answer = await call<{ message: Comment[] }>("GET", pathOf("comments", "assets", assetId), {
    signal,
  });
  return answer.message;
}

export const addComment = (assetId: string, version: string, commentBody: string) =>
  call<unknown>("POST", commentPath(assetId, `${version}:x${randomId()}`), {
    body: { commentBody },
  });

export const editComment = (assetId: string, key: string, commentBody: string) =>
  call<unknown>("PUT", commentPath(assetId, key), { body: { commentBody } });

export const deleteComment = (assetId: string, key: string) =>
  call<unknown>("DELETE", commentPath(assetId, key));

// ---- Subscriptions ------------------------------------------------------------------------------

const subscription = (assetId: string, user: string) => ({
  eventName: "Asset Version Change",
  entityName: "Asset",
  entityId: assetId,
  subscribers: [user],
});

export async function isSubscribed(assetId: string, userId: string): Promise<boolean> {
  const body = { userId, assetId };
  const answer = await call<{ message: string }>("POST", "check-subscription", { body });
  return answer.message === "success";
}

export const subscribe = (assetId: string, user: string) =>
  call<unknown>("POST", "subscriptions", { body: subscription(assetId, user) });

export const unsubscribe = (assetId: string, user: string) =>
  call<unknown>("DELETE", "unsubscribe", { body: subscription(assetId, user) });

// ---- Links between assets -----------------------------------------------------------------------

export const listLinks = (ref: AssetRef, signal?: AbortSignal) =>
  call<AssetLinks>("GET", at(ref, "asset-links"), { query: { childTreeView: true }, signal });

export interface LinkForm {
  from: AssetRef;
  to: AssetRef;
  relationshipType: "related" | "parentChild";
  alias: string;
}

export const createLink = ({ from, to, relationshipType, alias }: LinkForm) =>
  call<{ assetLinkId: string }>("POST", "asset-links", {
    body: {
      fromAssetId: from.assetId,
      fromAssetDatabaseId: from.databaseId,
      toAssetId: to.assetId,
      toAssetDatabaseId: to.databaseId,
      relationshipType,
      ...(alias === "" ? {} : { assetLinkAliasId: alias }),
    },
  });

export const deleteLink = (assetLinkId: string) =>
  call<unknown>("DELETE", pathOf("asset-links", assetLinkId));

// ---- Export -------------------------------------------------------------------------------------

export interface ExportOptions {
  generatePresignedUrls: boolean;
  includeFileMetadata: boolean;
  includeAssetMetadata: boolean;
  includeAssetLinkMetadata: boolean;
  fetchAssetRelationships: boolean;
  fetchEntireChildrenSubtrees: boolean;
  includeOnlyPrimaryTypeFiles: boolean;
  fileExtensions: string[];
}

interface ExportPage {
  assets: unknown[];
  relationships: unknown[] | null;
  totalAssetsInTree: number;
  NextToken?: string | null;
}

/** The whole export, its pages put together. */
export async function exportAsset(
  ref: AssetRef,
  options: ExportOptions,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<{ assets: unknown[]; relationships: unknown[] | null }> {
  const { fileExtensions, ...flags } = options;
  const assets: unknown[] = [];
  let relationships: unknown[] | null = null;
  let startingToken: string | null = null;
  do {
    const page: ExportPage = await call<ExportPage>("POST", at(ref, "export"), {
      body: {
        ...flags,
        ...(fileExtensions.length === 0 ? {} : { fileExtensions }),
        ...(startingToken === null ? {} : { startingToken }),
      },
      signal,
    });
    assets.push(...page.assets);
    relationships ??= page.relationships;
    onProgress(assets.length, page.totalAssetsInTree);
    startingToken = page.NextToken ?? null;
  } while (startingToken !== null);
  return { assets, relationships };
}
