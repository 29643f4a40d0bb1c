// What the tests of assets share: a stack with buckets, databases, assets and files, callers with
// some rights, and dumps of everything for comparing states.
//
//   AssetBench bench;                              // the bucket "vault", the database "harbor"
//   bench.MakeAsset("gantry");                     // as created: version 0, an empty folder
//   bench.PutFile("gantry", "scan/a.e57", "dots");
//   Assets assets(bench.stores());
//
// The second argument of a bench, if any, is the prefix of its bucket.  Belongs to one thread.
// Blocks on disk.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/asset_records.h"
#include "catalog/databases.h"
#include "catalog/hooked_store_test.h"
#include "catalog/stores.h"
#include "catalog/support_test.h"
#include "catalog/version_records.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "testing/faulty_store.h"

namespace vams::catalog::test {

inline const std::string kBucket = "vault";     // of assets
inline const std::string kDatabase = "harbor";  // with kBucket

// ---- Callers.

inline const std::vector<std::string> kEveryAction = {"GET", "PUT", "POST", "DELETE"};

// Whoever may do this with every asset and database, and nothing else.
inline Caller MayAssets(std::vector<std::string> actions = kEveryAction) {
  return CallerWith({UserRule("assets", "asset", Where("databaseId", "contains", ".*"), actions),
                     UserRule("databases", "database", Where("databaseId", "contains", ".*"),
                              std::move(actions))});
}
// The same for assets with a field of that value ("databaseId", "assetName", "assetType", "tags").
inline Caller MayAssetsWith(std::string field, std::string value,
                            std::vector<std::string> actions = kEveryAction) {
  return CallerWith(
      {UserRule("some-assets", "asset", Where(std::move(field), "equals", std::move(value)),
                std::move(actions))});
}

// ---- The stack.

struct AssetSpec {
  std::string database = kDatabase;
  std::string name = "Gantry 12";
  std::string description = "Quay gantry, east";
  bool distributable = true;
  std::vector<std::string> tags = {};
  std::string type = "none";
};

class AssetBench {
 public:
  explicit AssetBench(std::string prefix = "/")
      : folder_(
            Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-assets"))),
        items_(MemoryWithTables(clock)),
        blobs_(Must(objects::BlobStore::Open(folder_.path() / "blobs"))),
        objects_(ObjectsOver(*items_)) {
    bucket_id = AddBucket(kBucket, std::move(prefix));
    AddDatabase(kDatabase, bucket_id);
  }

  OpContext op;
  FixedClock clock;
  SeededRandom random;
  std::string bucket_id;  // of kBucket

  items::ItemStore& items() { return *items_; }
  objects::ObjectStore& objects() { return *objects_; }
  Stores stores() { return {*items_, *objects_, clock, random}; }

  // The same data through a wrapper of items(): for faults, and for others who write in between.
  struct View {
    std::unique_ptr<objects::ObjectStore> objects;
    Stores stores;
  };
  View Through(items::ItemStore& wrapper) {
    auto objects = ObjectsOver(wrapper);
    Stores stores{wrapper, *objects, clock, random};
    return {std::move(objects), std::move(stores)};
  }

  // ---- What is in it.

  std::string AddBucket(const std::string& name, const std::string& prefix = "/") {
    const BucketSeed seeds[] = {{.name = name, .prefix = prefix, .versioned = true}};
    Must(SeedBuckets(op, *items_, random, seeds));
    for (const Bucket& bucket : Must(ListBuckets(op, *items_, "", 1000)).buckets)
      if (bucket.name == name && bucket.prefix == prefix) return bucket.id;
    ADD_FAILURE() << "no bucket " << name;
    std::abort();
  }
  void AddDatabase(const std::string& id, const std::string& bucket,
                   const std::string& extensions = "") {
    Databases databases(*items_, clock);
    Caller caller = MayAssets();
    Must(databases.Create(op, caller,
                          {.id = id,
                           .description = "Database of a test",
                           .bucket = bucket,
                           .restrict_metadata = false,
                           .extensions = extensions}));
  }
  void PutItem(const std::string& table, items::Item item) {
    const items::Write writes[] = {items::Write::Put(table, std::move(item))};
    Must(items_->Commit(op, writes));
  }

  // An asset without files, as it is after it was created.
  AssetPlace MakeAsset(const std::string& id, const AssetSpec& spec = {}) {
    using items::Value;
    const items::Item database = Must(
        items_->Get(op, kDatabasesTable, items::Item{{"databaseId", Value::S(spec.database)}}));
    const auto bucket = Must(FindBucket(op, *items_, database.Text("defaultBucketId")));
    const std::string root = BasePrefix(*bucket) + id + "/";
    items::Item asset = AssetKey(spec.database, id);
    asset.Set("assetName", Value::S(spec.name));
    asset.Set("description", Value::S(spec.description));
    asset.Set("isDistributable", Value::Bool(spec.distributable));
    Value::List tags;
    for (const std::string& tag : spec.tags) tags.push_back(Value::S(tag));
    asset.Set("tags", Value::L(std::move(tags)));
    asset.Set("assetType", Value::S(spec.type));
    asset.Set("bucketId", Value::S(bucket->id));
    asset.Set("assetLocation", Value::M({{"Key", Value::S(root)}}));
    asset.Set("currentVersionId", Value::S("0"));
    asset.Set("snsTopic", Value::S("AssetTopic" + spec.database + "-" + id));
    const AssetVersion version{
        .id = "0",
        .created_at = IsoMicrosNoZone(clock.NowMillis()),
        .created_by = "tester",
        .comment = "Initial asset creation - Version 0 (No Files, No Metadata)",
        .description = spec.description,
        .alias = {},
        .archived = false,
        .marked_current = true};
    const items::Write writes[] = {
        items::Write::Put(kAssetsTable, asset, {items::Condition::Absent()}),
        items::Write::Put(kAssetVersionsTable, AssetVersionItem({spec.database, id}, version)),
        items::Write::Update(
            kDatabasesTable, {{"databaseId", Value::S(spec.database)}},
            {{items::Mutation::Op::kAdd, "assetCount", Value::N(std::int64_t{1})}})};
    Must(items_->Commit(op, writes));
    Must(objects_->PutBytes(op, {bucket->name, root}, "", OwnedBy(AssetOf(asset))));
    return Place(id, spec.database);
  }

  // Where an active asset lies; it has to be there.
  AssetPlace Place(std::string_view id, std::string_view database = kDatabase) {
    auto asset = Must(FindAsset(op, *items_, database, id));
    if (!asset) {
      ADD_FAILURE() << "no asset " << id;
      std::abort();
    }
    return Must(PlaceOf(op, *items_, *std::move(asset)));
  }
  // Its record; nothing if there is none.
  std::optional<items::Item> StoredAsset(std::string_view id,
                                         std::string_view stored_database = kDatabase) {
    const items::Item keys[] = {AssetKey(stored_database, id)};
    return std::move(Must(items_->BatchGet(op, kAssetsTable, keys)).front());
  }
  // What the database's record says, as text, whatever kind it has.
  std::string AssetCount(const std::string& database = kDatabase) {
    const items::Item item = Must(
        items_->Get(op, kDatabasesTable, items::Item{{"databaseId", items::Value::S(database)}}));
    const items::Value* count = item.Find("assetCount");
    return count == nullptr ? "" : count->text();
  }

  // ---- Files.

  // A new version of a file, as an upload leaves it; the asset's type is not touched.
  objects::VersionInfo PutFile(std::string_view id, std::string_view path, std::string_view content,
                               objects::ObjectMetadata metadata = {},
                               std::string_view database = kDatabase) {
    const AssetPlace place = Place(id, database);
    if (metadata.content_type.empty()) metadata.content_type = "binary/octet-stream";
    return Must(objects_->PutBytes(op, place.ObjectAt(path), content,
                                   WithOwner(std::move(metadata), place.asset)));
  }
  void DeleteFile(std::string_view id, std::string_view path,
                  std::string_view database = kDatabase) {
    Must(objects_->Delete(op, Place(id, database).ObjectAt(path)));
  }
  // The content of an object or of one of its versions; nothing if it is not there.
  std::optional<std::string> Content(const objects::ObjectId& object,
                                     const std::optional<std::string>& version = {}) {
    auto reader = objects_->Open(op, object, version);
    if (!reader.ok()) return std::nullopt;
    std::string content((*reader)->info().size, '\0');
    Must((*reader)->ReadAt(op, 0, content.data(), content.size()));
    return content;
  }
  std::optional<std::string> FileContent(std::string_view id, std::string_view path,
                                         std::string_view database = kDatabase) {
    return Content(Place(id, database).ObjectAt(path));
  }
  // Keys of current objects.
  std::vector<std::string> LiveKeys(const std::string& prefix = "",
                                    const std::string& bucket = kBucket) {
    std::vector<std::string> keys;
    for (auto& info : Must(LiveObjects(op, *objects_, bucket, prefix)))
      keys.push_back(std::move(info.object.key));
    return keys;
  }
  // Every object with its versions, newest first: "gantry/a.e57: 4 bytes, marker, 12 bytes".  No
  // ids, so that what two runs leave can be compared.
  std::vector<std::string> Histories(const std::string& prefix = "",
                                     const std::string& bucket = kBucket) {
    std::vector<std::string> histories;
    std::string key;
    for (const auto& info : Must(AllVersions(op, *objects_, bucket, prefix))) {
      const std::string version =
          info.is_delete_marker ? "marker" : std::to_string(info.size) + " bytes";
      if (!histories.empty() && info.object.key == key) {
        histories.back() += ", " + version;
      } else {
        key = info.object.key;
        histories.push_back(key + ": " + version);
      }
    }
    return histories;
  }

  // ---- States.

  std::vector<items::Item> Rows(const std::string& table) {
    std::vector<items::Item> rows;
    Must(ForEachItem(op, *items_, table,
                     [&](items::Item item) { rows.push_back(std::move(item)); }));
    return rows;
  }
  // Every item of every table, those of the product and of the objects among them.
  Dump Everything() {
    Dump dump;
    for (const auto& spec : Must(items_->Tables(op))) {
      auto rows = Rows(spec.name);
      if (!rows.empty()) dump[spec.name] = std::move(rows);
    }
    return dump;
  }

 private:
  std::unique_ptr<objects::ObjectStore> ObjectsOver(items::ItemStore& items) {
    return Must(
        objects::OpenLocalObjectStore(op, items, *blobs_, {.clock = &clock, .random = &random}));
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;
};

// For `before` and `after` of a HookedStore: the next such call is joined by this, once.
inline HookedStore::Hook Once(std::string call, std::function<void()> act) {
  return [call = std::move(call), act = std::move(act),
          done = std::make_shared<bool>(false)](std::string_view made) -> Status {
    if (made != call || std::exchange(*done, true)) return Ok();
    act();
    return Ok();
  };
}

// Runs `work` on fresh stacks made by `prepare`, each time with another call of the item store
// failing, before it reaches the store or behind it.  After each failure the state has to be the
// one of before or the one of a whole run, as `state` tells them.  `work` may fail or succeed.
inline void ExpectAllOrNothing(const std::function<void(AssetBench&)>& prepare,
                               const std::function<void(AssetBench&, const Stores&)>& work,
                               const std::function<std::vector<std::string>(AssetBench&)>& state) {
  AssetBench whole;
  prepare(whole);
  const auto before = state(whole);
  work(whole, whole.stores());
  const auto after = state(whole);
  ASSERT_NE(before, after) << "the work changes nothing";
  for (const auto when :
       {testing::FaultyStore::When::kBefore, testing::FaultyStore::When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      AssetBench bench;
      prepare(bench);
      testing::FaultyStore faulty(bench.items());
      const auto view = bench.Through(faulty);
      faulty.FailCall(faulty.calls() + n, Code::kUnavailable, when);
      work(bench, view.stores);
      if (!faulty.failed()) break;
      const auto left = state(bench);
      EXPECT_TRUE(left == before || left == after)
          << "call " << n << ": " << faulty.requests().back();
    }
  }
}

}  // namespace vams::catalog::test
