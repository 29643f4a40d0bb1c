// What the defaults of earlier releases allowed, where it was something else than now: to tell a
// default that nobody has touched from one that somebody edited.  Internal to catalog.
// Constant data; thread-safe.  Spec: data-model.md section 4.15.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/constraint.h"

namespace vams::catalog {

// What a constraint allows and denies, whatever it is called, in one text that equal ones share.
// Neither ids nor the order of criteria and permissions count.
std::string MeaningOf(const access::Constraint& constraint);

// Of the default with this id, as releases before 2.4 had it and a migration brings it along.
std::vector<std::string> EarlierMeanings(std::string_view id);

}  // namespace vams::catalog
