// Sets of documents by the words that they have: what conditions (finder.h) and ranked text
// (text_pass.h) are put together from.
//
// Thread rule: belongs to one search.  May block on disk; throws Xapian's exceptions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "search/search.h"
#include "search/xapian/store.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {

// Documents that fulfil something, and such that have to be looked at (Matches on the stored
// document).  Disjoint.
struct Found {
  Bits sure, maybe;

  static Found None(std::size_t size) { return {Bits(size), Bits(size)}; }
  void Add(const Found& other) {
    sure |= other.sure;
    maybe |= other.maybe;
    maybe -= sure;
  }
  void Restrict(const Found& other);
  Bits Possible() const {
    Bits all = sure;
    all |= maybe;
    return all;
  }
};

inline constexpr std::uint32_t kEveryField = 0xFF;

class WordSets {
 public:
  // Only documents of `base` are found.
  WordSets(const Store::View& view, const Bits& base) : view_(view), base_(base) {}

  const Store::View& view() const { return view_; }
  const Bits& base() const { return base_; }
  const Columns& columns() const { return view_.snapshot.columns; }
  std::size_t size() const { return base_.size(); }

  const Dictionary& Words(char group) const {
    return group == kCoreWord ? view_.snapshot.core_words : view_.snapshot.metadata_words;
  }

  // The documents of a term.
  void AddTerm(const std::string& term, Bits& out) const;
  // Those that have the word in one of the fields of the mask (Occurrence::FieldMask).
  void AddWord(char group, std::string_view word, std::uint32_t fields, Bits& out) const;
  void AddWordsWith(char group, std::string_view part, std::uint32_t fields, Bits& out) const;
  // All words in one such field, in whatever order.
  Bits WithAll(char group, const std::vector<std::string>& words, std::uint32_t fields) const;
  // The words side by side in one value.
  Bits WithPhrase(char group, const std::vector<std::string>& words, std::uint32_t fields) const;

  // At least the documents that have a value which holds `text`, whatever its case; `at_start`,
  // `at_end`: whose value begins, ends with it.
  Bits WithLiteral(char group, std::string_view text, std::uint32_t fields, bool at_start,
                   bool at_end) const;
  // Those whose texts of this group have all of these characters, at least (row.h).
  Bits WithCharacters(char group, std::uint64_t characters) const;

 private:
  // Leaves those with a word that begins so, unless there are too many such words.
  void KeepThoseWithWordsFrom(char group, std::string_view head, std::uint32_t fields,
                              Bits& documents) const;
  // Those of `documents` in which the words of the terms stand side by side, from their positions.
  void AddWithPositions(const Bits& documents, const std::vector<std::string>& terms,
                        std::uint32_t fields, Bits& out) const;

  const Store::View& view_;
  const Bits& base_;
};

}  // namespace vams::search::xapian
