#include "http/compress.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "http/support_test.h"

namespace vams::http {
namespace {

Request Accepting(std::string_view value) {
  return MakeRequest(Verb::kGet, "/", {{"Accept-Encoding", value}});
}

std::string Gunzip(std::string_view packed) {
  z_stream z = {};
  std::string plain(1 << 22, '\0');
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  plain.resize(z.total_out);
  inflateEnd(&z);
  return plain;
}

const std::string kLong(5000, 'x');

Response LongJson() {
  Response response{.body = kLong};
  response.headers.Set("content-type", "application/json");
  return response;
}

bool IsPacked(const Response& response) { return response.headers.Has("content-encoding"); }

TEST(EncodingWeight, FollowsTheField) {
  struct Case {
    std::string_view field;
    int gzip;
    int identity;
  };
  const Case cases[] = {
      {"gzip", 1000, 1},
      {"GZIP, deflate, br", 1000, 1},
      {"x-gzip", 1000, 1},
      {"gzip;q=0", 0, 1},
      {"gzip; q=0.5", 500, 1},
      {"gzip;q=0.123, identity;q=1.000", 123, 1000},
      {"gzip ;Q=0.2", 200, 1},
      {"*", 1000, 1000},
      {"*;q=0", 0, 0},
      {"gzip, *;q=0", 1000, 0},
      {"identity;q=0, gzip", 1000, 0},
      {"*;q=0.5, gzip;q=0.1", 100, 500},
      {"", 0, 1},
      {",, ,gzip,", 1000, 1},
      {"br", 0, 1},
      {"gzip;q=2", 0, 1},
      {"gzip;q=", 0, 1},
      {"gzip;q=0.1234", 0, 1},
      {"gzip;q=x", 0, 1},
      {"gzip;q=1.5", 0, 1},
      {"gzipped", 0, 1},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(EncodingWeight(Accepting(one.field), "gzip"), one.gzip) << one.field;
    EXPECT_EQ(EncodingWeight(Accepting(one.field), "identity"), one.identity) << one.field;
  }
  const Request silent = MakeRequest(Verb::kGet, "/");
  EXPECT_FALSE(AcceptsEncoding(silent, "gzip"));
  EXPECT_TRUE(AcceptsEncoding(silent, "identity"));
  const Request two =
      MakeRequest(Verb::kGet, "/", {{"accept-encoding", "br"}, {"accept-encoding", "gzip"}});
  EXPECT_TRUE(AcceptsEncoding(two, "gzip"));
}

TEST(CompressIfWorthwhile, PacksAndSaysSo) {
  Response response = LongJson();
  response.headers.Set("etag", "\"abc\"");
  response.headers.Set("vary", "origin");
  CompressIfWorthwhile(Accepting("gzip, br"), response);
  EXPECT_EQ(HeaderOf(response, "content-encoding"), "gzip");
  EXPECT_EQ(HeaderOf(response, "vary"), "origin, accept-encoding");
  EXPECT_EQ(HeaderOf(response, "etag"), "\"abc-gzip\"");
  EXPECT_LT(response.body.size(), 200U);
  EXPECT_EQ(Gunzip(response.body), kLong);
}

TEST(CompressIfWorthwhile, KeepsAWeakTag) {
  Response response = LongJson();
  response.headers.Set("etag", "W/\"abc\"");
  CompressIfWorthwhile(Accepting("gzip"), response);
  EXPECT_TRUE(IsPacked(response));
  EXPECT_EQ(HeaderOf(response, "etag"), "W/\"abc\"");
}

TEST(CompressIfWorthwhile, PacksLargeBodiesToo) {
  std::string text;
  std::mt19937 random(7);  // the seed
  while (text.size() < 3'000'000) text += std::to_string(random() % 1000) + ",";
  Response response = LongJson();
  response.body = text;
  CompressIfWorthwhile(Accepting("gzip"), response);
  EXPECT_TRUE(IsPacked(response));
  EXPECT_TRUE(Gunzip(response.body) == text);
}

// A cache that is not told would send the plain form to everybody, which is harmless, or the packed
// one, which is not; so the plain answer carries Vary as well.
TEST(CompressIfWorthwhile, SendsThePlainFormWithVaryToThoseWhoPreferIt) {
  for (const std::string_view field : {"", "br", "gzip;q=0", "identity, gzip;q=0.5", "*;q=0"}) {
    Response response = LongJson();
    response.headers.Set("etag", "\"abc\"");
    CompressIfWorthwhile(Accepting(field), response);
    EXPECT_FALSE(IsPacked(response)) << field;
    EXPECT_EQ(response.body, kLong) << field;
    EXPECT_EQ(HeaderOf(response, "etag"), "\"abc\"") << field;
    EXPECT_EQ(HeaderOf(response, "vary"), "accept-encoding") << field;
  }
}

TEST(CompressIfWorthwhile, LeavesAloneWhatIsNotAWholePlainBody) {
  const auto untouched = [](Response response, const char* what) {
    const std::size_t fields = response.headers.size();
    const std::string body = response.body;
    CompressIfWorthwhile(Accepting("gzip"), response);
    EXPECT_EQ(response.headers.size(), fields) << what;
    EXPECT_EQ(response.body, body) << what;
  };
  Response response = LongJson();
  response.headers.Set("content-encoding", "br");
  untouched(response, "has a coding");
  response = LongJson();
  response.status = 206;
  response.headers.Set("content-range", "bytes 0-4999/9000");
  untouched(response, "is a part");
  response = LongJson();
  response.headers.Set("cache-control", "private, no-transform");
  untouched(response, "is not to be transformed");
  response = LongJson();
  response.body.resize(1023);
  untouched(response, "is small");
  response = LongJson();
  response.headers.Set("content-type", "image/png");
  untouched(response, "is compressed by itself");
  response = LongJson();
  response.file = FileBody{};
  untouched(response, "comes from a file");
}

TEST(CompressIfWorthwhile, KeepsABodyThatDoesNotShrink) {
  std::mt19937 random(3);  // the seed
  Response response = LongJson();
  for (char& c : response.body) c = static_cast<char>(random());
  const std::string body = response.body;
  CompressIfWorthwhile(Accepting("gzip"), response);
  EXPECT_FALSE(IsPacked(response));
  EXPECT_EQ(response.body, body);
}

TEST(IsCompressible, KnowsTextInItsForms) {
  for (const std::string_view type :
       {"application/json", "application/json; charset=utf-8", "TEXT/HTML", "text/javascript",
        "image/svg+xml", "application/problem+json", "application/wasm", "application/xml"})
    EXPECT_TRUE(IsCompressible(type)) << type;
  for (const std::string_view type : {"", "image/png", "application/octet-stream", "video/mp4",
                                      "text/event-stream", "application/zip", "+json"})
    EXPECT_FALSE(IsCompressible(type)) << type;
}

TEST(AddVary, AddsANameOnce) {
  Response response;
  response.headers.Add("vary", "Origin");
  response.headers.Add("vary", "Accept");
  AddVary(response, "accept");
  EXPECT_EQ(response.headers.size(), 2U);
  AddVary(response, "accept-encoding");
  EXPECT_EQ(HeaderOf(response, "vary"), "Origin, Accept, accept-encoding");
  Response any;
  any.headers.Set("vary", "*");
  AddVary(any, "accept");
  EXPECT_EQ(HeaderOf(any, "vary"), "*");
}

}  // namespace
}  // namespace vams::http
