// Random changes beside a model of plain maps: after each of them roles, users' roles, constraints
// and decisions are those of the model.  VAMS_SEED sets the seed.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <set>

#include "catalog/support_test.h"

namespace vams::catalog::test {

using access::Action;
using access::Constraint;
using access::Object;

namespace {

const std::vector<std::string> kRoles = {"a", "ab", "b"};
const std::vector<std::string> kUsers = {"lee", "lee2", "mara"};
const std::vector<std::string> kIds = {"c", "c-1", "c2", "d"};  // ids that begin each other
const std::vector<std::string> kDatabases = {"x", "y"};
constexpr std::array kActions = {Action::kGet, Action::kPut};

std::uint64_t Seed() {
  const char* given = std::getenv("VAMS_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

// Constraints of the test have one criterion: databaseId equals a text.
struct Model {
  std::map<std::string, bool> roles;  // to whether they need a second factor
  std::map<std::string, std::set<std::string>> given;
  std::map<std::string, Constraint> constraints;

  bool Counts(const std::string& user, const std::string& role, bool mfa) const {
    const auto has = given.find(user);
    if (has == given.end() || !has->second.contains(role)) return false;
    const auto record = roles.find(role);
    return mfa || (record != roles.end() && !record->second);
  }
  bool Allows(const std::string& user, bool mfa, const std::string& database, Action action) const {
    bool allowed = false;
    for (const auto& [id, constraint] : constraints) {
      if (constraint.criteria_and[0].values[0] != database) continue;
      const auto look = [&](const access::Permission& p) {
        if (p.action != access::Name(action)) return true;
        if (p.type == "deny") return false;
        return allowed = true;
      };
      for (const auto& p : constraint.groups)
        if (Counts(user, p.who, mfa) && !look(p)) return false;
      for (const auto& p : constraint.users)
        if (p.who == user && !look(p)) return false;
    }
    return allowed;
  }
};

class ModelTest : public EngineTest {
 protected:
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }
  bool Chance(unsigned percent) { return random_() % 100 < percent; }
  std::vector<std::string> SomeRoles() {
    std::vector<std::string> some;
    for (const std::string& role : kRoles)
      if (Chance(50)) some.push_back(role);
    if (some.empty()) some.push_back(Pick(kRoles));
    return some;
  }
  access::Permission SomePermission(const std::string& who) {
    const std::string action(access::Name(Chance(50) ? Action::kGet : Action::kPut));
    return Chance(30) ? Deny(who, action) : Allow(who, action);
  }

  void ChangeRole() {
    const std::string name = Pick(kRoles);
    const RoleFields fields{.name = name, .description = "d", .mfa_required = Chance(40)};
    const bool exists = model_.roles.contains(name);
    switch (random_() % 3) {
      case 0:
        EXPECT_EQ(permissions().CreateRole(op, admin, fields).ok(), !exists);
        if (!exists) model_.roles[name] = fields.mfa_required;
        break;
      case 1:
        EXPECT_EQ(permissions().UpdateRole(op, admin, fields).ok(), exists);
        if (exists) model_.roles[name] = fields.mfa_required;
        break;
      default:
        EXPECT_EQ(permissions().DeleteRole(op, admin, name).ok(), exists);
        if (!exists) break;
        model_.roles.erase(name);
        for (auto& [user, roles] : model_.given) roles.erase(name);
    }
  }

  void ChangeUser() {
    const std::string user = Pick(kUsers);
    const auto roles = SomeRoles();
    auto& given = model_.given[user];
    const bool exist =
        std::ranges::all_of(roles, [&](const auto& r) { return model_.roles.contains(r); });
    const bool any_given =
        std::ranges::any_of(roles, [&](const auto& r) { return given.contains(r); });
    switch (random_() % 4) {
      case 0:
        EXPECT_EQ(permissions().AddUserRoles(op, admin, user, roles).ok(), exist && !any_given);
        if (exist && !any_given) given.insert(roles.begin(), roles.end());
        break;
      case 1:
        EXPECT_EQ(permissions().SetUserRoles(op, admin, user, roles).ok(), exist);
        if (exist) given = {roles.begin(), roles.end()};
        break;
      case 2:
        EXPECT_TRUE(permissions().DeleteUserRoles(op, admin, user).ok());
        given.clear();
        break;
      default: {
        const bool fine = given.contains(roles[0]) || model_.roles.contains(roles[0]);
        EXPECT_EQ(permissions().GiveRole(op, user, roles[0]).ok(), fine);
        if (fine) given.insert(roles[0]);
      }
    }
  }

  void ChangeConstraint() {
    const std::string id = Pick(kIds);
    if (Chance(25)) {
      Must(permissions().DeleteConstraint(op, id));
      model_.constraints.erase(id);
      return;
    }
    Rule rule{.id = id, .all_of = {Where("databaseId", "equals", Pick(kDatabases))}};
    for (const std::string& role : kRoles)
      if (Chance(40)) rule.groups.push_back(SomePermission(role));
    for (const std::string& user : kUsers)
      if (Chance(20)) rule.users.push_back(SomePermission(user));
    const Constraint constraint = Make(rule);
    const bool exist = std::ranges::all_of(
        rule.groups, [&](const auto& p) { return model_.roles.contains(p.who); });
    const bool missing_is_fine = Chance(50);
    EXPECT_EQ(
        permissions().PutConstraints(op, std::span(&constraint, 1), "dana", missing_is_fine).ok(),
        exist || missing_is_fine);
    if (exist || missing_is_fine) model_.constraints[id] = constraint;
  }

  void Compare() {
    std::map<std::string, bool> roles;
    for (const Role& role : Must(permissions().Roles(op, admin)))
      roles[role.name] = role.mfa_required;
    EXPECT_EQ(roles, model_.roles);
    std::vector<Constraint> constraints;
    for (const auto& [id, constraint] : model_.constraints) constraints.push_back(constraint);
    EXPECT_EQ(Must(permissions().Constraints(op)), constraints);
    for (const std::string& user : kUsers) {
      const auto& given = model_.given[user];
      EXPECT_EQ(Must(permissions().RolesOf(op, user)),
                std::vector<std::string>(given.begin(), given.end()));
      for (const bool mfa : {false, true})
        for (const std::string& database : kDatabases)
          for (const Action action : kActions)
            EXPECT_EQ(
                May(user,
                    Object(access::ObjectType::kAsset).Set(access::Field::kDatabaseId, database),
                    action, mfa),
                model_.Allows(user, mfa, database, action))
                << user << " mfa " << mfa << " " << database << " " << access::Name(action);
    }
  }

  std::uint64_t seed_ = Seed();
  std::mt19937_64 random_{seed_};
  Model model_;
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Engines, ModelTest, EveryEngine(), EngineName);

TEST_P(ModelTest, RandomChangesGiveWhatTheModelGives) {
  const int steps = GetParam() ? 120 : 500;
  SCOPED_TRACE(fmt::format("VAMS_SEED={}", seed_));
  fmt::print("VAMS_SEED={}\n", seed_);
  for (int step = 0; step < steps && !HasFailure(); ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    clock().now += 1000;
    switch (random_() % 3) {
      case 0:
        ChangeRole();
        break;
      case 1:
        ChangeUser();
        break;
      default:
        ChangeConstraint();
    }
    Compare();
  }
}

}  // namespace vams::catalog::test
