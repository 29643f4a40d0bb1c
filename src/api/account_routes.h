// The caller's own account: password and second factor.  For built-in accounts; API keys, which act
// for a user without being one, are refused.
//
// Thread-safe; endpoints block on password hashes and the item store.
#pragma once

#include <string>
#include <string_view>

#include "api/gate.h"
#include "identity/sessions.h"

namespace vams::api {

// GET /auth/account, POST /auth/password, POST and DELETE /auth/mfa, POST /auth/mfa/confirm.
// Nothing without built-in accounts.
void AddAccountRoutes(Gate& gate, const Services& services);

// ---- For the identity-provider subset

// Proves the password as a login does, so that guessing here is counted and locked out as there;
// the login that this makes is ended again.  Errors are those of Sessions::Login.
Status ProvePassword(Call& call, const identity::Identity& who, std::string_view password);
// Proves the old password, sets the new one, ends every session of the user and notes it for the
// audit log.  kUnauthenticated if the old one is wrong.
Status ChangePassword(Call& call, const identity::Identity& who, std::string_view password,
                      std::string_view new_password);
// For the audit log: `type` {userId, operation}.
void AuditAccount(Call& call, std::string type, std::string_view user, std::string_view operation);

}  // namespace vams::api
