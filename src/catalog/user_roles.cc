// Permissions: the roles of users.  Spec: api-auth.md section 8, permissions.md section 6.6.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "catalog/permissions.h"
#include "catalog/permissions_impl.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using access::Object;
using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

// How often a change of all roles of a user is planned anew because they changed meanwhile.
constexpr int kRolePlans = 8;
constexpr std::size_t kKeysPerGet = 100;

using Names = std::vector<std::string>;

Names Sorted(const Names& names) {
  const std::set<std::string> sorted(names.begin(), names.end());
  return {sorted.begin(), sorted.end()};
}

Names Removed(const Names& sorted, const Names& sorted_others) {
  Names rest;
  std::ranges::set_difference(sorted, sorted_others, std::back_inserter(rest));
  return rest;
}

Status RequireAll(Caller& caller, std::string_view user, const Names& roles, Action action) {
  for (const std::string& role : roles)
    TRY_OK(caller.Require(Object::UserRole(user, role), action));
  return Ok();
}

Write PutPair(std::string_view user, std::string_view role, std::int64_t now) {
  Item item = UserRoleKey(user, role);
  item.Set("createdOn", Value::S(IsoSecondsNoZone(now)));
  return Write::Put(kUserRolesTable, std::move(item), {Condition::Absent()});
}

Write RoleStays(std::string_view role) {
  return Write::Check(kRolesTable, RoleKey(role), {Condition::Exists()});
}

}  // namespace

Error NoSuchRole(std::string_view role) {
  return {Code::kInvalid, fmt::format("Role '{}' does not exist in the system", role)};
}

Result<std::optional<std::string>> Permissions::Impl::FirstUnknownRole(
    OpContext& op, std::span<const std::string> roles) {
  for (std::size_t from = 0; from < roles.size(); from += kKeysPerGet) {
    const auto part = roles.subspan(from, std::min(kKeysPerGet, roles.size() - from));
    std::vector<Item> keys;
    for (const std::string& role : part) keys.push_back(RoleKey(role));
    TRY(const auto found, store.BatchGet(op, kRolesTable, keys));
    for (std::size_t i = 0; i < found.size(); ++i)
      if (!found[i]) return std::optional<std::string>(part[i]);
  }
  return std::optional<std::string>();
}

Result<Names> Permissions::RolesOf(OpContext& op, std::string_view user) {
  Names roles;
  TRY_OK(ForEachOfPartition(op, impl_->store, kUserRolesTable, user,
                            [&](const Item& item) { roles.emplace_back(item.Text("roleName")); }));
  return roles;
}

Result<std::vector<RolesOfUser>> Permissions::UserRoles(OpContext& op, Caller& caller) {
  std::map<std::string, std::map<std::string, std::string>> dates;  // by user and role
  TRY_OK(ForEachItem(op, impl_->store, kUserRolesTable, [&](const Item& item) {
    dates[std::string(item.Text("userId"))][std::string(item.Text("roleName"))] =
        item.Text("createdOn");
  }));
  std::vector<RolesOfUser> all;
  for (const auto& [user, given] : dates) {
    RolesOfUser entry{.user = user, .roles = {}, .created_on = {}};
    for (const auto& [role, date] : given) {
      if (!caller.MaySee(Object::UserRole(user, role))) continue;
      if (entry.roles.empty() || date < entry.created_on) entry.created_on = date;
      entry.roles.push_back(role);
    }
    if (!entry.roles.empty()) all.push_back(std::move(entry));
  }
  std::ranges::sort(
      all, {}, [](const RolesOfUser& entry) { return std::tie(entry.created_on, entry.user); });
  return all;
}

Status Permissions::AddUserRoles(OpContext& op, Caller& caller, std::string_view user,
                                 const Names& roles) {
  const Names wanted = Sorted(roles);
  TRY_OK(RequireAll(caller, user, wanted, Action::kPost));
  TRY(const auto unknown, impl_->FirstUnknownRole(op, wanted));
  if (unknown) return NoSuchRole(*unknown);
  std::vector<Write> writes;
  for (const std::string& role : wanted)
    writes.push_back(PutPair(user, role, impl_->clock.NowMillis()));
  for (const std::string& role : wanted) writes.push_back(RoleStays(role));
  if (writes.empty()) return Ok();
  Status done = impl_->Commit(op, writes);
  if (done.ok() || done.error().code != Code::kConflict) return done;
  const auto failed = static_cast<std::size_t>(done.error().index);
  if (done.error().index >= 0 && failed >= wanted.size() && failed < writes.size())
    return NoSuchRole(wanted[failed - wanted.size()]);
  return Error(Code::kConflict, "One or more roles already exist for this user",
               done.error().message);
}

Status Permissions::SetUserRoles(OpContext& op, Caller& caller, std::string_view user,
                                 const Names& roles) {
  const Names wanted = Sorted(roles);
  for (int plan = 1;; ++plan) {
    TRY(const Names given, RolesOf(op, user));
    const Names had = Sorted(given);
    const Names added = Removed(wanted, had);
    const Names removed = Removed(had, wanted);
    TRY_OK(RequireAll(caller, user, added, Action::kPost));
    TRY_OK(RequireAll(caller, user, removed, Action::kDelete));
    TRY(const auto unknown, impl_->FirstUnknownRole(op, wanted));
    if (unknown) return NoSuchRole(*unknown);
    std::vector<Write> writes;
    for (const std::string& role : added) {
      writes.push_back(PutPair(user, role, impl_->clock.NowMillis()));
      writes.push_back(RoleStays(role));
    }
    for (const std::string& role : removed)
      writes.push_back(
          Write::Delete(kUserRolesTable, UserRoleKey(user, role), {Condition::Exists()}));
    if (writes.empty()) return Ok();
    Status done = impl_->Commit(op, writes);
    if (done.ok() || done.error().code != Code::kConflict || plan == kRolePlans) return done;
  }
}

Status Permissions::DeleteUserRoles(OpContext& op, Caller& caller, std::string_view user) {
  TRY(const Names roles, RolesOf(op, user));
  TRY_OK(RequireAll(caller, user, roles, Action::kDelete));
  std::vector<Write> writes;
  for (const std::string& role : roles)
    writes.push_back(Write::Delete(kUserRolesTable, UserRoleKey(user, role)));
  if (writes.empty()) return Ok();
  return impl_->Commit(op, writes);
}

Status Permissions::GiveRole(OpContext& op, std::string_view user, std::string_view role) {
  const Item keys[] = {UserRoleKey(user, role)};
  TRY(const auto found, impl_->store.BatchGet(op, kUserRolesTable, keys));
  if (found.front()) return Ok();
  const Write writes[] = {PutPair(user, role, impl_->clock.NowMillis()), RoleStays(role)};
  Status done = impl_->Commit(op, writes);
  if (done.ok() || done.error().code != Code::kConflict) return done;
  if (done.error().index == 1) return NoSuchRole(role);
  return Ok();  // somebody else has just given it
}

}  // namespace vams::catalog
