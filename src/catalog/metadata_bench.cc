// What metadata costs on the SQLite store: writing 500 fields of one entity, reading them, and
// reading the metadata of 10,000 files one by one.  `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "catalog/databases.h"
#include "catalog/metadata.h"
#include "catalog/metadata_records.h"
#include "catalog/metadata_schema_records.h"
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

constexpr int kFiles = 10'000;
constexpr int kFields = 500;
const std::string kDatabase = "harbor";
const MetadataEntity kAsset = MetadataEntity::OfAsset(kDatabase, "gantry");

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

std::string PathOf(int file) { return fmt::format("/scan/{:05}.e57", file); }

// A schema with 50 number fields, an asset with 10,000 files, ten fields of metadata each.
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
    AddAsset(bucket);
    AddSchema();
    AddFiles();
  }

  Metadata MakeMetadata() { return Metadata({*items_, *objects_, SystemClock(), SystemRandom()}); }

 private:
  void AddAsset(const std::string& bucket) {
    Item asset = AssetKey(kDatabase, "gantry");
    asset.Set("assetName", Value::S("Gantry 12"));
    asset.Set("assetType", Value::S("folder"));
    asset.Set("bucketId", Value::S(bucket));
    asset.Set("assetLocation", Value::M({{"Key", Value::S("gantry/")}}));
    asset.Set("currentVersionId", Value::S("0"));
    const Write writes[] = {Write::Put(kAssetsTable, std::move(asset))};
    Must(items_->Commit(op, writes));
  }
  void AddSchema() {
    model::MetadataSchema schema{
        .id = "s", .database_id = kDatabase, .entity = model::SchemaEntity::kAsset, .name = "s"};
    for (int i = 0; i < 50; ++i)
      schema.fields.push_back(
          {.key = fmt::format("field-{:03}", i), .type = model::ValueType::kNumber});
    const Write writes[] = {Write::Put(kSchemasTable, SchemaItem(schema))};
    Must(items_->Commit(op, writes));
  }
  void AddFiles() {
    const auto content = Must(objects_->Stage(op, objects::SourceOf("dots"), {}));
    objects::ObjectChanges changes;
    std::vector<Write> writes;
    for (int file = 0; file < kFiles; ++file) {
      changes.Add(objects::PutChange{{"vault", "gantry" + PathOf(file)}, content, {}, {}});
      for (int field = 0; field < 10; ++field)
        writes.push_back(
            PutMetadata({kDatabase, "gantry"}, {.kind = MetadataKind::kMetadata,
                                                .path = PathOf(file),
                                                .key = fmt::format("field-{:03}", field),
                                                .value = std::to_string(file),
                                                .type = "number"}));
    }
    Must(objects_->Commit(op, changes, writes));
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

std::vector<model::MetadataItem> Items(int round) {
  std::vector<model::MetadataItem> items;
  for (int i = 0; i < kFields; ++i)
    items.push_back({fmt::format("field-{:03}", i), std::to_string(round * kFields + i),
                     model::ValueType::kNumber});
  return items;
}

// Every field gets another value: PUT with `update`, and with `replace_all`.
void Update500(benchmark::State& state) {
  Stack& stack = Shared();
  Metadata metadata = stack.MakeMetadata();
  int round = 0;
  for (auto _ : state)
    Must(metadata.Update(stack.op, stack.caller, kAsset,
                         {.items = Items(++round), .replace_all = state.range(0) == 1}));
  state.SetItemsProcessed(state.iterations() * kFields);
}
BENCHMARK(Update500)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// One field of an entity that has 500.
void UpdateOneOf500(benchmark::State& state) {
  Stack& stack = Shared();
  Metadata metadata = stack.MakeMetadata();
  Must(metadata.Update(stack.op, stack.caller, kAsset, {.items = Items(0), .replace_all = true}));
  int round = 0;
  for (auto _ : state)
    Must(metadata.Update(
        stack.op, stack.caller, kAsset,
        {.items = {{"field-000", std::to_string(++round), model::ValueType::kNumber}},
         .replace_all = false}));
}
BENCHMARK(UpdateOneOf500)->Unit(benchmark::kMillisecond);

void List500(benchmark::State& state) {
  Stack& stack = Shared();
  Metadata metadata = stack.MakeMetadata();
  Must(metadata.Update(stack.op, stack.caller, kAsset, {.items = Items(0), .replace_all = true}));
  for (auto _ : state)
    benchmark::DoNotOptimize(Must(metadata.List(stack.op, stack.caller, kAsset)).records.size());
  state.SetItemsProcessed(state.iterations() * kFields);
}
BENCHMARK(List500)->Unit(benchmark::kMillisecond);

// The metadata of 10,000 files, a list each.
void ListEveryFile(benchmark::State& state) {
  Stack& stack = Shared();
  Metadata metadata = stack.MakeMetadata();
  std::size_t read = 0;
  for (auto _ : state)
    for (int file = 0; file < kFiles; ++file)
      read += Must(metadata.List(stack.op, stack.caller,
                                 MetadataEntity::OfFile(kDatabase, "gantry", PathOf(file))))
                  .records.size();
  state.SetItemsProcessed(state.iterations() * kFiles);
  if (read == 0) std::abort();
}
BENCHMARK(ListEveryFile)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::catalog
