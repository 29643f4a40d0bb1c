// What a verified request costs.  A hit is a token that was seen before, a
// miss one that was not (signature, session and account are looked at), over the memory engine.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "identity/sessions.h"
#include "items/memory/memory_store.h"
#include "tables/system_tables.h"

namespace vams::identity {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class Logins {
 public:
  Logins() : store_(items::MemoryStore::Create()) {
    Must(store_->CreateTables(op_, tables::SystemTables()));
    AccountOptions least;
    least.work = {.operations = 1, .memory_bytes = 8192, .parallel_hashes = 2};
    accounts_ = std::make_unique<Accounts>(*store_, SystemClock(), SystemRandom(), least);
    Must(accounts_->Create(op_, {.user = "ada",
                                 .email = "ada@example.org",
                                 .phone = "",
                                 .password = "Correct-Horse-7",
                                 .must_change = false}));
    sessions_ = Must(Sessions::Open(
        *store_, *accounts_, SystemClock(), SystemRandom(), {.issuer = "https://vams.example.org"},
        [](OpContext&, std::string_view) -> Result<std::vector<std::string>> {
          return std::vector<std::string>{"admin", "engineers", "basicReadOnly"};
        },
        {}));
  }

  Tokens Login() {
    return *Must(sessions_->Login(op_, "ada", "Correct-Horse-7", "192.0.2.1")).tokens;
  }
  Sessions& sessions() { return *sessions_; }

 private:
  OpContext op_;
  std::unique_ptr<items::ItemStore> store_;
  std::unique_ptr<Accounts> accounts_;
  std::unique_ptr<Sessions> sessions_;
};

Logins& TheLogins() {
  static Logins logins;
  return logins;
}

void VerifyHit(benchmark::State& state) {
  OpContext op;
  static const Tokens tokens = TheLogins().Login();
  for (auto _ : state) benchmark::DoNotOptimize(TheLogins().sessions().Verify(op, tokens.access));
  state.counters["bytes"] = static_cast<double>(tokens.access.size());
}
BENCHMARK(VerifyHit)->Threads(1)->Threads(2)->UseRealTime();

// The floor of a hit: what remembers tokens must not hold them.
void DigestAlone(benchmark::State& state) {
  static const Tokens tokens = TheLogins().Login();
  for (auto _ : state) benchmark::DoNotOptimize(Sha256(tokens.access));
}
BENCHMARK(DigestAlone);

void VerifyMiss(benchmark::State& state) {
  OpContext op;
  auto& sessions = TheLogins().sessions();
  // Each token is new once; there are more than the cache holds.
  std::vector<Tokens> fresh;
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == fresh.size()) {
      state.PauseTiming();
      fresh.clear();
      for (int i = 0; i < 200; ++i) fresh.push_back(TheLogins().Login());
      next = 0;
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(sessions.Verify(op, fresh[next++].access));
  }
}
BENCHMARK(VerifyMiss)->Iterations(2000);

void Login(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(TheLogins().Login());
}
BENCHMARK(Login)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::identity
