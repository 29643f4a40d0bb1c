// The ranked text of a search: which documents have all of its terms, and their scores, from
// posting lists, the dictionary of words and the columns of lengths.
//
// Thread rule: belongs to one search.  May block on disk; throws Xapian's exceptions.
// Spec: ranking.h, text_query.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "search/ranking.h"
#include "search/xapian/word_sets.h"

namespace vams::search::xapian {

class TextPass {
 public:
  TextPass(OpContext& op, const Store::View& view, const TextQuery& query)
      : op_(op), view_(view), query_(query) {}

  // The documents of `base` that have all terms, or may have.  Scores are of these alone.
  Result<Found> Find(const Bits& base);

  double ScoreOf(DocId doc, const Chunk& chunk) const;
  // Whether the score may be `least` or more; says no only if it is certain.
  bool MayReach(DocId doc, const Chunk& chunk, double least) const;

 private:
  // How a term occurs in a document: 2 bits tier + 1, 9 bits fields, 21 bits count.
  using Hit = std::uint32_t;

  struct Word {
    char group;
    std::string text;
    Tier tier;
  };
  struct Term {
    const TextTerm* term = nullptr;
    bool graded = false;
    double idf = 0;
    std::vector<Word> words;     // graded
    std::uint64_t postings = 0;  // of all of them
    std::vector<Hit> hits;       // graded: by document, or by its place in rank_
    bool ranked = false;         // by place
    Bits whole;                  // not graded: documents with all of its words as whole words
  };

  // Place of a document among those that were left when the rank was made.
  class Rank {
   public:
    explicit Rank(const Bits& bits);
    std::uint32_t operator()(DocId doc) const;
    std::size_t size() const { return size_; }

   private:
    Bits bits_;
    std::vector<std::uint32_t> before_;  // by word of the set
    std::size_t size_ = 0;
  };

  void Prepare();
  double IdfOf(const TextTerm& term) const;
  void CollectWords(Term& term) const;
  Found FindUngraded(Term& term, const Bits& base) const;
  Found FindLiteral(const TextTerm& term, const WordSets& sets) const;
  Bits WithWholeWords(const TextTerm& term, const WordSets& sets) const;
  // Those of `base` that have the term are set in `having`.
  void AddHits(Term& term, const Bits& base, Bits& having) const;
  static void Update(Hit& hit, Tier tier, std::uint32_t count, std::uint32_t fields);
  double Length(const Chunk& chunk, std::size_t i) const {
    return chunk.core_length[i] + (query_.metadata ? chunk.metadata_length[i] : 0.0);
  }
  TermMatch MatchOf(const Term& term, DocId doc) const;

  OpContext& op_;
  const Store::View& view_;
  const TextQuery& query_;
  std::vector<Term> terms_;
  std::unique_ptr<Rank> rank_;
  double mean_ = 1;
  double norm_base_ = 0;  // TermScore's norm is base + slope * length
  double norm_slope_ = 0;
};

}  // namespace vams::search::xapian
