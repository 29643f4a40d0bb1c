#include "identity/jwt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "identity/jwt_test.h"

namespace vams::identity {
namespace {

namespace json = boost::json;
using test::KeyNumber;
using test::Must;
using test::RawToken;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::string_view kHeader = R"({"alg":"RS256","typ":"JWT","kid":"one"})";

// RFC 7515, appendix A.2.
constexpr std::string_view kRfcModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view kRfcToken =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

json::object RfcJwk() { return {{"kty", "RSA"}, {"n", kRfcModulus}, {"e", "AQAB"}}; }

TokenRules Rules() {
  return {.issuer = "https://id.example", .audience = "vams", .now_seconds = kNow};
}

json::object Claims() {
  return {{"iss", "https://id.example"},
          {"aud", "vams"},
          {"exp", kNow + 3600},
          {"iat", kNow},
          {"sub", "u-1"},
          {"username", "dana"}};
}

// Keys "one" and "two".
const KeySet& Keys() {
  static const KeySet& keys = *new KeySet{{"one", KeyNumber(0)}, {"two", KeyNumber(1)}};
  return keys;
}

Status Check(std::string_view token, const TokenRules& rules = Rules()) {
  TRY(const auto parsed, ParseToken(token));
  return VerifyToken(parsed, Keys(), rules);
}

// With one claim changed, or left out where the value is null.
Status CheckWith(std::string_view claim, json::value value, const TokenRules& rules = Rules()) {
  json::object claims = Claims();
  if (value.is_null())
    claims.erase(claim);
  else
    claims[claim] = std::move(value);
  return Check(Must(MakeToken(KeyNumber(0), "one", claims)), rules);
}

std::string ReasonOf(const Status& status) {
  return status.ok() ? "taken" : status.error().details;
}

// The whole of what a client may learn is that it was refused; why is for the log.
void ExpectRefused(const Status& status, std::string_view reason) {
  ASSERT_FALSE(status.ok()) << "expected: " << reason;
  EXPECT_EQ(status.error().code, Code::kUnauthenticated) << status.error().message;
  EXPECT_EQ(status.error().message, "the token is not valid; sign in again");
  EXPECT_NE(status.error().details.find(reason), std::string::npos)
      << status.error().details << " instead of " << reason;
}

TEST(Base64Url, EncodesWithoutPaddingAndReadsItBack) {
  EXPECT_EQ(Base64UrlEncode("\xfb\xff"), "-_8");
  EXPECT_EQ(Base64UrlEncode(""), "");
  for (const std::string_view bytes : {"", "a", "ab", "abc", "\xfb\xff\xfe"})
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
}

TEST(Base64Url, RefusesEverySecondWayToWriteTheSameBytes) {
  using std::string_view_literals::operator""sv;
  // Padding, the standard alphabet, blanks, bits that say nothing, a length that cannot be.
  for (const auto text : {"YQ=="sv, "YWI="sv, "+_8"sv, "-/8"sv, "Y Q"sv, "YQ\n"sv, "YR"sv, "YWJ"sv,
                          "Y"sv, "YWJjY"sv, "YQ\0\0"sv, "Y\0Q"sv, "=YQ"sv, "Y\xc3\xa4Q"sv})
    EXPECT_EQ(Base64UrlDecode(text), std::nullopt) << text;
}

TEST(RsaKey, VerifiesThePublishedExampleAndNothingElse) {
  const RsaKey key = Must(RsaKey::FromJwk(RfcJwk()));
  const auto parsed = Must(ParseToken(kRfcToken));
  EXPECT_TRUE(key.VerifyRs256(parsed.signed_text, parsed.signature));
  EXPECT_EQ(parsed.claims.at("iss"), "joe");
  EXPECT_EQ(parsed.key_id, "");

  std::string other = parsed.signed_text;
  other.back() ^= 1;
  EXPECT_FALSE(key.VerifyRs256(other, parsed.signature));
  EXPECT_FALSE(key.VerifyRs256(parsed.signed_text, parsed.signature.substr(1)));
  EXPECT_FALSE(key.VerifyRs256(parsed.signed_text, parsed.signature + '\0'));
  EXPECT_FALSE(key.VerifyRs256(parsed.signed_text, ""));
  EXPECT_FALSE(KeyNumber(0).VerifyRs256(parsed.signed_text, parsed.signature));
  // What OpenSSL noted about a bad signature must not surface in a later TLS call of this thread.
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(RsaKey, HasThePublishedThumbprint) {
  // RFC 7638, section 3.1.
  const json::object jwk = {
      {"kty", "RSA"},
      {"n",
       "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
       "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qv"
       "zqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We"
       "Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"},
      {"e", "AQAB"},
      {"alg", "RS256"},
      {"kid", "2011-04-29"}};
  EXPECT_EQ(Must(RsaKey::FromJwk(jwk)).Thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(RsaKey, ReadsBackWhatItWrites) {
  const RsaKey& key = KeyNumber(0);
  const RsaKey again = Must(RsaKey::FromPrivatePem(key.PrivatePem()));
  const RsaKey as_public = Must(RsaKey::FromJwk(key.PublicJwk("one")));

  EXPECT_EQ(again.Thumbprint(), key.Thumbprint());
  EXPECT_EQ(as_public.Thumbprint(), key.Thumbprint());
  EXPECT_EQ(key.PublicJwk("one").at("kid"), "one");
  EXPECT_FALSE(key.PublicJwk("one").contains("d"));
  EXPECT_TRUE(as_public.VerifyRs256("text", Must(again.SignRs256("text"))));
  const auto unsigned_text = as_public.SignRs256("text");
  ASSERT_FALSE(unsigned_text.ok());
  EXPECT_EQ(unsigned_text.error().code, Code::kInternal);
}

TEST(RsaKey, RefusesKeysThatAreWeakOrOfAnotherKind) {
  const auto with = [](std::string_view name, const auto& value) {
    json::object jwk = RfcJwk();
    jwk[name] = value;
    return RsaKey::FromJwk(jwk);
  };
  const std::string modulus = *Base64UrlDecode(kRfcModulus);
  std::string even = modulus;
  even.back() &= '\xfe';
  const std::string huge = "\x01" + std::string(1024, '\xff');

  for (const auto& key :
       {with("kty", "EC"), with("kty", 1), with("n", nullptr), with("n", ""), with("n", "####"),
        with("n", Base64UrlEncode(modulus.substr(0, 255))), with("n", Base64UrlEncode(even)),
        with("n", Base64UrlEncode(huge)), with("n", Base64UrlEncode(std::string(100'000, '\xff'))),
        with("e", "AQ"), with("e", "AA"), with("e", "Ag"), with("e", kRfcModulus)}) {
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().code, Code::kInvalid);
  }
  EXPECT_TRUE(with("n", Base64UrlEncode(std::string(1, '\0') + modulus)).ok());

  for (const std::string_view pem :
       {"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"})
    EXPECT_EQ(RsaKey::FromPrivatePem(pem).error().code, Code::kInvalid);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(KeySet, LeavesOutKeysOfOtherUses) {
  json::object good = RfcJwk();
  good["kid"] = "good";
  json::array keys = {good, json::object{{"kty", "EC"}, {"crv", "P-256"}, {"kid", "ec"}},
                      json::object{{"kty", "oct"}, {"k", "AAAA"}, {"kid", "secret"}}};
  const auto add = [&](std::string_view id, std::string_view member, json::value value) {
    json::object jwk = RfcJwk();
    jwk["kid"] = id;
    jwk[member] = std::move(value);
    keys.push_back(std::move(jwk));
  };
  add("encrypts", "use", "enc");
  add("pss", "alg", "PS256");
  add("wraps", "key_ops", json::array{"wrapKey"});
  add("verifies", "key_ops", json::array{"verify"});
  add("numbered", "kid", 7);
  add("good", "e", "Aw");  // a second key of that name: the first stays

  const auto set = Must(ParseKeySet(json::serialize(json::object{{"keys", std::move(keys)}})));

  ASSERT_EQ(set.size(), 2u);
  EXPECT_TRUE(set.contains("verifies"));
  EXPECT_EQ(set.at("good").PublicJwk("").at("e"), "AQAB");
}

TEST(KeySet, RefusesWhatIsNoKeySet) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[]} x)",
        R"({"keys":[],"keys":[]})", "<html></html>", "{\"keys\":[\"\xff\"]}"}) {
    const auto set = ParseKeySet(text);
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_EQ(set.error().code, Code::kInvalid);
  }
  EXPECT_EQ(Must(ParseKeySet(R"({"keys":[]})")).size(), 0u);
  const auto again = Must(ParseKeySet(json::serialize(KeySetJson(Keys()))));
  EXPECT_EQ(again.at("two").Thumbprint(), KeyNumber(1).Thumbprint());
}

TEST(Token, IsTakenWhenEverythingFits) {
  const auto token = Must(MakeToken(KeyNumber(0), "one", Claims()));

  const auto parsed = Must(ParseToken(token));

  EXPECT_EQ(parsed.claims, Claims());
  EXPECT_EQ(parsed.key_id, "one");
  EXPECT_EQ(ReasonOf(VerifyToken(parsed, Keys(), Rules())), "taken");
}

TEST(Token, IsRefusedWhenAnyOfItsCharactersIsAnother) {
  const auto token = Must(MakeToken(KeyNumber(0), "one", Claims()));
  ASSERT_TRUE(Check(token).ok());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'Q', '_', '.', '='}) {
      if (token[i] == c) continue;
      std::string other = token;
      other[i] = c;
      EXPECT_FALSE(Check(other).ok()) << "at " << i << ": " << other;
    }
    EXPECT_FALSE(Check(token.substr(0, i)).ok()) << "cut at " << i;
  }
}

TEST(Token, IsRefusedInAnyOtherForm) {
  using std::string_literals::operator""s;
  const auto token = Must(MakeToken(KeyNumber(0), "one", Claims()));
  for (const std::string& text :
       {""s, "."s, ".."s, "..."s, "a.b.c"s, "vams_secret"s, token + ".", "." + token, token + "=",
        " " + token, token + "\n", token + "\0"s, "\0"s + token, token + "." + token,
        token.substr(0, token.rfind('.')), token.substr(0, token.rfind('.') + 1)})
    EXPECT_EQ(ParseToken(text).ok() && Check(text).ok(), false) << text;

  for (const std::string_view claims :
       {"", "null", "[]", R"("text")", "{", R"({"a":1}{})", R"({"a":1,})", R"({"a":NaN})",
        "{\"a\":\"\xff\"}", "{\"a\":\"\x01\"}", R"({"sub":"a","sub":"b"})",
        R"({"x":[{"y":1,"y":1}]})", R"({"sub":"a","\u0073ub":"b"})"})
    ExpectRefused(Check(RawToken(KeyNumber(0), kHeader, claims)), "no strict JSON");
  ExpectRefused(Check(RawToken(KeyNumber(0), R"({"alg":"RS256","alg":"RS256","kid":"one"})", "{}")),
                "no strict JSON");
}

TEST(Token, IsRefusedWhenHugeOrDeeplyNested) {
  ExpectRefused(Check(std::string(kMaxTokenBytes + 1, 'a')), "bytes, where");
  ExpectRefused(Check(std::string(kMaxTokenBytes, 'a')), "not three parts");
  ExpectRefused(Check(std::string(kMaxTokenBytes, '.')), "not three parts");
  const std::string brackets = std::string(5000, '[') + std::string(5000, ']');
  ExpectRefused(Check(RawToken(KeyNumber(0), kHeader, R"({"x":)" + brackets + "}")),
                "no strict JSON");
  ExpectRefused(CheckWith("exp", 1e300), "exp is missing or no time");

  json::object claims = Claims();
  claims["vams:roles"] = std::string(kMaxTokenBytes, 'r');
  const auto too_large = MakeToken(KeyNumber(0), "one", claims);
  ASSERT_FALSE(too_large.ok());
  EXPECT_EQ(too_large.error().code, Code::kTooLarge);
}

TEST(Token, IsRefusedWithAnyAlgorithmButRs256) {
  const std::string claims = json::serialize(Claims());
  for (const std::string_view header :
       {R"({"alg":"none","kid":"one"})", R"({"alg":"None","kid":"one"})",
        R"({"alg":"rs256","kid":"one"})", R"({"alg":"RS512","kid":"one"})",
        R"({"alg":"HS256","kid":"one"})", R"({"alg":["RS256"],"kid":"one"})", R"({"kid":"one"})",
        R"({"alg":null,"kid":"one"})"})
    ExpectRefused(Check(RawToken(KeyNumber(0), header, claims)), "the algorithm is not RS256");

  // The classical forgeries: no signature at all, and the public key taken for a shared secret.
  const std::string none =
      Base64UrlEncode(R"({"alg":"none"})") + "." + Base64UrlEncode(claims) + ".";
  ExpectRefused(Check(none), "the algorithm is not RS256");
  const std::string text =
      Base64UrlEncode(R"({"alg":"HS256","kid":"one"})") + "." + Base64UrlEncode(claims);
  const std::string secret = json::serialize(KeyNumber(0).PublicJwk("one"));
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  ExpectRefused(Check(text + "." + Base64UrlEncode({reinterpret_cast<const char*>(mac), size})),
                "the algorithm is not RS256");
}

TEST(Token, HeadersBesideTheAlgorithmHardlyMatter) {
  const std::string claims = json::serialize(Claims());
  const auto with = [&](std::string_view members) {
    return Check(RawToken(KeyNumber(0), fmt::format(R"({{"alg":"RS256",{}}})", members), claims));
  };
  EXPECT_EQ(ReasonOf(with(R"("kid":"one","typ":"at+jwt")")), "taken");
  EXPECT_EQ(ReasonOf(with(R"("kid":"one","typ":7,"x5t":"abc")")), "taken");
  EXPECT_EQ(ReasonOf(with(R"("kid":"one","jwk":{"kty":"oct"},"jku":"https://evil.example")")),
            "taken");
  ExpectRefused(with(R"("kid":"one","crit":["exp"])"), "critical headers");
  ExpectRefused(with(R"("kid":"one","crit":null)"), "critical headers");
  ExpectRefused(with(R"("kid":1)"), "kid is no text");
}

TEST(Token, IsRefusedWithAnotherKeyAndUnknownKeysAreTold) {
  ExpectRefused(Check(Must(MakeToken(KeyNumber(1), "one", Claims()))), "the signature is wrong");

  const auto unknown = Check(Must(MakeToken(KeyNumber(0), "three", Claims())));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kNotFound);

  const auto nameless = RawToken(KeyNumber(0), R"({"alg":"RS256"})", json::serialize(Claims()));
  ExpectRefused(Check(nameless), "names none of several keys");
  const auto parsed = Must(ParseToken(nameless));
  const KeySet only_one{{"one", KeyNumber(0)}}, only_other{{"two", KeyNumber(1)}};
  EXPECT_EQ(ReasonOf(VerifyToken(parsed, only_one, Rules())), "taken");
  ExpectRefused(VerifyToken(parsed, only_other, Rules()), "the signature is wrong");
  ExpectRefused(VerifyToken(parsed, {}, Rules()), "names none");
}

TEST(Token, DiesAtTheVerySecondOfItsExpiry) {
  EXPECT_EQ(ReasonOf(CheckWith("exp", kNow + 1)), "taken");
  ExpectRefused(CheckWith("exp", kNow), "expired at");
  ExpectRefused(CheckWith("exp", kNow - 1), "expired at");
  EXPECT_EQ(ReasonOf(CheckWith("exp", 1.7e9 + 1)), "taken");
  EXPECT_EQ(ReasonOf(CheckWith("exp", 1.7e9 + 1.5)), "taken");
  ExpectRefused(CheckWith("exp", 1.7e9), "expired at");
  ExpectRefused(CheckWith("exp", 1.7e9 + 0.5), "expired at");
  const auto written = RawToken(KeyNumber(0), kHeader,
                                R"({"iss":"https://id.example","aud":"vams","exp":1.700003600e9})");
  EXPECT_EQ(ReasonOf(Check(written)), "taken");

  for (const json::value& no_time :
       {json::value(nullptr), json::value("1700003600"), json::value(true), json::value(-1),
        json::value(std::uint64_t{1} << 63), json::value(-1e9), json::value(json::array{kNow + 1})})
    ExpectRefused(CheckWith("exp", no_time), "exp is missing or no time");
}

TEST(Token, IsRefusedBeforeItsTime) {
  for (const std::string_view claim : {"nbf", "iat"}) {
    EXPECT_EQ(ReasonOf(CheckWith(claim, kNow + 60)), "taken");
    EXPECT_EQ(ReasonOf(CheckWith(claim, nullptr)), "taken");
    ExpectRefused(CheckWith(claim, kNow + 61), "is in the future");
    ExpectRefused(CheckWith(claim, 9e15), "is in the future");
    ExpectRefused(CheckWith(claim, "1700000000"), "is no time");
    ExpectRefused(CheckWith(claim, -1), "is no time");
  }
}

TEST(Token, IsRefusedFromAnotherIssuer) {
  for (const json::value& issuer :
       {json::value(nullptr), json::value("https://id.example/"), json::value("https://ID.example"),
        json::value("https://id.example.evil"), json::value(json::array{"https://id.example"}),
        json::value("")})
    ExpectRefused(CheckWith("iss", issuer), "another issuer");
  TokenRules rules = Rules();
  rules.issuer = "";
  ExpectRefused(CheckWith("iss", "", rules), "no issuer or no audience is configured");
}

TEST(Token, IsRefusedForAnotherAudience) {
  EXPECT_EQ(ReasonOf(CheckWith("aud", json::array{"other", "vams"})), "taken");
  ExpectRefused(CheckWith("aud", "other"), "another audience");
  ExpectRefused(CheckWith("aud", "VAMS"), "another audience");
  ExpectRefused(CheckWith("aud", json::array{}), "another audience");
  ExpectRefused(CheckWith("aud", json::array{"other"}), "another audience");
  ExpectRefused(CheckWith("aud", json::array{"vams", 1}), "no list of texts");
  ExpectRefused(CheckWith("aud", json::object{{"vams", 1}}), "another audience");
  ExpectRefused(CheckWith("aud", nullptr), "neither aud nor client_id");
  TokenRules rules = Rules();
  rules.audience = "";
  ExpectRefused(CheckWith("aud", "", rules), "no issuer or no audience is configured");

  // Access tokens of Cognito have no audience; where there is one, client_id does not help.
  json::object claims = Claims();
  claims["client_id"] = "vams";
  claims["aud"] = "other";
  ExpectRefused(Check(Must(MakeToken(KeyNumber(0), "one", claims))), "another audience");
  claims.erase("aud");
  EXPECT_EQ(ReasonOf(Check(Must(MakeToken(KeyNumber(0), "one", claims)))), "taken");
}

TEST(Token, UseIsLookedAtWhereAsked) {
  TokenRules rules = Rules();
  rules.token_uses = {"id", "access"};
  EXPECT_EQ(ReasonOf(CheckWith("token_use", "access", rules)), "taken");
  ExpectRefused(CheckWith("token_use", "refresh", rules), "token_use");
  ExpectRefused(CheckWith("token_use", nullptr, rules), "token_use");
  ExpectRefused(CheckWith("token_use", json::array{"access"}, rules), "token_use");
}

}  // namespace
}  // namespace vams::identity
