#include "app/serving_mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "api/lifecycle_routes.h"
#include "lifecycle/ab/wire.h"

namespace vams::app {

using lifecycle::ServingMode;

namespace {

// Seconds.  Maintenance and updates take minutes.
constexpr std::string_view kRetryLater = "30";

// By their ids: what a client needs to find out how the server is and to sign in.
constexpr std::array<std::string_view, 22> kAlways = {
    "getHealth",       "getReadiness",      "getVersion",    "getAmplifyConfig",
    "getSecureConfig", "filterWebRoutes",   "getOpenApi",    "getMetrics",
    "login",           "answerChallenge",   "refreshTokens", "logout",
    "getKeySet",       "getDiscovery",      "getAccount",    "changePassword",
    "beginMfa",        "confirmMfa",        "removeMfa",     "identityProtocol",
    "getLoginProfile", "updateLoginProfile"};

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '&')
      escaped += "&amp;";
    else if (c == '"')
      escaped += "&quot;";
    else
      escaped += c;
  }
  return escaped;
}

bool Navigates(const http::Request& request) {
  if (request.verb != http::Verb::kGet && request.verb != http::Verb::kHead) return false;
  const auto accept = request.headers.Find("accept");
  return accept && accept->find("text/html") != accept->npos;
}

std::string Page(std::string_view message, bool link_to_sign_in) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Not available now</title>\n<style>\n"
      "body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: "
      "#f4f6f8;\n  color: #16191f; font: 1rem/1.5 system-ui, sans-serif; }}\n"
      "main {{ max-width: 34rem; padding: 2rem; }}\nh1 {{ font-size: 1.5rem; }}\n"
      "@media (prefers-color-scheme: dark) {{ body {{ background: #0f1b2a; color: #d1d5db; }} "
      "a {{ color: #89bdee; }} }}\n"
      "</style>\n</head>\n<body>\n<main>\n<h1>Not available now</h1>\n<p role=\"status\">{}</p>\n"
      "{}</main>\n</body>\n</html>\n",
      Escaped(message),
      link_to_sign_in ? "<p><a href=\"/index.html#/updates\">Administrators sign in here</a></p>\n"
                      : "");
}

std::string_view CredentialOf(const http::Request& request) {
  const auto header = request.headers.Find("authorization");
  if (!header) return {};
  const std::size_t blank = header->rfind(' ');
  return blank == header->npos ? *header : header->substr(blank + 1);
}

}  // namespace

http::Response RefuseAll(const http::Request& request, std::string_view message,
                         std::string_view retry_after, bool link_to_sign_in) {
  http::Response response;
  if (Navigates(request)) {
    response.status = 503;
    response.headers.Set("content-type", "text/html; charset=utf-8");
    response.headers.Set("content-security-policy",
                         "default-src 'none'; style-src 'unsafe-inline'");
    response.body = Page(message, link_to_sign_in);
  } else {
    response = http::Message(503, message);
  }
  response.headers.Set("cache-control", "no-cache, no-store");
  response.headers.Set("retry-after", retry_after);
  return response;
}

void ServingModes::Refresh() {
  auto read = ReadMaintenance(stack_);
  const std::lock_guard lock(mutex_);
  maintenance_ = std::move(read);
}

void ServingModes::Frozen(std::string reason) {
  const std::lock_guard lock(mutex_);
  frozen_reason_ = std::move(reason);
}

ServingMode ServingModes::mode() const {
  if (gate_.closed()) return ServingMode::kFrozen;
  if (base_.mode != ServingMode::kServing) return base_.mode;
  const std::lock_guard lock(mutex_);
  return maintenance_ ? ServingMode::kMaintenance : ServingMode::kServing;
}

std::string ServingModes::reason() const {
  const bool frozen = gate_.closed();
  const std::lock_guard lock(mutex_);
  if (frozen) return frozen_reason_;
  if (base_.mode != ServingMode::kServing) return base_.reason;
  return maintenance_ ? MessageOf(*maintenance_) : std::string();
}

ServingModes::Way ServingModes::WayOf(const http::Route& route) {
  if (std::ranges::find(kAlways, route.id) != kAlways.end()) return Way::kAlways;
  const bool of_lifecycle = route.path == api::kLifecyclePath ||
                            route.path.starts_with(fmt::format("{}/", api::kLifecyclePath)) ||
                            route.path.starts_with(fmt::format("{}/", lifecycle::ab::kEndpoints));
  return of_lifecycle ? Way::kAlways : Way::kData;
}

std::optional<http::Response> ServingModes::Refusal(Way way, const http::Request& request,
                                                    const Passes& passes) const {
  if (way == Way::kAlways) return std::nullopt;
  if (base_.mode != ServingMode::kServing) {
    if (way == Way::kFile) return std::nullopt;
    return RefuseAll(request, base_.reason, kRetryLater, true);
  }
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    if (!maintenance_) return std::nullopt;
    message = MessageOf(*maintenance_);
  }
  // The application's own files, and the page that administrators are led to.
  if (way == Way::kFile && (!Navigates(request) || request.path == "/index.html"))
    return std::nullopt;
  if (way == Way::kData && passes && passes(CredentialOf(request))) return std::nullopt;
  return RefuseAll(request, message, kRetryLater, true);
}

http::Routes ServingModes::Guard(const http::Routes& routes, Passes passes) {
  http::Routes guarded;
  const auto shared = std::make_shared<const Passes>(std::move(passes));
  const auto behind = [this, shared](Way way, http::Handler handle) -> http::Handler {
    return [this, shared, way, handle = std::move(handle)](
               const http::Request& request, OpContext& op) -> Result<http::Response> {
      if (auto refused = Refusal(way, request, *shared)) return *std::move(refused);
      return handle(request, op);
    };
  };
  for (http::Route route : routes.all()) {
    route.handle = behind(WayOf(route), std::move(route.handle));
    guarded.Add(std::move(route));
  }
  if (const http::Route* fallback = routes.fallback(); fallback != nullptr)
    guarded.SetFallback(behind(Way::kFile, fallback->handle), fallback->inline_ok);
  return guarded;
}

}  // namespace vams::app
