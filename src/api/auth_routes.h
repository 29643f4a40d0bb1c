// Logging in and out with built-in accounts, and the keys that verify their tokens.  With the
// pieces that the caller's own account and the identity-provider subset share.  Spec: api-auth.md
// section 2, ruling 15.
//
// Thread-safe; endpoints block on password hashes and the item store.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "api/gate.h"
#include "identity/sessions.h"

namespace vams::api {

// POST /auth/login, /auth/challenge, /auth/refresh, /auth/logout, GET /.well-known/….  Nothing
// without built-in accounts: clients of an external provider see 404.
void AddAuthRoutes(Gate& gate, const Services& services);

// An [AUTHENTICATION] line for each login, challenge, refresh, logout and key rotation (section
// 11.1).  `log` must outlive the observer.
identity::LoginObserver AuditLogins(audit::AuditLog& log);

// ---- For the other ways in

// One text for every cause: a stranger learns nothing about which users there are.
inline constexpr std::string_view kWrongLogin =
    "the user id or the password is wrong, or the account may not log in; check both, or ask an "
    "administrator for a new password";
// Nobody logs in with more; past it nothing of the body is looked at.
inline constexpr std::size_t kLoginBodyLimit = std::size_t{16} << 10;
// Body() up to that limit, else 413.
Parsed<boost::json::object> LoginBody(const Call& call);

// The sessions or accounts of a stack that has them; without them the route does not exist.
identity::Sessions& SessionsOf(const Call& call);
identity::Accounts& AccountsOf(const Call& call);

// Seconds that a locked-out user or address has to wait; nothing if the error is another one.
std::optional<std::int64_t> LockedFor(const Error& error);
// 401 with `unauthenticated` for kUnauthenticated, 429 with Retry-After for a lock-out, 400 for
// what the policy refuses, everything else as RefuseError.
http::Response RefuseLogin(const Error& error, std::string_view unauthenticated);

// {accessToken, idToken, refreshToken, tokenType, expiresIn}
boost::json::object TokensJson(const identity::Tokens& tokens);
// The same, or {challenge, session}.
boost::json::object LoginJson(const identity::LoginStep& step);

}  // namespace vams::api
