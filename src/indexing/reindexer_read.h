// Reading everything there is, in parts side by side: how the store is cut, the documents of one
// part, and the threads that do it.  Internal to indexing, for the Reindexer.
//
// Thread rule: as each class says.  What takes an OpContext blocks on the item store.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "indexing/documents.h"
#include "items/store.h"
#include "search/search.h"

namespace vams::indexing {

// ---- Views of the store
// ---------------------------------------------------------------------------------------

// Views of the items that workers read.  Each is a snapshot where the store has them; one that has
// become old is not given out any more, because a snapshot holds up the store's tidying.  Where
// there are none, it is the store itself: what changes meanwhile is corrected by following the log.
// Thread-safe.
class Views {
 public:
  static constexpr std::chrono::minutes kLongest{5};

  explicit Views(items::ItemStore& store) : store_(store) {}
  Result<std::shared_ptr<items::ItemSource>> Get(OpContext& op);

 private:
  items::ItemStore& store_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<items::ItemSource> view_;
  std::chrono::steady_clock::time_point opened_;
};

// ---- Ids
// ---------------------------------------------------------------------------------------

// Ids of documents with their digests, in 24 bytes each.  Thread-safe.
class IdTable {
 public:
  // False: it is there already.
  bool Insert(std::string_view id, std::uint64_t digest);
  // Takes it out.
  std::optional<std::uint64_t> Take(std::string_view id);
  bool Has(std::string_view id) const;
  std::uint64_t size() const;

 private:
  struct Key {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    using is_avalanching = void;
    std::size_t operator()(const Key& key) const { return key.low; }
  };
  struct Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Key, std::uint64_t, KeyHash> digests;
  };
  static constexpr std::size_t kShards = 16;

  static Key KeyOf(std::string_view id);
  Shard& Of(const Key& key) { return shards_[key.high % kShards]; }
  const Shard& Of(const Key& key) const { return shards_[key.high % kShards]; }

  std::array<Shard, kShards> shards_;
};

// What an id of section 5.4 is of; nothing for another text.
struct IdParts {
  AssetRef asset;
  std::string path;  // "/scan/a.e57"; empty: the asset itself
  search::Kind kind() const { return path.empty() ? search::Kind::kAsset : search::Kind::kFile; }
};
std::optional<IdParts> ParseDocumentId(std::string_view id);

// ---- Parts
// ---------------------------------------------------------------------------------------

// How the table of assets is cut, by the release that made the cut.
struct Plan {
  std::string release;
  std::vector<items::Segment> parts;
};
// A plan as names of segments without documents, so that it lies with the build that it is of.
std::vector<std::string> PlanNames(const Plan& plan);
// Nothing: the names are not those of a whole plan.
std::optional<Plan> PlanOf(std::span<const std::string> names);
std::string PartName(std::size_t part);

// ---- Reading
// ---------------------------------------------------------------------------------------

// Where the documents of a part go.  One thread.
class PartSink {
 public:
  virtual ~PartSink() = default;
  // Asked before each asset and each page of files; neither: enough.
  struct Wanted {
    bool assets = true, files = true;
  };
  virtual Wanted wanted() const = 0;
  virtual Status Add(OpContext& op, std::vector<search::Document> documents) = 0;
  virtual Status Failed(OpContext& op, search::Kind kind, const Failure& failure) = 0;
};

struct PartRead {
  std::uint64_t records = 0;  // of assets, archived ones too
  std::uint64_t objects = 0;  // looked at
};

// The documents of the assets of a part and of their files.
Result<PartRead> ReadPart(OpContext& op, items::ItemSource& source, const items::Segment& part,
                          PartSink& sink);

// ---- Threads
// ---------------------------------------------------------------------------------------

// Runs `work` on threads of their own and waits for them.  The first error, one that is not
// kCancelled before others; it sets `stop`.  `low_priority`: they give way to everybody else.
Status OnThreads(unsigned threads, bool low_priority, std::atomic<bool>& stop,
                 const std::function<Status()>& work);

}  // namespace vams::indexing
