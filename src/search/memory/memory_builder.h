// Building a generation of the memory engine.  Thread rule: as search.h says.  Nothing blocks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/memory/memory_index.h"

namespace vams::search {

class MemoryBuilder final : public Builder {
 public:
  // `build` is in use already.
  MemoryBuilder(MemoryIndex& index, std::shared_ptr<MemoryIndex::Build> build)
      : index_(index), build_(std::move(build)), options_(build_->options) {}
  ~MemoryBuilder() override;

  Result<std::unique_ptr<Segment>> OpenSegment(OpContext& op, std::string name) override;
  Result<std::vector<std::string>> ClosedSegments(OpContext& op) override;
  const BuildOptions& options() const override { return options_; }
  bool finished() const override;
  Status Finish(OpContext& op) override;
  Status Swap(OpContext& op) override;
  Status Drop(OpContext& op) override;

  Result<Position> GetPosition(OpContext& op) override;
  Status Apply(OpContext& op, std::span<const Write> writes, Position position) override;
  Result<std::optional<Document>> Find(OpContext& op, std::string_view id) override;
  Result<Counts> Count(OpContext& op) override;
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) override;
  Result<std::vector<std::string>> Check(OpContext& op) override;

 private:
  Result<MemoryIndex::StatePtr> Finished() const;

  MemoryIndex& index_;
  std::shared_ptr<MemoryIndex::Build> build_;  // nullptr: used up
  const BuildOptions options_;
};

class MemorySegment final : public Segment {
 public:
  MemorySegment(MemoryIndex& index, std::shared_ptr<MemoryIndex::Build> build, std::string name)
      : index_(index), build_(std::move(build)), name_(std::move(name)) {}
  ~MemorySegment() override;

  Status Add(OpContext& op, std::span<const Document> documents) override;
  Status Close(OpContext& op) override;

 private:
  MemoryIndex& index_;
  std::shared_ptr<MemoryIndex::Build> build_;
  const std::string name_;
  std::vector<Document> documents_;
  bool closed_ = false;
};

}  // namespace vams::search
