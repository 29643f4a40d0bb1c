// The identity-provider subset as a stock client's library speaks it; tests/servers/
// identity_protocol.py has a real one.
#include "api/identity_protocol.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "api/account_routes.h"
#include "api/test_stack.h"

namespace vams::api {

namespace {

using test::kAdmin;
using test::kAdminPassword;
using test::Must;
using test::Reply;
using test::StackOptions;
using test::TestStack;

namespace json = boost::json;

constexpr std::string_view kUser = "mara@plant.org";
constexpr std::string_view kPassword = "Canary-mara-1st!";
constexpr std::string_view kNewPassword = "Canary-mara-2nd!";

StackOptions Protocol() {
  StackOptions options;
  options.settings.identity_protocol = true;
  return options;
}

class IdentityProtocol : public ::testing::Test {
 protected:
  void SetUp() override {
    AddAccountRoutes(stack.gate(), stack.services());
    AddIdentityProtocol(stack.gate(), stack.services());
    stack.AddUser(kUser, kPassword);
  }
  Reply Ask(std::string_view operation, const json::object& body) {
    const std::string target = "AWSCognitoIdentityProviderService." + std::string(operation);
    return stack.Ask("POST", "/", json::serialize(body), "",
                     {{"x-amz-target", target}, {"content-type", "application/x-amz-json-1.1"}});
  }
  Reply Initiate(std::string_view flow, json::object parameters) {
    return Ask("InitiateAuth", {{"ClientId", "vams-plant"},
                                {"AuthFlow", flow},
                                {"AuthParameters", std::move(parameters)}});
  }
  Reply LogIn(std::string_view user, std::string_view password) {
    return Initiate("USER_PASSWORD_AUTH", {{"USERNAME", user}, {"PASSWORD", password}});
  }
  Reply Respond(std::string_view name, std::string_view session, json::object responses) {
    return Ask("RespondToAuthChallenge", {{"ClientId", "vams-plant"},
                                          {"ChallengeName", name},
                                          {"Session", session},
                                          {"ChallengeResponses", std::move(responses)}});
  }
  std::string AccessToken() {
    return LogIn(kUser, kPassword).Text("AuthenticationResult/AccessToken");
  }
  int Standing(const std::string& access) {
    return stack.Ask("GET", "/auth/account", "", access).status;
  }

  TestStack stack = TestStack(Protocol());
};

void ExpectFault(const Reply& reply, std::string_view type) {
  EXPECT_EQ(reply.status, 400) << reply.text;
  EXPECT_EQ(reply.Text("__type"), type) << reply.text;
  EXPECT_FALSE(reply.message().empty()) << reply.text;
  EXPECT_EQ(reply.Header("content-type"), "application/x-amz-json-1.1");
}

TEST(IdentityProtocolOff, IsNoPathUnlessTurnedOn) {
  TestStack stack;
  AddIdentityProtocol(stack.gate(), stack.services());

  const Reply reply = stack.Ask(
      "POST", "/", "{}", "", {{"x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"}});

  EXPECT_EQ(reply.status, 404);
}

TEST_F(IdentityProtocol, WithoutATargetThereIsNothing) {
  const Reply reply = stack.Ask("POST", "/", "{}");

  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.text, R"({"message":"Not Found"})");
}

TEST_F(IdentityProtocol, LoginGivesAllFiveMembers) {
  const Reply reply = LogIn(kUser, kPassword);

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("content-type"), "application/x-amz-json-1.1");
  EXPECT_FALSE(reply.Header("x-amzn-requestid").empty());
  EXPECT_EQ(reply.Text("AuthenticationResult/TokenType"), "Bearer");
  EXPECT_EQ(*reply.Find("AuthenticationResult/ExpiresIn"), 3600);
  EXPECT_FALSE(reply.Text("AuthenticationResult/RefreshToken").empty());
  EXPECT_EQ(Standing(reply.Text("AuthenticationResult/AccessToken")), 200);
  EXPECT_EQ(Standing(reply.Text("AuthenticationResult/IdToken")), 200);
}

// Unknown users must not be told apart (section 13).
TEST_F(IdentityProtocol, WrongLoginsLookTheSame) {
  const Reply wrong = LogIn(kUser, "Wrong-passw0rd!");
  const Reply unknown = LogIn("no-such-user", "Wrong-passw0rd!");

  ExpectFault(wrong, "NotAuthorizedException");
  EXPECT_EQ(unknown.text, wrong.text);
}

TEST_F(IdentityProtocol, MalformedRequestsAreNamed) {
  ExpectFault(Ask("ListUsers", {}), "UnknownOperationException");
  ExpectFault(Initiate("USER_SRP_AUTH", {{"USERNAME", kUser}, {"SRP_A", "1"}}),
              "InvalidParameterException");
  ExpectFault(Initiate("SOMETHING", {}), "InvalidParameterException");
  ExpectFault(Initiate("USER_PASSWORD_AUTH", {{"USERNAME", kUser}}), "InvalidParameterException");
  ExpectFault(Ask("InitiateAuth", {{"ClientId", "another"}, {"AuthFlow", "USER_PASSWORD_AUTH"}}),
              "ResourceNotFoundException");
  ExpectFault(Respond("SMS_MFA", "s", {{"SMS_MFA_CODE", "123456"}}), "InvalidParameterException");
  const auto raw = [&](std::string_view body, std::string_view target) {
    return stack.Ask("POST", "/", body, "", {{"x-amz-target", std::string(target)}});
  };
  ExpectFault(raw("{", "AWSCognitoIdentityProviderService.InitiateAuth"), "SerializationException");
  ExpectFault(raw("[]", "AWSCognitoIdentityProviderService.InitiateAuth"),
              "SerializationException");
  ExpectFault(raw("{}", "DynamoDB_20120810.ListTables"), "UnknownOperationException");
  EXPECT_EQ(raw(std::string(17'000, ' '), "AWSCognitoIdentityProviderService.GetUser").status, 413);
}

// The stock client leaves USERNAME out: the session knows whose it is.
TEST_F(IdentityProtocol, NewPasswordAndCodeAreAskedForInTurn) {
  const std::string secret = stack.Enrol(kUser);
  Must(stack.services().accounts->SetPassword(stack.op(), kUser, "Canary-temp-0rary!", true));
  stack.clock().Advance(60);

  Reply reply = LogIn(kUser, "Canary-temp-0rary!");
  int challenges = 0;
  while (reply.Find("ChallengeName") != nullptr && ++challenges < 5) {
    EXPECT_EQ(reply.Find("AuthenticationResult"), nullptr);
    EXPECT_EQ(reply.Text("ChallengeParameters/USER_ID_FOR_SRP"), kUser);
    const std::string session = reply.Text("Session");
    if (reply.Text("ChallengeName") == "NEW_PASSWORD_REQUIRED") {
      ExpectFault(Respond("NEW_PASSWORD_REQUIRED", session, {{"NEW_PASSWORD", "weak"}}),
                  "InvalidPasswordException");
      reply = Respond("NEW_PASSWORD_REQUIRED", session, {{"NEW_PASSWORD", kNewPassword}});
    } else {
      reply = Respond("SOFTWARE_TOKEN_MFA", session,
                      {{"SOFTWARE_TOKEN_MFA_CODE", stack.CodeOf(secret)}});
    }
  }

  EXPECT_EQ(challenges, 2);
  const auto who = Must(stack.services().sessions->Verify(
      stack.op(), reply.Text("AuthenticationResult/AccessToken")));
  EXPECT_TRUE(who->mfa);
  ExpectFault(Respond("SOFTWARE_TOKEN_MFA", "unknown", {{"SOFTWARE_TOKEN_MFA_CODE", "123456"}}),
              "NotAuthorizedException");
}

TEST_F(IdentityProtocol, RefreshKeepsTheRefreshToken) {
  const std::string refresh = LogIn(kUser, kPassword).Text("AuthenticationResult/RefreshToken");

  for (int i = 0; i < 3; ++i) {
    stack.clock().Advance(20);
    const Reply reply = Initiate("REFRESH_TOKEN_AUTH", {{"REFRESH_TOKEN", refresh}});
    EXPECT_EQ(reply.status, 200) << i;
    EXPECT_EQ(reply.Find("AuthenticationResult/RefreshToken"), nullptr);
    EXPECT_EQ(Standing(reply.Text("AuthenticationResult/AccessToken")), 200);
  }
  ExpectFault(Initiate("REFRESH_TOKEN_AUTH", {{"REFRESH_TOKEN", "unknown"}}),
              "NotAuthorizedException");
}

TEST_F(IdentityProtocol, GuessingIsLockedOut) {
  for (int i = 0; i < 6; ++i) LogIn(kUser, "Wrong-passw0rd!");

  ExpectFault(LogIn(kUser, kPassword), "TooManyRequestsException");
}

TEST_F(IdentityProtocol, GetUserTakesAnAccessTokenOnly) {
  const Reply login = LogIn(kUser, kPassword);
  const std::string access = login.Text("AuthenticationResult/AccessToken");

  const Reply user = Ask("GetUser", {{"AccessToken", access}});
  EXPECT_EQ(user.status, 200);
  EXPECT_EQ(user.Text("Username"), kUser);
  EXPECT_EQ(user.Text("UserAttributes/0/Name"), "sub");
  EXPECT_EQ(user.Text("UserAttributes/1/Value"), "mara@example.com");
  EXPECT_EQ(user.Find("UserMFASettingList"), nullptr);
  for (const std::string& token :
       {login.Text("AuthenticationResult/IdToken"), std::string("x"), stack.KeyFor(kAdmin)})
    ExpectFault(Ask("GetUser", {{"AccessToken", token}}), "NotAuthorizedException");

  stack.Enrol(kUser);
  EXPECT_EQ(Ask("GetUser", {{"AccessToken", access}}).Text("UserMFASettingList/0"),
            "SOFTWARE_TOKEN_MFA");
}

TEST_F(IdentityProtocol, ChangePasswordTakesTheOldOneAndEndsAllSessions) {
  const std::string access = AccessToken();
  const auto change = [&](std::string_view old_password, std::string_view new_password) {
    return Ask("ChangePassword", {{"AccessToken", access},
                                  {"PreviousPassword", old_password},
                                  {"ProposedPassword", new_password}});
  };

  ExpectFault(change("Wrong-passw0rd!", kNewPassword), "NotAuthorizedException");
  ExpectFault(change(kPassword, "weak"), "InvalidPasswordException");
  EXPECT_EQ(change(kPassword, kNewPassword).status, 200);

  EXPECT_EQ(Standing(access), 403);
  ExpectFault(LogIn(kUser, kPassword), "NotAuthorizedException");
  EXPECT_EQ(LogIn(kUser, kNewPassword).status, 200);
  EXPECT_EQ(stack.AuditLines({"[AUTHCHANGES][type: accountPasswordChange]", kUser}).size(), 1U);
}

TEST_F(IdentityProtocol, SignOutAndRevocationWorkAtOnce) {
  const std::string first = AccessToken();
  const std::string second = AccessToken();
  EXPECT_EQ(Ask("GlobalSignOut", {{"AccessToken", first}}).status, 200);
  EXPECT_EQ(Standing(first), 403);
  EXPECT_EQ(Standing(second), 403);
  ExpectFault(Ask("GlobalSignOut", {{"AccessToken", first}}), "NotAuthorizedException");

  const Reply login = LogIn(kUser, kPassword);
  const std::string other = AccessToken();
  const json::object revoke = {{"ClientId", "vams-plant"},
                               {"Token", login.Text("AuthenticationResult/RefreshToken")}};
  EXPECT_EQ(Ask("RevokeToken", revoke).status, 200);
  EXPECT_EQ(Standing(login.Text("AuthenticationResult/AccessToken")), 403);
  EXPECT_EQ(Standing(other), 200);
  EXPECT_EQ(Ask("RevokeToken", revoke).status, 200);  // as RFC 7009 has it
}

TEST_F(IdentityProtocol, SecondFactorIsEnrolledInTwoSteps) {
  const std::string access = AccessToken();
  const Reply begun = Ask("AssociateSoftwareToken", {{"AccessToken", access}});
  EXPECT_EQ(begun.status, 200);
  const std::string code = stack.CodeOf(begun.Text("SecretCode"));
  const auto verify = [&](std::string_view typed) {
    return Ask("VerifySoftwareToken", {{"AccessToken", access}, {"UserCode", typed}});
  };
  ExpectFault(verify(code == "000000" ? "000001" : "000000"), "EnableSoftwareTokenMFAException");

  const Reply done = verify(code);

  EXPECT_EQ(done.Text("Status"), "SUCCESS");
  EXPECT_EQ(LogIn(kUser, kPassword).Text("ChallengeName"), "SOFTWARE_TOKEN_MFA");
  ExpectFault(Ask("AssociateSoftwareToken", {{"AccessToken", access}}), "NotAuthorizedException");
}

TEST_F(IdentityProtocol, ForgottenPasswordsAreTheAdministratorsBusiness) {
  ExpectFault(Ask("ForgotPassword", {{"ClientId", "vams-plant"}, {"Username", kUser}}),
              "NotAuthorizedException");
  ExpectFault(Ask("ConfirmForgotPassword", {}), "NotAuthorizedException");
}

TEST_F(IdentityProtocol, NoSecretReachesTheAuditLog) {
  const std::string access = AccessToken();
  LogIn(kUser, "Canary-wr0ng-guess!");
  Respond("NEW_PASSWORD_REQUIRED", "canary-session-4711", {{"NEW_PASSWORD", "Canary-new-0ne!"}});
  Respond("SOFTWARE_TOKEN_MFA", "canary-session-4711", {{"SOFTWARE_TOKEN_MFA_CODE", "918273"}});
  Ask("VerifySoftwareToken", {{"AccessToken", access}, {"UserCode", "918274"}});
  Initiate("REFRESH_TOKEN_AUTH", {{"REFRESH_TOKEN", "canary-refresh-4711"}});
  Ask("ChangePassword", {{"AccessToken", access},
                         {"PreviousPassword", "Canary-old-0ne!"},
                         {"ProposedPassword", "weak-canary"}});
  Ask("ConfirmForgotPassword", {{"ConfirmationCode", "918275"}, {"Password", "Canary-f0rgot!"}});

  const std::string log = stack.AuditText();
  EXPECT_GE(stack.AuditLines({"[ERRORS]"}).size(), 7U);
  for (const std::string& secret :
       {std::string(kPassword), std::string("Canary-wr0ng-guess!"), std::string("canary-session"),
        std::string("Canary-new-0ne!"), std::string("918273"), access, std::string("918274"),
        std::string("canary-refresh"), std::string("Canary-old-0ne!"), std::string("weak-canary"),
        std::string("918275"), std::string("Canary-f0rgot!")})
    EXPECT_EQ(log.find(secret), log.npos) << secret;
}

}  // namespace

}  // namespace vams::api
