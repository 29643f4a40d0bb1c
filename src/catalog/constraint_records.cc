#include "catalog/constraint_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "catalog/records.h"
#include "tables/system_tables.h"

namespace vams::catalog {

namespace json = boost::json;

using access::Constraint;
using access::Criterion;
using access::Ids;
using access::Permission;
using items::Condition;
using items::Item;
using items::Kind;
using items::Value;
using items::Write;

namespace {

constexpr std::string_view kGroupMark = "#group#";
constexpr std::string_view kUserMark = "#user#";
constexpr std::string_view kRevisionKey = "#revision";
constexpr int kConstraintAttempts = 5;

// ---- Reading

json::value ToJson(const Value& value);

json::object ToJson(const Item& map) {
  json::object object;
  for (const auto& attribute : map) object[attribute.name] = ToJson(attribute.value);
  return object;
}

// A number stays text: criteria and permissions hold nothing but texts.
json::value ToJson(const Value& value) {
  switch (value.kind()) {
    case Kind::kS:
    case Kind::kN:
    case Kind::kB:
      return json::string(value.text());
    case Kind::kBool:
      return value.boolean();
    case Kind::kNull:
      return nullptr;
    case Kind::kM:
      return ToJson(value.map());
    case Kind::kL: {
      json::array array;
      for (const Value& element : value.list()) array.push_back(ToJson(element));
      return array;
    }
    case Kind::kSS:
    case Kind::kNS:
    case Kind::kBS:
      return json::array(value.set().begin(), value.set().end());
  }
  return nullptr;
}

// A list attribute in either of its forms; nothing when its text is no JSON.
std::optional<json::value> ListOf(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  if (value == nullptr) return json::array();
  if (!value->is(Kind::kS)) return ToJson(*value);
  if (value->text().empty()) return json::array();
  boost::system::error_code failed;
  json::value parsed = json::parse(value->text(), failed);
  if (failed) return std::nullopt;
  return parsed;
}

// One item of the table, read.
struct Copy {
  const Item* item = nullptr;
  std::string group;   // whose rules these are; one of both is empty, or both
  std::string user;    //
  Constraint content;  // without an id
  bool criteria_readable = true;
  std::vector<std::string> problems;
};

std::vector<Criterion> CriteriaOf(Copy& copy, std::string_view name) {
  if (const auto value = ListOf(*copy.item, name)) {
    auto criteria = access::ParseCriteria(*value);
    if (criteria.ok()) return *std::move(criteria);
  }
  copy.criteria_readable = false;
  copy.problems.push_back(fmt::format(
      "{} cannot be read: its denials apply to everything of the type, its allowances to nothing",
      name));
  return {};
}

std::vector<Permission> PermissionsOf(Copy& copy, std::string_view name, std::string_view who) {
  if (const auto value = ListOf(*copy.item, name)) {
    auto permissions = access::ParsePermissions(*value, who);
    if (permissions.ok()) return *std::move(permissions);
  }
  copy.problems.push_back(fmt::format("{} cannot be read and counts as empty", name));
  return {};
}

// The attribute of records made before there were lists: one criterion more.
void AddLegacyCriterion(Copy& copy) {
  auto value = ListOf(*copy.item, "criteria");
  if (value && value->is_object()) {
    json::array one;
    if (!value->get_object().empty()) one.push_back(*std::move(value));
    value = std::move(one);
  }
  if (value) {
    if (auto criteria = access::ParseCriteria(*value); criteria.ok()) {
      std::ranges::move(*criteria, std::back_inserter(copy.content.criteria_and));
      return;
    }
  }
  copy.criteria_readable = false;
  copy.problems.emplace_back(
      "criteria cannot be read: its denials apply to everything of the type, its allowances to "
      "nothing");
}

Copy ReadCopy(const Item& item) {
  Copy copy;
  copy.item = &item;
  copy.group = item.Text("groupId");
  copy.user = item.Text("userId");
  copy.content.name = item.Text("name");
  copy.content.description = item.Text("description");
  copy.content.object_type = item.Text("objectType");
  copy.content.criteria_and = CriteriaOf(copy, "criteriaAnd");
  copy.content.criteria_or = CriteriaOf(copy, "criteriaOr");
  if (item.Has("criteria")) AddLegacyCriterion(copy);
  copy.content.groups = PermissionsOf(copy, "groupPermissions", "groupId");
  copy.content.users = PermissionsOf(copy, "userPermissions", "userId");
  return copy;
}

bool HasOwner(const std::vector<Copy>& copies, std::string Copy::*owner, const std::string& who) {
  return std::ranges::any_of(copies,
                             [&](const Copy& copy) { return !who.empty() && copy.*owner == who; });
}

// The content as it applies to the owners of these copies, which are alike.
Constraint Applied(std::string id, const std::vector<Copy>& copies) {
  const Copy& first = copies.front();
  Constraint applied = first.content;
  applied.id = std::move(id);
  std::erase_if(applied.groups,
                [&](const Permission& p) { return !HasOwner(copies, &Copy::group, p.who); });
  std::erase_if(applied.users,
                [&](const Permission& p) { return !HasOwner(copies, &Copy::user, p.who); });
  if (first.criteria_readable) return applied;
  const auto no_denial = [](const Permission& p) { return p.type != "deny"; };
  std::erase_if(applied.groups, no_denial);
  std::erase_if(applied.users, no_denial);
  applied.criteria_and = {{"object__type", "contains", {".*"}, false, {}}};
  applied.criteria_or.clear();
  return applied;
}

void WarnOfMissing(StoredConstraint& stored, const std::vector<Copy>& copies) {
  const auto warn = [&](const std::vector<Permission>& permissions, std::string Copy::*owner,
                        std::string_view what) {
    std::vector<std::string> told;
    for (const Permission& p : permissions) {
      if (HasOwner(copies, owner, p.who) || std::ranges::find(told, p.who) != told.end()) continue;
      told.push_back(p.who);
      stored.warnings.push_back(
          {stored.id, fmt::format("{} \"{}\" is named but has no item of its own in {} and gets "
                                  "nothing; write the constraint again",
                                  what, p.who, kConstraintsTable)});
    }
  };
  warn(stored.shown.groups, &Copy::group, "role");
  warn(stored.shown.users, &Copy::user, "user");
}

StoredConstraint ReadOne(std::string id, std::vector<Item> items) {
  StoredConstraint stored;
  stored.id = std::move(id);
  stored.copies = std::move(items);
  std::vector<Copy> copies;
  for (const Item& item : stored.copies) copies.push_back(ReadCopy(item));
  const Copy* newest = &copies.front();
  bool alike = true;
  for (const Copy& copy : copies) {
    alike = alike && copy.content == copies.front().content &&
            copy.criteria_readable == copies.front().criteria_readable;
    if (copy.item->Text("dateModified") > newest->item->Text("dateModified")) newest = &copy;
    for (const std::string& problem : copy.problems)
      stored.warnings.push_back({std::string(copy.item->Text("constraintId")), problem});
  }
  stored.shown = newest->content;
  stored.shown.id = stored.id;
  WarnOfMissing(stored, copies);
  if (alike) {
    stored.applied.push_back(Applied(stored.id, copies));
    return stored;
  }
  stored.warnings.push_back(
      {stored.id,
       fmt::format("its {} items in {} differ: each applies to its own role or user only, and the "
                   "one modified last is shown; write the constraint again",
                   copies.size(), kConstraintsTable)});
  for (const Copy& copy : copies) {
    std::string key(copy.item->Text("constraintId"));
    stored.applied.push_back(Applied(std::move(key), {copy}));
  }
  return stored;
}

Item RevisionKey() {
  return {{"key", Value::S(std::string(kRevisionKey))}, {"table", Value::S(kConstraintsTable)}};
}

// ---- Writing

std::string ListText(const json::array& objects) {
  json::array ordered;
  for (const json::value& entry : objects) {
    std::map<std::string, json::value> members;
    for (const auto& member : entry.as_object()) members[member.key()] = member.value();
    json::object object;
    for (auto& [name, value] : members) object[name] = std::move(value);
    ordered.push_back(std::move(object));
  }
  return json::serialize(ordered);
}

// In the order in which they are first named.
std::vector<std::string> Distinct(const std::vector<Permission>& permissions) {
  std::vector<std::string> names;
  for (const Permission& p : permissions)
    if (std::ranges::find(names, p.who) == names.end()) names.push_back(p.who);
  return names;
}

}  // namespace

std::string_view BaseIdOf(std::string_view stored_id) {
  stored_id = stored_id.substr(0, stored_id.find(kGroupMark));
  return stored_id.substr(0, stored_id.find(kUserMark));
}

std::vector<StoredConstraint> ReadConstraintItems(std::vector<Item> items) {
  std::map<std::string, std::map<std::string, Item>> by_id;
  for (Item& item : items) {
    std::string key(item.Text("constraintId"));
    std::string base(BaseIdOf(key));
    by_id[std::move(base)][std::move(key)] = std::move(item);
  }
  std::vector<StoredConstraint> constraints;
  constraints.reserve(by_id.size());
  for (auto& [id, by_key] : by_id) {
    std::vector<Item> copies;
    for (auto& [key, item] : by_key) copies.push_back(std::move(item));
    constraints.push_back(ReadOne(id, std::move(copies)));
  }
  return constraints;
}

Result<std::vector<StoredConstraint>> ReadConstraints(OpContext& op, items::ItemSource& source,
                                                      bool still) {
  for (int attempt = 1;; ++attempt) {
    Revision before;
    if (!still) {
      TRY(before, ReadRevision(op, source));
    }
    std::vector<Item> items;
    TRY_OK(ForEachItem(op, source, kConstraintsTable,
                       [&](Item item) { items.push_back(std::move(item)); }));
    if (still) return ReadConstraintItems(std::move(items));
    TRY(const Revision after, ReadRevision(op, source));
    if (before.number == after.number) return ReadConstraintItems(std::move(items));
    if (attempt == kConstraintAttempts)
      return Error(Code::kUnavailable,
                   "the constraints could not be read because they keep changing; try again");
  }
}

Result<std::vector<StoredConstraint>> ReadConstraints(OpContext& op, items::ItemStore& store) {
  if (!store.traits().snapshots) return ReadConstraints(op, store, false);
  TRY(const auto snapshot, store.OpenSnapshot(op));
  return ReadConstraints(op, *snapshot, true);
}

std::vector<Item> ConstraintItems(const Constraint& constraint, const Authorship& authorship,
                                  Ids ids) {
  const Item common = {
      {"name", Value::S(constraint.name)},
      {"description", Value::S(constraint.description)},
      {"objectType", Value::S(constraint.object_type)},
      {"criteriaAnd", Value::S(ListText(access::CriteriaJson(constraint.criteria_and, ids)))},
      {"criteriaOr", Value::S(ListText(access::CriteriaJson(constraint.criteria_or, ids)))},
      {"groupPermissions",
       Value::S(ListText(access::PermissionsJson(constraint.groups, "groupId", ids)))},
      {"userPermissions",
       Value::S(ListText(access::PermissionsJson(constraint.users, "userId", ids)))},
      {"dateCreated", Value::S(authorship.created_on)},
      {"dateModified", Value::S(authorship.modified_on)},
      {"createdBy", Value::S(authorship.created_by)},
      {"modifiedBy", Value::S(authorship.modified_by)},
  };
  std::vector<Item> items;
  const auto add = [&](std::string_view mark, std::string_view attribute, const std::string& who) {
    Item item = common;
    item.Set("constraintId", Value::S(fmt::format("{}{}{}", constraint.id, mark, who)));
    if (!attribute.empty()) item.Set(attribute, Value::S(who));
    items.push_back(std::move(item));
  };
  for (const std::string& group : Distinct(constraint.groups)) add(kGroupMark, "groupId", group);
  for (const std::string& user : Distinct(constraint.users)) add(kUserMark, "userId", user);
  if (items.empty()) add("", "", "");
  return items;
}

Result<Revision> ReadRevision(OpContext& op, items::ItemSource& source) {
  const Item keys[] = {RevisionKey()};
  TRY(const auto found, source.BatchGet(op, tables::kSeedsTable, keys));
  if (!found.front()) return Revision{};
  const Value* number = found.front()->Find("revision");
  if (number == nullptr || !number->is(Kind::kN))
    return Error(Code::kCorrupt,
                 "the record that counts the changes of constraints has no number, so constraints "
                 "can neither be read nor changed; restore it from a backup");
  return Revision{std::atoll(number->text().c_str())};
}

Write RaiseRevision(const Revision& revision) {
  Item item = RevisionKey();
  item.Set("revision", Value::N(revision.number + 1));
  return Write::Put(
      std::string(tables::kSeedsTable), std::move(item),
      {revision.number == 0 ? Condition::Absent()
                            : Condition::Equals("revision", Value::N(revision.number))});
}

Write RaiseRevision() {
  return Write::Update(std::string(tables::kSeedsTable), RevisionKey(),
                       {{items::Mutation::Op::kAdd, "revision", Value::N(1)}});
}

}  // namespace vams::catalog
