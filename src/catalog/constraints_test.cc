// Constraints as stored, and the policies that come of them.
#include <algorithm>
#include <set>

#include "catalog/constraint_records.h"
#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Action;
using access::Constraint;
using access::Object;
using items::Item;
using items::Value;
using items::Write;

namespace {

Object Asset(std::string_view database) {
  return Object(access::ObjectType::kAsset).Set(access::Field::kDatabaseId, database);
}

Constraint Full(std::string id) {
  return Make({.id = std::move(id),
               .all_of = {Where("databaseId", "equals", "plant-a"),
                          {"tags", "is_one_of", {"a", "b"}, true, {}}},
               .any_of = {Where("assetType", "ends_with", "\\.glb")},
               .groups = {Allow("ops", "GET"), Deny("qa", "PUT"), Allow("ops", "PUT")},
               .users = {Allow("lee", "GET")}});
}

Item StoredItem(const std::string& key, std::initializer_list<Item::Attribute> more) {
  Item item{
      {"constraintId", Value::S(key)},
      {"name", Value::S("n")},
      {"description", Value::S("d")},
      {"objectType", Value::S("asset")},
      {"criteriaAnd", Value::S(R"([{"field":"databaseId","operator":"equals","value":"x"}])")},
      {"criteriaOr", Value::S("[]")},
      {"groupPermissions", Value::S("[]")},
      {"userPermissions", Value::S("[]")}};
  for (const auto& attribute : more) item.Set(attribute.name, attribute.value);
  return item;
}

constexpr std::string_view kBothGet =
    R"([{"groupId":"ops","permission":"GET","permissionType":"allow"},)"
    R"({"groupId":"qa","permission":"GET","permissionType":"allow"}])";

}  // namespace

class Constraints : public EngineTest {
 protected:
  std::set<std::string> Keys() {
    std::set<std::string> keys;
    Must(ForEachItem(op, store(), kConstraintsTable,
                     [&](const Item& item) { keys.emplace(item.Text("constraintId")); }));
    return keys;
  }
  void PutItems(const std::vector<Item>& all) {
    std::vector<Write> writes;
    for (const Item& item : all) writes.push_back(Write::Put(kConstraintsTable, item));
    Must(store().Commit(op, writes));
  }
  void Put(const Constraint& constraint) {
    Must(permissions().PutConstraints(op, std::span(&constraint, 1), "dana"));
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Constraints, EveryEngine(), EngineName);

TEST_P(Constraints, AreStoredOnceForEachRoleAndUserWithTheWholeText) {
  CreateRoles({"ops", "qa"});

  Put(Full("c1"));

  EXPECT_EQ(Keys(), (std::set<std::string>{"c1#group#ops", "c1#group#qa", "c1#user#lee"}));
  const Item item =
      Must(store().Get(op, kConstraintsTable, {{"constraintId", Value::S("c1#group#qa")}}));
  EXPECT_EQ(item.Text("groupId"), "qa");
  EXPECT_FALSE(item.Has("userId"));
  EXPECT_EQ(item.Text("objectType"), "asset");
  EXPECT_EQ(item.Text("createdBy"), "dana");
  EXPECT_EQ(item.Text("modifiedBy"), "dana");
  EXPECT_EQ(item.Text("dateCreated"), "2025-03-01T10:00:00.123000");
  EXPECT_EQ(item.Text("criteriaAnd"),
            R"([{"field":"databaseId","operator":"equals","value":"plant-a"},)"
            R"({"field":"tags","operator":"is_one_of","value":["a","b"]}])");
  EXPECT_EQ(item.Text("criteriaOr"),
            R"([{"field":"assetType","operator":"ends_with","value":"\\.glb"}])");
  EXPECT_EQ(item.Text("groupPermissions"),
            R"([{"groupId":"ops","permission":"GET","permissionType":"allow"},)"
            R"({"groupId":"qa","permission":"PUT","permissionType":"deny"},)"
            R"({"groupId":"ops","permission":"PUT","permissionType":"allow"}])");
  EXPECT_EQ(item.Text("userPermissions"),
            R"([{"permission":"GET","permissionType":"allow","userId":"lee"}])");
  EXPECT_EQ(Must(permissions().Constraint(op, "c1")), Full("c1"));
}

TEST_P(Constraints, OneThatNamesNobodyIsOneBareItem) {
  Put(Make({.id = "bare"}));

  EXPECT_EQ(Keys(), std::set<std::string>{"bare"});
  EXPECT_EQ(Must(permissions().Constraints(op)), std::vector<Constraint>{Make({.id = "bare"})});
}

TEST_P(Constraints, ReplacementLeavesNothingOfTheOldOneButItsBeginning) {
  CreateRoles({"ops", "qa"});
  Put(Full("c1"));
  clock().now += 60'000;
  Constraint next = Make({.id = "c1", .groups = {Allow("qa", "GET")}});

  Must(permissions().PutConstraints(op, std::span(&next, 1), "mara"));

  EXPECT_EQ(Keys(), std::set<std::string>{"c1#group#qa"});
  const Item item =
      Must(store().Get(op, kConstraintsTable, {{"constraintId", Value::S("c1#group#qa")}}));
  EXPECT_EQ(item.Text("createdBy"), "dana");
  EXPECT_EQ(item.Text("dateCreated"), "2025-03-01T10:00:00.123000");
  EXPECT_EQ(item.Text("modifiedBy"), "mara");
  EXPECT_EQ(item.Text("dateModified"), "2025-03-01T10:01:00.123000");
  EXPECT_EQ(Must(permissions().Constraint(op, "c1")), next);
}

// The reference finds and deletes by the beginning of the id: writing "team" erased "team-admin".
TEST_P(Constraints, AnIdThatBeginsAnotherOneTouchesOnlyItself) {
  CreateRoles({"ops"});
  for (const char* id : {"team", "team-admin", "tea", "team2"})
    Put(Make({.id = id, .groups = {Allow("ops", "GET")}, .users = {Allow("lee", "PUT")}}));

  Put(Make({.id = "team", .users = {Allow("mara", "PUT")}}));
  EXPECT_EQ(Keys(), (std::set<std::string>{"tea#group#ops", "tea#user#lee", "team#user#mara",
                                           "team-admin#group#ops", "team-admin#user#lee",
                                           "team2#group#ops", "team2#user#lee"}));
  Must(permissions().DeleteConstraint(op, "team"));

  EXPECT_EQ(Must(permissions().Constraints(op)).size(), 3u);
  EXPECT_EQ(Failure(permissions().Constraint(op, "team")),
            Fails(Code::kNotFound, "Constraint not found"));
  Must(permissions().DeleteConstraint(op, "team"));
}

TEST_P(Constraints, ARoleThatIsNoneRefusesAllOfThemUnlessItMayBeMissing) {
  CreateRoles({"ops"});
  const Constraint both[] = {Make({.id = "a", .groups = {Allow("ops", "GET")}}),
                             Make({.id = "b", .groups = {Allow("gone", "GET")}})};

  const Status refused = permissions().PutConstraints(op, both, "dana");
  EXPECT_EQ(Failure(refused), Fails(Code::kInvalid, "Group/Role does not exist"));
  EXPECT_TRUE(Keys().empty());
  Must(permissions().PutConstraints(op, both, "dana", true));

  EXPECT_EQ(Must(permissions().Constraints(op)).size(), 2u);
}

TEST_P(Constraints, IdsThatCouldPassForStoredOnesAreRefused) {
  for (const char* id : {"", "a#group#ops", "a#user#lee", "#revision"}) {
    const Constraint bad = Make({.id = id});
    EXPECT_EQ(Failure(permissions().PutConstraints(op, std::span(&bad, 1), "dana")).first,
              Code::kInvalid)
        << id;
  }
  const Constraint twice[] = {Make({.id = "a"}), Make({.id = "a"})};
  EXPECT_EQ(Failure(permissions().PutConstraints(op, twice, "dana")).first, Code::kInvalid);
  EXPECT_TRUE(Keys().empty());
}

// ---- What something else has written

TEST_P(Constraints, NativeListsAndTheOldCriterionAreRead) {
  CreateRoles({"ops"});
  const Value criterion = Value::M({{"field", Value::S("databaseId")},
                                    {"operator", Value::S("equals")},
                                    {"value", Value::S("x")}});
  Item item = StoredItem("old#group#ops", {{"groupId", Value::S("ops")}});
  item.Set("criteriaAnd", Value::L({criterion}));
  item.Set("groupPermissions",
           Value::L({Value::M({{"groupId", Value::S("ops")}, {"permission", Value::S("GET")}})}));
  item.Set("criteria", Value::M({{"field", Value::S("assetName")},
                                 {"operator", Value::S("starts_with")},
                                 {"value", Value::N("7")}}));
  PutItems({item});
  Must(permissions().AddUserRoles(op, admin, "lee", {"ops"}));

  const Constraint read = Must(permissions().Constraint(op, "old"));

  ASSERT_EQ(read.criteria_and.size(), 2u);
  EXPECT_EQ(read.criteria_and[1], Where("assetName", "starts_with", "7"));
  EXPECT_TRUE(May("lee", Asset("x").Set(access::Field::kAssetName, "7 up"), Action::kGet));
  EXPECT_FALSE(May("lee", Asset("x").Set(access::Field::kAssetName, "8 up"), Action::kGet));
}

// Joining the lines of copies that differ would give a role what no item says.
TEST_P(Constraints, CopiesThatDifferApplyEachToItsOwnRole) {
  CreateRoles({"ops", "qa"});
  Item of_qa = StoredItem("c#group#qa", {{"groupId", Value::S("qa")},
                                         {"groupPermissions", Value::S(std::string(kBothGet))},
                                         {"dateModified", Value::S("2025-02")}});
  of_qa.Set("criteriaAnd", Value::S(R"([{"field":"databaseId","operator":"equals","value":"y"}])"));
  PutItems({StoredItem("c#group#ops", {{"groupId", Value::S("ops")},
                                       {"groupPermissions", Value::S(std::string(kBothGet))},
                                       {"dateModified", Value::S("2025-01")}}),
            of_qa});
  Must(permissions().AddUserRoles(op, admin, "o", {"ops"}));
  Must(permissions().AddUserRoles(op, admin, "q", {"qa"}));

  EXPECT_TRUE(May("o", Asset("x"), Action::kGet));
  EXPECT_FALSE(May("o", Asset("y"), Action::kGet));
  EXPECT_FALSE(May("q", Asset("x"), Action::kGet));
  EXPECT_TRUE(May("q", Asset("y"), Action::kGet));
  EXPECT_EQ(Must(permissions().Constraint(op, "c")).criteria_and[0].values[0], "y");
  const auto warnings = Must(permissions().Check(op));
  EXPECT_EQ(std::ranges::count(warnings, "c", &access::Warning::constraint_id), 1);
}

// The index over groupId is how a policy finds an item, so taking the item away takes the right.
TEST_P(Constraints, ARoleWithoutAnItemOfItsOwnGetsNothing) {
  CreateRoles({"ops", "qa"});
  PutItems({StoredItem("c#group#ops", {{"groupId", Value::S("ops")},
                                       {"groupPermissions", Value::S(std::string(kBothGet))}}),
            StoredItem("bare", {{"groupPermissions", Value::S(std::string(kBothGet))}})});
  Must(permissions().AddUserRoles(op, admin, "o", {"ops"}));
  Must(permissions().AddUserRoles(op, admin, "q", {"qa"}));

  EXPECT_TRUE(May("o", Asset("x"), Action::kGet));
  EXPECT_FALSE(May("q", Asset("x"), Action::kGet));
  EXPECT_EQ(Must(permissions().Constraint(op, "c")).groups.size(), 2u);
  EXPECT_EQ(Must(permissions().Check(op)).size(), 3u);
}

TEST_P(Constraints, UnreadableCriteriaDenyEverythingAndAllowNothing) {
  CreateRoles({"ops"});
  const std::string permissions_text =
      R"([{"groupId":"ops","permission":"GET","permissionType":"allow"},)"
      R"({"groupId":"ops","permission":"PUT","permissionType":"deny"}])";
  PutItems({StoredItem("broken#group#ops", {{"groupId", Value::S("ops")},
                                            {"criteriaAnd", Value::S("[{")},
                                            {"groupPermissions", Value::S(permissions_text)}})});
  Put(Make({.id = "fine", .groups = {Allow("ops", "PUT"), Allow("ops", "POST")}}));
  Must(permissions().AddUserRoles(op, admin, "o", {"ops"}));

  EXPECT_FALSE(May("o", Asset("x"), Action::kGet));
  EXPECT_FALSE(May("o", Asset("anything"), Action::kPut));
  EXPECT_TRUE(May("o", Asset("x"), Action::kPost));
  EXPECT_FALSE(Must(permissions().Check(op)).empty());
}

TEST_P(Constraints, UnreadablePermissionsCountAsNone) {
  CreateRoles({"ops"});
  PutItems({StoredItem("broken#group#ops",
                       {{"groupId", Value::S("ops")}, {"groupPermissions", Value::S("7")}})});
  Must(permissions().AddUserRoles(op, admin, "o", {"ops"}));

  EXPECT_FALSE(May("o", Asset("x"), Action::kGet));
  EXPECT_EQ(Must(permissions().Check(op)).size(), 1u);
  Put(Make({.id = "broken", .groups = {Allow("ops", "GET")}}));
  EXPECT_TRUE(May("o", Asset("x"), Action::kGet));
  EXPECT_TRUE(Must(permissions().Check(op)).empty());
}

// The engine warns of users' rules as well as of roles'.
TEST_P(Constraints, CheckTellsWhatTheEngineCannotEvaluate) {
  Put(Make({.id = "odd",
            .all_of = {Where("assetId", "equals", "7"), Where("databaseId", "equals", "x")},
            .users = {Allow("lee", "GET")}}));

  const auto warnings = Must(permissions().Check(op));

  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].constraint_id, "odd");
}

// Two writers who read the same state must not both succeed, or the constraint would have items of
// both: the second reads again and replaces what the first wrote.
TEST_P(Constraints, ConcurrentWritersLeaveOneWholeConstraint) {
  const Revision seen = Must(ReadRevision(op, store()));
  Put(Make({.id = "c", .users = {Allow("lee", "GET")}}));
  const Write late[] = {RaiseRevision(seen),
                        Write::Put(kConstraintsTable, StoredItem("c#user#mara", {}))};

  EXPECT_EQ(Failure(store().Commit(op, late)).first, Code::kConflict);

  EXPECT_EQ(Keys(), std::set<std::string>{"c#user#lee"});
}

// ---- Sessions

class Sessions : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Sessions, EveryEngine(), EngineName);

TEST_P(Sessions, WithoutASecondFactorUseOnlyExistingRolesThatNeedNone) {
  CreateRoles({"plain"});
  Must(permissions().CreateRole(op, admin,
                                {.name = "vault", .description = "v", .mfa_required = true}));
  const Write odd[] = {
      Write::Put(kRolesTable, {{"roleName", Value::S("old")}}),
      Write::Put(kRolesTable, {{"roleName", Value::S("null")}, {"mfaRequired", Value::Null()}}),
      Write::Put(kUserRolesTable, UserRoleKey("u", "retired")),
      Write::Put(kUserRolesTable, UserRoleKey("u", "old")),
      Write::Put(kUserRolesTable, UserRoleKey("u", "null"))};
  Must(store().Commit(op, odd));
  Must(permissions().AddUserRoles(op, admin, "u", {"plain", "vault"}));
  std::vector<Constraint> constraints;
  for (const char* role : {"plain", "vault", "old", "null", "retired"})
    constraints.push_back(Make({.id = role,
                                .all_of = {Where("databaseId", "equals", role)},
                                .groups = {Allow(role, "GET")}}));
  Must(permissions().PutConstraints(op, constraints, "dana", true));

  for (const char* role : {"plain", "old"}) {
    EXPECT_TRUE(May("u", Asset(role), Action::kGet)) << role;
    EXPECT_TRUE(May("u", Asset(role), Action::kGet, true)) << role;
  }
  for (const char* role : {"vault", "null", "retired"}) {
    EXPECT_FALSE(May("u", Asset(role), Action::kGet)) << role;
    EXPECT_TRUE(May("u", Asset(role), Action::kGet, true)) << role;
  }
}

TEST_P(Sessions, OfNobodyAndOfImpossibleUsersMayNothing) {
  Must(permissions().PutConstraints(
      op, std::vector{Make({.id = "c", .users = {Allow("lee", "GET")}})}, "dana"));

  EXPECT_FALSE(May("", Asset("x"), Action::kGet));
  EXPECT_FALSE(May(std::string(5000, 'u'), Asset("x"), Action::kGet));
  EXPECT_FALSE(May("ghost", Asset("x"), Action::kGet));
  EXPECT_TRUE(May("lee", Asset("x"), Action::kGet));
}

}  // namespace vams::catalog::test
