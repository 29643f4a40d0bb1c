// Policies that are kept: that a change is seen by every request behind it, whatever was being read
// meanwhile, and that the store is asked no more than needed.
#include "catalog/authorizer.h"

#include <atomic>
#include <condition_variable>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "catalog/hooked_store_test.h"
#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Action;
using access::Constraint;
using access::Object;
using items::Write;

namespace {

Object Database(std::string_view id) {
  return Object(access::ObjectType::kDatabase).Set(access::Field::kDatabaseId, id);
}

Constraint Grant(std::string id, std::string database, access::Permission permission,
                 bool to_user = true) {
  Rule rule{.id = std::move(id),
            .type = "database",
            .all_of = {Where("databaseId", "equals", std::move(database))}};
  (to_user ? rule.users : rule.groups).push_back(std::move(permission));
  return Make(std::move(rule));
}

}  // namespace

// With snapshots and without, which is what a remote engine has.
class AuthorizerTest : public ::testing::TestWithParam<bool> {
 protected:
  AuthorizerTest() {
    store_.before = [this](std::string_view call) { return Seen(before_, call); };
    store_.after = [this](std::string_view call) { return Seen(after_, call); };
    Must(permissions.CreateRole(op, admin, {.name = "ops", .description = "o"}));
  }

  void Put(const Constraint& constraint) {
    OpContext own;
    Must(permissions.PutConstraints(own, std::span(&constraint, 1), "dana"));
  }
  // The first such calls from now on run these, each once, one after the other.
  void Before(std::string call, std::function<Status()> act) { Add(before_, call, act); }
  void After(std::string call, std::function<Status()> act) { Add(after_, call, act); }
  std::string FirstRead() const { return GetParam() ? "OpenSnapshot" : "BatchGet"; }

  bool May(std::string_view database, std::string_view user = "lee") {
    OpContext own;
    return Must(permissions.PolicyFor(own, user, false))->Allows(Database(database), Action::kGet);
  }
  int Calls(const std::string& call) {
    const std::lock_guard lock(mutex_);
    return calls_[call];
  }
  int AllCalls() {
    const std::lock_guard lock(mutex_);
    int all = 0;
    for (const auto& [call, count] : calls_) all += count;
    return all;
  }

  OpContext op;
  FixedClock clock;
  SeededRandom random;
  std::unique_ptr<items::ItemStore> inner = MemoryWithTables(clock);

 private:
  using Acts = std::map<std::string, std::vector<std::function<Status()>>, std::less<>>;

  void Add(Acts& acts, const std::string& call, std::function<Status()> act) {
    const std::lock_guard lock(mutex_);
    acts[call].push_back(std::move(act));
  }
  Status Seen(Acts& acts, std::string_view call) {
    std::function<Status()> act;
    {
      const std::lock_guard lock(mutex_);
      if (&acts == &before_) ++calls_[std::string(call)];
      const auto found = acts.find(call);
      if (found == acts.end() || found->second.empty()) return Ok();
      act = std::move(found->second.front());
      found->second.erase(found->second.begin());
    }
    return act();
  }

  std::mutex mutex_;  // guards what follows
  Acts before_, after_;
  std::map<std::string, int> calls_;

  HookedStore store_{*inner, GetParam()};

 protected:
  Permissions permissions{store_, clock, random};
  Caller admin = Administrator();
};
INSTANTIATE_TEST_SUITE_P(Reads, AuthorizerTest, ::testing::Bool(),
                         [](const auto& p) { return p.param ? "snapshots" : "plain"; });

TEST_P(AuthorizerTest, AKnownCallerCostsNoCallOfTheStore) {
  Put(Grant("c", "x", Allow("lee", "GET")));
  EXPECT_TRUE(May("x"));
  const int calls = AllCalls();

  EXPECT_TRUE(May("x"));
  EXPECT_FALSE(May("y"));

  EXPECT_EQ(AllCalls(), calls);
}

TEST_P(AuthorizerTest, AnotherCallerCostsOneReadOfHisRoles) {
  EXPECT_FALSE(May("x", "lee"));
  const int calls = AllCalls();

  EXPECT_FALSE(May("x", "mara"));

  EXPECT_EQ(AllCalls(), calls + 1);
}

TEST_P(AuthorizerTest, EveryKindOfChangeIsSeenByTheNextCall) {
  Put(Grant("c", "x", Allow("ops", "GET"), false));
  EXPECT_FALSE(May("x"));

  Must(permissions.AddUserRoles(op, admin, "lee", {"ops"}));
  EXPECT_TRUE(May("x"));
  Must(
      permissions.UpdateRole(op, admin, {.name = "ops", .description = "o", .mfa_required = true}));
  EXPECT_FALSE(May("x"));
  Must(permissions.UpdateRole(op, admin, {.name = "ops", .description = "o"}));
  EXPECT_TRUE(May("x"));
  Put(Grant("d", "x", Deny("lee", "GET")));
  EXPECT_FALSE(May("x"));
  Must(permissions.DeleteConstraint(op, "d"));
  EXPECT_TRUE(May("x"));
  Must(permissions.DeleteUserRoles(op, admin, "lee"));
  EXPECT_FALSE(May("x"));
  Must(permissions.SetUserRoles(op, admin, "lee", {"ops"}));
  EXPECT_TRUE(May("x"));
  Must(permissions.DeleteRole(op, admin, "ops"));
  EXPECT_FALSE(May("x"));
  Must(permissions.CreateRole(op, admin, {.name = "ops", .description = "o"}));
  Must(permissions.GiveRole(op, "lee", "ops"));
  EXPECT_TRUE(May("x"));
}

// The rules are read, then they change, then what was read comes back: it must not be kept.
TEST_P(AuthorizerTest, AChangeBehindTheReadingOfRulesIsNotForgotten) {
  Put(Grant("c", "x", Allow("lee", "GET")));
  After(GetParam() ? "OpenSnapshot" : "Scan", [&] {
    Put(Grant("c", "y", Allow("lee", "GET")));
    return Ok();
  });

  (void)May("x");

  EXPECT_FALSE(May("x"));
  EXPECT_TRUE(May("y"));
}

TEST_P(AuthorizerTest, AChangeBehindTheReadingOfTheUsersRolesIsNotForgotten) {
  Put(Grant("c", "x", Allow("ops", "GET"), false));
  Must(permissions.AddUserRoles(op, admin, "lee", {"ops"}));
  After("Query", [&]() -> Status {
    OpContext own;
    const Write gone[] = {Write::Delete(kUserRolesTable, UserRoleKey("lee", "ops"))};
    TRY_OK(inner->Commit(own, gone));
    permissions.Forget();
    return Ok();
  });

  (void)May("x");

  EXPECT_FALSE(May("x"));
}

// The rules of before and the roles of after, put together, allow what nobody ever allowed: first
// the grant is taken from the role, then the user gets the role.
TEST_P(AuthorizerTest, RulesAndRolesOfDifferentTimesAreNotPutTogether) {
  Put(Grant("c", "x", Allow("ops", "GET"), false));
  Before("Query", [&] {
    OpContext own;
    Must(permissions.DeleteConstraint(own, "c"));
    return permissions.GiveRole(own, "lee", "ops");
  });

  EXPECT_FALSE(May("x"));
}

TEST_P(AuthorizerTest, ChangesWithoutAPauseDoNotKeepACallerOut) {
  Put(Grant("c", "x", Allow("lee", "GET")));
  for (int i = 0; i < 3; ++i)
    Before("Query", [&] {
      Put(Grant("other", "y", Allow("mara", "GET")));
      return Ok();
    });

  EXPECT_TRUE(May("x"));
}

// A write of which nobody knows whether it took effect.
TEST_P(AuthorizerTest, AChangeWhoseAnswerIsLostCounts) {
  EXPECT_FALSE(May("x"));
  After("Commit", [] { return Status(Error(Code::kInternal, "the answer is lost")); });
  const Constraint grant = Grant("c", "x", Allow("lee", "GET"));

  EXPECT_FALSE(permissions.PutConstraints(op, std::span(&grant, 1), "dana").ok());

  EXPECT_TRUE(May("x"));
}

// What another machine changes is seen after a minute, and at once when the clock was set back.
TEST_P(AuthorizerTest, NothingIsUsedLongerThanAMinute) {
  EXPECT_FALSE(May("x"));
  Permissions elsewhere(*inner, clock, random);
  const Constraint grant = Grant("c", "x", Allow("lee", "GET"));
  Must(elsewhere.PutConstraints(op, std::span(&grant, 1), "dana"));

  clock.now += 59'999;
  EXPECT_FALSE(May("x"));
  clock.now += 1;
  EXPECT_TRUE(May("x"));

  Must(elsewhere.DeleteConstraint(op, "c"));
  clock.now -= 1;
  EXPECT_FALSE(May("x"));
}

// The rules were read for somebody else a while ago; a policy made of them is as old as they are.
TEST_P(AuthorizerTest, APolicyIsAsOldAsTheRulesItIsMadeOf) {
  EXPECT_FALSE(May("x", "mara"));
  clock.now += 50'000;
  EXPECT_FALSE(May("x", "lee"));
  Permissions elsewhere(*inner, clock, random);
  const Constraint grant = Grant("c", "x", Allow("lee", "GET"));
  Must(elsewhere.PutConstraints(op, std::span(&grant, 1), "dana"));

  clock.now += 10'000;

  EXPECT_TRUE(May("x", "lee"));
}

TEST_P(AuthorizerTest, AFailureRefusesAndIsNotKept) {
  Put(Grant("c", "x", Allow("lee", "GET")));
  for (const std::string& call : {FirstRead(), std::string("Query")}) {
    permissions.Forget();
    Before(call, [] { return Status(Error(Code::kInternal, "broken")); });

    EXPECT_EQ(Failure(permissions.PolicyFor(op, "lee", false)), Fails(Code::kInternal, "broken"));

    EXPECT_TRUE(May("x")) << call;
  }
}

TEST_P(AuthorizerTest, AStoreThatIsAwayForAMomentIsAskedAgain) {
  Put(Grant("c", "x", Allow("lee", "GET")));
  for (const std::string& call : {FirstRead(), std::string("Query")}) {
    permissions.Forget();
    for (int i = 0; i < 2; ++i)
      Before(call, [] { return Status(Error(Code::kUnavailable, "away")); });

    EXPECT_TRUE(May("x")) << call;
  }
  permissions.Forget();
  for (int i = 0; i < 3; ++i)
    Before("Query", [] { return Status(Error(Code::kUnavailable, "away")); });
  EXPECT_EQ(Failure(permissions.PolicyFor(op, "lee", false)), Fails(Code::kUnavailable, "away"));
}

TEST_P(AuthorizerTest, OneLoadsTheRulesForAllWhoComeMeanwhile) {
  constexpr int kThreads = 8;
  Put(Grant("c", "x", Allow("lee", "GET")));
  permissions.Forget();
  const int loads = Calls(FirstRead());
  std::latch all_there(kThreads);
  Before(FirstRead(), [&] {
    all_there.wait();
    return Ok();
  });
  std::atomic<int> allowed = 0;

  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      all_there.count_down();
      if (May("x")) ++allowed;
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(allowed, kThreads);
  EXPECT_EQ(Calls(FirstRead()) - loads, GetParam() ? 1 : 2);  // a plain load looks twice
}

TEST_P(AuthorizerTest, WhoWaitsForALoadMayGiveUp) {
  permissions.Forget();
  std::latch loading(1), gave_up(1);
  Before(FirstRead(), [&] {
    loading.count_down();
    gave_up.wait();
    return Ok();
  });
  std::thread loader([&] { (void)May("x"); });
  loading.wait();
  OpContext impatient;
  impatient.Cancel();

  EXPECT_EQ(Failure(permissions.PolicyFor(impatient, "mara", false)).first, Code::kCancelled);

  gave_up.count_down();
  loader.join();
}

TEST_P(AuthorizerTest, ALoaderWhoseCallerGaveUpDoesNotFailTheOthers) {
  permissions.Forget();
  std::latch loading(1), other_comes(1);
  Before(FirstRead(), [&] {
    loading.count_down();
    other_comes.wait();
    return Status(Error(Code::kCancelled, "gave up"));
  });
  std::thread loader([&] {
    OpContext own;
    EXPECT_EQ(Failure(permissions.PolicyFor(own, "mara", false)).first, Code::kCancelled);
  });
  loading.wait();
  other_comes.count_down();

  EXPECT_FALSE(May("x"));

  loader.join();
}

TEST_P(AuthorizerTest, KeepsABoundedNumberAndThoseThatAreUsed) {
  Authorizer authorizer(*inner, clock);
  (void)Must(authorizer.PolicyFor(op, "lee", false));
  const auto first = Must(authorizer.PolicyFor(op, "lee", false));

  for (int i = 0; i < 12'000; ++i) {
    (void)Must(authorizer.PolicyFor(op, "user" + std::to_string(i), i % 2 == 0));
    (void)Must(authorizer.PolicyFor(op, "lee", false));
  }

  EXPECT_LE(authorizer.size(), Authorizer::kMaxPolicies);
  EXPECT_GE(authorizer.size(), Authorizer::kMaxPolicies / 2);
  EXPECT_EQ(Must(authorizer.PolicyFor(op, "lee", false)), first);
  authorizer.Forget();
  EXPECT_EQ(authorizer.size(), 0u);
}

// Writers replace a grant and a role again and again; every reader must see a version that was
// current at some moment of his call, never an older one.
TEST_P(AuthorizerTest, ReadersSeeWhatWasWrittenBeforeTheyCame) {
  constexpr int kVersions = 60;
  constexpr int kReaders = 3;
  std::atomic<int> begun = 0, written = 0;
  Put(Grant("c", "v0", Allow("lee", "GET")));
  std::atomic<bool> done = false;

  std::vector<std::thread> threads;
  for (int i = 0; i < kReaders; ++i)
    threads.emplace_back([&] {
      OpContext own;
      while (!done) {
        const int from = written;
        const auto policy = Must(permissions.PolicyFor(own, "lee", false));
        const int to = begun;
        int allowed = 0;
        for (int v = from; v <= to; ++v)
          allowed += policy->Allows(Database("v" + std::to_string(v)), Action::kGet) ? 1 : 0;
        EXPECT_EQ(allowed, 1) << "versions " << from << " to " << to;
      }
    });
  threads.emplace_back([&] {
    OpContext own;
    Caller caller = Administrator();
    while (!done) {
      Must(permissions.SetUserRoles(own, caller, "mara", {"ops"}));
      EXPECT_EQ(Must(permissions.PolicyFor(own, "mara", false))->roles().size(), 1u);
      Must(permissions.DeleteUserRoles(own, caller, "mara"));
      EXPECT_EQ(Must(permissions.PolicyFor(own, "mara", false))->roles().size(), 0u);
    }
  });
  for (int v = 1; v <= kVersions; ++v) {
    begun = v;
    Put(Grant("c", "v" + std::to_string(v), Allow("lee", "GET")));
    written = v;
  }
  done = true;
  for (auto& thread : threads) thread.join();

  EXPECT_TRUE(May("v" + std::to_string(kVersions)));
}

}  // namespace vams::catalog::test
