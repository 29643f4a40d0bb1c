#include "access/object.h"

#include <utility>

#include "base/result.h"

namespace vams::access {

Object& Object::Set(Field field, std::string_view value) & {
  VAMS_CHECK(field != Field::kTags && field != Field::kObjectType);
  values_[static_cast<std::size_t>(field)] = value;
  return *this;
}

Object& Object::SetTags(std::vector<std::string> tags) & {
  tags_ = std::move(tags);
  return *this;
}

std::string_view Object::Get(Field field) const {
  VAMS_CHECK(field != Field::kTags);
  if (field == Field::kObjectType) return Name(type_);
  return values_[static_cast<std::size_t>(field)];
}

}  // namespace vams::access
