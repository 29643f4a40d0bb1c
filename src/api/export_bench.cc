// What an export costs: 10,000 files with ten fields of metadata each, as text and as the answer
// that is sent; and what memory it takes with ten times as many files.  `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/export_text.h"
#include "api/gzip_source.h"
#include "files/files.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::api {
namespace {

using items::Value;
using items::Write;

constexpr int kFields = 10;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Whoever may read every asset.
catalog::Caller MayRead() {
  access::Constraint constraint;
  constraint.id = constraint.name = "assets";
  constraint.object_type = "asset";
  constraint.criteria_and = {{"databaseId", "contains", {".*"}, false, {}}};
  constraint.users = {{"ines", "GET", "allow", {}}};
  const std::vector<access::Constraint> constraints{constraint};
  auto who = std::make_shared<identity::Identity>();
  who->user = "ines";
  return {who, std::make_shared<const access::Policy>(
                   access::Policy::Compile(who->user, {}, constraints))};
}

// One asset, "gantry" in "harbor".
class Stack {
 public:
  explicit Stack(int files)
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "bench"))),
        items_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))),
        blobs_(Must(objects::BlobStore::Open(folder_.path() / "blobs"))) {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(items_->CreateTables(op, specs));
    Must(items_->CreateTables(op, tables::SystemTables()));
    objects_ = Must(objects::OpenLocalObjectStore(
        op, *items_, *blobs_, {.clock = &SystemClock(), .random = &SystemRandom()}));
    const catalog::BucketSeed seeds[] = {{.name = "vault", .versioned = true}};
    Must(catalog::SeedBuckets(op, *items_, SystemRandom(), seeds));
    const auto bucket = Must(catalog::ListBuckets(op, *items_, "", 1)).buckets.front();
    items::Item asset = catalog::AssetKey("harbor", "gantry");
    asset.Set("assetName", Value::S("Gantry 12"));
    asset.Set("bucketId", Value::S(bucket.id));
    asset.Set("isDistributable", Value::Bool(true));
    asset.Set("currentVersionId", Value::S("0"));
    asset.Set("assetLocation", Value::M({{"Key", Value::S("gantry/")}}));
    const Write writes[] = {Write::Put(catalog::kAssetsTable, std::move(asset))};
    Must(items_->Commit(op, writes));
    for (int begin = 0; begin < files; begin += 1000)
      AddFiles(begin, std::min(begin + 1000, files));
  }

  catalog::Stores stores() { return {*items_, *objects_, SystemClock(), SystemRandom()}; }

 private:
  void AddFiles(int begin, int end) {
    const auto content = Must(objects_->Stage(op, objects::SourceOf("dots"), {}));
    objects::ObjectChanges changes;
    std::vector<Write> writes;
    const catalog::MetadataOwner owner{"harbor", "gantry"};
    for (int i = begin; i < end; ++i) {
      const std::string path = fmt::format("scans/east/part-{:06}.e57", i);
      changes.Add(objects::PutChange{
          .object = {"vault", "gantry/" + path},
          .content = content,
          .metadata = {.content_type = "binary/octet-stream",
                       .user = {{"databaseid", "harbor"}, {"assetid", "gantry"}}},
          .condition = {}});
      for (int field = 0; field < kFields; ++field)
        writes.push_back(catalog::PutMetadata(
            owner, {.kind = field % 3 == 0 ? catalog::MetadataKind::kAttribute
                                           : catalog::MetadataKind::kMetadata,
                    .path = "/" + path,
                    .key = fmt::format("field-{}", field),
                    .value = fmt::format("value {} of a survey", i * kFields + field),
                    .type = "string"}));
    }
    Must(objects_->Commit(op, changes, writes));
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;

 public:
  OpContext op;
};

std::unique_ptr<catalog::Export> Begin(Stack& stack) {
  catalog::Exports exports(stack.stores());
  catalog::Caller caller = MayRead();
  return Must(exports.Begin(stack.op, caller, {"harbor", "gantry"}, {}));
}

std::unique_ptr<ExportText> TextOf(Stack& stack) {
  return std::make_unique<ExportText>(
      Begin(stack),
      [](OpContext&, const objects::ObjectId&, const std::string&) -> Result<std::string> {
        return std::string("https://plant.example/objects/x");
      },
      86'400);
}

Stack& TenThousand() {
  static Stack stack(10'000);
  return stack;
}

// Reading alone, without the text.
void ExportRead(benchmark::State& state) {
  Stack& stack = TenThousand();
  std::size_t files = 0;
  for (auto _ : state) {
    const auto source = Begin(stack);
    while (Must(source->NextAsset(stack.op)))
      for (auto page = Must(source->NextFiles(stack.op)); !page.empty();
           page = Must(source->NextFiles(stack.op)))
        files += page.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(files));
}
BENCHMARK(ExportRead)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

void ExportAsText(benchmark::State& state) {
  Stack& stack = TenThousand();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto text = TextOf(stack);
    std::string piece;
    for (; Must(text->Next(stack.op, piece)); piece.clear()) bytes += piece.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(ExportAsText)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

// As the endpoint does it: what is buffered before the first byte can go, and the whole answer.
void ExportAnswer(benchmark::State& state) {
  using Time = std::chrono::steady_clock;
  Stack& stack = TenThousand();
  std::size_t bytes = 0;
  double first = 0;
  for (auto _ : state) {
    const auto start = Time::now();
    const std::shared_ptr<ExportText> text = TextOf(stack);
    std::string begin;
    while (begin.size() <= 102'400 && Must(text->Next(stack.op, begin))) continue;
    GzipSource source(std::move(begin),
                      [text](OpContext& op, std::string& piece) { return text->Next(op, piece); });
    std::vector<char> buffer(256 << 10);
    bool any = false;
    for (;;) {
      const std::size_t count = Must(source.Read(stack.op, buffer));
      if (!std::exchange(any, true))
        first += std::chrono::duration<double, std::milli>(Time::now() - start).count();
      if (count == 0) break;
      bytes += count;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["first_byte_ms"] = benchmark::Counter(first, benchmark::Counter::kAvgIterations);
}
BENCHMARK(ExportAnswer)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

// The most that an export of ten times as many files ever holds, beyond what was there before.
void ExportMemory(benchmark::State& state) {
  Stack stack(100'000);
  std::size_t most = 0;
  for (auto _ : state) {
    ::malloc_trim(0);
    const std::size_t before = ::mallinfo2().uordblks;
    const auto text = TextOf(stack);
    std::string piece;
    for (; Must(text->Next(stack.op, piece)); piece.clear())
      most = std::max(most, ::mallinfo2().uordblks - before);
  }
  state.counters["held_MiB"] = static_cast<double>(most) / (1 << 20);
}
BENCHMARK(ExportMemory)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::api
