// The order of a search's hits, told from columns.
//
// Thread rule: belongs to one search.  May block on disk; throws Xapian's exceptions.
// Spec: search.h (Request::sort, Request::after).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "search/search.h"
#include "search/xapian/store.h"

namespace vams::search::xapian {

// A document that was found.
struct Entry {
  std::uint64_t rough = 0;  // of the first sort key: smaller comes first, equal says nothing
  DocId doc = 0;
  double score = 0;
};

class SortOrder {
 public:
  // `keys` are EffectiveSort.
  SortOrder(const Store::View& view, std::span<const SortKey> keys);

  bool by_score() const { return by_score_; }
  // Best score first and nothing else.
  bool only_by_score() const { return columns_.size() == 1 && by_score_ && keys_[0].descending; }

  // Every document has the same score.
  void ScoresAreEqual() { scores_are_equal_ = columns_.size() == 1 && by_score_; }

  Entry EntryOf(DocId doc, double score) const;
  bool Before(const Entry& a, const Entry& b) const;

  void ContinueAfter(const Cursor& cursor);
  // Whether the document comes behind the cursor, if there is one.
  bool IsBehind(const Entry& entry) const;

  static std::uint64_t RoughScore(double score, bool descending);

 private:
  enum class Source : std::uint8_t { kScore, kNumber, kSet, kText, kBool, kMissing };
  struct Column {
    Source source = Source::kMissing;
    std::size_t place = 0;
    std::shared_ptr<const TextColumn> texts;   // kText
    std::vector<std::uint64_t> rough_of_sets;  // kSet
    Bits yes;                                  // kBool
  };

  Column ColumnOf(const SortKey& key) const;
  std::uint64_t Rough(std::size_t key, DocId doc, double score) const;
  static std::uint64_t RoughText(std::string_view text, bool descending);
  std::uint64_t RoughValue(std::size_t key, const boost::json::value& value) const;
  int Compare(std::size_t key, const Entry& a, const Entry& b) const;
  // The text that a column holds; nothing: missing, or not to be told from the column.
  std::optional<std::string_view> TextOf(std::size_t key, DocId doc) const;
  boost::json::value ValueOf(std::size_t key, const Entry& entry) const;
  bool IsBeforeById(DocId a, DocId b) const;

  const Store::View& view_;
  std::vector<SortKey> keys_;
  std::vector<Column> columns_;
  bool by_score_ = false;
  bool scores_are_equal_ = false;  // and nothing else is looked at

  std::optional<Cursor> cursor_;
  std::uint64_t cursor_rough_ = 0;
  std::uint64_t cursor_order_ = 0;
};

}  // namespace vams::search::xapian
