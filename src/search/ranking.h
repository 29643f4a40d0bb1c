// How well a document fits a text, the same number from every engine that can (Traits::ranking).
//
// A term's score is  idf * (tier + saturation):  the tier is 2 for the term as a whole word, 1 for
// words that begin with it, 0 for words that contain it, so that a single term orders by tier
// first; the saturation, between 0 and 1, is BM25's, of the weighted number of occurrences and the
// document's length.  A document's score is the sum over the terms, raised when one field holds
// all of them.  All counts are exact and cheap: they come with posting lists and from two columns
// of lengths.  Spec: search.md section 4.2.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/text_query.h"

namespace vams::search {

struct Document;

// Two groups of words, because a search may leave metadata out: the fields with a weight, and the
// values of flat objects.  A sum over words, each counted with its field's weight (metadata: 1).
struct Lengths {
  std::uint32_t core = 0;
  std::uint32_t metadata = 0;
};

// Of all documents in the index, whoever may read them, archived ones too.
struct CollectionSize {
  std::uint64_t documents = 0;
  std::uint64_t core = 0;  // sums of Lengths
  std::uint64_t metadata = 0;
};

enum class Tier : std::uint8_t { kPart = 0, kPrefix = 1, kWord = 2 };

inline constexpr double kSaturation = 1.2;     // BM25's k1
inline constexpr double kLengthWeight = 0.75;  // BM25's b
inline constexpr double kOneFieldBonus = 1.25;
inline constexpr double kScoreWithoutText = 1.0;  // of every hit when nothing is ranked

// `frequency`: documents with the term as a whole word, in core plus (if looked at) in metadata; a
// document with both counts twice.  For a phrase: the smallest frequency among its words.  For text
// that analyses to several words (as "pump-01"): the same.  0 if no document has the word.
inline double Idf(std::uint64_t documents, std::uint64_t frequency) {
  const double f = static_cast<double>(std::min(frequency, documents));
  return std::log(1.0 + (static_cast<double>(documents) - f + 0.5) / (f + 0.5));
}

// Lengths are taken of the groups that are looked at, added.
inline double MeanLength(const CollectionSize& all, bool metadata) {
  if (all.documents == 0) return 1;
  const double sum = static_cast<double>(all.core + (metadata ? all.metadata : 0));
  return std::max(1.0, sum / static_cast<double>(all.documents));
}

// `count`: occurrences of words of the best tier, with their fields' weights.
inline double TermScore(Tier tier, double idf, double count, double length, double mean) {
  const double norm = kSaturation * (1 - kLengthWeight + kLengthWeight * length / mean);
  return idf * (static_cast<double>(tier) + count / (count + norm));
}

// Whether a term is looked up in the dictionary of words: one that IsWordPart of at least three
// characters.  It fits a document if TierOf does any of its words, and its count and mask are over
// those.  Any other term (a phrase, a short one, one with separators) has count 1 and a full mask;
// its tier is kWord if all of its FrequencyWords, at least one, are whole words of the document in
// the groups looked at, no matter where, else kPart; a phrase's is kWord.
bool IsGraded(const TextTerm& term);

// The words whose frequencies give the idf: the phrase's, or those that the text analyses to.
std::vector<std::string> FrequencyWords(const TextTerm& term);

// The tier by which a word of the dictionary fits a graded term; nothing if it does not.  A word
// with the same stem counts as one that begins with the term.
std::optional<Tier> TierOf(std::string_view word, const TextTerm& term, Stemming stemming);

// What a term finds in one document.
struct TermMatch {
  Tier tier = Tier::kPart;
  double count = 1;
  // The fields that hold the term in any tier (Field::mask, kMetadataMask).
  unsigned mask = ~0U;
};

// A document's score: Σ TermScore, times kOneFieldBonus if there are several terms and the
// conjunction of their masks is not empty.
double Combine(double sum, std::size_t terms, unsigned common_mask);

// The definition, on the document itself; nothing if it lacks the term.  For engines that verify
// candidates, and for the reference engine.
std::optional<TermMatch> FindTerm(const TextTerm& term, const Document& document, bool metadata,
                                  Stemming stemming);
Lengths LengthsOf(const Document& document);

}  // namespace vams::search
