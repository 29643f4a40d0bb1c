// What is different between two versions of an asset.
import type { AssetFile, MetadataItem, ValueType, VersionContent } from "../../api/types";

export type Difference = "added" | "removed" | "changed" | "same";

/** A version as far as it is compared. */
export interface Side {
  files: { path: string; versionId: string | null; size: number | null; etag: string | null }[];
  metadata: {
    type: "metadata" | "attribute";
    filePath: string;
    key: string;
    value: string;
    valueType: ValueType;
  }[];
}

export interface FileDifference {
  path: string;
  state: Difference;
  before: { versionId: string | null; size: number | null } | null;
  after: { versionId: string | null; size: number | null } | null;
}

export interface ValueDifference {
  id: string;
  /** "" for the asset itself. */
  filePath: string;
  attribute: boolean;
  key: string;
  state: Difference;
  before: { value: string; valueType: ValueType } | null;
  after: { value: string; valueType: ValueType } | null;
}

const slashed = (path: string) => (path.startsWith("/") ? path : `/${path}`);

export function sideOfVersion(content: VersionContent): Side {
  return {
    files: content.files.map((file) => ({
      path: slashed(file.relativeKey),
      versionId: file.versionId,
      size: file.size,
      etag: file.etag,
    })),
    metadata: content.versionedMetadata.map((item) => ({
      type: item.type,
      filePath: item.filePath,
      key: item.metadataKey,
      value: item.metadataValue,
      valueType: item.metadataValueType,
    })),
  };
}

/** The asset as it is now; of metadata, the asset's own. */
export function sideOfNow(files: AssetFile[], metadata: MetadataItem[]): Side {
  return {
    files: files
      .filter((file) => !file.isFolder && !file.isArchived)
      .map((file) => ({
        path: file.relativePath,
        versionId: file.versionId,
        size: file.size,
        etag: null,
      })),
    metadata: metadata
      .filter((item) => item.metadataValue !== "")
      .map((item) => ({
        type: "metadata",
        filePath: "/",
        key: item.metadataKey,
        value: item.metadataValue,
        valueType: item.metadataValueType,
      })),
  };
}

function pairs<T>(before: Map<string, T>, after: Map<string, T>): [string, T | null, T | null][] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a.localeCompare(b));
  return keys.map((key) => [key, before.get(key) ?? null, after.get(key) ?? null]);
}

function stateOf<T>(before: T | null, after: T | null, same: (a: T, b: T) => boolean): Difference {
  if (before === null) return "added";
  if (after === null) return "removed";
  return same(before, after) ? "same" : "changed";
}

export function compareFiles(before: Side, after: Side): FileDifference[] {
  const byPath = (side: Side) => new Map(side.files.map((file) => [file.path, file]));
  return pairs(byPath(before), byPath(after)).map(([path, a, b]) => ({
    path,
    state: stateOf(
      a,
      b,
      // The same content may have been put there again.
      (x, y) =>
        x.versionId === y.versionId || (x.etag !== null && x.etag === y.etag && x.size === y.size),
    ),
    before: a,
    after: b,
  }));
}

export function compareMetadata(before: Side, after: Side, onlyAsset: boolean): ValueDifference[] {
  const byKey = (side: Side) =>
    new Map(
      side.metadata
        .filter((item) => !onlyAsset || item.filePath === "/")
        .map((item) => [JSON.stringify([item.filePath, item.type, item.key]), item]),
    );
  return pairs(byKey(before), byKey(after)).map(([id, a, b]) => {
    const item = a ?? b;
    return {
      id,
      filePath: item?.filePath === "/" ? "" : (item?.filePath ?? ""),
      attribute: item?.type === "attribute",
      key: item?.key ?? "",
      state: stateOf(a, b, (x, y) => x.value === y.value && x.valueType === y.valueType),
      before: a,
      after: b,
    };
  });
}

export function countStates(list: { state: Difference }[]): Record<Difference, number> {
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  for (const { state } of list) ++counts[state];
  return counts;
}
