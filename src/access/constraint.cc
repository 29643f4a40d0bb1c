#include "access/constraint.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

namespace vams::access {

namespace json = boost::json;

namespace {

// A scalar as text; nothing for an array or an object.
std::optional<std::string> ScalarText(const json::value& value) {
  if (value.is_null()) return std::string();
  if (const json::string* text = value.if_string()) return std::string(*text);
  if (value.is_structured()) return std::nullopt;
  return json::serialize(value);
}

// Empty when the member is missing.
Result<std::string> MemberText(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr) return std::string();
  if (auto text = ScalarText(*member)) return *std::move(text);
  return Error(Code::kCorrupt,
               "member \"" + std::string(name) + "\" is no text; mend the stored constraint");
}

Error NoArray(std::string_view what) {
  return Error(Code::kCorrupt, "the stored " + std::string(what) +
                                   " are no array of objects; write the constraint again");
}

Status ParseValues(const json::object& object, Criterion& criterion) {
  const json::value* value = object.if_contains("value");
  const json::array* list = value != nullptr ? value->if_array() : nullptr;
  if (list == nullptr) {
    TRY(std::string text, MemberText(object, "value"));
    criterion.values.push_back(std::move(text));
    return Ok();
  }
  criterion.is_list = true;
  for (const json::value& entry : *list) {
    auto text = ScalarText(entry);
    if (!text) {
      return Error(Code::kCorrupt,
                   "a list of criterion values holds more than texts; mend the stored constraint");
    }
    criterion.values.push_back(*std::move(text));
  }
  return Ok();
}

void PutId(json::object& object, const std::string& id, Ids ids) {
  if (ids == Ids::kKeep && !id.empty()) object["id"] = id;
}

}  // namespace

json::array CriteriaJson(const std::vector<Criterion>& criteria, Ids ids) {
  json::array array;
  array.reserve(criteria.size());
  for (const Criterion& criterion : criteria) {
    json::object object;
    PutId(object, criterion.id, ids);
    object["field"] = criterion.field;
    object["operator"] = criterion.op;
    if (criterion.is_list) {
      object["value"] = json::array(criterion.values.begin(), criterion.values.end());
    } else {
      object["value"] = criterion.values.empty() ? std::string() : criterion.values.front();
    }
    array.push_back(std::move(object));
  }
  return array;
}

json::array PermissionsJson(const std::vector<Permission>& permissions, std::string_view who_name,
                            Ids ids) {
  json::array array;
  array.reserve(permissions.size());
  for (const Permission& permission : permissions) {
    json::object object;
    PutId(object, permission.id, ids);
    object[who_name] = permission.who;
    object["permission"] = permission.action;
    object["permissionType"] = permission.type.empty() ? "allow" : permission.type;
    array.push_back(std::move(object));
  }
  return array;
}

json::object ConstraintJson(const Constraint& constraint) {
  json::object object;
  object["constraintId"] = constraint.id;
  object["name"] = constraint.name;
  object["description"] = constraint.description;
  object["objectType"] = constraint.object_type;
  object["criteriaAnd"] = CriteriaJson(constraint.criteria_and, Ids::kLeaveOut);
  object["criteriaOr"] = CriteriaJson(constraint.criteria_or, Ids::kLeaveOut);
  object["groupPermissions"] = PermissionsJson(constraint.groups, "groupId", Ids::kLeaveOut);
  object["userPermissions"] = PermissionsJson(constraint.users, "userId", Ids::kLeaveOut);
  return object;
}

Result<std::vector<Criterion>> ParseCriteria(const json::value& value) {
  std::vector<Criterion> criteria;
  if (value.is_null()) return criteria;
  const json::array* array = value.if_array();
  if (array == nullptr) return NoArray("criteria");
  criteria.reserve(array->size());
  for (const json::value& entry : *array) {
    const json::object* object = entry.if_object();
    if (object == nullptr) return NoArray("criteria");
    Criterion criterion;
    TRY(criterion.field, MemberText(*object, "field"));
    TRY(criterion.op, MemberText(*object, "operator"));
    TRY(criterion.id, MemberText(*object, "id"));
    TRY_OK(ParseValues(*object, criterion));
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

Result<std::vector<Permission>> ParsePermissions(const json::value& value,
                                                 std::string_view who_name) {
  std::vector<Permission> permissions;
  if (value.is_null()) return permissions;
  const json::array* array = value.if_array();
  if (array == nullptr) return NoArray("permissions");
  permissions.reserve(array->size());
  for (const json::value& entry : *array) {
    const json::object* object = entry.if_object();
    if (object == nullptr) return NoArray("permissions");
    Permission permission;
    TRY(permission.who, MemberText(*object, who_name));
    TRY(permission.action, MemberText(*object, "permission"));
    TRY(permission.type, MemberText(*object, "permissionType"));
    TRY(permission.id, MemberText(*object, "id"));
    permissions.push_back(std::move(permission));
  }
  return permissions;
}

}  // namespace vams::access
