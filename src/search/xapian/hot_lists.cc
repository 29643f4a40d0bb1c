#include "search/xapian/hot_lists.h"

#include <algorithm>
#include <ranges>

namespace vams::search::xapian {

void ListChanges::Sort() {
  std::ranges::sort(documents_);
  for (auto& [term, postings] : postings_) std::ranges::sort(postings, {}, &Posting::doc);
}

HotLists::HotLists(const HotLists& before, std::shared_ptr<const ListChanges> changes)
    : max_bytes_(before.max_bytes_) {
  const std::lock_guard lock(before.mutex_);
  for (const auto& [term, entry] : before.entries_) {
    // A list that was kept while the commit went on is not in its changes.
    if (!entry.list || entry.idle >= kMaxIdle || !changes->Of(term)) continue;
    std::size_t changed = changes->documents().size();
    for (const auto& one : entry.changes) changed += one->documents().size();
    if (changed > kMaxChanged) continue;
    Entry& next = entries_[term];
    next = {.list = entry.list, .uses = 1, .idle = entry.idle + 1, .changes = entry.changes};
    next.changes.push_back(changes);
    bytes_ += entry.list->size() * sizeof(Posting);
  }
}

HotLists::List HotLists::WithChanges(const std::string& term, const Entry& entry) {
  // Every document that changed, as its last change left it.
  std::vector<DocId> documents;
  Postings postings;
  for (const auto& changes : entry.changes | std::views::reverse) {
    std::vector<DocId> fresh;
    std::ranges::set_difference(changes->documents(), documents, std::back_inserter(fresh));
    for (const Posting posting : *changes->Of(term))
      if (std::ranges::binary_search(fresh, posting.doc)) postings.push_back(posting);
    const auto middle = static_cast<std::ptrdiff_t>(documents.size());
    documents.insert(documents.end(), fresh.begin(), fresh.end());
    std::ranges::inplace_merge(documents, documents.begin() + middle);
  }
  std::ranges::sort(postings, {}, &Posting::doc);
  // The list between two such documents is taken over as it is.
  Postings all;
  all.reserve(entry.list->size() + postings.size());
  auto from = entry.list->begin();
  auto put = postings.begin();
  for (const DocId doc : documents) {
    const auto to = std::ranges::lower_bound(from, entry.list->end(), doc, {}, &Posting::doc);
    all.insert(all.end(), from, to);
    from = to;
    if (from != entry.list->end() && from->doc == doc) ++from;
    if (put != postings.end() && put->doc == doc) all.push_back(*put++);
  }
  all.insert(all.end(), from, entry.list->end());
  return std::make_shared<const Postings>(std::move(all));
}

HotLists::List HotLists::Find(const std::string& term, std::uint64_t postings, bool& keep) {
  Entry stale;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[term];
    const bool wanted = entry.uses++ > 0 || postings >= kLong;
    keep = !entry.list && wanted && bytes_ < max_bytes_;
    entry.idle = 0;
    if (!entry.list || entry.changes.empty()) return entry.list;
    stale = entry;
  }
  List list = WithChanges(term, stale);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[term];
  // Others may have been as fast.
  if (!entry.changes.empty()) {
    bytes_ += (list->size() - entry.list->size()) * sizeof(Posting);
    entry.list = list;
    entry.changes.clear();
  }
  return list;
}

void HotLists::Keep(const std::string& term, Postings postings) {
  if (postings.size() < kLeast) return;
  postings.shrink_to_fit();
  const std::size_t size = postings.size() * sizeof(Posting);
  auto list = std::make_shared<const Postings>(std::move(postings));
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[term];
  if (entry.list || bytes_ + size > max_bytes_) return;
  bytes_ += size;
  entry.list = std::move(list);
}

std::vector<std::string> HotLists::Kept() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> terms;
  for (const auto& [term, entry] : entries_)
    if (entry.list) terms.push_back(term);
  return terms;
}

}  // namespace vams::search::xapian
