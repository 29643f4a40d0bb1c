// Who is asking, once a token or a key has been verified.  Spec: api-auth.md section 2.1.
// Plain values.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vams::identity {

// The author of what no person did; nobody can log in as it.
inline constexpr std::string_view kSystemUser = "SYSTEM_USER";

struct Identity {
  // The first of vams:tokens, else cognito:username, username, sub, upn, email: verbatim, case and
  // all.  Empty if no claim names a user: such a caller is authenticated and may do next to
  // nothing.
  std::string user;
  std::vector<std::string> role_claims;  // vams:roles; for audit lines only
  bool mfa = false;                      // the login completed a second factor
  std::string email;                     // of the claim; empty: none
  std::string api_key;                   // vams:apiKeyId; empty: a token
  std::string session;                   // of a built-in login; empty: none
  std::int64_t auth_time = 0;            // seconds
  std::int64_t expires = 0;              // seconds; 0: never
  boost::json::object claims;            // all of them, every value as text

  bool operator==(const Identity&) const = default;
};

}  // namespace vams::identity
