#include "http/conditional.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "http/support_test.h"

namespace vams::http {
namespace {

using testing::HasSubstr;
using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kLater = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::int64_t kSeconds = 784111777;

Conditions Check(Verb verb, Fields fields, const Validators& validators) {
  return CheckConditions(MakeRequest(verb, "/", fields), validators);
}

Response Whole() {
  Response response{.body = "0123456789"};
  response.headers.Set("content-type", "text/plain");
  response.headers.Set("content-security-policy", "default-src 'self'");
  response.headers.Set("etag", "\"v1\"");
  response.headers.Set("last-modified", kDate);
  response.headers.Set("cache-control", "no-cache");
  response.caller = "ada";
  return response;
}

Response Applied(Fields fields, Verb verb = Verb::kGet) {
  Response response = Whole();
  ApplyConditionsAndRange(MakeRequest(verb, "/", fields), response);
  EXPECT_EQ(response.caller, "ada");
  return response;
}

TEST(ParseHttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), kSeconds);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), kSeconds);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), kSeconds);
  EXPECT_EQ(ParseHttpDate("Thu, 29 Feb 2024 23:59:60 GMT"), 1709251200);
  for (const std::string_view bad :
       {"", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT", "Sun, -6 Nov 1994 08:49:37 GMT x",
        "Sun, 06 anF 1994 08:49:37 GMT"})
    EXPECT_FALSE(ParseHttpDate(bad)) << bad;
}

TEST(CheckConditions, MatchesStronglyForIfMatch) {
  const Validators strong{.etag = "\"a\""};
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"a\""}}, strong), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"x\", \"a\""}}, strong), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"x\""}, {"if-match", "\"a\""}}, strong),
            Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "*"}}, strong), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"b\""}}, strong), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "W/\"a\""}}, strong), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "W/\"a\""}}, {.etag = "W/\"a\""}), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "*"}}, {.exists = false}), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"a\""}}, {.exists = false}), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "a"}}, strong), Conditions::kFailed) << "no quotes";
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", ""}}, strong), Conditions::kFailed);
}

TEST(CheckConditions, MatchesWeaklyForIfNoneMatch) {
  const Validators strong{.etag = "\"a,b\""};
  for (const Verb verb : {Verb::kGet, Verb::kHead}) {
    EXPECT_EQ(Check(verb, {{"if-none-match", "W/\"a,b\""}}, strong), Conditions::kNotModified);
    EXPECT_EQ(Check(verb, {{"if-none-match", "\"x\" , \"a,b\""}}, strong),
              Conditions::kNotModified);
    EXPECT_EQ(Check(verb, {{"if-none-match", "*"}}, strong), Conditions::kNotModified);
  }
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"a\""}}, strong), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"x\", bad, \"a,b\""}}, strong),
            Conditions::kGoOn)
      << "a broken list counts only up to the break";
  EXPECT_EQ(Check(Verb::kPut, {{"if-none-match", "\"a,b\""}}, strong), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-none-match", "*"}}, strong), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-none-match", "*"}}, {.exists = false}), Conditions::kGoOn);
}

TEST(CheckConditions, ComparesDatesToTheSecond) {
  const Validators dated{.last_modified = kSeconds};
  EXPECT_EQ(Check(Verb::kGet, {{"if-modified-since", kDate}}, dated), Conditions::kNotModified);
  EXPECT_EQ(Check(Verb::kGet, {{"if-modified-since", kEarlier}}, dated), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-modified-since", kDate}}, dated), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-unmodified-since", kDate}}, dated), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kPut, {{"if-unmodified-since", kEarlier}}, dated), Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kPut, {{"if-unmodified-since", "soon"}}, dated), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kGet, {{"if-modified-since", kDate}}, {}), Conditions::kGoOn);
}

// RFC 9110 section 13.2.2: tags go before dates, and If-Match before If-None-Match.
TEST(CheckConditions, KeepsThePrecedence) {
  const Validators both{.etag = "\"a\"", .last_modified = kSeconds};
  EXPECT_EQ(Check(Verb::kGet, {{"if-match", "\"a\""}, {"if-unmodified-since", kEarlier}}, both),
            Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"b\""}, {"if-modified-since", kLater}}, both),
            Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"a\""}, {"if-match", "\"b\""}}, both),
            Conditions::kFailed);
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"a\""}, {"if-match", "\"a\""}}, both),
            Conditions::kNotModified);
}

// The answer is compressed after its conditions were looked at, and its tag changes then; the
// client sends that tag back.
TEST(CheckConditions, KnowsTheTagOfTheCompressedForm) {
  const Validators strong{.etag = "\"a\""};
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"a-gzip\""}}, strong), Conditions::kNotModified);
  EXPECT_EQ(Check(Verb::kPut, {{"if-match", "\"a-gzip\""}}, strong), Conditions::kGoOn);
  EXPECT_EQ(Check(Verb::kGet, {{"if-match", "\"a-gzip\""}, {"range", "bytes=0-1"}}, strong),
            Conditions::kFailed)
      << "the bytes of a part are those of the plain form";
  EXPECT_EQ(Check(Verb::kGet, {{"if-none-match", "\"b-gzip\""}}, strong), Conditions::kGoOn);
  EXPECT_EQ(TagOfGzip("\"a\""), "\"a-gzip\"");
  EXPECT_EQ(TagOfGzip("W/\"a\""), "W/\"a\"");
}

TEST(ApplyConditionsAndRange, SendsNotModifiedWithoutWhatDescribesTheBody) {
  const Response response = Applied({{"if-none-match", "\"v1\""}, {"range", "bytes=0-1"}});
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(HeaderOf(response, "etag"), "\"v1\"");
  EXPECT_EQ(HeaderOf(response, "cache-control"), "no-cache");
  EXPECT_TRUE(response.headers.Has("content-security-policy"));
  EXPECT_FALSE(response.headers.Has("content-type"));
  const Response packed = Applied({{"if-none-match", "\"v1-gzip\""}});
  EXPECT_EQ(packed.status, 304);
  EXPECT_EQ(HeaderOf(packed, "etag"), "\"v1-gzip\"");
  EXPECT_EQ(HeaderOf(packed, "vary"), "accept-encoding");
}

TEST(ApplyConditionsAndRange, RefusesAFailedConditionWithAMessage) {
  const Response response = Applied({{"if-match", "\"v0\""}});
  EXPECT_EQ(response.status, 412);
  EXPECT_EQ(HeaderOf(response, "content-type"), "application/json");
  EXPECT_EQ(HeaderOf(response, "cache-control"), "no-store");
  EXPECT_THAT(response.body, HasSubstr("\"message\""));
}

TEST(ApplyConditionsAndRange, CutsAPartOutOfABody) {
  const Response response = Applied({{"range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.body, "234");
  EXPECT_EQ(HeaderOf(response, "content-range"), "bytes 2-4/10");
  EXPECT_EQ(HeaderOf(response, "accept-ranges"), "bytes");
  EXPECT_EQ(Applied({{"range", "bytes=-3"}}).body, "789");
  EXPECT_EQ(Applied({{"range", "bytes=0-"}}).body, "0123456789");
}

TEST(ApplyConditionsAndRange, CutsAPartOutOfAFile) {
  Response response = Whole();
  response.file = FileBody{.file = nullptr, .offset = 100, .length = 50};
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=-10"}}), response);
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.file->offset, 140U);
  EXPECT_EQ(response.file->length, 10U);
  EXPECT_EQ(HeaderOf(response, "content-range"), "bytes 40-49/50");

  Response refused = Whole();
  refused.file = FileBody{.file = nullptr, .offset = 0, .length = 50};
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=50-"}}), refused);
  EXPECT_EQ(refused.status, 416);
  EXPECT_FALSE(refused.file.has_value());
}

TEST(ApplyConditionsAndRange, RefusesWhatItCannotSend) {
  for (const std::string_view range : {"bytes=10-", "bytes=0-1,3-4"}) {
    const Response response = Applied({{"range", range}});
    EXPECT_EQ(response.status, 416) << range;
    EXPECT_EQ(HeaderOf(response, "content-range"), "bytes */10") << range;
    EXPECT_EQ(HeaderOf(response, "content-type"), "application/json") << range;
    EXPECT_THAT(response.body, HasSubstr("\"message\"")) << range;
  }
}

TEST(ApplyConditionsAndRange, SendsEverythingWhenTheRangeDoesNotCount) {
  for (const auto& response : {Applied({}), Applied({{"range", "pages=1-2"}}),
                               Applied({{"range", "bytes=0-1"}, {"if-range", "\"v0\""}}),
                               Applied({{"range", "bytes=0-1"}, {"if-range", "W/\"v1\""}}),
                               Applied({{"range", "bytes=0-1"}, {"if-range", "\"v1-gzip\""}}),
                               Applied({{"range", "bytes=0-1"}, {"if-range", kLater}}),
                               Applied({{"range", "bytes=0-1"}, {"if-range", "garbage"}}),
                               Applied({{"range", "bytes=0-1"}}, Verb::kHead)}) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "0123456789");
    EXPECT_EQ(HeaderOf(response, "accept-ranges"), "bytes");
    EXPECT_FALSE(response.headers.Has("content-range"));
  }
  EXPECT_EQ(Applied({{"range", "bytes=0-1"}, {"if-range", "\"v1\""}}).status, 206);
  EXPECT_EQ(Applied({{"range", "bytes=0-1"}, {"if-range", kDate}}).status, 206);
}

TEST(ApplyConditionsAndRange, LeavesOtherAnswersAsTheyAre) {
  Response error = Message(404, "Not Found");
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=0-1"}}), error);
  EXPECT_EQ(error.status, 404);
  Response changed = Whole();
  ApplyConditionsAndRange(MakeRequest(Verb::kPost, "/", {{"if-match", "\"x\""}}), changed);
  EXPECT_EQ(changed.status, 200) << "the handler of a change checks before it changes anything";
}

class NoBytes final : public BodySource {
 public:
  Result<std::size_t> Read(OpContext&, std::span<char>) override { return std::size_t{0}; }
};

// Ten bytes, of which parts can be had.
class Digits final : public BodySource {
 public:
  std::optional<std::uint64_t> length() const override { return left_; }
  bool TakePart(std::uint64_t first, std::uint64_t length) override {
    first_ += first;
    left_ = length;
    return true;
  }
  Result<std::size_t> Read(OpContext&, std::span<char>) override { return std::size_t{0}; }
  std::uint64_t first_ = 0;

 private:
  std::uint64_t left_ = 10;
};

TEST(ApplyConditionsAndRange, TakesAPartOfAStreamThatGivesParts) {
  const auto digits = std::make_shared<Digits>();
  Response response = Whole();
  response.stream = digits;
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=3-5"}}), response);
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(HeaderOf(response, "content-range"), "bytes 3-5/10");
  EXPECT_EQ(digits->first_, 3U);
  EXPECT_EQ(digits->length(), 3U);

  Response whole = Whole();
  whole.stream = std::make_shared<Digits>();
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/"), whole);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(HeaderOf(whole, "accept-ranges"), "bytes");
  EXPECT_EQ(whole.stream->length(), 10U);

  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=10-"}}), whole);
  EXPECT_EQ(whole.status, 416);
  EXPECT_EQ(whole.stream, nullptr);
}

TEST(ApplyConditionsAndRange, NeverCutsAStreamButSparesIt) {
  Response response = Whole();
  response.stream = std::make_shared<NoBytes>();
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"range", "bytes=0-1"}}), response);
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.headers.Has("accept-ranges"));
  ApplyConditionsAndRange(MakeRequest(Verb::kGet, "/", {{"if-none-match", "*"}}), response);
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.stream, nullptr);
}

}  // namespace
}  // namespace vams::http
