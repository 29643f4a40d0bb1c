// Logging in, step by step and against the rules, through the gate as a server would hand it over.
#include "api/auth_routes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/account_routes.h"
#include "api/identity_protocol.h"
#include "api/test_stack.h"

namespace vams::api {

namespace {

using test::kAdmin;
using test::kAdminPassword;
using test::Must;
using test::Reply;
using test::StackOptions;
using test::TestStack;

constexpr std::string_view kUser = "mara@plant.org";
constexpr std::string_view kPassword = "Canary-mara-1st!";
constexpr std::string_view kNewPassword = "Canary-mara-2nd!";

std::string LoginText(std::string_view user, std::string_view password) {
  return fmt::format(R"({{"userId":"{}","password":"{}"}})", user, password);
}

class AuthRoutes : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(StackOptions options) {
    options.settings.identity_protocol = true;
    stack.emplace(std::move(options));
    AddAuthRoutes(stack->gate(), stack->services());
    AddAccountRoutes(stack->gate(), stack->services());
    AddIdentityProtocol(stack->gate(), stack->services());
    stack->observe = AuditLogins(stack->services().audit);
  }
  Reply LogIn(std::string_view user, std::string_view password) {
    return stack->Ask("POST", "/auth/login", LoginText(user, password));
  }
  Reply Challenge(const std::string& session, std::string_view member, std::string_view value) {
    return stack->Ask("POST", "/auth/challenge",
                      fmt::format(R"({{"session":"{}","{}":"{}"}})", session, member, value));
  }
  Reply Refresh(const std::string& token) {
    return stack->Ask("POST", "/auth/refresh", fmt::format(R"({{"refreshToken":"{}"}})", token));
  }
  // What a token is worth.
  int Standing(const std::string& access) {
    return stack->Ask("GET", "/auth/account", "", access).status;
  }
  std::string TemporaryPasswordOf(std::string_view user) {
    return Must(stack->services().accounts->Create(stack->op(), {.user = std::string(user),
                                                                 .email = "mara@plant.org",
                                                                 .phone = {},
                                                                 .password = std::nullopt}))
        .temporary_password;
  }

  std::optional<TestStack> stack;
};

TEST_F(AuthRoutes, LoginGivesTokensThatAreGoodAtOnce) {
  const Reply reply = LogIn(kAdmin, kAdminPassword);

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Text("tokenType"), "Bearer");
  ASSERT_NE(reply.Find("expiresIn"), nullptr);
  EXPECT_EQ(*reply.Find("expiresIn"), 3600);
  EXPECT_EQ(reply.Header("cache-control"), "no-cache, no-store");
  EXPECT_FALSE(reply.Text("refreshToken").empty());
  EXPECT_EQ(Standing(reply.Text("accessToken")), 200);
  EXPECT_EQ(Standing(reply.Text("idToken")), 200);
}

// The answer must not tell which user ids exist.
TEST_F(AuthRoutes, WrongPasswordAndUnknownUserLookTheSame) {
  const Reply wrong = LogIn(kAdmin, "Wrong-passw0rd!");
  const Reply unknown = LogIn("no-such-user", "Wrong-passw0rd!");

  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.message(), kWrongLogin);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.text, wrong.text);
}

TEST_F(AuthRoutes, MalformedBodiesAreRefusedBeforeAnyPasswordIsLookedAt) {
  for (const std::string path : {"/auth/login", "/auth/challenge", "/auth/refresh"}) {
    EXPECT_EQ(stack->Ask("POST", path).message(), "Request body is required") << path;
    EXPECT_EQ(stack->Ask("POST", path, "{").message(), "Invalid JSON in request body") << path;
    EXPECT_EQ(stack->Ask("POST", path, "[1]").message(), "Request body cannot be parsed") << path;
    EXPECT_EQ(stack->Ask("POST", path, "{}").status, 400) << path;
    const std::string large = fmt::format(R"({{"userId":"{}"}})", std::string(16 << 10, 'x'));
    EXPECT_EQ(stack->Ask("POST", path, large).status, 413) << path;
  }
  EXPECT_TRUE(stack->Ask("POST", "/auth/login", "{}")
                  .message()
                  .starts_with("2 validation errors for LoginRequestModel"));
}

TEST_F(AuthRoutes, TemporaryPasswordLeadsToAForcedChange) {
  const std::string temporary = TemporaryPasswordOf(kUser);

  const Reply asked = LogIn(kUser, temporary);
  EXPECT_EQ(asked.status, 200);
  EXPECT_EQ(asked.Text("challenge"), "NEW_PASSWORD_REQUIRED");
  EXPECT_EQ(asked.Find("accessToken"), nullptr);
  const std::string session = asked.Text("session");

  // A password that the policy refuses leaves the challenge open.
  EXPECT_EQ(Challenge(session, "newPassword", "short").status, 400);
  const Reply done = Challenge(session, "newPassword", kNewPassword);
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(Standing(done.Text("accessToken")), 200);

  // A session is good once, and so was the temporary password.
  EXPECT_EQ(Challenge(session, "newPassword", "Canary-mara-3rd!").status, 401);
  EXPECT_EQ(LogIn(kUser, temporary).status, 401);
  EXPECT_EQ(LogIn(kUser, kNewPassword).status, 200);
}

TEST_F(AuthRoutes, SecondFactorIsAskedForAfterThePassword) {
  stack->AddUser(kUser, kPassword);
  const std::string secret = stack->Enrol(kUser);
  stack->clock().Advance(60);  // the code of the enrolment is used up

  const Reply asked = LogIn(kUser, kPassword);
  EXPECT_EQ(asked.Text("challenge"), "SOFTWARE_TOKEN_MFA");
  EXPECT_EQ(asked.Find("accessToken"), nullptr);
  const std::string session = asked.Text("session");

  std::string wrong = stack->CodeOf(secret);
  wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
  EXPECT_EQ(Challenge(session, "mfaCode", wrong).status, 401);
  const Reply done = Challenge(session, "mfaCode", stack->CodeOf(secret));
  EXPECT_EQ(done.status, 200);
  const auto who = Must(stack->services().sessions->Verify(stack->op(), done.Text("accessToken")));
  EXPECT_TRUE(who->mfa);
}

TEST_F(AuthRoutes, ForcedChangeAndSecondFactorFollowEachOther) {
  stack->AddUser(kUser, kPassword);
  const std::string secret = stack->Enrol(kUser);
  Must(stack->services().accounts->SetPassword(stack->op(), kUser, "Canary-temp-0rary!", true));
  stack->clock().Advance(60);

  // In whichever order they come, both have to be answered before there are tokens.
  Reply reply = LogIn(kUser, "Canary-temp-0rary!");
  std::vector<std::string> asked;
  while (reply.Find("challenge") != nullptr && asked.size() < 5) {
    asked.push_back(reply.Text("challenge"));
    reply = asked.back() == "SOFTWARE_TOKEN_MFA"
                ? Challenge(reply.Text("session"), "mfaCode", stack->CodeOf(secret))
                : Challenge(reply.Text("session"), "newPassword", kNewPassword);
  }
  std::ranges::sort(asked);

  EXPECT_EQ(asked, (std::vector<std::string>{"NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA"}));
  EXPECT_EQ(Standing(reply.Text("accessToken")), 200);
}

TEST_F(AuthRoutes, ChallengeExpires) {
  const Reply asked = LogIn(kUser, TemporaryPasswordOf(kUser));
  ASSERT_EQ(asked.Text("challenge"), "NEW_PASSWORD_REQUIRED");

  stack->clock().Advance(601);

  EXPECT_EQ(Challenge(asked.Text("session"), "newPassword", kNewPassword).status, 401);
}

TEST_F(AuthRoutes, ChallengeTakesExactlyOneAnswer) {
  const std::string both = R"({"session":"s","newPassword":"Canary-both-1!","mfaCode":"123456"})";

  EXPECT_EQ(stack->Ask("POST", "/auth/challenge", both).status, 400);
  EXPECT_EQ(stack->Ask("POST", "/auth/challenge", R"({"session":"s"})").status, 400);
  EXPECT_EQ(Challenge("unknown", "newPassword", kNewPassword).status, 401);
  EXPECT_EQ(Challenge("unknown", "mfaCode", "123456").status, 401);
}

// Who presents a used refresh token has stolen it, or was stolen from: neither goes on.
TEST_F(AuthRoutes, ReusedRefreshTokenEndsTheSession) {
  const Reply first = LogIn(kAdmin, kAdminPassword);
  const Reply second = Refresh(first.Text("refreshToken"));
  EXPECT_EQ(second.status, 200);
  EXPECT_NE(second.Text("refreshToken"), first.Text("refreshToken"));
  EXPECT_EQ(Standing(second.Text("accessToken")), 200);
  stack->clock().Advance(20);  // past the grace for a lost answer

  EXPECT_EQ(Refresh(first.Text("refreshToken")).status, 401);

  EXPECT_EQ(Standing(second.Text("accessToken")), 403);
  EXPECT_EQ(Refresh(second.Text("refreshToken")).status, 401);
}

TEST_F(AuthRoutes, LogoutRevokesEveryTokenOfTheSessionAtOnce) {
  const Reply login = LogIn(kAdmin, kAdminPassword);
  const Reply other = LogIn(kAdmin, kAdminPassword);

  EXPECT_EQ(stack->Ask("POST", "/auth/logout", "", login.Text("accessToken")).status, 200);

  EXPECT_EQ(Standing(login.Text("accessToken")), 403);
  EXPECT_EQ(Standing(login.Text("idToken")), 403);
  EXPECT_EQ(Refresh(login.Text("refreshToken")).status, 401);
  EXPECT_EQ(Standing(other.Text("accessToken")), 200);
}

TEST_F(AuthRoutes, LogoutNeedsASessionOfItsOwn) {
  EXPECT_EQ(stack->Ask("POST", "/auth/logout").status, 401);
  EXPECT_EQ(stack->Ask("POST", "/auth/logout", "", "no.such.token").status, 403);
  EXPECT_EQ(stack->Ask("POST", "/auth/logout", "", stack->KeyFor(kAdmin)).status, 403);
}

TEST_F(AuthRoutes, GuessingIsLockedOutAndTheRightPasswordWaitsToo) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(LogIn(kAdmin, "Wrong-passw0rd!").status, 401) << i;
  LogIn(kAdmin, "Wrong-passw0rd!");

  const Reply locked = LogIn(kAdmin, kAdminPassword);
  EXPECT_EQ(locked.status, 429);
  const int wait = std::stoi("0" + locked.Header("retry-after"));
  EXPECT_GT(wait, 0);
  EXPECT_LE(wait, 3600);

  stack->clock().Advance(wait);
  EXPECT_EQ(LogIn(kAdmin, kAdminPassword).status, 200);
}

TEST_F(AuthRoutes, PublishedDocumentsMayBeCached) {
  const Reply keys = stack->Ask("GET", "/.well-known/jwks.json");
  const Reply discovery = stack->Ask("GET", "/.well-known/openid-configuration");

  EXPECT_EQ(keys.status, 200);
  EXPECT_EQ(keys.Header("cache-control"), "public, max-age=300");
  EXPECT_EQ(keys.Text("keys/0/kty"), "RSA");
  EXPECT_EQ(keys.Find("keys/0/d"), nullptr);  // the private part
  EXPECT_EQ(discovery.status, 200);
  EXPECT_EQ(discovery.Header("cache-control"), "public, max-age=300");
  EXPECT_EQ(discovery.Text("issuer"), "https://assets.plant.example");
}

TEST_F(AuthRoutes, WithoutBuiltInAccountsThereAreNoSuchPaths) {
  StackOptions options;
  options.accounts = false;
  Start(std::move(options));

  for (const std::string path : {"/auth/login", "/auth/challenge", "/auth/refresh", "/auth/logout"})
    EXPECT_EQ(stack->Ask("POST", path, "{}").text, R"({"message":"Not Found"})") << path;
  EXPECT_EQ(stack->Ask("GET", "/.well-known/jwks.json").status, 404);
}

TEST_F(AuthRoutes, AuditTellsWhyALoginFailedAndTheAnswerDoesNot) {
  LogIn(kAdmin, "Wrong-passw0rd!");
  LogIn("no-such-user", "Wrong-passw0rd!");
  LogIn(kAdmin, kAdminPassword);

  const auto failures = stack->AuditLines({"[AUTHENTICATION][authenticated: False]"});
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_NE(failures[0].find("[user: administrator]"), std::string::npos) << failures[0];
  EXPECT_NE(failures[1].find("[user: no...]"), std::string::npos) << failures[1];
  EXPECT_NE(failures[0].find(R"("sourceIp":"192.0.2.7")"), std::string::npos) << failures[0];
  const auto reason_of = [](const std::string& line) {
    const std::size_t at = line.find("failureReason");
    return line.substr(at, line.find('}', at) - at);
  };
  EXPECT_NE(reason_of(failures[0]), reason_of(failures[1]));
  EXPECT_EQ(
      stack->AuditLines({"[AUTHENTICATION][authenticated: True]", "[user: administrator]"}).size(),
      1U);
}

// Everything secret that a client sends or gets goes through here once, in requests that succeed
// and in such whose bodies end up in ERRORS lines; then nothing of it may be found.
TEST_F(AuthRoutes, NoSecretReachesTheAuditLog) {
  std::vector<std::string> secrets = {std::string(kPassword), std::string(kNewPassword),
                                      std::string(kAdminPassword)};
  const auto keep = [&](const Reply& reply) -> const Reply& {
    for (const std::string_view member : {"accessToken", "idToken", "refreshToken", "session",
                                          "secret", "AuthenticationResult/AccessToken"})
      if (const std::string text = reply.Text(member); !text.empty()) secrets.push_back(text);
    return reply;
  };
  stack->AddUser(kUser, kPassword);
  const Reply login = keep(LogIn(kUser, kPassword));
  const std::string token = login.Text("accessToken");
  keep(Refresh(login.Text("refreshToken")));
  const auto ask = [&](std::string_view verb, std::string_view path, const std::string& body) {
    return keep(stack->Ask(verb, path, body, token));
  };
  LogIn(kUser, "Canary-wr0ng-guess!");
  secrets.push_back("Canary-wr0ng-guess!");
  stack->Ask("POST", "/auth/login",
             R"({"userId":["mara"],"password":"Canary-in-a-bad-b0dy!","x":["Canary-mara-1st!"]})"
             "broken");
  stack->Ask("POST", "/auth/login", R"({"userId":["x"],"password":"Canary-in-a-bad-b0dy!"})");
  secrets.push_back("Canary-in-a-bad-b0dy!");
  Challenge("canary-session-4711", "newPassword", "weak-canary");
  stack->Ask("POST", "/auth/challenge",
             R"({"session":"canary-session-4711","newPassword":"weak-canary","mfaCode":"918273"})");
  secrets.insert(secrets.end(), {"canary-session-4711", "weak-canary", "918273"});
  const std::string secret = ask("POST", "/auth/mfa", "").Text("secret");
  ask("POST", "/auth/mfa/confirm", R"({"code":"918274"})");
  secrets.push_back("918274");
  ask("POST", "/auth/password",
      fmt::format(R"({{"password":"{}","newPassword":"weak-canary"}})", kPassword));
  ask("POST", "/auth/password",
      fmt::format(R"({{"password":"{}","newPassword":"{}"}})", kPassword, kNewPassword));
  const TestStack::Headers target = {
      {"x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"}};
  for (const std::string_view password : {std::string_view("Canary-wr0ng-guess!"), kNewPassword})
    keep(stack->Ask("POST", "/",
                    fmt::format(R"({{"ClientId":"vams-plant","AuthFlow":"USER_PASSWORD_AUTH",)"
                                R"("AuthParameters":{{"USERNAME":"{}","PASSWORD":"{}"}}}})",
                                kUser, password),
                    "", target));
  stack->Ask("POST", "/auth/logout", "", token);

  const std::string log = stack->AuditText();
  EXPECT_GT(stack->AuditLines({"[ERRORS]"}).size(), 3U);
  ASSERT_GT(secrets.size(), 12U);
  for (const std::string& one : secrets) EXPECT_EQ(log.find(one), log.npos) << one;
}

}  // namespace

}  // namespace vams::api
