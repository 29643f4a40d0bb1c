// What lists of assets cost, and archiving an asset with many files and bringing it back.
// `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "catalog/assets.h"
#include "catalog/buckets.h"
#include "catalog/databases.h"
#include "catalog/version_records.h"
#include "files/files.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::catalog {
namespace {

using items::Item;
using items::Value;
using items::Write;

constexpr int kAssets = 10'000;
const std::string kDatabase = "harbor";

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

access::Constraint Everything(const std::string& type) {
  access::Constraint constraint;
  constraint.id = constraint.name = constraint.description = constraint.object_type = type;
  constraint.criteria_and = {{"databaseId", "contains", {".*"}, false, {}}};
  for (const char* action : {"GET", "PUT", "POST", "DELETE"})
    constraint.users.push_back({"bench", action, "allow", {}});
  return constraint;
}

class Stack {
 public:
  Stack()
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "bench"))),
        items_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))),
        blobs_(Must(objects::BlobStore::Open(folder_.path() / "blobs"))) {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(items_->CreateTables(op, specs));
    Must(items_->CreateTables(op, tables::SystemTables()));
    objects_ = Must(objects::OpenLocalObjectStore(op, *items_, *blobs_));
    const BucketSeed seeds[] = {{.name = "vault", .prefix = "/", .versioned = true}};
    Must(SeedBuckets(op, *items_, SystemRandom(), seeds));
    const std::string bucket = Must(ListBuckets(op, *items_, "", 1)).buckets.front().id;
    Must(Databases(*items_, SystemClock())
             .Create(op, caller,
                     {.id = kDatabase,
                      .description = "Of a benchmark",
                      .bucket = bucket,
                      .restrict_metadata = false,
                      .extensions = ""}));
    std::vector<Write> writes;
    for (int i = 0; i < kAssets; ++i) AddAsset(fmt::format("asset-{:05}", i), bucket, writes);
    Must(items_->Commit(op, writes));
  }

  Assets MakeAssets() { return Assets({*items_, *objects_, SystemClock(), SystemRandom()}); }
  // Gives an asset so many files.
  void AddFiles(const std::string& asset, std::int64_t count) {
    const auto content = Must(objects_->Stage(op, objects::SourceOf("dots"), {}));
    objects::ObjectChanges changes;
    for (std::int64_t i = 0; i < count; ++i)
      changes.Add(objects::PutChange{
          {"vault", fmt::format("{}/scan/{:06}.e57", asset, i)}, content, {}, {}});
    Must(objects_->Commit(op, changes));
  }

 private:
  static void AddAsset(const std::string& id, const std::string& bucket,
                       std::vector<Write>& writes) {
    Item asset = AssetKey(kDatabase, id);
    asset.Set("assetName", Value::S("Gantry " + id));
    asset.Set("description", Value::S("Quay gantry, east"));
    asset.Set("isDistributable", Value::Bool(true));
    asset.Set("tags", Value::L({Value::S("survey")}));
    asset.Set("assetType", Value::S(".e57"));
    asset.Set("bucketId", Value::S(bucket));
    asset.Set("assetLocation", Value::M({{"Key", Value::S(id + "/")}}));
    asset.Set("currentVersionId", Value::S("0"));
    writes.push_back(Write::Put(kAssetsTable, std::move(asset)));
    writes.push_back(Write::Put(kAssetVersionsTable,
                                AssetVersionItem({kDatabase, id}, {.id = "0",
                                                                   .created_at = "2025-01-01",
                                                                   .created_by = "bench",
                                                                   .comment = "Initial",
                                                                   .description = "Quay",
                                                                   .alias = {},
                                                                   .archived = false,
                                                                   .marked_current = true})));
  }
  static Caller Anyone() {
    auto identity = std::make_shared<identity::Identity>();
    identity->user = "bench";
    const access::Constraint constraints[] = {Everything("asset"), Everything("database")};
    return {std::move(identity), std::make_shared<const access::Policy>(
                                     access::Policy::Compile("bench", {}, constraints))};
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;

 public:
  OpContext op;
  Caller caller = Anyone();
};

Stack& Shared() {
  static Stack stack;
  return stack;
}

// A page of the list of a database that has 10,000 assets.
void ListAssets(benchmark::State& state) {
  Stack& stack = Shared();
  Assets assets = stack.MakeAssets();
  std::int64_t listed = 0;
  for (auto _ : state)
    listed +=
        static_cast<std::int64_t>(Must(assets.List(stack.op, stack.caller, kDatabase, false, "",
                                                   static_cast<std::size_t>(state.range(0))))
                                      .assets.size());
  state.SetItemsProcessed(listed);
}
BENCHMARK(ListAssets)->Arg(100)->Arg(3000)->Unit(benchmark::kMillisecond);

void CreateAsset(benchmark::State& state) {
  Stack& stack = Shared();
  Assets assets = stack.MakeAssets();
  for (auto _ : state)
    Must(assets.Create(stack.op, stack.caller,
                       {.database_id = kDatabase,
                        .id = "",
                        .name = "Gantry",
                        .description = "Quay gantry, east",
                        .distributable = true}));
}
BENCHMARK(CreateAsset)->Unit(benchmark::kMicrosecond);

// Archiving an asset with that many files, and bringing it back.
void ArchiveAndUnarchive(benchmark::State& state) {
  Stack& stack = Shared();
  Assets assets = stack.MakeAssets();
  const std::string id = fmt::format("asset-{:05}", state.range(0) % kAssets);
  stack.AddFiles(id, state.range(0));
  for (auto _ : state) {
    Must(assets.Archive(stack.op, stack.caller, kDatabase, id, {}));
    Must(assets.Unarchive(stack.op, stack.caller, kDatabase, id, {}));
  }
}
BENCHMARK(ArchiveAndUnarchive)
    ->Arg(1000)
    ->Arg(100'001)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::catalog
