#include "lifecycle/rollback/roller.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/fault_point.h"
#include "base/json.h"
#include "base/random.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/state.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/stacks/search_copy.h"
#include "migrate/carry/gather.h"
#include "migrate/journal.h"
#include "migrate/verify.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

namespace {

// Up to so many rows the whole result is digested without being asked for: a moment's work.
constexpr std::uint64_t kSmall = 200'000;

std::uint64_t RowsOf(const Generation& generation) {
  std::uint64_t rows = 0;
  for (const auto& [table, count] : generation.tables)
    if (count.is_number()) rows += count.to_number<std::uint64_t>();
  return rows;
}

}  // namespace

Roller::Roller(const UpdateSetting& setting, const RollbackRequest& request, Operation operation,
               Stack stack, RollbackReport report)
    : setting_(setting),
      request_(request),
      operation_(std::move(operation)),
      stack_(std::move(stack)),
      report_(std::move(report)) {
  report_.stack = stack_.name;
  report_.operation = operation_.id();
  report_.from = report_.to = stack_.current.data_version;
  report_.from_generation = report_.generation = stack_.current.number;
  report_.discard_writes = request_.discard_writes;
  operation_.WatchWith(setting_.on_step, setting_.on_progress);
}

Status Roller::Fail(OperationResult result, Status status) {
  if (!status.ok() && !failure_) failure_ = Failure{result, status.error()};
  return status;
}

RollbackReport Roller::Run() {
  auto done = BeforeSwitch();
  if (done.ok()) done = BehindSwitch();
  (void)Fail(OperationResult::kFailed, std::move(done));
  return Finish();
}

RollbackReport Roller::GoOnBehindSwitch(const Generation& before) {
  report_.from_generation = before.number;
  report_.from = before.data_version;
  report_.target_generation = report_.generation = stack_.current.number;
  report_.to = stack_.current.data_version;
  switched_ = true;
  (void)Fail(OperationResult::kFailed, BehindSwitch());
  return Finish();
}

RollbackReport Roller::GoOnGoingBack(const Generation& before, const std::string& why) {
  report_.from_generation = before.number;
  report_.from = before.data_version;
  switched_ = true;
  failure_ = Failure{OperationResult::kFailed, Error(Code::kInternal, why)};
  return Finish();
}

// ---- Before the switch -------------------------------------------------------------------------

Status Roller::BeforeSwitch() {
  TRY_OK(Fail(OperationResult::kRefused, PlanStep()));
  TRY_OK(Fail(OperationResult::kRefused, HoldStep()));
  TRY_OK(CopyStep());
  TRY_OK(FreezeStep());
  TRY_OK(CarryStep());
  TRY_OK(ProveStep());
  return SwitchStep();
}

Status Roller::PlanStep() {
  return operation_.Step("plan", [&](json::object& evidence) -> Status {
    TRY(const bool standby, ab::IsStandby(stack_));
    if (standby)
      return Error(Code::kConflict,
                   fmt::format("stack \"{}\" is the standby of an A/B deployment, whose data is "
                               "that of the other side; nothing was changed; see \"vams ab status "
                               "--stack {}\"",
                               stack_.name, stack_.name));
    if (request_.discard_writes) {
      TRY(target_, PlainTarget(setting_.registry, stack_, request_.to));
    } else {
      TRY(way_, WayBack(setting_.registry, stack_, request_.to));
      target_ = way_.back().parent;
    }
    report_.target_generation = target_.number;
    report_.to = target_.data_version;
    for (const WayHop& hop : way_) {
      if (!hop.parent_end) continue;
      TRY(const auto end, EndOf(setting_.op, hop.parent));
      if (end != *hop.parent_end)
        return Error(
            Code::kConflict,
            fmt::format("generation {} was written to after generation {} was made from it, so it "
                        "is not the state that the writes since would be added to; nothing was "
                        "changed; go back to it as it is with --discard-writes",
                        hop.parent.number, hop.child.number));
    }
    evidence = {{"from", report_.from_generation},          {"to", report_.target_generation},
                {"fromVersion", report_.from.ToString()},   {"toVersion", report_.to.ToString()},
                {"discardWrites", request_.discard_writes}, {"hops", way_.size()}};
    TRY_OK(LookAtConfiguration());
    if (config_returns_) evidence["configuration"] = report_.configuration;
    return Ok();
  });
}

Status Roller::TakeHold(json::object& evidence) {
  TRY(server_, ServedStack::Find(stack_));
  if (!server_) {
    TRY(lock_, LockStack(stack_, "vams rollback", setting_.clock));
    evidence = {{"served", false}};
    return Ok();
  }
  TRY(const auto state, server_->State());
  evidence = {{"served", true}, {"url", state.url}, {"process", state.pid}};
  return Ok();
}

Status Roller::HoldStep() {
  return operation_.Step("hold", [&](json::object& evidence) { return TakeHold(evidence); });
}

Result<bool> Roller::NeedsCopy() {
  TRY(end_, EndOf(setting_.op, stack_.current));
  if (!request_.discard_writes) {
    bool only_checks = false;
    items::Position end = end_;
    for (const WayHop& hop : way_) {
      if (end > std::max(hop.since, hop.checked) || !hop.parent_end) return true;
      if (end > hop.since) only_checks = true;
      end = *hop.parent_end;
    }
    if (!only_checks) return false;
  }
  return MailWaits();
}

// Mail that was sent since must not be sent again.
Result<bool> Roller::MailWaits() {
  TRY(const auto then, items::OpenSqliteStore(target_.items(), {.read_only = true}));
  bool waiting = false;
  for (const auto table : {tables::kNoticesTable, tables::kMailsTable})
    TRY_OK(migrate::carry::VisitAll(setting_.op, *then, table, [&](const items::Item&) {
      waiting = true;
      return Ok();
    }));
  return waiting;
}

// While the stack is served: what takes long is done before writes are refused.
Status Roller::CopyStep() {
  TRY(const bool needed, NeedsCopy());
  if (!needed)
    return operation_.SkipStep("copy", "no copy is needed: the generation itself serves");
  return operation_.Step("copy", [&](json::object& evidence) -> Status {
    TRY(auto builder, GenerationBuilder::ForStack(setting_.registry, stack_));
    copy_ = builder.items();
    builder_.emplace(std::move(builder));
    operation_.Progress("copy of the old generation", 0);
    TRY(const bool shared, CloneItems(setting_.op, target_.items(), copy_));
    VAMS_POINT("rollback.copied");
    std::error_code ec;
    evidence = {{"generation", target_.number},
                {"bytes", std::filesystem::file_size(target_.items(), ec)},
                {"reflinked", shared}};
    return Ok();
  });
}

Status Roller::FreezeStep() {
  if (!server_) return Ok();
  return operation_.Step("freeze", [&](json::object& evidence) -> Status {
    if (!server_) return Ok();
    TRY(const auto state, server_->State());
    evidence["mode"] = Name(state.mode);
    if (state.mode == ServingMode::kUpdateNeeded || state.mode == ServingMode::kFailed)
      return Ok();  // it takes no writes as it is
    frozen_at_ = Steady::now();
    TRY(const auto position,
        server_->Freeze(fmt::format("the stack is being rolled back (operation {}); try again in a "
                                    "moment",
                                    operation_.id())));
    frozen_ = true;
    evidence["position"] = position;
    return Ok();
  });
}

Status Roller::CarryStep() {
  // Something may have been written before the freeze.
  if (!builder_) {
    TRY(const bool needed, NeedsCopy());
    if (needed) TRY_OK(CopyStep());
  }
  TRY(end_, EndOf(setting_.op, stack_.current));
  report_.changes =
      end_ - std::min<items::Position>(end_, NumberOf(stack_.current.origin, "position"));
  if (request_.discard_writes) {
    TRY_OK(operation_.SkipStep("carry", "the writes made since are left behind, as asked"));
    return builder_ ? DropSentMail(copy_) : Ok();
  }
  if (!builder_) {
    report_.changes = 0;
    for (const WayHop& hop : way_)
      report_.hops.push_back({.from = hop.child.number,
                              .to = hop.parent.number,
                              .from_version = hop.child.data_version,
                              .to_version = hop.parent.data_version,
                              .path = {},
                              .migration = hop.migration});
    return operation_.SkipStep("carry", "nothing was written since");
  }
  return operation_.Step("carry", [&](json::object& evidence) -> Status {
    files::Path source = stack_.current.items();
    items::Position end = end_;
    json::array hops;
    const files::Path folder = operation_.folder() / "work";
    TRY_OK(files::RemoveTree(folder));
    TRY_OK(files::MakeFolders(folder));
    for (const WayHop& hop : way_) {
      RollbackHop told{.from = hop.child.number,
                       .to = hop.parent.number,
                       .from_version = hop.child.data_version,
                       .to_version = hop.parent.data_version,
                       .path = {},
                       .migration = hop.migration};
      for (const auto& leg : hop.path) told.path.push_back(migrate::NameOf(leg));
      files::Path result = copy_;
      if (&hop != &way_.back()) {
        result = folder / fmt::format("generation-{}.db", hop.parent.number);
        TRY([[maybe_unused]] const bool shared,
            CloneItems(setting_.op, hop.parent.items(), result));
      }
      TRY_OK(CarryHop(hop, source, end, told, result));
      if (&hop == &way_.front()) report_.system_changes = told.carried.system_changes;
      source = result;
      TRY(const auto store, items::OpenSqliteStore(source, {.read_only = true}));
      TRY(end, store->LastChange(setting_.op));
      auto shown = migrate::ToJson(told.carried);
      shown["from"] = told.from;
      shown["to"] = told.to;
      if (!told.carried.whole.empty()) shown["whole"] = told.carried.whole;
      hops.push_back(std::move(shown));
      report_.hops.push_back(std::move(told));
    }
    evidence = {{"hops", std::move(hops)}};
    return files::RemoveTree(folder);
  });
}

Status Roller::CarryHop(const WayHop& hop, const files::Path& source, items::Position end,
                        RollbackHop& told, const files::Path& result) {
  if (!report_.hops.empty() && !report_.hops.back().carried.whole.empty()) {
    // The log of what was transformed as a whole is that of another form.
    told.carried.whole = "the step before was taken as a whole";
    return TransformAll(hop, source, result);
  }
  migrate::Settings settings = hop.settings;
  settings.run_id = NewUuid(setting_.random);
  settings.run_millis = setting_.clock.NowMillis();
  {
    TRY(const auto from, items::OpenSqliteStore(source, {.read_only = true}));
    TRY(const auto to, items::OpenSqliteStore(result));
    TRY(told.carried,
        migrate::Carry(
            setting_.op,
            {.path = hop.path,
             .settings = settings,
             .source = *from,
             .changes = [&](OpContext& op, items::Position at,
                            std::size_t limit) { return from->ReadChanges(op, at, limit); },
             .after = hop.since,
             .to = end,
             .target = *to,
             .work = operation_.folder() / "work",
             .threads = request_.threads,
             .on_progress =
                 [&](const migrate::Progress& progress) {
                   operation_.Progress(std::string(progress.phase), progress.done, progress.total);
                 }}));
  }
  if (told.carried.whole.empty()) return Ok();
  return TransformAll(hop, source, result);
}

Status Roller::TransformAll(const WayHop& hop, const files::Path& source,
                            const files::Path& result) {
  migrate::Settings settings = hop.settings;
  settings.run_id = NewUuid(setting_.random);
  settings.run_millis = setting_.clock.NowMillis();
  const files::Path work = operation_.folder() / "work" / "whole";
  TRY_OK(files::MakeFolders(work));
  TRY(const auto built,
      migrate::Build(setting_.op, {.path = hop.path,
                                   .settings = settings,
                                   .source = source,
                                   .work = work,
                                   .threads = request_.threads,
                                   .on_progress = [&](const migrate::Progress& progress) {
                                     operation_.Progress(
                                         fmt::format("{} {}", progress.leg, progress.phase),
                                         progress.done, progress.total);
                                   }}));
  TRY_OK(items::RemoveSqliteStore(result));
  TRY_OK(files::RenameDurably(built.result, result));
  return migrate::RemoveBuild(work);
}

// Notices and mails that waited then and do not now were sent meanwhile.
Status Roller::DropSentMail(const files::Path& result) {
  TRY(const auto then, items::OpenSqliteStore(result));
  TRY(const auto now, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
  for (const auto table : {tables::kNoticesTable, tables::kMailsTable}) {
    std::vector<items::Write> sent;
    const auto spec = then->Table(setting_.op, table);
    if (!spec.ok()) continue;
    TRY_OK(migrate::carry::VisitAll(setting_.op, *then, table, [&](const items::Item& item) {
      auto key = items::KeyOf(*spec, item);
      const auto waits = now->Get(setting_.op, table, key);
      if (!waits.ok()) sent.push_back(items::Write::Delete(std::string(table), std::move(key)));
      return Ok();
    }));
    if (!sent.empty()) {
      TRY([[maybe_unused]] const auto done, then->Commit(setting_.op, sent));
    }
  }
  return Ok();
}

Status Roller::ProveStep() {
  const bool whole = std::ranges::any_of(
      report_.hops, [](const RollbackHop& hop) { return !hop.carried.whole.empty(); });
  const bool known = way_.size() == 1 && !way_.front().digests.empty() && !whole;
  const bool all = request_.verify_all || RowsOf(target_) <= kSmall;
  return operation_.Step("verify data", [&](json::object& evidence) -> Status {
    std::uint64_t again = 0;
    for (const auto& hop : report_.hops) again += hop.carried.verified;
    evidence["rowsReadAgain"] = again;
    report_.proof = builder_
                        ? fmt::format("{} written rows were read again", again)
                        : std::string("the change log of the old generation ends where it did");
    if (whole) report_.proof = "everything was transformed, and every table compared by its digest";
    if (!known || !all) return Ok();
    auto expected = way_.front().digests;
    for (const auto& hop : report_.hops)
      for (const auto& [table, counts] : hop.carried.tables) {
        migrate::Digest& digest = expected[table];
        digest.count += counts.come.count - counts.gone.count;
        digest.sum += counts.come.sum - counts.gone.sum;
      }
    const files::Path result = copy_.empty() ? target_.items() : copy_;
    TRY(const auto store, items::OpenSqliteStore(result, {.read_only = true}));
    TRY(const auto found, migrate::DigestsOf(setting_.op, *store, request_.threads));
    for (const auto& [table, digest] : found) expected.try_emplace(table);
    for (const auto& [table, digest] : expected) {
      const auto have = found.find(table);
      if ((have == found.end() ? migrate::Digest{} : have->second) == digest) continue;
      return Error(
          Code::kCorrupt,
          fmt::format("table {} of the old generation is not as it was recorded when it was "
                      "superseded; nothing was changed; go back by transforming what serves now "
                      "with \"vams migrate reverse --stack {}\"",
                      table, stack_.name));
    }
    evidence["tablesDigested"] = expected.size();
    report_.proof += fmt::format("; {} tables have the digests recorded of the old generation{}",
                                 expected.size(), builder_ ? " and of what was carried" : "");
    return Ok();
  });
}

Status Roller::SwitchStep() {
  return operation_.Step("switch", [&](json::object& evidence) -> Status {
    json::array undone;
    for (const auto& hop : report_.hops)
      if (!hop.migration.empty()) undone.emplace_back(hop.migration);
    TRY_OK(operation_.Note("switching", {{"from", report_.from_generation},
                                         {"to", report_.target_generation},
                                         {"changes", report_.changes},
                                         {"discardWrites", report_.discard_writes},
                                         {"undoes", std::move(undone)}}));
    VAMS_POINT("rollback.before_switch");
    json::object origin{{"kind", "rollback"},
                        {"operation", operation_.id()},
                        {"from", report_.from.ToString()},
                        {"generation", report_.from_generation},
                        {"parentPosition", end_},
                        {"base", report_.target_generation},
                        {"dialect", migrate::NameOf(DialectOf())}};
    TRY_OK(BringConfiguration(origin));
    switched_ = true;  // from here on the link says
    if (!builder_) {
      TRY(const auto now, setting_.registry.SwitchTo(stack_, target_.number));
      report_.generation = now.current.number;
    } else {
      // It follows the change log, in which the carried rows stand.
      if (report_.to == tables::kNewest) CopySearchIndex(target_.folder, builder_->folder());
      items::Position position = 0;
      {
        TRY(const auto store, items::OpenSqliteStore(copy_, {.read_only = true}));
        TRY(position, store->LastChange(setting_.op));
      }
      TRY_OK(items::SealSqliteStore(copy_));
      json::object counts = target_.tables;
      for (const auto& hop : report_.hops)
        for (const auto& [table, rows] : hop.carried.tables)
          counts[table] = NumberOf(counts, table) + rows.added - rows.removed;
      origin["position"] = position;
      TRY(const auto now, builder_->Publish(report_.to, std::move(origin), std::move(counts)));
      report_.generation = now.current.number;
      builder_.reset();
    }
    evidence = {{"generation", report_.generation}, {"dataVersion", report_.to.ToString()}};
    return Ok();
  });
}

}  // namespace vams::lifecycle
