#include "lifecycle/update/preflight.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <map>

#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/upkeep_objects.h"
#include "migrate/report_page.h"
#include "migrate/steps.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::Grouped;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kPreflightShown = 20;

std::string Counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", Grouped(number), what, number == 1 ? "" : "s");
}

std::string Megabytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", Grouped((bytes + (1U << 20) - 1) >> 20));
}

std::uint64_t SizeOfTree(const files::Path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ec;
  for (std::filesystem::recursive_directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec)) {
    std::error_code gone;
    if (it->is_regular_file(gone)) bytes += it->file_size(gone);
  }
  return bytes;
}

// Whether the data began as that of another deployment.
bool ComesFromElsewhere(const StackRegistry& registry, const Stack& stack) {
  Generation at = stack.current;
  for (int steps = 0; steps < 1000; ++steps) {
    if (TextOf(at.origin, "kind") == "import") return true;
    const auto before = NumberOf(at.origin, "generation");
    if (before == 0 || before >= at.number) return false;
    auto older = registry.GenerationOf(stack, before);
    if (!older.ok()) return false;
    at = *std::move(older);
  }
  return false;
}

class Runner {
 public:
  Runner(const UpdateSetting& setting, const UpdateRequest& request,
         const std::function<void(const Check&)>& done)
      : setting_(setting), request_(request), done_(done) {}

  Result<Preflight> Run() {
    TRY(stack_, setting_.registry.Get(request_.stack));
    result_.stack = stack_.name;
    result_.from = stack_.current.data_version;
    result_.to = request_.migration.to.value_or(tables::kNewest);
    if (request_.config && !IsConfigOf(*request_.config, stack_))
      result_.config_file = request_.config->file;
    TRY_OK(Do("configuration", [&](Check& check) { return Configuration(check); }));
    TRY_OK(Do("path", [&](Check& check) { return Path(check); }));
    TRY_OK(Do("server", [&](Check& check) { return Server(check); }));
    if (WorstOf(result_.checks) == CheckResult::kRefused) {
      // A plan of something that cannot be planned would only repeat the reason.
    } else {
      TRY_OK(Plan());
      TRY_OK(Do("change set", [&](Check& check) { return Changes(check); }));
      NewConfiguration();
    }
    TRY_OK(Do("item store", [&](Check& check) { return ItemStore(check); }));
    TRY_OK(Do("objects", [&](Check& check) { return Objects(check); }));
    TRY_OK(Do("running work", [&](Check& check) { return RunningWork(check); }));
    if (config_) {
      TRY_OK(Do("backup repository", [&](Check& check) { return Repository(check); }));
      TRY_OK(Do("last backup", [&](Check& check) { return LastBackup(check); }));
      TRY_OK(Do("disk space", [&](Check& check) { return DiskSpace(check); }));
      TRY_OK(Do("breaking changes", [&](Check& check) { return BreakingChanges(check); }));
    }
    return std::move(result_);
  }

 private:
  OpContext& op() { return setting_.op; }

  // Runs a check; what it could not find out is a refusal with the reason.
  Status Do(std::string_view name, const std::function<Status(Check&)>& look) {
    TRY_OK(op().Check());
    const auto start = Steady::now();
    Check check;
    check.name = name;
    if (auto looked = look(check); !looked.ok()) {
      if (looked.error().code == Code::kCancelled) return looked;
      check.result = CheckResult::kRefused;
      check.summary = looked.error().message;
    }
    check.millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
    if (done_) done_(check);
    result_.checks.push_back(std::move(check));
    return Ok();
  }

  Status Configuration(Check& check) {
    TRY(config_, setting_.config_of(stack_));
    const auto& report = config_->report;
    check.evidence = {{"file", report.file}, {"warnings", report.warnings()}};
    json::array unknown;
    for (const auto& field : report.fields)
      if (field.status == config::FieldStatus::kUnknown) unknown.emplace_back(field.path);
    if (!unknown.empty()) check.evidence["unknown"] = std::move(unknown);
    check.summary = report.file.empty() ? "none: the defaults count" : "valid";
    if (report.warnings() > 0) {
      check.result = CheckResult::kWarning;
      check.summary += fmt::format(
          ", with {}", Counted(static_cast<std::uint64_t>(report.warnings()), "warning"));
      check.way_out = "\"vams config check\" shows them";
    }
    return Ok();
  }

  Status Path(Check& check) {
    check.evidence = {{"from", result_.from.ToString()}, {"to", result_.to.ToString()}};
    if (result_.from > tables::kNewest) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format("the data is at {}, newer than this release knows ({})",
                                  result_.from.ToString(), tables::kNewest.ToString());
      check.way_out = "install the newer release that made it";
      return Ok();
    }
    if (result_.to < result_.from) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format("the data is at {}, newer than {}", result_.from.ToString(),
                                  result_.to.ToString());
      check.way_out = "go back with \"vams rollback\"";
      return Ok();
    }
    TRY(const auto path, migrate::PathBetween(result_.from, result_.to));
    json::array names;
    for (const auto& leg : path) names.emplace_back(migrate::NameOf(leg));
    check.evidence["steps"] = names;
    check.summary = path.empty() ? fmt::format("the data is at {} already", result_.to.ToString())
                                 : fmt::format("{} to {} in {}", result_.from.ToString(),
                                               result_.to.ToString(), Counted(path.size(), "step"));
    return Ok();
  }

  Status Server(Check& check) {
    TRY(auto server, ServedStack::Find(stack_));
    if (server) {
      TRY(const auto state, server->State());
      result_.served = true;
      result_.process = state.pid;
      check.evidence = {{"url", state.url},
                        {"process", state.pid},
                        {"release", state.release},
                        {"mode", Name(state.mode)}};
      check.summary =
          fmt::format("served at {} by process {} ({})", state.url, state.pid, Name(state.mode));
      return Ok();
    }
    // Nobody serves; whoever holds the lock is in the way.
    auto lock = LockStack(stack_, "vams preflight", setting_.clock);
    if (!lock.ok()) {
      check.result = CheckResult::kRefused;
      check.summary = lock.error().message;
      return Ok();
    }
    check.summary = "not served, and nobody else changes it";
    return Ok();
  }

  Status Plan() {
    auto options = request_.migration;
    options.caller_keeps_others_away = true;  // it reads only
    auto planned = PlanMigration(setting_.registry, stack_.name, options, setting_.clock, op(),
                                 [](const migrate::Progress&) {});
    if (!planned.ok()) {
      if (planned.error().code == Code::kCancelled) return std::move(planned).error();
      const Error error = planned.error();
      const bool detected = DataVersionHolds();
      return Do(detected ? "migration plan" : "data version",
                [&](Check&) -> Status { return error; });
    }
    result_.estimate = *std::move(planned);
    TRY_OK(Do("data version", [&](Check& check) { return DataVersion(check); }));
    return Do("migration plan", [&](Check& check) { return MigrationPlan(check); });
  }

  bool DataVersionHolds() {
    const auto store = items::OpenSqliteStore(stack_.current.items(), {.read_only = true});
    if (!store.ok()) return false;
    const auto detection = DetectVersion(op(), **store);
    return detection.ok() && tables::Reconcile(*detection, result_.from).ok();
  }

  Status DataVersion(Check& check) {
    const auto& detection = result_.estimate->detection;
    json::array evidence;
    for (const auto& piece : detection.evidence)
      evidence.push_back({{"name", piece.name}, {"table", piece.table}, {"rows", piece.count}});
    check.evidence = {{"recorded", result_.from.ToString()},
                      {"detected", detection.version ? json::value(detection.version->ToString())
                                                     : json::value()},
                      {"evidence", std::move(evidence)}};
    check.summary =
        fmt::format("recorded {}; {}", result_.from.ToString(),
                    detection.from_tables_only ? "no row says otherwise"
                                               : "the rows say the same or do not contradict it");
    return Ok();
  }

  Status MigrationPlan(Check& check) {
    const auto& estimate = *result_.estimate;
    const auto quarantined = estimate.report.quarantined();
    check.evidence = {{"rows", estimate.rows},
                      {"quarantined", quarantined},
                      {"estimatedSeconds", estimate.seconds},
                      {"neededBytes", estimate.needed_bytes}};
    if (estimate.report.nothing_to_do) {
      check.summary = "there is nothing to migrate";
      return Ok();
    }
    check.summary =
        fmt::format("{} read; about {} s", Counted(estimate.rows, "row"), estimate.seconds);
    if (quarantined == 0) return Ok();
    check.summary += fmt::format("; {} would be quarantined", Counted(quarantined, "record"));
    check.way_out = "\"vams migrate plan\" names them and why";
    check.result = request_.migration.strict ? CheckResult::kRefused : CheckResult::kWarning;
    if (request_.migration.strict) check.way_out += "; without --strict the update goes on";
    return Ok();
  }

  Status Changes(Check& check) {
    TRY(usage_, diff::Measure(op(), stack_));
    const diff::Side before{config_->config, result_.from, stack_.name};
    const diff::Side after{result_.config_file.empty() ? config_->config : request_.config->config,
                           result_.to, stack_.name};
    TRY(result_.changes, diff::Compare(before, after, *usage_));
    const auto refusals = diff::Refusals(*result_.changes, request_.accept_loss, true);
    check.evidence = {{"changes", result_.changes->changes.size()},
                      {"destructive", result_.changes->destructive()}};
    check.summary = result_.changes->empty()
                        ? "no resource changes"
                        : Counted(result_.changes->changes.size(), "resource") + " would change";
    if (refusals.empty()) return Ok();
    check.result = CheckResult::kRefused;
    json::array list;
    std::string reasons;
    for (const auto& refusal : refusals) {
      list.push_back({{"resource", refusal.resource}, {"reason", refusal.reason}});
      reasons += (reasons.empty() ? "" : "; ") + refusal.resource + ": " + refusal.reason;
    }
    check.evidence["refusals"] = std::move(list);
    check.summary = "data would be lost: " + reasons;
    check.way_out = "\"vams diff\" shows all of it";
    return Ok();
  }

  void NewConfiguration() {
    if (result_.config_file.empty() || !result_.changes || !config_) return;
    const ConfigMove move{.stack = stack_,
                          .before = config_->config,
                          .backup_folder_before = config_->backup_folder,
                          .after = *request_.config,
                          .changes = *result_.changes,
                          .process = result_.process};
    for (auto& check : CheckNewConfig(op(), setting_.transport, move)) {
      if (done_) done_(check);
      result_.checks.push_back(std::move(check));
    }
  }

  Status ItemStore(Check& check) {
    TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    TRY_OK(store->CheckIntegrity(op()));
    TRY(const auto position, store->LastChange(op()));
    check.evidence = {{"generation", stack_.current.number}, {"position", position}};
    check.summary = fmt::format("generation {} is intact", stack_.current.number);
    return Ok();
  }

  Status Objects(Check& check) {
    if (!config_) return Error(Code::kConflict, "cannot be looked at without a configuration");
    json::array findings;
    TRY(const auto found,
        CheckObjects(stack_, config_->encryption, false, op(),
                     [&](const objects::BlobFinding& finding) {
                       using Kind = objects::BlobFinding::Kind;
                       if (finding.kind == Kind::kExtra || findings.size() >= kPreflightShown)
                         return;
                       findings.push_back({{"kind", objects::KindName(finding.kind)},
                                           {"what", finding.what},
                                           {"detail", finding.detail}});
                     }));
    check.evidence = {{"contents", found.blobs}, {"bytes", found.bytes}};
    check.summary = fmt::format("{} there", Counted(found.blobs, "content"));
    const auto wrong = found.missing + found.damaged + found.damaged_packs;
    if (wrong == 0) return Ok();
    // An update moves no bytes, so it can neither heal nor harm them.
    check.result = CheckResult::kWarning;
    check.evidence["findings"] = std::move(findings);
    check.summary += fmt::format("; {} missing, {} damaged", Grouped(found.missing),
                                 Grouped(found.damaged + found.damaged_packs));
    check.way_out =
        "\"vams objects check\" names them; \"vams backup restore\" brings them back from a backup "
        "that has them";
    return Ok();
  }

  Status RunningWork(Check& check) {
    TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    TRY(auto found,
        CheckRunningWork(op(), *store, setting_.clock.NowMillis(),
                         ComesFromElsewhere(setting_.registry, stack_), request_.force));
    check = std::move(found);
    return Ok();
  }

  backup::Setting BackupSetting() {
    return {setting_.clock, setting_.random, setting_.op, [](std::string_view, std::uint64_t) {}};
  }

  Result<std::unique_ptr<backup::Vault>> OpenVault(backup::Repository::Purpose purpose) {
    TRY(keys_, backup::StackKeysOf(&stack_, config_->encryption, {}));
    return backup::Vault::Open({config_->backup_folder, stack_.name}, keys_.get(), purpose,
                               "vams preflight", setting_.random);
  }

  // A look makes nothing: where there is no repository yet, the folder above it counts.
  bool IsNewRepositoryPossible(files::Path at) const {
    std::error_code ec;
    while (!std::filesystem::exists(at, ec) && at.has_parent_path() && at != at.parent_path())
      at = at.parent_path();
    return std::filesystem::is_directory(at, ec) && ::access(at.c_str(), W_OK | X_OK) == 0;
  }

  Status Repository(Check& check) {
    const files::Path folder = files::Path(config_->backup_folder) / stack_.name;
    std::error_code ec;
    if (!config_->backup_folder.contains("://") && !std::filesystem::exists(folder, ec) &&
        IsNewRepositoryPossible(folder)) {
      check.evidence = {{"repository", folder.string()}, {"exists", false}};
      check.summary = fmt::format("{} can be made", folder.string());
      return Ok();
    }
    auto vault = OpenVault(backup::Repository::Purpose::kWrite);
    if (vault.ok()) {
      check.evidence = {{"repository", (*vault)->repository().Where()}};
      check.summary = fmt::format("{} can be written", (*vault)->repository().Where());
      return Ok();
    }
    check.result = CheckResult::kRefused;
    check.evidence = {{"repository", config_->backup_folder}};
    check.summary = vault.error().message;
    check.way_out =
        "make the folder writable, or name another one as backup.repository in the configuration";
    return Ok();
  }

  Status LastBackup(Check& check) {
    auto vault = OpenVault(backup::Repository::Purpose::kRead);
    if (!vault.ok() && vault.error().code == Code::kNotFound) {
      check.summary = "there is none yet; the update makes the first";
      return Ok();
    }
    if (!vault.ok()) {
      check.result = CheckResult::kWarning;
      check.summary = vault.error().message;
      return Ok();
    }
    TRY(const auto ids, (*vault)->Ids());
    if (ids.empty()) {
      check.summary = "there is none yet; the update makes the first";
      return Ok();
    }
    TRY(const auto verified,
        backup::Verify(**vault, {.id = ids.back(), .read_data = false}, BackupSetting()));
    check.evidence = {{"backup", ids.back()}, {"findings", verified.findings.size()}};
    check.summary = fmt::format("{} is whole", ids.back());
    if (verified.findings.empty()) return Ok();
    // The update makes one of its own and goes no further if that one is not whole.
    check.result = CheckResult::kWarning;
    check.summary = fmt::format("{} is damaged: {} {}", ids.back(), verified.findings.front().what,
                                verified.findings.front().detail);
    check.way_out = "\"vams backup verify\" names every damage";
    return Ok();
  }

  Status DiskSpace(Check& check) {
    std::vector<Space> spaces;
    if (result_.estimate)
      spaces.push_back({"migration", stack_.folder.string(), result_.estimate->needed_bytes});
    std::error_code ec;
    const auto item_bytes = std::filesystem::file_size(stack_.current.items(), ec);
    const files::Path repository = files::Path(config_->backup_folder) / stack_.name;
    // The first backup holds every content, later ones what is new.
    const bool first = !std::filesystem::exists(repository / "backups", ec) ||
                       std::filesystem::is_empty(repository / "backups", ec);
    spaces.push_back({"backup", config_->backup_folder,
                      (ec ? 0 : item_bytes) + (first ? SizeOfTree(stack_.blobs()) : 0)});
    // A backup copies the items first.
    spaces.push_back({"copy for the backup", stack_.folder.string(), item_bytes});
    if (result_.estimate && result_.estimate->report.nothing_to_do && !result_.config_file.empty())
      spaces.push_back({"copy with the new configuration", stack_.folder.string(), item_bytes});
    const std::string name = check.name;
    check = CheckSpace(spaces, FreeSpaceAt);
    check.name = name;
    return Ok();
  }

  Status BreakingChanges(Check& check) {
    if (result_.to < result_.from) {
      check.summary = "not looked for: there is no way to go";
      return Ok();
    }
    TRY(const auto from, ReleaseNumber::Parse(result_.from.ToString()));
    TRY(const auto to, ReleaseNumber::Parse(result_.to.ToString()));
    if (!usage_) {
      TRY(usage_, diff::Measure(op(), stack_));
    }
    StackFacts facts{result_.from, *usage_, config_->config, {}};
    for (const auto& field : config_->report.fields)
      if (field.status == config::FieldStatus::kNoMeaning)
        facts.ignored_fields.push_back(field.path);
    TRY(auto notes, Changelog(from, to, &facts));
    std::erase_if(notes,
                  [](const AppliedNote& note) { return note.note->kind == NoteKind::kChange; });
    json::array list;
    std::uint64_t open = 0;
    for (const auto& note : notes) {
      list.push_back(ToJson(note));
      if (note.note->here.empty() && !note.note->action.empty()) ++open;
    }
    check.evidence = {{"notes", std::move(list)}};
    check.summary = notes.empty()
                        ? "none applies to this stack"
                        : Counted(notes.size(), "release note") + " of the way apply to this stack";
    if (open > 0) {
      check.result = CheckResult::kWarning;
      check.summary += fmt::format(", {} with something to do", Grouped(open));
      check.way_out = fmt::format("\"vams changelog --from {} --to {}\" says what",
                                  result_.from.ToString(), result_.to.ToString());
    }
    result_.notes = std::move(notes);
    return Ok();
  }

  const UpdateSetting& setting_;
  const UpdateRequest& request_;
  const std::function<void(const Check&)>& done_;
  Stack stack_;
  std::optional<StackConfig> config_;
  std::unique_ptr<const objects::SealKeys> keys_;
  std::optional<diff::Usage> usage_;
  Preflight result_;
};

bool IsRunning(const items::Item& execution) {
  const std::string_view status = execution.Text("executionStatus");
  return execution.Text("stopDate").empty() &&
         (status.empty() || status == "NEW" || status == "RUNNING");
}

Status ForEachItem(OpContext& op, items::ItemSource& store, std::string_view table,
                   const std::function<void(const items::Item&)>& visit) {
  auto spec = store.Table(op, table);
  if (!spec.ok() && spec.error().code == Code::kNotFound) return Ok();
  if (!spec.ok()) return std::move(spec).error();
  std::string after;
  do {
    TRY_OK(op.Check());
    TRY(auto page, store.Scan(op, table, {}, after, 1000));
    for (const auto& item : page.items) visit(item);
    after = std::move(page.next);
  } while (!after.empty());
  return Ok();
}

}  // namespace

Result<Check> CheckRunningWork(OpContext& op, items::ItemSource& store, std::int64_t now_millis,
                               bool elsewhere, bool force) {
  json::array executions, uploads;
  std::uint64_t running = 0, open = 0;
  TRY_OK(ForEachItem(op, store, "WorkflowExecutionsStorageTable", [&](const items::Item& item) {
    if (!IsRunning(item)) return;
    if (++running <= kPreflightShown)
      executions.push_back({{"execution", item.Text("executionId")},
                            {"workflow", item.Text("workflowId")},
                            {"database", item.Text("databaseId")},
                            {"asset", item.Text("assetId")}});
  }));
  TRY_OK(ForEachItem(op, store, "AssetUploadsStorageTable", [&](const items::Item& item) {
    const auto* expires = item.Find("expiresAt");
    const double until = expires != nullptr && expires->is(items::Kind::kN)
                             ? std::strtod(std::string(expires->text()).c_str(), nullptr)
                             : 0;
    if (until * 1000 <= static_cast<double>(now_millis)) return;
    if (++open <= kPreflightShown)
      uploads.push_back({{"upload", item.Text("uploadId")},
                         {"database", item.Text("databaseId")},
                         {"asset", item.Text("assetId")},
                         {"by", item.Text("UserId")}});
  }));
  Check check;
  check.name = "running work";
  check.evidence = {{"executions", std::move(executions)},
                    {"runningExecutions", running},
                    {"uploads", std::move(uploads)},
                    {"openUploads", open}};
  check.summary = running + open == 0
                      ? "no execution of a workflow is running, no upload is open"
                      : fmt::format("{} of workflows running, {} open",
                                    Counted(running, "execution"), Counted(open, "upload"));
  if (running + open == 0) return check;
  if (elsewhere) {
    check.result = CheckResult::kWarning;
    check.summary += ", of the deployment that the data was imported from; none of it runs here";
  } else if (force) {
    check.result = CheckResult::kWarning;
    check.summary += "; going on all the same (--force)";
  } else {
    check.result = CheckResult::kRefused;
    check.way_out = "wait until they have ended, or go on in spite of them with --force";
  }
  return check;
}

FreeSpace FreeSpaceAt(const std::string& path) {
  std::error_code ec;
  files::Path at = path;
  while (!std::filesystem::exists(at, ec) && at.has_parent_path() && at != at.parent_path())
    at = at.parent_path();
  FreeSpace space;
  struct stat of = {};
  if (::stat(at.c_str(), &of) == 0) space.file_system = of.st_dev;
  space.bytes = std::filesystem::space(at, ec).available;
  return space;
}

Check CheckSpace(const std::vector<Space>& spaces,
                 const std::function<FreeSpace(const std::string& path)>& free_of) {
  struct Sum {
    std::uint64_t needed = 0, free = 0;
    std::string path;
  };
  std::map<std::uint64_t, Sum> sums;
  json::array parts;
  for (const auto& space : spaces) {
    const FreeSpace free = free_of(space.path);
    Sum& sum = sums[free.file_system];
    sum.needed += space.needed;
    sum.free = free.bytes;
    if (sum.path.empty()) sum.path = space.path;
    parts.push_back({{"for", space.what},
                     {"path", space.path},
                     {"neededBytes", space.needed},
                     {"freeBytes", free.bytes}});
  }
  Check check;
  check.name = "disk space";
  check.evidence = {{"parts", std::move(parts)}};
  for (const auto& [id, sum] : sums) {
    if (!check.summary.empty()) check.summary += "; ";
    check.summary += fmt::format("{} needed and {} free at {}", Megabytes(sum.needed),
                                 Megabytes(sum.free), sum.path);
    if (sum.needed <= sum.free) continue;
    check.result = CheckResult::kRefused;
    check.way_out = fmt::format(
        "free {} there (\"vams prune\" removes old generations, \"vams backup prune\" old backups)",
        Megabytes(sum.needed - sum.free));
  }
  return check;
}

Result<Preflight> RunPreflight(const UpdateSetting& setting, const UpdateRequest& request,
                               const std::function<void(const Check&)>& done) {
  return Runner(setting, request, done).Run();
}

json::object ToJson(const Preflight& preflight) {
  json::object object{{"stack", preflight.stack},
                      {"from", preflight.from.ToString()},
                      {"to", preflight.to.ToString()},
                      {"passed", preflight.passed()},
                      {"nothingToDo", preflight.nothing_to_do()},
                      {"served", preflight.served},
                      {"configuration", preflight.config_file},
                      {"checks", ToJson(preflight.checks)}};
  if (preflight.estimate)
    object["estimate"] = json::object{{"rows", preflight.estimate->rows},
                                      {"dataBytes", preflight.estimate->data_bytes},
                                      {"seconds", preflight.estimate->seconds},
                                      {"neededBytes", preflight.estimate->needed_bytes},
                                      {"freeBytes", preflight.estimate->free_bytes}};
  if (preflight.changes) object["changeSet"] = diff::ToJson(*preflight.changes);
  return object;
}

}  // namespace vams::lifecycle
