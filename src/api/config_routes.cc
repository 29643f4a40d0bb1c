// What clients ask before anything else, and how the server is.  Spec: api-auth.md sections 3 and
// 4; ruling 15 names what needs no token.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "api/public_url.h"
#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

// Clients tell an absent setting by this text (section 3.2).
std::string OrUndefined(const std::string& text) { return text.empty() ? "undefined" : text; }

json::object AmplifyConfig(const Call& call) {
  const Settings& s = call.s.settings;
  return {{"region", s.region},
          {"api", PublicUrl(call) + "/"},
          {"cognitoUserPoolId", s.identity_protocol ? s.pool_id : "undefined"},
          {"cognitoAppClientId", s.identity_protocol ? s.client_id : "undefined"},
          {"cognitoIdentityPoolId", "undefined"},
          {"externalOAuthIdpURL", OrUndefined(s.idp_url)},
          {"externalOAuthIdpClientId", OrUndefined(s.idp_client_id)},
          {"externalOAuthIdpScope", OrUndefined(s.idp_scope)},
          {"externalOAuthIdpScopeMfa", OrUndefined(s.idp_scope_mfa)},
          {"externalOAuthIdpTokenEndpoint", OrUndefined(s.idp_token_endpoint)},
          {"externalOAuthIdpAuthorizationEndpoint", OrUndefined(s.idp_authorization_endpoint)},
          {"externalOAuthIdpDiscoveryEndpoint", OrUndefined(s.idp_discovery_endpoint)},
          {"stackName", s.stack_name},
          {"contentSecurityPolicy", ""},
          {"bannerHtmlMessage", s.banner_html}};
}

Result<http::Response> GetHealth(Call&) { return Answer(json::object{{"status", "ok"}}); }

Result<http::Response> GetReady(Call& call) {
  const Status ready = call.s.ready(call.op);
  if (ready.ok()) return Answer(json::object{{"status", "ready"}});
  http::Response response =
      Answer(503, json::object{{"status", "not ready"}, {"message", ready.error().message}});
  response.headers.Set("retry-after", "1");
  return response;
}

// The two anonymous configuration answers carry nothing but their content type (section 1.1).
Result<http::Response> GetRelease(Call& call) { return http::Json(call.s.settings.version); }

Result<http::Response> GetAmplifyConfig(Call& call) { return http::Json(AmplifyConfig(call)); }

Result<http::Response> GetSecureConfig(Call& call) {
  const Settings& s = call.s.settings;
  return Answer(json::object{{"featuresEnabled", fmt::format("{}", fmt::join(s.features, ","))},
                             {"locationServiceApiUrl", s.map_style_url},
                             {"webDeployedUrl", PublicUrl(call)}});
}

Result<http::Response> GetMetrics(Call& call) {
  http::Response response;
  response.headers.Set("content-type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = call.s.metrics();
  return response;
}

Result<http::Response> GetOpenApi(Call& call) {
  http::Response response;
  response.headers.Set("content-type", "application/json");
  response.body = call.s.openapi();
  return response;
}

// Which of the client's own routes it may show.  Only `route__path` is looked at; whatever else an
// entry holds is given back as it came.
Result<http::Response> PostWebRoutes(Call& call) {
  PARSE(const auto body, Body(call));
  const json::value* routes = body.if_contains("routes");
  if (routes == nullptr || !routes->is_array())
    return Refuse(400,
                  "'routes' is a required field: a list of objects with 'method' and "
                  "'route__path'");
  json::array allowed;
  for (const json::value& entry : routes->get_array()) {
    const json::object* route = entry.if_object();
    const json::value* method = route == nullptr ? nullptr : route->if_contains("method");
    const json::value* path = route == nullptr ? nullptr : route->if_contains("route__path");
    if (method == nullptr || path == nullptr || !method->is_string() || !path->is_string())
      return Refuse(400, "every entry of 'routes' needs the texts 'method' and 'route__path'");
    const auto action = access::FindAction(std::string_view(method->get_string()));
    if (!action ||
        !call.caller().MaySee(access::Object::Web(std::string_view(path->get_string())), *action))
      continue;
    json::object answer = *route;
    answer["object__type"] = "web";
    allowed.push_back(std::move(answer));
  }
  return Answer(json::object{{"allowedRoutes", std::move(allowed)}, {"email", call.user()}});
}

}  // namespace

void AddConfigRoutes(Gate& gate) {
  using http::Verb;
  const std::string tag = "configuration";
  RouteGroup open(gate, {.guard = Guard::kPublic, .tag = tag, .admin = true});
  RouteGroup own(gate, {.guard = Guard::kToken, .tag = tag, .reads = true});
  RouteGroup administration(gate, {.tag = tag});
  open.Add(Verb::kGet, "/healthz", "getHealth", "Whether the server runs", GetHealth);
  open.Add(Verb::kGet, "/readyz", "getReadiness", "Whether the server can work", GetReady);
  open.Add(Verb::kGet, "/api/version", "getVersion", "Versions of API, release and data",
           GetRelease);
  open.Add(Verb::kGet, "/api/amplify-config", "getAmplifyConfig", "What a client needs to log in",
           GetAmplifyConfig);
  own.Add(Verb::kGet, "/secure-config", "getSecureConfig", "Features that are on", GetSecureConfig);
  own.Add(Verb::kPost, "/auth/routes", "filterWebRoutes", "Which pages the caller may see",
          PostWebRoutes);
  administration.Add(Verb::kGet, "/openapi.json", "getOpenApi", "This description", GetOpenApi);
  administration.Add(Verb::kGet, "/metrics", "getMetrics", "Counters in Prometheus text",
                     GetMetrics);
}

}  // namespace vams::api
