#include "lifecycle/ab/crossing.h"

#include <fmt/format.h>

#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::ab {

Result<std::unique_ptr<Crossing>> Crossing::Between(tables::DataVersion from,
                                                    tables::DataVersion to, const State& state) {
  if (from == to) return std::unique_ptr<Crossing>();
  TRY(auto path, migrate::PathBetween(from, to));
  return std::unique_ptr<Crossing>(
      new Crossing(std::move(path), state.migration.value_or(SettingsOf(state))));
}

migrate::Settings Crossing::SettingsOf(const State& state) {
  migrate::Settings settings{.run_id = state.deployment};
  if (const auto started = backup::TimeFrom(state.started_at); started.ok())
    settings.run_millis = *started;
  return settings;
}

Result<std::uint64_t> Crossing::Try(OpContext& op, const files::Path& store,
                                    const files::Path& work) const {
  TRY(const auto tried, migrate::Build(op, {.path = path_,
                                            .settings = settings_,
                                            .source = store,
                                            .work = work,
                                            .count_only = true}));
  std::uint64_t set_aside = 0, undecided = 0;
  std::string samples;
  for (const auto& leg : tried.legs)
    for (const auto& phase : leg.phases) {
      set_aside += migrate::Total(phase.quarantined);
      undecided += migrate::Total(phase.ambiguous);
      for (const auto& [code, counted] : phase.ambiguous)
        for (const auto& sample : counted.samples)
          samples += fmt::format("\n  {} ({})", sample, code);
    }
  // A run that only counts goes on where a real one stops.
  if (undecided > 0)
    return Error(
        Code::kConflict,
        fmt::format("nothing in the data decides where {} {} belong{}; name the owners with "
                    "--owners FILE, or set them aside with --ambiguous quarantine:{}",
                    undecided, undecided == 1 ? "record" : "records", undecided == 1 ? "s" : "",
                    samples));
  return set_aside;
}

Result<files::Path> Crossing::Whole(OpContext& op, const files::Path& store,
                                    const files::Path& work) const {
  TRY(const auto built,
      migrate::Build(op, {.path = path_, .settings = settings_, .source = store, .work = work}));
  return built.result;
}

Result<std::uint64_t> Crossing::Carry(OpContext& op, items::ItemSource& source,
                                      const migrate::ReadChanges& changes, items::Position after,
                                      items::Position to, items::ItemStore& target,
                                      const files::Path& work) const {
  TRY(const auto outcome, migrate::Carry(op, {.path = path_,
                                              .settings = settings_,
                                              .source = source,
                                              .changes = changes,
                                              .after = after,
                                              .to = to,
                                              .target = target,
                                              .work = work}));
  if (outcome.whole.empty()) return outcome.changes;
  return Error(
      Code::kNotFound,
      fmt::format("the changes cannot be taken through the migration steps one by one ({}); "
                  "everything is copied anew",
                  outcome.whole));
}

}  // namespace vams::lifecycle::ab
