// Permission templates: substitution of variables into constraints, and the templates that come
// with the product.  Spec: permissions.md section 13, api-auth.md section 6.5.
// Pure functions and constant data; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/constraint.h"
#include "base/result.h"

namespace vams::access {

struct TemplateVariable {
  std::string name;
  bool required = true;
  std::string description;
  std::optional<std::string> default_value;
};

// A template with the values to fill in, as posted; already checked for its form.
struct TemplateRequest {
  std::string name = "unknown";  // template.name
  std::vector<TemplateVariable> variables;
  std::vector<std::pair<std::string, std::string>> values;  // in entry order
  std::vector<Constraint> constraints;                      // `who` of permissions is empty
};

// The constraints with everything filled in: groupId is ROLE_NAME's value, ids are empty (the
// caller makes them).  kInvalid with the sentences of section 6.5 when a variable is missing or a
// placeholder is left.
Result<std::vector<Constraint>> FillIn(const TemplateRequest& request);

// The built-in templates ("database-admin.json", …), in the shape of the template files: {metadata,
// variables, constraints}.
struct BuiltInTemplate {
  std::string_view file;
  boost::json::object content;
};
std::span<const BuiltInTemplate> BuiltInTemplates();

}  // namespace vams::access
