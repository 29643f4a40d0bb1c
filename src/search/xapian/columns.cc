#include "search/xapian/columns.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace vams::search::xapian {

std::uint32_t Values::ValueOf(const std::string& value) {
  const auto behind = value_numbers_.lower_bound(value);
  if (behind != value_numbers_.end() && behind->first == value) return behind->second;
  // Half way between its neighbours; at either end at most a step away, so that values which come
  // in order find room.
  constexpr std::uint64_t kStep = std::uint64_t{1} << 40U;
  constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();
  const bool first = behind == value_numbers_.begin();
  const bool last = behind == value_numbers_.end();
  const std::uint64_t low = first ? 0 : labels_[std::prev(behind)->second];
  const std::uint64_t high = last ? kEnd : labels_[behind->second];
  const std::uint64_t half = (high - low) / 2;
  const auto number = static_cast<std::uint32_t>(values_.size());
  values_.push_back(value);
  labels_.push_back(first && last ? half
                    : last        ? low + std::min(half, kStep)
                    : first       ? high - std::min(half, kStep)
                                  : low + half);
  value_numbers_.emplace_hint(behind, values_[number], number);
  bytes_ += sizeof(std::string) + value.capacity() + 72;
  return number;
}

std::uint32_t Values::SetOf(const std::vector<std::string>& values) {
  if (values.empty()) return 0;
  std::vector<std::uint32_t> set;
  for (const std::string& value : values) set.push_back(ValueOf(value));
  const auto made = [&] {
    const auto number = static_cast<std::uint32_t>(sets_.size());
    bytes_ += sizeof(set) + 4 * set.size() + 36;
    sets_.push_back(set);
    singles_.push_back(set.size() == 1 ? set.front() : kSeveral);
    return number;
  };
  if (set.size() == 1) {
    const auto [at, fresh] = single_sets_.try_emplace(set.front(), 0);
    if (fresh) at->second = made();
    return at->second;
  }
  const auto [at, fresh] = other_sets_.try_emplace(set, 0);
  if (fresh) at->second = made();
  return at->second;
}

std::uint32_t AccessClasses::NumberOf(const AccessClass& access) {
  const auto [at, fresh] =
      numbers_.try_emplace(access, static_cast<std::uint32_t>(classes_.size()));
  if (fresh) classes_.push_back(access);
  return at->second;
}

void Columns::Grow(std::size_t size) {
  for (Bits* bits : {&live, &files, &archived, &odd}) bits->Grow(size);
  while (chunks_.size() * kChunkDocuments < size) chunks_.push_back(std::make_shared<Chunk>());
}

Chunk& Columns::Writable(DocId doc) {
  auto& chunk = chunks_[doc / kChunkDocuments];
  // Nobody else can get hold of a chunk that only this copy has.
  if (chunk.use_count() > 1) chunk = std::make_shared<Chunk>(*chunk);
  return *chunk;
}

void Columns::Forget(DocId doc, const Chunk& chunk) {
  const std::size_t i = doc % kChunkDocuments;
  --collection.documents;
  collection.core -= chunk.core_length[i];
  collection.metadata -= chunk.metadata_length[i];
}

void Columns::Put(DocId doc, const Row& row) {
  if (doc >= size()) Grow(std::max<std::size_t>(doc + 1, size() + size() / 16 + 64));
  Chunk& chunk = Writable(doc);
  const std::size_t i = doc % kChunkDocuments;
  if (live.Get(doc)) Forget(doc, chunk);
  for (std::size_t n = 0; n < kNumberCount; ++n) chunk.numbers[n][i] = row.numbers[n];
  chunk.order[i] = row.order;
  chunk.core_characters[i] = row.core_characters;
  chunk.metadata_characters[i] = row.metadata_characters;
  for (std::size_t n = 0; n < kSetCount; ++n)
    chunk.sets[n][i] = interned_->sets[n].SetOf(row.sets[n]);
  chunk.access[i] = interned_->access.NumberOf(row.access);
  chunk.present[i] = row.present;
  chunk.core_length[i] = row.lengths.core;
  chunk.metadata_length[i] = row.lengths.metadata;
  std::erase_if(chunk.places, [&](const auto& place) { return place.first == doc; });
  if (row.place)
    chunk.places.insert(
        std::ranges::lower_bound(chunk.places, doc, {}, &std::pair<DocId, Box>::first),
        {doc, *row.place});
  live.Set(doc);
  files.Put(doc, row.kind == Kind::kFile);
  archived.Put(doc, row.archived);
  odd.Put(doc, row.odd);
  ++collection.documents;
  collection.core += row.lengths.core;
  collection.metadata += row.lengths.metadata;
}

void Columns::Remove(DocId doc) {
  if (!live.Get(doc)) return;
  Chunk& chunk = Writable(doc);
  Forget(doc, chunk);
  std::erase_if(chunk.places, [&](const auto& place) { return place.first == doc; });
  for (Bits* bits : {&live, &files, &archived, &odd}) bits->Clear(doc);
}

void Columns::NoteSizes() {
  for (std::size_t i = 0; i < kSetCount; ++i) {
    value_counts_[i] = interned_->sets[i].value_count();
    set_counts_[i] = interned_->sets[i].set_count();
  }
  access_count_ = interned_->access.size();
  interned_bytes_ = 0;
  for (const Values& values : interned_->sets) interned_bytes_ += values.bytes();
}

std::size_t Columns::bytes() const {
  std::size_t bytes = chunks_.size() * sizeof(Chunk) + 4 * live.bytes();
  for (const auto& chunk : chunks_) bytes += chunk->places.capacity() * sizeof(chunk->places[0]);
  return bytes + interned_bytes_;
}

}  // namespace vams::search::xapian
