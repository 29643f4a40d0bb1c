// Subscriptions as they are stored, the addresses that they ask, links, and that two who change one
// list at once lose nothing (api-metadata.md section 14, R9 and R10).  The wire is in
// tests/api/subscriptions.api.
#include "catalog/subscriptions.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "base/encoding.h"
#include "catalog/asset_support_test.h"
#include "catalog/assets.h"
#include "catalog/mails.h"
#include "catalog/subscription_records.h"
#include "identity/jwt.h"
#include "tables/system_tables.h"

namespace vams::catalog::test {

namespace {

using items::Item;
using items::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Names = std::vector<std::string>;

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;

model::Subscription To(std::string asset_id, Names subscribers) {
  return {.event = std::string(model::kAssetChangeEvent),
          .entity = std::string(model::kAssetEntity),
          .entity_id = std::move(asset_id),
          .subscribers = std::move(subscribers)};
}

class SubscriptionsTest : public ::testing::Test {
 protected:
  SubscriptionsTest() { bench.MakeAsset("gantry"); }

  Names Subscribers(std::string_view asset_id = "gantry") {
    const auto row =
        Must(FindSubscription(bench.op, bench.items(), AssetSubscriptionKey(asset_id)));
    return row ? SubscribersOf(*row) : Names{"no row"};
  }
  // The addresses that are to be asked.
  Names Asked() {
    Names asked;
    for (const Mail& mail : Must(WaitingMails(bench.op, bench.items())))
      if (mail.confirmation()) asked.push_back(mail.to);
    return asked;
  }
  void ForgetMails() {
    for (const Mail& mail : Must(WaitingMails(bench.op, bench.items()))) {
      const items::Write remove = DeleteMail(mail);
      Must(bench.items().Commit(bench.op, {&remove, 1}));
    }
  }
  void PutProfile(const std::string& user, const std::string& email) {
    bench.PutItem(kProfilesTable, {{"email", Value::S(email)}, {"userId", Value::S(user)}});
  }
  std::string NewLink(const std::string& address) {
    return *Must(addresses.NewConfirmation(bench.op, address));
  }

  AssetBench bench;
  Caller caller = MayAssets();
  Subscriptions subscriptions{bench.stores()};
  MailAddresses addresses{bench.items(), bench.clock, bench.random};
};

// ---- Rows.

TEST_F(SubscriptionsTest, AreStoredAsOtherReleasesReadThem) {
  Must(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org"})));

  EXPECT_THAT(bench.Rows(kSubscriptionsTable),
              ElementsAre(Item{{"entityName_entityId", Value::S("Asset#gantry")},
                               {"eventName", Value::S("Asset Version Change")},
                               {"subscribers", Value::L({Value::S("ops@harbor.example.org")})}}));
}

TEST_F(SubscriptionsTest, KeepWhatOthersPutIntoTheRow) {
  Item row = AssetSubscriptionKey("gantry");
  row.Set("subscribers", Value::L({Value::S("ops@harbor.example.org")}));
  row.Set("later", Value::S("of another release"));
  bench.PutItem(kSubscriptionsTable, row);

  Must(subscriptions.Add(bench.op, caller, To("gantry", {"lee@harbor.example.org"})));

  EXPECT_EQ(bench.Rows(kSubscriptionsTable).front().Text("later"), "of another release");
  EXPECT_THAT(Subscribers(), ElementsAre("ops@harbor.example.org", "lee@harbor.example.org"));
}

TEST_F(SubscriptionsTest, GiveTheAssetATopicAndTakeIt) {
  Item asset = *bench.StoredAsset("gantry");
  asset.Remove(kTopic);
  bench.PutItem(kAssetsTable, asset);

  Must(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org"})));
  EXPECT_EQ(bench.StoredAsset("gantry")->Text(kTopic), "AssetTopicharbor-gantry");
  Must(subscriptions.Remove(bench.op, caller, To("gantry", {"whoever"})));
  EXPECT_FALSE(bench.StoredAsset("gantry")->Has(kTopic));
  EXPECT_THAT(Subscribers(), ElementsAre("no row"));
}

TEST_F(SubscriptionsTest, OfAnAssetThatIsGoneAreNotMade) {
  EXPECT_EQ(Failure(subscriptions.Add(bench.op, caller, To("nothing", {"ops@harbor.example.org"}))),
            Fails(Code::kNotFound, "Asset not found"));
  Caller some = MayAssetsWith("databaseId", kDatabase);
  EXPECT_EQ(
      Failure(subscriptions.Add(bench.op, some, To("nothing", {"ops@harbor.example.org"}))).first,
      Code::kDenied)
      << "somebody without a rule for everything does not learn what there is";
  EXPECT_THAT(bench.Rows(kSubscriptionsTable), IsEmpty());
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(SubscriptionsTest, ArePagesWithoutWhatTheCallerMayNotSee) {
  bench.AddDatabase("yard", bench.bucket_id);
  bench.MakeAsset("wheel", {.database = "yard", .name = "Wheel"});
  for (const char* id : {"gantry", "wheel"})
    Must(subscriptions.Add(bench.op, caller, To(id, {"ops@harbor.example.org"})));
  Item orphan = AssetSubscriptionKey("gone");
  orphan.Set("subscribers", Value::L({Value::S("x@y.de")}));
  bench.PutItem(kSubscriptionsTable, orphan);

  Caller some = MayAssetsWith("databaseId", "yard", {"GET"});
  const auto seen = Must(subscriptions.List(bench.op, some, "", 100)).subscriptions;
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().asset_name, "Wheel");
  EXPECT_EQ(seen.front().database_id, "yard");

  // With a rule for everything, one whose asset is gone shows up with nulls.
  Names all;
  std::string after;
  do {
    auto page = Must(subscriptions.List(bench.op, caller, after, 1));
    for (const auto& view : page.subscriptions)
      all.push_back(view.entity_id + "=" + view.asset_name.value_or("null"));
    after = page.next;
  } while (!after.empty());
  EXPECT_THAT(all, UnorderedElementsAre("gantry=Gantry 12", "gone=null", "wheel=Wheel"));
}

// ---- Who is asked.

TEST_F(SubscriptionsTest, AskEachAddressOnce) {
  PutProfile("mira", "mira@harbor.example.org");
  Must(subscriptions.Add(
      bench.op, caller,
      To("gantry", {"mira", "MIRA@Harbor.example.org", "ops@harbor.example.org"})));

  EXPECT_THAT(Asked(), UnorderedElementsAre("mira@harbor.example.org", "ops@harbor.example.org"));
  EXPECT_FALSE(Must(addresses.IsConfirmed(bench.op, "mira@harbor.example.org")));
}

TEST_F(SubscriptionsTest, AskAgainAfterADayAndNeverOnceConfirmed) {
  bench.MakeAsset("crane");
  bench.MakeAsset("rail");
  bench.MakeAsset("wheel");
  const Names ops = {"ops@harbor.example.org"};
  Must(subscriptions.Add(bench.op, caller, To("gantry", ops)));
  const std::string link = NewLink("ops@harbor.example.org");
  ForgetMails();

  bench.clock.now += kDay - 1;
  Must(subscriptions.Add(bench.op, caller, To("crane", ops)));
  EXPECT_THAT(Asked(), IsEmpty()) << "less than a day later";
  bench.clock.now += 1;
  Must(subscriptions.Add(bench.op, caller, To("rail", ops)));
  EXPECT_THAT(Asked(), ElementsAre("ops@harbor.example.org"));
  ForgetMails();
  EXPECT_EQ(Must(addresses.Confirm(bench.op, link)).state, LinkState::kGood);
  bench.clock.now += 2 * kDay;
  Must(subscriptions.Add(bench.op, caller, To("wheel", ops)));
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(SubscriptionsTest, OfSomebodyWithoutAnAddressChangeNothing) {
  PutProfile("lee", "");
  const auto failed =
      Failure(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org", "lee"})));

  EXPECT_EQ(failed.first, Code::kInvalid);
  EXPECT_THAT(failed.second, HasSubstr("lee"));
  EXPECT_THAT(bench.Rows(kSubscriptionsTable), IsEmpty());
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(SubscriptionsTest, FollowTheProfile) {
  PutProfile("mira@old.example.org", "mira@new.example.org");
  EXPECT_EQ(Must(AddressOfSubscriber(bench.op, bench.items(), "mira@old.example.org")),
            "mira@new.example.org");
  EXPECT_EQ(Must(AddressOfSubscriber(bench.op, bench.items(), "lee@old.example.org")),
            "lee@old.example.org");
  EXPECT_EQ(Must(AddressOfSubscriber(bench.op, bench.items(), "lee")), std::nullopt);
}

// ---- Links.

TEST_F(SubscriptionsTest, LinksForConfirmingWorkOnceAndThreeDays) {
  Must(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org"})));
  const std::string first = NewLink("ops@harbor.example.org");
  const std::string second = NewLink("ops@harbor.example.org");
  EXPECT_NE(first, second);
  EXPECT_EQ(Must(addresses.LookAt(bench.op, first)), LinkState::kGood)
      << "the mail with the newer one may have been lost";

  bench.clock.now += 3 * kDay;
  EXPECT_EQ(Must(addresses.LookAt(bench.op, second)), LinkState::kExpired);
  EXPECT_EQ(Must(addresses.Confirm(bench.op, second)).state, LinkState::kExpired);
  EXPECT_FALSE(Must(addresses.IsConfirmed(bench.op, "ops@harbor.example.org")));

  const std::string third = NewLink("ops@harbor.example.org");
  EXPECT_EQ(Must(addresses.LookAt(bench.op, third)), LinkState::kGood);
  EXPECT_FALSE(Must(addresses.IsConfirmed(bench.op, "ops@harbor.example.org")))
      << "looking is nothing";
  EXPECT_EQ(Must(addresses.Confirm(bench.op, third)).state, LinkState::kGood);
  EXPECT_TRUE(Must(addresses.IsConfirmed(bench.op, "OPS@harbor.example.org")));
  EXPECT_EQ(Must(addresses.Confirm(bench.op, third)).state, LinkState::kUsed);
  EXPECT_EQ(Must(addresses.LookAt(bench.op, first)), LinkState::kUnknown);
  EXPECT_EQ(Must(addresses.NewConfirmation(bench.op, "ops@harbor.example.org")), std::nullopt);
}

TEST_F(SubscriptionsTest, LinksAreNotStored) {
  Must(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org"})));
  const std::string bytes = *identity::Base64UrlDecode(NewLink("ops@harbor.example.org"));
  const std::string secret = bytes.substr(bytes.size() - 32);

  for (const Item& item : bench.Rows(std::string(tables::kMailAddressesTable))) {
    const std::string stored = items::EncodeItem(item);
    EXPECT_EQ(stored.find(secret), std::string::npos);
    EXPECT_EQ(stored.find(HexEncode(secret)), std::string::npos);
  }
}

TEST_F(SubscriptionsTest, LinksOfOthersDoNotWork) {
  Must(subscriptions.Add(bench.op, caller,
                         To("gantry", {"ops@harbor.example.org", "lee@harbor.example.org"})));
  const std::string bytes = *identity::Base64UrlDecode(NewLink("ops@harbor.example.org"));
  const std::string secret = bytes.substr(bytes.size() - 32);
  const std::string nul(1, '\0');
  for (const std::string& forged :
       {std::string("lee@harbor.example.org") + nul + secret,
        std::string("nobody@x.de") + nul + secret,
        std::string("ops@harbor.example.org") + nul + std::string(32, 'x'), nul + secret, secret,
        std::string("\xff\xfe") + nul + secret, std::string(3000, 'a') + nul + secret})
    EXPECT_EQ(Must(addresses.LookAt(bench.op, identity::Base64UrlEncode(forged))),
              LinkState::kUnknown);
  for (const std::string& garbage : {std::string(), std::string("%"), std::string(100'000, 'A')}) {
    EXPECT_EQ(Must(addresses.LookAt(bench.op, garbage)), LinkState::kUnknown);
    EXPECT_EQ(Must(addresses.ReadUnsubscribeToken(bench.op, garbage)), std::nullopt);
  }
  // One kind of link is never the other.
  EXPECT_EQ(Must(addresses.ReadUnsubscribeToken(bench.op, identity::Base64UrlEncode(bytes))),
            std::nullopt);
  const std::string token =
      Must(addresses.UnsubscribeToken(bench.op, "ops@harbor.example.org", "gantry"));
  EXPECT_EQ(Must(addresses.LookAt(bench.op, token)), LinkState::kUnknown);
  std::string other = *identity::Base64UrlDecode(token);
  other.replace(other.find("gantry"), 6, "crane1");
  EXPECT_EQ(Must(addresses.ReadUnsubscribeToken(bench.op, identity::Base64UrlEncode(other))),
            std::nullopt);
}

TEST_F(SubscriptionsTest, LinksForUnsubscribingTakeEverybodyOfThatAddressOff) {
  bench.MakeAsset("crane");
  PutProfile("mira", "Mira@Harbor.example.org");
  const Names all = {"mira", "ops@harbor.example.org", "mira@harbor.example.org"};
  Must(subscriptions.Add(bench.op, caller, To("gantry", all)));
  Must(subscriptions.Add(bench.op, caller, To("crane", all)));

  const auto follow = [&](std::string_view what) {
    const std::string token =
        Must(addresses.UnsubscribeToken(bench.op, "mira@harbor.example.org", what));
    const auto link = Must(subscriptions.LookAtUnsubscribe(bench.op, token));
    ASSERT_TRUE(link.has_value());
    Must(subscriptions.UnsubscribeByLink(bench.op, *link));
    Must(subscriptions.UnsubscribeByLink(bench.op, *link));
  };
  follow("gantry");
  EXPECT_THAT(Subscribers("gantry"), ElementsAre("ops@harbor.example.org"));
  EXPECT_EQ(Subscribers("crane"), all);
  follow(kEveryAsset);
  EXPECT_THAT(Subscribers("crane"), ElementsAre("ops@harbor.example.org"));
  EXPECT_EQ(Failure(addresses.UnsubscribeToken(bench.op, "nobody@x.de", "gantry")).first,
            Code::kNotFound);
}

// ---- At once.

// Every thread puts its own people on the list, one by one, and takes one of them off again.
TEST_F(SubscriptionsTest, OfManyAtOnceNobodyIsLost) {
  constexpr int kThreads = 4, kEach = 10;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      OpContext own;
      Caller me = MayAssets();
      const auto name = [&](int i) {
        return "p" + std::to_string(t) + "-" + std::to_string(i) + "@harbor.example.org";
      };
      for (int i = 0; i < kEach; ++i)
        Must(subscriptions.Add(own, me, To("gantry", {name(i), "shared" + name(i)})));
      Must(subscriptions.Unsubscribe(own, me, To("gantry", {name(0)})));
    });
  for (std::thread& thread : threads) thread.join();

  const Names list = Subscribers();
  const std::set<std::string> people(list.begin(), list.end());
  EXPECT_EQ(list.size(), std::size_t{kThreads} * (2 * kEach - 1));
  EXPECT_EQ(people.size(), list.size());
  EXPECT_EQ(Asked().size(), std::size_t{kThreads} * 2 * kEach);
}

// Somebody removes the subscription between what the other reads and what it writes: the topic that
// was read is no longer there, and a row without a topic would tell nobody.
TEST_F(SubscriptionsTest, AddedWhileItIsRemovedStillHasATopic) {
  Must(subscriptions.Add(bench.op, caller, To("gantry", {"ops@harbor.example.org"})));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  hooked.before = Once(
      "Commit", [&] { Must(subscriptions.Remove(bench.op, caller, To("gantry", {"whoever"}))); });

  Must(Subscriptions(view.stores).Add(bench.op, caller, To("gantry", {"lee@harbor.example.org"})));

  EXPECT_THAT(Subscribers(), ElementsAre("lee@harbor.example.org"));
  EXPECT_TRUE(bench.StoredAsset("gantry")->Has(kTopic));
}

TEST_F(SubscriptionsTest, AddedWhileTheAssetIsDeletedLeaveNoRow) {
  Assets assets(bench.stores());
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  hooked.before =
      Once("Commit", [&] { Must(assets.Delete(bench.op, caller, kDatabase, "gantry")); });

  EXPECT_EQ(Failure(Subscriptions(view.stores)
                        .Add(bench.op, caller, To("gantry", {"lee@harbor.example.org"})))
                .first,
            Code::kNotFound);
  EXPECT_THAT(bench.Rows(kSubscriptionsTable), IsEmpty());
  EXPECT_THAT(Asked(), IsEmpty());
}

// Every call of the store fails once: the row, the topic and who is asked come together.
TEST(Subscriptions, AreAllOrNothing) {
  const auto prepare = [](AssetBench& bench) {
    bench.MakeAsset("gantry");
    Item asset = *bench.StoredAsset("gantry");
    asset.Remove(kTopic);
    bench.PutItem(kAssetsTable, asset);
  };
  const auto work = [](AssetBench& bench, const Stores& stores) {
    Caller caller = MayAssets();
    (void)Subscriptions(stores).Add(
        bench.op, caller, To("gantry", {"ops@harbor.example.org", "lee@harbor.example.org"}));
  };
  const auto state = [](AssetBench& bench) {
    Names left;
    for (const Item& row : bench.Rows(kSubscriptionsTable))
      for (const std::string& one : SubscribersOf(row)) left.push_back(one);
    left.emplace_back(bench.StoredAsset("gantry")->Text(kTopic));
    for (const Mail& mail : Must(WaitingMails(bench.op, bench.items())))
      left.push_back("asked " + mail.to);
    for (const Item& row : bench.Rows(std::string(tables::kMailAddressesTable)))
      left.emplace_back(row.Text("state"));
    return left;
  };
  ExpectAllOrNothing(prepare, work, state);
}

}  // namespace

}  // namespace vams::catalog::test
