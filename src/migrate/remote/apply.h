// Brings the tables of a remote store from what they hold to what a migration has made, and nothing
// else: rows that differ, and of those the attributes that differ.  What somebody else has changed
// meanwhile is found by the conditions of the writes, told, and left alone.
// Spec: lifecycle.md section 8; docs/operations/migrate-aws.md.
//
// Blocks for as long as the tables are large; memory is bounded.  One owner; the caller holds the
// migration's lock.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "items/store.h"
#include "migrate/digest.h"
#include "migrate/journal.h"
#include "migrate/phase_run.h"

namespace vams::migrate::remote {

// What is to be done to a table.
struct TableChanges {
  std::uint64_t added = 0, changed = 0, removed = 0;
  std::uint64_t kept = 0;  // records without a place in the new shape: quarantined, and left there
  // What the table holds when everything is written and nothing removed yet, and in the end.
  Digest before_removal, after;

  bool nothing() const { return added + changed + removed == 0; }
  bool in_place() const { return changed + removed > 0; }
};
using Changes = std::map<std::string, TableChanges>;  // by canonical name

boost::json::object ToJson(const Changes& changes);

// Puts back into `target` what a step took out of a table into quarantine: the remote row stays.
// Then everything that base has and target lacks was given another key or place by the step.
Status KeepQuarantined(OpContext& op, items::ItemSource& base, items::ItemStore& target,
                       const std::vector<std::string>& tables, Changes& changes);
// Counts what ApplyWrites and ApplyRemovals will do.
Status CountChanges(OpContext& op, items::ItemSource& base, items::ItemSource& target,
                    const std::vector<std::string>& tables, Changes& changes);

// The code of the finding for a row that the server did not take.
inline constexpr std::string_view kRefusedCode = "refused-by-server";

// Asked before every group of writes; an error ends the work.
using MayWrite = std::function<Status()>;

struct ApplyJob {
  items::ItemStore& remote;
  items::ItemSource& base;   // what the remote is believed to hold
  items::ItemStore& target;  // what it is to hold; rows that the server refuses are set back in it
  std::vector<std::string> tables;  // canonical, in the order they are written
  Journal& journal;
  std::string round;  // of this run: "1"
  std::string scope;  // of the findings: "2.4-2.5 up"
  MayWrite may_write;
  OnProgress on_progress;
  std::size_t chunk_rows = 2'000;  // between two places in the journal
};

// Rows that somebody else has changed, or that the server refused.
struct ApplyOutcome {
  std::uint64_t written = 0, removed = 0;
  std::uint64_t conflicts = 0, refused = 0;
  std::vector<std::string> samples;  // of the conflicts: "Table {key}"
};

// Adds and changes rows.  Resumable: goes on behind the place in the journal.  A conflict is
// journaled and skipped; past a hundred of them the work ends early.
Result<ApplyOutcome> ApplyWrites(OpContext& op, const ApplyJob& job);
// Removes the rows that target lacks, each only if it is still as it was.
Result<ApplyOutcome> ApplyRemovals(OpContext& op, const ApplyJob& job);

// Whether ApplyWrites of a round has brought a row to its new state, as far as the journal tells.
class AppliedRows {
 public:
  static Result<AppliedRows> Read(const Journal& journal, std::string_view round);
  bool Has(const items::TableSpec& spec, const items::Item& key) const;

 private:
  struct Table {
    bool all = false;
    std::pair<std::string, std::string> last;
    std::vector<std::string> conflicts;  // encoded keys, sorted
  };
  std::map<std::string, Table, std::less<>> tables_;
};

// The digests of remote tables, read whole.  `known`, where not empty, leaves out rows that none of
// these stores has: for runs of a part of the data.
Result<std::map<std::string, Digest>> RemoteDigests(OpContext& op, items::ItemSource& remote,
                                                    const std::vector<std::string>& tables,
                                                    int threads,
                                                    const std::vector<items::ItemSource*>& known);

}  // namespace vams::migrate::remote
