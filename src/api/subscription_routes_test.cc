// The pages behind the links of mails: who follows a link changes nothing, the button does, and no
// link's secret stays in the audit log.  The rest is in tests/api/subscriptions.api and
// tests/servers/mail.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/mail_addresses.h"

namespace vams::api {
namespace {

using test::Must;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view kAddress = "ops@harbor.example.org";

class SubscriptionPages : public ::testing::Test {
 protected:
  SubscriptionPages() {
    AddSubscriptionRoutes(stack.gate());
    AddAssetRoutes(stack.gate());
    items::Item asset{{"assetId", items::Value::S("crane")},
                      {"assetName", items::Value::S("Crane")},
                      {"databaseId", items::Value::S("harbor")}};
    const items::Write put = items::Write::Put("AssetStorageTable", std::move(asset));
    Must(stack.store().Commit(stack.op(), {&put, 1}));
    const auto reply = stack.Ask("POST", "/subscriptions",
                                 R"({"eventName": "Asset Version Change", "entityName": "Asset",
                                     "entityId": "crane", "subscribers": ["ops@harbor.example.org"]})",
                                 stack.AdminToken());
    EXPECT_EQ(reply.status, 200) << reply.text;
    addresses.emplace(stack.store(), stack.clock(), stack.services().random);
  }
  std::string NewLink() { return *Must(addresses->NewConfirmation(stack.op(), kAddress)); }
  bool Confirmed() { return Must(addresses->IsConfirmed(stack.op(), kAddress)); }

  test::TestStack stack;
  std::optional<catalog::MailAddresses> addresses;
};

TEST_F(SubscriptionPages, OnlyTheButtonConfirms) {
  const std::string target = "/subscriptions/confirm?token=" + NewLink();

  const auto page = stack.Ask("GET", target);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.text, HasSubstr("<button"));
  EXPECT_THAT(page.text, Not(HasSubstr("<script")));
  EXPECT_FALSE(Confirmed());

  EXPECT_EQ(stack.Ask("POST", target).status, 200);
  EXPECT_TRUE(Confirmed());
  EXPECT_EQ(stack.Ask("POST", target).status, 200) << "a second click is no failure";
  EXPECT_THAT(stack.Ask("GET", target).text, HasSubstr("is confirmed"));
  EXPECT_THAT(stack.AuditLines({"subscriptionConfirm"}), SizeIs(1));
}

TEST_F(SubscriptionPages, SayWhatIsWrongWithALink) {
  const std::string token = NewLink();
  stack.clock().Advance(3 * 24 * 3600);
  for (const std::string verb : {"GET", "POST"}) {
    const auto expired = stack.Ask(verb, "/subscriptions/confirm?token=" + token);
    EXPECT_EQ(expired.status, 410);
    EXPECT_THAT(expired.text, HasSubstr("has expired"));
    EXPECT_EQ(stack.Ask(verb, "/subscriptions/confirm?token=" + token + "x").status, 404);
  }
  EXPECT_FALSE(Confirmed());
}

TEST_F(SubscriptionPages, UnsubscribeByTheButtonAndByOneClickOfAMailProgram) {
  const std::string target = "/subscriptions/unsubscribe?token=" +
                             Must(addresses->UnsubscribeToken(stack.op(), kAddress, "crane"));
  const auto listed = [&] {
    return stack.Ask("GET", "/subscriptions", "", stack.AdminToken()).text;
  };

  EXPECT_THAT(stack.Ask("GET", target).text, HasSubstr("<button"));
  EXPECT_THAT(listed(), HasSubstr(kAddress));
  const auto reply = stack.Ask("POST", target, "List-Unsubscribe=One-Click", "",
                               {{"content-type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(listed(), Not(HasSubstr(kAddress)));
  EXPECT_EQ(stack.Ask("POST", target).status, 200) << "what is done already is no failure";
}

TEST_F(SubscriptionPages, LeaveNoSecretInTheAuditLog) {
  const std::string token = NewLink();
  const std::string other = Must(addresses->UnsubscribeToken(stack.op(), kAddress, "crane"));
  stack.clock().Advance(3 * 24 * 3600);
  for (const std::string page : {"confirm", "unsubscribe"})
    for (const std::string& one : {token, other})
      for (const std::string verb : {"GET", "POST"})
        stack.Ask(verb, "/subscriptions/" + page + "?token=" + one, "", "",
                  {{"referer", "https://x.example.org/subscriptions/confirm?token=" + one}});

  EXPECT_THAT(stack.AuditText(), Not(HasSubstr(token)));
  EXPECT_THAT(stack.AuditText(), Not(HasSubstr(other)));
}

}  // namespace
}  // namespace vams::api
