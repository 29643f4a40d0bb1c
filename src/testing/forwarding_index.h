// Search indexes that pass every call on, for tests that change or watch one of them.
// Thread-safe as far as what is behind them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/search.h"

namespace vams::testing {

// What an index and a builder have in common.  `Contract` is search::Index or search::Builder.
template <typename Contract>
class ForwardingGeneration : public Contract {
 public:
  Result<search::Position> GetPosition(OpContext& op) override { return inner_->GetPosition(op); }
  Status Apply(OpContext& op, std::span<const search::Write> writes,
               search::Position position) override {
    return inner_->Apply(op, writes, position);
  }
  Result<std::optional<search::Document>> Find(OpContext& op, std::string_view id) override {
    return inner_->Find(op, id);
  }
  Result<search::Counts> Count(OpContext& op) override { return inner_->Count(op); }
  Result<search::IdPage> ScanIds(OpContext& op, std::string_view after,
                                 std::size_t limit) override {
    return inner_->ScanIds(op, after, limit);
  }
  Result<std::vector<std::string>> Check(OpContext& op) override { return inner_->Check(op); }

 protected:
  explicit ForwardingGeneration(Contract* inner) : inner_(inner) {}
  Contract& inner() { return *inner_; }
  const Contract& inner() const { return *inner_; }

 private:
  Contract* inner_;
};

class ForwardingIndex : public ForwardingGeneration<search::Index> {
 public:
  explicit ForwardingIndex(search::Index& inner) : ForwardingGeneration(&inner) {}

  const search::Traits& traits() const override { return inner().traits(); }
  Result<search::Answer> Search(OpContext& op, const search::Request& request) override {
    return inner().Search(op, request);
  }
  Status Clear(OpContext& op, search::KindSet kinds) override { return inner().Clear(op, kinds); }
  Result<std::vector<std::string>> DynamicFields(OpContext& op, search::Kind kind) override {
    return inner().DynamicFields(op, kind);
  }
  Result<std::unique_ptr<search::Builder>> StartBuild(OpContext& op,
                                                      search::BuildOptions options) override {
    return inner().StartBuild(op, options);
  }
  Result<std::unique_ptr<search::Builder>> ResumeBuild(OpContext& op) override {
    return inner().ResumeBuild(op);
  }
};

class ForwardingBuilder : public ForwardingGeneration<search::Builder> {
 public:
  explicit ForwardingBuilder(std::unique_ptr<search::Builder> inner)
      : ForwardingGeneration(inner.get()), owned_(std::move(inner)) {}

  Result<std::unique_ptr<search::Segment>> OpenSegment(OpContext& op, std::string name) override {
    return inner().OpenSegment(op, std::move(name));
  }
  Result<std::vector<std::string>> ClosedSegments(OpContext& op) override {
    return inner().ClosedSegments(op);
  }
  const search::BuildOptions& options() const override { return inner().options(); }
  bool finished() const override { return inner().finished(); }
  Status Finish(OpContext& op) override { return inner().Finish(op); }
  Status Swap(OpContext& op) override { return inner().Swap(op); }
  Status Drop(OpContext& op) override { return inner().Drop(op); }

 private:
  std::unique_ptr<search::Builder> owned_;
};

}  // namespace vams::testing
