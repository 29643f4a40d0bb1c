// The reference engine: documents in memory, every question answered by looking at each of them
// with the definitions of the contract.  For tests, and for telling what another engine should have
// said.
//
// Thread rule: as search.h says.  Nothing blocks but the search itself, which is linear.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "search/ranking.h"
#include "search/search.h"

namespace vams::search {

class MemoryIndex final : public Index {
 public:
  // A document with what ranking counts in it; shared by all states that have it.
  struct Entry {
    Document document;
    Lengths lengths;
    std::set<std::string, std::less<>> core_words;
    std::set<std::string, std::less<>> metadata_words;
  };
  // A commit.  Never changed, so that searches need no lock.
  struct State {
    std::map<std::string, std::shared_ptr<const Entry>, std::less<>> entries;
    Position position = 0;
    std::uint64_t generation = 1;
  };
  using StatePtr = std::shared_ptr<const State>;

  MemoryIndex() = default;

  const Traits& traits() const override { return traits_; }
  Result<Answer> Search(OpContext& op, const Request& request) override;
  Status Clear(OpContext& op, KindSet kinds) override;
  Result<std::vector<std::string>> DynamicFields(OpContext& op, Kind kind) override;
  Result<std::unique_ptr<Builder>> StartBuild(OpContext& op, BuildOptions options) override;
  Result<std::unique_ptr<Builder>> ResumeBuild(OpContext& op) override;

  Result<Position> GetPosition(OpContext& op) override;
  Status Apply(OpContext& op, std::span<const Write> writes, Position position) override;
  Result<std::optional<Document>> Find(OpContext& op, std::string_view id) override;
  Result<Counts> Count(OpContext& op) override;
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) override;
  Result<std::vector<std::string>> Check(OpContext& op) override;

 private:
  friend class MemoryBuilder;
  friend class MemorySegment;

  struct Build {
    BuildOptions options;
    std::map<std::string, std::vector<Document>> closed;
    std::set<std::string> open;
    StatePtr state;       // once finished
    bool in_use = false;  // there is a Builder
  };

  static std::shared_ptr<const Entry> MakeEntry(Document document);
  static StatePtr Applied(const State& state, std::span<const Write> writes, Position position);
  static Counts CountsOf(const State& state);
  static IdPage IdsOf(const State& state, std::string_view after, std::size_t limit);
  static std::optional<Document> FindIn(const State& state, std::string_view id);

  StatePtr state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  Traits traits_{.durable = false, .resumes_builds = false};
  // Guards the pointers and the build; never held while documents are looked at by a search.
  mutable std::mutex mutex_;
  StatePtr state_ = std::make_shared<const State>();
  std::shared_ptr<Build> build_;
};

}  // namespace vams::search
