// The records of whole assets, by looking through the tables.
#include "items/codec.h"
#include "migrate/carry/gather_parts.h"
#include "tables/system_tables.h"

namespace vams::migrate::carry {

using items::Item;
using items::Value;

namespace {

class CoarseGather {
 public:
  CoarseGather(OpContext& op, const GatherJob& job, const Touched& touched)
      : op_(op), job_(job), names_(touched.names) {}

  Status Run() {
    for (const auto& table : job_.tables) {
      const auto* row = Subjects::Find(table);
      if (row == nullptr) continue;
      TRY_OK(ScanFor(op_, job_, row->table, names_,
                     [&](std::string_view encoded, const Item& partial) -> Status {
                       if (job_.context) Remember(row->table, partial);
                       return job_.into->AddEncoded(op_, row->table, encoded);
                     }));
    }
    for (const auto& name : names_)
      if (name.front() == 'k') TRY_OK(OneRecord(name));
    return job_.context ? Context() : Ok();
  }

 private:
  // Called from several threads.
  void Remember(std::string_view table, const Item& partial) {
    const auto names = job_.subjects.Of(table, partial);
    const std::lock_guard lock(mutex_);
    for (const auto& name : names)
      if (name.front() == 'a') assets_.insert(name);
    if (table == kOldMetadata) metadata_keys_.emplace(partial.Text("assetId"));
  }

  Status OneRecord(const std::string& name) {
    const auto [table, key] = PartsOf(name);
    if (key.empty() || !job_.tables.contains(table)) return Ok();
    TRY(const auto decoded, items::DecodeItem(key));
    auto item = job_.source.Get(op_, table, decoded);
    if (!item.ok() && item.error().code == Code::kNotFound) return Ok();
    if (!item.ok()) return std::move(item).error();
    return job_.into->Add(op_, table, *item);
  }

  // The assets that the records name, all buckets and schemas, and the objects that are looked up.
  Status Context() {
    for (const auto table : {kBuckets, std::string_view("MetadataSchemaStorageTable"),
                             std::string_view("MetadataSchemaStorageTableV2")})
      TRY_OK(VisitAll(op_, job_.source, table, [&](const Item& item) {
        if (table == kBuckets) buckets_.push_back(item);
        return job_.into->Add(op_, table, item);
      }));
    if (HasStep(job_.path, Step23To24())) TRY_OK(ObjectsOfMetadata());
    NameSet wanted(names_);
    wanted.insert(assets_.begin(), assets_.end());
    std::mutex mutex;
    std::vector<Item> assets;
    TRY_OK(ScanFor(op_, job_, kAssets, wanted,
                   [&](std::string_view encoded, const Item& partial) -> Status {
                     TRY_OK(job_.into->AddEncoded(op_, kAssets, encoded));
                     if (!job_.subjects.AnyOf(kAssets, partial, names_)) return Ok();
                     const std::lock_guard lock(mutex);
                     assets.push_back(partial);
                     return Ok();
                   }));
    if (!HasStep(job_.path, Step21To22()) && !HasStep(job_.path, Step24To25())) return Ok();
    if (buckets_.empty()) TRY_OK(FindListed());
    for (const Item& asset : assets) TRY_OK(ObjectsOfAsset(asset));
    return AnyObject();
  }

  Status AddObject(const Item& object) {
    TRY_OK(job_.into->Add(op_, tables::kObjectsTable, object));
    return VisitPartition(
        op_, job_.source, tables::kObjectVersionsTable, {},
        tables::ObjectPath(object.Text("bucket"), object.Text("key")),
        [&](const Item& item) { return job_.into->Add(op_, tables::kObjectVersionsTable, item); });
  }

  // Rows that match no asset are looked up as objects of every bucket, whose user metadata names
  // the asset.
  Status ObjectsOfMetadata() {
    for (const auto& key : metadata_keys_)
      for (const Item& bucket : buckets_) {
        const std::string_view plain = std::string_view(key).substr(key.starts_with('/') ? 1 : 0);
        if (!tables::CheckObjectName(bucket.Text("bucketName"), plain).ok()) continue;
        const Item object_key{{"bucket", Text(bucket.Text("bucketName"))}, {"key", Text(plain)}};
        auto object = job_.source.Get(op_, tables::kObjectsTable, object_key);
        if (!object.ok() && object.error().code == Code::kNotFound) continue;
        if (!object.ok()) return std::move(object).error();
        TRY_OK(AddObject(*object));
      }
    return Ok();
  }

  // What lies in an asset's folder, under every prefix of its bucket or of all.
  Status ObjectsOfAsset(const Item& asset) {
    std::set<std::string> folders;
    const auto add = [&](std::string_view text) {
      while (text.starts_with('/')) text.remove_prefix(1);
      if (!text.empty()) folders.emplace(text);
    };
    std::set<std::string> prefixes = {""};
    for (const Item& bucket : buckets_) {
      std::string prefix(bucket.Text("baseAssetsPrefix"));
      if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
      prefixes.insert(std::move(prefix));
    }
    for (const auto& prefix : prefixes) {
      add(prefix + std::string(asset.Text("assetId")));
      const Value* location = asset.Find("assetLocation");
      if (location != nullptr && location->is(items::Kind::kM)) {
        const auto key = location->map().Text("Key");
        const auto folder = key.substr(0, key.rfind('/') == key.npos ? key.size() : key.rfind('/'));
        add(folder);
        add(prefix + std::string(folder));
      }
    }
    for (const Item& bucket : buckets_)
      for (const auto& folder : folders) TRY_OK(ObjectsUnder(bucket.Text("bucketName"), folder));
    if (!listed_.empty())
      for (const auto& folder : folders) TRY_OK(ObjectsUnder(listed_, folder));
    return Ok();
  }

  Status ObjectsUnder(std::string_view bucket, const std::string& prefix) {
    if (bucket.empty()) return Ok();
    items::QueryRequest request{.table = std::string(tables::kObjectsTable),
                                .index = {},
                                .partition = Text(bucket),
                                .sort = items::SortCondition::BeginsWith(Value::S(prefix))};
    do {
      auto page = job_.source.Query(op_, request);
      if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
      if (!page.ok()) return std::move(page).error();
      for (const Item& object : page->items) TRY_OK(AddObject(object));
      request.after = std::move(page->next);
    } while (!request.after.empty());
    return Ok();
  }

  // Without bucket records, the bucket is the one that is listed.
  Status FindListed() {
    auto page = job_.source.Scan(op_, tables::kObjectsTable, {}, {}, 1);
    if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
    if (!page.ok()) return std::move(page).error();
    for (const Item& object : page->items) {
      listed_ = object.Text("bucket");
      TRY_OK(AddObject(object));
    }
    return Ok();
  }

  // Whether anything is listed of a bucket decides too.
  Status AnyObject() {
    for (const Item& bucket : buckets_) {
      const auto name = bucket.Text("bucketName");
      if (name.empty()) continue;
      auto page = job_.source.Query(op_, {.table = std::string(tables::kObjectsTable),
                                          .index = {},
                                          .partition = Text(name),
                                          .limit = 1});
      if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
      if (!page.ok()) return std::move(page).error();
      for (const Item& object : page->items) TRY_OK(AddObject(object));
    }
    return Ok();
  }

  OpContext& op_;
  const GatherJob& job_;
  const NameSet& names_;
  std::mutex mutex_;  // guards the two below while tables are looked through
  NameSet assets_;
  std::set<std::string> metadata_keys_;
  std::vector<Item> buckets_;
  std::string listed_;  // the bucket of the object listing, where there are no bucket records
};

}  // namespace

Status GatherCoarse(OpContext& op, const GatherJob& job, const Touched& touched) {
  return CoarseGather(op, job, touched).Run();
}

}  // namespace vams::migrate::carry
