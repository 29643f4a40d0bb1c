// Decoded posting lists of common words: walking a list in the index costs some 30 ns a document,
// walking one of these 1 ns.  A commit hands them on with what it changed, which is worked in when
// a search asks for the list.
//
// Thread rule: thread-safe.  Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/xapian/reader.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {

// What a commit changes in the lists that were kept when it began.
class ListChanges {
 public:
  explicit ListChanges(const std::vector<std::string>& kept) {
    for (const std::string& term : kept) postings_[term];
  }

  // Each document once.  `terms`: what it has from now on.
  void Put(DocId doc, std::span<const Term> terms) {
    documents_.push_back(doc);
    if (postings_.empty()) return;
    for (const Term& term : terms)
      if (const auto found = postings_.find(term.name); found != postings_.end())
        found->second.push_back({doc, term.count});
  }
  // To be called when all are there.
  void Sort();

  std::span<const DocId> documents() const { return documents_; }
  // The documents that have the term now; nullptr: its list was not kept.
  const std::vector<Posting>* Of(const std::string& term) const {
    const auto found = postings_.find(term);
    return found == postings_.end() ? nullptr : &found->second;
  }

 private:
  std::vector<DocId> documents_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
};

// The lists of one commit.
class HotLists {
 public:
  using Postings = std::vector<Posting>;
  using List = std::shared_ptr<const Postings>;

  explicit HotLists(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  // What was kept of the commit before, and is not long unused.
  HotLists(const HotLists& before, std::shared_ptr<const ListChanges> changes);

  // The kept list or nullptr; then `keep` says whether it would be welcome: there is room, and it
  // was asked for before or takes long to walk.
  List Find(const std::string& term, std::uint64_t postings, bool& keep);
  void Keep(const std::string& term, Postings postings);
  std::vector<std::string> Kept() const;
  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  static constexpr std::size_t kLeast = 10'000;  // postings; shorter lists are fast anyway

 private:
  struct Entry {
    List list;
    unsigned uses = 0;
    unsigned idle = 0;  // commits since it was used
    // The oldest first; not in the list yet.
    std::vector<std::shared_ptr<const ListChanges>> changes;
  };

  static List WithChanges(const std::string& term, const Entry& entry);

  static constexpr std::uint64_t kLong = 100'000;
  static constexpr unsigned kMaxIdle = 30;
  // Beyond that many changed documents a list is walked anew.
  static constexpr std::size_t kMaxChanged = 50'000;

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
  HotLists::Postings kept;
  if (batch.size() == kFullBatch) {
    const std::uint64_t postings = reader.Frequency(term);
    if (const HotLists::List list = hot.Find(term, postings, keep)) {
      for (const Posting posting : *list) visit(posting);
      return;
    }
    if (keep) kept.reserve(postings);
  }
  for (; !batch.empty(); batch = run.Next()) {
    for (const Posting posting : batch) visit(posting);
    if (keep) kept.insert(kept.end(), batch.begin(), batch.end());
  }
  if (keep) hot.Keep(term, std::move(kept));
}

}  // namespace vams::search::xapian
