#include "api/public_url.h"

#include <fmt/format.h>

#include <algorithm>

namespace vams::api {

// Only the client itself sees what it sends as Host, and only a plain name with a port is taken.
std::string PublicUrl(const Call& call) {
  const std::string& configured = call.s.settings.public_url;
  if (!configured.empty()) return configured;
  const auto host = call.request.headers.Find("host");
  const auto is_host = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  };
  if (!host || host->empty() || !std::ranges::all_of(*host, is_host)) return {};
  return fmt::format("{}://{}", call.request.secure ? "https" : "http", *host);
}

}  // namespace vams::api
