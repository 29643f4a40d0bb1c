// Takes one step in one direction over a whole store: what happens to every table, phase by phase,
// resumable.  Spec: lifecycle.md section 8.
//
// Blocks for as long as the tables are large.  Not thread-safe; uses threads of its own.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "migrate/phase_run.h"
#include "migrate/steps.h"

namespace vams::migrate {

struct LegJob {
  Leg leg;
  const Settings& settings;
  items::ItemSource& source;
  // A clone of the source; it becomes the destination state.  nullptr: nothing is written.
  items::ItemStore* destination = nullptr;
  files::Path scratch;
  Journal* journal = nullptr;
  int threads = 2;
  std::uint64_t chunk_rows = kChunkRows;
  OnProgress on_progress;
};

struct LegOutcome {
  std::string name;  // "2.4-2.5 up"
  std::vector<PhaseOutcome> phases;
  // What the tables that the step wrote must hold: what was put, and what came back from the
  // residue.
  std::map<std::string, Digest> expected;
  std::map<std::string, Digest> restored;  // of the rows that came back whole
};

// The destination holds the new state when it returns; verify.h proves it.
Result<LegOutcome> RunLeg(OpContext& op, const LegJob& job);

// The tables of which RunLeg needs no rows in the destination: those that it fills anew and those
// that the destination state does not have.
Result<std::vector<std::string>> TablesReplaced(OpContext& op, const Leg& leg,
                                                const Settings& settings,
                                                items::ItemSource& source);

boost::json::object ToJson(const LegOutcome& outcome);
Result<LegOutcome> LegOutcomeFrom(const boost::json::object& object);

std::string NameOf(const Leg& leg);

}  // namespace vams::migrate
