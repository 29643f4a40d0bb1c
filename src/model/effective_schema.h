// What all schemas together ask of the metadata of one entity: which of them apply, how they merge,
// and the checks of writes and deletions against the result.  Spec: api-metadata.md section 7.
//
// Pure; thread-safe once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/metadata.h"
#include "model/metadata_schema.h"
#include "model/names.h"

namespace vams::model {

// How a write treats what is stored: POST, PUT with `update`, PUT with `replace_all`.
enum class SchemaWrite : std::uint8_t { kCreate, kUpdate, kReplaceAll };

// A field as all schemas that have it give it.
struct EffectiveField {
  SchemaField field;
  std::string schemas;    // "CraneBasics (harbor-db), defaultAsset (GLOBAL)"
  bool conflict = false;  // schemas disagree, so that it is any text
};

// A record, or a field without one, as GET shows it.
struct ShownMetadata {
  MetadataItem item;                      // without a record: the default or nothing
  const EffectiveField* field = nullptr;  // of the schema; null: no schema has the key
};

// How records that no schema covers are ordered.
enum class OutsideOrder : std::uint8_t { kDescending, kAscending };

class EffectiveSchema {
 public:
  // No schema: everything goes.
  EffectiveSchema() = default;
  // Of those of `schemas` that apply; they are for this entity and come in the order of merging.
  // `file_path` is that of the file, and empty for what is not of files.
  EffectiveSchema(SchemaEntity entity, std::span<const MetadataSchema> schemas,
                  std::string_view file_path);
  // The fields point into each other.
  EffectiveSchema(EffectiveSchema&&) = default;
  EffectiveSchema& operator=(EffectiveSchema&&) = default;
  EffectiveSchema(const EffectiveSchema&) = delete;
  EffectiveSchema& operator=(const EffectiveSchema&) = delete;

  // No field applies: nothing is checked, and a database's restriction to its schemas is without
  // effect.
  bool empty() const { return fields_.empty(); }
  // By sequence, then those without one; each of them by key.
  std::span<const EffectiveField> fields() const { return fields_; }
  // Null if no schema has the key.  Lives as long as this.
  const EffectiveField* Find(std::string_view key) const;

  // The complaint about a write, the whole text of the wire: "Schema validation failed: …", and if
  // all that is wrong are keys outside the schemas, "Metadata key validation failed: …".  Of a key
  // that `sent` has twice the last counts.  `restricted`: keys outside are refused.
  Complaint CheckWrite(SchemaWrite write, std::span<const MetadataItem> stored,
                       std::span<const MetadataItem> sent, bool restricted) const;
  // "Deletion validation failed: …".
  Complaint CheckDeletion(std::span<const MetadataItem> stored,
                          std::span<const std::string> keys) const;
  // What a POST writes besides what was sent: fields with a default that are neither stored nor
  // sent, in the order of fields().
  std::vector<MetadataItem> DefaultsToWrite(std::span<const MetadataItem> stored,
                                            std::span<const MetadataItem> sent) const;
  // Everything GET shows, in its order: the fields, with their records or without, then what is
  // outside the schemas.  The pointers live as long as this.
  std::vector<ShownMetadata> Show(std::vector<MetadataItem> records, OutsideOrder order) const;

 private:
  class Examination;

  SchemaEntity entity_ = SchemaEntity::kAsset;
  std::vector<EffectiveField> fields_;
  std::unordered_map<std::string_view, std::size_t> index_;  // of fields_, by key
};

// ".glb": in lower case, of the last segment of the path; empty if there is no dot in it.
std::string FileExtension(std::string_view path);
// Whether a restriction, as schemas store it, lets the file in: it has no extension, the
// restriction is blank or holds ".all", or the extension is in it.
bool AppliesToFile(const std::optional<std::string>& file_types, std::string_view path);

}  // namespace vams::model
