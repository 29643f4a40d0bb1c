// Reindexer builds the index anew beside the serving one, from a view of the items and the change
// log behind it, proves that it is complete, and swaps.  Searches go on meanwhile and never see a
// half-filled index.  An interrupted build is resumed, or dropped with the old index serving.
// How it works and what an operator sees: docs/operations/reindex.md.  Spec: search.md section 8,
// migrations.md section 8.
//
// Thread-safe.  Run blocks for as long as it takes; Start does the same on a thread of its own.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/op_context.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "indexing/indexer.h"
#include "search/search.h"

namespace vams::indexing {

// The consumer that keeps the changes of the log which a build has yet to follow.
inline constexpr const char* kRebuildConsumer = "search.rebuild";

struct ReindexOptions {
  search::KindSet kinds = search::KindSet::kBoth;
  // Empties the serving index first, as upstream does: searches find little until the end.  Else
  // the old one serves until the new one is complete.
  bool clear = false;
  bool dry_run = false;  // counts what would be indexed, and writes nothing
  // At most so many of each kind; 0: all.  Then nothing is built: their documents are made anew in
  // the index that serves, which stays complete.
  std::uint64_t limit = 0;
  unsigned workers = 2;       // threads that make documents and write segments
  bool low_priority = false;  // the workers give way to everybody else: while serving
};

struct ReindexProgress {
  enum class Phase : std::uint8_t {
    kIdle,
    kReading,     // making documents
    kMerging,     // one index of the segments
    kCatchingUp,  // with the change log
    kProving,
    kSwapping,
    kDone,
    kFailed,
    kCancelled,
  } phase = Phase::kIdle;
  std::string id;  // of the run
  ReindexOptions options;
  std::uint64_t assets = 0, files = 0, failed = 0;
  std::uint64_t expected = 0;                // documents, as far as known
  double per_second = 0;                     // documents, while reading
  std::optional<std::int64_t> seconds_left;  // as far as can be told
  std::string started_at, ended_at;          // ISO 8601
  bool resumed = false;
  std::int64_t swap_micros = 0;  // how long following the log stood still for the swap
  std::string error;             // of kFailed: cause, consequence, next step
  boost::json::object results;   // of kDone: the result object of search.md section 8.1

  bool running() const { return phase != Phase::kIdle && phase < Phase::kDone; }
};

// "idle", "reading", "merging", "catchingUp", "proving", "swapping", "done", "failed", "cancelled"
std::string_view PhaseName(ReindexProgress::Phase phase);
// "assets", "files", "both"
std::string_view OperationName(search::KindSet kinds);
std::optional<search::KindSet> FindOperation(std::string_view name);
// What GET /admin/search/reindex answers.
boost::json::object ProgressJson(const ReindexProgress& progress);

struct ReindexerSetup {
  // Who makes the documents: a build that another release began is not gone on with.
  std::string release;
  // Both are called on the run's thread: after each swap, with what was built; and as each phase
  // begins.  May be empty.
  std::function<void(search::KindSet kinds)> on_swapped;
  std::function<void(ReindexProgress::Phase phase)> on_phase;
};

class Reindexer {
 public:
  // `indexer` is null where nothing follows the log.  All of them must outlive this.
  Reindexer(const catalog::Stores& stores, search::Index& index, Indexer* indexer, Metrics& metrics,
            ReindexerSetup setup);
  ~Reindexer();  // interrupts a run and waits for it; the build is left for the next one
  Reindexer(const Reindexer&) = delete;
  Reindexer& operator=(const Reindexer&) = delete;

  // The result object.  Goes on with a build that was interrupted; one of other kinds makes this
  // run about both, since the index that serves may have been emptied for it.  kConflict: a run is
  // under way.  kCancelled: by `op`, and the build is left to be resumed, or by Cancel.  On every
  // error the old index serves on, except as ReindexOptions::clear says.
  Result<boost::json::object> Run(OpContext& op, const ReindexOptions& options);
  Result<std::string> Start(const ReindexOptions& options);  // the run's id
  // Goes on, on a thread of its own, with a build that an earlier process left; else forgets what
  // an earlier run may have left in the log.  The run's id, or nothing.
  Result<std::optional<std::string>> ResumeInterrupted(OpContext& op,
                                                       const ReindexOptions& options);
  // Ends the run that is under way and drops its build.  Does not wait.  False: there is none.
  bool Cancel();
  ReindexProgress progress() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::indexing
