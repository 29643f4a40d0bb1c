#include "http/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "http/support_test.h"

namespace vams::http {
namespace {

using testing::HasSubstr;
using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

constexpr std::string_view kScript = "console.log('plain')";
constexpr std::string_view kScriptPath = "/assets/index-BdK3x_9a.js";

StaticFiles Application(bool index_for_navigation = false) {
  const std::vector<StaticFile> files = {
      {.path = "index.html", .bytes = "<html>"},
      {.path = kScriptPath, .bytes = kScript, .gzip = "GZIP FORM", .brotli = "BR FORM"},
      {.path = "/data.bin", .bytes = "0123456789", .media_type = "application/x-data"},
  };
  return {files, {.index_for_navigation = index_for_navigation}};
}

Response Ask(const StaticFiles& set, std::string path, Fields fields = {}, Verb verb = Verb::kGet) {
  auto response = set.Find(MakeRequest(verb, path, fields));
  EXPECT_TRUE(response.has_value()) << path;
  return response ? *std::move(response) : Response{.status = 0};
}

TEST(StaticFiles, AnswersWithTypeCachingAndTag) {
  const StaticFiles set = Application();
  const Response script = Ask(set, std::string(kScriptPath));
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.body, kScript);
  EXPECT_EQ(HeaderOf(script, "content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(HeaderOf(script, "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(HeaderOf(script, "etag"), '"' + HexEncode(Sha256(kScript)) + '"');
  const Response index = Ask(set, "/");
  EXPECT_EQ(index.body, "<html>");
  EXPECT_EQ(HeaderOf(index, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(index, "cache-control"), "no-cache");
  EXPECT_FALSE(index.headers.Has("vary")) << "there is only one form of it";
  EXPECT_EQ(HeaderOf(Ask(set, "/data.bin"), "content-type"), "application/x-data");
}

TEST(StaticFiles, ChoosesTheFormThatTheClientLikesBest) {
  struct Case {
    std::string_view accept;
    std::string_view body;
    std::string_view coding;
  };
  const Case cases[] = {
      {"gzip, deflate, br", "BR FORM", "br"},
      {"gzip", "GZIP FORM", "gzip"},
      {"br;q=0.5, gzip;q=0.8", "GZIP FORM", "gzip"},
      {"br;q=0, *", "GZIP FORM", "gzip"},
      {"identity, gzip;q=0.5", kScript, "(absent)"},
      {"deflate", kScript, "(absent)"},
      {"*;q=0", kScript, "(absent)"},
      {"", kScript, "(absent)"},
  };
  const StaticFiles set = Application();
  for (const Case& one : cases) {
    const Response response = Ask(set, std::string(kScriptPath), {{"Accept-Encoding", one.accept}});
    EXPECT_EQ(response.body, one.body) << one.accept;
    EXPECT_EQ(HeaderOf(response, "content-encoding"), one.coding) << one.accept;
    EXPECT_EQ(HeaderOf(response, "vary"), "accept-encoding") << one.accept;
  }
  EXPECT_NE(HeaderOf(Ask(set, std::string(kScriptPath), {{"accept-encoding", "br"}}), "etag"),
            HeaderOf(Ask(set, std::string(kScriptPath), {{"accept-encoding", "gzip"}}), "etag"));
}

TEST(StaticFiles, DoesConditionsRangesAndHead) {
  const StaticFiles set = Application();
  const std::string tag = HeaderOf(Ask(set, "/data.bin"), "etag");
  const Response same = Ask(set, "/data.bin", {{"if-none-match", tag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(HeaderOf(same, "etag"), tag);
  const Response part = Ask(set, "/data.bin", {{"range", "bytes=3-4"}, {"if-range", tag}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "34");
  EXPECT_EQ(HeaderOf(part, "content-range"), "bytes 3-4/10");
  EXPECT_EQ(Ask(set, "/data.bin", {{"range", "bytes=99-"}}).status, 416);
  EXPECT_EQ(Ask(set, "/data.bin", {{"if-match", "\"x\""}}).status, 412);
  const Response head = Ask(set, "/data.bin", {}, Verb::kHead);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body.size(), 10U) << "the server sends its length only";
}

TEST(StaticFiles, KnowsNothingOfOtherPathsAndVerbs) {
  const StaticFiles set = Application();
  for (const char* path :
       {"/absent", "/assets", "", "/../index.html", "//index.html", "index.html"})
    EXPECT_FALSE(set.Find(MakeRequest(Verb::kGet, path, {{"accept", "text/html"}}))) << path;
  EXPECT_FALSE(set.Find(MakeRequest(Verb::kPost, "/data.bin")));
}

TEST(StaticFiles, AnswersNavigationWithTheIndexWhenAsked) {
  const StaticFiles set = Application(true);
  const Response page =
      Ask(set, "/databases/plant", {{"accept", "text/html,application/xml;q=0.9,*/*;q=0.8"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<html>");
  EXPECT_EQ(HeaderOf(page, "vary"), "accept");
  EXPECT_EQ(HeaderOf(page, "cache-control"), "no-cache");
  EXPECT_FALSE(set.Find(MakeRequest(Verb::kGet, "/assets/gone.js", {{"accept", "*/*"}})));
  EXPECT_FALSE(set.Find(MakeRequest(Verb::kGet, "/databases")));
  EXPECT_FALSE(set.Find(MakeRequest(Verb::kPost, "/databases", {{"accept", "text/html"}})));
}

TEST(HasContentHash, KnowsTheNamesOfBundlers) {
  for (const char* path : {"/assets/index-BdK3x_9a.js", "/assets/a-b-c-Xx-3_9aQ.css",
                           "vendor.0123abcd.js", "x-0123456789abcdef0123.wasm"})
    EXPECT_TRUE(HasContentHash(path)) << path;
  for (const char* path :
       {"/index.html", "/service-registration.js", "/assets/index-BdK3x_9.js", "/x-12345678",
        "/BdK3x_9a.js", "/a-BdK3x_9a.js.map", "/a-BdK3 _9a.js", "/v-BdK3x_9a/app.js", "/"})
    EXPECT_FALSE(HasContentHash(path)) << path;
}

TEST(MediaTypeOf, GoesByTheExtensionWithoutCase) {
  EXPECT_EQ(MediaTypeOf("/a/B.WASM"), "application/wasm");
  EXPECT_EQ(MediaTypeOf("/a.js/file"), "application/octet-stream");
  EXPECT_EQ(MediaTypeOf("/.svg"), "image/svg+xml");
}

TEST(LoadFolder, TakesRegularFilesAndTheirCompressedForms) {
  const TempFolder folder;
  folder.Put("index.html", "<html>");
  folder.Put("assets/a.js", "plain");
  folder.Put("assets/a.js.gz", "packed");
  folder.Put("assets/only.gz", "an archive");
  folder.Put(".env", "secret");
  folder.Put(".git/config", "secret");
  const auto set = StaticFiles::LoadFolder(folder.path(), {});
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->size(), 3U);
  EXPECT_EQ(Ask(*set, "/").body, "<html>");
  EXPECT_EQ(Ask(*set, "/assets/a.js").body, "plain");
  EXPECT_EQ(Ask(*set, "/assets/a.js", {{"accept-encoding", "gzip"}}).body, "packed");
  EXPECT_EQ(Ask(*set, "/assets/only.gz").body, "an archive");
}

// A link in the folder may point anywhere on the machine.
TEST(LoadFolder, NeverLeavesTheFolder) {
  const TempFolder outside;
  outside.Put("secret.txt", "secret");
  outside.Put("sub/secret.txt", "secret");
  const TempFolder folder;
  folder.Put("good.txt", "good");
  std::filesystem::create_symlink(outside.path() / "secret.txt", folder.path() / "link.txt");
  std::filesystem::create_directory_symlink(outside.path() / "sub", folder.path() / "sub");
  const auto set = StaticFiles::LoadFolder(folder.path(), {});
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->size(), 1U);
}

TEST(LoadFolder, SaysWhichFolderIsMissing) {
  const auto set = StaticFiles::LoadFolder("/no/such/folder", {});
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, Code::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("/no/such/folder: No such file"));
}

}  // namespace
}  // namespace vams::http
