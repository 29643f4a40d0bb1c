// How often each caller was allowed to read each route in each minute, until it is written.  Inside
// this module.
//
// Thread-safe.  Add runs on every request: it takes one of many locks, each held for a look-up.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/event.h"

namespace vams::audit {

class AllowedCounts {
 public:
  struct Count {
    Actor actor;
    std::string route_id, path_pattern, action;
    std::int64_t minute = 0;  // since 1970
    std::uint64_t count = 0;
  };

  void Add(std::string_view user, std::string_view route_id, const Actor& actor,
           std::string_view path_pattern, std::string_view action, std::int64_t minute);

  // Removes and returns what was counted in minutes before this one.
  std::vector<Count> Take(std::int64_t before_minute);

 private:
  // Two cache lines, so that neighbours do not slow each other down.
  struct alignas(128) Shard {
    std::mutex mutex;  // guards all below
    std::int64_t minute = 0;
    // By the hash of user and route; several where roles changed, or hashes are the same.
    std::unordered_map<std::uint64_t, std::vector<Count>> counts;
    std::vector<Count> over;  // of minutes that have ended
  };
  static void EndMinute(Shard& shard);

  std::array<Shard, 64> shards_;
};

}  // namespace vams::audit
