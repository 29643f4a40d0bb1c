#include "search/xapian/short_sets.h"

#include <algorithm>

#include "search/ranking.h"

namespace vams::search::xapian {

std::shared_ptr<const Bits> ShortSets::Of(const TextTerm& term, bool metadata,
                                          const Snapshot& snapshot, const Reader& reader,
                                          const Changes& changes,
                                          const std::function<Bits()>& find) {
  const auto is_it = [&](const Entry& entry) {
    return entry.term == term && entry.metadata == metadata;
  };
  Entry known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(entries_, is_it);
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      known = entries_.front();
    }
  }
  if (known.bits && known.number == snapshot.number) return known.bits;
  const auto changed = known.bits ? changes.Between(known.number, snapshot.number) : std::nullopt;
  std::shared_ptr<Bits> bits;
  if (changed && changed->size() <= kMaxPatched) {
    bits = std::make_shared<Bits>(*known.bits);
    bits->Grow(snapshot.columns.size());
    for (const DocId doc : *changed) {
      const auto document =
          snapshot.columns.live.Get(doc) ? reader.FindDocument(doc) : std::optional<Document>();
      bits->Put(doc, document && FindTerm(term, *document, metadata, Stemming::kNone));
    }
  } else {
    bits = std::make_shared<Bits>(find());
  }
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(entries_, is_it);
  if (found == entries_.end()) {
    entries_.push_front({term, metadata, snapshot.number, bits});
    if (entries_.size() > kMaxSets) entries_.pop_back();
  } else if (found->number < snapshot.number) {
    *found = {term, metadata, snapshot.number, bits};
  }
  return bits;
}

std::size_t ShortSets::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.bits->bytes();
  return bytes;
}

}  // namespace vams::search::xapian
