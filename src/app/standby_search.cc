#include "app/standby_search.h"

#include <fmt/format.h>

#include "app/prepare.h"
#include "app/release.h"
#include "app/search_built.h"
#include "app/search_index.h"
#include "base/log.h"
#include "base/metrics.h"
#include "catalog/stores.h"
#include "indexing/indexer.h"
#include "indexing/reindexer.h"
#include "lifecycle/ab/state.h"
#include "objects/local/local_store.h"

namespace vams::app {

struct StandbySearch::Impl {
  Metrics metrics;
  std::unique_ptr<search::Index> index;
  std::unique_ptr<objects::ObjectStore> objects;
  std::unique_ptr<indexing::Indexer> indexer;
  std::unique_ptr<indexing::Reindexer> reindexer;
};

StandbySearch::StandbySearch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StandbySearch::~StandbySearch() = default;

Result<std::unique_ptr<StandbySearch>> StandbySearch::Start(const lifecycle::Stack& stack,
                                                            const config::Config& config,
                                                            items::ItemStore& store,
                                                            objects::BlobStore& blobs,
                                                            const Clock& clock) {
  auto impl = std::make_unique<Impl>();
  TRY(impl->index, OpenSearchIndex(config, stack));
  if (impl->index == nullptr) return std::unique_ptr<StandbySearch>();
  OpContext op;
  TRY(impl->objects, objects::OpenLocalObjectStore(op, store, blobs,
                                                   {.clock = &clock, .random = &SystemRandom()}));
  TRY(const auto data_name, lifecycle::ab::DataNameOf(stack));
  const catalog::Stores stores{store, *impl->objects, clock, SystemRandom(),
                               AuxiliaryBucketOf(config, data_name)};
  impl->indexer = std::make_unique<indexing::Indexer>(stores, *impl->index, impl->metrics);
  impl->reindexer = std::make_unique<indexing::Reindexer>(
      stores, *impl->index, impl->indexer.get(), impl->metrics,
      indexing::ReindexerSetup{.release = Release(),
                               .on_swapped =
                                   [folder = stack.current.folder](search::KindSet kinds) {
                                     if (kinds != search::KindSet::kBoth) return;
                                     if (const Status kept = SetSearchBuiltBy(folder, Release());
                                         !kept.ok())
                                       LogWarning(kept.error().message);
                                   },
                               .on_phase = {}});
  TRY_OK(impl->indexer->Start(op));
  TRY(const auto resumed, impl->reindexer->ResumeInterrupted(op, {.low_priority = true}));
  if (!resumed && impl->indexer->status().needs_reindex) {
    TRY([[maybe_unused]] const auto run, impl->reindexer->Start({.low_priority = true}));
  }
  return std::unique_ptr<StandbySearch>(new StandbySearch(std::move(impl)));
}

std::string StandbySearch::Pending() const {
  if (impl_->reindexer->progress().running()) return "its search index is being built";
  const auto status = impl_->indexer->status();
  if (!status.problem.empty()) return fmt::format("its search index: {}", status.problem);
  return status.needs_reindex ? "its search index has yet to be built" : std::string();
}

}  // namespace vams::app
