#include "cli/rest_client.h"

#include <fmt/format.h>

#include "app/release.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

std::string Variable(const Context& context, const char* name) {
  const auto found = context.environment.find(name);
  return found == context.environment.end() ? std::string() : found->second;
}

// The second is what upstream's client looks at.
std::string CaBundle(const Context& context) {
  for (const char* name : {"VAMS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"})
    if (auto file = Variable(context, name); !file.empty()) return file;
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
    : clock_(context.clock), profile_(std::move(profile)), http_({.ca_bundle = CaBundle(context)}) {
  const std::string url = WithoutSlash(Variable(context, "VAMS_API_URL"));
  url_ = url.empty() ? profile_.url() : url;
  if (std::string token = Variable(context, "VAMS_TOKEN"); !token.empty()) {
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

Result<json::value> RestClient::Call(std::string_view method, const std::string& path,
                                     const json::object* body) {
  if (url_.empty())
    return Error(Code::kUnauthenticated,
                 fmt::format("profile \"{}\" knows no server; sign in with \"vams auth login --url "
                             "URL --user ID\", or set VAMS_API_URL and VAMS_TOKEN",
                             profile_.name()));
  if (!login_)
    return Error(Code::kUnauthenticated,
                 fmt::format("profile \"{}\" is not signed in to {}; sign in with \"vams auth "
                             "login\", or set VAMS_TOKEN",
                             profile_.name(), url_));
  if (login_->ExpiredAt(NowSeconds())) {
    if (login_->is_override)
      return SignInAgain(fmt::format("the token of profile \"{}\" has expired", profile_.name()));
    TRY_OK(Refresh());
  }
  TRY(auto response, Send(method, path, body, login_->access_token));
  if (response.status == 401 && !login_->is_override) {
    TRY_OK(Refresh());
    TRY(response, Send(method, path, body, login_->access_token));
  }
  return Read(response, true);
}

Result<json::value> RestClient::CallWithoutToken(std::string_view method, const std::string& path,
                                                 const json::object* body) {
  TRY(const auto response, Send(method, path, body, ""));
  return Read(response, false);
}

Status RestClient::Refresh() {
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
  TRY(const auto response, Send("POST", "/auth/refresh", &body, ""));
  if (response.status == 401)
    return SignInAgain(
        fmt::format("the login of profile \"{}\" has ended: it has expired, or was ended "
                    "elsewhere",
                    profile_.name()));
  TRY(const auto answer, Read(response, false));
  TRY(auto login, ReadTokens(answer, login_->user, NowSeconds()));
  if (login.refresh_token.empty()) login.refresh_token = login_->refresh_token;
  login_ = login;
  return profile_.SaveLogin(login);
}

Result<net::HttpResponse> RestClient::Send(std::string_view method, const std::string& path,
                                           const json::object* body, const std::string& token) {
  net::HttpRequest request{.method = std::string(method),
                           .url = url_ + path,
                           .connect_timeout = std::chrono::seconds(10)};
  request.headers.push_back({"user-agent", "vams/" + app::Release()});
  request.headers.push_back({"accept", "application/json"});
  if (!token.empty()) request.headers.push_back({"authorization", "Bearer " + token});
  if (body != nullptr) {
    request.headers.push_back({"content-type", "application/json"});
    request.body = json::serialize(*body);
  }
  status_ = 0;
  request_id_.clear();
  auto response = http_.Send(op_, request);
  if (!response.ok()) return Unreachable(std::move(response).error(), url_);
  status_ = response->status;
  if (const std::string* id = net::FindHeader(response->headers, "x-request-id")) request_id_ = *id;
  return response;
}

Result<json::value> RestClient::Read(const net::HttpResponse& response, bool with_token) const {
  boost::system::error_code error;
  json::value body = response.body.empty() ? json::value() : json::parse(response.body, error);
  if (error) body = nullptr;
  if (response.status >= 400) return Refused(body, with_token);
  if (response.status >= 300)
    return Error(
        Code::kUnavailable,
        fmt::format("{} sends its clients elsewhere ({}); nothing was done; sign in to the "
                    "address that it names{}",
                    url_, response.status, [&] {
                      const auto* at = net::FindHeader(response.headers, "location");
                      return at == nullptr ? std::string() : ", " + *at;
                    }()));
  if (error)
    return Error(
        Code::kInternal,
        fmt::format("{} answered with something other than JSON; check that the address is "
                    "that of a VAMS server",
                    url_));
  return body;
}

Error RestClient::Refused(const json::value& body, bool with_token) const {
  const std::string said = TextOf(body, "message");
  const std::string message = said.empty() ? "no reason was given" : said;
  const auto error = [&](Code code, std::string text) {
    return Error(code, std::move(text),
                 request_id_.empty() ? fmt::format("HTTP {}", status_)
                                     : fmt::format("HTTP {}, request {}", status_, request_id_));
  };
  switch (status_) {
    case 401:
      if (!with_token) return error(Code::kUnauthenticated, message);
      [[fallthrough]];
    case 403:
      // The text of the front end, before any permission was looked at (api-auth.md section 1.4).
      if (status_ == 401 || said == "Forbidden")
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
    case 429:
      return error(Code::kUnavailable, message);
    default:
      break;
  }
  if (status_ >= 500)
    return error(Code::kUnavailable,
                 fmt::format("the server failed ({}): {}; try again later, or ask its operator",
                             status_, message));
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
