// Constraints as they are written and stored: texts, not yet compiled.  Spec: permissions.md
// sections 2.3 and 4, api-auth.md section 6.  Plain values and pure functions; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::access {

struct Criterion {
  std::string field;
  std::string op;                   // "equals"
  std::vector<std::string> values;  // one, or the entries of a list
  bool is_list = false;             // the value was given as an array
  std::string id;                   // of seeded and old records; never returned by the API
  bool operator==(const Criterion&) const = default;
};

// A permission of a role (in groupPermissions) or of a user (in userPermissions).
struct Permission {
  std::string who;     // groupId or userId
  std::string action;  // permission: "GET"
  std::string type;    // permissionType: "allow" or "deny"; empty counts as allow
  std::string id;
  bool operator==(const Permission&) const = default;
};

struct Constraint {
  std::string id;
  std::string name;
  std::string description;
  std::string object_type;
  std::vector<Criterion> criteria_and;
  std::vector<Criterion> criteria_or;
  std::vector<Permission> groups;
  std::vector<Permission> users;
  bool operator==(const Constraint&) const = default;
};

// Ids of criteria and permissions are part of stored records, not of the API's answers.
enum class Ids : std::uint8_t { kLeaveOut, kKeep };

boost::json::array CriteriaJson(const std::vector<Criterion>& criteria, Ids ids);
// `who_name` is "groupId" or "userId".
boost::json::array PermissionsJson(const std::vector<Permission>& permissions,
                                   std::string_view who_name, Ids ids);
// {"constraintId", "name", "description", "objectType", "criteriaAnd", …}: the API's form.
boost::json::object ConstraintJson(const Constraint& constraint);

// Read leniently, as stored: what is missing is empty, unknown members are ignored, a scalar counts
// as its text.  kCorrupt when the value is no array of objects.
Result<std::vector<Criterion>> ParseCriteria(const boost::json::value& value);
Result<std::vector<Permission>> ParsePermissions(const boost::json::value& value,
                                                 std::string_view who_name);

// Whether a value can be a criterion's: compiles as a regular expression of the dialect of section
// 4.1 within the length limit (8192 bytes).  kInvalid says where it breaks.
Status CheckPattern(std::string_view pattern);

}  // namespace vams::access
