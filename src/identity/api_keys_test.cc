#include "identity/api_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/encoding.h"
#include "base/hash.h"
#include "files/files.h"
#include "identity/jwt_test.h"
#include "items/memory/memory_store.h"
#include "items/sqlite/sqlite_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"
#include "testing/faulty_store.h"

namespace vams::identity {
namespace {

namespace json = boost::json;
using items::Item;
using items::ItemStore;
using items::Value;
using items::Write;
using test::FakeClock;
using test::Must;
using vams::testing::FaultyStore;

constexpr std::int64_t kNow = 1'750'000'000;  // 2025-06-15T15:06:40Z
constexpr char kTable[] = "ApiKeyStorageTable";

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {
    ::testing::Test::RecordProperty("seed", static_cast<int>(seed));
  }
  void Fill(void* bytes, std::size_t count) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < count; ++i)
      static_cast<unsigned char*>(bytes)[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937 engine_;
};

// The roles that users have; thread-safe.
class Roles {
 public:
  void Set(const std::string& user, std::vector<std::string> roles) {
    const std::lock_guard lock(mutex_);
    roles_[user] = std::move(roles);
  }
  ApiKeys::RolesOf Source() {
    return [this](OpContext&, std::string_view user) -> Result<std::vector<std::string>> {
      std::unique_lock lock(mutex_);
      if (const auto hook = std::exchange(before_answer_, nullptr)) {
        lock.unlock();
        hook();
        lock.lock();
      }
      const auto at = roles_.find(std::string(user));
      return at == roles_.end() ? std::vector<std::string>() : at->second;
    };
  }
  // Called once, inside of the next question.
  void BeforeAnswer(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    before_answer_ = std::move(hook);
  }

 private:
  std::mutex mutex_;
  std::function<void()> before_answer_;
  std::map<std::string, std::vector<std::string>> roles_;
};

class ApiKeysTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    if (GetParam() == "sqlite")
      store_ = Must(items::OpenSqliteStore(folder_.path() / "items.db", {.clock = &clock_}));
    else
      store_ = items::MemoryStore::Create(clock_);
    OpContext op;
    const items::TableSpec specs[] = {Must(tables::SpecOf(kTable, tables::kNewest)),
                                      *tables::FindSystemTable(tables::kNamesTable)};
    ASSERT_TRUE(store_->CreateTables(op, specs).ok());
    roles_.Set("lee", {"editor", "viewer"});
  }

  ApiKeys Open() { return Open(*store_); }
  ApiKeys Open(ItemStore& store) { return ApiKeys(store, clock_, random_, roles_.Source()); }

  static ApiKeys::NewKey Wanted(std::string name) {
    return {.name = std::move(name),
            .user = "lee",
            .description = "nightly import",
            .expires_at = "",
            .created_by = "admin"};
  }

  void Put(Item item) {
    OpContext op;
    const Write write = Write::Put(kTable, std::move(item));
    ASSERT_TRUE(store_->Commit(op, {&write, 1}).ok());
  }

  // As an import from AWS leaves it: data-model.md section 4.17.
  static Item Imported(std::string_view secret) {
    return {{"apiKeyId", Value::S("4c1f6d6e-0a55-4d7c-9a52-1f1b6f0c0001")},
            {"apiKeyName", Value::S("yard-sync")},
            {"apiKeyHash", Value::S(HexEncode(Sha256(secret)))},
            {"description", Value::S("nightly import")},
            {"userId", Value::S("lee")},
            {"createdBy", Value::S("administrator")},
            {"createdAt", Value::S("2025-04-10T08:00:00.000001+00:00")},
            {"updatedAt", Value::S("2025-04-10T08:00:00.000001+00:00")},
            {"expiresAt", Value::S("")},
            {"isActive", Value::S("true")}};
  }

  std::vector<Item> All(std::string_view table) {
    OpContext op;
    return Must(store_->Scan(op, table, {}, "", 1000)).items;
  }

  const files::TempFolder folder_ =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-api-keys"));
  FakeClock clock_{kNow};
  SeededRandom random_{4711};
  Roles roles_;
  std::unique_ptr<ItemStore> store_;
  OpContext op_;
};

INSTANTIATE_TEST_SUITE_P(Engines, ApiKeysTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& engine) { return std::string(engine.param); });

void ExpectError(const auto& result, Code code, std::string_view message) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code);
  EXPECT_EQ(result.error().message, message);
}

void ExpectUnusable(const Result<std::shared_ptr<const Identity>>& result,
                    std::string_view reason) {
  ASSERT_FALSE(result.ok()) << reason;
  EXPECT_EQ(result.error().code, Code::kUnauthenticated);
  EXPECT_EQ(result.error().details, reason);
  EXPECT_EQ(result.error().message.find(reason), std::string::npos) << "clients must not learn it";
}

TEST(ParseExpiry, ReadsDatesAndTimesOfEveryUsualForm) {
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"1970-01-01", 0},
      {"2026-12-31", 1'798'675'200'000},
      {"20261231", 1'798'675'200'000},
      {"2026-12-31T23:59:59Z", 1'798'761'599'000},
      {"2026-12-31t23:59:59z", 1'798'761'599'000},
      {"2026-12-31 23:59:59", 1'798'761'599'000},
      {"2026-12-31T23:59", 1'798'761'540'000},
      {"2026-12-31T23", 1'798'758'000'000},
      {"20261231T235959", 1'798'761'599'000},
      {"2026-12-31T23:59:59.123456Z", 1'798'761'599'123},
      {"2026-12-31T23:59:59,5", 1'798'761'599'500},
      {"2026-12-31T23:59:59+00:00", 1'798'761'599'000},
      {"2026-12-31T23:59:59-05:00", 1'798'779'599'000},
      {"2026-12-31T23:59:59+0530", 1'798'741'799'000},
      {"2026-12-31T23:59:59+02", 1'798'754'399'000},
      {"2024-02-29", 1'709'164'800'000},
      {"1969-12-31T23:59:59", -1000},
      {"9999-12-31", 253'402'214'400'000},
  };
  for (const auto& [text, millis] : cases) EXPECT_EQ(ParseExpiry(text), millis) << text;
}

TEST(ParseExpiry, RefusesWhatIsNoTime) {
  using std::string_view_literals::operator""sv;
  for (const auto text : {""sv,
                          "tomorrow"sv,
                          "2026"sv,
                          "2026-12"sv,
                          "2026-13-01"sv,
                          "2026-02-29"sv,
                          "0000-01-01"sv,
                          "2026-1-1"sv,
                          "2026-12-31T"sv,
                          "2026-12-31T24:00"sv,
                          "2026-12-31T23:60"sv,
                          "2026-12-31T23:59:60"sv,
                          "2026-12-31T23:59:59."sv,
                          "2026-12-31T23:59:59Zx"sv,
                          "2026-12-31T23:59:59+24:00"sv,
                          "2026-12-31Z"sv,
                          "2026-12-31+01:00"sv,
                          " 2026-12-31"sv,
                          "2026-12-31 "sv,
                          "2026-1231"sv,
                          "202612-31"sv,
                          "31.12.2026"sv,
                          "1798675200"sv,
                          "2026-12-31\0"sv,
                          "-026-12-31"sv,
                          "2026-12-31T23:59:59Z+01"sv})
    EXPECT_EQ(ParseExpiry(text), std::nullopt) << text;
}

TEST_P(ApiKeysTest, ANewKeyActsAsItsUser) {
  ApiKeys keys = Open();

  const auto created = Must(keys.Create(op_, Wanted("yard-sync")));

  EXPECT_EQ(created.secret.size(), 69u);
  EXPECT_TRUE(created.secret.starts_with("vams_"));
  const auto identity = Must(keys.Authenticate(op_, created.secret));
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(identity->user, "lee");
  EXPECT_EQ(identity->api_key, created.key.id);
  EXPECT_EQ(identity->role_claims, (std::vector<std::string>{"editor", "viewer"}));
  EXPECT_FALSE(identity->mfa);
  EXPECT_EQ(identity->email, "");
  EXPECT_EQ(identity->expires, 0);
  const json::object claims = {{"sub", "lee"},
                               {"cognito:username", "lee"},
                               {"vams:tokens", R"(["lee"])"},
                               {"vams:roles", R"(["editor","viewer"])"},
                               {"vams:apiKeyId", created.key.id},
                               {"vams:authMethod", "apiKey"}};
  EXPECT_EQ(identity->claims, claims);
}

TEST_P(ApiKeysTest, TheRecordIsUpstreamsAndHasNoSecret) {
  ApiKeys keys = Open();
  auto wanted = Wanted("yard-sync");
  wanted.expires_at = "2026-12-31";

  const auto created = Must(keys.Create(op_, wanted));

  const auto stored = All(kTable);
  ASSERT_EQ(stored.size(), 1u);
  const Item expected = {{"apiKeyId", Value::S(created.key.id)},
                         {"apiKeyName", Value::S("yard-sync")},
                         {"apiKeyHash", Value::S(HexEncode(Sha256(created.secret)))},
                         {"description", Value::S("nightly import")},
                         {"userId", Value::S("lee")},
                         {"createdBy", Value::S("admin")},
                         {"createdAt", Value::S("2025-06-15T15:06:40.000000+00:00")},
                         {"updatedAt", Value::S("2025-06-15T15:06:40.000000+00:00")},
                         {"expiresAt", Value::S("2026-12-31")},
                         {"isActive", Value::S("true")}};
  EXPECT_EQ(stored[0], expected);

  const auto listed = Must(keys.List(op_));
  ASSERT_EQ(listed.size(), 1u);
  const std::string text = json::serialize(ApiKeyJson(listed[0]));
  EXPECT_EQ(
      text,
      fmt::format(R"({{"apiKeyId":"{}","apiKeyName":"yard-sync","description":"nightly import",)"
                  R"("userId":"lee","createdBy":"admin",)"
                  R"("createdAt":"2025-06-15T15:06:40.000000+00:00",)"
                  R"("updatedAt":"2025-06-15T15:06:40.000000+00:00",)"
                  R"("expiresAt":"2026-12-31","isActive":"true"}})",
                  created.key.id));
}

TEST_P(ApiKeysTest, KeysThatWereImportedWork) {
  ApiKeys keys = Open();
  Put(Imported("vams_from-aws"));

  EXPECT_EQ(Must(keys.Authenticate(op_, "vams_from-aws"))->user, "lee");
  EXPECT_EQ(Must(keys.Authenticate(op_, "vams_from-aws ")), nullptr);
}

TEST_P(ApiKeysTest, CreateRefusesWhatTheSpecificationNames) {
  ApiKeys keys = Open();
  Must(keys.Create(op_, Wanted("yard-sync")));

  ExpectError(keys.Create(op_, Wanted("yard-sync")), Code::kConflict,
              "An API key with the name 'yard-sync' already exists. Please choose a different "
              "name.");
  auto wanted = Wanted("other");
  wanted.user = "nobody";
  ExpectError(keys.Create(op_, wanted), Code::kInvalid,
              "User 'nobody' has no roles assigned. Cannot create API key for a user without "
              "roles.");
  wanted.name = "yard-sync";  // the name is looked at first
  EXPECT_EQ(keys.Create(op_, wanted).error().code, Code::kConflict);
  wanted = Wanted("other");
  wanted.expires_at = "soon";
  ExpectError(keys.Create(op_, wanted), Code::kInvalid,
              "Invalid date format: 'soon'. Use ISO 8601 format (e.g. 2026-12-31 or "
              "2026-12-31T23:59:59Z)");
  roles_.Set("SYSTEM_USER", {"admin"});
  wanted = Wanted("other");
  wanted.user = "SYSTEM_USER";
  EXPECT_EQ(keys.Create(op_, wanted).error().code, Code::kInvalid);
  EXPECT_EQ(keys.Create(op_, Wanted("")).error().code, Code::kInvalid);
  EXPECT_EQ(keys.Create(op_, Wanted(std::string(1025, 'n'))).error().code, Code::kInvalid);

  EXPECT_EQ(All(kTable).size(), 1u);
}

TEST_P(ApiKeysTest, NamesAreUniqueAndFreeAgainAfterRemoval) {
  ApiKeys keys = Open();
  const auto first = Must(keys.Create(op_, Wanted("yard-sync")));
  EXPECT_TRUE(keys.Create(op_, Wanted("Yard-Sync")).ok()) << "names differ by case";

  EXPECT_EQ(Must(keys.Remove(op_, first.key.id)).name, "yard-sync");

  EXPECT_EQ(Must(keys.Authenticate(op_, first.secret)), nullptr);
  ExpectError(keys.Remove(op_, first.key.id), Code::kNotFound, "API key not found");
  ExpectError(keys.Get(op_, first.key.id), Code::kNotFound, "API key not found");
  EXPECT_TRUE(keys.Create(op_, Wanted("yard-sync")).ok());
  EXPECT_EQ(All(tables::kNamesTable).size(), 2u);
}

// Imports and rollbacks replace keys and know nothing of the claims on names.
TEST_P(ApiKeysTest, NamesFollowTheKeysWhereClaimsAreMissingOrStale) {
  ApiKeys keys = Open();
  Put(Imported("vams_from-aws"));
  EXPECT_EQ(keys.Create(op_, Wanted("yard-sync")).error().code, Code::kConflict);
  const auto made = Must(keys.Create(op_, Wanted("made-here")));
  const Write gone = Write::Delete(kTable, Item{{"apiKeyId", Value::S(made.key.id)}});
  ASSERT_TRUE(store_->Commit(op_, {&gone, 1}).ok());

  const auto again = keys.Create(op_, Wanted("made-here"));

  EXPECT_TRUE(again.ok());
  EXPECT_EQ(keys.Create(op_, Wanted("made-here")).error().code, Code::kConflict);
  EXPECT_TRUE(keys.Remove(op_, "4c1f6d6e-0a55-4d7c-9a52-1f1b6f0c0001").ok());
  EXPECT_TRUE(keys.Create(op_, Wanted("yard-sync")).ok());
}

TEST_P(ApiKeysTest, OfCreationsAtOnceOneGetsTheName) {
  constexpr int kThreads = 6, kNames = 8;
  // Two servers on one store.
  ApiKeys here = Open(), there = Open();
  std::vector<std::vector<Code>> codes(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      OpContext op;
      for (int i = 0; i < kNames; ++i) {
        const auto made = (t % 2 == 0 ? here : there).Create(op, Wanted(fmt::format("key-{}", i)));
        codes[static_cast<std::size_t>(t)].push_back(made.ok() ? Code::kInternal
                                                               : made.error().code);
      }
    });
  for (auto& thread : threads) thread.join();

  for (std::size_t i = 0; i < kNames; ++i) {
    int made = 0, refused = 0;
    for (const auto& mine : codes) {
      made += mine[i] == Code::kInternal ? 1 : 0;
      refused += mine[i] == Code::kConflict ? 1 : 0;
    }
    EXPECT_EQ(made, 1) << i;
    EXPECT_EQ(refused, kThreads - 1) << i;
  }
  EXPECT_EQ(All(kTable).size(), static_cast<std::size_t>(kNames));
}

TEST_P(ApiKeysTest, UpdateChangesWhatIsGivenAndKeepsTheRest) {
  ApiKeys keys = Open();
  Item item = Imported("vams_from-aws");
  item.Set("costCentre", Value::N(7));  // somebody's own attribute
  Put(item);
  const std::string id(item.Text("apiKeyId"));

  const auto changed =
      Must(keys.Update(op_, id, {.description = "weekly", .expires_at = "2027-01-01"}));

  EXPECT_EQ(changed.description, "weekly");
  EXPECT_EQ(changed.expires_at, "2027-01-01");
  EXPECT_EQ(changed.active, "true");
  EXPECT_EQ(changed.updated_at, "2025-06-15T15:06:40.000000+00:00");
  EXPECT_EQ(changed.created_at, "2025-04-10T08:00:00.000001+00:00");
  EXPECT_EQ(*All(kTable)[0].Find("costCentre"), Value::N(7));
  EXPECT_EQ(Must(keys.Update(op_, id, {.expires_at = ""})).expires_at, "");
  EXPECT_EQ(Must(keys.Update(op_, id, {.active = false})).active, "false");

  ExpectError(keys.Update(op_, id, {}), Code::kInvalid,
              "At least one of 'description', 'expiresAt', or 'isActive' must be provided");
  EXPECT_EQ(keys.Update(op_, id, {.expires_at = "soon"}).error().code, Code::kInvalid);
  ExpectError(keys.Update(op_, "4c1f6d6e-0a55-4d7c-9a52-1f1b6f0c0002", {.active = true}),
              Code::kNotFound, "API key not found");
  ExpectError(keys.Update(op_, "", {.active = true}), Code::kNotFound, "API key not found");
  EXPECT_EQ(All(kTable).size(), 1u) << "an update must not make a key";
}

TEST_P(ApiKeysTest, ChangesCountAtTheNextUse) {
  ApiKeys keys = Open();
  const auto created = Must(keys.Create(op_, Wanted("yard-sync")));
  ASSERT_TRUE(keys.Authenticate(op_, created.secret).ok());

  Must(keys.Update(op_, created.key.id, {.active = false}));
  ExpectUnusable(keys.Authenticate(op_, created.secret), "API key is disabled");
  Must(keys.Update(op_, created.key.id, {.active = true}));
  EXPECT_NE(Must(keys.Authenticate(op_, created.secret)), nullptr);
  Must(keys.Update(op_, created.key.id, {.expires_at = "2025-06-15"}));
  ExpectUnusable(keys.Authenticate(op_, created.secret), "API key has expired");
  Must(keys.Update(op_, created.key.id, {.expires_at = ""}));
  EXPECT_NE(Must(keys.Authenticate(op_, created.secret)), nullptr);
  roles_.Set("lee", {});
  keys.Forget();
  ExpectUnusable(keys.Authenticate(op_, created.secret), "No roles for API key user lee");
}

TEST_P(ApiKeysTest, AKeyDiesAtTheVeryMomentOfItsExpiry) {
  ApiKeys keys = Open();
  auto wanted = Wanted("yard-sync");
  wanted.expires_at = "2025-06-15T15:06:43";
  const auto created = Must(keys.Create(op_, wanted));

  clock_.Advance(2);
  EXPECT_EQ(Must(keys.Authenticate(op_, created.secret))->expires, kNow + 3);
  clock_.Advance(1);
  ExpectUnusable(keys.Authenticate(op_, created.secret), "API key has expired");
}

TEST_P(ApiKeysTest, KeysThatCannotBeUsedAreRefusedWithTheReason) {
  ApiKeys keys = Open();
  roles_.Set("SYSTEM_USER", {"admin"});
  const auto with = [&](std::string_view attribute, std::string value) {
    Item item = Imported("vams_from-aws");
    item.Set(attribute, Value::S(std::move(value)));
    Put(item);
    keys.Forget();
    return keys.Authenticate(op_, "vams_from-aws");
  };
  for (const char* inactive : {"false", "False", "True", "1", ""})
    ExpectUnusable(with("isActive", inactive), "API key is disabled");
  ExpectUnusable(with("expiresAt", "2025-06-15"), "API key has expired");
  ExpectUnusable(with("expiresAt", "2025-06-15T15:06:40Z"), "API key has expired");
  ExpectUnusable(with("expiresAt", "never"), "API key has expired");
  ExpectUnusable(with("userId", "dana"), "No roles for API key user dana");
  ExpectUnusable(with("userId", "SYSTEM_USER"), "API key is for SYSTEM_USER, which cannot log in");
  Item item = Imported("vams_from-aws");
  item.Remove("userId");
  Put(item);
  ExpectUnusable(keys.Authenticate(op_, "vams_from-aws"), "API key has no userId configured");
  EXPECT_EQ(Must(keys.Authenticate(op_, "vams_unknown")), nullptr);
  EXPECT_EQ(Must(keys.Authenticate(op_, "")), nullptr);
}

TEST_P(ApiKeysTest, AKnownKeyCostsNoReadAndAnothersChangeCountsSoon) {
  FaultyStore counted(*store_);
  ApiKeys here = Open(counted), there = Open();
  const auto created = Must(there.Create(op_, Wanted("yard-sync")));
  ASSERT_NE(Must(here.Authenticate(op_, created.secret)), nullptr);
  const auto calls = counted.calls();

  clock_.Advance(4);
  EXPECT_NE(Must(here.Authenticate(op_, created.secret)), nullptr);
  EXPECT_EQ(counted.calls(), calls);

  Must(there.Update(op_, created.key.id, {.active = false}));
  clock_.Advance(1);
  ExpectUnusable(here.Authenticate(op_, created.secret), "API key is disabled");
}

// An index may be brought up to date some time after its table: a key must work at once all the
// same, and a change must not be read from the index.
TEST_P(ApiKeysTest, KeysAreReadFromTheTableNotFromTheIndex) {
  FaultyStore counted(*store_);
  ApiKeys keys = Open(counted);
  const auto created = Must(keys.Create(op_, Wanted("yard-sync")));
  const auto before = counted.requests().size();
  ASSERT_NE(Must(keys.Authenticate(op_, created.secret)), nullptr);
  Must(keys.Update(op_, created.key.id, {.active = false}));
  ExpectUnusable(keys.Authenticate(op_, created.secret), "API key is disabled");

  const auto requests = counted.requests();
  ASSERT_EQ(requests.size(), before + 5);
  EXPECT_TRUE(requests[before].starts_with("BatchGet")) << requests[before];
  EXPECT_TRUE(requests[before + 3].starts_with("Query")) << requests[before + 3];
  EXPECT_TRUE(requests[before + 4].starts_with("BatchGet")) << requests[before + 4];
}

// Somebody disables the key while it is being examined: what was found out before must not outlive
// the change in the cache.
TEST_P(ApiKeysTest, AChangeDuringExaminationIsNotForgotten) {
  ApiKeys keys = Open();
  const auto created = Must(keys.Create(op_, Wanted("yard-sync")));
  roles_.BeforeAnswer([&] {
    OpContext op;
    Must(keys.Update(op, created.key.id, {.active = false}));
  });

  EXPECT_TRUE(keys.Authenticate(op_, created.secret).ok());

  ExpectUnusable(keys.Authenticate(op_, created.secret), "API key is disabled");
}

TEST_P(ApiKeysTest, EveryFailureLeavesALegalState) {
  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
    bool done = false;
    for (std::size_t n = 1; !done; ++n) {
      FaultyStore faulty(*store_);
      ApiKeys keys = Open(faulty);
      const std::string name = fmt::format("key-{}-{}", static_cast<int>(when), n);
      faulty.FailCall(n, Code::kUnavailable, when);

      const auto made = keys.Create(op_, Wanted(name));
      std::string id = made.ok() ? made->key.id : "";
      if (made.ok()) {
        const auto used = keys.Authenticate(op_, made->secret);
        EXPECT_TRUE(!used.ok() || *used != nullptr);
        const auto changed = keys.Update(op_, id, {.active = false});
        // Whatever fails after that: a disabled key lets nobody in.
        EXPECT_FALSE(changed.ok() && keys.Authenticate(op_, made->secret).ok());
        (void)keys.Remove(op_, id);
      }
      done = !faulty.failed();
      faulty.Disarm();

      // Whatever is left under that name is one key, which can be removed; then the name is free.
      for (const auto& key : Must(keys.List(op_))) {
        EXPECT_EQ(key.name, name);
        Must(keys.Remove(op_, key.id));
      }
      const auto again = Must(keys.Create(op_, Wanted(name)));
      Must(keys.Remove(op_, again.key.id));
      EXPECT_TRUE(All(kTable).empty());
      EXPECT_TRUE(All(tables::kNamesTable).empty());
    }
  }
}

// The operator's own way in: nothing of it is in the store, and it ends by itself.
TEST_P(ApiKeysTest, AGrantIsKeptInMemoryUntilItsTimeIsOver) {
  ApiKeys keys = Open();
  Identity who;
  who.user = "olga";
  who.mfa = true;
  const std::int64_t until = clock_.NowMillis() + 900'000;

  const std::string secret = keys.Grant(who, until);

  ASSERT_NE(Must(keys.Authenticate(op_, secret)), nullptr);
  EXPECT_EQ(Must(keys.Authenticate(op_, secret))->user, "olga");
  EXPECT_TRUE(Must(keys.Authenticate(op_, secret))->mfa);
  EXPECT_TRUE(keys.IsGrant(secret));
  EXPECT_FALSE(keys.IsGrant(secret + "x"));
  EXPECT_EQ(Must(keys.Authenticate(op_, secret + "x")), nullptr);
  EXPECT_NE(keys.Grant(who, until), secret);
  EXPECT_TRUE(All(kTable).empty());
  EXPECT_FALSE(Open().IsGrant(secret));  // another process

  clock_.Advance(900);
  EXPECT_FALSE(keys.IsGrant(secret));
  EXPECT_EQ(Must(keys.Authenticate(op_, secret)), nullptr);
}

TEST_P(ApiKeysTest, UseAndChangeAtOnceNeverShowAnOldState) {
  ApiKeys keys = Open();
  const auto created = Must(keys.Create(op_, Wanted("yard-sync")));
  std::atomic<bool> stop = false;
  std::vector<std::thread> users;
  for (int t = 0; t < 3; ++t)
    users.emplace_back([&] {
      OpContext op;
      while (!stop) (void)keys.Authenticate(op, created.secret);
    });

  for (int i = 0; i < 50; ++i) {
    const bool active = i % 2 == 0;
    Must(keys.Update(op_, created.key.id, {.active = active}));
    EXPECT_EQ(keys.Authenticate(op_, created.secret).ok(), active) << i;
  }
  stop = true;
  for (auto& user : users) user.join();
}

}  // namespace
}  // namespace vams::identity
