// One run of the Reindexer, from beginning to end.  Internal to indexing.
//
// Thread rule: one thread runs it; it has workers of its own.  Calls block on the stores and the
// index for as long as the run takes.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "indexing/follow.h"
#include "indexing/indexer.h"
#include "indexing/reindexer.h"
#include "indexing/reindexer_board.h"
#include "indexing/reindexer_read.h"
#include "search/search.h"

namespace vams::indexing {

// What a run works with; all of it outlives the run.
struct ReindexTools {
  const catalog::Stores& stores;
  search::Index& index;
  Indexer* indexer;  // null: nobody follows the log
  const ReindexerSetup& setup;
  ReindexBoard& board;
};

class ReindexRun {
 public:
  // `dropped`: asked at the end of a cancelled run, whether its build is to be dropped.
  ReindexRun(const ReindexTools& tools, const ReindexOptions& options,
             std::function<bool()> dropped);

  // The result object.  An error says what became of the index.
  Result<boost::json::object> Do(OpContext& op);

 private:
  using Phase = ReindexProgress::Phase;

  void Enter(Phase phase);
  Result<std::uint64_t> BucketCount(OpContext& op);

  // ---- Without a build.
  Result<boost::json::object> CountOnly(OpContext& op);
  Result<boost::json::object> Refresh(OpContext& op);

  // ---- The build.
  Result<boost::json::object> Rebuild(OpContext& op);
  // Where a build of these kinds can begin to follow the log; may widen the kinds to both.
  Result<search::Position> BeginningOf(OpContext& op);
  Status Begin(OpContext& op);
  // False: there is nothing to go on with.
  Result<bool> Resume(OpContext& op);
  Result<bool> CanGoOn(OpContext& op);
  void Clear(OpContext& op);
  Status Build(OpContext& op);
  Status ReadAll(OpContext& op);
  // Follows the log until the build shows all of it.
  Status CatchUp(OpContext& op);
  Status RetryTroubles(OpContext& op);
  Status Swap(OpContext& op);
  // Nothing of it can take back the swap.
  Status AfterSwap(OpContext& op);
  // After a failure: the build goes or stays.  What the index is like now.
  std::string GiveUp(const Error& error);
  void DropBuild();

  // ---- The log.
  Result<bool> LogReaches(OpContext& op, search::Position position);
  Status KeepLog(OpContext& op, search::Position position);
  // Nobody needs it for a build any more.
  void ForgetLog();

  const ReindexTools t_;
  ReindexOptions options_;
  const std::function<bool()> dropped_;
  std::unique_ptr<search::Builder> build_;
  Plan plan_;
  std::vector<std::size_t> parts_left_;
  Follower follower_;
  std::vector<Trouble> troubles_;
  bool resumed_ = false;
  bool cleared_ = false;
};

// Forgets what a run left in the log that has no build any more.
Status ForgetRebuildConsumer(OpContext& op, items::ItemStore& items);

}  // namespace vams::indexing
