// Indexer keeps a search index true: it follows the change log of the item store, makes the
// documents of what changed anew from what is there now, and hands them to the index together with
// the place in the log, in one commit.  So after a crash it goes on where the index stands, and
// nothing is missed or done by halves.  Spec: search.md section 7.
//
// A document that cannot be made or applied holds up no other one: it is tried again after pauses
// that grow, and told in the status until it succeeds.  The log's consumer stays behind the changes
// that it is about, and is where a new Indexer begins, so that a restart tries it as well.
//
// An index that has seen nothing of a store that holds something, or whose place in the log is
// gone, is not followed into: needs_reindex says so until it was built anew.
//
// Thread-safe.  Has a thread of its own; the destructor waits for what it is doing.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/op_context.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "search/search.h"

namespace vams::indexing {

// The consumer of the change log that the index's position belongs to.
inline constexpr const char* kConsumer = "search";

struct IndexerStatus {
  search::Position position = 0;     // the index shows everything up to here
  search::Position last_change = 0;  // of the log
  std::int64_t behind_millis = 0;    // age of the oldest change that is not shown; 0: none
  std::uint64_t applied = 0;         // changes since the start
  // What could not be indexed, and is tried again until it can: at most kMostTroubles are told.
  struct Trouble {
    std::string id;  // of the document
    std::string message;
    int attempts = 0;
  };
  std::vector<Trouble> troubles;
  std::uint64_t trouble_count = 0;
  std::string problem;         // why nothing at all can be indexed now; empty: it works
  bool needs_reindex = false;  // the log does not reach back to the index's position
};

struct IndexerOptions {
  // How often the log is looked at.  Zero: often where the item store is in this process, less
  // often where each look is a request to another machine.
  std::chrono::milliseconds poll{0};
  // What fails is tried again after the first pause, which doubles with each failure.
  std::chrono::milliseconds first_retry{1000};
  std::chrono::milliseconds longest_retry{300'000};
  // How far behind what is shown the stored positions may be: that of the index, where changes
  // concern no document, and that of the consumer.
  std::chrono::milliseconds settle{1000};
  std::chrono::milliseconds advance{2000};
};

class Indexer {
 public:
  static constexpr std::size_t kMostTroubles = 100;

  // All of them must outlive this.  Nobody else writes to the index but under Pause.
  Indexer(const catalog::Stores& stores, search::Index& index, Metrics& metrics,
          const IndexerOptions& options = {});
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // Registers the consumer and follows the log from now on.  Once.
  Status Start(OpContext& op);
  IndexerStatus status() const;
  // Returns when the index shows everything that was committed before the call, but for the
  // troubles.  kUnavailable: it needs to be built anew first, or nothing was started.
  Status CatchUp(OpContext& op);

  // Nothing is applied to the index while this is held; Reindexer swaps under it.  The constructor
  // waits for what is being applied.
  class Pause {
   public:
    explicit Pause(Indexer& indexer);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Indexer& indexer_;
  };

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::indexing
