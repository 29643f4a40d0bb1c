// Makes the search documents of assets and of their files from what the item store holds: records,
// versions, links, rows of metadata, and the records of objects (tables::kObjectsTable), so that a
// snapshot of the items is enough.  Who follows the change log and who builds an index anew make
// them here, and so the same ones.  Spec: search.md sections 5 and 7;
// docs/formats/search-documents.md.
//
// An object is a file of an asset if it lies in the asset's folder, and its owner marks name the
// asset; or it has none and the folder has the name of the asset's id.  Not a file is what
// IsIndexedKey leaves out.  Where an active and an archived record have the same ids, the files are
// the active one's.
//
// Thread rule: a DocumentMaker and its readers belong to one thread.  Calls block on the item
// store.  An error is the store's, except where a Failure names the document that it is about.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "items/store.h"
#include "search/search.h"

namespace vams::indexing {

// The ids are plain.
struct AssetRef {
  std::string database_id, asset_id;
  auto operator<=>(const AssetRef&) const = default;
};

// `path` is "/scan/a.e57".
std::string AssetDocumentId(const AssetRef& asset, bool archived);
std::string FileDocumentId(const AssetRef& asset, std::string_view path);

// Whether an object with this key can have a document: folder markers, previews of files, folders
// and files whose names begin with those of work in progress, and keys of more than 256 characters
// have none (section 7.3).
bool IsIndexedKey(std::string_view key);

// A document that could not be made, and why; the others are not touched by that.
struct Failure {
  std::string id;
  Error error;
};
// Whether an error is about what was read rather than about reading: trying again is of no use
// before the data has changed.
bool IsOfData(const Error& error);

struct FilePage {
  std::vector<search::Document> documents;
  std::vector<Failure> failures;
  std::uint64_t objects = 0;  // looked at
};

// The documents of one record of AssetStorageTable.  Memory and time for a page do not depend on
// how many files there are.
class AssetReader {
 public:
  ~AssetReader();
  AssetReader(AssetReader&&) noexcept;
  AssetReader& operator=(AssetReader&&) noexcept;

  const catalog::Asset& asset() const;
  // Nothing if the bucket record that the asset names is not there: then it has no files either.
  Result<std::optional<search::Document>> MakeAsset(OpContext& op);
  // The files of the next `limit` objects of the asset's folder, by key; the document of a file may
  // come a page later, when its previews are known.  Range queries, whose number follows that of
  // the pages.
  Result<FilePage> NextFiles(OpContext& op, std::size_t limit);
  bool files_done() const;

 private:
  friend class DocumentMaker;
  struct Impl;
  explicit AssetReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class DocumentMaker {
 public:
  // Must outlive this and its readers.
  explicit DocumentMaker(items::ItemSource& source) : source_(source) {}

  // Whose MakeAsset and NextFiles will be called (with_files) or MakeAsset alone.
  Result<AssetReader> Read(OpContext& op, catalog::Asset asset, bool with_files);

  // Records of the asset as they are now.
  struct Records {
    std::optional<catalog::Asset> active, archived;
    // Whose the files are.
    const std::optional<catalog::Asset>& owner() const { return active ? active : archived; }
  };
  Result<Records> FindRecords(OpContext& op, const AssetRef& asset);

  // What makes an index true for the asset without its files: the document of each of its two ids
  // is put or removed.
  Status AddAsset(OpContext& op, const AssetRef& asset, std::vector<search::Write>& writes,
                  std::vector<Failure>& failures);
  // The same for some of its files, by path.  `records` are the asset's.
  Status AddFiles(OpContext& op, const AssetRef& asset, const Records& records,
                  std::span<const std::string> paths, std::vector<search::Write>& writes,
                  std::vector<Failure>& failures);

  // Nothing: no such record, or one without a prefix.
  Result<std::optional<catalog::Bucket>> FindBucket(OpContext& op, const std::string& id);
  items::ItemSource& source() { return source_; }

 private:
  items::ItemSource& source_;
  std::map<std::string, catalog::Bucket> buckets_;  // records are never changed nor removed
};

}  // namespace vams::indexing
