// Metadata from 2.3 to 2.4 case by case: the numbered examples and the defects of migrations.md
// section 5, malformed and large records, and changes made in 2.4 that are carried down.
#include <gtest/gtest.h>

#include "migrate/steps/v23_to_v24_test_support.h"

namespace vams::migrate::test::v24 {

TEST(Metadata23To24, FilesGetTheirReadablePath) {  // examples 1, 2, 5, 6, 8; M34-1
  TableSet set;
  for (const auto& [db, asset] :
       std::initializer_list<std::pair<const char*, const char*>>{{"yard", "crane"},
                                                                  {"museum", "Ångström-Büste 3"},
                                                                  {"museum", "same"},
                                                                  {"yard", "same"},
                                                                  {"yard", "pier scan, west"}})
    AddAsset(set, db, asset);
  AddOld(set, "yard", "crane", {{"serial_no", Value::S("STS")}, {"_touched", Value::S("x")}});
  AddOld(set, "yard", "/crane/textures/steel.png", {{"resolution", Value::S("4096x4096")}});
  AddOld(set, "museum", "Ångström-Büste 3",
         {{"收藏", Value::S("第三展厅")}, {"catalogue:no", Value::S("M/07-1")}});
  AddOld(set, "museum", "same", {{"owner", Value::S("museum")}});
  AddOld(set, "yard", "same", {{"owner", Value::S("yard")}});
  AddOld(set, "yard", "/pier scan, west/section 1:2/cut.las", {{"points", Value::S("1000000")}});
  AddOld(set, "yard", "/crane//odd", {{"k", Value::S("v")}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables),
            (Texts{"yard:crane:/ serial_no=STS (string)",
                   "yard:crane:/textures/steel.png resolution=4096x4096 (string)",
                   "museum:Ångström-Büste 3:/ 收藏=第三展厅 (string)",
                   "museum:Ångström-Büste 3:/ catalogue:no=M/07-1 (string)",
                   "museum:same:/ owner=museum (string)", "yard:same:/ owner=yard (string)",
                   "yard:pier scan, west:/section 1:2/cut.las points=1000000 (string)",
                   "yard:crane://odd k=v (string)"}));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-1"));
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, ValuesOfEveryKindAreKept) {  // example 3; M34-2
  TableSet set;
  AddAsset(set, "yard", "leg");
  AddOld(set, "yard", "leg",
         {{"serial_no", Value::S("GL-7")},
          {"capacity", Value::N(40)},
          {"certified", Value::Bool(true)},
          {"history", Value::L({Value::S("built")})},
          {"supplier", Value::M({{"rank", Value::N(2)}})},
          {"retired", Value::Null()},
          {"empty", Value::S("")},
          {"codes", Value::SS({"A1", "B2"})},
          {"sample", Value::B(std::string("\x01\x02"))}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables),
            (Texts{"yard:leg:/ serial_no=GL-7 (string)", "yard:leg:/ capacity=40 (number)",
                   "yard:leg:/ certified=true (boolean)", "yard:leg:/ history=[\"built\"] (json)",
                   "yard:leg:/ supplier={\"rank\":2} (json)",
                   "yard:leg:/ codes=[\"A1\",\"B2\"] (json)", "yard:leg:/ sample=AQI= (string)"}));
  ASSERT_TRUE(Has(result.remarks.defects, "M34-2"));
  ExpectRoundTrip(set);
}

// What the report calls lost is in the residue: the kinds, the null and the empty text.
TEST(Metadata23To24, WithoutResidueKindsBecomeText) {
  TableSet set;
  AddAsset(set, "yard", "leg");
  AddOld(set, "yard", "leg",
         {{"capacity", Value::N(40)},
          {"retired", Value::Null()},
          {"empty", Value::S("")},
          {"_touched", Value::N(7)}});
  const auto up = Up(set);

  const auto down = Down(up.tables);

  EXPECT_EQ(OldRow(down.tables, "yard", "leg"),
            R"({"_touched":{"N":"7"},"assetId":{"S":"leg"},"capacity":{"S":"40"},)"
            R"("databaseId":{"S":"yard"}})");
  ASSERT_EQ(up.residue.size(), 1U);
  EXPECT_EQ(items::aws::ToJson(up.residue[0].original),
            R"({"capacity":{"N":"40"},"empty":{"S":""},"retired":{"NULL":true}})");
}

TEST(Metadata23To24, TouchRowsMakeNoMetadata) {  // example 4; M23-3
  TableSet set;
  AddAsset(set, "lab", "truss");
  AddOld(set, "lab", "/truss/a.usdz", {{"_asset_table_updated", Value::S("2025")}});
  AddOld(set, "lab", "gone", {{"_asset_table_updated", Value::S("2025")}});
  AddOld(set, "lab#deleted", "truss", {{"_asset_table_updated", Value::S("2025")}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables), Texts{});
  EXPECT_TRUE(result.remarks.quarantined.empty());
  EXPECT_TRUE(result.residue.empty());
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, KeysAreResolvedByTheLongestMatch) {  // example 7; D-8, M34-4
  TableSet set;
  AddBucket(set, "root", "/");
  AddBucket(set, "deep", "scans/");
  AddAsset(set, "museum", "amphora", "deep", "scans/amphora/");
  AddAsset(set, "museum", "scans", "root", "scans/");
  AddAsset(set, "museum", "plain", "root", "plain/");
  AddOld(set, "museum", "/scans/amphora/model.bin", {{"a", Value::S("1")}});
  AddOld(set, "museum", "/amphora/other.bin", {{"b", Value::S("2")}});
  AddOld(set, "museum", "amphora/legacy.obj", {{"c", Value::S("3")}});
  AddOld(set, "museum", "/amphora/", {{"d", Value::S("4")}});
  AddOld(set, "museum", "/amphora", {{"e", Value::S("5")}});
  // The asset "scans" lies in the bucket without prefix: its files are its own.
  AddOld(set, "museum", "/scans/plain/x", {{"f", Value::S("6")}});
  AddOld(set, "museum", "/readme.txt", {{"g", Value::S("7")}});
  AddOld(set, "museum", "gone", {{"h", Value::S("8")}});

  const auto result = Up(set);

  EXPECT_EQ(
      Metadata(result.tables),
      (Texts{"museum:amphora:/model.bin a=1 (string)", "museum:amphora:/other.bin b=2 (string)",
             "museum:amphora:/legacy.obj c=3 (string)", "museum:amphora:/ d=4 (string)",
             "museum:amphora:/ e=5 (string)", "museum:scans:/plain/x f=6 (string)"}));
  EXPECT_EQ(
      Codes(result.remarks.quarantined),
      (Texts{
          R"(D-8 MetadataStorageTable {"assetId":{"S":"/readme.txt"},"databaseId":{"S":"museum"}})",
          R"(D-8 MetadataStorageTable {"assetId":{"S":"gone"},"databaseId":{"S":"museum"}})"}));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-4"));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-20"));
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, ObjectsTellWhereAnAssetAtAGivenKeyLies) {
  TableSet set;
  AddBucket(set, "root", "/");
  AddAsset(set, "yard", "x123", "root", "models/cranes/7/");
  AddOld(set, "yard", "/models/cranes/7/hook.glb", {{"a", Value::S("1")}});
  AddOld(set, "yard", "/x123/models/cranes/7/rope.glb", {{"b", Value::S("2")}});
  AddOld(set, "yard", "/models/cranes/7/unknown.glb", {{"c", Value::S("3")}});
  objects::ObjectVersion version;
  version.bucket = "bucket-root";
  version.key = "models/cranes/7/hook.glb";
  version.version_id = "v1";
  version.sequence = 1;
  version.user_metadata = {{"assetid", "x123"}, {"databaseid", "yard"}};
  PutObject(set, {.newest = version, .next = 2, .versions = 1});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables),
            (Texts{"yard:x123:/hook.glb a=1 (string)", "yard:x123:/rope.glb b=2 (string)"}));
  EXPECT_EQ(result.remarks.quarantined.size(), 1U);
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, ArchivedAssetsKeepTheirMetadataUnderThePlainDatabase) {
  TableSet set;
  AddAsset(set, "yard#deleted", "hook");
  AddAsset(set, "yard#deleted", "again");
  AddAsset(set, "yard", "again");
  AddOld(set, "yard", "hook", {{"a", Value::S("1")}});
  AddOld(set, "yard#deleted", "/hook/f", {{"b", Value::S("2")}});
  AddOld(set, "yard", "again", {{"c", Value::S("3")}});
  AddOld(set, "yard#deleted", "again", {{"d", Value::S("4")}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables), (Texts{"yard:hook:/ a=1 (string)", "yard:hook:/f b=2 (string)",
                                            "yard:again:/ c=3 (string)"}));
  EXPECT_EQ(
      Codes(result.remarks.quarantined),
      (Texts{
          R"(D-8 MetadataStorageTable {"assetId":{"S":"again"},"databaseId":{"S":"yard#deleted"}})"}));
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, OfTwoRowsForOnePlaceTheOwnKeyWins) {  // example 9; M34-13
  TableSet set;
  AddBucket(set, "deep", "scans/");
  AddAsset(set, "museum", "a", "deep", "scans/a/");
  AddOld(set, "museum", "/a/x", {{"f", Value::S("own")}, {"same", Value::S("s")}});
  AddOld(set, "museum", "/scans/a/x",
         {{"f", Value::S("prefixed")}, {"same", Value::S("s")}, {"only", Value::S("here")}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables),
            (Texts{"museum:a:/x f=own (string)", "museum:a:/x same=s (string)",
                   "museum:a:/x only=here (string)"}));
  ASSERT_EQ(result.remarks.notes.size(), 1U);
  EXPECT_EQ(result.remarks.notes[0].code, "D-8");
  EXPECT_NE(result.remarks.notes[0].text.find("\"prefixed\" stays"), std::string::npos);
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, SchemasGiveTypes) {  // D-7; M34-3, M34-5
  TableSet set;
  AddAsset(set, "yard", "crane");
  const auto field = [&](std::string_view name, std::string_view type) {
    Put(set, kOldSchema,
        {{"dataType", Value::S(std::string(type))},
         {"databaseId", Value::S("yard")},
         {"field", Value::S(std::string(name))}});
  };
  field("n", "Number");
  field("bad", "number");
  field("d", "date");
  field("t", "textarea");
  field("l", "location");
  field("ext", "controlled-list");
  AddOld(set, "yard", "/crane/f",
         {{"n", Value::S("65.5")},
          {"bad", Value::S("many")},
          {"d", Value::S("2011-04-30")},
          {"t", Value::S("1\n2")},
          {"l", Value::S(R"({"loc":[9.96,53.54],"zoom":3})")},
          {"ext", Value::S("Acme")},
          {"free", Value::S("65.5")}});

  const auto result = Up(set);

  EXPECT_EQ(Metadata(result.tables),
            (Texts{"yard:crane:/f n=65.5 (number)", "yard:crane:/f bad=many (string)",
                   "yard:crane:/f d=2011-04-30 (date)", "yard:crane:/f t=1\n2 (multiline_string)",
                   R"(yard:crane:/f l={"lat":53.54,"long":9.96,"alt":0} (lla))",
                   "yard:crane:/f ext=Acme (string)", "yard:crane:/f free=65.5 (string)"}));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-3"));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-5"));
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, WhatTheNewTableHoldsAlreadyWins) {  // M34-22
  TableSet set;
  AddAsset(set, "yard", "crane");
  AddOld(set, "yard", "crane", {{"a", Value::S("old")}, {"b", Value::S("old")}});
  Put(set, kNew, NewRecord("a", "yard:crane:/", "new", "string"));

  for (const auto dialect : {Dialect::kCorrected, Dialect::kReference})
    EXPECT_EQ(Metadata(Up(set, {}, dialect).tables),
              (Texts{"yard:crane:/ a=new (string)", "yard:crane:/ b=old (string)"}));
  ExpectRoundTrip(set);
}

TEST(Metadata23To24, ChangesMadeIn24AreCarriedDown) {
  TableSet set;
  AddBucket(set, "deep", "scans/");
  AddAsset(set, "museum", "a", "deep", "scans/a/");
  AddOld(set, "museum", "a",
         {{"keep", Value::N(1)},
          {"edit", Value::N(2)},
          {"drop", Value::N(3)},
          {"_touched", Value::S("t")}});
  AddOld(set, "museum", "/scans/a/x", {{"edit", Value::S("old")}, {"drop", Value::S("old")}});
  AddOld(set, "museum", "/scans/a/y", {{"drop", Value::S("old")}});
  const auto up = Up(set);
  TableSet changed = up.tables;
  const auto erase = [&](const Item& record) {
    changed[kNew].erase(items::EncodeItem(items::KeyOf(Spec(kNew), record)));
  };
  Put(changed, kNew, NewRecord("edit", "museum:a:/", "22", "number"));
  Put(changed, kNew, NewRecord("add", "museum:a:/", "4", "number"));
  Put(changed, kNew, NewRecord("edit", "museum:a:/x", "new"));
  Put(changed, kNew, NewRecord("add", "museum:a:/z", "made in 2.4"));
  erase(NewRecord("drop", "museum:a:/", ""));
  erase(NewRecord("drop", "museum:a:/x", ""));
  erase(NewRecord("drop", "museum:a:/y", ""));

  const auto down = Down(changed, up.residue);

  EXPECT_EQ(OldRow(down.tables, "museum", "a"),
            R"({"_touched":{"S":"t"},"add":{"S":"4"},"assetId":{"S":"a"},)"
            R"("databaseId":{"S":"museum"},"edit":{"S":"22"},"keep":{"N":"1"}})");
  EXPECT_EQ(OldRow(down.tables, "museum", "/scans/a/x"),
            R"({"assetId":{"S":"/scans/a/x"},"databaseId":{"S":"museum"},"edit":{"S":"new"}})");
  EXPECT_EQ(OldRow(down.tables, "museum", "/scans/a/y"), "");
  EXPECT_EQ(OldRow(down.tables, "museum", "/a/z"),
            R"({"add":{"S":"made in 2.4"},"assetId":{"S":"/a/z"},"databaseId":{"S":"museum"}})");
  EXPECT_EQ(Differences(changed, Up(down.tables, down.residue).tables), "");
}

TEST(Metadata23To24, DownMergesAttributesAndDropsWhat23CannotName) {
  TableSet set;
  AddAsset(set, "yard", "crane");
  Put(set, kNew, NewRecord("both", "yard:crane:/f", "metadata"));
  Put(set, kNew, NewRecord("wrong", "yard:crane:f", "hidden"));
  Put(set, kNew, NewRecord("both", "yard:crane:f", "hidden"));
  Put(set, kNew, NewRecord("databaseId", "yard:crane:/f", "x"));
  Put(set, kNew, NewRecord("_own", "yard:crane:/f", "x"));
  Put(set, kNew, NewRecord("REINDEX_METADATA_RECORD", "yard:crane:/f", "now"));
  Put(set, kNew, NewRecord("empty", "yard:crane:/f", ""));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"both", "attribute"}, {"only", "attribute"}})
    Put(set, kAttribute,
        {{"attributeKey", Value::S(name)},
         {"attributeValue", Value::S(value)},
         {"attributeValueType", Value::S("string")},
         {"databaseId:assetId", Value::S("yard:crane")},
         {"databaseId:assetId:filePath", Value::S("yard:crane:/f")}});

  const auto down = Down(set);

  EXPECT_EQ(OldRow(down.tables, "yard", "/crane/f"),
            R"({"assetId":{"S":"/crane/f"},"both":{"S":"metadata"},"databaseId":{"S":"yard"},)"
            R"("empty":{"S":""},"only":{"S":"attribute"},"wrong":{"S":"hidden"}})");
  EXPECT_EQ(down.tables.at(kOld).size(), 1U);
  ExpectRoundTripDown(set);
}

TEST(Metadata23To24, DownQuarantinesMalformedKeys) {  // D-9
  TableSet set;
  for (const auto key : {"no-colon", "one:colon", ":a:/", "yard::/"}) {
    auto record = NewRecord("k", "yard:crane:/", "v");
    record.Set("databaseId:assetId:filePath", Value::S(key));
    Put(set, kNew, std::move(record));
  }

  const auto down = Down(set);

  EXPECT_EQ(down.remarks.quarantined.size(), 4U);
  EXPECT_TRUE(Has(down.remarks.quarantined, "D-9"));
  ExpectRoundTripDown(set);
}

// Rows that upstream's script filed under an asset that does not exist, beside the real one.
TEST(Metadata23To24, DownKeepsMetadataOfPhantomAssetsApart) {
  TableSet set;
  AddBucket(set, "deep", "scans/");
  AddAsset(set, "museum", "a", "deep", "scans/a/");
  AddOld(set, "museum", "/scans/a/x", {{"k", Value::S("script")}});
  Put(set, kNew, NewRecord("k", "museum:scans:a/x", "script"));
  Put(set, kNew, NewRecord("k", "museum:a:/x", "user"));

  const auto down = Down(set);

  EXPECT_EQ(OldRow(down.tables, "museum", "/scans/a/x"),
            R"({"assetId":{"S":"/scans/a/x"},"databaseId":{"S":"museum"},"k":{"S":"script"}})");
  EXPECT_EQ(OldRow(down.tables, "museum", "/a/x"),
            R"({"assetId":{"S":"/a/x"},"databaseId":{"S":"museum"},"k":{"S":"user"}})");
  ExpectRoundTripDown(set);
}

TEST(Metadata23To24, LargeAndOverlongRecordsAreQuarantinedAlone) {  // examples 10, 11; M34-14
  TableSet set;
  const std::string database(60, 'd'), path(1000, 'p');
  AddAsset(set, database, "asset");
  std::string big;
  for (int i = 0; i < 195000; ++i) big += "é";
  AddOld(set, database, "asset", {{"blob", Value::S(big)}, {"small", Value::S("s")}});
  AddOld(set, database, "/asset/" + path, {{"k", Value::S("v")}});
  const std::string nearly(409400, 'x');
  AddOld(set, database, "/asset/g", {{"n", Value::S(nearly)}});

  const auto result = Up(set);

  EXPECT_EQ(result.tables.at(kNew).size(), 2U) << Reasons(result.remarks.quarantined);
  // The overlong key, and the value that grows past the limit by its key.
  ASSERT_EQ(result.remarks.quarantined.size(), 2U);
  for (const auto& remark : result.remarks.quarantined) EXPECT_EQ(remark.code, "too-large");
  EXPECT_TRUE(Has(result.remarks.defects, "M34-14"));
  const auto down = Down(result.tables, result.residue);
  EXPECT_EQ(Differences(set, down.tables), "");
}

TEST(Metadata23To24, AMergedRowPastTheLimitIsQuarantinedAndComesBack) {
  TableSet set;
  AddAsset(set, "yard", "crane");
  Put(set, kNew, NewRecord("a", "yard:crane:/", std::string(300000, 'a')));
  Put(set, kNew, NewRecord("b", "yard:crane:/", std::string(300000, 'b')));

  const auto down = Down(set);

  ASSERT_EQ(down.remarks.quarantined.size(), 1U);
  EXPECT_EQ(down.remarks.quarantined[0].code, "too-large");
  EXPECT_EQ(Differences(set, Up(down.tables, down.residue).tables), "");
}

TEST(Metadata23To24, ReferenceRepeatsTheGuessesOfTheScript) {  // examples 2, 7
  TableSet set;
  AddOld(set, "m", "/scans/a/model.bin", {{"a", Value::S("1")}, {"n", Value::N(1)}});
  AddOld(set, "m", "/truss.ifc", {{"b", Value::S("2")}});
  AddOld(set, "m", "a/legacy.obj", {{"c", Value::S("3")}, {"e", Value::S("")}});
  AddOld(set, "m", "/truss/", {{"d", Value::S("4")}});
  AddOld(set, "m", "//x", {{"e", Value::S("5")}});
  AddOld(set, "m", "a:b", {{"f", Value::S("6")}});

  EXPECT_EQ(Metadata(Up(set, {}, Dialect::kReference).tables),
            (Texts{"m:scans:a/model.bin a=1 (string)", "m:truss.ifc: b=2 (string)",
                   "m:a/legacy.obj:/ c=3 (string)", "m:truss: d=4 (string)", "m::x e=5 (string)",
                   "m:a:b:/ f=6 (string)"}));
  ExpectRoundTrip(set);
}

}  // namespace vams::migrate::test::v24
