// The OpenSearch engine against a real node: the whole conformance suite of the search index, and
// random questions compared with the reference engine.
#include "search/opensearch/opensearch_index.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "net/http_client.h"
#include "search/conformance.h"
#include "testing/opensearch_server.h"

namespace vams::search::conformance {
namespace {

using testing::OpenSearchServer;

struct Names {
  std::string assets, files;
};

// Indexes of one test carry the name of its folder, so that all tests share one node.
Names NamesIn(const files::Path& folder) {
  std::string prefix = "t";
  for (const char c : folder.filename().string())
    prefix += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return {.assets = prefix + "-assets", .files = prefix + "-files"};
}

Result<std::unique_ptr<Index>> OpenOnNode(const files::Path& folder) {
  OpContext op;
  OpenSearchOptions options{.url = OpenSearchServer::Shared().endpoint()};
  const Names names = NamesIn(folder);
  options.assets = names.assets;
  options.files = names.files;
  options.change_log = "log";
  options.visible_at_once = true;
  options.bulk_documents = 50;
  return OpenOpenSearchIndex(op, std::move(options));
}

// Without the node everything below is skipped, not failed: a registry may be out of reach.
const bool kThere = [] {
  if (!OpenSearchServer::IsThere()) {
    std::puts("there is no OpenSearch node to test against; run tools/fetch_opensearch");
    std::exit(0);
  }
  return true;
}();

class OpenSearchNode : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::make_unique<files::TempFolder>(
        Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "two")));
  }
  std::unique_ptr<Index> Open() { return Must(OpenOnNode(folder->path())); }

  OpContext op;
  std::unique_ptr<files::TempFolder> folder;
};

// Servers side by side share the index: what one writes the others find, by its rights too.
TEST_F(OpenSearchNode, OtherProcessesFindWhatIsWritten) {
  const auto writer = Open();
  const auto reader = Open();
  const Rules all("all", [](const AccessClass&) { return AccessFilter::Verdict::kAllow; });
  const std::vector<Write> writes = {Write::Put(Asset("fresh", "pump"))};
  Must(writer->Apply(op, writes, 5));

  // The reader looks around now and then.
  Answer answer;
  for (int i = 0; i < 200 && answer.total == 0; ++i) {
    answer = Must(reader->Search(op, {.access = &all}));
    if (answer.total == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }

  EXPECT_EQ(answer.total, 1u);
  EXPECT_EQ(Must(reader->GetPosition(op)), 5u);
}

TEST_F(OpenSearchNode, AnIndexOfUpstreamsIsAddedToAndThenReplaced) {
  {
    // What upstream's stack left: a plain index of the alias's name with a document of its own.
    const std::string name = NamesIn(folder->path()).assets;
    net::HttpClient http;
    const auto put = [&](const std::string& path, const std::string& body) {
      const auto answer = Must(http.Send(op, {.method = "PUT",
                                              .url = OpenSearchServer::Shared().endpoint() + path,
                                              .headers = {{"content-type", "application/json"}},
                                              .body = body}));
      ASSERT_LT(answer.status, 300) << answer.body;
    };
    put("/" + name,
        R"({"mappings": {"properties": {"str_assetname": {"type": "text"}, "MD_": {"type": "flat_object"}}}})");
    put("/" + name + "/_doc/db%23old", R"({"str_assetname": "old", "MD_": {"maker": "x"}})");
  }
  auto index = Open();
  EXPECT_EQ(Must(index->GetPosition(op)), 0u);
  const std::vector<Write> writes = {Write::Put(Asset("db", "pump"))};
  Must(index->Apply(op, writes, 3));
  EXPECT_EQ(Must(index->Search(op, {})).total, 1u);
  EXPECT_EQ(Must(index->Check(op)).size(), 1u);

  auto builder = Must(index->StartBuild(op, {.position = 3}));
  Must(builder->Finish(op));
  Must(builder->Apply(op, writes, 4));
  Must(builder->Swap(op));

  EXPECT_EQ(Must(index->Search(op, {})).total, 1u);
  EXPECT_TRUE(Must(index->Check(op)).empty());
  index.reset();
  index = Open();
  EXPECT_EQ(Must(index->GetPosition(op)), 4u);
  EXPECT_EQ(Must(index->Search(op, {})).total, 1u);
}

TEST_F(OpenSearchNode, MoreConditionsThanTheServerTakesAreInvalid) {
  const auto index = Open();
  std::string words;
  for (int i = 0; i < 63; ++i) words += "word" + std::to_string(i) + " ";
  std::vector<Expression> parts;
  for (int i = 0; i < 400; ++i)
    parts.push_back(
        Expression::Pattern({{.name = "str_key"}}, "*a" + std::to_string(i) + "?b*", Form::kWhole));
  const Request request{.text = ParseText(words, true, Stemming::kEnglish),
                        .filter = Expression::Or(std::move(parts))};

  EXPECT_CODE(kInvalid, index->Search(op, request));
}

INSTANTIATE_TEST_SUITE_P(OpenSearch, IndexConformance,
                         ::testing::Values(Engine{
                             .name = "opensearch", .open = OpenOnNode, .reopen = OpenOnNode}),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace vams::search::conformance
