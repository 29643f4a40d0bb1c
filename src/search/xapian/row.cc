#include "search/xapian/row.h"

#include <algorithm>
#include <bit>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/result.h"

namespace vams::search::xapian {
namespace {

class Writer {
 public:
  void Number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7U) out_.push_back(static_cast<char>(n | 0x80U));
    out_.push_back(static_cast<char>(n));
  }
  void Fixed(std::uint64_t n) {
    for (unsigned i = 0; i < 64; i += 8) out_.push_back(static_cast<char>((n >> i) & 0xFFU));
  }
  void Real(double d) { Fixed(std::bit_cast<std::uint64_t>(d)); }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }
  void List(const std::vector<std::string>& list) {
    Number(list.size());
    for (const std::string& text : list) Text(text);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads nothing but zeros once something did not fit; ok() says so.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::uint64_t Number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      n |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return n;
    }
    return Fail();
  }
  std::uint64_t Fixed() {
    if (rest_.size() < 8) return Fail();
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < 8; ++i)
      n |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return n;
  }
  double Real() { return std::bit_cast<double>(Fixed()); }
  std::string Text() {
    const std::uint64_t size = Number();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> List() {
    std::vector<std::string> list;
    for (std::uint64_t count = Number(); count > 0 && ok_; --count) list.push_back(Text());
    return list;
  }

 private:
  std::uint64_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::uint64_t Zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1U) ^ static_cast<std::uint64_t>(n >> 63);
}
std::int64_t Unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>((n >> 1U) ^ (~(n & 1U) + 1));
}

void WriteBox(Writer& out, const std::optional<Box>& box) {
  if (!box) return;
  for (const double edge : {box->south, box->north, box->west, box->east}) out.Real(edge);
}
Box ReadBox(Reader& in) {
  Box box;
  for (double* edge : {&box.south, &box.north, &box.west, &box.east}) *edge = in.Real();
  return box;
}

int PlaceIn(const std::vector<const Field*>& list, std::string_view name) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i]->name == name) return static_cast<int>(i);
  return -1;
}

constexpr unsigned kFile = 1;
constexpr unsigned kArchived = 2;
constexpr unsigned kOdd = 4;
constexpr unsigned kPlace = 8;
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

void WriteEnds(Writer& out, const std::optional<TextEnds>& ends) {
  if (!ends) {
    out.Number(0);
    return;
  }
  const bool two = ends->least != ends->greatest;
  out.Number(1U + (ends->cut ? 2U : 0U) + (ends->single ? 4U : 0U) + (two ? 8U : 0U));
  out.Text(ends->least);
  if (two) out.Text(ends->greatest);
}

std::optional<TextEnds> ReadEnds(Reader& in) {
  const std::uint64_t flags = in.Number();
  if (flags == 0) return std::nullopt;
  TextEnds ends{
      .least = in.Text(), .greatest = {}, .cut = (flags & 2U) != 0, .single = (flags & 4U) != 0};
  ends.greatest = (flags & 8U) != 0 ? in.Text() : ends.least;
  return ends;
}

}  // namespace

const FieldPlan& FieldPlan::Get() {
  static const FieldPlan plan = [] {
    FieldPlan made;
    for (const Field& field : Fields()) {
      if (field.type == FieldType::kNumber || field.type == FieldType::kDate)
        made.numbers.push_back(&field);
      else if (field.facet)
        made.sets.push_back(&field);
      else if (field.type == FieldType::kText)
        made.texts.push_back(&field);
    }
    // A change of the table is a change of the format.
    VAMS_CHECK(made.numbers.size() == kNumberCount && made.sets.size() == kSetCount &&
               made.texts.size() == kTextCount && Fields().size() <= 32);
    return made;
  }();
  return plan;
}

int NumberPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().numbers, field); }
int SetPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().sets, field); }
int TextPlace(std::string_view field) { return PlaceIn(FieldPlan::Get().texts, field); }

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
  const auto& fields = FieldPlan::Get().texts;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::optional<TextEnds>& ends = texts.ends[i];
    AnyValue(document.source, {.name = std::string(fields[i]->name)},
             [&](std::string_view, std::string_view text) {
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
  const auto fields = Fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (AnyValue(document.source, {.name = std::string(fields[i].name)},
                 [](std::string_view, std::string_view) { return true; }))
      row.present |= 1U << i;
  const FieldPlan& plan = FieldPlan::Get();
  for (std::size_t i = 0; i < plan.numbers.size(); ++i) {
    const auto number = NumberOf(document.source, *plan.numbers[i]);
    if (number) row.numbers[i] = *number;
    if (number == kNoNumber) row.odd = true;
  }
  for (std::size_t i = 0; i < plan.sets.size(); ++i) {
    std::set<std::string> values;
    AnyValue(document.source, {.name = std::string(plan.sets[i]->name)},
             [&](std::string_view, std::string_view text) {
               values.emplace(text);
               return false;
             });
    row.sets[i].assign(values.begin(), values.end());
  }
  return row;
}

std::string EncodeRow(const Row& row) {
  const AccessPlaces& places = AccessPlaces::Get();
  const bool same_database = row.sets[places.database] == OneOrNone(row.access.database);
  const bool same_type = row.sets[places.type] == OneOrNone(row.access.asset_type);
  const bool same_tags = row.sets[places.tags] == row.access.tags;
  Writer out;
  out.Number((row.kind == Kind::kFile ? kFile : 0U) | (row.archived ? kArchived : 0U) |
             (row.odd ? kOdd : 0U) | (row.place ? kPlace : 0U) |
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
  Reader in(bytes);
  Row row;
  const std::uint64_t flags = in.Number();
  row.kind = (flags & kFile) != 0 ? Kind::kFile : Kind::kAsset;
  row.archived = (flags & kArchived) != 0;
  row.odd = (flags & kOdd) != 0;
  if ((flags & kPlace) != 0) row.place = ReadBox(in);
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
  Writer out;
  out.Text(texts.id);
  out.Text(texts.asset_name);
  for (const auto& ends : texts.ends) WriteEnds(out, ends);
  return out.Take();
}

std::optional<Texts> DecodeTexts(std::string_view bytes) {
  Reader in(bytes);
  Texts texts{.id = in.Text(), .asset_name = in.Text(), .ends = {}};
  for (auto& ends : texts.ends) ends = ReadEnds(in);
  if (!in.done()) return std::nullopt;
  return texts;
}

std::string EncodeDocument(const Document& document) {
  Writer out;
  out.Number((document.kind == Kind::kFile ? kFile : 0U) | (document.archived ? kArchived : 0U) |
             (document.place ? kPlace : 0U));
  WriteBox(out, document.place);
  out.Text(document.id);
  out.Text(document.asset_name);
  out.Text(document.access.database);
  out.Text(document.access.asset_type);
  out.List(document.access.tags);
  out.Text(boost::json::serialize(document.source));
  return out.Take();
}

std::optional<Document> DecodeDocument(std::string_view bytes) {
  Reader in(bytes);
  Document document;
  const std::uint64_t flags = in.Number();
  document.kind = (flags & kFile) != 0 ? Kind::kFile : Kind::kAsset;
  document.archived = (flags & kArchived) != 0;
  if ((flags & kPlace) != 0) document.place = ReadBox(in);
  document.id = in.Text();
  document.asset_name = in.Text();
  document.access.database = in.Text();
  document.access.asset_type = in.Text();
  document.access.tags = in.List();
  const std::string source = in.Text();
  if (!in.done()) return std::nullopt;
  // Whatever was taken in is given back, whether it is proper text or not.
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  options.max_depth = 4096;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(source, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  document.source = std::move(value.get_object());
  return document;
}

}  // namespace vams::search::xapian
