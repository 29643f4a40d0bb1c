// Decisions by stored rules: rows of the truth table of permissions.md section 15 that depend on
// what is stored, and the migrated data of a real shape.
#include <fmt/format.h>

#include <fstream>

#include "catalog/support_test.h"
#include "items/aws/dynamodb_json.h"
#include "testing/fixtures.h"

namespace vams::catalog::test {

using access::Action;
using access::Constraint;
using access::Field;
using access::Object;
using access::ObjectType;
using access::Permission;
using items::Item;
using items::Write;

namespace {

Object Asset(std::string_view database, std::string_view name = "Pump 7",
             std::vector<std::string> tags = {}) {
  return Object(ObjectType::kAsset)
      .Set(Field::kDatabaseId, database)
      .Set(Field::kAssetName, name)
      .Set(Field::kAssetType, ".glb")
      .SetTags(std::move(tags));
}

std::vector<Permission> All(const std::string& who) {
  return {Allow(who, "GET"), Allow(who, "PUT"), Allow(who, "POST"), Allow(who, "DELETE")};
}

std::vector<Constraint> TruthConstraints() {
  return {
      Make({.id = "k-api",
            .type = "api",
            .all_of = {},
            .any_of = {Where("route__path", "starts_with", "/database"),
                       Where("route__path", "starts_with", "/search")},
            .groups = {Allow("line-ops", "GET"), Allow("line-ops", "POST")}}),
      Make({.id = "k-asset",
            .all_of = {Where("databaseId", "equals", "plant-a")},
            .groups = All("line-ops")}),
      Make({.id = "k-sealed",
            .all_of = {Where("databaseId", "equals", "plant-a"),
                       Where("assetName", "starts_with", "SEALED-")},
            .groups = {Deny("line-ops", "PUT"), Deny("line-ops", "DELETE")}}),
      Make({.id = "k-frozen",
            .all_of = {Where("tags", "is_one_of", "frozen")},
            .groups = {Deny("qa", "PUT")}}),
      Make({.id = "k-both",
            .all_of = {Where("databaseId", "equals", "plant-b")},
            .any_of = {Where("assetType", "equals", "\\.stl"),
                       Where("assetType", "equals", "\\.step")},
            .groups = {Allow("qa", "GET")}}),
      Make({.id = "k-vault",
            .all_of = {Where("databaseId", "equals", "vault")},
            .groups = {Allow("vault-team", "GET")}}),
      Make({.id = "k-solo",
            .all_of = {Where("databaseId", "starts_with", "demo-")},
            .users = {Allow("solo1", "GET")}}),
      Make({.id = "k-solo-no",
            .all_of = {Where("assetName", "ends_with", "\\.secret")},
            .users = {Deny("solo1", "GET")}}),
      Make({.id = "k-old",
            .all_of = {Where("databaseId", "equals", "plant-a")},
            .groups = {Allow("retired", "GET")}}),
      Make({.id = "k-ur",
            .type = "userRole",
            .all_of = {Where("roleName", "equals", "qa"),
                       Where("userId", "ends_with", "@plant\\.example")},
            .groups = {Allow("line-ops", "GET"), Allow("line-ops", "POST")}}),
  };
}

}  // namespace

class Decisions : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Decisions, EveryEngine(), EngineName);

TEST_P(Decisions, OfStoredRulesAreThoseOfTheTruthTable) {
  CreateRoles({"line-ops", "qa", "empty"});
  Must(permissions().CreateRole(op, admin,
                                {.name = "vault-team", .description = "v", .mfa_required = true}));
  const std::pair<const char*, std::vector<std::string>> users[] = {{"ops1", {"line-ops"}},
                                                                    {"opsqa1", {"line-ops", "qa"}},
                                                                    {"qa1", {"qa"}},
                                                                    {"vault1", {"vault-team"}},
                                                                    {"empty1", {"empty"}}};
  for (const auto& [user, roles] : users) Must(permissions().AddUserRoles(op, admin, user, roles));
  const Write retired[] = {Write::Put(kUserRolesTable, UserRoleKey("retired1", "retired"))};
  Must(store().Commit(op, retired));
  Must(permissions().PutConstraints(op, TruthConstraints(), "dana", true));
  struct Row {
    int number;
    const char* user;
    Object object;
    Action action;
    bool allowed;
    bool mfa = false;
  };
  const Row rows[] = {
      {1, "ops1", Object::Api("/database/plant-a/assets"), Action::kGet, true},
      {5, "ops1", Object::Api("/database/plant-a"), Action::kPut, false},
      {13, "ops1", Asset("plant-a"), Action::kPut, true},
      {14, "ops1", Asset("plant-ab"), Action::kGet, false},
      {16, "ops1", Asset("plant-a", "SEALED-3"), Action::kPut, false},
      {17, "ops1", Asset("plant-a", "SEALED-3"), Action::kPost, true},
      {20, "opsqa1", Asset("plant-a", "Pump 7", {"frozen"}), Action::kPut, false},
      {21, "opsqa1", Asset("plant-a", "Pump 7", {"frozen"}), Action::kGet, true},
      {23, "ops1", Asset("plant-a", "Pump 7", {"frozen"}), Action::kPut, true},
      {24, "qa1", Asset("plant-b"), Action::kGet, true},
      {25, "qa1", Asset("plant-z").Set(Field::kAssetType, ".stl"), Action::kGet, true},
      {26, "qa1", Asset("plant-z").Set(Field::kAssetType, "xstl"), Action::kGet, false},
      {34, "vault1", Asset("vault"), Action::kGet, false},
      {35, "vault1", Asset("vault"), Action::kGet, true, true},
      {36, "solo1", Asset("demo-2"), Action::kGet, true},
      {37, "solo1", Asset("demo-2", "key.secret"), Action::kGet, false},
      {39, "empty1", Asset("plant-a"), Action::kGet, false},
      {40, "ghost1", Asset("plant-a"), Action::kGet, false},
      {41, "retired1", Asset("plant-a"), Action::kGet, false},
      {42, "retired1", Asset("plant-a"), Action::kGet, true, true},
      {43, "ops1", Object::UserRole("pat@plant.example", "qa"), Action::kPost, true},
      {44, "ops1", Object::UserRole("pat@plant.example", "line-ops"), Action::kPost, false},
  };

  for (const Row& row : rows)
    EXPECT_EQ(May(row.user, row.object, row.action, row.mfa), row.allowed) << "row " << row.number;
}

TEST_P(Decisions, OfMigratedDataAreWhatItsConstraintsSay) {
  const auto fixtures = testing::FixtureFolder();
  if (!fixtures) GTEST_SKIP() << "no fixtures; set VAMS_FIXTURES to their folder";
  for (const std::string& table :
       {kConstraintsTable, kRolesTable, kUserRolesTable, kProfilesTable}) {
    const auto path = *fixtures / "dynamodb/expected/v2.4_to_v2.5" / (table + ".json");
    std::ifstream in(path);
    ASSERT_TRUE(in.good()) << path;
    std::vector<Write> writes;
    for (std::string line; std::getline(in, line);)
      writes.push_back(
          Write::Put(table, Must(items::DecodeItem(Must(items::aws::EncodeFromLine(line))))));
    Must(store().Commit(op, writes));
  }
  const std::string dana = "dana@yard.example";
  const Object steel = Asset("harbor-yard", "crane", {"steel"});
  const Object yard = Object(ObjectType::kDatabase).Set(Field::kDatabaseId, "harbor-yard");

  // yard-operators: GET and PUT; yard-leads: DELETE, with a second factor; the user: POST, and
  // never DELETE.
  for (const bool mfa : {false, true}) {
    EXPECT_TRUE(May(dana, steel, Action::kGet, mfa));
    EXPECT_TRUE(May(dana, steel, Action::kPut, mfa));
    EXPECT_TRUE(May(dana, steel, Action::kPost, mfa));
    EXPECT_FALSE(May(dana, steel, Action::kDelete, mfa));
    EXPECT_TRUE(May(dana, yard, Action::kGet, mfa));
    EXPECT_EQ(May(dana, yard, Action::kPut, mfa), mfa);
    EXPECT_EQ(May("lee", steel, Action::kDelete, mfa), mfa);
    EXPECT_FALSE(May("lee", steel, Action::kGet, mfa));
    EXPECT_TRUE(May("mara", Asset("museum_scans"), Action::kGet, mfa));
    EXPECT_FALSE(May("mara", steel, Action::kGet, mfa));
    EXPECT_TRUE(May("administrator", Object::Api("/auth/constraints"), Action::kPut, mfa));
  }
  EXPECT_FALSE(May(dana, Asset("harbor-yard", "crane", {"wood"}), Action::kGet));
  EXPECT_TRUE(Must(permissions().Check(op)).empty());
  const std::vector<Constraint> constraints = Must(permissions().Constraints(op));
  EXPECT_EQ(std::ranges::count(constraints, "0d5f6b1a-3a51-4f6e-8c11-aa01", &Constraint::id), 1);
  EXPECT_EQ(std::ranges::count(constraints, "yard", &Constraint::id), 1);
  EXPECT_EQ(std::ranges::count(constraints, "no-permissions", &Constraint::id), 1);
}

}  // namespace vams::catalog::test
