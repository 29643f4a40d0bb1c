// What verified tokens and keys stand for, by their SHA-256, so that no credential is kept.  For
// ApiKeys and ExternalProvider.
//
// Thread-safe; a look-up shares its lock with others.  Nothing blocks for long.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.h"

namespace vams::identity {

// `Entry` is cheap to copy.
template <typename Entry>
class DigestCache {
 public:
  explicit DigestCache(std::size_t capacity) : capacity_(capacity) { VAMS_CHECK(capacity > 0); }

  std::optional<Entry> Find(const std::string& digest) const {
    const std::shared_lock lock(mutex_);
    const auto at = entries_.find(digest);
    return at == entries_.end() ? std::nullopt : std::optional(at->second);
  }

  // Read before the facts are that an entry is made of; Put then refuses what a Clear has
  // overtaken.
  std::uint64_t generation() const {
    const std::shared_lock lock(mutex_);
    return generation_;
  }

  // At capacity some entry makes room: the digests' order is chance, and whoever falls out is
  // looked up again.  Only what was verified may be put, or anybody could empty the cache.
  void Put(const std::string& digest, Entry entry, std::uint64_t generation) {
    const std::lock_guard lock(mutex_);
    if (generation != generation_) return;
    if (entries_.size() >= capacity_ && !entries_.contains(digest))
      entries_.erase(entries_.begin());
    entries_.insert_or_assign(digest, std::move(entry));
  }

  void Erase(const std::string& digest) {
    const std::lock_guard lock(mutex_);
    entries_.erase(digest);
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    ++generation_;
  }

  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return entries_.size();
  }

 private:
  // A digest is evenly spread as it is.
  struct FirstBytes {
    std::size_t operator()(const std::string& digest) const {
      std::size_t bytes = 0;
      std::memcpy(&bytes, digest.data(), std::min(digest.size(), sizeof bytes));
      return bytes;
    }
  };

  const std::size_t capacity_;
  mutable std::shared_mutex mutex_;  // guards the rest
  std::unordered_map<std::string, Entry, FirstBytes> entries_;
  std::uint64_t generation_ = 0;
};

}  // namespace vams::identity
