#include "app/settings.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>

#include "app/release.h"
#include "http/listen_address.h"
#include "lifecycle/stacks/names.h"

namespace vams::app {

namespace {

// Clients compare this text with the version they were made for (api-auth.md section 3.1).
constexpr std::string_view kWireVersion = "2.5.1";

// Features that clients look at (api-auth.md section 3.4): those of the running configuration.
std::vector<std::string> FeaturesOf(const config::Config& config) {
  std::vector<std::string> features;
  const auto add = [&](bool on, const char* name) {
    if (on) features.emplace_back(name);
  };
  add(config.web_ui.allow_unsafe_eval, "ALLOWUNSAFEEVAL");
  add(config.location_service, "LOCATIONSERVICES");
  add(config.alb.enabled, "ALBDEPLOY");
  add(config.cloud_front.enabled, "CLOUDFRONTDEPLOY");
  add(config.engines.search.kind == config::SearchKind::kNone, "NOOPENSEARCH");
  add(config.auth.builtin_accounts, "AUTHPROVIDER_COGNITO");
  add(config.auth.external.enabled, "AUTHPROVIDER_EXTERNALOAUTHIDP");
  return features;
}

std::string MapStyleOf(const config::Config& config) {
  return config.location_service ? config.web_ui.map_style_url : std::string();
}

// "https://maps.example:8443" of a URL of it; empty if it has none.
std::string OriginOf(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  return parsed ? std::string(parsed->encoded_origin()) : std::string();
}

// Viewers compile WASM and start workers from blobs; nothing else may run that is not ours.
std::string ContentSecurityPolicy(const config::Config& config) {
  std::string connect = "'self' blob: data:";
  if (config.auth.external.enabled) connect += " https:";
  // The map's style, tiles and letters are fetched from where its style lies.
  if (const std::string map = OriginOf(MapStyleOf(config)); !map.empty()) connect += " " + map;
  return fmt::format(
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{}; style-src 'self' "
      "'unsafe-inline'; img-src 'self' data: blob: https:; font-src 'self' data:; media-src 'self' "
      "blob:; connect-src {}; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
      "form-action 'self'; frame-ancestors 'none'",
      config.web_ui.allow_unsafe_eval ? " 'unsafe-eval'" : "", connect);
}

http::Headers SecurityHeaders(const config::Config& config, bool tls) {
  http::Headers headers;
  headers.Set("content-security-policy", ContentSecurityPolicy(config));
  // Isolated from other origins, which is what shared memory of WASM threads asks for.
  headers.Set("cross-origin-opener-policy", "same-origin");
  headers.Set("cross-origin-embedder-policy", "credentialless");
  headers.Set("x-frame-options", "DENY");
  headers.Set("referrer-policy", "strict-origin-when-cross-origin");
  if (tls) headers.Set("strict-transport-security", "max-age=31536000");
  return headers;
}

// The values of api-auth.md section 1.4.
http::CorsOptions Cors() {
  return {.allow_origin = "*",
          .allow_methods = "HEAD,OPTIONS,GET,PUT,POST,PATCH,DELETE",
          .allow_headers =
              "Authorization,Content-Type,Origin,Range,X-Amz-Date,X-Api-Key,X-Amz-Security-Token,"
              "X-Amz-User-Agent,Access-Control-Allow-Origin",
          .expose_headers = "Access-Control-Allow-Origin",
          .max_age = std::chrono::seconds(3600)};
}

std::string CertificateFile(const config::Config& config) {
  if (!config.server.tls_certificate.empty()) return config.server.tls_certificate;
  return config.alb.enabled ? config.alb.certificate_file : std::string();
}

}  // namespace

std::string PublicUrl(const config::Config& config) { return lifecycle::PublicUrlOf(config); }

objects::EncryptionChoice EncryptionOf(const config::Config& config) {
  return {.enabled = config.encryption.enabled, .key_file = config.encryption.key_file};
}

api::Settings SettingsOf(const config::Config& config, const lifecycle::Stack& stack) {
  api::Settings settings;
  settings.public_url = PublicUrl(config);
  settings.region = config.region;
  settings.signed_url_seconds = config.auth.signed_url_seconds;
  settings.stack_name = stack.name;
  settings.banner_html = config.web_ui.banner_html;
  settings.map_style_url = MapStyleOf(config);
  settings.features = FeaturesOf(config);
  settings.version = {{"version", kWireVersion}};
  for (const auto& [name, value] : ReleaseJson()) settings.version[name] = value;
  settings.version["stack"] =
      boost::json::object{{"name", stack.name},
                          {"dataVersion", stack.current.data_version.ToString()},
                          {"generation", stack.current.number}};
  if (const config::ExternalProvider& idp = config.auth.external; idp.enabled) {
    settings.idp_url = idp.url;
    settings.idp_client_id = idp.client_id;
    settings.idp_scope = idp.scope;
    settings.idp_scope_mfa = idp.scope_mfa;
    settings.idp_token_endpoint = idp.token_endpoint;
    settings.idp_authorization_endpoint = idp.authorization_endpoint;
    settings.idp_discovery_endpoint = idp.discovery_endpoint;
  }
  settings.identity_protocol = config.auth.builtin_accounts && config.auth.password_flow;
  // Clients want the form <region>_<id>.
  settings.pool_id = fmt::format("{}_{}", config.region, stack.name);
  settings.client_id = "vams";
  for (const config::IpRange& range : config.auth.allowed_ip_ranges)
    settings.allowed_ip_ranges.emplace_back(range.first, range.last);
  return settings;
}

Result<http::ServerOptions> ServerOptionsOf(const config::Config& config,
                                            const std::string& listen) {
  http::ServerOptions options;
  options.addresses.clear();
  std::vector<std::string> texts = config.server.listen;
  if (!listen.empty()) texts = {listen};
  for (const std::string& text : texts) {
    TRY(auto address, http::ParseListenAddress(text));
    options.addresses.push_back(std::move(address));
  }
  const std::string certificate = CertificateFile(config);
  if (!certificate.empty())
    options.tls =
        http::TlsOptions{.certificate_file = certificate, .key_file = config.server.tls_key};
  options.worker_threads = static_cast<std::size_t>(config.server.workers.value_or(0));
  options.max_connections = static_cast<std::size_t>(config.server.connections);
  options.connections_per_address =
      static_cast<std::size_t>(config.server.connections_per_address.value_or(0));
  options.body_limit = static_cast<std::size_t>(config.server.body_bytes);
  options.trusted_proxies = config.server.trusted_proxies;
  options.cors = Cors();
  const bool secure = options.tls.has_value() || PublicUrl(config).starts_with("https:");
  options.default_headers = SecurityHeaders(config, secure);
  if (config.rate_limit.per_second)
    options.rate_limit =
        http::RateLimit{.per_second = *config.rate_limit.per_second,
                        .burst = config.rate_limit.burst.value_or(*config.rate_limit.per_second)};
  return options;
}

}  // namespace vams::app
