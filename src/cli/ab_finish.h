// How A/B deployments end: `vams ab finish`, and both commands that go on without a side that is
// lost.
//
// One thread.  They block for as long as a backup takes.
#pragma once

#include <string>
#include <string_view>

#include "cli/cli.h"

namespace vams::cli {

struct FinishOptions {
  bool abandon = false;    // before a switch: remove the standby
  bool no_backup = false;  // of what is removed
  bool alone = false;      // the other side is lost
};

Result<int> FinishDeployment(Context& context, const FinishOptions& options);

// Has the standby serve what it has of a side that is lost.
Result<int> SwitchAlone(Context& context);

}  // namespace vams::cli
