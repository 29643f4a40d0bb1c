// The caller's own account: what a token may do to it, and what takes the password as well.
#include "api/account_routes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/auth_routes.h"
#include "api/test_stack.h"

namespace vams::api {

namespace {

using test::kAdmin;
using test::Must;
using test::Reply;
using test::TestStack;

constexpr std::string_view kUser = "mara@plant.org";
constexpr std::string_view kPassword = "Canary-mara-1st!";
constexpr std::string_view kNewPassword = "Canary-mara-2nd!";

class AccountRoutes : public ::testing::Test {
 protected:
  void SetUp() override {
    AddAuthRoutes(stack.gate(), stack.services());
    AddAccountRoutes(stack.gate(), stack.services());
    stack.AddUser(kUser, kPassword);
    token = stack.TokenFor(kUser, kPassword);
  }
  Reply ChangePassword(std::string_view password, std::string_view wanted) {
    return stack.Ask("POST", "/auth/password",
                     fmt::format(R"({{"password":"{}","newPassword":"{}"}})", password, wanted),
                     token);
  }
  Reply RemoveMfa(std::string_view password) {
    return stack.Ask("DELETE", "/auth/mfa", fmt::format(R"({{"password":"{}"}})", password), token);
  }
  Reply Confirm(std::string_view code) {
    return stack.Ask("POST", "/auth/mfa/confirm", fmt::format(R"({{"code":"{}"}})", code), token);
  }
  int Standing(const std::string& access) {
    return stack.Ask("GET", "/auth/account", "", access).status;
  }
  int LogIn(std::string_view password) { return LogIn(kUser, password); }
  int LogIn(std::string_view user, std::string_view password) {
    return stack
        .Ask("POST", "/auth/login",
             fmt::format(R"({{"userId":"{}","password":"{}"}})", user, password))
        .status;
  }

  TestStack stack;
  std::string token;
};

TEST_F(AccountRoutes, ShowsTheOwnAccount) {
  const Reply reply = stack.Ask("GET", "/auth/account", "", token);

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text, R"({"userId":"mara@plant.org","email":"mara@example.com",)"
                        R"("phone":null,"mfaEnabled":false,"status":"CONFIRMED"})");
}

// A key acts for a user, whose password and second factor are none of its business.
TEST_F(AccountRoutes, NeedsALoginNotAKey) {
  const std::string key = stack.KeyFor(kAdmin);
  const std::vector<std::pair<std::string, std::string>> all = {{"GET", "/auth/account"},
                                                                {"POST", "/auth/password"},
                                                                {"POST", "/auth/mfa"},
                                                                {"POST", "/auth/mfa/confirm"},
                                                                {"DELETE", "/auth/mfa"}};
  for (const auto& [verb, path] : all) {
    EXPECT_EQ(stack.Ask(verb, path, "{}").status, 401) << path;
    EXPECT_EQ(stack.Ask(verb, path, "{}", key).status, 403) << path;
  }
}

TEST_F(AccountRoutes, BadBodiesAreRefused) {
  for (const std::string path : {"/auth/password", "/auth/mfa/confirm"}) {
    EXPECT_EQ(stack.Ask("POST", path, "", token).status, 400) << path;
    EXPECT_EQ(stack.Ask("POST", path, "{}", token).status, 400) << path;
    EXPECT_EQ(stack.Ask("POST", path, std::string(17'000, ' ') + "{}", token).status, 413) << path;
  }
  EXPECT_EQ(stack.Ask("DELETE", "/auth/mfa", "", token).status, 400);
}

TEST_F(AccountRoutes, NewPasswordEndsTheOtherSessionsAndBeginsANewOne) {
  const std::string other = stack.TokenFor(kUser, kPassword);

  const Reply changed = ChangePassword(kPassword, kNewPassword);

  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(Standing(other), 403);
  EXPECT_EQ(Standing(token), 403);
  EXPECT_EQ(Standing(changed.Text("accessToken")), 200);
  EXPECT_EQ(LogIn(kPassword), 401);
  EXPECT_EQ(LogIn(kNewPassword), 200);
  EXPECT_EQ(stack
                .AuditLines({"[AUTHCHANGES][type: accountPasswordChange]", "changePassword",
                             "[user: mara@plant.org]"})
                .size(),
            1U);
}

TEST_F(AccountRoutes, RefusedNewPasswordChangesNothing) {
  EXPECT_EQ(ChangePassword(kPassword, "short").status, 400);
  EXPECT_EQ(ChangePassword(kPassword, kPassword).status, 400);
  const Reply wrong = ChangePassword("Wrong-passw0rd!", kNewPassword);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.message(), "the password is wrong");

  EXPECT_EQ(Standing(token), 200);
  EXPECT_EQ(LogIn(kNewPassword), 401);
  EXPECT_EQ(LogIn(kPassword), 200);
  EXPECT_TRUE(stack.AuditLines({"accountPasswordChange"}).empty());
}

// Else whoever found an unlocked screen could try passwords without end.
TEST_F(AccountRoutes, GuessingTheOldPasswordIsLockedOutAsAtLogin) {
  for (int i = 0; i < 6; ++i) ChangePassword("Wrong-passw0rd!", kNewPassword);

  const Reply locked = ChangePassword(kPassword, kNewPassword);

  EXPECT_EQ(locked.status, 429);
  EXPECT_FALSE(locked.Header("retry-after").empty());
  EXPECT_EQ(LogIn(kPassword), 429);
}

TEST_F(AccountRoutes, NewPasswordDoesNotReplaceTheSecondFactor) {
  const std::string secret = stack.Enrol(kUser);
  stack.clock().Advance(60);

  const Reply changed = ChangePassword(kPassword, kNewPassword);

  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.Find("accessToken"), nullptr);
  EXPECT_EQ(changed.Text("challenge"), "SOFTWARE_TOKEN_MFA");
  const Reply done = stack.Ask("POST", "/auth/challenge",
                               fmt::format(R"({{"session":"{}","mfaCode":"{}"}})",
                                           changed.Text("session"), stack.CodeOf(secret)));
  EXPECT_EQ(Standing(done.Text("accessToken")), 200);
}

TEST_F(AccountRoutes, EnrolmentCountsOnceACodeWasShown) {
  EXPECT_EQ(Confirm("123456").status, 400);  // none was begun
  const Reply begun = stack.Ask("POST", "/auth/mfa", "", token);
  EXPECT_EQ(begun.status, 200);
  EXPECT_TRUE(begun.Text("uri").starts_with("otpauth://totp/"));
  const std::string code = stack.CodeOf(begun.Text("secret"));
  std::string wrong = code;
  wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
  EXPECT_EQ(Confirm(wrong).status, 400);
  EXPECT_FALSE(Must(stack.services().accounts->Get(stack.op(), kUser)).totp);

  const Reply confirmed = Confirm(code);

  EXPECT_EQ(confirmed.status, 200);
  ASSERT_NE(confirmed.Find("recoveryCodes/9"), nullptr);
  EXPECT_EQ(confirmed.Find("recoveryCodes/10"), nullptr);
  EXPECT_TRUE(Must(stack.services().accounts->Get(stack.op(), kUser)).totp);
  EXPECT_EQ(stack.AuditLines({"[AUTHCHANGES][type: accountMfaEnable]"}).size(), 1U);
  EXPECT_EQ(stack.AuditText().find(confirmed.Text("recoveryCodes/0")), std::string::npos);
}

// A stolen token must not be enough to put the thief's authenticator in the place of the owner's.
TEST_F(AccountRoutes, EnrolledSecondFactorTakesThePasswordToRemove) {
  stack.Enrol(kUser);
  EXPECT_EQ(stack.Ask("POST", "/auth/mfa", "", token).status, 400);
  EXPECT_EQ(RemoveMfa("Wrong-passw0rd!").status, 400);
  EXPECT_TRUE(Must(stack.services().accounts->Get(stack.op(), kUser)).totp);

  EXPECT_EQ(RemoveMfa(kPassword).status, 200);

  EXPECT_FALSE(Must(stack.services().accounts->Get(stack.op(), kUser)).totp);
  EXPECT_EQ(stack.AuditLines({"[AUTHCHANGES][type: accountMfaDisable]"}).size(), 1U);
  EXPECT_EQ(stack.Ask("POST", "/auth/mfa", "", token).status, 200);
}

// Whichever call to the store fails, before or after it took effect: one password or the other is
// the user's, never both or none.
TEST_F(AccountRoutes, ChangeThatFailsHalfwayLeavesOnePassword) {
  using When = vams::testing::FaultyStore::When;
  for (const When when : {When::kBefore, When::kAfter}) {
    std::size_t n = 0;
    for (bool failed = true; failed && n < 100;) {
      const std::string user = fmt::format("user-{}-{}", static_cast<int>(when), ++n);
      SCOPED_TRACE(user);
      stack.AddUser(user, kPassword);
      token = stack.TokenFor(user, kPassword);
      stack.client = fmt::format("192.0.2.{}", 10 + n);  // else failed logins add up

      stack.store().FailCall(stack.store().calls() + n, Code::kUnavailable, when);
      const Reply changed = ChangePassword(kPassword, kNewPassword);
      failed = stack.store().failed();
      stack.store().Disarm();

      const int with_new = LogIn(user, kNewPassword);
      const int with_old = LogIn(user, kPassword);
      EXPECT_EQ(with_new == 200, with_old == 401) << with_new << with_old;
      EXPECT_EQ(with_new == 401, with_old == 200) << with_new << with_old;
      if (changed.status == 200) {
        EXPECT_EQ(with_new, 200);
      }
      if (with_new == 200) {
        EXPECT_EQ(Standing(token), 403);
      }
    }
    EXPECT_GT(n, 3U);
  }
}

// The proof of a password is a login; it must not leave a session behind that nobody knows of.
TEST_F(AccountRoutes, ProvingThePasswordLeavesNoSession) {
  const auto sessions = [&] {
    return Must(stack.store().Count(stack.op(), tables::kSessionsTable));
  };
  const auto before = sessions();

  EXPECT_EQ(RemoveMfa(kPassword).status, 200);

  EXPECT_EQ(sessions(), before);
}

}  // namespace

}  // namespace vams::api
