// Export: an asset and its children with files, metadata and links, page by page.  Spec:
// api-assets.md section 9.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Exports: thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_files.h"
#include "catalog/caller.h"
#include "catalog/exports_metadata.h"
#include "catalog/exports_tree.h"
#include "catalog/stores.h"
#include "model/export.h"

namespace vams::catalog {

struct ExportedAsset {
  LinkEnd end;
  bool root = false;
  std::optional<Asset> asset;  // nothing: the caller may not see it, and nothing else is known
  std::string bucket_name;     // empty, as the prefix: the bucket has no record
  std::string bucket_prefix;   // what the keys of its assets begin with
  std::string version_created, version_comment;  // of the current version; empty: it has no record
  std::vector<MetadataRow> metadata;             // of the asset itself, by key
};

struct ExportedLink {
  LinkEnd parent, child;
  std::string id;
  std::optional<std::string> alias;
  std::vector<MetadataRow> metadata;  // by key
};

struct ExportEnd {
  std::size_t assets_in_tree = 0;  // each once
  std::size_t assets_in_page = 0;
  std::string next;  // the token of the following page; empty on the last one
};

// One page under way.  Asked in this order: NextAsset, NextFiles until it gives none, NextAsset …
// until it gives none, then NextLinks until it gives none, then Finish.  Memory holds a page of
// files at a time; of the tree only keys.  Belongs to one thread at a time.  Blocks on the item
// store and the object store.
class Export {
 public:
  Export(const Stores& stores, const Caller& caller, model::ExportRequest request, LinkEnd root);
  // A later page: of these, out of so many.
  Export(const Stores& stores, const Caller& caller, model::ExportRequest request, LinkEnd root,
         const std::vector<LinkEnd>& list, std::size_t total);
  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

  Result<std::optional<ExportedAsset>> NextAsset(OpContext& op);
  // Of the asset that NextAsset gave last, in the order of their keys.
  Result<std::vector<ExportedFile>> NextFiles(OpContext& op);
  // Whether this page has links at all: it is the first, and not of one asset alone.
  bool has_links() const { return has_links_; }
  Result<std::vector<ExportedLink>> NextLinks(OpContext& op);
  Result<ExportEnd> Finish(OpContext& op);

  const model::ExportRequest& request() const { return request_; }
  // Who asked, with what was refused on the way.
  const Caller& caller() const { return caller_; }

 private:
  Result<std::optional<Bucket>> BucketOf(OpContext& op, const std::string& id);
  Status Describe(OpContext& op, ExportedAsset& exported);
  Status FindPreviews(OpContext& op, std::vector<ExportedFile>& files);
  Result<std::string> FirstPreview(OpContext& op, const std::string& key);

  const Stores stores_;
  Caller caller_;
  const model::ExportRequest request_;
  const LinkEnd root_;
  const std::optional<std::size_t> total_;  // known from the token
  const bool has_links_;
  const FileFilter filter_;
  ExportTree tree_;
  std::map<std::string, std::optional<Bucket>, std::less<>> buckets_;
  std::size_t in_page_ = 0;

  // The asset whose files are being given.
  std::optional<AssetPlace> place_;
  std::optional<FileMetadata> metadata_;
  FileListRequest files_;

  std::optional<std::vector<LinkEnd>> rest_;
  std::vector<ExportTree::TreeLink> links_;  // the next one is the last
};

class Exports {
 public:
  // What the stores refer to must outlive this.
  explicit Exports(const Stores& stores) : stores_(stores) {}

  // kNotFound "Asset not found"; kInvalid "Not Authorized to access asset" (its wire status is 400;
  // noted with the caller), "Invalid pagination token format".
  Result<std::unique_ptr<Export>> Begin(OpContext& op, Caller& caller, const LinkEnd& root,
                                        model::ExportRequest request);

 private:
  const Stores stores_;
};

}  // namespace vams::catalog
