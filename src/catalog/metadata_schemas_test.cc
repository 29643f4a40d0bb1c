// Records of metadata schemas: who may do what with them, what is stored, others who write at the
// same time, and what all of them ask of an entity.
#include "catalog/metadata_schemas.h"

#include <gmock/gmock.h>

#include "catalog/asset_support_test.h"
#include "catalog/metadata_schema_records.h"

namespace vams::catalog::test {
namespace {

using items::Item;
using items::Value;
using model::MetadataSchema;
using model::SchemaEntity;
using model::SchemaField;
using model::ValueType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Texts = std::vector<std::string>;

const Fails kNoSchema(Code::kNotFound, "Metadata schema not found");
const Fails kOfOther(Code::kConflict, "Metadata schema not found");
const Fails kRefused(Code::kDenied, "Not Authorized");

Caller MaySchemasWith(std::string field, std::string value, Texts actions = kEveryAction) {
  return CallerWith(
      {UserRule("some-schemas", "metadataSchema",
                Where(std::move(field), "equals", std::move(value)), std::move(actions))});
}
Caller MaySchemas(Texts actions = kEveryAction) {
  return CallerWith({UserRule("schemas", "metadataSchema", Where("databaseId", "contains", ".*"),
                              std::move(actions))});
}

class MetadataSchemasTest : public ::testing::Test {
 protected:
  model::NewMetadataSchema New(std::string name = "Crane basics",
                               SchemaEntity entity = SchemaEntity::kAsset,
                               std::string database = kDatabase) {
    return {.database_id = std::move(database),
            .entity = entity,
            .name = std::move(name),
            .fields = {{.key = "mass", .type = ValueType::kNumber, .required = true}}};
  }
  std::string Create(const model::NewMetadataSchema& schema) {
    return Must(schemas.Create(bench.op, all, schema)).id;
  }
  // The only record.
  Item Row() {
    const auto rows = bench.Rows(kSchemasTable);
    EXPECT_EQ(rows.size(), 1u);
    return rows.empty() ? Item() : rows.front();
  }
  // As the reference or a migration writes it.
  void PutRow(std::string id, Item others, SchemaEntity entity = SchemaEntity::kAsset,
              const std::string& database = kDatabase) {
    Item item = SchemaKey(id, database, entity);
    item.Set("databaseId", Value::S(database));
    item.Set("metadataSchemaEntityType", Value::S(std::string(SchemaEntityName(entity))));
    item.Set("schemaName", Value::S(std::move(id)));
    for (const auto& [name, value] : others) item.Set(name, value);
    bench.PutItem(kSchemasTable, std::move(item));
  }
  Texts Names(const SchemaFilter& filter, Caller caller = MaySchemas()) {
    Texts names;
    for (const MetadataSchema& schema :
         Must(schemas.List(bench.op, caller, filter, "", 100)).schemas)
      names.push_back(schema.name);
    return names;
  }
  Texts Keys(const Texts& scopes, SchemaEntity entity = SchemaEntity::kAsset,
             std::string_view path = "") {
    Texts keys;
    const auto schema = Must(EffectiveSchemaFor(bench.op, bench.items(), scopes, entity, path));
    for (const auto& field : schema.fields()) keys.push_back(field.field.key);
    return keys;
  }

  AssetBench bench;
  MetadataSchemas schemas{bench.stores()};
  Caller all = MaySchemas();
};

// ---- Creating.

TEST_F(MetadataSchemasTest, IsStoredAsTheReferenceDoes) {
  model::NewMetadataSchema asked = New("Scans", SchemaEntity::kFile);
  asked.file_types = ".glb,.ifc";
  asked.enabled = false;

  const MetadataSchema made = Must(schemas.Create(bench.op, all, asked));

  EXPECT_EQ(made.id.size(), 36u);
  EXPECT_EQ(
      Row(),
      (Item{{"metadataSchemaId", Value::S(made.id)},
            {"databaseId:metadataEntityType", Value::S("harbor:fileMetadata")},
            {"databaseId", Value::S("harbor")},
            {"metadataSchemaEntityType", Value::S("fileMetadata")},
            {"schemaName", Value::S("Scans")},
            {"fields",
             Value::S(R"({"fields":[{"metadataFieldKeyName":"mass","metadataFieldValueType":)"
                      R"("number","required":true,"sequence":null,"dependsOnFieldKeyName":null,)"
                      R"("controlledListKeys":null,"defaultMetadataFieldValue":null}]})")},
            {"fileKeyTypeRestriction", Value::S(".glb,.ifc")},
            {"enabled", Value::Bool(false)},
            {"dateCreated", Value::S("2025-03-01T10:00:00.123000")},
            {"dateModified", Value::S("2025-03-01T10:00:00.123000")},
            {"createdBy", Value::S("tester")},
            {"modifiedBy", Value::S("tester")}}));
  const MetadataSchema read = Must(schemas.Get(bench.op, all, kDatabase, made.id));
  EXPECT_EQ(read.fields, asked.fields);
  EXPECT_EQ(read.file_types, asked.file_types);
  EXPECT_FALSE(read.enabled);
}

// Row B41; the database is looked for before permission is.
TEST_F(MetadataSchemasTest, OfADatabaseNeedsTheDatabase) {
  Caller nobody = Nobody();
  EXPECT_EQ(Failure(schemas.Create(bench.op, nobody, New("S", SchemaEntity::kAsset, "ghost"))),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(schemas.Create(bench.op, nobody, New())), kRefused);
  EXPECT_THAT(bench.Rows(kSchemasTable), IsEmpty());

  EXPECT_NE(Create(New("S", SchemaEntity::kAsset, "GLOBAL")), "");
}

TEST_F(MetadataSchemasTest, IsNotMadeInADatabaseThatIsArchivedMeanwhile) {
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  MetadataSchemas racing(view.stores);
  hooked.before = Once("Commit", [&] {
    Databases databases(bench.items(), bench.clock);
    Caller caller = MayAssets();
    Must(databases.Archive(bench.op, caller, kDatabase));
  });

  EXPECT_EQ(Failure(racing.Create(bench.op, all, New())),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_THAT(bench.Rows(kSchemasTable), IsEmpty());
}

TEST_F(MetadataSchemasTest, ThatIsTooLargeForARecordIsRefused) {
  model::NewMetadataSchema asked = New();
  asked.fields[0].default_value = std::string(500'000, '1');

  const auto [code, message] = Failure(schemas.Create(bench.op, all, asked));

  EXPECT_EQ(code, Code::kInvalid);
  EXPECT_NE(message.find("400 KB"), std::string::npos) << message;
}

// ---- Permission.

TEST_F(MetadataSchemasTest, EachVerbIsAskedForOnTheStoredRecord) {
  const std::string id = Create(New());
  model::MetadataSchemaChange change{.id = id, .enabled = true};

  for (const char* verb : {"GET", "PUT", "POST", "DELETE"}) {
    Texts others = kEveryAction;
    std::erase(others, verb);
    Caller lacks = MaySchemas(others);
    EXPECT_EQ(schemas.Get(bench.op, lacks, kDatabase, id).ok(), std::string(verb) != "GET");
    // A change asks for POST, and nothing asks for PUT.
    EXPECT_EQ(schemas.Update(bench.op, lacks, change).ok(), std::string(verb) != "POST");
  }
  Caller no_delete = MaySchemas({"GET", "PUT", "POST"});
  EXPECT_EQ(Failure(schemas.Delete(bench.op, no_delete, kDatabase, id)), kRefused);
  Caller only_delete = MaySchemas({"DELETE"});
  Must(schemas.Delete(bench.op, only_delete, kDatabase, id));
}

TEST_F(MetadataSchemasTest, RulesSeeDatabaseNameAndEntity) {
  const std::string id = Create(New());

  for (const auto& [field, value] :
       {std::pair("databaseId", "harbor"), std::pair("metadataSchemaName", "Crane basics"),
        std::pair("metadataSchemaEntityType", "assetMetadata")}) {
    Caller may = MaySchemasWith(field, value);
    EXPECT_TRUE(schemas.Get(bench.op, may, kDatabase, id).ok()) << field;
    Caller may_not = MaySchemasWith(field, "other");
    EXPECT_EQ(Failure(schemas.Get(bench.op, may_not, kDatabase, id)), kRefused) << field;
    EXPECT_EQ(Failure(schemas.Create(bench.op, may_not, New())), kRefused) << field;
  }
}

// ---- Reading one.

// Rows B45 and R5: through another database's path it is not there.
TEST_F(MetadataSchemasTest, IsFoundInItsDatabaseOnly) {
  const std::string id = Create(New());

  EXPECT_EQ(Failure(schemas.Get(bench.op, all, kDatabase, "ghost")), kNoSchema);
  EXPECT_EQ(Failure(schemas.Delete(bench.op, all, kDatabase, "ghost")), kNoSchema);
  EXPECT_EQ(Failure(schemas.Update(bench.op, all, {.id = "ghost", .enabled = true})), kNoSchema);
  for (const char* other : {"yard", "GLOBAL"}) {
    EXPECT_EQ(Failure(schemas.Get(bench.op, all, other, id)), kOfOther);
    EXPECT_EQ(Failure(schemas.Delete(bench.op, all, other, id)), kOfOther);
  }
  EXPECT_EQ(bench.Rows(kSchemasTable).size(), 1u);
}

TEST_F(MetadataSchemasTest, ReadsWhatOthersWrote) {
  PutRow("migrated",
         {{"fields", Value::S(R"([{"metadataFieldKeyName": "Site", "metadataFieldValueType": "LLA"},
                                  {"metadataFieldKeyName": "x", "metadataFieldValueType": "?"}])")},
          {"fileExtensionRestrictions", Value::L({Value::S(".e57"), Value::S(".las")})},
          {"object__type", Value::S("metadataSchema")}},
         SchemaEntity::kFile);

  const MetadataSchema schema = Must(schemas.Get(bench.op, all, kDatabase, "migrated"));

  EXPECT_TRUE(schema.enabled) << "nothing says that it is not";
  EXPECT_EQ(schema.file_types, ".e57,.las");
  EXPECT_THAT(schema.fields, ElementsAre(SchemaField{.key = "Site", .type = ValueType::kLla}));
  EXPECT_EQ(schema.created_by, std::nullopt);
}

TEST_F(MetadataSchemasTest, IsEnabledAsItsRecordSays) {
  const std::pair<Value, bool> cases[] = {
      {Value::Bool(true), true},         {Value::Bool(false), false}, {Value::S("TRUE"), true},
      {Value::S("false"), false},        {Value::S("1"), false},      {Value::Null(), false},
      {Value::N(std::int64_t{1}), false}};
  for (const auto& [value, enabled] : cases) {
    PutRow("schema", {{"enabled", value}});
    EXPECT_EQ(Must(schemas.Get(bench.op, all, kDatabase, "schema")).enabled, enabled);
  }
}

TEST_F(MetadataSchemasTest, ARecordThatDoesNotSayWhatItIsForIsNoSchema) {
  bench.PutItem(kSchemasTable, {{"metadataSchemaId", Value::S("odd")},
                                {"databaseId:metadataEntityType", Value::S("harbor")},
                                {"databaseId", Value::S("harbor")}});

  EXPECT_EQ(Failure(schemas.Get(bench.op, all, kDatabase, "odd")), kNoSchema);
  EXPECT_THAT(Names({}), IsEmpty());
}

// ---- Lists.

TEST_F(MetadataSchemasTest, ListsByDatabaseAndEntity) {
  bench.AddDatabase("yard", bench.bucket_id);
  for (const char* name : {"a1", "a2"}) PutRow(name, {});
  PutRow("f1", {}, SchemaEntity::kFile);
  PutRow("y1", {}, SchemaEntity::kAsset, "yard");
  PutRow("g1", {}, SchemaEntity::kAsset, "GLOBAL");

  EXPECT_THAT(Names({.database_id = "harbor", .entity = SchemaEntity::kAsset}),
              ElementsAre("a2", "a1"));
  EXPECT_THAT(Names({.database_id = "harbor"}), ElementsAre("f1", "a2", "a1"));
  EXPECT_THAT(Names({.database_id = "GLOBAL"}), ElementsAre("g1"));
  EXPECT_THAT(Names({.database_id = "ghost"}), IsEmpty());
  EXPECT_THAT(Names({.entity = SchemaEntity::kAsset}),
              ::testing::UnorderedElementsAre("a1", "a2", "g1", "y1"));
  EXPECT_EQ(Names({}).size(), 5u);
}

TEST_F(MetadataSchemasTest, ListsWhatTheCallerMaySee) {
  PutRow("a1", {});
  PutRow("f1", {}, SchemaEntity::kFile);

  EXPECT_THAT(Names({}, MaySchemasWith("metadataSchemaEntityType", "fileMetadata")),
              ElementsAre("f1"));
  EXPECT_THAT(Names({}, MaySchemas({"PUT", "POST", "DELETE"})), IsEmpty());
}

TEST_F(MetadataSchemasTest, ListsInPages) {
  for (int i = 0; i < 5; ++i) PutRow("a" + std::to_string(i), {});
  PutRow("b", {}, SchemaEntity::kFile);
  for (const SchemaFilter& filter :
       {SchemaFilter{}, SchemaFilter{.database_id = "harbor"},
        SchemaFilter{.database_id = "harbor", .entity = SchemaEntity::kAsset},
        SchemaFilter{.entity = SchemaEntity::kAsset}}) {
    Texts names;
    std::string after;
    int pages = 0;
    do {
      auto page = Must(schemas.List(bench.op, all, filter, after, 2));
      EXPECT_LE(page.schemas.size(), 2u);
      for (const MetadataSchema& schema : page.schemas) names.push_back(schema.name);
      after = page.next;
      ++pages;
    } while (!after.empty() && pages < 10);
    const Texts whole = Names(filter);
    EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(whole));
    EXPECT_GE(pages, 3);
  }
  EXPECT_EQ(Failure(schemas.List(bench.op, all, {}, "nonsense", 2)),
            Fails(Code::kInvalid, "Error getting metadata schemas."));
}

// ---- Changing.

TEST_F(MetadataSchemasTest, ChangesWhatIsNamedAndNothingElse) {
  const std::string id = Create(New());
  const Item before = Row();
  bench.clock.now += 1'000;

  const MetadataSchema changed = Must(schemas.Update(bench.op, all, {.id = id, .enabled = false}));

  EXPECT_FALSE(changed.enabled);
  EXPECT_EQ(changed.name, "Crane basics");
  Item expected = before;
  expected.Set("enabled", Value::Bool(false));
  expected.Set("dateModified", Value::S("2025-03-01T10:00:01.123000"));
  EXPECT_EQ(Row(), expected);
}

TEST_F(MetadataSchemasTest, ChangesNameFieldsAndRestriction) {
  const std::string id = Create(New("Scans", SchemaEntity::kFile));

  Must(schemas.Update(bench.op, all,
                      {.id = id,
                       .name = "Point clouds",
                       .fields = std::vector<SchemaField>{{.key = "density"}},
                       .file_types = ".las"}));

  const MetadataSchema now = Must(schemas.Get(bench.op, all, kDatabase, id));
  EXPECT_EQ(now.name, "Point clouds");
  EXPECT_THAT(now.fields, ElementsAre(SchemaField{.key = "density"}));
  EXPECT_EQ(now.file_types, ".las");
  Must(schemas.Update(bench.op, all, {.id = id, .file_types = ""}));
  EXPECT_FALSE(Row().Has("fileKeyTypeRestriction"));
}

// The place where migrations keep the restriction must not outlive a change of it.
TEST_F(MetadataSchemasTest, AChangedRestrictionReplacesAMigratedOne) {
  PutRow("schema", {{"fileExtensionRestrictions", Value::S(".e57")}}, SchemaEntity::kFile);

  Must(schemas.Update(bench.op, all, {.id = "schema", .enabled = true}));
  EXPECT_EQ(Must(schemas.Get(bench.op, all, kDatabase, "schema")).file_types, ".e57");
  Must(schemas.Update(bench.op, all, {.id = "schema", .file_types = ""}));
  EXPECT_EQ(Must(schemas.Get(bench.op, all, kDatabase, "schema")).file_types, std::nullopt);
}

TEST_F(MetadataSchemasTest, AChangeHasToFitWhatTheSchemaIsFor) {
  const std::string asset = Create(New());
  model::NewMetadataSchema attribute = New("Attributes", SchemaEntity::kFileAttribute);
  attribute.fields = {{.key = "count"}};
  const std::string of_attributes = Create(attribute);

  EXPECT_EQ(Failure(schemas.Update(bench.op, all, {.id = asset, .file_types = ".glb"})).first,
            Code::kInvalid);
  EXPECT_EQ(
      Failure(schemas.Update(bench.op, all,
                             {.id = of_attributes,
                              .fields = std::vector<SchemaField>{{.key = "count",
                                                                  .type = ValueType::kNumber}}}))
          .first,
      Code::kInvalid);
  Must(schemas.Update(bench.op, all, {.id = asset, .enabled = true, .file_types = ""}));
  Must(schemas.Update(bench.op, all, {.id = of_attributes, .file_types = ".glb"}));
}

// Two who change different things at once: neither loses the other's.
TEST_F(MetadataSchemasTest, ChangesOfOthersStay) {
  const std::string id = Create(New());
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  MetadataSchemas racing(view.stores);
  hooked.before = Once("Commit", [&] {
    Must(schemas.Update(bench.op, all,
                        {.id = id, .fields = std::vector<SchemaField>{{.key = "theirs"}}}));
  });

  Must(racing.Update(bench.op, all, {.id = id, .enabled = false}));

  const MetadataSchema now = Must(schemas.Get(bench.op, all, kDatabase, id));
  EXPECT_FALSE(now.enabled);
  EXPECT_THAT(now.fields, ElementsAre(SchemaField{.key = "theirs"}));
}

// Permission follows the name; a schema that gets another one meanwhile is looked at again.
TEST_F(MetadataSchemasTest, IsNotChangedUnderANameThatTheCallerMayNotTouch) {
  const std::string id = Create(New("mine"));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  MetadataSchemas racing(view.stores);
  const auto rename = [&](const char* to) {
    hooked.before = Once(
        "Commit", [this, id, to] { Must(schemas.Update(bench.op, all, {.id = id, .name = to})); });
  };
  Caller some = MaySchemasWith("metadataSchemaName", "mine");

  rename("theirs");
  EXPECT_EQ(Failure(racing.Update(bench.op, some, {.id = id, .enabled = false})), kRefused);
  EXPECT_TRUE(Must(schemas.Get(bench.op, all, kDatabase, id)).enabled);
  Must(schemas.Update(bench.op, all, {.id = id, .name = "mine"}));
  rename("theirs");
  EXPECT_EQ(Failure(racing.Delete(bench.op, some, kDatabase, id)), kRefused);
  rename("still theirs");
  Must(racing.Delete(bench.op, all, kDatabase, id));
  EXPECT_THAT(bench.Rows(kSchemasTable), IsEmpty());
}

TEST_F(MetadataSchemasTest, DoesNotComeBackAfterItWasDeleted) {
  const std::string id = Create(New());
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  MetadataSchemas racing(view.stores);
  const auto remove = [&] { Must(schemas.Delete(bench.op, all, kDatabase, id)); };

  hooked.before = Once("Commit", remove);
  EXPECT_EQ(Failure(racing.Update(bench.op, all, {.id = id, .enabled = false})), kNoSchema);
  EXPECT_THAT(bench.Rows(kSchemasTable), IsEmpty());
}

TEST_F(MetadataSchemasTest, IsDeletedOnce) {
  const std::string id = Create(New());
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  MetadataSchemas racing(view.stores);
  hooked.before = Once("Commit", [&] { Must(schemas.Delete(bench.op, all, kDatabase, id)); });

  EXPECT_EQ(Failure(racing.Delete(bench.op, all, kDatabase, id)), kNoSchema);
}

TEST_F(MetadataSchemasTest, AFailingStoreLeavesAllOrNothing) {
  const auto state = [](AssetBench& b) {
    Texts rows;
    for (const Item& row : b.Rows(kSchemasTable))
      rows.push_back(std::string(row.Text("schemaName")) + " " + std::string(row.Text("fields")));
    return rows;
  };
  std::string id;
  const auto prepare = [&](AssetBench& b) {
    MetadataSchemas before(b.stores());
    Caller caller = MaySchemas();
    id = Must(before.Create(b.op, caller, New())).id;
  };
  ExpectAllOrNothing(
      prepare,
      [&](AssetBench& b, const Stores& stores) {
        Caller caller = MaySchemas();
        (void)MetadataSchemas(stores).Update(
            b.op, caller,
            {.id = id, .name = "New", .fields = std::vector<SchemaField>{{.key = "x"}}});
      },
      state);
  ExpectAllOrNothing(
      prepare,
      [&](AssetBench& b, const Stores& stores) {
        Caller caller = MaySchemas();
        (void)MetadataSchemas(stores).Delete(b.op, caller, kDatabase, id);
      },
      state);
}

// ---- What all of them ask of an entity.

TEST_F(MetadataSchemasTest, OfTheScopesAreMergedInTheirOrder) {
  const auto field = [](const char* key) {
    return Item{{"fields", Value::S(model::StoredFields({{.key = key}, {.key = "shared"}}))}};
  };
  PutRow("b", field("b"));
  PutRow("a", field("a"));
  PutRow("0-global", field("g"), SchemaEntity::kAsset, "GLOBAL");
  PutRow("yard", field("y"), SchemaEntity::kAsset, "yard");
  PutRow("file", field("f"), SchemaEntity::kFile);

  EXPECT_THAT(Keys({"harbor", "GLOBAL"}), ElementsAre("a", "b", "g", "shared"));
  EXPECT_THAT(Keys({"harbor", "yard", "GLOBAL", "harbor"}),
              ElementsAre("a", "b", "g", "shared", "y"));
  EXPECT_THAT(Keys({"harbor"}, SchemaEntity::kFile, "/a.glb"), ElementsAre("f", "shared"));
  const auto schema =
      Must(EffectiveSchemaFor(bench.op, bench.items(), Texts{"harbor", "yard", "harbor", "GLOBAL"},
                              SchemaEntity::kAsset, ""));
  EXPECT_EQ(schema.Find("shared")->schemas,
            "a (harbor), b (harbor), yard (yard), 0-global (GLOBAL)");
}

TEST_F(MetadataSchemasTest, ThatAreDisabledOrForOtherFilesAskNothing) {
  const Value fields = Value::S(model::StoredFields({{.key = "faces"}}));
  PutRow("off", {{"fields", fields}, {"enabled", Value::Bool(false)}});
  PutRow("broken", {{"fields", Value::S("[")}});
  PutRow("glb", {{"fields", fields}, {"fileExtensionRestrictions", Value::S(".glb")}},
         SchemaEntity::kFile);

  EXPECT_THAT(Keys({"harbor"}), IsEmpty());
  EXPECT_THAT(Keys({"harbor"}, SchemaEntity::kFile, "/cad/boom.glb"), ElementsAre("faces"));
  EXPECT_THAT(Keys({"harbor"}, SchemaEntity::kFile, "/cad/boom.ifc"), IsEmpty());
  EXPECT_THAT(Keys({"harbor"}, SchemaEntity::kFile, "/cad/README"), ElementsAre("faces"));
}

}  // namespace
}  // namespace vams::catalog::test
