// Two writers at once: the second comes between what the first reads and what it writes.
#include <set>
#include <thread>

#include "catalog/hooked_store_test.h"
#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Constraint;
using items::Item;

class Races : public ::testing::Test {
 protected:
  // The next such call is followed or preceded by this, once.
  static HookedStore::Hook Once(std::string call, std::function<void()> act) {
    return [call, act, done = std::make_shared<bool>(false)](std::string_view made) -> Status {
      if (made != call || std::exchange(*done, true)) return Ok();
      act();
      return Ok();
    };
  }
  std::set<std::string> Keys() {
    std::set<std::string> keys;
    Must(ForEachItem(op, *inner, kConstraintsTable,
                     [&](const Item& item) { keys.emplace(item.Text("constraintId")); }));
    return keys;
  }
  static Status Put(Permissions& by, const std::string& id, const std::string& user) {
    OpContext own;
    const Constraint constraint = Make({.id = id, .users = {Allow(user, "GET")}});
    return by.PutConstraints(own, std::span(&constraint, 1), "dana");
  }
  void CreateRoles() {
    for (const char* role : {"a", "b"})
      Must(other.CreateRole(op, admin, {.name = role, .description = role}));
  }

  OpContext op;
  FixedClock clock;
  SeededRandom random;
  std::unique_ptr<items::ItemStore> inner = MemoryWithTables(clock);
  HookedStore store{*inner, false};
  Permissions permissions{store, clock, random};
  Permissions other{*inner, clock, random};  // of another machine
  Caller admin = Administrator();
};

TEST_F(Races, TheSecondWriterOfAConstraintReplacesAllOfTheFirsts) {
  store.before = Once("Commit", [&] { Must(Put(other, "c", "lee")); });

  Must(Put(permissions, "c", "mara"));

  EXPECT_EQ(Keys(), std::set<std::string>{"c#user#mara"});
}

TEST_F(Races, ADeletionFindsWhatWasWrittenMeanwhile) {
  Must(Put(other, "c", "lee"));
  store.before = Once("Commit", [&] { Must(Put(other, "c", "mara")); });

  Must(permissions.DeleteConstraint(op, "c"));

  EXPECT_TRUE(Keys().empty());
}

TEST_F(Races, AWriterWhoNeverComesThroughIsTold) {
  store.before = [&](std::string_view call) {
    return call == "Commit" ? Put(other, "d", "lee") : Ok();
  };

  EXPECT_EQ(Failure(Put(permissions, "c", "mara")).first, Code::kConflict);

  EXPECT_EQ(Keys(), std::set<std::string>{"d#user#lee"});
}

TEST_F(Races, ManyWritersLeaveWholeConstraints) {
  constexpr int kThreads = 4;
  constexpr int kWrites = 15;
  CreateRoles();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      const std::string user = "user" + std::to_string(t);
      for (int i = 0; i < kWrites;) {
        const Status done = Put(permissions, i % 2 == 0 ? "even" : "odd", user);
        if (done.ok()) ++i;
        EXPECT_TRUE(done.ok() || done.error().code == Code::kConflict) << done.error().message;
      }
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(Keys().size(), 2u);
  EXPECT_TRUE(Must(permissions.Check(op)).empty());
}

// Reading without snapshots: half of a replacement must not be taken for a constraint.
TEST_F(Races, AReaderWithoutSnapshotsReadsAgain) {
  Must(Put(other, "c", "lee"));
  store.before = Once("Scan", [&] { Must(Put(other, "c", "mara")); });
  int scans = 0;
  store.after = [&](std::string_view call) {
    if (call == "Scan") ++scans;
    return Ok();
  };

  const std::vector<Constraint> constraints = Must(permissions.Constraints(op));

  EXPECT_EQ(scans, 2);
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].users[0].who, "mara");
}

TEST_F(Races, ARoleGivenWhileItIsDeletedIsTakenAgain) {
  CreateRoles();
  Must(other.GiveRole(op, "lee", "a"));
  store.after = Once("Scan", [&] { Must(other.GiveRole(op, "mara", "a")); });

  Must(permissions.DeleteRole(op, admin, "a"));

  EXPECT_TRUE(Must(other.RolesOf(op, "lee")).empty());
  EXPECT_TRUE(Must(other.RolesOf(op, "mara")).empty());
}

TEST_F(Races, ARoleDeletedWhileItIsGivenIsNotGiven) {
  CreateRoles();
  const auto remove = Once("Commit", [&] { Must(other.DeleteRole(op, admin, "b")); });
  store.before = remove;

  const Status done = permissions.AddUserRoles(op, admin, "lee", {"a", "b"});

  EXPECT_EQ(Failure(done), Fails(Code::kInvalid, "Role 'b' does not exist in the system"));
  EXPECT_TRUE(Must(other.RolesOf(op, "lee")).empty());
}

TEST_F(Races, TheRolesOfAUserAreExactlyThoseSetLast) {
  CreateRoles();
  Must(other.GiveRole(op, "lee", "b"));
  store.before = Once("Commit", [&] { Must(other.SetUserRoles(op, admin, "lee", {"a"})); });

  Must(permissions.SetUserRoles(op, admin, "lee", {"a"}));

  EXPECT_EQ(Must(other.RolesOf(op, "lee")), std::vector<std::string>{"a"});
}

// What an engine with small commits does: the holders first, the role with the last of them.
TEST_F(Races, ARoleOfManyUsersGoesInSeveralCommits) {
  CreateRoles();
  HookedStore small(*inner, false, 3);
  Permissions limited(small, clock, random);
  for (int i = 0; i < 7; ++i) Must(other.GiveRole(op, "user" + std::to_string(i), "a"));

  Must(limited.DeleteRole(op, admin, "a"));

  EXPECT_TRUE(Must(other.UserRoles(op, admin)).empty());
  EXPECT_EQ(Must(other.Roles(op, admin)).size(), 1u);
}

}  // namespace vams::catalog::test
