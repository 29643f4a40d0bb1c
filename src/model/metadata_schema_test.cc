// Bodies of requests about metadata schemas, and fields as they are stored.
#include "model/metadata_schema.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

namespace json = boost::json;

json::object Object(std::string_view text) { return json::parse(text).as_object(); }

// A full body with one member replaced.
json::object With(std::string_view member, json::value value) {
  json::object body = Object(R"({"databaseId": "harbor-db",
      "metadataSchemaEntityType": "assetMetadata", "schemaName": "Crane basics",
      "fields": {"fields": [{"metadataFieldKeyName": "mass", "metadataFieldValueType": "number"}]}})");
  body[member] = std::move(value);
  return body;
}

json::object Without(std::string_view member) {
  json::object body = With("other", 1);
  body.erase(member);
  return body;
}

// A full body with these members in its only field, besides the name.
json::object WithField(std::string_view members) {
  json::object field = Object(members);
  if (!field.contains("metadataFieldKeyName")) field["metadataFieldKeyName"] = "mass";
  if (!field.contains("metadataFieldValueType")) field["metadataFieldValueType"] = "number";
  return With("fields", json::object{{"fields", json::array{std::move(field)}}});
}

std::string ProblemOf(const json::object& body) {
  Problems problems;
  ReadNewMetadataSchema(body, problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

std::string ProblemOfChange(std::string_view body) {
  Problems problems;
  ReadMetadataSchemaChange(Object(body), problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

std::string ProblemOfDeletion(std::string_view body) {
  Problems problems;
  ReadMetadataSchemaDeletion(Object(body), problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

testing::AssertionResult Names(const std::string& problem, std::string_view place) {
  if (problem.find("\n" + std::string(place) + "\n") != problem.npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no complaint about " << place << " in: " << problem;
}

TEST(SchemaEntity, IsFoundInAnyLetterCase) {
  EXPECT_EQ(FindSchemaEntity("ASSETLINKMETADATA"), SchemaEntity::kAssetLink);
  EXPECT_EQ(FindSchemaEntity("fileattribute"), SchemaEntity::kFileAttribute);
  EXPECT_EQ(FindSchemaEntity("asset"), std::nullopt);
  EXPECT_EQ(FindSchemaEntity(""), std::nullopt);
  for (const char* name :
       {"databaseMetadata", "assetMetadata", "fileMetadata", "fileAttribute", "assetLinkMetadata"})
    EXPECT_EQ(SchemaEntityName(*FindSchemaEntity(name)), name);
}

TEST(NewMetadataSchema, IsReadWithItsDefaults) {
  Problems problems;
  const NewMetadataSchema schema = ReadNewMetadataSchema(With("other", 1), problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(schema.database_id, "harbor-db");
  EXPECT_EQ(schema.entity, SchemaEntity::kAsset);
  EXPECT_EQ(schema.name, "Crane basics");
  EXPECT_EQ(schema.file_types, std::nullopt);
  EXPECT_TRUE(schema.enabled);
  ASSERT_EQ(schema.fields.size(), 1u);
  EXPECT_EQ(schema.fields[0],
            (SchemaField{.key = "mass", .type = ValueType::kNumber, .required = false}));
}

TEST(NewMetadataSchema, IsReadWithEverythingAndInAnyCase) {
  json::object body = With("metadataSchemaEntityType", "FILEMETADATA");
  body["databaseId"] = "GLOBAL";
  body["fileKeyTypeRestriction"] = " .glb , .ifc";
  body["enabled"] = "no";
  body["fields"] = json::parse(R"({"fields": [
      {"metadataFieldKeyName": "state", "metadataFieldValueType": "Inline_Controlled_LIST",
       "required": true, "sequence": 3, "dependsOnFieldKeyName": ["mass", "state"],
       "controlledListKeys": ["draft", "final"], "defaultMetadataFieldValue": "final"},
      {"metadataFieldKeyName": "mass", "metadataFieldValueType": "NUMBER", "required": false,
       "sequence": null, "dependsOnFieldKeyName": [], "controlledListKeys": [],
       "defaultMetadataFieldValue": 4.5}]})");
  Problems problems;

  const NewMetadataSchema schema = ReadNewMetadataSchema(body, problems);

  EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_EQ(schema.entity, SchemaEntity::kFile);
  EXPECT_EQ(schema.file_types, " .glb , .ifc");
  EXPECT_FALSE(schema.enabled);
  ASSERT_EQ(schema.fields.size(), 2u);
  EXPECT_EQ(schema.fields[0], (SchemaField{.key = "state",
                                           .type = ValueType::kInlineControlledList,
                                           .required = true,
                                           .sequence = 3,
                                           .depends_on = {{"mass", "state"}},
                                           .list = {{"draft", "final"}},
                                           .default_value = "final"}));
  EXPECT_EQ(schema.fields[1].default_value, "4.5");
  EXPECT_EQ(schema.fields[1].depends_on, std::vector<std::string>());
}

TEST(NewMetadataSchema, NeedsItsMembers) {
  for (const char* member : {"databaseId", "metadataSchemaEntityType", "schemaName", "fields"}) {
    EXPECT_TRUE(Names(ProblemOf(Without(member)), member));
    EXPECT_TRUE(Names(ProblemOf(With(member, nullptr)), member));
  }
  EXPECT_TRUE(Names(ProblemOf(With("enabled", nullptr)), "enabled"));
  EXPECT_TRUE(Names(ProblemOf(With("enabled", "perhaps")), "enabled"));
}

// Row B41 of the list: GLOBAL has one spelling.
TEST(NewMetadataSchema, TakesGlobalInItsExactSpellingOnly) {
  EXPECT_EQ(ProblemOf(With("databaseId", "GLOBAL")), "");
  for (const char* id : {"global", "Global", " GLOBAL", "ab", "no blank", ""})
    EXPECT_NE(ProblemOf(With("databaseId", id)), "") << id;
}

TEST(NewMetadataSchema, RefusesNamesThatAreNone) {
  for (const char* name : {"", "Global", "a/b", "a:b"})
    EXPECT_NE(ProblemOf(With("schemaName", name)), "") << name;
  EXPECT_TRUE(Names(ProblemOf(With("schemaName", json::string(257, 'a'))), "schemaName"));
  EXPECT_EQ(ProblemOf(With("schemaName", json::string(256, 'a'))), "");
  EXPECT_TRUE(
      Names(ProblemOf(With("metadataSchemaEntityType", "asset")), "metadataSchemaEntityType"));
}

// Row B42: the list of fields is inside an object.
TEST(NewMetadataSchema, RefusesFieldsThatAreNoObjectWithFields) {
  EXPECT_TRUE(Names(ProblemOf(With("fields", json::array())), "fields"));
  EXPECT_TRUE(Names(ProblemOf(With("fields", json::object())), "fields -> fields"));
  EXPECT_TRUE(Names(ProblemOf(With("fields", {{"fields", nullptr}})), "fields -> fields"));
  EXPECT_TRUE(Names(ProblemOf(With("fields", {{"fields", json::array()}})), "fields -> fields"));
  EXPECT_TRUE(Names(ProblemOf(With("fields", {{"fields", "mass"}})), "fields -> fields"));
  EXPECT_TRUE(
      Names(ProblemOf(With("fields", json::parse(R"({"fields": [7]})"))), "fields -> fields -> 0"));
}

// Row B43 and the table of fields.
TEST(NewMetadataSchema, RefusesFieldsThatBreakARule) {
  const std::string at = "fields -> fields -> 0 -> ";
  const std::pair<const char*, const char*> cases[] = {
      {R"({"metadataFieldKeyName": ""})", "metadataFieldKeyName"},
      {R"({"metadataFieldKeyName": null})", "metadataFieldKeyName"},
      {R"({"metadataFieldValueType": "integer"})", "metadataFieldValueType"},
      {R"({"metadataFieldValueType": null})", "metadataFieldValueType"},
      {R"({"required": null})", "required"},
      {R"({"required": "perhaps"})", "required"},
      {R"({"sequence": -1})", "sequence"},
      {R"({"sequence": "first"})", "sequence"},
      {R"({"dependsOnFieldKeyName": "mass"})", "dependsOnFieldKeyName"},
      {R"({"dependsOnFieldKeyName": [null]})", "dependsOnFieldKeyName -> 0"},
      {R"({"controlledListKeys": ["a"]})", "controlledListKeys"},
      {R"({"metadataFieldValueType": "inline_controlled_list"})", "controlledListKeys"},
      {R"({"metadataFieldValueType": "inline_controlled_list", "controlledListKeys": []})",
       "controlledListKeys"},
      {R"({"defaultMetadataFieldValue": "heavy"})", "defaultMetadataFieldValue"},
      {R"({"defaultMetadataFieldValue": {}})", "defaultMetadataFieldValue"},
      {R"({"metadataFieldValueType": "inline_controlled_list", "controlledListKeys": ["a"],
           "defaultMetadataFieldValue": "A"})",
       "defaultMetadataFieldValue"},
      {R"({"metadataFieldValueType": "inline_controlled_list", "controlledListKeys": ["a"],
           "defaultMetadataFieldValue": ""})",
       "defaultMetadataFieldValue"}};
  for (const auto& [field, place] : cases)
    EXPECT_TRUE(Names(ProblemOf(WithField(field)), at + place)) << field;
}

TEST(NewMetadataSchema, TakesFieldsAtTheEdgeOfARule) {
  for (const char* field :
       {R"({"sequence": 0})", R"({"sequence": "12"})", R"({"defaultMetadataFieldValue": ""})",
        R"({"dependsOnFieldKeyName": ["nobody"]})", R"({"dependsOnFieldKeyName": ["mass"]})",
        R"({"metadataFieldValueType": "inline_controlled_list", "controlledListKeys": [""],
            "defaultMetadataFieldValue": ""})"})
    EXPECT_EQ(ProblemOf(WithField(field)), "") << field;
  EXPECT_EQ(ProblemOf(WithField(R"({"metadataFieldKeyName": ")" + std::string(256, 'k') + "\"}")),
            "");
  EXPECT_NE(ProblemOf(WithField(R"({"metadataFieldKeyName": ")" + std::string(257, 'k') + "\"}")),
            "");
}

TEST(NewMetadataSchema, RefusesTwoFieldsOfOneName) {
  const auto body = With("fields", json::parse(R"({"fields": [
      {"metadataFieldKeyName": "mass", "metadataFieldValueType": "number"},
      {"metadataFieldKeyName": "Mass", "metadataFieldValueType": "number"},
      {"metadataFieldKeyName": "mass", "metadataFieldValueType": "string"}]})"));

  EXPECT_TRUE(Names(ProblemOf(body), "fields -> fields -> 2 -> metadataFieldKeyName"));
  EXPECT_EQ(ProblemOf(body).find("fields -> 1"), std::string::npos);
}

TEST(NewMetadataSchema, TakesARestrictionForFilesOnly) {
  const auto restricted = [](const char* entity, const char* list) {
    json::object body = With("fileKeyTypeRestriction", list);
    body["metadataSchemaEntityType"] = entity;
    return ProblemOf(body);
  };
  EXPECT_EQ(restricted("fileMetadata", ".glb"), "");
  EXPECT_EQ(restricted("fileMetadata", ".all, glb,.123456789"), "");
  EXPECT_TRUE(Names(restricted("fileMetadata", ".glb,,.ifc"), "fileKeyTypeRestriction"));
  EXPECT_TRUE(Names(restricted("fileMetadata", ".glb,.1234567890"), "fileKeyTypeRestriction"));
  EXPECT_TRUE(Names(restricted("fileMetadata", "  "), "fileKeyTypeRestriction"));
  for (const char* entity : {"assetMetadata", "databaseMetadata", "assetLinkMetadata"}) {
    EXPECT_TRUE(Names(restricted(entity, ".glb"), "__root__")) << entity;
    EXPECT_EQ(restricted(entity, ""), "") << entity;
  }
}

TEST(NewMetadataSchema, OfAttributesHasTextsOnly) {
  json::object body = With("metadataSchemaEntityType", "fileAttribute");
  EXPECT_TRUE(Names(ProblemOf(body), "__root__"));

  body["fields"] = WithField(R"({"metadataFieldValueType": "STRING"})").at("fields");
  EXPECT_EQ(ProblemOf(body), "");
  // A field that is none besides: a report, not a failure.
  body["fields"] = WithField(R"({"metadataFieldValueType": "text"})").at("fields");
  EXPECT_NE(ProblemOf(body), "");
}

// Row B44.
TEST(MetadataSchemaChange, NeedsSomethingToChange) {
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "databaseId": "other-db"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "fileKeyTypeRestriction": null})"), "");
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "fileKeyTypeRestriction": ""})"), "");
  EXPECT_EQ(ProblemOfChange(R"({"metadataSchemaId": "abc", "enabled": false})"), "");
  EXPECT_EQ(ProblemOfChange(R"({"metadataSchemaId": "abc", "fileKeyTypeRestriction": ".glb"})"),
            "");
  EXPECT_TRUE(Names(ProblemOfChange(R"({"enabled": false})"), "metadataSchemaId"));
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "a", "enabled": false})"), "");
}

TEST(MetadataSchemaChange, RefusesNullsThatWouldSpoilTheRecord) {
  for (const char* member : {"schemaName", "fields", "enabled"}) {
    const std::string body = R"({"metadataSchemaId": "abc", "fileKeyTypeRestriction": ".glb", ")" +
                             std::string(member) + R"(": null})";
    EXPECT_TRUE(Names(ProblemOfChange(body), member));
  }
}

TEST(MetadataSchemaChange, IsCheckedLikeANewSchema) {
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "schemaName": "a/b"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "fields": {"fields": []}})"), "");
  EXPECT_NE(ProblemOfChange(R"({"metadataSchemaId": "abc", "fields": []})"), "");
  EXPECT_TRUE(
      Names(ProblemOfChange(R"({"metadataSchemaId": "abc", "fileKeyTypeRestriction": ".glb,"})"),
            "fileKeyTypeRestriction"));
}

TEST(MetadataSchemaChange, TellsARemovedRestrictionFromOneThatStays) {
  Problems problems;
  EXPECT_EQ(
      ReadMetadataSchemaChange(Object(R"({"metadataSchemaId": "abc", "enabled": true})"), problems)
          .file_types,
      std::nullopt);
  for (const char* none : {"null", "\"\""}) {
    const std::string body =
        R"({"metadataSchemaId": "abc", "enabled": true, "fileKeyTypeRestriction": )" +
        std::string(none) + "}";
    EXPECT_EQ(ReadMetadataSchemaChange(Object(body), problems).file_types, "");
  }
  EXPECT_TRUE(problems.empty());
}

TEST(MetadataSchemaDeletion, HasToBeConfirmed) {
  EXPECT_EQ(ProblemOfDeletion(R"({"confirmDelete": true})"), "");
  EXPECT_EQ(ProblemOfDeletion(R"({"confirmDelete": "yes"})"), "");
  for (const char* body : {"{}", R"({"confirmDelete": false})", R"({"confirmDelete": null})",
                           R"({"confirmDelete": "perhaps"})", R"({"confirmdelete": true})"})
    EXPECT_TRUE(Names(ProblemOfDeletion(body), "confirmDelete")) << body;
}

TEST(StoredSchemaFields, AreReadFromBothSpellings) {
  const std::string list =
      R"([{"metadataFieldKeyName": "Translation", "metadataFieldValueType": "XYZ", "sequence": 1}])";

  const auto bare = FieldsOf(list);
  const auto wrapped = FieldsOf(R"({"fields": )" + list + "}");

  ASSERT_EQ(bare.size(), 1u);
  EXPECT_EQ(bare[0], (SchemaField{.key = "Translation", .type = ValueType::kXyz, .sequence = 1}));
  EXPECT_EQ(bare, wrapped);
}

TEST(StoredSchemaFields, LoseWhatBreaksARuleAndNothingElse) {
  const auto fields = FieldsOf(R"({"fields": [
      7, {"metadataFieldKeyName": "a", "metadataFieldValueType": "text"},
      {"metadataFieldKeyName": "shelf", "metadataFieldValueType": "inline_controlled_list"},
      {"metadataFieldKeyName": "b", "metadataFieldValueType": "string", "sequence": -1},
      {"metadataFieldKeyName": "mass", "metadataFieldValueType": "number", "required": true},
      {"metadataFieldKeyName": "mass", "metadataFieldValueType": "string"},
      {"metadataFieldValueType": "string"}]})");

  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0], (SchemaField{.key = "mass", .type = ValueType::kNumber, .required = true}));
}

TEST(StoredSchemaFields, AreNoneInWhatIsNoList) {
  for (const char* text : {"", "null", "7", "{}", R"({"fields": {}})", R"({"fields": null})",
                           "[{\"metadataFieldKeyName\":"})
    EXPECT_TRUE(FieldsOf(text).empty()) << text;
}

TEST(StoredSchemaFields, ReadBackAsTheyWereWritten) {
  const std::vector<SchemaField> fields = {
      {.key = "mass", .type = ValueType::kNumber, .required = true, .sequence = 0},
      {.key = "state",
       .type = ValueType::kInlineControlledList,
       .depends_on = {{"mass"}},
       .list = {{"draft", ""}},
       .default_value = ""},
      {.key = "ß \"quoted\"", .type = ValueType::kLla, .depends_on = std::vector<std::string>()}};

  EXPECT_EQ(FieldsOf(StoredFields(fields)), fields);
  EXPECT_EQ(StoredFields({fields[0]}),
            R"({"fields":[{"metadataFieldKeyName":"mass","metadataFieldValueType":"number",)"
            R"("required":true,"sequence":0,"dependsOnFieldKeyName":null,)"
            R"("controlledListKeys":null,"defaultMetadataFieldValue":null}]})");
}

}  // namespace
}  // namespace vams::model
