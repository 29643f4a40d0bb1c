// Which resources of AWS hold data, and which of their properties cannot change without another
// resource taking their place, as the CloudFormation user guide says of each ("Update requires").
// Internal to diff.  Constant data; pure functions.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vams::lifecycle::diff::internal {

struct DataKind {
  std::string_view type;
  std::string_view holds;  // "items"
};
// nullptr for a type that holds no data of its own.
const DataKind* FindDataKind(std::string_view type);

struct PropertyChange {
  std::string property;
  bool certain = true;  // else it may be replaced, or the deployment fails
  std::string note;
};

// The properties that differ between two resources of one type and whose change means replacement.
// Both are whole resources of a template.
std::vector<PropertyChange> ReplacingChanges(std::string_view type,
                                             const boost::json::object& before,
                                             const boost::json::object& after);

}  // namespace vams::lifecycle::diff::internal
