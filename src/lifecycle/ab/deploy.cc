#include "lifecycle/ab/deploy.h"

#include <errno.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <thread>

#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/crossing.h"
#include "lifecycle/ab/http_source.h"
#include "lifecycle/ab/open_source.h"
#include "lifecycle/served_stack.h"
#include "migrate/plan_json.h"
#include "tables/data_version.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::seconds kLookAtServer{2};

// What a new stack is seeded with does not count: the copy replaces it.
Result<bool> IsEmpty(OpContext& op, const Stack& stack) {
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  for (const char* table : {"DatabaseStorageTable", "AssetStorageTable"}) {
    const auto count = store->Count(op, table);
    if (!count.ok() && count.error().code == Code::kNotFound) continue;
    if (!count.ok()) return count.error();
    if (*count > 0) return false;
  }
  return true;
}

std::uint64_t SizeOfFolder(const files::Path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ec;
  for (std::filesystem::recursive_directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec))
    if (std::error_code size_ec; it->is_regular_file(size_ec)) bytes += it->file_size(size_ec);
  return bytes;
}

std::uint64_t FreeBytes(files::Path path) {
  std::error_code ec;
  while (!std::filesystem::exists(path, ec) && path.has_relative_path()) path = path.parent_path();
  struct statvfs space = {};
  if (::statvfs(path.c_str(), &space) != 0) return 0;
  return std::uint64_t{space.f_bavail} * space.f_frsize;
}

bool HasTls(const config::Config& config) {
  return !config.server.tls_certificate.empty() ||
         (config.alb.enabled && !config.alb.certificate_file.empty());
}

// The checks before a start, one after the other; all of them are made, so that one run names all
// there is to change.
class Checker {
 public:
  Checker(const StackRegistry& registry, const StartRequest& request)
      : registry_(registry), request_(request) {}

  void Add(bool passed, std::string name, std::string fine, std::string wrong) {
    checks_.push_back({.name = std::move(name),
                       .result = passed ? Check::Result::kPassed : Check::Result::kFailed,
                       .detail = passed ? std::move(fine) : std::move(wrong)});
  }
  void Warn(std::string name, std::string detail) {
    checks_.push_back({std::move(name), Check::Result::kWarning, std::move(detail)});
  }

  bool passed() const {
    return std::ranges::none_of(checks_,
                                [](const Check& c) { return c.result == Check::Result::kFailed; });
  }
  std::vector<Check> Take() { return std::move(checks_); }

  void Name(std::string_view from, bool one_home) {
    Add(!one_home || request_.name != from, "name",
        fmt::format("\"{}\" replaces \"{}\"", request_.name, from),
        fmt::format("both sides are called \"{}\"; give the standby another name", from));
  }

  Status Standby(OpContext& op, const std::string& deployment) {
    if (!registry_.Exists(request_.name)) {
      Add(true, "standby", fmt::format("stack \"{}\" is created", request_.name), {});
      return Ok();
    }
    TRY(const auto stack, registry_.Get(request_.name));
    TRY(const auto state, ReadState(stack));
    if (state && state->deployment == deployment) {
      Add(true, "standby", "was made by an earlier start, which is gone on with", {});
      return Ok();
    }
    TRY(const bool empty, IsEmpty(op, stack));
    Add(empty && !state, "standby", fmt::format("stack \"{}\" is there and empty", request_.name),
        state ? fmt::format("stack \"{}\" takes part in another A/B deployment; end that with "
                            "\"vams ab finish --stack {}\", or choose another name",
                            request_.name, request_.name)
              : fmt::format("stack \"{}\" holds data already; choose another name, or remove it "
                            "with \"vams stack destroy\"",
                            request_.name));
    TRY(const auto served, ServedStack::Find(stack));
    Add(!served, "standby is stopped", "no server runs on it",
        "its server runs, and would not become a standby by itself; stop it first");
    return Ok();
  }

  void Version(const SourceLook& look) {
    const bool same = look.data_version == tables::kNewest;
    const bool older = look.data_version < tables::kNewest && !request_.remote;
    const std::string version = look.data_version.ToString();
    Add(same || older, "data version",
        same ? fmt::format("both hold data of version {}", version)
             : fmt::format("data of version {} is taken through the migration steps to {}", version,
                           tables::kNewest.ToString()),
        fmt::format("\"{}\" holds data of version {}, and this release follows {} from another "
                    "machine; use the same release, and update it first with \"vams update\"",
                    look.stack, version, tables::kNewest.ToString()));
  }

  // Data of an older version is taken through the steps once, and what that makes is thrown away:
  // what nothing decides about is told before anything is changed.
  Status Decisions(OpContext& op, const Stack& from, const State& becomes) {
    TRY(const auto crossing,
        Crossing::Between(from.current.data_version, tables::kNewest, becomes));
    if (crossing == nullptr) return Ok();
    const files::Path home = registry_.home();
    TRY_OK(files::MakeFolders(home));
    TRY(const auto work, files::TempFolder::Create(home, ".ab-try"));
    const files::Path clone = work.path() / "source.db";
    TRY_OK(items::CloneSqliteStore(op, from.current.items(), clone));
    const auto tried = crossing->Try(op, clone, work.path());
    if (!tried.ok() && tried.error().code != Code::kConflict) return tried.error();
    Add(tried.ok(), "decisions",
        tried.ok() ? fmt::format("every record has its place, {} are set aside", *tried) : "",
        tried.ok() ? "" : tried.error().message);
    return Ok();
  }

  // What was copied by other decisions cannot be gone on with.
  void SameDecisions(const std::optional<State>& before, const State& becomes) {
    if (!becomes.migration || !before || before->deployment != becomes.deployment ||
        !registry_.Exists(request_.name))
      return;
    const auto standby = registry_.Get(request_.name);
    const auto settings = [](const State& state) {
      return json::serialize(
          migrate::ToJson(state.migration.value_or(Crossing::SettingsOf(state))));
    };
    const bool copied = standby.ok() && standby->current.number > 1;
    if (!copied || settings(*before) == settings(becomes)) return;
    Add(false, "decisions", {},
        fmt::format("stack \"{}\" was copied by other decisions of an earlier start; remove it "
                    "with \"vams ab finish --abandon --stack {}\", and start again",
                    request_.name, request_.name));
  }

  void Engines(const config::Config& config, std::string_view whose) {
    const bool embedded = config.engines.items.kind == config::ItemsKind::kSqlite &&
                          config.engines.objects.kind == config::ObjectsKind::kLocal;
    Add(embedded, fmt::format("engines of {}", whose), "the embedded ones",
        "items or objects lie in another service, and there is no change log to follow there; use "
        "\"vams ab copy\" for tables of the DynamoDB protocol");
  }

  // What the two configurations have to have in common, and what they must not.
  void Configurations(const config::Config& from) {
    const config::Config& to = request_.config;
    Add(from.name == to.name, "product name", fmt::format("\"{}\" on both sides", to.name),
        fmt::format("it is \"{}\" there and \"{}\" here, and buckets are called after it; set "
                    "\"name\" to \"{}\"",
                    from.name, to.name, from.name));
    std::vector<std::string> shared;
    for (const std::string& address : to.server.listen)
      if (std::ranges::find(from.server.listen, address) != from.server.listen.end())
        shared.push_back(address);
    Add(shared.empty(), "address",
        fmt::format("the standby has {} of its own, and takes over {} at the switch",
                    fmt::join(to.server.listen, ", "), fmt::join(from.server.listen, ", ")),
        fmt::format("both sides want to listen at {}; set server.listen of the standby to another "
                    "address: it gets this one at the switch",
                    fmt::join(shared, ", ")));
    Add(HasTls(from) == HasTls(to), "transport", HasTls(to) ? "TLS on both sides" : "HTTP on both",
        "one side serves TLS and the other does not, and the address that is taken over cannot "
        "change that; give both a certificate, or neither");
    if (from.auth.builtin_accounts != to.auth.builtin_accounts)
      Warn("accounts",
           "the two sides sign people in by different directories: whoever is signed in "
           "has to do so again after the switch");
    for (const auto& bucket : from.asset_buckets.external)
      if (std::ranges::find(to.asset_buckets.external, bucket.location,
                            &config::ExternalBucket::location) == to.asset_buckets.external.end())
        Warn("external folders", fmt::format("{} is not in the standby's configuration, so it is "
                                             "no longer kept in step after a switch",
                                             bucket.location));
  }

  void Space(const Stack& from) {
    const std::uint64_t rows = 2 * SizeOfFolder(from.current.folder);
    const bool linked = !request_.config.encryption.enabled &&
                        FreeBytes(from.folder) == FreeBytes(registry_.home());
    const std::uint64_t needed = rows + (linked ? 0 : SizeOfFolder(from.blobs()));
    const std::uint64_t free = FreeBytes(registry_.home());
    Add(free >= needed, "space",
        fmt::format("{} bytes are free, about {} are needed{}", free, needed,
                    linked ? "; contents are shared" : ""),
        fmt::format("{} bytes are free below {}, and about {} are needed; make room", free,
                    registry_.home().string(), needed));
  }

 private:
  const StackRegistry& registry_;
  const StartRequest& request_;
  std::vector<Check> checks_;
};

// A rerun of a start that was cut off goes on with the same deployment.
std::string DeploymentOf(const std::optional<State>& state, const StartRequest& request,
                         Random& random) {
  if (state && state->peer.stack == request.name && state->switches == 0) return state->deployment;
  return NewUuid(random);
}

// The log of the side that serves is kept from now on.
Status KeepLogOf(OpContext& op, const Stack& serving, const Clock& clock) {
  TRY(auto served, ServedStack::Find(serving));
  if (served) {
    TRY([[maybe_unused]] const auto state, served->Refresh());
    return Ok();
  }
  TRY(const auto lock, LockStack(serving, "vams ab", clock));
  TRY(const auto store, items::OpenSqliteStore(serving.current.items(), {.clock = &clock}));
  TRY(const auto state, ReadState(serving));
  if (!state || state->finished()) {
    const Status removed = store->RemoveConsumer(op, kConsumer);
    return !removed.ok() && removed.error().code != Code::kNotFound ? removed : Ok();
  }
  TRY(const auto last, store->LastChange(op));
  const Status added = store->AddConsumer(op, kConsumer, last);
  return !added.ok() && added.error().code != Code::kConflict ? added : Ok();
}

Result<Stack> MakeStandby(const StackRegistry& registry, const StartRequest& request, bool& created,
                          const Clock& clock) {
  created = !registry.Exists(request.name);
  if (created) {
    TRY(auto stack, registry.Create(request.name, request.config_text));
    TRY_OK(AppendHistory(stack, {{"operation", "create"}, {"result", "done"}}, clock));
    return stack;
  }
  TRY(auto stack, registry.Get(request.name));
  if (request.config_text) TRY_OK(files::WriteAtomically(stack.config(), *request.config_text));
  return stack;
}

// What the source becomes.
State ServingState(const Stack& from, const std::optional<State>& before,
                   const std::string& deployment, const StackRegistry& registry,
                   const StartRequest& request, const Clock& clock) {
  State serving{.role = Role::kServing,
                .deployment = deployment,
                .peer = {.stack = request.name, .home = registry.home(), .url = {}, .key_file = {}},
                .data_name = before && !before->data_name.empty() ? before->data_name : from.name,
                .issuer = before && !before->issuer.empty() ? before->issuer : request.issuer,
                .addresses = before ? before->addresses : std::vector<std::string>(),
                .started_at = IsoMillis(clock.NowMillis())};
  const bool again = before && before->deployment == deployment;
  if (before) serving.epoch = before->epoch + (again ? 0 : 1);
  // What a step makes up depends on it.
  if (again) serving.started_at = before->started_at;
  if (from.current.data_version < tables::kNewest) {
    serving.migration = request.migration;
    const auto made = Crossing::SettingsOf(serving);
    serving.migration->run_id = made.run_id;
    serving.migration->run_millis = made.run_millis;
  }
  return serving;
}

Result<StartReport> StartHere(OpContext& op, const StackRegistry& registry,
                              const StartRequest& request, const Clock& clock, Random& random) {
  const StackRegistry other(request.from_home.empty() ? registry.home() : request.from_home, clock);
  TRY(const auto from, other.Get(request.from));
  TRY(const auto from_config, StoredConfig(from));
  TRY(const auto before, ReadState(from));
  const std::string deployment = DeploymentOf(before, request, random);
  Checker checker(registry, request);
  checker.Name(from.name, other.home() == registry.home());
  checker.Add(!before || before->finished() || before->deployment == deployment, "source",
              fmt::format("stack \"{}\" takes part in no other deployment", from.name),
              fmt::format("stack \"{}\" is {} with \"{}\" already; end that first with \"vams ab "
                          "finish --stack {}\"",
                          from.name, before ? NameOf(before->role) : "",
                          before ? before->peer.stack : "", from.name));
  TRY_OK(checker.Standby(op, deployment));
  const SourceLook look{.stack = from.name, .data_version = from.current.data_version};
  checker.Version(look);
  const State serving = ServingState(from, before, deployment, registry, request, clock);
  checker.SameDecisions(before, serving);
  TRY_OK(checker.Decisions(op, from, serving));
  checker.Engines(from_config, "the source");
  checker.Engines(request.config, "the standby");
  checker.Configurations(from_config);
  checker.Space(from);
  StartReport report;
  const bool passed = checker.passed();
  report.checks = checker.Take();
  if (!passed) return report;

  TRY_OK(WriteState(from, serving));
  TRY_OK(KeepLogOf(op, from, clock));
  TRY(report.standby, MakeStandby(registry, request, report.created, clock));
  report.state = serving;
  report.state.role = Role::kStandby;
  report.state.peer = {.stack = from.name, .home = other.home(), .url = {}, .key_file = {}};
  report.state.addresses = from_config.server.listen;
  report.state.addresses.insert(report.state.addresses.end(), serving.addresses.begin(),
                                serving.addresses.end());
  TRY_OK(WriteState(*report.standby, report.state));
  return report;
}

Result<StartReport> StartRemote(OpContext& op, const StackRegistry& registry,
                                const StartRequest& request, const Clock& clock, Random& random) {
  TRY(const auto source, HttpSource::Open(*request.remote, {}));
  TRY(const auto look, source->Look(op));
  const std::string deployment = DeploymentOf(look.state, request, random);
  Checker checker(registry, request);
  checker.Add(!look.state || look.state->finished() || look.state->deployment == deployment,
              "source", fmt::format("{} takes part in no other deployment", source->Where()),
              fmt::format("{} takes part in another deployment; end that first with \"vams ab "
                          "finish\" there",
                          source->Where()));
  TRY_OK(checker.Standby(op, deployment));
  checker.Version(look);
  checker.Engines(request.config, "the standby");
  checker.Add(!request.config.hooks.switch_over.empty(), "address",
              "hooks.switch moves the public address",
              "the public address is another machine's, and hooks.switch of the standby's "
              "configuration does not say what moves it; set it to the command that changes DNS or "
              "the load balancer");
  StartReport report;
  const bool passed = checker.passed();
  report.checks = checker.Take();
  if (!passed) return report;

  State state{.role = Role::kStandby,
              .deployment = deployment,
              .peer = *request.remote,
              .started_at = IsoMillis(clock.NowMillis())};
  state.peer.stack = look.stack;
  TRY(const auto joined,
      source->Join(op, {.deployment = deployment, .stack = request.name, .url = request.here_url}));
  state.epoch = joined.epoch;
  state.data_name = joined.data_name;
  state.issuer = joined.issuer;
  TRY(report.standby, MakeStandby(registry, request, report.created, clock));
  report.state = state;
  TRY_OK(WriteState(*report.standby, report.state));
  return report;
}

}  // namespace

json::array ToJson(const std::vector<Check>& checks) {
  json::array list;
  for (const Check& check : checks)
    list.push_back(json::object{{"name", check.name},
                                {"result", check.result == Check::Result::kPassed    ? "passed"
                                           : check.result == Check::Result::kWarning ? "warning"
                                                                                     : "failed"},
                                {"detail", check.detail}});
  return list;
}

Result<StartReport> Start(OpContext& op, const StackRegistry& registry, const StartRequest& request,
                          const Clock& clock, Random& random) {
  TRY_OK(CheckStackName(request.name));
  TRY(auto report, request.remote ? StartRemote(op, registry, request, clock, random)
                                  : StartHere(op, registry, request, clock, random));
  if (report.standby)
    TRY_OK(AppendHistory(*report.standby,
                         {{"operation", "ab start"},
                          {"result", "done"},
                          {"from", request.remote ? request.remote->url : request.from},
                          {"deployment", report.state.deployment}},
                         clock));
  return report;
}

Result<Stack> StandbyOf(const StackRegistry& registry, const Stack& stack) {
  TRY(const auto state, ReadState(stack));
  if (!state || state->finished())
    return Error(
        Code::kNotFound,
        fmt::format("stack \"{}\" takes part in no A/B deployment; begin one with \"vams ab "
                    "start --from {} --stack NAME --config FILE\"",
                    stack.name, stack.name));
  if (state->role == Role::kStandby) return stack;
  if (state->peer.remote())
    return Error(
        Code::kInvalid,
        fmt::format("the standby of stack \"{}\" is on another machine ({}), and it is the "
                    "one that switches; run the command there",
                    stack.name, state->peer.url));
  const StackRegistry other(state->peer.home.empty() ? registry.home() : state->peer.home,
                            SystemClock());
  auto peer = other.Get(state->peer.stack);
  if (peer.ok()) return peer;
  return Error(
      peer.error().code,
      fmt::format("the standby of stack \"{}\" cannot be opened: {}; if it is lost for good, "
                  "end the deployment with \"vams ab finish --alone --stack {}\"",
                  stack.name, peer.error().message, stack.name));
}

namespace {

Result<json::object> SideJson(OpContext& op, const Stack& stack, const State& state) {
  json::object side{{"stack", stack.name},
                    {"role", NameOf(state.role)},
                    {"epoch", state.epoch},
                    {"generation", stack.current.number}};
  TRY(auto served, ServedStack::Find(stack));
  side["served"] = served.has_value();
  if (served) {
    TRY(const auto now, served->State());
    side["mode"] = Name(now.mode);
    side["url"] = now.url;
  }
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(const auto last, store->LastChange(op));
  side["lastChange"] = last;
  return side;
}

}  // namespace

Result<json::object> StatusOf(OpContext& op, const StackRegistry& registry, const Stack& stack,
                              const Clock& clock) {
  TRY(const auto state, ReadState(stack));
  if (!state) return json::object{{"deployment", nullptr}};
  json::object status{{"deployment", state->deployment},
                      {"epoch", state->epoch},
                      {"switches", state->switches},
                      {"startedAt", state->started_at},
                      {"finished", state->finished()}};
  if (!state->switched_at.empty()) status["switchedAt"] = state->switched_at;
  TRY(status[NameOf(state->role)], SideJson(op, stack, *state));
  if (state->finished()) return status;
  std::optional<Stack> standby;
  if (state->role == Role::kStandby) standby = stack;
  if (state->peer.remote()) {
    status[state->role == Role::kStandby ? "serving" : "standby"] =
        json::object{{"stack", state->peer.stack}, {"url", state->peer.url}};
  } else {
    const StackRegistry other(state->peer.home.empty() ? registry.home() : state->peer.home, clock);
    const auto peer = other.Get(state->peer.stack);
    if (peer.ok()) {
      TRY(const auto theirs, ReadState(*peer));
      if (theirs) {
        TRY(status[NameOf(theirs->role)], SideJson(op, *peer, *theirs));
        if (theirs->pause_millis >= 0) status["pauseMillis"] = theirs->pause_millis;
        if (theirs->role == Role::kStandby) standby = *peer;
      }
    } else {
      status["problem"] = peer.error().message;
    }
  }
  if (state->pause_millis >= 0) status["pauseMillis"] = state->pause_millis;
  if (!standby) return status;
  TRY(const auto progress, ReadProgress(*standby));
  if (!progress) return status;
  for (const auto& member : ToJson(*progress)) status[member.key()] = member.value();
  // Of the two sides' own words the newer: the standby's were written a moment ago.
  if (const json::value* serving = status.if_contains("serving");
      serving != nullptr && serving->as_object().contains("lastChange")) {
    const auto last = serving->as_object().at("lastChange").to_number<items::Position>();
    status["sourcePosition"] = last;
    status["lagChanges"] = last > progress->position ? last - progress->position : 0;
  }
  status["secondsAgo"] = static_cast<double>(clock.NowMillis() - progress->at_millis) / 1000;
  return status;
}

Result<json::object> Ask(OpContext& op, const Stack& standby, std::string_view want,
                         json::object options, Random& random,
                         const std::function<void(const Progress&)>& watch) {
  const auto nobody = [&]() -> Error {
    return {Code::kUnavailable,
            fmt::format("nobody serves stack \"{}\", and it is its server that follows and "
                        "switches; start it with \"vams serve --stack {}\", then do this again",
                        standby.name, standby.name)};
  };
  TRY(const auto served, ServedStack::Find(standby));
  if (!served) return nobody();
  const Request request{
      .id = NewUuid(random), .want = std::string(want), .options = std::move(options)};
  TRY_OK(PutRequest(standby, request));
  auto look = OpContext::SteadyClock::now() + kLookAtServer;
  for (;;) {
    TRY(const auto reply, FindReply(standby, request.id));
    if (reply) {
      if (!reply->status.ok()) return reply->status.error();
      return reply->result;
    }
    if (const Status wanted = op.Check(); !wanted.ok()) {
      TRY_OK(DropRequest(standby));
      return wanted.error();
    }
    TRY(const auto progress, ReadProgress(standby));
    if (progress && watch) watch(*progress);
    std::this_thread::sleep_for(kPoll);
    if (OpContext::SteadyClock::now() < look) continue;
    look = OpContext::SteadyClock::now() + kLookAtServer;
    TRY(const auto still, ServedStack::Find(standby));
    if (still) continue;
    TRY(const auto last, FindReply(standby, request.id));
    if (last) continue;
    TRY_OK(DropRequest(standby));
    return nobody();
  }
}

Status Forget(const Stack& serving, const Clock& clock) {
  TRY(auto state, ReadState(serving));
  if (!state) return Ok();
  if (state->role != Role::kServing)
    return Error(Code::kConflict,
                 fmt::format("stack \"{}\" is the standby; it cannot forget the side that serves",
                             serving.name));
  // A stack that never took anything over is as it was before; others go on under what they took.
  const bool plain = state->data_name == serving.name && state->addresses.empty();
  // The other machine's key, where it was given to this side; an operator's own file stays.
  if (const files::Path& key = state->peer.key_file;
      key.parent_path() == serving.folder && ::unlink(key.c_str()) != 0 && errno != ENOENT)
    return files::ErrnoError("remove", key, errno);
  state->peer = {};
  TRY_OK(plain ? RemoveState(serving) : WriteState(serving, *state));
  OpContext op;
  return KeepLogOf(op, serving, clock);
}

}  // namespace vams::lifecycle::ab
