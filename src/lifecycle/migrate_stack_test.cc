#include "lifecycle/migrate_stack.h"

#include <gmock/gmock.h>

#include "lifecycle/import.h"
#include "lifecycle/migration_report.h"
#include "lifecycle/support_test.h"
#include "testing/fixtures.h"

namespace vams::lifecycle::test {

namespace {

using items::Item;
using items::Value;
using ::testing::HasSubstr;

class MigrateStackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto found = vams::testing::FixtureFolder();
    ASSERT_TRUE(found.has_value()) << "no fixtures; set VAMS_FIXTURES to their folder";
    fixtures_ = *found / "dynamodb";
  }

  // A stack with a fixture set, the rows of the next line's deployment and the object listing.
  Stack Import(const std::string& version, const std::string& seed) {
    ImportRequest request;
    request.stack = "yard";
    request.from = {fixtures_ / ("v" + version), fixtures_ / "seed" / ("v" + seed)};
    request.data_version = tables::DataVersion::Parse(version).value();
    OpContext op;
    (void)Must(lifecycle::Import(registry_, request, clock_, op, [](auto, auto) {}));
    return Must(registry_.Get("yard"));
  }

  Result<MigrationReport> Run(const MigrateOptions& options) {
    OpContext op;
    return RunMigration(registry_, "yard", options, clock_, op, {});
  }
  Result<MigrationReport> Reverse(const MigrateOptions& options = {}) {
    OpContext op;
    return ReverseMigration(registry_, "yard", options, clock_, op, {});
  }
  Rows Current() { return RowsOf(Must(registry_.Get("yard")).current.items()); }

  void Commit(const std::vector<items::Write>& writes) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Must(registry_.Get("yard")).current.items()));
    (void)Must(store->Commit(op, writes));
  }
  Result<Item> Get(std::string_view table, const Item& key) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Must(registry_.Get("yard")).current.items()));
    return store->Get(op, table, key);
  }

  files::Path fixtures_;
  files::TempFolder home_ = MakeTemp();
  FixedClock clock_;
  StackRegistry registry_{home_.path(), clock_};
};

// Without what SQLite keeps beside a store that was looked at.
Tree Quiet(const files::Path& folder) {
  Tree tree = TreeOf(folder);
  std::erase_if(tree, [](const auto& entry) {
    return entry.first.ends_with("-wal") || entry.first.ends_with("-shm");
  });
  return tree;
}

MigrateOptions Quarantine() {
  MigrateOptions options;
  options.quarantine_ambiguous = true;
  return options;
}

class EveryVersionTest : public MigrateStackTest,
                         public ::testing::WithParamInterface<std::pair<const char*, const char*>> {
};

TEST_P(EveryVersionTest, ReachesTheNewestByOneCommandAndComesBackUnchanged) {
  const auto& [version, seed] = GetParam();
  Import(version, seed);
  const Rows before = Current();

  const auto report = Run(Quarantine());

  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_FALSE(report->interrupted) << report->interrupted->message;
  EXPECT_EQ(Must(registry_.Get("yard")).current.data_version, tables::kNewest);
  EXPECT_EQ(report->result_generation, 2U);
  for (const auto& verification : report->verifications) EXPECT_TRUE(verification.ok());
  EXPECT_TRUE(std::filesystem::exists(report->folder / "report.json"));
  const std::string page = Slurp(report->folder / "report.html");
  EXPECT_THAT(page, HasSubstr("asset-versions"));
  EXPECT_THAT(page, HasSubstr("<pre>AssetVersionsStorageTable {"));

  const Tree as_finished = Quiet(home_.path());
  const auto again = Run(Quarantine());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_THAT(Differences(as_finished, Quiet(home_.path())), ::testing::IsEmpty())
      << "a second run changes nothing";

  OpContext op;
  const auto proof = VerifyMigration(registry_, "yard", 2, clock_, op, {});
  ASSERT_TRUE(proof.ok()) << proof.error().message;
  EXPECT_THAT(proof->failures, ::testing::IsEmpty());
  EXPECT_EQ(proof->checks.size(), 3U);

  const auto back = Reverse();
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_FALSE(back->interrupted) << back->interrupted->message;
  EXPECT_EQ(Must(registry_.Get("yard")).current.data_version.ToString(), version);
  EXPECT_EQ(Current(), before);
  ASSERT_TRUE(back->returned);
  EXPECT_EQ(back->returned->generation, 1U);
  EXPECT_EQ(back->returned->added + back->returned->changed + back->returned->removed, 0U);

  const auto records = Must(Migrations(Must(registry_.Get("yard"))));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].stage, migrate::Stage::kReverted);
  EXPECT_EQ(records[1].stage, migrate::Stage::kFinished);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EveryVersionTest,
                         ::testing::Values(std::pair{"2.1", "2.2"}, std::pair{"2.2", "2.3"},
                                           std::pair{"2.3", "2.4"}, std::pair{"2.4", "2.5"}));

// The writes of the time in between are carried down in the old shape, and what the old shape
// cannot hold comes back with the next migration.
TEST_F(MigrateStackTest, CarriesTheWritesMadeSinceDownAndUpAgain) {
  Import("2.4", "2.5");
  ASSERT_TRUE(Run(Quarantine()).ok());
  const Item v2_key{{"assetVersionId", Value::S("3")},
                    {"databaseId:assetId", Value::S("museum_scans:amphora_07")}};
  const Item v1_key{{"assetId", Value::S("amphora_07")}, {"assetVersionId", Value::S("3")}};
  Item fresh = Must(Get("AssetVersionsStorageTableV2", v2_key));
  fresh.Set("assetVersionId", Value::S("4"));
  fresh.Set("comment", Value::S("made at 2.5"));
  fresh.Set("versionAlias", Value::S("final"));
  Commit({items::Write::Update("AssetVersionsStorageTableV2", v2_key,
                               {{.op = items::Mutation::Op::kSet,
                                 .attribute = "comment",
                                 .value = Value::S("edited at 2.5")}}),
          items::Write::Put("AssetVersionsStorageTableV2", fresh),
          items::Write::Delete("AssetVersionsStorageTableV2",
                               Item{{"assetVersionId", Value::S("0")},
                                    {"databaseId:assetId", Value::S("museum_scans:amphora_07")}})});

  const auto back = Reverse();

  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_FALSE(back->interrupted) << back->interrupted->message;
  EXPECT_EQ(back->returned->writes, 3U);
  EXPECT_EQ(Must(Get("AssetVersionsStorageTable", v1_key)).Text("comment"), "edited at 2.5");
  const Item made_key{{"assetId", Value::S("amphora_07")}, {"assetVersionId", Value::S("4")}};
  const Item made = Must(Get("AssetVersionsStorageTable", made_key));
  EXPECT_EQ(made.Text("comment"), "made at 2.5");
  EXPECT_FALSE(made.Has("versionAlias"));
  EXPECT_EQ(Get("AssetVersionsStorageTable",
                Item{{"assetId", Value::S("amphora_07")}, {"assetVersionId", Value::S("0")}})
                .error()
                .code,
            Code::kNotFound);

  ASSERT_TRUE(Run(Quarantine()).ok());
  const Item again = Must(Get("AssetVersionsStorageTableV2",
                              Item{{"assetVersionId", Value::S("4")},
                                   {"databaseId:assetId", Value::S("museum_scans:amphora_07")}}));
  EXPECT_EQ(again.Text("versionAlias"), "final") << "what 2.4 could not hold is put back";
}

TEST_F(MigrateStackTest, RefusesWhatNothingDecidesAndTakesOwnersForAnAnswer) {
  Import("2.4", "2.5");
  const Rows before = Current();

  const auto refused = Run({});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("--owners"));
  EXPECT_THAT(refused.error().message, HasSubstr("shared-model"));
  EXPECT_EQ(Must(registry_.Get("yard")).current.number, 1U);
  EXPECT_EQ(Current(), before);

  MigrateOptions options;
  options.owners["shared-model,0"] = "bridge-lab";
  const auto decided = Run(options);
  ASSERT_TRUE(decided.ok()) << decided.error().message;
  EXPECT_TRUE(Get("AssetVersionsStorageTableV2",
                  Item{{"assetVersionId", Value::S("0")},
                       {"databaseId:assetId", Value::S("bridge-lab:shared-model")}})
                  .ok());
}

TEST_F(MigrateStackTest, StrictStopsBeforeTheSwitchAndTheWorkIsKept) {
  Import("2.4", "2.5");
  MigrateOptions options = Quarantine();
  options.strict = true;

  const auto stopped = Run(options);

  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  EXPECT_TRUE(stopped->strict_stop);
  EXPECT_GT(stopped->quarantined(), 0U);
  EXPECT_EQ(Must(registry_.Get("yard")).current.number, 1U);

  const auto finished = Run(Quarantine());
  ASSERT_TRUE(finished.ok());
  EXPECT_TRUE(finished->resumed);
  EXPECT_EQ(finished->id, stopped->id);
  EXPECT_EQ(Must(registry_.Get("yard")).current.data_version, tables::kNewest);
}

TEST_F(MigrateStackTest, DryRunAndPlanLeaveNothing) {
  Import("2.1", "2.2");
  std::filesystem::create_directory(Must(registry_.Get("yard")).migrations());
  const Tree before = Quiet(home_.path());
  MigrateOptions options = Quarantine();
  options.dry_run = true;

  const auto rehearsed = Run(options);
  OpContext op;
  const auto planned = PlanMigration(registry_, "yard", options, clock_, op, {});

  ASSERT_TRUE(rehearsed.ok()) << rehearsed.error().message;
  EXPECT_EQ(rehearsed->legs.size(), 4U);
  EXPECT_EQ(rehearsed->verifications.size(), 4U) << "a dry run is proved as well";
  ASSERT_TRUE(planned.ok()) << planned.error().message;
  EXPECT_EQ(planned->report.path.size(), 4U);
  EXPECT_GT(planned->rows, 100U);
  EXPECT_GT(planned->needed_bytes, planned->data_bytes);
  EXPECT_THAT(Differences(before, Quiet(home_.path())), ::testing::IsEmpty());
}

TEST_F(MigrateStackTest, ChangedSettingsStartAnewAndCancelForgets) {
  Import("2.4", "2.5");
  MigrateOptions options = Quarantine();
  options.strict = true;
  const auto first = Must(Run(options));
  options.owners["shared-model,0"] = "bridge-lab";

  const auto second = Must(Run(options));

  EXPECT_NE(second.id, first.id);
  EXPECT_FALSE(second.resumed);
  const auto cancelled = CancelMigration(registry_, "yard", clock_);
  ASSERT_TRUE(cancelled.ok()) << cancelled.error().message;
  EXPECT_EQ(cancelled->id, second.id);
  for (const auto& record : Must(Migrations(Must(registry_.Get("yard"))))) {
    EXPECT_EQ(record.stage, migrate::Stage::kCancelled);
    EXPECT_FALSE(std::filesystem::exists(record.folder / "stage-1.db"));
  }
  EXPECT_EQ(CancelMigration(registry_, "yard", clock_).error().code, Code::kNotFound);
}

// A migration that was stopped must not go on over data that has changed under it.
TEST_F(MigrateStackTest, WritesSinceTheInterruptionStartItAnew) {
  Import("2.4", "2.5");
  MigrateOptions options = Quarantine();
  options.strict = true;
  const auto first = Must(Run(options));
  Commit({items::Write::Put("TagStorageTable", Item{{"tagName", Value::S("new")}})});

  const auto second = Must(Run(Quarantine()));

  EXPECT_FALSE(second.resumed);
  EXPECT_NE(second.id, first.id);
  EXPECT_TRUE(Get("TagStorageTable", Item{{"tagName", Value::S("new")}}).ok());
}

TEST_F(MigrateStackTest, OnlyOneOperatorAtATimeAndTheOtherIsToldWho) {
  const Stack stack = Import("2.4", "2.5");
  const auto held = Must(LockStack(stack, "vams migrate run", clock_));

  const auto refused = Run(Quarantine());

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("\"vams migrate run\" (process"));
  EXPECT_THAT(refused.error().message, HasSubstr("since 2025-03-01"));
}

TEST_F(MigrateStackTest, RefusesDataThatIsAtTwoVersionsAtOnce) {
  Import("2.4", "2.5");
  // An asset as 2.1 stores it, among assets that have their version rows.
  Commit({items::Write::Put("AssetStorageTable",
                            Item{{"assetId", Value::S("old")},
                                 {"currentVersion", Value::M(Item{{"Version", Value::S("1")}})},
                                 {"databaseId", Value::S("harbor-yard")},
                                 {"versions", Value::L({})}})});

  const auto refused = Run(Quarantine());

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(Must(registry_.Get("yard")).current.number, 1U);
}

TEST_F(MigrateStackTest, WrongDirectionsAreExplained) {
  Import("2.4", "2.5");
  MigrateOptions down;
  down.to = tables::DataVersion{2, 2};
  EXPECT_THAT(Run(down).error().message, HasSubstr("vams migrate reverse"));
  EXPECT_THAT(Reverse().error().message, HasSubstr("--to"));
  MigrateOptions up;
  up.to = tables::DataVersion{2, 5};
  EXPECT_THAT(Reverse(up).error().message, HasSubstr("vams migrate run"));
}

// Data that never was at the older version here: the inverse gives the best old shape there is.
TEST_F(MigrateStackTest, GoesDownWithoutEverHavingComeUp) {
  Import("2.4", "2.5");
  MigrateOptions down = Quarantine();
  down.to = tables::DataVersion{2, 2};

  const auto report = Reverse(down);

  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_FALSE(report->interrupted) << report->interrupted->message;
  EXPECT_EQ(Must(registry_.Get("yard")).current.data_version, (tables::DataVersion{2, 2}));
  EXPECT_FALSE(report->returned.has_value());
}

// The set holds what upstream's scripts have left: a path without its slash, a row of the
// reindexer.
TEST_F(MigrateStackTest, RepairMendsOnceAndCanBeTakenBack) {
  Import("2.4", "2.5");
  ASSERT_TRUE(Run(Quarantine()).ok());
  const Rows before = Current();
  OpContext op;

  const auto mended = RepairStack(registry_, "yard", Quarantine(), clock_, op, {});

  ASSERT_TRUE(mended.ok()) << mended.error().message;
  ASSERT_FALSE(mended->interrupted) << mended->interrupted->message;
  EXPECT_FALSE(mended->nothing_to_do);
  EXPECT_EQ(mended->to, tables::kNewest);
  EXPECT_TRUE(Get("AssetFileMetadataStorageTableV2",
                  Item{{"databaseId:assetId:filePath",
                        Value::S("harbor-yard:x3b0a6f2e-7c11-4d0a-9a10-0c5d1e2f3a01:/textures/"
                                 "steel.png")},
                       {"metadataKey", Value::S("resolution")}})
                  .ok());
  const Tree as_mended = Quiet(home_.path());

  const auto again = RepairStack(registry_, "yard", Quarantine(), clock_, op, {});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_THAT(Differences(as_mended, Quiet(home_.path())), ::testing::IsEmpty());

  const auto back = Reverse();
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(Current(), before);
}

TEST(HtmlReport, EscapesWhatTheDataHolds) {
  MigrationReport report;
  report.stack = "<script>";
  migrate::PhaseOutcome phase;
  phase.phase = "p";
  phase.quarantined["D-9"] = {.count = 7, .samples = {"<img src=x>"}};
  report.legs.push_back({.name = "2.4-2.5 up", .phases = {phase}});
  const std::string html = HtmlReport(report);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_THAT(html, HasSubstr("&lt;img src=x&gt;"));
  EXPECT_THAT(html, HasSubstr("and 6 more"));
}

}  // namespace

}  // namespace vams::lifecycle::test
