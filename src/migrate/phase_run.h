// Runs one phase of a step over whole tables: parallel segmented scans, grouping on disk, loading
// into the destination, checkpoints in the journal.  Spec: lifecycle.md section 8.
//
// RunPhase blocks for as long as the tables are large; it uses `threads` threads of its own and the
// caller's.  Memory is bounded by the options, whatever the tables' sizes.
#pragma once

#include <functional>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "migrate/journal.h"
#include "migrate/outcome.h"
#include "migrate/step.h"

namespace vams::migrate {

// How far a phase has come; called from the thread that runs it, a few times a second.
struct Progress {
  std::string_view leg;               // "2.4-2.5 up"
  std::string_view phase;             // "asset-versions"
  std::uint64_t done = 0, total = 0;  // records; total is an estimate, 0 if unknown
};
using OnProgress = std::function<void(const Progress&)>;

// Rows between two checkpoints, unless a job says otherwise.
inline constexpr std::uint64_t kChunkRows = 100'000;

struct PhaseJob {
  const Step& step;
  const Phase& phase;
  Direction direction = Direction::kUp;
  const Settings& settings;
  items::ItemSource& source;
  // nullptr: nothing is written, everything else happens.
  items::ItemStore* destination = nullptr;
  files::Path scratch;  // an existing folder, for what is sorted on disk
  // nullptr: nothing is journaled, and nothing can be resumed.
  Journal* journal = nullptr;
  std::string leg;
  int threads = 2;
  std::uint64_t chunk_rows = kChunkRows;
  std::uint64_t total = 0;  // for progress
  OnProgress on_progress;
};

// Reads everything, transforms it and loads what the phase puts.  The tables that the phase writes
// exist in the destination and hold nothing but what an interrupted run of this phase has loaded.
// Resumes behind the last checkpoint when the journal has one.  The destination's tables are
// complete and indexed when it returns.
Result<PhaseOutcome> RunPhase(OpContext& op, const PhaseJob& job);
// Removes what the phase keeps in the scratch folder.  Only when the phase's end is durable: until
// then a resumed run needs its groups.
Status RemoveScratch(const PhaseJob& job);

}  // namespace vams::migrate
