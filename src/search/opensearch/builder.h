// A new generation on the server, beside the one that serves.  Private to search/opensearch.
//
// Thread rule: as search.h says.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "search/opensearch/generation.h"

namespace vams::search::opensearch {

// What the index and its builder have in common.
struct Shared {
  std::unique_ptr<Client> client;
  Classes classes;
  Names aliases;
  std::mutex write_mutex;  // writes to what serves take turns, swaps among them
  std::mutex mutex;        // guards what follows
  bool building = false;
  Position position = 0;  // of what serves

  Position serving_position() {
    const std::lock_guard lock(mutex);
    return position;
  }
};

// The names behind the aliases, an index of another's making under the alias's name itself, and
// every generation that there is.
struct Layout {
  Names serving;  // physical; empty: none
  bool foreign_assets = false, foreign_files = false;
  std::set<std::uint64_t> generations;
};
Result<Layout> ReadLayout(OpContext& op, Client& client, const Names& aliases);
Names NamesOf(const Names& aliases, std::uint64_t generation);
// Makes both, without a state yet.
Status CreateIndexes(OpContext& op, Client& client, const Names& names);
Status DeleteIndexes(OpContext& op, Client& client, const Names& names);
// Puts `names` behind the aliases in one step and removes what was there.
Status ServeIndexes(OpContext& op, Client& client, const Names& aliases, const Names& names);

class OpenSearchBuilder final : public Builder {
 public:
  OpenSearchBuilder(std::shared_ptr<Shared> shared, Names names, BuildOptions options, State state);
  ~OpenSearchBuilder() override;

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

  // Removes what segments left that were not closed.
  Status RemoveUnclosed(OpContext& op);

 private:
  struct Work;
  class Part;

  Status Finished() const;
  Status TakeOver(OpContext& op);

  const std::shared_ptr<Work> work_;
  const BuildOptions options_;
};

}  // namespace vams::search::opensearch
