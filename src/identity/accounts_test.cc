#include "identity/accounts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

#include "identity/accounts_record.h"
#include "identity/accounts_test.h"
#include "testing/faulty_store.h"

namespace vams::identity {
namespace {

using items::Value;
using items::Write;
using test::CodeFor;
using test::CodeOf;
using test::Engine;
using test::kOther;
using test::kPassword;
using test::Must;
using test::World;

using When = testing::FaultyStore::When;

LoginFailure Check(World& world, Accounts& accounts, std::string_view user,
                   std::string_view password) {
  return Must(accounts.CheckPassword(world.op, user, password)).failure;
}

// With a password that need not be changed.
Account Add(World& world, Accounts& accounts, std::string user) {
  return Must(accounts.Create(world.op, {.user = std::move(user),
                                         .email = "ada@example.org",
                                         .phone = "",
                                         .password = std::string(kPassword),
                                         .must_change = false}))
      .account;
}

// A second factor in use, at a moment whose code counts.
struct Enrolled {
  std::string secret;
  std::vector<std::string> recovery;
};
Enrolled Enrol(World& world, Accounts& accounts, std::string_view user) {
  Enrolled enrolled;
  enrolled.secret = Must(accounts.BeginTotp(world.op, user)).secret_base32;
  enrolled.recovery =
      Must(accounts.FinishTotp(world.op, user, CodeFor(enrolled.secret, world.clock)));
  world.clock.Advance(60);
  return enrolled;
}

class AccountsTest : public ::testing::TestWithParam<Engine> {
 protected:
  World world_{GetParam()};
  Accounts accounts_ = world_.MakeAccounts();
};
INSTANTIATE_TEST_SUITE_P(Engines, AccountsTest, ::testing::Values(Engine::kMemory, Engine::kSqlite),
                         test::EngineName);

TEST_P(AccountsTest, ANewAccountHasATemporaryPasswordThatMustBeChanged) {
  const auto created = Must(accounts_.Create(world_.op, {.user = "ada",
                                                         .email = "ada@example.org",
                                                         .phone = "+12345678900",
                                                         .password = std::nullopt}));

  const Account account = Must(accounts_.Get(world_.op, "ada"));
  EXPECT_EQ(account.email, "ada@example.org");
  EXPECT_EQ(account.phone, "+12345678900");
  EXPECT_EQ(account.status, AccountStatus::kForceChangePassword);
  EXPECT_TRUE(account.enabled);
  EXPECT_EQ(account.subject.size(), 36U);
  EXPECT_EQ(account.created_millis, world_.clock.NowMillis());
  EXPECT_TRUE(CheckPasswordPolicy("ada", created.temporary_password).ok());
  EXPECT_EQ(Check(world_, accounts_, "ada", created.temporary_password), LoginFailure::kNone);
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kWrongPassword);
}

TEST_P(AccountsTest, ATemporaryPasswordEndsAfterThreeDays) {
  const auto created =
      Must(accounts_.Create(world_.op, {.user = "ada", .email = "", .phone = "", .password = {}}));

  world_.clock.Advance(3 * 24 * 3600 - 1);
  EXPECT_EQ(Check(world_, accounts_, "ada", created.temporary_password), LoginFailure::kNone);
  world_.clock.Advance(1);
  EXPECT_EQ(Check(world_, accounts_, "ada", created.temporary_password),
            LoginFailure::kTemporaryPasswordExpired);
  // Only whoever knows it learns that it has expired.
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kWrongPassword);
}

TEST_P(AccountsTest, ATemporaryPasswordIsNotTakenAsTheNewOne) {
  const auto created =
      Must(accounts_.Create(world_.op, {.user = "ada", .email = "", .phone = "", .password = {}}));

  const auto same =
      accounts_.SetPassword(world_.op, "ada", created.temporary_password, /*must_change=*/false);
  EXPECT_EQ(CodeOf(same), Code::kInvalid);
  Must(accounts_.SetPassword(world_.op, "ada", kPassword, /*must_change=*/false));

  EXPECT_EQ(Must(accounts_.Get(world_.op, "ada")).status, AccountStatus::kConfirmed);
  world_.clock.Advance(10 * 24 * 3600);
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kNone);
  EXPECT_EQ(Check(world_, accounts_, "ada", created.temporary_password),
            LoginFailure::kWrongPassword);
}

TEST_P(AccountsTest, AnAccountIsMadeOnce) {
  Add(world_, accounts_, "ada");

  EXPECT_EQ(CodeOf(accounts_.Create(
                world_.op, {.user = "ada", .email = "", .phone = "", .password = std::nullopt})),
            Code::kConflict);
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kNone);
}

TEST_P(AccountsTest, MalformedAccountsAreRefused) {
  const auto create = [&](std::string user, std::string email, std::string phone,
                          std::optional<std::string> password) {
    const auto created = accounts_.Create(world_.op, {.user = std::move(user),
                                                      .email = std::move(email),
                                                      .phone = std::move(phone),
                                                      .password = std::move(password)});
    return created.ok() ? Code::kInternal : created.error().code;
  };

  EXPECT_EQ(create("SYSTEM_USER", "", "", {}), Code::kInvalid);
  EXPECT_EQ(create("system_user", "", "", {}), Code::kInvalid);
  for (const std::string user : {"", "ab", "a b c", "a/b/c", "ada\n"})
    EXPECT_EQ(create(user, "", "", {}), Code::kInvalid) << user;
  EXPECT_EQ(create(std::string(257, 'a'), "", "", {}), Code::kInvalid);
  for (const std::string email : {"ada", "@x.org", "ada@x", "ada@x.o", "ada@@x.org", "ada@.org"})
    EXPECT_EQ(create("ada", email, "", {}), Code::kInvalid) << email;
  for (const std::string phone : {"12345678900", "+123", "+1234567890123456", "+12345a78900"})
    EXPECT_EQ(create("ada", "", phone, {}), Code::kInvalid) << phone;
  EXPECT_EQ(create("ada", "", "", "weak"), Code::kInvalid);
  EXPECT_FALSE(Must(accounts_.Find(world_.op, "ada")).has_value());
}

TEST_P(AccountsTest, OnlyWhatIsGivenIsUpdated) {
  Add(world_, accounts_, "ada");

  Must(accounts_.Update(world_.op, "ada", std::nullopt, "+12345678900"));
  EXPECT_EQ(Must(accounts_.Get(world_.op, "ada")).email, "ada@example.org");
  EXPECT_EQ(Must(accounts_.Get(world_.op, "ada")).phone, "+12345678900");
  world_.clock.Advance(5);
  Must(accounts_.Update(world_.op, "ada", "a@b.org", std::nullopt));

  const Account account = Must(accounts_.Get(world_.op, "ada"));
  EXPECT_EQ(account.email, "a@b.org");
  EXPECT_EQ(account.phone, "+12345678900");
  EXPECT_EQ(account.modified_millis, world_.clock.NowMillis());
  EXPECT_EQ(CodeOf(accounts_.Update(world_.op, "ada", "nonsense", std::nullopt)), Code::kInvalid);
}

TEST_P(AccountsTest, AnAbsentAccountIsNotFound) {
  OpContext& op = world_.op;

  EXPECT_EQ(CodeOf(accounts_.Get(op, "ada")), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.Update(op, "ada", "a@b.org", {})), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.SetEnabled(op, "ada", false)), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.Remove(op, "ada")), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.Reset(op, "ada")), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.SetPassword(op, "ada", kPassword, false)), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.BeginTotp(op, "ada")), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.FinishTotp(op, "ada", "123456")), Code::kNotFound);
  EXPECT_EQ(CodeOf(accounts_.CheckTotp(op, "ada", "123456")), Code::kNotFound);
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kNoSuchUser);
  // Texts that cannot be keys of the table, either.
  EXPECT_EQ(Check(world_, accounts_, "", kPassword), LoginFailure::kNoSuchUser);
  EXPECT_EQ(Check(world_, accounts_, std::string(5000, 'x'), kPassword), LoginFailure::kNoSuchUser);
  EXPECT_EQ(Check(world_, accounts_, "ada\xff", kPassword), LoginFailure::kNoSuchUser);
}

TEST_P(AccountsTest, ADisabledAccountCannotLogIn) {
  Add(world_, accounts_, "ada");
  const auto changes = accounts_.changes();

  Must(accounts_.SetEnabled(world_.op, "ada", false));

  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kDisabled);
  EXPECT_EQ(Check(world_, accounts_, "ada", kOther), LoginFailure::kWrongPassword);
  EXPECT_GT(accounts_.changes(), changes);
  Must(accounts_.SetEnabled(world_.op, "ada", true));
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kNone);
}

TEST_P(AccountsTest, ListsInPagesByUserId) {
  for (const char* user : {"eve", "ada", "dan", "bob", "cyd"}) Add(world_, accounts_, user);

  const auto first = Must(accounts_.List(world_.op, "", 2));
  const auto rest = Must(accounts_.List(world_.op, "bob", 60));

  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].user, "ada");
  EXPECT_EQ(first[1].user, "bob");
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_EQ(rest[0].user, "cyd");
  EXPECT_EQ(rest[2].user, "eve");
  EXPECT_TRUE(Must(accounts_.List(world_.op, "eve", 60)).empty());
}

TEST_P(AccountsTest, AnAccountMadeAnewIsAnotherOne) {
  const Account before = Add(world_, accounts_, "ada");
  Must(accounts_.Remove(world_.op, "ada"));

  const Account after = Add(world_, accounts_, "ada");

  EXPECT_NE(before.subject, after.subject);
  const Write writes[] = {Accounts::StillStands(before)};
  EXPECT_EQ(CodeOf(world_.store->Commit(world_.op, writes)), Code::kConflict);
}

TEST_P(AccountsTest, AResetTakesThePasswordAndTheSecondFactor) {
  Add(world_, accounts_, "ada");
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");

  const std::string temporary = Must(accounts_.Reset(world_.op, "ada"));

  const Account account = Must(accounts_.Get(world_.op, "ada"));
  EXPECT_FALSE(account.totp);
  EXPECT_EQ(account.status, AccountStatus::kForceChangePassword);
  EXPECT_EQ(Check(world_, accounts_, "ada", kPassword), LoginFailure::kWrongPassword);
  EXPECT_EQ(Check(world_, accounts_, "ada", temporary), LoginFailure::kNone);
  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", enrolled.recovery.front())));
}

// Whoever measures answers must not learn which users exist.
TEST(AccountsCost, AnAbsentUserTakesAsLong) {
  World world;
  AccountOptions options = test::QuickOptions();
  options.work = {.operations = 3, .memory_bytes = std::size_t{4} << 20, .parallel_hashes = 1};
  Accounts accounts(*world.store, world.clock, world.random, options);
  Add(world, accounts, "ada");
  const auto cost = [&](std::string_view user, std::string_view password) {
    double least = 1e9;
    for (int i = 0; i < 5; ++i) {
      const double before = test::ThreadSeconds();
      EXPECT_NE(Check(world, accounts, user, password), LoginFailure::kNone);
      least = std::min(least, test::ThreadSeconds() - before);
    }
    return least;
  };

  const double present = cost("ada", kOther);

  for (const double absent :
       {cost("bob", kOther), cost("b", kOther), cost("ada", std::string(100'000, 'x'))}) {
    EXPECT_GT(absent, present * 0.5);
    EXPECT_LT(absent, present * 2);
  }
}

TEST_P(AccountsTest, AHashOfOtherWorkIsRenewedAtTheNextLogin) {
  Add(world_, accounts_, "ada");
  AccountOptions options = test::QuickOptions();
  options.work.operations = 2;
  Accounts stronger(*world_.store, world_.clock, world_.random, options);
  const auto hash = [&] {
    return std::string(Must(world_.store->Get(world_.op, tables::kAccountsTable, AccountKey("ada")))
                           .Text("passwordHash"));
  };
  ASSERT_TRUE(hash().contains("t=1"));

  EXPECT_EQ(Check(world_, stronger, "ada", kOther), LoginFailure::kWrongPassword);
  EXPECT_TRUE(hash().contains("t=1"));
  EXPECT_EQ(Check(world_, stronger, "ada", kPassword), LoginFailure::kNone);

  EXPECT_TRUE(hash().contains("t=2")) << hash();
  EXPECT_EQ(Check(world_, stronger, "ada", kPassword), LoginFailure::kNone);
  // It was no new password: older logins go on.
  EXPECT_EQ(Must(stronger.Get(world_.op, "ada")).credentials, 1);
}

// ---- Second factor -----------------------------------------------------------------------------

TEST_P(AccountsTest, ASecondFactorCountsOnceACodeWasShown) {
  Add(world_, accounts_, "ada");
  EXPECT_EQ(CodeOf(accounts_.FinishTotp(world_.op, "ada", "123456")), Code::kConflict);

  const auto begun = Must(accounts_.BeginTotp(world_.op, "ada"));
  EXPECT_FALSE(Must(accounts_.Get(world_.op, "ada")).totp);
  EXPECT_TRUE(begun.uri.contains(begun.secret_base32));
  EXPECT_EQ(begun.secret_base32.size(), 32U);
  EXPECT_EQ(CodeOf(accounts_.FinishTotp(world_.op, "ada",
                                        test::WrongCodeFor(begun.secret_base32, world_.clock))),
            Code::kDenied);
  const auto recovery =
      Must(accounts_.FinishTotp(world_.op, "ada", CodeFor(begun.secret_base32, world_.clock)));

  EXPECT_TRUE(Must(accounts_.Get(world_.op, "ada")).totp);
  EXPECT_EQ(recovery.size(), 10U);
}

TEST_P(AccountsTest, ACodeIsGoodOnce) {
  Add(world_, accounts_, "ada");
  const auto begun = Must(accounts_.BeginTotp(world_.op, "ada"));
  const std::string code = CodeFor(begun.secret_base32, world_.clock);
  Must(accounts_.FinishTotp(world_.op, "ada", code));

  // The one that finished the enrolment is used up, too.
  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", code)));
  world_.clock.Advance(30);
  const std::string next = CodeFor(begun.secret_base32, world_.clock);
  EXPECT_TRUE(
      Must(accounts_.CheckTotp(world_.op, "ada", next.substr(0, 3) + " " + next.substr(3))));
  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", next)));
}

TEST_P(AccountsTest, EveryRecoveryCodeIsGoodOnce) {
  Add(world_, accounts_, "ada");
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");

  for (const auto& code : enrolled.recovery) {
    EXPECT_TRUE(Must(accounts_.CheckTotp(world_.op, "ada", code))) << code;
    EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", code))) << code;
  }
  // The app still works.
  EXPECT_TRUE(Must(accounts_.CheckTotp(world_.op, "ada", CodeFor(enrolled.secret, world_.clock))));
}

TEST_P(AccountsTest, ARecoveryCodeOfSomebodyElseIsWrong) {
  Add(world_, accounts_, "ada");
  Add(world_, accounts_, "bob");
  const Enrolled ada = Enrol(world_, accounts_, "ada");
  Enrol(world_, accounts_, "bob");

  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "bob", ada.recovery.front())));
}

TEST_P(AccountsTest, ARemovedSecondFactorIsNotAskedFor) {
  Add(world_, accounts_, "ada");
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");

  Must(accounts_.RemoveTotp(world_.op, "ada"));
  Must(accounts_.RemoveTotp(world_.op, "ada"));

  EXPECT_FALSE(Must(accounts_.Get(world_.op, "ada")).totp);
  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", enrolled.recovery.front())));
}

// ---- Together ----------------------------------------------------------------------------------

TEST_P(AccountsTest, WhatMustHappenTogetherDoesOrDoesNot) {
  Add(world_, accounts_, "ada");
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");
  const items::Item note{{"keyId", Value::S("note")}};
  const std::string table(tables::kSigningKeysTable);
  const Together put{.writes = {Write::Put(table, note, {items::Condition::Absent()})},
                     .as_seen = nullptr};
  const std::string& code = enrolled.recovery.front();

  // A wrong code writes nothing.
  EXPECT_FALSE(Must(accounts_.CheckTotp(world_.op, "ada", enrolled.secret, put)));
  EXPECT_EQ(CodeOf(world_.store->Get(world_.op, table, note)), Code::kNotFound);
  // A condition that fails does not use up the code.
  const Together impossible{.writes = {Write::Check(table, note, {items::Condition::Exists()})},
                            .as_seen = nullptr};
  EXPECT_EQ(CodeOf(accounts_.CheckTotp(world_.op, "ada", code, impossible)), Code::kConflict);
  EXPECT_TRUE(Must(accounts_.CheckTotp(world_.op, "ada", code, put)));
  EXPECT_TRUE(world_.store->Get(world_.op, table, note).ok());
}

TEST_P(AccountsTest, AnAccountThatWasChangedMeanwhileIsAConflict) {
  const Account before = Add(world_, accounts_, "ada");
  Must(accounts_.SetPassword(world_.op, "ada", kOther, /*must_change=*/false));

  const auto late = accounts_.SetPassword(world_.op, "ada", "Third-Password-9", false,
                                          {.writes = {}, .as_seen = &before});

  EXPECT_EQ(CodeOf(late), Code::kConflict);
  EXPECT_EQ(Check(world_, accounts_, "ada", kOther), LoginFailure::kNone);
}

// ---- At the same time --------------------------------------------------------------------------

// Runs both at once and counts the successes.
template <typename Work>
int AtOnce(const Work& work) {
  std::atomic<int> successes = 0;
  std::latch start(2);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        start.arrive_and_wait();
        if (work()) ++successes;
      });
  }
  return successes;
}

TEST_P(AccountsTest, OfTwoLoginsWithTheLastRecoveryCodeOneSucceeds) {
  Add(world_, accounts_, "ada");
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");

  for (const auto& code : enrolled.recovery) {
    const int successes = AtOnce([&] {
      OpContext op;
      return Must(accounts_.CheckTotp(op, "ada", code));
    });
    EXPECT_EQ(successes, 1) << code;
  }
}

TEST_P(AccountsTest, OfTwoEnrolmentsOneFinishes) {
  Add(world_, accounts_, "ada");

  for (int i = 0; i < 10; ++i) {
    const auto begun = Must(accounts_.BeginTotp(world_.op, "ada"));
    const std::string code = CodeFor(begun.secret_base32, world_.clock);
    const int successes = AtOnce([&] {
      OpContext op;
      const auto finished = accounts_.FinishTotp(op, "ada", code);
      if (!finished.ok()) {
        EXPECT_EQ(finished.error().code, Code::kConflict);
      }
      return finished.ok();
    });
    EXPECT_EQ(successes, 1);
  }
}

TEST_P(AccountsTest, OfTwoAccountsOfOneNameOneIsMade) {
  for (int i = 0; i < 10; ++i) {
    const std::string user = fmt::format("user-{}", i);
    const int successes = AtOnce([&] {
      OpContext op;
      return accounts_.Create(op, {.user = user, .email = "", .phone = "", .password = {}}).ok();
    });
    EXPECT_EQ(successes, 1);
  }
}

TEST_P(AccountsTest, NoChangeIsLostToAnother) {
  Add(world_, accounts_, "ada");

  std::atomic<int> round = 0;
  AtOnce([&] {
    OpContext op;
    const bool email = round.fetch_add(1) == 0;
    for (int i = 0; i < 20; ++i) {
      const Status status =
          email ? accounts_.Update(op, "ada", fmt::format("ada{}@example.org", i), {})
                : accounts_.Update(op, "ada", {}, fmt::format("+1234567890{}", i));
      EXPECT_TRUE(status.ok()) << status.error().message;
    }
    return true;
  });

  const Account account = Must(accounts_.Get(world_.op, "ada"));
  EXPECT_EQ(account.email, "ada19@example.org");
  EXPECT_EQ(account.phone, "+123456789019");
}

// ---- What is stored ----------------------------------------------------------------------------

TEST_P(AccountsTest, NothingStoredTellsAPasswordOrARecoveryCode) {
  const auto created =
      Must(accounts_.Create(world_.op, {.user = "ada", .email = "", .phone = "", .password = {}}));
  std::string all = world_.Everything();
  EXPECT_FALSE(all.contains(created.temporary_password));
  Must(accounts_.SetPassword(world_.op, "ada", kPassword, false));
  const Enrolled enrolled = Enrol(world_, accounts_, "ada");

  all = world_.Everything();

  ASSERT_TRUE(all.contains("ada"));
  EXPECT_FALSE(all.contains(kPassword));
  EXPECT_FALSE(all.contains(enrolled.secret));  // its text; the bytes have to be there
  for (const auto& code : enrolled.recovery) EXPECT_FALSE(all.contains(code));
}

TEST(AccountRecord, SurvivesItsItem) {
  AccountRecord record;
  record.account = {.user = "ada",
                    .subject = "s",
                    .email = "a@b.org",
                    .phone = "+12345678900",
                    .status = AccountStatus::kResetRequired,
                    .enabled = false,
                    .totp = true,
                    .created_millis = 1,
                    .modified_millis = 2,
                    .credentials = 3};
  record.password_hash = "h";
  record.temporary_until = 4;
  record.totp_secret = std::string("\0\1", 2);
  record.totp_pending = "p";
  record.totp_last_step = 5;
  record.recovery_codes = {"x", "y"};
  record.revision = 6;

  const items::Item item = AccountItem(record);

  EXPECT_EQ(AccountItem(Must(AccountFromItem(item))), item);
}

TEST(AccountRecord, DamageIsNamed) {
  AccountRecord record;
  record.account.user = "ada";
  record.password_hash = "h";
  for (const char* name : {"subject", "status", "enabled", "passwordHash", "credentials",
                           "revision", "created", "modified"}) {
    items::Item item = AccountItem(record);
    item.Remove(name);
    const auto missing = AccountFromItem(item);
    EXPECT_EQ(CodeOf(missing), Code::kCorrupt) << name;
    EXPECT_TRUE(missing.error().message.contains(name)) << missing.error().message;
    item.Set(name, Value::Null());
    EXPECT_EQ(CodeOf(AccountFromItem(item)), Code::kCorrupt) << name;
  }
  items::Item item = AccountItem(record);
  item.Set("status", Value::S("ODD"));
  EXPECT_EQ(CodeOf(AccountFromItem(item)), Code::kCorrupt);
}

// ---- Failures of the store ---------------------------------------------------------------------

// Fails each call of the work in turn, before and after its effect, on a store that `prepare` made.
template <typename Prepare, typename Work, typename Legal>
void WithEveryFailure(const Prepare& prepare, const Work& work, const Legal& legal) {
  for (const When when : {When::kBefore, When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      World world;
      {
        Accounts sound = world.MakeAccounts();
        prepare(world, sound);
      }
      testing::FaultyStore faulty(*world.store);
      faulty.FailCall(n, Code::kUnavailable, when);
      Accounts accounts = world.MakeAccounts(&faulty);
      const bool ok = work(world, accounts);
      const bool failed = faulty.failed();
      faulty.Disarm();
      EXPECT_EQ(ok, !failed) << "call " << n;
      legal(world, accounts);
      if (!failed) break;
      ASSERT_LT(n, 50U);
    }
  }
}

TEST(AccountsFaults, AfterAnInterruptedChangeOneOfTheTwoPasswordsWorks) {
  WithEveryFailure(
      [](World& world, Accounts& accounts) { Add(world, accounts, "ada"); },
      [](World& world, Accounts& accounts) {
        return accounts.SetPassword(world.op, "ada", kOther, false).ok();
      },
      [](World& world, Accounts& accounts) {
        const bool before = Check(world, accounts, "ada", kPassword) == LoginFailure::kNone;
        const bool after = Check(world, accounts, "ada", kOther) == LoginFailure::kNone;
        EXPECT_NE(before, after);
      });
}

TEST(AccountsFaults, AnInterruptedCreationLeavesAWholeAccountOrNone) {
  WithEveryFailure([](World&, Accounts&) {},
                   [](World& world, Accounts& accounts) {
                     return accounts
                         .Create(world.op, {.user = "ada",
                                            .email = "",
                                            .phone = "",
                                            .password = std::string(kPassword),
                                            .must_change = false})
                         .ok();
                   },
                   [](World& world, Accounts& accounts) {
                     if (Must(accounts.Find(world.op, "ada"))) {
                       EXPECT_EQ(Check(world, accounts, "ada", kPassword), LoginFailure::kNone);
                     } else {
                       Add(world, accounts, "ada");
                     }
                   });
}

TEST(AccountsFaults, ALostAnswerNeverMakesACodeGoodTwice) {
  std::string code;
  int taken = 0;
  WithEveryFailure(
      [&](World& world, Accounts& accounts) {
        Add(world, accounts, "ada");
        code = Enrol(world, accounts, "ada").recovery.front();
        taken = 0;
      },
      [&](World& world, Accounts& accounts) {
        const auto right = accounts.CheckTotp(world.op, "ada", code);
        if (right.ok() && *right) ++taken;
        return right.ok();
      },
      [&](World& world, Accounts& accounts) {
        if (Must(accounts.CheckTotp(world.op, "ada", code))) ++taken;
        EXPECT_LE(taken, 1);
        EXPECT_FALSE(Must(accounts.CheckTotp(world.op, "ada", code)));
      });
}

// A login does not fail because the renewal of its hash did.
TEST(AccountsFaults, AHashThatCannotBeRenewedDoesNotStopTheLogin) {
  World world;
  Accounts before = world.MakeAccounts();
  Add(world, before, "ada");
  testing::FaultyStore faulty(*world.store);
  AccountOptions options = test::QuickOptions();
  options.work.operations = 2;
  Accounts stronger(faulty, world.clock, world.random, options);

  faulty.FailCall(3, Code::kUnavailable, When::kBefore);  // read, read again, commit

  EXPECT_EQ(Check(world, stronger, "ada", kPassword), LoginFailure::kNone);
  EXPECT_TRUE(faulty.failed());
}

}  // namespace
}  // namespace vams::identity
