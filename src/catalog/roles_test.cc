// Roles and the roles of users, as stored and as told to callers.
#include <algorithm>

#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Action;
using access::Object;
using items::Item;
using items::Value;
using items::Write;

class Roles : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Roles, EveryEngine(), EngineName);

TEST_P(Roles, CreatesOneWithEverythingAskedFor) {
  Must(permissions().CreateRole(op, admin,
                                {.name = "qa",
                                 .description = "Checks",
                                 .source = "INTERNAL_SYSTEM",
                                 .source_identifier = "x-1",
                                 .mfa_required = true}));

  const std::vector<Role> roles = Must(permissions().Roles(op, admin));
  ASSERT_EQ(roles.size(), 1u);
  EXPECT_EQ(roles[0].name, "qa");
  EXPECT_EQ(roles[0].id.size(), 36u);
  EXPECT_EQ(roles[0].description, "Checks");
  EXPECT_EQ(roles[0].created_on, "2025-03-01T10:00:00");
  EXPECT_EQ(roles[0].source, "INTERNAL_SYSTEM");
  EXPECT_EQ(roles[0].source_identifier, "x-1");
  EXPECT_TRUE(roles[0].mfa_required);
}

TEST_P(Roles, CreatesNoneTwice) {
  CreateRoles({"qa"});

  const Status second = permissions().CreateRole(op, admin, {.name = "qa", .description = "new"});

  EXPECT_EQ(Failure(second), Fails(Code::kConflict, "Role already exists"));
  EXPECT_EQ(Must(permissions().Roles(op, admin))[0].description, "qa");
}

TEST_P(Roles, UpdateReplacesTheFourAttributesAndKeepsTheRest) {
  Must(permissions().CreateRole(op, admin,
                                {.name = "qa",
                                 .description = "Checks",
                                 .source = "INTERNAL_SYSTEM",
                                 .source_identifier = "x-1",
                                 .mfa_required = true}));
  const Role before = Must(permissions().Roles(op, admin))[0];
  clock().now += 100'000;

  Must(permissions().UpdateRole(op, admin, {.name = "qa", .description = "Looks"}));

  const Role after = Must(permissions().Roles(op, admin))[0];
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.created_on, before.created_on);
  EXPECT_EQ(after.description, "Looks");
  EXPECT_EQ(after.source, std::nullopt);
  EXPECT_EQ(after.source_identifier, std::nullopt);
  EXPECT_FALSE(after.mfa_required);
}

TEST_P(Roles, UpdateMakesNone) {
  const Status done = permissions().UpdateRole(op, admin, {.name = "qa", .description = "x"});

  EXPECT_EQ(Failure(done), Fails(Code::kNotFound, "Role does not exist"));
  EXPECT_TRUE(Must(permissions().Roles(op, admin)).empty());
}

TEST_P(Roles, DeleteTakesItFromEveryUserAndLeavesOtherRoles) {
  CreateRoles({"qa", "ops"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"qa", "ops"}));
  Must(permissions().AddUserRoles(op, admin, "mara", {"qa"}));

  Must(permissions().DeleteRole(op, admin, "qa"));

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"ops"});
  EXPECT_TRUE(Must(permissions().RolesOf(op, "mara")).empty());
  EXPECT_EQ(Must(permissions().Roles(op, admin)).size(), 1u);
  EXPECT_EQ(Failure(permissions().DeleteRole(op, admin, "qa")),
            Fails(Code::kNotFound, "Role does not exist"));
}

// Reference: entries of the role went even when the role did not exist.
TEST_P(Roles, DeletingAnUnknownOneTakesNothingFromAnybody) {
  const Write pair[] = {Write::Put(kUserRolesTable, UserRoleKey("lee", "retired"))};
  Must(store().Commit(op, pair));

  EXPECT_EQ(Failure(permissions().DeleteRole(op, admin, "retired")).first, Code::kNotFound);

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"retired"});
}

TEST_P(Roles, AreToldByNameAndOnlyThoseThatMayBeSeen) {
  CreateRoles({"b", "hidden", "a"});
  Caller some = CallerWith({UserRule("see", "role", Where("roleName", "equals", "[ab]"), {"GET"})});

  const std::vector<Role> roles = Must(permissions().Roles(op, some));

  ASSERT_EQ(roles.size(), 2u);
  EXPECT_EQ(roles[0].name, "a");
  EXPECT_EQ(roles[1].name, "b");
  ASSERT_EQ(some.denials().size(), 1u);
  EXPECT_TRUE(some.denials()[0].filtered);
}

TEST_P(Roles, ChangesNeedTheirOwnAction) {
  CreateRoles({"qa"});
  const auto may_only = [](std::string action) {
    return CallerWith(
        {UserRule("one", "role", Where("roleName", "equals", "qa"), {std::move(action)})});
  };
  Caller get = may_only("GET");
  Caller put = may_only("PUT");
  Caller post = may_only("POST");
  const Fails refused(Code::kDenied, "Not Authorized");

  EXPECT_EQ(Failure(permissions().CreateRole(op, put, {.name = "qa", .description = "x"})),
            refused);
  EXPECT_EQ(Failure(permissions().UpdateRole(op, post, {.name = "qa", .description = "x"})),
            refused);
  EXPECT_EQ(Failure(permissions().DeleteRole(op, get, "qa")), refused);
  EXPECT_EQ(Must(permissions().Roles(op, admin))[0].description, "qa");
  EXPECT_EQ(get.denials().size(), 1u);
}

// ---- Roles of users

class UserRoles : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, UserRoles, EveryEngine(), EngineName);

TEST_P(UserRoles, AddsAllOrNothing) {
  CreateRoles({"qa", "ops"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"qa"}));

  const Status again = permissions().AddUserRoles(op, admin, "lee", {"ops", "qa"});
  const Status unknown = permissions().AddUserRoles(op, admin, "lee", {"ops", "x"});

  EXPECT_EQ(Failure(again),
            Fails(Code::kConflict, "One or more roles already exist for this user"));
  EXPECT_EQ(Failure(unknown), Fails(Code::kInvalid, "Role 'x' does not exist in the system"));
  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"qa"});
}

TEST_P(UserRoles, ANameGivenTwiceCountsOnce) {
  CreateRoles({"qa"});

  Must(permissions().AddUserRoles(op, admin, "lee", {"qa", "qa"}));

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"qa"});
}

TEST_P(UserRoles, SetLeavesExactlyTheseAndTheDatesOfThoseThatStay) {
  CreateRoles({"a", "b", "c"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"a", "b"}));
  clock().now += 60'000;

  Must(permissions().SetUserRoles(op, admin, "lee", {"c", "b"}));

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(Must(store().Get(op, kUserRolesTable, UserRoleKey("lee", "b"))).Text("createdOn"),
            "2025-03-01T10:00:00");
  EXPECT_EQ(Must(store().Get(op, kUserRolesTable, UserRoleKey("lee", "c"))).Text("createdOn"),
            "2025-03-01T10:01:00");
}

TEST_P(UserRoles, SetAsksToPostWhatComesAndToDeleteWhatGoes) {
  CreateRoles({"a", "b", "c"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"a", "b"}));
  const auto pair_rule = [](std::string role, std::string action) {
    return UserRule(role + action, "userRole", Where("roleName", "equals", role), {action});
  };
  Caller no_delete = CallerWith({pair_rule("c", "POST"), pair_rule("a", "POST")});
  Caller no_post = CallerWith({pair_rule("a", "DELETE"), pair_rule("c", "DELETE")});
  Caller exact = CallerWith({pair_rule("a", "DELETE"), pair_rule("c", "POST")});

  EXPECT_EQ(Failure(permissions().SetUserRoles(op, no_delete, "lee", {"b", "c"})).first,
            Code::kDenied);
  EXPECT_EQ(Failure(permissions().SetUserRoles(op, no_post, "lee", {"b", "c"})).first,
            Code::kDenied);
  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), (std::vector<std::string>{"a", "b"}));

  Must(permissions().SetUserRoles(op, exact, "lee", {"b", "c"}));

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), (std::vector<std::string>{"b", "c"}));
}

TEST_P(UserRoles, SetRefusesARoleThatIsNone) {
  CreateRoles({"a"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"a"}));

  const Status done = permissions().SetUserRoles(op, admin, "lee", {"x"});

  EXPECT_EQ(Failure(done), Fails(Code::kInvalid, "Role 'x' does not exist in the system"));
  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"a"});
}

TEST_P(UserRoles, DeleteIsFineWithoutAnyAndAllOrNothingWithSome) {
  CreateRoles({"a", "b"});
  Must(permissions().AddUserRoles(op, admin, "lee", {"a", "b"}));
  Caller only_a =
      CallerWith({UserRule("a", "userRole", Where("roleName", "equals", "a"), {"DELETE"})});

  Must(permissions().DeleteUserRoles(op, admin, "mara"));
  EXPECT_EQ(Failure(permissions().DeleteUserRoles(op, only_a, "lee")).first, Code::kDenied);
  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")).size(), 2u);
  Must(permissions().DeleteUserRoles(op, admin, "lee"));

  EXPECT_TRUE(Must(permissions().RolesOf(op, "lee")).empty());
}

TEST_P(UserRoles, AreToldByDateAndUserWithoutWhatMayNotBeSeen) {
  CreateRoles({"a", "b"});
  Must(permissions().AddUserRoles(op, admin, "zoe", {"a", "b"}));
  Must(permissions().AddUserRoles(op, admin, "hidden", {"b"}));
  clock().now += 1000;
  Must(permissions().AddUserRoles(op, admin, "bob", {"a"}));
  Must(permissions().AddUserRoles(op, admin, "abe", {"a"}));
  Caller sees_a =
      CallerWith({UserRule("a", "userRole", Where("roleName", "equals", "a"), {"GET"})});

  const std::vector<RolesOfUser> all = Must(permissions().UserRoles(op, sees_a));

  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].user, "zoe");
  EXPECT_EQ(all[0].roles, std::vector<std::string>{"a"});
  EXPECT_EQ(all[0].created_on, "2025-03-01T10:00:00");
  EXPECT_EQ(all[1].user, "abe");
  EXPECT_EQ(all[2].user, "bob");
}

TEST_P(UserRoles, TheOperatorGivesARoleThatExistsOnce) {
  CreateRoles({"admin"});

  Must(permissions().GiveRole(op, "lee", "admin"));
  Must(permissions().GiveRole(op, "lee", "admin"));

  EXPECT_EQ(Must(permissions().RolesOf(op, "lee")), std::vector<std::string>{"admin"});
  EXPECT_EQ(Failure(permissions().GiveRole(op, "lee", "x")),
            Fails(Code::kInvalid, "Role 'x' does not exist in the system"));
}

// ---- Login profiles

class Profiles : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Profiles, EveryEngine(), EngineName);

TEST_P(Profiles, AreFoundAsTheyWerePutLast) {
  EXPECT_EQ(Must(permissions().FindProfile(op, "lee")), std::nullopt);
  Must(permissions().PutProfile(op, {"lee", "lee@x.example", "2025-01-01T00:00:00"}));
  Must(permissions().PutProfile(op, {"lee", "", ""}));

  const auto profile = Must(permissions().FindProfile(op, "lee"));

  ASSERT_TRUE(profile.has_value());
  EXPECT_EQ(profile->user, "lee");
  EXPECT_EQ(profile->email, "");
  EXPECT_EQ(profile->created_on, "");
}

}  // namespace vams::catalog::test
