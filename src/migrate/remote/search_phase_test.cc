// Remote runs that fill search indexes themselves: what is checked before the first write, what a
// failing search server leaves behind, and the way back.
#include "migrate/remote/search_phase.h"

#include "migrate/index/fake_opensearch_test.h"
#include "migrate/remote/policy.h"
#include "migrate/remote/remote_target_test.h"

namespace vams::migrate::remote::test {
namespace {

using index::test::FakeOpenSearch;
using ::vams::testing::FakeAnswer;
using ::vams::testing::FakeRequest;

// A deployment of 2.5 that holds data of 2.4, and its search server.
class SearchPhase : public ::testing::Test {
 protected:
  SearchPhase() : target(SmallSet()) {
    target.hooks.search = client.get();
    target.hooks.list_objects = [](OpContext& op, items::ItemStore& store) -> Status {
      objects::ObjectVersion version;
      version.bucket = "bucket";
      version.key = "crane/crane.glb";
      version.version_id = "v1";
      version.sequence = 1;
      version.size = 7;
      const auto spec = Must(store.Tables(op));
      for (const auto table : {tables::kObjectsTable, tables::kObjectVersionsTable})
        if (std::ranges::none_of(spec, [&](const auto& s) { return s.name == table; }))
          TRY_OK(store.CreateTables(op, std::span(tables::FindSystemTable(table), 1)));
      const items::Write writes[] = {
          items::Write::Put(std::string(tables::kObjectsTable),
                            objects::ObjectItem({.newest = version, .next = 2, .versions = 1})),
          items::Write::Put(std::string(tables::kObjectVersionsTable),
                            objects::VersionItem(version))};
      TRY_OK(store.Commit(op, writes));
      return Ok();
    };
    Configure({});
  }

  void Configure(Overrides more, bool all_tables = true) {
    more.opensearch_url = server.url();
    if (all_tables)
      for (const auto version : {tables::DataVersion{2, 4}, tables::DataVersion{2, 5}})
        for (const auto& table : index::TablesFor(version)) more.tables[table] = table;
    target.config = ConfigFor25(more);
  }
  auto& Documents(const std::string& name) { return server.indexes[name].documents; }

  FakeOpenSearch server;
  std::unique_ptr<search::RawIndexes> client = server.Open();
  Target target;
};

// In DynamoDB an asset's folder is an attribute of it.
void PlaceCrane(Target& target) {
  auto crane = Must(target.store->Get(
      target.op, "AssetStorageTable",
      items::Item{{"databaseId", items::Value::S("yard")}, {"assetId", items::Value::S("crane")}}));
  crane.Set("assetLocation", items::Value::M(items::Item{{"Key", items::Value::S("crane/")}}));
  target.Write(items::Write::Put("AssetStorageTable", crane));
}

TEST_F(SearchPhase, ARunFillsTheIndexesOfTheNewVersion) {
  PlaceCrane(target);

  const auto report = Must(target.Run());

  EXPECT_TRUE(report.finished);
  ASSERT_TRUE(report.search.has_value());
  EXPECT_EQ(report.search->proved, 3u);
  EXPECT_EQ(Documents("vams-assets-v2").size(), 2u);
  EXPECT_EQ(Documents("vams-assets-v2")["yard#crane"]["str_asset_version_id"], "2");
  EXPECT_TRUE(Documents("vams-files-v2").contains("yard#crane#/crane.glb"));
  const auto text = boost::json::serialize(ToJson(report));
  EXPECT_NE(text.find("aos/assetIndexName"), std::string::npos) << text;
  const auto again = Must(target.Run());
  EXPECT_TRUE(again.nothing_to_do);
}

TEST_F(SearchPhase, ADryRunSaysWhatWouldBePutAndWritesNothing) {
  PlaceCrane(target);

  const auto report = Must(PlanRemote(target.op, target.Job()));

  std::string notices;
  for (const auto& notice : report.notices) notices += notice + "\n";
  EXPECT_NE(
      notices.find("2 documents of assets and 1 of files would be put into vams-assets-v2 and "
                   "vams-files-v2, of which vams-assets-v2, vams-files-v2 would be created"),
      std::string::npos)
      << notices;
  for (const auto& request : server.requests()) EXPECT_EQ(request.method, "GET") << request.path;
}

TEST_F(SearchPhase, NothingIsWrittenWhereTheIndexesCannotBeFilled) {
  const auto before = Contents(*target.store);
  const auto refused = [&](Code code, std::string_view words) {
    const auto report = target.Run();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, code) << report.error().message;
    EXPECT_NE(report.error().message.find(words), std::string::npos) << report.error().message;
    EXPECT_SAME_TABLES(before, Contents(*target.store));
  };

  server.indexes["vams-files-v2"].mappings = {{"properties", {{"title", {{"type", "text"}}}}}};
  refused(Code::kConflict, "vams-files-v2");
  server.indexes.clear();
  Configure({}, false);
  refused(Code::kInvalid, "FileAttributeStorageTableV2");
  Configure({});
  auto list_objects = std::exchange(target.hooks.list_objects, nullptr);
  refused(Code::kInvalid, "--objects-listing");
  target.hooks.list_objects = list_objects;
  Configure({.opensearch_assets = "both", .opensearch_files = "both"});
  refused(Code::kInvalid, "an index for assets and another for files");
  Configure({});
  target.hooks.search = nullptr;
  refused(Code::kInvalid, "--opensearch-url");
  EXPECT_TRUE(server.indexes.empty());
}

TEST_F(SearchPhase, AServerThatForbidsItLeavesTheTablesAlone) {
  const auto before = Contents(*target.store);
  server.fault = [](const FakeRequest&) {
    return FakeAnswer{.status = 403, .body = R"({"Message":"no"})", .headers = {}};
  };

  const auto report = target.Run();

  if (report.ok()) {
    ASSERT_TRUE(report->interrupted.has_value());
    EXPECT_EQ(report->interrupted->code, Code::kDenied);
  }
  EXPECT_SAME_TABLES(before, Contents(*target.store));
}

TEST_F(SearchPhase, WhenFillingFailsTheTablesAreDoneAndTheSameCommandGoesOn) {
  PlaceCrane(target);
  server.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.path.ends_with("files-v2/_bulk")) return std::nullopt;
    return FakeAnswer{.status = 429, .body = "{}", .headers = {}};
  };
  const auto stopped = Must(target.Run());
  ASSERT_TRUE(stopped.interrupted.has_value());
  EXPECT_FALSE(stopped.finished);
  EXPECT_NE(stopped.interrupted->message.find("the tables are done"), std::string::npos);

  server.fault = nullptr;
  const auto report = Must(target.Run());

  EXPECT_TRUE(report.finished && report.resumed);
  EXPECT_EQ(report.search->proved, 3u);
}

TEST_F(SearchPhase, RefusedDocumentsAreNoSuccess) {
  server.refuse = [](const std::string&) {
    return FakeOpenSearch::Refusal{.status = 400, .type = "x", .reason = "immense term"};
  };

  const auto report = Must(target.Run());

  ASSERT_TRUE(report.reindex_failed.has_value());
  EXPECT_NE(report.reindex_failed->message.find("immense term"), std::string::npos);
  EXPECT_EQ(report.search->proved, 0u);
}

TEST_F(SearchPhase, VerifyReadsEveryDocumentAndReindexPutsThemBack) {
  PlaceCrane(target);
  ASSERT_TRUE(Must(target.Run()).finished);
  const auto proved = Must(VerifyRemote(target.op, target.Job()));
  EXPECT_TRUE(proved.failures.empty());
  Documents("vams-assets-v2").clear();

  const auto proof = Must(VerifyRemote(target.op, target.Job()));
  const auto outcome = Must(ReindexRemote(target.op, target.Job()));

  ASSERT_EQ(proof.failures.size(), 1u);
  EXPECT_NE(proof.failures[0].find("2 documents are not in"), std::string::npos);
  EXPECT_EQ(outcome.failed, 0u);
  EXPECT_EQ(Documents("vams-assets-v2").size(), 2u);
}

TEST_F(SearchPhase, TheWayBackFillsTheIndexesOfTheOldVersion) {
  PlaceCrane(target);
  ASSERT_TRUE(Must(target.Run()).finished);
  EXPECT_TRUE(Documents("vams-assets-v2")["yard#crane"].contains("str_assetlocationkey"));

  const auto report = Must(target.Reverse());

  EXPECT_EQ(report.search->proved, 3u);
  EXPECT_FALSE(Documents("vams-assets-v2")["yard#crane"].contains("str_assetlocationkey"));
}

TEST(SearchPlan, ComesBackFromTheJournalAndTellsRunsApart) {
  Overrides overrides;
  overrides.opensearch_url = "https://search.example";
  overrides.opensearch_documents = "files";
  const auto config = ConfigFor25(overrides);
  RemotePlan plan;
  plan.from = {2, 4};
  plan.to = {2, 5};
  plan.search = PlanSearch(config, plan.to);

  auto same = Must(PlanFrom(ToJson(plan)));

  EXPECT_TRUE(SameWork(plan, same));
  ASSERT_TRUE(same.search.has_value());
  EXPECT_EQ(same.search->part, index::Part::kFiles);
  same.search->names.files = "other";
  EXPECT_FALSE(SameWork(plan, same));
  same.search.reset();
  EXPECT_FALSE(SameWork(plan, same));
}

TEST(SearchPlan, ThePolicyAllowsTheServerInPlaceOfTheFunction) {
  Overrides overrides;
  overrides.opensearch_url = "https://search-x.eu-west-1.es.amazonaws.com";
  const auto config =
      Must(ParseUpstreamConfig(R"({"function_name":"YOUR_NAME"})", "c.json", overrides));

  const auto policy = Must(PolicyFor(config, {.region = "eu-west-1"}));

  EXPECT_NE(policy.find("es:ESHttpPut"), std::string::npos) << policy;
  EXPECT_NE(policy.find("arn:aws:es:eu-west-1:*:domain/*"), std::string::npos);
  EXPECT_EQ(policy.find("lambda"), std::string::npos);
}

TEST(SearchPlan, OptionsNeedTheUrlAndReplaceTheFunction) {
  Overrides overrides;
  overrides.opensearch_documents = "files";
  const auto without = ParseUpstreamConfig(R"({"function_name":"f"})", "c.json", overrides);
  overrides.opensearch_url = "https://search.example";
  const auto config =
      Must(ParseUpstreamConfig(R"({"function_name":"YOUR_NAME"})", "c.json", overrides));
  overrides.opensearch_documents = "some";
  const auto odd = ParseUpstreamConfig(R"({"function_name":"f"})", "c.json", overrides);

  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().message.find("--opensearch-url"), std::string::npos);
  EXPECT_EQ(config.reindex_function, "");
  EXPECT_EQ(config.reindex_operation, "files");
  EXPECT_FALSE(odd.ok());
}

}  // namespace
}  // namespace vams::migrate::remote::test
