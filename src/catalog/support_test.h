// What the tests of catalog share: engines with the tables of the newest data version, callers,
// constraints in short.  Blocks on disk for the SQLite engine.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "access/policy.h"
#include "catalog/permissions.h"
#include "catalog/records.h"
#include "files/files.h"
#include "items/codec.h"
#include "items/memory/memory_store.h"
#include "items/sqlite/sqlite_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::catalog::test {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message << " " << result.error().details;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The code and the message of a call that must fail.
template <typename T>
std::pair<Code, std::string> Failure(const Result<T>& result) {
  if (!result.ok()) return {result.error().code, result.error().message};
  ADD_FAILURE() << "the call succeeded";
  return {Code::kInternal, ""};
}
using Fails = std::pair<Code, std::string>;

class FixedClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now; }
  std::atomic<std::int64_t> now = 1'740'823'200'123;  // 2025-03-01T10:00:00.123Z
};

// Thread-safe.
class SeededRandom final : public Random {
 public:
  void Fill(void* bytes, std::size_t count) override {
    const std::lock_guard lock(mutex_);
    auto* at = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) at[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_{7};
};

inline void CreateAllTables(items::ItemStore& store) {
  OpContext op;
  std::vector<items::TableSpec> specs;
  for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
  Must(store.CreateTables(op, specs));
  Must(store.CreateTables(op, tables::SystemTables()));
}

inline std::unique_ptr<items::ItemStore> MemoryWithTables(const Clock& clock) {
  auto store = items::MemoryStore::Create(clock);
  CreateAllTables(*store);
  return store;
}

// All items of the permission tables and sys.seeds, as text by table.
using Dump = std::map<std::string, std::vector<items::Item>>;
inline Dump DumpOf(items::ItemStore& store) {
  OpContext op;
  Dump dump;
  for (const std::string& table : {kRolesTable, kUserRolesTable, kConstraintsTable, kProfilesTable,
                                   std::string(tables::kSeedsTable)})
    Must(ForEachItem(op, store, table,
                     [&](items::Item item) { dump[table].push_back(std::move(item)); }));
  return dump;
}

inline access::Criterion Where(std::string field, std::string op, std::string value) {
  return {std::move(field), std::move(op), {std::move(value)}, false, {}};
}

struct Rule {
  std::string id;
  std::string type = "asset";
  std::vector<access::Criterion> all_of = {Where("databaseId", "contains", ".*")};
  std::vector<access::Criterion> any_of = {};
  std::vector<access::Permission> groups = {};
  std::vector<access::Permission> users = {};
};
inline access::Constraint Make(Rule rule) {
  return {.id = rule.id,
          .name = rule.id,
          .description = "of a test",
          .object_type = std::move(rule.type),
          .criteria_and = std::move(rule.all_of),
          .criteria_or = std::move(rule.any_of),
          .groups = std::move(rule.groups),
          .users = std::move(rule.users)};
}
inline access::Permission Allow(std::string who, std::string action) {
  return {std::move(who), std::move(action), "allow", {}};
}
inline access::Permission Deny(std::string who, std::string action) {
  return {std::move(who), std::move(action), "deny", {}};
}

// A caller with exactly these rules, which name the user "tester".
inline Caller CallerWith(const std::vector<access::Constraint>& constraints) {
  auto identity = std::make_shared<identity::Identity>();
  identity->user = "tester";
  return {std::move(identity), std::make_shared<const access::Policy>(
                                   access::Policy::Compile("tester", {}, constraints))};
}
inline access::Constraint UserRule(std::string id, std::string type, access::Criterion criterion,
                                   std::vector<std::string> actions, bool deny = false) {
  Rule rule{.id = std::move(id), .type = std::move(type), .all_of = {std::move(criterion)}};
  for (auto& action : actions)
    rule.users.push_back(deny ? Deny("tester", action) : Allow("tester", action));
  return Make(std::move(rule));
}
inline std::vector<access::Constraint> MayEverything() {
  return {UserRule("roles", "role", Where("roleName", "contains", ".*"),
                   {"GET", "PUT", "POST", "DELETE"}),
          UserRule("pairs", "userRole", Where("roleName", "contains", ".*"),
                   {"GET", "PUT", "POST", "DELETE"})};
}
inline Caller Administrator() { return CallerWith(MayEverything()); }
inline Caller Nobody() { return CallerWith({}); }

// One engine with empty tables and Permissions over it.
class Bench {
 public:
  explicit Bench(bool sqlite)
      : folder_(Must(
            files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-catalog"))) {
    if (sqlite) {
      store_ = Must(items::OpenSqliteStore(folder_.path() / "items.db", {.clock = &clock}));
      CreateAllTables(*store_);
    } else {
      store_ = MemoryWithTables(clock);
    }
    permissions_ = std::make_unique<Permissions>(*store_, clock, random);
  }

  items::ItemStore& store() { return *store_; }
  Permissions& permissions() { return *permissions_; }

  FixedClock clock;
  SeededRandom random;

 private:
  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> store_;
  std::unique_ptr<Permissions> permissions_;
};

// For every engine: TEST_P of a fixture derived from this, instantiated with EveryEngine().
class EngineTest : public ::testing::TestWithParam<bool> {
 protected:
  items::ItemStore& store() { return bench_.store(); }
  Permissions& permissions() { return bench_.permissions(); }
  FixedClock& clock() { return bench_.clock; }

  void CreateRoles(const std::vector<std::string>& names) {
    for (const std::string& name : names)
      Must(permissions().CreateRole(op, admin, {.name = name, .description = name}));
  }
  bool May(std::string_view user, const access::Object& object, access::Action action,
           bool mfa = false) {
    return Must(permissions().PolicyFor(op, user, mfa))->Allows(object, action);
  }

  OpContext op;
  Caller admin = Administrator();

 private:
  Bench bench_{GetParam()};
};
inline auto EveryEngine() { return ::testing::Bool(); }
inline std::string EngineName(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "sqlite" : "memory";
}

}  // namespace vams::catalog::test
