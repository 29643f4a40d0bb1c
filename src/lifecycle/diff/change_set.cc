#include "lifecycle/diff/change_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lifecycle/diff/comparer.h"
#include "migrate/leg.h"

namespace vams::lifecycle::diff {

std::string_view NameOf(ResourceType type) {
  constexpr std::array<std::string_view, 11> kNames = {
      "table",    "index",    "bucket",     "search-index", "accounts", "feature",
      "pipeline", "listener", "encryption", "engine",       "setting"};
  return kNames.at(static_cast<std::size_t>(type));
}

std::string_view NameOf(ChangeKind kind) {
  constexpr std::array<std::string_view, 4> kNames = {"added", "changed", "replaced", "removed"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string ResourceChange::resource() const { return fmt::format("{}/{}", NameOf(type), name); }

bool ChangeSet::loses_data() const {
  return std::ranges::any_of(changes, [](const auto& change) { return change.loses_data(); });
}

bool ChangeSet::destructive() const {
  return std::ranges::any_of(changes, [](const ResourceChange& change) {
    const bool gone = change.kind == ChangeKind::kReplaced || change.kind == ChangeKind::kRemoved;
    return change.loses_data() || (gone && change.holds.rows > 0);
  });
}

Result<ChangeSet> Compare(const Side& before, const Side& after, const Usage& usage) {
  ChangeSet set;
  set.stack = before.stack;
  set.from = before.data_version;
  set.to = after.data_version;
  set.bytes_estimated = usage.bytes_estimated;
  TRY(const auto path, migrate::PathBetween(before.data_version, after.data_version));
  for (const auto& leg : path) set.path.push_back(migrate::NameOf(leg));
  internal::CompareTables(before.data_version, after.data_version, path, usage, set.changes);
  internal::CompareConfigs(before, after, usage, set.changes);
  // What loses data first, then as compared: tables, then the configuration.
  std::ranges::stable_partition(set.changes,
                                [](const auto& change) { return change.loses_data(); });
  return set;
}

std::vector<Refusal> Refusals(const ChangeSet& set, const std::set<std::string>& accepted,
                              bool backup_verified) {
  std::vector<Refusal> refusals;
  for (const auto& change : set.changes) {
    if (!change.loses_data()) continue;
    const std::string resource = change.resource();
    const std::string loss = fmt::format("{} rows ({} bytes) of {} would be lost", change.lost.rows,
                                         change.lost.bytes, resource);
    if (change.impossible_in_place) {
      refusals.push_back({resource, fmt::format("{}: {}", loss, change.note)});
      continue;
    }
    if (!accepted.contains(resource))
      refusals.push_back(
          {resource, fmt::format("{}; keep {} as it is, or give them up with --accept-loss {}, "
                                 "which needs a verified backup",
                                 loss, change.name, resource)});
    else if (!backup_verified)
      refusals.push_back(
          {resource, fmt::format("{}, as was accepted, but there is no verified backup of them; "
                                 "make one with \"vams backup create\"",
                                 loss)});
  }
  return refusals;
}

std::vector<Refusal> NotInPlace(const ChangeSet& set) {
  std::vector<Refusal> refusals;
  for (const auto& change : set.changes) {
    if (change.type != ResourceType::kEngine && change.type != ResourceType::kEncryption) continue;
    if (change.loses_data() && change.impossible_in_place) continue;
    const bool key =
        change.type == ResourceType::kEncryption && change.kind == ChangeKind::kChanged;
    refusals.push_back(
        {change.resource(),
         key ? "a stack gets another key while it is not served: name the new key file in its "
               "configuration, then \"vams objects rewrap --old-key FILE\""
             : change.note});
  }
  return refusals;
}

Result<Approval> ApprovalFrom(std::string_view text) {
  if (text == "never") return Approval::kNever;
  if (text == "destructive") return Approval::kDestructive;
  if (text == "always") return Approval::kAlways;
  return Error(Code::kInvalid,
               fmt::format("\"{}\" is no answer to --require-approval; nothing was done; it is one "
                           "of never, destructive, always",
                           text));
}

bool ApprovalNeeded(const ChangeSet& set, Approval approval) {
  switch (approval) {
    case Approval::kNever:
      return false;
    case Approval::kDestructive:
      return set.destructive();
    case Approval::kAlways:
      break;
  }
  return !set.empty();
}

}  // namespace vams::lifecycle::diff
