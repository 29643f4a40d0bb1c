#include "lifecycle/migration_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "migrate/journal.h"
#include "migrate/steps.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::NumberOf;
using migrate::TextOf;

namespace {

json::object SettingsJson(const migrate::Settings& settings) {
  json::object owners;
  for (const auto& [record, database] : settings.owners) owners[record] = database;
  return {{"dialect", migrate::NameOf(settings.dialect)},
          {"runId", settings.run_id},
          {"runMillis", settings.run_millis},
          {"owners", std::move(owners)},
          {"quarantineAmbiguous", settings.quarantine_ambiguous},
          {"assetBucket", settings.asset_bucket},
          {"baseAssetsPrefix", settings.base_assets_prefix},
          {"referenceAuthor", settings.reference_author}};
}

migrate::Settings SettingsFrom(const json::object& object) {
  migrate::Settings settings;
  settings.dialect = TextOf(object, "dialect") == migrate::NameOf(migrate::Dialect::kReference)
                         ? migrate::Dialect::kReference
                         : migrate::Dialect::kCorrected;
  settings.run_id = TextOf(object, "runId");
  settings.run_millis = static_cast<std::int64_t>(NumberOf(object, "runMillis"));
  if (const auto* owners = object.if_contains("owners"); owners != nullptr && owners->is_object())
    for (const auto& owner : owners->as_object())
      if (owner.value().is_string())
        settings.owners[std::string(owner.key())] = owner.value().as_string();
  const json::value* ambiguous = object.if_contains("quarantineAmbiguous");
  settings.quarantine_ambiguous =
      ambiguous != nullptr && ambiguous->is_bool() && ambiguous->as_bool();
  settings.asset_bucket = TextOf(object, "assetBucket");
  settings.base_assets_prefix = TextOf(object, "baseAssetsPrefix");
  settings.reference_author = TextOf(object, "referenceAuthor");
  return settings;
}

// "2.4-2.5 up" to its step.
Result<migrate::Leg> LegFrom(std::string_view name) {
  std::vector<const migrate::Step*> steps = migrate::AllSteps();
  for (const auto version : tables::AllVersions())
    if (const auto* repair = migrate::RepairStep(version); repair != nullptr)
      steps.push_back(repair);
  for (const auto* step : steps)
    for (const auto direction : {migrate::Direction::kUp, migrate::Direction::kDown}) {
      const migrate::Leg leg{.step = step, .direction = direction};
      if (migrate::NameOf(leg) == name) return leg;
    }
  return Error(Code::kNotSupported,
               fmt::format("a migration has the step \"{}\", which this release does not know; "
                           "install the release that began it",
                           name));
}

}  // namespace

json::object ToJson(const MigrationPlan& plan) {
  json::array path;
  for (const auto& leg : plan.path) path.emplace_back(migrate::NameOf(leg));
  return {{"kind", plan.kind},
          {"from", plan.from.ToString()},
          {"to", plan.to.ToString()},
          {"path", std::move(path)},
          {"settings", SettingsJson(plan.settings)},
          {"generation", plan.generation},
          {"position", plan.position},
          {"reverses", plan.reverses}};
}

Result<MigrationPlan> PlanFrom(const json::object& object) {
  MigrationPlan plan;
  plan.kind = TextOf(object, "kind");
  TRY(plan.from, tables::DataVersion::Parse(TextOf(object, "from")));
  TRY(plan.to, tables::DataVersion::Parse(TextOf(object, "to")));
  if (const auto* path = object.if_contains("path"); path != nullptr && path->is_array())
    for (const auto& name : path->as_array())
      if (name.is_string()) {
        TRY(plan.path.emplace_back(), LegFrom(name.as_string()));
      }
  if (const auto* settings = object.if_contains("settings");
      settings != nullptr && settings->is_object())
    plan.settings = SettingsFrom(settings->as_object());
  plan.generation = NumberOf(object, "generation");
  plan.position = NumberOf(object, "position");
  plan.reverses = TextOf(object, "reverses");
  return plan;
}

bool SameWork(const MigrationPlan& a, const MigrationPlan& b) {
  const auto essence = [](const MigrationPlan& plan) {
    json::object object = ToJson(plan);
    auto& settings = object.at("settings").as_object();
    settings.erase("runId");
    settings.erase("runMillis");
    return object;
  };
  return essence(a) == essence(b);
}

std::uint64_t MigrationRecord::result_generation() const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == "cut over") return NumberOf(*entry, "generation");
  return 0;
}

items::Position MigrationRecord::switch_position() const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == "cut over") return NumberOf(*entry, "position");
  return 0;
}

Result<std::vector<MigrationRecord>> Migrations(const Stack& stack) {
  std::vector<MigrationRecord> records;
  std::error_code ec;
  if (!std::filesystem::exists(stack.migrations(), ec)) return records;
  std::vector<files::Path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(stack.migrations(), ec)) {
    const std::string name = entry.path().filename().string();
    if (!name.empty() &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      folders.push_back(entry.path());
  }
  if (ec) return files::ErrnoError("list", stack.migrations(), ec.value());
  std::sort(folders.begin(), folders.end());
  for (const auto& folder : folders) {
    MigrationRecord record;
    record.id = folder.filename().string();
    record.folder = folder;
    TRY(record.entries, migrate::Journal::Read(record.journal()));
    const auto stage = migrate::StageOf(record.entries);
    if (record.entries.empty() || !stage) continue;
    TRY(record.plan, PlanFrom(record.entries.front()));
    record.stage = *stage;
    records.push_back(std::move(record));
  }
  return records;
}

Result<MigrationRecord> CreateMigration(const Stack& stack, MigrationPlan plan,
                                        const Clock& clock) {
  TRY_OK(files::MakeFolders(stack.migrations()));
  std::uint64_t highest = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(stack.migrations(), ec))
    highest = std::max<std::uint64_t>(highest,
                                      std::strtoull(entry.path().filename().c_str(), nullptr, 10));
  if (ec) return files::ErrnoError("list", stack.migrations(), ec.value());
  MigrationRecord record;
  record.id = fmt::format("{:04}", highest + 1);
  record.folder = stack.migrations() / record.id;
  TRY_OK(files::MakeFolders(record.folder));
  TRY(auto journal, migrate::Journal::Open(record.journal(), clock));
  TRY_OK(journal.Append("plan", ToJson(plan)));
  TRY_OK(journal.MoveTo(migrate::Stage::kPlanned));
  record.plan = std::move(plan);
  record.entries = journal.entries();
  return record;
}

}  // namespace vams::lifecycle
