#include "migrate/steps/repair.h"

#include "migrate/steps/v24_to_v25_test_support.h"

namespace vams::migrate::test {
namespace {

using items::Item;
using items::Value;
using repair::kAttributes;
using repair::kMetadata;

NaiveResult Mend(const TableSet& set, tables::DataVersion version = {2, 5},
                 const std::vector<Residue>& residue = {}) {
  return RunNaive(*RepairStep(version), Direction::kUp, SettingsOf(Dialect::kCorrected), set,
                  residue);
}

NaiveResult TakeBack(const TableSet& set, const std::vector<Residue>& residue,
                     tables::DataVersion version = {2, 5}) {
  return RunNaive(*RepairStep(version), Direction::kDown, SettingsOf(Dialect::kCorrected), set,
                  residue);
}

Item Metadata(std::string_view key, std::string_view place, std::string_view value = "x") {
  const auto parts = v25::SplitAssetKey(place);
  const auto asset = parts->asset.substr(0, parts->asset.find(':'));
  return Json(
      fmt::format(R"({{"metadataKey":{{"S":"{}"}},"databaseId:assetId:filePath":{{"S":"{}"}},)"
                  R"("databaseId:assetId":{{"S":"{}:{}"}},"metadataValue":{{"S":"{}"}},)"
                  R"("metadataValueType":{{"S":"string"}}}})",
                  key, place, parts->database, asset, value));
}

TableSet Museum() {
  TableSet set;
  AddAsset(set, "museum", "amphora", "1", "b2");
  AddAsset(set, "museum#deleted", "bust", "1", "b2");
  AddBucket(set, "b2", "archive", "scans/");
  return set;
}

TEST(Repair, ThereIsOneForEachVersionThatHasSomethingToMend) {
  EXPECT_EQ(RepairStep({2, 3}), nullptr);
  ASSERT_NE(RepairStep({2, 4}), nullptr);
  EXPECT_EQ(RepairStep({2, 4})->to(), (tables::DataVersion{2, 4}));
  ASSERT_NE(RepairStep({2, 5}), nullptr);
  EXPECT_EQ(RepairStep({2, 5})->from(), (tables::DataVersion{2, 5}));
}

// ---- File metadata ----

TEST(Repair, PathsWithoutSlashBecomeReadable) {
  auto set = Museum();
  Put(set, kMetadata, Metadata("owner", "museum:amphora:/"));
  Put(set, kMetadata, Metadata("lod", "museum:amphora:textures/steel:2.png"));
  Put(set, kMetadata, Metadata("lod", "museum:bust:büste.e57"));
  Put(set, kMetadata, Metadata("note", "museum:amphora:"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_EQ(KeysOf(mended.tables, kMetadata),
            (std::vector<std::string>{"lod|museum:amphora:/textures/steel:2.png",
                                      "lod|museum:bust:/büste.e57", "note|museum:amphora:/",
                                      "owner|museum:amphora:/"}));
  EXPECT_EQ(CountOf(mended.remarks.notes, "D-1"), 3U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, AttributesAreMendedLikeMetadata) {
  auto set = Museum();
  Put(set, kAttributes,
      Json(R"({"attributeKey":{"S":"Polygon_Count"},)"
           R"("databaseId:assetId:filePath":{"S":"museum:amphora:m.glb"},)"
           R"("databaseId:assetId":{"S":"museum:amphora"},)"
           R"("attributeValue":{"S":"7"}})"));

  const auto mended = Mend(set, {2, 4});

  EXPECT_EQ(KeysOf(mended.tables, kAttributes),
            (std::vector<std::string>{"Polygon_Count|museum:amphora:/m.glb"}));
}

TEST(Repair, TheReadableValueStaysAndTheOtherIsKeptAside) {
  auto set = Museum();
  Put(set, kMetadata, Metadata("lod", "museum:amphora:m.glb", "old"));
  Put(set, kMetadata, Metadata("lod", "museum:amphora:/m.glb", "new"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  ASSERT_EQ(KeysOf(mended.tables, kMetadata),
            (std::vector<std::string>{"lod|museum:amphora:/m.glb"}));
  EXPECT_EQ(
      mended.tables.at("AssetFileMetadataStorageTableV2").begin()->second.Text("metadataValue"),
      "new");
  EXPECT_EQ(mended.remarks.notes.size(), 1U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, AssetsThatWereMadeUpAreResolvedByTheLongestMatch) {
  auto set = Museum();
  Put(set, kMetadata, Metadata("checksum", "museum:scans:amphora/model.bin"));
  Put(set, kMetadata, Metadata("origin", "museum:amphora/legacy.obj:/"));
  Put(set, kMetadata, Metadata("note", "museum:truss.ifc:"));
  Put(set, kMetadata, Metadata("owner", "museum:deleted-long-ago:/"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_EQ(KeysOf(mended.tables, kMetadata),
            (std::vector<std::string>{"checksum|museum:amphora:/model.bin",
                                      "note|museum:truss.ifc:", "origin|museum:amphora:/legacy.obj",
                                      "owner|museum:deleted-long-ago:/"}));
  EXPECT_EQ(CountOf(mended.remarks.notes, "D-8"), 4U);
  const auto* moved =
      FindRow(mended.tables, kMetadata,
              {{"metadataKey", Value::S("checksum")},
               {"databaseId:assetId:filePath", Value::S("museum:amphora:/model.bin")}});
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->Text("databaseId:assetId"), "museum:amphora");
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, OfTwoRowsForOnePlaceThatOfTheAssetItselfIsBelieved) {
  auto set = Museum();
  Put(set, kMetadata, Metadata("lod", "museum:scans:amphora/m.glb", "by prefix"));
  Put(set, kMetadata, Metadata("lod", "museum:amphora:m.glb", "by asset"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  ASSERT_EQ(KeysOf(mended.tables, kMetadata),
            (std::vector<std::string>{"lod|museum:amphora:/m.glb"}));
  EXPECT_EQ(
      mended.tables.at("AssetFileMetadataStorageTableV2").begin()->second.Text("metadataValue"),
      "by asset");
  EXPECT_EQ(mended.remarks.notes.size(), 2U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, TracesOfReindexingAndMalformedKeysAreQuarantined) {
  auto set = Museum();
  Put(set, kMetadata, Metadata("REINDEX_METADATA_RECORD", "museum:amphora:/"));
  Item malformed = Metadata("lod", "museum:amphora:/");
  malformed.Set("databaseId:assetId:filePath", Value::S("no-colon-key"));
  Put(set, kMetadata, malformed);

  const auto mended = Mend(set, {2, 4});
  const auto back = TakeBack(mended.tables, mended.residue, {2, 4});

  EXPECT_TRUE(KeysOf(mended.tables, kMetadata).empty());
  EXPECT_EQ(CountOf(mended.remarks.quarantined, "R-5"), 1U);
  EXPECT_EQ(CountOf(mended.remarks.quarantined, "D-9"), 1U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

// ---- Versions ----

TEST(Repair, VersionsUnderTheArchivedKeyMoveToThePlainOne) {
  auto set = Museum();
  Put(set, v25::kVersions2, Version2("museum#deleted", "bust", "0", false));
  Put(set, v25::kVersions2, Version2("museum#deleted", "bust", "1", true));
  Put(set, v25::kFiles2, File2("museum#deleted", "bust", "1", "a.e57"));
  Put(set, v25::kFiles2, File2("museum", "bust", "1", "b.e57"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_EQ(*FindVersion2(mended.tables, "museum:bust", "1"),
            Version2("museum", "bust", "1", true));
  EXPECT_EQ(KeysOf(mended.tables, v25::kVersions2),
            (std::vector<std::string>{"museum:bust|0", "museum:bust|1"}));
  EXPECT_EQ(KeysOf(mended.tables, v25::kFiles2),
            (std::vector<std::string>{"museum:bust:1|a.e57", "museum:bust:1|b.e57"}));
  EXPECT_EQ(CountOf(mended.remarks.notes, "D-2"), 3U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, AVersionThatIsThereUnderThePlainKeyStays) {
  auto set = Museum();
  Put(set, v25::kVersions2, Version2("museum#deleted", "bust", "1", true));
  Item used = Version2("museum", "bust", "1", true);
  used.Set("versionAlias", Value::S("final"));
  Put(set, v25::kVersions2, used);

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_EQ(KeysOf(mended.tables, v25::kVersions2), (std::vector<std::string>{"museum:bust|1"}));
  EXPECT_EQ(*FindVersion2(mended.tables, "museum:bust", "1"), used);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, TheAssetDecidesWhichVersionIsCurrent) {
  auto set = Museum();
  Put(set, v25::kVersions2, Version2("museum", "amphora", "0", true));
  Put(set, v25::kVersions2, Version2("museum", "amphora", "1", true));
  // Stale rows of the old table do not count.
  Put(set, v25::kVersions1, Version1("amphora", "7", true));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_FALSE(v25::SaysCurrent(*FindVersion2(mended.tables, "museum:amphora", "0")));
  EXPECT_TRUE(v25::SaysCurrent(*FindVersion2(mended.tables, "museum:amphora", "1")));
  EXPECT_EQ(Listed(mended.remarks.notes), (std::vector<std::string>{"M45-6 museum:amphora|0"}));
  EXPECT_EQ(Differences(set, back.tables), "");
}

TableSet SharedAfterTheScript() {
  TableSet set;
  AddAsset(set, "bridge-lab", "model", "2", "b1");
  AddAsset(set, "museum", "model", "1", "b2");
  Put(set, v25::kVersions1, Version1("model", "1", true));
  Put(set, v25::kFiles1, File1("model:1", "museum.obj"));
  Put(set, v25::kVersions2, Version2("bridge-lab", "model", "2", true));
  // The script gave version 1 to the database scanned last; creating version 2 in 2.5 has reset
  // its flag.
  Put(set, v25::kVersions2, Version2("bridge-lab", "model", "1", false));
  Put(set, v25::kFiles2, File2("bridge-lab", "model", "1", "museum.obj"));
  Put(set, v25::kFiles2, File2("bridge-lab", "model", "2", "bridge.obj"));
  return set;
}

TEST(Repair, VersionsThatTheScriptGaveToTheWrongDatabaseGoToTheirOwner) {
  auto set = SharedAfterTheScript();
  Put(set, v25::kSnapshots, Snapshot("museum:model:1", "museum:model"));

  const auto mended = Mend(set);
  const auto back = TakeBack(mended.tables, mended.residue);

  EXPECT_EQ(KeysOf(mended.tables, v25::kVersions2),
            (std::vector<std::string>{"bridge-lab:model|2", "museum:model|1"}));
  EXPECT_EQ(*FindVersion2(mended.tables, "museum:model", "1"),
            Version2("museum", "model", "1", true))
      << "it is the museum's current version";
  EXPECT_EQ(
      KeysOf(mended.tables, v25::kFiles2),
      (std::vector<std::string>{"bridge-lab:model:2|bridge.obj", "museum:model:1|museum.obj"}));
  EXPECT_EQ(CountOf(mended.remarks.notes, "M45-1"), 2U);
  EXPECT_EQ(Differences(set, back.tables), "");
}

TEST(Repair, AVersionOfASharedIdStaysWithoutProofOrWhenItWasEdited) {
  auto set = SharedAfterTheScript();
  Item old = *FindVersion1(set, "model", "1");
  old.Set("isCurrentVersion", Value::Bool(false));
  Put(set, v25::kVersions1, old);  // nothing says whose it is
  const auto unproven = Mend(set);
  Put(set, v25::kSnapshots, Snapshot("museum:model:1", "museum:model"));
  Item edited = *FindVersion2(set, "bridge-lab:model", "1");
  edited.Set("comment", Value::S("edited by the bridge lab"));
  Put(set, v25::kVersions2, edited);
  const auto used = Mend(set);

  for (const auto* mended : {&unproven, &used}) {
    EXPECT_TRUE(mended->remarks.notes.empty());
    EXPECT_EQ(KeysOf(mended->tables, v25::kVersions2),
              (std::vector<std::string>{"bridge-lab:model|1", "bridge-lab:model|2"}));
  }
}

TEST(Repair, SnapshotsWithoutAssetAreQuarantinedAndTheIndexIsFilled) {
  auto set = Museum();
  Put(set, v25::kSnapshots, Snapshot("museum:ghost:1", "museum:ghost"));
  Put(set, v25::kSnapshots, Snapshot("no-colon-key"));
  Put(set, v25::kSnapshots, Snapshot("museum:bust:1"));

  const auto of_25 = Mend(set);
  const auto of_24 = Mend(set, {2, 4});
  const auto back = TakeBack(of_25.tables, of_25.residue);

  EXPECT_EQ(KeysOf(of_25.tables, v25::kSnapshots),
            (std::vector<std::string>{"museum:bust:1|metadata:/:owner"}));
  EXPECT_EQ(of_25.tables.at("AssetFileMetadataVersionsStorageTable")
                .begin()
                ->second.Text("databaseId:assetId"),
            "museum:bust");
  EXPECT_EQ(of_25.remarks.notes.size(), 1U);
  EXPECT_EQ(CountOf(of_25.remarks.quarantined, "D-9"), 2U);
  EXPECT_TRUE(of_24.remarks.notes.empty());
  EXPECT_EQ(Differences(set, back.tables), "");
}

// ---- The results of the upstream scripts ----

TEST(Repair, SoundDataIsLeftAlone) {
  TableSet set;
  AddFixture(set, "v2.4");
  AddFixture(set, "seed/v2.5");
  const auto once =
      Mend(RunNaive(Step24To25(), Direction::kUp, SettingsOf(Dialect::kCorrected), set).tables);

  const auto twice = Mend(once.tables);

  EXPECT_EQ(Differences(once.tables, twice.tables), "");
  EXPECT_TRUE(twice.remarks.notes.empty());
  EXPECT_TRUE(twice.remarks.quarantined.empty());
}

TEST(Repair, ResultOfTheScriptTo25IsMendedToTheCorrectedOne) {
  TableSet input, script;
  AddFixture(input, "v2.4");
  AddFixture(input, "seed/v2.5");
  AddFixture(script, "expected/v2.4_to_v2.5");
  const auto corrected =
      RunNaive(Step24To25(), Direction::kUp, SettingsOf(Dialect::kCorrected), input);

  const auto mended = Mend(script);
  const auto back = TakeBack(mended.tables, mended.residue);

  // What is left: the row that nothing decides stays where the script has put it, and the metadata
  // that the step does not touch is mended as well.
  ExpectTestData("repair_2.5.txt", Differences(Mend(corrected.tables).tables, mended.tables));
  EXPECT_EQ(Differences(script, back.tables), "");
  EXPECT_EQ(CountOf(mended.remarks.notes, "D-2"), 8U);
  EXPECT_EQ(CountOf(mended.remarks.notes, "M45-1"), 2U);
}

TEST(Repair, ResultOfTheScriptTo24IsMendedToTheCorrectedOne) {
  TableSet input, script;
  AddFixture(input, "v2.3");
  AddFixture(input, "seed/v2.4");
  AddFixture(script, "expected/v2.3_to_v2.4");
  const auto corrected =
      RunNaive(Step23To24(), Direction::kUp, SettingsOf(Dialect::kCorrected), input);

  const auto mended = Mend(script, {2, 4});
  const auto back = TakeBack(mended.tables, mended.residue, {2, 4});

  // What the script has not lost is where the corrected step puts it, but for rows that nobody can
  // place; those the step quarantines.
  const auto want = KeysOf(corrected.tables, kMetadata);
  std::vector<std::string> elsewhere;
  for (const auto& key : KeysOf(mended.tables, kMetadata))
    if (!std::ranges::binary_search(want, key)) elsewhere.push_back(key);
  EXPECT_EQ(elsewhere, (std::vector<std::string>{"note|bridge-lab:truss.ifc:",
                                                 "owner|museum_scans:deleted-long-ago:/"}));
  EXPECT_EQ(Differences(script, back.tables), "");
}

TEST(Repair, SecondRunChangesNothing) {
  for (const auto version : {tables::DataVersion{2, 4}, tables::DataVersion{2, 5}}) {
    TableSet script;
    AddFixture(script, version.minor == 4 ? "expected/v2.3_to_v2.4" : "expected/v2.4_to_v2.5");

    const auto first = Mend(script, version);
    const auto second = Mend(first.tables, version);

    EXPECT_EQ(Differences(first.tables, second.tables), "");
    for (const auto& note : second.remarks.notes)
      EXPECT_NE(note.text.find("left as it is"), std::string::npos) << note.text;
  }
}

}  // namespace
}  // namespace vams::migrate::test
