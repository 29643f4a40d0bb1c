// The access and id tokens of a built-in login.  For sessions.cc.  Spec: api-auth.md section 2.1.
// Pure but for the signing, which takes about a millisecond.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "identity/sessions.h"
#include "identity/sessions_keys.h"
#include "identity/sessions_record.h"

namespace vams::identity {

struct TokenFacts {
  const Account& account;
  const SessionRecord& session;
  const std::vector<std::string>& roles;
  std::int64_t now = 0;  // seconds
};

// Without a refresh token.  Tokens end with their session, however long they would last.
Result<Tokens> MakeTokens(const TokenFacts& facts, const SessionOptions& options,
                          const KeyRing& ring, Random& random);

// The discovery document (OpenID Connect Discovery 1.0 section 3).
boost::json::object DiscoveryJson(const SessionOptions& options);

}  // namespace vams::identity
