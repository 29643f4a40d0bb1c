// Management of the built-in accounts under the paths that clients know.  Spec: api-auth.md section
// 10, ruling 8.
//
// Thread-safe; endpoints block on password hashes and the item store.
#pragma once

#include "api/gate.h"

namespace vams::api {

// GET and POST /user/cognito, PUT and DELETE /user/cognito/{userId}, POST …/resetPassword.  Without
// built-in accounts each of them answers that there is no user management, to everybody with a
// token.
void AddCognitoUsersRoutes(Gate& gate, const Services& services);

}  // namespace vams::api
