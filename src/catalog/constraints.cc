// Permissions: constraints.  Spec: api-auth.md section 6, permissions.md sections 2.3 and 2.4.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "catalog/constraint_records.h"
#include "catalog/permissions.h"
#include "catalog/permissions_impl.h"
#include "catalog/records.h"

namespace vams::catalog {

using items::Item;
using items::Write;

namespace {

// How often a change is planned anew because another writer came first.
constexpr int kPlans = 16;

// An id is text in front of a mark in the stored ids; with the mark's sign in it, another
// constraint's items would pass for its own.
Status CheckIds(std::span<const access::Constraint> constraints) {
  std::set<std::string_view> seen;
  for (const access::Constraint& constraint : constraints) {
    if (constraint.id.empty() || constraint.id.contains('#'))
      return Error(Code::kInvalid,
                   fmt::format("a constraint id is not empty and has no '#', but this one is "
                               "\"{}\"; nothing was written, choose another id",
                               constraint.id));
    if (!seen.insert(constraint.id).second)
      return Error(Code::kInvalid,
                   fmt::format("the constraint id \"{}\" was given twice; nothing was written, "
                               "give each constraint an id of its own",
                               constraint.id));
  }
  return Ok();
}

using ItemsById = std::map<std::string, std::map<std::string, Item>, std::less<>>;  // by base, key

// The items of exactly these constraints.
Result<ItemsById> StoredItems(OpContext& op, items::ItemStore& store,
                              const std::set<std::string_view>& ids) {
  ItemsById stored;
  TRY_OK(ForEachItem(op, store, kConstraintsTable, [&](Item item) {
    const std::string key(item.Text("constraintId"));
    const std::string_view base = BaseIdOf(key);
    if (ids.contains(base)) stored[std::string(base)][key] = std::move(item);
  }));
  return stored;
}

Item KeyOf(std::string_view stored_id) {
  return {{"constraintId", items::Value::S(std::string(stored_id))}};
}

// Replaces `stored` by the constraint's items.
void PlanReplacement(const access::Constraint& constraint,
                     const std::map<std::string, Item>& stored, std::string_view author,
                     const std::string& now, std::vector<Write>& writes) {
  Authorship authorship{now, std::string(author), now, std::string(author)};
  if (!stored.empty()) {
    const Item& old = stored.begin()->second;
    if (!old.Text("dateCreated").empty()) authorship.created_on = old.Text("dateCreated");
    if (!old.Text("createdBy").empty()) authorship.created_by = old.Text("createdBy");
  }
  std::set<std::string> kept;
  for (Item& item : ConstraintItems(constraint, authorship, access::Ids::kLeaveOut)) {
    kept.emplace(item.Text("constraintId"));
    writes.push_back(Write::Put(kConstraintsTable, std::move(item)));
  }
  for (const auto& [key, item] : stored)
    if (!kept.contains(key)) writes.push_back(Write::Delete(kConstraintsTable, KeyOf(key)));
}

}  // namespace

// Reads the revision, then what `plan` needs, and commits what it plans together with the next
// revision: no two writers can have read the same state.
template <typename Plan>
Status Permissions::Impl::ChangeConstraints(OpContext& op, Plan plan) {
  for (int attempt = 1;; ++attempt) {
    TRY(const Revision revision, ReadRevision(op, store));
    std::vector<Write> writes;
    writes.push_back(RaiseRevision(revision));
    TRY_OK(plan(writes));
    if (writes.size() == 1) return Ok();
    Status done = Commit(op, writes);
    if (done.ok() || done.error().code != Code::kConflict) return done;
    if (attempt == kPlans)
      return Error(Code::kConflict,
                   "The constraints are being changed by others at the same time, so nothing was "
                   "written; try again",
                   done.error().message);
  }
}

Result<std::vector<access::Constraint>> Permissions::Constraints(OpContext& op) {
  TRY(std::vector<StoredConstraint> stored, ReadConstraints(op, impl_->store));
  std::vector<access::Constraint> constraints;
  constraints.reserve(stored.size());
  for (StoredConstraint& constraint : stored) constraints.push_back(std::move(constraint.shown));
  return constraints;
}

Result<access::Constraint> Permissions::Constraint(OpContext& op, std::string_view id) {
  TRY(std::vector<StoredConstraint> stored, ReadConstraints(op, impl_->store));
  for (StoredConstraint& constraint : stored)
    if (constraint.id == id) return std::move(constraint.shown);
  return Error(Code::kNotFound, "Constraint not found");
}

Status Permissions::PutConstraints(OpContext& op, std::span<const access::Constraint> constraints,
                                   std::string_view author, bool groups_may_be_missing) {
  TRY_OK(CheckIds(constraints));
  std::set<std::string_view> ids;
  std::set<std::string> groups;
  for (const access::Constraint& constraint : constraints) {
    ids.insert(constraint.id);
    for (const access::Permission& permission : constraint.groups) groups.insert(permission.who);
  }
  if (!groups_may_be_missing) {
    const std::vector<std::string> names(groups.begin(), groups.end());
    TRY(const auto unknown, impl_->FirstUnknownRole(op, names));
    if (unknown)
      return Error(Code::kInvalid, "Group/Role does not exist",
                   fmt::format("role \"{}\" has no record", *unknown));
  }
  return impl_->ChangeConstraints(op, [&](std::vector<Write>& writes) -> Status {
    TRY(const ItemsById stored, StoredItems(op, impl_->store, ids));
    const std::string now = IsoMicrosNoZone(impl_->clock.NowMillis());
    static const std::map<std::string, Item> kNothing;
    for (const access::Constraint& constraint : constraints) {
      const auto old = stored.find(constraint.id);
      PlanReplacement(constraint, old == stored.end() ? kNothing : old->second, author, now,
                      writes);
    }
    return Ok();
  });
}

Status Permissions::DeleteConstraint(OpContext& op, std::string_view id) {
  return impl_->ChangeConstraints(op, [&](std::vector<Write>& writes) -> Status {
    TRY(const ItemsById stored, StoredItems(op, impl_->store, {id}));
    for (const auto& [base, by_key] : stored)
      for (const auto& [key, item] : by_key)
        writes.push_back(Write::Delete(kConstraintsTable, KeyOf(key)));
    return Ok();
  });
}

}  // namespace vams::catalog
