// The data versions and their tables.  A new version is added here: its number in kVersions, and
// since/until in the rows that change.  Names sort by bytes.
#include "tables/tables_data.h"

#include <array>

namespace vams::tables {

namespace {

constexpr DataVersion k21{2, 1};
constexpr DataVersion k22{2, 2};
constexpr DataVersion k23{2, 3};
constexpr DataVersion k24{2, 4};
constexpr DataVersion k25{2, 5};

constexpr std::array kVersions{k21, k22, k23, k24, k25};

}  // namespace

std::span<const DataVersion> AllVersions() { return kVersions; }

constinit const DataVersion kNewest = kVersions.back();
constinit const DataVersion kOldest = kVersions.front();

namespace internal {

namespace {

constexpr KindSet S = items::Kind::kS;
constexpr KindSet N = items::Kind::kN;
constexpr KindSet B = items::Kind::kBool;
constexpr KindSet Null = items::Kind::kNull;
constexpr KindSet M = items::Kind::kM;
constexpr KindSet L = items::Kind::kL;
constexpr KindSet SS = items::Kind::kSS;

constexpr VersionRange kAll{k21};
constexpr VersionRange kNever{kOpenEnd, k21};
constexpr VersionRange From(DataVersion since) { return {since}; }
constexpr VersionRange Until(DataVersion until) { return {k21, until}; }

// ---- Attributes, beside the keys where several tables share them (data-model.md section 4) ------

constexpr AttributeDef kApiKey[] = {
    {"apiKeyHash", S, kAll}, {"apiKeyId", S, kAll},  {"apiKeyName", S, kAll},
    {"createdAt", S, kAll},  {"createdBy", S, kAll}, {"description", S, kAll},
    {"expiresAt", S, kAll},  {"isActive", S, kAll},  {"updatedAt", S, kAll},
    {"userId", S, kAll},
};
constexpr AttributeDef kFeature[] = {{"featureName", S, kAll}};
constexpr AttributeDef kMetadataItem[] = {
    {"databaseId:assetId", S, kAll}, {"databaseId:assetId:filePath", S, kAll},
    {"metadataKey", S, kAll},        {"metadataValue", S, kAll},
    {"metadataValueType", S, kAll},
};
constexpr AttributeDef kMetadataVersion[] = {
    {"createdAt", S, kAll},         {"databaseId:assetId", S, kAll},
    {"metadataKey", S, kAll},       {"databaseId:assetId:assetVersionId", S, kAll},
    {"metadataValue", S, kAll},     {"type:filePath:metadataKey", S, kAll},
    {"metadataValueType", S, kAll},
};
constexpr AttributeDef kFileVersion[] = {
    {"assetId:assetVersionId", S, kAll},
    {"createdAt", S, kAll},
    {"etag", S | Null, kAll},
    {"fileKey", S, kAll},
    {"size", N | Null, kAll},
    {"lastModified", S | Null, kAll},
    {"versionId", S, kAll},
};
constexpr AttributeDef kFileVersionV2[] = {
    {"createdAt", S, kAll},
    {"databaseId:assetId", S, kAll},
    {"etag", S | Null, kAll},
    {"databaseId:assetId:assetVersionId", S, kAll},
    {"fileKey", S, kAll},
    {"size", N | Null, kAll},
    {"lastModified", S | Null, kAll},
    {"versionId", S, kAll},
};
constexpr AttributeDef kLinkMetadata[] = {
    {"assetLinkId", S, kAll},
    {"metadataKey", S, kAll},
    {"metadataValue", S, kAll},
    {"metadataValueType", S, kAll},
};
constexpr AttributeDef kLinkV1[] = {
    {"assetIdFrom", S, kAll},
    {"assetIdTo", S, kAll},
    {"relationId", S, kAll},
    {"relationshipType", S, kAll},
};
constexpr AttributeDef kLink[] = {
    {"assetLinkAliasId", S, From(k23)}, {"fromAssetDatabaseId:fromAssetId", S, kAll},
    {"assetLinkId", S, kAll},           {"toAssetDatabaseId:toAssetId", S, kAll},
    {"fromAssetDatabaseId", S, kAll},   {"fromAssetId", S, kAll},
    {"relationshipType", S, kAll},      {"tags", L, kAll},
    {"toAssetDatabaseId", S, kAll},     {"toAssetId", S, kAll},
};
constexpr AttributeDef kAsset[] = {
    {"Parent", M, Until(k21)},
    {"archivedAt", S, From(k22)},
    {"archivedBy", S, From(k22)},
    {"archivedReason", S, From(k22)},
    {"assetId", S, kAll},
    {"assetLocation", M, kAll},
    {"assetName", S, kAll},
    {"assetType", S, kAll},
    {"bucketId", S, From(k22)},
    {"currentVersion", M, Until(k21)},
    {"currentVersionId", S, From(k22)},
    {"databaseId", S, kAll},
    {"description", S, kAll},
    {"executionId", S, Until(k21)},
    {"isDistributable", B, kAll},
    {"isMultiFile", B, Until(k21)},
    {"objectFamily", M, Until(k21)},
    {"object__type", S, kAll},
    {"pipelineId", S, Until(k21)},
    {"previewLocation", M, kAll},
    {"snsTopic", S, kAll},
    {"specifiedPipelines", L, Until(k21)},
    {"status", S, From(k22)},
    {"tags", L, kAll},
    {"unarchivedAt", S, From(k24)},
    {"unarchivedBy", S, From(k24)},
    {"unarchivedReason", S, From(k24)},
    {"versions", L, Until(k21)},
};
constexpr AttributeDef kUpload[] = {
    {"UserId", S, kAll},     {"assetId", S, kAll},    {"createdAt", S, kAll},
    {"databaseId", S, kAll}, {"expiresAt", N, kAll},  {"isExternalUpload", B, kAll},
    {"status", S, kAll},     {"totalFiles", N, kAll}, {"temporaryPrefix", S, kAll},
    {"totalParts", N, kAll}, {"uploadId", S, kAll},   {"uploadType", S, kAll},
};
constexpr AttributeDef kVersion[] = {
    {"assetId", S, kAll},          {"assetVersionId", S, kAll},     {"comment", S, kAll},
    {"createdBy", S, kAll},        {"dateCreated", S, kAll},        {"description", S, kAll},
    {"isCurrentVersion", B, kAll}, {"specifiedPipelines", L, kAll},
};
constexpr AttributeDef kVersionV2[] = {
    {"assetId", S, kAll},          {"assetVersionId", S, kAll},     {"comment", S, kAll},
    {"createdBy", S, kAll},        {"databaseId", S, kAll},         {"databaseId:assetId", S, kAll},
    {"dateCreated", S, kAll},      {"description", S, kAll},        {"isArchived", B, kAll},
    {"isCurrentVersion", B, kAll}, {"specifiedPipelines", L, kAll}, {"versionAlias", S, kAll},
};
constexpr AttributeDef kAuth[] = {
    {"claims", SS, kAll},         {"constraintId", S, kAll},
    {"criteria", M, kAll},        {"criteriaAnd", L, kAll},
    {"criteriaOr", L, kAll},      {"description", S, kAll},
    {"entityType", S, kAll},      {"groupPermissions", L, kAll},
    {"identifier", S, kAll},      {"name", S, kAll},
    {"objectType", S, kAll},      {"sk", S, kAll},
    {"userPermissions", L, kAll},
};
constexpr AttributeDef kComment[] = {
    {"assetId", S, kAll},        {"assetVersionId:commentId", S, kAll}, {"commentBody", S, kAll},
    {"commentOwnerID", S, kAll}, {"commentOwnerUsername", S, kAll},     {"dateCreated", S, kAll},
    {"dateEdited", S, kAll},
};
constexpr AttributeDef kConstraint[] = {
    {"constraintId", S, kAll},
    {"createdBy", S, kAll},
    {"criteriaAnd", S, kAll},
    {"criteriaOr", S, kAll},
    {"dateCreated", S, kAll},
    {"dateModified", S, kAll},
    {"description", S, kAll},
    {"groupId", S, kAll},
    {"groupPermissions", S, kAll},
    {"modifiedBy", S, kAll},
    {"name", S, kAll},
    {"objectType", S, kAll},
    {"userId", S, kAll},
    {"userPermissions", S, kAll},
};
constexpr AttributeDef kDatabaseMetadata[] = {
    {"databaseId", S, kAll},
    {"metadataKey", S, kAll},
    {"metadataValue", S, kAll},
    {"metadataValueType", S, kAll},
};
constexpr AttributeDef kDatabase[] = {
    {"assetCount", S, Until(k23)},
    {"assetCount", S | N, From(k24)},
    {"databaseId", S, kAll},
    {"dateCreated", S, kAll},
    {"defaultBucketId", S, From(k22)},
    {"description", S, kAll},
    {"object__type", S, kAll},
    {"restrictFileUploadsToExtensions", S, From(k24)},
    {"restrictMetadataOutsideSchemas", B, From(k24)},
};
constexpr AttributeDef kFileAttribute[] = {
    {"attributeKey", S, kAll},
    {"attributeValue", S, kAll},
    {"attributeValueType", S, kAll},
    {"databaseId:assetId", S, kAll},
    {"databaseId:assetId:filePath", S, kAll},
};
constexpr AttributeDef kJob[] = {{"databaseId", S, kAll}, {"jobId", S, kAll}};
constexpr AttributeDef kSchemaV1[] = {
    {"dataType", S, kAll},
    {"databaseId", S, kAll},
    {"dependsOn", L, kAll},
    {"field", S, kAll},
    {"inlineControlledListValues", S, kAll},
    {"latitudeField", S, kAll},
    {"longitudeField", S, kAll},
    {"object__type", S, kAll},
    {"required", B, kAll},
    {"sequenceNumber", N | S, kAll},
    {"useCenterPosition", B, kAll},
    {"zoomLevelField", S, kAll},
};
constexpr AttributeDef kSchema[] = {
    {"createdBy", S, kAll},
    {"databaseId", S, kAll},
    {"databaseId:metadataEntityType", S, kAll},
    {"dateCreated", S, kAll},
    {"dateModified", S, kAll},
    {"enabled", B, kAll},
    {"fields", S, kAll},
    {"fileKeyTypeRestriction", S, kAll},
    {"metadataSchemaEntityType", S, kAll},
    {"metadataSchemaId", S, kAll},
    {"modifiedBy", S, kAll},
    {"schemaName", S, kAll},
};
// Every other attribute is a metadata field of the user's and of any kind.
constexpr AttributeDef kMetadata[] = {
    {"_asset_table_updated", N, Until(k22)},
    {"_asset_table_updated", N | S, From(k23)},  // the old form stays until the row is touched
    {"_metadata_last_updated", S, kAll},
    {"assetId", S, kAll},
    {"databaseId", S, kAll},
};
constexpr AttributeDef kPipeline[] = {
    {"assetType", S, kAll},
    {"databaseId", S, kAll},
    {"dateCreated", S, kAll},
    {"description", S, kAll},
    {"enabled", B, kAll},
    {"inputParameters", S, kAll},
    {"object__type", S, kAll},
    {"outputType", S, kAll},
    {"pipelineExecutionType", S, kAll},
    {"pipelineId", S, kAll},
    {"pipelineType", S, kAll},
    {"taskHeartbeatTimeout", S, kAll},
    {"taskTimeout", S, kAll},
    {"userProvidedResource", S, kAll},
    {"waitForCallback", S, kAll},
};
constexpr AttributeDef kRole[] = {
    {"createdOn", S, kAll},
    {"description", S, kAll},
    {"id", S, kAll},
    {"mfaRequired", B, From(k22)},
    {"roleName", S, kAll},
    {"source", S | Null, kAll},
    {"sourceIdentifier", S | Null, kAll},
};
constexpr AttributeDef kBucket[] = {
    {"baseAssetsPrefix", S, kAll},    {"bucketId", S, kAll},
    {"bucketName", S, kAll},          {"bucketName:baseAssetsPrefix", S, kAll},
    {"isVersioningEnabled", B, kAll},
};
constexpr AttributeDef kSubscription[] = {
    {"entityName_entityId", S, kAll}, {"eventName", S, kAll}, {"subscribers", L, kAll}};
constexpr AttributeDef kTag[] = {
    {"description", S, kAll}, {"tagName", S, kAll}, {"tagTypeName", S, kAll}};
constexpr AttributeDef kTagType[] = {
    {"description", S, kAll},
    {"object__type", S, From(k24)},
    {"required", S, From(k22)},
    {"tagTypeName", S, kAll},
};
constexpr AttributeDef kUserRole[] = {
    {"createdOn", S, kAll}, {"object__type", S, kAll}, {"roleName", S, kAll}, {"userId", S, kAll}};
constexpr AttributeDef kUser[] = {{"email", S, kAll}, {"userId", S, kAll}};
constexpr AttributeDef kExecutionV1[] = {
    {"asset_id", S, kAll},
    {"assets", L, kAll},
    {"database_id", S, kAll},
    {"executionStatus", S, kAll},
    {"execution_arn", S, kAll},
    {"execution_id", S, kAll},
    {"pk", S, kAll},
    {"sk", S, kAll},
    {"startDate", S, kAll},
    {"stopDate", S, kAll},
    {"workflow_arn", S, kAll},
    {"workflow_id", S, kAll},
};
constexpr AttributeDef kExecution[] = {
    {"assetId", S, kAll},
    {"databaseId", S, kAll},
    {"databaseId:assetId", S, kAll},
    {"executionId", S, kAll},
    {"executionStatus", S, kAll},
    {"execution_arn", S, kAll},
    {"inputAssetFileKey", S, From(k24)},
    {"object__type", S, kAll},
    {"startDate", S, kAll},
    {"stopDate", S, kAll},
    {"workflowDatabaseId", S, kAll},
    {"workflowDatabaseId:workflowId", S, kAll},
    {"workflowId", S, kAll},
    {"workflow_arn", S, kAll},
};
constexpr AttributeDef kWorkflow[] = {
    {"autoTriggerOnFileExtensionsUpload", S, From(k24)},
    {"databaseId", S, kAll},
    {"dateCreated", S, kAll},
    {"dateModified", S, From(k23)},
    {"description", S, kAll},
    {"modifiedBy", S, From(k23)},
    {"object__type", S, kAll},
    {"specifiedPipelines", M, kAll},
    {"workflowId", S, kAll},
    {"workflow_arn", S, kAll},
};

// ---- Indexes (data-model.md section 2.1)
// ----------------------------------------------------------

constexpr IndexRow kApiKeyIndexes[] = {
    {"apiKeyHashIndex", "apiKeyHash", "", kAll},
    {"userIdIndex", "userId", "apiKeyId", kAll},
};
constexpr IndexRow kMetadataItemIndexes[] = {
    {"DatabaseIdAssetIdFilePathIndex", "databaseId:assetId:filePath", "metadataKey", kAll},
    {"DatabaseIdAssetIdIndex", "databaseId:assetId", "metadataKey", kAll},
};
constexpr IndexRow kByAssetIndexFrom25[] = {
    {"databaseIdAssetIdIndex", "databaseId:assetId", "", From(k25)},
};
constexpr IndexRow kLinkV1Indexes[] = {
    {"AssetIdFromGSI", "assetIdFrom", "", kAll},
    {"AssetIdToGSI", "assetIdTo", "", kAll},
};
constexpr IndexRow kLinkIndexes[] = {
    {"fromAssetGSI", "fromAssetDatabaseId:fromAssetId", "toAssetDatabaseId:toAssetId", kAll},
    {"toAssetGSI", "toAssetDatabaseId:toAssetId", "fromAssetDatabaseId:fromAssetId", kAll},
};
constexpr IndexRow kAssetIndexes[] = {
    {"BucketIdGSI", "bucketId", "assetId", From(k22)},
    {"assetIdGSI", "assetId", "databaseId", From(k23)},
};
constexpr IndexRow kUploadIndexes[] = {
    {"AssetIdGSI", "assetId", "uploadId", kAll},
    {"DatabaseIdGSI", "databaseId", "uploadId", kAll},
    {"UserIdGSI", "UserId", "createdAt", kAll},
};
constexpr IndexRow kConstraintIndexes[] = {
    {"GroupPermissionsIndex", "groupId", "objectType", kAll},
    {"ObjectTypeIndex", "objectType", "constraintId", kAll},
    {"UserPermissionsIndex", "userId", "objectType", kAll},
};
constexpr IndexRow kDatabaseMetadataIndexes[] = {
    {"DatabaseIdIndex", "databaseId", "metadataKey", kAll},
};
constexpr IndexRow kFileAttributeIndexes[] = {
    {"DatabaseIdAssetIdFilePathIndex", "databaseId:assetId:filePath", "attributeKey", kAll},
    {"DatabaseIdAssetIdIndex", "databaseId:assetId", "attributeKey", kAll},
};
// MetadataEntityTypeIndex is always empty: every writer names the attribute
// metadataSchemaEntityType.
constexpr IndexRow kSchemaIndexes[] = {
    {"DatabaseIdIndex", "databaseId", "metadataSchemaId", kAll},
    {"DatabaseIdMetadataEntityTypeIndex", "databaseId:metadataEntityType", "metadataSchemaId",
     kAll},
    {"MetadataEntityTypeIndex", "metadataEntityType", "metadataSchemaId", kAll},
};
constexpr IndexRow kBucketIndexes[] = {
    {"bucketNameGSI", "bucketName", "baseAssetsPrefix", kAll},
};
constexpr IndexRow kSubscriptionIndexes[] = {
    {"eventName-entityName_entityId-index", "eventName", "entityName_entityId", Until(k21)},
};
constexpr IndexRow kExecutionIndexes[] = {
    {"ExecutionIdGSI", "workflowId", "executionId", kAll},
    {"WorkflowGSI", "workflowDatabaseId:workflowId", "executionId", kAll},
    {"WorkflowLSI", "databaseId:assetId", "workflowDatabaseId:workflowId", kAll, true},
};

// ---- Tables: name, keys, present, in use, stream, indexes, attributes
// -----------------------------

constexpr TableRow kTables[] = {
    {"ApiKeyStorageTable", "apiKeyId", "", From(k25), From(k25), kNever, kApiKeyIndexes, kApiKey},
    {"AppFeatureEnabledStorageTable", "featureName", "", kAll, kAll, kNever, {}, kFeature},
    {"AssetFileMetadataStorageTableV2", "metadataKey", "databaseId:assetId:filePath", From(k24),
     From(k24), From(k24), kMetadataItemIndexes, kMetadataItem},
    {"AssetFileMetadataVersionsStorageTable", "databaseId:assetId:assetVersionId",
     "type:filePath:metadataKey", From(k24), From(k24), kNever, kByAssetIndexFrom25,
     kMetadataVersion},
    {"AssetFileVersionsStorageTable",
     "assetId:assetVersionId",
     "fileKey",
     From(k22),
     {k22, k24},
     kNever,
     {},
     kFileVersion},
    {"AssetFileVersionsStorageTableV2", "databaseId:assetId:assetVersionId", "fileKey", From(k25),
     From(k25), kNever, kByAssetIndexFrom25, kFileVersionV2},
    {"AssetLinksMetadataStorageTable",
     "assetLinkId",
     "metadataKey",
     From(k22),
     From(k22),
     From(k23),
     {},
     kLinkMetadata},
    {"AssetLinksStorageTable", "assetIdFrom", "assetIdTo", kAll, Until(k21), kNever, kLinkV1Indexes,
     kLinkV1},
    {"AssetLinksStorageTableV2.2", "assetLinkId", "", From(k22), From(k22), From(k23), kLinkIndexes,
     kLink},
    {"AssetStorageTable", "databaseId", "assetId", kAll, kAll, kAll, kAssetIndexes, kAsset},
    {"AssetUploadsStorageTable", "uploadId", "assetId", From(k22), From(k22), kNever,
     kUploadIndexes, kUpload},
    {"AssetVersionsStorageTable",
     "assetId",
     "assetVersionId",
     From(k22),
     {k22, k24},
     kNever,
     {},
     kVersion},
    {"AssetVersionsStorageTableV2",
     "databaseId:assetId",
     "assetVersionId",
     From(k25),
     From(k25),
     kNever,
     {},
     kVersionV2},
    {"AuthEntitiesTable", "entityType", "sk", kAll, kAll, kNever, {}, kAuth},
    {"CommentStorageTable",
     "assetId",
     "assetVersionId:commentId",
     kAll,
     kAll,
     kNever,
     {},
     kComment},
    {"ConstraintsStorageTable", "constraintId", "", From(k24), From(k24), kNever,
     kConstraintIndexes, kConstraint},
    {"DatabaseMetadataStorageTableV2", "metadataKey", "databaseId", From(k24), From(k24), From(k24),
     kDatabaseMetadataIndexes, kDatabaseMetadata},
    {"DatabaseStorageTable", "databaseId", "", kAll, kAll, From(k24), {}, kDatabase},
    {"FileAttributeStorageTableV2", "attributeKey", "databaseId:assetId:filePath", From(k24),
     From(k24), From(k24), kFileAttributeIndexes, kFileAttribute},
    {"JobStorageTable", "jobId", "databaseId", Until(k21), kNever, kNever, {}, kJob},
    {"MetadataSchemaStorageTable", "databaseId", "field", kAll, Until(k23), kNever, {}, kSchemaV1},
    {"MetadataSchemaStorageTableV2", "metadataSchemaId", "databaseId:metadataEntityType", From(k24),
     From(k24), kNever, kSchemaIndexes, kSchema},
    {"MetadataStorageTable", "databaseId", "assetId", kAll, Until(k23), kAll, {}, kMetadata},
    {"PipelineStorageTable", "databaseId", "pipelineId", kAll, kAll, kNever, {}, kPipeline},
    {"RolesStorageTable", "roleName", "", kAll, kAll, kNever, {}, kRole},
    {"S3AssetBucketsStorageTable", "bucketId", "bucketName:baseAssetsPrefix", From(k22), From(k22),
     kNever, kBucketIndexes, kBucket},
    {"SubscriptionsStorageTable", "eventName", "entityName_entityId", kAll, kAll, kNever,
     kSubscriptionIndexes, kSubscription},
    {"TagStorageTable", "tagName", "", kAll, kAll, kNever, {}, kTag},
    {"TagTypeStorageTable", "tagTypeName", "", kAll, kAll, kNever, {}, kTagType},
    {"UserRolesStorageTable", "userId", "roleName", kAll, kAll, kNever, {}, kUserRole},
    {"UserStorageTable", "userId", "", From(k22), From(k22), kNever, {}, kUser},
    {"WorkflowExecutionStorageTable", "pk", "sk", Until(k21), Until(k21), kNever, {}, kExecutionV1},
    {"WorkflowExecutionsStorageTable", "databaseId:assetId", "executionId", From(k22), From(k22),
     kNever, kExecutionIndexes, kExecution},
    {"WorkflowStorageTable", "databaseId", "workflowId", kAll, kAll, kNever, {}, kWorkflow},
};

}  // namespace

std::span<const TableRow> TableRows() { return kTables; }

}  // namespace internal

}  // namespace vams::tables
