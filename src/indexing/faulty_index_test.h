// An index that refuses what a test says.  Thread-safe as far as what is behind it.
#pragma once

#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "search/search.h"
#include "testing/forwarding_index.h"

namespace vams::indexing::test {

using testing::ForwardingIndex;

// Refuses one document for its own sake, and everything while it is down.
class Refusing final : public ForwardingIndex {
 public:
  using ForwardingIndex::ForwardingIndex;

  Status Apply(OpContext& op, std::span<const search::Write> writes,
               search::Position position) override {
    if (down) return Error(Code::kUnavailable, "the index cannot be reached");
    {
      const std::lock_guard lock(mutex_);
      for (const search::Write& write : writes)
        if (!refused.empty() && write.id == refused)
          return Error(Code::kInvalid, "the index does not take this document");
    }
    return ForwardingIndex::Apply(op, writes, position);
  }
  void Refuse(std::string id) {
    const std::lock_guard lock(mutex_);
    refused = std::move(id);
  }

  std::atomic<bool> down = false;
  std::string refused;  // its id; of several threads, Refuse sets it

 private:
  std::mutex mutex_;
};

}  // namespace vams::indexing::test
