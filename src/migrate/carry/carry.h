// Carries the changes that were made in one store since a position of its change log into another
// store that stands at the state of that position, through the steps between their data versions:
// for going back without losing writes (lifecycle.md section 6) and for following a stack of
// another data version (section 7).  Decision 012, "Going back".
//
// How: every record that a step transforms belongs to subjects (carry/subjects.h: an asset, a
// version of one, the constraints …).  All records of the subjects that the changes touch are
// copied into a small store, which the ordinary engine (build.h) takes through the path; what it
// makes of these subjects replaces what the target has of them.  What no step touches is replayed
// row by row.  So the cost follows the changes and not the size of the stores, and the result is
// that of the whole transformation, which is the oracle of the tests.
//
// Not thread-safe: one job at a time on a target.  Blocks; uses `threads` threads of its own.
// Memory is bounded: subjects of the changes are held, records are not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "migrate/build.h"
#include "migrate/digest.h"
#include "migrate/steps.h"

namespace vams::migrate {

// Changes behind a position; as ItemStore::ReadChanges.
using ReadChanges =
    std::function<Result<items::ChangePage>(OpContext& op, items::Position after, std::size_t)>;

struct CarryJob {
  // From the source's data version to the target's, either way; empty when they are equal.
  std::vector<Leg> path;
  // Records that nothing decides about are set aside, whatever the settings say, and counted.
  const Settings& settings;
  // Everything as it was at position `to`: a snapshot, or a store that nobody writes meanwhile.
  items::ItemSource& source;
  ReadChanges changes;
  items::Position after = 0;  // the target has everything up to this one
  items::Position to = 0;     // and will have everything up to this one
  // Nobody else writes it.  What is written goes through its change log, so that its consumers see
  // it.  After an error or a crash it is partly carried; carrying again makes it whole.
  items::ItemStore& target;
  files::Path work;  // an existing folder; what is put there is removed again
  int threads = 2;
  // More than this in the log, and the whole transformation is the faster way.
  std::uint64_t most_changes = 1'000'000;
  OnProgress on_progress;
};

// What became of one table of the target.
struct CarriedTable {
  std::uint64_t added = 0, changed = 0, removed = 0;
  Digest gone, come;  // of the rows as they were, and as they are now

  std::uint64_t rows() const { return added + changed + removed; }
};

struct CarryOutcome {
  // Not empty: the changes cannot be carried one by one, nothing was written, and the reason says
  // why.  Take the whole source through the path instead.
  std::string whole;
  std::uint64_t changes = 0;         // in the log, of all tables
  std::uint64_t system_changes = 0;  // of them, of system tables (sessions, object records, …)
  std::map<std::string, CarriedTable> tables;  // of the data, by name; those with differences
  std::uint64_t subjects = 0;                  // that were taken through the steps
  std::uint64_t system_rows = 0;               // written to system tables
  // What the target's shape cannot hold; in its sys.migration-residue.
  std::uint64_t residue = 0;
  // Records set aside and remarks about the subjects carried; in its sys.migration-findings.
  std::uint64_t quarantined = 0, notes = 0;
  std::uint64_t verified = 0;  // rows that were read again and are as they should be

  std::uint64_t rows() const;
};

// kCorrupt when a row that was written reads otherwise.  kNotFound when the log does not reach back
// to `after`.
Result<CarryOutcome> Carry(OpContext& op, const CarryJob& job);

boost::json::object ToJson(const CarryOutcome& outcome);

}  // namespace vams::migrate
