// What the tests of searching share: assets whose records and search documents are put side by
// side, so that one of them can be behind, and an engine that does not filter.
//
//   SearchBench bench;                       // the database "harbor"
//   bench.Store(thing); bench.Index(thing);  // its record; its documents in bench.index
//
// A bench belongs to one thread and blocks on disk; the engine is as thread-safe as what it wraps.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catalog/asset_search.h"
#include "catalog/asset_support_test.h"
#include "search/memory/memory_index.h"
#include "testing/forwarding_index.h"

namespace vams::catalog::test {

// An asset; each of `files` is a path whose document goes with it.
struct Thing {
  std::string database = kDatabase;
  std::string id = "crane";
  std::string name = "Crane";
  std::string type = ".glb";
  std::vector<std::string> tags = {};
  bool archived = false;
  std::vector<std::string> files = {};
  std::vector<std::string> archived_files = {};
  std::string description = "Of a test";
  std::string maker = {};
};

inline search::Document DocumentOf(const Thing& thing, search::Kind kind, bool archived) {
  search::Document document{.kind = kind,
                            .id = thing.database + (archived ? "#deleted#" : "#") + thing.id,
                            .source = {},
                            .access = {thing.database, thing.type, thing.tags},
                            .asset_name = thing.name,
                            .archived = archived,
                            .place = {}};
  std::ranges::sort(document.access.tags);
  document.source = {{"str_databaseid", thing.database},
                     {"str_assetid", thing.id},
                     {"str_assetname", thing.name},
                     {"list_tags", boost::json::array(thing.tags.begin(), thing.tags.end())},
                     {"bool_archived", archived}};
  if (!thing.maker.empty()) document.source["MD_"] = boost::json::object{{"maker", thing.maker}};
  return document;
}

inline std::vector<search::Document> DocumentsOf(const Thing& thing) {
  std::vector<search::Document> documents = {
      DocumentOf(thing, search::Kind::kAsset, thing.archived)};
  documents[0].source["str_assettype"] = thing.type;
  documents[0].source["str_description"] = thing.description;
  const auto add = [&](const std::string& path, bool archived) {
    search::Document file = DocumentOf(thing, search::Kind::kFile, archived);
    file.id = thing.database + "#" + thing.id + "#" + path;
    file.source["str_key"] = path;
    file.source["str_fileext"] = path.substr(path.rfind('.') + 1);
    documents.push_back(std::move(file));
  };
  for (const std::string& path : thing.files) add(path, thing.archived);
  for (const std::string& path : thing.archived_files) add(path, true);
  return documents;
}

// Asks a hook before each search.
class WatchedIndex : public testing::ForwardingIndex {
 public:
  using ForwardingIndex::ForwardingIndex;

  // Before each search; an error fails it.
  std::function<Status(const search::Request&)> before_search = [](const search::Request&) {
    return Ok();
  };

  Result<search::Answer> Search(OpContext& op, const search::Request& request) override {
    TRY_OK(before_search(request));
    return ForwardingIndex::Search(op, request);
  }
  Result<std::vector<std::string>> DynamicFields(OpContext& op, search::Kind kind) override {
    TRY_OK(before_search({}));
    return ForwardingIndex::DynamicFields(op, kind);
  }
};

// Filters by databases alone, as engines may (search::Traits::access_filter).
class UnfilteringIndex final : public WatchedIndex {
 public:
  explicit UnfilteringIndex(search::Index& inner) : WatchedIndex(inner), traits_(inner.traits()) {
    traits_.access_filter = false;
  }

  const search::Traits& traits() const override { return traits_; }
  Result<search::Answer> Search(OpContext& op, const search::Request& request) override {
    ++searches;
    search::Request asked = request;
    std::optional<DatabasesOnly> filter;
    if (request.access != nullptr)
      if (auto databases = request.access->databases())
        asked.access = &filter.emplace(*std::move(databases));
    TRY(search::Answer answer, WatchedIndex::Search(op, asked));
    answer.exact = false;
    return answer;
  }

  int searches = 0;

 private:
  class DatabasesOnly final : public search::AccessFilter {
   public:
    explicit DatabasesOnly(std::vector<std::string> databases) : databases_(std::move(databases)) {}
    std::string cache_key() const override { return {}; }
    Verdict Decide(const search::AccessClass& access) const override {
      return std::ranges::find(databases_, access.database) != databases_.end() ? Verdict::kAllow
                                                                                : Verdict::kDeny;
    }
    bool DecideName(const search::AccessClass&, std::string_view) const override { return true; }

   private:
    std::vector<std::string> databases_;
  };

  search::Traits traits_;
};

class SearchBench {
 public:
  AssetBench stack;
  search::MemoryIndex index;
  OpContext op;

  void AddDatabase(const std::string& id) {
    stack.PutItem(kDatabasesTable, {{"databaseId", items::Value::S(id)}});
  }
  void RemoveDatabase(const std::string& id) {
    const items::Write writes[] = {
        items::Write::Delete(kDatabasesTable, {{"databaseId", items::Value::S(id)}})};
    Must(stack.items().Commit(op, writes));
  }
  static items::Item KeyOf(const Thing& thing) {
    return AssetKey(thing.archived ? thing.database + "#deleted" : thing.database, thing.id);
  }
  void Store(const Thing& thing) {
    items::Item item = KeyOf(thing);
    item.Set("assetName", items::Value::S(thing.name));
    item.Set("assetType", items::Value::S(thing.type));
    items::Value::List tags;
    for (const std::string& tag : thing.tags) tags.push_back(items::Value::S(tag));
    item.Set("tags", items::Value::L(std::move(tags)));
    stack.PutItem(kAssetsTable, std::move(item));
  }
  void Remove(const Thing& thing) {
    const items::Write writes[] = {items::Write::Delete(kAssetsTable, KeyOf(thing))};
    Must(stack.items().Commit(op, writes));
  }
  void Index(const Thing& thing) {
    std::vector<search::Write> writes;
    for (search::Document& document : DocumentsOf(thing))
      writes.push_back(search::Write::Put(std::move(document)));
    Must(index.Apply(op, writes, ++position_));
  }
  void Add(const Thing& thing) {
    Store(thing);
    Index(thing);
  }

 private:
  search::Position position_ = 0;
};

inline std::vector<std::string> IdsOf(const FoundPage& page) {
  std::vector<std::string> ids;
  for (const search::Hit& hit : page.hits) ids.push_back(hit.document.id);
  return ids;
}

// Of a facet: {"secret", 2}, most frequent first.
inline std::vector<std::pair<std::string, std::uint64_t>> BucketsOf(const FoundPage& page,
                                                                    std::string_view field) {
  std::vector<std::pair<std::string, std::uint64_t>> buckets;
  for (const search::Facet& facet : page.facets)
    if (facet.field == field)
      for (const auto& bucket : facet.buckets) buckets.emplace_back(bucket.key, bucket.count);
  return buckets;
}

}  // namespace vams::catalog::test
