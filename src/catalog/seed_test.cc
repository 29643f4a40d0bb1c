// What a stack starts with, and what later releases leave alone.
#include "catalog/seed.h"

#include <algorithm>

#include "access/defaults.h"
#include "catalog/constraint_records.h"
#include "catalog/metadata_schema_records.h"
#include "catalog/seed_history.h"
#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Action;
using access::Object;
using items::Item;
using items::Value;
using items::Write;

namespace {

const std::string kAssets = "initial_basicro_allow_all_assets";
const std::string kAssetsItem = kAssets + "#group#basicReadOnly";
const std::string kWebPaths = "initial_basicro_allow_web_paths_get";
const std::string kWebPathsItem = kWebPaths + "#group#basicReadOnly";

constexpr DefaultSchemaChoice kEverySchema{
    .asset_links = true, .database = true, .asset = true, .asset_file = true};
const Item kAssetSchema = SchemaKey("default-asset-schema", "GLOBAL", model::SchemaEntity::kAsset);

Item KeyOf(const std::string& stored_id) { return {{"constraintId", Value::S(stored_id)}}; }

}  // namespace

class Seed : public EngineTest {
 protected:
  SeedReport Run() {
    return Must(SeedDefaults(
        op, store(),
        {.admin_user = "administrator", .admin_email = "admin@plant.example", .release = "1.0"},
        clock()));
  }
  SeedReport RunWithSchemas(const DefaultSchemaChoice& choice = kEverySchema) {
    return Must(SeedDefaults(op, store(),
                             {.admin_user = "administrator",
                              .admin_email = "admin@plant.example",
                              .release = "1.0",
                              .schemas = choice},
                             clock()));
  }
  std::vector<Item> Schemas() {
    std::vector<Item> schemas;
    Must(ForEachItem(op, store(), kSchemasTable, [&](Item item) { schemas.push_back(item); }));
    return schemas;
  }
  void Change(const std::string& table, const Item& item) {
    const Write writes[] = {Write::Put(table, item)};
    Must(store().Commit(op, writes));
  }
  void Remove(const std::string& table, const Item& key) {
    const Write writes[] = {Write::Delete(table, key)};
    Must(store().Commit(op, writes));
  }
  Item Stored(const std::string& stored_id) {
    return Must(store().Get(op, kConstraintsTable, KeyOf(stored_id)));
  }
  bool Exists(const std::string& stored_id) {
    return store().Get(op, kConstraintsTable, KeyOf(stored_id)).ok();
  }
  // As if the product had never seen this data.
  void ForgetSeeds() {
    std::vector<Write> writes;
    Must(ForEachItem(op, store(), tables::kSeedsTable, [&](const Item& item) {
      writes.push_back(Write::Delete(std::string(tables::kSeedsTable),
                                     {{"key", Value::S(std::string(item.Text("key")))},
                                      {"table", Value::S(std::string(item.Text("table")))}}));
    }));
    Must(store().Commit(op, writes));
  }
  // As if the release that seeded had had another default here, which nobody has touched: `other`
  // means what the default means, so a run over data of unknown origin takes it for untouched.
  void PretendOtherDefault(const std::string& base, const Item& other) {
    Change(kConstraintsTable, other);
    ForgetSeeds();
    (void)Run();
    Item memory =
        Must(store().Get(op, tables::kSeedsTable,
                         {{"key", Value::S(base)}, {"table", Value::S(kConstraintsTable)}}));
    memory.Set("offered", Value::S("another"));
    Change(std::string(tables::kSeedsTable), memory);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Seed, EveryEngine(), EngineName);

TEST_P(Seed, PutsEverythingIntoAnEmptyStack) {
  const SeedReport report = Run();

  EXPECT_TRUE(report.first);
  EXPECT_EQ(report.added.size(), 23u);
  EXPECT_TRUE(report.replaced.empty());
  EXPECT_TRUE(report.kept.empty());
  EXPECT_EQ(Must(permissions().Constraints(op)).size(), 21u);
  const Item role = Must(store().Get(op, kRolesTable, RoleKey("admin")));
  EXPECT_EQ(role, (Item{{"roleName", Value::S("admin")},
                        {"id", Value::S("initial_admin_role_creation")},
                        {"description", Value::S("System Administrator")},
                        {"source", Value::S("INTERNAL_SYSTEM")},
                        {"createdOn", Value::S("2025-03-01T10:00:00.123Z")},
                        {"mfaRequired", Value::Bool(false)}}));
  for (const char* user : {"SYSTEM_USER", "administrator"})
    EXPECT_EQ(Must(store().Get(op, kUserRolesTable, UserRoleKey(user, "admin"))),
              (Item{{"roleName", Value::S("admin")},
                    {"userId", Value::S(user)},
                    {"object__type", Value::S("userRole")},
                    {"createdOn", Value::S("2025-03-01T10:00:00.123Z")}}));
  EXPECT_EQ(Must(permissions().FindProfile(op, "administrator"))->email, "admin@plant.example");
  EXPECT_EQ(Must(permissions().FindProfile(op, "SYSTEM_USER"))->email,
            "VAMS_SYSTEM@DO.NOT.REPLY.com");
  EXPECT_TRUE(Must(permissions().Check(op)).empty());
}

TEST_P(Seed, StoresConstraintsAsTheReferenceDoes) {
  (void)Run();

  const Item item = Stored("initial_admin_allow_all_apis#group#admin");

  EXPECT_EQ(item.Text("groupId"), "admin");
  EXPECT_EQ(item.Text("name"), "admin-allow-all-apis");
  EXPECT_EQ(item.Text("objectType"), "api");
  EXPECT_EQ(item.Text("createdBy"), "SYSTEM");
  EXPECT_EQ(item.Text("modifiedBy"), "SYSTEM");
  EXPECT_EQ(item.Text("dateCreated"), "2025-03-01T10:00:00.123Z");
  EXPECT_EQ(item.Text("dateModified"), "2025-03-01T10:00:00.123Z");
  EXPECT_EQ(item.Text("criteriaAnd"),
            R"([{"field":"route__path","id":"all_api_paths","operator":"contains","value":".*"}])");
  EXPECT_EQ(item.Text("criteriaOr"), "[]");
  EXPECT_EQ(item.Text("userPermissions"), "[]");
  EXPECT_TRUE(item.Text("groupPermissions")
                  .starts_with(R"([{"groupId":"admin","id":"admin-allow-get-all-apis",)"
                               R"("permission":"GET","permissionType":"allow"},)"))
      << item.Text("groupPermissions");
}

TEST_P(Seed, TheAdministratorMayDoEverythingAndAReaderRead) {
  (void)Run();
  Must(permissions().GiveRole(op, "rita", "basicReadOnly"));

  for (const Action action : {Action::kGet, Action::kPut, Action::kPost, Action::kDelete}) {
    EXPECT_TRUE(May("administrator", Object::Api("/anything"), action));
    EXPECT_TRUE(May("SYSTEM_USER", Object::Role("r"), action, true));
  }
  EXPECT_TRUE(May("rita", Object::Api("/database"), Action::kGet));
  EXPECT_FALSE(May("rita", Object::Api("/database"), Action::kPost));
  EXPECT_FALSE(May("rita", Object::Api("/auth/constraints"), Action::kGet));
}

TEST_P(Seed, ASecondRunChangesNothing) {
  (void)Run();
  const Dump before = DumpOf(store());
  clock().now += 1'000'000;

  const SeedReport report = Run();

  EXPECT_FALSE(report.first);
  EXPECT_TRUE(report.added.empty());
  EXPECT_TRUE(report.replaced.empty());
  EXPECT_TRUE(report.kept.empty());
  EXPECT_EQ(DumpOf(store()), before);
}

TEST_P(Seed, WhatWasRemovedStaysAway) {
  (void)Run();
  Must(permissions().DeleteConstraint(op, kAssets));
  Must(permissions().DeleteRole(op, admin, "basicReadOnly"));
  const Write gone[] = {Write::Delete(kUserRolesTable, UserRoleKey("administrator", "admin"))};
  Must(store().Commit(op, gone));

  const SeedReport report = Run();

  EXPECT_TRUE(report.added.empty());
  EXPECT_FALSE(Exists(kAssetsItem));
  EXPECT_EQ(Must(permissions().Roles(op, admin)).size(), 1u);
  EXPECT_TRUE(Must(permissions().RolesOf(op, "administrator")).empty());
}

// The lock-out that section 7 leaves to the operator: role gone, constraints gone.
TEST_P(Seed, TheOperatorBringsTheAdministratorBack) {
  (void)Run();
  Must(permissions().DeleteRole(op, admin, "admin"));
  for (const access::Constraint& constraint : access::DefaultConstraints())
    Must(permissions().DeleteConstraint(op, constraint.id));
  (void)Run();
  permissions().Forget();
  ASSERT_FALSE(May("rita", Object::Api("/roles"), Action::kGet));

  SeededRandom random;
  Must(RestoreAdministrator(op, store(), "rita", clock(), random));
  Must(RestoreAdministrator(op, store(), "rita", clock(), random));

  permissions().Forget();
  for (const Action action : {Action::kGet, Action::kPut, Action::kPost, Action::kDelete}) {
    EXPECT_TRUE(May("rita", Object::Api("/anything"), action));
    EXPECT_TRUE(May("rita", Object::Role("r"), action));
  }
  EXPECT_EQ(Must(permissions().Constraints(op)).size(), 11u);
}

TEST_P(Seed, WhatWasEditedStaysAsItIs) {
  (void)Run();
  access::Constraint edited = Must(permissions().Constraint(op, kAssets));
  edited.criteria_and = {Where("databaseId", "equals", "public")};
  Must(permissions().PutConstraints(op, std::span(&edited, 1), "dana"));
  Must(permissions().UpdateRole(op, admin, {.name = "basicReadOnly", .description = "Guests"}));
  const Dump before = DumpOf(store());

  const SeedReport report = Run();

  EXPECT_EQ(report.kept, (std::vector<std::string>{"RolesStorageTable basicReadOnly",
                                                   "ConstraintsStorageTable " + kAssets}));
  EXPECT_EQ(DumpOf(store()), before);
}

TEST_P(Seed, AnUntouchedDefaultOfAnEarlierReleaseIsReplaced) {
  (void)Run();
  Item other = Stored(kAssetsItem);
  other.Set("description", Value::S("as it was said before"));
  PretendOtherDefault(kAssets, other);

  const SeedReport report = Run();

  EXPECT_EQ(report.replaced, std::vector<std::string>{"ConstraintsStorageTable " + kAssets});
  EXPECT_NE(Stored(kAssetsItem).Text("description"), "as it was said before");
  const Dump after = DumpOf(store());
  (void)Run();
  EXPECT_EQ(DumpOf(store()), after);
}

// It was touched since, so the new release's default does not come.
TEST_P(Seed, AnEditedDefaultOfAnEarlierReleaseIsNotReplaced) {
  (void)Run();
  Item other = Stored(kAssetsItem);
  other.Set("description", Value::S("as it was said before"));
  PretendOtherDefault(kAssets, other);
  other.Set("objectType", Value::S("database"));
  Change(kConstraintsTable, other);

  const SeedReport report = Run();

  EXPECT_EQ(report.kept, std::vector<std::string>{"ConstraintsStorageTable " + kAssets});
  EXPECT_EQ(Stored(kAssetsItem), other);
}

TEST_P(Seed, ADefaultThatIsNewInThisReleaseIsAdded) {
  (void)Run();
  Must(permissions().DeleteConstraint(op, kAssets));
  Remove(std::string(tables::kSeedsTable),
         {{"key", Value::S(kAssets)}, {"table", Value::S(kConstraintsTable)}});

  const SeedReport report = Run();

  EXPECT_EQ(report.added, std::vector<std::string>{"ConstraintsStorageTable " + kAssets});
  EXPECT_TRUE(Exists(kAssetsItem));
}

// ---- Data that came from elsewhere

TEST_P(Seed, IntoImportedDataNothingIsAdded) {
  (void)Run();
  Must(permissions().DeleteConstraint(op, kAssets));
  const Write gone[] = {Write::Delete(kUserRolesTable, UserRoleKey("SYSTEM_USER", "admin"))};
  Must(store().Commit(op, gone));
  ForgetSeeds();

  const SeedReport first = Run();
  const Dump after = DumpOf(store());
  const SeedReport second = Run();

  EXPECT_FALSE(first.first);
  EXPECT_TRUE(first.added.empty());
  EXPECT_FALSE(Exists(kAssetsItem));
  EXPECT_TRUE(Must(permissions().RolesOf(op, "SYSTEM_USER")).empty());
  EXPECT_TRUE(second.added.empty());
  EXPECT_EQ(DumpOf(store()), after);
}

// Imported defaults carry the reference's own descriptions; they are untouched all the same, and
// stay as they are until a release has another default.
TEST_P(Seed, ImportedDefaultsThatMeanTheSameAreRememberedAsUntouched) {
  (void)Run();
  Item other = Stored(kAssetsItem);
  other.Set("description", Value::S("said otherwise"));
  other.Set("criteriaAnd", Value::S(R"([ {"value": ".*", "operator": "contains", )"
                                    R"("field": "databaseId"} ])"));
  Change(kConstraintsTable, other);
  ForgetSeeds();

  const SeedReport first = Run();
  EXPECT_TRUE(first.replaced.empty());
  EXPECT_TRUE(first.kept.empty());
  EXPECT_EQ(Stored(kAssetsItem), other);
  Item memory =
      Must(store().Get(op, tables::kSeedsTable,
                       {{"key", Value::S(kAssets)}, {"table", Value::S(kConstraintsTable)}}));
  memory.Set("offered", Value::S("a later release has another one"));
  Change(std::string(tables::kSeedsTable), memory);

  EXPECT_EQ(Run().replaced, std::vector<std::string>{"ConstraintsStorageTable " + kAssets});
}

TEST_P(Seed, MigratedDefaultsOfOldReleasesAreReplacedAndEditedOnesAreNot) {
  (void)Run();
  Item old = Stored(kWebPathsItem);
  std::string text(old.Text("criteriaOr"));
  text.insert(text.size() - 1, R"(,{"field":"route__path","id":"2","operator":"starts_with",)"
                               R"("value":"/metadataschema"})");
  old.Set("criteriaOr", Value::S(text));
  Change(kConstraintsTable, old);
  Item edited = Stored(kAssetsItem);
  edited.Set("criteriaAnd",
             Value::S(R"([{"field":"databaseId","operator":"equals","value":"mine"}])"));
  Change(kConstraintsTable, edited);
  ForgetSeeds();

  const SeedReport report = Run();

  EXPECT_EQ(report.replaced, std::vector<std::string>{"ConstraintsStorageTable " + kWebPaths});
  EXPECT_EQ(report.kept, std::vector<std::string>{"ConstraintsStorageTable " + kAssets});
  EXPECT_FALSE(Stored(kWebPathsItem).Text("criteriaOr").contains("/metadataschema"));
  EXPECT_EQ(Stored(kAssetsItem), edited);
}

// An older release's generation has no sys.seeds.
TEST_P(Seed, CreatesSystemTablesThatAreMissing) {
  for (const auto& spec : tables::SystemTables()) Must(store().DropTable(op, spec.name));

  EXPECT_TRUE(Run().first);

  for (const auto& spec : tables::SystemTables())
    EXPECT_TRUE(store().Table(op, spec.name).ok()) << spec.name;
}

// ---- Metadata schemas

TEST_P(Seed, BringsTheSchemasThatAreAskedFor) {
  const SeedReport report = RunWithSchemas();

  EXPECT_EQ(report.added.size(), 27u);
  EXPECT_EQ(Schemas().size(), 4u);
  EXPECT_EQ(Must(store().Get(op, kSchemasTable,
                             SchemaKey("default-file-schema-3dmodel", "GLOBAL",
                                       model::SchemaEntity::kFileAttribute))),
            (Item{{"metadataSchemaId", Value::S("default-file-schema-3dmodel")},
                  {"databaseId:metadataEntityType", Value::S("GLOBAL:fileAttribute")},
                  {"databaseId", Value::S("GLOBAL")},
                  {"metadataSchemaEntityType", Value::S("fileAttribute")},
                  {"schemaName", Value::S("defaultAssetFile3dModel")},
                  {"fileKeyTypeRestriction", Value::S(".glb,.usd,.obj,.fbx,.gltf,.stl,.usdz")},
                  {"fields",
                   Value::S(R"({"fields":[{"metadataFieldKeyName":"Polygon_Count",)"
                            R"("metadataFieldValueType":"STRING","required":false,"sequence":null,)"
                            R"("dependsOnFieldKeyName":null,"controlledListKeys":null,)"
                            R"("defaultMetadataFieldValue":null}]})")},
                  {"enabled", Value::Bool(true)},
                  {"dateCreated", Value::S("2025-03-01T10:00:00.123Z")},
                  {"dateModified", Value::S("2025-03-01T10:00:00.123Z")},
                  {"createdBy", Value::S("SYSTEM")},
                  {"modifiedBy", Value::S("SYSTEM")}}));
  const auto links = SchemaOf(Must(store().Get(
      op, kSchemasTable,
      SchemaKey("default-assetlinks-schema", "GLOBAL", model::SchemaEntity::kAssetLink))));
  std::vector<std::string> fields;
  for (const auto& field : links->fields)
    fields.push_back(field.key + " " + std::string(model::ValueTypeName(field.type)) + " " +
                     std::to_string(*field.sequence));
  EXPECT_EQ(fields, (std::vector<std::string>{"Translation xyz 1", "Rotation wxyz 2", "Scale xyz 3",
                                              "Matrix matrix4x4 4"}));
  EXPECT_EQ(SchemaOf(Must(store().Get(op, kSchemasTable, kAssetSchema)))->fields,
            (std::vector<model::SchemaField>{{.key = "Location", .type = model::ValueType::kLla}}));
}

TEST_P(Seed, BringsEachSchemaByItsOwnSwitch) {
  (void)RunWithSchemas({.database = true});

  ASSERT_EQ(Schemas().size(), 1u);
  EXPECT_EQ(Schemas()[0].Text("schemaName"), "defaultDatabase");
  // Switched on later: it comes.
  EXPECT_EQ(RunWithSchemas({.asset = true, .asset_file = true}).added.size(), 2u);
  EXPECT_EQ(Schemas().size(), 3u);
}

// A stack that a release without them made.
TEST_P(Seed, BringsTheSchemasIntoAStackThatHasRun) {
  (void)Run();

  EXPECT_EQ(RunWithSchemas().added.size(), 4u);

  const auto before = Schemas();
  clock().now += 1'000'000;
  EXPECT_TRUE(RunWithSchemas().added.empty());
  EXPECT_EQ(Schemas(), before);
}

TEST_P(Seed, ARemovedSchemaStaysAwayAndAnEditedOneStays) {
  (void)RunWithSchemas();
  Remove(kSchemasTable,
         SchemaKey("default-database-schema", "GLOBAL", model::SchemaEntity::kDatabase));
  Item edited = Must(store().Get(op, kSchemasTable, kAssetSchema));
  edited.Set("enabled", Value::Bool(false));
  Change(kSchemasTable, edited);
  const auto before = Schemas();

  const SeedReport report = RunWithSchemas();

  EXPECT_TRUE(report.added.empty());
  EXPECT_TRUE(report.replaced.empty());
  EXPECT_EQ(report.kept,
            std::vector<std::string>{"MetadataSchemaStorageTableV2 default-asset-schema"});
  EXPECT_EQ(Schemas(), before);
}

// The reference writes its fields with other blanks; they are defaults all the same.
TEST_P(Seed, ImportedSchemasThatSayTheSameAreRememberedAsUntouched) {
  (void)RunWithSchemas();
  Item other = Must(store().Get(op, kSchemasTable, kAssetSchema));
  other.Set("fields", Value::S(R"({"fields": [{"metadataFieldKeyName": "Location",
      "metadataFieldValueType": "LLA", "required": false}]})"));
  other.Set("modifiedBy", Value::S("somebody"));
  Change(kSchemasTable, other);
  Remove(kSchemasTable,
         SchemaKey("default-database-schema", "GLOBAL", model::SchemaEntity::kDatabase));
  ForgetSeeds();

  const SeedReport first = RunWithSchemas();

  EXPECT_TRUE(first.kept.empty());
  EXPECT_TRUE(first.added.empty()) << "nothing is added to imported data";
  EXPECT_EQ(Must(store().Get(op, kSchemasTable, kAssetSchema)), other);
  Item memory = Must(
      store().Get(op, tables::kSeedsTable,
                  {{"key", Value::S("default-asset-schema")}, {"table", Value::S(kSchemasTable)}}));
  memory.Set("offered", Value::S("a later release has another one"));
  Change(std::string(tables::kSeedsTable), memory);
  EXPECT_EQ(RunWithSchemas().replaced,
            std::vector<std::string>{"MetadataSchemaStorageTableV2 default-asset-schema"});
  EXPECT_EQ(Schemas().size(), 3u);
}

TEST_P(Seed, AnImportedSchemaThatSaysSomethingElseIsKept) {
  (void)RunWithSchemas();
  Item other = Must(store().Get(op, kSchemasTable, kAssetSchema));
  other.Set("schemaName", Value::S("ours"));
  Change(kSchemasTable, other);
  ForgetSeeds();

  EXPECT_EQ(RunWithSchemas().kept,
            std::vector<std::string>{"MetadataSchemaStorageTableV2 default-asset-schema"});
  EXPECT_EQ(Must(store().Get(op, kSchemasTable, kAssetSchema)), other);
}

TEST(SeedHistory, KnowsMeaningsThatDifferFromTheDefaultsOfNow) {
  int known = 0;
  for (const access::Constraint& constraint : access::DefaultConstraints())
    for (const std::string& meaning : EarlierMeanings(constraint.id)) {
      ++known;
      EXPECT_NE(meaning, MeaningOf(constraint)) << constraint.id;
    }
  EXPECT_EQ(known, 7);
}

TEST(SeedHistory, MeaningIgnoresOrderAndIdsOnly) {
  access::Constraint a = Make({.id = "a",
                               .any_of = {Where("assetName", "equals", "1")},
                               .groups = {Allow("g", "GET"), Allow("g", "PUT")}});
  access::Constraint b = a;
  std::ranges::reverse(b.groups);
  b.id = "b";
  b.groups[0].id = "x";
  b.groups[1].type = "";
  EXPECT_EQ(MeaningOf(a), MeaningOf(b));

  b.groups[0].type = "deny";
  EXPECT_NE(MeaningOf(a), MeaningOf(b));
  b = a;
  std::swap(b.criteria_and, b.criteria_or);
  EXPECT_NE(MeaningOf(a), MeaningOf(b));
  b = a;
  std::swap(b.groups, b.users);
  EXPECT_NE(MeaningOf(a), MeaningOf(b));
}

}  // namespace vams::catalog::test
