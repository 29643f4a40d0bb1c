#include "migrate/index/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <set>

namespace vams::migrate::index {

namespace json = boost::json;

namespace {

constexpr std::string_view kOurMember = "vams";
constexpr std::string_view kMetadataField = "MD_";
constexpr std::string_view kAttributesField = "AB_";
// Only documents of files, or of assets, have one of these.
constexpr std::array<std::string_view, 6> kOfFiles = {
    "str_key", "str_fileext", "num_filesize", "str_etag", "str_s3_version_id", "AB_"};
constexpr std::array<std::string_view, 6> kOfAssets = {
    "str_asset_version_id",   "bool_isdistributable",    "bool_has_asset_children",
    "bool_has_asset_parents", "bool_has_assets_related", "date_asset_version_createdate"};
constexpr std::array<std::string_view, 2> kOf25 = {"str_previewfilekey", "str_assetlocationkey"};
// 2.3 has a field for each key of metadata and kind of value.
constexpr std::array<std::string_view, 7> kKindsOf23 = {
    "MD_str_", "MD_num_", "MD_bool_", "MD_date_", "MD_list_", "MD_gp_", "MD_gs_"};

struct VersionIndexes {
  tables::DataVersion version;
  Family family;
  std::string_view assets, files;
};
constexpr VersionIndexes kIndexes[] = {
    {{2, 1}, Family::kV22, "assets1236", "assets1236"},
    {{2, 2}, Family::kV22, "assets1236", "assets1236"},
    {{2, 3}, Family::kV23, "vams-assets-v1", "vams-files-v1"},
    {{2, 4}, Family::kV24, "vams-assets-v2", "vams-files-v2"},
    {{2, 5}, Family::kV24, "vams-assets-v2", "vams-files-v2"},
};

Result<VersionIndexes> Find(tables::DataVersion version) {
  for (const auto& known : kIndexes)
    if (known.version == version) return known;
  return Error(Code::kNotSupported,
               fmt::format("no search indexes are known of data version {}", version.ToString()));
}

const json::object* ObjectAt(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found != nullptr ? found->if_object() : nullptr;
}

std::string_view TypeOf(const json::object& field) {
  const auto* type = field.if_contains("type");
  return type != nullptr && type->is_string() ? std::string_view(type->get_string())
                                              : std::string_view();
}

// What a mapping and documents say, put together.
class Evidence {
 public:
  Evidence(const json::object& mappings, std::span<const json::object> sample) {
    if (const auto* properties = ObjectAt(mappings, "properties"))
      for (const auto& field : *properties)
        if (field.value().is_object()) AddField(field.key(), field.value().get_object());
    if (const auto* templates = mappings.if_contains("dynamic_templates");
        templates != nullptr && templates->is_array())
      for (const auto& entry : templates->get_array())
        if (entry.is_object())
          for (const auto& named : entry.get_object())
            if (named.value().is_object()) AddTemplate(named.value().get_object());
    for (const auto& document : sample) AddDocument(document);
  }

  bool empty() const { return fields_.empty() && templates_ == 0; }
  bool templates() const { return templates_ > 0; }
  bool ours() const { return ours_; }
  bool flat() const { return flat_; }
  bool metadata_as_object() const { return metadata_as_object_; }
  bool of23() const { return of23_; }
  bool raw() const { return raw_; }
  bool record_types() const { return record_types_; }
  bool of25() const { return HasAny(kOf25); }

  // Nothing: it has fields of both, or of none.
  std::optional<Part> part() const {
    const bool files = HasAny(kOfFiles);
    if (files == HasAny(kOfAssets)) return std::nullopt;
    return files ? Part::kFiles : Part::kAssets;
  }

 private:
  template <std::size_t N>
  bool HasAny(const std::array<std::string_view, N>& names) const {
    return std::ranges::any_of(names, [&](auto name) { return fields_.contains(name); });
  }
  static bool IsOf23(std::string_view name) {
    return std::ranges::any_of(kKindsOf23, [&](auto kind) { return name.starts_with(kind); });
  }

  void AddField(std::string_view name, const json::object& field) {
    fields_.emplace(name);
    if (name == kOurMember)
      if (const auto* own = ObjectAt(field, "properties"))
        ours_ = ours_ || (own->contains("id") && own->contains("kind"));
    if (name == kMetadataField || name == kAttributesField) {
      if (TypeOf(field) == "flat_object")
        flat_ = true;
      else
        metadata_as_object_ = true;
    }
    if (IsOf23(name)) of23_ = true;
    if (name.starts_with("str_"))
      if (const auto* more = ObjectAt(field, "fields")) raw_ = raw_ || more->contains("raw");
  }

  void AddTemplate(const json::object& entry) {
    ++templates_;
    std::vector<std::string_view> patterns;
    if (const auto* match = entry.if_contains("match")) {
      if (match->is_string()) patterns.emplace_back(match->get_string());
      if (match->is_array())
        for (const auto& one : match->get_array())
          if (one.is_string()) patterns.emplace_back(one.get_string());
    }
    const auto* mapping = ObjectAt(entry, "mapping");
    const auto* more = mapping != nullptr ? ObjectAt(*mapping, "fields") : nullptr;
    for (const auto pattern : patterns) {
      if (IsOf23(pattern)) of23_ = true;
      if (pattern.starts_with("str_") && more != nullptr && more->contains("raw")) raw_ = true;
    }
  }

  void AddDocument(const json::object& document) {
    for (const auto& member : document) {
      const std::string_view name = member.key();
      fields_.emplace(name);
      if (IsOf23(name)) of23_ = true;
      if (name == "_rectype" && member.value().is_string() &&
          (member.value() == "asset" || member.value() == "s3object"))
        record_types_ = true;
    }
  }

  std::set<std::string, std::less<>> fields_;
  std::size_t templates_ = 0;
  bool ours_ = false, flat_ = false, metadata_as_object_ = false, of23_ = false, raw_ = false,
       record_types_ = false;
};

json::object Type(std::string_view type) { return {{"type", type}}; }

json::object Text(std::string_view exact) {
  return {{"type", "text"}, {"fields", {{exact, {{"type", "keyword"}}}}}};
}

// A template for new fields of that beginning.
json::value Template(std::string_view name, std::string_view beginning, json::object mapping,
                     std::string_view of = {}) {
  json::object body{{"match", fmt::format("{}*", beginning)}, {"mapping", std::move(mapping)}};
  if (!of.empty()) body["match_mapping_type"] = of;
  return json::object{{name, std::move(body)}};
}

json::object NewDate() {
  return {{"type", "date"}, {"format", "yyyy-MM-dd'T'HH:mm:ss||yyyy-MM-dd||epoch_millis"}};
}

json::array Templates(Family family) {
  if (family == Family::kV22)
    return {
        Template("texts", "str_", Text("raw")),       Template("numbers", "num_", Type("double")),
        Template("flags", "bool_", Type("boolean")),  Template("dates", "date_", NewDate()),
        Template("lists", "list_", Text("raw")),      Template("json", "json_", Text("raw")),
        Template("points", "gp_", Type("geo_point")), Template("shapes", "gs_", Type("geo_shape"))};
  json::array templates = {Template("core_strings", "str_", Text("keyword"), "string"),
                           Template("core_numeric", "num_", Type("long")),
                           Template("core_boolean", "bool_", Type("boolean")),
                           Template("core_dates", "date_", NewDate()),
                           Template("core_lists", "list_", Text("keyword"))};
  if (family == Family::kV24) return templates;
  templates.push_back(Template("metadata_strings", "MD_str_", Text("keyword")));
  templates.push_back(Template("metadata_numbers", "MD_num_", Type("double")));
  templates.push_back(Template("metadata_flags", "MD_bool_", Type("boolean")));
  templates.push_back(Template("metadata_dates", "MD_date_", NewDate()));
  templates.push_back(Template("metadata_lists", "MD_list_", Type("keyword")));
  templates.push_back(Template("metadata_points", "MD_gp_", Type("geo_point")));
  templates.push_back(Template("metadata_shapes", "MD_gs_", Type("geo_shape")));
  return templates;
}

// The fields that 2.3 and later declare.
json::object Declared(Family family, Part part) {
  json::object fields{{"_rectype", Type("keyword")}};
  const auto texts = [&](std::initializer_list<std::string_view> names) {
    for (const auto name : names) fields[name] = Text("keyword");
  };
  const auto flags = [&](std::initializer_list<std::string_view> names) {
    for (const auto name : names) fields[name] = Type("boolean");
  };
  texts({"str_databaseid", "str_assetid", "str_assetname", "str_bucketid", "str_bucketname",
         "str_bucketprefix", "list_tags"});
  flags({"bool_archived"});
  if (part == Part::kAssets) {
    texts(
        {"str_assettype", "str_description", "str_asset_version_id", "str_asset_version_comment"});
    flags({"bool_isdistributable", "bool_has_asset_children", "bool_has_asset_parents",
           "bool_has_assets_related"});
    fields["date_asset_version_createdate"] = Type("date");
  } else {
    texts({"str_key", "str_fileext", "str_etag", "str_s3_version_id"});
    fields["date_lastmodified"] = Type("date");
    fields["num_filesize"] = Type("long");
  }
  if (family == Family::kV24) fields[kMetadataField] = Type("flat_object");
  if (family == Family::kV24 && part == Part::kFiles)
    fields[kAttributesField] = Type("flat_object");
  return fields;
}

}  // namespace

Recognised Recognise(const json::object& mappings, const json::object& settings,
                     std::span<const json::object> sample) {
  (void)settings;  // the same in all of them
  const Evidence evidence(mappings, sample);
  const auto unknown = [](std::string why) {
    return Recognised{.family = Family::kUnknown,
                      .part = Part::kBoth,
                      .has_fields_of_25 = false,
                      .because = std::move(why)};
  };
  if (evidence.ours())
    return {.family = Family::kOurs,
            .part = evidence.part().value_or(Part::kBoth),
            .has_fields_of_25 = false,
            .because = "it maps the fields that this software keeps for itself"};
  if (evidence.empty()) return unknown("it has no mapping yet");
  if (evidence.record_types() || evidence.raw())
    return {.family = Family::kV22,
            .part = Part::kBoth,
            .has_fields_of_25 = false,
            .because = evidence.raw() ? "its texts have the exact form \"raw\""
                                      : "its documents say whether they are an asset or an object"};
  const auto part = evidence.part();
  if (evidence.flat() && part)
    return {.family = Family::kV24,
            .part = *part,
            .has_fields_of_25 = evidence.of25(),
            .because = "it maps metadata as a flat object"};
  if (evidence.metadata_as_object())
    return unknown(
        "it maps MD_ or AB_ as an ordinary object, as the server does by itself when a document "
        "comes before the index was made");
  if (evidence.of23() && part)
    return {.family = Family::kV23,
            .part = *part,
            .has_fields_of_25 = false,
            .because = "it has a field for each metadata key and kind of value"};
  // A deployment of 2.4 declares the flat objects at once, and the server itself makes no
  // templates.
  if (evidence.templates() && !evidence.flat() && part)
    return {.family = Family::kV23,
            .part = *part,
            .has_fields_of_25 = false,
            .because = "it declares the fields of two indexes and no flat object"};
  if (!part && (evidence.flat() || evidence.of23()))
    return unknown("it has fields of assets and of files, or of none");
  return unknown("no field of it is what only one of the known releases has");
}

std::string Describe(const Recognised& recognised) {
  const std::string_view of = recognised.part == Part::kAssets  ? "assets"
                              : recognised.part == Part::kFiles ? "files"
                                                                : "assets and files";
  switch (recognised.family) {
    case Family::kV22:
      return fmt::format("an index of {} of 2.1 or 2.2", of);
    case Family::kV23:
      return fmt::format("an index of {} of 2.3", of);
    case Family::kV24:
      return fmt::format("an index of {} of {}", of,
                         recognised.has_fields_of_25 ? "2.5" : "2.4 or 2.5");
    case Family::kOurs:
      return "an index of this software's own search";
    case Family::kUnknown:
      break;
  }
  return "no index of a known release";
}

Result<IndexNames> UpstreamNames(tables::DataVersion version) {
  TRY(const auto known, Find(version));
  return IndexNames{.assets = std::string(known.assets), .files = std::string(known.files)};
}

Result<Family> FamilyOf(tables::DataVersion version) {
  TRY(const auto known, Find(version));
  return known.family;
}

std::vector<std::string> AllUpstreamNames() {
  std::vector<std::string> names;
  for (const auto& known : kIndexes)
    for (const auto name : {known.assets, known.files})
      if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  return names;
}

json::object IndexBody(Family family, Part part) {
  json::object settings{{"number_of_shards", 1},
                        {"number_of_replicas", 0},
                        {"analysis", {{"analyzer", {{"default", {{"type", "standard"}}}}}}}};
  // A field for every key of metadata: more than the server's default of a thousand.
  if (family != Family::kV24) settings["mapping"] = {{"total_fields", {{"limit", 10'000}}}};
  json::object mappings{{"dynamic_templates", Templates(family)}};
  if (family == Family::kV22)
    mappings["properties"] = {{"_rectype", Type("keyword")}};
  else
    mappings["properties"] = Declared(family, part);
  return {{"settings", {{"index", std::move(settings)}}}, {"mappings", std::move(mappings)}};
}

}  // namespace vams::migrate::index
