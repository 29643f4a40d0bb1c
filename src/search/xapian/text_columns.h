// The values of text fields of all documents in memory, for sorting and for comparing whole values.
// Loaded from the texts slot when first asked for, patched with each commit, the least used given
// up when there are more than a few.
//
// Thread rule: TextColumns is thread-safe, a TextColumn immutable.  May block on disk.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "search/xapian/changes.h"
#include "search/xapian/reader.h"
#include "search/xapian/snapshot.h"

namespace vams::search::xapian {

class TextColumn {
 public:
  // What a column holds: one of Texts::ends (its least or its greatest value), or the id.
  struct Key {
    int place = 0;  // kIdPlace: the id
    bool greatest = false;

    bool operator==(const Key&) const = default;
  };
  static constexpr int kIdPlace = -1;

  bool Has(DocId doc) const { return doc < offsets_.size() && offsets_[doc] != 0; }
  // Cut off at kMaxTextBytes if IsCut.
  std::string_view Text(DocId doc) const;
  bool IsCut(DocId doc) const { return (Flags(doc) & kCut) != 0; }
  // All that the field has in this document.
  bool IsSingle(DocId doc) const { return (Flags(doc) & kSingle) != 0; }
  std::size_t bytes() const {
    return arena_.capacity() + offsets_.capacity() * sizeof(std::uint32_t);
  }

  void Set(DocId doc, const Texts* texts, const Key& key);
  void Reserve(std::size_t documents) { offsets_.resize(documents); }
  // Mostly values that nobody has any more.
  bool IsWasteful() const { return wasted_ > arena_.size() / 2 + (std::size_t{1} << 20U); }

 private:
  static constexpr unsigned char kCut = 1;
  static constexpr unsigned char kSingle = 2;
  unsigned char Flags(DocId doc) const { return static_cast<unsigned char>(arena_[offsets_[doc]]); }

  // Flags, size (two bytes), text.  Place 0 stands for none.
  std::string arena_ = std::string(1, '\0');
  std::vector<std::uint32_t> offsets_;
  std::size_t wasted_ = 0;
};

class TextColumns {
 public:
  std::shared_ptr<const TextColumn> Of(TextColumn::Key key, const Snapshot& snapshot,
                                       const Reader& reader, const Changes& changes);
  std::size_t bytes() const;

 private:
  struct Entry {
    TextColumn::Key key;
    std::uint64_t number = 0;
    std::shared_ptr<const TextColumn> column;
  };

  static constexpr std::size_t kMaxColumns = 6;

  mutable std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace vams::search::xapian
