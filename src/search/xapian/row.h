// What the engine holds of a document beside its postings: the row, for the columns in memory, the
// texts, for sorting and comparing whole values, and the document itself (stored_document.h).  All
// are value slots of the document, so that they are part of its commit.  Format:
// docs/formats/search-xapian.md.
//
// Thread rule: values and pure functions.  Nothing blocks.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/document.h"
#include "search/ranking.h"

namespace vams::search::xapian {

inline constexpr std::uint32_t kRowSlot = 0;
inline constexpr std::uint32_t kTextsSlot = 1;
// The document itself, which is for hits alone: slots are not compressed, other than what the
// library calls a document's data, and that took a seventh of the time of indexing.
inline constexpr std::uint32_t kDocumentSlot = 2;

// How the fields of the table are held.  The numbers are places in the arrays below.
inline constexpr std::size_t kNumberCount = 3;  // num_ and date_
inline constexpr std::size_t kSetCount = 5;     // fields with Field::facet
inline constexpr std::size_t kTextCount = 12;   // the other texts

struct FieldPlan {
  static constexpr std::size_t kMaxFields = 32;
  using Places = std::array<std::int8_t, kMaxFields>;

  std::vector<const Field*> numbers, sets, texts;
  // Places in these lists by place in Fields(); -1: not there.
  Places number_places, set_places, text_places;

  static const FieldPlan& Get();
};
int NumberPlace(std::string_view field);
int SetPlace(std::string_view field);
int TextPlace(std::string_view field);
// Place in Fields(), the bit of Row::present; -1: not in the table.
int FieldPlace(std::string_view field);

inline constexpr std::int64_t kNoNumber = std::numeric_limits<std::int64_t>::min();

// Which characters a document's texts have: bits 0 to 62 for letters, digits and the usual marks;
// bit 63 for all others of ASCII together.  Nothing for characters that it does not tell.
std::uint64_t CharacterBits(std::string_view folded);
inline constexpr std::uint64_t kOtherCharacters = std::uint64_t{1} << 63U;

struct Row {
  Kind kind = Kind::kAsset;
  bool archived = false;
  // Holds something that columns and terms do not tell exactly (a malformed number, an endless
  // word): conditions look at the document itself.
  bool odd = false;
  std::optional<Box> place;
  std::uint32_t present = 0;  // fields of the table that have a value
  Lengths lengths;
  std::uint64_t order = 0;  // OrderOf(id)
  std::uint64_t digest = 0;
  std::array<std::int64_t, kNumberCount> numbers{kNoNumber, kNoNumber, kNoNumber};
  std::array<std::vector<std::string>, kSetCount> sets;  // sorted, each value once
  AccessClass access;
  std::uint64_t core_characters = 0;      // of fields with a weight
  std::uint64_t metadata_characters = 0;  // of flat objects
};

// The least and the greatest value of a text field, cut off after kMaxTextBytes.
struct TextEnds {
  std::string least, greatest;
  bool cut = false;
  bool single = true;  // there is no other value
};
inline constexpr std::size_t kMaxTextBytes = 128;

struct Texts {
  std::string id;
  std::string asset_name;
  std::array<std::optional<TextEnds>, kTextCount> ends;
};

// The order of documents that a search's sort keys do not tell apart.
std::uint64_t OrderOf(std::string_view id);

Texts TextsOf(const Document& document);
// All but lengths, characters and some of `odd`, which come from the making of terms.
Row RowOf(const Document& document);

std::string EncodeRow(const Row& row);
std::optional<Row> DecodeRow(std::string_view bytes);
std::string EncodeTexts(const Texts& texts);
std::optional<Texts> DecodeTexts(std::string_view bytes);
// The same of the text fields alone, without copies: good as long as the bytes are.
struct TextEndsView {
  std::string_view least, greatest;
  bool cut = false;
  bool single = true;
  bool two() const { return least.data() != greatest.data(); }
};
using TextsView = std::array<std::optional<TextEndsView>, kTextCount>;
std::optional<TextsView> ViewTexts(std::string_view bytes);

}  // namespace vams::search::xapian
