// The client commands' way to a server's REST API: finds the profile, sends the token, refreshes it
// when it has expired, and turns refusals into errors that name cause and next step.
// cli.md sections 2.6, 3 and 16.
//
// Ask and Call may run on several threads at once (transfers do), everything else on one.  Calls
// block on the network and, when a token is refreshed, on the disk; they wait and try again when
// the server says that it is asked too much, and end when op() is cancelled.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "cli/cli.h"
#include "cli/profiles.h"
#include "net/http_client.h"

namespace vams::cli {

// Waiting for a server that is asked too much: upstream's variables and limits (cli.md
// section 2.2).
struct RetrySettings {
  int attempts = 5;  // after the first
  double first_delay = 1;
  double longest_delay = 60;
  double multiplier = 2;
  double jitter = 0.1;  // a share of the delay, either way

  static RetrySettings Of(const std::map<std::string, std::string>& environment);
  // Before the try after `tried` tries; `retry_after` is what the server asked for, in seconds.
  std::chrono::milliseconds Delay(int tried, std::optional<int> retry_after, Random& random) const;
};

// What a server answered, whatever its status.
struct RestAnswer {
  int status = 0;
  std::string request_id;
  boost::json::value body;  // null when it is no JSON
  bool is_json = false;
  std::string location;            // of a redirection
  std::optional<int> retry_after;  // seconds
};

class RestClient {
 public:
  // The server is VAMS_API_URL, else the profile's; the token is VAMS_TOKEN, else the profile's
  // login.  A profile's login is never sent to another server than its own.
  static Result<std::unique_ptr<RestClient>> Open(const Context& context);

  // With the token.  Refreshes it first if it has expired, and once if the answer is 401, never on
  // 403.  Any status is an answer; an error is that there was none.  `idle` bounds the wait for the
  // next byte.
  Result<RestAnswer> Ask(std::string_view method, const std::string& path,
                         const boost::json::object* body = nullptr,
                         std::chrono::seconds idle = std::chrono::seconds(60));
  // The JSON of an answer that is no refusal.  kUnauthenticated without a login or when it has
  // ended, kDenied, kNotFound, kInvalid (the request), kUnavailable (no connection, too many
  // requests, a failing server).
  Result<boost::json::value> Call(std::string_view method, const std::string& path,
                                  const boost::json::object* body = nullptr);
  // What Call makes of an answer.
  Result<boost::json::value> Read(const RestAnswer& answer, bool with_token = true) const;
  // Without a token, and without trying again.
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
  int status() const;
  std::string request_id() const;
  // Whether this is a call whose output a program reads: nothing but the result is then printed.
  bool quiet() const { return quiet_; }
  const Context& context() const { return context_; }
  // Ends every call when it is cancelled.
  OpContext& op() { return op_; }
  net::HttpClient& http() { return http_; }
  const RetrySettings& retry_settings() const { return retry_; }

 private:
  RestClient(const Context& context, Profile profile);
  Result<RestAnswer> Send(std::string_view method, const std::string& path,
                          const boost::json::object* body, const std::string& token,
                          std::chrono::seconds idle = std::chrono::seconds(60));
  Result<RestAnswer> SendPatiently(std::string_view method, const std::string& path,
                                   const boost::json::object* body, const std::string& token,
                                   std::chrono::seconds idle);
  // The token to send: a new one in place of `refused`, which may be null, where there can be one.
  Result<std::string> Token(const std::string* refused);
  Status RefreshLocked();
  Error Refused(const RestAnswer& answer, bool with_token) const;
  std::int64_t NowSeconds() const { return clock_.NowMillis() / 1000; }

  const Context& context_;
  const Clock& clock_;
  Profile profile_;
  std::string url_;
  std::optional<Login> login_;
  bool of_environment_ = false;
  const RetrySettings retry_;
  const bool quiet_;
  OpContext op_;
  net::HttpClient http_;
  // Guards login_ and profile_ while calls run.  Held while tokens are refreshed: whoever else
  // needs a token has to wait for the new one.
  std::mutex login_mutex_;
  mutable std::mutex last_mutex_;  // guards the two below
  int status_ = 0;
  std::string request_id_;
};

// Tokens of an answer to a login or a refresh; `user` is whose they are.  kInternal if the answer
// holds none.
Result<Login> ReadTokens(const boost::json::value& answer, const std::string& user,
                         std::int64_t now_seconds);
// A member of an answer that is text, else "".
std::string TextOf(const boost::json::value& object, std::string_view name);

// An answer's member that is an array, else an empty one.
const boost::json::array& ListOf(const boost::json::value& object, std::string_view name);
const boost::json::array& ListOf(const boost::json::object& object, std::string_view name);
// What it returns would end with its argument.
const boost::json::array& ListOf(boost::json::value&& object, std::string_view name) = delete;
const boost::json::array& ListOf(boost::json::object&& object, std::string_view name) = delete;
// A member that is a number, also one written as text; 0 otherwise.
std::int64_t NumberOf(const boost::json::value& object, std::string_view name);
bool FlagOf(const boost::json::value& object, std::string_view name);

// "/database/plant/assets/pump", percent-encoded.
std::string AssetPath(const std::string& database, const std::string& asset);

// Adds a command that talks to a server: --profile and --json.  `run` gets the client; its errors
// are reported with the exit codes of client commands.
CLI::App* AddClientCommand(CLI::App& parent, Context& context, const std::string& name,
                           const std::string& what, std::function<Result<int>(RestClient&)> run);

}  // namespace vams::cli
