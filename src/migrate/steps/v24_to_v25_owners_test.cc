#include "migrate/steps/v24_to_v25_test_support.h"

namespace vams::migrate::test {
namespace {

using items::Item;
using items::Value;

// ---- Asset ids in several databases (D-3) ----

TableSet Shared() {
  TableSet set;
  AddAsset(set, "bridge-lab", "model", "3", "b1");
  AddAsset(set, "museum", "model", "3", "b2");
  AddBucket(set, "b1", "yard", "/");
  AddBucket(set, "b2", "archive", "scans/");
  return set;
}

TEST(Step24To25, OwnDatabaseDecidesFirst) {
  auto set = Shared();
  Item row = Version1("model", "1", false);
  row.Set("databaseId", Value::S("museum#deleted"));
  Put(set, v25::kVersions1, row);
  Put(set, v25::kSnapshots, Snapshot("bridge-lab:model:1"));

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2), (std::vector<std::string>{"museum:model|1"}));
}

TEST(Step24To25, SnapshotsDecideBeforeObjects) {
  auto set = Shared();
  Put(set, v25::kVersions1, Version1("model", "1", false));
  Put(set, v25::kFiles1, File1("model:1", "a.obj", "ov-1"));
  Put(set, v25::kSnapshots, Snapshot("museum:model:1"));
  AddObject(set, "yard", "model/a.obj", "ov-1");

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2), (std::vector<std::string>{"museum:model|1"}));
  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2), (std::vector<std::string>{"museum:model:1|a.obj"}))
      << "files follow their version";
}

TEST(Step24To25, ObjectVersionsDecideByBucketAndPrefix) {
  auto set = Shared();
  Put(set, v25::kVersions1, Version1("model", "1", false));
  Put(set, v25::kFiles1, File1("model:1", "lost.obj", "ov-0"));
  Put(set, v25::kFiles1, File1("model:1", "/a.obj", "ov-1"));
  AddObject(set, "yard", "model/a.obj", "another");
  AddObject(set, "archive", "scans/model/a.obj", "ov-1");

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2), (std::vector<std::string>{"museum:model|1"}));
  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2),
            (std::vector<std::string>{"museum:model:1|/a.obj", "museum:model:1|lost.obj"}));
  EXPECT_EQ(CountOf(up.remarks.notes, "D-3"), 1U);
}

TEST(Step24To25, AnUnversionedObjectDecidesByItsContent) {
  auto set = Shared();
  Put(set, v25::kVersions1, Version1("model", "1", false));
  Put(set, v25::kFiles1, File1("model:1", "a.obj", "null"));
  AddObject(set, "yard", "model/a.obj", "null");
  auto other = Version1("model", "2", false);
  Put(set, v25::kVersions1, other);
  Item differs = File1("model:2", "a.obj", "null");
  differs.Set("size", Value::N(8));
  Put(set, v25::kFiles1, differs);

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2), (std::vector<std::string>{"bridge-lab:model|1"}));
  EXPECT_EQ(Listed(up.remarks.ambiguous),
            (std::vector<std::string>{"D-3 model:2|a.obj", "D-3 model|2"}));
}

TEST(Step24To25, TheOnlyDatabaseWhoseCurrentVersionFitsDecides) {
  TableSet set;
  AddAsset(set, "bridge-lab", "model", "5");
  AddAsset(set, "museum", "model", "1");
  Put(set, v25::kVersions1, Version1("model", "0", false));  // both may have it
  Put(set, v25::kVersions1, Version1("model", "1", true));   // museum names it as current
  Put(set, v25::kVersions1, Version1("model", "2", false));  // museum never had so many

  const auto up = Up(set);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2),
            (std::vector<std::string>{"bridge-lab:model|2", "museum:model|1"}));
  EXPECT_EQ(Listed(up.remarks.ambiguous), (std::vector<std::string>{"D-3 model|0"}));
}

TEST(Step24To25, TheOwnersFileDecidesWhatNothingElseDoes) {
  auto set = Shared();
  for (const auto* version : {"0", "1", "2"})
    Put(set, v25::kVersions1, Version1("model", version, false));
  Put(set, v25::kFiles1, File1("model:1", "a.obj"));
  Settings settings = SettingsOf(Dialect::kCorrected);
  settings.owners = {{"model", "museum"}, {"model,1", "bridge-lab"}, {"model,2", "nowhere"}};

  const auto up = Up(set, settings);

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2),
            (std::vector<std::string>{"bridge-lab:model|1", "museum:model|0"}));
  EXPECT_EQ(KeysOf(up.tables, v25::kFiles2),
            (std::vector<std::string>{"bridge-lab:model:1|a.obj"}));
  ASSERT_EQ(up.remarks.ambiguous.size(), 1U);
  EXPECT_NE(up.remarks.ambiguous[0].text.find("nowhere"), std::string::npos);
}

TEST(Step24To25, AmbiguousRowsStayInTheOldTablesOnTheWayDown) {
  auto set = Shared();
  Put(set, v25::kVersions1, Version1("model", "1", false));
  Put(set, v25::kFiles1, File1("model:1", "a.obj"));

  const auto up = Up(set);
  const auto down = Down(up.tables);

  EXPECT_EQ(CountOf(up.remarks.ambiguous, "D-3"), 2U);
  EXPECT_TRUE(up.residue.empty());
  EXPECT_EQ(Differences(set, down.tables), "");
}

TEST(Step24To25, ASecondRunDoesNotAskAgainWhoseAPlacedVersionIs) {
  auto set = Shared();
  Put(set, v25::kVersions1, Version1("model", "1", false));
  Put(set, v25::kFiles1, File1("model:1", "a.obj"));
  Settings settings = SettingsOf(Dialect::kCorrected);
  settings.owners = {{"model", "museum"}};

  const auto first = Up(set, settings);
  const auto second = Up(first.tables);

  EXPECT_TRUE(second.remarks.ambiguous.empty());
  EXPECT_EQ(Differences(first.tables, second.tables), "");
}

TEST(Step24To25, TheOneRowPerVersionOfTheOlderShapeGoesToTheOneMadeLast) {
  auto set = Shared();
  Item museum = Version2("museum", "model", "1", true);
  museum.Set("dateCreated", Value::S("2025-05-02"));
  Put(set, v25::kVersions2, museum);
  Put(set, v25::kVersions2, Version2("bridge-lab", "model", "1", true));
  Put(set, v25::kFiles2, File2("museum", "model", "1", "a.obj"));
  Put(set, v25::kFiles2, File2("bridge-lab", "model", "1", "a.obj"));
  Put(set, v25::kFiles2, File2("bridge-lab", "model", "1", "b.obj"));

  const auto down = Down(set);
  const auto up = Up(down.tables, SettingsOf(Dialect::kCorrected), down.residue);

  ASSERT_EQ(KeysOf(down.tables, v25::kVersions1), (std::vector<std::string>{"model|1"}));
  EXPECT_EQ(FindVersion1(down.tables, "model", "1")->Text("databaseId"), "museum")
      << "else nobody could tell whose it is";
  EXPECT_EQ(KeysOf(down.tables, v25::kFiles1), (std::vector<std::string>{"model:1|a.obj"}));
  EXPECT_EQ(CountOf(down.remarks.notes, "D-3"), 3U);
  EXPECT_EQ(up.tables.at("AssetVersionsStorageTableV2"), set.at("AssetVersionsStorageTableV2"));
  EXPECT_EQ(up.tables.at("AssetFileVersionsStorageTableV2"),
            set.at("AssetFileVersionsStorageTableV2"));
  EXPECT_TRUE(up.remarks.ambiguous.empty());
}

// ---- Rows that are in the new tables already ----

TEST(Step24To25, ExistingRowsWinOverOldOnes) {
  auto set = Yard();
  for (const auto* version : {"0", "1", "2"})
    Put(set, v25::kVersions1, Version1("crane", version, version == std::string("2")));
  Put(set, v25::kFiles1, File1("crane:1", "a.glb", "old"));
  Put(set, v25::kFiles1, File1("crane:2", "b.glb"));
  // Used since: version 3 is current, version 2 has an alias.
  Item used = Version2("harbor-yard", "crane", "2", false);
  used.Set("versionAlias", Value::S("final"));
  Put(set, v25::kVersions2, used);
  Put(set, v25::kVersions2, Version2("harbor-yard", "crane", "3", true));
  Put(set, v25::kFiles2, File2("harbor-yard", "crane", "1", "a.glb", "new"));

  const auto up = Up(set);
  const auto reference = Up(set, SettingsOf(Dialect::kReference));

  EXPECT_EQ(KeysOf(up.tables, v25::kVersions2),
            (std::vector<std::string>{"harbor-yard:crane|0", "harbor-yard:crane|1",
                                      "harbor-yard:crane|2", "harbor-yard:crane|3"}));
  EXPECT_EQ(*FindVersion2(up.tables, "harbor-yard:crane", "2"), used);
  EXPECT_EQ(CountOf(up.remarks.defects, "M45-5"), 2U);
  EXPECT_EQ(up.tables.at("AssetFileVersionsStorageTableV2").size(), 2U);
  EXPECT_EQ(*FindVersion2(reference.tables, "harbor-yard:crane", "2"),
            Version2("harbor-yard", "crane", "2", true))
      << "the script writes the old row over the new one";
}

TEST(Step24To25, RowsThatWereInTheNewTablesComeBackOnTheWayDown) {
  auto set = Yard();
  Put(set, v25::kVersions1, Version1("crane", "2", true));
  Item used = Version2("harbor-yard", "crane", "2", true);
  used.Set("versionAlias", Value::S("final"));
  Put(set, v25::kVersions2, used);
  Put(set, v25::kVersions2, Version2("harbor-yard#deleted", "hook", "1", true));
  Put(set, v25::kVersions2, Version2("nowhere", "ghost", "1", true));

  const auto up = Up(set);
  const auto down = Down(up.tables, up.residue);

  EXPECT_EQ(Differences(set, down.tables), "");
}

// ---- Writes in the new shape ----

TEST(Step24To25, WritesInTheNewShapeAreCarriedDown) {
  auto set = Yard();
  for (const auto* version : {"0", "1", "2"})
    Put(set, v25::kVersions1, Version1("crane", version, version == std::string("2")));
  Put(set, v25::kFiles1, File1("crane:1", "a.glb"));
  Put(set, v25::kFiles1, File1("crane:1", "b.glb"));
  auto up = Up(set);

  // An edited comment and an alias; a deleted version; a new current version with a file; a file
  // permanently deleted.
  Item edited = *FindVersion2(up.tables, "harbor-yard:crane", "1");
  edited.Set("comment", Value::S("mended"));
  edited.Set("versionAlias", Value::S("final"));
  edited.Set("isArchived", Value::Bool(true));
  Put(up.tables, v25::kVersions2, edited);
  Put(up.tables, v25::kVersions2, Version2("harbor-yard", "crane", "2", false));
  Item fresh = Version2("harbor-yard", "crane", "3", true);
  fresh.Remove("specifiedPipelines");
  Put(up.tables, v25::kVersions2, fresh);
  Put(up.tables, v25::kFiles2, File2("harbor-yard", "crane", "3", "c.glb"));
  std::erase_if(up.tables.at("AssetVersionsStorageTableV2"),
                [](const auto& row) { return row.second.Text("assetVersionId") == "0"; });
  std::erase_if(up.tables.at("AssetFileVersionsStorageTableV2"),
                [](const auto& row) { return row.second.Text("fileKey") == "b.glb"; });
  const auto down = Down(up.tables, up.residue);

  TableSet want = Yard();
  Item mended = Version1("crane", "1", false);
  mended.Set("comment", Value::S("mended"));
  Put(want, v25::kVersions1, mended);
  Put(want, v25::kVersions1, Version1("crane", "2", false));
  Put(want, v25::kVersions1, Version1("crane", "3", true));
  Put(want, v25::kFiles1, File1("crane:1", "a.glb"));
  Put(want, v25::kFiles1, File1("crane:3", "c.glb"));
  EXPECT_EQ(Differences(want, down.tables), "");
  const auto again = Up(down.tables, SettingsOf(Dialect::kCorrected), down.residue);
  EXPECT_EQ(*FindVersion2(again.tables, "harbor-yard:crane", "1"), edited)
      << "the alias comes back with the next update";
}

TEST(Step24To25, VersionOfADeletedAssetIsNotGivenToAnotherDatabaseOnTheWayDown) {
  auto set = Yard();
  Put(set, v25::kVersions2, Version2("harbor-yard", "crane", "1", true));
  Put(set, v25::kVersions2, Version2("museum", "crane", "2", true));  // its asset is gone
  Put(set, v25::kFiles2, File2("museum", "crane", "2", "a.glb"));

  const auto down = Down(set);
  const auto up = Up(down.tables, SettingsOf(Dialect::kCorrected), down.residue);

  EXPECT_EQ(KeysOf(down.tables, v25::kVersions1), (std::vector<std::string>{"crane|1"}));
  EXPECT_TRUE(KeysOf(down.tables, v25::kFiles1).empty());
  EXPECT_EQ(CountOf(down.remarks.quarantined, "D-9"), 2U);
  EXPECT_EQ(up.tables.at("AssetVersionsStorageTableV2"), set.at("AssetVersionsStorageTableV2"));
}

TEST(Step24To25, RowsUnderTheArchivedAndThePlainKeyBecomeOneOnTheWayDown) {
  auto set = Yard();
  Put(set, v25::kVersions2, Version2("harbor-yard#deleted", "hook", "1", true));
  Put(set, v25::kVersions2, Version2("harbor-yard#deleted", "hook", "0", false));
  Item unarchived = Version2("harbor-yard", "hook", "1", true);
  unarchived.Set("comment", Value::S("made again"));
  Put(set, v25::kVersions2, unarchived);

  const auto down = Down(set);
  const auto up = Up(down.tables, SettingsOf(Dialect::kCorrected), down.residue);

  ASSERT_EQ(KeysOf(down.tables, v25::kVersions1), (std::vector<std::string>{"hook|0", "hook|1"}));
  EXPECT_EQ(FindVersion1(down.tables, "hook", "1")->Text("comment"), "made again");
  EXPECT_EQ(Differences(set, up.tables).find("V2"), std::string::npos)
      << Differences(set, up.tables);
}

}  // namespace
}  // namespace vams::migrate::test
