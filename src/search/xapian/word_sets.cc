#include "search/xapian/word_sets.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "search/analyse.h"

namespace vams::search::xapian {
namespace {

// A part of a text that lies within one word of whatever value holds the text.
struct Piece {
  std::string_view text;
  bool starts = false;  // the word begins with it
  bool ends = false;

  bool whole() const { return starts && ends; }
};

bool IsPieceCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// ASCII characters that end a word whatever stands around them (analyse.cc).
bool EndsWords(char c) {
  return static_cast<unsigned char>(c) < 0x80 && !IsPieceCharacter(c) &&
         std::string_view(".',;").find(c) == std::string_view::npos && !(c >= 'A' && c <= 'Z');
}

std::vector<Piece> PiecesOf(std::string_view folded, bool at_start, bool at_end) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < folded.size();) {
    if (!IsPieceCharacter(folded[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < folded.size() && IsPieceCharacter(folded[i])) ++i;
    const std::string_view text = folded.substr(begin, i - begin);
    if (text.find_first_not_of('_') == std::string_view::npos) continue;
    pieces.push_back({.text = text,
                      .starts = begin == 0 ? at_start : EndsWords(folded[begin - 1]),
                      .ends = i == folded.size() ? at_end : EndsWords(folded[i])});
  }
  return pieces;
}

// ---- Phrases, from how their words occur
// ---------------------------------------------------------------------------------------

// A document's state while the words of a phrase are gone through: nothing, the occurrence of the
// last word behind the words before, or that positions must be looked up.
constexpr std::uint32_t kNo = 0;
constexpr std::uint32_t kLookUp = ~std::uint32_t{0};

std::uint32_t StateOf(Occurrence occurrence) { return occurrence.code() + 1; }

std::uint32_t Follow(std::uint32_t before, Occurrence now, std::uint32_t fields) {
  if ((now.FieldMask() & fields) == 0) return kNo;
  if (before == kLookUp) return kLookUp;
  const Occurrence last(before - 1);
  if ((last.FieldMask() & now.FieldMask() & fields) == 0) return kNo;
  if (last.HasPositions() || now.HasPositions()) return kLookUp;
  const auto from = last.AsShort();
  const auto to = now.AsShort();
  if (from && to) {
    const std::uint64_t both = (from->positions << 1U) & to->positions;
    return both != 0 ? StateOf(Occurrence::OfPositions(to->field, both)) : kNo;
  }
  const Occurrence::Places before_places = last.AllPlaces();
  Occurrence::Places behind;
  for (const Occurrence::Place place : now.AllPlaces())
    if (((fields >> place.field) & 1U) != 0 && place.position > 0 &&
        std::ranges::binary_search(before_places,
                                   Occurrence::Place{place.field, place.position - 1}))
      behind.push_back(place);
  return behind.empty() ? kNo : StateOf(Occurrence::Of(behind, kCoreWord));
}

}  // namespace

void Found::Restrict(const Found& other) {
  Bits possible = Possible();
  possible &= other.Possible();
  sure &= other.sure;
  maybe = std::move(possible);
  maybe -= sure;
}

void WordSets::AddTerm(const std::string& term, Bits& out) const {
  ForEachPosting(view_.reader, *view_.snapshot.hot, term, [&](Posting posting) {
    if (base_.Get(posting.doc)) out.Set(posting.doc);
  });
}

void WordSets::AddWord(char group, std::string_view word, std::uint32_t fields, Bits& out) const {
  if (word.empty() || word.size() > kMaxTokenBytes) return;
  ForEachPosting(view_.reader, *view_.snapshot.hot, WordTerm(group, word), [&](Posting posting) {
    if (base_.Get(posting.doc) && (Occurrence(posting.count).FieldMask() & fields) != 0)
      out.Set(posting.doc);
  });
}

void WordSets::AddWordsWith(char group, std::string_view part, std::uint32_t fields,
                            Bits& out) const {
  Words(group).ForEachWith(part, [&](std::string_view word) {
    AddWord(group, word, fields, out);
    return true;
  });
}

Bits WordSets::WithAll(char group, const std::vector<std::string>& words,
                       std::uint32_t fields) const {
  Bits all = base_;
  for (const std::string& word : words) {
    Bits one(size());
    AddWord(group, word, fields, one);
    all &= one;
  }
  return all;
}

void WordSets::AddWithPositions(const Bits& documents, const std::vector<std::string>& terms,
                                std::uint32_t fields, Bits& out) const {
  std::vector<DocId> docs;
  documents.ForEach([&](DocId doc) { docs.push_back(doc); });
  std::vector<std::vector<std::uint32_t>> ends(docs.size());  // where the words so far end
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::vector<std::vector<std::uint32_t>> next(docs.size());
    auto at = docs.begin();
    ForEachPosting(view_.reader, *view_.snapshot.hot, terms[i], [&](Posting posting) {
      if (!documents.Get(posting.doc)) return;
      at = std::lower_bound(at, docs.end(), posting.doc);
      const auto place = static_cast<std::size_t>(at - docs.begin());
      if (i > 0 && ends[place].empty()) return;
      const Occurrence occurrence(posting.count);
      std::vector<std::uint32_t> here;
      if (occurrence.HasPositions()) {
        here = view_.reader.Positions(posting.doc, terms[i]);
      } else {
        for (const Occurrence::Place one : occurrence.AllPlaces()) here.push_back(PositionOf(one));
      }
      std::erase_if(here, [&](std::uint32_t position) {
        return ((fields >> (position >> 28U)) & 1U) == 0 ||
               (i > 0 && !std::ranges::binary_search(ends[place], position - 1));
      });
      next[place] = std::move(here);
    });
    ends.swap(next);
  }
  for (std::size_t place = 0; place < docs.size(); ++place)
    if (!ends[place].empty()) out.Set(docs[place]);
}

Bits WordSets::WithPhrase(char group, const std::vector<std::string>& words,
                          std::uint32_t fields) const {
  Bits out(size());
  if (words.empty() || std::ranges::any_of(words, [](const std::string& word) {
        return word.empty() || word.size() > kMaxTokenBytes;
      }))
    return out;
  std::vector<std::string> terms;
  for (const std::string& word : words) terms.push_back(WordTerm(group, word));
  std::vector<std::uint32_t> state(size(), kNo);
  ForEachPosting(view_.reader, *view_.snapshot.hot, terms.front(), [&](Posting posting) {
    if (!base_.Get(posting.doc)) return;
    const Occurrence occurrence(posting.count);
    if ((occurrence.FieldMask() & fields) == 0) return;
    state[posting.doc] = occurrence.HasPositions() ? kLookUp : StateOf(occurrence);
  });
  for (std::size_t i = 1; i < terms.size(); ++i) {
    std::vector<std::uint32_t> next(size(), kNo);
    ForEachPosting(view_.reader, *view_.snapshot.hot, terms[i], [&](Posting posting) {
      if (posting.doc >= state.size() || state[posting.doc] == kNo) return;
      next[posting.doc] = Follow(state[posting.doc], Occurrence(posting.count), fields);
    });
    state.swap(next);
  }
  Bits open(size());
  for (std::size_t doc = 0; doc < state.size(); ++doc) {
    if (state[doc] == kNo) continue;
    (state[doc] == kLookUp ? open : out).Set(doc);
  }
  if (open.Any()) AddWithPositions(open, terms, fields, out);
  return out;
}

Bits WordSets::WithCharacters(char group, std::uint64_t characters) const {
  Bits out(size());
  const Columns& all = columns();
  base_.ForEach([&](DocId doc) {
    const Chunk& chunk = all.chunk_of(doc);
    const std::size_t i = doc % kChunkDocuments;
    const std::uint64_t has =
        group == kCoreWord ? chunk.core_characters[i] : chunk.metadata_characters[i];
    if ((has & characters) == characters) out.Set(doc);
  });
  return out;
}

void WordSets::KeepThoseWithWordsFrom(char group, std::string_view head, std::uint32_t fields,
                                      Bits& documents) const {
  // A list that is found costs as much as some documents that are looked at.
  constexpr std::size_t kDocumentsPerList = 8;
  const std::size_t most = documents.Count() / kDocumentsPerList;
  std::vector<std::string> words;
  Words(group).ForEachWithPrefix(head, [&](std::string_view word) {
    words.emplace_back(word);
    return words.size() <= most;
  });
  if (words.size() > most) return;
  Bits has(size());
  for (const std::string& word : words) AddWord(group, word, fields, has);
  documents &= has;
}

Bits WordSets::WithLiteral(char group, std::string_view text, std::uint32_t fields, bool at_start,
                           bool at_end) const {
  const std::string folded = Fold(text);
  Bits out = WithCharacters(group, CharacterBits(folded));
  std::vector<Piece> pieces = PiecesOf(folded, at_start, at_end);
  // The longest say the most; short ones are in too many words to be worth their lists.
  std::ranges::stable_sort(pieces, std::greater(), [](const Piece& p) { return p.text.size(); });
  std::size_t used = 0;
  for (const Piece& piece : pieces) {
    if (piece.text.size() > kMaxTokenBytes) return Bits(size());
    if (!piece.whole() && piece.text.size() < 3) {
      if (piece.starts) KeepThoseWithWordsFrom(group, piece.text, fields, out);
      continue;
    }
    if (++used > 3) break;
    Bits has(size());
    if (piece.whole())
      AddWord(group, piece.text, fields, has);
    else
      Words(group).ForEachWith(piece.text, [&](std::string_view word) {
        if ((!piece.starts || word.starts_with(piece.text)) &&
            (!piece.ends || word.ends_with(piece.text)))
          AddWord(group, word, fields, has);
        return true;
      });
    out &= has;
  }
  return out;
}

}  // namespace vams::search::xapian
