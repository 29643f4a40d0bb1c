// What a page of listFiles costs in an asset of a million files: the first pages, pages in the
// middle, with and without what is archived, and with a current version that knows all of them.
// `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "catalog/asset_files.h"
#include "catalog/version_records.h"
#include "files/files.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::catalog {
namespace {

using items::Value;
using items::Write;

constexpr int kFiles = 1'000'000;
constexpr int kPerCommit = 20'000;
// Every so many files are archived, have a preview, have a primary type.
constexpr int kArchivedOf = 50;
constexpr int kPreviewOf = 10;
constexpr int kTypeOf = 4;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

objects::ObjectVersion VersionNumber(int i, const std::string& key) {
  objects::ObjectVersion version;
  version.bucket = "vault";
  version.key = key;
  version.version_id = fmt::format("{:032x}", i);
  version.sequence = 1;
  version.state = objects::ObjectVersion::State::kPresent;
  version.size = 4096;
  version.etag = fmt::format("{:032x}", i);
  version.last_modified_millis = 1'740'823'200'000 + i;
  version.content_type = "binary/octet-stream";
  version.user_metadata = objects::UserMetadata{{"databaseid", "harbor"}, {"assetid", "gantry"}};
  if (i % kTypeOf == 0) (*version.user_metadata)["vams-primarytype"] = "lod1";
  version.sha256 = fmt::format("{:064x}", i);
  return version;
}

class Stack {
 public:
  Stack()
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "bench"))),
        items_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))) {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(items_->CreateTables(op, specs));
    Must(items_->CreateTables(op, tables::SystemTables()));
    blobs_ = Must(objects::BlobStore::Open(folder_.path() / "blobs"));
    objects_ = Must(objects::OpenLocalObjectStore(op, *items_, *blobs_));
    place.asset = AssetOf({{"assetId", Value::S("gantry")},
                           {"assetLocation", Value::M({{"Key", Value::S("gantry/")}})},
                           {"bucketId", Value::S("bucket")},
                           {"currentVersionId", Value::S("1")},
                           {"databaseId", Value::S("harbor")}});
    place.bucket = {.id = "bucket", .name = "vault", .prefix = "/", .versioned = true};
    const Write asset[] = {
        Write::Put(kAssetsTable, place.asset.item),
        Write::Put(kBucketsTable, {{"baseAssetsPrefix", Value::S("/")},
                                   {"bucketId", Value::S("bucket")},
                                   {"bucketName", Value::S("vault")},
                                   {"bucketName:baseAssetsPrefix", Value::S("vault:/")}})};
    Must(items_->Commit(op, asset));
    const Write version[] = {
        Write::Put(kAssetVersionsTable,
                   AssetVersionItem({"harbor", "gantry"}, {.id = "1",
                                                           .created_at = "2025-03-01T10:00:00",
                                                           .created_by = "bench",
                                                           .comment = "of a benchmark",
                                                           .description = "",
                                                           .alias = {},
                                                           .archived = false,
                                                           .marked_current = true}))};
    Must(items_->Commit(op, version));
    for (int i = 0; i < kFiles; i += kPerCommit) AddFiles(i);
  }

  Stores stores() { return {*items_, *objects_, SystemClock(), SystemRandom()}; }

 private:
  void AddFiles(int from) {
    std::vector<Write> writes;
    for (int i = from; i < from + kPerCommit; ++i) {
      std::string path = fmt::format("hall {:02}/part-{:07}.glb", i / 20'000, i / 2 * 2);
      if (i % 2 == 1) path += i % kPreviewOf == 1 ? ".previewFile.png" : ".notes";
      objects::ObjectVersion version = VersionNumber(i, "gantry/" + path);
      objects::ObjectRecord record{version, 2, 1};
      writes.push_back(Write::Put(std::string(tables::kObjectVersionsTable), VersionItem(version)));
      if (i % kArchivedOf == 2) {
        objects::ObjectVersion marker;
        marker.bucket = version.bucket;
        marker.key = version.key;
        marker.version_id = fmt::format("{:032x}", i + kFiles);
        marker.sequence = 2;
        marker.is_delete_marker = true;
        marker.last_modified_millis = version.last_modified_millis;
        writes.push_back(
            Write::Put(std::string(tables::kObjectVersionsTable), VersionItem(marker)));
        record = {marker, 3, 2};
      }
      writes.push_back(Write::Put(std::string(tables::kObjectsTable), ObjectItem(record)));
      writes.push_back(PutFileVersion({"harbor", "gantry"}, "1",
                                      {.path = path,
                                       .version_id = version.version_id,
                                       .size = version.size,
                                       .last_modified = "2025-03-01T10:00:00+00:00",
                                       .etag = version.etag},
                                      "2025-03-01T10:00:00"));
    }
    Must(items_->Commit(op, writes));
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;

 public:
  OpContext op;
  AssetPlace place;
};

Stack& Shared() {
  static Stack stack;
  return stack;
}

Caller Reader() {
  access::Constraint all;
  all.id = all.name = "all";
  all.description = "of a benchmark";
  all.object_type = "asset";
  all.criteria_and = {{"databaseId", "contains", {".*"}, false, {}}};
  all.users = {{"bench", "GET", "allow", {}}};
  auto identity = std::make_shared<identity::Identity>();
  identity->user = "bench";
  return {std::move(identity), std::make_shared<const access::Policy>(access::Policy::Compile(
                                   "bench", {}, std::vector<access::Constraint>{all}))};
}

// Pages of a thousand, one behind the other through all files.
void ListPages(benchmark::State& state, FileListRequest request) {
  Stack& stack = Shared();
  AssetFiles files(stack.stores());
  Caller caller = Reader();
  request.limit = 1000;
  std::size_t listed = 0;
  for (auto _ : state) {
    auto page = Must(files.List(stack.op, caller, {"harbor", "gantry"}, request));
    listed += page.files.size();
    request.after = std::move(page.next);
  }
  state.counters["files"] =
      benchmark::Counter(static_cast<double>(listed) / static_cast<double>(state.iterations()));
}

void BM_ListFull(benchmark::State& state) { ListPages(state, {}); }
void BM_ListBasic(benchmark::State& state) { ListPages(state, {.basic = true}); }
void BM_ListWithArchived(benchmark::State& state) { ListPages(state, {.archived = true}); }
void BM_ListOfVersion(benchmark::State& state) { ListPages(state, {.asset_version = "1"}); }

BENCHMARK(BM_ListFull)->Unit(benchmark::kMillisecond)->MinWarmUpTime(1);
BENCHMARK(BM_ListBasic)->Unit(benchmark::kMillisecond)->MinWarmUpTime(1);
BENCHMARK(BM_ListWithArchived)->Unit(benchmark::kMillisecond)->MinWarmUpTime(1);
BENCHMARK(BM_ListOfVersion)->Unit(benchmark::kMillisecond)->MinWarmUpTime(1);

}  // namespace
}  // namespace vams::catalog
