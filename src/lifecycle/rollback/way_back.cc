#include "lifecycle/rollback/way_back.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stack_migrator.h"
#include "lifecycle/stacks/kept_config.h"
#include "migrate/journal.h"
#include "migrate/steps.h"

namespace vams::lifecycle {

namespace {

std::string KindOf(const Generation& generation) { return TextOf(generation.origin, "kind"); }

bool IsMigration(std::string_view kind) {
  return kind == "migrate" || kind == "reverse" || kind == "repair";
}

Result<std::vector<std::uint64_t>> Numbers(const StackRegistry& registry, const Stack& stack) {
  TRY(const auto generations, registry.Generations(stack));
  std::vector<std::uint64_t> numbers;
  for (const auto& generation : generations)
    if (generation.number != stack.current.number) numbers.push_back(generation.number);
  return numbers;
}

Error NothingBefore(const Stack& stack, const Generation& generation) {
  return Error(Code::kConflict,
               fmt::format("generation {} of stack \"{}\" is its first (\"{}\"), so there is none "
                           "to go back to; nothing was changed; a state that was saved comes back "
                           "with \"vams backup restore\"",
                           generation.number, stack.name, KindOf(generation)));
}

// The generation it was made from has the same log up to where it parted.
bool IsCopy(std::string_view kind) { return kind == "rollback" || kind == "configuration"; }

// Generations of these kinds say which one of the same stack they were made from.
bool HasParent(std::string_view kind) { return IsMigration(kind) || IsCopy(kind); }

// Where the generation came from, or what served before it; kConflict where that is nowhere.
Result<Generation> ParentOf(const StackRegistry& registry, const Stack& stack,
                            const Generation& generation) {
  std::uint64_t number = 0;
  if (HasParent(KindOf(generation))) {
    number = NumberOf(generation.origin, "generation");
  } else {
    TRY(const auto others, Numbers(registry, stack));
    for (const std::uint64_t other : others)
      if (other < generation.number) number = std::max(number, other);
  }
  if (number == 0 || number == generation.number) return NothingBefore(stack, generation);
  auto parent = registry.GenerationOf(stack, number);
  if (parent.ok() || parent.error().code != Code::kNotFound) return parent;
  return Error(Code::kConflict,
               fmt::format("generation {} of stack \"{}\", which generation {} came from, was "
                           "pruned; nothing was changed; go back to its data version with \"vams "
                           "migrate reverse --stack {}\", or restore a backup",
                           number, stack.name, generation.number, stack.name));
}

Status FillFromMigration(const Stack& stack, WayHop& hop) {
  hop.migration = TextOf(hop.child.origin, "migration");
  TRY(const auto records, Migrations(stack));
  const auto record = std::ranges::find(records, hop.migration, &MigrationRecord::id);
  if (record == records.end())
    return Error(Code::kConflict,
                 fmt::format("the journal of migration {}, which made generation {}, is gone, so "
                             "nothing says how to go back; nothing was changed; \"vams migrate "
                             "reverse --stack {} --to {}\" works without it",
                             hop.migration, hop.child.number, stack.name,
                             hop.parent.data_version.ToString()));
  const auto& path = record->plan.path;
  for (auto leg = path.rbegin(); leg != path.rend(); ++leg)
    hop.path.push_back({.step = leg->step, .direction = migrate::Opposite(leg->direction)});
  hop.settings = record->plan.settings;
  hop.parent_end = record->plan.position;
  hop.checked = record->checked_position();
  MigrationReport told;
  TRY_OK(Migrator::LegsFromJournal(record->entries, told));
  if (!told.verifications.empty())
    for (const auto& [table, check] : told.verifications.front().tables)
      hop.digests[table] = check.before;
  return Ok();
}

Result<WayHop> HopFrom(const StackRegistry& registry, const Stack& stack, const Generation& child) {
  WayHop hop;
  hop.child = child;
  TRY(hop.parent, ParentOf(registry, stack, child));
  hop.since = NumberOf(child.origin, "position");
  const std::string kind = KindOf(child);
  if (IsMigration(kind)) {
    TRY_OK(FillFromMigration(stack, hop));
    return hop;
  }
  if (!IsCopy(kind))
    return Error(Code::kConflict,
                 fmt::format("generation {} of stack \"{}\" is no successor of generation {} "
                             "(\"{}\"), so the writes made since cannot be taken there; nothing "
                             "was changed; go back to it as it was with --discard-writes",
                             child.number, stack.name, hop.parent.number, kind));
  TRY(hop.path, migrate::PathBetween(child.data_version, hop.parent.data_version));
  hop.parent_end = NumberOf(child.origin, "parentPosition");
  if (TextOf(child.origin, "dialect") == migrate::NameOf(migrate::Dialect::kReference))
    hop.settings.dialect = migrate::Dialect::kReference;
  return hop;
}

}  // namespace

Result<std::vector<WayHop>> WayBack(const StackRegistry& registry, const Stack& stack,
                                    std::optional<std::uint64_t> to) {
  std::vector<WayHop> way;
  std::vector<std::uint64_t> seen;
  Generation at = stack.current;
  if (to == at.number)
    return Error(Code::kInvalid, fmt::format("generation {} serves already; name another one with "
                                             "--to",
                                             at.number));
  do {
    auto hop = HopFrom(registry, stack, at);
    if (!hop.ok() && to && hop.error().code == Code::kConflict) {
      TRY(const auto all, Numbers(registry, stack));
      return Error(
          Code::kConflict,
          fmt::format(
              "generation {} is none of those that generation {} came from{}, so the writes "
              "made since cannot be taken there; nothing was changed; with --discard-writes "
              "stack \"{}\" can go to any of {}",
              *to, stack.current.number,
              seen.empty() ? "" : fmt::format(" ({})", fmt::join(seen, ", ")), stack.name,
              fmt::join(all, ", ")));
    }
    if (!hop.ok()) return std::move(hop).error();
    at = hop->parent;
    seen.push_back(at.number);
    way.push_back(*std::move(hop));
    if (seen.size() > 1000) return Error(Code::kCorrupt, "the generations' origins form a circle");
  } while (to && at.number != *to);
  return way;
}

Result<Generation> PlainTarget(const StackRegistry& registry, const Stack& stack,
                               std::optional<std::uint64_t> to) {
  if (!to) return ParentOf(registry, stack, stack.current);
  if (*to == stack.current.number)
    return Error(Code::kInvalid, fmt::format("generation {} serves already; name another one with "
                                             "--to",
                                             *to));
  auto target = registry.GenerationOf(stack, *to);
  if (target.ok() || target.error().code != Code::kNotFound) return target;
  TRY(const auto all, Numbers(registry, stack));
  return Error(Code::kConflict, fmt::format("{}; nothing was changed; there are {}",
                                            target.error().message, fmt::join(all, ", ")));
}

bool ConfigDiffers(const StackRegistry& registry, const Stack& stack, const Generation& target) {
  bool brought = false;
  Generation at = stack.current;
  for (int hops = 0; hops < 1000; ++hops) {
    brought = brought || ConfigBroughtBy(at).has_value();
    auto parent = ParentOf(registry, stack, at);
    if (!parent.ok()) return true;
    at = *std::move(parent);
    if (at.number == target.number) return brought;
  }
  return true;
}

Result<items::Position> EndOf(OpContext& op, const Generation& generation) {
  TRY(const auto store, items::OpenSqliteStore(generation.items(), {.read_only = true}));
  return store->LastChange(op);
}

}  // namespace vams::lifecycle
