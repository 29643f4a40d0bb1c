// The terms that a document is found by, and what their counts hold.  Format:
// docs/formats/search-xapian.md.
//
// Thread rule: values and pure functions.  Nothing blocks.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/document.h"
#include "search/ranking.h"

namespace vams::search::xapian {

// ---- Names
// ---------------------------------------------------------------------------------------

inline constexpr char kCoreWord = 'C';      // a word of a field with a weight
inline constexpr char kMetadataWord = 'M';  // a word of a flat object's values
inline constexpr char kIdPrefix = 'Q';
inline constexpr char kLongId = 'R';        // by digest: terms are short
inline constexpr char kFieldValue = 'X';    // field, value: other top-level fields
inline constexpr char kFlatValue = 'F';     // flat object, key, value
inline constexpr char kFlatKey = 'E';       // flat object, key
inline constexpr char kDynamicField = 'D';  // kind, field that the table does not have
inline constexpr char kWholeValue = 'H';    // digest of a whole folded value

inline std::string WordTerm(char group, std::string_view word) {
  std::string term(1, group);
  return term += word;
}
std::string IdTerm(std::string_view id);

// What all values of a field, or of a flat object's key, begin with.
std::string FieldLabel(std::string_view field);
std::string FlatLabel(std::string_view flat, std::string_view key);
std::string FlatKeyTerm(std::string_view flat, std::string_view key);
std::string FlatKeyPrefix(std::string_view flat);
// Names beyond this have no terms; their documents are odd (row.h).
inline constexpr std::size_t kMaxLabelBytes = 80;

// label + value; a long value is cut, and a digest put in its place.
std::string ValueTerm(const std::string& label, std::string_view value);
// The value that is part of the term behind the label; for a long one its beginning.
struct TermValue {
  std::string_view text;
  bool cut = false;
};
TermValue ValueOfTerm(std::string_view term, std::size_t label_bytes);

// What the terms of all values that begin with `head` begin with: whole ones, and long ones.
std::vector<std::string> ValuePrefixes(const std::string& label, std::string_view head);

std::string DynamicPrefix(Kind kind);
// Fields whose whole values have terms of their own, by digest: names and keys, which clients ask
// for by whole value.
bool HasWholeValueTerms(std::string_view field);
std::string WholeValueTerm(std::string_view field, std::string_view value);

// ---- Occurrences
// ---------------------------------------------------------------------------------------

// The fields that words are looked for in, by their bit in Field::mask; of flat objects MD_ is 0,
// AB_ is 1.
int CorePlace(std::string_view field);  // -1: has no weight
int FlatPlace(std::string_view flat);

// How a word occurs in one document, in 32 bits: what ranking, field conditions and most phrases
// need comes with the posting itself.  Words that occur in another way than these have positions.
class Occurrence {
 public:
  struct Place {
    unsigned field;
    std::uint32_t position;  // of the word in the field; between values one is left out

    auto operator<=>(const Place&) const = default;
  };

  Occurrence() = default;
  explicit Occurrence(std::uint32_t code) : code_(code) {}
  static Occurrence Of(std::span<const Place> places, char group);
  // Positions that AsShort gave, or some of them.
  static Occurrence OfPositions(unsigned field, std::uint64_t positions);

  std::uint32_t code() const { return code_; }
  // Occurrences with their fields' weights.
  std::uint32_t Count(char group) const {
    return (code_ & 3U) == 0 ? WeightOf(code_ >> 2U, group) : CountOfMany(group);
  }
  // By place of the field.
  std::uint32_t FieldMask() const {
    return (code_ & 3U) < 2 ? 1U << ((code_ >> 2U) & 7U) : FieldMaskOfMany();
  }
  // One field and a set of positions below kShortPositions.
  struct Short {
    unsigned field;
    std::uint64_t positions;
  };
  std::optional<Short> AsShort() const;
  bool HasPositions() const { return (code_ & kFew) == 3; }
  // Unless it has positions: all places, ascending.
  static constexpr std::size_t kMaxPlaces = 22;
  using Places = boost::container::static_vector<Place, kMaxPlaces>;
  Places AllPlaces() const;

  static constexpr std::uint32_t kShortPositions = 64;

 private:
  static constexpr std::uint32_t kFew = 7;

  // By place; made before anything can ask.
  static const std::array<std::uint8_t, 8> kWeights;

  static std::uint32_t WeightOf(std::uint32_t field, char group) {
    return group == kCoreWord ? kWeights[field & 7U] : 1U;
  }
  std::uint32_t CountOfMany(char group) const;
  std::uint32_t FieldMaskOfMany() const;
  bool IsFew() const { return (code_ & kFew) == kFew; }
  static std::optional<Occurrence> OfFew(std::span<const Place> places);

  std::uint32_t code_ = 0;
};

// A place as a number, ascending: how positions are stored.
inline std::uint32_t PositionOf(Occurrence::Place place) {
  return (place.field << 28U) | place.position;
}

// ---- A document's terms
// ---------------------------------------------------------------------------------------

struct Term {
  std::string name;
  std::uint32_t count = 0;
  std::vector<std::uint32_t> positions;
};

struct DocumentTerms {
  std::vector<Term> terms;
  std::vector<std::string> core_words, metadata_words;
  bool odd = false;
  Lengths lengths;  // as LengthsOf
  std::uint64_t core_characters = 0;
  std::uint64_t metadata_characters = 0;
};

DocumentTerms TermsOf(const Document& document);

}  // namespace vams::search::xapian
