// Proof that a finished build holds what the store does, before it may serve: every document is
// made anew from the store and compared with the build by id and digest, both ways; stored
// documents are sampled; what differs is looked at again, since the store goes on changing, and
// must be the same then.  Internal to indexing.
//
// Thread rule: one thread; workers of its own.  Blocks on the stores and the index.
#pragma once

#include <functional>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "indexing/reindexer_board.h"
#include "search/search.h"

namespace vams::indexing {

struct ProofTask {
  const catalog::Stores& stores;
  search::Generation& build;
  search::KindSet kinds;
  unsigned workers = 2;
  bool low_priority = false;
  // Applies to the build what was changed since; only called by the thread of Prove.
  std::function<Status(OpContext&)> catch_up;
};

// The board has the proven counts afterwards.  kCorrupt, naming some of them: documents that differ
// although nothing was changed since they were compared.
Status Prove(OpContext& op, const ProofTask& task, ReindexBoard& board);

}  // namespace vams::indexing
