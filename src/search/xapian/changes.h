// Which documents the last commits changed, so that what was derived from an older commit (who may
// read what, sort columns) is patched rather than made again.
//
// Thread rule: thread-safe.  Nothing blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "search/xapian/bits.h"

namespace vams::search::xapian {

class Changes {
 public:
  // `number` is the commit's, one more than the one before.
  void Note(std::uint64_t number, std::vector<DocId> documents) {
    const std::lock_guard lock(mutex_);
    held_ += documents.size();
    commits_.emplace_back(number, std::move(documents));
    while (held_ > kMaxDocuments || commits_.size() > kMaxCommits) {
      held_ -= commits_.front().second.size();
      commits_.pop_front();
    }
  }

  // The documents of the commits after `from` up to `to`; nothing: that is no longer known.
  std::optional<std::vector<DocId>> Between(std::uint64_t from, std::uint64_t to) const {
    std::vector<DocId> documents;
    if (from == to) return documents;
    const std::lock_guard lock(mutex_);
    if (from > to || commits_.empty() || commits_.front().first > from + 1) return std::nullopt;
    for (const auto& [number, changed] : commits_)
      if (number > from && number <= to)
        documents.insert(documents.end(), changed.begin(), changed.end());
    return documents;
  }

 private:
  static constexpr std::size_t kMaxDocuments = 50'000;
  static constexpr std::size_t kMaxCommits = 5'000;

  mutable std::mutex mutex_;
  std::deque<std::pair<std::uint64_t, std::vector<DocId>>> commits_;
  std::size_t held_ = 0;
};

}  // namespace vams::search::xapian
