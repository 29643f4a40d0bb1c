// Every route of the table, asked by nobody and by somebody without a role: who gets in anywhere
// but where ruling 15 says gets in by a mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/asset_records.h"

namespace vams::api {
namespace {

using test::TestStack;

// Without a token.
const std::set<std::string> kOpen = {"/healthz",
                                     "/readyz",
                                     "/api/version",
                                     "/api/amplify-config",
                                     "/auth/login",
                                     "/auth/challenge",
                                     "/auth/refresh",
                                     "/.well-known/jwks.json",
                                     "/.well-known/openid-configuration",
                                     "/objects/{name}",
                                     "/subscriptions/confirm",
                                     "/subscriptions/unsubscribe",
                                     "/"};
// With any valid token.
const std::set<std::string> kOwn = {
    "/secure-config", "/auth/routes",     "/auth/loginProfile/{userId}",
    "/auth/logout",   "/auth/password",   "/auth/account",
    "/auth/mfa",      "/auth/mfa/confirm"};

// What some routes want of the rest of their path before they look at the role.
const std::map<std::string, std::string> kTails = {{"streamAuxiliary", "a.e57/preview/potree/b"}};

std::string PathOf(const http::Route& route) {
  std::string path;
  if (const auto tail = kTails.find(route.id); tail != kTails.end()) {
    http::Route shorter = route;
    shorter.id.clear();
    shorter.path.erase(shorter.path.rfind('{'));
    return PathOf(shorter) + tail->second;
  }
  bool inside = false;
  for (const char c : route.path) {
    if (c == '{') {
      inside = true;
      path += "00000000-0000-4000-8000-000000000000";
    } else if (c == '}') {
      inside = false;
    } else if (!inside) {
      path += c;
    }
  }
  return path;
}

// Routes that look at their body before they look at the role want a good one to get that far.
std::string BodyFor(const http::Route& route) {
  static const std::map<std::string, std::string> kBodies = {
      {"createDatabase", R"({"databaseId": "plant", "description": "Pumps and pipes",
                             "defaultBucketId": "00000000-0000-4000-8000-000000000000"})"},
      {"createAsset", R"({"databaseId": "00000000-0000-4000-8000-000000000000",
                          "assetName": "Pump", "description": "Feed pump",
                          "isDistributable": true})"},
      {"initializeUpload", R"({"databaseId": "00000000-0000-4000-8000-000000000000",
                               "assetId": "00000000-0000-4000-8000-000000000000",
                               "uploadType": "assetFile",
                               "files": [{"relativeKey": "a.e57", "file_size": 1}]})"},
      {"completeUpload", R"({"databaseId": "00000000-0000-4000-8000-000000000000",
                             "assetId": "00000000-0000-4000-8000-000000000000",
                             "uploadType": "assetFile",
                             "files": [{"relativeKey": "a.e57", "uploadIdS3": "id",
                                        "parts": [{"PartNumber": 1, "ETag": "e"}]}]})"},
      {"ingestAsset", R"({"databaseId": "00000000-0000-4000-8000-000000000000",
                          "assetId": "00000000-0000-4000-8000-000000000000",
                          "assetName": "Pump", "description": "Feed pump",
                          "files": [{"relativeKey": "00000000-0000-4000-8000-000000000000/a.e57",
                                     "file_size": 1}]})"},
      {"downloadAsset", R"({"downloadType": "assetFile"})"}};
  const auto found = kBodies.find(route.id);
  return found == kBodies.end() ? "{}" : found->second;
}

// The answer of a route that wants a role.  Comments have words and statuses of their own.
bool IsRefusal(const http::Route& route, const test::Reply& reply) {
  if (!route.path.starts_with("/comments/"))
    return reply.status == 403 && reply.message() == "Not Authorized";
  const bool writes = route.verb == http::Verb::kPost || route.verb == http::Verb::kPut;
  return writes ? reply.status == 403 && reply.message() == "Action not allowed"
                : reply.status == 405 && reply.message() == "Method not allowed";
}

// The asset that the paths name: some routes say that there is none before they look at the role.
void AddNamedAsset(TestStack& stack) {
  using items::Value;
  const std::string id = "00000000-0000-4000-8000-000000000000";
  items::Item asset = catalog::AssetKey(id, id);
  asset.Set("isDistributable", Value::Bool(true));
  const items::Write writes[] = {items::Write::Put(catalog::kAssetsTable, std::move(asset))};
  test::Must(stack.store().Commit(stack.op(), writes));
}

test::StackOptions WithIdentityProtocol() {
  test::StackOptions options;
  options.settings.identity_protocol = true;
  return options;
}

TEST(RouteWalk, NobodyGetsInButWhereNoTokenIsNeeded) {
  TestStack stack(WithIdentityProtocol());
  AddAllRoutes(stack.gate(), stack.services());
  ASSERT_GT(stack.routes().all().size(), 35U);

  std::set<std::string> open;
  for (const http::Route& route : stack.routes().all()) {
    const auto reply = stack.Ask(http::VerbName(route.verb), PathOf(route), "{}");
    if (reply.status == 401 && reply.message() == "Unauthorized") {
      EXPECT_NE(route.security, "none") << route.id;
      continue;
    }
    EXPECT_EQ(route.security, "none") << route.id;
    open.insert(route.path);
  }

  EXPECT_EQ(open, kOpen);
}

TEST(RouteWalk, AValidTokenWithoutARoleOpensItsOwnThingsOnly) {
  TestStack stack(WithIdentityProtocol());
  AddAllRoutes(stack.gate(), stack.services());
  stack.AddUser("nora", "Canary-N0ra-pass!");
  AddNamedAsset(stack);

  std::set<std::string> own;
  for (const http::Route& route : stack.routes().all()) {
    if (route.security == "none") continue;
    // Anew for each route: one of them ends the session, and wrong answers may.
    stack.clock().Advance(1);
    const std::string token = stack.TokenFor("nora", "Canary-N0ra-pass!");
    const auto reply = stack.Ask(http::VerbName(route.verb), PathOf(route), BodyFor(route), token);
    const bool another = route.path == "/auth/loginProfile/{userId}";
    if (IsRefusal(route, reply) && !another) {
      EXPECT_EQ(route.security, "role") << route.id;
      continue;
    }
    EXPECT_EQ(route.security, "token") << route.id << " " << reply.text;
    own.insert(route.path);
  }

  EXPECT_EQ(own, kOwn);
}

TEST(RouteWalk, ABadTokenOpensNothing) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  const std::string good = stack.AdminToken();
  std::string tampered = good;
  tampered[good.size() / 2] = tampered[good.size() / 2] == 'A' ? 'B' : 'A';
  // {"alg":"none"} over the administrator's own claims.
  const std::string none =
      "eyJhbGciOiJub25lIn0" + good.substr(good.find('.'), good.rfind('.') + 1 - good.find('.'));
  for (const std::string& token : {tampered, none, std::string(100'000, 'a'), std::string("a.b.c"),
                                   std::string("vams_") + std::string(64, 'A')})
    for (const http::Route& route : stack.routes().all()) {
      if (route.security == "none") continue;
      const auto reply = stack.Ask(http::VerbName(route.verb), PathOf(route), "{}", token);
      EXPECT_EQ(reply.status, 403) << route.id;
      EXPECT_EQ(reply.message(), "Forbidden") << route.id;
    }
}

TEST(RouteWalk, AnExpiredTokenOpensNothing) {
  TestStack stack;
  AddAllRoutes(stack.gate(), stack.services());
  const std::string token = stack.AdminToken();
  ASSERT_EQ(stack.Ask("GET", "/roles", "", token).status, 200);

  stack.clock().Advance(3600);

  EXPECT_EQ(stack.Ask("GET", "/roles", "", token).status, 403);
}

}  // namespace
}  // namespace vams::api
