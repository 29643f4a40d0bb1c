#include "migrate/index/documents.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cmath>

#include "base/encoding.h"
#include "items/aws/dynamodb_json.h"
#include "migrate/keys.h"
#include "search/instants.h"
#include "search/typed_value.h"

namespace vams::migrate::index {

namespace json = boost::json;
using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::size_t kMostOfKey = 256;    // characters of an object's key
constexpr std::size_t kMostOfField = 255;  // bytes of a field's name in 2.3

json::value TextOrNull(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  if (value == nullptr || !value->is(Kind::kS)) return nullptr;
  return json::string(value->text());
}

// The key of a location: {"Key": …}.
std::string_view KeyAt(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  return value != nullptr && value->is(Kind::kM) ? value->map().Text("Key") : std::string_view();
}

json::array Tags(const Item& asset) {
  json::array tags;
  if (const Value* list = asset.Find("tags"); list != nullptr && list->is(Kind::kL))
    for (const Value& tag : list->list())
      if (tag.is(Kind::kS)) tags.emplace_back(tag.text());
  return tags;
}

// Whether a field that is declared as a date takes it: "2025-01-14T10:03:00[.123456][zone]".
bool IsInstant(std::string_view text) {
  if (text.size() < 19 || text[10] != 'T' || text[16] != ':') return false;
  if (text.size() > 19 && text[19] == '.') {
    const auto end = text.find_first_not_of("0123456789", 20);
    if ((end == text.npos ? text.size() : end) - 20 > 9) return false;
  }
  return search::ParseInstants(text).has_value();
}

// Whether a date field that is made of the first value takes it.
bool IsPlainDate(std::string_view text) {
  const bool day = text.size() == 10;
  if (!day && (text.size() != 19 || text[10] != 'T')) return false;
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return false;
  }
  return search::ParseInstants(text).has_value();
}

// ---- Values of 2.2 and 2.3: a field for each kind of value
// ---------------------------------------------------------------------------------------

struct Typed {
  std::string_view kind;  // "str", "num", …
  json::value value;
};

bool IsPosition(const json::value& value) {
  const auto* pair = value.if_array();
  if (pair == nullptr || pair->size() < 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number())
    return false;
  const double lon = (*pair)[0].to_number<double>(), lat = (*pair)[1].to_number<double>();
  return std::isfinite(lon) && std::isfinite(lat) && std::abs(lon) <= 180 && std::abs(lat) <= 90;
}

// Rings that the server would take: closed, of four and more positions.
bool IsPolygon(const json::value& coordinates) {
  const auto* rings = coordinates.if_array();
  return rings != nullptr && !rings->empty() && std::ranges::all_of(*rings, [](const auto& ring) {
           const auto* positions = ring.if_array();
           return positions != nullptr && positions->size() >= 4 &&
                  std::ranges::all_of(*positions, IsPosition) &&
                  positions->front() == positions->back();
         });
}

const json::value* At(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

// {"loc":[lon,lat],…,"polygons":FeatureCollection}: how the web application of these releases kept
// a location.
std::vector<Typed> Location(const json::value& value) {
  std::vector<Typed> out;
  const auto* loc = At(value, "loc");
  const auto* polygons = At(value, "polygons");
  const auto* type = polygons != nullptr ? At(*polygons, "type") : nullptr;
  if (loc == nullptr || !IsPosition(*loc) || type == nullptr || *type != "FeatureCollection")
    return out;
  out.push_back({"gp", json::object{{"lon", loc->as_array()[0]}, {"lat", loc->as_array()[1]}}});
  const auto* features = At(*polygons, "features");
  if (features == nullptr || !features->is_array()) return out;
  for (const auto& feature : features->get_array()) {
    const auto* geometry = At(feature, "geometry");
    const auto* coordinates = geometry != nullptr ? At(*geometry, "coordinates") : nullptr;
    if (coordinates == nullptr || !IsPolygon(*coordinates)) continue;
    out.push_back({"gs", json::object{{"type", "polygon"}, {"coordinates", *coordinates}}});
    break;  // the first is the one that these releases index
  }
  return out;
}

std::vector<Typed> TypedText(tables::DataVersion version, const std::string& text) {
  if (text.empty()) return {};
  if (text.front() == '{' && text.back() == '}') {
    boost::system::error_code ec;
    const json::value parsed = json::parse(text, ec);
    if (!ec && parsed.is_object()) {
      if (auto location = Location(parsed); !location.empty()) return location;
      return {{version < k23 ? "json" : "str", json::value(text)}};
    }
  }
  if (IsPlainDate(text)) return {{"date", json::value(text)}};
  const auto typed = search::TypedValue("string", text);
  if (!typed) return {};
  return {{typed->is_bool() ? "bool" : typed->is_number() ? "num" : "str", *typed}};
}

std::string MemberText(const Value& value) {
  if (value.is(Kind::kS) || value.is(Kind::kN)) return value.text();
  return items::aws::ToJson(Item{{"v", value}});
}

std::vector<Typed> TypedOf(tables::DataVersion version, const Value& value) {
  switch (value.kind()) {
    case Kind::kS:
      return TypedText(version, value.text());
    case Kind::kN: {
      const auto number = search::TypedValue("number", value.text());
      if (number && number->is_number()) return {{"num", *number}};
      return {{"str", json::value(value.text())}};
    }
    case Kind::kBool:
      return {{"bool", json::value(value.boolean())}};
    case Kind::kB:
      return {{"str", json::value(Base64Encode(value.text()))}};
    case Kind::kSS:
    case Kind::kNS: {
      json::array list;
      for (const auto& member : value.set()) list.emplace_back(member);
      return {{"list", std::move(list)}};
    }
    case Kind::kL: {
      json::array list;
      for (const auto& member : value.list()) list.emplace_back(MemberText(member));
      if (list.empty()) return {};
      return {{"list", std::move(list)}};
    }
    case Kind::kM:
    case Kind::kBS:
      return {{"str", json::value(MemberText(value))}};
    case Kind::kNull:
      break;
  }
  return {};
}

// 2.2: lower case, blanks as '_'.
std::string NameOf22(std::string_view key) {
  std::string name(key);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '_';
  }
  return name;
}

// 2.3: beside that only a-z, 0-9, '_' and '-', no '_' in front, no digit first.
std::string NameOf23(std::string_view key) {
  std::string name;
  for (const char c : NameOf22(key))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-') name += c;
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  if (!name.empty() && name.front() >= '0' && name.front() <= '9') name.insert(0, "field_");
  if (name.size() > kMostOfField) name.resize(kMostOfField);
  return name;
}

void AddTyped(tables::DataVersion version, const std::vector<MetadataField>& fields,
              json::object& source) {
  for (const auto& field : fields) {
    const std::string name = version < k23 ? NameOf22(field.key) : NameOf23(field.key);
    // Keys in letters that 2.3 has no name for are not indexed by it.
    if (name.empty() || field.key.starts_with("VAMS_") || field.key.starts_with('_')) continue;
    for (auto& typed : TypedOf(version, field.value))
      source.emplace(fmt::format("{}{}_{}", version < k23 ? "" : "MD_", typed.kind, name),
                     std::move(typed.value));
  }
}

// ---- Flat objects of 2.4 and later
// ---------------------------------------------------------------------------------------

json::object Flat(const std::vector<MetadataField>& fields) {
  json::object flat;
  for (const auto& field : fields) {
    if (field.key.empty() || field.key == search::kReindexMarker || !field.value.is(Kind::kS))
      continue;
    if (auto typed = search::TypedValue(field.type, field.value.text()))
      flat.emplace(field.key, *std::move(typed));
  }
  return flat;
}

// What users have put beside an object, as fields of metadata.
std::vector<MetadataField> ObjectFields(const objects::ObjectVersion& object) {
  std::vector<MetadataField> fields;
  if (!object.user_metadata) return fields;
  for (const auto& [name, value] : *object.user_metadata) {
    const bool own = (name.starts_with("vams-") && name != "vams-primarytype") ||
                     name == "assetid" || name == "databaseid" || name == "uploadid";
    if (!own && !value.empty())
      fields.push_back({.key = "s3_" + name, .value = Value::S(value), .type = "string"});
  }
  return fields;
}

// ---- Both kinds of documents
// ---------------------------------------------------------------------------------------

json::object CommonFields(tables::DataVersion version, const Item& asset, const Item& bucket,
                          bool archived) {
  json::object source;
  const std::string_view database = asset.Text("databaseId");
  source["str_databaseid"] = version < k23 ? database : PlainDatabase(database);
  source["str_assetid"] = asset.Text("assetId");
  source["str_assetname"] = TextOrNull(asset, "assetName");
  source["str_bucketid"] = bucket.Text("bucketId");
  source["str_bucketname"] = bucket.Text("bucketName");
  source["str_bucketprefix"] = bucket.Text("baseAssetsPrefix");
  source["list_tags"] = Tags(asset);
  if (version >= k23) source["bool_archived"] = archived;
  return source;
}

void AddVersion(tables::DataVersion version, const AssetRecords& records, json::object& source) {
  if (records.version == nullptr) return;
  const Item& row = *records.version;
  const std::string_view id = row.Text("assetVersionId"), alias = row.Text("versionAlias");
  source["str_asset_version_id"] =
      version >= k25 && !alias.empty() ? fmt::format("v{} ({})", id, alias) : std::string(id);
  if (const auto created = row.Text("dateCreated"); IsInstant(created))
    source["date_asset_version_createdate"] = created;
  source["str_asset_version_comment"] = TextOrNull(row, "comment");
}

std::string_view Extension(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == name.npos ? std::string_view() : name.substr(dot + 1);
}

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace

search::RawDocument AssetDocument(tables::DataVersion version, const AssetRecords& records) {
  const Item& asset = *records.asset;
  const std::string_view database = asset.Text("databaseId");
  search::RawDocument document;
  document.source =
      CommonFields(version, asset, *records.bucket, database != PlainDatabase(database));
  json::object& source = document.source;
  source["str_description"] = TextOrNull(asset, "description");
  source["str_assettype"] = TextOrNull(asset, "assetType");
  const Value* distributable = asset.Find("isDistributable");
  source["bool_isdistributable"] =
      distributable != nullptr && distributable->is(Kind::kBool) && distributable->boolean();
  if (version < k23) {
    document.id = asset.Text("assetId");
    source["_rectype"] = "asset";
    AddTyped(version, records.metadata, source);
    return document;
  }
  document.id = fmt::format("{}#{}", database, asset.Text("assetId"));
  AddVersion(version, records, source);
  source["bool_has_asset_children"] = records.children;
  source["bool_has_asset_parents"] = records.parents;
  source["bool_has_assets_related"] = records.related;
  if (version >= k25) {
    source["str_assetlocationkey"] = KeyAt(asset, "assetLocation");
    source["str_previewfilekey"] = KeyAt(asset, "previewLocation");
  }
  if (version < k24)
    AddTyped(version, records.metadata, source);
  else if (json::object flat = Flat(records.metadata); !flat.empty())
    source["MD_"] = std::move(flat);
  return document;
}

search::RawDocument FileDocument(tables::DataVersion version, const FileRecords& records) {
  const Item& asset = *records.asset;
  const objects::ObjectVersion& object = *records.object;
  search::RawDocument document;
  document.source = CommonFields(version, asset, *records.bucket, records.archived);
  json::object& source = document.source;
  source["str_key"] = version < k23 ? object.key : records.path;
  if (std::string extension(Extension(records.path)); !extension.empty()) {
    for (char& c : extension)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    source["str_fileext"] = extension;
  }
  source["num_filesize"] = object.size;
  if (object.last_modified_millis)
    source["date_lastmodified"] =
        fmt::format("{:%Y-%m-%dT%H:%M:%S}{}",
                    fmt::gmtime(static_cast<std::time_t>(*object.last_modified_millis / 1000)),
                    version < k23 ? "" : "+00:00");
  if (object.etag) source["str_etag"] = *object.etag;
  source["str_s3_version_id"] = object.version_id;
  if (version < k23) {
    document.id = object.key;
    source["_rectype"] = "s3object";
  } else {
    document.id = fmt::format("{}#{}#{}", PlainDatabase(asset.Text("databaseId")),
                              asset.Text("assetId"), records.path);
  }
  if (version >= k25) source["str_previewfilekey"] = records.preview_key;

  std::vector<MetadataField> metadata = records.metadata;
  if (version >= k23)
    for (auto& field : ObjectFields(object)) metadata.push_back(std::move(field));
  if (version < k24) {
    AddTyped(version, metadata, source);
    return document;
  }
  if (json::object flat = Flat(metadata); !flat.empty()) source["MD_"] = std::move(flat);
  if (json::object flat = Flat(records.attributes); !flat.empty()) source["AB_"] = std::move(flat);
  return document;
}

bool IsIndexed(tables::DataVersion version, std::string_view full_key, std::string_view key) {
  // "pipelines", "previews" and so on begin with these.
  static constexpr std::array<std::string_view, 3> kReserved = {"pipeline", "preview",
                                                                "temp-upload"};
  if (key.empty() || key.ends_with('/') || key.contains(".previewFile.")) return false;
  if (full_key.size() > kMostOfKey && Characters(full_key) > kMostOfKey) return false;
  for (std::string_view rest = key;;) {
    if (std::ranges::any_of(kReserved, [&](auto name) { return rest.starts_with(name); }))
      return false;
    if (version >= k25 && rest.starts_with("workspace")) return false;
    const auto slash = rest.find('/');
    if (slash == rest.npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

std::vector<MetadataField> FieldsOfRow(const Item& row) {
  std::vector<MetadataField> fields;
  for (const auto& attribute : row)
    if (attribute.name != "databaseId" && attribute.name != "assetId" &&
        !attribute.name.starts_with('_'))
      fields.push_back({.key = attribute.name, .value = attribute.value, .type = {}});
  return fields;
}

}  // namespace vams::migrate::index
