#include <fmt/format.h>

#include <array>
#include <utility>

#include "indexing/reindexer.h"

namespace vams::indexing {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 9> kPhases{"idle",       "reading", "merging",
                                                  "catchingUp", "proving", "swapping",
                                                  "done",       "failed",  "cancelled"};
constexpr std::array<std::pair<search::KindSet, std::string_view>, 3> kOperations{
    {{search::KindSet::kAssets, "assets"},
     {search::KindSet::kFiles, "files"},
     {search::KindSet::kBoth, "both"}}};

json::value UnlessEmpty(const std::string& text) {
  return text.empty() ? json::value() : json::value(text);
}

}  // namespace

std::string_view PhaseName(ReindexProgress::Phase phase) {
  return kPhases.at(static_cast<std::size_t>(phase));
}

std::string_view OperationName(search::KindSet kinds) {
  for (const auto& [kind, name] : kOperations)
    if (kind == kinds) return name;
  return "both";
}

std::optional<search::KindSet> FindOperation(std::string_view name) {
  for (const auto& [kind, known] : kOperations)
    if (known == name) return kind;
  return std::nullopt;
}

json::object ProgressJson(const ReindexProgress& progress) {
  json::object told{{"phase", PhaseName(progress.phase)}, {"running", progress.running()}};
  if (progress.phase == ReindexProgress::Phase::kIdle) return told;
  told["id"] = progress.id;
  told["operation"] = OperationName(progress.options.kinds);
  told["dryRun"] = progress.options.dry_run;
  told["clearIndexes"] = progress.options.clear;
  told["limit"] = progress.options.limit == 0 ? json::value() : json::value(progress.options.limit);
  told["resumed"] = progress.resumed;
  told["startedAt"] = progress.started_at;
  told["endedAt"] = UnlessEmpty(progress.ended_at);
  told["assets"] = progress.assets;
  told["files"] = progress.files;
  told["failed"] = progress.failed;
  told["expected"] = progress.expected;
  told["documentsPerSecond"] = static_cast<std::uint64_t>(progress.per_second);
  told["secondsLeft"] = progress.seconds_left ? json::value(*progress.seconds_left) : json::value();
  told["swapMicros"] = progress.swap_micros;
  told["error"] = UnlessEmpty(progress.error);
  if (!progress.results.empty()) told["results"] = progress.results;
  return told;
}

}  // namespace vams::indexing
