// An index whose builds a test can spoil or watch: what goes into segments, and when parts of the
// store are done.  Thread-safe as far as what is behind it and the hooks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/search.h"
#include "testing/forwarding_index.h"

namespace vams::indexing::test {

class HookedSegment final : public search::Segment {
 public:
  using Spoil = std::function<void(std::vector<search::Document>&)>;

  HookedSegment(std::unique_ptr<search::Segment> inner, Spoil spoil, std::function<void()> closed)
      : inner_(std::move(inner)), spoil_(std::move(spoil)), closed_(std::move(closed)) {}

  Status Add(OpContext& op, std::span<const search::Document> documents) override {
    std::vector<search::Document> mine(documents.begin(), documents.end());
    if (spoil_) spoil_(mine);
    return inner_->Add(op, mine);
  }
  Status Close(OpContext& op) override {
    TRY_OK(inner_->Close(op));
    if (closed_) closed_();
    return Ok();
  }

 private:
  std::unique_ptr<search::Segment> inner_;
  Spoil spoil_;
  std::function<void()> closed_;
};

struct Hooks {
  HookedSegment::Spoil spoil;
  std::function<void()> part_closed;
  std::atomic<int> parts_opened = 0;
};

class HookedBuilder final : public testing::ForwardingBuilder {
 public:
  HookedBuilder(std::unique_ptr<search::Builder> inner, Hooks& hooks)
      : ForwardingBuilder(std::move(inner)), hooks_(hooks) {}

  Result<std::unique_ptr<search::Segment>> OpenSegment(OpContext& op, std::string name) override {
    const bool part = name.starts_with("part/");
    if (part) ++hooks_.parts_opened;
    TRY(auto segment, ForwardingBuilder::OpenSegment(op, std::move(name)));
    return std::unique_ptr<search::Segment>(std::make_unique<HookedSegment>(
        std::move(segment), hooks_.spoil, part ? hooks_.part_closed : nullptr));
  }

 private:
  Hooks& hooks_;
};

class HookedIndex final : public testing::ForwardingIndex {
 public:
  using ForwardingIndex::ForwardingIndex;

  Result<std::unique_ptr<search::Builder>> StartBuild(OpContext& op,
                                                      search::BuildOptions options) override {
    TRY(auto builder, ForwardingIndex::StartBuild(op, options));
    return Wrapped(std::move(builder));
  }
  Result<std::unique_ptr<search::Builder>> ResumeBuild(OpContext& op) override {
    TRY(auto builder, ForwardingIndex::ResumeBuild(op));
    return Wrapped(std::move(builder));
  }
  Status Clear(OpContext& op, search::KindSet kinds) override {
    ++clears;
    if (refuse_clear) return Error(Code::kUnavailable, "clearing does not work");
    return ForwardingIndex::Clear(op, kinds);
  }

  Hooks hooks;
  std::atomic<int> clears = 0;
  bool refuse_clear = false;

 private:
  std::unique_ptr<search::Builder> Wrapped(std::unique_ptr<search::Builder> builder) {
    return std::make_unique<HookedBuilder>(std::move(builder), hooks);
  }
};

}  // namespace vams::indexing::test
