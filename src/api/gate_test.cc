// The way of a request to its endpoint: addresses, rates, audit lines.
#include "api/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "api/address_ranges.h"
#include "api/routes.h"
#include "api/test_stack.h"

namespace vams::api {
namespace {

using test::TestStack;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string AuditText(TestStack& stack) {
  test::Must(stack.services().audit.Flush());
  std::ostringstream text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(stack.audit_folder()))
    if (entry.path().extension() == ".log") text << std::ifstream(entry.path()).rdbuf();
  return text.str();
}

// The first line that holds the text.
std::string LineWith(const std::string& log, std::string_view text) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    if (line.find(text) != std::string::npos) return line;
  return {};
}

TEST(AddressRanges, BothEndsBelongAndFamiliesStayApart) {
  const AddressRanges ranges({{"10.0.0.5", "10.0.1.2"}, {"fd00::1", "fd00::ff"}});

  EXPECT_TRUE(ranges.Allow("10.0.0.5"));
  EXPECT_TRUE(ranges.Allow("10.0.0.255"));
  EXPECT_TRUE(ranges.Allow("10.0.1.2"));
  EXPECT_TRUE(ranges.Allow("fd00::20"));
  EXPECT_FALSE(ranges.Allow("10.0.0.4"));
  EXPECT_FALSE(ranges.Allow("10.0.1.3"));
  EXPECT_FALSE(ranges.Allow("fd00::100"));
  EXPECT_FALSE(ranges.Allow("::1"));
  EXPECT_FALSE(ranges.Allow("unknown"));
  EXPECT_FALSE(ranges.Allow(""));
}

TEST(AddressRanges, NoRangeIsEveryoneAndABadOneNobody) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  EXPECT_TRUE(AddressRanges(Pairs()).Allow("203.0.113.9"));
  EXPECT_FALSE(AddressRanges(Pairs{{"10.0.0.1", "fd00::1"}}).Allow("10.0.0.1"));
}

TEST(Gate, AnotherAddressIsRefusedOnEveryRouteAndWhereThereIsNone) {
  test::StackOptions options;
  options.settings.allowed_ip_ranges = {{"192.0.2.1", "192.0.2.9"}};
  TestStack stack(std::move(options));
  AddAllRoutes(stack.gate(), stack.services());
  ASSERT_EQ(stack.Ask("GET", "/api/version").status, 200);

  stack.client = "192.0.2.10";

  for (const std::string path : {"/api/version", "/api/amplify-config", "/roles", "/nothing"}) {
    const auto reply = stack.Ask("GET", path, "", stack.AdminToken());
    EXPECT_EQ(reply.status, 403) << path;
    EXPECT_EQ(reply.message(), "Forbidden") << path;
  }
  EXPECT_THAT(AuditText(stack), HasSubstr(R"("failureReason":"IP address not authorized")"));
}

TEST(Gate, EveryWriteAndDenialHasALineAndReadsAreCounted) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  stack.AddUser("rita", "Canary-R1ta-pass!", "basicReadOnly");
  const std::string rita = stack.TokenFor("rita", "Canary-R1ta-pass!");

  stack.Ask("POST", "/roles", R"({"roleName": "yard", "description": "d"})", stack.AdminToken());
  for (int i = 0; i < 3; ++i) stack.Ask("GET", "/roles", "", stack.AdminToken());
  stack.Ask("GET", "/roles", "", rita);
  stack.Ask("POST", "/roles", R"({"roleName": "yard", "description": "d"})", stack.AdminToken());

  const std::string log = AuditText(stack);
  EXPECT_THAT(LineWith(log, "[AUTHCHANGES][type: roleCreate]"),
              AllOf(HasSubstr("[user: administrator] [roles: [\"admin\"]] [mfaEnabled: False]"),
                    HasSubstr(R"("roleName":"yard","operation":"create")")));
  EXPECT_THAT(LineWith(log, R"("action":"POST")"),
              HasSubstr("[AUTHORIZATION][authorized: True] [user: administrator]"));
  EXPECT_THAT(LineWith(log, "[authorized: False] [user: rita]"),
              HasSubstr(R"("obj":{"object__type":"api","route__path":"/roles"})"));
  EXPECT_THAT(LineWith(log, "[ERRORS][type: general]"),
              HasSubstr(R"("errorMessage":"VAMS General Error: Role already exists")"));
  EXPECT_THAT(LineWith(log, R"("routeId":"listRoles")"), HasSubstr(R"("count":3)"));
}

TEST(Gate, WhatIsLeftOutOfAListIsOneLine) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  stack.Ask("POST", "/roles", R"({"roleName": "clerk", "description": "d"})", stack.AdminToken());
  stack.Ask("POST", "/auth/constraints/clerk",
            R"({"name": "clerk", "description": "d", "objectType": "api", "criteriaAnd": [{"field":
                "route__path", "operator": "equals", "value": "/roles"}], "groupPermissions":
                [{"groupId": "clerk", "permission": "GET", "permissionType": "allow"}]})",
            stack.AdminToken());
  stack.AddUser("carl", "Canary-Car1-pass!", "clerk");

  const auto reply = stack.Ask("GET", "/roles", "", stack.TokenFor("carl", "Canary-Car1-pass!"));

  EXPECT_EQ(reply.text, R"({"message":{"Items":[],"NextToken":null}})");
  EXPECT_THAT(LineWith(AuditText(stack), R"("filteredFrom":"listRoles")"),
              AllOf(HasSubstr("[authorized: False] [user: carl]"), HasSubstr(R"("count":3)"),
                    HasSubstr(R"({"object__type":"role","roleName":"admin"})")));
}

TEST(Gate, SecretsNeverReachTheAuditLog) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  const std::string token = stack.AdminToken();
  stack.AddUser("rita", "Canary-R1ta-pass!", "basicReadOnly");

  const auto made =
      stack.Ask("POST", "/auth/api-keys",
                R"({"apiKeyName": "n", "userId": "rita", "description": "d"})", token);
  const std::string key = made.Text("apiKey");
  ASSERT_TRUE(key.starts_with("vams_"));
  stack.Ask("POST", "/roles", R"({"roleName": "yard", "description": "d"})", key);
  stack.Ask("POST", "/auth/login", R"({"userId": "rita", "password": "Canary-R1ta-wrong"})");
  stack.Ask("GET", "/roles?token=" + key, "", token, {{"Cookie", "session=Canary-cookie"}});
  stack.Ask("POST", "/roles", "{\"roleName\": \"" + token + "\"}", token);

  const std::string log = AuditText(stack);
  EXPECT_GT(log.size(), 1000U);
  for (const std::string& secret :
       {key, token, token.substr(token.rfind('.')), std::string("Canary")})
    EXPECT_THAT(log, Not(HasSubstr(secret)));
}

TEST(Gate, PolicyChangesCountForTheNextRequest) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  stack.AddUser("rita", "Canary-R1ta-pass!");
  const std::string rita = stack.TokenFor("rita", "Canary-R1ta-pass!");
  ASSERT_EQ(stack.Ask("GET", "/roles", "", rita).status, 403);

  stack.Ask("POST", "/user-roles", R"({"userId": "rita", "roleName": ["admin"]})",
            stack.AdminToken());
  EXPECT_EQ(stack.Ask("GET", "/roles", "", rita).status, 200);
  stack.Ask("DELETE", "/user-roles", R"({"userId": "rita"})", stack.AdminToken());
  EXPECT_EQ(stack.Ask("GET", "/roles", "", rita).status, 403);
}

// An endpoint that looks at its body first has to ask for the check itself: whoever forgets it, or
// does not care for what it says, answers nobody.
TEST(Gate, AnAnswerWithoutTheLateCheckIsNeverSent) {
  TestStack stack;
  const auto add = [&](std::string path, Endpoint handle) {
    stack.gate().Add({.verb = http::Verb::kPost,
                      .path = path,
                      .id = path.substr(1),
                      .tag = {},
                      .summary = {},
                      .handle = std::move(handle),
                      .late_first_tier = true});
  };
  const auto answer = [] { return Answer(boost::json::object{{"secret", "canary"}}); };
  add("/forgets", [&](Call&) -> Result<http::Response> { return answer(); });
  add("/ignores", [&](Call& call) -> Result<http::Response> {
    (void)call.FirstTier();
    return answer();
  });
  add("/asks", [&](Call& call) -> Result<http::Response> {
    PARSE_OK(Body(call));
    PARSE_OK(call.FirstTier());
    return answer();
  });
  const auto ask = [&](std::string_view path, std::string_view body, const std::string& token) {
    const auto reply = stack.Ask("POST", path, body, token);
    return std::pair(reply.status, reply.text);
  };
  const std::pair failed(500, std::string(R"({"message":"Internal Server Error"})"));
  const std::pair refused(403, std::string(R"({"message":"Not Authorized"})"));
  const std::pair answered(200, std::string(R"({"secret":"canary"})"));

  EXPECT_EQ(ask("/forgets", "{}", stack.AdminToken()), failed);
  EXPECT_EQ(ask("/ignores", "{}", stack.NobodyToken()), failed);
  EXPECT_EQ(ask("/asks", "{}", stack.NobodyToken()), refused);
  EXPECT_EQ(ask("/asks", "{}", stack.AdminToken()), answered);
  EXPECT_EQ(ask("/asks", "", stack.NobodyToken()).first, 400);
  EXPECT_EQ(ask("/asks", "{}", "").first, 401);
  EXPECT_THAT(AuditText(stack), HasSubstr(R"("route__path":"/asks")"));
}

TEST(Gate, RateOfOneCallerIsLimited) {
  TestStack stack;
  http::KeyedLimiter limiter({.per_second = 0.001, .burst = 2});
  stack.services().caller_limit = &limiter;
  AddAllRoutes(stack.gate(), stack.services());
  stack.AddUser("rita", "Canary-R1ta-pass!", "basicReadOnly");
  const std::string rita = stack.TokenFor("rita", "Canary-R1ta-pass!");

  EXPECT_EQ(stack.Ask("GET", "/secure-config", "", rita).status, 200);
  EXPECT_EQ(stack.Ask("GET", "/secure-config", "", rita).status, 200);
  const auto reply = stack.Ask("GET", "/secure-config", "", rita);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.message(), "Too Many Requests");
  EXPECT_GE(std::stoi(reply.Header("retry-after")), 1);
  for (const int status : {403, 403, 429})
    EXPECT_EQ(stack.Ask("GET", "/secure-config", "", "a.b.c").status, status);
  // Others have their own.
  EXPECT_EQ(stack.Ask("GET", "/secure-config", "", stack.AdminToken()).status, 200);
  EXPECT_EQ(stack.Ask("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace vams::api
