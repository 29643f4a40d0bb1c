// Rows of metadata of assets and files as they follow their files: reading them, and the writes
// that move, copy and remove them.  Internal to catalog. Spec: data-model.md
// (AssetFileMetadataStorageTableV2, FileAttributeStorageTableV2), api-assets.md sections 6.4, 6.8,
// 10; api-metadata.md.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

inline const std::string kFileMetadataTable = "AssetFileMetadataStorageTableV2";
inline const std::string kFileAttributesTable = "FileAttributeStorageTableV2";

enum class MetadataKind : std::uint8_t { kMetadata, kAttribute };
// "metadata" and "attribute", as snapshots of versions spell them.
std::string_view MetadataKindName(MetadataKind kind);

struct MetadataRow {
  MetadataKind kind = MetadataKind::kMetadata;
  std::string path;  // "/scan/a.e57"; "/" is the asset itself
  std::string key;
  std::string value;
  std::string type;  // metadataValueType
};

// Whose row it is; the ids are plain.
struct MetadataOwner {
  std::string database_id, asset_id;
};

// Of one path, by key: of one kind, and of both; and of the asset with all its files.
Result<std::vector<MetadataRow>> MetadataOfPath(OpContext& op, items::ItemSource& source,
                                                MetadataKind kind, const MetadataOwner& owner,
                                                std::string_view path);
Result<std::vector<MetadataRow>> MetadataOfPath(OpContext& op, items::ItemSource& source,
                                                const MetadataOwner& owner, std::string_view path);
Result<std::vector<MetadataRow>> MetadataOfAsset(OpContext& op, items::ItemSource& source,
                                                 const MetadataOwner& owner);

// ---- Reading the rows of many files without a query for each.

// The keys that the asset and its files have rows of, in order; nothing if there are more than
// `limit` of them.
Result<std::optional<std::vector<std::string>>> MetadataKeysOf(OpContext& op,
                                                               items::ItemSource& source,
                                                               MetadataKind kind,
                                                               const MetadataOwner& owner,
                                                               std::size_t limit);
// Calls `visit` with every row that has this key and a path from `first` to `last`, both included,
// by path.  The views die with the call.
struct MetadataView {
  std::string_view path, value, type;
};
Status ForEachOfKey(OpContext& op, items::ItemSource& source, MetadataKind kind,
                    const MetadataOwner& owner, const std::string& key, std::string_view first,
                    std::string_view last, const std::function<void(const MetadataView&)>& visit);

items::Write PutMetadata(const MetadataOwner& owner, const MetadataRow& row);
// The row still holds what was read.
items::Condition IsUnchanged(const MetadataRow& row);
items::Write DeleteMetadata(const MetadataOwner& owner, const MetadataRow& row);
// The commit fails unless the row is still there with this value.
items::Write DeleteMetadataIfSame(const MetadataOwner& owner, const MetadataRow& row);

// The rows of `from` as rows of `to`, merged with what `to` has: the same key with the same value
// is left, with another it comes as `key_copy_` and 8 hexadecimal digits (section 6.4).
std::vector<MetadataRow> MergedInto(std::string_view to_path, const std::vector<MetadataRow>& from,
                                    const std::vector<MetadataRow>& to, Random& random);

}  // namespace vams::catalog
