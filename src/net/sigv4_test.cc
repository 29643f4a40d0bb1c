// The published test suite of signature version 4: its keys, its moment, its signatures.
#include "net/sigv4.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::net {
namespace {

constexpr std::string_view kToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

const SigningScope kSuite{
    .region = "us-east-1", .service = "service", .at_millis = 1'440'938'160'000};
const Credentials kKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", 0};

struct Vector {
  std::string name;
  std::string method;
  std::string path;
  std::string query;
  std::vector<Header> headers;  // beside host and date
  std::string body;
  std::string signed_headers;
  std::string signature;
};

std::vector<Vector> Vectors() {
  return {
      {"get-vanilla",
       "GET",
       "/",
       "",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       "Param2=value2&Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJ"
       "KLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "host;x-amz-date",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       "",
       {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-multiline",
       "GET",
       "/",
       "",
       {{"My-Header1", "value1,value2,value3"}},
       "",
       "host;my-header1;x-amz-date",
       "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
      {"get-header-value-trim",
       "GET",
       "/",
       "",
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla",
       "POST",
       "/",
       "",
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       "",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
}

SignedRequest RequestOf(const Vector& vector) {
  SignedRequest request{.method = vector.method,
                        .path = vector.path,
                        .query = vector.query,
                        .headers = vector.headers,
                        .payload_hash = HexEncode(Sha256(vector.body))};
  request.headers.push_back({"Host", "example.amazonaws.com"});
  return request;
}

std::string AuthorizationOf(const SignedRequest& request) {
  const auto* value = FindHeader(request.headers, "authorization");
  return value == nullptr ? "" : *value;
}

TEST(SigV4, SignsTheSuiteAsPublished) {
  for (const auto& vector : Vectors()) {
    SignedRequest request = RequestOf(vector);

    Sign(request, kSuite, kKeys);

    EXPECT_EQ(AuthorizationOf(request),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=" +
                  vector.signed_headers + ", Signature=" + vector.signature)
        << vector.name << "\n"
        << CanonicalRequest(request, kSuite);
  }
}

TEST(SigV4, SignsASessionTokenWithTheRequest) {
  SignedRequest request =
      RequestOf({.name = "post-sts-header-before", .method = "POST", .path = "/"});
  Credentials keys = kKeys;
  keys.session_token = std::string(kToken);

  Sign(request, kSuite, keys);

  EXPECT_EQ(*FindHeader(request.headers, "X-Amz-Security-Token"), kToken);
  EXPECT_EQ(AuthorizationOf(request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date;x-amz-security-token, "
            "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

TEST(SigV4, CanonicalRequestAndStringToSignAreThoseOfTheExample) {
  SignedRequest request = RequestOf(Vectors()[0]);
  request.headers.push_back({"X-Amz-Date", "20150830T123600Z"});

  const std::string canonical = CanonicalRequest(request, kSuite);

  EXPECT_EQ(canonical,
            "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(StringToSign(canonical, kSuite),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
            "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

TEST(SigV4, EncodesAPathOnceMoreExceptForS3) {
  SignedRequest request{.method = "POST", .path = "/functions/a%3Ab/invocations"};
  SigningScope s3 = kSuite;
  s3.encode_path = false;

  EXPECT_NE(CanonicalRequest(request, kSuite).find("/functions/a%253Ab/"), std::string::npos);
  EXPECT_NE(CanonicalRequest(request, s3).find("/functions/a%3Ab/"), std::string::npos);
}

TEST(SigV4, SignatureDependsOnEverythingSigned) {
  const auto signature = [](auto change) {
    SignedRequest request = RequestOf(Vectors()[0]);
    SigningScope scope = kSuite;
    Credentials keys = kKeys;
    change(request, scope, keys);
    Sign(request, scope, keys);
    return AuthorizationOf(request).substr(AuthorizationOf(request).find("Signature="));
  };
  const std::string plain = signature([](auto&, auto&, auto&) {});

  EXPECT_NE(plain, signature([](auto& r, auto&, auto&) { r.method = "PUT"; }));
  EXPECT_NE(plain, signature([](auto& r, auto&, auto&) { r.path = "/x"; }));
  EXPECT_NE(plain, signature([](auto& r, auto&, auto&) { r.query = "a=b"; }));
  EXPECT_NE(plain, signature([](auto& r, auto&, auto&) { r.payload_hash = "00"; }));
  EXPECT_NE(plain, signature([](auto&, auto& s, auto&) { s.region = "eu-west-1"; }));
  EXPECT_NE(plain, signature([](auto&, auto& s, auto&) { s.at_millis += 1000; }));
  EXPECT_NE(plain, signature([](auto&, auto&, auto& k) { k.secret_key = "other"; }));
}

}  // namespace
}  // namespace vams::net
