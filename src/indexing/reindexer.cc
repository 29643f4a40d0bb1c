#include "indexing/reindexer.h"

#include <fmt/format.h>

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "indexing/reindexer_board.h"
#include "indexing/reindexer_run.h"

namespace vams::indexing {

namespace json = boost::json;

struct Reindexer::Impl {
  Impl(const catalog::Stores& the_stores, search::Index& the_index, Indexer* the_indexer,
       Metrics& the_metrics, ReindexerSetup the_setup)
      : stores(the_stores),
        index(the_index),
        indexer(the_indexer),
        metrics(the_metrics),
        setup(std::move(the_setup)) {}

  // Takes the place of the one run there may be.
  Result<std::shared_ptr<ReindexBoard>> Begin(OpContext& op, const ReindexOptions& options);
  Result<json::object> Do(OpContext& op, const ReindexOptions& options, ReindexBoard& board);
  void DoAndTell(OpContext& op, const ReindexOptions& options, ReindexBoard& board);
  Result<json::object> Guarded(OpContext& op, const ReindexOptions& options, ReindexBoard& board);
  Result<std::string> Start(const ReindexOptions& options);
  bool Dropped() const;

  const catalog::Stores stores;
  search::Index& index;
  Indexer* const indexer;
  ReindexMetrics metrics;
  const ReindexerSetup setup;

  mutable std::mutex mutex;             // guards what follows
  std::shared_ptr<ReindexBoard> board;  // of the last run, or the one that is under way
  OpContext* running = nullptr;         // of the run that is under way
  bool drop = false;                    // by Cancel
  bool ending = false;
  std::thread thread;               // of Start
  std::unique_ptr<OpContext> mine;  // its operation
};

bool Reindexer::Impl::Dropped() const {
  const std::lock_guard lock(mutex);
  return drop;
}

// With the lock.
Result<std::shared_ptr<ReindexBoard>> Reindexer::Impl::Begin(OpContext& op,
                                                             const ReindexOptions& options) {
  if (ending)
    return Error(Code::kUnavailable,
                 "the search index is being closed; nothing was started; reindex after the next "
                 "start");
  if (running != nullptr)
    return Error(Code::kConflict,
                 fmt::format("the search index is being built already (run {}); nothing was "
                             "started; wait for that run, or cancel it",
                             board->Read().id));
  board = std::make_shared<ReindexBoard>(NewUuid(stores.random), options, stores.clock, metrics);
  running = &op;
  drop = false;
  return board;
}

Result<json::object> Reindexer::Impl::Guarded(OpContext& op, const ReindexOptions& options,
                                              ReindexBoard& its_board) {
  try {
    ReindexRun run(
        {.stores = stores, .index = index, .indexer = indexer, .setup = setup, .board = its_board},
        options, [this] { return Dropped(); });
    return run.Do(op);
  } catch (const std::exception& e) {
    return Error(Code::kInternal,
                 "building the search index failed unexpectedly; the old one serves on; try again",
                 e.what());
  }
}

Result<json::object> Reindexer::Impl::Do(OpContext& op, const ReindexOptions& options,
                                         ReindexBoard& its_board) {
  auto results = Guarded(op, options, its_board);
  const std::lock_guard lock(mutex);
  running = nullptr;
  if (results.ok())
    its_board.Done(*results);
  else
    its_board.Ended(results.error(), op.cancelled() || results.error().code == Code::kCancelled);
  return results;
}

// For a run whose result nobody waits for.
void Reindexer::Impl::DoAndTell(OpContext& op, const ReindexOptions& options,
                                ReindexBoard& its_board) {
  LogInfo(fmt::format("building the search index begins ({}{})", OperationName(options.kinds),
                      options.dry_run ? ", counting only" : ""));
  const auto results = Do(op, options, its_board);
  const ReindexProgress ended = its_board.Read();
  if (results.ok())
    LogInfo(fmt::format("building the search index ended: {} assets, {} files, {} failed",
                        ended.assets, ended.files, ended.failed));
  else if (ended.phase == ReindexProgress::Phase::kCancelled)
    LogInfo(fmt::format("building the search index was stopped: {}", ended.error));
  else
    LogError(fmt::format("building the search index failed: {}", ended.error));
}

Result<std::string> Reindexer::Impl::Start(const ReindexOptions& options) {
  std::thread before;
  std::string id;
  {
    const std::lock_guard lock(mutex);
    auto op = std::make_unique<OpContext>();
    TRY(auto its_board, Begin(*op, options));
    id = its_board->Read().id;
    // The thread of the run before has ended but for its last lines; its operation is not used any
    // more since `running` was taken back.
    before = std::exchange(thread, {});
    mine = std::move(op);
    thread = std::thread(
        [this, options, its_board, same = mine.get()] { DoAndTell(*same, options, *its_board); });
  }
  if (before.joinable()) before.join();
  return id;
}

Reindexer::Reindexer(const catalog::Stores& stores, search::Index& index, Indexer* indexer,
                     Metrics& metrics, ReindexerSetup setup)
    : impl_(std::make_unique<Impl>(stores, index, indexer, metrics, std::move(setup))) {}

Reindexer::~Reindexer() {
  std::thread last;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
    if (impl_->running != nullptr) impl_->running->Cancel();
    last = std::exchange(impl_->thread, {});
  }
  if (last.joinable()) last.join();
}

Result<json::object> Reindexer::Run(OpContext& op, const ReindexOptions& options) {
  std::shared_ptr<ReindexBoard> board;
  {
    const std::lock_guard lock(impl_->mutex);
    TRY(board, impl_->Begin(op, options));
  }
  return impl_->Do(op, options, *board);
}

Result<std::string> Reindexer::Start(const ReindexOptions& options) {
  return impl_->Start(options);
}

Result<std::optional<std::string>> Reindexer::ResumeInterrupted(OpContext& op,
                                                                const ReindexOptions& options) {
  ReindexOptions same = options;
  {
    // The builder goes at the end of this block, which leaves the build for the run.
    const auto left = impl_->index.ResumeBuild(op);
    if (!left.ok()) {
      if (left.error().code != Code::kNotFound) return left.error();
      TRY_OK(ForgetRebuildConsumer(op, impl_->stores.items));
      return std::optional<std::string>();
    }
    same.kinds = (*left)->options().kinds;
  }
  TRY(auto id, impl_->Start(same));
  return std::optional(std::move(id));
}

bool Reindexer::Cancel() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->running == nullptr) return false;
  impl_->drop = true;
  impl_->running->Cancel();
  return true;
}

ReindexProgress Reindexer::progress() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->board ? impl_->board->Read() : ReindexProgress();
}

}  // namespace vams::indexing
