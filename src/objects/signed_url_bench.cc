// What a signed URL costs: made for each part of an upload and each file of an export, verified by
// each request that uses one.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "items/memory/memory_store.h"
#include "objects/signed_url.h"
#include "tables/system_tables.h"

namespace vams::objects {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Signer {
  Signer() : store(items::MemoryStore::Create()) {
    Must(store->CreateTables(op, tables::SystemTables()));
    urls = Must(SignedUrls::Open(op, *store, SystemClock(), SystemRandom()));
  }
  OpContext op;
  std::unique_ptr<items::ItemStore> store;
  std::unique_ptr<SignedUrls> urls;
};

UrlGrant Part() {
  return {.method = UrlMethod::kPut,
          .bucket = "assets",
          .key = "0f3c9a2e-7d41-4a55-9a57-b8f1d6f3c001/scan/east wing.e57",
          .upload_id = "0123456789abcdef0123456789abcdef",
          .part_number = 7,
          .content_length = ByteBounds{.low = 1, .high = 5'368'709'120}};
}

UrlGrant Longest() {
  return {.method = UrlMethod::kGet,
          .bucket = std::string(255, 'b'),
          .key = std::string(1024, 'k'),
          .version_id = std::string(1024, 'v'),
          .content_disposition = std::string(2048, 'd')};
}

void Sign(benchmark::State& state, const UrlGrant& grant) {
  Signer signer;
  for (auto _ : state) benchmark::DoNotOptimize(signer.urls->Sign(signer.op, grant, 86'400));
  state.counters["bytes"] =
      static_cast<double>(Must(signer.urls->Sign(signer.op, grant, 86'400)).size());
}
BENCHMARK_CAPTURE(Sign, Part, Part());
BENCHMARK_CAPTURE(Sign, Longest, Longest());

void Verify(benchmark::State& state, const UrlGrant& grant) {
  Signer signer;
  const std::string target = Must(signer.urls->Sign(signer.op, grant, 86'400));
  for (auto _ : state)
    benchmark::DoNotOptimize(Must(signer.urls->Verify(signer.op, grant.method, target)));
}
BENCHMARK_CAPTURE(Verify, Part, Part());
BENCHMARK_CAPTURE(Verify, Longest, Longest());

// What a stranger's guess costs.
void Refuse(benchmark::State& state) {
  Signer signer;
  std::string target = Must(signer.urls->Sign(signer.op, Part(), 86'400));
  target.back() = '!';
  for (auto _ : state)
    benchmark::DoNotOptimize(signer.urls->Verify(signer.op, UrlMethod::kPut, target));
}
BENCHMARK(Refuse);

}  // namespace
}  // namespace vams::objects
