// What the audit log costs a request: a line (masked, chained, written to the page cache) and the
// count of an allowed read, alone and by two threads at once.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

#include "audit/audit_log.h"
#include "audit/mask.h"
#include "audit/verify.h"

namespace vams::audit {
namespace {

Event Denial(bool with_body) {
  Event event{.channel = Channel::kAuthorization,
              .outcome = false,
              .actor = {.user = "ann@example.com", .roles = {"viewer", "editor-plant-7"}},
              .payload = {{"action", "DELETE"},
                          {"obj", {{"object__type", "api"}, {"route__path", "/database/{id}"}}}},
              .request = {{"method", "DELETE"},
                          {"path", "/database/plant-7"},
                          {"headers",
                           {{"Authorization", std::string(700, 'x')},
                            {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"},
                            {"Accept", "application/json"},
                            {"Host", "vams.example.com"}}},
                          {"sourceIp", "203.0.113.7"}},
              .request_id = "4f7a1c52-9f5e-4b52-8d2b-1f1f4b0c9e01",
              .reason = "refused: no rule allows DELETE on /database/{id}"};
  if (with_body)
    event.request["body"] =
        R"({"databaseId":"plant-7","description":"the yard","password":"x","tags":["a","b","c"]})";
  return event;
}

struct Fixture {
  Fixture()
      : temp(*files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-bench")) {
    log = *AuditLog::Open(temp.path() / "audit", SystemClock());
  }
  files::TempFolder temp;
  std::unique_ptr<AuditLog> log;
};

Fixture& Shared() {
  static Fixture fixture;
  return fixture;
}

void BM_Write(benchmark::State& state) {
  const Event event = Denial(state.range(0) != 0);
  AuditLog& log = *Shared().log;
  for (auto _ : state) log.Write(event);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Write)->ArgName("body")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_Write)->ArgName("body")->Arg(0)->Threads(2)->UseRealTime();

void BM_Text(benchmark::State& state) {
  const Event event = Denial(state.range(0) != 0);
  for (auto _ : state) benchmark::DoNotOptimize(TextOf(event));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Text)->ArgName("body")->Arg(0)->Arg(1);

void BM_CountAllowed(benchmark::State& state) {
  AuditLog& log = *Shared().log;
  const Actor actor{.roles = {"viewer", "editor", "plant-7", "plant-8", "reviewers"}};
  std::vector<std::string> users;
  for (int i = 0; i < state.range(0); ++i) users.push_back(std::to_string(i) + "@example.com");
  std::size_t i = 0;
  for (auto _ : state) {
    log.CountAllowed(users[i], "getAsset", actor, "/database/{databaseId}/assets/{assetId}");
    if (++i == users.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CountAllowed)->ArgName("users")->Arg(1)->Arg(1000);
BENCHMARK(BM_CountAllowed)->ArgName("users")->Arg(1)->Arg(1000)->Threads(2)->UseRealTime();

void BM_Verify(benchmark::State& state) {
  Fixture fixture;
  const Event event = Denial(false);
  for (int i = 0; i < 20'000; ++i) fixture.log->Write(event);
  fixture.log.reset();
  for (auto _ : state) {
    const auto verification = Verify(fixture.temp.path() / "audit");
    if (!verification.ok() || !verification->clean()) state.SkipWithError("not clean");
  }
  state.SetItemsProcessed(state.iterations() * 20'000);
}
BENCHMARK(BM_Verify)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::audit
