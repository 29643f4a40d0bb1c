// The keys of signed URLs: how long they live, how processes agree, what happens when the store
// fails.
#include "objects/signed_url_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "items/sqlite/sqlite_store.h"
#include "objects/signed_url.h"
#include "objects/signed_url_test.h"
#include "testing/faulty_store.h"

namespace vams::objects {
namespace {

using items::Item;
using items::Value;
using items::Write;
using namespace url_test;
using test::MessageOf;
using testing::FaultyStore;
using When = FaultyStore::When;

std::string KeyIdOf(const std::string& target) {
  const auto at = target.find("&token=") + 7;
  return target.substr(at, target.find('.', at) - at);
}

TEST(UrlKeys, AnOldKeyVerifiesUntilItsLastUrlHasExpired) {
  World world;
  auto urls = world.Open();
  const std::string longest = Must(urls->Sign(world.op, Reading(), kMaxUrlSeconds));
  world.clock.Advance(30);
  Must(urls->RotateKeys(world.op));
  // Another process may not have noticed, and signs with the old key for a minute.
  world.clock.Advance(10);
  const std::string after = Must(urls->Sign(world.op, Reading(), 60));
  EXPECT_NE(KeyIdOf(after), KeyIdOf(longest));

  world.clock.Advance(kMaxUrlSeconds - 41);
  Must(urls->Maintain(world.op));
  urls = world.Open();
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kGet, longest).ok());
  EXPECT_EQ(world.Records().size(), 3U);
  world.clock.Advance(300);
  Must(urls->Maintain(world.op));
  EXPECT_EQ(world.Records().size(), 2U);
  ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, longest), "refused", longest);
}

// A process that has not looked yet signs with the old key after a rotation: also the last such URL
// has to be good until it expires.
TEST(UrlKeys, AProcessThatMissedARotationSignsUrlsThatLast) {
  World world;
  const auto here = world.Open(), late = world.Open();
  world.clock.Advance(1);
  Must(here->RotateKeys(world.op));
  world.clock.Advance(58);
  const std::string target = Must(late->Sign(world.op, Reading(), kMaxUrlSeconds));
  world.clock.Advance(2);
  EXPECT_NE(KeyIdOf(Must(late->Sign(world.op, Reading(), 60))), KeyIdOf(target));

  world.clock.Advance(kMaxUrlSeconds - 3);
  Must(here->Maintain(world.op));

  const auto anew = world.Open();
  for (const auto* urls : {here.get(), late.get(), anew.get()})
    EXPECT_TRUE(const_cast<SignedUrls*>(urls)->Verify(world.op, UrlMethod::kGet, target).ok());
}

TEST(UrlKeys, ProcessesOnOneStoreAgree) {
  World world;
  const auto one = world.Open(), two = world.Open();
  EXPECT_EQ(world.Records().size(), 2U);

  const std::string target = Must(one->Sign(world.op, Part(), 60));

  EXPECT_TRUE(two->Verify(world.op, UrlMethod::kPut, target).ok());
}

// A URL goes from one process to the next faster than the news of a new key: two has looked a
// moment ago and does not look again within the second.
TEST(UrlKeys, ARotationRefusesNoUrlAtAnotherProcess) {
  World world;
  const auto one = world.Open(), two = world.Open();
  std::set<std::string> ids;
  Must(one->RotateKeys(world.op));
  for (int second = 0; second < 12; ++second) {
    // Twice, so that the key of a key that is too young itself is met as well.
    if (second == 2) Must(one->RotateKeys(world.op));
    const std::string target = Must(one->Sign(world.op, Reading(), 60));
    ids.insert(KeyIdOf(target));

    EXPECT_TRUE(two->Verify(world.op, UrlMethod::kGet, target).ok()) << second;
    world.clock.Advance(1);
  }
  EXPECT_EQ(ids.size(), 2U);
}

TEST(UrlKeys, StrangersMakeAProcessReadOnceASecond) {
  World world;
  FaultyStore counted(*world.store);
  const auto urls = Must(SignedUrls::Open(world.op, counted, world.clock, world.random));
  std::string stranger = Must(urls->Sign(world.op, Reading(), 60));
  stranger.replace(stranger.find(KeyIdOf(stranger)), 16, 16, '0');
  world.clock.Advance(1);

  const std::size_t before = counted.calls();
  ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, stranger), "no key", stranger);
  const std::size_t once = counted.calls() - before;
  for (int i = 0; i < 100; ++i)
    ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, stranger), "no key", stranger);

  EXPECT_GT(once, 0U);
  EXPECT_EQ(counted.calls() - before, once);
}

TEST(UrlKeys, UpkeepRotatesAnOldKey) {
  World world;
  const auto urls = world.Open();
  const std::string first = KeyIdOf(Must(urls->Sign(world.op, Reading(), 60)));
  world.clock.Advance(kUrlKeySeconds - 1);
  Must(urls->Maintain(world.op));
  EXPECT_EQ(KeyIdOf(Must(urls->Sign(world.op, Reading(), 60))), first);

  world.clock.Advance(1);
  Must(urls->Maintain(world.op));
  world.clock.Advance(5);

  EXPECT_NE(KeyIdOf(Must(urls->Sign(world.op, Reading(), 60))), first);
}

// Many that open, rotate, sign and verify at once: one first key, and no good URL is refused.
TEST(UrlKeys, ManyAtOnceAgree) {
  World world;
  constexpr int kThreads = 8;
  std::vector<std::unique_ptr<SignedUrls>> all(kThreads);
  const auto run = [](auto work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([=] { work(i); });
  };
  run([&](int i) {
    OpContext op;
    all[static_cast<std::size_t>(i)] =
        Must(SignedUrls::Open(op, *world.store, world.clock, world.random));
  });
  EXPECT_EQ(world.Records().size(), 2U);

  std::atomic<int> refused = 0;
  for (int round = 0; round < 10; ++round) {
    run([&](int i) {
      OpContext op;
      if (i % 2 == round % 2) Must(all[static_cast<std::size_t>(i)]->RotateKeys(op));
    });
    // The new key signs from now on, and half of the processes do not know it yet.
    world.clock.Advance(6);
    run([&](int i) {
      OpContext op;
      for (int n = 0; n < kThreads; ++n) {
        const std::string target =
            Must(all[static_cast<std::size_t>(i)]->Sign(op, Reading(), kDay));
        auto& other = *all[static_cast<std::size_t>((i + n) % kThreads)];
        if (!other.Verify(op, UrlMethod::kGet, target).ok()) ++refused;
      }
    });
  }

  EXPECT_EQ(refused, 0);
  EXPECT_GE(world.Records().size(), 2U + 10);
}

TEST(UrlKeys, AfterAnyFailureTheKeysWork) {
  for (const When when : {When::kBefore, When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      World world;
      FaultyStore faulty(*world.store);
      std::unique_ptr<SignedUrls> urls;
      std::vector<std::string> signed_urls;
      // The life of the keys; it stops where the store fails.
      const auto life = [&]() -> Status {
        TRY(urls, SignedUrls::Open(world.op, faulty, world.clock, world.random));
        TRY(signed_urls.emplace_back(), urls->Sign(world.op, Reading(), kMaxUrlSeconds));
        TRY_OK(urls->RotateKeys(world.op));
        world.clock.Advance(61);
        TRY(signed_urls.emplace_back(), urls->Sign(world.op, Reading(), kMaxUrlSeconds));
        world.clock.Advance(kMaxUrlSeconds + 300);
        signed_urls.clear();
        TRY_OK(urls->Maintain(world.op));
        TRY(signed_urls.emplace_back(), urls->Sign(world.op, Reading(), kMaxUrlSeconds));
        return Ok();
      };
      faulty.FailCall(n, Code::kUnavailable, when);
      const Status first = life();
      const bool failed = faulty.failed();
      faulty.Disarm();

      EXPECT_EQ(first.ok(), !failed) << "call " << n;
      const auto anew = world.Open();
      world.clock.Advance(1);
      for (auto* one : {urls.get(), anew.get()})
        for (const auto& target : signed_urls)
          EXPECT_TRUE(one == nullptr || one->Verify(world.op, UrlMethod::kGet, target).ok())
              << "call " << n;
      signed_urls.clear();
      EXPECT_TRUE(life().ok()) << "call " << n;
      if (!failed) break;
      ASSERT_LT(n, 50U);
    }
  }
}

TEST(UrlKeys, AreNotBelievedWhileTheStoreDoesNotAnswer) {
  World world;
  FaultyStore faulty(*world.store);
  const auto urls = Must(SignedUrls::Open(world.op, faulty, world.clock, world.random));
  const auto other = world.Open();
  world.clock.Advance(1);
  Must(other->RotateKeys(world.op));
  world.clock.Advance(5);
  const std::string target = Must(other->Sign(world.op, Reading(), 60));

  faulty.FailCall(faulty.calls() + 1, Code::kUnavailable, When::kBefore);

  EXPECT_EQ(urls->Verify(world.op, UrlMethod::kGet, target).error().code, Code::kUnavailable);
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kGet, target).ok());
}

TEST(UrlKeys, DamagedRecordsAreNamed) {
  const auto open = [](World& world) {
    const auto urls = SignedUrls::Open(world.op, *world.store, world.clock, world.random);
    EXPECT_FALSE(urls.ok());
    EXPECT_EQ(urls.ok() ? Code::kInternal : urls.error().code, Code::kCorrupt);
    return MessageOf(urls);
  };
  const auto key = [](std::string id, std::string secret) {
    return Item{{"keyId", Value::S(std::move(id))},
                {"secret", Value::B(std::move(secret))},
                {"created", Value::N(1)}};
  };
  const Item current{{"keyId", Value::S("current")}, {"key", Value::S("k1")}};
  const std::string secret(32, 's');

  World gone;
  gone.Commit(Write::Put(kTable, current));
  EXPECT_TRUE(open(gone).contains("k1, which is not there")) << open(gone);
  World cut;
  cut.Commit(Write::Put(kTable, current));
  cut.Commit(Write::Put(kTable, key("k1", "cut")));
  EXPECT_TRUE(open(cut).contains("secret does not have 32 bytes")) << open(cut);
  EXPECT_FALSE(open(cut).contains("cut"));
  World old;
  old.Commit(Write::Put(kTable, current));
  old.Commit(Write::Put(kTable, key("k1", secret)));
  Item over = key("k0", secret);
  over.Set("verifyUntil", Value::S("soon"));
  old.Commit(Write::Put(kTable, over));
  EXPECT_TRUE(open(old).contains("verifyUntil is no whole number")) << open(old);
}

TEST(UrlKeys, LiveInTheEmbeddedStore) {
  const auto folder = test::MakeTemp();
  OpContext op;
  ManualClock clock;
  SeededRandom random(Seed());
  std::string target;
  {
    const auto store = Must(items::OpenSqliteStore(folder.path() / "items.sqlite", {}));
    Must(store->CreateTables(op, tables::SystemTables()));
    const auto urls = Must(SignedUrls::Open(op, *store, clock, random));
    target = Must(urls->Sign(op, Reading(), kDay));
    Must(urls->RotateKeys(op));
  }

  const auto store = Must(items::OpenSqliteStore(folder.path() / "items.sqlite", {}));
  const auto urls = Must(SignedUrls::Open(op, *store, clock, random));

  EXPECT_EQ(Must(urls->Verify(op, UrlMethod::kGet, target)).grant, Reading());
}

}  // namespace
}  // namespace vams::objects
