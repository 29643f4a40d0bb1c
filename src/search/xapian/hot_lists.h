// Decoded posting lists of common words, kept for one commit: walking a list in the index costs
// some 10 ns a document, walking one of these 1 ns.
//
// Thread rule: thread-safe.  Nothing blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/xapian/reader.h"

namespace vams::search::xapian {

class HotLists {
 public:
  using List = std::shared_ptr<const std::vector<Posting>>;

  explicit HotLists(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The kept list or nullptr; then `keep` says whether it would be welcome: there is room, and it
  // was asked for before.
  List Find(const std::string& term, bool& keep) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[term];
    keep = !entry.list && entry.uses++ > 0 && bytes_ < max_bytes_;
    return entry.list;
  }
  void Keep(const std::string& term, std::vector<Posting> postings) {
    if (postings.size() < kLeast) return;
    postings.shrink_to_fit();
    const std::size_t size = postings.size() * sizeof(Posting);
    auto list = std::make_shared<const std::vector<Posting>>(std::move(postings));
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[term];
    if (entry.list || bytes_ + size > max_bytes_) return;
    bytes_ += size;
    entry.list = std::move(list);
  }
  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  static constexpr std::size_t kLeast = 10'000;  // postings; shorter lists are fast anyway

 private:
  struct Entry {
    List list;
    unsigned uses = 0;
  };

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::size_t bytes_ = 0;
};

// Calls visit(posting) for every document of the term.
template <typename Visit>
void ForEachPosting(const Reader& reader, HotLists& hot, const std::string& term,
                    const Visit& visit) {
  PostingRun run = reader.Postings(term);
  std::span<const Posting> batch = run.Next();
  constexpr std::size_t kFullBatch = 2048;
  bool keep = false;
  if (batch.size() == kFullBatch) {
    if (const HotLists::List list = hot.Find(term, keep)) {
      for (const Posting posting : *list) visit(posting);
      return;
    }
  }
  std::vector<Posting> kept;
  for (; !batch.empty(); batch = run.Next()) {
    for (const Posting posting : batch) visit(posting);
    if (keep) kept.insert(kept.end(), batch.begin(), batch.end());
  }
  if (keep) hot.Keep(term, std::move(kept));
}

}  // namespace vams::search::xapian
