// Tokens of an external OpenID Connect provider.  Spec: api-auth.md section 2 ("external"),
// config.md app.authProvider.useExternalOAuthIdp, permissions.md section 10.
//
// Thread-safe.  Verify blocks on the provider when its keys are not known or an hour old; one call
// asks it, the others go on with the keys that are known, or wait where there are none.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "identity/identity.h"
#include "net/http.h"

namespace vams::identity {

struct ExternalProviderOptions {
  std::string issuer;     // lambdaAuthorizorJWTIssuerUrl
  std::string audience;   // lambdaAuthorizorJWTAudience
  std::string mfa_scope;  // idpAuthProviderScopeMfa; empty: amr and acr alone tell
};

class ExternalProvider {
 public:
  ExternalProvider(net::Transport& transport, const Clock& clock, ExternalProviderOptions options);
  ~ExternalProvider();

  // kUnauthenticated with the reason in `details`; kUnavailable when the provider's keys cannot be
  // had.  An unknown key id is looked for anew at most once a minute.  While the provider is down,
  // the keys known last serve for a day, with a warning in the log.
  Result<std::shared_ptr<const Identity>> Verify(OpContext& op, std::string_view token);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether the login that the claims tell of completed a second factor: by `amr` (RFC 8176), by
// `acr`, or by all words of `mfa_scope` (unless it is empty) in `scope` or `scp`.
bool HasSecondFactor(const boost::json::object& claims, std::string_view mfa_scope);

// The identity that verified claims stand for (section 2.1).  kUnauthenticated for vams:tokens that
// is no list of texts with a user id in front, and for SYSTEM_USER.
Result<Identity> IdentityOf(const boost::json::object& claims, bool mfa);

}  // namespace vams::identity
