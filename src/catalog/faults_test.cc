// Every change is interrupted at every call of the store, before it and behind it: the records are
// then those of before or those of after, never a part, policies are those of the records, and
// doing the same again brings it to its end.
#include <functional>

#include "catalog/constraint_records.h"
#include "catalog/seed.h"
#include "catalog/support_test.h"
#include "testing/faulty_store.h"

namespace vams::catalog::test {

using access::Action;
using access::Constraint;
using access::Object;
using testing::FaultyStore;

namespace {

// The permission tables, without the count of changes, which only ever grows.
Dump RecordsOf(items::ItemStore& store) {
  Dump dump = DumpOf(store);
  dump.erase(std::string(tables::kSeedsTable));
  return dump;
}

std::unique_ptr<items::ItemStore> Prepared(const Clock& clock) {
  OpContext op;
  SeededRandom random;
  auto store = MemoryWithTables(clock);
  Permissions permissions(*store, clock, random);
  Caller admin = Administrator();
  for (const char* role : {"ops", "qa", "free"})
    Must(permissions.CreateRole(op, admin, {.name = role, .description = "d"}));
  for (const char* user : {"lee", "mara", "zoe"})
    Must(permissions.AddUserRoles(op, admin, user, {"ops", "qa"}));
  const Constraint constraints[] = {
      Make({.id = "c",
            .groups = {Allow("ops", "GET"), Allow("qa", "PUT")},
            .users = {Allow("lee", "POST")}}),
      Make({.id = "c2", .groups = {Allow("qa", "DELETE"), Deny("free", "GET")}})};
  Must(permissions.PutConstraints(op, constraints, "dana"));
  return store;
}

// What everybody may, as text.
std::string Rights(OpContext& op, Permissions& permissions) {
  std::string rights;
  for (const char* user : {"lee", "mara", "zoe"})
    for (const bool mfa : {false, true})
      for (const Action action : {Action::kGet, Action::kPut, Action::kPost, Action::kDelete})
        rights += Must(permissions.PolicyFor(op, user, mfa))
                          ->Allows(Object(access::ObjectType::kAsset), action)
                      ? '+'
                      : '-';
  return rights;
}

struct Change {
  const char* name;
  std::function<Status(OpContext&, Permissions&, Caller&)> make;
};

const Change kChanges[] = {
    {"create role",
     [](OpContext& op, Permissions& p, Caller& c) {
       return p.CreateRole(op, c, {.name = "new", .description = "d"});
     }},
    {"update role",
     [](OpContext& op, Permissions& p, Caller& c) {
       return p.UpdateRole(op, c, {.name = "qa", .description = "e", .mfa_required = true});
     }},
    {"delete role",
     [](OpContext& op, Permissions& p, Caller& c) { return p.DeleteRole(op, c, "qa"); }},
    {"add user roles",
     [](OpContext& op, Permissions& p, Caller& c) {
       return p.AddUserRoles(op, c, "ann", {"ops", "qa", "free"});
     }},
    {"set user roles",
     [](OpContext& op, Permissions& p, Caller& c) {
       return p.SetUserRoles(op, c, "lee", {"free", "qa"});
     }},
    {"delete user roles",
     [](OpContext& op, Permissions& p, Caller& c) { return p.DeleteUserRoles(op, c, "lee"); }},
    {"give role",
     [](OpContext& op, Permissions& p, Caller&) { return p.GiveRole(op, "lee", "free"); }},
    {"put constraints",
     [](OpContext& op, Permissions& p, Caller&) {
       const Constraint constraints[] = {
           Make({.id = "c", .groups = {Allow("free", "GET")}}),
           Make({.id = "c3", .groups = {Allow("ops", "PUT"), Allow("qa", "GET")}})};
       return p.PutConstraints(op, constraints, "dana");
     }},
    {"delete constraint",
     [](OpContext& op, Permissions& p, Caller&) { return p.DeleteConstraint(op, "c"); }},
};

}  // namespace

class Interrupted : public ::testing::TestWithParam<Change> {};
INSTANTIATE_TEST_SUITE_P(Changes, Interrupted, ::testing::ValuesIn(kChanges), [](const auto& p) {
  std::string name = p.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
});

TEST_P(Interrupted, LeavesTheRecordsOfBeforeOrOfAfter) {
  FixedClock clock;
  OpContext op;
  Caller admin = Administrator();
  const auto done = Prepared(clock);
  const Dump before = RecordsOf(*done);
  SeededRandom done_random;
  Permissions all(*done, clock, done_random);
  Must(GetParam().make(op, all, admin));
  const Dump after = RecordsOf(*done);
  ASSERT_NE(before, after);

  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      SCOPED_TRACE(::testing::Message()
                   << "call " << n << " "
                   << (when == FaultyStore::When::kBefore ? "not made" : "without answer"));
      const auto inner = Prepared(clock);
      FaultyStore store(*inner);
      SeededRandom random;
      Permissions permissions(store, clock, random);
      (void)Rights(op, permissions);  // policies of before are known
      store.FailCall(store.calls() + n, Code::kInternal, when);

      const Status result = GetParam().make(op, permissions, admin);
      const bool failed = store.failed();
      store.Disarm();

      const Dump records = RecordsOf(*inner);
      EXPECT_TRUE(records == before || records == after);
      EXPECT_TRUE(!result.ok() || records == after);
      SeededRandom fresh_random;
      Permissions fresh(*inner, clock, fresh_random);
      EXPECT_EQ(Rights(op, permissions), Rights(op, fresh));
      if (!failed) break;

      (void)GetParam().make(op, fresh, admin);
      EXPECT_EQ(RecordsOf(*inner), after);
      ASSERT_LT(n, 100u);
    }
  }
}

TEST(InterruptedSeeding, LeavesNothingOrEverything) {
  FixedClock clock;
  OpContext op;
  const SeedOptions options{.admin_user = "administrator", .admin_email = "a@b.example"};
  const auto done = MemoryWithTables(clock);
  const Dump before = DumpOf(*done);
  Must(SeedDefaults(op, *done, options, clock));
  const Dump after = DumpOf(*done);

  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      SCOPED_TRACE(n);
      const auto inner = MemoryWithTables(clock);
      FaultyStore store(*inner);
      store.FailCall(n, Code::kInternal, when);

      (void)SeedDefaults(op, store, options, clock);

      const Dump records = DumpOf(*inner);
      EXPECT_TRUE(records == before || records == after);
      if (!store.failed()) break;
      Must(SeedDefaults(op, *inner, options, clock));
      EXPECT_EQ(DumpOf(*inner), after);
      ASSERT_LT(n, 100u);
    }
  }
}

}  // namespace vams::catalog::test
