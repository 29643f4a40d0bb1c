// Keeps the search index of a standby true while it follows its source, so that searches find
// everything from the first moment after a switch.
//
// One owner.  Threads of its own; the destructor waits for what they do.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "items/store.h"
#include "lifecycle/stack.h"
#include "objects/blob_store.h"

namespace vams::app {

class StandbySearch {
 public:
  // Null where the configuration wants no search.  Store and blobs are borrowed.
  static Result<std::unique_ptr<StandbySearch>> Start(const lifecycle::Stack& stack,
                                                      const config::Config& config,
                                                      items::ItemStore& store,
                                                      objects::BlobStore& blobs,
                                                      const Clock& clock);
  ~StandbySearch();
  StandbySearch(const StandbySearch&) = delete;
  StandbySearch& operator=(const StandbySearch&) = delete;

  // Why the index does not show everything yet; empty: it does, but for the last moment.
  std::string Pending() const;

 private:
  struct Impl;
  explicit StandbySearch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::app
