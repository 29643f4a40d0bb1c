// Going on without the other side of an A/B deployment when that is lost for good: what the standby
// has of it is served, and what it had not seen yet is named.  Spec: lifecycle.md section 7; guide:
// docs/operations/ab.md, "When a side is lost".
//
// Plain functions, one thread.  They block on disk and network.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/op_context.h"
#include "lifecycle/ab/state.h"

namespace vams::lifecycle::ab {

// What a standby has of the other side.
struct Standing {
  bool whole = false;            // the state of one moment, so that it can be served
  items::Position position = 0;  // of the other side's log
  std::uint64_t missing = 0;     // changes behind it that the other side is known to have had
};
Result<Standing> StandingOf(OpContext& op, const Stack& stack, const State& standby);

// kConflict with what to do instead while the other side is there: a server answers, or its files
// can be read to their end.
Status CheckLost(OpContext& op, const Stack& stack, const State& standby, const Clock& clock);

// The same for the side that serves, of its standby.
Status CheckStandbyLost(const State& serving, const Clock& clock);

// Makes the standby the serving side and ends the deployment, durably.  What is left of the other
// side on this machine is kept from serving again, and is not touched otherwise.  kConflict as
// CheckLost, and for a standby that was never copied whole.
Result<State> TakeRoleAlone(OpContext& op, const Stack& stack, const State& standby,
                            const Clock& clock);

// kConflict for a serving side that another one has taken over from without it, say while its
// machine was down.  Whoever cannot be asked within a moment is taken to be fine.
Status CheckNotReplaced(const Stack& stack, const Clock& clock);

}  // namespace vams::lifecycle::ab
