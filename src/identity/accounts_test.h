// What the tests of accounts and sessions share: a store of either engine with the tables of
// logins, a clock, seeded randomness, the least work for password hashes.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "files/files.h"
#include "identity/accounts.h"
#include "identity/jwt_test.h"
#include "identity/totp.h"
#include "items/codec.h"
#include "items/memory/memory_store.h"
#include "items/sqlite/sqlite_store.h"
#include "net/test_support.h"
#include "tables/system_tables.h"

namespace vams::identity::test {

inline constexpr std::string_view kPassword = "Correct-Horse-7";
inline constexpr std::string_view kOther = "Battery-Staple-8";

inline std::uint32_t Seed() {
  static const std::uint32_t seed = [] {
    const int given = ::testing::UnitTest::GetInstance()->random_seed();
    const std::uint32_t chosen = given == 0 ? 20'260'101U : static_cast<std::uint32_t>(given);
    std::cout << "seed " << chosen << " (--gtest_random_seed)\n";
    return chosen;
  }();
  return seed;
}

inline AccountOptions QuickOptions() {
  AccountOptions options;
  options.work = {.operations = 1, .memory_bytes = 8192, .parallel_hashes = 2};
  return options;
}

inline void Must(Status status) {
  ASSERT_TRUE(status.ok()) << status.error().message << " (" << status.error().details << ")";
}

template <typename T>
Code CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? Code::kInternal : result.error().code;
}

enum class Engine : std::uint8_t { kMemory, kSqlite };

struct World {
  explicit World(Engine engine = Engine::kMemory) : random(Seed()) {
    if (engine == Engine::kMemory) {
      store = items::MemoryStore::Create(clock);
    } else {
      folder.emplace(
          Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-identity")));
      store = Must(items::OpenSqliteStore(folder->path() / "items.sqlite", {.clock = &clock}));
    }
    Must(store->CreateTables(op, tables::SystemTables()));
  }

  Accounts MakeAccounts(items::ItemStore* over = nullptr) {
    return Accounts(over == nullptr ? *store : *over, clock, random, QuickOptions());
  }

  // Every item of every table, encoded.
  std::string Everything() {
    std::string all;
    for (const auto& spec : Must(store->Tables(op))) {
      std::string cursor;
      do {
        const auto page = Must(store->Scan(op, spec.name, {}, cursor, 1000));
        for (const auto& item : page.items) all += items::EncodeItem(item);
        cursor = page.next;
      } while (!cursor.empty());
    }
    return all;
  }

  OpContext op;
  FakeClock clock{1'800'000'000};
  net::test::SeededRandom random;
  // Which key servers over this store sign with at first; nothing: they make it, which takes long.
  std::optional<std::size_t> key = 0;
  std::optional<files::TempFolder> folder;
  std::unique_ptr<items::ItemStore> store;
};

// What the user's app shows for a secret as it was handed out.
inline std::string CodeFor(std::string_view secret_base32, const Clock& clock, int steps = 0) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string secret;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : secret_base32) {
    buffer = (buffer << 5 | static_cast<std::uint32_t>(kAlphabet.find(c))) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    secret.push_back(static_cast<char>(buffer >> bits & 0xff));
  }
  return TotpCode(secret, clock.NowMillis() / 1000 / kTotpStepSeconds + steps);
}

// Processor time of this thread, which other programs on the machine do not disturb much.
inline double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A code that is none of the three that count now.
inline std::string WrongCodeFor(std::string_view secret_base32, const Clock& clock) {
  for (int i = 0;; ++i) {
    std::string code = fmt::format("{:06}", i);
    bool right = false;
    for (int step = -1; step <= 1; ++step)
      right = right || code == CodeFor(secret_base32, clock, step);
    if (!right) return code;
  }
}

inline std::string EngineName(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::kMemory ? "Memory" : "Sqlite";
}

}  // namespace vams::identity::test
