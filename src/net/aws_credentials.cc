#include "net/aws_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>
#include <fstream>
#include <iterator>
#include <mutex>

#include "base/log.h"

namespace vams::net {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kRefreshBefore = 5 * 60 * 1000;
constexpr std::string_view kContainerHost = "http://169.254.170.2";
constexpr std::string_view kMetadataHost = "http://169.254.169.254";

class Fixed final : public CredentialSource {
 public:
  explicit Fixed(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> Get(OpContext&) override { return credentials_; }
  void Refuse(const Credentials&) override {}

 private:
  const Credentials credentials_;
};

// The answer of a credentials endpoint.  Its text is never repeated in an error.
Result<Credentials> ParseAnswer(std::string_view body, std::string_view where) {
  boost::system::error_code ec;
  const auto json = boost::json::parse(body, ec);
  const auto text = [&](const char* name) -> std::string {
    if (ec || !json.is_object()) return "";
    const auto* value = json.get_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  };
  Credentials credentials{.access_key = text("AccessKeyId"),
                          .secret_key = text("SecretAccessKey"),
                          .session_token = text("Token")};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return Error(Code::kUnauthenticated,
                 fmt::format("{} answered without credentials; check the role it serves", where));
  credentials.expires_millis = ParseIsoTime(text("Expiration")).value_or(0);
  return credentials;
}

// Plain HTTP is for this machine and the addresses AWS reserves; elsewhere a token would leak.
bool IsSafeContainerUri(std::string_view uri) {
  if (uri.starts_with("https://")) return true;
  for (const std::string_view host :
       {"http://127.0.0.1", "http://localhost", "http://[::1]", "http://169.254.170.2",
        "http://169.254.170.23", "http://[fd00:ec2::23]"}) {
    if (!uri.starts_with(host)) continue;
    const auto rest = uri.substr(host.size());
    if (rest.empty() || rest[0] == '/' || rest[0] == ':' || rest[0] == '?')
      return rest.empty() || rest.find('@') == std::string_view::npos;
  }
  return false;
}

class Default final : public CredentialSource {
 public:
  Default(Environment environment, Transport& transport, const Clock& clock)
      : environment_(std::move(environment)), transport_(transport), clock_(clock) {}

  Result<Credentials> Get(OpContext& op) override {
    std::optional<Credentials> kept;
    {
      const std::lock_guard lock(mutex_);
      kept = kept_;
    }
    const std::int64_t now = clock_.NowMillis();
    const auto lives = [&](std::int64_t more) {
      return kept && (kept->expires_millis == 0 || now + more < kept->expires_millis);
    };
    if (lives(kRefreshBefore)) return *kept;
    auto found = Find(op);
    if (!found.ok()) {
      if (!lives(0)) return found;
      LogWarning("AWS credentials are about to expire and cannot be fetched again yet: " +
                 found.error().message);
      return *kept;
    }
    const std::lock_guard lock(mutex_);
    kept_ = *found;
    return found;
  }

  void Refuse(const Credentials& refused) override {
    const std::lock_guard lock(mutex_);
    if (kept_ && kept_->access_key == refused.access_key &&
        kept_->session_token == refused.session_token)
      kept_.reset();
  }

 private:
  Result<Credentials> Find(OpContext& op) {
    const auto key = environment_("AWS_ACCESS_KEY_ID");
    const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
    if (key && secret)
      return Credentials{*key, *secret, environment_("AWS_SESSION_TOKEN").value_or("")};
    if (key || secret)
      return Error(Code::kUnauthenticated,
                   "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; set both or "
                   "neither");
    TRY(const auto profile, LoadProfile(environment_));
    TRY(auto from_profile, ProfileCredentials(profile));
    if (from_profile) return *std::move(from_profile);
    if (environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
        environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
      return FromContainer(op);
    const auto disabled = environment_("AWS_EC2_METADATA_DISABLED");
    if (!disabled || (*disabled != "true" && *disabled != "TRUE" && *disabled != "True")) {
      auto from_instance = FromInstance(op);
      if (from_instance.ok() || from_instance.error().code != Code::kUnavailable)
        return from_instance;
    }
    return Error(Code::kUnauthenticated,
                 fmt::format("no AWS credentials: neither in AWS_ACCESS_KEY_ID, nor in profile "
                             "\"{}\", nor from a container or instance; set one of them, for "
                             "example with `aws configure`",
                             profile.name));
  }

  Result<Credentials> FromContainer(OpContext& op) {
    std::string uri;
    if (auto relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
      uri = std::string(kContainerHost) + *relative;
    else
      uri = *environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!IsSafeContainerUri(uri))
      return Error(Code::kUnauthenticated,
                   "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this "
                   "machine or of its container service");
    HttpRequest request{.url = uri};
    std::string token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    if (const auto path = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      std::ifstream file(*path, std::ios::binary);
      if (!file)
        return Error(Code::kUnauthenticated,
                     fmt::format("cannot read {}, which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE "
                                 "names",
                                 *path));
      token.assign(std::istreambuf_iterator<char>(file), {});
      while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
    }
    if (!token.empty()) request.headers.push_back({"Authorization", token});
    TRY(const auto answer, Ask(op, std::move(request), "the container's credentials endpoint"));
    return ParseAnswer(answer, "the container's credentials endpoint");
  }

  Result<Credentials> FromInstance(OpContext& op) {
    constexpr std::string_view kWhere = "the instance's metadata service";
    std::string host =
        environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(std::string(kMetadataHost));
    while (host.ends_with('/')) host.pop_back();
    TRY(const auto token, Ask(op,
                              {.method = "PUT",
                               .url = host + "/latest/api/token",
                               .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
                              kWhere));
    const std::string roles = host + "/latest/meta-data/iam/security-credentials/";
    const auto with_token = [&](std::string url) {
      return HttpRequest{.url = std::move(url), .headers = {{"x-aws-ec2-metadata-token", token}}};
    };
    TRY(std::string role, Ask(op, with_token(roles), kWhere));
    role = role.substr(0, role.find_first_of("\r\n"));
    TRY(const auto answer, Ask(op, with_token(roles + PercentEncode(role)), kWhere));
    return ParseAnswer(answer, kWhere);
  }

  // Two attempts of a second each: without a metadata service nobody answers, and a command should
  // not hang because of it.
  Result<std::string> Ask(OpContext& op, HttpRequest request, std::string_view where) {
    request.direct = true;
    request.connect_timeout = milliseconds(1'000);
    request.timeout = milliseconds(2'000);
    request.max_response_bytes = 64 * 1024;
    for (int attempt = 1;; ++attempt) {
      auto answer = transport_.Send(op, request);
      if (answer.ok() && answer->status == 200) return std::move(answer->body);
      TRY_OK(op.Check());
      if (attempt < 2 && (!answer.ok() || answer->status >= 500)) continue;
      if (!answer.ok())
        return Error(Code::kUnavailable, fmt::format("{} does not answer", where),
                     answer.error().message);
      return Error(Code::kUnauthenticated,
                   fmt::format("{} answers with status {}; check that a role is attached", where,
                               answer->status));
    }
  }

  const Environment environment_;
  Transport& transport_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Credentials> kept_;  // guarded by mutex_
};

}  // namespace

std::optional<std::int64_t> ParseIsoTime(std::string_view text) {
  std::tm utc{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') do
      ++rest;
    while (*rest >= '0' && *rest <= '9');
  if (*rest != 'Z' || rest[1] != '\0') return std::nullopt;
  return static_cast<std::int64_t>(timegm(&utc)) * 1000;
}

std::unique_ptr<CredentialSource> FixedCredentials(Credentials credentials) {
  return std::make_unique<Fixed>(std::move(credentials));
}

std::unique_ptr<CredentialSource> DefaultCredentials(Environment environment, Transport& transport,
                                                     const Clock& clock) {
  return std::make_unique<Default>(std::move(environment), transport, clock);
}

}  // namespace vams::net
