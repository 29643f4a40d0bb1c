#include "migrate/remote/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <set>

#include "base/json.h"
#include "migrate/plan_json.h"

namespace vams::migrate::remote {

namespace json = boost::json;

std::vector<std::string> RemotePlan::WrittenTables() const {
  std::set<std::string> written;
  for (const auto& leg : path)
    for (const Phase* phase : leg.step->Phases(settings.dialect))
      for (const auto direction : {leg.direction, Direction::kUp})
        for (const auto table : WritesOf(phase->info(), direction)) written.emplace(table);
  std::vector<std::string> named;
  for (const auto& table : tables)
    if (written.contains(table.canonical)) named.push_back(table.canonical);
  std::ranges::sort(named);
  return named;
}

json::object ToJson(const RemotePlan& plan) {
  json::array tables;
  for (const auto& table : plan.tables)
    tables.push_back(json::object{
        {"canonical", table.canonical}, {"physical", table.physical}, {"key", table.key}});
  json::object object{{"kind", plan.kind},
                      {"from", plan.from.ToString()},
                      {"to", plan.to.ToString()},
                      {"path", PathJson(plan.path)},
                      {"settings", migrate::ToJson(plan.settings)},
                      {"tables", std::move(tables)},
                      {"limit", plan.limit},
                      {"reindexFunction", plan.reindex_function},
                      {"reindexPayload", plan.reindex_payload},
                      {"reverses", plan.reverses}};
  if (plan.search)
    object["search"] = {{"url", plan.search->url},
                        {"assets", plan.search->names.assets},
                        {"files", plan.search->names.files},
                        {"part", static_cast<std::uint64_t>(plan.search->part)},
                        {"clear", plan.search->clear}};
  return object;
}

namespace {

std::optional<SearchPlan> SearchFrom(const json::object& object) {
  const auto* search = object.if_contains("search");
  if (search == nullptr || !search->is_object()) return std::nullopt;
  const auto& of = search->get_object();
  const auto* clear = of.if_contains("clear");
  const auto part = NumberOf(of, "part");
  return SearchPlan{.url = TextOf(of, "url"),
                    .names = {.assets = TextOf(of, "assets"), .files = TextOf(of, "files")},
                    .part = part == 1   ? index::Part::kAssets
                            : part == 2 ? index::Part::kFiles
                                        : index::Part::kBoth,
                    .clear = clear != nullptr && clear->is_bool() && clear->get_bool()};
}

}  // namespace

Result<RemotePlan> PlanFrom(const json::object& object) {
  RemotePlan plan;
  plan.kind = TextOf(object, "kind");
  TRY(plan.from, tables::DataVersion::Parse(TextOf(object, "from")));
  TRY(plan.to, tables::DataVersion::Parse(TextOf(object, "to")));
  TRY(plan.path, PathFrom(object));
  if (const auto* settings = object.if_contains("settings");
      settings != nullptr && settings->is_object())
    plan.settings = SettingsFrom(settings->get_object());
  if (const auto* tables = object.if_contains("tables"); tables != nullptr && tables->is_array())
    for (const auto& table : tables->get_array())
      if (table.is_object())
        plan.tables.push_back({TextOf(table.get_object(), "canonical"),
                               TextOf(table.get_object(), "physical"),
                               TextOf(table.get_object(), "key")});
  plan.limit = NumberOf(object, "limit");
  plan.reindex_function = TextOf(object, "reindexFunction");
  plan.reindex_payload = TextOf(object, "reindexPayload");
  plan.reverses = TextOf(object, "reverses");
  plan.search = SearchFrom(object);
  return plan;
}

bool SameWork(const RemotePlan& a, const RemotePlan& b) {
  return WithoutRun(ToJson(a)) == WithoutRun(ToJson(b));
}

int RemoteRecord::round() const {
  int over = 0;
  for (const auto& entry : entries)
    if (TextOf(entry, "event") == "round over") ++over;
  return over + 1;
}

bool RemoteRecord::write_begun() const {
  return std::ranges::any_of(
      entries, [](const json::object& entry) { return TextOf(entry, "event") == "writing"; });
}

files::Path RemoteRecord::now(int round) const {
  return folder / (round == 1 ? std::string("source.db") : fmt::format("now-{}.db", round));
}

files::Path RemoteRecord::source(int round) const {
  if (round > 1) return folder / fmt::format("source-{}.db", round);
  const bool completed = std::ranges::any_of(
      entries, [](const json::object& entry) { return TextOf(entry, "event") == "completed"; });
  return folder / (completed ? "start.db" : "source.db");
}

files::Path RemoteRecord::build(int round) const { return folder / fmt::format("build-{}", round); }

Result<std::vector<RemoteRecord>> RemoteRecords(const files::Path& work) {
  std::vector<RemoteRecord> records;
  std::error_code ec;
  if (!std::filesystem::exists(work, ec)) return records;
  for (const auto& entry : std::filesystem::directory_iterator(work, ec)) {
    const std::string name = entry.path().filename().string();
    if (name.empty() || !std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); }))
      continue;
    RemoteRecord record;
    record.id = name;
    record.folder = entry.path();
    TRY_OK(Refresh(record));
    // A crash may have come before the plan was written.
    if (record.entries.empty() || !StageOf(record.entries)) continue;
    TRY(record.plan, PlanFrom(record.entries.front()));
    records.push_back(std::move(record));
  }
  if (ec) return files::ErrnoError("list", work, ec.value());
  std::ranges::sort(records, {}, &RemoteRecord::id);
  return records;
}

Result<RemoteRecord> CreateRecord(const files::Path& work, RemotePlan plan, const Clock& clock) {
  TRY_OK(files::MakeFolders(work));
  std::uint64_t highest = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(work, ec))
    highest = std::max<std::uint64_t>(highest,
                                      std::strtoull(entry.path().filename().c_str(), nullptr, 10));
  if (ec) return files::ErrnoError("list", work, ec.value());
  RemoteRecord record;
  record.id = fmt::format("{:04}", highest + 1);
  record.folder = work / record.id;
  TRY_OK(files::MakeFolders(record.folder));
  TRY(auto journal, Journal::Open(record.journal(), clock));
  TRY_OK(journal.Append("plan", ToJson(plan)));
  TRY_OK(journal.MoveTo(Stage::kPlanned));
  record.plan = std::move(plan);
  record.entries = journal.entries();
  return record;
}

Status Refresh(RemoteRecord& record) {
  TRY(record.entries, Journal::Read(record.journal()));
  record.stage = StageOf(record.entries).value_or(Stage::kPlanned);
  return Ok();
}

}  // namespace vams::migrate::remote
