// The report of an update or a rehearsal for people.  Pure.
#pragma once

#include <string>

#include "lifecycle/update/update.h"

namespace vams::lifecycle {

// The sections behind the steps: checks, change set, migration with its proof, looks at the
// service, comparison with the rehearsal.  HTML.
std::string UpdatePage(const UpdateReport& report);

}  // namespace vams::lifecycle
