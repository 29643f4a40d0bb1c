// The constraints that deployments of 2.1 to 2.3 write by themselves, and what a constraint means
// apart from its names and ids: ruling D-4.  Spec: data-model.md section 4.15.
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"

namespace vams::migrate::v23_to_v24 {

// A constraint of either shape with its lists as values.
struct Constraint {
  std::string id;  // the base id
  std::string object_type;
  // Elements are maps; other elements are kept, they mean nothing.
  items::Value::List criteria_and, criteria_or, group_permissions, user_permissions;
};

bool IsDefaultId(std::string_view id);

// Equal texts for constraints of equal effect: the order of entries, ids of entries, names and
// descriptions do not count.
std::string MeaningOf(const Constraint& constraint);

// The meanings of a default constraint as some release until 2.3 wrote it; empty for another id.
std::vector<std::string> DefaultMeanings(std::string_view id);

}  // namespace vams::migrate::v23_to_v24
