// The client commands' way to a server's REST API: finds the profile, sends the token, refreshes it
// when it has expired, and turns refusals into errors that name cause and next step.
// cli.md sections 2.6, 3 and 16.
//
// One thread.  Calls block on the network and, when a token is refreshed, on the disk.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "cli/cli.h"
#include "cli/profiles.h"
#include "net/http_client.h"

namespace vams::cli {

class RestClient {
 public:
  // The server is VAMS_API_URL, else the profile's; the token is VAMS_TOKEN, else the profile's
  // login.  A profile's login is never sent to another server than its own.
  static Result<std::unique_ptr<RestClient>> Open(const Context& context);

  // With the token.  Refreshes it first if it has expired, and once if the answer is 401, never on
  // 403.  kUnauthenticated without a login or when it has ended, kDenied, kNotFound, kInvalid (the
  // request), kUnavailable (no connection, too many requests, a failing server).
  Result<boost::json::value> Call(std::string_view method, const std::string& path,
                                  const boost::json::object* body = nullptr);
  // Without a token.
  Result<boost::json::value> CallWithoutToken(std::string_view method, const std::string& path,
                                              const boost::json::object* body = nullptr);
  // New tokens for the refresh token.  kNotSupported for an override.
  Status Refresh();

  // Another server from now on; a login of the profile is not sent to it.
  void UseServer(std::string url);
  // The login that calls are made with, instead of that of the profile; not stored.
  void UseLogin(Login login);

  const std::string& url() const { return url_; }
  const std::optional<Login>& login() const { return login_; }
  bool login_of_environment() const { return of_environment_; }
  Profile& profile() { return profile_; }
  // Of the last answer, for error reports; 0 and empty without one.
  int status() const { return status_; }
  const std::string& request_id() const { return request_id_; }

 private:
  RestClient(const Context& context, Profile profile);
  Result<net::HttpResponse> Send(std::string_view method, const std::string& path,
                                 const boost::json::object* body, const std::string& token);
  Result<boost::json::value> Read(const net::HttpResponse& response, bool with_token) const;
  Error Refused(const boost::json::value& body, bool with_token) const;
  std::int64_t NowSeconds() const { return clock_.NowMillis() / 1000; }

  const Clock& clock_;
  Profile profile_;
  std::string url_;
  std::optional<Login> login_;
  bool of_environment_ = false;
  OpContext op_;
  net::HttpClient http_;
  int status_ = 0;
  std::string request_id_;
};

// Tokens of an answer to a login or a refresh; `user` is whose they are.  kInternal if the answer
// holds none.
Result<Login> ReadTokens(const boost::json::value& answer, const std::string& user,
                         std::int64_t now_seconds);
// A member of an answer that is text, else "".
std::string TextOf(const boost::json::value& object, std::string_view name);

// Adds a command that talks to a server: --profile and --json.  `run` gets the client; its errors
// are reported with the exit codes of client commands.
CLI::App* AddClientCommand(CLI::App& parent, Context& context, const std::string& name,
                           const std::string& what, std::function<Result<int>(RestClient&)> run);

}  // namespace vams::cli
