// Signing in from the terminal: which server, who, and the challenges on the way.
// api-auth.md section 12.3, cli.md section 3.2.  One thread; blocks on network and terminal.
#pragma once

#include <string>

#include "cli/rest_client.h"
#include "cli/terminal.h"

namespace vams::cli {

struct LoginOptions {
  std::string url;   // empty: VAMS_API_URL, else the profile's
  std::string user;  // with a password
  bool password_stdin = false;
  std::string token_user;  // with an API key or a token from elsewhere instead
  std::string token;       // empty: a line of standard input, VAMS_TOKEN, or asked for
  bool token_stdin = false;
  std::string expires_at;  // seconds since 1970, ISO 8601, or +SECONDS
};

// `vams auth login`.
Result<int> SignIn(Context& context, RestClient& client, const LoginOptions& options);

// Answers the challenges of a login, as many as come, until there are tokens.  What the server
// refuses of a typed answer (a weak password, a mistyped code) is asked again.
Result<Login> AnswerChallenges(const Context& context, RestClient& client,
                               boost::json::value answer, const std::string& user,
                               const Answers& answers);

}  // namespace vams::cli
