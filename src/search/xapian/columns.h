// The rows of all documents, column by column, in memory: what filters, facets, sorts and scores
// look at for a million documents without touching the index.
//
// Thread rule: Columns is immutable once shared; a writer copies it (chunks are shared until they
// are changed) and changes the copy.  Values is for one writer and any number of readers who got
// their numbers from a Columns.  Nothing blocks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/xapian/bits.h"
#include "search/xapian/row.h"
#include "search/xapian/stable_vector.h"

namespace vams::search::xapian {

// The distinct values of one field, and the distinct sets of them that documents have.  Set 0 is
// the empty one.  Grows only; what nobody has any more goes when the index is opened again.
class Values {
 public:
  Values() {
    sets_.push_back({});
    singles_.push_back(kSeveral);
  }

  std::uint32_t SetOf(const std::vector<std::string>& values);
  std::size_t value_count() const { return values_.size(); }  // the writer's
  std::size_t set_count() const { return sets_.size(); }
  const std::string& value(std::uint32_t i) const { return values_[i]; }
  // Orders values as their texts do, without looking at them; equal labels say nothing.
  std::uint64_t label(std::uint32_t i) const { return labels_[i]; }
  const std::vector<std::uint32_t>& set(std::uint32_t i) const { return sets_[i]; }
  // The only value of a set, or kSeveral (or none).
  std::uint32_t single(std::uint32_t i) const { return singles_[i]; }
  static constexpr std::uint32_t kSeveral = ~std::uint32_t{0};
  std::size_t bytes() const { return bytes_; }

 private:
  std::uint32_t ValueOf(const std::string& value);

  StableVector<std::string> values_;
  StableVector<std::vector<std::uint32_t>> sets_;
  StableVector<std::uint32_t> singles_;  // by set
  StableVector<std::uint64_t> labels_;
  std::map<std::string_view, std::uint32_t> value_numbers_;  // keys lie in values_
  std::unordered_map<std::uint32_t, std::uint32_t> single_sets_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> other_sets_;
  std::size_t bytes_ = 0;
};

class AccessClasses {
 public:
  std::uint32_t NumberOf(const AccessClass& access);
  std::size_t size() const { return classes_.size(); }  // the writer's
  const AccessClass& operator[](std::uint32_t i) const { return classes_[i]; }

 private:
  StableVector<AccessClass> classes_;
  std::map<AccessClass, std::uint32_t> numbers_;
};

// What all snapshots of one generation share.
struct Interned {
  std::array<Values, kSetCount> sets;
  AccessClasses access;
};

inline constexpr std::size_t kChunkDocuments = 2048;

struct Chunk {
  template <typename T>
  using Column = std::array<T, kChunkDocuments>;

  std::array<Column<std::int64_t>, kNumberCount> numbers;
  Column<std::uint64_t> order;
  Column<std::uint64_t> core_characters;
  Column<std::uint64_t> metadata_characters;
  std::array<Column<std::uint32_t>, kSetCount> sets;
  Column<std::uint32_t> access;
  Column<std::uint32_t> present;
  Column<std::uint32_t> core_length;
  Column<std::uint32_t> metadata_length;
  std::vector<std::pair<DocId, Box>> places;  // by document
};

class Columns {
 public:
  Columns() : interned_(std::make_shared<Interned>()) { NoteSizes(); }

  // Makes room for documents below `size` in every set.
  void Grow(std::size_t size);
  void Put(DocId doc, const Row& row);
  void Remove(DocId doc);
  // To be called before the columns are shared.
  void NoteSizes();

  std::size_t size() const { return live.size(); }  // one more than the greatest number
  const Chunk& chunk(std::size_t i) const { return *chunks_[i]; }
  const Chunk& chunk_of(DocId doc) const { return *chunks_[doc / kChunkDocuments]; }
  std::size_t chunk_count() const { return chunks_.size(); }
  const Interned& interned() const { return *interned_; }
  std::size_t value_count(std::size_t set) const { return value_counts_[set]; }
  std::size_t set_count(std::size_t set) const { return set_counts_[set]; }
  std::size_t access_count() const { return access_count_; }
  std::size_t bytes() const;

  Bits live, files, archived, odd;
  CollectionSize collection;

 private:
  Chunk& Writable(DocId doc);
  void Forget(DocId doc, const Chunk& chunk);

  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::shared_ptr<Interned> interned_;
  std::array<std::size_t, kSetCount> value_counts_{};
  std::array<std::size_t, kSetCount> set_counts_{};
  std::size_t access_count_ = 0;
  std::size_t interned_bytes_ = 0;
};

}  // namespace vams::search::xapian
