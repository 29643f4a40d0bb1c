// Schemas of metadata: which keys entities of one kind have, and what their values may be.  The
// record, its JSON, and the bodies of the requests that make, change and remove one.
// Spec: api-metadata.md section 8.
//
// Pure; thread-safe.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/body.h"
#include "model/metadata_value.h"
#include "model/names.h"

namespace vams::model {

// The database id of schemas that apply in every database.
inline constexpr std::string_view kGlobalSchemas = "GLOBAL";

// What a schema is for.
enum class SchemaEntity : std::uint8_t { kDatabase, kAsset, kFile, kFileAttribute, kAssetLink };

// The names of the wire: databaseMetadata, assetMetadata, fileMetadata, fileAttribute,
// assetLinkMetadata.  Found in any letter case.
std::string_view SchemaEntityName(SchemaEntity entity);
std::optional<SchemaEntity> FindSchemaEntity(std::string_view any_case);
// What is said of another name.
std::string UnknownSchemaEntity();
// Metadata or attributes of files: what `file_types` can restrict.
inline bool IsOfFiles(SchemaEntity entity) {
  return entity == SchemaEntity::kFile || entity == SchemaEntity::kFileAttribute;
}

struct SchemaField {
  std::string key;
  ValueType type = ValueType::kString;
  bool required = false;
  std::optional<std::int64_t> sequence;
  // An empty list and none mean the same, but are told apart where schemas are compared.
  std::optional<std::vector<std::string>> depends_on;
  std::optional<std::vector<std::string>> list;  // of a controlled list: what is in it
  std::optional<std::string> default_value;

  bool operator==(const SchemaField&) const = default;
};

struct MetadataSchema {
  std::string id;
  std::string database_id;  // or kGlobalSchemas
  SchemaEntity entity = SchemaEntity::kAsset;
  std::string name;
  std::optional<std::string> file_types;  // ".glb,.ifc"; nothing: every file
  std::vector<SchemaField> fields;
  bool enabled = true;
  std::optional<std::string> created_on, modified_on, created_by, modified_by;
};

// ---- The JSON of fields.

// With all members, null where there is nothing.
boost::json::object FieldJson(const SchemaField& field);
boost::json::array FieldsJson(const std::vector<SchemaField>& fields);
// As it is stored: {"fields": […]} in one text.
std::string StoredFields(const std::vector<SchemaField>& fields);
// Out of the text that is stored, a list or {"fields": […]}; empty if it is neither.  Fields that
// break a rule are left out one by one, and so is the second one of a name (section 7.1).
std::vector<SchemaField> FieldsOf(std::string_view stored);

// ---- Bodies.  The value is worth nothing if `problems` is not empty afterwards.

struct NewMetadataSchema {
  std::string database_id;
  SchemaEntity entity = SchemaEntity::kAsset;
  std::string name;
  std::optional<std::string> file_types;
  std::vector<SchemaField> fields;
  bool enabled = true;
};

// What is nothing stays as it is.
struct MetadataSchemaChange {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::vector<SchemaField>> fields;
  std::optional<bool> enabled;
  std::optional<std::string> file_types;  // empty: the restriction is removed
};

NewMetadataSchema ReadNewMetadataSchema(const boost::json::object& body, Problems& problems);
MetadataSchemaChange ReadMetadataSchemaChange(const boost::json::object& body, Problems& problems);
// {"confirmDelete": true}, and nothing else will do.
bool ReadMetadataSchemaDeletion(const boost::json::object& body, Problems& problems);

// What only the entity tells: a restriction of schemas that are not for files, an attribute that is
// no text.  Of a change the parts that are there.
Complaint CheckFits(SchemaEntity entity, const std::optional<std::string>& file_types,
                    const std::vector<SchemaField>& fields);

}  // namespace vams::model
