#include "api/lifecycle_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "api/lifecycle_events.h"
#include "lifecycle/operation.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kHistoryPage = 100;

// ---- What may be started, and with which options.

enum class Kind : std::uint8_t { kSwitch, kText, kTexts, kNumber };

struct Option {
  std::string_view member, flag;
  Kind kind = Kind::kSwitch;
};

struct Command {
  std::string_view name;
  std::vector<std::string_view> words;  // of the command line
  std::vector<Option> options;
};

const std::vector<Command>& Commands() {
  static const std::vector<Option> deciding = {{"to", "--to", Kind::kText},
                                               {"dialect", "--dialect", Kind::kText},
                                               {"ambiguous", "--ambiguous", Kind::kText},
                                               {"strict", "--strict", Kind::kSwitch},
                                               {"force", "--force", Kind::kSwitch},
                                               {"acceptLoss", "--accept-loss", Kind::kTexts}};
  static const std::vector<Command> commands = [] {
    std::vector<Option> update = deciding;
    update.push_back({"requireApproval", "--require-approval", Kind::kText});
    return std::vector<Command>{
        {"preflight", {"preflight"}, deciding},
        {"rehearse", {"rehearse"}, deciding},
        {"update", {"update"}, update},
        {"verify", {"verify"}, {{"readData", "--read-data", Kind::kSwitch}}},
        {"rollback",
         {"rollback"},
         {{"to", "--to", Kind::kNumber},
          {"discardWrites", "--discard-writes", Kind::kSwitch},
          {"verifyAll", "--verify-all", Kind::kSwitch}}},
        {"backup", {"backup", "create"}, {}},
    };
  }();
  return commands;
}

// Nothing a command line could take for something else.  No shell ever sees it.
bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 256 && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

struct Wanted {
  std::string command;
  std::vector<std::string> arguments;
};

// The argument that a member stands for; false if it has a form that the option does not take.
bool AddOption(const Option& option, const json::value& value,
               std::vector<std::string>& arguments) {
  if (value.is_null()) return true;
  const auto add = [&](std::string_view text) {
    arguments.emplace_back(option.flag);
    arguments.emplace_back(text);
  };
  switch (option.kind) {
    case Kind::kSwitch:
      if (!value.is_bool()) return false;
      if (value.as_bool()) arguments.emplace_back(option.flag);
      return true;
    case Kind::kNumber:
      if (!value.is_int64() || value.as_int64() < 0) return false;
      add(std::to_string(value.as_int64()));
      return true;
    case Kind::kText:
      if (!value.is_string() || !IsPlain(value.as_string())) return false;
      add(std::string_view(value.as_string()));
      return true;
    case Kind::kTexts:
      if (!value.is_array()) return false;
      for (const json::value& one : value.as_array()) {
        if (!one.is_string() || !IsPlain(one.as_string())) return false;
        add(std::string_view(one.as_string()));
      }
      return true;
  }
  return false;
}

Parsed<Wanted> ReadWanted(const Call& call) {
  const auto body = Body(call);
  if (!body) return std::unexpected(body.error());
  const json::value* name = body->if_contains("operation");
  const auto& commands = Commands();
  const auto command =
      name == nullptr || !name->is_string()
          ? commands.end()
          : std::ranges::find(commands, std::string_view(name->as_string()), &Command::name);
  if (command == commands.end())
    return std::unexpected(Refuse(400,
                                  "operation must be one of preflight, rehearse, update, verify, "
                                  "rollback and backup"));
  Wanted wanted{.command = std::string(command->name), .arguments = {}};
  wanted.arguments.assign(command->words.begin(), command->words.end());
  const json::value* options = body->if_contains("options");
  if (options == nullptr || options->is_null()) return wanted;
  if (!options->is_object()) return std::unexpected(Refuse(400, "options must be an object"));
  for (const auto& member : options->as_object()) {
    const auto option =
        std::ranges::find(command->options, std::string_view(member.key()), &Option::member);
    if (option == command->options.end())
      return std::unexpected(Refuse(400, fmt::format("{} has no option \"{}\"", wanted.command,
                                                     std::string_view(member.key()))));
    if (!AddOption(*option, member.value(), wanted.arguments))
      return std::unexpected(Refuse(400, fmt::format("the option \"{}\" has a value that it cannot "
                                                     "have",
                                                     std::string_view(member.key()))));
  }
  return wanted;
}

// ---- Endpoints.

class Endpoints {
 public:
  explicit Endpoints(const LifecycleServices& services) : s_(services) {}

  Result<http::Response> State(Call& call) const;
  Result<http::Response> GetHistory(Call& call) const;
  Result<http::Response> ListOperations(Call& call) const;
  Result<http::Response> GetOperation(Call& call) const;
  Result<http::Response> GetEvents(Call& call) const;
  Result<http::Response> GetReport(Call& call) const;
  Result<http::Response> Start(Call& call) const;
  Result<http::Response> Cancel(Call& call) const;
  Result<http::Response> ListRuns(Call& call) const;
  Result<http::Response> GetRun(Call& call) const;
  Result<http::Response> CancelRun(Call& call) const;
  Result<http::Response> ListBackups(Call& call) const;
  Result<http::Response> GetAb(Call& call) const;

 private:
  // Of an operation that there is; 404 else.
  Parsed<lifecycle::OperationRecord> Find(const Call& call) const;
  http::Response CancelRunOf(Call& call, const LifecycleRun& run) const;

  const LifecycleServices& s_;
};

json::object Summary(const lifecycle::OperationRecord& record) {
  json::object summary = lifecycle::ToJson(record);
  summary.erase("steps");
  return summary;
}

// `startingToken` is how many have been told; newest first.
template <typename Items, typename Form>
json::object PageOf(const Call& call, const Items& items, Form form) {
  std::size_t skip = 0;
  if (const auto token = call.request.FindQuery("startingToken"))
    skip = static_cast<std::size_t>(std::strtoull(std::string(*token).c_str(), nullptr, 10));
  json::array list;
  std::size_t at = 0;
  for (auto item = items.rbegin(); item != items.rend() && list.size() < kHistoryPage; ++item)
    if (at++ >= skip) list.push_back(form(*item));
  json::object page{{"Items", std::move(list)}};
  if (at < items.size()) page["NextToken"] = std::to_string(at);
  return page;
}

Parsed<lifecycle::OperationRecord> Endpoints::Find(const Call& call) const {
  auto record = lifecycle::GetOperation(s_.stack, call.request.Parameter("operationId"));
  if (record.ok()) return *std::move(record);
  if (record.error().code == Code::kNotFound || record.error().code == Code::kInvalid)
    return std::unexpected(Refuse(404, record.error().message));
  return std::unexpected(RefuseError(record.error()));
}

Result<http::Response> Endpoints::State(Call&) const {
  json::object state = s_.state();
  const auto operations = lifecycle::Operations(s_.stack);
  state["operation"] = nullptr;
  if (operations.ok() && !operations->empty()) state["operation"] = Summary(operations->back());
  TRY(const auto runs, s_.runs.List());
  state["run"] = nullptr;
  if (!runs.empty()) state["run"] = ToJson(runs.front());
  return Answer(state);
}

Result<http::Response> Endpoints::GetHistory(Call& call) const {
  TRY(const auto lines, lifecycle::History(s_.stack));
  return Answer(PageOf(call, lines, [](const json::object& line) { return line; }));
}

Result<http::Response> Endpoints::ListOperations(Call& call) const {
  TRY(const auto operations, lifecycle::Operations(s_.stack));
  return Answer(PageOf(call, operations, Summary));
}

Result<http::Response> Endpoints::GetOperation(Call& call) const {
  PARSE(const auto record, Find(call));
  json::object answer = lifecycle::ToJson(record);
  answer["journal"] = json::array(record.entries.begin(), record.entries.end());
  return Answer(answer);
}

Result<http::Response> Endpoints::GetEvents(Call& call) const {
  PARSE(const auto record, Find(call));
  return FollowOperation(s_.stack, record.id);
}

Result<http::Response> Endpoints::GetReport(Call& call) const {
  PARSE(const auto record, Find(call));
  const bool html = call.request.FindQuery("format") == "html";
  auto text = files::ReadAll(html ? record.report_html() : record.report_json());
  if (!text.ok() && text.error().code == Code::kNotFound)
    return Refuse(404, "The operation has no report yet: it is written when the operation ends");
  TRY_OK(text);
  http::Response response;
  response.headers.Set("content-type", html ? "text/html; charset=utf-8" : "application/json");
  response.headers.Set("cache-control", "no-cache, no-store");
  // A page of its own, with its style in it and no program.
  if (html)
    response.headers.Set("content-security-policy",
                         "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  response.body = *std::move(text);
  return response;
}

Result<http::Response> Endpoints::Start(Call& call) const {
  PARSE(const auto wanted, ReadWanted(call));
  auto run = s_.runs.Start(call.op, wanted.command, wanted.arguments, call.user());
  if (!run.ok()) {
    if (run.error().code != Code::kConflict) return RefuseError(run.error());
    call.Because(run.error().message);
    return Refuse(409, run.error().message);
  }
  call.Audit(audit::Channel::kActions, "lifecycleStart",
             {{"runId", run->id},
              {"operation", run->command},
              {"arguments", json::array(run->arguments.begin(), run->arguments.end())}});
  return Answer(202, ToJson(*run));
}

http::Response Endpoints::CancelRunOf(Call& call, const LifecycleRun& run) const {
  const Status asked = s_.runs.Cancel(run.id);
  if (!asked.ok()) {
    if (asked.error().code != Code::kConflict) return RefuseError(asked.error());
    call.Because(asked.error().message);
    return Refuse(409, asked.error().message);
  }
  call.Audit(audit::Channel::kActions, "lifecycleCancel",
             {{"runId", run.id}, {"operation", run.command}});
  return Answer(202, json::object{{"id", run.id},
                                  {"message",
                                   "The operation was asked to stop; it ends or undoes what it has "
                                   "begun"}});
}

Result<http::Response> Endpoints::Cancel(Call& call) const {
  PARSE(const auto record, Find(call));
  TRY(const auto runs, s_.runs.List());
  const auto run = std::ranges::find_if(
      runs, [&](const LifecycleRun& one) { return one.running() && one.operation == record.id; });
  if (run != runs.end()) return CancelRunOf(call, *run);
  if (record.state != "running")
    return Refuse(409, fmt::format("Operation {} does not run; nothing was cancelled", record.id));
  return Refuse(409,
                fmt::format("Operation {} was started at the command line by {}; stop it there",
                            record.id, record.by));
}

Result<http::Response> Endpoints::ListRuns(Call&) const {
  TRY(const auto runs, s_.runs.List());
  json::array list;
  for (const LifecycleRun& run : runs) list.push_back(ToJson(run));
  return Answer(json::object{{"Items", std::move(list)}});
}

Result<http::Response> Endpoints::GetRun(Call& call) const {
  auto run = s_.runs.Get(call.request.Parameter("runId"));
  if (!run.ok() && run.error().code == Code::kNotFound) return Refuse(404, run.error().message);
  TRY_OK(run);
  return Answer(ToJson(*run));
}

Result<http::Response> Endpoints::CancelRun(Call& call) const {
  auto run = s_.runs.Get(call.request.Parameter("runId"));
  if (!run.ok() && run.error().code == Code::kNotFound) return Refuse(404, run.error().message);
  TRY_OK(run);
  return CancelRunOf(call, *run);
}

Result<http::Response> Endpoints::ListBackups(Call& call) const {
  TRY(auto backups, s_.backups(call.op));
  return Answer(json::object{{"Items", std::move(backups)}});
}

Result<http::Response> Endpoints::GetAb(Call&) const {
  TRY(auto ab, s_.ab());
  return Answer(ab);
}

}  // namespace

json::object ToJson(const LifecycleRun& run) {
  return {{"id", run.id},
          {"command", run.command},
          {"arguments", json::array(run.arguments.begin(), run.arguments.end())},
          {"user", run.user},
          {"running", run.running()},
          {"startedAt", run.started_at},
          {"endedAt", run.running() ? json::value() : json::value(run.ended_at)},
          {"exitStatus", run.exit_status ? json::value(*run.exit_status) : json::value()},
          {"operation", run.operation.empty() ? json::value() : json::value(run.operation)},
          {"message", run.message},
          {"result", run.result}};
}

void AddLifecycleRoutes(Gate& gate, const LifecycleServices& services) {
  using http::Verb;
  const auto endpoints = std::make_shared<const Endpoints>(services);
  RouteGroup routes(gate, {.tag = "lifecycle"});
  // How it is has to be told also when every worker is busy.
  RouteGroup status(gate, {.tag = "lifecycle", .admin = true});
  using Handle = Result<http::Response> (Endpoints::*)(Call&) const;
  const auto add_to = [&](RouteGroup& group, Verb verb, std::string_view path, std::string id,
                          std::string summary, Handle handle) {
    group.Add(verb, fmt::format("{}{}", kLifecyclePath, path), std::move(id), std::move(summary),
              [endpoints, handle](Call& call) { return (endpoints.get()->*handle)(call); });
  };
  const auto add = [&](Verb verb, std::string_view path, std::string id, std::string summary,
                       Handle handle) {
    add_to(routes, verb, path, std::move(id), std::move(summary), handle);
  };
  add_to(status, Verb::kGet, "", "getLifecycle",
         "Release, data version, mode, generations, and the paths to other data versions",
         &Endpoints::State);
  add(Verb::kGet, "/history", "getLifecycleHistory", "Every lifecycle operation, newest first",
      &Endpoints::GetHistory);
  add(Verb::kGet, "/operations", "getLifecycleOperations",
      "Operations with a journal, newest first", &Endpoints::ListOperations);
  add(Verb::kPost, "/operations", "startLifecycleOperation",
      "Start preflight, rehearse, update, verify, rollback or backup", &Endpoints::Start);
  add_to(status, Verb::kGet, "/operations/{operationId}", "getLifecycleOperation",
         "An operation with its steps and its journal", &Endpoints::GetOperation);
  add(Verb::kDelete, "/operations/{operationId}", "cancelLifecycleOperation",
      "Ask an operation to stop", &Endpoints::Cancel);
  add(Verb::kGet, "/operations/{operationId}/events", "followLifecycleOperation",
      "The progress of an operation as server-sent events", &Endpoints::GetEvents);
  add(Verb::kGet, "/operations/{operationId}/report", "getLifecycleReport",
      "The report of an operation; format=html for the page", &Endpoints::GetReport);
  add(Verb::kGet, "/runs", "getLifecycleRuns", "Commands that were started here, newest first",
      &Endpoints::ListRuns);
  add(Verb::kGet, "/runs/{runId}", "getLifecycleRun", "One of them, with what it printed",
      &Endpoints::GetRun);
  add(Verb::kDelete, "/runs/{runId}", "cancelLifecycleRun", "Ask a command to stop",
      &Endpoints::CancelRun);
  add(Verb::kGet, "/backups", "getLifecycleBackups", "The backups of the stack, newest first",
      &Endpoints::ListBackups);
  add(Verb::kGet, "/ab", "getLifecycleAb", "The A/B deployment that the stack takes part in",
      &Endpoints::GetAb);
}

}  // namespace vams::api
