// Lifecycle operations of a stack (update, rehearse, rollback, …): one at a time, each with a
// journal that survives its process, its reports, and one line in the stack's history.
// Spec: lifecycle.md section 5; format: docs/formats/operation-journal.md; decision 012.
//
// How an operation runs:
//
//   TRY(auto lock, OperationLock::Take(stack, "vams update", clock));
//   TRY(auto left, FindInterrupted(stack));       // a process died: finish or undo it first,
//                                                 // update/recover.h does that for every kind
//   TRY(auto operation, Operation::Begin(stack, std::move(lock), {.kind = "update", …}, clock));
//   TRY_OK(operation.Step("preflight", [&](json::object& evidence) -> Status { … }));
//   TRY_OK(operation.Note("backup", {{"id", id}}));   // a fact that recovery needs; durable
//   operation.Progress("copying rows", done, total);  // for whoever watches; not durable
//   return operation.End({.result = OperationResult::kDone, …});
//
// An operation whose object goes without End counts as interrupted, as if its process had died.
//
// One thread per object; any other process may read the journal at any time.  Blocks on disk.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"
#include "lifecycle/stack.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

// How an operation ended.
enum class OperationResult : std::uint8_t {
  kDone,         // exit status 0
  kFailed,       // nothing was changed: 1
  kRolledBack,   // it failed, and the stack is as it was before: 3
  kRefused,      // a check or the approval: 4
  kInterrupted,  // it stopped on purpose and the same command goes on: 5
  kDifferent,    // it came to its end and found differences: 6
  kUndone,       // its process died, and a later command undid what it had begun
};
std::string_view NameOf(OperationResult result);  // "done", "failed", "rolled back", …

struct OperationStep {
  std::string name;  // "preflight", "backup", …; a name may come more than once
  std::string started_at;
  std::int64_t millis = 0;
  std::string result;   // "running", "done", "failed", "skipped"; "interrupted" if nobody is there
  std::string message;  // why it failed or was skipped
  boost::json::object evidence;
};

struct OperationProgress {
  std::string at;
  std::string phase;
  std::uint64_t done = 0, total = 0;  // total 0: not known
};

// What the journal of an operation says.
struct OperationRecord {
  std::string id;  // "0003"; numbers are never used twice
  std::string kind, by, started_at;
  boost::json::object request;  // as it was begun, with the generation it found
  std::uint64_t generation = 0;
  files::Path folder;
  std::vector<OperationStep> steps;
  std::optional<OperationProgress> progress;
  // "running", "interrupted" (its process died and nobody has taken it up), or NameOf(the result).
  std::string state;
  std::string ended_at, message;
  std::int64_t millis = 0;                   // until the end, or until the last line
  boost::json::object end;                   // the members of the last line
  std::vector<boost::json::object> entries;  // all lines, oldest first; progress lines left out

  bool ended() const { return !ended_at.empty(); }
  files::Path journal() const { return folder / "journal.jsonl"; }
  files::Path report_json() const { return folder / "report.json"; }
  files::Path report_html() const { return folder / "report.html"; }
  // The last fact of that name (Operation::Note); nullptr if none.
  const boost::json::object* Fact(std::string_view name) const;
  // The last step of that name; nullptr if none.
  const OperationStep* FindStep(std::string_view name) const;
};

// {"operation", "kind", "by", "state", "startedAt", "endedAt", "millis", "message", "request",
// "steps": [{"name", "startedAt", "millis", "result", "message", "evidence"}], "progress"}
boost::json::object ToJson(const OperationRecord& record);

// All operations of the stack, oldest first.  A folder without a readable first line is left out: a
// crash cut it off before anything was done.
Result<std::vector<OperationRecord>> Operations(const Stack& stack);
// kNotFound, naming how to list them.  `id`: "0003" or "3".
Result<OperationRecord> GetOperation(const Stack& stack, std::string_view id);

// The lines of history.jsonl, oldest first, operations of other commands (create, import, migrate,
// …) among them: {"at", "operation", "result", …}.  A last line that was cut off is left out.
Result<std::vector<boost::json::object>> History(const Stack& stack);

// Who runs this process: the name of its user, or "uid N".
std::string ProcessUser();

// The right to run an operation on a stack: operation.lock.  Held until destruction, or until the
// process dies; then the next one has it.
class OperationLock {
 public:
  // kConflict: says who runs what since when.  `doing` is the command, as "vams update".
  static Result<OperationLock> Take(const Stack& stack, std::string_view doing, const Clock& clock);

 private:
  explicit OperationLock(files::FileLock lock) : lock_(std::move(lock)) {}
  files::FileLock lock_;
};

// The operation that a dead process left without an end.  The caller holds the lock.
Result<std::optional<OperationRecord>> FindInterrupted(const Stack& stack);

// Writes the last operation's line into the history if its process died before it could.  The
// caller holds the lock.  Operation::Begin does it as well.
Status CompleteHistory(const Stack& stack, const Clock& clock);

struct OperationStart {
  std::string kind;  // "update", "rehearse", "rollback", …
  std::string by;    // who wants it; empty: ProcessUser()
  boost::json::object request;
};

struct OperationEnd {
  OperationResult result = OperationResult::kDone;
  std::string message;          // one sentence: what was done, or the reason first
  boost::json::object history;  // further members of the line in history.jsonl
  boost::json::object report;   // further members of report.json
  std::string page;             // further sections of report.html, as HTML
};

class Operation {
 public:
  // A new folder and its first line.  kConflict when one was left without an end.
  static Result<Operation> Begin(const Stack& stack, OperationLock lock, OperationStart start,
                                 const Clock& clock);
  // Goes on with the journal of one that was left.
  static Result<Operation> TakeUp(const Stack& stack, OperationLock lock,
                                  const OperationRecord& record, const Clock& clock);

  const std::string& id() const { return id_; }
  const files::Path& folder() const { return folder_; }
  const Stack& stack() const { return stack_; }

  // Called with what is new: a step that begins or ends, progress.  For a terminal.
  void WatchWith(std::function<void(const OperationStep&)> on_step,
                 std::function<void(const OperationProgress&)> on_progress);

  // Runs `work` as a step; its error is the step's and comes back.  `evidence` is what the step
  // found, for the journal and the report, also when it fails.
  // Test builds: points "operation.<kind>.<name>.begun" before and "….done" behind the work.
  Status Step(std::string_view name,
              const std::function<Status(boost::json::object& evidence)>& work);
  // The same in two halves, for steps that end inside a callback of somebody else.  A step that is
  // begun while another runs ends that one as done.
  Status BeginStep(std::string_view name);
  Status EndStep(boost::json::object evidence);
  Status FailStep(const Error& error, boost::json::object evidence);
  Status SkipStep(std::string_view name, std::string_view why);

  // A fact that a later process needs, durable when this returns.
  Status Note(std::string_view name, boost::json::object members);
  // At most some lines a second reach the journal; none is waited for.
  void Progress(std::string_view phase, std::uint64_t done, std::uint64_t total = 0);

  // The record as it stands.
  Result<OperationRecord> Record() const;

  // Writes the reports, the last line of the journal, then the line in history.jsonl (the next
  // operation writes it if this process dies in between).  Call once.  An error says that a report
  // could not be written; the operation has ended all the same, unless its journal could not.
  Status End(OperationEnd end);
  // Gives up the lock for another operation of the same process; after End.
  OperationLock ReleaseLock() && { return std::move(lock_); }

 private:
  Operation(Stack stack, OperationLock lock, migrate::Journal journal, files::Path folder,
            std::string kind, const Clock& clock);

  Stack stack_;
  OperationLock lock_;
  migrate::Journal journal_;
  files::Path folder_;
  std::string id_, kind_;
  const Clock* clock_;
  std::optional<OperationStep> step_;  // that is running
  std::int64_t step_began_ = 0;        // steady, milliseconds
  std::int64_t last_progress_ = 0;
  std::function<void(const OperationStep&)> on_step_;
  std::function<void(const OperationProgress&)> on_progress_;
};

// The reports of an operation: what the record says, then `end.report` and `end.page`.
Status WriteReports(const OperationRecord& record, const OperationEnd& end);

}  // namespace vams::lifecycle
