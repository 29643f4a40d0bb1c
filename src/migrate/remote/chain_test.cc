// The whole way from 2.1 to 2.5 and back on a DynamoDB-protocol server, with the fixtures: tables
// of a deployment, upstream's configuration files, a failure in the middle of every step.
#include <gtest/gtest.h>

#include <set>

#include "items/dynamodb/dynamodb_store.h"
#include "migrate/remote/aws_hooks.h"
#include "migrate/remote/remote_target_test.h"
#include "migrate/steps/step_fixtures_test.h"
#include "testing/dynamodb_server.h"
#include "testing/faulty_store.h"

namespace vams::migrate::remote::test {
namespace {

using testing::DynamoDbServer;
using testing::FaultyStore;

constexpr std::string_view kConfigs[] = {
    R"({"assets_table_name":"@AssetStorageTable",
        "asset_versions_table_name":"@AssetVersionsStorageTable",
        "s3_asset_buckets_table_name":"@S3AssetBucketsStorageTable",
        "databases_table_name":"@DatabaseStorageTable",
        "comment_storage_table_name":"@CommentStorageTable",
        "asset_links_table_name":"@AssetLinksStorageTable",
        "asset_links_table_v2_name":"@AssetLinksStorageTableV2.2",
        "base_assets_prefix":"/","asset_bucket_name":"yard-assets-111122223333"})",
    R"({"function_name":"vams-reindexer","operation":"both"})",
    R"({"auth_entities_table_name":"@AuthEntitiesTable",
        "constraints_table_name":"@ConstraintsStorageTable",
        "old_metadata_table_name":"@MetadataStorageTable",
        "new_metadata_table_name":"@AssetFileMetadataStorageTableV2",
        "old_metadata_schema_table_name":"@MetadataSchemaStorageTable",
        "new_metadata_schema_table_name":"@MetadataSchemaStorageTableV2",
        "reindexer_function_name":"vams-reindexer"})",
    R"({"asset_storage_table_name":"@AssetStorageTable",
        "asset_versions_storage_table_name_v1":"@AssetVersionsStorageTable",
        "asset_versions_storage_table_name_v2":"@AssetVersionsStorageTableV2",
        "asset_file_versions_storage_table_name_v1":"@AssetFileVersionsStorageTable",
        "asset_file_versions_storage_table_name_v2":"@AssetFileVersionsStorageTableV2",
        "asset_file_metadata_versions_storage_table_name":"@AssetFileMetadataVersionsStorageTable"
       })"};

UpstreamConfig ConfigOf(std::string_view text, const std::string& prefix) {
  std::string filled;
  for (const char c : text) filled += c == '@' ? prefix : std::string(1, c);
  auto config = Must(ParseUpstreamConfig(filled, "config.json"));
  Overrides overrides;
  for (const auto& table : TablesNotNamed(config)) overrides.tables[table] = prefix + table;
  return Must(ParseUpstreamConfig(filled, "config.json", overrides));
}

// What the step makes of the tables that the configuration names; all others stay.
TableSet After(const RemotePlan& plan, const TableSet& before, const TableSet& listing) {
  const Step& step = *plan.path.front().step;
  TableSet source = listing;
  for (const auto& table : plan.tables)
    if (before.contains(table.canonical)) source[table.canonical] = before.at(table.canonical);
  const auto made = migrate::test::RunNaive(step, Direction::kUp, plan.settings, source);
  TableSet after = before;
  for (const auto& table : plan.WrittenTables())
    after[table] = made.tables.contains(table) ? made.tables.at(table) : migrate::test::Rows();
  for (const auto& remark : made.remarks.quarantined) {
    const auto key =
        items::EncodeItem(items::KeyOf(migrate::test::Spec(remark.table), remark.record));
    if (before.contains(remark.table) && before.at(remark.table).contains(key))
      after[remark.table].emplace(key, before.at(remark.table).at(key));
  }
  return after;
}

class RemoteChain : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::FixtureFolder()) GTEST_SKIP() << "no fixtures; set VAMS_FIXTURES";
    auto& server = DynamoDbServer::Shared(DynamoDbServer::Kind::kDynamoDbLocal);
    credentials_ = net::FixedCredentials({"AKIDEXAMPLE", "secret", "", 0});
    items::DynamoOptions options;
    options.region = "eu-west-1";
    options.endpoint = server.endpoint();
    options.prefix = "chain-";
    options.credentials = credentials_.get();
    store_ = Must(items::OpenDynamoStore(std::move(options)));

    migrate::test::AddFixture(set_, "v2.1");
    for (const auto* gone : {"JobStorageTable", "WorkflowExecutionStorageTable"}) set_.erase(gone);
    for (const auto* seed : {"seed/v2.2", "seed/v2.3", "seed/v2.4", "seed/v2.5"})
      migrate::test::AddFixture(set_, seed);
    migrate::test::AddListing(listing_, "v2.1");
    Deploy(*store_, {2, 5}, set_);
  }

  RemoteJob Job(const UpstreamConfig& config, items::ItemStore& on) {
    RemoteJob job{.config = config,
                  .store = on,
                  .lock_store = store_.get(),
                  .work = folder_.path() / "work",
                  .clock = clock_,
                  .options = {},
                  .hooks = {},
                  .on_progress = {}};
    job.options.quarantine_ambiguous = true;
    job.options.operator_name = "dana";
    job.options.remote_threads = 2;
    job.hooks.protect = ProtectByBackup(*store_, "test");
    job.hooks.invoke = [this](OpContext&, std::string_view,
                              std::string) -> Result<net::LambdaResult> {
      ++invoked_;
      return net::LambdaResult{
          .status = 200,
          .function_error = {},
          .payload = R"({"body":{"results":{"assets":{"success_count":1,"total_count":1}}}})"};
    };
    job.hooks.list_objects = [this](OpContext& op, items::ItemStore& into) -> Status {
      for (const auto& [table, rows] : listing_)
        for (const auto& [key, item] : rows) {
          const auto put = items::Write::Put(table, item);
          TRY_OK(into.Commit(op, std::span(&put, 1)));
        }
      return Ok();
    };
    return job;
  }

  // Fails once on the way, at a call that depends on `seed`, and is taken up again.
  template <typename Work>
  RemoteReport Interrupted(const UpstreamConfig& config, std::size_t call, const Work& work) {
    FaultyStore faulty(*store_);
    faulty.FailCall(call, Code::kUnavailable,
                    call % 2 == 0 ? FaultyStore::When::kBefore : FaultyStore::When::kAfter);
    auto first = Must(work(op_, Job(config, faulty)));
    EXPECT_TRUE(faulty.failed()) << "only " << faulty.calls() << " calls";
    EXPECT_FALSE(first.finished);
    auto second = Must(work(op_, Job(config, *store_)));
    EXPECT_TRUE(second.finished) << (second.interrupted ? second.interrupted->message : "");
    return second;
  }

  OpContext op_;
  TestClock clock_;
  files::TempFolder folder_ =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "chain"));
  std::unique_ptr<net::CredentialSource> credentials_;
  std::unique_ptr<items::DynamoStore> store_;
  TableSet set_, listing_;
  int invoked_ = 0;
};

TEST_F(RemoteChain, From21To25AndBackWithAFailureInEveryStep) {
  std::vector<UpstreamConfig> configs;
  for (const auto text : kConfigs) configs.push_back(ConfigOf(text, "chain-"));
  std::vector<TableSet> states = {Contents(*store_)};
  EXPECT_SAME_TABLES(set_, states.back());

  for (std::size_t step = 0; step < configs.size(); ++step) {
    SCOPED_TRACE(configs[step].from.ToString());
    if (configs[step].tables.empty()) {
      EXPECT_TRUE(Must(RunRemote(op_, Job(configs[step], *store_))).finished);
      states.push_back(states.back());
      continue;
    }
    const auto report = Interrupted(configs[step], 45 + 8 * step, RunRemote);
    const auto records = Must(RemoteRecords(folder_.path() / "work"));
    states.push_back(After(records.back().plan, states.back(), listing_));
    EXPECT_SAME_TABLES(states.back(), Contents(*store_));
    EXPECT_TRUE(Must(RunRemote(op_, Job(configs[step], *store_))).nothing_to_do);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_EQ(invoked_, 2);

  for (std::size_t step = configs.size(); step-- > 0;) {
    if (configs[step].tables.empty()) continue;
    SCOPED_TRACE("back to " + configs[step].from.ToString());
    Interrupted(configs[step], 40 + 2 * step, ReverseRemote);
    EXPECT_SAME_TABLES(states[step], Contents(*store_));
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace vams::migrate::remote::test
