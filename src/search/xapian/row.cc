#include "search/xapian/row.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/result.h"
#include "search/xapian/stored_document.h"

namespace vams::search::xapian {
namespace {

constexpr unsigned kFileBit = 1;
constexpr unsigned kArchivedBit = 2;
constexpr unsigned kOddBit = 4;
constexpr unsigned kPlaceBit = 8;
// The access class says the same as the source: the usual case for assets.
constexpr unsigned kSameDatabase = 16;
constexpr unsigned kSameType = 32;
constexpr unsigned kSameTags = 64;

std::vector<std::string> OneOrNone(const std::string& text) {
  return text.empty() ? std::vector<std::string>() : std::vector<std::string>{text};
}

std::size_t PlaceOrDie(std::string_view name) {
  const int place = SetPlace(name);
  VAMS_CHECK(place >= 0);
  return static_cast<std::size_t>(place);
}

struct AccessPlaces {
  std::size_t database = PlaceOrDie("str_databaseid");
  std::size_t type = PlaceOrDie("str_assettype");
  std::size_t tags = PlaceOrDie("list_tags");

  static const AccessPlaces& Get() {
    static const AccessPlaces places;
    return places;
  }
};

void WriteEnds(Packer& out, const std::optional<TextEnds>& ends) {
  if (!ends) {
    out.Number(0);
    return;
  }
  const bool two = ends->least != ends->greatest;
  out.Number(1U + (ends->cut ? 2U : 0U) + (ends->single ? 4U : 0U) + (two ? 8U : 0U));
  out.Text(ends->least);
  if (two) out.Text(ends->greatest);
}

std::optional<TextEndsView> ReadEnds(Unpacker& in) {
  const std::uint64_t flags = in.Number();
  if (flags == 0) return std::nullopt;
  TextEndsView ends{.least = in.Bytes(in.Number()),
                    .greatest = {},
                    .cut = (flags & 2U) != 0,
                    .single = (flags & 4U) != 0};
  ends.greatest = (flags & 8U) != 0 ? in.Bytes(in.Number()) : ends.least;
  return ends;
}

}  // namespace

const FieldPlan& FieldPlan::Get() {
  static const FieldPlan plan = [] {
    // A change of the table is a change of the format.
    VAMS_CHECK(Fields().size() <= kMaxFields);
    FieldPlan made;
    const auto add = [](const Field& field, std::vector<const Field*>& list, Places& places) {
      places[static_cast<std::size_t>(&field - Fields().data())] =
          static_cast<std::int8_t>(list.size());
      list.push_back(&field);
    };
    for (Places* places : {&made.number_places, &made.set_places, &made.text_places})
      places->fill(-1);
    for (const Field& field : Fields()) {
      if (field.type == FieldType::kNumber || field.type == FieldType::kDate)
        add(field, made.numbers, made.number_places);
      else if (field.facet)
        add(field, made.sets, made.set_places);
      else if (field.type == FieldType::kText)
        add(field, made.texts, made.text_places);
    }
    VAMS_CHECK(made.numbers.size() == kNumberCount && made.sets.size() == kSetCount &&
               made.texts.size() == kTextCount);
    return made;
  }();
  return plan;
}

namespace {

int PlaceIn(const FieldPlan::Places& places, std::string_view field) {
  const int place = FieldPlace(field);
  return place < 0 ? -1 : places[static_cast<std::size_t>(place)];
}

}  // namespace

int NumberPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().number_places, field); }
int SetPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().set_places, field); }
int TextPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().text_places, field); }

int FieldPlace(std::string_view field) {
  const Field* found = FindField(field);
  return found ? static_cast<int>(found - Fields().data()) : -1;
}

std::uint64_t CharacterBits(std::string_view folded) {
  static const std::array<std::uint64_t, 256> table = [] {
    std::array<std::uint64_t, 256> bits{};
    for (unsigned c = 0; c < 0x80; ++c) bits[c] = kOtherCharacters;
    unsigned next = 0;
    for (const char c :
         std::string_view("abcdefghijklmnopqrstuvwxyz0123456789_-./\\:;,'\"()[]{}&+=#@!%*?"))
      bits[static_cast<unsigned char>(c)] = std::uint64_t{1} << next++;
    return bits;
  }();
  std::uint64_t all = 0;
  for (const char c : folded) all |= table[static_cast<unsigned char>(c)];
  return all;
}

std::uint64_t OrderOf(std::string_view id) { return StableHash(id); }

Texts TextsOf(const Document& document) {
  Texts texts{.id = document.id, .asset_name = document.asset_name, .ends = {}};
  for (const auto& member : document.source) {
    const int place = TextPlace(member.key());
    if (place < 0) continue;
    std::optional<TextEnds>& ends = texts.ends[static_cast<std::size_t>(place)];
    AnyValue(member.value(), FieldType::kText, [&](std::string_view, std::string_view text) {
      if (!ends) {
        ends = TextEnds{.least = std::string(text), .greatest = std::string(text)};
      } else {
        ends->single = false;
        if (text < ends->least) ends->least = text;
        if (text > ends->greatest) ends->greatest = text;
      }
      return false;
    });
    if (!ends) continue;
    for (std::string* end : {&ends->least, &ends->greatest})
      if (end->size() > kMaxTextBytes) {
        ends->cut = true;
        end->resize(kMaxTextBytes);
      }
  }
  return texts;
}

Row RowOf(const Document& document) {
  Row row{.kind = document.kind,
          .archived = document.archived,
          .place = document.place,
          .order = OrderOf(document.id),
          .digest = Digest(document),
          .access = document.access};
  const FieldPlan& plan = FieldPlan::Get();
  for (const auto& member : document.source) {
    const int place = FieldPlace(member.key());
    if (place < 0) continue;
    const Field& field = Fields()[static_cast<std::size_t>(place)];
    const int set_place = plan.set_places[static_cast<std::size_t>(place)];
    const int number_place = plan.number_places[static_cast<std::size_t>(place)];
    std::vector<std::string> values;
    const bool present =
        AnyValue(member.value(), field.type, [&](std::string_view, std::string_view text) {
          if (set_place >= 0) values.emplace_back(text);
          return set_place < 0;
        });
    if (present || !values.empty()) row.present |= 1U << static_cast<unsigned>(place);
    if (set_place >= 0) {
      std::ranges::sort(values);
      values.erase(std::ranges::unique(values).begin(), values.end());
      row.sets[static_cast<std::size_t>(set_place)] = std::move(values);
    }
    if (number_place < 0) continue;
    const auto number = NumberOf(document.source, field);
    if (number) row.numbers[static_cast<std::size_t>(number_place)] = *number;
    if (number == kNoNumber) row.odd = true;
  }
  return row;
}

std::string EncodeRow(const Row& row) {
  const AccessPlaces& places = AccessPlaces::Get();
  const bool same_database = row.sets[places.database] == OneOrNone(row.access.database);
  const bool same_type = row.sets[places.type] == OneOrNone(row.access.asset_type);
  const bool same_tags = row.sets[places.tags] == row.access.tags;
  Packer out;
  out.Number((row.kind == Kind::kFile ? kFileBit : 0U) | (row.archived ? kArchivedBit : 0U) |
             (row.odd ? kOddBit : 0U) | (row.place ? kPlaceBit : 0U) |
             (same_database ? kSameDatabase : 0U) | (same_type ? kSameType : 0U) |
             (same_tags ? kSameTags : 0U));
  WriteBox(out, row.place);
  out.Number(row.present);
  out.Number(row.lengths.core);
  out.Number(row.lengths.metadata);
  out.Fixed(row.order);
  out.Fixed(row.digest);
  out.Fixed(row.core_characters);
  out.Fixed(row.metadata_characters);
  for (const std::int64_t number : row.numbers) out.Number(Zigzag(number));
  for (const auto& values : row.sets) out.List(values);
  if (!same_database) out.Text(row.access.database);
  if (!same_type) out.Text(row.access.asset_type);
  if (!same_tags) out.List(row.access.tags);
  return out.Take();
}

std::optional<Row> DecodeRow(std::string_view bytes) {
  const AccessPlaces& places = AccessPlaces::Get();
  Unpacker in(bytes);
  Row row;
  const std::uint64_t flags = in.Number();
  row.kind = (flags & kFileBit) != 0 ? Kind::kFile : Kind::kAsset;
  row.archived = (flags & kArchivedBit) != 0;
  row.odd = (flags & kOddBit) != 0;
  if ((flags & kPlaceBit) != 0) row.place = ReadBox(in);
  row.present = static_cast<std::uint32_t>(in.Number());
  row.lengths.core = static_cast<std::uint32_t>(in.Number());
  row.lengths.metadata = static_cast<std::uint32_t>(in.Number());
  row.order = in.Fixed();
  row.digest = in.Fixed();
  row.core_characters = in.Fixed();
  row.metadata_characters = in.Fixed();
  for (std::int64_t& number : row.numbers) number = Unzigzag(in.Number());
  for (auto& values : row.sets) values = in.List();
  const auto first = [](const std::vector<std::string>& list) {
    return list.empty() ? std::string() : list.front();
  };
  row.access.database = (flags & kSameDatabase) != 0 ? first(row.sets[places.database]) : in.Text();
  row.access.asset_type = (flags & kSameType) != 0 ? first(row.sets[places.type]) : in.Text();
  row.access.tags = (flags & kSameTags) != 0 ? row.sets[places.tags] : in.List();
  if (!in.done()) return std::nullopt;
  return row;
}

std::string EncodeTexts(const Texts& texts) {
  Packer out;
  out.Text(texts.id);
  out.Text(texts.asset_name);
  for (const auto& ends : texts.ends) WriteEnds(out, ends);
  return out.Take();
}

std::optional<Texts> DecodeTexts(std::string_view bytes) {
  Unpacker in(bytes);
  Texts texts{.id = in.Text(), .asset_name = in.Text(), .ends = {}};
  for (auto& ends : texts.ends)
    if (const auto view = ReadEnds(in))
      ends = TextEnds{.least = std::string(view->least),
                      .greatest = std::string(view->greatest),
                      .cut = view->cut,
                      .single = view->single};
  if (!in.done()) return std::nullopt;
  return texts;
}

std::optional<TextsView> ViewTexts(std::string_view bytes) {
  Unpacker in(bytes);
  for (int before = 0; before < 2; ++before) in.Bytes(in.Number());  // id, asset name
  TextsView texts;
  for (auto& ends : texts) ends = ReadEnds(in);
  if (!in.done()) return std::nullopt;
  return texts;
}

}  // namespace vams::search::xapian
