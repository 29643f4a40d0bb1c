#include "migrate/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.h"
#include "items/codec.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

constexpr std::size_t kVerifySegments = 4;
constexpr std::size_t kVerifyPage = 512;
constexpr std::size_t kMaxFailures = 50;

// What one thread has found in the segments it has read.
struct Found {
  std::map<std::string, Digest> source, destination;
  std::map<std::string, RemarkCount> broken, orphans;
  std::uint64_t records = 0;
};

// A segment of a table of one side.
struct Task {
  bool of_source = false;
  std::string_view table;
  bool check = false;  // its records, one by one
  items::Segment segment;
};

void Count(std::map<std::string, RemarkCount>& counts, std::string_view table, std::string sample) {
  PhaseOutcome counter;  // its limit of samples is everybody's
  counter.Count(counts, std::string(table), std::move(sample));
}

class Checker {
 public:
  Checker(OpContext& op, const VerifyJob& job) : op_(op), job_(job) {}

  Result<Found> Run(std::vector<Task> tasks) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    Status status;
    Found all;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < job_.threads; ++i)
        threads.emplace_back([&] {
          Found found;
          const Status done = Work(tasks, next, found);
          const std::scoped_lock lock(mutex);
          if (!done.ok() && status.ok()) status = done;
          Merge(all, found);
        });
    }
    if (!status.ok()) return std::move(status).error();
    return all;
  }

 private:
  static void Merge(Found& into, const Found& more) {
    for (const auto& [table, digest] : more.source) into.source[table].Add(digest);
    for (const auto& [table, digest] : more.destination) into.destination[table].Add(digest);
    PhaseOutcome a, b;
    a.defects = std::move(into.broken), a.notes = std::move(into.orphans);
    b.defects = more.broken, b.notes = more.orphans;
    a.Add(b);
    into.broken = std::move(a.defects), into.orphans = std::move(a.notes);
    into.records += more.records;
  }

  Status Work(const std::vector<Task>& tasks, std::atomic<std::size_t>& next, Found& found) {
    State state(op_, job_.destination, nullptr);
    const Context cx{job_.settings, state};
    DigestBuilder builder;
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      const Task& task = tasks[i];
      items::ItemSource& source = task.of_source ? job_.source : job_.destination;
      Digest& digest = (task.of_source ? found.source : found.destination)[std::string(task.table)];
      std::string after;
      do {
        TRY_OK(op_.Check());
        auto next_page = source.ScanEncoded(
            op_, task.table, task.segment, after, kVerifyPage,
            [&](std::string_view encoded) -> Status {
              builder.Add(digest, encoded);
              ++found.records;
              return task.check ? CheckOne(task.table, encoded, cx, found) : Ok();
            });
        if (!next_page.ok()) return std::move(next_page).error();
        after = *std::move(next_page);
        Tell(kVerifyPage);
      } while (!after.empty());
    }
    return Ok();
  }

  Status CheckOne(std::string_view table, std::string_view encoded, const Context& cx,
                  Found& found) {
    TRY(auto item, items::DecodeItem(encoded));
    const Record record{table, std::move(item)};
    TRY(const auto problems, job_.leg.step->CheckRecord(job_.leg.direction, record, cx));
    // Upstream's scripts make records that break their structure; repeating them is what the
    // reference dialect is for, so there they are told and fail nothing.
    const bool strict = job_.settings.dialect == Dialect::kCorrected;
    for (const auto& problem : problems) {
      const bool broken = strict && problem.kind == Problem::Kind::kBroken;
      const auto* spec = SpecFor(table, job_.leg.to());
      Count(
          broken ? found.broken : found.orphans, table,
          fmt::format("{}: {}",
                      spec != nullptr ? items::DescribeKey(*spec, items::KeyOf(*spec, record.item))
                                      : std::string(table),
                      problem.text));
    }
    return Ok();
  }

  void Tell(std::uint64_t more) {
    const auto done = records_ += more;
    if (!job_.on_progress || done % (kVerifyPage * 64) != 0) return;
    const std::scoped_lock lock(progress_mutex_);
    job_.on_progress({.leg = job_.outcome.name, .phase = "verify", .done = done, .total = 0});
  }

  OpContext& op_;
  const VerifyJob& job_;
  std::atomic<std::uint64_t> records_ = 0;
  std::mutex progress_mutex_;
};

Result<std::vector<Task>> TasksFor(OpContext& op, items::ItemSource& source, bool of_source,
                                   std::string_view table, bool check) {
  std::vector<Task> tasks;
  auto segments = source.SplitScan(op, table, kVerifySegments);
  if (!segments.ok() && segments.error().code == Code::kNotFound) return tasks;
  if (!segments.ok()) return std::move(segments).error();
  for (auto& segment : *segments)
    tasks.push_back(
        {.of_source = of_source, .table = table, .check = check, .segment = std::move(segment)});
  return tasks;
}

void Append(std::vector<Task>& tasks, std::vector<Task> more) {
  std::move(more.begin(), more.end(), std::back_inserter(tasks));
}

// The migration's own tables are no part of either state.
bool IsOwnTable(std::string_view table) {
  return table == tables::kResidueTable || table == tables::kFindingsTable;
}

std::string Describe(const Digest& digest) {
  return fmt::format("{} records, digest {}", digest.count, ToHex(digest));
}

}  // namespace

Result<Verification> VerifyLeg(OpContext& op, const VerifyJob& job) {
  const auto started = std::chrono::steady_clock::now();
  std::set<std::string, std::less<>> names;
  for (items::ItemSource* side : {&job.source, &job.destination}) {
    TRY(const auto specs, side->Tables(op));
    for (const auto& spec : specs)
      if (!IsOwnTable(spec.name)) names.insert(spec.name);
  }
  // What the phases have read needs no second reading.
  std::map<std::string, Digest> read;
  for (const auto& phase : job.outcome.phases)
    for (const auto& [table, digest] : phase.read) read[table] = digest;

  const auto written = [&](std::string_view table) {
    return job.outcome.expected.contains(std::string(table));
  };
  // A table that the destination version does not have is gone, unless rows came back to it.
  const auto dropped = [&](std::string_view table) {
    return !items::IsSystemTable(table) && !written(table) &&
           tables::FindTable(job.leg.from(), table) != nullptr &&
           tables::FindTable(job.leg.to(), table) == nullptr;
  };
  std::vector<Task> tasks;
  for (const auto& table : names) {
    TRY(auto after, TasksFor(op, job.destination, false, table, written(table)));
    Append(tasks, std::move(after));
    if (read.contains(table) || dropped(table)) continue;
    TRY(auto before, TasksFor(op, job.source, true, table, false));
    Append(tasks, std::move(before));
  }
  TRY(auto found, Checker(op, job).Run(std::move(tasks)));

  Verification result;
  result.broken = std::move(found.broken);
  result.orphans = std::move(found.orphans);
  result.records = found.records;
  const auto fail = [&](std::string text) {
    if (result.failures.size() < kMaxFailures) result.failures.push_back(std::move(text));
  };
  for (const auto& table : names) {
    TableCheck check;
    check.written = written(table);
    check.after = found.destination[table];
    check.before = read.contains(table) ? read[table] : found.source[table];
    if (check.written) {
      check.expected = job.outcome.expected.at(table);
    } else {
      if (!dropped(table)) check.expected = check.before;
      if (const auto back = job.outcome.restored.find(table); back != job.outcome.restored.end())
        check.expected.Add(back->second);
    }
    if (!check.ok())
      fail(fmt::format("table {} holds {} where {} were {}", table, Describe(check.after),
                       Describe(check.expected), check.written ? "made" : "to be carried over"));
    if (!items::IsSystemTable(table)) result.tables[table] = check;
  }
  for (const auto& [table, counted] : result.broken)
    fail(fmt::format("{} {} of table {} break its structure, among them {}", counted.count,
                     counted.count == 1 ? "record" : "records", table, counted.samples.front()));
  result.millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now() - started)
                      .count();
  return result;
}

Result<std::map<std::string, Digest>> DigestsOf(OpContext& op, items::ItemSource& source,
                                                int threads) {
  static const Settings kSettings;
  static const LegOutcome kNothing;
  const VerifyJob job{.leg = {.step = AllSteps().front(), .direction = Direction::kUp},
                      .settings = kSettings,
                      .source = source,
                      .destination = source,
                      .outcome = kNothing,
                      .threads = threads,
                      .on_progress = {}};
  TRY(const auto specs, source.Tables(op));
  std::vector<Task> tasks;
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    TRY(auto more, TasksFor(op, source, true, spec.name, false));
    Append(tasks, std::move(more));
  }
  TRY(auto found, Checker(op, job).Run(std::move(tasks)));
  for (const auto& spec : specs)
    if (!items::IsSystemTable(spec.name)) found.source[spec.name];
  return std::move(found.source);
}

Status Demand(const Verification& verification) {
  if (verification.ok()) return Ok();
  return Error(Code::kCorrupt,
               fmt::format("the verification failed; what serves was not changed; keep the work "
                           "folder for a report, and start again:\n  {}",
                           fmt::join(verification.failures, "\n  ")));
}

json::object ToJson(const Verification& verification) {
  json::object tables;
  for (const auto& [table, check] : verification.tables)
    tables[table] = json::object{
        {"written", check.written},
        {"before", json::object{{"count", check.before.count}, {"digest", ToHex(check.before)}}},
        {"expected",
         json::object{{"count", check.expected.count}, {"digest", ToHex(check.expected)}}},
        {"after", json::object{{"count", check.after.count}, {"digest", ToHex(check.after)}}}};
  PhaseOutcome remarks;
  remarks.defects = verification.broken;
  remarks.notes = verification.orphans;
  json::object as_phase = ToJson(remarks);
  json::array failures;
  for (const auto& failure : verification.failures) failures.emplace_back(failure);
  return {{"tables", std::move(tables)},     {"broken", as_phase.at("defects")},
          {"orphans", as_phase.at("notes")}, {"failures", std::move(failures)},
          {"records", verification.records}, {"millis", verification.millis}};
}

Result<Verification> VerificationFrom(const json::object& object) {
  Verification verification;
  if (const auto* tables = object.if_contains("tables"); tables != nullptr && tables->is_object())
    for (const auto& entry : tables->as_object()) {
      const json::object* saved = entry.value().if_object();
      if (saved == nullptr) continue;
      TableCheck& check = verification.tables[std::string(entry.key())];
      const json::value* was_written = saved->if_contains("written");
      check.written = was_written != nullptr && was_written->is_bool() && was_written->as_bool();
      for (const auto& [name, digest] :
           {std::pair{"before", &check.before}, std::pair{"expected", &check.expected},
            std::pair{"after", &check.after}})
        if (const auto* value = saved->if_contains(name); value != nullptr && value->is_object()) {
          TRY(*digest, DigestFrom(NumberOf(value->as_object(), "count"),
                                  TextOf(value->as_object(), "digest")));
        }
    }
  json::object as_phase;
  if (const auto* broken = object.if_contains("broken")) as_phase["defects"] = *broken;
  if (const auto* orphans = object.if_contains("orphans")) as_phase["notes"] = *orphans;
  TRY(auto remarks, OutcomeFrom(as_phase));
  verification.broken = std::move(remarks.defects);
  verification.orphans = std::move(remarks.notes);
  if (const auto* failures = object.if_contains("failures");
      failures != nullptr && failures->is_array())
    for (const auto& failure : failures->as_array())
      if (failure.is_string()) verification.failures.emplace_back(failure.as_string());
  verification.records = NumberOf(object, "records");
  verification.millis = static_cast<std::int64_t>(NumberOf(object, "millis"));
  return verification;
}

}  // namespace vams::migrate
