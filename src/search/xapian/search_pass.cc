#include "search/xapian/search_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "search/marks.h"
#include "search/xapian/finder.h"
#include "search/xapian/guard.h"
#include "search/xapian/sort_order.h"
#include "search/xapian/text_pass.h"

namespace vams::search::xapian {
namespace {

// Counts one field.
class FacetCounter {
 public:
  FacetCounter(const Columns& columns, const std::string& field)
      : columns_(columns),
        field_(field),
        place_(static_cast<std::size_t>(SetPlace(field))),
        counts_(columns.set_count(place_)) {}

  void Count(const Chunk& chunk, std::span<const std::uint16_t> documents) {
    const auto& sets = chunk.sets[place_];
    for (const std::uint16_t i : documents) ++counts_[sets[i]];
  }

  Facet Result(std::size_t size) const {
    const Values& values = columns_.interned().sets[place_];
    std::vector<std::uint64_t> by_value(columns_.value_count(place_));
    Facet facet{.field = field_};
    for (std::uint32_t set = 1; set < counts_.size(); ++set) {
      if (counts_[set] == 0) continue;
      facet.documents += counts_[set];
      if (const std::uint32_t value = values.single(set); value != Values::kSeveral)
        by_value[value] += counts_[set];
      else
        for (const std::uint32_t one : values.set(set)) by_value[one] += counts_[set];
    }
    struct Bucket {
      std::uint64_t count, label;
      std::uint32_t value;
    };
    std::vector<Bucket> buckets;
    for (std::uint32_t value = 0; value < by_value.size(); ++value)
      if (by_value[value] > 0) buckets.push_back({by_value[value], values.label(value), value});
    const auto before = [&](const Bucket& a, const Bucket& b) {
      if (a.count != b.count) return a.count > b.count;
      if (a.label != b.label) return a.label < b.label;
      return values.value(a.value) < values.value(b.value);
    };
    if (buckets.size() > size) {
      std::ranges::nth_element(buckets, buckets.begin() + static_cast<std::ptrdiff_t>(size),
                               before);
      buckets.resize(size);
    }
    std::ranges::sort(buckets, before);
    for (const Bucket& bucket : buckets)
      facet.buckets.push_back({.key = values.value(bucket.value), .count = bucket.count});
    return facet;
  }

 private:
  const Columns& columns_;
  const std::string field_;
  const std::size_t place_;
  std::vector<std::uint32_t> counts_;  // by set
};

// Keeps the first `size` of what it is given.
class BestHits {
 public:
  BestHits(const SortOrder& order, std::size_t size) : order_(order), size_(size) {}

  // What comes behind this cannot get in.
  std::uint64_t worst() const {
    return heap_.size() < size_ || heap_.empty() ? std::numeric_limits<std::uint64_t>::max()
                                                 : heap_.front().rough;
  }
  const Entry* worst_entry() const {
    return heap_.size() == size_ && size_ > 0 ? &heap_.front() : nullptr;
  }

  void Offer(const Entry& entry) {
    const auto before = [&](const Entry& a, const Entry& b) { return order_.Before(a, b); };
    if (heap_.size() < size_) {
      heap_.push_back(entry);
      std::ranges::push_heap(heap_, before);
    } else if (size_ > 0 && before(entry, heap_.front())) {
      std::ranges::pop_heap(heap_, before);
      heap_.back() = entry;
      std::ranges::push_heap(heap_, before);
    }
  }

  std::vector<Entry> Sorted() {
    std::ranges::sort_heap(heap_,
                           [&](const Entry& a, const Entry& b) { return order_.Before(a, b); });
    return std::move(heap_);
  }

 private:
  const SortOrder& order_;
  const std::size_t size_;
  std::vector<Entry> heap_;
};

class Pass {
 public:
  Pass(OpContext& op, const Store::View& view, const Request& request)
      : op_(op),
        view_(view),
        columns_(view.snapshot.columns),
        request_(request),
        keys_(EffectiveSort(request)),
        order_(view, keys_),
        text_(op, view, request.text ? *request.text : no_text_) {
    ranked_ = request.text && !request.text->terms.empty();
    if (!ranked_) order_.ScoresAreEqual();
  }

  Result<Answer> Run() {
    if (!request_.after.empty()) {
      TRY(const Cursor cursor, DecodeCursor(request_.after, keys_));
      order_.ContinueAfter(cursor);
    }
    TRY_OK(FindDocuments());
    for (const std::string& field : request_.facets) facets_.emplace_back(columns_, field);
    const auto from =
        static_cast<std::size_t>(std::min<std::uint64_t>(request_.from, columns_.size()));
    best_ = std::make_unique<BestHits>(
        order_, request_.size == 0 ? 0 : std::min(from + request_.size, columns_.size()));
    TRY_OK(LookAtAll());
    return MakeAnswer();
  }

 private:
  Bits Readable() const {
    Bits base = columns_.live;
    if (!Has(request_.kinds, Kind::kFile)) base -= columns_.files;
    if (!Has(request_.kinds, Kind::kAsset)) base &= columns_.files;
    if (!request_.include_archived) base -= columns_.archived;
    if (request_.access)
      base &= *view_.access.Of(*request_.access, view_.snapshot, view_.reader, view_.changes);
    return base;
  }

  Status FindDocuments() {
    base_ = Readable();
    TRY(Found found, Finder(op_, view_, base_).Find(request_.filter));
    const Bits left = found.Possible();
    TRY(const Found matching, Finder(op_, view_, left).Find(request_.match));
    found.Restrict(matching);
    if (ranked_) {
      const Bits rest = found.Possible();
      TRY(const Found having, text_.Find(rest));
      found.Restrict(having);
    }
    found_ = std::move(found);
    possible_ = found_.Possible();
    uncertain_ = found_.maybe.Any();
    return Ok();
  }

  // Where columns and terms leave it open.
  Result<bool> Holds(DocId doc) const {
    const auto document = view_.reader.FindDocument(doc);
    if (!document) return Corrupt(fmt::format("document {} cannot be read", doc));
    return Matches(request_.filter, *document) && Matches(request_.match, *document) &&
           (!ranked_ || Matches(*request_.text, *document));
  }

  Status LookAtAll() {
    std::vector<std::uint16_t> here;
    std::vector<std::uint16_t> counted;
    for (std::size_t c = 0; c < columns_.chunk_count(); ++c) {
      if (c % 64 == 0) TRY_OK(op_.Check());
      TRY_OK(DocumentsOf(c, here));
      if (here.empty()) continue;
      const Chunk& chunk = columns_.chunk(c);
      total_ += here.size();
      for (const std::uint16_t i : here) Offer(chunk, static_cast<DocId>(c * kChunkDocuments + i));
      if (facets_.empty()) continue;
      counted.clear();
      for (const std::uint16_t i : here)
        if (!columns_.archived.Get(c * kChunkDocuments + i)) counted.push_back(i);
      for (FacetCounter& facet : facets_) facet.Count(chunk, counted);
    }
    return Ok();
  }

  // The places of a chunk's documents that are found.
  Status DocumentsOf(std::size_t c, std::vector<std::uint16_t>& here) const {
    here.clear();
    const auto words = possible_.words();
    constexpr std::size_t kWords = kChunkDocuments / 64;
    for (std::size_t w = c * kWords; w < std::min(words.size(), (c + 1) * kWords); ++w)
      for (std::uint64_t word = words[w]; word != 0; word &= word - 1) {
        const std::size_t doc = w * 64 + static_cast<std::size_t>(std::countr_zero(word));
        if (uncertain_ && found_.maybe.Get(doc)) {
          TRY_OK(op_.Check());
          TRY(const bool holds, Holds(static_cast<DocId>(doc)));
          if (!holds) continue;
        }
        here.push_back(static_cast<std::uint16_t>(doc % kChunkDocuments));
      }
    return Ok();
  }

  void Offer(const Chunk& chunk, DocId doc) {
    double score = kScoreWithoutText;
    if (ranked_ && order_.by_score()) {
      const Entry* worst = best_->worst_entry();
      // Behind a cursor every score counts for how many there are.
      if (worst && !counts_behind() && order_.only_by_score() &&
          !text_.MayReach(doc, chunk, worst->score))
        return;
      score = text_.ScoreOf(doc, chunk);
    }
    const Entry entry = order_.EntryOf(doc, score);
    if (counts_behind()) {
      if (!order_.IsBehind(entry)) return;
      ++behind_;
    }
    if (entry.rough <= best_->worst()) best_->Offer(entry);
  }

  bool counts_behind() const { return !request_.after.empty(); }

  Result<Answer> MakeAnswer() {
    Answer answer{.total = total_, .position = view_.snapshot.position};
    std::vector<Entry> entries = best_->Sorted();
    const std::size_t first =
        static_cast<std::size_t>(std::min<std::uint64_t>(request_.from, entries.size()));
    Entry last;
    for (std::size_t i = first; i < entries.size() && i < first + request_.size; ++i) {
      last = entries[i];
      TRY_OK(op_.Check());
      auto document = view_.reader.FindDocument(last.doc);
      if (!document) return Corrupt(fmt::format("document {} cannot be read", last.doc));
      Hit hit{.document = *std::move(document)};
      if (order_.by_score()) hit.score = last.score;
      if (!request_.sort.empty())
        for (const SortKey& key : keys_)
          hit.sort.push_back(SortValueOf(key, hit.document, last.score));
      AddMarks(request_, hit);
      answer.hits.push_back(std::move(hit));
    }
    const std::uint64_t behind = counts_behind() ? behind_ : total_;
    if (!answer.hits.empty() && first + answer.hits.size() < behind) {
      Cursor cursor{.values = {}, .id = answer.hits.back().document.id};
      for (const SortKey& key : keys_)
        cursor.values.push_back(SortValueOf(key, answer.hits.back().document, last.score));
      answer.next = EncodeCursor(cursor, keys_);
    }
    for (const FacetCounter& facet : facets_)
      answer.facets.push_back(facet.Result(request_.facet_size));
    return answer;
  }

  inline static const TextQuery no_text_;

  OpContext& op_;
  const Store::View& view_;
  const Columns& columns_;
  const Request& request_;
  const std::vector<SortKey> keys_;
  SortOrder order_;
  TextPass text_;
  bool ranked_ = false;

  Bits base_, possible_;
  Found found_;
  bool uncertain_ = false;
  std::vector<FacetCounter> facets_;
  std::unique_ptr<BestHits> best_;
  std::uint64_t total_ = 0;
  std::uint64_t behind_ = 0;
};

}  // namespace

Result<Answer> SearchOnce(OpContext& op, const Store::View& view, const Request& request) {
  return Pass(op, view, request).Run();
}

}  // namespace vams::search::xapian
