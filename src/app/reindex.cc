#include "app/reindex.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "app/release.h"
#include "app/search_built.h"
#include "app/search_index.h"
#include "app/settings.h"
#include "base/log.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"

namespace vams::app {

namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

void Watch(const std::stop_token& stop, const indexing::Reindexer& reindexer,
           const std::function<void(const indexing::ReindexProgress&)>& watch) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  while (!ended.wait_for(lock, stop, kLookAgain, [&] { return stop.stop_requested(); }))
    watch(reindexer.progress());
}

}  // namespace

Result<boost::json::object> ReindexStack(
    OpContext& op, const lifecycle::Stack& stack, const config::Config& config,
    const indexing::ReindexOptions& options, const Clock& clock, Random& random,
    const std::function<void(const indexing::ReindexProgress&)>& watch) {
  TRY(const auto lock, lifecycle::LockStack(stack, "vams reindex", clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  TRY(const auto blobs, objects::OpenBlobs(stack.blobs(), EncryptionOf(config), {.clock = &clock}));
  TRY(const auto objects,
      objects::OpenLocalObjectStore(op, *store, *blobs, {.clock = &clock, .random = &random}));
  TRY(const auto index, OpenSearchIndex(config, stack));
  if (index == nullptr)
    return Error(Code::kNotSupported,
                 "this stack has no search (engines.search.kind is \"none\"), so there is nothing "
                 "to build; choose an engine and serve the stack");
  const catalog::Stores stores{*store, *objects, clock, random};
  Metrics metrics;
  indexing::Reindexer reindexer(
      stores, *index, nullptr, metrics,
      {.release = Release(),
       .on_swapped =
           [&](search::KindSet kinds) {
             if (kinds != search::KindSet::kBoth) return;
             if (const Status kept = SetSearchBuiltBy(stack.current.folder, Release()); !kept.ok())
               LogWarning(kept.error().message);
           },
       .on_phase = {}});
  const std::jthread watcher([&](const std::stop_token& stop) { Watch(stop, reindexer, watch); });
  return reindexer.Run(op, options);
}

}  // namespace vams::app
