#include "search/opensearch/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json/array.hpp>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "search/analyse.h"
#include "search/fields.h"

namespace vams::search::opensearch {
namespace {

// The server takes 32,766 bytes for a term and 512 for an id.
constexpr std::size_t kMaxTerm = 32'000;
constexpr std::size_t kMaxServerId = 512;
constexpr std::size_t kMaxCode = 40;

bool IsPlain(std::string_view name) {
  return !name.empty() && name.size() <= kMaxCode && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// At most `most` bytes, no half characters.
std::string_view Cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;
  return text.substr(0, most);
}

std::string Limited(std::string text) {
  if (text.size() <= kMaxTerm) return text;
  const std::string hash = HexEncode(Sha256(text));
  text.resize(Cut(text, kMaxTerm).size());
  text.push_back('\0');
  return text + hash;
}

void AppendCounted(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::string ShortHash(std::string_view text) { return HexEncode(Sha256(text).substr(0, 16)); }

// Collects what one document is found by.
class TermMaker {
 public:
  explicit TermMaker(const Document& document) : document_(document) {}

  // The members of `vams.x`.
  boost::json::object Make() {
    AddValue("_id", document_.id);
    terms_.insert(TermHead(kExistsTerm, "_id"));
    for (const auto& member : document_.source) AddField(member.key());
    boost::json::object out;
    boost::json::array terms;
    for (const std::string& term : terms_) terms.emplace_back(term);
    out[Last(field::kTerms)] = std::move(terms);
    out[Last(field::kWords)] = std::move(words_);
    for (unsigned weight = 1; weight <= kMaxWeight; ++weight)
      if (!weighted_[weight].empty()) out[Last(WeightField(weight))] = std::move(weighted_[weight]);
    if (!metadata_.empty()) out[Last(field::kMetadata)] = std::move(metadata_);
    if (document_.place) AddPlace(*document_.place, out);
    return out;
  }

  static std::string Last(std::string_view path) {
    return std::string(path.substr(path.rfind('.') + 1));
  }

 private:
  static boost::json::object Range(double low, double high) {
    return {{"gte", low}, {"lte", high}};
  }

  static void AddPlace(const Box& place, boost::json::object& out) {
    out[Last(field::kLatitudes)] = Range(place.south, place.north);
    boost::json::array longitudes;
    if (place.west <= place.east) {
      longitudes.push_back(Range(place.west, place.east));
    } else {
      longitudes.push_back(Range(place.west, 180));
      longitudes.push_back(Range(-180, place.east));
    }
    out[Last(field::kLongitudes)] = std::move(longitudes);
  }

  void AddField(std::string_view name) {
    const auto type = TypeOf(name);
    if (type == FieldType::kFlat) return AddFlat(name);
    const std::string code = FieldCode(name);
    const Field* known = FindField(name);
    AnyValue(document_.source, {.name = std::string(name)},
             [&](std::string_view, std::string_view value) {
               terms_.insert(TermHead(kExistsTerm, code));
               AddValue(code, value);
               if (known && known->weight > 0)
                 AddRanked(value, weighted_[known->weight], kCoreTerm, kCoreStemTerm);
               return false;
             });
    if (type == FieldType::kNumber || type == FieldType::kDate)
      if (const auto number = NumberOf(document_.source, Field{.name = name, .type = *type}))
        terms_.insert(Term(kNumberTerm, code, SortableNumber(static_cast<double>(*number))));
  }

  void AddFlat(std::string_view name) {
    const std::string code = FieldCode(name);
    AnyValue(document_.source, {.name = std::string(name)},
             [&](std::string_view key, std::string_view value) {
               const std::string folded = Fold(value);
               const auto real = RealOf(value);
               terms_.insert(TermHead(kExistsTerm, code));
               terms_.insert(Term(kKeyTerm, code, key));
               for (const std::string& place : {code, KeyCode(name, key)}) {
                 terms_.insert(Term(kWholeTerm, place, value));
                 terms_.insert(Term(kFoldedTerm, place, folded));
                 if (real) terms_.insert(Term(kRealTerm, place, SortableNumber(*real)));
               }
               AddRanked(value, metadata_, kMetadataTerm, kMetadataStemTerm);
               return false;
             });
  }

  void AddValue(std::string_view code, std::string_view value) {
    terms_.insert(Term(kWholeTerm, code, value));
    terms_.insert(Term(kFoldedTerm, code, Fold(value)));
    if (const auto real = RealOf(value))
      terms_.insert(Term(kRealTerm, code, SortableNumber(*real)));
    std::string line;
    for (const std::string& word : Words(value)) {
      if (!line.empty()) line += ' ';
      line += WordOf(code, word);
    }
    if (!line.empty()) words_.emplace_back(line);
  }

  void AddRanked(std::string_view value, boost::json::array& words, char whole, char stem) {
    terms_.insert(Term(whole, "", Fold(value)));
    std::string line;
    for (const std::string& word : Words(value)) {
      if (!line.empty()) line += ' ';
      line += word;
      terms_.insert(Term(stem, "", Stem(word, Stemming::kEnglish)));
    }
    if (!line.empty()) words.emplace_back(line);
  }

  const Document& document_;
  std::set<std::string> terms_;
  boost::json::array words_;
  boost::json::array weighted_[kMaxWeight + 1];
  boost::json::array metadata_;
};

boost::json::object SortValues(const Document& document) {
  boost::json::object out;
  for (const Field& field : Fields()) {
    if (!document.source.contains(field.name)) continue;
    switch (field.type) {
      case FieldType::kText: {
        std::set<std::string> values;
        AnyValue(document.source, {.name = std::string(field.name)},
                 [&](std::string_view, std::string_view value) {
                   values.insert(SortText(value));
                   return false;
                 });
        boost::json::array texts(values.begin(), values.end());
        if (!texts.empty()) out[field.name] = std::move(texts);
        break;
      }
      case FieldType::kNumber:
      case FieldType::kDate:
        if (const auto number = NumberOf(document.source, field)) out[field.name] = *number;
        break;
      case FieldType::kBool:
        if (const auto& value = document.source.at(field.name); value.is_bool())
          out[field.name] = value.get_bool() ? "true" : "false";
        break;
      case FieldType::kFlat:
        break;
    }
  }
  return out;
}

std::vector<std::string> TextsOf(const boost::json::value* list) {
  std::vector<std::string> texts;
  if (list && list->is_array())
    for (const auto& element : list->get_array())
      if (const auto* text = element.if_string()) texts.emplace_back(*text);
  return texts;
}

// As the bits of its corners, which no text form rounds.
boost::json::array PlaceBits(const Box& place) {
  boost::json::array bits;
  for (const double end : {place.south, place.north, place.west, place.east})
    bits.emplace_back(std::bit_cast<std::int64_t>(end));
  return bits;
}

std::optional<Box> PlaceOf(const boost::json::value* value) {
  if (!value || !value->is_array() || value->get_array().size() != 4) return std::nullopt;
  double ends[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& bits = value->get_array()[i];
    if (!bits.is_int64()) return std::nullopt;
    ends[i] = std::bit_cast<double>(bits.get_int64());
  }
  return Box{.south = ends[0], .north = ends[1], .west = ends[2], .east = ends[3]};
}

}  // namespace

std::string SortField(std::string_view name) { return fmt::format("vams.s.{}", name); }
std::string WeightField(unsigned weight) { return fmt::format("vams.x.w{}", weight); }

std::string FieldCode(std::string_view name) {
  return IsPlain(name) ? std::string(name) : "~" + ShortHash(name);
}

std::string KeyCode(std::string_view flat, std::string_view key) {
  return FieldCode(flat) + "." + EscapedKey(key);
}

std::string EscapedKey(std::string_view key) {
  std::string out;
  for (const char c : key)
    if (c == '=')
      out += "%3D";
    else if (c == '%')
      out += "%25";
    else
      out += c;
  return out;
}

std::string TermHead(char sort, std::string_view code) {
  std::string head(1, sort);
  head += code;
  head += '=';
  return head;
}

std::string Term(char sort, std::string_view code, std::string_view value) {
  return Limited(TermHead(sort, code).append(value));
}

std::string SortableNumber(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return fmt::format("{:016x}", (bits & kSign) != 0 ? ~bits : bits | kSign);
}

std::optional<double> RealOf(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string WordOf(std::string_view code, std::string_view word) {
  return fmt::format("{}={}", code, word);
}

std::string SortText(std::string_view text) { return Limited(std::string(text)); }

std::string ClassKey(const AccessClass& access) {
  std::string text;
  AppendCounted(text, access.database);
  AppendCounted(text, access.asset_type);
  for (const std::string& tag : access.tags) AppendCounted(text, tag);
  return ShortHash(text);
}

std::string NamedKey(std::string_view class_key, std::string_view asset_name) {
  return ShortHash(fmt::format("{}/{}", class_key, asset_name));
}

std::string ServerId(std::string_view id) {
  return id.size() <= kMaxServerId ? std::string(id) : "#" + HexEncode(Sha256(id));
}

Kind HomeOf(std::string_view id) {
  return id.find("#/") == std::string_view::npos ? Kind::kAsset : Kind::kFile;
}

boost::json::object BodyOf(const Document& document, std::int64_t written,
                           std::string_view segment) {
  const std::string class_key = ClassKey(document.access);
  boost::json::object own = {{"id", document.id},
                             {"kind", KindName(document.kind)},
                             {"archived", document.archived},
                             {"name", document.asset_name},
                             {"digest", fmt::format("{:016x}", Digest(document))},
                             {"class", class_key},
                             {"named", NamedKey(class_key, document.asset_name)},
                             {"written", written}};
  boost::json::array tags(document.access.tags.begin(), document.access.tags.end());
  own["access"] = boost::json::object{{"database", document.access.database},
                                      {"type", document.access.asset_type},
                                      {"tags", std::move(tags)}};
  if (document.place) own["place"] = PlaceBits(*document.place);
  if (!segment.empty()) own["segment"] = segment;
  boost::json::array dynamic;
  for (const auto& member : document.source)
    if (!FindField(member.key())) dynamic.emplace_back(SortText(member.key()));
  if (!dynamic.empty()) own["dynamic"] = std::move(dynamic);
  own["s"] = SortValues(document);
  own["x"] = TermMaker(document).Make();
  boost::json::object body = document.source;
  body[kOwn] = std::move(own);
  return body;
}

AccessClass AccessOf(const boost::json::value& own) {
  AccessClass access;
  if (!own.is_object()) return access;
  const auto* stored = own.get_object().if_contains("access");
  if (!stored || !stored->is_object()) return access;
  access.database = TextOf(stored->get_object(), "database");
  access.asset_type = TextOf(stored->get_object(), "type");
  access.tags = TextsOf(stored->get_object().if_contains("tags"));
  return access;
}

Result<Document> DocumentOf(const boost::json::value& body) {
  const auto* object = body.if_object();
  const auto* own = object ? object->if_contains(kOwn) : nullptr;
  if (!own || !own->is_object() || !own->get_object().contains("id"))
    return Error(Code::kCorrupt,
                 "the search index holds a document that this software did not write; reindex");
  const boost::json::object& stored = own->get_object();
  Document document;
  document.kind = TextOf(stored, "kind") == KindName(Kind::kFile) ? Kind::kFile : Kind::kAsset;
  document.id = TextOf(stored, "id");
  document.access = AccessOf(*own);
  document.asset_name = TextOf(stored, "name");
  const auto* archived = stored.if_contains("archived");
  document.archived = archived && archived->is_bool() && archived->get_bool();
  document.place = PlaceOf(stored.if_contains("place"));
  document.source = *object;
  document.source.erase(kOwn);
  return document;
}

// ---- The mapping
// ---------------------------------------------------------------------------------------

boost::json::object OwnProperties() {
  const boost::json::object keyword = {{"type", "keyword"}};
  const boost::json::object stored = {{"type", "object"}, {"enabled", false}};
  const boost::json::object words = {
      {"type", "text"}, {"analyzer", "whitespace"}, {"position_increment_gap", 10'000}};
  boost::json::object sorts;
  for (const Field& one : Fields())
    if (one.type == FieldType::kNumber || one.type == FieldType::kDate)
      sorts[one.name] = boost::json::object{{"type", "long"}};
    else if (one.type != FieldType::kFlat)
      sorts[one.name] = keyword;
  boost::json::object found = {{"terms", {{"type", "keyword"}, {"doc_values", false}}},
                               {"words", words},
                               {"md", words},
                               {"lat", {{"type", "double_range"}}},
                               {"lon", {{"type", "double_range"}}}};
  for (unsigned weight = 1; weight <= kMaxWeight; ++weight)
    found[TermMaker::Last(WeightField(weight))] = words;
  boost::json::object own = {
      {"id", keyword},
      {"kind", keyword},
      {"archived", {{"type", "boolean"}}},
      {"digest", keyword},
      {"class", keyword},
      {"named", keyword},
      {"segment", keyword},
      {"dynamic", keyword},
      {"written", {{"type", "long"}}},
      {"name", {{"type", "keyword"}, {"index", false}, {"doc_values", false}}},
      {"access", stored},
      {"place", {{"type", "long"}, {"index", false}, {"doc_values", false}}}};
  own["s"] = boost::json::object{{"dynamic", false}, {"properties", std::move(sorts)}};
  own["x"] = boost::json::object{{"dynamic", false}, {"properties", std::move(found)}};
  return {{std::string(kOwn), {{"dynamic", false}, {"properties", std::move(own)}}}};
}

boost::json::object IndexBody(Kind kind) {
  // Upstream's fields as they are, so that other programs find them, but such that no value can
  // make the server refuse a document.
  const boost::json::object upstream = Mapping(kind, {});
  boost::json::object properties = OwnProperties();
  for (const auto& member : upstream.at("properties").as_object()) {
    boost::json::object one = member.value().as_object();
    const std::string type(one.at("type").as_string());
    if (type == "flat_object")
      one = {{"type", "object"}, {"enabled", false}};
    else if (type == "text")
      one["fields"] = {{"keyword", {{"type", "keyword"}, {"ignore_above", 8000}}}};
    else if (type == "boolean")
      one = {{"type", "keyword"}};
    else
      one["ignore_malformed"] = true;
    properties[member.key()] = std::move(one);
  }
  boost::json::object mappings = {
      {"dynamic", false},
      {"_meta", {{std::string(kOwn), {{"format", kFormat}, {"kind", KindName(kind)}}}}},
      {"_source", {{"excludes", {"vams.s", "vams.x"}}}},
      {"properties", std::move(properties)}};
  boost::json::object settings = {
      {"index.number_of_shards", 1},        {"index.auto_expand_replicas", "0-1"},
      {"index.refresh_interval", "500ms"},  {"index.max_result_window", 10'100},
      {"index.max_terms_count", 1'000'000}, {"index.max_regex_length", 20'000}};
  return {{"settings", std::move(settings)}, {"mappings", std::move(mappings)}};
}

}  // namespace vams::search::opensearch
