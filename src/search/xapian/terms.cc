#include "search/xapian/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <set>

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

// Short and fast; what is found by it alone is compared with the value itself.
std::string Digest16(std::string_view text) { return fmt::format("{:016x}", StableHash(text)); }

// Xapian's keys escape zeros and so have less room for them.
bool Fits(std::string_view text, std::size_t limit) {
  return text.size() <= limit && text.find('\0') == std::string_view::npos;
}
bool IsLabel(std::string_view text) {
  return Fits(text, kMaxLabelBytes) && text.find(kLabelEnd) == std::string_view::npos;
}

struct Word {
  std::string text;
  Occurrence::Place place;
};

class Collector {
 public:
  explicit Collector(const Document& document) : document_(document) {}

  DocumentTerms Collect() {
    out_.terms.push_back({.name = IdTerm(document_.id)});
    AddWords();
    AddFlats();
    AddOthers();
    Group(core_, kCoreWord, out_.core_words);
    Group(metadata_, kMetadataWord, out_.metadata_words);
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    out_.lengths = {.core = static_cast<std::uint32_t>(std::min(core_length_, kMost)),
                    .metadata = static_cast<std::uint32_t>(std::min(metadata_length_, kMost))};
    return std::move(out_);
  }

 private:
  // Gives back the number of words.
  std::uint64_t AddValue(std::string_view value, unsigned field, std::uint32_t& next,
                         std::vector<Word>& words) {
    const std::size_t before = words.size();
    for (Token& token : Analyse(value)) {
      // A longer one was cut in two, so that the dictionary does not tell what lies across.
      if (token.text.size() + 8 > kMaxTokenBytes) out_.odd = true;
      words.push_back({std::move(token.text), {field, std::min(next++, kMaxPosition)}});
    }
    ++next;  // words of two values are no neighbours
    if (next >= kMaxPosition) out_.odd = true;
    return words.size() - before;
  }

  void AddWords() {
    for (const Field& field : Fields()) {
      if (field.weight == 0 || field.type == FieldType::kFlat) continue;
      const auto place = static_cast<unsigned>(std::countr_zero(field.mask));
      std::uint32_t next = 0;
      AnyValue(document_.source, {.name = std::string(field.name)},
               [&](std::string_view, std::string_view value) {
                 core_length_ += AddValue(value, place, next, core_) * field.weight;
                 out_.core_characters |= CharacterBits(Fold(value));
                 if (HasWholeValueTerms(field.name)) AddOnce(WholeValueTerm(field.name, value));
                 return false;
               });
    }
  }

  void AddFlats() {
    for (const std::string_view flat : {"MD_", "AB_"}) {
      std::uint32_t next = 0;
      AnyValue(document_.source, {.name = std::string(flat)},
               [&](std::string_view key, std::string_view value) {
                 metadata_length_ +=
                     AddValue(value, static_cast<unsigned>(FlatPlace(flat)), next, metadata_);
                 out_.metadata_characters |= CharacterBits(Fold(value));
                 if (!IsLabel(key)) {
                   out_.odd = true;
                   return false;
                 }
                 AddOnce(FlatKeyTerm(flat, key));
                 AddOnce(ValueTerm(FlatLabel(flat, key), value));
                 return false;
               });
    }
  }

  // Fields that neither words nor columns tell.
  void AddOthers() {
    for (const auto& member : document_.source) {
      const std::string_view name = member.key();
      const Field* field = FindField(name);
      if (!IsLabel(name)) {
        out_.odd = true;
        continue;
      }
      if (!field) AddOnce(DynamicPrefix(document_.kind) + std::string(name));
      if (field && (field->type == FieldType::kFlat || field->facet || NumberPlace(name) >= 0 ||
                    field->weight > 0))
        continue;
      const std::string label = FieldLabel(name);
      AnyValue(document_.source, {.name = std::string(name)},
               [&](std::string_view, std::string_view value) {
                 AddOnce(ValueTerm(label, value));
                 return false;
               });
    }
  }

  void AddOnce(std::string name) {
    if (once_.insert(name).second) out_.terms.push_back({.name = std::move(name)});
  }

  void Group(std::vector<Word>& words, char group, std::vector<std::string>& distinct) {
    std::ranges::stable_sort(words, {}, &Word::text);
    for (std::size_t i = 0; i < words.size();) {
      std::vector<Occurrence::Place> places;
      const std::size_t first = i;
      for (; i < words.size() && words[i].text == words[first].text; ++i)
        places.push_back(words[i].place);
      const Occurrence occurrence = Occurrence::Of(places, group);
      Term term{.name = WordTerm(group, words[first].text), .count = occurrence.code()};
      if (occurrence.HasPositions())
        for (const Occurrence::Place place : places) term.positions.push_back(PositionOf(place));
      out_.terms.push_back(std::move(term));
      distinct.push_back(std::move(words[first].text));
    }
  }

  const Document& document_;
  DocumentTerms out_;
  std::vector<Word> core_, metadata_;
  std::uint64_t core_length_ = 0;
  std::uint64_t metadata_length_ = 0;
  std::set<std::string> once_;
};

// The weights of fields by their place, made before anything can ask.
const std::array<std::uint8_t, 32> kWeights = [] {
  std::array<std::uint8_t, 32> made{};
  for (const Field& field : Fields())
    if (field.weight > 0)
      made[static_cast<std::size_t>(std::countr_zero(field.mask))] =
          static_cast<std::uint8_t>(field.weight);
  return made;
}();

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
  std::string term{kWholeValue, static_cast<char>('a' + CorePlace(field))};
  return term += Digest16(Fold(value));
}

int CorePlace(std::string_view field) {
  const Field* found = FindField(field);
  return found && found->weight > 0 ? std::countr_zero(found->mask) : -1;
}

int FlatPlace(std::string_view flat) { return flat == "AB_" ? 1 : 0; }

// The two low bits tell the form:
//   0  one place:            position << 5 | field << 2
//   1  places near the first: set of the 21 positions behind it << 11 | first << 5 | field << 2
//   2  two places:           first << 17 | second << 2, each field << 12 | position
//   3  otherwise:            count << 10 | fields << 2
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
    count += group == kCoreWord ? kWeights[place.field] : 1U;
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
  const auto all = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, (1U << 22U) - 2));
  return Occurrence((all << 10U) | (mask << 2U) | 3U);
}

Occurrence Occurrence::OfPositions(unsigned field, std::uint64_t positions) {
  const auto first = static_cast<std::uint32_t>(std::countr_zero(positions));
  const auto behind = static_cast<std::uint32_t>((positions >> first) >> 1U);
  return Occurrence((behind << 11U) | (first << 5U) | (field << 2U) | 1U);
}

std::uint32_t Occurrence::Count(char group) const {
  const auto weight = [&](std::uint32_t field) -> std::uint32_t {
    return group == kCoreWord ? kWeights[field & 7U] : 1U;
  };
  switch (code_ & 3U) {
    case 0:
      return weight(code_ >> 2U);
    case 1:
      return weight(code_ >> 2U) * (1U + static_cast<std::uint32_t>(std::popcount(code_ >> 11U)));
    case 2:
      return weight(code_ >> 29U) + weight(code_ >> 14U);
    default:
      return code_ >> 10U;
  }
}

std::uint32_t Occurrence::FieldMask() const {
  switch (code_ & 3U) {
    case 2:
      return (1U << (code_ >> 29U)) | (1U << ((code_ >> 14U) & 7U));
    case 3:
      return (code_ >> 2U) & 0xFFU;
    default:
      return 1U << ((code_ >> 2U) & 7U);
  }
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
  }
  return places;
}

DocumentTerms TermsOf(const Document& document) { return Collector(document).Collect(); }

}  // namespace vams::search::xapian
