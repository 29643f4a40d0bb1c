#include "lifecycle/migration_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "base/json.h"
#include "migrate/journal.h"
#include "migrate/plan_json.h"

namespace vams::lifecycle {

namespace json = boost::json;

json::object ToJson(const MigrationPlan& plan) {
  return {{"kind", plan.kind},
          {"from", plan.from.ToString()},
          {"to", plan.to.ToString()},
          {"path", migrate::PathJson(plan.path)},
          {"settings", migrate::ToJson(plan.settings)},
          {"generation", plan.generation},
          {"position", plan.position},
          {"reverses", plan.reverses}};
}

Result<MigrationPlan> PlanFrom(const json::object& object) {
  MigrationPlan plan;
  plan.kind = TextOf(object, "kind");
  TRY(plan.from, tables::DataVersion::Parse(TextOf(object, "from")));
  TRY(plan.to, tables::DataVersion::Parse(TextOf(object, "to")));
  TRY(plan.path, migrate::PathFrom(object));
  if (const auto* settings = object.if_contains("settings");
      settings != nullptr && settings->is_object())
    plan.settings = migrate::SettingsFrom(settings->as_object());
  plan.generation = NumberOf(object, "generation");
  plan.position = NumberOf(object, "position");
  plan.reverses = TextOf(object, "reverses");
  return plan;
}

bool SameWork(const MigrationPlan& a, const MigrationPlan& b) {
  return migrate::WithoutRun(ToJson(a)) == migrate::WithoutRun(ToJson(b));
}

std::uint64_t MigrationRecord::result_generation() const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == "cut over") return NumberOf(*entry, "generation");
  return 0;
}

items::Position MigrationRecord::switch_position() const { return LastPosition("cut over"); }

items::Position MigrationRecord::checked_position() const { return LastPosition("checked"); }

items::Position MigrationRecord::LastPosition(std::string_view event) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == event) return NumberOf(*entry, "position");
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
