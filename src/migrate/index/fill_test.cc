// Filling and proving search indexes, on a server that fails as the test says.
#include "migrate/index/fill.h"

#include <gtest/gtest.h>

#include "migrate/index/fake_opensearch_test.h"
#include "migrate/index/index_set_test.h"

namespace vams::migrate::index::test {
namespace {

using ::vams::testing::FakeAnswer;
using ::vams::testing::FakeRequest;

constexpr tables::DataVersion k22{2, 2}, k24{2, 4};

class SearchFill : public ::testing::Test {
 protected:
  void SetUp() override { Use(SmallSet(), k24); }
  void Use(const TableSet& set, tables::DataVersion version) {
    version_ = version;
    store = migrate::test::StoreOf(set, version);
  }

  FillJob Job() {
    return {.source = *store,
            .server = *client,
            .journal = *journal,
            .scratch = folder.path() / "ids.db",
            .version = version_,
            .names = Must(UpstreamNames(version_)),
            .part = Part::kBoth,
            .clear = clear,
            .limit = limit,
            .batch = batch,
            .on_progress = {}};
  }
  // As a new process would.
  Result<FillOutcome> Run() {
    journal.emplace(Must(Journal::Open(folder.path() / "journal.jsonl", SystemClock())));
    return Fill(op, Job());
  }
  auto& Assets() { return server.indexes["vams-assets-v2"].documents; }
  auto& Files() { return server.indexes["vams-files-v2"].documents; }

  OpContext op;
  files::TempFolder folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "fill"));
  std::unique_ptr<items::MemoryStore> store;
  FakeOpenSearch server;
  std::unique_ptr<search::RawIndexes> client = server.Open();
  std::optional<Journal> journal;
  bool clear = false;
  std::uint64_t limit = 0;
  std::size_t batch = 3;

 private:
  tables::DataVersion version_;
};

TEST_F(SearchFill, CreatesFillsAndProves) {
  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.Summary(), "4 assets and 6 files, 10 read again as they were made");
  EXPECT_EQ(outcome.Failure(), "");
  EXPECT_EQ(Assets().size(), 4u);
  EXPECT_EQ(Files().size(), 6u);
  const auto survey = Must(LookAt(op, *client, k24, Must(UpstreamNames(k24)), Part::kBoth));
  ASSERT_EQ(survey.found.size(), 2u);
  EXPECT_EQ(survey.found[0].recognised.family, Family::kV24);
  EXPECT_EQ(survey.found[1].documents, 6u);
}

TEST_F(SearchFill, ASecondCallChangesNothingAndSaysTheSame) {
  const auto first = Must(Run());
  const auto calls = server.requests().size();

  const auto second = Must(Run());

  EXPECT_EQ(second.Summary(), first.Summary());
  EXPECT_EQ(server.requests().size(), calls);
}

TEST_F(SearchFill, BusyServersAreAskedAgainForWhatTheyDidNotTake) {
  int busy = 0;
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk") || ++busy % 2 == 0) return std::nullopt;
    return FakeAnswer{.status = 429, .body = "{}", .headers = {}};
  };
  std::map<std::string, int> tries;
  server.refuse = [&](const std::string& id) -> std::optional<FakeOpenSearch::Refusal> {
    if (++tries[id] > 1) return std::nullopt;
    return FakeOpenSearch::Refusal{
        .status = 429, .type = "es_rejected_execution_exception", .reason = "queue is full"};
  };

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.proved, 10u);
  for (const auto& [id, count] : tries) EXPECT_EQ(count, 2) << id;
}

TEST_F(SearchFill, AServerThatStaysBusyLeavesAPlaceToGoOnFrom) {
  std::size_t bulks = 0;
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk") || ++bulks <= 2) return std::nullopt;
    return FakeAnswer{.status = 503, .body = "<html>", .headers = {}};
  };
  const auto stopped = Run();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kUnavailable);
  const auto before = Assets().size() + Files().size();
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, 10u);

  server.fault = nullptr;
  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.Summary(), "4 assets and 6 files, 10 read again as they were made");
}

TEST_F(SearchFill, DocumentsThatAreRefusedAreNamedAndTheOthersAreThere) {
  server.refuse = [](const std::string& id) -> std::optional<FakeOpenSearch::Refusal> {
    if (id != "yard#crane") return std::nullopt;
    return FakeOpenSearch::Refusal{
        .status = 400, .type = "mapper_parsing_exception", .reason = "immense term"};
  };

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.Failure(),
            "the search server refused 1 document, such as yard#crane: immense term");
  EXPECT_EQ(outcome.proved, 9u);
  EXPECT_FALSE(Assets().contains("yard#crane"));
  EXPECT_EQ(Must(Run()).Failure(), outcome.Failure()) << "a second call says less";
}

TEST_F(SearchFill, ACallThatIsForbiddenEndsItAtOnce) {
  server.refuse = [](const std::string&) {
    return FakeOpenSearch::Refusal{
        .status = 403, .type = "cluster_block_exception", .reason = "index read-only"};
  };
  const auto blocked = Run();
  server.refuse = nullptr;
  server.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk")) return std::nullopt;
    return FakeAnswer{.status = 403, .body = R"({"Message":"no"})", .headers = {}};
  };
  const auto denied = Run();

  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code, Code::kDenied);
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code, Code::kDenied);
  EXPECT_TRUE(Assets().empty());
}

TEST_F(SearchFill, AnswersThatAreLostOrCutOffAreAskedForAgain) {
  client = server.Open({.request_timeout = std::chrono::seconds(2)});
  std::size_t calls = 0;
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk")) return std::nullopt;
    switch (++calls) {
      case 1:
        return FakeAnswer{.body = "{}", .headers = {}, .how = FakeAnswer::How::kSilent};
      case 3:
        return FakeAnswer{
            .body = "{\"items\": []}", .headers = {}, .how = FakeAnswer::How::kCutOff};
      case 5:
        return FakeAnswer{.body = "", .headers = {}, .how = FakeAnswer::How::kDrop};
      default:
        return std::nullopt;
    }
  };

  EXPECT_EQ(Must(Run()).proved, 10u);
}

TEST_F(SearchFill, BodiesThatAreTooLargeGoInPieces) {
  batch = 100;
  server.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk") || request.body.size() < 1500) return std::nullopt;
    return FakeAnswer{.status = 413, .body = "", .headers = {}};
  };

  EXPECT_EQ(Must(Run()).proved, 10u);
}

TEST_F(SearchFill, AnAnswerOfAnotherProgramIsNoSuccess) {
  server.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("_bulk")) return std::nullopt;
    return FakeAnswer{.status = 200, .body = "<html>hello</html>", .headers = {}};
  };

  const auto outcome = Run();

  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("--opensearch-url"), std::string::npos);
}

TEST_F(SearchFill, DocumentsThatTheServerLostArePutAgainByTheNextRun) {
  bool lose = true;
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path.ends_with("_mget") && std::exchange(lose, false)) {
      Assets().erase("yard#leg");
      Files().clear();
    }
    return std::nullopt;
  };
  const auto lost = Run();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, Code::kUnavailable);

  EXPECT_EQ(Must(Run()).proved, 10u);
  EXPECT_EQ(Files().size(), 6u);
}

TEST_F(SearchFill, AnIndexThatIsRemovedMeanwhileIsFilledAnew) {
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("vams-files-v2/_mget")) return std::nullopt;
    return FakeAnswer{.status = 500, .body = "{}", .headers = {}};
  };
  ASSERT_FALSE(Run().ok());
  server.fault = nullptr;
  server.indexes.erase("vams-files-v2");

  EXPECT_EQ(Must(Run()).proved, 10u);
  EXPECT_EQ(Files().size(), 6u);
}

TEST_F(SearchFill, IndexesOfOthersAreNotTouched) {
  server.indexes["vams-files-v2"].mappings = {{"properties", {{"title", {{"type", "text"}}}}}};

  const auto outcome = Run();

  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, Code::kConflict);
  EXPECT_NE(outcome.error().message.find("vams-files-v2"), std::string::npos);
  EXPECT_EQ(server.Calls("PUT"), 0u);
  EXPECT_EQ(server.Calls("_bulk"), 0u);
}

TEST_F(SearchFill, WhatWasThereStaysAndIsCounted) {
  ASSERT_TRUE(client->Create(op, "vams-assets-v2", IndexBody(Family::kV24, Part::kAssets)).ok());
  Assets()["yard#gone"] = {{"str_assetid", "gone"}};
  Assets()["yard#crane"] = {{"str_assetid", "stale"}};

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.proved, 10u);
  EXPECT_EQ(outcome.others, 1u);
  EXPECT_TRUE(Assets().contains("yard#gone"));
}

// R-8, and what clearing first costs: whatever is written while the index is filled.
TEST_F(SearchFill, ClearingRemovesWhatNothingMakesButNotWhatCameMeanwhile) {
  clear = true;
  ASSERT_TRUE(client->Create(op, "vams-assets-v2", IndexBody(Family::kV24, Part::kAssets)).ok());
  Assets()["yard#gone"] = {{"str_assetid", "gone"}};
  Assets()["yard#crane"] = {{"str_assetid", "stale"}};
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path.ends_with("_bulk")) Assets()["yard#new"] = {{"str_assetid", "new"}};
    EXPECT_FALSE(request.path.ends_with("_mget") && !Assets().contains("yard#gone"))
        << "removed before the proof";
    return std::nullopt;
  };

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.removed, 1u);
  EXPECT_EQ(outcome.others, 1u);
  EXPECT_FALSE(Assets().contains("yard#gone"));
  EXPECT_TRUE(Assets().contains("yard#new"));
  EXPECT_TRUE(Assets().contains("yard#crane"));
}

TEST_F(SearchFill, WhatSomebodyElseWroteMeanwhileIsSaid) {
  server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path.ends_with("_mget")) Assets()["yard#crane"]["str_assetname"] = "Renamed";
    return std::nullopt;
  };

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.changed, 1u);
  EXPECT_EQ(outcome.proved, 9u);
  EXPECT_NE(outcome.Summary().find("yard#crane"), std::string::npos);
}

// 2.2 has one document for assets of one id in two databases.
TEST_F(SearchFill, SharedIdsOf22AreCountedAndNamed) {
  auto set = SmallSet();
  AddAsset(set, "museum", "crane", "scans/crane/", "b2");
  Use(set, k22);

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.assets, 5u);
  EXPECT_EQ(outcome.shared, 1u);
  EXPECT_EQ(outcome.others, 0u);
  EXPECT_EQ(server.indexes.size(), 1u);
  EXPECT_EQ(server.indexes["assets1236"].documents.size(), outcome.proved);
}

TEST_F(SearchFill, ALimitIsKept) {
  limit = 2;

  const auto outcome = Must(Run());

  EXPECT_EQ(outcome.assets + outcome.files, 2u);
  EXPECT_EQ(Assets().size() + Files().size(), 2u);
}

TEST_F(SearchFill, ProvingAgainFindsWhatIsMissingOrOther) {
  Must(Run());
  Assets().erase("yard#leg");
  Files()["yard#hook#/hook.stl"]["num_filesize"] = 1;

  const auto proof = Must(Prove(op, Job()));

  EXPECT_EQ(proof.documents, 10u);
  EXPECT_EQ(proof.missing, 1u);
  EXPECT_EQ(proof.changed, 1u);
  EXPECT_EQ(proof.count, 9u);
}

// Whatever call goes wrong, and however: no success without every document, and the next run ends.
TEST_F(SearchFill, NoFailureAnywhereEndsInSuccessWithoutAllDocuments) {
  clear = true;
  for (std::size_t failing = 1; failing < 40; ++failing) {
    server.fault = nullptr;
    server.indexes.clear();
    std::filesystem::remove(folder.path() / "journal.jsonl");
    const std::size_t from = server.requests().size();
    server.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.number != from + failing) return std::nullopt;
      return FakeAnswer{.status = failing % 2 == 0 ? 500 : 400,
                        .body = failing % 3 == 0 ? "garbage" : "{}",
                        .headers = {}};
    };

    const auto first = Run();
    if (first.ok()) {
      EXPECT_EQ(first->proved, 10u) << "call " << failing;
    }
    server.fault = nullptr;
    const auto second = Must(Run());

    EXPECT_EQ(second.proved, 10u) << "call " << failing;
    EXPECT_EQ(Assets().size() + Files().size(), 10u) << "call " << failing;
  }
}

}  // namespace
}  // namespace vams::migrate::index::test
