// The records of single subjects, by their keys.
#include <atomic>
#include <thread>

#include "items/codec.h"
#include "migrate/carry/gather_parts.h"
#include "tables/system_tables.h"

namespace vams::migrate::carry {

using items::Item;
using items::Value;

namespace {

// More lookups than this by database cost more than looking through the tables.
constexpr std::size_t kMostLookups = 40'000;

class FineGather {
 public:
  FineGather(OpContext& op, const GatherJob& job, const Touched& touched)
      : op_(op), job_(job), touched_(touched) {}

  Status Run() {
    std::vector<const std::string*> names;
    std::size_t wide = 0;
    for (const auto& name : touched_.names) {
      names.push_back(&name);
      if (name.front() == 'x') ++wide;
    }
    TRY_OK(VisitAll(op_, job_.source, kDatabases, [&](const Item& database) {
      const auto id = database.Text("databaseId");
      all_databases_.emplace(id.substr(0, id.find("#deleted")));
      return Ok();
    }));
    scan_wide_ = wide * all_databases_.size() > kMostLookups;
    std::atomic<std::size_t> next = 0;
    std::vector<Status> results(static_cast<std::size_t>(std::max(1, job_.threads)), Ok());
    {
      std::vector<std::jthread> threads;
      for (auto& result : results)
        threads.emplace_back([&] {
          for (std::size_t i = next++; result.ok() && i < names.size(); i = next++)
            result = One(*names[i]);
        });
    }
    for (auto& result : results) TRY_OK(result);
    if (scan_wide_)
      for (const auto table : {kVersions2, kFiles2, kSnapshots})
        TRY_OK(
            ScanFor(op_, job_, table, touched_.names, [&](std::string_view encoded, const Item&) {
              return job_.into->AddEncoded(op_, table, encoded);
            }));
    return job_.context ? Context() : Ok();
  }

 private:
  Status One(const std::string& name) {
    const auto [a, b] = PartsOf(name);
    switch (name.front()) {
      case 'x':
        return WholeAsset(a);
      case 'v':
        return Version(a, b);
      case 'f':
        TRY_OK(Partition(kFiles1, Join({a, b})));
        return PartitionsOf(kFiles2, a, b);
      case 'm':
        return PartitionsOf(kSnapshots, a, b);
      case 'k':
        return OneRecord(a, b);
      default:
        return Ok();
    }
  }

  auto Adder(std::string_view table) {
    return [this, table](const Item& item) { return job_.into->Add(op_, table, item); };
  }
  Status Partition(std::string_view table, const std::string& partition) {
    return VisitPartition(op_, job_.source, table, {}, partition, Adder(table));
  }
  Status PartitionsOf(std::string_view table, std::string_view id, std::string_view version) {
    for (const auto& database : Databases(id))
      TRY_OK(Partition(table, Join({database, id, version})));
    return Ok();
  }

  // With the mark of archived assets and without.
  std::vector<std::string> Databases(std::string_view id, bool all = false) const {
    std::set<std::string, std::less<>> plain;
    if (const auto known = touched_.databases.find(id); known != touched_.databases.end())
      plain.insert(known->second.begin(), known->second.end());
    if (all) plain.insert(all_databases_.begin(), all_databases_.end());
    std::vector<std::string> databases;
    for (const auto& database : plain) {
      databases.push_back(database);
      databases.push_back(database + "#deleted");
    }
    return databases;
  }

  Status Version(std::string_view id, std::string_view version) {
    TRY_OK(Get(kVersions1, {{"assetId", Text(id)}, {"assetVersionId", Text(version)}}));
    for (const auto& database : Databases(id)) {
      auto row = job_.source.Get(
          op_, kVersions2,
          {{"assetVersionId", Text(version)}, {"databaseId:assetId", Text(Join({database, id}))}});
      if (!row.ok() && row.error().code == Code::kNotFound) continue;
      if (!row.ok()) return std::move(row).error();
      TRY_OK(job_.into->Add(op_, kVersions2, *row));
      if (!job_.context) continue;
      const Value* current = row->Find("isCurrentVersion");
      const bool says = current != nullptr && current->is(items::Kind::kBool) && current->boolean();
      const std::lock_guard lock(mutex_);
      flags_.push_back({std::string(id), std::string(version), says});
    }
    return Ok();
  }

  Status WholeAsset(std::string_view id) {
    TRY_OK(Partition(kVersions1, std::string(id)));
    TRY_OK(Prefix(kFiles1, Join({id, ""})));
    if (scan_wide_) return Ok();
    for (const auto& database : Databases(id, true)) {
      TRY_OK(Partition(kVersions2, Join({database, id})));
      for (const auto table : {kFiles2, kSnapshots})
        TRY_OK(Prefix(table, Join({database, id, ""})));
    }
    return Ok();
  }
  Status Prefix(std::string_view table, const std::string& prefix) {
    return VisitPrefix(op_, job_.source, table, prefix, Adder(table));
  }

  Status OneRecord(std::string_view table, std::string_view key) {
    if (key.empty()) return Ok();
    TRY(const auto decoded, items::DecodeItem(key));
    return Get(table, decoded);
  }
  Status Get(std::string_view table, const Item& key) {
    auto item = job_.source.Get(op_, table, key);
    if (!item.ok() && item.error().code == Code::kNotFound) return Ok();
    if (!item.ok()) return std::move(item).error();
    return job_.into->Add(op_, table, *item);
  }

  // The assets of every id; where several databases have it, what else decides whose a version is.
  Status Context() {
    std::set<std::string, std::less<>> ids;
    for (const auto& name : touched_.names)
      if (name.front() != 'k') ids.emplace(PartsOf(name).a);
    TRY_OK(VisitAll(op_, job_.source, kBuckets, [&](const Item& bucket) {
      buckets_.push_back(bucket);
      return job_.into->Add(op_, kBuckets, bucket);
    }));
    for (const auto& id : ids) {
      std::vector<Item> homes;
      TRY_OK(VisitPartition(op_, job_.source, kAssets, kAssetsById, id, [&](const Item& asset) {
        homes.push_back(asset);
        return job_.into->Add(op_, kAssets, asset);
      }));
      const bool wide = touched_.names.contains(NameOf('x', id));
      if (wide && homes.size() > 1)
        for (const Item& home : homes) TRY_OK(ObjectsOf(home));
      for (const Item& home : homes) named_[id].emplace(home.Text("currentVersionId"));
    }
    return Flags();
  }

  // Which version is current is looked up among all of them when a row contradicts its asset.
  Status Flags() {
    std::set<std::string> odd;
    for (const auto& flag : flags_) {
      const auto named = named_.find(flag.id);
      if (named != named_.end() && flag.says != named->second.contains(flag.version))
        odd.insert(flag.id);
    }
    for (const auto& id : odd) {
      TRY_OK(Partition(kVersions1, id));
      for (const auto& database : Databases(id))
        TRY_OK(Partition(kVersions2, Join({database, id})));
    }
    return Ok();
  }

  Status ObjectsOf(const Item& asset) {
    for (const Item& bucket : buckets_) {
      if (bucket.Text("bucketId") != asset.Text("bucketId")) continue;
      std::string prefix;
      const Value* location = asset.Find("assetLocation");
      if (location != nullptr && location->is(items::Kind::kM))
        prefix = location->map().Text("Key");
      if (prefix.empty())
        prefix = std::string(bucket.Text("baseAssetsPrefix")) + std::string(asset.Text("assetId"));
      while (prefix.starts_with('/')) prefix.erase(0, 1);
      if (prefix.empty()) continue;
      items::QueryRequest request{.table = std::string(tables::kObjectsTable),
                                  .index = {},
                                  .partition = Text(bucket.Text("bucketName")),
                                  .sort = items::SortCondition::BeginsWith(Value::S(prefix))};
      do {
        auto page = job_.source.Query(op_, request);
        if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
        if (!page.ok()) return std::move(page).error();
        for (const Item& object : page->items) {
          TRY_OK(job_.into->Add(op_, tables::kObjectsTable, object));
          TRY_OK(Partition(tables::kObjectVersionsTable,
                           tables::ObjectPath(object.Text("bucket"), object.Text("key"))));
        }
        request.after = std::move(page->next);
      } while (!request.after.empty());
    }
    return Ok();
  }

  OpContext& op_;
  const GatherJob& job_;
  const Touched& touched_;
  struct Flag {
    std::string id, version;
    bool says = false;
  };
  std::set<std::string, std::less<>> all_databases_;
  std::vector<Item> buckets_;
  bool scan_wide_ = false;
  std::mutex mutex_;         // guards the next while threads run
  std::vector<Flag> flags_;  // of the version rows of single versions
  std::map<std::string, std::set<std::string, std::less<>>> named_;  // current versions by asset id
};

}  // namespace

Status GatherFine(OpContext& op, const GatherJob& job, const Touched& touched) {
  return FineGather(op, job, touched).Run();
}

}  // namespace vams::migrate::carry
