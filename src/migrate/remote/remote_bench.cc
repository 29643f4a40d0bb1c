// A migration of remote tables against what a script does with the same server in the same run: one
// item at a time (as upstream's 2.1 -> 2.2 script puts), and batches of 25 one after the other (as
// the 2.4 -> 2.5 script does); and against what the server takes at all, from one concurrent load
// without a look at what is there and without a proof.  VAMS_BENCH_REMOTE_ROWS (default 20,000)
// sets the number of rows.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "items/codec.h"
#include "items/dynamodb/dynamodb_store.h"
#include "migrate/remote/run.h"
#include "migrate/unit.h"
#include "testing/dynamodb_server.h"

namespace vams::migrate::remote {

namespace {

using items::Item;
using items::Value;
using testing::DynamoDbServer;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::uint64_t Rows() {
  const char* rows = std::getenv("VAMS_BENCH_REMOTE_ROWS");
  return rows != nullptr ? std::strtoull(rows, nullptr, 10) : 20'000;
}

// The tables of 2.4 and 2.5 that the step names, with canonical names behind a prefix of their own.
class Target {
 public:
  Target(testing::LocalServer& server, bool local) {
    static int count = 0;
    items::DynamoOptions options;
    options.endpoint = server.endpoint();
    options.region = "us-east-1";
    options.prefix = fmt::format("bench{}-", ++count);
    options.transactions = local;
    options.time_to_live = local;
    options.environment = [](std::string_view name) -> std::optional<std::string> {
      if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "bench";
      return std::nullopt;
    };
    store_ = Must(items::OpenDynamoStore(std::move(options)));
    std::vector<items::TableSpec> specs;
    for (const char* table :
         {"AssetStorageTable", "AssetVersionsStorageTable", "AssetVersionsStorageTableV2",
          "AssetFileVersionsStorageTable", "AssetFileVersionsStorageTableV2",
          "AssetFileMetadataVersionsStorageTable", "S3AssetBucketsStorageTable"})
      specs.push_back(*SpecFor(table, {2, 5}));
    Must(store_->CreateTables(op_, specs));
  }

  items::DynamoStore& store() { return *store_; }

  void Fill(std::uint64_t rows) {
    const auto assets = Must(store_->OpenBulkLoad(op_, "AssetStorageTable", {}));
    const auto versions = Must(store_->OpenBulkLoad(op_, "AssetVersionsStorageTable", {}));
    for (std::uint64_t i = 0; i < rows; ++i) {
      if (i % 10 == 0)
        Must(assets->Add(op_, Item{{"assetId", Value::S(Asset(i))},
                                   {"currentVersionId", Value::S("9")},
                                   {"databaseId", Value::S("plant")}}));
      Must(versions->Add(op_, OldVersion(i)));
    }
    Must(assets->Finish(op_));
    Must(versions->Finish(op_));
  }

  static std::string Asset(std::uint64_t i) { return fmt::format("asset-{:06}", i / 10); }
  static Item OldVersion(std::uint64_t i) {
    return Item{{"assetId", Value::S(Asset(i))},
                {"assetVersionId", Value::S(std::to_string(i % 10))},
                {"comment", Value::S("Revision after the inspection of the cooling circuit")},
                {"createdBy", Value::S("dana@yard.example")},
                {"dateCreated", Value::S("2025-01-14T10:03:00.000103")},
                {"description", Value::S("Model of the feed pump with its base frame")},
                {"isCurrentVersion", Value::Bool(i % 10 == 9)}};
  }
  static Item NewVersion(std::uint64_t i) {
    Item item = OldVersion(i);
    item.Set("databaseId", Value::S("plant"));
    item.Set("databaseId:assetId", Value::S("plant:" + Asset(i)));
    return item;
  }

 private:
  OpContext op_;
  std::unique_ptr<items::DynamoStore> store_;
};

testing::LocalServer& Server(bool local) {
  return DynamoDbServer::Shared(local ? DynamoDbServer::Kind::kDynamoDbLocal
                                      : DynamoDbServer::Kind::kDynalite);
}

void OneByOne(benchmark::State& state, bool local) {
  Target target(Server(local), local);
  const std::uint64_t rows = Rows() / 10;  // it is slow enough to measure with few
  OpContext op;
  for (auto _ : state)
    for (std::uint64_t i = 0; i < rows; ++i) {
      const auto put = items::Write::Put("AssetVersionsStorageTableV2", Target::NewVersion(i));
      (void)Must(target.store().Commit(op, std::span(&put, 1)));
    }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

void Batches(benchmark::State& state, bool local) {
  Target target(Server(local), local);
  const std::uint64_t rows = Rows();
  OpContext op;
  for (auto _ : state) {
    // A load of 25 rows is one call; the next begins when it has ended.
    for (std::uint64_t i = 0; i < rows; i += 25) {
      const auto load = Must(target.store().OpenBulkLoad(op, "AssetVersionsStorageTableV2", {}));
      for (std::uint64_t j = i; j < std::min(rows, i + 25); ++j)
        Must(load->Add(op, Target::NewVersion(j)));
      Must(load->Finish(op));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

// No client that writes every row can be faster on this server.
void WritesAlone(benchmark::State& state, bool local) {
  Target target(Server(local), local);
  const std::uint64_t rows = Rows();
  OpContext op;
  for (auto _ : state) {
    const auto load = Must(target.store().OpenBulkLoad(op, "AssetVersionsStorageTableV2", {}));
    for (std::uint64_t i = 0; i < rows; ++i) Must(load->Add(op, Target::NewVersion(i)));
    Must(load->Finish(op));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

void Migration(benchmark::State& state, bool local) {
  Target target(Server(local), local);
  const std::uint64_t rows = Rows();
  target.Fill(rows);
  const auto config = Must(ParseUpstreamConfig(
      R"({"asset_storage_table_name": "AssetStorageTable",
          "asset_versions_storage_table_name_v1": "AssetVersionsStorageTable",
          "asset_versions_storage_table_name_v2": "AssetVersionsStorageTableV2",
          "asset_file_versions_storage_table_name_v1": "AssetFileVersionsStorageTable",
          "asset_file_versions_storage_table_name_v2": "AssetFileVersionsStorageTableV2",
          "asset_file_metadata_versions_storage_table_name":
              "AssetFileMetadataVersionsStorageTable"})",
      "bench.json", {.tables = {{"S3AssetBucketsStorageTable", "S3AssetBucketsStorageTable"}}}));
  const auto folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-bench-remote"));
  OpContext op;
  for (auto _ : state) {
    const auto report = Must(RunRemote(op, {.config = config,
                                            .store = target.store(),
                                            .work = folder.path(),
                                            .clock = SystemClock(),
                                            .options = {.skip_backup = true}}));
    if (!report.finished) state.SkipWithError("the migration did not finish");
  }
  // Reading, transforming, writing and proving them is all in the time.
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

#define REMOTE_BENCH(function)                     \
  BENCHMARK_CAPTURE(function, DynamoDBLocal, true) \
      ->Iterations(1)                              \
      ->UseRealTime()                              \
      ->Unit(benchmark::kSecond);                  \
  BENCHMARK_CAPTURE(function, Dynalite, false)     \
      ->Iterations(1)                              \
      ->UseRealTime()                              \
      ->Unit(benchmark::kSecond)

REMOTE_BENCH(OneByOne);
REMOTE_BENCH(Batches);
REMOTE_BENCH(WritesAlone);
REMOTE_BENCH(Migration);

}  // namespace

}  // namespace vams::migrate::remote
