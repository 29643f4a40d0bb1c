// Builds the state at the end of a path of steps beside the state at its beginning: clone, run,
// verify, step after step; resumable.  Spec: lifecycle.md sections 5.6, 5.7 and 8.
//
// Blocks for as long as the data is large.  The caller holds whatever lock keeps others away.
#pragma once

#include <string>
#include <vector>

#include "migrate/verify.h"

namespace vams::migrate {

struct BuildJob {
  std::vector<Leg> path;  // at least one
  const Settings& settings;
  files::Path source;          // an item store that nobody writes meanwhile
  files::Path work;            // an existing folder of this migration
  Journal* journal = nullptr;  // nullptr: not resumable
  // Reads, transforms and counts the last step without writing what it makes.
  bool count_only = false;
  int threads = 2;
  std::uint64_t chunk_rows = kChunkRows;
  OnProgress on_progress;
};

struct BuildOutcome {
  std::vector<LegOutcome> legs;
  std::vector<Verification> verifications;  // one a leg; none for a leg that was only counted
  files::Path result;                       // the item store at the end; empty with count_only
};

// Moves the journal from planned to verified.  Where it returns an error, the source is as it was;
// calling it again with the same job goes on where it stopped.  kConflict: records that nothing
// decides about (Output::Ambiguous).  kCorrupt: a verification failed.
Result<BuildOutcome> Build(OpContext& op, const BuildJob& job);

// Removes what Build keeps in the work folder, but not the journal.
Status RemoveBuild(const files::Path& work);

}  // namespace vams::migrate
