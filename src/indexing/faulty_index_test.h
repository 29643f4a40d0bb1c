// Indexes that pass everything on to another one, for tests that change one call.
// Thread-safe as far as what is behind them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/search.h"

namespace vams::indexing::test {

class ForwardingIndex : public search::Index {
 public:
  explicit ForwardingIndex(search::Index& inner) : inner_(inner) {}

  const search::Traits& traits() const override { return inner_.traits(); }
  Result<search::Answer> Search(OpContext& op, const search::Request& request) override {
    return inner_.Search(op, request);
  }
  Status Clear(OpContext& op, search::KindSet kinds) override { return inner_.Clear(op, kinds); }
  Result<std::vector<std::string>> DynamicFields(OpContext& op, search::Kind kind) override {
    return inner_.DynamicFields(op, kind);
  }
  Result<std::unique_ptr<search::Builder>> StartBuild(OpContext& op,
                                                      search::BuildOptions options) override {
    return inner_.StartBuild(op, options);
  }
  Result<std::unique_ptr<search::Builder>> ResumeBuild(OpContext& op) override {
    return inner_.ResumeBuild(op);
  }
  Result<search::Position> GetPosition(OpContext& op) override { return inner_.GetPosition(op); }
  Status Apply(OpContext& op, std::span<const search::Write> writes,
               search::Position position) override {
    return inner_.Apply(op, writes, position);
  }
  Result<std::optional<search::Document>> Find(OpContext& op, std::string_view id) override {
    return inner_.Find(op, id);
  }
  Result<search::Counts> Count(OpContext& op) override { return inner_.Count(op); }
  Result<search::IdPage> ScanIds(OpContext& op, std::string_view after,
                                 std::size_t limit) override {
    return inner_.ScanIds(op, after, limit);
  }
  Result<std::vector<std::string>> Check(OpContext& op) override { return inner_.Check(op); }

 private:
  search::Index& inner_;
};

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
