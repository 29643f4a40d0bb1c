#include "api/routes.h"

#include "api/account_routes.h"
#include "api/auth_routes.h"
#include "api/cognito_users_routes.h"
#include "api/identity_protocol.h"

namespace vams::api {

void AddAllRoutes(Gate& gate, const Services& services) {
  AddConfigRoutes(gate);
  AddProfileRoutes(gate);
  AddAuthRoutes(gate, services);
  AddAccountRoutes(gate, services);
  AddCognitoUsersRoutes(gate, services);
  AddIdentityProtocol(gate, services);
  AddConstraintRoutes(gate);
  AddExplainRoutes(gate);
  AddRoleRoutes(gate);
  AddUserRoleRoutes(gate);
  AddApiKeyRoutes(gate);
  AddDatabaseRoutes(gate);
  AddAssetRoutes(gate);
  AddUploadRoutes(gate);
  AddAssetFileRoutes(gate);
  AddAssetVersionRoutes(gate);
  AddAssetLinkRoutes(gate);
  AddDownloadRoutes(gate);
  AddExportRoutes(gate);
  AddMetadataRoutes(gate);
  AddMetadataSchemaRoutes(gate);
  AddTagRoutes(gate);
  AddCommentRoutes(gate);
  AddSubscriptionRoutes(gate);
  AddSearchRoutes(gate);
  AddReindexRoutes(gate);
  AddObjectRoutes(gate);
}

}  // namespace vams::api
