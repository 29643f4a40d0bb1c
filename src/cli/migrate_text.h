// What `vams migrate` shows: progress, plans, reports, proofs.  One thread, except Show, which any
// one thread at a time may call.
#pragma once

#include <chrono>
#include <string>

#include "cli/cli.h"
#include "lifecycle/migrate_stack.h"

namespace vams::cli {

// On a terminal a bar with rate and time left; otherwise a line every few seconds.  On standard
// error.
class MigrationProgress {
 public:
  explicit MigrationProgress(const Context& context);
  ~MigrationProgress();
  void Show(const migrate::Progress& progress);

 private:
  using Steady = std::chrono::steady_clock;

  void ShowBar(const migrate::Progress& progress, double rate);
  void ShowLine(const migrate::Progress& progress, double rate);

  const bool terminal_;
  bool shown_ = false;
  std::string phase_;
  Steady::time_point began_, last_;
};

// "1 record", "1,234 records"
std::string Records(std::uint64_t count);

// The phases, quarantined records and notes; with `defects` also what the upstream script would
// have done.
std::string RemarksOf(const lifecycle::MigrationReport& report, bool defects);
std::string ReportText(const lifecycle::MigrationReport& report);
std::string EstimateText(const lifecycle::MigrationEstimate& estimate);
boost::json::object EstimateJson(const lifecycle::MigrationEstimate& estimate);
std::string ProofText(const lifecycle::MigrationProof& proof);
boost::json::object ProofJson(const lifecycle::MigrationProof& proof);

}  // namespace vams::cli
