// The steps of an update that brings another configuration: the configuration itself, and the
// generation of data that stays in its form.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "base/json.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/update/updater.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

namespace json = boost::json;

Status Updater::ConfigurationStep() {
  return operation_.Step("configuration", [&](json::object& evidence) -> Status {
    evidence = report_.configuration;
    brought_ = BroughtConfig{.text = request_.config->text, .operation = operation_.id()};
    if (!rehearsal_) TRY_OK(RememberBrought(operation_.stack(), *brought_));
    TRY_OK(operation_.Note("configuration", report_.configuration));
    return KeepConfigs(setting_.registry, stack_);
  });
}

Status Updater::CopyStep() {
  TRY_OK(FreezeStep());
  TRY(auto builder, GenerationBuilder::ForStack(setting_.registry, stack_));
  TRY_OK(operation_.Step("build",
                         [&](json::object& evidence) { return CopyItems(builder, evidence); }));
  TRY_OK(operation_.Step("verify data",
                         [&](json::object& evidence) { return CompareCopy(builder, evidence); }));
  TRY_OK(BeginSwitch(stack_.current.number));
  TRY_OK(operation_.Step("switch",
                         [&](json::object& evidence) { return PublishCopy(builder, evidence); }));
  return operation_.Note("switched", {{"from", stack_.current.number}, {"to", report_.generation}});
}

Status Updater::CopyItems(GenerationBuilder& builder, json::object& evidence) {
  operation_.Progress("copy of the items", 0);
  TRY(const bool shared, CloneItems(setting_.op, stack_.current.items(), builder.items()));
  std::error_code ec;
  evidence = {{"generation", stack_.current.number},
              {"bytes", std::filesystem::file_size(builder.items(), ec)},
              {"reflinked", shared}};
  VAMS_POINT("update.config.items");
  return Ok();
}

Status Updater::CompareCopy(const GenerationBuilder& builder, json::object& evidence) {
  TRY(const auto from, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
  TRY(const auto to, items::OpenSqliteStore(builder.items(), {.read_only = true}));
  TRY_OK(to->CheckIntegrity(setting_.op));
  TRY(const auto specs, from->Tables(setting_.op));
  std::uint64_t rows = 0;
  for (const auto& spec : specs) {
    TRY(const auto before, from->Count(setting_.op, spec.name));
    TRY(const auto after, to->Count(setting_.op, spec.name));
    rows += after;
    if (before != after)
      return Error(Code::kCorrupt,
                   fmt::format("the copy of table {} has {} records instead of {}; nothing was "
                               "changed; look at the disk below {}",
                               spec.name, after, before, stack_.folder.string()));
  }
  TRY(const auto position, from->LastChange(setting_.op));
  TRY(const auto copied, to->LastChange(setting_.op));
  evidence = {{"tables", specs.size()}, {"rows", rows}, {"position", copied}};
  if (position == copied) return Ok();
  return Error(Code::kConflict,
               fmt::format("somebody wrote to stack \"{}\" while it was copied; nothing was "
                           "changed; run the same command again",
                           stack_.name));
}

Status Updater::PublishCopy(GenerationBuilder& builder, json::object& evidence) {
  json::object counts, origin;
  items::Position position = 0;
  {
    TRY(const auto store, items::OpenSqliteStore(builder.items(), {.read_only = true}));
    TRY(position, store->LastChange(setting_.op));
    TRY(const auto specs, store->Tables(setting_.op));
    for (const auto& spec : specs) {
      TRY(const auto count, store->Count(setting_.op, spec.name));
      if (count > 0) counts[spec.name] = count;
    }
  }
  TRY_OK(items::SealSqliteStore(builder.items()));
  origin = {{"kind", "configuration"},         {"operation", operation_.id()},
            {"from", report_.from.ToString()}, {"generation", stack_.current.number},
            {"parentPosition", position},      {"position", position}};
  TRY_OK(BringConfig(stack_, *brought_, builder.folder(), origin));
  TRY(const auto now, builder.Publish(report_.to, std::move(origin), std::move(counts)));
  report_.generation = now.current.number;
  evidence = {{"generation", report_.generation}};
  return Ok();
}

std::string Updater::Done() const {
  const std::string generations =
      fmt::format("generation {} serves, {} stays", report_.generation, report_.from_generation);
  const std::string file = TextOf(report_.configuration, "file");
  if (report_.from == report_.to)
    return fmt::format("stack \"{}\" has the configuration of {}: {}", report_.stack, file,
                       generations);
  return fmt::format("updated stack \"{}\" from data version {} to {}{}: {}", report_.stack,
                     report_.from.ToString(), report_.to.ToString(),
                     file.empty() ? "" : fmt::format(", with the configuration of {}", file),
                     generations);
}

}  // namespace vams::lifecycle
