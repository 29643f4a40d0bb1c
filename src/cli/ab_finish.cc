#include "cli/ab_finish.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <iostream>

#include "app/backups.h"
#include "app/settings.h"
#include "cli/rest_client.h"
#include "cli/stoppable.h"
#include "lifecycle/ab/alone.h"
#include "lifecycle/ab/deploy.h"
#include "lifecycle/ab/http_source.h"
#include "lifecycle/ab/open_source.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/stacks/destroy.h"

namespace vams::cli {

namespace ab = lifecycle::ab;
namespace json = boost::json;

namespace {

// `what` happens to the stack of that name, a sentence each.
Status Confirm(const Context& context, const std::string& name, std::string_view what) {
  if (context.yes) return Ok();
  if (::isatty(STDIN_FILENO) == 1) {
    fmt::print(stderr, "{}; type the name \"{}\" to go on: ", what, name);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == name) return Ok();
  }
  return Error(Code::kConflict,
               fmt::format("{}, and nobody has agreed to that; nothing was done; say --yes, or run "
                           "the command on a terminal",
                           what));
}

Status ConfirmRemoval(const Context& context, const std::string& name) {
  return Confirm(context, name, fmt::format("stack \"{}\" would be removed", name));
}

Result<std::string> BackUp(const Context& context, const lifecycle::Stack& stack,
                           const files::Path& home) {
  TRY(const auto config, ab::StoredConfig(stack));
  OpContext op;
  ProgressLine line(context);
  TRY(const auto report,
      lifecycle::backup::Create(stack, app::BackupFolderOf(config, home), app::EncryptionOf(config),
                                {.clock = context.clock,
                                 .random = SystemRandom(),
                                 .op = op,
                                 .progress = [&](std::string_view phase, std::uint64_t done) {
                                   line.Show(phase, done);
                                 }}));
  return report.manifest.id;
}

// The standby's server has everything and ends.
Status StopStandby(Context& context, const lifecycle::Stack& standby) {
  TRY(auto served, lifecycle::ServedStack::Find(standby));
  if (!served) return Ok();
  OpContext op;
  TRY([[maybe_unused]] const auto stopped, ab::Ask(op, standby, "stop", {}, SystemRandom(), {}));
  // Until its lock is free.
  while (true) {
    const auto lock = lifecycle::LockStack(standby, "vams ab finish", context.clock);
    if (lock.ok() || lock.error().code != Code::kConflict) return Ok();
    ::usleep(20'000);
  }
}

// Who did what while it served outlives it.
Status KeepRecords(const lifecycle::Stack& from, const files::Path& folder) {
  const files::Path kept = folder / "former" / from.name;
  TRY_OK(files::MakeFolders(kept));
  std::error_code ec;
  for (const char* name : {"audit", "history.jsonl"}) {
    if (!std::filesystem::exists(from.folder / name, ec)) continue;
    std::filesystem::copy(from.folder / name, kept / name,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing,
                          ec);
    if (ec) return files::ErrnoError("copy", from.folder / name, ec.value());
  }
  return files::SyncFolder(kept);
}

// Stops it, backs it up, keeps its records below `records`; then `leave`, and it is gone.
Status Remove(Context& context, const FinishOptions& options,
              const lifecycle::StackRegistry& registry, const lifecycle::Stack& standby,
              const files::Path& records, const std::function<Status()>& leave,
              json::object& result) {
  TRY_OK(StopStandby(context, standby));
  if (!options.no_backup) {
    TRY(const auto id, BackUp(context, standby, registry.home()));
    result["backup"] = id;
  }
  TRY_OK(KeepRecords(standby, records));
  TRY_OK(leave());
  TRY(auto destroyer, lifecycle::StackDestroyer::Begin(registry, standby.name, context.clock));
  TRY([[maybe_unused]] const auto destroyed,
      std::move(destroyer).Finish({{"reason", "ab finish"}}));
  return Ok();
}

int Tell(const Context& context, const json::object& result) {
  if (context.json) {
    PrintJson(result);
    return kDone;
  }
  const json::value told(result);
  const std::string removed = TextOf(told, "removed"), serving = TextOf(told, "serving");
  if (const auto backup = TextOf(told, "backup"); !backup.empty())
    fmt::print("final backup of \"{}\": {}\n", removed, backup);
  if (removed.empty())
    fmt::print("\"{}\" serves alone; nothing was removed\n", serving);
  else
    fmt::print("stack \"{}\" was removed; \"{}\" serves alone\n", removed, serving);
  return kDone;
}

// The other side is another machine's: this one is the standby, which is removed.
Result<int> FinishAcross(Context& context, const FinishOptions& options,
                         const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack,
                         const ab::State& state) {
  if (state.role == ab::Role::kServing)
    return Error(
        Code::kInvalid,
        fmt::format(
            "the standby of stack \"{}\" is on another machine ({}), and it is the one that "
            "ends; run the command there, or end the deployment with --alone if that "
            "machine is lost",
            stack.name, state.peer.url));
  TRY(const auto source, ab::HttpSource::Open(state.peer, state.deployment));
  OpContext op;
  const Stoppable stoppable(op);
  TRY(const auto look, source->Look(op));
  if (look.state && look.state->deployment == state.deployment &&
      look.state->role != ab::Role::kServing)
    return Error(
        Code::kConflict,
        fmt::format("{} does not serve either; nothing was done; start both servers, which "
                    "finishes the switch that was cut off",
                    source->Where()));
  TRY_OK(ConfirmRemoval(context, stack.name));
  json::object result{
      {"serving", state.peer.stack}, {"at", state.peer.url}, {"removed", stack.name}};
  TRY_OK(Remove(
      context, options, registry, stack, registry.home(), [&] { return source->Leave(op); },
      result));
  return Tell(context, result);
}

Result<int> FinishHere(Context& context, const FinishOptions& options,
                       const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack,
                       const ab::State& state) {
  const bool is_standby = state.role == ab::Role::kStandby;
  const lifecycle::StackRegistry other(state.peer.home.empty() ? registry.home() : state.peer.home,
                                       context.clock);
  const auto& standby_registry = is_standby ? registry : other;
  const auto& serving_registry = is_standby ? other : registry;
  const std::string standby_name = is_standby ? stack.name : state.peer.stack;
  auto found = serving_registry.Get(is_standby ? state.peer.stack : stack.name);
  if (!found.ok())
    return Error(found.error().code,
                 fmt::format("the side that serves cannot be opened: {}; if it is lost for good, "
                             "have \"{}\" serve what it has of it with \"vams ab {} --alone\"",
                             found.error().message, standby_name,
                             state.switches % 2 == 0 ? "switch" : "rollback"));
  const lifecycle::Stack serving = *std::move(found);
  json::object result{{"serving", serving.name}, {"removed", standby_name}};
  if (standby_registry.Exists(standby_name)) {
    TRY_OK(ConfirmRemoval(context, standby_name));
    TRY(const auto standby, standby_registry.Get(standby_name));
    TRY_OK(Remove(
        context, options, standby_registry, standby, serving.folder, [] { return Ok(); }, result));
  }
  TRY_OK(ab::Forget(serving, context.clock));
  TRY_OK(lifecycle::AppendHistory(serving,
                                  {{"operation", "ab finish"},
                                   {"result", options.abandon ? "abandoned" : "done"},
                                   {"removed", standby_name}},
                                  context.clock));
  return Tell(context, result);
}

// The side that serves goes on without a standby that is lost.
Result<int> FinishAlone(Context& context, const lifecycle::Stack& stack, const ab::State& state) {
  if (state.role == ab::Role::kStandby)
    return Error(
        Code::kConflict,
        fmt::format("stack \"{0}\" is the standby; nothing was done; have it serve what it "
                    "has of the other side with \"vams ab {1} --alone\", or remove it with "
                    "\"vams stack destroy {0}\"",
                    stack.name, state.switches % 2 == 0 ? "switch" : "rollback"));
  TRY_OK(ab::CheckStandbyLost(state, context.clock));
  TRY_OK(
      Confirm(context, stack.name,
              fmt::format("stack \"{}\" would go on without \"{}\", which gets no final backup and "
                          "is not removed where there is something left of it",
                          stack.name, state.peer.stack)));
  TRY_OK(ab::Forget(stack, context.clock));
  TRY_OK(lifecycle::AppendHistory(
      stack, {{"operation", "ab finish"}, {"result", "alone"}, {"lost", state.peer.stack}},
      context.clock));
  return Tell(context, {{"serving", stack.name}, {"lost", state.peer.stack}});
}

}  // namespace

Result<int> FinishDeployment(Context& context, const FinishOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.Stack());
  TRY(const auto state, ab::ReadState(stack));
  if (!state || state->finished())
    return Error(
        Code::kNotFound,
        fmt::format("stack \"{}\" takes part in no A/B deployment; nothing was done", stack.name));
  if (options.alone) return FinishAlone(context, stack, *state);
  if (state->switches % 2 == 0 && !options.abandon)
    return Error(Code::kConflict,
                 "the replacement does not serve, so finishing would remove it; nothing was done; "
                 "switch first with \"vams ab switch\", or give the deployment up with --abandon");
  return state->peer.remote() ? FinishAcross(context, options, registry, stack, *state)
                              : FinishHere(context, options, registry, stack, *state);
}

Result<int> SwitchAlone(Context& context) {
  TRY(const auto stack, context.Stack());
  TRY(const auto state, ab::ReadState(stack));
  if (!state || state->finished() || state->role != ab::Role::kStandby)
    return Error(
        Code::kConflict,
        fmt::format("stack \"{0}\" is no standby, so there is nothing to take over; nothing "
                    "was done; if its standby is lost, end the deployment with \"vams ab "
                    "finish --alone --stack {0}\"",
                    stack.name));
  OpContext op;
  const Stoppable stoppable(op);
  TRY(const auto standing, ab::StandingOf(op, stack, *state));
  const std::string other =
      state->peer.remote() ? state->peer.url : fmt::format("stack \"{}\"", state->peer.stack);
  TRY_OK(Confirm(
      context, stack.name,
      fmt::format("stack \"{}\" would serve without {}: changes behind {} of it are not here ({} "
                  "are known of), whoever has them left cannot bring them in any more, and {} must "
                  "not be started as a server again",
                  stack.name, other, standing.position, standing.missing, other)));
  TRY(const json::object result, ab::Ask(op, stack, "alone", {}, SystemRandom(), {}));
  if (context.json) {
    PrintJson(result);
    return kDone;
  }
  const json::value told(result);
  fmt::print(
      "stack \"{}\" serves alone, with everything of {} up to change {} ({} known changes are "
      "missing)\n",
      stack.name, other, NumberOf(told, "position"), NumberOf(told, "missing"));
  const auto hook = TextOf(told, "hookFailed");
  if (hook.empty()) return kDone;
  fmt::print(stderr, "vams: {}\n", hook);
  return kFailed;
}

}  // namespace vams::cli
