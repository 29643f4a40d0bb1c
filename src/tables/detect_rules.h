// What detect_version.cc looks for: the facts that tell data versions apart, and the one function
// that reads a row.  For detect_version.cc only.  Constant data; RowReader is not thread-safe.
// Spec: data-model.md section 3, migrations.md sections 2 to 6.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tables/data_version.h"
#include "tables/detect_version.h"

namespace vams::tables::internal {

enum class Fact : std::uint8_t {
  kAssetEmbedsVersions,
  kAssetNamesBucket,
  kLinkRows,
  kLinkMetadataRows,
  kVersionRows,
  kFileVersionRows,
  kUploadRows,
  kExecutionRows,
  kMetadataRowsV2,
  kFileAttributeRows,
  kDatabaseMetadataRows,
  kMetadataSnapshotRows,
  kConstraintRows,
  kSchemaRows,
  kVersionRowsV2,
  kFileVersionRowsV2,
  kApiKeyRows,
  // Derived at the end, from what is there and what is not.
  kMetadataNotCarried,
  kConstraintsNotCarried,
  kVersionsNotCarried,
  // Attributes.
  kExecutionRows21,
  kJobRows21,
  kDatabaseNamesBucket,
  kRoleKnowsMfa,
  kTagTypeKnowsRequired,
  kLinkAlias,
  kLinkMetadataType23,
  kMetadataTouchedAsText,
  kWorkflowModified,
  kAssetUnarchived,
  kDatabaseRestricts,
  kLinkMetadataType24,
  kExecutionNamesFile,
  kWorkflowTrigger,
  kPipelineRemote,
  kCount,
};
inline constexpr std::size_t kFacts = static_cast<std::size_t>(Fact::kCount);

struct FactDef {
  std::string_view name;
  std::string_view table;
  VersionRange versions;
  Weight weight;
  std::string_view what;  // reads on after "<n> rows "
};

const FactDef& DefOf(Fact fact);

// How the rows of one table are read.
enum class RowKind : std::uint8_t {
  kEveryRowCounts,  // `fact`, whatever is in the row
  kOwnRow,          // the row is the user's, but says nothing about the version
  kDeploymentRow,   // a deployment or a sign-in writes it
  kAsset,
  kDatabase,
  kRole,
  kTagType,
  kLink,
  kLinkMetadata,
  kExecution,
  kMetadata,
  kAuth,
  kWorkflow,
  kPipeline,
  kMetadataV2,
  kConstraint,
  kSchema,
};

struct TableRule {
  std::string_view table;
  RowKind kind;
  Fact fact = Fact::kCount;
};

// kOwnRow for tables that no rule names.
TableRule RuleOf(std::string_view canonical);

// What one row shows.
struct RowFacts {
  std::array<Fact, 4> facts{};
  std::size_t count = 0;
  bool of_deployment = false;  // written by a deployment itself: no sign of the data's version
  bool to_be_carried = false;  // a record that the next step carries to another table

  void Add(Fact fact) { facts[count++] = fact; }
};

// kCorrupt if the row cannot be read.
Result<RowFacts> ReadRow(const TableRule& rule, std::string_view encoded);

}  // namespace vams::tables::internal
