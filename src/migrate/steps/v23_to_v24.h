// What the phases of the step 2.3 -> 2.4 share.  Internal to migrate/steps.
// Spec: migrations.md section 5, spec/README.md "Rulings on migrations".
//
// The old tables stay as they are on the way up, and are decided anew on the way down: so every
// phase reads and writes both the old and the new tables in both directions, and a unit holds the
// records of both shapes.
//
// Nothing that `corrected` makes contains a time or an id of the run: going down and up again, in
// two runs, must find its own records again.  2.3 knows no dates of constraints and schemas, and
// none are made up.
//
// Thread-safe (constants and pure functions) but for what takes a Context, which blocks on reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/step.h"
#include "migrate/steps/v23_to_v24_values.h"

namespace vams::migrate::v23_to_v24 {

inline constexpr std::string_view kAssets = "AssetStorageTable";
inline constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
inline constexpr std::string_view kAuthEntities = "AuthEntitiesTable";
inline constexpr std::string_view kConstraints = "ConstraintsStorageTable";
inline constexpr std::string_view kOldMetadata = "MetadataStorageTable";
inline constexpr std::string_view kNewMetadata = "AssetFileMetadataStorageTableV2";
inline constexpr std::string_view kAttributes = "FileAttributeStorageTableV2";
inline constexpr std::string_view kOldSchemas = "MetadataSchemaStorageTable";
inline constexpr std::string_view kNewSchemas = "MetadataSchemaStorageTableV2";

inline constexpr std::string_view kDeleted = "#deleted";
inline constexpr std::string_view kMigration = "MIGRATION";

// Group names begin with the direction of the run.  A phase needs it where it reads the state: the
// engine also runs Forward over what Inverse made, and then the state is still that of 2.4.
std::string GroupName(Direction direction, std::string_view a, std::string_view b = {});
Direction RunOf(const Unit& unit);  // of a unit that has a group

// The unit's records of a table, by an attribute (bytes); the order of a unit is the engine's.
std::vector<const items::Item*> Sorted(const Unit& unit, std::string_view table,
                                       std::string_view attribute);

inline bool IsReference(const Context& cx) { return cx.settings.dialect == Dialect::kReference; }

const Phase& ConstraintsPhase();
const Phase& MetadataPhase();
const Phase& SchemasPhase();

// What is wrong with the structure of a record of one of the phases' tables.
std::vector<Problem> CheckConstraint(const items::Item& item);
std::vector<Problem> CheckOldConstraint(const items::Item& item);
std::vector<Problem> CheckSchema(const items::Item& item);
Result<std::vector<Problem>> CheckMetadata(std::string_view table, const items::Item& item,
                                           const Context& cx);
Result<std::vector<Problem>> CheckOldMetadata(const items::Item& item, const Context& cx);

// What a row of a 2.3 schema says about its field.
FieldType FieldTypeOf(const items::Item& old_row);
// The rows that the schemas of one database in the form of 2.4 become in 2.3, by field.  Of two
// schemas that define a field, the one that comes first counts.
std::vector<items::Item> OldRowsOf(std::string_view database,
                                   std::span<const items::Item* const> schemas);

}  // namespace vams::migrate::v23_to_v24
