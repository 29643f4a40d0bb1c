// What documents.cc and asset_reader.cc share: the rows of metadata of files, the newest contents
// of objects, and the document of one file.  Internal to indexing.  Spec: search.md section 5.2.
//
// Thread rule: values and functions without state; a FileRows belongs to one thread.  What takes an
// OpContext blocks on the item store.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/asset_records.h"
#include "catalog/metadata_records.h"
#include "indexing/documents.h"
#include "items/store.h"
#include "objects/object_version.h"
#include "search/document.h"

namespace vams::indexing {

// Metadata and attributes as documents hold them.
struct Flat {
  boost::json::object metadata, attributes;
  void Add(catalog::MetadataKind kind, std::string_view key, std::string_view type,
           std::string_view value);
};
// Of one path; of the asset itself it is "/".
Result<Flat> RowsOfPath(OpContext& op, items::ItemSource& source, const AssetRef& asset,
                        std::string_view path);

// The rows of an asset and its files.  As long as there are not very many, all of them are read
// together, once; else those of a page of files by their keys.
class FileRows {
 public:
  // Holding more rows than this at once, or more bytes, is avoided.
  static constexpr std::size_t kMostRows = 20'000;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  // With more distinct keys than this, each file is asked for.
  static constexpr std::size_t kMostKeys = 64;
  // Of so few files each is asked for, rather than all by every key.
  static constexpr std::size_t kFewFiles = 16;

  FileRows(items::ItemSource& source, AssetRef asset)
      : source_(source), asset_(std::move(asset)), owner_{asset_.database_id, asset_.asset_id} {}

  // Before Take of some of these paths, which are in order and next to each other in the folder.
  Status LoadNeighbours(OpContext& op, std::span<const std::string> paths);
  // Of the asset itself.
  Result<Flat> OfAsset(OpContext& op);
  // Each path once.
  Flat Take(const std::string& path);

 private:
  enum class State : std::uint8_t { kUnknown, kWhole, kTooMany };

  Status TryWhole(OpContext& op);
  Result<bool> ReadWhole(OpContext& op, catalog::MetadataKind kind, std::size_t& rows,
                         std::size_t& bytes);

  items::ItemSource& source_;
  const AssetRef asset_;
  const catalog::MetadataOwner owner_;
  State state_ = State::kUnknown;
  bool keys_known_ = false;
  std::optional<std::vector<std::string>> keys_[2];  // by kind; nothing: too many
  std::unordered_map<std::string, Flat> flats_;      // by path
};

// An object as its document shows it.
struct FileContent {
  objects::ObjectVersion version;  // the newest that is no delete marker
  bool archived = false;           // a delete marker is on top of it
};
// The contents of records of tables::kObjectsTable, in order.  Nothing: the object has never had
// any.
struct FoundContent {
  std::optional<FileContent> content;
  std::optional<Error> error;  // of what was read
};
Result<std::vector<FoundContent>> ContentsOf(OpContext& op, items::ItemSource& source,
                                             const std::vector<const items::Item*>& records);

// Whether the newest version of a record of tables::kObjectsTable is content.
bool IsLiveObject(const items::Item& record);

// The asset that its owner marks name; nothing if it has none.
std::optional<AssetRef> OwnerMarks(const objects::UserMetadata& metadata);
// Whether an object in the asset's folder is the asset's.
bool BelongsTo(const objects::ObjectVersion& version, const catalog::Asset& asset);

search::Document FileDocument(const catalog::Asset& asset, const catalog::Bucket& bucket,
                              std::string_view path, const FileContent& content, Flat rows,
                              std::string_view preview_key);
// What documents of both kinds have of the asset and its bucket.
search::Document NewDocument(search::Kind kind, const catalog::Asset& asset,
                             const catalog::Bucket& bucket, bool archived);

AssetRef RefOf(const catalog::Asset& asset);

}  // namespace vams::indexing
