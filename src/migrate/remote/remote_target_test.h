// What the tests of migrate/remote share: a small deployment of 2.5 that holds data of 2.4, in a
// store that stands for the remote one, and its configuration.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "migrate/naive_engine_test.h"
#include "migrate/remote/run.h"
#include "migrate/steps/v24_to_v25_test_support.h"

namespace vams::migrate::remote::test {

using migrate::test::Must;
using migrate::test::TableSet;

class TestClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now_; }
  void Pass(std::chrono::milliseconds time) { now_ += time.count(); }

 private:
  std::int64_t now_ = 1'750'000'000'000;
};

// Assets with versions, files and snapshots; one version without an asset; `more` further assets.
inline TableSet SmallSet(int more = 0) {
  using namespace migrate::test;
  TableSet set;
  AddBucket(set, "b1", "bucket", "/");
  for (const auto* database : {"yard", "museum"})
    Put(set, "DatabaseStorageTable",
        Json(fmt::format(R"({{"databaseId":{{"S":"{}"}}}})", database)));
  AddAsset(set, "yard", "crane", "2");
  AddAsset(set, "museum", "bust", "1");
  for (const auto* version : {"1", "2"}) {
    Put(set, v25::kVersions1, Version1("crane", version, *version == '2'));
    Put(set, v25::kFiles1, File1(fmt::format("crane:{}", version), "crane.glb"));
    Put(set, v25::kSnapshots, Snapshot(fmt::format("yard:crane:{}", version)));
  }
  Put(set, v25::kVersions1, Version1("bust", "1", true));
  Put(set, v25::kVersions1, Version1("ghost", "1", true));
  Put(set, v25::kFiles1, File1("bust:1", "büste.e57"));
  Put(set, v25::kSnapshots, Snapshot("museum:bust:1", "museum:bust"));
  for (int i = 0; i < more; ++i) {
    const std::string id = fmt::format("part-{:04}", i);
    AddAsset(set, "yard", id, "1");
    Put(set, v25::kVersions1, Version1(id, "1", true));
    Put(set, v25::kFiles1, File1(id + ":1", "part.step"));
    Put(set, v25::kSnapshots, Snapshot(fmt::format("yard:{}:1", id)));
  }
  return set;
}

// Creates the tables of a deployment and fills them.
inline void Deploy(items::ItemStore& store, tables::DataVersion version, const TableSet& set) {
  OpContext op;
  std::vector<items::TableSpec> specs;
  for (const auto& table : tables::TablesOf(version))
    specs.push_back(*SpecFor(table.name, version));
  for (const auto& [table, rows] : set)
    if (tables::FindTable(version, table) == nullptr) specs.push_back(*SpecFor(table, version));
  Must(store.CreateTables(op, specs));
  for (const auto& [table, rows] : set)
    for (const auto& [key, item] : rows) {
      const auto put = items::Write::Put(table, item);
      (void)Must(store.Commit(op, std::span(&put, 1)));
    }
}

inline TableSet Contents(items::ItemSource& store) {
  OpContext op;
  TableSet set;
  for (const auto& spec : Must(store.Tables(op))) {
    if (items::IsSystemTable(spec.name) || spec.name.starts_with("vams-")) continue;
    std::string after;
    do {
      auto page = Must(store.Scan(op, spec.name, {}, after, 1000));
      for (auto& row : page.items) migrate::test::Put(set, spec.name, std::move(row));
      after = std::move(page.next);
    } while (!after.empty());
  }
  return set;
}

inline UpstreamConfig ConfigFor25(const Overrides& more = {}) {
  Overrides overrides = more;
  for (const auto* table : {"S3AssetBucketsStorageTable", "DatabaseStorageTable"})
    overrides.tables[table] = table;
  return Must(ParseUpstreamConfig(R"({
    "asset_storage_table_name": "AssetStorageTable",
    "asset_versions_storage_table_name_v1": "AssetVersionsStorageTable",
    "asset_versions_storage_table_name_v2": "AssetVersionsStorageTableV2",
    "asset_file_versions_storage_table_name_v1": "AssetFileVersionsStorageTable",
    "asset_file_versions_storage_table_name_v2": "AssetFileVersionsStorageTableV2",
    "asset_file_metadata_versions_storage_table_name": "AssetFileMetadataVersionsStorageTable"
  })",
                                  "v2.4_to_v2.5_migration_config.json", overrides));
}

// A remote store with its work folder and the jobs that tests run on them.
struct Target {
  explicit Target(const TableSet& set) : store(items::MemoryStore::Create()) {
    Deploy(*store, {2, 5}, set);
  }

  RemoteJob Job(items::ItemStore& on) {
    return {.config = config,
            .store = on,
            .lock_store = store.get(),
            .work = folder.path() / "work",
            .clock = clock,
            .options = options,
            .hooks = hooks,
            .on_progress = {}};
  }
  RemoteJob Job() { return Job(*store); }
  Result<RemoteReport> Run() { return RunRemote(op, Job()); }
  Result<RemoteReport> Reverse() { return ReverseRemote(op, Job()); }
  void Write(const items::Write& write) { (void)Must(store->Commit(op, std::span(&write, 1))); }

  OpContext op;
  TestClock clock;
  files::TempFolder folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "remote"));
  std::unique_ptr<items::MemoryStore> store;
  UpstreamConfig config = ConfigFor25();
  RemoteOptions options = [] {
    RemoteOptions o;
    o.operator_name = "dana";
    o.threads = 1;
    o.remote_threads = 1;  // the order of calls is then the same in every run
    o.heartbeat = std::chrono::milliseconds(0);
    return o;
  }();
  Hooks hooks;
};

// What the tables hold after the step: the naive engine's result, and what has no place stays.
inline TableSet Migrated(const TableSet& set) {
  auto made = migrate::test::RunNaive(Step24To25(), Direction::kUp,
                                      migrate::test::SettingsOf(Dialect::kCorrected), set);
  for (const auto& remark : made.remarks.quarantined) {
    const auto key =
        items::EncodeItem(items::KeyOf(migrate::test::Spec(remark.table), remark.record));
    if (set.contains(remark.table) && set.at(remark.table).contains(key))
      made.tables[remark.table].emplace(key, set.at(remark.table).at(key));
  }
  return std::move(made.tables);
}

#define EXPECT_SAME_TABLES(expected, actual) \
  EXPECT_EQ(::vams::migrate::test::Differences(expected, actual), "")

}  // namespace vams::migrate::remote::test
