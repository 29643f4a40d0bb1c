#include "identity/password.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <thread>

#include "identity/accounts_test.h"

namespace vams::identity {
namespace {

using test::CodeOf;
using test::kPassword;
using test::Must;

constexpr HashWork kLeast{.operations = 1, .memory_bytes = 8192, .parallel_hashes = 1};

std::string Refusal(std::string_view user, std::string_view password) {
  const Status status = CheckPasswordPolicy(user, password);
  return status.ok() ? "" : status.error().message;
}

TEST(PasswordPolicy, NamesEveryRuleThatIsNotMet) {
  EXPECT_EQ(Refusal("ada", kPassword), "");
  EXPECT_EQ(Refusal("ada", "Pässword-1"), "");

  const std::string all = Refusal("ada", "");
  for (const auto* rule : {"8 characters", "lower-case", "upper-case", "digit", "symbol"})
    EXPECT_TRUE(all.contains(rule)) << all;
  EXPECT_TRUE(Refusal("ada", "Ab1!xyz").contains("8 characters"));
  // Seven characters of nine bytes: what counts is what the user sees.
  EXPECT_TRUE(Refusal("ada", "Ab1!xéé").contains("8 characters"));
  EXPECT_FALSE(Refusal("ada", "abcdefg1!").contains("lower-case"));
  EXPECT_TRUE(Refusal("ada", "abcdefg1!").contains("upper-case"));
  EXPECT_TRUE(Refusal("ada", "ABCDEFG1!").contains("lower-case"));
  EXPECT_TRUE(Refusal("ada", "Abcdefgh!").contains("digit"));
  EXPECT_TRUE(Refusal("ada", "Abcdefgh1").contains("symbol"));
  EXPECT_TRUE(Refusal("ada", "xX1!ADA?yz").contains("user id"));
  EXPECT_TRUE(Refusal("ada", "Ab1!" + std::string(253, 'x')).contains("256 bytes"));
  EXPECT_EQ(Refusal("ada", "Ab1!" + std::string(252, 'x')), "");
  EXPECT_NE(Refusal("ada", "Correct-Horse-7\n"), "");
  EXPECT_NE(Refusal("ada", std::string("Correct-\0Horse-7", 16)), "");
  EXPECT_NE(Refusal("ada", "Correct-Horse-7\xff"), "");
}

TEST(TemporaryPassword, FulfilsThePolicyAndDoesNotComeTwice) {
  net::test::SeededRandom random(test::Seed());
  std::set<std::string> seen;

  for (int i = 0; i < 500; ++i) {
    const std::string password = MakeTemporaryPassword("ada", random);
    EXPECT_EQ(password.size(), 16U);
    EXPECT_EQ(Refusal("ada", password), "") << password;
    seen.insert(password);
  }

  EXPECT_EQ(seen.size(), 500U);
}

// A short id comes up by chance: one that a password would have held makes it another one.
TEST(TemporaryPassword, NeverHoldsTheUserId) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    net::test::SeededRandom once(seed);
    const std::string user = MakeTemporaryPassword("ada", once).substr(4, 3);

    net::test::SeededRandom again(seed);
    EXPECT_EQ(Refusal(user, MakeTemporaryPassword(user, again)), "") << user;
  }
}

TEST(PasswordHasher, TellsPasswordsApart) {
  PasswordHasher hasher(kLeast);
  OpContext op;

  const std::string hash = Must(hasher.Hash(op, kPassword));

  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << hash;
  EXPECT_NE(hash, Must(hasher.Hash(op, kPassword)));  // salted
  EXPECT_TRUE(Must(hasher.Matches(op, kPassword, hash)));
  EXPECT_FALSE(Must(hasher.Matches(op, "Correct-Horse-8", hash)));
  EXPECT_FALSE(Must(hasher.Matches(op, "", hash)));
}

TEST(PasswordHasher, KnowsWhenTheWorkWasOther) {
  PasswordHasher least(kLeast);
  PasswordHasher more({.operations = 2, .memory_bytes = 16384, .parallel_hashes = 1});
  OpContext op;

  const std::string hash = Must(least.Hash(op, kPassword));

  EXPECT_FALSE(least.NeedsRehash(hash));
  EXPECT_TRUE(more.NeedsRehash(hash));
  EXPECT_TRUE(Must(more.Matches(op, kPassword, hash)));
}

TEST(PasswordHasher, ADamagedHashIsNoWrongPassword) {
  PasswordHasher hasher(kLeast);
  OpContext op;

  EXPECT_EQ(CodeOf(hasher.Matches(op, kPassword, "$argon2id$v=19$m=8,t=1,p=1$")), Code::kCorrupt);
  EXPECT_EQ(CodeOf(hasher.Matches(op, kPassword, "")), Code::kCorrupt);
}

double Cost(PasswordHasher& hasher, const std::string& hash) {
  OpContext op;
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < 5; ++i) {
    const double before = test::ThreadSeconds();
    EXPECT_FALSE(Must(hasher.Matches(op, "Wrong-Horse-7", hash)));
    least = std::min(least, test::ThreadSeconds() - before);
  }
  return least;
}

// Whoever measures answers must not learn which users exist.
TEST(PasswordHasher, TheDummyCostsWhatARealHashCosts) {
  PasswordHasher hasher({.operations = 3, .memory_bytes = 4 << 20, .parallel_hashes = 1});
  OpContext op;
  const std::string real = Must(hasher.Hash(op, kPassword));

  const double dummy_cost = Cost(hasher, hasher.dummy());
  const double real_cost = Cost(hasher, real);

  EXPECT_FALSE(hasher.NeedsRehash(hasher.dummy()));
  EXPECT_GT(dummy_cost, real_cost * 0.5);
  EXPECT_LT(dummy_cost, real_cost * 2);
}

TEST(PasswordHasher, WaitsForAPlaceNoLongerThanTheOperation) {
  PasswordHasher hasher(kLeast);
  OpContext late(OpContext::SteadyClock::now() - std::chrono::seconds(1));
  OpContext cancelled;
  cancelled.Cancel();

  EXPECT_EQ(CodeOf(hasher.Hash(late, kPassword)), Code::kTimeout);
  EXPECT_EQ(CodeOf(hasher.Matches(cancelled, kPassword, hasher.dummy())), Code::kCancelled);
}

TEST(PasswordHasher, ManyTakeTurns) {
  PasswordHasher hasher(kLeast);
  OpContext op;
  const std::string hash = Must(hasher.Hash(op, kPassword));
  std::atomic<int> right = 0;

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        OpContext mine;
        for (int k = 0; k < 5; ++k) right += Must(hasher.Matches(mine, kPassword, hash)) ? 1 : 0;
      });
  }

  EXPECT_EQ(right, 40);
}

}  // namespace
}  // namespace vams::identity
