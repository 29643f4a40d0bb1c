#include "lifecycle/ab/role_change.h"

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/log.h"

namespace vams::lifecycle::ab {

namespace {

constexpr std::chrono::seconds kCatchUp{60};
// What is left is applied within a moment: one page.
constexpr std::uint64_t kCloseEnough = 200;

State Serving(const State& standby, const std::vector<std::string>& addresses, const Clock& clock) {
  State state = standby;
  state.role = Role::kServing;
  ++state.epoch;
  ++state.switches;
  state.addresses = addresses;
  state.switched_at = IsoMillis(clock.NowMillis());
  state.from_generation = 0;
  state.from_position = 0;
  state.pause_millis = -1;
  return state;
}

Result<TakenRole> BecomeServing(const State& standby, const std::vector<std::string>& addresses,
                                const Clock& clock, Follower& follower) {
  TakenRole taken{.state = Serving(standby, addresses, clock), .position = follower.position()};
  OpContext op;
  // What this side logs from here on is kept for the other one.
  TRY(const auto last, follower.store().LastChange(op));
  if (const Status kept = follower.store().AddConsumer(op, kConsumer, last);
      !kept.ok() && kept.error().code != Code::kConflict)
    return kept.error();
  VAMS_POINT("ab.before_taking_role");
  TRY_OK(WriteState(follower.stack(), taken.state));
  VAMS_POINT("ab.after_taking_role");
  return taken;
}

Error Disagree(const State& standby, const Source& source, std::string_view why) {
  return {Code::kConflict,
          fmt::format("{} {}; nothing was switched; look at both sides with \"vams ab status\" "
                      "(this one is at epoch {})",
                      source.Where(), why, standby.epoch)};
}

}  // namespace

Status CheckBeforeSwitch(OpContext& op, const State& standby, Follower& follower, Source& source) {
  TRY(auto look, source.Look(op));
  if (!look.state || look.state->deployment != standby.deployment)
    return Disagree(standby, source, "takes part in another A/B deployment, or in none");
  if (look.state->role != Role::kServing) return Disagree(standby, source, "does not serve either");
  if (look.state->epoch != standby.epoch)
    return Disagree(standby, source, fmt::format("is at epoch {}", look.state->epoch));
  const auto end = OpContext::SteadyClock::now() + kCatchUp;
  while (look.last_change > follower.position() + kCloseEnough) {
    if (OpContext::SteadyClock::now() >= end)
      return Error(
          Code::kUnavailable,
          fmt::format("{} changes of {} are not applied yet, so writes would be paused for "
                      "long; nothing was switched; switch again when \"vams ab status\" "
                      "says less",
                      look.last_change - follower.position(), source.Where()));
    TRY([[maybe_unused]] const bool some, follower.Step(op, std::chrono::milliseconds(0)));
    TRY(look, source.Look(op));
  }
  return Ok();
}

bool HasHandedOver(const State& standby, const SourceLook& look) {
  return look.state && look.state->deployment == standby.deployment &&
         look.state->role == Role::kStandby && look.state->epoch == standby.epoch + 1;
}

Result<TakenRole> FinishTakingRole(OpContext& op, const State& standby, const SourceLook& look,
                                   const Clock& clock, Follower& follower) {
  TRY_OK(follower.DrainTo(op, look.last_change));
  return BecomeServing(standby, look.state->addresses, clock, follower);
}

Result<TakenRole> TakeRole(OpContext& op, const State& standby,
                           const std::vector<std::string>& addresses, const Clock& clock,
                           Follower& follower, Source& source) {
  const items::Position before = follower.position();
  const auto hand_over = [&]() -> Status {
    TRY(const items::Position last, source.Freeze(op));
    VAMS_POINT("ab.frozen");
    TRY_OK(follower.DrainTo(op, last));
    TRY(const auto look, source.Look(op));
    if (!look.state) return Disagree(standby, source, "takes part in no A/B deployment any more");
    if (look.last_change != last)
      return Error(Code::kCorrupt,
                   fmt::format("{} took a write although it was frozen; nothing was switched; "
                               "restart its server",
                               source.Where()));
    State becomes = *look.state;
    becomes.role = Role::kStandby;
    becomes.epoch = standby.epoch + 1;
    ++becomes.switches;
    becomes.addresses = addresses;
    becomes.switched_at = IsoMillis(clock.NowMillis());
    becomes.from_generation = follower.stack().current.number;
    TRY(becomes.from_position, follower.store().LastChange(op));
    return source.HandOver(op, becomes);
  };
  if (const Status handed = hand_over(); !handed.ok()) {
    // It may have happened all the same: an error of the last sync, say, or a lost answer.
    const auto look = source.Look(op);
    if (!look.ok() || !HasHandedOver(standby, *look)) {
      if (const Status thawed = source.Thaw(op); !thawed.ok())
        LogWarning(fmt::format("{}: {}", source.Where(), thawed.error().message));
      return handed.error();
    }
    LogWarning(fmt::format("{} has handed over, although it said: {}", source.Where(),
                           handed.error().message));
  }
  TRY(auto taken, BecomeServing(standby, addresses, clock, follower));
  taken.drained = taken.position - before;
  return taken;
}

}  // namespace vams::lifecycle::ab
