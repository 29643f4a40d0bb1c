// The part of the identity-provider protocol that stock clients log in with: POST / with
// X-Amz-Target.  Off unless the configuration turns it on.  Spec: api-auth.md section 13, ruling 9.
//
// Thread-safe; the endpoint blocks on password hashes and the item store.
#pragma once

#include "api/gate.h"

namespace vams::api {

// Nothing unless Settings::identity_protocol is set and there are built-in accounts.
void AddIdentityProtocol(Gate& gate, const Services& services);

}  // namespace vams::api
