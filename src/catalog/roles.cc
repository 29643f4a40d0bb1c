// Permissions: roles.  Spec: api-auth.md section 7, permissions.md sections 2.1 and 6.6.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "catalog/permissions.h"
#include "catalog/permissions_impl.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using access::Object;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

Error RoleAbsent() { return {Code::kNotFound, "Role does not exist"}; }

Role RoleOf(const Item& item) {
  Role role;
  role.name = item.Text("roleName");
  role.id = item.Text("id");
  role.description = item.Text("description");
  role.created_on = item.Text("createdOn");
  role.source = TextIfAny(item, "source");
  role.source_identifier = TextIfAny(item, "sourceIdentifier");
  role.mfa_required = !UsableWithoutMfa(item);
  return role;
}

}  // namespace

Result<std::vector<Role>> Permissions::Roles(OpContext& op, Caller& caller) {
  std::vector<Role> roles;
  TRY_OK(ForEachItem(op, impl_->store, kRolesTable,
                     [&](const Item& item) { roles.push_back(RoleOf(item)); }));
  std::erase_if(roles, [&](const Role& role) { return !caller.MaySee(Object::Role(role.name)); });
  std::ranges::sort(roles, {}, &Role::name);
  return roles;
}

Status Permissions::CreateRole(OpContext& op, Caller& caller, const RoleFields& role) {
  TRY_OK(caller.Require(Object::Role(role.name), Action::kPost));
  Item item = RoleKey(role.name);
  item.Set("id", Value::S(NewUuid(impl_->random)));
  item.Set("description", Value::S(role.description));
  item.Set("createdOn", Value::S(IsoSecondsNoZone(impl_->clock.NowMillis())));
  item.Set("source", TextOrNull(role.source));
  item.Set("sourceIdentifier", TextOrNull(role.source_identifier));
  item.Set("mfaRequired", Value::Bool(role.mfa_required));
  const Write writes[] = {Write::Put(kRolesTable, std::move(item), {Condition::Absent()})};
  Status done = impl_->Commit(op, writes);
  if (!done.ok() && done.error().code == Code::kConflict)
    return Error(Code::kConflict, "Role already exists", done.error().message);
  return done;
}

Status Permissions::UpdateRole(OpContext& op, Caller& caller, const RoleFields& role) {
  TRY_OK(caller.Require(Object::Role(role.name), Action::kPut));
  const auto set = [](std::string_view name, Value value) {
    return Mutation{Mutation::Op::kSet, std::string(name), std::move(value)};
  };
  const Write writes[] = {Write::Update(
      kRolesTable, RoleKey(role.name),
      {set("description", Value::S(role.description)), set("source", TextOrNull(role.source)),
       set("sourceIdentifier", TextOrNull(role.source_identifier)),
       set("mfaRequired", Value::Bool(role.mfa_required))},
      {Condition::Exists()})};
  Status done = impl_->Commit(op, writes);
  if (!done.ok() && done.error().code == Code::kConflict) return RoleAbsent();
  return done;
}

Result<std::vector<std::string>> Permissions::Impl::HoldersOf(OpContext& op,
                                                              std::string_view role) {
  std::vector<std::string> users;
  TRY_OK(ForEachItem(op, store, kUserRolesTable, [&](const Item& pair) {
    if (pair.Text("roleName") == role) users.emplace_back(pair.Text("userId"));
  }));
  return users;
}

Status Permissions::Impl::TakeFromAll(OpContext& op, std::string_view role,
                                      std::optional<Write> last) {
  TRY(const std::vector<std::string> users, HoldersOf(op, role));
  const std::size_t most = store.traits().max_commit_writes;
  std::vector<Write> writes;
  for (const std::string& user : users) {
    writes.push_back(Write::Delete(kUserRolesTable, UserRoleKey(user, role)));
    if (writes.size() != most) continue;
    TRY_OK(Commit(op, writes));
    writes.clear();
  }
  if (last) writes.push_back(*std::move(last));
  if (writes.empty()) return Ok();
  return Commit(op, writes);
}

Status Permissions::DeleteRole(OpContext& op, Caller& caller, std::string_view name) {
  TRY_OK(caller.Require(Object::Role(name), Action::kDelete));
  const Item keys[] = {RoleKey(name)};
  TRY(const auto found, impl_->store.BatchGet(op, kRolesTable, keys));
  if (!found.front()) return RoleAbsent();
  Status done =
      impl_->TakeFromAll(op, name, Write::Delete(kRolesTable, keys[0], {Condition::Exists()}));
  if (!done.ok() && done.error().code == Code::kConflict) return RoleAbsent();
  TRY_OK(std::move(done));
  // Somebody may have been given the role after its holders were listed.  From now on nobody can
  // be, so this finds the rest.
  if (const Status rest = impl_->TakeFromAll(op, name, std::nullopt); !rest.ok())
    LogWarning(fmt::format(
        "role \"{}\" is deleted, but whether a user got it at the same time is not known: {}; look "
        "for it in the list of user roles",
        name, rest.error().message));
  return Ok();
}

}  // namespace vams::catalog
