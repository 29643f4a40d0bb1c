#include "search/xapian/text_columns.h"

#include <algorithm>

namespace vams::search::xapian {

std::string_view TextColumn::Text(DocId doc) const {
  const std::size_t at = offsets_[doc];
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(arena_[at + i]); };
  return std::string_view(arena_).substr(at + 3,
                                         byte(1) | (static_cast<std::size_t>(byte(2)) << 8U));
}

void TextColumn::Set(DocId doc, const Texts* texts, const Key& key) {
  if (doc >= offsets_.size()) offsets_.resize(doc + 1);
  if (offsets_[doc] != 0) wasted_ += Text(doc).size() + 3;
  offsets_[doc] = 0;
  if (!texts) return;
  std::string_view text;
  unsigned char flags = kSingle;
  if (key.place == kIdPlace) {
    text = texts->id;
  } else {
    const auto& ends = texts->ends[static_cast<std::size_t>(key.place)];
    if (!ends) return;
    text = key.greatest ? ends->greatest : ends->least;
    flags = static_cast<unsigned char>((ends->cut ? kCut : 0U) | (ends->single ? kSingle : 0U));
  }
  offsets_[doc] = static_cast<std::uint32_t>(arena_.size());
  arena_.push_back(static_cast<char>(flags));
  arena_.push_back(static_cast<char>(text.size() & 0xFFU));
  arena_.push_back(static_cast<char>(text.size() >> 8U));
  arena_ += text;
}

std::shared_ptr<const TextColumn> TextColumns::Of(TextColumn::Key key, const Snapshot& snapshot,
                                                  const Reader& reader, const Changes& changes) {
  Entry known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      known = entries_.front();
    }
  }
  if (known.column && known.number == snapshot.number) return known.column;
  const auto changed = known.column ? changes.Between(known.number, snapshot.number) : std::nullopt;
  std::shared_ptr<TextColumn> column;
  if (changed && !known.column->IsWasteful()) {
    column = std::make_shared<TextColumn>(*known.column);
    for (const DocId doc : *changed) {
      const auto texts =
          snapshot.columns.live.Get(doc) ? reader.FindTexts(doc) : std::optional<Texts>();
      column->Set(doc, texts ? &*texts : nullptr, key);
    }
  } else {
    column = std::make_shared<TextColumn>();
    column->Reserve(snapshot.columns.size());
    reader.ForEachValue(kTextsSlot, [&](DocId doc, const std::string& bytes) {
      if (const auto texts = DecodeTexts(bytes)) column->Set(doc, &*texts, key);
    });
  }
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found == entries_.end()) {
    entries_.push_front({key, snapshot.number, column});
    if (entries_.size() > kMaxColumns) entries_.pop_back();
  } else if (found->number < snapshot.number) {
    *found = {key, snapshot.number, column};
  }
  return column;
}

std::size_t TextColumns::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.column->bytes();
  return bytes;
}

}  // namespace vams::search::xapian
