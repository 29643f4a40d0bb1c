#include "audit/allowed_counts.h"

#include <bit>
#include <iterator>
#include <utility>

#include "base/hash.h"

namespace vams::audit {

void AllowedCounts::Add(std::string_view user, std::string_view route_id, const Actor& actor,
                        std::string_view path_pattern, std::string_view action,
                        std::int64_t minute) {
  const std::uint64_t hash = StableHash(user) ^ std::rotl(StableHash(route_id), 21);
  Shard& shard = shards_[(hash ^ hash >> 32) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  // A request that read the clock a moment earlier is counted in the newer minute.
  if (minute > shard.minute) {
    EndMinute(shard);
    shard.minute = minute;
  }
  auto& counts = shard.counts[hash];
  for (Count& count : counts)
    if (count.actor.user == user && count.route_id == route_id && count.actor.mfa == actor.mfa &&
        count.actor.roles == actor.roles) {
      ++count.count;
      return;
    }
  counts.push_back({.actor = {std::string(user), actor.roles, actor.mfa},
                    .route_id = std::string(route_id),
                    .path_pattern = std::string(path_pattern),
                    .action = std::string(action),
                    .minute = shard.minute,
                    .count = 1});
}

void AllowedCounts::EndMinute(Shard& shard) {
  for (auto& [hash, counts] : shard.counts)
    std::ranges::move(counts, std::back_inserter(shard.over));
  shard.counts.clear();
}

std::vector<AllowedCounts::Count> AllowedCounts::Take(std::int64_t before_minute) {
  std::vector<Count> taken;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    if (shard.minute < before_minute) EndMinute(shard);
    std::ranges::move(shard.over, std::back_inserter(taken));
    shard.over.clear();
  }
  return taken;
}

}  // namespace vams::audit
