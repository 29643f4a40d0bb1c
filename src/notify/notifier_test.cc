// The notifier over a fake clock and a fake mail server: what is sent to whom and when, and that
// nothing is lost whatever fails.  A real server: tests/servers/mail.py.
#include "notify/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <set>

#include "catalog/asset_records.h"
#include "catalog/hooked_store_test.h"
#include "catalog/records.h"
#include "catalog/subscription_records.h"
#include "items/memory/memory_store.h"
#include "notify/digest.h"
#include "tables/system_tables.h"
#include "tables/tables.h"
#include "testing/faulty_store.h"

namespace vams::notify {
namespace {

using catalog::NoticeKind;
using items::Item;
using items::Value;
using net::MailAnswer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Outcome = MailAnswer::Outcome;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message << " " << result.error().details;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class FakeClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now; }
  std::atomic<std::int64_t> now = 1'740'823'200'123;  // 2025-03-01T10:00:00.123Z
};

class SeededRandom final : public Random {
 public:
  void Fill(void* bytes, std::size_t count) override {
    auto* at = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) at[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mt19937_64 engine_{7};
};

class FakeServer final : public net::MailTransport {
 public:
  Result<MailAnswer> Send(OpContext& op, const net::MailMessage& message) override {
    TRY_OK(op.Check());
    ++tried;
    auto result = answer(message);
    if (result.ok() && result->outcome == Outcome::kAccepted) {
      sent.push_back(message);
      return *std::move(result);
    }
    if (!result.ok()) return std::move(result).error();
    return *std::move(result);
  }

  std::function<Result<MailAnswer>(const net::MailMessage&)> answer =
      [](const net::MailMessage&) -> Result<MailAnswer> { return MailAnswer{}; };
  std::vector<net::MailMessage> sent;
  int tried = 0;
};

std::function<Result<MailAnswer>(const net::MailMessage&)> Always(Outcome outcome) {
  return [outcome](const net::MailMessage&) -> Result<MailAnswer> {
    return MailAnswer{outcome, "450 not now"};
  };
}
Result<MailAnswer> Down(const net::MailMessage&) {
  return Error(Code::kUnavailable, "cannot connect to the mail server mail:25");
}

// The part of a mail's text behind the word, up to the end of the line.
std::string Behind(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word);
  if (at == text.npos) return "";
  return text.substr(at + word.size(), text.find('\n', at) - at - word.size());
}

class NotifierTest : public ::testing::Test {
 protected:
  NotifierTest() {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(store->CreateTables(op, specs));
    Must(store->CreateTables(op, tables::SystemTables()));
    MakeAsset("harbor", "crane", "Quay crane 1");
  }

  void Put(const std::string& table, Item item) {
    const items::Write write = items::Write::Put(table, std::move(item));
    Must(store->Commit(op, {&write, 1}));
  }
  void MakeAsset(const std::string& database, const std::string& id, const std::string& name) {
    Item asset = catalog::AssetKey(database, id);
    asset.Set("assetName", Value::S(name));
    asset.Set("currentVersionId", Value::S("3"));
    asset.Set("snsTopic", Value::S("AssetTopic"));
    Put(catalog::kAssetsTable, std::move(asset));
  }
  void Follow(const std::string& asset, const std::vector<std::string>& subscribers) {
    Item row = catalog::AssetSubscriptionKey(asset);
    Value::List list;
    for (const std::string& one : subscribers) list.push_back(Value::S(one));
    row.Set("subscribers", Value::L(std::move(list)));
    Put(catalog::kSubscriptionsTable, std::move(row));
  }
  void Confirm(const std::string& address) {
    const auto writes = Must(addresses.WritesToAsk(op, {address}));
    Must(store->Commit(op, writes));
    const std::string link = *Must(addresses.NewConfirmation(op, address));
    ASSERT_EQ(Must(addresses.Confirm(op, link)).state, catalog::LinkState::kGood);
    const auto asked = Must(catalog::FindMail(op, *store, address, catalog::kConfirmationMail));
    const items::Write remove = catalog::DeleteMail(*asked);
    Must(store->Commit(op, {&remove, 1}));
  }
  void FollowConfirmed(const std::string& asset, const std::vector<std::string>& addresses_of) {
    Follow(asset, addresses_of);
    for (const std::string& address : addresses_of) Confirm(address);
  }
  void Change(const std::string& database, const std::string& id, NoticeKind kind,
              std::vector<std::string> paths = {}) {
    catalog::Notice notice{.asset = catalog::PairOf(database, id),
                           .id = NewUuid(random),
                           .kind = kind,
                           .by = "lee",
                           .millis = clock.now,
                           .files = paths.size(),
                           .paths = std::move(paths)};
    if (notice.paths.size() > catalog::kNamedFiles) notice.paths.resize(catalog::kNamedFiles);
    const items::Write write = catalog::PutNotice(notice);
    Must(store->Commit(op, {&write, 1}));
  }
  void Upload(std::vector<std::string> paths = {"/a.glb"}, const std::string& id = "crane") {
    Change("harbor", id, NoticeKind::kFilesUploaded, std::move(paths));
  }
  std::size_t Rows(std::string_view table) {
    return static_cast<std::size_t>(Must(store->Count(op, table)));
  }
  // Nothing is to be done any more.
  void ExpectNothingLeft() {
    EXPECT_EQ(Rows(tables::kNoticesTable), 0U);
    EXPECT_EQ(Rows(tables::kMailsTable), 0U);
  }
  std::vector<std::string> Recipients() {
    std::vector<std::string> to;
    for (const auto& message : server.sent) to.push_back(message.to);
    return to;
  }
  std::unique_ptr<Notifier> Make(items::ItemStore& items, net::MailTransport* transport) {
    return std::make_unique<Notifier>(items, permissions, clock, random, transport,
                                      NotifierOptions{.from = {"VAMS", "vams@plant.example"},
                                                      .stack = "vams (prod)",
                                                      .link_url = "https://links.example",
                                                      .web_url = "https://web.example",
                                                      .active = active},
                                      metrics);
  }
  void Round() { Must(notifier->RunOnce(op)); }
  // A round when the digest of what happened so far is due.
  void RoundWhenDue() {
    Round();
    clock.now += kMinute;
    Round();
  }

  OpContext op;
  FakeClock clock;
  SeededRandom random;
  std::unique_ptr<items::ItemStore> store = items::MemoryStore::Create(clock);
  catalog::Permissions permissions{*store, clock, random};
  catalog::MailAddresses addresses{*store, clock, random};
  Metrics metrics;
  FakeServer server;
  std::set<std::string> disabled;
  notify::Recipients::Active active = [this](OpContext&, const std::string& user) -> Result<bool> {
    return !disabled.contains(user);
  };
  std::unique_ptr<Notifier> notifier = Make(*store, &server);
};

// ---- Confirming.

TEST_F(NotifierTest, AsksBeforeItTells) {
  Follow("crane", {"ops@harbor.example.org"});
  Must(store->Commit(op, Must(addresses.WritesToAsk(op, {"ops@harbor.example.org"}))));
  Upload();
  RoundWhenDue();

  ASSERT_THAT(Recipients(), ElementsAre("ops@harbor.example.org"));
  const net::MailMessage ask = server.sent.front();
  EXPECT_THAT(ask.subject, HasSubstr("Confirm your address"));
  EXPECT_THAT(ask.text, Not(HasSubstr("crane"))) << "a stranger learns nothing of the assets";
  const std::string token = Behind(ask.text, "https://links.example/subscriptions/confirm?token=");
  ASSERT_FALSE(token.empty());
  ExpectNothingLeft();

  ASSERT_EQ(Must(addresses.Confirm(op, token)).state, catalog::LinkState::kGood);
  Upload();
  RoundWhenDue();
  ASSERT_EQ(server.sent.size(), 2U);
  EXPECT_THAT(server.sent.back().subject, HasSubstr("[Quay crane 1]"));
}

// Imported lists, and profiles that changed: nobody asked these addresses.
TEST_F(NotifierTest, AsksAddressesThatItDoesNotKnowOnce) {
  Follow("crane", {"ops@harbor.example.org"});
  for (int day = 0; day < 3; ++day) {
    Upload();
    RoundWhenDue();
    clock.now += 25 * kHour;
  }

  ASSERT_EQ(server.sent.size(), 1U);
  EXPECT_THAT(server.sent.front().subject, HasSubstr("Confirm your address"));
}

TEST_F(NotifierTest, WithoutAServerRequestsToConfirmWaitForOne) {
  Must(store->Commit(op, Must(addresses.WritesToAsk(op, {"ops@harbor.example.org"}))));
  FollowConfirmed("crane", {"lee@harbor.example.org"});
  Upload();
  notifier = Make(*store, nullptr);
  for (int day = 0; day < 30; ++day) {
    Round();
    clock.now += 24 * kHour;
  }
  EXPECT_EQ(Rows(tables::kMailsTable), 1U) << "what happened weeks ago is told to nobody";

  notifier = Make(*store, &server);
  Round();
  EXPECT_THAT(Recipients(), ElementsAre("ops@harbor.example.org"));
  ExpectNothingLeft();
}

// ---- Collecting.

TEST_F(NotifierTest, ManyChangesMakeOneMailEach) {
  MakeAsset("harbor", "rail", "Rail");
  FollowConfirmed("crane", {"ops@harbor.example.org", "lee@harbor.example.org"});
  Follow("rail", {"ops@harbor.example.org"});
  for (int i = 0; i < 30; ++i) {
    Upload({"/f" + std::to_string(i)}, i % 2 == 0 ? "crane" : "rail");
    clock.now += kSecond;
    Round();
  }
  EXPECT_THAT(server.sent, IsEmpty()) << "the digest is not due";
  clock.now += 30 * kSecond;
  Round();

  ASSERT_THAT(Recipients(),
              UnorderedElementsAre("ops@harbor.example.org", "lee@harbor.example.org"));
  for (const net::MailMessage& mail : server.sent) {
    const bool both = mail.to == "ops@harbor.example.org";
    EXPECT_EQ(mail.subject, both ? "[vams (prod)] - 2 Assets Changed"
                                 : "[Quay crane 1] - File or Asset Changed (3)");
    EXPECT_THAT(mail.text, HasSubstr("- 15 files uploaded by lee, 2025-03-01 10:00 UTC\n"
                                     "    /f0\n    /f2\n    /f4\n    /f6\n    /f8\n"
                                     "    and 10 more\n"));
    EXPECT_EQ(mail.text.find("/f1\n") != std::string::npos, both);
    EXPECT_THAT(mail.text, HasSubstr("https://web.example/#/databases/harbor/assets/crane\n"));
  }
  ExpectNothingLeft();
}

TEST_F(NotifierTest, OneAddressGetsOneMailHoweverOftenItIsSubscribed) {
  Put(catalog::kProfilesTable, {{"email", Value::S("Ops@Harbor.example.org")},
                                {"userId", Value::S("ops@harbor.example.org")}});
  Follow("crane", {"OPS@harbor.example.org", "ops@harbor.example.org", "ops@harbor.EXAMPLE.org"});
  Confirm("ops@harbor.example.org");
  Upload();
  RoundWhenDue();
  EXPECT_EQ(server.sent.size(), 1U);
}

// ---- Who gets it.

TEST_F(NotifierTest, UsersWhoMayNotReadTheAssetGetNothing) {
  Put(catalog::kProfilesTable,
      {{"email", Value::S("mira@harbor.example.org")}, {"userId", Value::S("mira")}});
  Put(catalog::kProfilesTable,
      {{"email", Value::S("lee@harbor.example.org")}, {"userId", Value::S("lee")}});
  Put(catalog::kUserRolesTable,
      {{"roleName", Value::S("none")}, {"userId", Value::S("kai@harbor.example.org")}});
  access::Constraint rule{.id = "mira-reads",
                          .name = "mira-reads",
                          .description = "x",
                          .object_type = "asset",
                          .criteria_and = {{"databaseId", "equals", {"harbor"}, false, {}}},
                          .criteria_or = {},
                          .groups = {},
                          .users = {{"mira", "GET", "allow", {}}}};
  Must(permissions.PutConstraints(op, {&rule, 1}, "test"));
  Follow("crane", {"mira", "lee", "kai@harbor.example.org", "outside@world.example.org"});
  for (const char* address : {"mira@harbor.example.org", "lee@harbor.example.org",
                              "kai@harbor.example.org", "outside@world.example.org"})
    Confirm(address);

  Upload();
  RoundWhenDue();
  EXPECT_THAT(Recipients(),
              UnorderedElementsAre("mira@harbor.example.org", "outside@world.example.org"));

  // What she may read when the mail goes out counts, and whether she can sign in.
  server.sent.clear();
  Upload();
  Round();
  disabled.insert("mira");
  clock.now += kMinute;
  Round();
  EXPECT_THAT(Recipients(), ElementsAre("outside@world.example.org"));
  ExpectNothingLeft();
}

TEST_F(NotifierTest, WhoUnsubscribedMeanwhileGetsNothing) {
  FollowConfirmed("crane", {"ops@harbor.example.org", "lee@harbor.example.org"});
  Upload();
  Round();
  Follow("crane", {"lee@harbor.example.org"});
  clock.now += kMinute;
  Round();
  EXPECT_THAT(Recipients(), ElementsAre("lee@harbor.example.org"));
  ExpectNothingLeft();
}

TEST_F(NotifierTest, OfAnAssetThatIsGoneNothingIsTold) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  Upload();
  const items::Write remove =
      items::Write::Delete(catalog::kAssetsTable, catalog::AssetKey("harbor", "crane"));
  Must(store->Commit(op, {&remove, 1}));
  RoundWhenDue();
  EXPECT_THAT(server.sent, IsEmpty());
  ExpectNothingLeft();
}

// ---- Failures.

TEST_F(NotifierTest, AServerThatIsDownIsAskedLessAndLess) {
  FollowConfirmed("crane", {"ops@harbor.example.org", "lee@harbor.example.org"});
  Upload();
  server.answer = Down;
  Round();
  for (int i = 0; i < 120; ++i) {
    clock.now += kMinute;
    Round();
  }
  EXPECT_LE(server.tried, 8) << "two hours";
  EXPECT_GE(server.tried, 5);
  EXPECT_EQ(Rows(tables::kMailsTable), 2U);

  server.answer = Always(Outcome::kAccepted);
  clock.now += 2 * kHour;
  Round();
  EXPECT_EQ(server.sent.size(), 2U);
  ExpectNothingLeft();
}

TEST_F(NotifierTest, OneRecipientDoesNotHoldUpOthers) {
  FollowConfirmed("crane",
                  {"later@x.example.org", "never@x.example.org", "ops@harbor.example.org"});
  server.answer = [](const net::MailMessage& message) -> Result<MailAnswer> {
    if (message.to.starts_with("later")) return MailAnswer{Outcome::kLater, "450 greylisted"};
    if (message.to.starts_with("never")) return MailAnswer{Outcome::kNever, "550 unknown"};
    return MailAnswer{};
  };
  Upload();
  RoundWhenDue();
  EXPECT_THAT(Recipients(), ElementsAre("ops@harbor.example.org"));
  EXPECT_EQ(Rows(tables::kMailsTable), 1U) << "the refused one is dropped, the other waits";

  server.answer = Always(Outcome::kAccepted);
  Round();
  EXPECT_EQ(server.sent.size(), 1U) << "not before its time";
  clock.now += kMinute;
  Round();
  EXPECT_THAT(Recipients(), ElementsAre("ops@harbor.example.org", "later@x.example.org"));
  ExpectNothingLeft();
  EXPECT_THAT(metrics.Text(), HasSubstr("vams_mail_failed_total{then=\"refused\"} 1\n"));
}

// A mail on which the server breaks: others go first next time.
TEST_F(NotifierTest, AMailOnWhichTheServerBreaksDoesNotHoldUpOthers) {
  FollowConfirmed("crane", {"a@x.example.org", "b@x.example.org", "c@x.example.org"});
  server.answer = [](const net::MailMessage& message) -> Result<MailAnswer> {
    if (message.to == "a@x.example.org") return Down(message);
    return MailAnswer{};
  };
  Upload();
  for (int i = 0; i < 10; ++i) RoundWhenDue();
  EXPECT_THAT(Recipients(), UnorderedElementsAre("b@x.example.org", "c@x.example.org"));
}

TEST_F(NotifierTest, GivesUpAfterThreeDays) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  Must(store->Commit(op, Must(addresses.WritesToAsk(op, {"lee@harbor.example.org"}))));
  server.answer = Always(Outcome::kLater);
  Upload();
  for (int hour = 0; hour < 71; ++hour) {
    Round();
    clock.now += kHour;
  }
  EXPECT_EQ(Rows(tables::kMailsTable), 2U);
  for (int hour = 0; hour < 3; ++hour) {
    Round();
    clock.now += kHour;
  }
  ExpectNothingLeft();
  EXPECT_THAT(server.sent, IsEmpty());
  EXPECT_THAT(metrics.Text(), HasSubstr("vams_mail_failed_total{then=\"given_up\"} 2\n"));
}

TEST_F(NotifierTest, EveryAttemptHasTheSameMessageId) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  std::set<std::string> ids;
  server.answer = [&](const net::MailMessage& message) -> Result<MailAnswer> {
    ids.insert(message.id);
    return MailAnswer{Outcome::kLater, "450"};
  };
  Upload();
  for (int i = 0; i < 5; ++i) RoundWhenDue();
  EXPECT_GT(server.tried, 1);
  EXPECT_EQ(ids.size(), 1U);
}

// What comes while a mail is being tried belongs to the next one.
TEST_F(NotifierTest, ChangesDuringAnAttemptAreToldInTheNextMail) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  Upload({"/first.glb"});
  server.answer = Always(Outcome::kLater);
  RoundWhenDue();
  Upload({"/second.glb"});
  server.answer = Always(Outcome::kAccepted);
  for (int i = 0; i < 3; ++i) RoundWhenDue();

  ASSERT_EQ(server.sent.size(), 2U);
  EXPECT_THAT(server.sent[0].text, HasSubstr("/first.glb"));
  EXPECT_THAT(server.sent[0].text, Not(HasSubstr("/second.glb")));
  EXPECT_THAT(server.sent[1].text, HasSubstr("/second.glb"));
}

// ---- Several processes, and crashes.

TEST_F(NotifierTest, TwoProcessesSendEachMailOnce) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  const auto other = Make(*store, &server);
  bool during = false;
  server.answer = [&](const net::MailMessage&) -> Result<MailAnswer> {
    // The other process looks while this one is sending.
    if (!std::exchange(during, true)) {
      OpContext own;
      Must(other->RunOnce(own));
    }
    return MailAnswer{};
  };
  Upload();
  RoundWhenDue();
  EXPECT_EQ(server.tried, 1);
  ExpectNothingLeft();
}

// Every call of the store fails once, before or behind its effect, as in a crash; then another
// process does the rest.  Everybody is told, twice at most.
TEST_F(NotifierTest, LosesNothingWhateverFails) {
  FollowConfirmed("crane", {"ops@harbor.example.org", "lee@harbor.example.org"});
  int visited = 0;
  for (const auto when :
       {testing::FaultyStore::When::kBefore, testing::FaultyStore::When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      server.sent.clear();
      testing::FaultyStore faulty(*store);
      const auto crashed = Make(faulty, &server);
      Upload({"/a.glb"});
      faulty.FailCall(n, Code::kUnavailable, when);
      (void)crashed->RunOnce(op);
      clock.now += kMinute;
      (void)crashed->RunOnce(op);
      // The claim of a process that died is over.
      for (int i = 0; i < 3; ++i) {
        Round();
        clock.now += 3 * kMinute;
      }
      Round();
      std::map<std::string, int> times;
      std::map<std::string, std::set<std::string>> ids;
      for (const auto& message : server.sent) {
        ++times[message.to];
        ids[message.to].insert(message.id);
      }
      for (const char* to : {"ops@harbor.example.org", "lee@harbor.example.org"}) {
        EXPECT_GE(times[to], 1) << "call " << n << " " << faulty.requests().back();
        EXPECT_LE(times[to], 2) << "call " << n;
        EXPECT_EQ(ids[to].size(), 1U) << "a second copy can be told: call " << n;
      }
      ExpectNothingLeft();
      ++visited;
      if (!faulty.failed()) break;
    }
  }
  EXPECT_GT(visited, 15);
}

// A limit on commits is kept, and nobody is left out.
TEST_F(NotifierTest, WorksWithAnEngineOfSmallCommits) {
  catalog::test::HookedStore small(*store, false, 7);
  std::vector<std::string> people;
  for (int i = 0; i < 20; ++i) people.push_back("p" + std::to_string(i) + "@harbor.example.org");
  FollowConfirmed("crane", people);
  for (int i = 0; i < 20; ++i) Upload({"/f" + std::to_string(i)});
  notifier = Make(small, &server);
  RoundWhenDue();

  EXPECT_EQ(server.sent.size(), people.size());
  EXPECT_THAT(server.sent.front().text, HasSubstr("20 files uploaded"));
  ExpectNothingLeft();
}

TEST_F(NotifierTest, StopsWhileItIsWorking) {
  FollowConfirmed("crane", {"ops@harbor.example.org"});
  Upload();
  clock.now += kMinute;
  std::atomic<bool> asked = false;
  server.answer = [&](const net::MailMessage&) -> Result<MailAnswer> {
    asked = true;
    asked.notify_all();
    return Error(Code::kCancelled, "the operation was cancelled");
  };
  notifier->Start();
  asked.wait(false);
  notifier.reset();
  EXPECT_EQ(Rows(tables::kMailsTable), 1U);
}

// ---- Texts.

TEST(Digest, ShortensTheNameAndNothingElseOfTheSubject) {
  std::string name;
  for (int i = 0; i < 150; ++i) name += "ö";
  const Text text = DigestText({.stack = "s",
                                .to = "t",
                                .assets = {{.database_id = "d",
                                            .asset_id = "a",
                                            .name = name,
                                            .current_version = "12",
                                            .web_link = {},
                                            .unsubscribe_link = "u",
                                            .lines = {}}},
                                .more = 3,
                                .unsubscribe_link = {}});
  const auto characters = std::ranges::count_if(
      text.subject, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  EXPECT_EQ(characters, 100);
  EXPECT_TRUE(text.subject.ends_with("ö…] - File or Asset Changed (12)")) << text.subject;
  EXPECT_THAT(text.body, HasSubstr("And 3 further changes that are not listed here."));
}

TEST(Digest, LinesOfNamesAreNotLinesOfTheMail) {
  const Text text = DigestText({.stack = "s",
                                .to = "t",
                                .assets = {{.database_id = "d",
                                            .asset_id = "a",
                                            .name = "Crane\n\nUnsubscribe: http://evil",
                                            .current_version = "1",
                                            .web_link = {},
                                            .unsubscribe_link = "u",
                                            .lines = {}}},
                                .more = 0,
                                .unsubscribe_link = {}});
  EXPECT_THAT(text.body, Not(HasSubstr("\nUnsubscribe: http://evil")));
  EXPECT_THAT(text.subject, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace vams::notify
