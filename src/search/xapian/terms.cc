#include "search/xapian/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/encoding.h"
#include "base/hash.h"
#include "search/analyse.h"
#include "search/xapian/row.h"

namespace vams::search::xapian {
namespace {

constexpr std::size_t kMaxValueBytes = 130;
constexpr std::size_t kKeptValueBytes = 90;
constexpr std::size_t kMaxIdTermBytes = 180;
constexpr std::size_t kDigestBytes = 16;
// Ends the label; begins a value that is all there, or one that was cut.
constexpr char kLabelEnd = '\1';
constexpr char kWhole = '=';
constexpr char kCut = '~';
constexpr std::uint32_t kMaxPosition = (1U << 28U) - 1;
constexpr std::uint32_t kNear = 21;  // places behind the first that form 1 has room for
constexpr std::uint32_t kMaxSinglePosition = (1U << 24U) - 1;
constexpr std::uint32_t kMaxPairPosition = (1U << 12U) - 1;
// Three or four places of a field.
constexpr std::uint32_t kMaxFirst = 0xFF;
constexpr std::uint32_t kMaxStep = 0x3F;
constexpr std::size_t kMaxSteps = 3;
constexpr unsigned kStepBits = 6;
constexpr unsigned kFirstStep = 14;
constexpr unsigned kLastStep = 26;

// Short and fast; what is found by it alone is compared with the value itself.
std::string Digest16(std::string_view text) { return fmt::format("{:016x}", StableHash(text)); }

// Xapian's keys escape zeros and so have less room for them.
bool Fits(std::string_view text, std::size_t limit) {
  return text.size() <= limit && text.find('\0') == std::string_view::npos;
}
bool IsLabel(std::string_view text) {
  return Fits(text, kMaxLabelBytes) && text.find(kLabelEnd) == std::string_view::npos;
}

std::string FoldedValueTerm(unsigned place, std::string_view folded) {
  std::string term{kWholeValue, static_cast<char>('a' + place)};
  return term += Digest16(folded);
}

// A word of the document, in the text of all its folded values.
struct Word {
  std::uint32_t at, size;
  Occurrence::Place place;
};

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Most of the time of indexing that is not the library's is spent here: words are not copied before
// they become terms, and every member of the source is looked at once.
class Collector {
 public:
  explicit Collector(const Document& document) : document_(document) {}

  DocumentTerms Collect() {
    constexpr std::size_t kUsual = 64;
    out_.terms.reserve(kUsual);
    out_.terms.push_back({.name = IdTerm(document_.id)});
    for (const auto& member : document_.source) {
      const Field* field = FindField(member.key());
      if (field && field->type == FieldType::kFlat)
        AddFlat(field->name, member.value());
      else if (field && field->weight > 0)
        AddWords(*field, member.value());
      else
        AddOther(member.key(), field, member.value());
    }
    Group(core_, kCoreWord, out_.core_words);
    Group(metadata_, kMetadataWord, out_.metadata_words);
    std::ranges::sort(others_);
    others_.erase(std::ranges::unique(others_).begin(), others_.end());
    for (std::string& name : others_) out_.terms.push_back({.name = std::move(name)});
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    out_.lengths = {.core = static_cast<std::uint32_t>(std::min(core_length_, kMost)),
                    .metadata = static_cast<std::uint32_t>(std::min(metadata_length_, kMost))};
    return std::move(out_);
  }

 private:
  // Gives back the folded value, which is good until the next one is added.
  std::string_view AddValue(std::string_view value, unsigned field, std::uint32_t& next,
                            std::vector<Word>& words) {
    const auto at = static_cast<std::uint32_t>(folded_.size());
    AppendFolded(folded_, value);
    const std::size_t size = folded_.size() - at;
    // Other characters may take another number of bytes when they are folded.
    const bool in_place = IsAscii(value);
    ForEachWord(value, [&](std::size_t begin, std::size_t end) {
      Word word{.at = at + static_cast<std::uint32_t>(begin),
                .size = static_cast<std::uint32_t>(end - begin),
                .place = {field, std::min(next++, kMaxPosition)}};
      if (!in_place) {
        word.at = static_cast<std::uint32_t>(folded_.size());
        AppendFolded(folded_, value.substr(begin, end - begin));
        word.size = static_cast<std::uint32_t>(folded_.size()) - word.at;
      }
      // A longer one was cut in two, so that the dictionary does not tell what lies across.
      if (word.size + 8 > kMaxTokenBytes) out_.odd = true;
      words.push_back(word);
    });
    ++next;  // words of two values are no neighbours
    if (next >= kMaxPosition) out_.odd = true;
    return std::string_view(folded_).substr(at, size);
  }

  void AddWords(const Field& field, const boost::json::value& member) {
    const auto place = static_cast<unsigned>(std::countr_zero(field.mask));
    std::uint32_t next = 0;
    const std::size_t before = core_.size();
    AnyValue(member, field.type, [&](std::string_view, std::string_view value) {
      const std::string_view folded = AddValue(value, place, next, core_);
      out_.core_characters |= CharacterBits(folded);
      if (HasWholeValueTerms(field.name)) others_.push_back(FoldedValueTerm(place, folded));
      return false;
    });
    core_length_ += (core_.size() - before) * field.weight;
  }

  void AddFlat(std::string_view flat, const boost::json::value& member) {
    const auto place = static_cast<unsigned>(FlatPlace(flat));
    std::uint32_t next = 0;
    const std::size_t before = metadata_.size();
    AnyValue(member, FieldType::kFlat, [&](std::string_view key, std::string_view value) {
      out_.metadata_characters |= CharacterBits(AddValue(value, place, next, metadata_));
      if (!IsLabel(key)) {
        out_.odd = true;
        return false;
      }
      others_.push_back(FlatKeyTerm(flat, key));
      others_.push_back(ValueTerm(FlatLabel(flat, key), value));
      return false;
    });
    metadata_length_ += metadata_.size() - before;
  }

  // A field that words do not tell, and perhaps columns neither.
  void AddOther(std::string_view name, const Field* field, const boost::json::value& member) {
    if (!IsLabel(name)) {
      out_.odd = true;
      return;
    }
    if (!field) others_.push_back(DynamicPrefix(document_.kind) + std::string(name));
    if (field && (field->facet || NumberPlace(name) >= 0)) return;
    const std::string label = FieldLabel(name);
    AnyValue(member, FieldType::kText, [&](std::string_view, std::string_view value) {
      others_.push_back(ValueTerm(label, value));
      return false;
    });
  }

  std::string_view TextOf(const Word& word) const {
    return std::string_view(folded_).substr(word.at, word.size);
  }

  void Group(std::vector<Word>& words, char group, std::vector<std::string>& distinct) {
    std::ranges::sort(words, [&](const Word& a, const Word& b) {
      const int order = TextOf(a).compare(TextOf(b));
      return order != 0 ? order < 0 : a.place < b.place;
    });
    std::vector<Occurrence::Place> places;
    for (std::size_t i = 0; i < words.size();) {
      places.clear();
      const std::string_view text = TextOf(words[i]);
      for (; i < words.size() && TextOf(words[i]) == text; ++i) places.push_back(words[i].place);
      const Occurrence occurrence = Occurrence::Of(places, group);
      Term& term = out_.terms.emplace_back();
      term.name = WordTerm(group, text);
      term.count = occurrence.code();
      if (occurrence.HasPositions())
        for (const Occurrence::Place place : places) term.positions.push_back(PositionOf(place));
      distinct.emplace_back(text);
    }
  }

  const Document& document_;
  DocumentTerms out_;
  std::string folded_;  // all values, one behind the other
  std::vector<Word> core_, metadata_;
  std::uint64_t core_length_ = 0;
  std::uint64_t metadata_length_ = 0;
  std::vector<std::string> others_;  // terms that only say that the document has them
};

}  // namespace

std::string IdTerm(std::string_view id) {
  if (Fits(id, kMaxIdTermBytes)) return WordTerm(kIdPrefix, id);
  return kLongId + HexEncode(Sha256(id));
}

std::string FieldLabel(std::string_view field) { return WordTerm(kFieldValue, field) + kLabelEnd; }

std::string FlatLabel(std::string_view flat, std::string_view key) {
  return std::string{kFlatValue, flat.front()} + std::string(key) + kLabelEnd;
}

std::string FlatKeyPrefix(std::string_view flat) { return {kFlatKey, flat.front()}; }

std::string FlatKeyTerm(std::string_view flat, std::string_view key) {
  return FlatKeyPrefix(flat) + std::string(key);
}

std::string ValueTerm(const std::string& label, std::string_view value) {
  std::string term = label;
  if (Fits(value, kMaxValueBytes)) {
    term += kWhole;
    return term += value;
  }
  std::string kept(value.substr(0, kKeptValueBytes));
  std::ranges::replace(kept, '\0', '\2');
  term += kCut;
  term += kept;
  return term += Digest16(value);
}

TermValue ValueOfTerm(std::string_view term, std::size_t label_bytes) {
  term.remove_prefix(std::min(label_bytes, term.size()));
  if (term.empty()) return {.text = {}, .cut = true};
  const bool cut = term.front() == kCut;
  term.remove_prefix(1);
  if (cut) term.remove_suffix(std::min(kDigestBytes, term.size()));
  return {.text = term, .cut = cut};
}

std::vector<std::string> ValuePrefixes(const std::string& label, std::string_view head) {
  std::vector<std::string> prefixes;
  if (Fits(head, kMaxValueBytes)) prefixes.push_back(label + kWhole + std::string(head));
  std::string kept(head.substr(0, kKeptValueBytes));
  std::ranges::replace(kept, '\0', '\2');
  prefixes.push_back(label + kCut + kept);
  return prefixes;
}

std::string DynamicPrefix(Kind kind) { return {kDynamicField, kind == Kind::kAsset ? 'a' : 'f'}; }

bool HasWholeValueTerms(std::string_view field) {
  return field == "str_assetname" || field == "str_key";
}

std::string WholeValueTerm(std::string_view field, std::string_view value) {
  return FoldedValueTerm(static_cast<unsigned>(CorePlace(field)), Fold(value));
}

const std::array<std::uint8_t, 8> Occurrence::kWeights = [] {
  std::array<std::uint8_t, 8> made{};
  for (const Field& field : Fields())
    if (field.weight > 0)
      made.at(static_cast<std::size_t>(std::countr_zero(field.mask))) =
          static_cast<std::uint8_t>(field.weight);
  return made;
}();

int CorePlace(std::string_view field) {
  const Field* found = FindField(field);
  return found && found->weight > 0 ? std::countr_zero(found->mask) : -1;
}

int FlatPlace(std::string_view flat) { return flat == "AB_" ? 1 : 0; }

// The two low bits tell the form:
//   0  one place:            position << 5 | field << 2
//   1  places near the first: set of the 21 positions behind it << 11 | first << 5 | field << 2
//   2  two places:           first << 17 | second << 2, each field << 12 | position
//   3  three or four places of a field: bit 2, field << 3, first << 6, then three steps from one to
//      the next, 6 bits each, the last 0 if there are three
//   3  otherwise:            count << 11 | fields << 3
Occurrence Occurrence::Of(std::span<const Place> places, char group) {
  std::uint32_t mask = 0;
  std::uint64_t positions = 0;
  std::uint32_t first_position = kMaxPosition;
  std::uint32_t last = 0;
  std::uint64_t count = 0;
  for (const Place place : places) {
    mask |= 1U << place.field;
    if (place.position < kShortPositions) positions |= std::uint64_t{1} << place.position;
    first_position = std::min(first_position, place.position);
    last = std::max(last, place.position);
    count += WeightOf(place.field, group);
  }
  const Place first = places.front();
  if (places.size() == 1 && last <= kMaxSinglePosition)
    return Occurrence((first.position << 5U) | (first.field << 2U));
  if (std::has_single_bit(mask) && last < kShortPositions && last - first_position <= kNear)
    return OfPositions(first.field, positions);
  if (places.size() == 2 && last <= kMaxPairPosition) {
    const auto [a, b] = std::minmax(first, places.back());
    return Occurrence((((a.field << 12U) | a.position) << 17U) |
                      (((b.field << 12U) | b.position) << 2U) | 2U);
  }
  if (std::has_single_bit(mask))
    if (const auto few = OfFew(places)) return *few;
  const auto all = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, (1U << 21U) - 2));
  return Occurrence((all << 11U) | (mask << 3U) | 3U);
}

std::optional<Occurrence> Occurrence::OfFew(std::span<const Place> places) {
  if (places.size() < 3 || places.size() > kMaxSteps + 1) return std::nullopt;
  std::array<std::uint32_t, kMaxSteps + 1> positions{};
  std::ranges::transform(places, positions.begin(), &Place::position);
  const auto all = std::span(positions).first(places.size());
  std::ranges::sort(all);
  if (all.front() > kMaxFirst) return std::nullopt;
  std::uint32_t code = (all.front() << 6U) | (places.front().field << 3U) | kFew;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const std::uint32_t step = all[i] - all[i - 1];
    if (step == 0 || step > kMaxStep) return std::nullopt;
    code |= step << (kFirstStep + kStepBits * (i - 1));
  }
  return Occurrence(code);
}

Occurrence Occurrence::OfPositions(unsigned field, std::uint64_t positions) {
  const auto first = static_cast<std::uint32_t>(std::countr_zero(positions));
  const auto behind = static_cast<std::uint32_t>((positions >> first) >> 1U);
  return Occurrence((behind << 11U) | (first << 5U) | (field << 2U) | 1U);
}

std::uint32_t Occurrence::CountOfMany(char group) const {
  switch (code_ & 3U) {
    case 1:
      return WeightOf(code_ >> 2U, group) *
             (1U + static_cast<std::uint32_t>(std::popcount(code_ >> 11U)));
    case 2:
      return WeightOf(code_ >> 29U, group) + WeightOf(code_ >> 14U, group);
    default:
      if (!IsFew()) return code_ >> 11U;
      return WeightOf(code_ >> 3U, group) * ((code_ >> kLastStep) != 0 ? 4U : 3U);
  }
}

std::uint32_t Occurrence::FieldMaskOfMany() const {
  if ((code_ & 3U) == 2) return (1U << (code_ >> 29U)) | (1U << ((code_ >> 14U) & 7U));
  return IsFew() ? 1U << ((code_ >> 3U) & 7U) : (code_ >> 3U) & 0xFFU;
}

std::optional<Occurrence::Short> Occurrence::AsShort() const {
  const unsigned field = (code_ >> 2U) & 7U;
  const std::uint32_t rest = code_ >> 5U;
  if ((code_ & 3U) == 0 && rest < kShortPositions) return Short{field, std::uint64_t{1} << rest};
  if ((code_ & 3U) == 1)
    return Short{field, ((std::uint64_t{rest >> 6U} << 1U) | 1U) << (rest & 63U)};
  return std::nullopt;
}

Occurrence::Places Occurrence::AllPlaces() const {
  Places places;
  const unsigned field = (code_ >> 2U) & 7U;
  constexpr std::uint32_t kPosition = kMaxPairPosition;
  if ((code_ & 3U) == 0) {
    places.push_back({field, code_ >> 5U});
  } else if (const auto near = AsShort()) {
    for (std::uint64_t rest = near->positions; rest != 0; rest &= rest - 1)
      places.push_back({field, static_cast<std::uint32_t>(std::countr_zero(rest))});
  } else if ((code_ & 3U) == 2) {
    places.push_back({code_ >> 29U, (code_ >> 17U) & kPosition});
    places.push_back({(code_ >> 14U) & 7U, (code_ >> 2U) & kPosition});
  } else if (IsFew()) {
    const unsigned few_field = (code_ >> 3U) & 7U;
    std::uint32_t position = (code_ >> 6U) & kMaxFirst;
    places.push_back({few_field, position});
    for (unsigned i = 0; i < kMaxSteps; ++i) {
      const std::uint32_t step = (code_ >> (kFirstStep + kStepBits * i)) & kMaxStep;
      if (step != 0) places.push_back({few_field, position += step});
    }
  }
  return places;
}

DocumentTerms TermsOf(const Document& document) { return Collector(document).Collect(); }

}  // namespace vams::search::xapian
