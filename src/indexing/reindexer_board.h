// What one run of the Reindexer tells about itself: progress while it runs, and the result object
// of search.md section 8.1 at its end.  Internal to indexing.
//
// Thread-safe.  Nothing blocks.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "indexing/reindexer.h"

namespace vams::indexing {

// Registered once for all runs.
struct ReindexMetrics {
  explicit ReindexMetrics(Metrics& metrics);

  Gauge& running;
  Counter &assets, &files, &failures;  // documents made by runs, and those that could not be
  Counter &done, &failed, &cancelled;  // runs
  Gauge &seconds, &swap_seconds;       // of the last run that swapped
};

class ReindexBoard {
 public:
  static constexpr std::size_t kMostErrors = 100;

  ReindexBoard(std::string id, const ReindexOptions& options, const Clock& clock,
               ReindexMetrics& metrics);

  // ---- By the run.

  void Enter(ReindexProgress::Phase phase);
  void Expect(std::uint64_t documents) { expected_ = documents; }
  void Resumed(bool resumed);
  void SwappedIn(std::chrono::microseconds still);
  // The run is about both kinds although one was asked for.
  void Widen();
  // Documents of this pass over the store; a new pass begins with nothing.  `makes`: its documents
  // go into an index, and into the metrics.
  void BeginPass(bool makes);
  void Made(search::Kind kind, std::uint64_t documents);
  void Failed(search::Kind kind, std::string_view id, const Error& error);
  void Scanned(std::uint64_t objects) { objects_ += objects; }
  void Cleared(boost::json::object cleared, const std::string& error);

  // What the counts stand for at the end: `written` says whether documents were made or counted.
  boost::json::object Results(bool written, std::uint64_t buckets) const;
  void Done(boost::json::object results);
  void Ended(const Error& error, bool cancelled);

  // ---- By anyone.

  ReindexProgress Read() const;
  std::uint64_t made(search::Kind kind) const { return Of(kind).made; }
  std::uint64_t failed(search::Kind kind) const { return Of(kind).failed; }

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct Counts {
    std::atomic<std::uint64_t> made = 0, failed = 0;
    std::vector<std::string> errors;  // guarded by mutex_
  };

  Counts& Of(search::Kind kind) { return kind == search::Kind::kAsset ? assets_ : files_; }
  const Counts& Of(search::Kind kind) const {
    return kind == search::Kind::kAsset ? assets_ : files_;
  }
  boost::json::object ResultOf(const Counts& counts, bool written) const;
  std::string Now() const;

  const Clock& clock_;
  ReindexMetrics& metrics_;
  Counts assets_, files_;
  std::atomic<std::uint64_t> objects_ = 0, expected_ = 0;
  std::atomic<bool> makes_ = false;

  mutable std::mutex mutex_;  // guards what follows
  ReindexProgress told_;
  SteadyClock::time_point began_ = SteadyClock::now(), pass_began_ = began_;
  boost::json::object cleared_;
  std::string clear_error_;
};

}  // namespace vams::indexing
