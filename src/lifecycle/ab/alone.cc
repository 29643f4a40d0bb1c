#include "lifecycle/ab/alone.h"

#include <fmt/format.h>

#include <chrono>

#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/follower_rows.h"
#include "lifecycle/ab/open_source.h"
#include "lifecycle/served_stack.h"
#include "migrate/journal.h"
#include "net/http_client.h"

namespace vams::lifecycle::ab {

namespace {

constexpr std::size_t kAlonePage = 500;
constexpr std::chrono::seconds kProbe{5};

// How far the store says that it has come; nothing if it says nothing for this epoch.
Result<std::optional<items::Position>> AppliedOf(OpContext& op, const Stack& stack,
                                                 const State& state) {
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  const auto row =
      store->Get(op, std::string(kTable), items::Item{{"name", items::Value::S(kApplied)}});
  if (!row.ok()) {
    if (row.error().code != Code::kNotFound) return row.error();
    return std::optional<items::Position>();
  }
  const auto number = [&](std::string_view name) -> std::uint64_t {
    const items::Value* value = row->Find(name);
    if (value == nullptr || value->kind() != items::Kind::kN) return 0;
    return std::strtoull(std::string(value->text()).c_str(), nullptr, 10);
  };
  if (row->Text("deployment") != state.deployment || number("epoch") != state.epoch)
    return std::optional<items::Position>();
  return std::optional<items::Position>(number("position"));
}

Error IsThere(std::string_view where, std::string_view how) {
  return {Code::kConflict,
          fmt::format("{} {}, so it is not lost; nothing was changed; change the roles as usual, "
                      "with \"vams ab switch\" or \"vams ab rollback\"",
                      where, how)};
}

// Its folder, whatever state that is in.
Stack FolderOf(const Peer& peer) {
  return {.name = peer.stack,
          .created_at = {},
          .folder = peer.home / "stacks" / peer.stack,
          .current = {}};
}

// Whatever a server says, it may take writes.
bool Answers(const std::string& url) {
  net::HttpClient http({.ca_bundle = {}, .any_certificate = true});
  OpContext op(OpContext::SteadyClock::now() + kProbe);
  net::HttpRequest request{.method = "GET", .url = url + "/healthz"};
  request.direct = true;
  request.timeout = kProbe;
  return http.Send(op, request).ok();
}

// Whether everything behind `after` can be read.
bool IsReadable(OpContext& op, const State& standby, items::Position after, const Clock& clock) {
  const auto source = OpenSource(standby, clock);
  if (!source.ok()) return false;
  const auto look = (*source)->Look(op);
  if (!look.ok() || !look->state || look->state->deployment != standby.deployment) return false;
  while (after < look->last_change) {
    const auto page = (*source)->Changes(op, after, kAlonePage, std::chrono::milliseconds(0));
    if (!page.ok() || page->next <= after) return false;
    after = page->next;
  }
  return true;
}

// What is left of the other side on this machine never takes writes again.
Status Fence(const State& standby, const Clock& clock) {
  if (standby.peer.remote()) return Ok();
  const Stack other = FolderOf(standby.peer);
  std::error_code ec;
  if (!std::filesystem::exists(other.folder, ec)) return Ok();
  const auto state = ReadState(other);
  if (!state.ok() || !*state || (*state)->deployment != standby.deployment) return Ok();
  TRY(const auto lock, LockStack(other, "vams ab switch", clock));
  State becomes = **state;
  becomes.role = Role::kStandby;
  becomes.epoch = standby.epoch + 1;
  becomes.from_generation = 0;
  becomes.from_position = 0;
  return WriteState(other, becomes);
}

}  // namespace

Result<Standing> StandingOf(OpContext& op, const Stack& stack, const State& standby) {
  Standing standing{.position = standby.from_position};
  TRY(const auto applied, AppliedOf(op, stack, standby));
  if (applied) standing.position = *applied;
  // A copy is of one moment once everything that was written while it was made is applied; a side
  // that has served is whole from then on.
  const auto& origin = stack.current.origin;
  if (TextOf(origin, "kind") == "ab" && TextOf(origin, "deployment") == standby.deployment)
    standing.whole = standing.position >= NumberOf(origin, "whole");
  else
    standing.whole = standby.from_generation != 0;
  TRY(const auto progress, ReadProgress(stack));
  if (progress && progress->source_position > standing.position)
    standing.missing = progress->source_position - standing.position;
  return standing;
}

Status CheckLost(OpContext& op, const Stack& stack, const State& standby, const Clock& clock) {
  const Peer& peer = standby.peer;
  if (peer.remote()) return Answers(peer.url) ? Status(IsThere(peer.url, "answers")) : Ok();
  const Stack other = FolderOf(peer);
  const std::string where = fmt::format("stack \"{}\"", peer.stack);
  std::error_code ec;
  if (!std::filesystem::exists(other.folder, ec)) return Ok();
  TRY(const auto served, ServedStack::Find(other));
  if (served) return IsThere(where, "is served");
  TRY(const auto standing, StandingOf(op, stack, standby));
  if (IsReadable(op, standby, standing.position, clock))
    return IsThere(where, "can be read to its last change");
  return Ok();
}

Status CheckStandbyLost(const State& serving, const Clock& clock) {
  const Peer& peer = serving.peer;
  if (peer.remote()) {
    if (!Answers(peer.url)) return Ok();
    return Error(
        Code::kConflict,
        fmt::format("{} answers, so it is not lost; nothing was done; run \"vams ab finish\" "
                    "on its machine",
                    peer.url));
  }
  const auto other = StackRegistry(peer.home, clock).Get(peer.stack);
  if (!other.ok()) return Ok();
  const auto state = ReadState(*other);
  if (!state.ok() || !*state || (*state)->deployment != serving.deployment) return Ok();
  return Error(Code::kConflict, fmt::format("stack \"{}\" is there, so it is not lost; nothing was "
                                            "done; finish without --alone",
                                            peer.stack));
}

Result<State> TakeRoleAlone(OpContext& op, const Stack& stack, const State& standby,
                            const Clock& clock) {
  TRY_OK(CheckLost(op, stack, standby, clock));
  TRY(const auto standing, StandingOf(op, stack, standby));
  if (!standing.whole)
    return Error(
        Code::kConflict,
        fmt::format("stack \"{}\" was not copied whole when the other side was lost, so there is "
                    "nothing that could be served; nothing was changed; restore a backup of the "
                    "other side with \"vams backup restore\"",
                    stack.name));
  TRY_OK(Fence(standby, clock));
  State state = standby;
  state.role = Role::kServing;
  ++state.epoch;
  ++state.switches;
  state.peer = {};
  state.from_generation = 0;
  state.from_position = 0;
  state.pause_millis = -1;
  state.switched_at = IsoMillis(clock.NowMillis());
  TRY_OK(WriteState(stack, state));
  return state;
}

Status CheckNotReplaced(const Stack& stack, const Clock& clock) {
  TRY(const auto state, ReadState(stack));
  if (!state || state->finished() || state->role != Role::kServing) return Ok();
  OpContext op(OpContext::SteadyClock::now() + kProbe);
  const auto source = OpenSource(*state, clock);
  if (!source.ok()) return Ok();
  const auto look = (*source)->Look(op);
  if (!look.ok() || !look->state || look->state->deployment != state->deployment ||
      look->state->role != Role::kServing || look->state->epoch <= state->epoch)
    return Ok();
  return Error(
      Code::kConflict,
      fmt::format("stack \"{0}\" was given up for lost, and {1} serves instead of it; were both to "
                  "take writes, they would part for good; nothing was started; what this side took "
                  "last may be missing there: look at it with \"vams items\", then remove it with "
                  "\"vams stack destroy {0}\"",
                  stack.name, (*source)->Where()));
}

}  // namespace vams::lifecycle::ab
