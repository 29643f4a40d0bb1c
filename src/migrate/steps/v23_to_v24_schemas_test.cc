// Schemas, and what 2.3 does not know of other tables, from 2.3 to 2.4 case by case.
#include <gtest/gtest.h>

#include "migrate/steps/v23_to_v24_test_support.h"

namespace vams::migrate::test::v24 {

TEST(Schemas23To24, OrderDependenciesAndListsAreKept) {  // example 18; M34-6 to M34-9
  TableSet set;
  for (
      const auto text :
      {R"({"databaseId":{"S":"yard"},"field":{"S":"zone"},"dataType":{"S":"inline-controlled-list"},"required":{"BOOL":true},"sequenceNumber":{"N":"6"},"dependsOn":{"L":[{"S":"site"}]},"inlineControlledListValues":{"S":"north, south ,,quay 3"}})",
       R"({"databaseId":{"S":"yard"},"field":{"S":"site"},"dataType":{"S":"location"},"latitudeField":{"S":"lat_col"},"sequenceNumber":{"S":" 2 "}})",
       R"({"databaseId":{"S":"yard"},"field":{"S":"maker"},"dataType":{"S":"controlled-list"}})",
       R"({"databaseId":{"S":"yard"},"field":{"S":"a\"b é"},"dataType":{"S":"inline-controlled-list"},"inlineControlledListValues":{"S":" , "},"sequenceNumber":{"N":"-1"}})"})
    Put(set, kOldSchema, Json(text));

  const auto result = Up(set);

  std::string entities;
  for (const auto& [key, row] : result.tables.at(kNewSchema)) {
    entities += std::string(row.Text("metadataSchemaEntityType")) + " ";
    EXPECT_EQ(
        row.Text("fields"),
        R"({"fields":[{"metadataFieldKeyName":"site","metadataFieldValueType":"lla","required":false,"sequence":2},)"
        R"({"metadataFieldKeyName":"zone","metadataFieldValueType":"inline_controlled_list","required":true,"sequence":6,"dependsOnFieldKeyName":["site"],"controlledListKeys":["north","south","quay 3"]},)"
        R"({"metadataFieldKeyName":"a\"b é","metadataFieldValueType":"string","required":false},)"
        R"({"metadataFieldKeyName":"maker","metadataFieldValueType":"string","required":false}]})");
    EXPECT_EQ(row.Text("schemaName"), "migratedSchema");
  }
  EXPECT_EQ(result.tables.at(kNewSchema).size(), 2U) << entities;
  for (const auto code : {"M34-5", "M34-6", "M34-7", "M34-8", "M34-9"})
    EXPECT_TRUE(Has(result.remarks.defects, code)) << code;
  EXPECT_EQ(Codes(result.remarks.notes).size(), 2U);
  ExpectRoundTrip(set);
}

TEST(Schemas23To24, SchemasOfUsersAreNeverDeleted) {  // M34-21
  TableSet set;
  Put(set, kOldSchema,
      Json(R"({"databaseId":{"S":"yard"},"field":{"S":"f"},"dataType":{"S":"string"}})"));
  Put(set, kNewSchema,
      Json(
          R"({"metadataSchemaId":{"S":"mine"},"databaseId:metadataEntityType":{"S":"yard:assetMetadata"},"databaseId":{"S":"yard"},"metadataSchemaEntityType":{"S":"assetMetadata"},"schemaName":{"S":"migratedSchema"},"createdBy":{"S":"mara"},"fields":{"S":"{\"fields\":[]}"}})"));

  EXPECT_EQ(Up(set).tables.at(kNewSchema).size(), 3U);
  const auto reference = Up(set, {}, Dialect::kReference);
  ASSERT_EQ(reference.tables.at(kNewSchema).size(), 1U);
  EXPECT_EQ(reference.tables.at(kNewSchema).begin()->second.Text("createdBy"), "MIGRATION");
  ExpectRoundTrip(set);
}

TEST(Schemas23To24, ChangesMadeIn24AreCarriedDown) {
  TableSet set;
  Put(set, kOldSchema,
      Json(
          R"({"databaseId":{"S":"yard"},"field":{"S":"f"},"dataType":{"S":"controlled-list"},"sequenceNumber":{"N":"1"}})"));
  Put(set, kOldSchema,
      Json(R"({"databaseId":{"S":"yard"},"field":{"S":"gone"},"dataType":{"S":"number"}})"));
  const auto up = Up(set);
  TableSet changed = up.tables;
  for (auto& [key, row] : changed[kNewSchema])
    row.Set(
        "fields",
        Value::S(
            R"({"fields":[{"metadataFieldKeyName":"f","metadataFieldValueType":"STRING","required":true,"sequence":1},{"metadataFieldKeyName":"g","metadataFieldValueType":"inline_controlled_list","controlledListKeys":["x","y"],"dependsOnFieldKeyName":["f"]},{"metadataFieldKeyName":"h","metadataFieldValueType":"lla","defaultMetadataFieldValue":"{\"lat\":1.5,\"long\":2,\"alt\":3}"},{"metadataFieldKeyName":"m","metadataFieldValueType":"matrix4x4"}]})"));

  const auto down = Down(changed, up.residue);

  const auto row = [&](std::string_view field) {
    return RowText(down.tables, kOldSchema,
                   {{"databaseId", Value::S("yard")}, {"field", Value::S(std::string(field))}});
  };
  EXPECT_EQ(down.tables.at(kOldSchema).size(), 4U);
  EXPECT_NE(row("f").find(R"("dataType":{"S":"controlled-list"})"), std::string::npos);
  EXPECT_NE(row("f").find(R"("required":{"BOOL":true})"), std::string::npos);
  EXPECT_NE(row("g").find(R"("dependsOn":{"L":[{"S":"f"}]})"), std::string::npos);
  EXPECT_NE(row("g").find(R"("inlineControlledListValues":{"S":"x,y"})"), std::string::npos);
  EXPECT_NE(row("h").find(R"("latitudeField":{"S":"1.5"},"longitudeField":{"S":"2"})"),
            std::string::npos);
  EXPECT_NE(row("m").find(R"("dataType":{"S":"string"})"), std::string::npos);
  EXPECT_EQ(Differences(changed, Up(down.tables, down.residue).tables), "");
}

TEST(Schemas23To24, DownTakesEnabledAssetSchemasOfRealDatabases) {
  TableSet set;
  const auto add = [&](std::string_view id, std::string_view db, std::string_view entity,
                       std::string_view field, bool enabled) {
    Put(set, kNewSchema,
        {{"metadataSchemaId", Value::S(std::string(id))},
         {"databaseId:metadataEntityType", Value::S(fmt::format("{}:{}", db, entity))},
         {"databaseId", Value::S(std::string(db))},
         {"metadataSchemaEntityType", Value::S(std::string(entity))},
         {"enabled", Value::Bool(enabled)},
         {"fields",
          Value::S(fmt::format(
              R"({{"fields":[{{"metadataFieldKeyName":"{}","metadataFieldValueType":"number"}}]}})",
              field))}});
  };
  add("1", "yard", "assetMetadata", "taken", true);
  add("2", "yard", "assetMetadata", "off", false);
  add("3", "yard", "fileMetadata", "file", true);
  add("4", "GLOBAL", "assetMetadata", "global", true);
  Put(set, kNewSchema,
      Json(
          R"({"metadataSchemaId":{"S":"5"},"databaseId:metadataEntityType":{"S":"yard:assetMetadata"},"metadataSchemaEntityType":{"S":"assetMetadata"},"fields":{"S":"not json"}})"));

  const auto down = Down(set);

  ASSERT_EQ(down.tables.at(kOldSchema).size(), 1U);
  EXPECT_EQ(down.tables.at(kOldSchema).begin()->second.Text("field"), "taken");
  ExpectRoundTripDown(set);
}

// The type of a value depends on the schema; the schema that counts on the way up again is the one
// that the way down has made, not the outdated one that 2.4 still holds.
TEST(Schemas23To24, TypesComeBackThoughTheOldSchemaIsOutOfDate) {
  TableSet set;
  AddAsset(set, "yard", "crane");
  Put(set, kOldSchema,
      Json(R"({"databaseId":{"S":"yard"},"field":{"S":"a"},"dataType":{"S":"number"}})"));
  Put(set, kNewSchema,
      Json(
          R"({"metadataSchemaId":{"S":"1"},"databaseId:metadataEntityType":{"S":"yard:assetMetadata"},"databaseId":{"S":"yard"},"metadataSchemaEntityType":{"S":"assetMetadata"},"fields":{"S":"{\"fields\":[{\"metadataFieldKeyName\":\"b\",\"metadataFieldValueType\":\"number\"}]}"}})"));
  Put(set, kNew, NewRecord("a", "yard:crane:/", "1", "number"));
  Put(set, kNew, NewRecord("b", "yard:crane:/", "2", "string"));

  ExpectRoundTripDown(set);
}

// ---- what 2.3 does not know of the other tables

TEST(Others23To24, NewerAttributesGoAndComeBack) {
  TableSet set;
  Put(set, "DatabaseStorageTable",
      Json(
          R"({"databaseId":{"S":"d"},"assetCount":{"N":"0"},"dateCreated":{"S":"March 09 2025 - 10:00:00"},"restrictMetadataOutsideSchemas":{"BOOL":true},"restrictFileUploadsToExtensions":{"S":".glb"}})"));
  Put(set, "WorkflowStorageTable",
      Json(
          R"({"databaseId":{"S":"d"},"workflowId":{"S":"w"},"autoTriggerOnFileExtensionsUpload":{"S":".all"}})"));
  Put(set, "WorkflowExecutionsStorageTable",
      Json(
          R"({"databaseId:assetId":{"S":"$d:$a"},"executionId":{"S":"e"},"workflowDatabaseId:workflowId":{"S":"$d:$w"},"workflowId":{"S":"w"},"inputAssetFileKey":{"S":"a/f"}})"));
  Put(set, "AssetLinksMetadataStorageTable",
      Json(
          R"({"assetLinkId":{"S":"l"},"metadataKey":{"S":"k"},"metadataValue":{"S":"v"},"metadataValueType":{"S":"inline_controlled_list"}})"));
  Put(set, "DatabaseMetadataStorageTableV2",
      Json(R"({"databaseId":{"S":"d"},"metadataKey":{"S":"k"},"metadataValue":{"S":"v"}})"));

  const auto down = Down(set);

  TableSet expected;
  Put(expected, "DatabaseStorageTable",
      Json(
          R"({"databaseId":{"S":"d"},"assetCount":{"S":"0"},"dateCreated":{"S":"\"March 09 2025 - 10:00:00\""}})"));
  Put(expected, "WorkflowStorageTable", Json(R"({"databaseId":{"S":"d"},"workflowId":{"S":"w"}})"));
  Put(expected, "WorkflowExecutionsStorageTable",
      Json(
          R"({"databaseId:assetId":{"S":"$d:$a"},"executionId":{"S":"e"},"workflowDatabaseId:workflowId":{"S":"$d:$w"},"workflowId":{"S":"w"}})"));
  Put(expected, "AssetLinksMetadataStorageTable",
      Json(
          R"({"assetLinkId":{"S":"l"},"metadataKey":{"S":"k"},"metadataValue":{"S":"v"},"metadataValueType":{"S":"string"}})"));
  EXPECT_EQ(Differences(expected, down.tables), "");
  ExpectRoundTripDown(set);
}

TEST(Others23To24, ChecksFindWhatIsWrong) {
  TableSet set;
  AddAsset(set, "yard", "crane");
  const auto store = StoreOf(set, {2, 4});
  OpContext op;
  State state(op, *store, nullptr);
  const auto settings = SettingsFor(Dialect::kCorrected);
  const Context cx{settings, state};
  const auto problems = [&](Direction direction, std::string_view table, Item item) {
    std::string kinds;
    for (const auto& problem : Must(Step23To24().CheckRecord(
             direction, {SpecFor(table, {2, 4})->name, std::move(item)}, cx)))
      kinds += problem.kind == Problem::Kind::kBroken ? "broken " : "orphan ";
    return kinds;
  };
  const auto up = Direction::kUp, down = Direction::kDown;

  EXPECT_EQ(problems(up, kNew, NewRecord("k", "yard:crane:/f", "v")), "");
  EXPECT_EQ(problems(up, kNew, NewRecord("k", "yard:crane:f", "v")), "orphan ");
  EXPECT_EQ(problems(up, kNew, NewRecord("k", "yard:ghost:/f", "v")), "orphan ");
  auto wrong = NewRecord("k", "yard:crane:/f", "v");
  wrong.Set("databaseId:assetId", Value::S("yard:other"));
  wrong.Remove("metadataValue");
  EXPECT_EQ(problems(up, kNew, wrong), "broken broken ");
  EXPECT_EQ(
      problems(up, kConstraint, Json(R"({"constraintId":{"S":"c#group#a"},"groupId":{"S":"a"}})")),
      "");
  EXPECT_EQ(
      problems(
          up, kConstraint,
          Json(R"({"constraintId":{"S":"c#group#a"},"groupId":{"S":"b"},"criteriaOr":{"S":"x"}})")),
      "broken broken ");
  EXPECT_EQ(
      problems(
          up, kNewSchema,
          Json(
              R"({"metadataSchemaId":{"S":"1"},"databaseId:metadataEntityType":{"S":"a:b"},"databaseId":{"S":"a"},"metadataSchemaEntityType":{"S":"c"}})")),
      "broken broken ");
  EXPECT_EQ(problems(down, kOld,
                     Json(R"({"databaseId":{"S":"yard"},"assetId":{"S":"ghost"},"a":{"S":"1"}})")),
            "orphan ");
  EXPECT_EQ(
      problems(
          down, kAuth,
          Json(
              R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#c"},"criteriaOr":{"S":"[]"}})")),
      "broken ");
}

}  // namespace vams::migrate::test::v24
