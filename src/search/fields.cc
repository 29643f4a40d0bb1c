#include "search/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "search/expression.h"
#include "search/instants.h"

namespace vams::search {
namespace {

constexpr unsigned Bit(unsigned n) { return 1U << n; }

constexpr Field kFields[] = {
    {.name = "str_databaseid", .asset = true, .file = true, .id_like = true, .facet = true},
    {.name = "str_assetid", .asset = true, .file = true, .id_like = true, .facet = true},
    {.name = "str_assetname", .asset = true, .file = true, .weight = 4, .mask = Bit(0)},
    {.name = "str_description", .asset = true, .weight = 1, .mask = Bit(1)},
    {.name = "str_assettype",
     .asset = true,
     .id_like = true,
     .facet = true,
     .weight = 1,
     .mask = Bit(2)},
    {.name = "str_bucketid", .asset = true, .file = true, .id_like = true},
    {.name = "str_bucketname", .asset = true, .file = true, .id_like = true},
    {.name = "str_bucketprefix", .asset = true, .file = true, .id_like = true},
    {.name = "bool_isdistributable", .type = FieldType::kBool, .asset = true},
    {.name = "list_tags",
     .asset = true,
     .file = true,
     .id_like = true,
     .facet = true,
     .weight = 2,
     .mask = Bit(3)},
    {.name = "str_asset_version_id", .asset = true},
    {.name = "date_asset_version_createdate", .type = FieldType::kDate, .asset = true},
    {.name = "str_asset_version_comment", .asset = true, .weight = 1, .mask = Bit(4)},
    {.name = "str_assetlocationkey", .asset = true, .core = false, .declared = false},
    {.name = "bool_has_asset_children", .type = FieldType::kBool, .asset = true},
    {.name = "bool_has_asset_parents", .type = FieldType::kBool, .asset = true},
    {.name = "bool_has_assets_related", .type = FieldType::kBool, .asset = true},
    {.name = "str_key", .file = true, .weight = 3, .mask = Bit(5)},
    {.name = "str_fileext",
     .file = true,
     .id_like = true,
     .facet = true,
     .weight = 1,
     .mask = Bit(6)},
    {.name = "num_filesize", .type = FieldType::kNumber, .file = true},
    {.name = "date_lastmodified", .type = FieldType::kDate, .file = true},
    {.name = "str_etag", .file = true, .weight = 1, .mask = Bit(7)},
    {.name = "str_s3_version_id", .file = true, .id_like = true},
    {.name = "str_previewfilekey", .asset = true, .file = true, .core = false, .declared = false},
    {.name = "bool_archived", .type = FieldType::kBool, .asset = true, .file = true},
    {.name = "MD_", .type = FieldType::kFlat, .asset = true, .file = true, .core = false},
    {.name = "AB_", .type = FieldType::kFlat, .file = true, .core = false},
};

struct Prefix {
  std::string_view text;
  FieldType type;
};
constexpr Prefix kPrefixes[] = {{"str_", FieldType::kText},
                                {"list_", FieldType::kText},
                                {"num_", FieldType::kNumber},
                                {"bool_", FieldType::kBool},
                                {"date_", FieldType::kDate}};

constexpr std::string_view kDateFormats = "yyyy-MM-dd'T'HH:mm:ss||yyyy-MM-dd||epoch_millis";

boost::json::object MappingOf(FieldType type, bool declared) {
  switch (type) {
    case FieldType::kText:
      return {{"type", "text"}, {"fields", {{"keyword", {{"type", "keyword"}}}}}};
    case FieldType::kNumber:
      return {{"type", "long"}};
    case FieldType::kBool:
      return {{"type", "boolean"}};
    case FieldType::kDate:
      return declared ? boost::json::object{{"type", "date"}}
                      : boost::json::object{{"type", "date"}, {"format", kDateFormats}};
    case FieldType::kFlat:
      return {{"type", "flat_object"}};
  }
  return {};
}

bool AnyText(const boost::json::value& value, std::string_view key, const ValueVisitor& visit) {
  if (const auto* list = value.if_array())
    return std::ranges::any_of(*list,
                               [&](const auto& element) { return AnyText(element, key, visit); });
  if (const auto* plain = value.if_string()) return visit(key, *plain);
  const auto text = TextForm(value);
  return text && visit(key, *text);
}

// The leaves of a flat object below `key`; names of nested objects are joined by dots.
bool AnyLeaf(const boost::json::value& value, const std::string& key, const FieldRef& field,
             const ValueVisitor& visit) {
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [&](const auto& member) {
      const std::string name(member.key());
      return AnyLeaf(member.value(), key.empty() ? name : key + "." + name, field, visit);
    });
  if (!field.key.empty() && !(field.pattern ? FitsPattern(field.key, key) : field.key == key))
    return false;
  return AnyText(value, key, visit);
}

}  // namespace

std::string_view KindName(Kind kind) { return kind == Kind::kAsset ? "asset" : "file"; }

std::span<const Field> Fields() { return kFields; }

const Field* FindField(std::string_view name) {
  const auto* found = std::ranges::find(kFields, name, &Field::name);
  return found == std::end(kFields) ? nullptr : found;
}

std::optional<FieldType> TypeOf(std::string_view name) {
  if (const Field* field = FindField(name)) return field->type;
  for (const Prefix& prefix : kPrefixes)
    if (name.starts_with(prefix.text) && name.size() > prefix.text.size()) return prefix.type;
  return std::nullopt;
}

FieldRef ParseFieldRef(std::string_view text) {
  for (const std::string_view flat : {"MD_", "AB_"}) {
    if (text == flat) return {.name = std::string(flat)};
    if (!text.starts_with(flat) || text.size() < 5 || text[3] != '.') continue;
    const std::string_view key = text.substr(4);
    if (key == "_value") return {.name = std::string(flat)};
    return {.name = std::string(flat), .key = std::string(key)};
  }
  return {.name = std::string(text)};
}

std::optional<std::string> TextForm(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::string:
      return std::string(value.get_string());
    case boost::json::kind::int64:
      return std::to_string(value.get_int64());
    case boost::json::kind::uint64:
      return std::to_string(value.get_uint64());
    case boost::json::kind::double_:
      return fmt::format("{}", value.get_double());
    case boost::json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    default:
      return std::nullopt;
  }
}

bool AnyValue(const boost::json::object& source, const FieldRef& field, const ValueVisitor& visit) {
  const auto* value = source.if_contains(field.name);
  if (!value) return false;
  if (TypeOf(field.name) == FieldType::kFlat)
    return value->is_object() && AnyLeaf(*value, {}, field, visit);
  return AnyText(*value, {}, visit);
}

bool AnyValue(const boost::json::value& value, FieldType type, const ValueVisitor& visit) {
  if (type == FieldType::kFlat) return value.is_object() && AnyLeaf(value, {}, {}, visit);
  return AnyText(value, {}, visit);
}

std::optional<std::int64_t> NumberOf(const boost::json::object& source, const Field& field) {
  const auto* value = source.if_contains(field.name);
  if (!value) return std::nullopt;
  if (const auto* whole = value->if_int64()) return *whole;
  if (const auto* large = value->if_uint64())
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(*large, std::numeric_limits<std::int64_t>::max()));
  if (const auto* fraction = value->if_double()) {
    if (!(std::abs(*fraction) < 9e18)) return std::nullopt;
    return static_cast<std::int64_t>(std::floor(*fraction));
  }
  const auto* text = value->if_string();
  if (!text || field.type != FieldType::kDate) return std::nullopt;
  const auto instants = ParseInstants(*text);
  return instants ? std::optional(instants->first) : std::nullopt;
}

boost::json::object Mapping(Kind kind, std::span<const std::string> dynamic) {
  boost::json::array templates;
  const auto add_template = [&](std::string_view name, FieldType type) {
    const std::string match = std::string(name) + "*";
    templates.push_back(boost::json::object{
        {name, {{"match", match}, {"mapping", MappingOf(type, /*declared=*/false)}}}});
  };
  for (const Prefix& prefix : kPrefixes) add_template(prefix.text, prefix.type);
  boost::json::object properties;
  for (const Field& field : kFields)
    if ((kind == Kind::kAsset ? field.asset : field.file))
      properties[field.name] = MappingOf(field.type, field.declared);
  for (const std::string& name : dynamic)
    if (const auto type = TypeOf(name); type && !properties.contains(name))
      properties[name] = MappingOf(*type, /*declared=*/false);
  return {{"dynamic_templates", std::move(templates)}, {"properties", std::move(properties)}};
}

}  // namespace vams::search
