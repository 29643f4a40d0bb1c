#include "model/metadata_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <unordered_set>
#include <utility>

#include "model/text.h"

namespace vams::model {

namespace json = boost::json;

namespace {

// As SchemaEntity lists them.
constexpr std::array<std::string_view, 5> kEntities = {
    "databaseMetadata", "assetMetadata", "fileMetadata", "fileAttribute", "assetLinkMetadata"};

constexpr TextRule kSchemaName{.min = 1, .max = 256};
constexpr std::size_t kExtensionMax = 10;

constexpr std::string_view kMissing = "field required (type=value_error.missing)";
constexpr std::string_view kNone =
    "none is not an allowed value (type=type_error.none.not_allowed)";
constexpr std::string_view kNoObject = "value is not a valid dict (type=type_error.dict)";
constexpr std::string_view kNoItem =
    "ensure this value has at least 1 items (type=value_error.list.min_items; limit_value=1)";

std::string BadValue(std::string_view sentence) {
  return fmt::format("{} (type=value_error)", sentence);
}

// What may be left out must not be null when it is there (section 1.5).
std::optional<bool> ReadFlag(ObjectReader& reader, std::string_view name) {
  if (reader.IsNull(name)) reader.problems().Add(reader.Where(name), std::string(kNone));
  return reader.OptionalBool(name);
}

std::optional<std::vector<std::string>> ReadTexts(ObjectReader& reader, std::string_view name) {
  if (!reader.Has(name)) return std::nullopt;
  return reader.Texts(name, false);
}

// ---- Fields.

void CheckList(ObjectReader& reader, const SchemaField& field) {
  const bool has_list = field.list && !field.list->empty();
  if (field.type != ValueType::kInlineControlledList) {
    if (has_list)
      reader.problems().Add(
          reader.Where("controlledListKeys"),
          BadValue(fmt::format("a field of type '{}' has no list; leave controlledListKeys out, or "
                               "make it an inline_controlled_list",
                               ValueTypeName(field.type))));
  } else if (!has_list) {
    reader.problems().Add(
        reader.Where("controlledListKeys"),
        BadValue("an inline_controlled_list needs the values that it allows, one at least"));
  }
}

void CheckDefault(ObjectReader& reader, const SchemaField& field) {
  if (!field.default_value) return;
  const auto complain = [&](std::string_view sentence) {
    reader.problems().Add(reader.Where("defaultMetadataFieldValue"), BadValue(sentence));
  };
  if (field.type == ValueType::kInlineControlledList) {
    if (field.list && std::ranges::find(*field.list, *field.default_value) == field.list->end())
      complain("the default has to be one of controlledListKeys");
  } else if (const auto complaint = CheckValue(field.type, *field.default_value)) {
    complain(*complaint);
  }
}

SchemaField ReadField(ObjectReader& reader) {
  SchemaField field;
  field.key = reader.Text("metadataFieldKeyName", kSchemaName);
  const auto type_name = reader.OptionalText("metadataFieldValueType");
  field.required = ReadFlag(reader, "required").value_or(false);
  field.sequence = reader.OptionalInt("sequence", 0);
  field.depends_on = ReadTexts(reader, "dependsOnFieldKeyName");
  field.list = ReadTexts(reader, "controlledListKeys");
  field.default_value = reader.OptionalText("defaultMetadataFieldValue", {.required = false});
  if (!type_name) return field;
  const auto type = FindValueType(*type_name);
  if (!type) {
    reader.problems().Add(reader.Where("metadataFieldValueType"),
                          BadValue(UnknownValueType(*type_name)));
    return field;
  }
  field.type = *type;
  CheckList(reader, field);
  CheckDefault(reader, field);
  return field;
}

// {"fields": […]} of a body.
std::vector<SchemaField> ReadFields(ObjectReader& body) {
  std::vector<SchemaField> fields;
  Problems& problems = body.problems();
  const json::value* value = body.object().if_contains("fields");
  if (value == nullptr || !value->is_object()) {
    problems.Add(body.Where("fields"), std::string(value == nullptr   ? kMissing
                                                   : value->is_null() ? kNone
                                                                      : kNoObject));
    return fields;
  }
  ObjectReader outer(value->get_object(), problems, body.Where("fields -> "));
  if (!outer.Has("fields")) {
    problems.Add(outer.Where("fields"), std::string(outer.IsNull("fields") ? kNone : kMissing));
    return fields;
  }
  std::unordered_set<std::string> keys;
  outer.Each("fields", [&](ObjectReader& reader) {
    SchemaField field = ReadField(reader);
    if (!keys.insert(field.key).second)
      problems.Add(reader.Where("metadataFieldKeyName"),
                   BadValue(fmt::format("the schema has a field '{}' already; names are unique",
                                        field.key)));
    fields.push_back(std::move(field));
  });
  const json::value& list = value->get_object().at("fields");
  if (list.is_array() && list.get_array().empty())
    problems.Add(outer.Where("fields"), std::string(kNoItem));
  return fields;
}

// ---- The rest of a schema.

void CheckFileTypes(std::string_view list, Problems& problems) {
  bool fine = true;
  ForEachEntry(list, [&](std::string_view entry) {
    fine = fine && !entry.empty() && Length(entry) <= kExtensionMax;
  });
  if (!fine)
    problems.Add("fileKeyTypeRestriction",
                 BadValue(fmt::format("an extension has 1 to {} characters, the dot among them; "
                                      "several are separated by commas: '.glb,.ifc'",
                                      kExtensionMax)));
}

void CheckSchemaName(const std::optional<std::string>& name, Problems& problems) {
  if (name) problems.Add(CheckObjectName("schemaName", *name));
}

std::optional<SchemaEntity> ReadEntity(ObjectReader& reader) {
  const auto name = reader.OptionalText("metadataSchemaEntityType");
  if (!name) return std::nullopt;
  const auto entity = FindSchemaEntity(*name);
  if (!entity)
    reader.problems().Add(reader.Where("metadataSchemaEntityType"), UnknownSchemaEntity());
  return entity;
}

}  // namespace

std::string_view SchemaEntityName(SchemaEntity entity) {
  return kEntities[static_cast<std::size_t>(entity)];
}

std::optional<SchemaEntity> FindSchemaEntity(std::string_view any_case) {
  const std::string lower = Lower(any_case);
  for (std::size_t i = 0; i < kEntities.size(); ++i)
    if (Lower(kEntities[i]) == lower) return static_cast<SchemaEntity>(i);
  return std::nullopt;
}

std::string UnknownSchemaEntity() {
  return fmt::format(
      "value is not a valid enumeration member; permitted: '{}' (type=type_error.enum)",
      fmt::join(kEntities, "', '"));
}

json::object FieldJson(const SchemaField& field) {
  const auto list = [](const std::optional<std::vector<std::string>>& texts) -> json::value {
    if (!texts) return nullptr;
    return json::array(texts->begin(), texts->end());
  };
  return {{"metadataFieldKeyName", field.key},
          {"metadataFieldValueType", ValueTypeName(field.type)},
          {"required", field.required},
          {"sequence", field.sequence ? json::value(*field.sequence) : json::value(nullptr)},
          {"dependsOnFieldKeyName", list(field.depends_on)},
          {"controlledListKeys", list(field.list)},
          {"defaultMetadataFieldValue",
           field.default_value ? json::value(*field.default_value) : json::value(nullptr)}};
}

json::array FieldsJson(const std::vector<SchemaField>& fields) {
  json::array list;
  for (const SchemaField& field : fields) list.push_back(FieldJson(field));
  return list;
}

std::string StoredFields(const std::vector<SchemaField>& fields) {
  return json::serialize(json::object{{"fields", FieldsJson(fields)}});
}

std::vector<SchemaField> FieldsOf(std::string_view stored) {
  std::vector<SchemaField> fields;
  boost::system::error_code error;
  // Many small values that die together.
  json::monotonic_resource memory;
  const json::value value = json::parse(stored, error, &memory);
  if (error) return fields;
  const json::value* list = value.is_object() ? value.get_object().if_contains("fields") : &value;
  if (list == nullptr || !list->is_array()) return fields;
  std::unordered_set<std::string> keys;
  for (const json::value& element : list->get_array()) {
    if (!element.is_object()) continue;
    Problems problems;
    ObjectReader reader(element.get_object(), problems);
    SchemaField field = ReadField(reader);
    if (problems.empty() && keys.insert(field.key).second) fields.push_back(std::move(field));
  }
  return fields;
}

NewMetadataSchema ReadNewMetadataSchema(const json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewMetadataSchema schema;
  const auto database = reader.OptionalText("databaseId", kSchemaName);
  const auto entity = ReadEntity(reader);
  const auto name = reader.OptionalText("schemaName", kSchemaName);
  schema.fields = ReadFields(reader);
  schema.file_types = reader.OptionalText("fileKeyTypeRestriction", {.required = false});
  schema.enabled = ReadFlag(reader, "enabled").value_or(true);
  if (schema.file_types && schema.file_types->empty()) schema.file_types.reset();
  if (schema.file_types) CheckFileTypes(*schema.file_types, problems);
  if (database && *database != kGlobalSchemas) problems.Add(CheckId("databaseId", *database));
  CheckSchemaName(name, problems);
  if (entity) problems.Add(CheckFits(*entity, schema.file_types, schema.fields));
  schema.database_id = database.value_or("");
  schema.entity = entity.value_or(SchemaEntity::kAsset);
  schema.name = name.value_or("");
  return schema;
}

MetadataSchemaChange ReadMetadataSchemaChange(const json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  MetadataSchemaChange change;
  const auto id = reader.OptionalText("metadataSchemaId");
  // A null would leave a record behind that no schema is.
  if (body.contains("schemaName")) change.name = reader.OptionalText("schemaName", kSchemaName);
  if (body.contains("fields")) change.fields = ReadFields(reader);
  change.enabled = ReadFlag(reader, "enabled");
  if (body.contains("fileKeyTypeRestriction")) {
    change.file_types =
        reader.OptionalText("fileKeyTypeRestriction", {.required = false}).value_or("");
    if (!change.file_types->empty()) CheckFileTypes(*change.file_types, problems);
  }
  if (id) problems.Add(CheckId("metadataSchemaId", *id));
  CheckSchemaName(change.name, problems);
  if (!body.contains("schemaName") && !body.contains("fields") && !body.contains("enabled") &&
      change.file_types.value_or("").empty())
    problems.Add("__root__",
                 "At least one of schemaName, fields, enabled and fileKeyTypeRestriction must be "
                 "provided for update");
  change.id = id.value_or("");
  return change;
}

bool ReadMetadataSchemaDeletion(const json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  const auto confirmed = ReadFlag(reader, "confirmDelete");
  if (body.contains("confirmDelete") && !confirmed) return false;
  if (confirmed != true)
    problems.Add("confirmDelete",
                 BadValue("deleting a schema has to be confirmed with \"confirmDelete\": true"));
  return confirmed == true;
}

Complaint CheckFits(SchemaEntity entity, const std::optional<std::string>& file_types,
                    const std::vector<SchemaField>& fields) {
  if (!IsOfFiles(entity) && !file_types.value_or("").empty())
    return fmt::format(
        "fileKeyTypeRestriction is for schemas of type '{}' and '{}' only, and this one is for {}",
        SchemaEntityName(SchemaEntity::kFile), SchemaEntityName(SchemaEntity::kFileAttribute),
        SchemaEntityName(entity));
  if (entity != SchemaEntity::kFileAttribute) return std::nullopt;
  const auto odd = std::ranges::find_if(
      fields, [](const SchemaField& field) { return field.type != ValueType::kString; });
  if (odd == fields.end()) return std::nullopt;
  return fmt::format("Attributes of files are of type 'string' only, and the field '{}' is of '{}'",
                     odd->key, ValueTypeName(odd->type));
}

}  // namespace vams::model
