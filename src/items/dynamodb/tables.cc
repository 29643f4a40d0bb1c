// Creating, listing and dropping tables.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/ascii.h"
#include "items/dynamodb/change_log.h"
#include "items/dynamodb/engine.h"
#include "items/dynamodb/expression.h"

namespace vams::items::dynamodb {

namespace {

std::string TableJson(Engine& engine, std::string_view table) {
  return fmt::format("{{\"TableName\":\"{}\"}}", engine.Physical(table));
}

// Polls until `done` says so of the table's description (nothing: there is no table).
template <typename Done>
Status WaitFor(OpContext& op, Engine& engine, std::string_view table, const Done& done) {
  using std::chrono::milliseconds;
  constexpr auto kLongest = std::chrono::minutes(10);
  auto& timer = engine.client().timer();
  const auto start = timer.Now();
  for (milliseconds pause(20);; pause = std::min(pause * 2, milliseconds(2'000))) {
    auto described = engine.Describe(op, table);
    if (!described.ok() && described.error().code != Code::kNotFound)
      return std::move(described).error();
    if (done(described.ok() ? &*described : nullptr)) return Ok();
    if (timer.Now() - start > kLongest)
      return Error(
          Code::kUnavailable,
          fmt::format("table {} is still {} after ten minutes; look at it in the AWS "
                      "console and repeat",
                      engine.Physical(table), described.ok() ? described->status : "absent"));
    TRY_OK(timer.Sleep(op, pause));
  }
}

Status EnableTimeToLive(OpContext& op, Engine& engine, const TableSpec& spec) {
  if (spec.ttl_attribute.empty() || !engine.options().time_to_live) return Ok();
  const std::string body = fmt::format(
      "{{\"TableName\":\"{}\",\"TimeToLiveSpecification\":{{\"Enabled\":true,\"AttributeName\":{}}}"
      "}}",
      engine.Physical(spec.name), Quoted(spec.ttl_attribute));
  TRY_OK(engine.client().Call(op, "UpdateTimeToLive", body));
  return Ok();
}

Error Clash(std::string_view existing, std::string_view wanted) {
  return Error(Code::kConflict,
               fmt::format("table {} exists with another definition than the one asked for {}; no "
                           "table was created",
                           existing, wanted));
}

}  // namespace

Error NoTable(std::string_view table) {
  return Error(Code::kNotFound, fmt::format("there is no table \"{}\"", table));
}

Result<std::vector<std::string>> ListPhysicalTables(OpContext& op, Engine& engine) {
  std::vector<std::string> names;
  std::string start;
  do {
    boost::json::object body;
    if (!start.empty()) body["ExclusiveStartTableName"] = start;
    TRY(const auto answer, engine.client().Call(op, "ListTables", boost::json::serialize(body)));
    start.clear();
    boost::system::error_code ec;
    const auto json = boost::json::parse(answer, ec);
    const auto* list =
        !ec && json.is_object() ? json.get_object().if_contains("TableNames") : nullptr;
    if (list == nullptr || !list->is_array())
      return Error(Code::kCorrupt,
                   "the server's list of tables cannot be read; check that it "
                   "speaks the DynamoDB protocol");
    for (const auto& name : list->get_array())
      if (name.is_string()) names.emplace_back(name.get_string());
    if (const auto* last = json.get_object().if_contains("LastEvaluatedTableName");
        last != nullptr && last->is_string())
      start = std::string(last->get_string());
  } while (!start.empty());
  return names;
}

Result<std::vector<TableSpec>> ListTables(OpContext& op, Engine& engine) {
  TRY(const auto physical, ListPhysicalTables(op, engine));
  std::vector<TableSpec> tables;
  for (const auto& name : physical) {
    const auto canonical = engine.Canonical(name);
    if (!canonical) continue;
    auto table = engine.Table(op, *canonical);
    if (table.ok())
      tables.push_back((*table)->spec);
    else if (table.error().code != Code::kNotFound)  // dropped meanwhile
      return std::move(table).error();
  }
  std::sort(tables.begin(), tables.end(),
            [](const TableSpec& a, const TableSpec& b) { return a.name < b.name; });
  return tables;
}

Status WaitUntilActive(OpContext& op, Engine& engine, std::string_view table) {
  return WaitFor(op, engine, table, [](const TableDescription* t) {
    return t != nullptr && t->status == "ACTIVE" && t->indexes_active;
  });
}

Status CreateTable(OpContext& op, Engine& engine, const TableSpec& spec, bool stream) {
  TRY_OK(engine.client().Call(op, "CreateTable",
                              CreateTableJson(spec, engine.Physical(spec.name), stream)));
  TRY_OK(WaitUntilActive(op, engine, spec.name));
  return EnableTimeToLive(op, engine, spec);
}

Status CreateTables(OpContext& op, Engine& engine, std::span<const TableSpec> specs) {
  for (const auto& spec : specs) {
    TRY_OK(CheckTableSpec(spec));
    if (spec.name == engine.options().log_table)
      return Error(Code::kInvalid, fmt::format("\"{}\" is the change log's table", spec.name));
  }
  TRY(const auto physical, ListPhysicalTables(op, engine));
  // Names that differ only by case are one name to some engines, so they clash in all.
  std::map<std::string, std::string> existing;
  for (const auto& name : physical)
    if (const auto canonical = engine.Canonical(name)) existing[Lower(*canonical)] = *canonical;
  std::map<std::string, const TableSpec*> wanted;
  std::vector<const TableSpec*> missing;
  for (const auto& spec : specs) {
    const auto [at, is_new] = wanted.emplace(Lower(spec.name), &spec);
    if (!is_new) {
      if (!(*at->second == spec)) return Clash(at->second->name, spec.name);
      continue;
    }
    const auto there = existing.find(Lower(spec.name));
    if (there == existing.end()) {
      missing.push_back(&spec);
      continue;
    }
    if (there->second != spec.name) return Clash(there->second, spec.name);
    engine.Forget(spec.name);
    TRY(const auto table, engine.Table(op, spec.name));
    TableSpec comparable = spec;
    if (!engine.options().time_to_live) comparable.ttl_attribute.clear();
    if (!SameSpec(table->spec, comparable)) return Clash(spec.name, spec.name);
  }
  std::vector<std::string> created;
  for (const auto* spec : missing) {
    const auto made = CreateTable(op, engine, *spec, false);
    if (made.ok()) {
      created.push_back(spec->name);
      continue;
    }
    // All or none: what was created is still empty.
    OpContext undo;
    for (const auto& name : created) (void)DropTable(undo, engine, name);
    return Error(made.error()).With(fmt::format("creating table {}", spec->name));
  }
  return Ok();
}

Status DropTable(OpContext& op, Engine& engine, std::string_view table) {
  TRY(const auto info, engine.Table(op, table));
  const auto dropped = engine.client().Call(op, "DeleteTable", TableJson(engine, table));
  engine.Forget(table);
  if (!dropped.ok()) return engine.Explain(dropped.error(), *info);
  TRY_OK(WaitFor(op, engine, table, [](const TableDescription* t) { return t == nullptr; }));
  engine.Forget(table);
  if (engine.HasLog()) TRY_OK(ForgetLoad(op, engine, table));
  const std::lock_guard lock(engine.loads_mutex);
  if (const auto at = engine.loads.find(table); at != engine.loads.end()) engine.loads.erase(at);
  return Ok();
}

}  // namespace vams::items::dynamodb
