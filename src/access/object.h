// What a permission is asked for: a type and its fields.  Spec: permissions.md section 3.
// Plain values.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "access/vocabulary.h"

namespace vams::access {

// Fields that are not set are empty, and so is a null of the stored record (section 1.2 step 4).
class Object {
 public:
  explicit Object(ObjectType type) : type_(type) {}

  // The request path of an API call: decoded, without query.
  static Object Api(std::string_view path) {
    return Object(ObjectType::kApi).Set(Field::kRoutePath, path);
  }
  static Object Web(std::string_view path) {
    return Object(ObjectType::kWeb).Set(Field::kRoutePath, path);
  }
  static Object Role(std::string_view name) {
    return Object(ObjectType::kRole).Set(Field::kRoleName, name);
  }
  static Object UserRole(std::string_view user, std::string_view role) {
    return Object(ObjectType::kUserRole).Set(Field::kUserId, user).Set(Field::kRoleName, role);
  }

  // A programmer's error for kTags and kObjectType.  The suffix "#deleted" of an archived asset's
  // database is a storage detail that rules do not see: callers pass the plain id (ruling 2).
  Object& Set(Field field, std::string_view value) &;
  Object&& Set(Field field, std::string_view value) && { return std::move(Set(field, value)); }
  Object& SetTags(std::vector<std::string> tags) &;
  Object&& SetTags(std::vector<std::string> tags) && { return std::move(SetTags(std::move(tags))); }

  ObjectType type() const { return type_; }
  // The type's name for kObjectType; a programmer's error for kTags.
  std::string_view Get(Field field) const;
  const std::vector<std::string>& tags() const { return tags_; }

 private:
  ObjectType type_;
  std::array<std::string, kFields> values_;
  std::vector<std::string> tags_;
};

}  // namespace vams::access
