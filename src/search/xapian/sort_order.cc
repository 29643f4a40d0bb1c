#include "search/xapian/sort_order.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "search/xapian/terms.h"

namespace vams::search::xapian {
namespace {

constexpr std::uint64_t kMissing = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

std::uint64_t Directed(std::uint64_t rough, bool descending) { return descending ? ~rough : rough; }

std::uint64_t RoughNumber(std::int64_t number, bool descending) {
  return Directed(static_cast<std::uint64_t>(number) ^ kSign, descending);
}

template <typename T>
int Sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

std::string_view WithoutKeyword(std::string_view field) {
  constexpr std::string_view kKeyword = ".keyword";
  if (field.ends_with(kKeyword)) field.remove_suffix(kKeyword.size());
  return field;
}

}  // namespace

SortOrder::SortOrder(const Store::View& view, std::span<const SortKey> keys)
    : view_(view), keys_(keys.begin(), keys.end()) {
  for (const SortKey& key : keys_) columns_.push_back(ColumnOf(key));
  by_score_ = std::ranges::any_of(
      columns_, [](const Column& column) { return column.source == Source::kScore; });
}

SortOrder::Column SortOrder::ColumnOf(const SortKey& key) const {
  Column column;
  if (key.field == "_score") {
    column.source = Source::kScore;
    return column;
  }
  const auto texts = [&](int place) {
    column.source = Source::kText;
    column.texts = view_.texts.Of({.place = place, .greatest = key.descending}, view_.snapshot,
                                  view_.reader, view_.changes);
  };
  if (key.field == "_id") {
    // Ids have one column, whichever way they are read.
    column.source = Source::kText;
    column.texts = view_.texts.Of({.place = TextColumn::kIdPlace}, view_.snapshot, view_.reader,
                                  view_.changes);
    return column;
  }
  const std::string_view name = WithoutKeyword(key.field);
  const Field* field = FindField(name);
  if (!field || field->type == FieldType::kFlat) return column;
  const Columns& all = view_.snapshot.columns;
  if (const int number = NumberPlace(name); number >= 0) {
    column.source = Source::kNumber;
    column.place = static_cast<std::size_t>(number);
  } else if (const int set = SetPlace(name); set >= 0) {
    column.source = Source::kSet;
    column.place = static_cast<std::size_t>(set);
    const Values& values = all.interned().sets[column.place];
    column.rough_of_sets.assign(all.set_count(column.place), kMissing);
    for (std::uint32_t i = 1; i < column.rough_of_sets.size(); ++i) {
      // A set's values are in order.
      const auto& numbers = values.set(i);
      const std::string& text = values.value(key.descending ? numbers.back() : numbers.front());
      column.rough_of_sets[i] = RoughText(text, key.descending);
    }
  } else if (field->type == FieldType::kBool) {
    column.source = Source::kBool;
    column.place = static_cast<std::size_t>(FieldPlace(name));
    column.yes = Bits(all.size());
    PostingRun run = view_.reader.Postings(ValueTerm(FieldLabel(name), "true"));
    for (auto batch = run.Next(); !batch.empty(); batch = run.Next())
      for (const Posting posting : batch) column.yes.Set(posting.doc);
  } else {
    texts(TextPlace(name));
  }
  return column;
}

// ---- Rough order
// ---------------------------------------------------------------------------------------

std::uint64_t SortOrder::RoughText(std::string_view text, bool descending) {
  std::uint64_t rough = 0;
  for (std::size_t i = 0; i < 8; ++i)
    rough = (rough << 8U) | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return Directed(rough, descending);
}

std::uint64_t SortOrder::RoughScore(double score, bool descending) {
  const auto bits = std::bit_cast<std::uint64_t>(score);
  return Directed((bits & kSign) != 0 ? ~bits : bits | kSign, descending);
}

std::uint64_t SortOrder::Rough(std::size_t key, DocId doc, double score) const {
  const Column& column = columns_[key];
  const bool descending = keys_[key].descending;
  const Chunk& chunk = view_.snapshot.columns.chunk_of(doc);
  const std::size_t i = doc % kChunkDocuments;
  if (scores_are_equal_) return chunk.order[i];
  if (column.source == Source::kScore) return RoughScore(score, descending);
  if (view_.snapshot.columns.odd.Get(doc)) return RoughValue(key, ValueOf(key, {.doc = doc}));
  switch (column.source) {
    case Source::kNumber: {
      const std::int64_t number = chunk.numbers[column.place][i];
      return number == kNoNumber ? kMissing : RoughNumber(number, descending);
    }
    case Source::kSet:
      return column.rough_of_sets[chunk.sets[column.place][i]];
    case Source::kText:
      return column.texts->Has(doc) ? RoughText(column.texts->Text(doc), descending) : kMissing;
    case Source::kBool:
      if (((chunk.present[i] >> column.place) & 1U) == 0) return kMissing;
      return Directed(column.yes.Get(doc) ? 1 : 0, descending);
    default:
      return kMissing;
  }
}

std::uint64_t SortOrder::RoughValue(std::size_t key, const boost::json::value& value) const {
  const bool descending = keys_[key].descending;
  if (const auto* number = value.if_int64()) return RoughNumber(*number, descending);
  if (const auto* score = value.if_double()) return RoughScore(*score, descending);
  if (const auto* text = value.if_string()) return RoughText(*text, descending);
  if (const auto* yes = value.if_bool()) return Directed(*yes ? 1 : 0, descending);
  return kMissing;
}

// ---- Exact order
// ---------------------------------------------------------------------------------------

std::optional<std::string_view> SortOrder::TextOf(std::size_t key, DocId doc) const {
  const Column& column = columns_[key];
  if (view_.snapshot.columns.odd.Get(doc)) return std::nullopt;
  if (column.source == Source::kText) {
    if (!column.texts->Has(doc) || column.texts->IsCut(doc)) return std::nullopt;
    return column.texts->Text(doc);
  }
  if (column.source != Source::kSet) return std::nullopt;
  const Columns& all = view_.snapshot.columns;
  const Values& values = all.interned().sets[column.place];
  const auto& set = values.set(all.chunk_of(doc).sets[column.place][doc % kChunkDocuments]);
  if (set.empty()) return std::nullopt;
  return values.value(keys_[key].descending ? set.back() : set.front());
}

boost::json::value SortOrder::ValueOf(std::size_t key, const Entry& entry) const {
  const Column& column = columns_[key];
  if (column.source == Source::kScore) return entry.score;
  if (column.source == Source::kMissing) return nullptr;
  const Columns& all = view_.snapshot.columns;
  const Chunk& chunk = all.chunk_of(entry.doc);
  const std::size_t i = entry.doc % kChunkDocuments;
  const bool odd = all.odd.Get(entry.doc);
  if (const auto text = TextOf(key, entry.doc)) return boost::json::string(*text);
  const bool cut = column.source == Source::kText && column.texts->Has(entry.doc) &&
                   column.texts->IsCut(entry.doc);
  if (odd || cut) {
    const auto document = view_.reader.FindDocument(entry.doc);
    return document ? SortValueOf(keys_[key], *document, entry.score) : nullptr;
  }
  if (column.source == Source::kNumber && chunk.numbers[column.place][i] != kNoNumber)
    return chunk.numbers[column.place][i];
  if (column.source == Source::kBool && ((chunk.present[i] >> column.place) & 1U) != 0)
    return column.yes.Get(entry.doc);
  return nullptr;
}

int SortOrder::Compare(std::size_t key, const Entry& a, const Entry& b) const {
  const bool descending = keys_[key].descending;
  switch (columns_[key].source) {
    case Source::kScore:
      return descending ? Sign(b.score, a.score) : Sign(a.score, b.score);
    case Source::kMissing:
      return 0;
    case Source::kText:
    case Source::kSet: {
      const auto x = TextOf(key, a.doc);
      const auto y = TextOf(key, b.doc);
      if (x && y) return descending ? Sign(*y, *x) : Sign(*x, *y);
      break;
    }
    default:
      break;
  }
  return CompareSortValues(keys_[key], ValueOf(key, a), ValueOf(key, b));
}

bool SortOrder::IsBeforeById(DocId a, DocId b) const {
  const Columns& all = view_.snapshot.columns;
  const std::uint64_t x = all.chunk_of(a).order[a % kChunkDocuments];
  const std::uint64_t y = all.chunk_of(b).order[b % kChunkDocuments];
  if (x != y) return x < y;
  if (a == b) return false;
  const auto one = view_.reader.FindTexts(a);
  const auto other = view_.reader.FindTexts(b);
  return one && other && one->id < other->id;
}

Entry SortOrder::EntryOf(DocId doc, double score) const {
  return {.rough = Rough(0, doc, score), .doc = doc, .score = score};
}

bool SortOrder::Before(const Entry& a, const Entry& b) const {
  if (a.rough != b.rough) return a.rough < b.rough;
  for (std::size_t key = 0; key < keys_.size(); ++key)
    if (const int order = Compare(key, a, b); order != 0) return order < 0;
  return IsBeforeById(a.doc, b.doc);
}

// ---- Cursors
// ---------------------------------------------------------------------------------------

void SortOrder::ContinueAfter(const Cursor& cursor) {
  cursor_ = cursor;
  cursor_order_ = OrderOf(cursor.id);
  cursor_rough_ = scores_are_equal_ ? cursor_order_ : RoughValue(0, cursor.values[0]);
}

bool SortOrder::IsBehind(const Entry& entry) const {
  if (!cursor_) return true;
  if (entry.rough != cursor_rough_) return entry.rough > cursor_rough_;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const int order = CompareSortValues(keys_[key], ValueOf(key, entry), cursor_->values[key]);
    if (order != 0) return order > 0;
  }
  const Columns& all = view_.snapshot.columns;
  const std::uint64_t order = all.chunk_of(entry.doc).order[entry.doc % kChunkDocuments];
  if (order != cursor_order_) return order > cursor_order_;
  const auto texts = view_.reader.FindTexts(entry.doc);
  return texts && texts->id > cursor_->id;
}

}  // namespace vams::search::xapian
