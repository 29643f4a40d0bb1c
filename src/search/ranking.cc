#include "search/ranking.h"

#include <limits>
#include <utility>

#include "search/document.h"

namespace vams::search {
namespace {

constexpr std::size_t kShortTerm = 3;  // characters; below it words are not graded

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Calls visit(value, weight, mask) for every value that a text is looked for in, until it answers
// true.
template <typename Visit>
bool AnyRankedValue(const Document& document, bool metadata, const Visit& visit) {
  for (const Field& field : Fields()) {
    if (field.type == FieldType::kFlat ? !metadata : field.weight == 0) continue;
    const unsigned weight = std::max(field.weight, 1U);
    const unsigned mask = field.type == FieldType::kFlat ? kMetadataMask : field.mask;
    if (AnyValue(
            document.source, {.name = std::string(field.name)},
            [&](std::string_view, std::string_view value) { return visit(value, weight, mask); }))
      return true;
  }
  return false;
}

bool HasWord(const Document& document, bool metadata, const std::string& word) {
  return AnyRankedValue(document, metadata, [&](std::string_view value, unsigned, unsigned) {
    const std::vector<std::string> words = Words(value);
    return std::ranges::find(words, word) != words.end();
  });
}

std::optional<TermMatch> FindGraded(const TextTerm& term, const Document& document, bool metadata,
                                    Stemming stemming) {
  double counts[3] = {};
  unsigned mask = 0;
  AnyRankedValue(document, metadata, [&](std::string_view value, unsigned weight, unsigned field) {
    for (const std::string& word : Words(value))
      if (const auto tier = TierOf(word, term, stemming)) {
        counts[static_cast<std::size_t>(*tier)] += weight;
        mask |= field;
      }
    return false;
  });
  for (const Tier tier : {Tier::kWord, Tier::kPrefix, Tier::kPart})
    if (const double count = counts[static_cast<std::size_t>(tier)]; count > 0)
      return TermMatch{.tier = tier, .count = count, .mask = mask};
  return std::nullopt;
}

bool Occurs(const TextTerm& term, std::string_view value) {
  if (term.op == TextTerm::Op::kPhrase) {
    const std::vector<std::string> words = Words(value);
    return std::ranges::search(words, term.words).begin() != words.end();
  }
  if (!IsWordPart(term.text)) return Fold(value).find(term.text) != std::string::npos;
  return std::ranges::any_of(Words(value), [&](const std::string& word) {
    return word.find(term.text) != std::string::npos;
  });
}

}  // namespace

bool IsGraded(const TextTerm& term) {
  return term.op == TextTerm::Op::kWord && CountCharacters(term.text) >= kShortTerm &&
         IsWordPart(term.text);
}

std::vector<std::string> FrequencyWords(const TextTerm& term) {
  return term.op == TextTerm::Op::kPhrase ? term.words : Words(term.text);
}

std::optional<Tier> TierOf(std::string_view word, const TextTerm& term, Stemming stemming) {
  if (word.starts_with(term.text))
    return word.size() == term.text.size() ? Tier::kWord : Tier::kPrefix;
  if (stemming != Stemming::kNone && Stem(word, stemming) == Stem(term.text, stemming))
    return Tier::kPrefix;
  if (word.find(term.text) != std::string_view::npos) return Tier::kPart;
  return std::nullopt;
}

double Combine(double sum, std::size_t terms, unsigned common_mask) {
  return terms > 1 && common_mask != 0 ? sum * kOneFieldBonus : sum;
}

std::optional<TermMatch> FindTerm(const TextTerm& term, const Document& document, bool metadata,
                                  Stemming stemming) {
  if (IsGraded(term)) return FindGraded(term, document, metadata, stemming);
  if (!AnyRankedValue(document, metadata, [&](std::string_view value, unsigned, unsigned) {
        return Occurs(term, value);
      }))
    return std::nullopt;
  if (term.op == TextTerm::Op::kPhrase) return TermMatch{.tier = Tier::kWord};
  const std::vector<std::string> words = FrequencyWords(term);
  const bool whole = !words.empty() && std::ranges::all_of(words, [&](const std::string& word) {
    return HasWord(document, metadata, word);
  });
  return TermMatch{.tier = whole ? Tier::kWord : Tier::kPart};
}

Lengths LengthsOf(const Document& document) {
  std::uint64_t core = 0;
  std::uint64_t metadata = 0;
  AnyRankedValue(document, /*metadata=*/true,
                 [&](std::string_view value, unsigned weight, unsigned mask) {
                   const std::size_t words = Words(value).size();
                   (mask == kMetadataMask ? metadata : core) += words * weight;
                   return false;
                 });
  const auto narrowed = [](std::uint64_t length) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(length, std::numeric_limits<std::uint32_t>::max()));
  };
  return {.core = narrowed(core), .metadata = narrowed(metadata)};
}

}  // namespace vams::search
