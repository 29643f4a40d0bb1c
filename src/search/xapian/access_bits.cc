#include "search/xapian/access_bits.h"

#include <algorithm>
#include <map>
#include <utility>

namespace vams::search::xapian {
namespace {

using Verdict = AccessFilter::Verdict;

// Decides about documents of one snapshot.
class Judge {
 public:
  Judge(const AccessFilter& filter, const Snapshot& snapshot, const Reader& reader,
        std::vector<Verdict> verdicts)
      : filter_(filter),
        columns_(snapshot.columns),
        reader_(reader),
        verdicts_(std::move(verdicts)) {
    const AccessClasses& classes = columns_.interned().access;
    for (std::size_t i = verdicts_.size(); i < columns_.access_count(); ++i)
      verdicts_.push_back(filter.Decide(classes[static_cast<std::uint32_t>(i)]));
  }

  Bits All() {
    Bits bits(columns_.size());
    Bits by_name(columns_.size());
    for (std::size_t c = 0; c < columns_.chunk_count(); ++c) {
      const Chunk& chunk = columns_.chunk(c);
      const std::size_t first = c * kChunkDocuments;
      const std::size_t end = std::min(kChunkDocuments, columns_.size() - first);
      for (std::size_t i = 0; i < end; ++i) {
        if (!columns_.live.Get(first + i)) continue;
        const Verdict verdict = verdicts_[chunk.access[i]];
        if (verdict == Verdict::kAllow) bits.Set(first + i);
        if (verdict == Verdict::kByName) by_name.Set(first + i);
      }
    }
    if (by_name.Any())
      reader_.ForEachValue(kTextsSlot, [&](DocId doc, const std::string& bytes) {
        if (by_name.Get(doc)) bits.Put(doc, DecideName(doc, DecodeTexts(bytes)));
      });
    return bits;
  }

  void Patch(Bits& bits, const std::vector<DocId>& documents) {
    bits.Grow(columns_.size());
    for (const DocId doc : documents) {
      bool allowed = false;
      if (columns_.live.Get(doc)) {
        const Verdict verdict = verdicts_[columns_.chunk_of(doc).access[doc % kChunkDocuments]];
        allowed = verdict == Verdict::kAllow ||
                  (verdict == Verdict::kByName && DecideName(doc, reader_.FindTexts(doc)));
      }
      bits.Put(doc, allowed);
    }
  }

  std::vector<Verdict> TakeVerdicts() { return std::move(verdicts_); }

 private:
  // What cannot be read is not shown.
  bool DecideName(DocId doc, const std::optional<Texts>& texts) {
    if (!texts) return false;
    const std::uint32_t access = columns_.chunk_of(doc).access[doc % kChunkDocuments];
    const auto [at, fresh] = names_.try_emplace({access, texts->asset_name}, false);
    if (fresh)
      at->second = filter_.DecideName(columns_.interned().access[access], texts->asset_name);
    return at->second;
  }

  const AccessFilter& filter_;
  const Columns& columns_;
  const Reader& reader_;
  std::vector<Verdict> verdicts_;
  std::map<std::pair<std::uint32_t, std::string>, bool> names_;  // the files of an asset share one
};

}  // namespace

std::shared_ptr<const Bits> AccessBits::Of(const AccessFilter& filter, const Snapshot& snapshot,
                                           const Reader& reader, const Changes& changes) {
  const std::string key = filter.cache_key();
  Entry known;
  if (!key.empty()) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      known = entries_.front();
    }
  }
  if (known.bits && known.number == snapshot.number) return known.bits;
  const auto changed = known.bits ? changes.Between(known.number, snapshot.number) : std::nullopt;
  Judge judge(filter, snapshot, reader, known.verdicts ? *known.verdicts : std::vector<Verdict>());
  auto bits = std::make_shared<Bits>();
  if (changed) {
    *bits = *known.bits;
    judge.Patch(*bits, *changed);
  } else {
    *bits = judge.All();
  }
  if (key.empty()) return bits;
  const Entry fresh{.key = key,
                    .number = snapshot.number,
                    .bits = bits,
                    .verdicts = std::make_shared<const std::vector<Verdict>>(judge.TakeVerdicts())};
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found == entries_.end()) {
    entries_.push_front(fresh);
    if (entries_.size() > kMaxEntries) entries_.pop_back();
  } else if (found->number < fresh.number) {
    *found = fresh;
  }
  return bits;
}

std::size_t AccessBits::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.bits->bytes() + entry.verdicts->size();
  return bytes;
}

}  // namespace vams::search::xapian
