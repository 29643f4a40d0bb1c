// Upstream's configuration files, as they are shipped and as operators fill them in.
#include "migrate/remote/upstream_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "migrate/naive_engine_test.h"

namespace vams::migrate::remote {
namespace {

using migrate::test::Must;

constexpr std::string_view k21 = R"({
  "assets_table_name": "core-AssetStorageTable1A2B3C4D-AA",
  "asset_versions_table_name": "core-AssetVersionsStorageTable1A2B3C4D-AB",
  "s3_asset_buckets_table_name": "core-S3AssetBucketsStorageTable1A2B3C4D-AC",
  "databases_table_name": "core-DatabaseStorageTable1A2B3C4D-AD",
  "comment_storage_table_name": "core-CommentStorageTable1A2B3C4D-AE",
  "asset_links_table_name": "core-AssetLinksStorageTable1A2B3C4D-AF",
  "asset_links_table_v2_name": "core-AssetLinksStorageTableV221A2B3C4D-AG",
  "base_assets_prefix": "/", "asset_bucket_name": "plant-assets",
  "aws_profile": null, "aws_region": "", "log_level": "INFO", "batch_size": 25, "dry_run": false,
  "comments": ["free text"]})";

constexpr std::string_view k24 = R"({
  "comments": "text", "_comment_tables": "text", "_instructions": ["text"],
  "asset_storage_table_name": "s-AssetStorageTable1A2B3C4D-AA",
  "asset_versions_storage_table_name_v1": "s-AssetVersionsStorageTable1A2B3C4D-AB",
  "asset_versions_storage_table_name_v2": "s-AssetVersionsStorageTableV21A2B3C4D-AC",
  "asset_file_versions_storage_table_name_v1": "s-AssetFileVersionsStorageTable1A2B3C4D-AD",
  "asset_file_versions_storage_table_name_v2": "s-AssetFileVersionsStorageTableV21A2B3C4D-AE",
  "asset_file_metadata_versions_storage_table_name": "YOUR-STACK-AssetFileMetadataVersions-XXXXX",
  "batch_size": 25, "dry_run": true, "limit": 10, "aws_profile": "ops", "aws_region": "eu-west-1",
  "log_level": "DEBUG"})";

std::string Refusal(std::string_view text, const Overrides& overrides = {}) {
  const auto config = ParseUpstreamConfig(text, "my.json", overrides);
  return config.ok() ? "accepted" : config.error().message;
}

std::string Changed(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  out.replace(out.find(from), from.size(), to);
  return out;
}

TEST(UpstreamConfig, ReadsAFileOfTheStepFrom21) {
  const auto config = Must(ParseUpstreamConfig(k21, "my.json"));

  EXPECT_EQ(config.from.ToString() + config.to.ToString(), "2.12.2");
  ASSERT_EQ(config.tables.size(), 7u);
  EXPECT_EQ(config.Find("AssetLinksStorageTableV2.2")->physical,
            "core-AssetLinksStorageTableV221A2B3C4D-AG");
  EXPECT_EQ(config.Find("CommentStorageTable")->key, "comment_storage_table_name");
  EXPECT_EQ(config.asset_bucket, "plant-assets");
  EXPECT_EQ(config.base_assets_prefix, "/");
  EXPECT_EQ(config.region, "");
  EXPECT_FALSE(config.dry_run);
  EXPECT_FALSE(config.limit.has_value());
  EXPECT_TRUE(config.notices.empty());
}

TEST(UpstreamConfig, ReadsAFileOfTheStepFrom22) {
  const auto config = Must(ParseUpstreamConfig(
      R"({"comments":"","function_name":"vams-reindexer","operation":"files","clear_indexes":true,
          "_comment_x":1,"dry_run":false,"limit":null,"log_level":"INFO"})",
      "my.json"));

  EXPECT_EQ(config.from.ToString(), "2.2");
  EXPECT_TRUE(config.tables.empty());
  EXPECT_EQ(config.reindex_function, "vams-reindexer");
  EXPECT_EQ(config.reindex_operation, "files");
  EXPECT_TRUE(config.clear_indexes);
}

TEST(UpstreamConfig, ReadsAFileOfTheStepFrom23) {
  const std::string text = R"({"auth_entities_table_name":"a","constraints_table_name":"b",
    "old_metadata_table_name":"c","new_metadata_table_name":"d",
    "old_metadata_schema_table_name":"e","new_metadata_schema_table_name":"f",
    "reindexer_function_name":"r","clear_indexes_before_reindex":true,"delete_old_data":true,
    "dry_run":false,"limit":null,"aws_profile":null,"aws_region":null,"log_level":"INFO"})";

  const auto config = Must(ParseUpstreamConfig(text, "my.json"));

  EXPECT_EQ(config.from.ToString(), "2.3");
  EXPECT_EQ(config.Find("AssetFileMetadataStorageTableV2")->physical, "d");
  EXPECT_EQ(config.reindex_function, "r");
  EXPECT_EQ(config.reindex_operation, "both");
  EXPECT_TRUE(config.clear_indexes);
  // Deleting is answered, not done.
  ASSERT_EQ(config.notices.size(), 1u);
  EXPECT_NE(config.notices[0].find("vams prune"), std::string::npos);

  // Without search there is no function, and the step goes without its last phase.
  const auto none = Must(ParseUpstreamConfig(Changed(text, "\"r\"", "null"), "my.json"));
  EXPECT_EQ(none.reindex_function, "");
  EXPECT_EQ(none.notices.size(), 2u);
}

TEST(UpstreamConfig, ReadsAFileOfTheStepFrom24AndLeavesOutPhasesThatAreNotSet) {
  const auto config = Must(ParseUpstreamConfig(k24, "my.json"));

  EXPECT_EQ(config.from.ToString(), "2.4");
  EXPECT_EQ(config.tables.size(), 5u);
  EXPECT_EQ(config.Find("AssetFileMetadataVersionsStorageTable"), nullptr);
  ASSERT_EQ(config.notices.size(), 1u);
  EXPECT_NE(config.notices[0].find("asset_file_metadata_versions_storage_table_name"),
            std::string::npos);
  EXPECT_TRUE(config.dry_run);
  EXPECT_EQ(config.limit, 10u);
  EXPECT_EQ(config.profile + config.region + config.log_level, "opseu-west-1DEBUG");
}

TEST(UpstreamConfig, TheLinkPhaseNeedsBothOfItsTables) {
  const auto config = Must(ParseUpstreamConfig(
      Changed(k21, "core-AssetLinksStorageTable1A2B3C4D-AF", "YOUR_ASSET_LINKS_TABLE"), "my.json"));

  EXPECT_EQ(config.Find("AssetLinksStorageTable"), nullptr);
  EXPECT_EQ(config.Find("AssetLinksStorageTableV2.2"), nullptr);
  EXPECT_EQ(config.notices.size(), 1u);
}

TEST(UpstreamConfig, EveryPlaceholderIsTold) {
  for (const auto* value :
       {"", "  ", "YOUR_ASSETS_TABLE_NAME", "YOUR-STACK-AssetStorageTable-XXXXX", "<assets table>",
        "PROD_ASSETS_TABLE_NAME", "your_table"})
    EXPECT_TRUE(IsPlaceholder(value)) << value;
  for (const auto* value :
       {"/", "vams-core-AssetStorageTable1A2B3C4D-1XK9Q2M4T7LP", "assets", "Yourtable", "ASSETS"})
    EXPECT_FALSE(IsPlaceholder(value)) << value;

  const auto text = Refusal(R"({"asset_storage_table_name":"YOUR-STACK-AssetStorageTable-XXXXX",
    "asset_versions_storage_table_name_v1":"","asset_versions_storage_table_name_v2":"v2",
    "asset_file_versions_storage_table_name_v1":"f1"})");

  EXPECT_NE(text.find("asset_storage_table_name still has the placeholder"), std::string::npos)
      << text;
  EXPECT_NE(text.find("asset_versions_storage_table_name_v1 is missing"), std::string::npos)
      << text;
  EXPECT_NE(text.find("asset_file_versions_storage_table_name_v2 is missing"), std::string::npos);
  EXPECT_NE(text.find("contains(@,'-AssetFileVersionsStorageTableV2')"), std::string::npos) << text;
}

TEST(UpstreamConfig, PlaceholdersOfTheAccountAreToldToo) {
  const auto text = Refusal(
      Changed(Changed(k21, "\"aws_profile\": null", "\"aws_profile\": \"YOUR_AWS_PROFILE\""),
              "plant-assets", "YOUR_ASSET_BUCKET_NAME"));

  EXPECT_NE(text.find("aws_profile still has the placeholder"), std::string::npos) << text;
  EXPECT_NE(text.find("asset_bucket_name still has the placeholder"), std::string::npos) << text;
}

TEST(UpstreamConfig, UnknownKeysAreToldWithTheNearestOne) {
  const auto text = Refusal(
      Changed(Changed(k24, "\"dry_run\"", "\"dryrun\""), "\"limit\"", "\"delete_old_data\""));

  EXPECT_NE(text.find("dryrun is not known; the nearest key is dry_run"), std::string::npos)
      << text;
  EXPECT_NE(text.find("delete_old_data belongs to a file for the step 2.3 to 2.4"),
            std::string::npos)
      << text;
}

TEST(UpstreamConfig, WrongTypesAreToldWithTheirKeys) {
  const auto text =
      Refusal(Changed(Changed(Changed(k24, "\"dry_run\": true", "\"dry_run\": \"yes\""),
                              "\"limit\": 10", "\"limit\": -1"),
                      "\"s-AssetStorageTable1A2B3C4D-AA\"", "[1]"));

  EXPECT_NE(text.find("dry_run must be true or false, not a text"), std::string::npos) << text;
  EXPECT_NE(text.find("limit must be a whole number"), std::string::npos) << text;
  EXPECT_NE(text.find("asset_storage_table_name must be a text, not a list"), std::string::npos)
      << text;
  EXPECT_NE(Refusal("[]").find("one JSON object"), std::string::npos);
  EXPECT_NE(Refusal("{").find("is not JSON"), std::string::npos);
  EXPECT_NE(Refusal("{\"dry_run\":true}").find("no configuration"), std::string::npos);
}

TEST(UpstreamConfig, ABatchSizeThatTheServiceRefusesIsRefusedFirst) {
  const auto text = Refusal(Changed(k24, "\"batch_size\": 25", "\"batch_size\": 26"));

  EXPECT_NE(text.find("batch_size must be a whole number from 1 to 25"), std::string::npos) << text;
}

TEST(UpstreamConfig, OneTableForTwoNamesIsRefused) {
  const auto text = Refusal(Changed(k24, "s-AssetVersionsStorageTableV21A2B3C4D-AC",
                                    "s-AssetVersionsStorageTable1A2B3C4D-AB"));

  EXPECT_NE(text.find("name the same table"), std::string::npos) << text;
}

TEST(UpstreamConfig, TheCommandLineWins) {
  Overrides overrides;
  overrides.texts[std::string(KeyOfArgument("--profile"))] = "other";
  overrides.tables["S3AssetBucketsStorageTable"] = "buckets";
  overrides.dry_run = false;
  overrides.limit = 3;
  overrides.clear_v2 = true;

  const auto config = Must(ParseUpstreamConfig(k24, "my.json", overrides));

  EXPECT_EQ(config.profile, "other");
  EXPECT_EQ(config.Find("S3AssetBucketsStorageTable")->physical, "buckets");
  EXPECT_FALSE(config.dry_run);
  EXPECT_EQ(config.limit, 3u);
  EXPECT_EQ(config.notices.size(), 2u);
  EXPECT_EQ(KeyOfArgument("--asset-links-table-v2"), "asset_links_table_v2_name");
  EXPECT_EQ(KeyOfArgument("--nonsense"), "");
}

// The step reads more than upstream's script does; what stands in the same stack is found.
TEST(UpstreamConfig, TablesBesideTheNamedOnesAreFound) {
  auto config = Must(ParseUpstreamConfig(k24, "my.json"));
  const auto missing = TablesNotNamed(config);
  EXPECT_NE(std::ranges::find(missing, "S3AssetBucketsStorageTable"), missing.end());

  const auto added = AddSiblings(
      config, {"s-S3AssetBucketsStorageTable1A2B3C4D-1XK9Q2M4T7LP",
               "other-S3AssetBucketsStorageTable1A2B3C4D-1XK9Q2M4T7LQ",
               "s-AssetFileMetadataVersionsStorageTable1A2B3C4D-1XK9Q2M4T7LR", "unrelated"});

  // The snapshots' table has a key of its own that was not set: its phase stays left out.
  ASSERT_EQ(added, std::vector<std::string>{"S3AssetBucketsStorageTable"});
  EXPECT_EQ(config.Find("S3AssetBucketsStorageTable")->physical,
            "s-S3AssetBucketsStorageTable1A2B3C4D-1XK9Q2M4T7LP");
}

}  // namespace
}  // namespace vams::migrate::remote
