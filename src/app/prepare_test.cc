// What a stack is given before it is served: the records of its buckets.
#include "app/prepare.h"

#include <gmock/gmock.h>

#include "catalog/support_test.h"
#include "folders/folder_sync.h"

namespace vams::app {
namespace {

using catalog::test::Must;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Texts(const std::vector<catalog::BucketSeed>& seeds) {
  std::vector<std::string> texts;
  for (const catalog::BucketSeed& seed : seeds)
    texts.push_back(seed.name + " " + seed.prefix + (seed.versioned ? " versioned" : ""));
  return texts;
}

TEST(BucketsOf, AreTheOwnOneAndTheExternalOnes) {
  const std::string kFolder = folders::BucketNameOf("/srv/a:s3:::b") + " / versioned";
  config::Config config;
  config.asset_buckets.external = {{"arn:aws:s3:::museum-archive", "scans/", "museum"},
                                   {"arn:aws-us-gov:s3:::gov", "/", "gov"},
                                   {"file:///srv/a:s3:::b", "/", "share"}};

  EXPECT_THAT(
      Texts(BucketsOf(config, "prod")),
      ElementsAre("vams-prod-assets / versioned", "museum-archive scans/", "gov /", kFolder));
  config.asset_buckets.create_new = false;
  EXPECT_THAT(Texts(BucketsOf(config, "prod")),
              ElementsAre("museum-archive scans/", "gov /", kFolder));
}

// Object stores take lower case, digits and dashes, 63 of them.
TEST(BucketsOf, NameOfTheOwnOneIsOneOfABucket) {
  config::Config config;
  config.name = "Vams_2";

  EXPECT_EQ(BucketsOf(config, "Dry-Dock").front().name, "vams-2-dry-dock-assets");
  const std::string longest = BucketsOf(config, std::string(63, 'a')).front().name;
  EXPECT_EQ(longest, "vams-2-" + std::string(49, 'a') + "-assets");
  EXPECT_EQ(longest.size(), 63U);
}

// At every start: what is there keeps its id, what the configuration adds comes, and nothing goes.
TEST(PrepareStore, BucketsKeepTheirIdsFromStartToStart) {
  OpContext op;
  const catalog::test::FixedClock clock;
  catalog::test::SeededRandom random;
  const auto store = catalog::test::MemoryWithTables(clock);
  config::Config config;
  config.asset_buckets.external = {{"file:///srv/share", "/", "share"}};
  const auto ids = [&] {
    std::vector<std::string> all;
    for (const auto& bucket : Must(catalog::ListBuckets(op, *store, "", 100)).buckets)
      all.push_back(bucket.name + " " + bucket.id);
    return all;
  };

  Must(PrepareStore(op, *store, "prod", config, clock, random));
  const auto first = ids();
  ASSERT_EQ(first.size(), 2U);
  Must(PrepareStore(op, *store, "prod", config, clock, random));
  EXPECT_EQ(ids(), first);

  config.asset_buckets.external = {{"arn:aws:s3:::museum", "/", "museum"}};
  Must(PrepareStore(op, *store, "prod", config, clock, random));

  EXPECT_THAT(ids(), UnorderedElementsAre(first[0], first[1], ::testing::StartsWith("museum ")));
}

// Each of the four has its switch.
TEST(PrepareStore, BringsTheDefaultSchemasThatTheConfigurationAsksFor) {
  OpContext op;
  const catalog::test::FixedClock clock;
  catalog::test::SeededRandom random;
  const auto ids = [&](const config::DefaultSchemas& chosen) {
    const auto store = catalog::test::MemoryWithTables(clock);
    config::Config config;
    config.default_schemas = chosen;
    Must(PrepareStore(op, *store, "prod", config, clock, random));
    std::vector<std::string> found;
    Must(catalog::ForEachItem(
        op, *store, "MetadataSchemaStorageTableV2",
        [&](const items::Item& item) { found.emplace_back(item.Text("metadataSchemaId")); }));
    return found;
  };
  const config::DefaultSchemas none{
      .asset_links = false, .database = false, .asset = false, .asset_file = false};
  const auto only = [&](bool config::DefaultSchemas::*which) {
    config::DefaultSchemas chosen = none;
    chosen.*which = true;
    return ids(chosen);
  };

  EXPECT_EQ(ids({}).size(), 4U);
  EXPECT_THAT(ids(none), ::testing::IsEmpty());
  using config::DefaultSchemas;
  EXPECT_THAT(only(&DefaultSchemas::asset_links), ElementsAre("default-assetlinks-schema"));
  EXPECT_THAT(only(&DefaultSchemas::database), ElementsAre("default-database-schema"));
  EXPECT_THAT(only(&DefaultSchemas::asset), ElementsAre("default-asset-schema"));
  EXPECT_THAT(only(&DefaultSchemas::asset_file), ElementsAre("default-file-schema-3dmodel"));
}

}  // namespace
}  // namespace vams::app
