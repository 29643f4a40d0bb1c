#include "migrate/steps/v24_to_v25_test_support.h"

namespace vams::migrate::test {
namespace {

using items::Item;
using items::Value;
using ::testing::Values;

TableSet Input(bool seed) {
  TableSet set;
  AddFixture(set, "v2.4");
  if (seed) AddFixture(set, "seed/v2.5");
  return set;
}

// ---- The fixtures ----

TEST(Step24To25, ReferenceEqualsTheUpstreamScript) {
  TableSet expected;
  AddFixture(expected, "expected/v2.4_to_v2.5");

  const auto up = Up(Input(true), SettingsOf(Dialect::kReference));

  EXPECT_EQ(Differences(expected, up.tables), "");
}

// The differences are explained, group by group, in docs/operations/migration-2.4-to-2.5.md.
TEST(Step24To25, CorrectedDiffersFromTheScriptAsListed) {
  TableSet expected;
  AddFixture(expected, "expected/v2.4_to_v2.5");

  const auto up = Up(Input(true));

  ExpectTestData("2.4_to_2.5.corrected.txt", Differences(expected, up.tables));
}

TEST(Step24To25, CorrectedSaysWhatItDidWithTheFixtures) {
  const auto up = Up(Input(true));

  EXPECT_EQ(Listed(up.remarks.ambiguous), (std::vector<std::string>{"D-3 shared-model|0"}));
  EXPECT_EQ(Listed(up.remarks.quarantined),
            (std::vector<std::string>{
                "D-9 :1|stray.txt", "D-9 amphora_07:|stray.txt", "D-9 ghost-asset:1|lost.mtl",
                "D-9 ghost-asset:1|lost.stl", "D-9 ghost-asset|0", "D-9 ghost-asset|1",
                "D-9 museum_scans:ghost-asset:1|metadata:/:owner",
                "D-9 no-colon-key|metadata:/:owner", "D-9 no-colon-key|stray.txt"}));
  EXPECT_EQ(Listed(up.remarks.notes),
            (std::vector<std::string>{"D-3 shared-model|1", "D-3 shared-model|2"}));
  // shared-model 1 and its file; hook and its files; rebuilt-span and its file; ghosts and
  // malformed keys.
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-1"), 2U);
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-2"), 4U);
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-3"), 4U);
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-7"), 7U);
  EXPECT_EQ(up.remarks.defects.size(), 17U);
}

class Step24To25RoundTrip : public ::testing::TestWithParam<std::tuple<Dialect, bool>> {};

TEST_P(Step24To25RoundTrip, UpThenDownGivesTheOriginal) {
  const auto [dialect, seed] = GetParam();
  const TableSet original = Input(seed);

  const auto up = Up(original, SettingsOf(dialect));
  const auto down =
      RunNaive(Step24To25(), Direction::kDown, SettingsOf(dialect), up.tables, up.residue);

  EXPECT_EQ(Differences(original, down.tables), "");
}

TEST_P(Step24To25RoundTrip, UpDownUpGivesTheSameAsUp) {
  const auto [dialect, seed] = GetParam();

  const auto up = Up(Input(seed), SettingsOf(dialect));
  const auto down =
      RunNaive(Step24To25(), Direction::kDown, SettingsOf(dialect), up.tables, up.residue);
  const auto again = Up(down.tables, SettingsOf(dialect), down.residue);

  EXPECT_EQ(Differences(up.tables, again.tables), "");
}

// The old tables, which nobody reads in 2.5, hold afterwards what 2.4 had: where an asset id is in
// several databases, with the database in each row.
TableSet WithoutOwnDatabases(TableSet set) {
  for (auto& [key, row] : set.at("AssetVersionsStorageTable")) row.Remove("databaseId");
  for (auto& [key, row] : set.at("AssetFileVersionsStorageTable")) row.Remove("databaseId:assetId");
  return set;
}

TEST_P(Step24To25RoundTrip, DownThenUpGivesTheOriginal) {
  const auto [dialect, seed] = GetParam();
  TableSet original;
  AddFixture(original, "expected/v2.4_to_v2.5");
  if (seed) AddFixture(original, "seed/v2.5");

  const auto down = RunNaive(Step24To25(), Direction::kDown, SettingsOf(dialect), original);
  const auto up = Up(down.tables, SettingsOf(dialect), down.residue);

  EXPECT_EQ(Differences(original, WithoutOwnDatabases(up.tables)), "");
}

INSTANTIATE_TEST_SUITE_P(Dialects, Step24To25RoundTrip,
                         ::testing::Combine(Values(Dialect::kCorrected, Dialect::kReference),
                                            Values(false, true)));

TEST(Step24To25, DownWithoutResidueLosesWhatTheInverseLists) {
  const TableSet original = Input(true);

  const auto up = Up(original);
  const auto down = Down(up.tables);

  ExpectTestData("2.4_to_2.5.lost.txt", Differences(original, down.tables));
}

TEST(Step24To25, SecondRunChangesNothing) {
  for (const auto dialect : {Dialect::kCorrected, Dialect::kReference}) {
    const auto first = Up(Input(true), SettingsOf(dialect));

    const auto second = Up(first.tables, SettingsOf(dialect));

    EXPECT_EQ(Differences(first.tables, second.tables), "") << NameOf(dialect);
    EXPECT_EQ(CountOf(second.remarks.defects, "M45-5"), 0U);
  }
}

TEST(Step24To25, EveryRecordOfAMigratedFixtureHasSoundKeys) {
  const auto up = Up(Input(true));
  const auto store = StoreOf(up.tables, {2, 5});
  OpContext op;
  State state(op, *store, nullptr);
  const Settings settings = SettingsOf(Dialect::kCorrected);
  const Context cx{settings, state};
  for (const auto table : {v25::kVersions2, v25::kFiles2, v25::kSnapshots})
    for (const auto& [key, item] : up.tables.at(std::string(table))) {
      const auto problems = Must(Step24To25().CheckRecord(Direction::kUp, Record{table, item}, cx));
      for (const auto& problem : problems)
        ADD_FAILURE() << items::aws::ToJson(item) << ": " << problem.text;
    }
}

TEST(Step24To25, RecordsThatReferToNothingAreReported) {
  TableSet set;
  AddAsset(set, "harbor-yard", "crane", "2");
  Put(set, v25::kVersions2, Version2("harbor-yard", "crane", "2", true));
  Put(set, v25::kVersions1, Version1("crane", "2", true));
  const auto store = StoreOf(set, {2, 5});
  OpContext op;
  State state(op, *store, nullptr);
  const Settings settings = SettingsOf(Dialect::kCorrected);
  const Context cx{settings, state};
  const auto problems = [&](Direction direction, std::string_view table, Item item) {
    return Must(Step24To25().CheckRecord(direction, Record{table, std::move(item)}, cx)).size();
  };
  using enum Direction;

  EXPECT_EQ(problems(kUp, v25::kVersions2, Version2("harbor-yard", "crane", "2", true)), 0U);
  EXPECT_EQ(problems(kUp, v25::kVersions2, Version2("museum", "crane", "2", true)), 1U);
  EXPECT_EQ(problems(kUp, v25::kFiles2, File2("harbor-yard", "crane", "2", "a.glb")), 0U);
  EXPECT_EQ(problems(kUp, v25::kFiles2, File2("harbor-yard", "crane", "3", "a.glb")), 1U);
  EXPECT_EQ(problems(kUp, v25::kFiles2, File2("harbor-yard#deleted", "crane", "2", "a")), 2U);
  EXPECT_EQ(problems(kUp, v25::kSnapshots, Snapshot("harbor-yard:crane:2")), 1U)
      << "without index attribute";
  EXPECT_EQ(problems(kDown, v25::kSnapshots, Snapshot("harbor-yard:crane:2")), 0U);
  EXPECT_EQ(problems(kDown, v25::kVersions1, Version1("ghost", "2", true)), 1U);
  EXPECT_EQ(problems(kDown, v25::kFiles1, File1("crane:2", "a.glb")), 0U);
  EXPECT_EQ(problems(kDown, v25::kFiles1, File1("crane:3", "a.glb")), 1U);
  EXPECT_EQ(problems(kDown, v25::kFiles1, File1("no-colon-key", "a.glb")), 1U);
}

// ---- The examples of migrations.md section 6.5 ----

TEST(Step24To25, VersionGetsItsDatabase) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("crane", "2", true));

  const auto up = Up(set);

  const auto* row = FindVersion2(up.tables, "harbor-yard:crane", "2");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(*row, Version2("harbor-yard", "crane", "2", true));
  EXPECT_TRUE(up.residue.empty());
}

TEST(Step24To25, UnknownAttributesOfAllKindsAreCopied) {
  auto set = Yard();
  Item row = Json(
      R"({"assetId":{"S":"Ångström-Büste 3"},"assetVersionId":{"S":"1"},"reviewScore":{"N":"4.5"},)"
      R"("thumbnail":{"B":"AAH+VkFNUw=="},"reviewers":{"M":{"first":{"M":{"name":{"S":"Zoë"},)"
      R"("ok":{"BOOL":true}}},"second":{"NULL":true}}},"empty":{"S":""}})");
  Put(set, v25::kVersions1, row);

  const auto up = Up(set);
  const auto down = Down(up.tables, up.residue);

  row.Set("databaseId", Value::S("museum_scans"));
  row.Set("databaseId:assetId", Value::S("museum_scans:Ångström-Büste 3"));
  const auto* made = FindVersion2(up.tables, "museum_scans:Ångström-Büste 3", "1");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(*made, row);
  EXPECT_EQ(Differences(set, down.tables), "");
}

TEST(Step24To25, RowOfKeysOnlyGetsNothingButTheDatabase) {
  auto set = Yard();
  Put(set, v25::kVersions1, Json(R"({"assetId":{"S":"crane"},"assetVersionId":{"S":"0"}})"));

  const auto up = Up(set);

  const auto* row = FindVersion2(up.tables, "harbor-yard:crane", "0");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->size(), 4U);
}

TEST(Step24To25, ArchivedAssetKeepsItsVersionsUnderThePlainDatabase) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("hook", "1", true));
  Put(set, v25::kFiles1, File1("hook:1", "hook.step"));

  const auto up = Up(set);
  const auto reference = Up(set, SettingsOf(Dialect::kReference));

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2), (std::vector<std::string>{"harbor-yard:hook|1"}));
  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2),
            (std::vector<std::string>{"harbor-yard:hook:1|hook.step"}));
  EXPECT_EQ(KeysOf(reference.tables, v25::kVersions2),
            (std::vector<std::string>{"harbor-yard#deleted:hook|1"}));
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-2"), 2U);
}

TEST(Step24To25, FileKeysOfAllFormsAreCopied) {
  auto set = Yard();
  Put(set, v25::kFiles1, File1("pier scan, west:2", "section 1:2/cut.las"));
  Item plain = File1("crane:1", "README.txt", "null");
  plain.Set("etag", Value::Null());
  Put(set, v25::kFiles1, plain);
  Put(set, v25::kFiles1, File1("crane:2", "/crane.glb"));

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2),
            (std::vector<std::string>{"bridge-lab:pier scan, west:2|section 1:2/cut.las",
                                      "harbor-yard:crane:1|README.txt",
                                      "harbor-yard:crane:2|/crane.glb"}));
  EXPECT_TRUE(up.residue.empty());
}

TEST(Step24To25, MalformedKeysAndOrphansAreQuarantinedAndStayInTheOldTables) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("ghost-asset", "1", true));
  for (const auto* key : {"no-colon-key", ":1", "amphora_07:", "ghost-asset:1"})
    Put(set, v25::kFiles1, File1(key, "stray.txt"));

  const auto up = Up(set);
  const auto down = Down(up.tables);

  EXPECT_TRUE(up.tables.at("AssetVersionsStorageTableV2").empty());
  EXPECT_TRUE(up.tables.at("AssetFileVersionsStorageTableV2").empty());
  EXPECT_EQ(CountOf(up.remarks.quarantined, "D-9"), 5U);
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-7"), 5U);
  EXPECT_TRUE(up.residue.empty()) << "they are in the old tables of both versions";
  EXPECT_EQ(Differences(set, down.tables), "") << "also without residue";
}

TEST(Step24To25, SnapshotsGetTheirIndexAttribute) {
  auto set = Yard();
  Put(set, v25::kSnapshots, Snapshot("harbor-yard:crane:2"));
  Put(set, v25::kSnapshots, Snapshot("harbor-yard:hook:1"));
  Put(set, v25::kSnapshots, Snapshot("harbor-yard:crane:1", "x:y"));
  Put(set, v25::kSnapshots, Snapshot("museum_scans:ghost-asset:1"));
  Put(set, v25::kSnapshots, Snapshot("no-colon-key"));
  Put(set, v25::kSnapshots, Snapshot("one:colon"));

  const auto up = Up(set);
  const auto reference = Up(set, SettingsOf(Dialect::kReference));

  TableSet want = Yard();
  Put(want, v25::kSnapshots, Snapshot("harbor-yard:crane:2", "harbor-yard:crane"));
  Put(want, v25::kSnapshots, Snapshot("harbor-yard:hook:1", "harbor-yard:hook"));
  Put(want, v25::kSnapshots, Snapshot("harbor-yard:crane:1", "x:y"));
  EXPECT_EQ(Differences(want, up.tables), "");
  EXPECT_EQ(CountOf(up.remarks.quarantined, "D-9"), 3U);
  Put(want, v25::kSnapshots, Snapshot("museum_scans:ghost-asset:1", "museum_scans:ghost-asset"));
  Put(want, v25::kSnapshots, Snapshot("no-colon-key"));
  Put(want, v25::kSnapshots, Snapshot("one:colon", "one"));
  EXPECT_EQ(Differences(want, reference.tables), "");
}

TEST(Step24To25, RowsThatGrowPastTheLimitAreQuarantinedAlone) {
  auto set = Yard();
  std::string comment;
  for (int i = 0; i < 195'000; ++i) comment += "é";
  Item large = Version1("crane", "0", false);
  large.Set("comment", Value::S(comment));
  Item too_large = Version1("crane", "1", false);
  const std::size_t rest = v25::kItemLimit - 10 - items::ItemSize(too_large);
  too_large.Set("comment", Value::S(std::string(rest, 'x')));
  Item file = File1("crane:1", "a.glb");
  file.Set("note", Value::S(std::string(v25::kItemLimit - 20 - items::ItemSize(file), 'x')));
  for (const Item& row : {large, too_large, Version1("crane", "2", true)})
    Put(set, v25::kVersions1, row);
  Put(set, v25::kFiles1, file);
  Put(set, v25::kFiles1, File1("crane:1", "b.glb"));

  const auto up = Up(set);
  const auto down = Down(up.tables, up.residue);
  const auto without = Down(up.tables);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2),
            (std::vector<std::string>{"harbor-yard:crane|0", "harbor-yard:crane|2"}));
  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2),
            (std::vector<std::string>{"harbor-yard:crane:1|b.glb"}));
  EXPECT_EQ(Listed(up.remarks.quarantined),
            (std::vector<std::string>{"too-large harbor-yard:crane:1|a.glb",
                                      "too-large harbor-yard:crane|1"}));
  EXPECT_EQ(Differences(set, down.tables), "");
  EXPECT_EQ(Listed(without.remarks.quarantined),
            (std::vector<std::string>{"too-large crane:1|a.glb", "too-large crane|1"}))
      << "without residue they are not dropped silently";
}

// ---- Current flag ----

TEST(Step24To25, TheVersionThatTheAssetNamesStaysCurrentAlone) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("crane", "0", true));
  Put(set, v25::kVersions1, Version1("crane", "1", false));
  Put(set, v25::kVersions1, Version1("crane", "2", true));

  const auto up = Up(set);
  const auto down = Down(up.tables, up.residue);

  EXPECT_EQ(*FindVersion2(up.tables, "harbor-yard:crane", "0"),
            Version2("harbor-yard", "crane", "0", false));
  EXPECT_EQ(*FindVersion2(up.tables, "harbor-yard:crane", "2"),
            Version2("harbor-yard", "crane", "2", true));
  EXPECT_EQ(Listed(up.remarks.notes), (std::vector<std::string>{"M45-6 crane|0"}));
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-6"), 1U);
  EXPECT_EQ(Differences(set, down.tables), "");
}

TEST(Step24To25, TheNamedVersionBecomesCurrentWhenOthersSaidSo) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("crane", "0", true));
  Put(set, v25::kVersions1, Version1("crane", "1", true));
  Put(set, v25::kVersions1, Version1("crane", "2", false));

  const auto up = Up(set);

  for (const auto* version : {"0", "1", "2"})
    EXPECT_EQ(*FindVersion2(up.tables, "harbor-yard:crane", version),
              Version2("harbor-yard", "crane", version, version == std::string("2")));
  EXPECT_EQ(CountOf(up.remarks.notes, "M45-6"), 3U);
}

TEST(Step24To25, OneCurrentVersionStaysEvenIfTheAssetNamesAnother) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("crane", "1", true));
  Put(set, v25::kVersions1, Version1("crane", "2", false));

  const auto up = Up(set);

  EXPECT_EQ(*FindVersion2(up.tables, "harbor-yard:crane", "1"),
            Version2("harbor-yard", "crane", "1", true));
  EXPECT_TRUE(up.remarks.notes.empty());
}

TEST(Step24To25, ArchivedAndRebuiltAssetIsOneSetOfVersionsAndTheLiveOneNamesTheCurrent) {
  TableSet set;
  AddAsset(set, "bridge-lab", "span", "0");
  AddAsset(set, "bridge-lab#deleted", "span", "2");
  Put(set, v25::kVersions1, Version1("span", "0", true));
  Put(set, v25::kVersions1, Version1("span", "2", true));

  const auto up = Up(set);

  EXPECT_EQ(*FindVersion2(up.tables, "bridge-lab:span", "0"),
            Version2("bridge-lab", "span", "0", true));
  EXPECT_EQ(*FindVersion2(up.tables, "bridge-lab:span", "2"),
            Version2("bridge-lab", "span", "2", false));
  EXPECT_TRUE(up.remarks.ambiguous.empty());
}

}  // namespace
}  // namespace vams::migrate::test
