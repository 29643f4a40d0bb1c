// Management of accounts by an administrator: the wire of the stock clients, and that what an
// administrator takes away is gone at once.
#include "api/cognito_users_routes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/auth_routes.h"
#include "api/test_stack.h"

namespace vams::api {

namespace {

using test::kAdmin;
using test::Must;
using test::Reply;
using test::StackOptions;
using test::TestStack;

constexpr std::string_view kUser = "mara@plant.org";
constexpr std::string_view kPassword = "Canary-mara-1st!";
constexpr std::string_view kOne = "/user/cognito/mara@plant.org";

const std::vector<std::pair<std::string, std::string>> kRoutes = {
    {"GET", "/user/cognito"},
    {"POST", "/user/cognito"},
    {"PUT", std::string(kOne)},
    {"DELETE", std::string(kOne)},
    {"POST", std::string(kOne) + "/resetPassword"}};

class CognitoUsersRoutes : public ::testing::Test {
 protected:
  void SetUp() override {
    AddAuthRoutes(stack.gate(), stack.services());
    AddCognitoUsersRoutes(stack.gate(), stack.services());
  }
  Reply Ask(std::string_view verb, std::string_view path, std::string_view body = "") {
    return stack.Ask(verb, path, body, stack.AdminToken());
  }
  Reply Create(std::string_view user) {
    return Ask("POST", "/user/cognito",
               fmt::format(R"({{"userId":"{}","email":"{}@plant.org"}})", user, user));
  }
  // 403 for a token that is worth nothing, 200 for one that is.
  int Logout(const std::string& token) {
    return stack.Ask("POST", "/auth/logout", "", token).status;
  }
  int LogIn(std::string_view user, std::string_view password) {
    return stack
        .Ask("POST", "/auth/login",
             fmt::format(R"({{"userId":"{}","password":"{}"}})", user, password))
        .status;
  }
  identity::Account Stored(std::string_view user) {
    return Must(stack.services().accounts->Get(stack.op(), user));
  }

  TestStack stack;
};

TEST_F(CognitoUsersRoutes, OnlyForWhomTheFirstTierLetsIn) {
  for (const auto& [verb, path] : kRoutes) {
    EXPECT_EQ(stack.Ask(verb, path, "{}").status, 401) << path;
    const Reply refused = stack.Ask(verb, path, "{}", stack.NobodyToken());
    EXPECT_EQ(refused.status, 403) << path;
    EXPECT_EQ(refused.message(), "Not Authorized") << path;
  }
}

// An external provider's stack answers this to every known caller, whatever the role; to others
// it says nothing.
TEST(CognitoUsersRoutesWithoutAccounts, AreNotAvailableBeforeRolesAreLookedAt) {
  StackOptions options;
  options.accounts = false;
  TestStack stack(std::move(options));
  AddCognitoUsersRoutes(stack.gate(), stack.services());
  Must(stack.services().permissions.GiveRole(stack.op(), "reader", access::kReadOnlyRole));
  const std::string key = stack.KeyFor("reader");

  for (const auto& [verb, path] : kRoutes) {
    EXPECT_EQ(stack.Ask(verb, path, "{}").status, 401) << path;
    const Reply reply = stack.Ask(verb, path, "{}", key);
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(reply.message(), "VAMS General Error: Cognito user management is not available");
  }
}

// With a mail server nobody but the owner sees the password, in upstream's words.
TEST_F(CognitoUsersRoutes, MailTheTemporaryPasswordWhereThereIsMail) {
  std::vector<Services::PasswordMail> mails;
  stack.services().mail_password = [&](OpContext&, const Services::PasswordMail& mail) -> Status {
    mails.push_back(mail);
    return Ok();
  };

  const Reply created = Create("mara");
  const Reply reset = Ask("POST", "/user/cognito/mara/resetPassword");

  EXPECT_EQ(created.message(),
            "User mara created successfully. A welcome email with temporary password has been sent "
            "to their email.");
  EXPECT_EQ(reset.message(),
            "Password reset successfully for user mara. A new temporary password has been sent to "
            "their email.");
  ASSERT_EQ(mails.size(), 2U);
  for (const Services::PasswordMail& mail : mails) {
    EXPECT_EQ(mail.user, "mara");
    EXPECT_EQ(mail.to, "mara@plant.org");
    for (const std::string& seen : {created.text, reset.text, stack.AuditText()})
      EXPECT_EQ(seen.find(mail.password), std::string::npos);
  }
  EXPECT_EQ(LogIn("mara", mails.back().password), 200);
}

// A server that is down locks nobody out: the answer shows the password after all, and says why.
TEST_F(CognitoUsersRoutes, ShowTheTemporaryPasswordWhereTheMailDoesNotGoOut) {
  stack.services().mail_password = [](OpContext&, const Services::PasswordMail&) -> Status {
    return Error(Code::kUnavailable, "cannot connect to the mail server");
  };

  const Reply created = Create("mara");

  EXPECT_EQ(created.status, 200);
  EXPECT_TRUE(created.message().starts_with(
      "User mara created successfully. The mail could not be sent: hand over"))
      << created.message();
  EXPECT_EQ(LogIn("mara", created.Text("temporaryPassword")), 200);
}

TEST_F(CognitoUsersRoutes, CreatedUserLogsInWithTheTemporaryPassword) {
  const Reply created =
      Ask("POST", "/user/cognito",
          R"({"userId":"mara@plant.org","email":"mara@plant.org","phone":"+4915112345678"})");

  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.message(),
            "User mara@plant.org created successfully. There is no mail server: hand over this "
            "temporary password yourself, it is shown only now: " +
                created.Text("temporaryPassword"));
  EXPECT_EQ(created.Text("operation"), "create");
  EXPECT_EQ(created.Text("userId"), kUser);
  EXPECT_EQ(created.Text("timestamp"), "2025-03-01T10:00:00.123000");
  EXPECT_EQ(LogIn(kUser, created.Text("temporaryPassword")), 200);
  const auto lines = stack.AuditLines({"[AUTHCHANGES][type: cognitoUserCreate]"});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(R"({"userId":"mara@plant.org","operation":"create",)"
                          R"("email":"mara@plant.org","phone":"+4915112345678"})"),
            std::string::npos)
      << lines[0];
  EXPECT_EQ(stack.AuditText().find(created.Text("temporaryPassword")), std::string::npos);
}

TEST_F(CognitoUsersRoutes, CreateRefusesWhatCannotBeAUser) {
  EXPECT_EQ(Create("mara").status, 200);

  EXPECT_EQ(Create("mara").message(), "VAMS General Error: User already exists");
  EXPECT_EQ(Create("SYSTEM_USER").message(), "VAMS General Error: Invalid user parameters");
  EXPECT_EQ(Ask("POST", "/user/cognito").message(), "Request body is required");
  EXPECT_EQ(Ask("POST", "/user/cognito", "[]").message(), "Request body cannot be parsed");
  const auto message = [&](std::string_view body) {
    const Reply reply = Ask("POST", "/user/cognito", body);
    EXPECT_EQ(reply.status, 400) << body;
    return reply.message();
  };
  EXPECT_TRUE(message("{}").starts_with("2 validation errors for "));
  EXPECT_NE(message(R"({"userId":"a b","email":"a@plant.org"})")
                .find(R"(userId is invalid. Must follow the regexp ^[\w\-\.\+\@]{3,256}$)"),
            std::string::npos);
  EXPECT_NE(message(R"({"userId":"abc","email":"plant"})").find("email is invalid."),
            std::string::npos);
  const auto phone = [&](std::string_view text) {
    return message(fmt::format(R"({{"userId":"abc","email":"a@plant.org","phone":"{}"}})", text));
  };
  EXPECT_NE(phone("004915112345").find("phone must be in E.164 format (e.g., +12345678900)"),
            std::string::npos);
  EXPECT_NE(phone("+49-151-12345").find("phone must contain only digits after the + sign"),
            std::string::npos);
  EXPECT_NE(phone("+1234567890123456").find("phone must have 10-15 digits after the + sign"),
            std::string::npos);
  EXPECT_EQ(stack.AuditLines({"cognitoUserCreate"}).size(), 1U);
}

TEST_F(CognitoUsersRoutes, ListShowsUsersUnderBothNames) {
  Create("mara");

  const Reply list = Ask("GET", "/user/cognito");

  EXPECT_EQ(list.status, 200);
  ASSERT_NE(list.Find("users"), nullptr);
  ASSERT_NE(list.Find("Items"), nullptr);
  EXPECT_EQ(*list.Find("users"), *list.Find("Items"));
  EXPECT_EQ(list.Find("NextToken"), nullptr);
  EXPECT_EQ(boost::json::serialize(*list.Find("Items/1")),
            R"({"userId":"mara","email":"mara@plant.org","phone":null,)"
            R"("userStatus":"FORCE_CHANGE_PASSWORD","enabled":true,)"
            R"("userCreateDate":"2025-03-01T10:00:00.123000+00:00",)"
            R"("userLastModifiedDate":"2025-03-01T10:00:00.123000+00:00","mfaEnabled":false})");
}

TEST_F(CognitoUsersRoutes, ListGoesOnPageByPage) {
  for (int i = 0; i < 6; ++i) Create(fmt::format("user-{}", i));
  std::multiset<std::string> seen;
  std::string after;
  int pages = 0;

  do {
    const Reply page =
        Ask("GET", "/user/cognito?pageSize=3" + (after.empty() ? "" : "&startingToken=" + after));
    ASSERT_EQ(page.status, 200);
    for (const auto& user : page.Find("Items")->as_array())
      seen.insert(std::string(user.at("userId").as_string()));
    EXPECT_LE(page.Find("Items")->as_array().size(), 3U);
    after = page.Text("NextToken");
    EXPECT_EQ(after.find("user"), std::string::npos);  // opaque
  } while (!after.empty() && ++pages < 10);

  EXPECT_EQ(seen, (std::multiset<std::string>{"administrator", "user-0", "user-1", "user-2",
                                              "user-3", "user-4", "user-5"}));
  EXPECT_EQ(pages, 2);
}

TEST_F(CognitoUsersRoutes, ListToleratesBadSizesAndRefusesAForeignToken) {
  Create("mara");
  for (const std::string query : {"pageSize=0", "pageSize=61", "pageSize=x", "maxItems=-1"})
    EXPECT_EQ(Ask("GET", "/user/cognito?" + query).Find("Items")->as_array().size(), 2U) << query;

  const Reply page = Ask("GET", "/user/cognito?maxItems=1");
  EXPECT_EQ(page.Find("Items")->as_array().size(), 1U);
  EXPECT_EQ(Ask("GET", "/user/cognito?startingToken=nonsense!").message(),
            "VAMS General Error: Error listing users");
}

// Upstream erases a phone number that an update does not mention; ours keeps it.
TEST_F(CognitoUsersRoutes, UpdateChangesOnlyWhatIsGiven) {
  Ask("POST", "/user/cognito",
      R"({"userId":"mara@plant.org","email":"mara@plant.org","phone":"+4915112345678"})");

  const Reply updated = Ask("PUT", kOne, R"({"email":"m@plant.org"})");

  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.message(), "User mara@plant.org updated successfully");
  EXPECT_EQ(updated.Text("operation"), "update");
  EXPECT_EQ(Stored(kUser).email, "m@plant.org");
  EXPECT_EQ(Stored(kUser).phone, "+4915112345678");
  const auto lines = stack.AuditLines({"[AUTHCHANGES][type: cognitoUserUpdate]"});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(R"({"userId":"mara@plant.org","operation":"update",)"
                          R"("email":"m@plant.org","phone":null})"),
            std::string::npos)
      << lines[0];
}

TEST_F(CognitoUsersRoutes, UpdateRefusesNothingAndNobody) {
  Create("mara");
  EXPECT_NE(Ask("PUT", "/user/cognito/mara", "{}")
                .message()
                .find("At least one field (email or phone) must be provided for update"),
            std::string::npos);
  EXPECT_EQ(Ask("PUT", "/user/cognito/mara", R"({"email":"plant"})").status, 400);
  EXPECT_EQ(Ask("PUT", "/user/cognito/mara", R"({"phone":"123"})").status, 400);
  for (const std::string body : {R"({"email":"a@plant.org"})", R"({"enabled":false})"})
    EXPECT_EQ(Ask("PUT", "/user/cognito/somebody", body).message(),
              "VAMS General Error: User not found");
  EXPECT_TRUE(Ask("PUT", "/user/cognito/a%20b", R"({"email":"a@plant.org"})")
                  .message()
                  .starts_with("userId is invalid."));
}

TEST_F(CognitoUsersRoutes, DisabledUserIsOutAtOnceUntilEnabled) {
  stack.AddUser(kUser, kPassword);
  const std::string token = stack.TokenFor(kUser, kPassword);

  EXPECT_EQ(Ask("PUT", kOne, R"({"enabled":false})").status, 200);

  EXPECT_EQ(Logout(token), 403);
  EXPECT_EQ(LogIn(kUser, kPassword), 401);
  EXPECT_EQ(stack.AuditLines({"cognitoUserUpdate", R"("enabled":false)"}).size(), 1U);

  EXPECT_EQ(Ask("PUT", kOne, R"({"enabled":true})").status, 200);
  EXPECT_EQ(Logout(token), 403);  // enabling brings no session back
  EXPECT_EQ(LogIn(kUser, kPassword), 200);
}

TEST_F(CognitoUsersRoutes, DeletedUserIsOutAtOnce) {
  stack.AddUser(kUser, kPassword, access::kReadOnlyRole);
  const std::string token = stack.TokenFor(kUser, kPassword);

  const Reply deleted = Ask("DELETE", kOne);

  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.message(), "User mara@plant.org deleted successfully");
  EXPECT_EQ(deleted.Text("operation"), "delete");
  EXPECT_EQ(Logout(token), 403);
  EXPECT_EQ(LogIn(kUser, kPassword), 401);
  EXPECT_EQ(Ask("DELETE", kOne).message(), "VAMS General Error: User not found");
  EXPECT_EQ(stack.AuditLines({"[AUTHCHANGES][type: cognitoUserDelete]"}).size(), 1U);
  // Roles are not the login user's (section 10).
  EXPECT_EQ(Must(stack.services().permissions.RolesOf(stack.op(), kUser)).size(), 1U);
}

// Somebody with the same user id is somebody else: nothing of the old sessions may come to life.
TEST_F(CognitoUsersRoutes, UserMadeAnewDoesNotInheritSessions) {
  stack.AddUser(kUser, kPassword);
  const std::string token = stack.TokenFor(kUser, kPassword);
  Ask("DELETE", kOne);

  stack.AddUser(kUser, kPassword);

  EXPECT_EQ(Logout(token), 403);
}

TEST_F(CognitoUsersRoutes, ResetGivesATemporaryPasswordAndTakesTheRest) {
  stack.AddUser(kUser, kPassword);
  const std::string token = stack.TokenFor(kUser, kPassword);
  stack.Enrol(kUser);

  const Reply reset = Ask("POST", std::string(kOne) + "/resetPassword");

  EXPECT_EQ(reset.status, 200);
  EXPECT_EQ(reset.message(),
            "Password reset successfully for user mara@plant.org. There is no mail server: hand "
            "over this temporary password yourself, it is shown only now: " +
                reset.Text("temporaryPassword"));
  EXPECT_EQ(reset.Text("operation"), "resetPassword");
  EXPECT_EQ(Logout(token), 403);
  EXPECT_EQ(LogIn(kUser, kPassword), 401);
  EXPECT_FALSE(Stored(kUser).totp);
  EXPECT_EQ(stack
                .Ask("POST", "/auth/login",
                     fmt::format(R"({{"userId":"{}","password":"{}"}})", kUser,
                                 reset.Text("temporaryPassword")))
                .Text("challenge"),
            "NEW_PASSWORD_REQUIRED");
  EXPECT_EQ(stack.AuditLines({"[AUTHCHANGES][type: cognitoUserPasswordReset]"}).size(), 1U);
}

TEST_F(CognitoUsersRoutes, ResetTakesAConfirmationOrNone) {
  stack.AddUser(kUser, kPassword);
  const std::string path = std::string(kOne) + "/resetPassword";

  EXPECT_NE(Ask("POST", path, R"({"confirmReset":false})")
                .message()
                .find("confirmReset must be true to reset password"),
            std::string::npos);
  EXPECT_EQ(LogIn(kUser, kPassword), 200);
  EXPECT_EQ(Ask("POST", path, "{}").status, 200);
  EXPECT_EQ(Ask("POST", path, R"({"confirmReset":true})").status, 200);
  EXPECT_EQ(Ask("POST", "/user/cognito/somebody/resetPassword").message(),
            "VAMS General Error: User not found");
}

// Whichever call to the store fails, before or after it took effect: the same request again brings
// the work to its end, and then neither an old session nor the old password is worth anything.
TEST_F(CognitoUsersRoutes, WhatFailedHalfwayIsFinishedByRepeatingIt) {
  using When = vams::testing::FaultyStore::When;
  struct Request {
    std::string verb, suffix, body;
  };
  const std::vector<Request> requests = {
      {"DELETE", "", ""}, {"PUT", "", R"({"enabled":false})"}, {"POST", "/resetPassword", ""}};
  stack.AdminToken();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& [verb, suffix, body] = requests[i];
    for (const When when : {When::kBefore, When::kAfter}) {
      std::size_t n = 0;
      for (bool failed = true; failed && n < 100;) {
        const std::string user = fmt::format("user-{}-{}-{}", i, static_cast<int>(when), ++n);
        const std::string path = "/user/cognito/" + user + suffix;
        SCOPED_TRACE(verb + " " + path);
        stack.AddUser(user, kPassword);
        const std::string token = stack.TokenFor(user, kPassword);

        stack.store().FailCall(stack.store().calls() + n, Code::kUnavailable, when);
        int status = Ask(verb, path, body).status;
        failed = stack.store().failed();
        stack.store().Disarm();
        if (status != 200) {
          const Reply again = Ask(verb, path, body);
          status = again.status;
          // The deletion itself took effect although its answer was lost.
          if (again.message() == "VAMS General Error: User not found" && verb == "DELETE")
            status = 200;
        }

        EXPECT_EQ(status, 200);
        EXPECT_EQ(Logout(token), 403);
        stack.client = fmt::format("192.0.2.{}", 10 + n);  // else its failed logins add up
        EXPECT_EQ(LogIn(user, kPassword), 401);
      }
      EXPECT_GT(n, 3U);
    }
  }
}

}  // namespace

}  // namespace vams::api
