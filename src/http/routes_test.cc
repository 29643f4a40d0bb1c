#include "http/routes.h"

#include <gtest/gtest.h>

#include "http/listen_address.h"
#include "http/message.h"
#include "http/wire.h"

namespace vams::http {
namespace {

Result<Response> Nothing(const Request&, OpContext&) { return Response{}; }

Routes Table() {
  Routes routes;
  const std::pair<Verb, const char*> rows[] = {
      {Verb::kGet, "/"},
      {Verb::kGet, "/database"},
      {Verb::kPost, "/database"},
      {Verb::kGet, "/database/{databaseId}"},
      {Verb::kGet, "/database/{databaseId}/assets/{assetId}"},
      {Verb::kGet, "/database/all/assets/{assetId}"},
      {Verb::kGet, "/database/{databaseId}/assets/newest"},
      {Verb::kHead, "/own-head"},
      {Verb::kGet, "/own-head"},
  };
  for (const auto& [verb, path] : rows)
    routes.Add({.verb = verb,
                .path = path,
                .id = std::string(VerbName(verb)) + " " + path,
                .handle = Nothing});
  return routes;
}

// "id name=value…", or what else came of it.
std::string Find(std::optional<Verb> verb, std::string_view path) {
  static const Routes routes = Table();
  const Match match = routes.Find(verb, path);
  if (std::holds_alternative<NoSuchPath>(match)) return "no path";
  if (std::holds_alternative<BadPath>(match)) return "bad path";
  if (const auto* other = std::get_if<NoSuchVerb>(&match)) return "allow " + other->allow;
  const Found& found = std::get<Found>(match);
  std::string text = found.route->id;
  for (const auto& [name, value] : found.parameters) text += " " + name + "=" + value;
  return text;
}

TEST(Routes, FindsByVerbAndPath) {
  EXPECT_EQ(Find(Verb::kGet, "/"), "GET /");
  EXPECT_EQ(Find(Verb::kPost, "/database"), "POST /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/d1"), "GET /database/{databaseId} databaseId=d1");
  EXPECT_EQ(Find(Verb::kGet, "/Database"), "no path");
  EXPECT_EQ(Find(Verb::kGet, "/database/"), "no path");
  EXPECT_EQ(Find(Verb::kGet, "/database//assets/x"), "no path");
  EXPECT_EQ(Find(Verb::kGet, "database"), "bad path");
}

TEST(Routes, DecodesEachSegmentByItself) {
  EXPECT_EQ(Find(Verb::kGet, "/database/a%2Fb%20c"), "GET /database/{databaseId} databaseId=a/b c");
  EXPECT_EQ(Find(Verb::kGet, "/d%61tabase"), "GET /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/a+b"), "GET /database/{databaseId} databaseId=a+b");
  EXPECT_EQ(Find(Verb::kGet, "/database/%"), "bad path");
  EXPECT_EQ(Find(Verb::kGet, "/database/a%00b"), "bad path");
}

TEST(Routes, PrefersAFixedSegmentFromTheLeft) {
  EXPECT_EQ(Find(Verb::kGet, "/database/all/assets/newest"),
            "GET /database/all/assets/{assetId} assetId=newest");
  EXPECT_EQ(Find(Verb::kGet, "/database/d/assets/newest"),
            "GET /database/{databaseId}/assets/newest databaseId=d");
}

TEST(Routes, AnswersHeadByGetUnlessItHasItsOwn) {
  EXPECT_EQ(Find(Verb::kHead, "/database"), "GET /database");
  EXPECT_EQ(Find(Verb::kHead, "/own-head"), "HEAD /own-head");
}

TEST(Routes, ListsTheVerbsOfAPath) {
  EXPECT_EQ(Find(Verb::kDelete, "/database"), "allow GET, HEAD, POST");
  EXPECT_EQ(Find(std::nullopt, "/database/d"), "allow GET, HEAD");
}

TEST(Routes, ListsAllInTheOrderTheyCame) {
  const Routes routes = Table();
  ASSERT_EQ(routes.all().size(), 9u);
  EXPECT_EQ(routes.all()[2].id, "POST /database");
}

TEST(RoutesDeathTest, RefusesATableThatCannotWork) {
  const auto add = [](std::string path, std::string id) {
    Routes routes = Table();
    routes.Add(
        {.verb = Verb::kGet, .path = std::move(path), .id = std::move(id), .handle = Nothing});
  };
  EXPECT_DEATH(add("/database", "again"), "check failed");
  EXPECT_DEATH(add("/database/{other}", "otherName"), "check failed");
  EXPECT_DEATH(add("/new", "GET /"), "check failed");
  for (const char* path : {"", "new", "/a{b}", "/{}", "/{a}{b}", "/{a"})
    EXPECT_DEATH(add(path, "malformed"), "check failed") << path;
}

TEST(ParseQuery, DecodesPairsInOrder) {
  EXPECT_EQ(
      *ParseQuery("a=1&b=x%3Dy&a=2&flag&=v&&c=+"),
      (NameValues{{"a", "1"}, {"b", "x=y"}, {"a", "2"}, {"flag", ""}, {"", "v"}, {"c", " "}}));
  EXPECT_EQ(*ParseQuery(""), NameValues{});
  EXPECT_EQ(*ParseQuery("f={\"a\":[1]}"), (NameValues{{"f", "{\"a\":[1]}"}}));
  EXPECT_FALSE(ParseQuery("a=%4"));
  EXPECT_FALSE(ParseQuery("%=1"));
}

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.Add("Accept", "a");
  headers.Add("ACCEPT", "b");
  EXPECT_EQ(headers.Find("accept"), "a");
  headers.Set("aCCept", "c");
  EXPECT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers.Find("Accept"), "c");
  EXPECT_FALSE(headers.Has("accep"));
}

TEST(ErrorResponse, HasOneStatusForEachCode) {
  const std::pair<Code, int> table[] = {
      {Code::kNotFound, 404},        {Code::kConflict, 409}, {Code::kInvalid, 400},
      {Code::kUnauthenticated, 401}, {Code::kDenied, 403},   {Code::kTooLarge, 413},
      {Code::kNotSupported, 501},    {Code::kTimeout, 504},  {Code::kUnavailable, 503},
      {Code::kCancelled, 503},       {Code::kCorrupt, 500},  {Code::kInternal, 500}};
  for (const auto& [code, status] : table) {
    const Response response = ErrorResponse(Error(code, "why \"it\" failed", "details"));
    EXPECT_EQ(response.status, status) << CodeName(code);
    EXPECT_EQ(response.body, R"({"message":"why \"it\" failed"})");
    EXPECT_EQ(response.headers.Find("content-type"), "application/json");
    EXPECT_EQ(response.headers.Has("retry-after"), status == 503);
    EXPECT_FALSE(ReasonPhrase(status).empty());
  }
}

TEST(Verbs, HaveTheirNamesInUpperCaseOnly) {
  for (const Verb verb : {Verb::kGet, Verb::kHead, Verb::kPost, Verb::kPut, Verb::kPatch,
                          Verb::kDelete, Verb::kOptions})
    EXPECT_EQ(FindVerb(VerbName(verb)), verb);
  EXPECT_FALSE(FindVerb("get"));
  EXPECT_FALSE(FindVerb("BREW"));
}

TEST(SplitTarget, KnowsOriginAndAbsoluteForm) {
  using Pair = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(SplitTarget("/a/b?c=d?e"), (Pair{"/a/b", "c=d?e"}));
  EXPECT_EQ(SplitTarget("/a"), (Pair{"/a", ""}));
  EXPECT_EQ(SplitTarget("http://h:1/a?b"), (Pair{"/a", "b"}));
  EXPECT_EQ(SplitTarget("https://h"), (Pair{"/", ""}));
  EXPECT_EQ(SplitTarget("http://h?b"), (Pair{"/", "b"}));
}

TEST(CanBeSent, RefusesInterimStatusesAndControlCharacters) {
  EXPECT_TRUE(CanBeSent({}));
  EXPECT_FALSE(CanBeSent({.status = 100, .headers = {}, .body = {}}));
  EXPECT_FALSE(CanBeSent({.status = 600, .headers = {}, .body = {}}));
  const auto with = [](std::string_view name, std::string_view value) {
    Response response;
    response.headers.Set(name, value);
    return CanBeSent(response);
  };
  EXPECT_TRUE(with("x", "a\tb \xc3\xa9"));
  EXPECT_FALSE(with("x", "a\nb"));
  EXPECT_FALSE(with("x", std::string_view("a\0b", 3)));
  EXPECT_FALSE(with("x: y", "b"));
  EXPECT_FALSE(with("", "b"));
}

TEST(ListenAddress, ReadsEveryFormAndWritesItBack) {
  const std::pair<const char*, ListenAddress> good[] = {{"127.0.0.1:8080", {"127.0.0.1", 8080}},
                                                        {"[::1]:8080", {"::1", 8080}},
                                                        {":8080", {"", 8080}},
                                                        {"localhost:0", {"localhost", 0}},
                                                        {"0.0.0.0:65535", {"0.0.0.0", 65535}},
                                                        {"[::]:80", {"::", 80}}};
  for (const auto& [text, address] : good) {
    const auto parsed = ParseListenAddress(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, address) << text;
    EXPECT_EQ(ToText(*parsed), text);
  }
}

TEST(ListenAddress, SaysWhatIsWrongAndHowToWriteIt) {
  for (const char* bad : {"", "8080", "127.0.0.1", "h:", "h:x", "h:65536", "h:-1", "::1:80",
                          "[::1]", "[127.0.0.1]:80", "[:80", "a b:80", "-h:80", "h:80 "}) {
    const auto parsed = ParseListenAddress(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_NE(parsed.error().message.find("\"" + std::string(bad) + "\""), std::string::npos);
    EXPECT_NE(parsed.error().message.find("127.0.0.1:8080"), std::string::npos);
  }
}

}  // namespace
}  // namespace vams::http
