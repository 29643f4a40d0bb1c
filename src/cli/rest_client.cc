#include "cli/rest_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/release.h"
#include "net/retry.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

// A page of an export may be long.
constexpr std::size_t kLongestAnswer = std::size_t{512} << 20;
// No limit: what counts is that bytes go on coming.
constexpr std::chrono::hours kWholeExchange{24 * 365};
constexpr std::string_view kGeneralError = "VAMS General Error: ";

double NumberIn(const std::map<std::string, std::string>& environment, const char* name,
                double otherwise, double least, double most) {
  const auto found = environment.find(name);
  if (found == environment.end()) return otherwise;
  double number = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return otherwise;
  return std::clamp(number, least, most);
}

std::optional<int> SecondsOf(const std::string* header) {
  if (header == nullptr) return std::nullopt;
  int seconds = 0;
  const auto [end, error] =
      std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (error != std::errc() || end != header->data() + header->size() || seconds < 0)
    return std::nullopt;
  return seconds;
}

// The second is what upstream's client looks at.
std::string CaBundle(const Context& context) {
  for (const char* name : {"VAMS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"})
    if (auto file = context.Variable(name); !file.empty()) return file;
  return {};
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Transport says "not retryable" of a certificate alone; some of its messages name no next step.
Error Unreachable(Error error, const std::string& url) {
  if (error.code != Code::kUnavailable) return error;
  if (error.retryable) {
    if (!error.message.contains(';'))
      error.message += "; check the address and that the server runs";
    return error;
  }
  Error better(Code::kUnavailable,
               fmt::format("the certificate of {} is not trusted; nothing was sent; check the "
                           "address, or name the authority that signed it with VAMS_CA_BUNDLE=FILE",
                           url),
               std::move(error).message);
  better.retryable = false;
  return better;
}

Error SignInAgain(std::string why) {
  return Error(Code::kUnauthenticated, std::move(why) + "; sign in with \"vams auth login\"");
}

// {error, error_type, status, requestId} of cli.md section 16.
int ReportClientError(const Error& error, const RestClient* client, bool as_json) {
  if (as_json) {
    json::object object{{"error", error.message}, {"error_type", CodeName(error.code)}};
    if (client != nullptr && client->status() >= 400) {
      object["status"] = client->status();
      object["requestId"] = client->request_id();
    }
    PrintJson(object);
  } else {
    fmt::print(stderr, "vams: {}\n", error.message);
    if (!error.details.empty()) fmt::print(stderr, "  ({})\n", error.details);
  }
  return ClientExitOf(error.code);
}

}  // namespace

std::string TextOf(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  const json::value* value = members == nullptr ? nullptr : members->if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::array& ListOf(const json::object& object, std::string_view name) {
  static const json::array none;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

const json::array& ListOf(const json::value& object, std::string_view name) {
  static const json::object none;
  const json::object* members = object.if_object();
  return ListOf(members == nullptr ? none : *members, name);
}

std::int64_t NumberOf(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  const json::value* value = members == nullptr ? nullptr : members->if_contains(name);
  if (value == nullptr) return 0;
  boost::system::error_code error;
  if (value->is_number()) {
    const auto number = value->to_number<std::int64_t>(error);
    return error ? 0 : number;
  }
  std::int64_t number = 0;
  const std::string text = TextOf(object, name);
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool FlagOf(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  const json::value* value = members == nullptr ? nullptr : members->if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string AssetPath(const std::string& database, const std::string& asset) {
  return "/database/" + net::PercentEncode(database) + "/assets/" + net::PercentEncode(asset);
}

RetrySettings RetrySettings::Of(const std::map<std::string, std::string>& environment) {
  RetrySettings s;
  s.attempts =
      static_cast<int>(NumberIn(environment, "VAMS_CLI_MAX_RETRY_ATTEMPTS", s.attempts, 0, 20));
  s.first_delay = NumberIn(environment, "VAMS_CLI_INITIAL_RETRY_DELAY", s.first_delay, 0.1, 30);
  s.longest_delay = NumberIn(environment, "VAMS_CLI_MAX_RETRY_DELAY", s.longest_delay, 0, 300);
  if (s.longest_delay < s.first_delay) s.longest_delay = std::min(s.first_delay * 10, 300.0);
  s.multiplier = NumberIn(environment, "VAMS_CLI_RETRY_BACKOFF_MULTIPLIER", s.multiplier, 1, 5);
  s.jitter = NumberIn(environment, "VAMS_CLI_RETRY_JITTER", s.jitter, 0, 0.5);
  return s;
}

std::chrono::milliseconds RetrySettings::Delay(int tried, std::optional<int> retry_after,
                                               Random& random) const {
  // What the server asks for is waited out, within reason; a backoff may be shorter by its jitter.
  if (retry_after) return std::chrono::seconds(std::min<std::int64_t>(*retry_after, 300));
  const double delay = std::min(first_delay * std::pow(multiplier, tried - 1), longest_delay);
  const double chance = static_cast<double>(net::RandomUpTo(random, 1000)) / 500 - 1;  // -1 to 1
  return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * delay * (1 + jitter * chance)));
}

Result<Login> ReadTokens(const json::value& answer, const std::string& user,
                         std::int64_t now_seconds) {
  Login login{.user = user,
              .access_token = TextOf(answer, "accessToken"),
              .id_token = TextOf(answer, "idToken"),
              .refresh_token = TextOf(answer, "refreshToken")};
  if (login.access_token.empty())
    return Error(Code::kInternal,
                 "the server's answer to the login holds no token; nothing was stored; check that "
                 "the address is that of a VAMS server of this release");
  const json::value* seconds = answer.get_object().if_contains("expiresIn");
  if (seconds != nullptr && seconds->is_int64())
    login.expires_at = now_seconds + seconds->get_int64();
  return login;
}

RestClient::RestClient(const Context& context, Profile profile)
    : context_(context),
      clock_(context.clock),
      profile_(std::move(profile)),
      retry_(RetrySettings::Of(context.environment)),
      quiet_(context.json),
      http_({.ca_bundle = CaBundle(context)}) {
  const std::string url = WithoutSlash(context.Variable("VAMS_API_URL"));
  url_ = url.empty() ? profile_.url() : url;
  if (std::string token = context.Variable("VAMS_TOKEN"); !token.empty()) {
    login_ = Login{.access_token = std::move(token), .is_override = true};
    of_environment_ = true;
  } else if (url_ == profile_.url()) {
    login_ = profile_.login();
  }
}

Result<std::unique_ptr<RestClient>> RestClient::Open(const Context& context) {
  TRY(const auto name, Profile::Choose(context.environment, context.profile));
  TRY(auto profile, Profile::Load(context.environment, name));
  return std::unique_ptr<RestClient>(new RestClient(context, std::move(profile)));
}

void RestClient::UseServer(std::string url) {
  url_ = WithoutSlash(std::move(url));
  if (!of_environment_) login_.reset();
}

void RestClient::UseLogin(Login login) {
  login_ = std::move(login);
  of_environment_ = false;
}

int RestClient::status() const {
  const std::lock_guard lock(last_mutex_);
  return status_;
}

std::string RestClient::request_id() const {
  const std::lock_guard lock(last_mutex_);
  return request_id_;
}

Result<std::string> RestClient::Token(const std::string* refused) {
  const std::lock_guard lock(login_mutex_);
  if (!login_)
    return Error(Code::kUnauthenticated,
                 fmt::format("profile \"{}\" is not signed in to {}; sign in with \"vams auth "
                             "login\", or set VAMS_TOKEN",
                             profile_.name(), url_));
  if (login_->ExpiredAt(NowSeconds()) && login_->is_override)
    return SignInAgain(fmt::format("the token of profile \"{}\" has expired", profile_.name()));
  // Another thread may have refreshed it since it was refused.
  const bool is_refused =
      refused != nullptr && *refused == login_->access_token && !login_->is_override;
  if (login_->ExpiredAt(NowSeconds()) || is_refused) TRY_OK(RefreshLocked());
  return login_->access_token;
}

Result<RestAnswer> RestClient::Ask(std::string_view method, const std::string& path,
                                   const json::object* body, std::chrono::seconds idle) {
  if (url_.empty())
    return Error(Code::kUnauthenticated,
                 fmt::format("profile \"{}\" knows no server; sign in with \"vams auth login --url "
                             "URL --user ID\", or set VAMS_API_URL and VAMS_TOKEN",
                             profile_.name()));
  TRY(const auto token, Token(nullptr));
  TRY(auto answer, SendPatiently(method, path, body, token, idle));
  if (answer.status != 401) return answer;
  TRY(const auto fresh, Token(&token));
  if (fresh == token) return answer;
  return SendPatiently(method, path, body, fresh, idle);
}

Result<json::value> RestClient::Call(std::string_view method, const std::string& path,
                                     const json::object* body) {
  TRY(const auto answer, Ask(method, path, body));
  return Read(answer);
}

Result<json::value> RestClient::CallWithoutToken(std::string_view method, const std::string& path,
                                                 const json::object* body) {
  TRY(const auto answer, Send(method, path, body, ""));
  return Read(answer, false);
}

Status RestClient::Refresh() {
  const std::lock_guard lock(login_mutex_);
  return RefreshLocked();
}

Status RestClient::RefreshLocked() {
  if (!login_) return SignInAgain(fmt::format("profile \"{}\" is not signed in", profile_.name()));
  if (login_->is_override)
    return Error(Code::kNotSupported,
                 "an API key or a token from elsewhere cannot be refreshed; nothing was changed; "
                 "when it has expired, give the new one to \"vams auth login\"");
  if (login_->refresh_token.empty())
    return SignInAgain("the login has expired and holds no refresh token");
  TRY(const auto lock, profile_.Lock());
  // Who held the lock may have done it already, and a refresh token is good once.
  const std::string before = login_->access_token;
  TRY_OK(profile_.Reload());
  if (profile_.login() && profile_.login()->access_token != before) {
    login_ = profile_.login();
    return Ok();
  }
  const json::object body{{"refreshToken", login_->refresh_token}};
  TRY(const auto answer, Send("POST", "/auth/refresh", &body, ""));
  if (answer.status == 401)
    return SignInAgain(
        fmt::format("the login of profile \"{}\" has ended: it has expired, or was ended "
                    "elsewhere",
                    profile_.name()));
  TRY(const auto tokens, Read(answer, false));
  TRY(auto login, ReadTokens(tokens, login_->user, NowSeconds()));
  if (login.refresh_token.empty()) login.refresh_token = login_->refresh_token;
  login_ = login;
  return profile_.SaveLogin(login);
}

Result<RestAnswer> RestClient::SendPatiently(std::string_view method, const std::string& path,
                                             const json::object* body, const std::string& token,
                                             std::chrono::seconds idle) {
  for (int tried = 1;; ++tried) {
    TRY(auto answer, Send(method, path, body, token, idle));
    // A 503 without a time is not known to have changed nothing.
    const bool busy = answer.status == 429 || (answer.status == 503 && answer.retry_after);
    if (!busy || tried > retry_.attempts) return answer;
    const auto delay = retry_.Delay(tried, answer.retry_after, SystemRandom());
    if (!quiet_)
      fmt::print(stderr, "{} is asked too much ({}); trying again in {:.0f} s ({} of {})\n", url_,
                 answer.status, std::ceil(static_cast<double>(delay.count()) / 1000), tried,
                 retry_.attempts);
    TRY_OK(net::SystemTimer().Sleep(op_, delay));
  }
}

Result<RestAnswer> RestClient::Send(std::string_view method, const std::string& path,
                                    const json::object* body, const std::string& token,
                                    std::chrono::seconds idle) {
  net::HttpRequest request{.method = std::string(method),
                           .url = url_ + path,
                           .connect_timeout = std::chrono::seconds(10),
                           .timeout = kWholeExchange,
                           .max_response_bytes = kLongestAnswer,
                           .idle_timeout = idle,
                           .decompress = true};
  request.headers.push_back({"user-agent", "vams/" + app::Release()});
  request.headers.push_back({"accept", "application/json"});
  if (!token.empty()) request.headers.push_back({"authorization", "Bearer " + token});
  if (body != nullptr) {
    request.headers.push_back({"content-type", "application/json"});
    request.body = json::serialize(*body);
  }
  auto response = http_.Send(op_, request);
  RestAnswer answer;
  if (response.ok()) {
    answer.status = response->status;
    if (const auto* id = net::FindHeader(response->headers, "x-request-id"))
      answer.request_id = *id;
  }
  {
    const std::lock_guard lock(last_mutex_);
    status_ = answer.status;
    request_id_ = answer.request_id;
  }
  if (!response.ok()) return Unreachable(std::move(response).error(), url_);
  if (const auto* at = net::FindHeader(response->headers, "location")) answer.location = *at;
  answer.retry_after = SecondsOf(net::FindHeader(response->headers, "retry-after"));
  boost::system::error_code error;
  if (!response->body.empty()) answer.body = json::parse(response->body, error);
  if (error) answer.body = nullptr;
  answer.is_json = !error;
  return answer;
}

Result<json::value> RestClient::Read(const RestAnswer& answer, bool with_token) const {
  if (answer.status >= 400) return Refused(answer, with_token);
  if (answer.status >= 300)
    return Error(
        Code::kUnavailable,
        fmt::format("{} sends its clients elsewhere ({}); nothing was done; sign in to the "
                    "address that it names{}{}",
                    url_, answer.status, answer.location.empty() ? "" : ", ", answer.location));
  if (!answer.is_json)
    return Error(
        Code::kInternal,
        fmt::format("{} answered with something other than JSON; check that the address is "
                    "that of a VAMS server",
                    url_));
  return answer.body;
}

Error RestClient::Refused(const RestAnswer& answer, bool with_token) const {
  const std::string said = TextOf(answer.body, "message");
  std::string message = said.empty() ? "no reason was given" : said;
  // Upstream's marker of its own errors says nothing to a reader.
  while (message.starts_with(kGeneralError)) message.erase(0, kGeneralError.size());
  const auto error = [&](Code code, std::string text) {
    return Error(code, std::move(text),
                 answer.request_id.empty()
                     ? fmt::format("HTTP {}", answer.status)
                     : fmt::format("HTTP {}, request {}", answer.status, answer.request_id));
  };
  switch (answer.status) {
    case 401:
      if (!with_token) return error(Code::kUnauthenticated, message);
      [[fallthrough]];
    case 403:
      // The text of the front end, before any permission was looked at (api-auth.md section 1.4).
      if (answer.status == 401 || said == "Forbidden")
        return error(Code::kUnauthenticated,
                     fmt::format("{} does not accept the login of profile \"{}\": it has ended, or "
                                 "this machine's address is not allowed; sign in again with \"vams "
                                 "auth login\"",
                                 url_, profile_.name()));
      return error(Code::kDenied,
                   fmt::format("{} refuses this to you: {}; ask an administrator for the right",
                               url_, message));
    case 404:
      return error(Code::kNotFound, message);
    case 429: {
      Error busy = error(Code::kUnavailable, message);
      busy.retryable = false;  // that was tried
      return busy;
    }
    default:
      break;
  }
  if (answer.status >= 500)
    return error(Code::kUnavailable,
                 fmt::format("the server failed ({}): {}; try again later, or ask its operator",
                             answer.status, message));
  return error(Code::kInvalid, message);
}

CLI::App* AddClientCommand(CLI::App& parent, Context& context, const std::string& name,
                           const std::string& what, std::function<Result<int>(RestClient&)> run) {
  CLI::App* command = parent.add_subcommand(name, what);
  command
      ->add_option("--profile", context.profile,
                   "The server and login to use (default: VAMS_PROFILE, else \"default\")")
      ->type_name("NAME");
  command->add_flag("--json,--json-output", context.json, "Print one JSON document");
  command->callback([&context, run = std::move(run)] {
    context.run = [&context, run]() -> Result<int> {
      auto client = RestClient::Open(context);
      if (!client.ok()) return ReportClientError(client.error(), nullptr, context.json);
      auto result = run(**client);
      if (result.ok()) return *result;
      return ReportClientError(result.error(), client->get(), context.json);
    };
  });
  return command;
}

}  // namespace vams::cli
