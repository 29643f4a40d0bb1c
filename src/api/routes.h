// Every endpoint of the API, a function for each group.
#pragma once

#include "api/gate.h"

namespace vams::api {

// Version, configuration, features, health, metrics, the caller's web routes and profile.
void AddConfigRoutes(Gate& gate);
void AddProfileRoutes(Gate& gate);
// Roles and the roles of users.
void AddRoleRoutes(Gate& gate);
void AddUserRoleRoutes(Gate& gate);
// Constraints, templates, and why a decision comes out as it does.
void AddConstraintRoutes(Gate& gate);
void AddExplainRoutes(Gate& gate);
void AddApiKeyRoutes(Gate& gate);
// Databases, and the buckets that their assets are stored in.
void AddDatabaseRoutes(Gate& gate);
// Assets with everything that hangs on them.
void AddAssetRoutes(Gate& gate);
void AddUploadRoutes(Gate& gate);
void AddAssetFileRoutes(Gate& gate);
void AddAssetVersionRoutes(Gate& gate);
void AddAssetLinkRoutes(Gate& gate);
void AddDownloadRoutes(Gate& gate);
void AddExportRoutes(Gate& gate);
// What is known about them: metadata and its schemas, tags, comments, who is told of changes.
void AddMetadataRoutes(Gate& gate);
void AddMetadataSchemaRoutes(Gate& gate);
void AddTagRoutes(Gate& gate);
void AddCommentRoutes(Gate& gate);
void AddSubscriptionRoutes(Gate& gate);
// Finding assets and files, and building the index anew.
void AddSearchRoutes(Gate& gate);
void AddReindexRoutes(Gate& gate);
// Contents of objects, for whoever holds a signed URL.
void AddObjectRoutes(Gate& gate);

// All of these and those of logins and accounts.
void AddAllRoutes(Gate& gate, const Services& services);

}  // namespace vams::api
