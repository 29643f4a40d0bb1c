#include "lifecycle/update/prune.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "lifecycle/backup/backup.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::int64_t kDayMillis = std::int64_t{24} * 60 * 60 * 1000;

std::uint64_t BytesOf(const Generation& generation) {
  std::uint64_t bytes = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(generation.folder, ec))
    if (entry.is_regular_file(ec)) bytes += entry.file_size(ec);
  return bytes;
}

// What an interrupted removal has left.
void RemoveLeftovers(const Stack& stack) {
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(stack.folder / "generations", ec))
    if (entry.path().filename().string().starts_with(".pruned"))
      (void)files::RemoveTree(entry.path());
}

// Out of everybody's sight in one rename, then away.
Status Remove(const Generation& generation) {
  const files::Path hidden =
      generation.folder.parent_path() / fmt::format(".pruned.{}", generation.number);
  TRY_OK(files::RenameDurably(generation.folder, hidden));
  VAMS_POINT("prune.hidden");
  return files::RemoveTree(hidden);
}

}  // namespace

std::vector<bool> PrunedBy(const GenerationRules& rules, const std::vector<Generation>& generations,
                           std::uint64_t current, std::int64_t now_millis) {
  std::vector<bool> goes(generations.size(), false);
  std::uint64_t kept = 0;
  for (std::size_t i = generations.size(); i-- > 0;) {
    if (generations[i].number == current) continue;
    if (kept < rules.keep) {
      ++kept;
      continue;
    }
    const std::size_t next = i + 1 < generations.size() ? i + 1 : i;
    const auto until = backup::TimeFrom(generations[next].created_at);
    // A time that cannot be read keeps it.
    goes[i] =
        until.ok() && now_millis - *until >= static_cast<std::int64_t>(rules.days) * kDayMillis;
  }
  return goes;
}

Result<PruneStackReport> PruneStack(const UpdateSetting& setting, const std::string& name,
                                    const GenerationRules& rules, bool dry_run,
                                    const std::string& by) {
  PruneStackReport report;
  TRY(auto stack, setting.registry.Get(name));
  TRY(auto lock, TakeOperation(setting, stack, "vams prune", report.recovered));
  TRY(stack, setting.registry.Get(name));
  report.stack = stack.name;
  RemoveLeftovers(stack);
  TRY(const auto generations, setting.registry.Generations(stack));
  const auto goes = PrunedBy(rules, generations, stack.current.number, setting.clock.NowMillis());
  std::vector<Generation> doomed;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    (goes[i] ? report.removed : report.kept).push_back(generations[i].number);
    if (goes[i]) doomed.push_back(generations[i]);
  }
  for (const auto& generation : doomed) report.freed_bytes += BytesOf(generation);
  if (dry_run || doomed.empty()) return report;
  TRY(auto operation,
      Operation::Begin(
          stack, std::move(lock),
          {.kind = "prune", .by = by, .request = {{"keep", rules.keep}, {"days", rules.days}}},
          setting.clock));
  report.operation = operation.id();
  operation.WatchWith(setting.on_step, setting.on_progress);
  const auto removed = operation.Step("remove", [&](json::object& evidence) -> Status {
    for (const auto& generation : doomed) TRY_OK(Remove(generation));
    evidence = {{"generations", json::array(report.removed.begin(), report.removed.end())},
                {"freedBytes", report.freed_bytes}};
    return Ok();
  });
  OperationEnd end;
  end.result = removed.ok() ? OperationResult::kDone : OperationResult::kFailed;
  end.message = removed.ok()
                    ? fmt::format("removed {} of {} generations", doomed.size(), generations.size())
                    : removed.error().message;
  TRY_OK(operation.End(std::move(end)));
  if (!removed.ok()) return removed.error();
  return report;
}

}  // namespace vams::lifecycle
