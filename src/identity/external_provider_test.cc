#include "identity/external_provider.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "identity/jwt.h"
#include "identity/jwt_test.h"

namespace vams::identity {
namespace {

namespace json = boost::json;
using test::FakeClock;
using test::KeyNumber;
using test::Must;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::string_view kIssuer = "https://id.example/realms/plant";
constexpr std::string_view kDiscovery =
    "https://id.example/realms/plant/.well-known/openid-configuration";
constexpr std::string_view kUsualKeys = "https://id.example/realms/plant/.well-known/jwks.json";
constexpr std::string_view kKeys = "https://id.example/keys";

// A provider whose answers the test writes.  Unknown URLs are 404.  Thread-safe.
class FakeProvider final : public net::Transport {
 public:
  FakeProvider() {
    Serve(kDiscovery, json::serialize(json::object{{"issuer", kIssuer}, {"jwks_uri", kKeys}}));
    Publish({{"one", KeyNumber(0)}});
  }

  void Serve(std::string_view url, std::string body, int status = 200) {
    const std::lock_guard lock(mutex_);
    answers_[std::string(url)] = {.status = status, .headers = {}, .body = std::move(body)};
  }
  void Publish(const KeySet& keys) { Serve(kKeys, json::serialize(KeySetJson(keys))); }
  void Forget(std::string_view url) {
    const std::lock_guard lock(mutex_);
    answers_.erase(std::string(url));
  }
  void SetDown(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }
  // Requests wait until the gate is opened again.
  void SetGate(bool closed) {
    const std::lock_guard lock(mutex_);
    closed_ = closed;
    moved_.notify_all();
  }
  void AwaitRequest(std::size_t count) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return urls_.size() >= count; });
  }
  std::vector<std::string> urls() const {
    const std::lock_guard lock(mutex_);
    return urls_;
  }

  Result<net::HttpResponse> Send(OpContext& op, const net::HttpRequest& request,
                                 bool* /*arrived*/) override {
    std::unique_lock lock(mutex_);
    urls_.push_back(request.url);
    moved_.notify_all();
    moved_.wait(lock, [&] { return !closed_; });
    TRY_OK(op.Check());
    if (down_) return Error(Code::kUnavailable, "connection refused");
    const auto at = answers_.find(request.url);
    if (at == answers_.end()) return net::HttpResponse{.status = 404, .headers = {}, .body = "no"};
    if (at->second.body.size() > request.max_response_bytes)
      return Error(Code::kTooLarge, "the answer is too large");
    return at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::map<std::string, net::HttpResponse> answers_;
  std::vector<std::string> urls_;
  bool down_ = false;
  bool closed_ = false;
};

class ExternalProviderTest : public ::testing::Test {
 protected:
  std::unique_ptr<ExternalProvider> Open(ExternalProviderOptions options = {
                                             .issuer = std::string(kIssuer),
                                             .audience = "vams",
                                             .mfa_scope = "plant.mfa"}) {
    return std::make_unique<ExternalProvider>(provider_, clock_, std::move(options));
  }

  json::object Claims() const {
    return {{"iss", kIssuer},
            {"aud", "vams"},
            {"exp", clock_.NowMillis() / 1000 + 600},
            {"iat", clock_.NowMillis() / 1000},
            {"sub", "u-1"},
            {"email", "dana@plant.example"}};
  }
  std::string Token(std::size_t key = 0, std::string_view key_id = "one",
                    json::object more = {}) const {
    json::object claims = Claims();
    for (const auto& claim : more) claims[claim.key()] = claim.value();
    return Must(MakeToken(KeyNumber(key), key_id, claims));
  }

  FakeProvider provider_;
  FakeClock clock_{kNow};
  OpContext op_;
};

template <typename T>
Code CodeOf(const Result<T>& result) {
  return result.ok() ? Code::kInternal : result.error().code;
}
void ExpectRefused(const Result<std::shared_ptr<const Identity>>& result, std::string_view reason) {
  ASSERT_FALSE(result.ok()) << reason;
  EXPECT_EQ(result.error().code, Code::kUnauthenticated) << result.error().message;
  EXPECT_NE(result.error().details.find(reason), std::string::npos) << result.error().details;
}

TEST_F(ExternalProviderTest, TakesATokenOfTheProviderAndAsksForTheKeysOnce) {
  const auto verifier = Open();
  const std::string token = Token();

  const auto first = Must(verifier->Verify(op_, token));
  const auto again = Must(verifier->Verify(op_, token));
  const auto other = Must(verifier->Verify(op_, Token(0, "one", {{"sub", "u-2"}})));

  EXPECT_EQ(first->user, "u-1");
  EXPECT_EQ(first->email, "dana@plant.example");
  EXPECT_EQ(first->expires, kNow + 600);
  EXPECT_FALSE(first->mfa);
  EXPECT_EQ(again, first) << "a token that was verified is remembered";
  EXPECT_EQ(other->user, "u-2");
  EXPECT_EQ(provider_.urls(),
            (std::vector<std::string>{std::string(kDiscovery), std::string(kKeys)}));
}

TEST_F(ExternalProviderTest, ProvidersWithoutDiscoveryHaveTheirKeysInTheUsualPlace) {
  provider_.Serve(kUsualKeys, json::serialize(KeySetJson({{"one", KeyNumber(0)}})));
  provider_.Forget(kDiscovery);
  EXPECT_TRUE(Open()->Verify(op_, Token()).ok());

  provider_.Serve(kDiscovery, json::serialize(json::object{{"issuer", kIssuer}}));
  EXPECT_TRUE(Open()->Verify(op_, Token()).ok());
  EXPECT_EQ(provider_.urls().back(), kUsualKeys);
}

// Auth0's issuers end with a slash: it belongs to `iss`, but is not doubled in the URL.
TEST_F(ExternalProviderTest, AnIssuerMayEndWithASlash) {
  const std::string issuer = std::string(kIssuer) + "/";
  provider_.Serve(kDiscovery,
                  json::serialize(json::object{{"issuer", issuer}, {"jwks_uri", kKeys}}));
  const auto verifier = Open({.issuer = issuer, .audience = "vams", .mfa_scope = ""});

  EXPECT_TRUE(verifier->Verify(op_, Token(0, "one", {{"iss", issuer}})).ok());
  ExpectRefused(verifier->Verify(op_, Token()), "another issuer");
}

TEST_F(ExternalProviderTest, RefusesTokensForOthersAndWhatIsNoToken) {
  const auto verifier = Open();
  ExpectRefused(verifier->Verify(op_, "vams_secret"), "three parts");
  ExpectRefused(verifier->Verify(op_, std::string("a.b\0.c", 6)), "base64url");
  EXPECT_TRUE(provider_.urls().empty()) << "garbage costs the provider nothing";

  ExpectRefused(verifier->Verify(op_, Token(0, "one", {{"aud", "other"}})), "audience");
  ExpectRefused(verifier->Verify(op_, Token(0, "one", {{"iss", "https://id.example"}})), "issuer");
  ExpectRefused(verifier->Verify(op_, Token(1, "one")), "signature");
  ExpectRefused(verifier->Verify(op_, Token(0, "one", {{"exp", kNow}})), "expired");
  ExpectRefused(verifier->Verify(op_, Token(0, "one", {{"vams:tokens", "dana"}})), "vams:tokens");
}

TEST_F(ExternalProviderTest, ARememberedTokenDiesAtItsVerySecond) {
  const auto verifier = Open();
  const std::string token = Token();
  ASSERT_TRUE(verifier->Verify(op_, token).ok());

  clock_.Advance(599);
  EXPECT_TRUE(verifier->Verify(op_, token).ok());
  clock_.Advance(1);
  ExpectRefused(verifier->Verify(op_, token), "expired");
  ExpectRefused(verifier->Verify(op_, token), "expired");
}

TEST_F(ExternalProviderTest, AnswersThatCannotBeTrustedGiveNoKeys) {
  struct Case {
    std::string_view url;
    std::string body;
    int status;
    std::string_view reason;
  };
  const std::string good = json::serialize(json::object{{"issuer", kIssuer}, {"jwks_uri", kKeys}});
  const std::string keys = json::serialize(KeySetJson({{"one", KeyNumber(0)}}));
  const auto discovery = [](json::object document) { return json::serialize(document); };
  const Case cases[] = {
      {kDiscovery, good, 302, "status 302"},
      {kDiscovery, good, 500, "status 500"},
      {kDiscovery, "<html>", 200, "no strict JSON object"},
      {kDiscovery, "[]", 200, "no strict JSON object"},
      {kDiscovery, std::string(300'000, ' ') + good, 200, "too large"},
      {kDiscovery, discovery({{"jwks_uri", kKeys}}), 200, "another issuer"},
      {kDiscovery, discovery({{"issuer", "https://id.example"}, {"jwks_uri", kKeys}}), 200,
       "another issuer"},
      {kDiscovery, discovery({{"issuer", kIssuer}, {"jwks_uri", "http://id.example/keys"}}), 200,
       "no https URL"},
      {kDiscovery, discovery({{"issuer", kIssuer}, {"jwks_uri", "file:///etc/passwd"}}), 200,
       "no https URL"},
      {kDiscovery, discovery({{"issuer", kIssuer}, {"jwks_uri", "https://id.example/\nforged"}}),
       200, "no https URL"},
      {kDiscovery, discovery({{"issuer", kIssuer}, {"jwks_uri", 1}}), 200, "no https URL"},
      {kKeys, keys, 301, "status 301"},
      {kKeys, keys, 404, "status 404"},
      {kKeys, "{}", 200, "no JSON key set"},
      {kKeys, R"({"keys":[]})", 200, "no key that serves"},
      {kKeys, std::string(300'000, ' ') + keys, 200, "too large"},
  };
  for (const auto& wrong : cases) {
    SCOPED_TRACE(fmt::format("{} {}", wrong.status, wrong.reason));
    FakeProvider fresh;
    fresh.Serve(wrong.url, wrong.body, wrong.status);
    ExternalProvider verifier(
        fresh, clock_, {.issuer = std::string(kIssuer), .audience = "vams", .mfa_scope = ""});

    const auto refused = verifier.Verify(op_, Token());

    ASSERT_EQ(CodeOf(refused), Code::kUnavailable);
    EXPECT_NE(refused.error().details.find(wrong.reason), std::string::npos)
        << refused.error().details;
    // Everybody who comes meanwhile is told the same without another request …
    const auto asked = fresh.urls().size();
    EXPECT_EQ(CodeOf(verifier.Verify(op_, Token())), Code::kUnavailable);
    EXPECT_EQ(fresh.urls().size(), asked);
    // … and the provider gets its next chance soon.
    fresh.Serve(kDiscovery, good);
    fresh.Serve(kKeys, keys);
    clock_.Advance(5);
    EXPECT_TRUE(verifier.Verify(op_, Token()).ok());
  }
}

TEST_F(ExternalProviderTest, ANewKeyIsLookedForAtMostOnceAMinute) {
  const auto verifier = Open();
  ASSERT_TRUE(verifier->Verify(op_, Token()).ok());
  provider_.Publish({{"two", KeyNumber(1)}});

  ExpectRefused(verifier->Verify(op_, Token(1, "two")), "does not publish");
  EXPECT_EQ(provider_.urls().size(), 2u);
  clock_.Advance(59);
  ExpectRefused(verifier->Verify(op_, Token(1, "two")), "does not publish");
  EXPECT_EQ(provider_.urls().size(), 2u);

  const std::string old = Token();
  ASSERT_TRUE(verifier->Verify(op_, old).ok());
  clock_.Advance(1);
  EXPECT_TRUE(verifier->Verify(op_, Token(1, "two")).ok());
  EXPECT_EQ(provider_.urls().size(), 4u);
  // The first key was withdrawn: what it signed is worth nothing, remembered or not.
  ExpectRefused(verifier->Verify(op_, old), "does not publish");
  EXPECT_EQ(provider_.urls().size(), 4u);
}

TEST_F(ExternalProviderTest, KeysAreAskedForAgainAfterAnHour) {
  const auto verifier = Open();
  ASSERT_TRUE(verifier->Verify(op_, Token()).ok());
  const std::string lasting = Token(0, "one", {{"exp", kNow + 100'000}});
  ASSERT_TRUE(verifier->Verify(op_, lasting).ok());
  provider_.Publish({{"two", KeyNumber(1)}});

  clock_.Advance(3599);
  EXPECT_TRUE(verifier->Verify(op_, lasting).ok());
  EXPECT_EQ(provider_.urls().size(), 2u);
  clock_.Advance(1);
  ExpectRefused(verifier->Verify(op_, lasting), "does not publish");
  EXPECT_EQ(provider_.urls().size(), 4u);
}

TEST_F(ExternalProviderTest, KnownKeysServeForADayWhileTheProviderIsDown) {
  const auto verifier = Open();
  const std::string lasting = Token(0, "one", {{"exp", kNow + 1'000'000}});
  ASSERT_TRUE(verifier->Verify(op_, lasting).ok());
  provider_.SetDown(true);

  clock_.Advance(3600);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(verifier->Verify(op_, lasting).ok());
  EXPECT_TRUE(verifier->Verify(op_, Token()).ok()) << "new ones as well";
  EXPECT_EQ(provider_.urls().size(), 3u) << "not once per request";
  clock_.Advance(23 * 3600 - 1);
  EXPECT_TRUE(verifier->Verify(op_, lasting).ok());
  clock_.Advance(1);
  EXPECT_EQ(CodeOf(verifier->Verify(op_, lasting)), Code::kUnavailable);
  EXPECT_EQ(CodeOf(verifier->Verify(op_, Token())), Code::kUnavailable);

  provider_.SetDown(false);
  clock_.Advance(60);
  EXPECT_TRUE(verifier->Verify(op_, lasting).ok());
}

TEST_F(ExternalProviderTest, ManyWhoNeedKeysMakeOneRequest) {
  const auto verifier = Open();
  provider_.SetGate(true);
  std::atomic<int> taken = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&, i] {
      OpContext op;
      if (verifier->Verify(op, Token(0, "one", {{"sub", fmt::format("u-{}", i)}})).ok()) ++taken;
    });

  provider_.AwaitRequest(1);
  provider_.SetGate(false);
  for (auto& caller : callers) caller.join();

  EXPECT_EQ(taken, 8);
  EXPECT_EQ(provider_.urls().size(), 2u);
}

TEST_F(ExternalProviderTest, NobodyWaitsForARefreshWhileKeysAreKnown) {
  const auto verifier = Open();
  ASSERT_TRUE(verifier->Verify(op_, Token()).ok());
  clock_.Advance(3600);
  provider_.SetGate(true);
  std::thread refreshing([&] {
    OpContext op;
    EXPECT_TRUE(verifier->Verify(op, Token()).ok());
  });
  provider_.AwaitRequest(3);

  EXPECT_TRUE(verifier->Verify(op_, Token(0, "one", {{"sub", "u-2"}})).ok());

  provider_.SetGate(false);
  refreshing.join();
  EXPECT_EQ(provider_.urls().size(), 4u);
}

TEST_F(ExternalProviderTest, WhoGivesUpWaitingDoesNotSpeakForTheProvider) {
  const auto verifier = Open();
  provider_.SetGate(true);
  OpContext asking, waiting;
  std::thread asks([&] { EXPECT_EQ(CodeOf(verifier->Verify(asking, Token())), Code::kCancelled); });
  provider_.AwaitRequest(1);
  std::thread waits(
      [&] { EXPECT_EQ(CodeOf(verifier->Verify(waiting, Token())), Code::kCancelled); });
  waiting.Cancel();
  waits.join();
  asking.Cancel();
  provider_.SetGate(false);
  asks.join();

  EXPECT_TRUE(verifier->Verify(op_, Token()).ok()) << "the next one asks at once";
}

TEST_F(ExternalProviderTest, AClockThatIsSetBackKeepsNobodyOut) {
  const auto verifier = Open();
  ASSERT_TRUE(verifier->Verify(op_, Token()).ok());
  clock_.Advance(-7200);
  provider_.Publish({{"two", KeyNumber(1)}});

  EXPECT_TRUE(verifier->Verify(op_, Token(1, "two")).ok());
}

TEST_F(ExternalProviderTest, TheSecondFactorIsReadFromTheToken) {
  const auto verifier = Open();
  EXPECT_FALSE(Must(verifier->Verify(op_, Token()))->mfa);
  EXPECT_TRUE(
      Must(verifier->Verify(op_, Token(0, "one", {{"amr", json::array{"pwd", "otp"}}})))->mfa);
  EXPECT_TRUE(Must(verifier->Verify(op_, Token(0, "one", {{"scope", "openid plant.mfa"}})))->mfa);
}

TEST(HasSecondFactor, LooksForWholeWords) {
  const auto has = [](std::string_view claims, std::string_view scope = "") {
    return HasSecondFactor(json::parse({claims.data(), claims.size()}).as_object(), scope);
  };
  for (const std::string_view claims :
       {R"({"amr":["mfa"]})", R"({"amr":["pwd","otp"]})", R"({"amr":["hwk"]})", R"({"amr":"mfa"})",
        R"({"acr":"phr"})",
        R"({"acr":"http://schemas.openid.net/pape/policies/2007/06/multi-factor"})"})
    EXPECT_TRUE(has(claims)) << claims;
  for (const std::string_view claims :
       {"{}", R"({"amr":["pwd"]})", R"({"amr":[]})", R"({"amr":["MFA"]})", R"({"amr":["mfa2"]})",
        R"({"amr":[["mfa"]]})", R"({"amr":{"mfa":true}})", R"({"amr":true})", R"({"acr":"1"})",
        R"({"acr":"mfa-not"})", R"({"scope":""})", R"({"scope":"mfa"})"})
    EXPECT_FALSE(has(claims)) << claims;

  EXPECT_TRUE(has(R"({"scope":"openid mfa"})", "mfa"));
  EXPECT_TRUE(has(R"({"scp":["openid","mfa"]})", "mfa"));
  EXPECT_TRUE(has(R"({"scp":"mfa openid"})", " openid  mfa "));
  EXPECT_FALSE(has(R"({"scope":"openid"})", "openid mfa"));
  EXPECT_FALSE(has(R"({"scope":"openid mfax"})", "mfa"));
  EXPECT_FALSE(has(R"({"scope":"openid mfa"})", ""));
  EXPECT_FALSE(has(R"({"scope":""})", "  "));
}

Result<Identity> IdentityOfText(std::string_view claims, bool mfa = false) {
  return IdentityOf(json::parse({claims.data(), claims.size()}).as_object(), mfa);
}

TEST(IdentityOf, TakesTheFirstClaimThatNamesTheUser) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"vams:tokens":"[\"Dana\",\"x\"]","cognito:username":"a","sub":"s"})", "Dana"},
      {R"({"vams:tokens":["Dana"],"sub":"s"})", "Dana"},
      {R"({"cognito:username":"a","username":"b","sub":"c","upn":"d","email":"e"})", "a"},
      {R"({"username":"b","sub":"c","upn":"d","email":"e"})", "b"},
      {R"({"sub":"c","upn":"d","email":"e"})", "c"},
      {R"({"upn":"d","email":"e"})", "d"},
      {R"({"email":"e"})", "e"},
      {R"({"username":"","sub":"c"})", "c"},
      {R"({"username":null,"sub":["c"],"email":"e"})", "e"},
      {R"({"sub":42})", "42"},
      {R"({"name":"Dana","preferred_username":"dana"})", ""},
      {R"({"sub":" Dana@Plant "})", " Dana@Plant "},
  };
  for (const auto& [claims, user] : cases) EXPECT_EQ(Must(IdentityOfText(claims)).user, user);
  // Cut at the NUL it would be another user.
  EXPECT_EQ(Must(IdentityOfText(R"({"sub":"admin\u0000x"})")).user, std::string("admin\0x", 7));
}

TEST(IdentityOf, RefusesUsersThatCannotBe) {
  for (const std::string_view claims :
       {R"({"vams:tokens":"dana","sub":"s"})", R"({"vams:tokens":"[]","sub":"s"})",
        R"({"vams:tokens":"[1]","sub":"s"})", R"({"vams:tokens":"[\"\"]","sub":"s"})",
        R"({"vams:tokens":"[\"a\",1]"})", R"({"vams:tokens":"","sub":"s"})",
        R"({"vams:tokens":{"a":1}})", R"({"vams:tokens":"\"[\\\"dana\\\"]\""})",
        R"({"vams:tokens":null,"sub":"s"})", R"({"sub":"SYSTEM_USER"})",
        R"({"vams:tokens":"[\"SYSTEM_USER\"]"})"})
    EXPECT_EQ(CodeOf(IdentityOfText(claims)), Code::kUnauthenticated) << claims;
}

TEST(IdentityOf, PassesEveryClaimOnAsText) {
  const auto identity = Must(IdentityOfText(
      R"({"sub":"u","vams:roles":"[\"admin\",\"viewer\"]","email":"d@p.example","auth_time":17,)"
      R"("exp":1.8e9,"groups":["a"],"ok":true,"nothing":null,"origin_jti":"j","vams:apiKeyId":"k"})",
      true));

  EXPECT_EQ(identity.role_claims, (std::vector<std::string>{"admin", "viewer"}));
  EXPECT_TRUE(identity.mfa);
  EXPECT_EQ(identity.email, "d@p.example");
  EXPECT_EQ(identity.auth_time, 17);
  EXPECT_EQ(identity.expires, 1'800'000'000);
  EXPECT_EQ(identity.api_key, "") << "no provider's claim makes a caller an API key";
  EXPECT_EQ(identity.session, "");
  EXPECT_EQ(identity.claims.at("groups"), R"(["a"])");
  EXPECT_EQ(identity.claims.at("ok"), "true");
  EXPECT_EQ(identity.claims.at("auth_time"), "17");
  EXPECT_EQ(identity.claims.at("vams:roles"), R"(["admin","viewer"])");
  EXPECT_EQ(identity.claims.at("nothing"), "null");

  EXPECT_EQ(Must(IdentityOfText(R"({"sub":"u","auth_time":"99"})")).auth_time, 99);
  EXPECT_EQ(Must(IdentityOfText(R"({"sub":"u","auth_time":"-9x"})")).auth_time, 0);
  EXPECT_TRUE(Must(IdentityOfText(R"({"sub":"u","vams:roles":"admin"})")).role_claims.empty());
}

}  // namespace
}  // namespace vams::identity
