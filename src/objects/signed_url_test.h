// What the tests of signed URLs share: a store with a clock and seeded randomness, grants, and what
// a refusal must look like.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "items/memory/memory_store.h"
#include "objects/signed_url.h"
#include "objects/test_support.h"
#include "tables/system_tables.h"

namespace vams::objects::url_test {

using test::Must;

inline constexpr std::int64_t kStart = 1'800'000'000;  // 2027-01-15T08:00:00Z
inline constexpr std::int64_t kDay = 86'400;
inline const std::string kTable{tables::kUrlKeysTable};

inline std::uint32_t Seed() {
  static const std::uint32_t seed = [] {
    const int given = ::testing::UnitTest::GetInstance()->random_seed();
    const std::uint32_t chosen = given == 0 ? 20'260'101U : static_cast<std::uint32_t>(given);
    std::cout << "seed " << chosen << " (--gtest_random_seed)\n";
    return chosen;
  }();
  return seed;
}

class ManualClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return millis_; }
  void Advance(std::int64_t seconds) { millis_ += seconds * 1000; }

 private:
  std::atomic<std::int64_t> millis_ = kStart * 1000;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  void Fill(void* bytes, std::size_t count) override {
    const std::scoped_lock lock(mutex_);
    auto* out = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937 engine_;
};

struct World {
  explicit World(std::uint32_t seed = Seed()) : random(seed) {
    Must(store->CreateTables(op, tables::SystemTables()));
  }
  std::unique_ptr<SignedUrls> Open() { return Must(SignedUrls::Open(op, *store, clock, random)); }
  std::vector<items::Item> Records() { return Must(store->Scan(op, kTable, {}, "", 1000)).items; }
  void Commit(const items::Write& write) {
    ASSERT_TRUE(store->Commit(op, std::span(&write, 1)).ok());
  }

  OpContext op;
  ManualClock clock;
  SeededRandom random;
  std::unique_ptr<items::ItemStore> store = items::MemoryStore::Create(clock);
};

inline UrlGrant Reading(std::string key = "gantry-12/scan/east.e57") {
  return {.method = UrlMethod::kGet, .bucket = "assets", .key = std::move(key)};
}

inline UrlGrant Part() {
  return {.method = UrlMethod::kPut,
          .bucket = "assets",
          .key = "gantry-12/scan/east.e57",
          .upload_id = "0123456789abcdef0123456789abcdef",
          .part_number = 7,
          .content_length = ByteBounds{.low = 1, .high = std::uint64_t{5} << 30}};
}

inline UrlGrant Bundle() {
  return {.method = UrlMethod::kPost,
          .bucket = "assets",
          .key = "gantry-12",
          .upload_id = "y0123456789abcdef",
          .content_length = ByteBounds{.low = 1, .high = std::uint64_t{64} << 20}};
}

inline UrlGrant EverythingForReading() {
  UrlGrant grant = Reading();
  grant.version_id = "c07e6d1c0b3f4c1f9d8d4f0d0f5e7a11";
  grant.range = ByteBounds{.low = 100, .high = (std::uint64_t{1} << 62) + 5};
  grant.content_type = "model/gltf-binary";
  grant.content_disposition = R"(attachment; filename="east.e57"; filename*=UTF-8''%C3%B6st.e57)";
  return grant;
}

// Refused, as it must be: with a message for the client and the reason for the log.
inline void ExpectDenied(const Result<VerifiedUrl>& result, std::string_view reason,
                         std::string_view target) {
  ASSERT_FALSE(result.ok()) << target;
  const Error& error = result.error();
  EXPECT_EQ(error.code, Code::kDenied) << target;
  EXPECT_TRUE(error.details.contains(reason)) << error.details << " of " << target;
  EXPECT_FALSE(error.message.empty());
}

}  // namespace vams::objects::url_test
