// The change of roles: the standby's side drives it, because it is the one that has to have
// everything.  Spec: lifecycle.md section 7; the order of the steps and what a crash between two of
// them leaves: docs/formats/ab-state.md.
//
// One thread.  Blocks.
#pragma once

#include "base/clock.h"
#include "lifecycle/ab/follower.h"
#include "lifecycle/ab/source.h"

namespace vams::lifecycle::ab {

struct TakenRole {
  State state;                   // this side's, serving
  items::Position position = 0;  // of the last change that came from the other side
  std::uint64_t drained = 0;     // changes that were applied while writes were paused
};

// Whether the two sides agree on the deployment, and the standby has come close enough that what is
// left is applied at once.  kConflict or kUnavailable with what to wait for; nothing was changed.
Status CheckBeforeSwitch(OpContext& op, const State& standby, Follower& follower, Source& source);

// Freezes the other side, applies the rest, has it hand over, and becomes the serving side,
// durably. After an error the other side takes writes again, unless it has handed over: then
// HasHandedOver says so, and FinishTakingRole goes on.
Result<TakenRole> TakeRole(OpContext& op, const State& standby,
                           const std::vector<std::string>& addresses, const Clock& clock,
                           Follower& follower, Source& source);

// The other side has given this one the role, and this one has not taken it yet.
bool HasHandedOver(const State& standby, const SourceLook& look);
Result<TakenRole> FinishTakingRole(OpContext& op, const State& standby, const SourceLook& look,
                                   const Clock& clock, Follower& follower);

}  // namespace vams::lifecycle::ab
