#include "search/xapian/text_pass.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "search/analyse.h"

namespace vams::search::xapian {
namespace {

constexpr std::uint32_t kFlats = 3;  // MD_ and AB_
constexpr std::uint32_t kMaxCount = (1U << 21U) - 1;
constexpr unsigned kTierShift = 30;
constexpr unsigned kFieldShift = 21;
constexpr std::uint32_t kMetadataField = 1U << 8U;
// A list this many times longer than what is left is probed rather than walked.
constexpr std::uint64_t kProbe = 24;

}  // namespace

TextPass::Rank::Rank(const Bits& bits) : bits_(bits) {
  std::uint32_t count = 0;
  for (const std::uint64_t word : bits_.words()) {
    before_.push_back(count);
    count += static_cast<std::uint32_t>(std::popcount(word));
  }
  size_ = count;
}

std::uint32_t TextPass::Rank::operator()(DocId doc) const {
  const std::uint64_t below = bits_.words()[doc >> 6U] & ((std::uint64_t{1} << (doc & 63U)) - 1);
  return before_[doc >> 6U] + static_cast<std::uint32_t>(std::popcount(below));
}

// ---- Before the pass
// ---------------------------------------------------------------------------------------

double TextPass::IdfOf(const TextTerm& term) const {
  std::optional<std::uint64_t> least;
  for (const std::string& word : FrequencyWords(term)) {
    std::uint64_t frequency = 0;
    if (word.size() <= kMaxTokenBytes) {
      frequency = view_.reader.Frequency(WordTerm(kCoreWord, word));
      if (query_.metadata) frequency += view_.reader.Frequency(WordTerm(kMetadataWord, word));
    }
    least = std::min(least.value_or(frequency), frequency);
  }
  return Idf(view_.snapshot.columns.collection.documents, least.value_or(0));
}

void TextPass::CollectWords(Term& term) const {
  const TextTerm& text = *term.term;
  for (const char group : {kCoreWord, kMetadataWord}) {
    if (group == kMetadataWord && !query_.metadata) continue;
    const Dictionary& words =
        group == kCoreWord ? view_.snapshot.core_words : view_.snapshot.metadata_words;
    const auto add = [&](std::string_view word) {
      if (const auto tier = TierOf(word, text, query_.stemming)) {
        term.words.push_back({group, std::string(word), *tier});
        // Of use only for telling terms apart.
        if (query_.terms.size() > 1) term.postings += view_.reader.Frequency(WordTerm(group, word));
      }
      return true;
    };
    words.ForEachWith(text.text, add);
    if (query_.stemming == Stemming::kNone) continue;
    // Words of one stem begin alike; its last letter may be put on, or changed from y.
    const std::string stem = Stem(text.text, query_.stemming);
    words.ForEachWithPrefix(
        std::string_view(stem).substr(0, std::max<std::size_t>(stem.size(), 2) - 1),
        [&](std::string_view word) {
          return word.find(text.text) != std::string_view::npos || add(word);
        });
  }
}

void TextPass::Prepare() {
  mean_ = MeanLength(view_.snapshot.columns.collection, query_.metadata);
  norm_base_ = kSaturation * (1 - kLengthWeight);
  norm_slope_ = kSaturation * kLengthWeight / mean_;
  terms_.clear();
  for (const TextTerm& text : query_.terms) {
    Term& term = terms_.emplace_back();
    term.term = &text;
    term.graded = IsGraded(text);
    term.idf = IdfOf(text);
    if (term.graded) CollectWords(term);
  }
}

// ---- Terms that are not graded
// ---------------------------------------------------------------------------------------

Bits TextPass::WithWholeWords(const TextTerm& term, const WordSets& sets) const {
  const std::vector<std::string> words = FrequencyWords(term);
  if (words.empty()) return Bits(sets.size());
  Bits all = sets.base();
  for (const std::string& word : words) {
    Bits one(sets.size());
    sets.AddWord(kCoreWord, word, kEveryField, one);
    if (query_.metadata) sets.AddWord(kMetadataWord, word, kFlats, one);
    all &= one;
  }
  return all;
}

// Text with separators: what its words leave is compared with the values themselves.
Found TextPass::FindLiteral(const TextTerm& term, const WordSets& sets) const {
  const Columns& columns = view_.snapshot.columns;
  Found found = Found::None(sets.size());
  Bits odd = columns.odd;
  odd &= sets.base();
  Bits core = sets.WithLiteral(kCoreWord, term.text, kEveryField, false, false);
  core |= odd;
  Bits metadata = query_.metadata ? sets.WithLiteral(kMetadataWord, term.text, kFlats, false, false)
                                  : Bits(sets.size());
  if (query_.metadata) metadata |= odd;
  std::string folded;
  const auto holds = [&](std::string_view value) {
    folded.clear();
    AppendFolded(folded, value);
    return folded.find(term.text) != std::string::npos;
  };
  for (std::size_t s = 0; s < kSetCount; ++s) {
    if (FieldPlan::Get().sets[s]->weight == 0) continue;
    const Values& values = columns.interned().sets[s];
    std::vector<bool> fits(columns.set_count(s));
    for (std::uint32_t i = 0; i < fits.size(); ++i)
      fits[i] = std::ranges::any_of(values.set(i), [&](auto v) { return holds(values.value(v)); });
    core.ForEach([&](DocId doc) {
      if (fits[columns.chunk_of(doc).sets[s][doc % kChunkDocuments]]) found.sure.Set(doc);
    });
  }
  core -= found.sure;
  view_.reader.ForEachValueOf(kTextsSlot, core, [&](DocId doc, const std::string& bytes) {
    const auto texts = ViewTexts(bytes);
    for (std::size_t i = 0; texts && i < kTextCount; ++i) {
      const auto& ends = (*texts)[i];
      if (!ends || FieldPlan::Get().texts[i]->weight == 0) continue;
      if (ends->cut || !ends->single) found.maybe.Set(doc);
      if (!holds(ends->least) && (!ends->two() || !holds(ends->greatest))) continue;
      // The end of a text that was cut may hold half a character.
      if (!ends->cut) found.sure.Set(doc);
      found.maybe.Set(doc);
    }
    if (!texts) found.maybe.Set(doc);
  });
  found.maybe |= metadata;
  found.maybe -= found.sure;
  return found;
}

Found TextPass::FindUngraded(Term& term, const Bits& base) const {
  const WordSets sets(view_, base);
  const TextTerm& text = *term.term;
  Found found = Found::None(base.size());
  if (text.op == TextTerm::Op::kPhrase) {
    found.sure = sets.WithPhrase(kCoreWord, text.words, kEveryField);
    if (query_.metadata) found.sure |= sets.WithPhrase(kMetadataWord, text.words, kFlats);
    return found;
  }
  term.whole = WithWholeWords(text, sets);
  const std::uint64_t characters = CharacterBits(text.text);
  if (text.text.size() == 1 && characters != 0 && characters != kOtherCharacters) {
    found.sure = sets.WithCharacters(kCoreWord, characters);
    if (query_.metadata) found.sure |= sets.WithCharacters(kMetadataWord, characters);
  } else if (IsWordPart(text.text)) {
    found.sure =
        *view_.shorts.Of(text, query_.metadata, view_.snapshot, view_.reader, view_.changes, [&] {
          const WordSets all(view_, view_.snapshot.columns.live);
          Bits with(all.size());
          all.AddWordsWith(kCoreWord, text.text, kEveryField, with);
          if (query_.metadata) all.AddWordsWith(kMetadataWord, text.text, kFlats, with);
          return with;
        });
    found.sure &= base;
  } else {
    found = FindLiteral(text, sets);
  }
  return found;
}

// ---- Graded terms
// ---------------------------------------------------------------------------------------

inline void TextPass::Update(Hit& hit, Tier tier, std::uint32_t count, std::uint32_t fields) {
  const std::uint32_t level = static_cast<std::uint32_t>(tier) + 1;
  const std::uint32_t before = hit >> kTierShift;
  const std::uint32_t more = std::min(count, kMaxCount);
  if (hit == 0) {
    hit = (level << kTierShift) | (fields << kFieldShift) | more;
    return;
  }
  const std::uint32_t all = (hit & (0x1FFU << kFieldShift)) | (fields << kFieldShift);
  std::uint32_t sum = hit & kMaxCount;
  if (level > before)
    sum = more;
  else if (level == before)
    sum = std::min(sum + more, kMaxCount);
  hit = (std::max(level, before) << kTierShift) | all | sum;
}

void TextPass::AddHits(Term& term, const Bits& base, Bits& having) const {
  const Rank* rank = rank_.get();
  term.ranked = rank != nullptr;
  term.hits.assign(rank ? rank->size() : base.size(), 0);
  const std::uint64_t left = base.Count();
  const bool few_words = term.words.size() < 8;
  for (const Word& word : term.words) {
    const bool core = word.group == kCoreWord;
    const auto add = [&](Posting posting) {
      const Occurrence occurrence(posting.count);
      having.Set(posting.doc);
      Update(term.hits[rank ? (*rank)(posting.doc) : posting.doc], word.tier,
             occurrence.Count(word.group), core ? occurrence.FieldMask() : kMetadataField);
    };
    const std::string name = WordTerm(word.group, word.text);
    if (few_words && left * kProbe < view_.reader.Frequency(name)) {
      PostingRun run = view_.reader.Postings(name);
      base.ForEach([&](DocId doc) {
        const auto posting = run.SkipTo(doc);
        if (posting && posting->doc == doc) add(*posting);
      });
    } else {
      ForEachPosting(view_.reader, *view_.snapshot.hot, name, [&](Posting posting) {
        if (base.Get(posting.doc)) add(posting);
      });
    }
  }
}

Result<Found> TextPass::Find(const Bits& base) {
  Prepare();
  Found found = Found::None(base.size());
  found.sure = base;
  for (Term& term : terms_) {
    if (term.graded) continue;
    TRY_OK(op_.Check());
    const Bits left = found.Possible();
    found.Restrict(FindUngraded(term, left));
  }
  std::vector<Term*> graded;
  for (Term& term : terms_)
    if (term.graded) graded.push_back(&term);
  std::ranges::stable_sort(graded, {}, &Term::postings);
  for (std::size_t i = 0; i < graded.size(); ++i) {
    TRY_OK(op_.Check());
    Term& term = *graded[i];
    const Bits left = found.Possible();
    Found having = Found::None(base.size());
    AddHits(term, left, having.sure);
    found.Restrict(having);
    if (i > 0 || graded.size() == 1) continue;
    // The others need room only for what the rarest left.
    rank_ = std::make_unique<Rank>(found.Possible());
    std::vector<Hit> kept(rank_->size());
    found.Possible().ForEach([&](DocId doc) { kept[(*rank_)(doc)] = term.hits[doc]; });
    term.hits = std::move(kept);
    term.ranked = true;
  }
  return found;
}

// ---- Scores
// ---------------------------------------------------------------------------------------

TermMatch TextPass::MatchOf(const Term& term, DocId doc) const {
  if (term.term->op == TextTerm::Op::kPhrase) return {.tier = Tier::kWord};
  if (!term.graded) return {.tier = term.whole.Get(doc) ? Tier::kWord : Tier::kPart};
  const Hit hit = term.hits[term.ranked ? (*rank_)(doc) : doc];
  const std::uint32_t fields = (hit >> kFieldShift) & 0x1FFU;
  return {.tier = static_cast<Tier>((hit >> kTierShift) - 1),
          .count = static_cast<double>(hit & kMaxCount),
          .mask = (fields & 0xFFU) | ((fields & kMetadataField) != 0 ? kMetadataMask : 0U)};
}

double TextPass::ScoreOf(DocId doc, const Chunk& chunk) const {
  const double length = Length(chunk, doc % kChunkDocuments);
  double sum = 0;
  unsigned common = ~0U;
  for (const Term& term : terms_) {
    const TermMatch match = MatchOf(term, doc);
    sum += TermScore(match.tier, term.idf, match.count, length, mean_);
    common &= match.mask;
  }
  return Combine(sum, terms_.size(), common);
}

bool TextPass::MayReach(DocId doc, const Chunk& chunk, double least) const {
  if (terms_.size() != 1 || !terms_.front().graded) return true;
  const Term& term = terms_.front();
  const Hit hit = term.hits[doc];
  // idf * (tier + c / (c + norm)) >= least, without a division for each document; a hair of room
  // for rounding.
  const double missing =
      least * (1 - 1e-9) - term.idf * static_cast<double>((hit >> kTierShift) - 1);
  if (missing <= 0) return true;
  const double count = hit & kMaxCount;
  const double norm = norm_base_ + norm_slope_ * Length(chunk, doc % kChunkDocuments);
  return missing * (count + norm) <= term.idf * count;
}

}  // namespace vams::search::xapian
