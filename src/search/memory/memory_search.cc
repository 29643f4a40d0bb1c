#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "search/marks.h"
#include "search/memory/memory_index.h"

namespace vams::search {
namespace {

// What of a search is the same for every document: how much its terms count.
struct Weights {
  std::vector<double> idf;
  double mean = 1;
};

struct Candidate {
  const Document* document;
  double score;
  boost::json::array sort;
};

Weights WeightsOf(const TextQuery& text, const MemoryIndex::State& state) {
  Weights weights;
  CollectionSize all{.documents = state.entries.size()};
  for (const auto& [id, entry] : state.entries) {
    all.core += entry->lengths.core;
    all.metadata += entry->lengths.metadata;
  }
  weights.mean = MeanLength(all, text.metadata);
  for (const TextTerm& term : text.terms) {
    std::optional<std::uint64_t> least;
    for (const std::string& word : FrequencyWords(term)) {
      std::uint64_t frequency = 0;
      for (const auto& [id, entry] : state.entries)
        frequency += (entry->core_words.contains(word) ? 1 : 0) +
                     (text.metadata && entry->metadata_words.contains(word) ? 1 : 0);
      least = std::min(least.value_or(frequency), frequency);
    }
    weights.idf.push_back(Idf(all.documents, least.value_or(0)));
  }
  return weights;
}

// The document's score; nothing if it lacks a term.
std::optional<double> ScoreOf(const TextQuery& text, const Weights& weights,
                              const Document& document, const Lengths& lengths) {
  const double length = lengths.core + (text.metadata ? lengths.metadata : 0.0);
  double sum = 0;
  unsigned common = ~0U;
  for (std::size_t i = 0; i < text.terms.size(); ++i) {
    const auto match = FindTerm(text.terms[i], document, text.metadata, text.stemming);
    if (!match) return std::nullopt;
    sum += TermScore(match->tier, weights.idf[i], match->count, length, weights.mean);
    common &= match->mask;
  }
  return Combine(sum, text.terms.size(), common);
}

bool Before(std::span<const SortKey> keys, const boost::json::array& a, std::string_view a_id,
            const boost::json::array& b, std::string_view b_id) {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (const int order = CompareSortValues(keys[i], a[i], b[i]); order != 0) return order < 0;
  return a_id < b_id;
}

Facet CountFacet(const std::string& name, std::size_t size,
                 const std::vector<Candidate>& candidates) {
  std::map<std::string, std::uint64_t> counts;
  Facet facet{.field = name};
  for (const Candidate& candidate : candidates) {
    if (candidate.document->archived) continue;
    std::set<std::string> values;
    AnyValue(candidate.document->source, {.name = name},
             [&](std::string_view, std::string_view value) {
               values.emplace(value);
               return false;
             });
    for (const std::string& value : values) ++counts[value];
    if (!values.empty()) ++facet.documents;
  }
  for (const auto& [key, count] : counts) facet.buckets.push_back({.key = key, .count = count});
  std::ranges::stable_sort(facet.buckets, std::greater(), &Facet::Bucket::count);
  if (facet.buckets.size() > size) facet.buckets.resize(size);
  return facet;
}

// The documents that the request is about, in no order.
std::vector<Candidate> Candidates(const MemoryIndex::State& state, const Request& request,
                                  const std::vector<SortKey>& keys) {
  const bool ranked = request.text && !request.text->terms.empty();
  const Weights weights = ranked ? WeightsOf(*request.text, state) : Weights{};
  std::vector<Candidate> candidates;
  for (const auto& [id, entry] : state.entries) {
    const Document& document = entry->document;
    if (!Has(request.kinds, document.kind)) continue;
    if (document.archived && !request.include_archived) continue;
    if (request.access && !request.access->MayRead(document.access, document.asset_name)) continue;
    if (!Matches(request.filter, document) || !Matches(request.match, document)) continue;
    std::optional<double> score = kScoreWithoutText;
    if (ranked) score = ScoreOf(*request.text, weights, document, entry->lengths);
    if (!score) continue;
    Candidate candidate{.document = &document, .score = *score};
    for (const SortKey& key : keys) candidate.sort.push_back(SortValueOf(key, document, *score));
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace

Result<Answer> MemoryIndex::Search(OpContext& op, const Request& request) {
  TRY_OK(op.Check());
  TRY_OK(CheckRequest(request));
  const StatePtr now = state();
  const std::vector<SortKey> keys = EffectiveSort(request);
  const bool by_score =
      std::ranges::any_of(keys, [](const SortKey& key) { return key.field == "_score"; });

  std::vector<Candidate> candidates = Candidates(*now, request, keys);
  std::ranges::sort(candidates, [&](const Candidate& a, const Candidate& b) {
    return Before(keys, a.sort, a.document->id, b.sort, b.document->id);
  });

  Answer answer{.total = candidates.size(), .position = now->position};
  std::size_t first = std::min<std::uint64_t>(request.from, candidates.size());
  if (!request.after.empty()) {
    TRY(const Cursor cursor, DecodeCursor(request.after, keys));
    first = 0;
    while (first < candidates.size() &&
           !Before(keys, cursor.values, cursor.id, candidates[first].sort,
                   candidates[first].document->id))
      ++first;
  }
  const std::size_t last = first + std::min(request.size, candidates.size() - first);
  for (std::size_t i = first; i < last; ++i) {
    Hit hit{.document = *candidates[i].document};
    if (by_score) hit.score = candidates[i].score;
    if (!request.sort.empty()) hit.sort = candidates[i].sort;
    AddMarks(request, hit);
    answer.hits.push_back(std::move(hit));
  }
  if (last > first && last < candidates.size())
    answer.next = EncodeCursor(
        {.values = candidates[last - 1].sort, .id = candidates[last - 1].document->id}, keys);
  for (const std::string& name : request.facets)
    answer.facets.push_back(CountFacet(name, request.facet_size, candidates));
  return answer;
}

}  // namespace vams::search
