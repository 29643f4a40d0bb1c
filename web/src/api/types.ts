// The shapes of the server's answers, as far as the application reads them.

export interface Database {
  databaseId: string;
  description: string;
  dateCreated: string | null;
  assetCount: number;
  defaultBucketId: string | null;
  bucketName: string | null;
  baseAssetsPrefix: string | null;
  restrictMetadataOutsideSchemas: boolean;
  restrictFileUploadsToExtensions: string;
}

export interface AssetVersionFacts {
  Version: string;
  DateModified: string;
  Comment: string;
  description: string;
  createdBy: string;
  versionAlias: string | null;
}

export interface Asset {
  databaseId: string;
  assetId: string;
  assetName: string;
  description: string;
  isDistributable: boolean;
  tags: string[];
  assetType: string;
  status: "active" | "archived";
  bucketName: string | null;
  currentVersion: AssetVersionFacts | null;
  previewLocation: { Key: string } | null;
  archivedAt: string | null;
  archivedBy: string | null;
  archivedReason: string | null;
}

export interface AssetVersion extends AssetVersionFacts {
  isCurrent: boolean;
  isArchived: boolean;
  fileCount: number;
}

export interface AssetFile {
  fileName: string;
  key: string;
  relativePath: string;
  isFolder: boolean;
  size: number | null;
  dateCreatedCurrentVersion: string;
  versionId: string | null;
  isArchived: boolean;
  currentAssetVersionFileVersionMismatch: boolean | null;
  isPermanentlyDeleted: boolean;
  primaryType: string | null;
  previewFile: string;
}

export interface FileVersion {
  versionId: string;
  lastModified: string;
  size: number;
  isLatest: boolean;
  isArchived: boolean;
  assetVersionIds: { id: string; label: string }[] | null;
}

export interface FileInfo {
  fileName: string;
  relativePath: string;
  size: number;
  contentType: string | null;
  lastModified: string;
  isArchived: boolean;
  primaryType: string | null;
  previewFile: string;
  versions: FileVersion[] | null;
}

export const VALUE_TYPES = [
  "string",
  "multiline_string",
  "inline_controlled_list",
  "number",
  "boolean",
  "date",
  "xyz",
  "wxyz",
  "matrix4x4",
  "geopoint",
  "geojson",
  "lla",
  "json",
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export interface MetadataItem {
  metadataKey: string;
  metadataValue: string;
  metadataValueType: ValueType;
  metadataSchemaName: string | null;
  metadataSchemaField: boolean;
  metadataSchemaRequired: boolean;
  metadataSchemaDefaultValue: string | null;
  metadataSchemaDependsOn: string[] | null;
  metadataSchemaMultiFieldConflict: boolean;
  metadataSchemaControlledListKeys: string[] | null;
}

export interface MetadataAnswer {
  metadata: MetadataItem[];
  restrictMetadataOutsideSchemas: boolean;
}

export interface SearchHit {
  _id: string;
  _score: number | null;
  _source: Record<string, unknown>;
  _index_type: "asset" | "file";
  highlight: Record<string, string[]> | null;
  sort?: unknown[];
}

export interface SearchAnswer {
  took: number;
  hits: { total: { value: number; relation: "eq" | "gte" }; hits: SearchHit[] };
  aggregations: Record<string, { buckets: { key: string; doc_count: number }[] }>;
  aggregationTotal: number | null;
  searchAfter?: string | null;
}

export interface Bucket {
  bucketId: string;
  bucketName: string;
  baseAssetsPrefix: string;
}

export interface Tag {
  tagName: string;
  description: string;
  /** With " [R]" behind it where every asset needs a tag of this type. */
  tagTypeName: string;
}

export interface TagType {
  tagTypeName: string;
  description: string;
  required: string;
  tags: string[];
}

/** A value to be written. */
export interface MetadataEntry {
  metadataKey: string;
  metadataValue: string;
  metadataValueType: ValueType;
}

/** What a call did with each of several things. */
export interface BulkAnswer {
  success: boolean;
  totalItems: number;
  successCount: number;
  failureCount: number;
  successfulItems: string[];
  failedItems: { key: string; error: string }[];
  message: string;
}

export type SchemaEntity =
  "databaseMetadata" | "assetMetadata" | "fileMetadata" | "fileAttribute" | "assetLinkMetadata";

export interface SchemaField {
  metadataFieldKeyName: string;
  metadataFieldValueType: ValueType;
  required: boolean;
  sequence: number | null;
  dependsOnFieldKeyName: string[] | null;
  controlledListKeys: string[] | null;
  defaultMetadataFieldValue: string | null;
}

export interface MetadataSchema {
  metadataSchemaId: string;
  databaseId: string;
  metadataSchemaEntityType: SchemaEntity;
  schemaName: string;
  fileKeyTypeRestriction: string | null;
  fields: { fields: SchemaField[] };
  enabled: boolean;
}

export interface VersionFile {
  relativeKey: string;
  versionId: string;
  isPermanentlyDeleted: boolean;
  isLatestVersionArchived: boolean;
  size: number | null;
  lastModified: string | null;
  etag: string | null;
}

export interface VersionedMetadata {
  type: "metadata" | "attribute";
  filePath: string;
  metadataKey: string;
  metadataValue: string;
  metadataValueType: ValueType;
}

/** What a version holds. */
export interface VersionContent {
  assetVersionId: string;
  dateCreated: string;
  comment: string;
  createdBy: string;
  files: VersionFile[];
  versionedMetadata: VersionedMetadata[];
}

export interface Comment {
  assetId: string;
  "assetVersionId:commentId": string;
  commentBody: string;
  commentOwnerID: string;
  commentOwnerUsername: string;
  dateCreated: string;
  dateEdited?: string;
}

export interface LinkedAsset {
  assetId: string;
  assetName: string;
  databaseId: string;
  assetLinkId: string;
  assetLinkAliasId: string | null;
  children?: LinkedAsset[];
}

export interface AssetLinks {
  related: LinkedAsset[];
  parents: LinkedAsset[];
  children: LinkedAsset[];
  unauthorizedCounts: { related: number; parents: number; children: number };
}
