#include "tables/detect_rules.h"

#include <algorithm>

#include "items/codec.h"

namespace vams::tables::internal {

namespace {

using items::Kind;
using Entry = items::ItemReader::Entry;

constexpr DataVersion k21{2, 1};
constexpr DataVersion k22{2, 2};
constexpr DataVersion k23{2, 3};
constexpr DataVersion k24{2, 4};
constexpr DataVersion k25{2, 5};
constexpr VersionRange kOnly21{k21, k21};

// In the order of Fact.
constexpr FactDef kDefs[] = {
    {"asset-embeds-versions", "AssetStorageTable", kOnly21, Weight::kRows,
     "with the versions or pipelines inside the asset, as only 2.1 has them"},
    {"asset-names-bucket",
     "AssetStorageTable",
     {k22},
     Weight::kRows,
     "with a bucket or a current version"},
    {"links", "AssetLinksStorageTableV2.2", {k22}, Weight::kRows, "in a table that is new in 2.2"},
    {"link-metadata",
     "AssetLinksMetadataStorageTable",
     {k22},
     Weight::kRows,
     "in a table that is new in 2.2"},
    {"asset-versions",
     "AssetVersionsStorageTable",
     {k22},
     Weight::kRows,
     "in a table that is new in 2.2"},
    {"file-versions",
     "AssetFileVersionsStorageTable",
     {k22},
     Weight::kRows,
     "in a table that is new in 2.2"},
    {"uploads", "AssetUploadsStorageTable", {k22}, Weight::kRows, "in a table that is new in 2.2"},
    {"executions",
     "WorkflowExecutionsStorageTable",
     {k22},
     Weight::kRows,
     "in a table that is new in 2.2"},
    {"metadata-v2",
     "AssetFileMetadataStorageTableV2",
     {k24},
     Weight::kRows,
     "in a table that is new in 2.4"},
    {"file-attributes",
     "FileAttributeStorageTableV2",
     {k24},
     Weight::kRows,
     "in a table that is new in 2.4"},
    {"database-metadata",
     "DatabaseMetadataStorageTableV2",
     {k24},
     Weight::kRows,
     "in a table that is new in 2.4"},
    {"metadata-snapshots",
     "AssetFileMetadataVersionsStorageTable",
     {k24},
     Weight::kRows,
     "in a table that is new in 2.4"},
    {"constraints",
     "ConstraintsStorageTable",
     {k24},
     Weight::kRows,
     "that no deployment writes, in a table that is new in 2.4"},
    {"schemas-v2",
     "MetadataSchemaStorageTableV2",
     {k24},
     Weight::kRows,
     "that no deployment writes, in a table that is new in 2.4"},
    {"asset-versions-v2",
     "AssetVersionsStorageTableV2",
     {k25},
     Weight::kRows,
     "in a table that is new in 2.5"},
    {"file-versions-v2",
     "AssetFileVersionsStorageTableV2",
     {k25},
     Weight::kRows,
     "in a table that is new in 2.5"},
    {"api-keys", "ApiKeyStorageTable", {k25}, Weight::kRows, "in a table that is new in 2.5"},

    {"metadata-not-carried",
     "MetadataStorageTable",
     {k21, k23},
     Weight::kMissing,
     "with metadata fields, while AssetFileMetadataStorageTableV2, which step 2.3 to 2.4 carries "
     "them to, has no row"},
    {"constraints-not-carried",
     "AuthEntitiesTable",
     {k21, k23},
     Weight::kMissing,
     "with constraints of the users, while ConstraintsStorageTable, which step 2.3 to 2.4 carries "
     "them to, has none"},
    {"versions-not-carried",
     "AssetVersionsStorageTable",
     {k22, k24},
     Weight::kMissing,
     "with versions, while AssetVersionsStorageTableV2, which step 2.4 to 2.5 carries them to, has "
     "no row"},

    {"executions-2.1", "WorkflowExecutionStorageTable", kOnly21, Weight::kAttribute,
     "in a table that only 2.1 has"},
    {"jobs-2.1", "JobStorageTable", kOnly21, Weight::kAttribute, "in a table that only 2.1 has"},
    {"database-names-bucket",
     "DatabaseStorageTable",
     {k22},
     Weight::kAttribute,
     "with defaultBucketId, written since 2.2"},
    {"role-mfa",
     "RolesStorageTable",
     {k22},
     Weight::kAttribute,
     "with mfaRequired, written since 2.2"},
    {"tag-type-required",
     "TagTypeStorageTable",
     {k22},
     Weight::kAttribute,
     "with required, written since 2.2"},
    {"link-alias",
     "AssetLinksStorageTableV2.2",
     {k23},
     Weight::kAttribute,
     "with assetLinkAliasId, written since 2.3"},
    {"link-metadata-type-2.3",
     "AssetLinksMetadataStorageTable",
     {k23},
     Weight::kAttribute,
     "with a value type that is new in 2.3"},
    {"metadata-touched",
     "MetadataStorageTable",
     {k23},
     Weight::kAttribute,
     "with _asset_table_updated as text, written since 2.3"},
    {"workflow-modified",
     "WorkflowStorageTable",
     {k23},
     Weight::kAttribute,
     "with dateModified or modifiedBy, written since 2.3"},
    {"asset-unarchived",
     "AssetStorageTable",
     {k24},
     Weight::kAttribute,
     "with unarchivedAt, unarchivedBy or unarchivedReason, written since 2.4"},
    {"database-restricts",
     "DatabaseStorageTable",
     {k24},
     Weight::kAttribute,
     "with a restriction or a numeric assetCount, written since 2.4"},
    {"link-metadata-type-2.4",
     "AssetLinksMetadataStorageTable",
     {k24},
     Weight::kAttribute,
     "with a value type that is new in 2.4"},
    {"execution-input-file",
     "WorkflowExecutionsStorageTable",
     {k24},
     Weight::kAttribute,
     "with inputAssetFileKey, written since 2.4"},
    {"workflow-trigger",
     "WorkflowStorageTable",
     {k24},
     Weight::kAttribute,
     "with autoTriggerOnFileExtensionsUpload, written since 2.4"},
    {"pipeline-remote",
     "PipelineStorageTable",
     {k25},
     Weight::kAttribute,
     "with the execution type SQS or EventBridge, known since 2.5"},
};
static_assert(std::size(kDefs) == kFacts);

constexpr TableRule kRules[] = {
    {"ApiKeyStorageTable", RowKind::kEveryRowCounts, Fact::kApiKeyRows},
    {"AppFeatureEnabledStorageTable", RowKind::kDeploymentRow},
    {"AssetFileMetadataStorageTableV2", RowKind::kMetadataV2},
    {"AssetFileMetadataVersionsStorageTable", RowKind::kEveryRowCounts,
     Fact::kMetadataSnapshotRows},
    {"AssetFileVersionsStorageTable", RowKind::kEveryRowCounts, Fact::kFileVersionRows},
    {"AssetFileVersionsStorageTableV2", RowKind::kEveryRowCounts, Fact::kFileVersionRowsV2},
    {"AssetLinksMetadataStorageTable", RowKind::kLinkMetadata},
    {"AssetLinksStorageTableV2.2", RowKind::kLink},
    {"AssetStorageTable", RowKind::kAsset},
    {"AssetUploadsStorageTable", RowKind::kEveryRowCounts, Fact::kUploadRows},
    {"AssetVersionsStorageTable", RowKind::kEveryRowCounts, Fact::kVersionRows},
    {"AssetVersionsStorageTableV2", RowKind::kEveryRowCounts, Fact::kVersionRowsV2},
    {"AuthEntitiesTable", RowKind::kAuth},
    {"ConstraintsStorageTable", RowKind::kConstraint},
    {"DatabaseMetadataStorageTableV2", RowKind::kEveryRowCounts, Fact::kDatabaseMetadataRows},
    {"DatabaseStorageTable", RowKind::kDatabase},
    {"FileAttributeStorageTableV2", RowKind::kEveryRowCounts, Fact::kFileAttributeRows},
    {"JobStorageTable", RowKind::kEveryRowCounts, Fact::kJobRows21},
    {"MetadataSchemaStorageTableV2", RowKind::kSchema},
    {"MetadataStorageTable", RowKind::kMetadata},
    {"PipelineStorageTable", RowKind::kPipeline},
    {"RolesStorageTable", RowKind::kRole},
    {"S3AssetBucketsStorageTable", RowKind::kDeploymentRow},
    {"TagTypeStorageTable", RowKind::kTagType},
    // The administrator's and SYSTEM_USER's roles are defaults that look like any other row.
    {"UserRolesStorageTable", RowKind::kDeploymentRow},
    // A sign-in to a newer release is enough to write one.
    {"UserStorageTable", RowKind::kDeploymentRow},
    {"WorkflowExecutionStorageTable", RowKind::kEveryRowCounts, Fact::kExecutionRows21},
    {"WorkflowExecutionsStorageTable", RowKind::kExecution},
    {"WorkflowStorageTable", RowKind::kWorkflow},
};

// The text of an S attribute without a copy (docs/formats/item-encoding.md: type byte, length,
// bytes); "" for other kinds.
std::string_view Text(const Entry& entry) {
  if (entry.kind != Kind::kS) return {};
  std::string_view rest = entry.encoded.substr(1);
  std::uint64_t size = 0;
  return items::ReadVarint(rest, size) ? rest.substr(0, size) : std::string_view();
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::ranges::find(choices, text) != choices.end();
}

// Until `visit` says that it has seen enough.
template <typename Visit>
Status ForEachAttribute(std::string_view encoded, const Visit& visit) {
  TRY(auto reader, items::ItemReader::Open(encoded));
  for (Entry entry;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more || visit(entry)) return Ok();
  }
}

// The attributes with which a rule is concerned, whichever table it is for.
struct Seen {
  bool asset_new = false;
  bool asset_embeds = false;  // the version history itself
  bool asset_2_1 = false;     // lesser attributes of 2.1
  bool unarchived = false;
  bool bucket = false;
  bool restricts = false;
  bool mfa = false;
  bool required = false;
  bool alias = false;
  bool input_file = false;
  bool touched_as_text = false;
  bool field = false;  // a metadata field that every dialect of step 2.3 to 2.4 carries
  bool modified = false;
  bool trigger = false;
  std::string_view id, role_id, created_by, value_type, execution_type, database, entity, sort_key;
};

bool IsDefaultConstraint(std::string_view id) {
  return id.starts_with("initial_admin_allow_") || id.starts_with("initial_basicro_allow_");
}

void LookAtAsset(const Entry& e, Seen& seen) {
  if (IsOneOf(e.name, {"bucketId", "currentVersionId"})) seen.asset_new |= e.kind == Kind::kS;
  if (e.name == "currentVersion") seen.asset_embeds |= e.kind == Kind::kM;
  if (e.name == "versions") seen.asset_embeds |= e.kind == Kind::kL;
  if (IsOneOf(e.name, {"isMultiFile", "specifiedPipelines", "pipelineId", "executionId"}))
    seen.asset_2_1 = true;
  if (IsOneOf(e.name, {"unarchivedAt", "unarchivedBy", "unarchivedReason"})) seen.unarchived = true;
}

void LookAtMetadata(const Entry& e, Seen& seen) {
  if (e.name == "_asset_table_updated") seen.touched_as_text = e.kind == Kind::kS;
  if (!e.name.starts_with('_') && !IsOneOf(e.name, {"databaseId", "assetId"}) && !Text(e).empty())
    seen.field = true;
}

void LookAt(RowKind kind, const Entry& e, Seen& seen) {
  switch (kind) {
    case RowKind::kAsset:
      return LookAtAsset(e, seen);
    case RowKind::kMetadata:
      return LookAtMetadata(e, seen);
    case RowKind::kDatabase:
      if (e.name == "defaultBucketId") seen.bucket = e.kind == Kind::kS;
      if (e.name == "assetCount" && e.kind == Kind::kN) seen.restricts = true;
      if (IsOneOf(e.name, {"restrictMetadataOutsideSchemas", "restrictFileUploadsToExtensions"}))
        seen.restricts = true;
      return;
    case RowKind::kRole:
      if (e.name == "id") seen.role_id = Text(e);
      if (e.name == "mfaRequired") seen.mfa = true;
      return;
    case RowKind::kTagType:
      if (e.name == "required") seen.required = true;
      return;
    case RowKind::kLink:
      if (e.name == "assetLinkAliasId") seen.alias = true;
      return;
    case RowKind::kLinkMetadata:
      if (e.name == "metadataValueType") seen.value_type = Text(e);
      return;
    case RowKind::kExecution:
      if (e.name == "inputAssetFileKey") seen.input_file = true;
      return;
    case RowKind::kWorkflow:
    case RowKind::kPipeline:
      if (e.name == "databaseId") seen.database = Text(e);
      if (IsOneOf(e.name, {"dateModified", "modifiedBy"})) seen.modified = true;
      if (e.name == "autoTriggerOnFileExtensionsUpload") seen.trigger = true;
      if (e.name == "pipelineExecutionType") seen.execution_type = Text(e);
      return;
    case RowKind::kAuth:
      if (e.name == "entityType") seen.entity = Text(e);
      if (e.name == "sk") seen.sort_key = Text(e);
      if (e.name == "constraintId") seen.id = Text(e);
      return;
    case RowKind::kMetadataV2:
      if (e.name == "metadataKey") seen.id = Text(e);
      return;
    case RowKind::kConstraint:
      if (e.name == "constraintId") seen.id = Text(e);
      if (e.name == "createdBy") seen.created_by = Text(e);
      return;
    case RowKind::kSchema:
      if (e.name == "metadataSchemaId") seen.id = Text(e);
      return;
    case RowKind::kEveryRowCounts:
    case RowKind::kOwnRow:
    case RowKind::kDeploymentRow:
      return;
  }
}

// Attributes come in ascending order.  Metadata rows have many, of which one field and the touch
// marker matter.
bool SeenEnough(RowKind kind, const Entry& e, const Seen& seen) {
  return kind == RowKind::kMetadata && seen.field && e.name >= "_asset_table_updated";
}

void ConcludeAsset(const Seen& seen, RowFacts& row) {
  if (seen.asset_new) row.Add(Fact::kAssetNamesBucket);
  // A history inside an asset that has the new attributes as well was never carried over; the
  // lesser attributes may have stayed behind without harm.
  if (seen.asset_embeds || (seen.asset_2_1 && !seen.asset_new)) row.Add(Fact::kAssetEmbedsVersions);
  if (seen.unarchived) row.Add(Fact::kAssetUnarchived);
}

void ConcludeLinkMetadata(const Seen& seen, RowFacts& row) {
  row.Add(Fact::kLinkMetadataRows);
  if (IsOneOf(seen.value_type, {"wxyz", "matrix4x4", "geopoint", "geojson", "lla", "json"}))
    row.Add(Fact::kLinkMetadataType23);
  if (IsOneOf(seen.value_type, {"multiline_string", "inline_controlled_list"}))
    row.Add(Fact::kLinkMetadataType24);
}

void ConcludeAuth(Seen& seen, RowFacts& row) {
  constexpr std::string_view kPrefix = "constraint#";
  row.of_deployment = true;  // the claims row and the defaults
  if (seen.entity != "constraint") return;
  if (seen.sort_key.starts_with(kPrefix)) seen.sort_key.remove_prefix(kPrefix.size());
  if (IsDefaultConstraint(seen.sort_key)) return;
  row.of_deployment = false;
  // The reference step drops constraints without an id.
  row.to_be_carried = !seen.id.empty();
}

void ConcludeWorkflow(RowKind kind, const Seen& seen, RowFacts& row) {
  // Deployments of 2.3 and later register pipelines and workflows under GLOBAL.
  if (seen.database == "GLOBAL") {
    row.of_deployment = true;
    return;
  }
  if (kind == RowKind::kPipeline) {
    if (IsOneOf(seen.execution_type, {"SQS", "EventBridge"})) row.Add(Fact::kPipelineRemote);
    return;
  }
  if (seen.modified) row.Add(Fact::kWorkflowModified);
  if (seen.trigger) row.Add(Fact::kWorkflowTrigger);
}

void Conclude(RowKind kind, Seen& seen, RowFacts& row) {
  switch (kind) {
    case RowKind::kAsset:
      return ConcludeAsset(seen, row);
    case RowKind::kLinkMetadata:
      return ConcludeLinkMetadata(seen, row);
    case RowKind::kAuth:
      return ConcludeAuth(seen, row);
    case RowKind::kWorkflow:
    case RowKind::kPipeline:
      return ConcludeWorkflow(kind, seen, row);
    case RowKind::kDatabase:
      if (seen.bucket) row.Add(Fact::kDatabaseNamesBucket);
      if (seen.restricts) row.Add(Fact::kDatabaseRestricts);
      return;
    case RowKind::kRole:
      row.of_deployment = seen.role_id.starts_with("initial_");
      if (seen.mfa && !row.of_deployment) row.Add(Fact::kRoleKnowsMfa);
      return;
    case RowKind::kTagType:
      if (seen.required) row.Add(Fact::kTagTypeKnowsRequired);
      return;
    case RowKind::kLink:
      row.Add(Fact::kLinkRows);
      if (seen.alias) row.Add(Fact::kLinkAlias);
      return;
    case RowKind::kExecution:
      row.Add(Fact::kExecutionRows);
      if (seen.input_file) row.Add(Fact::kExecutionNamesFile);
      return;
    case RowKind::kMetadata:
      if (seen.touched_as_text) row.Add(Fact::kMetadataTouchedAsText);
      row.to_be_carried = seen.field;
      return;
    case RowKind::kMetadataV2:
      // An interrupted reindex, which a deployment may start, leaves these behind.
      row.of_deployment = seen.id == "REINDEX_METADATA_RECORD";
      if (!row.of_deployment) row.Add(Fact::kMetadataRowsV2);
      return;
    case RowKind::kConstraint:
      // The id alone does not do: step 2.3 to 2.4 writes default ids with another author.
      row.of_deployment = seen.id.starts_with("initial_") && seen.created_by == "SYSTEM";
      if (!row.of_deployment) row.Add(Fact::kConstraintRows);
      return;
    case RowKind::kSchema:
      row.of_deployment = seen.id.starts_with("default-");
      if (!row.of_deployment) row.Add(Fact::kSchemaRows);
      return;
    case RowKind::kEveryRowCounts:
    case RowKind::kOwnRow:
    case RowKind::kDeploymentRow:
      return;
  }
}

}  // namespace

const FactDef& DefOf(Fact fact) { return kDefs[static_cast<std::size_t>(fact)]; }

TableRule RuleOf(std::string_view canonical) {
  const auto rule = std::ranges::find(kRules, canonical, &TableRule::table);
  return rule != std::end(kRules) ? *rule : TableRule{{}, RowKind::kOwnRow};
}

Result<RowFacts> ReadRow(const TableRule& rule, std::string_view encoded) {
  RowFacts row;
  switch (rule.kind) {
    case RowKind::kEveryRowCounts:
      row.Add(rule.fact);
      return row;
    case RowKind::kOwnRow:
      return row;
    case RowKind::kDeploymentRow:
      row.of_deployment = true;
      return row;
    default:
      break;
  }
  Seen seen;
  TRY_OK(ForEachAttribute(encoded, [&](const Entry& e) {
    LookAt(rule.kind, e, seen);
    return SeenEnough(rule.kind, e, seen);
  }));
  Conclude(rule.kind, seen, row);
  return row;
}

}  // namespace vams::tables::internal
