// Reading the JSON object of a request: texts with their limits, lists, flags, and every complaint
// collected into the one message that clients know.  Spec: api-auth.md section 1.2.
//
// Thread rule: a reader belongs to one request.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"

namespace vams::model {

// What is wrong with a body, in the order found.
class Problems {
 public:
  // `where` is a field, "list -> 0 -> field" or "__root__".
  void Add(std::string where, std::string reason);
  // The complaint of a named validator; those belong to no field alone.
  void Add(Complaint complaint) {
    if (complaint) Add("__root__", *std::move(complaint));
  }
  bool empty() const { return problems_.empty(); }
  // "2 validation errors for RoleModel", then a line for the place and one for the reason each.
  std::string Text(std::string_view model) const;

 private:
  std::vector<std::pair<std::string, std::string>> problems_;
};

struct TextRule {
  bool required = true;
  std::size_t min = 0;  // code points
  std::size_t max = std::numeric_limits<std::size_t>::max();
};

// One object of the body.  What is missing or malformed is noted, and an empty value returned:
// callers read everything and then look at the problems.
class ObjectReader {
 public:
  ObjectReader(const boost::json::object& object, Problems& problems, std::string at = {})
      : object_(object), problems_(problems), at_(std::move(at)) {}

  bool Has(std::string_view name) const;  // present and not null
  bool IsNull(std::string_view name) const;

  // Scalars given for text count as their text: 5 is "5", false is "False".
  std::string Text(std::string_view name, TextRule rule = {});
  std::optional<std::string> OptionalText(std::string_view name, TextRule rule = {});
  // true, false, and their usual text forms ("yes", "off", "1").
  std::optional<bool> OptionalBool(std::string_view name);
  // The same; what is missing is a problem.
  bool Bool(std::string_view name);
  // Whole numbers, their text, and fractions, which are cut off; a problem outside the bounds.
  std::optional<std::int64_t> OptionalInt(
      std::string_view name, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max());
  std::vector<std::string> Texts(std::string_view name, bool required);
  // Every element, an object, with a reader of its own; others are problems.  An absent list is
  // empty; whether that will do is the caller's question.
  void Each(std::string_view name, const std::function<void(ObjectReader&)>& read);

  const boost::json::object& object() const { return object_; }
  Problems& problems() { return problems_; }
  std::string Where(std::string_view name) const;

 private:
  const boost::json::object& object_;
  Problems& problems_;
  std::string at_;  // "criteriaAnd -> 0 -> ", or empty
};

// The text of a scalar as upstream's models make it; nothing for null, lists and objects.
std::optional<std::string> ScalarText(const boost::json::value& value);

}  // namespace vams::model
