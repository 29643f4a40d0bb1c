// Dates and times of day as metadata values may write them: the forms of ISO 8601 that upstream's
// parser reads, which are more than RFC 3339 has.  Spec: api-metadata.md section 3.2.
//
// Internal to model.  Pure; thread-safe; allocates nothing.
#pragma once

#include <string_view>

namespace vams::model {

bool IsIsoDate(std::string_view text);

}  // namespace vams::model
