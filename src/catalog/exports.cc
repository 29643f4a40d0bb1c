#include "catalog/exports.h"

#include <algorithm>
#include <utility>

#include "catalog/exports_token.h"
#include "catalog/records.h"
#include "catalog/version_records.h"

namespace vams::catalog {

namespace {

// Small first, so that the first byte is soon there; then what the object store gives at once.
constexpr std::size_t kFirstFiles = 100;
constexpr std::size_t kFiles = 1000;
constexpr std::size_t kPreviews = 8;  // a file has one or two, and what follows is read with them
constexpr std::size_t kLinks = 100;   // links whose metadata are read together

ExportTree::Depth DepthOf(const model::ExportRequest& request) {
  if (!request.relationships) return ExportTree::Depth::kRootOnly;
  return request.whole_tree ? ExportTree::Depth::kAll : ExportTree::Depth::kChildren;
}

FileFilter FilterOf(const model::ExportRequest& request) {
  return {.folders = request.folders,
          .primary_only = request.primary_only,
          .extensions = request.extensions};
}

}  // namespace

Export::Export(const Stores& stores, const Caller& caller, model::ExportRequest request,
               LinkEnd root)
    : stores_(stores),
      caller_(caller),
      request_(std::move(request)),
      root_(std::move(root)),
      has_links_(request_.relationships),
      filter_(FilterOf(request_)),
      tree_(stores_.items, caller_, root_, DepthOf(request_),
            request_.relationships && request_.link_metadata) {}

Export::Export(const Stores& stores, const Caller& caller, model::ExportRequest request,
               LinkEnd root, const std::vector<LinkEnd>& list, std::size_t total)
    : stores_(stores),
      caller_(caller),
      request_(std::move(request)),
      root_(std::move(root)),
      total_(total),
      has_links_(false),
      filter_(FilterOf(request_)),
      tree_(stores_.items, caller_, root_, list) {}

Result<std::optional<Bucket>> Export::BucketOf(OpContext& op, const std::string& id) {
  if (const auto known = buckets_.find(id); known != buckets_.end()) return known->second;
  TRY(auto bucket, FindBucket(op, stores_.items, id));
  return buckets_.emplace(id, std::move(bucket)).first->second;
}

// What belongs to an asset besides its files; a record that is missing leaves its fields empty.
Status Export::Describe(OpContext& op, ExportedAsset& exported) {
  const Asset& asset = *exported.asset;
  const MetadataOwner owner{asset.database_id, asset.id};
  if (!asset.bucket_id.empty()) {
    TRY(const auto bucket, BucketOf(op, asset.bucket_id));
    if (bucket && !bucket->prefix.empty()) {
      exported.bucket_name = bucket->name;
      exported.bucket_prefix = BasePrefix(*bucket);
      if (!asset.location.empty()) {
        place_ = AssetPlace{.asset = asset, .bucket = *bucket};
        metadata_.emplace(stores_.items, owner);
        files_ = FileListRequest{.limit = kFirstFiles};
      }
    }
  }
  if (!asset.current_version.empty()) {
    TRY(const auto version, FindVersion(op, stores_.items, owner, asset.current_version));
    if (version) {
      exported.version_created = version->created_at;
      exported.version_comment = version->comment;
    }
  }
  if (!request_.asset_metadata) return Ok();
  TRY(exported.metadata, MetadataOfPath(op, stores_.items, owner, "/"));
  std::erase_if(exported.metadata, [](const MetadataRow& row) {
    return row.kind != MetadataKind::kMetadata || IsHiddenMetadata(row.key);
  });
  return Ok();
}

Result<std::optional<ExportedAsset>> Export::NextAsset(OpContext& op) {
  place_.reset();
  metadata_.reset();
  if (in_page_ == request_.max_assets) return std::optional<ExportedAsset>();
  TRY(auto visited, tree_.Next(op));
  if (!visited) return std::optional<ExportedAsset>();
  ++in_page_;
  ExportedAsset exported;
  exported.end = std::move(visited->end);
  exported.root = visited->root;
  exported.asset = std::move(visited->asset);
  if (exported.asset) TRY_OK(Describe(op, exported));
  return std::optional(std::move(exported));
}

// The first preview of a file may lie on the next page.  Everything between a file and its previews
// begins with the file's key, so that this can only be where the last file of the page does.
Status Export::FindPreviews(OpContext& op, std::vector<ExportedFile>& files) {
  const std::string last = files.back().file.key;
  for (ExportedFile& file : files) {
    if (file.file.folder || !file.file.preview.empty() || !last.starts_with(file.file.key))
      continue;
    TRY(file.file.preview, FirstPreview(op, file.file.key));
  }
  return Ok();
}

// The path of the first one that passes the filter; empty: there is none.
Result<std::string> Export::FirstPreview(OpContext& op, const std::string& key) {
  objects::ListRequest request{.bucket = place_->bucket.name,
                               .prefix = key + std::string(kPreviewInfix),
                               .limit = kPreviews};
  do {
    TRY(const auto page, stores_.objects.List(op, request));
    for (const objects::VersionInfo& info : page.objects)
      if (HasPreviewExtension(info.object.key) && filter_.Passes(info))
        return place_->SlashPathOf(info.object.key);
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return std::string();
}

Result<std::vector<ExportedFile>> Export::NextFiles(OpContext& op) {
  std::vector<ExportedFile> files;
  // A page whose objects are all filtered out is not the end.
  while (files.empty() && place_) {
    TRY_OK(op.Check());
    TRY(auto page, LiveFiles(op, stores_, *place_, files_, filter_));
    for (FileItem& file : page.files) files.push_back({.file = std::move(file)});
    const bool more = !page.next.empty();
    files_.after = std::move(page.next);
    files_.limit = kFiles;
    if (!files.empty()) {
      if (more) TRY_OK(FindPreviews(op, files));
      if (request_.file_metadata) TRY_OK(metadata_->Add(op, files));
    }
    if (!more) place_.reset();
  }
  return files;
}

Result<std::vector<ExportedLink>> Export::NextLinks(OpContext& op) {
  // Links are whole when the tree is.
  if (!rest_) {
    TRY(rest_, tree_.TakeRest(op));
    links_ = tree_.TakeLinks();
    std::ranges::reverse(links_);
  }
  std::vector<ExportedLink> links;
  while (!links_.empty() && links.size() < kLinks) {
    TRY_OK(op.Check());
    ExportTree::TreeLink link = std::move(links_.back());
    links_.pop_back();
    ExportedLink exported{.parent = std::move(link.parent),
                          .child = std::move(link.child),
                          .id = std::move(link.id),
                          .alias = std::move(link.alias)};
    TRY_OK(ForEachOfPartition(
        op, stores_.items, kLinkMetadataTable, exported.id, [&](const items::Item& item) {
          exported.metadata.push_back({.kind = MetadataKind::kMetadata,
                                       .path = {},
                                       .key = std::string(item.Text("metadataKey")),
                                       .value = std::string(item.Text("metadataValue")),
                                       .type = std::string(item.Text("metadataValueType"))});
        }));
    links.push_back(std::move(exported));
  }
  return links;
}

Result<ExportEnd> Export::Finish(OpContext& op) {
  if (!rest_) {
    TRY(rest_, tree_.TakeRest(op));
  }
  ExportEnd end;
  end.assets_in_page = in_page_;
  end.assets_in_tree = total_.value_or(in_page_ + rest_->size());
  if (!rest_->empty())
    end.next = TokenOf({.root = root_, .total = end.assets_in_tree, .rest = *std::move(rest_)});
  return end;
}

Result<std::unique_ptr<Export>> Exports::Begin(OpContext& op, Caller& caller, const LinkEnd& root,
                                               model::ExportRequest request) {
  TRY(const auto asset, FindAsset(op, stores_.items, root.database_id, root.asset_id));
  if (!asset) return Error(Code::kNotFound, "Asset not found");
  if (!caller.Require(ObjectOf(*asset), access::Action::kGet).ok())
    return Error(Code::kInvalid, "Not Authorized to access asset");
  if (!request.token || !request.relationships)
    return std::make_unique<Export>(stores_, caller, std::move(request), root);
  const auto place = ReadExportToken(*request.token, root);
  if (!place) return Error(Code::kInvalid, "Invalid pagination token format");
  request.token.reset();
  return std::make_unique<Export>(stores_, caller, std::move(request), root, place->rest,
                                  place->total);
}

}  // namespace vams::catalog
