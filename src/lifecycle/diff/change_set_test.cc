// What an update does to the resources of a stack, from data versions and configurations alone.
#include "lifecycle/diff/change_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "lifecycle/support_test.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::diff {
namespace {

using test::Must;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr tables::DataVersion k24{2, 4}, k25{2, 5};

class ChangeSetTest : public ::testing::Test {
 protected:
  static Side At(tables::DataVersion version, const std::string& config = "{}") {
    return {.config = Must(config::Load({.file_text = config,
                                         .file_path = "/etc/vams/config.json",
                                         .environment = {},
                                         .sets = {}})),
            .data_version = version,
            .stack = "plant"};
  }
  ChangeSet Of(const Side& before, const Side& after) {
    return Must(Compare(before, after, usage_));
  }
  static const ResourceChange* Find(const ChangeSet& set, const std::string& resource) {
    for (const auto& change : set.changes)
      if (change.resource() == resource) return &change;
    return nullptr;
  }

  Usage usage_{.tables = {{"AssetVersionsStorageTable", {1000, 90'000}},
                          {"AssetFileVersionsStorageTable", {3000, 200'000}},
                          {std::string(tables::kAccountsTable), {7, 900}}},
               .buckets = {{"vams-plant-assets", {12, 3456}}},
               .bytes_estimated = false};
};

TEST_F(ChangeSetTest, IsEmptyWhereNothingDiffers) {
  const auto set = Of(At(k25), At(k25));

  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(ApprovalNeeded(set, Approval::kAlways));
  EXPECT_EQ(ToText(set), "stack \"plant\": no differences\n");
}

TEST_F(ChangeSetTest, SaysWhichStepCarriesTheRowsOfATableThatIsReplaced) {
  const auto set = Of(At(k24), At(k25));

  const auto* old_table = Find(set, "table/AssetVersionsStorageTable");
  ASSERT_NE(old_table, nullptr);
  EXPECT_EQ(old_table->kind, ChangeKind::kReplaced);
  EXPECT_EQ(old_table->holds, (Extent{1000, 90'000}));
  EXPECT_EQ(old_table->carried, old_table->holds);
  EXPECT_THAT(old_table->carried_by, HasSubstr("asset-versions"));
  EXPECT_THAT(old_table->carried_by, HasSubstr("to AssetVersionsStorageTableV2"));
  const auto* new_table = Find(set, "table/AssetVersionsStorageTableV2");
  ASSERT_NE(new_table, nullptr);
  EXPECT_EQ(new_table->kind, ChangeKind::kAdded);
  EXPECT_EQ(Find(set, "table/AssetStorageTable"), nullptr);
  EXPECT_FALSE(set.loses_data());
  EXPECT_TRUE(set.destructive());
  EXPECT_THAT(Refusals(set, {}, false), IsEmpty());
}

// Whatever way the steps take, no table has rows that go nowhere.
TEST_F(ChangeSetTest, NoStepLosesRowsInEitherDirection) {
  for (const auto name : tables::AllTableNames()) usage_.tables[std::string(name)] = {10, 1000};
  for (const auto from : tables::AllVersions())
    for (const auto to : tables::AllVersions()) {
      const auto set = Of(At(from), At(to));

      EXPECT_FALSE(set.loses_data()) << from.ToString() << " to " << to.ToString() << "\n"
                                     << ToText(set);
      EXPECT_EQ(set.empty(), from == to);
      for (const auto& change : set.changes) {
        if (change.type != ResourceType::kTable || change.kind != ChangeKind::kRemoved) continue;
        EXPECT_FALSE(change.carried_by.empty()) << change.name;
      }
    }
}

TEST_F(ChangeSetTest, RefusesToLeaveItemsOrContentsBehindInAnotherEngine) {
  const auto set = Of(At(k25), At(k25, R"({"engines": {"items": {"kind": "dynamodb"}}})"));

  const auto* items = Find(set, "engine/engines.items");
  ASSERT_NE(items, nullptr);
  EXPECT_EQ(items->lost.rows, 4007U);
  EXPECT_EQ(&set.changes.front(), items) << "what loses data comes first";
  // Nobody can accept what cannot be done in place.
  const auto refusals = Refusals(set, {"engine/engines.items"}, true);
  ASSERT_THAT(refusals, SizeIs(1));
  EXPECT_THAT(refusals.front().reason, HasSubstr("vams ab start"));
}

TEST_F(ChangeSetTest, RefusesEncryptionOfContentsThatAreThere) {
  const std::string on = R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})";

  const auto with_contents = Of(At(k25), At(k25, on));
  usage_.buckets.clear();
  const auto without = Of(At(k25), At(k25, on));

  EXPECT_THAT(Refusals(with_contents, {}, true), SizeIs(1));
  ASSERT_NE(Find(without, "encryption/contents"), nullptr);
  EXPECT_THAT(Refusals(without, {}, true), IsEmpty());
}

TEST_F(ChangeSetTest, KeepsWhatABucketHoldsThatIsNotConfiguredAnyMore) {
  const auto set = Of(At(k25), At(k25, R"({"app": {"assetBuckets": {"createNewBucket": false,
             "externalAssetBuckets": [{"bucketArn": "file:///srv/share",
                                       "baseAssetsPrefix": "/",
                                       "defaultSyncDatabaseId": "d"}]}}})"));

  const auto* bucket = Find(set, "bucket/vams-plant-assets");
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(bucket->kind, ChangeKind::kRemoved);
  EXPECT_EQ(bucket->holds, (Extent{12, 3456}));
  EXPECT_FALSE(bucket->loses_data());
  EXPECT_NE(Find(set, "bucket/file:///srv/share"), nullptr);
}

TEST_F(ChangeSetTest, NamesAccountsFeaturesPipelinesListenersSearchAndSettings) {
  const auto set = Of(At(k25), At(k25, R"({
      "app": {"useLocationService": {"enabled": false},
              "pipelines": {"useConversion3dBasic": {"enabled": false}},
              "authProvider": {"presignedUrlTimeoutSeconds": 600}},
      "engines": {"search": {"kind": "none"}},
      "server": {"listen": "127.0.0.1:9999"}})"));

  std::vector<std::string> found;
  for (const auto& change : set.changes)
    found.push_back(fmt::format("{} {}", NameOf(change.kind), change.resource()));
  EXPECT_THAT(found,
              ::testing::UnorderedElementsAre(
                  "removed search-index/assets and files", "removed feature/LOCATIONSERVICES",
                  "added feature/NOOPENSEARCH", "removed pipeline/useConversion3dBasic",
                  "removed listener/127.0.0.1:8080", "added listener/127.0.0.1:9999",
                  "changed setting/app.authProvider.presignedUrlTimeoutSeconds"));
  EXPECT_FALSE(set.destructive());
}

TEST_F(ChangeSetTest, AcceptsANamedLossAfterAVerifiedBackupOnly) {
  ChangeSet set;
  set.changes.push_back({.type = ResourceType::kTable,
                         .name = "T",
                         .kind = ChangeKind::kRemoved,
                         .holds = {5, 50},
                         .lost = {5, 50}});

  EXPECT_THAT(Refusals(set, {}, true), SizeIs(1));
  EXPECT_THAT(Refusals(set, {"table/Other"}, true), SizeIs(1));
  EXPECT_THAT(Refusals(set, {"table/T"}, false), SizeIs(1));
  EXPECT_THAT(Refusals(set, {"table/T"}, true), IsEmpty());
  EXPECT_TRUE(ApprovalNeeded(set, Approval::kDestructive));
  EXPECT_FALSE(ApprovalNeeded(set, Approval::kNever));
}

TEST_F(ChangeSetTest, KnowsThreeKindsOfApproval) {
  EXPECT_EQ(Must(ApprovalFrom("never")), Approval::kNever);
  EXPECT_EQ(Must(ApprovalFrom("destructive")), Approval::kDestructive);
  EXPECT_EQ(Must(ApprovalFrom("always")), Approval::kAlways);
  EXPECT_EQ(ApprovalFrom("sometimes").error().code, Code::kInvalid);
}

TEST_F(ChangeSetTest, MeasuresWhatAStackHolds) {
  const auto temp = test::MakeTemp();
  const test::FixedClock clock;
  const StackRegistry registry(temp.path(), clock);
  const Stack stack = Must(registry.Create("plant", "{}"));
  OpContext op;
  constexpr int kRows = 12'000;
  {
    const auto store = Must(items::OpenSqliteStore(stack.current.items()));
    std::vector<items::Write> writes;
    for (int i = 0; i < kRows; ++i) {
      items::Item item;
      item.Set("tagName", items::Value::S(fmt::format("tag {:05}", i)));
      item.Set("text", items::Value::S(std::string(100, 't')));
      writes.push_back(items::Write::Put("TagStorageTable", std::move(item)));
    }
    (void)Must(store->Commit(op, writes));
  }

  const Usage usage = Must(Measure(op, stack));

  const Extent tags = usage.tables.at("TagStorageTable");
  EXPECT_EQ(tags.rows, kRows);
  EXPECT_TRUE(usage.bytes_estimated);
  EXPECT_GT(tags.bytes, kRows * 100U);
  EXPECT_LT(tags.bytes, kRows * 200U);
  EXPECT_EQ(usage.tables.at("AssetStorageTable"), Extent{});
}

// Even of an empty stack: what is stored later would be stored in two ways.
TEST_F(ChangeSetTest, EnginesAndEncryptionAreNotChangedInPlace) {
  usage_ = {};
  const auto encrypted =
      Of(At(k25), At(k25, R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})"));
  const auto moved = Of(At(k25), At(k25, R"({"engines": {"objects": {"kind": "s3"}}})"));
  const auto other = Of(At(k25), At(k25, R"({"backup": {"keep": 9}})"));

  ASSERT_THAT(NotInPlace(encrypted), SizeIs(1));
  EXPECT_EQ(NotInPlace(encrypted)[0].resource, "encryption/contents");
  EXPECT_THAT(NotInPlace(encrypted)[0].reason, HasSubstr("vams ab start"));
  EXPECT_THAT(Refusals(encrypted, {}, true), IsEmpty());
  EXPECT_THAT(NotInPlace(moved), SizeIs(1));
  EXPECT_THAT(NotInPlace(other), IsEmpty());
}

TEST_F(ChangeSetTest, ArgumentsOfHooksAreComparedAndNotShown) {
  const auto with = [](const std::string& argument) {
    return At(k25, R"({"hooks": {"switch": ["/bin/true", ")" + argument + "\"]}}");
  };

  const auto set = Of(with("hush-1"), with("hush-2"));

  const auto* change = Find(set, "setting/hooks.switch");
  ASSERT_NE(change, nullptr);
  EXPECT_THAT(ToText(set), ::testing::Not(HasSubstr("hush")));
  EXPECT_THAT(change->after, HasSubstr("/bin/true"));
}

}  // namespace
}  // namespace vams::lifecycle::diff
