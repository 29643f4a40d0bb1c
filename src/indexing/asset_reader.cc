// AssetReader: the documents of one asset and of the files in its folder.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/link_records.h"
#include "catalog/version_records.h"
#include "indexing/document_parts.h"
#include "search/instants.h"
#include "search/place.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using catalog::Asset;
using catalog::Bucket;
using items::Item;
using items::Value;

namespace {

// Which links there are from an asset, or to it.
struct LinkKinds {
  bool parent_child = false;
  bool related = false;
};

Result<LinkKinds> LinksOf(OpContext& op, items::ItemSource& source, const AssetRef& asset,
                          std::string_view index) {
  LinkKinds kinds;
  items::QueryRequest request;
  request.table = catalog::kLinksTable;
  request.index = index;
  request.partition = Value::S(catalog::PairOf(asset.database_id, asset.asset_id));
  request.limit = 100;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items) {
      const auto type = catalog::FindLinkType(item.Text("relationshipType"));
      (type == catalog::LinkType::kParentChild ? kinds.parent_child : kinds.related) = true;
    }
    request.after = page.next;
  } while (!request.after.empty() && !(kinds.parent_child && kinds.related));
  return kinds;
}

Status AddLinks(OpContext& op, items::ItemSource& source, const AssetRef& asset,
                boost::json::object& fields) {
  TRY(const auto from, LinksOf(op, source, asset, "fromAssetGSI"));
  TRY(const auto to, LinksOf(op, source, asset, "toAssetGSI"));
  fields["bool_has_asset_children"] = from.parent_child;
  fields["bool_has_asset_parents"] = to.parent_child;
  fields["bool_has_assets_related"] = from.related || to.related;
  return Ok();
}

// Versions are filed under the plain id, also those of an archived asset.
Status AddVersion(OpContext& op, items::ItemSource& source, const Asset& asset,
                  boost::json::object& fields) {
  if (asset.current_version.empty()) return Ok();
  TRY(const auto version,
      catalog::FindVersion(op, source, {asset.database_id, asset.id}, asset.current_version));
  if (!version) {
    fields["str_asset_version_id"] = asset.current_version;
    return Ok();
  }
  fields["str_asset_version_id"] =
      version->alias ? fmt::format("v{} ({})", version->id, *version->alias) : version->id;
  // Some early releases wrote "March 09 2025 - 10:00:00", which is no date of an index.
  if (search::ParseInstants(version->created_at))
    fields["date_asset_version_createdate"] = version->created_at;
  fields["str_asset_version_comment"] = version->comment;
  return Ok();
}

boost::json::value TextUnlessEmpty(const std::string& text) {
  if (text.empty()) return nullptr;
  return boost::json::string(text);
}

// A file whose previews may still come: their keys follow its own, with those of other files that
// begin with the same in between.
struct Waiting {
  std::string key;
  std::string path;
  FileContent content;
  Flat rows;
  std::string preview;

  bool MayHave(std::string_view later) const {
    return later.starts_with(key) && later.substr(key.size()) < kBehindPreviews;
  }
  // kPreviewInfix with its last character raised.
  static constexpr std::string_view kBehindPreviews = ".previewFile/";
};

}  // namespace

struct AssetReader::Impl {
  Impl(DocumentMaker& the_maker, Asset the_asset, bool files)
      : maker(the_maker),
        asset(std::move(the_asset)),
        with_files(files),
        rows(the_maker.source(), RefOf(asset)) {}

  Result<bool> OwnsFiles(OpContext& op);
  Result<std::vector<Waiting>> ReadFiles(OpContext& op, const std::vector<Item>& objects,
                                         FilePage& page);
  void Take(std::vector<Waiting> files, const std::vector<Item>& objects, FilePage& page);
  void Leave(std::string_view key, FilePage& page);
  std::string PathOf(std::string_view key) const {
    return fmt::format("/{}", key.substr(asset.location.size()));
  }

  DocumentMaker& maker;
  const Asset asset;
  const bool with_files;
  FileRows rows;
  std::optional<Bucket> bucket;  // looked for by Read
  bool begun = false;
  bool done = false;
  std::string after;
  // Each begins with the key of the one below it.
  std::vector<Waiting> waiting;
};

AssetReader::AssetReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AssetReader::~AssetReader() = default;
AssetReader::AssetReader(AssetReader&&) noexcept = default;
AssetReader& AssetReader::operator=(AssetReader&&) noexcept = default;

const Asset& AssetReader::asset() const { return impl_->asset; }
bool AssetReader::files_done() const { return impl_->done; }

Result<AssetReader> DocumentMaker::Read(OpContext& op, Asset asset, bool with_files) {
  auto impl = std::make_unique<AssetReader::Impl>(*this, std::move(asset), with_files);
  TRY(impl->bucket, FindBucket(op, impl->asset.bucket_id));
  return AssetReader(std::move(impl));
}

Result<std::optional<search::Document>> AssetReader::MakeAsset(OpContext& op) {
  const Asset& asset = impl_->asset;
  if (!impl_->bucket) return std::optional<search::Document>();
  items::ItemSource& source = impl_->maker.source();
  const AssetRef ref = RefOf(asset);
  search::Document document =
      NewDocument(search::Kind::kAsset, asset, *impl_->bucket, asset.archived);
  document.id = AssetDocumentId(ref, asset.archived);
  boost::json::object& fields = document.source;
  fields["str_description"] = TextUnlessEmpty(asset.description);
  fields["str_assettype"] = TextUnlessEmpty(asset.type);
  fields["bool_isdistributable"] = asset.distributable;
  const Value* location = asset.item.Find("assetLocation");
  const bool located = location != nullptr && location->is(items::Kind::kM);
  fields["str_assetlocationkey"] = located ? location->map().Text("Key") : "";
  fields["str_previewfilekey"] = asset.preview.value_or("");
  TRY_OK(AddVersion(op, source, asset, fields));
  TRY_OK(AddLinks(op, source, ref, fields));

  Flat flat;
  if (impl_->with_files) {
    TRY(flat, impl_->rows.OfAsset(op));
  } else {
    TRY(const auto rows, catalog::MetadataOfPath(op, source, catalog::MetadataKind::kMetadata,
                                                 {ref.database_id, ref.asset_id}, "/"));
    for (const auto& row : rows) flat.Add(row.kind, row.key, row.type, row.value);
  }
  document.place = search::PlaceOf(flat.metadata);
  if (!flat.metadata.empty()) fields["MD_"] = std::move(flat.metadata);
  return std::optional(std::move(document));
}

Result<bool> AssetReader::Impl::OwnsFiles(OpContext& op) {
  if (!bucket || asset.location.empty()) return false;
  if (!asset.archived) return true;
  TRY(const auto active, catalog::FindAsset(op, maker.source(), asset.database_id, asset.id));
  return !active.has_value();
}

Result<std::vector<Waiting>> AssetReader::Impl::ReadFiles(OpContext& op,
                                                          const std::vector<Item>& objects,
                                                          FilePage& page) {
  std::vector<const Item*> indexed;
  for (const Item& object : objects)
    if (IsIndexedKey(object.Text("key"))) indexed.push_back(&object);
  TRY(auto contents, ContentsOf(op, maker.source(), indexed));
  std::vector<Waiting> files;
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < indexed.size(); ++i) {
    std::string key(indexed[i]->Text("key"));
    std::string path = PathOf(key);
    auto& [content, error] = contents[i];
    if (error) page.failures.push_back({FileDocumentId(RefOf(asset), path), *std::move(error)});
    if (!content || !BelongsTo(content->version, asset)) continue;
    paths.push_back(path);
    files.push_back({.key = std::move(key),
                     .path = std::move(path),
                     .content = *std::move(content),
                     .rows = {},
                     .preview = {}});
  }
  TRY_OK(rows.LoadNeighbours(op, paths));
  for (Waiting& file : files) file.rows = rows.Take(file.path);
  return files;
}

// Files that can have no preview with this key or a later one are complete.
void AssetReader::Impl::Leave(std::string_view key, FilePage& page) {
  while (!waiting.empty() && !waiting.back().MayHave(key)) {
    Waiting& file = waiting.back();
    page.documents.push_back(
        FileDocument(asset, *bucket, file.path, file.content, std::move(file.rows), file.preview));
    waiting.pop_back();
  }
}

void AssetReader::Impl::Take(std::vector<Waiting> files, const std::vector<Item>& objects,
                             FilePage& page) {
  auto next = files.begin();
  for (const Item& object : objects) {
    const std::string_view key = object.Text("key");
    Leave(key, page);
    if (catalog::IsPreviewKey(key) && IsLiveObject(object)) {
      const auto base = std::ranges::find(waiting, catalog::BaseOfPreview(key), &Waiting::key);
      if (base != waiting.end() && base->preview.empty()) base->preview = key;
    }
    if (next != files.end() && next->key == key) waiting.push_back(std::move(*next++));
  }
}

Result<FilePage> AssetReader::NextFiles(OpContext& op, std::size_t limit) {
  Impl& impl = *impl_;
  FilePage page;
  if (!impl.begun) {
    TRY(const bool owns, impl.OwnsFiles(op));
    impl.begun = true;
    impl.done = !owns;
  }
  if (impl.done) return page;
  items::QueryRequest request;
  request.table = std::string(tables::kObjectsTable);
  request.partition = Value::S(impl.bucket->name);
  request.sort = items::SortCondition::BeginsWith(Value::S(impl.asset.location));
  request.limit = std::max<std::size_t>(limit, 1);
  request.after = impl.after;
  TRY(const items::Page objects, impl.maker.source().Query(op, request));
  page.objects = objects.items.size();
  TRY(auto files, impl.ReadFiles(op, objects.items, page));
  impl.Take(std::move(files), objects.items, page);
  impl.after = objects.next;
  if (impl.after.empty()) {
    impl.Leave("", page);
    impl.done = true;
  }
  return page;
}

}  // namespace vams::indexing
