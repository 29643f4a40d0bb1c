#include "lifecycle/operation.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <chrono>
#include <thread>

#include "base/fault_point.h"
#include "base/json.h"
#include "lifecycle/backup/flock.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::int64_t kProgressMillis = 250;
// Whoever looks whether an operation runs holds the lock for a moment.
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{10};

files::Path FolderOf(const Stack& stack) { return stack.folder / "operations"; }
files::Path LockOf(const Stack& stack) { return stack.folder / "operation.lock"; }

std::int64_t SteadyMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

Result<std::vector<std::string>> FolderNames(const Stack& stack) {
  std::vector<std::string> names;
  std::error_code ec;
  if (!std::filesystem::exists(FolderOf(stack), ec)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(FolderOf(stack), ec))
    if (std::string name = entry.path().filename().string(); IsNumber(name))
      names.push_back(std::move(name));
  if (ec) return files::ErrnoError("list", FolderOf(stack), ec.value());
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return names;
}

// Whether somebody runs an operation now.
bool SomebodyHolds(const Stack& stack) {
  std::error_code ec;
  if (!std::filesystem::exists(LockOf(stack), ec)) return false;
  const auto held = backup::Flock::Try(LockOf(stack), backup::Flock::Kind::kShared);
  return held.ok() && !held->has_value();
}

void ReadStep(const json::object& entry, OperationRecord& record) {
  OperationStep step;
  step.name = TextOf(entry, "name");
  step.started_at = TextOf(entry, "at");
  step.result = "running";
  record.steps.push_back(std::move(step));
}

// The line that ends a step.
void EndOfStep(const json::object& entry, std::string_view result, OperationRecord& record) {
  const std::string name = TextOf(entry, "name");
  if (record.steps.empty() || record.steps.back().result != "running" ||
      record.steps.back().name != name)
    ReadStep(entry, record);
  OperationStep& step = record.steps.back();
  step.result = result;
  step.millis = static_cast<std::int64_t>(NumberOf(entry, "millis"));
  step.message = TextOf(entry, "message");
  step.evidence = ObjectOf(entry, "evidence");
}

void ReadLine(const json::object& entry, OperationRecord& record) {
  const std::string event = TextOf(entry, "event");
  if (event == "step") {
    ReadStep(entry, record);
  } else if (event == "step done") {
    EndOfStep(entry, "done", record);
  } else if (event == "step failed") {
    EndOfStep(entry, "failed", record);
  } else if (event == "step skipped") {
    EndOfStep(entry, "skipped", record);
  } else if (event == "taken up") {
    // What its process was doing when it died.
    if (!record.steps.empty() && record.steps.back().result == "running")
      record.steps.back().result = "interrupted";
  } else if (event == "end") {
    record.ended_at = TextOf(entry, "at");
    record.state = TextOf(entry, "result");
    record.message = TextOf(entry, "message");
    record.millis = static_cast<std::int64_t>(NumberOf(entry, "millis"));
    record.end = entry;
  }
}

// Nothing if the folder holds no begun operation.
Result<std::optional<OperationRecord>> ReadRecord(const files::Path& folder, bool alive) {
  OperationRecord record;
  record.folder = folder;
  record.id = folder.filename().string();
  TRY(auto entries, migrate::Journal::Read(record.journal()));
  if (entries.empty() || TextOf(entries.front(), "event") != "begin")
    return std::optional<OperationRecord>();
  const json::object& begin = entries.front();
  record.kind = TextOf(begin, "kind");
  record.by = TextOf(begin, "by");
  record.started_at = TextOf(begin, "at");
  record.request = ObjectOf(begin, "request");
  record.generation = NumberOf(begin, "generation");
  for (auto& entry : entries) {
    if (TextOf(entry, "event") == "progress") {
      record.progress = OperationProgress{.at = TextOf(entry, "at"),
                                          .phase = TextOf(entry, "phase"),
                                          .done = NumberOf(entry, "done"),
                                          .total = NumberOf(entry, "total")};
      continue;
    }
    ReadLine(entry, record);
    record.entries.push_back(std::move(entry));
  }
  if (record.ended()) {
    record.progress.reset();
  } else {
    record.state = alive ? "running" : "interrupted";
    if (!alive && !record.steps.empty() && record.steps.back().result == "running")
      record.steps.back().result = "interrupted";
  }
  return std::optional<OperationRecord>(std::move(record));
}

json::object StepJson(const OperationStep& step) {
  json::object object{{"name", step.name},
                      {"startedAt", step.started_at},
                      {"millis", step.millis},
                      {"result", step.result}};
  if (!step.message.empty()) object["message"] = step.message;
  if (!step.evidence.empty()) object["evidence"] = step.evidence;
  return object;
}

#ifdef VAMS_FAULT_POINTS
Status VisitStepPoint(const std::string& kind, std::string_view step, std::string_view moment) {
  std::string name = fmt::format("operation.{}.{}.{}", kind, step, moment);
  std::replace(name.begin(), name.end(), ' ', '-');
  return internal::VisitFaultPoint(name.c_str());
}
#else
Status VisitStepPoint(const std::string&, std::string_view, std::string_view) { return Ok(); }
#endif

}  // namespace

std::string_view NameOf(OperationResult result) {
  switch (result) {
    case OperationResult::kDone:
      return "done";
    case OperationResult::kFailed:
      return "failed";
    case OperationResult::kRolledBack:
      return "rolled back";
    case OperationResult::kRefused:
      return "refused";
    case OperationResult::kInterrupted:
      return "interrupted";
    case OperationResult::kDifferent:
      return "differs";
    case OperationResult::kUndone:
      return "undone";
  }
  return "failed";
}

const json::object* OperationRecord::Fact(std::string_view name) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == "fact" && TextOf(*entry, "name") == name) return &*entry;
  return nullptr;
}

const OperationStep* OperationRecord::FindStep(std::string_view name) const {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    if (step->name == name) return &*step;
  return nullptr;
}

json::object ToJson(const OperationRecord& record) {
  json::array steps;
  for (const auto& step : record.steps) steps.push_back(StepJson(step));
  json::object object{{"operation", record.id},
                      {"kind", record.kind},
                      {"by", record.by},
                      {"state", record.state},
                      {"startedAt", record.started_at},
                      {"endedAt", record.ended() ? json::value(record.ended_at) : json::value()},
                      {"millis", record.millis},
                      {"message", record.message},
                      {"generation", record.generation},
                      {"request", record.request},
                      {"steps", std::move(steps)}};
  if (record.progress)
    object["progress"] = json::object{{"at", record.progress->at},
                                      {"phase", record.progress->phase},
                                      {"done", record.progress->done},
                                      {"total", record.progress->total}};
  return object;
}

Result<std::vector<OperationRecord>> Operations(const Stack& stack) {
  // Before the journals: one that ends meanwhile says so itself.
  const bool alive = SomebodyHolds(stack);
  TRY(const auto names, FolderNames(stack));
  std::vector<OperationRecord> records;
  for (const auto& name : names) {
    TRY(auto record, ReadRecord(FolderOf(stack) / name, alive && name == names.back()));
    if (record) records.push_back(*std::move(record));
  }
  return records;
}

Result<OperationRecord> GetOperation(const Stack& stack, std::string_view id) {
  TRY(auto records, Operations(stack));
  for (auto& record : records)
    if (record.id == id || (IsNumber(id) && std::strtoul(record.id.c_str(), nullptr, 10) ==
                                                std::strtoul(std::string(id).c_str(), nullptr, 10)))
      return std::move(record);
  return Error(Code::kNotFound,
               fmt::format("stack \"{}\" has no operation {}; \"vams history --stack {}\" lists "
                           "those there are",
                           stack.name, id, stack.name));
}

Result<std::vector<json::object>> History(const Stack& stack) {
  return migrate::Journal::Read(stack.folder / "history.jsonl");
}

std::string ProcessUser() {
  passwd entry = {};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("uid {}", ::geteuid());
}

Result<OperationLock> OperationLock::Take(const Stack& stack, std::string_view doing,
                                          const Clock& clock) {
  for (int attempt = 1;; ++attempt) {
    auto lock = files::FileLock::Acquire(
        LockOf(stack), fmt::format("\"{}\" of {} (process {}, since {})", doing, ProcessUser(),
                                   ::getpid(), IsoMillis(clock.NowMillis())));
    if (lock.ok()) return OperationLock(*std::move(lock));
    if (lock.error().code != Code::kConflict) return std::move(lock).error();
    if (attempt == kLockTries)
      return Error(Code::kConflict,
                   fmt::format("stack \"{}\" is being changed by {}; nothing was changed; wait for "
                               "it to end: \"vams history --stack {}\" shows how far it is",
                               stack.name, lock.error().message, stack.name));
    std::this_thread::sleep_for(kLockPause);
  }
}

Result<std::optional<OperationRecord>> FindInterrupted(const Stack& stack) {
  TRY(const auto names, FolderNames(stack));
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    TRY(auto record, ReadRecord(FolderOf(stack) / *name, false));
    if (record && !record->ended()) return record;
    if (record) break;
  }
  return std::optional<OperationRecord>();
}

Status CompleteHistory(const Stack& stack, const Clock& clock) {
  TRY(const auto names, FolderNames(stack));
  if (names.empty()) return Ok();
  TRY(const auto record, ReadRecord(FolderOf(stack) / names.back(), false));
  if (!record || !record->ended()) return Ok();
  TRY(const auto lines, History(stack));
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (TextOf(*line, "id") == record->id) return Ok();
  json::object line{{"at", record->ended_at}};
  for (const auto& member : ObjectOf(record->end, "history")) line[member.key()] = member.value();
  return AppendHistory(stack, std::move(line), clock);
}

Operation::Operation(Stack stack, OperationLock lock, migrate::Journal journal, files::Path folder,
                     std::string kind, const Clock& clock)
    : stack_(std::move(stack)),
      lock_(std::move(lock)),
      journal_(std::move(journal)),
      folder_(std::move(folder)),
      id_(folder_.filename().string()),
      kind_(std::move(kind)),
      clock_(&clock) {}

Result<Operation> Operation::Begin(const Stack& stack, OperationLock lock, OperationStart start,
                                   const Clock& clock) {
  TRY(const auto left, FindInterrupted(stack));
  if (left)
    return Error(
        Code::kConflict,
        fmt::format("operation {} ({}) of stack \"{}\" was interrupted and is not finished "
                    "yet; nothing was changed; run \"vams update --stack {}\", which "
                    "finishes or undoes it first",
                    left->id, left->kind, stack.name, stack.name));
  TRY_OK(files::MakeFolders(FolderOf(stack)));
  TRY(const auto names, FolderNames(stack));
  TRY_OK(CompleteHistory(stack, clock));
  const auto highest = names.empty() ? 0 : std::strtoul(names.back().c_str(), nullptr, 10);
  const files::Path folder = FolderOf(stack) / fmt::format("{:04}", highest + 1);
  TRY_OK(files::MakeFolders(folder));
  TRY(auto journal, migrate::Journal::Open(folder / "journal.jsonl", clock));
  Operation operation(stack, std::move(lock), std::move(journal), folder, start.kind, clock);
  TRY_OK(operation.journal_.Append("begin", {{"kind", start.kind},
                                             {"stack", stack.name},
                                             {"by", start.by.empty() ? ProcessUser() : start.by},
                                             {"process", ::getpid()},
                                             {"generation", stack.current.number},
                                             {"dataVersion", stack.current.data_version.ToString()},
                                             {"request", std::move(start.request)}}));
  return operation;
}

Result<Operation> Operation::TakeUp(const Stack& stack, OperationLock lock,
                                    const OperationRecord& record, const Clock& clock) {
  TRY(auto journal, migrate::Journal::Open(record.journal(), clock));
  Operation operation(stack, std::move(lock), std::move(journal), record.folder, record.kind,
                      clock);
  TRY_OK(operation.journal_.Append("taken up", {{"by", ProcessUser()}, {"process", ::getpid()}}));
  return operation;
}

void Operation::WatchWith(std::function<void(const OperationStep&)> on_step,
                          std::function<void(const OperationProgress&)> on_progress) {
  on_step_ = std::move(on_step);
  on_progress_ = std::move(on_progress);
}

Status Operation::Step(std::string_view name,
                       const std::function<Status(json::object& evidence)>& work) {
  TRY_OK(BeginStep(name));
  json::object evidence;
  auto worked = VisitStepPoint(kind_, name, "begun");
  if (worked.ok()) worked = work(evidence);
  if (!worked.ok()) {
    // The reason counts, not whether it could be written down.
    (void)FailStep(worked.error(), std::move(evidence));
    return worked;
  }
  return EndStep(std::move(evidence));
}

Status Operation::BeginStep(std::string_view name) {
  if (step_) TRY_OK(EndStep({}));
  OperationStep step;
  step.name = name;
  step.started_at = IsoMillis(clock_->NowMillis());
  step.result = "running";
  TRY_OK(journal_.Append("step", {{"name", name}}));
  step_ = std::move(step);
  step_began_ = SteadyMillis();
  if (on_step_) on_step_(*step_);
  return Ok();
}

Status Operation::EndStep(json::object evidence) {
  if (!step_) return Ok();
  OperationStep step = *std::exchange(step_, std::nullopt);
  step.millis = SteadyMillis() - step_began_;
  step.result = "done";
  step.evidence = std::move(evidence);
  TRY_OK(journal_.Append(
      "step done", {{"name", step.name}, {"millis", step.millis}, {"evidence", step.evidence}}));
  if (on_step_) on_step_(step);
  return VisitStepPoint(kind_, step.name, "done");
}

Status Operation::FailStep(const Error& error, json::object evidence) {
  if (!step_) return Ok();
  OperationStep step = *std::exchange(step_, std::nullopt);
  step.millis = SteadyMillis() - step_began_;
  step.result = "failed";
  step.message = error.message;
  step.evidence = std::move(evidence);
  if (on_step_) on_step_(step);
  return journal_.Append("step failed", {{"name", step.name},
                                         {"millis", step.millis},
                                         {"code", CodeName(error.code)},
                                         {"message", step.message},
                                         {"evidence", step.evidence}});
}

Status Operation::SkipStep(std::string_view name, std::string_view why) {
  OperationStep step;
  step.name = name;
  step.started_at = IsoMillis(clock_->NowMillis());
  step.result = "skipped";
  step.message = why;
  if (on_step_) on_step_(step);
  return journal_.Append("step skipped", {{"name", name}, {"message", why}});
}

Status Operation::Note(std::string_view name, json::object members) {
  json::object entry{{"name", name}};
  for (auto& member : members) entry[member.key()] = std::move(member.value());
  return journal_.Append("fact", std::move(entry));
}

void Operation::Progress(std::string_view phase, std::uint64_t done, std::uint64_t total) {
  const std::int64_t now = SteadyMillis();
  if (on_progress_)
    on_progress_({.at = {}, .phase = std::string(phase), .done = done, .total = total});
  if (now - last_progress_ < kProgressMillis) return;
  last_progress_ = now;
  // Nobody depends on these lines; a full disk stops the work soon enough.
  (void)journal_.Tell("progress", {{"phase", phase}, {"done", done}, {"total", total}});
}

Result<OperationRecord> Operation::Record() const {
  TRY(auto record, ReadRecord(folder_, true));
  if (record) return *std::move(record);
  return Error(Code::kCorrupt,
               fmt::format("the journal in {} is gone while its operation runs; put the folder "
                           "back, or start again",
                           folder_.string()));
}

Status Operation::End(OperationEnd end) {
  if (step_) TRY_OK(EndStep({}));
  TRY(auto record, Record());
  record.state = NameOf(end.result);
  record.message = end.message;
  record.ended_at = IsoMillis(clock_->NowMillis());
  for (const auto& step : record.steps) record.millis += step.millis;
  // A full disk must not keep the operation from its end: the journal says the same.
  const auto reported = WriteReports(record, end);
  VAMS_POINT("operation.reported");
  json::object line{{"operation", kind_},      {"id", id_},
                    {"by", record.by},         {"result", record.state},
                    {"millis", record.millis}, {"message", record.message}};
  for (auto& member : end.history) line[member.key()] = std::move(member.value());
  TRY_OK(journal_.Append("end", {{"result", record.state},
                                 {"message", record.message},
                                 {"millis", record.millis},
                                 {"history", line}}));
  VAMS_POINT("operation.ended");
  TRY_OK(AppendHistory(stack_, std::move(line), *clock_));
  return reported;
}

}  // namespace vams::lifecycle
