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
      {Verb::kPut, "/links/{linkId}"},
      {Verb::kDelete, "/links/{relationId}"},
      {Verb::kGet, "/stream/{id}/{path+}"},
      {Verb::kPost, "/stream/{id}/part"},
      {Verb::kGet, "/stream/{id}/{a}/{b}/end"},
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
  if (match.kind == Match::Kind::kNone) return "none " + match.path;
  if (match.kind == Match::Kind::kBadPath) return "bad " + match.path;
  std::string text = match.route->id;
  for (const auto& [name, value] : match.parameters) text += " " + name + "=" + value;
  return text;
}

TEST(Routes, FindsByVerbAndPath) {
  EXPECT_EQ(Find(Verb::kGet, "/"), "GET /");
  EXPECT_EQ(Find(Verb::kPost, "/database"), "POST /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/d1"), "GET /database/{databaseId} databaseId=d1");
  EXPECT_EQ(Find(Verb::kGet, "/Database"), "none /Database");
  EXPECT_EQ(Find(Verb::kDelete, "/database"), "none /database");
  EXPECT_EQ(Find(std::nullopt, "/database"), "none /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/d/assets"), "none /database/d/assets");
}

TEST(Routes, DecodesOnceAndGivesTheTextToAuthorize) {
  EXPECT_EQ(Find(Verb::kGet, "/database/a%20b"), "GET /database/{databaseId} databaseId=a b");
  EXPECT_EQ(Find(Verb::kGet, "/database/a%252Fb"), "GET /database/{databaseId} databaseId=a%2Fb");
  EXPECT_EQ(Find(Verb::kGet, "/d%61tabase"), "GET /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/a+b%5Cc"), "GET /database/{databaseId} databaseId=a+b\\c");
  const Routes routes = Table();
  EXPECT_EQ(routes.Find(Verb::kGet, "/d%61tabase/%64%31/").path, "/database/d1");
  EXPECT_EQ(routes.Find(Verb::kGet, "/stream/%69/a%2Fb//c%20").path, "/stream/i/a/b//c ");
  EXPECT_EQ(Find(Verb::kGet, "/n%6Fne/x"), "none /none/x");
}

// The path that is authorized and the one that is routed must never differ, so what servers read
// in different ways is no path at all.
TEST(Routes, RefusesPathsThatCouldBeReadInTwoWays) {
  for (const char* bad : {"database",
                          "",
                          "*",
                          "//",
                          "//database",
                          "/database//",
                          "/database//assets/x",
                          "/.",
                          "/..",
                          "/database/.",
                          "/database/..",
                          "/database/../own-head",
                          "/database/%2e%2E/x",
                          "/database/a%2Fb",
                          "/database/a%2fb",
                          "/%2F",
                          "/database/%",
                          "/database/%4",
                          "/database/%4g",
                          "/database/a%00b",
                          "/database/%ff",
                          "/no/such//path",
                          "/no/%2e%2e/path"})
    EXPECT_EQ(Find(Verb::kGet, bad), std::string("bad ") + bad);
}

TEST(Routes, IgnoresOneSlashAtTheEnd) {
  EXPECT_EQ(Find(Verb::kGet, "/database/"), "GET /database");
  EXPECT_EQ(Find(Verb::kGet, "/database/d/"), "GET /database/{databaseId} databaseId=d");
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/a/b/"), "GET /stream/{id}/{path+} id=i path=a/b");
}

TEST(Routes, PrefersAFixedSegmentFromTheLeft) {
  EXPECT_EQ(Find(Verb::kGet, "/database/all/assets/newest"),
            "GET /database/all/assets/{assetId} assetId=newest");
  EXPECT_EQ(Find(Verb::kGet, "/database/d/assets/newest"),
            "GET /database/{databaseId}/assets/newest databaseId=d");
  EXPECT_EQ(Find(Verb::kGet, "/database/all"), "GET /database/{databaseId} databaseId=all")
      << "the fixed way leads nowhere";
}

TEST(Routes, GivesAGreedyTailTheRestWhateverItHolds) {
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/a"), "GET /stream/{id}/{path+} id=i path=a");
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/a/./..//b%2Fc%20/%2e"),
            "GET /stream/{id}/{path+} id=i path=a/./..//b/c /.");
  EXPECT_EQ(Find(Verb::kGet, "/stream/i"), "none /stream/i") << "one segment at least";
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/"), "none /stream/i");
  EXPECT_EQ(Find(Verb::kGet, "/stream/../a"), "bad /stream/../a") << "that is before the tail";
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/a%4"), "bad /stream/i/a%4");
  std::string deep = "/stream/i";
  for (int i = 0; i < 100; ++i) deep += "/d";
  EXPECT_EQ(Find(Verb::kGet, deep), "GET /stream/{id}/{path+} id=i path=" + deep.substr(10));
  EXPECT_EQ(Find(Verb::kPut, deep), "none " + deep);
}

TEST(Routes, PrefersATailLeastAndOnlyAmongRoutesForTheVerb) {
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/x/y/end"), "GET /stream/{id}/{a}/{b}/end id=i a=x b=y");
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/x/y/other"),
            "GET /stream/{id}/{path+} id=i path=x/y/other");
  EXPECT_EQ(Find(Verb::kPost, "/stream/i/part"), "POST /stream/{id}/part id=i");
  EXPECT_EQ(Find(Verb::kGet, "/stream/i/part"), "GET /stream/{id}/{path+} id=i path=part");
}

TEST(Routes, NamesAParameterAsEachRouteDoes) {
  EXPECT_EQ(Find(Verb::kPut, "/links/1"), "PUT /links/{linkId} linkId=1");
  EXPECT_EQ(Find(Verb::kDelete, "/links/1"), "DELETE /links/{relationId} relationId=1");
}

TEST(Routes, AnswersHeadByGetUnlessItHasItsOwn) {
  EXPECT_EQ(Find(Verb::kHead, "/database"), "GET /database");
  EXPECT_EQ(Find(Verb::kHead, "/own-head"), "HEAD /own-head");
  EXPECT_EQ(Find(Verb::kHead, "/stream/i/a"), "GET /stream/{id}/{path+} id=i path=a");
}

TEST(Routes, CopiesFindTheirOwnRoutes) {
  std::optional<Routes> original = Table();
  original->SetFallback(Nothing);
  const Routes copy = *original;
  original.reset();
  EXPECT_EQ(copy.Find(Verb::kGet, "/database").route, &copy.all()[1]);
  ASSERT_NE(copy.fallback(), nullptr);
  EXPECT_EQ(copy.fallback()->id, "fallback");
  EXPECT_EQ(copy.all().size(), 14u) << "the fallback is no route";
}

TEST(Routes, ListsAllInTheOrderTheyCame) {
  const Routes routes = Table();
  ASSERT_EQ(routes.all().size(), 14u);
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
  EXPECT_DEATH(add("/stream/{other}/{rest+}", "otherTail"), "check failed");
  for (const char* path :
       {"", "new", "/a{b}", "/{}", "/{+}", "/{a}{b}", "/{a", "/{a+}/b", "/a//b", "/a/"})
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
  EXPECT_TRUE(CanBeSent(Response{}));
  EXPECT_FALSE(CanBeSent(Response{.status = 100}));
  EXPECT_FALSE(CanBeSent(Response{.status = 600}));
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
