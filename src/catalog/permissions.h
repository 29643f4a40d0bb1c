// Roles, the roles of users, constraints and login profiles as they are stored, and the policies
// that come of them.  Every change takes effect for the next request.  Spec: permissions.md
// sections 2, 8 and 9, api-auth.md sections 5 to 8, data-model.md sections 4.15 and 4.16.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Thread-safe.  Calls block on the item store; PolicyFor does not while it knows the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/constraint.h"
#include "access/policy.h"
#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "items/store.h"

namespace vams::catalog {

struct Role {
  std::string name;
  std::string id;
  std::string description;
  std::string created_on;
  std::optional<std::string> source;
  std::optional<std::string> source_identifier;
  bool mfa_required = false;
};

// What a role is created from or replaced by.
struct RoleFields {
  std::string name;
  std::string description;
  std::optional<std::string> source = {};
  std::optional<std::string> source_identifier = {};
  bool mfa_required = false;
};

struct RolesOfUser {
  std::string user;
  std::vector<std::string> roles;  // in the order of their names
  std::string created_on;          // of the first one given
};

struct Profile {
  std::string user;
  std::string email;
  std::string created_on;  // empty: not stored
};

class Permissions {
 public:
  Permissions(items::ItemStore& store, const Clock& clock, Random& random);
  ~Permissions();

  // ---- Policies
  // The policy of a session.  Never fails for want of rules (then it allows nothing); kUnavailable
  // and the like from the store: the caller is then refused (section 9), and nothing is kept.
  Result<std::shared_ptr<const access::Policy>> PolicyFor(OpContext& op, std::string_view user,
                                                          bool mfa);
  // Drops every compiled policy and what they came from.
  void Forget();
  // Problems of the stored constraints, for the log at start and for `vams verify`.
  Result<std::vector<access::Warning>> Check(OpContext& op);

  // ---- Roles: second tier as permissions.md section 6.6
  Result<std::vector<Role>> Roles(OpContext& op,
                                  Caller& caller);  // those that may be seen, by name
  // kConflict "Role already exists"; kDenied.
  Status CreateRole(OpContext& op, Caller& caller, const RoleFields& role);
  // kNotFound "Role does not exist"; replaces all four attributes.
  Status UpdateRole(OpContext& op, Caller& caller, const RoleFields& role);
  // Also takes the role from every user, in one commit where the engine allows that many writes,
  // else users first.  kNotFound "Role does not exist".
  Status DeleteRole(OpContext& op, Caller& caller, std::string_view name);

  // ---- Roles of users
  // Names of all roles of a user, whether they exist or not.
  Result<std::vector<std::string>> RolesOf(OpContext& op, std::string_view user);
  // By (created_on, user); a role that the caller may not see is left out, a user without any too.
  Result<std::vector<RolesOfUser>> UserRoles(OpContext& op, Caller& caller);
  // All or nothing.  kInvalid "Role 'x' does not exist in the system"; kConflict "One or more roles
  // already exist for this user".
  Status AddUserRoles(OpContext& op, Caller& caller, std::string_view user,
                      const std::vector<std::string>& roles);
  // Exactly these from now on.
  Status SetUserRoles(OpContext& op, Caller& caller, std::string_view user,
                      const std::vector<std::string>& roles);
  Status DeleteUserRoles(OpContext& op, Caller& caller, std::string_view user);
  // The operator's own hand: no permission asked (vams user add --role).
  Status GiveRole(OpContext& op, std::string_view user, std::string_view role);

  // ---- Constraints: first tier only.  How stored ones are read whose items do not agree:
  // catalog/constraint_records.h.
  Result<std::vector<access::Constraint>> Constraints(OpContext& op);         // by id
  Result<access::Constraint> Constraint(OpContext& op, std::string_view id);  // kNotFound
  // Creates or replaces exactly this id.  kInvalid "Group/Role does not exist" for a group that is
  // no role (unless `groups_may_be_missing`, for templates), for an id with a '#' and for one given
  // twice; kConflict when other writers came first again and again.  All of them or none.  When and
  // by whom a constraint was created stays as it was.
  Status PutConstraints(OpContext& op, std::span<const access::Constraint> constraints,
                        std::string_view author, bool groups_may_be_missing = false);
  Status DeleteConstraint(OpContext& op, std::string_view id);  // fine if there is none

  // ---- Login profiles
  Result<std::optional<Profile>> FindProfile(OpContext& op, std::string_view user);
  Status PutProfile(OpContext& op, const Profile& profile);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::catalog
