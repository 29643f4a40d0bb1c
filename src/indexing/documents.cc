#include "indexing/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "indexing/document_parts.h"
#include "items/store.h"
#include "model/database.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using catalog::Asset;
using catalog::Bucket;
using items::Item;
using items::Value;
using search::Write;

namespace {

const std::string kObjects{tables::kObjectsTable};
constexpr std::size_t kMostIndexedKey = 256;  // characters
constexpr std::size_t kMostOfKey = 1024;      // bytes: of sort keys, and of keys of objects

std::size_t CharactersOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The key of the first live preview; empty: none.
Result<std::string> PreviewOf(OpContext& op, items::ItemSource& source, const std::string& bucket,
                              const std::string& key) {
  const std::string prefix = key + std::string(catalog::kPreviewInfix);
  if (prefix.size() > kMostOfKey) return std::string();
  items::QueryRequest request;
  request.table = kObjects;
  request.partition = Value::S(bucket);
  request.sort = items::SortCondition::BeginsWith(Value::S(prefix));
  request.limit = 10;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items)
      if (IsLiveObject(item) && catalog::BaseOfPreview(item.Text("key")) == key)
        return std::string(item.Text("key"));
    request.after = page.next;
  } while (!request.after.empty());
  return std::string();
}

}  // namespace

std::string AssetDocumentId(const AssetRef& asset, bool archived) {
  return fmt::format("{}{}#{}", asset.database_id, archived ? model::kDeletedSuffix : "",
                     asset.asset_id);
}

std::string FileDocumentId(const AssetRef& asset, std::string_view path) {
  return fmt::format("{}#{}#{}", asset.database_id, asset.asset_id, path);
}

bool IsIndexedKey(std::string_view key) {
  // Longer names begin with these too: "pipelines", "preview.png".
  static constexpr std::array<std::string_view, 4> kLeftOut = {"pipeline", "preview", "temp-upload",
                                                               "workspace"};
  if (key.empty() || catalog::IsFolderKey(key) || catalog::IsPreviewKey(key)) return false;
  if (key.size() > kMostIndexedKey && CharactersOf(key) > kMostIndexedKey) return false;
  for (std::string_view rest = key;;) {
    if (std::ranges::any_of(kLeftOut,
                            [&](std::string_view name) { return rest.starts_with(name); }))
      return false;
    const std::size_t slash = rest.find('/');
    if (slash == rest.npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

bool IsOfData(const Error& error) {
  return error.code == Code::kCorrupt || error.code == Code::kInvalid ||
         error.code == Code::kTooLarge;
}

Result<std::optional<Bucket>> DocumentMaker::FindBucket(OpContext& op, const std::string& id) {
  if (const auto known = buckets_.find(id); known != buckets_.end())
    return std::optional(known->second);
  TRY(auto bucket, catalog::FindBucket(op, source_, id));
  if (bucket) buckets_.emplace(id, *bucket);
  return bucket;
}

Result<DocumentMaker::Records> DocumentMaker::FindRecords(OpContext& op, const AssetRef& asset) {
  Records records;
  // What is no id may be no key either.
  if (asset.database_id.empty() || asset.asset_id.empty() ||
      asset.database_id.size() + model::kDeletedSuffix.size() > kMostOfKey ||
      asset.asset_id.size() > kMostOfKey)
    return records;
  const Item keys[] = {
      catalog::AssetKey(asset.database_id, asset.asset_id),
      catalog::AssetKey(asset.database_id + std::string(model::kDeletedSuffix), asset.asset_id)};
  TRY(auto found, source_.BatchGet(op, catalog::kAssetsTable, keys));
  if (found[0]) records.active = catalog::AssetOf(*std::move(found[0]));
  if (found[1]) records.archived = catalog::AssetOf(*std::move(found[1]));
  return records;
}

Status DocumentMaker::AddAsset(OpContext& op, const AssetRef& asset, std::vector<Write>& writes,
                               std::vector<Failure>& failures) {
  TRY(auto records, FindRecords(op, asset));
  for (const bool archived : {false, true}) {
    auto& record = archived ? records.archived : records.active;
    std::string id = AssetDocumentId(asset, archived);
    if (!record) {
      writes.push_back(Write::Remove(std::move(id)));
      continue;
    }
    TRY(auto reader, Read(op, *std::move(record), false));
    auto document = reader.MakeAsset(op);
    if (!document.ok()) {
      if (!IsOfData(document.error())) return document.error();
      failures.push_back({std::move(id), document.error()});
    } else if (*document) {
      writes.push_back(Write::Put(**std::move(document)));
    } else {
      writes.push_back(Write::Remove(std::move(id)));
    }
  }
  return Ok();
}

Status DocumentMaker::AddFiles(OpContext& op, const AssetRef& ref, const Records& records,
                               std::span<const std::string> paths, std::vector<Write>& writes,
                               std::vector<Failure>& failures) {
  const auto& asset = records.owner();
  std::optional<Bucket> bucket;
  if (asset && !asset->location.empty()) {
    TRY(bucket, FindBucket(op, asset->bucket_id));
  }
  std::vector<Item> keys;
  std::vector<std::string_view> names;  // paths of the keys
  for (const std::string& path : paths) {
    std::string key = path.starts_with('/') && bucket ? asset->location + path.substr(1) : "";
    if (IsIndexedKey(key) && key.size() <= kMostOfKey) {
      names.push_back(path);
      keys.push_back(objects::ObjectKey(bucket->name, key));
    } else {
      writes.push_back(Write::Remove(FileDocumentId(ref, path)));
    }
  }
  if (keys.empty()) return Ok();
  TRY(const auto found, source_.BatchGet(op, kObjects, keys));
  std::vector<const Item*> objects;
  std::vector<std::string> there;  // paths of the objects
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) {
      writes.push_back(Write::Remove(FileDocumentId(ref, names[i])));
      continue;
    }
    objects.push_back(&*found[i]);
    there.emplace_back(names[i]);
  }
  TRY(const auto contents, ContentsOf(op, source_, objects));
  for (std::size_t i = 0; i < there.size(); ++i) {
    const auto& [content, error] = contents[i];
    if (error) {
      failures.push_back({FileDocumentId(ref, there[i]), *error});
    } else if (content && BelongsTo(content->version, *asset)) {
      TRY(const auto preview,
          PreviewOf(op, source_, bucket->name, std::string(objects[i]->Text("key"))));
      TRY(auto rows, RowsOfPath(op, source_, ref, there[i]));
      writes.push_back(
          Write::Put(FileDocument(*asset, *bucket, there[i], *content, std::move(rows), preview)));
    } else {
      writes.push_back(Write::Remove(FileDocumentId(ref, there[i])));
    }
  }
  return Ok();
}

}  // namespace vams::indexing
