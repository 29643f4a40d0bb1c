#include "catalog/permissions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "catalog/constraint_records.h"
#include "catalog/permissions_impl.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Constraint;
using access::Warning;
using items::Item;
using items::Value;
using items::Write;

namespace {

// What the engine says of constraints it cannot evaluate as they stand.  It looks at those of one
// caller, so every user of a permission is made a role here, and the caller has them all.
std::vector<Warning> EngineWarnings(std::vector<Constraint> constraints) {
  std::set<std::string> names;
  for (Constraint& constraint : constraints) {
    std::ranges::move(constraint.users, std::back_inserter(constraint.groups));
    constraint.users.clear();
    for (const auto& permission : constraint.groups) names.insert(permission.who);
  }
  const std::vector<std::string> roles(names.begin(), names.end());
  std::vector<Warning> warnings;
  (void)access::Policy::Compile("", roles, constraints, &warnings);
  return warnings;
}

}  // namespace

Permissions::Permissions(items::ItemStore& store, const Clock& clock, Random& random)
    : impl_(std::make_unique<Impl>(store, clock, random)) {}

Permissions::~Permissions() = default;

Status Permissions::Impl::Commit(OpContext& op, std::span<const Write> writes) {
  auto result = store.Commit(op, writes);
  authorizer.Invalidate();
  if (!result.ok()) return std::move(result).error();
  return Ok();
}

// ---- Policies

Result<std::shared_ptr<const access::Policy>> Permissions::PolicyFor(OpContext& op,
                                                                     std::string_view user,
                                                                     bool mfa) {
  return impl_->authorizer.PolicyFor(op, user, mfa);
}

void Permissions::Forget() { impl_->authorizer.Forget(); }

Result<std::vector<Warning>> Permissions::Check(OpContext& op) {
  TRY(std::vector<StoredConstraint> stored, ReadConstraints(op, impl_->store));
  std::vector<Warning> warnings;
  std::vector<access::Constraint> applied;
  for (StoredConstraint& constraint : stored) {
    std::ranges::move(constraint.warnings, std::back_inserter(warnings));
    std::ranges::move(constraint.applied, std::back_inserter(applied));
  }
  std::ranges::move(EngineWarnings(std::move(applied)), std::back_inserter(warnings));
  std::ranges::stable_sort(warnings, {}, &Warning::constraint_id);
  return warnings;
}

// ---- Login profiles

Result<std::optional<Profile>> Permissions::FindProfile(OpContext& op, std::string_view user) {
  const Item keys[] = {{{"userId", Value::S(std::string(user))}}};
  TRY(const auto found, impl_->store.BatchGet(op, kProfilesTable, keys));
  if (!found.front()) return std::optional<Profile>();
  const Item& item = *found.front();
  return std::optional<Profile>(
      {std::string(user), std::string(item.Text("email")), std::string(item.Text("createdOn"))});
}

Status Permissions::PutProfile(OpContext& op, const Profile& profile) {
  Item item{{"userId", Value::S(profile.user)}, {"email", Value::S(profile.email)}};
  if (!profile.created_on.empty()) item.Set("createdOn", Value::S(profile.created_on));
  // No policy depends on it, so none is dropped: every login writes a profile.
  const Write writes[] = {Write::Put(kProfilesTable, std::move(item))};
  TRY_OK(impl_->store.Commit(op, writes));
  return Ok();
}

}  // namespace vams::catalog
