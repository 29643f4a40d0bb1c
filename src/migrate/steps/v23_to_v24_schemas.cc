// Metadata schemas: one row per field becomes one schema per database and entity type.
// Spec: migrations.md sections 5.4 and 5.7, ruling "schemas".
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/ascii.h"
#include "items/aws/dynamodb_json.h"
#include "items/number.h"
#include "migrate/steps/old_times.h"
#include "migrate/steps/v23_to_v24.h"
#include "migrate/steps/v23_to_v24_json.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::string_view kSchemaKey = "databaseId:metadataEntityType";
constexpr std::string_view kMigratedName = "migratedSchema";
constexpr std::string_view kForAssets = "assetMetadata";
constexpr std::string_view kForFiles = "fileMetadata";

// The type of 2.4 for a type of 2.3; empty: there is none.
std::string_view NewType(std::string_view old_type) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"string", "string"}, {"textarea", "multiline_string"},
      {"number", "number"}, {"boolean", "boolean"},
      {"date", "date"},     {"inline-controlled-list", "inline_controlled_list"},
      {"location", "lla"}};
  const std::string lower = Lower(old_type);
  for (const auto& [from, to] : kTypes)
    if (from == lower) return to;
  return {};
}

std::string_view OldType(std::string_view new_type) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"multiline_string", "textarea"},
      {"number", "number"},
      {"boolean", "boolean"},
      {"date", "date"},
      {"inline_controlled_list", "inline-controlled-list"},
      {"lla", "location"}};
  for (const auto& [from, to] : kTypes)
    if (from == new_type) return to;
  return "string";
}

std::vector<std::string> ListValues(const Item& row) {
  std::vector<std::string> values;
  std::string_view rest = row.Text("inlineControlledListValues");
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (const auto value = Trim(rest.substr(0, comma)); !value.empty()) values.emplace_back(value);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return values;
}

bool Required(const Item& row) {
  const Value* required = row.Find("required");
  return required != nullptr && required->is(Kind::kBool) && required->boolean();
}

// The display order: a whole number, stored as N or as S; nothing else is one.
std::optional<std::string> Sequence(const Item& row) {
  const Value* value = row.Find("sequenceNumber");
  if (value == nullptr || !(value->is(Kind::kN) || value->is(Kind::kS))) return std::nullopt;
  const auto number = items::CanonicalNumber(Trim(value->text()));
  if (!number.ok() || number->find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return *number;
}

std::vector<std::string> DependsOn(const Item& row) {
  std::vector<std::string> names;
  const Value* value = row.Find("dependsOn");
  if (value == nullptr) return names;
  if (value->is(Kind::kSS)) return value->set();
  if (!value->is(Kind::kL)) return names;
  for (const auto& name : value->list())
    if (name.is(Kind::kS) && !name.text().empty()) names.push_back(name.text());
  return names;
}

std::string JsonList(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const auto& text : texts) {
    if (json.size() > 1) json += ',';
    items::aws::AppendJsonString(json, text);
  }
  return json + "]";
}

// ---- corrected

std::string FieldJson(const Item& row) {
  const FieldType field = FieldTypeOf(row);
  std::string json = "{\"metadataFieldKeyName\":";
  items::aws::AppendJsonString(json, row.Text("field"));
  json +=
      fmt::format(",\"metadataFieldValueType\":\"{}\",\"required\":{}", field.type, Required(row));
  if (const auto sequence = Sequence(row)) json += ",\"sequence\":" + *sequence;
  if (const auto names = DependsOn(row); !names.empty())
    json += ",\"dependsOnFieldKeyName\":" + JsonList(names);
  if (!field.list.empty()) json += ",\"controlledListKeys\":" + JsonList(field.list);
  return json + "}";
}

// In the order of display; fields without a place in it come last.
std::vector<const Item*> InOrder(std::vector<const Item*> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Item* a, const Item* b) {
    const auto x = Sequence(*a), y = Sequence(*b);
    if (!x || !y) return x.has_value() && !y.has_value();
    return items::CompareNumbers(*x, *y) < 0;
  });
  return rows;
}

Item MakeSchema(std::string_view database, std::string_view entity, std::string id,
                std::string fields) {
  const std::string key = fmt::format("{}:{}", database, entity);
  Item schema;
  schema.Set("metadataSchemaId", Value::S(std::move(id)));
  schema.Set(std::string_view(kSchemaKey), Value::S(key));
  schema.Set("databaseId", Value::S(std::string(database)));
  schema.Set("metadataSchemaEntityType", Value::S(std::string(entity)));
  schema.Set("schemaName", Value::S(std::string(kMigratedName)));
  schema.Set("fields", Value::S(std::move(fields)));
  schema.Set("enabled", Value::Bool(true));
  schema.Set("createdBy", Value::S(std::string(kMigration)));
  schema.Set("modifiedBy", Value::S(std::string(kMigration)));
  return schema;
}

// The same on every run, so that a second run, or going down and up again, finds the schema.
std::string SchemaId(std::string_view database, std::string_view entity) {
  Settings fixed;
  fixed.run_id = "2.3-2.4";
  return MadeUpId(fixed, fmt::format("migratedSchema {}:{}", database, entity));
}

// Whether a run before this one has made this schema.
bool IsOurs(const Item& schema, std::string_view entity) {
  return schema.Text("metadataSchemaEntityType") == entity &&
         schema.Text("schemaName") == kMigratedName && schema.Text("createdBy") == kMigration;
}

void RemarkOnField(const Item& row, Output& out) {
  const Record record{kOldSchemas, row};
  const std::string_view old_type = row.Text("dataType");
  const std::string lower = Lower(old_type);
  if (NewType(old_type).empty()) {
    out.Defect(record, "M34-7", "the upstream script leaves this field out of the schema");
    out.Note(record, "schemas",
             lower == "controlled-list"
                 ? "the field's list of values is kept outside the database, where 2.4 does not "
                   "look; it becomes a text field, enter the list anew if it is still wanted"
             : old_type.empty()
                 ? std::string("the field has no type; it becomes a text field")
                 : fmt::format("2.4 has no field type \"{}\"; it becomes a text field", old_type));
  } else if (lower == "inline-controlled-list" && ListValues(row).empty()) {
    out.Defect(record, "M34-8",
               "the upstream script makes a list field without values, which 2.4 "
               "cannot read, nor the schema that it is in");
    out.Note(record, "schemas", "the field's list has no values; it becomes a text field");
  } else if (lower == "location") {
    out.Defect(record, "M34-5",
               "the upstream script takes column names for coordinates and makes "
               "a default location of them");
  }
  const Value* sequence = row.Find("sequenceNumber");
  if ((sequence != nullptr && sequence->is(Kind::kN)) || !DependsOn(row).empty())
    out.Defect(record, "M34-6",
               "the upstream script loses the field's place or what it depends on");
}

void ForwardCorrected(std::string_view database, const Unit& unit, Output& out) {
  const auto rows = InOrder(Sorted(unit, kOldSchemas, "field"));
  const auto existing = unit.Of(kNewSchemas);
  for (const Item* schema : existing) out.Put(kNewSchemas, *schema);
  if (rows.empty()) return;
  std::string fields = "{\"fields\":[";
  for (const Item* row : rows) {
    if (fields.back() == '}') fields += ',';
    fields += FieldJson(*row);
    RemarkOnField(*row, out);
  }
  fields += "]}";
  out.Defect({kOldSchemas, *rows.front()}, "M34-9",
             "the upstream script makes a schema for assets only, though it applied to files too");
  for (const auto entity : {kForAssets, kForFiles}) {
    const std::string id = SchemaId(database, entity);
    const bool there = std::any_of(existing.begin(), existing.end(), [&](const Item* schema) {
      return schema->Text("metadataSchemaId") == id || IsOurs(*schema, entity);
    });
    if (!there) out.Put(kNewSchemas, MakeSchema(database, entity, id, fields));
  }
}

// ---- reference

// Python's int(): a sign, digits with single underscores; canonical text.
std::optional<std::string> PythonInt(std::string_view text) {
  text = Trim(text);
  std::string digits;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') digits = "-";
    text.remove_prefix(1);
  }
  if (text.empty() || text.front() == '_' || text.back() == '_' ||
      text.find("__") != std::string_view::npos ||
      text.find_first_not_of("0123456789_") != std::string_view::npos)
    return std::nullopt;
  std::string plain;
  for (const char c : text)
    if (c != '_') plain += c;
  plain.erase(0, std::min(plain.find_first_not_of('0'), plain.size() - 1));
  return plain == "0" ? plain : digits + plain;
}

std::string PythonNumber(const Item& row, std::string_view attribute) {
  std::string plain;
  const std::string_view text = Trim(row.Text(attribute));
  if (!IsNumberText(text)) return "0.0";
  for (const char c : text)
    if (c != '_') plain += c;
  return PythonFloat(std::strtod(plain.c_str(), nullptr));
}

// Empty: the script leaves the field out.
std::string ReferenceField(const Item& row) {
  const std::string_view type = NewType(row.Text("dataType"));
  if (type.empty()) return {};
  std::string json = fmt::format(
      "{{\"metadataFieldKeyName\": {}, \"metadataFieldValueType\": \"{}\", "
      "\"required\": {}",
      PythonString(row.Text("field")), type, Required(row));
  if (const auto sequence = PythonInt(row.Text("sequenceNumber")))
    json += fmt::format(", \"sequence\": {}", *sequence);
  if (type == "inline_controlled_list") {
    std::string list;
    for (const auto& value : ListValues(row))
      list += (list.empty() ? "" : ", ") + PythonString(value);
    if (!list.empty()) json += fmt::format(", \"controlledListKeys\": [{}]", list);
  }
  if (type == "lla")
    json += ", \"defaultMetadataFieldValue\": " +
            PythonString(fmt::format(
                "{{\"lat\": {}, \"long\": {}, \"alt\": {}}}", PythonNumber(row, "latitudeField"),
                PythonNumber(row, "longitudeField"), PythonNumber(row, "zoomLevelField")));
  return json + "}";
}

void ForwardReference(std::string_view database, const Unit& unit, const Context& cx, Output& out) {
  const auto rows = Sorted(unit, kOldSchemas, "field");  // as they are scanned
  for (const Item* schema : unit.Of(kNewSchemas)) {
    const bool replaced = !rows.empty() && schema->Text("schemaName") == kMigratedName &&
                          schema->Text(kSchemaKey) == fmt::format("{}:{}", database, kForAssets);
    if (!replaced) out.Put(kNewSchemas, *schema);
  }
  std::string fields;
  for (const Item* row : rows) {
    const std::string field = ReferenceField(*row);
    if (!field.empty()) fields += (fields.empty() ? "" : ", ") + field;
  }
  if (fields.empty()) return;
  Item schema = MakeSchema(database, kForAssets, SchemaId(database, kForAssets),
                           fmt::format("{{\"fields\": [{}]}}", fields));
  const std::string now = IsoTime(cx.settings.run_millis, "+00:00");
  schema.Set("dateCreated", Value::S(now));
  schema.Set("dateModified", Value::S(now));
  out.Put(kNewSchemas, std::move(schema));
}

// ---- the way back

bool Enabled(const Item& schema) {
  const Value* enabled = schema.Find("enabled");
  if (enabled == nullptr) return true;
  if (enabled->is(Kind::kS)) return Lower(enabled->text()) == "true";
  return enabled->is(Kind::kBool) && enabled->boolean();
}

// The field definitions of a schema; empty if its text cannot be read.
Value::List Fields(const Item& schema) {
  auto json = ValueFromJson(schema.Text("fields"));
  if (!json) return {};
  if (json->is(Kind::kM)) {
    const Value* inner = json->map().Find("fields");
    if (inner == nullptr || !inner->is(Kind::kL)) return {};
    return inner->list();
  }
  return json->is(Kind::kL) ? json->list() : Value::List();
}

void AddLocationDefault(const Item& field, Item& row) {
  const auto json = ValueFromJson(field.Text("defaultMetadataFieldValue"));
  if (!json || !json->is(Kind::kM)) return;
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"lat", "latitudeField"}, {"long", "longitudeField"}, {"alt", "zoomLevelField"}};
  for (const auto& [from, to] : kNames)
    if (const Value* number = json->map().Find(from); number != nullptr && number->is(Kind::kN))
      row.Set(to, Value::S(number->text()));
}

// Nothing for what is no field.
std::optional<Item> OldRow(std::string_view database, const Value& definition) {
  if (!definition.is(Kind::kM)) return std::nullopt;
  const Item& field = definition.map();
  const std::string_view name = field.Text("metadataFieldKeyName");
  if (name.empty()) return std::nullopt;
  const std::string type = Lower(field.Text("metadataFieldValueType"));
  Item row;
  row.Set("databaseId", Value::S(std::string(database)));
  row.Set("field", Value::S(std::string(name)));
  row.Set("dataType", Value::S(std::string(OldType(type))));
  row.Set("object__type", Value::S("metadataSchema"));
  row.Set("required", Value::Bool(Required(field)));
  if (const Value* sequence = field.Find("sequence"); sequence != nullptr && sequence->is(Kind::kN))
    row.Set("sequenceNumber", *sequence);
  Value::List depends_on;
  if (const Value* names = field.Find("dependsOnFieldKeyName");
      names != nullptr && names->is(Kind::kL))
    for (const auto& other : names->list())
      if (other.is(Kind::kS)) depends_on.push_back(other);
  row.Set("dependsOn", Value::L(std::move(depends_on)));
  if (type == "inline_controlled_list") {
    std::string list;
    if (const Value* values = field.Find("controlledListKeys");
        values != nullptr && values->is(Kind::kL))
      for (const auto& value : values->list())
        if (value.is(Kind::kS)) list += (list.empty() ? "" : ",") + value.text();
    row.Set("inlineControlledListValues", Value::S(std::move(list)));
  }
  if (type == "lla") AddLocationDefault(field, row);
  return row;
}

class Schemas final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "schemas",
                                .what = "Make one metadata schema of the fields of a database",
                                .reads_up = {kOldSchemas, kNewSchemas},
                                .writes_up = {kOldSchemas, kNewSchemas},
                                .reads_down = {kOldSchemas, kNewSchemas},
                                .writes_down = {kOldSchemas},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)cx;
    if (record.table == kOldSchemas)
      return std::optional(GroupName(direction, record.item.Text("databaseId")));
    const std::string_view key = record.item.Text(kSchemaKey);
    return std::optional(GroupName(direction, key.substr(0, key.rfind(':'))));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const Item* row : unit.Of(kOldSchemas)) out.Put(kOldSchemas, *row);
    const std::string_view database = DatabaseOf(unit);
    if (IsReference(cx))
      ForwardReference(database, unit, cx, out);
    else
      ForwardCorrected(database, unit, out);
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    const auto schemas = Sorted(unit, kNewSchemas, "metadataSchemaId");
    for (auto& row : OldRowsOf(DatabaseOf(unit), schemas)) out.Put(kOldSchemas, std::move(row));
    return Ok();
  }

 private:
  static std::string_view DatabaseOf(const Unit& unit) {
    return std::string_view(unit.group).substr(2);
  }
};

}  // namespace

FieldType FieldTypeOf(const Item& old_row) {
  FieldType field;
  if (const auto type = NewType(old_row.Text("dataType")); !type.empty()) field.type = type;
  if (field.type == "inline_controlled_list") {
    field.list = ListValues(old_row);
    if (field.list.empty()) field.type = "string";
  }
  return field;
}

std::vector<Item> OldRowsOf(std::string_view database, std::span<const Item* const> schemas) {
  std::map<std::string, Item> rows;
  if (database == "GLOBAL") return {};
  for (const Item* schema : schemas) {
    if (schema->Text("metadataSchemaEntityType") != kForAssets || !Enabled(*schema)) continue;
    for (const auto& definition : Fields(*schema))
      if (auto row = OldRow(database, definition)) {
        std::string name(row->Text("field"));
        rows.try_emplace(std::move(name), *std::move(row));
      }
  }
  std::vector<Item> all;
  all.reserve(rows.size());
  for (auto& [name, row] : rows) all.push_back(std::move(row));
  return all;
}

const Phase& SchemasPhase() {
  static const Schemas phase;
  return phase;
}

std::vector<Problem> CheckSchema(const Item& item) {
  std::vector<Problem> problems;
  const std::string key =
      fmt::format("{}:{}", item.Text("databaseId"), item.Text("metadataSchemaEntityType"));
  if (item.Text(kSchemaKey) != key)
    problems.push_back({Problem::Kind::kBroken,
                        fmt::format("its sort key should be \"{}\", as its attributes say", key)});
  if (!ValueFromJson(item.Text("fields")))
    problems.push_back({Problem::Kind::kBroken, "its fields are no JSON text"});
  return problems;
}

}  // namespace vams::migrate::v23_to_v24
