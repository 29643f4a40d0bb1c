// One run from its plan to its end, round by round.  Internal to migrate/remote: run.h is for
// others.
//
// Blocks.  Not thread-safe; the caller holds the work folder's lock and the migration's.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "migrate/build.h"
#include "migrate/remote/lock.h"
#include "migrate/remote/run.h"

namespace vams::migrate::remote {

RemoteReport ReportFor(const RemotePlan& plan, const UpstreamConfig& config, const Clock& clock);

// Tables whose rows upstream's --limit counts.
std::set<std::string, std::less<>> LimitedTables(const RemotePlan& plan);

// kInvalid when the result has rows for tables that the configuration does not name.
Status RefuseUnnamed(OpContext& op, const RemotePlan& plan, items::ItemSource& source,
                     items::ItemSource& result);
// kInvalid when the step looks things up in tables that the configuration does not name, and would
// take their absence for an answer.
Status RefuseBlind(const RemotePlan& plan);

// Copies what runs leave for each other, residue and findings, as far as `wanted` says so of their
// scope ("2.4-2.5 up …").
Status CopyBeside(OpContext& op, items::ItemSource& from, items::ItemStore& into,
                  const std::function<bool(std::string_view scope)>& wanted);

// The runs that one builds on.
struct Before {
  const RemoteRecord* newest = nullptr;  // finished or undone; nullptr if there is none
  const RemoteRecord* undone = nullptr;  // the one that a reversal undoes
};
// Brings everything that they have left for the next: of the step itself from the run that is
// undone, so that several runs of one step can be undone one after the other.
Status BringBeside(OpContext& op, const Before& before, const RemotePlan& plan,
                   items::ItemStore& into);

// The rows that a run of a part of the data is about, once that is decided: what these stores hold.
struct KnownRows {
  files::Path before, after;
};
// Of a reversal of such a run; else nothing.
std::optional<KnownRows> KnownTo(const Before& before, const RemotePlan& plan);
// Copies the tables of a plan into the store at `path`.  Rows by table.
Result<std::map<std::string, std::uint64_t>> ReadInto(OpContext& op, const RemoteJob& job,
                                                      const RemotePlan& plan,
                                                      const std::optional<KnownRows>& known,
                                                      const files::Path& path, Journal* journal);

class Worker {
 public:
  // `lock` may be nullptr.
  Worker(OpContext& op, const RemoteJob& job, RemoteRecord record, Before before,
         MigrationLock* lock)
      : op_(op), job_(job), record_(std::move(record)), before_(before), lock_(lock) {}

  // An error: nothing remote was written, and the run is given up.  What can go on later is a
  // report that says so.
  Result<RemoteReport> Run(bool resumed);
  const RemoteRecord& record() const { return record_; }

 private:
  Status Steps();
  Status ReadTables(int round);
  Status Complete();
  Status TakeIn(int round);
  Status BuildResult(int round);
  Status Settle(int round);
  Status Protect(const Changes& changes);
  Status Write(int round);
  Status Remove(int round, const ApplyJob& apply);
  Status Prove(int round, bool before_removal);
  Status EndRound(int round, const std::string& why);
  Status Reindex();
  Status FillSearch();
  Status Finish();
  Result<RemoteReport> Stopped(Error error);
  Status MoveTo(Stage stage);
  Result<std::unique_ptr<items::ItemStore>> Open(const files::Path& path, bool write) const;

  OpContext& op_;
  const RemoteJob& job_;
  RemoteRecord record_;
  const Before before_;
  MigrationLock* lock_;
  std::optional<Journal> journal_;
  RemoteReport report_;
};

}  // namespace vams::migrate::remote
