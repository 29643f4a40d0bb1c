#include "audit/mask.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "audit/event.h"
#include "base/encoding.h"

namespace vams::audit {

namespace json = boost::json;

namespace {

constexpr std::string_view kPassword = "correct-horse-9";
constexpr std::string_view kKey =
    "vams_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4";
constexpr std::string_view kToken =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLWJ5dGVz";

std::string Masked(const json::object& object) {
  std::string out;
  AppendMasked(out, object);
  return out;
}

TEST(Mask, KnowsSecretNamesWhateverTheirSpelling) {
  for (const char* name : {"authorization",
                           "Authorization",
                           "AUTHORIZATION",
                           "idJwtToken",
                           "Credentials",
                           "AccessKeyId",
                           "SecretAccessKey",
                           "SessionToken",
                           "password",
                           "Password",
                           "newPassword",
                           "NEW_PASSWORD",
                           "apiKey",
                           "x-api-key",
                           "token",
                           "refreshToken",
                           "refresh_token",
                           "idToken",
                           "accessToken",
                           "Cookie",
                           "cookies",
                           "Set-Cookie",
                           "session",
                           "mfaCode",
                           "SOFTWARE_TOKEN_MFA_CODE",
                           "secret",
                           "clientSecret",
                           "SECRET_HASH",
                           "code",
                           "X-Amz-Security-Token",
                           "X-Amz-Signature",
                           "custom:token",
                           "recoveryCodes"})
    EXPECT_TRUE(IsSecretName(name)) << name;
  for (const char* name : {"", "apiKeyId", "apiKeyName", "statusCode", "errorCode", "mfaRequired",
                           "mfaEnabled", "vams:tokens", "token_use", "nextToken", "startingToken",
                           "NextToken", "sessionId", "userId", "keyword", "author", "path"})
    EXPECT_FALSE(IsSecretName(name)) << name;
}

TEST(Mask, ReplacesValuesOfSecretNamesOnly) {
  EXPECT_EQ(Masked({{"a", 1}, {"Password", "x"}, {"b", {{"TOKEN", {1, 2}}, {"c", nullptr}}}}),
            R"({"a":1,"Password":"<redacted>","b":{"TOKEN":"<redacted>","c":null}})");
  EXPECT_EQ(Masked({{"list", {{{"secret", 1}}, "x", {{"d", {{"code", "1"}}}}}}}),
            R"({"list":[{"secret":"<redacted>"},"x",{"d":{"code":"<redacted>"}}]})");
}

TEST(Mask, ReplacesValuesBesideSecretNames) {
  EXPECT_EQ(Masked({{"attributes",
                     {{{"Name", "email"}, {"Value", "a@b"}},
                      {{"Name", "New_Password"}, {"Value", "x"}}}}}),
            R"({"attributes":[{"Name":"email","Value":"a@b"},)"
            R"({"Name":"New_Password","Value":"<redacted>"}]})");
  EXPECT_EQ(Masked({{"metadataKey", "apiKey"}, {"metadataValue", "x"}, {"b", "y"}}),
            R"({"metadataKey":"apiKey","metadataValue":"<redacted>","b":"y"})");
}

TEST(Mask, ReplacesKeysAndTokensInTexts) {
  const std::string key(kKey), token(kToken);
  EXPECT_EQ(MaskText("vams_x"), "<redacted>") << "whatever begins like a key";
  EXPECT_EQ(MaskText("/database/vams_demo"), "/database/vams_demo") << "too short for a key";
  EXPECT_EQ(MaskText("key " + key + ", please"), "key <redacted>, please");
  EXPECT_EQ(MaskText("a " + token + " b " + token), "a <redacted> b <redacted>");
  EXPECT_EQ(MaskText("Bearer abcdef-123456"), "Bearer <redacted>");
  EXPECT_EQ(MaskText("got: bEARER " + token), "got: bEARER <redacted>");
  EXPECT_EQ(MaskText("Basic dXNlcjpwdw=="), "Basic <redacted>");
  EXPECT_EQ(MaskText("https://h/x?a=1&X-Amz-Signature=abc&b=2"),
            "https://h/x?a=1&X-Amz-Signature=<redacted>&b=2");
  EXPECT_EQ(MaskText("pass%77ord=hunter2&user=ann"), "pass%77ord=<redacted>&user=ann");
  EXPECT_EQ(MaskText("a=1; session=\"x y\"; b=2"), "a=1; session=<redacted>; b=2");
  EXPECT_EQ(MaskText("eyJhIjoxLCJiIjoyLCJjIjozfQ=="), "eyJhIjoxLCJiIjoyLCJjIjozfQ==")
      << "the position in a list";
  EXPECT_EQ(MaskText("[draft] {databaseId} a = b: c"), "[draft] {databaseId} a = b: c");
}

TEST(Mask, LooksIntoBodies) {
  EXPECT_EQ(
      Masked({{"body", R"({"userId": "ann", "password": "pw", "x": [{"Token": 5}]})"}}),
      R"({"body":"{\"userId\":\"ann\",\"password\":\"<redacted>\",\"x\":[{\"Token\":\"<redacted>\"}]}"})");
  EXPECT_EQ(Masked({{"body", R"({"password": "pw", )"}}),
            R"({"body":"<redacted: 19 bytes, not valid JSON>"})");
  EXPECT_EQ(Masked({{"body", R"(x {"password" : "pw"})"}}),
            R"({"body":"<redacted: 21 bytes, not valid JSON>"})");
  EXPECT_EQ(Masked({{"body", R"("{\"password\":\"pw\"}")"}}),
            R"({"body":"<redacted: 23 bytes, not valid JSON>"})")
      << "JSON in a JSON text";
  EXPECT_EQ(Masked({{"body", "grant_type=password&password=pw&client_secret=s"}}),
            R"({"body":"grant_type=password&password=<redacted>&client_secret=<redacted>"})");
}

TEST(Mask, CutsWhatIsLong) {
  const std::string umlauts = [] {
    std::string text = "x";
    for (int i = 0; i < 5000; ++i) text += "ü";
    return text;
  }();
  const std::string text = MaskText(umlauts);
  EXPECT_TRUE(IsUtf8(text));
  EXPECT_EQ(text, umlauts.substr(0, 8191) + " <cut: 10001 bytes>");
  EXPECT_EQ(MaskText(std::string(8192, 'a')), std::string(8192, 'a'));
  EXPECT_EQ(MaskText(std::string(300'000, 'a')), "<redacted: 300000 bytes>");

  const std::string body = Masked({{"body",
                                    {{"text", std::string(8000, 'a')},
                                     {"password", kPassword},
                                     {"more", std::string(8000, 'b')}}}});
  EXPECT_LT(body.size(), 8500U);
  EXPECT_EQ(body.find(kPassword), body.npos);
  EXPECT_NE(body.find("<cut: "), body.npos);

  json::object many;
  for (int i = 0; i < 5000; ++i) many["member-" + std::to_string(i)] = "value of the member";
  const std::string cut = Masked(many);
  EXPECT_LT(cut.size(), 12'000U);
  EXPECT_TRUE(cut.starts_with(R"({"truncated":"{\"member-0\":)")) << cut.substr(0, 40);
  EXPECT_TRUE(json::parse(cut).is_object());
}

TEST(Mask, EndsOnEndlessNesting) {
  json::value deep = "x";
  for (int i = 0; i < 200; ++i) deep = json::array{deep};
  EXPECT_NE(Masked({{"deep", deep}}).find("<redacted>"), std::string::npos);
  std::string text = R"({"password":"pw"})";
  for (int i = 0; i < 6; ++i) text = json::serialize(json::object{{"a", text}});
  EXPECT_EQ(Masked({{"body", text}}).find("pw"), std::string::npos);
}

// The canary: three secrets in every place of an event that a request or a handler can fill.  None
// of them may be in the line.
TEST(Mask, NoSecretReachesALineFromAnywhere) {
  const std::string key(kKey), token(kToken), password(kPassword);
  const std::vector<std::string> secrets = {key, token, password};
  std::vector<json::object> objects;
  for (const auto& secret : {key, token}) {
    objects.push_back({{"x", secret}});
    objects.push_back({{secret, "x"}});
    objects.push_back({{"x", {{"y", {1, {{"z", secret}}}}}}});
    objects.push_back({{"headers", {{"X-Other", "some " + secret + " text"}}}});
    objects.push_back({{"path", "/confirm/" + secret}});
    objects.push_back({{"rawQuery", "a=b&c=" + secret}});
    objects.push_back({{"body", "not json " + secret}});
    objects.push_back({{"body", json::serialize(json::value{{"deep", {secret}}})}});
    objects.push_back({{"obj", {{"object__type", "asset"}, {"assetName", secret}}}});
  }
  for (const auto* name : {"password", "newPassword", "secret", "session", "mfaCode", "token",
                           "Cookie", "Authorization", "code"}) {
    const std::string upper = [&] {
      std::string text = name;
      for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      return text;
    }();
    for (const std::string& spelled : {std::string(name), upper}) {
      objects.push_back({{spelled, password}});
      objects.push_back({{"body", json::serialize(json::value{{spelled, password}})}});
      objects.push_back({{"body", json::serialize(json::value{{{spelled, {password}}}, 1})}});
      objects.push_back({{"body", "{\"" + spelled + "\": \"" + password}});
      objects.push_back({{"body", "a=1&" + spelled + "=" + password}});
      objects.push_back({{"queryStringParameters", {{spelled, password}}}});
      objects.push_back({{"path", "/x?" + spelled + "=" + password}});
      objects.push_back({{"list", {{{"name", "a"}, {spelled, password}}}}});
    }
  }
  std::vector<Event> events;
  for (const auto& object : objects) {
    events.push_back({.request = object});
    events.push_back({.payload = object});
  }
  for (const auto& secret : {key, token}) {
    events.push_back({.actor = {.user = secret}});
    events.push_back({.actor = {.roles = {secret}}});
    events.push_back({.type = secret});
  }
  for (const auto& event : events) {
    const std::string text = TextOf(event);
    for (const auto& secret : secrets)
      EXPECT_EQ(text.find(secret.substr(0, 15)), text.npos) << text;
  }
}

}  // namespace

}  // namespace vams::audit
