#include "lifecycle/stacks/names.h"

#include <fmt/format.h>

namespace vams::lifecycle {

namespace {

std::string BucketName(std::string_view product, std::string_view stack, std::string_view suffix) {
  constexpr std::size_t kLongest = 63;
  std::string name = fmt::format("{}-{}", product, stack);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '-';
  }
  return name.substr(0, kLongest - suffix.size()).append(suffix);
}

}  // namespace

std::string OwnBucketOf(const config::Config& config, std::string_view stack) {
  return BucketName(config.name, stack, "-assets");
}

std::string AuxiliaryBucketOf(const config::Config& config, std::string_view stack) {
  return BucketName(config.name, stack, "-auxiliary");
}

std::string PublicUrlOf(const config::Config& config) {
  std::string host;
  if (config.alb.enabled)
    host = config.alb.domain_host;
  else if (config.cloud_front.custom_domain)
    host = config.cloud_front.domain_host;
  return host.empty() ? std::string() : "https://" + host;
}

std::string WebUrlOf(const config::Config& config) {
  if (auto url = PublicUrlOf(config); !url.empty()) return url;
  std::string at = config.server.listen.empty() ? "127.0.0.1:8080" : config.server.listen.front();
  for (const std::string_view any : {"0.0.0.0:", "[::]:", ":"})
    if (at.starts_with(any)) {
      at = fmt::format("127.0.0.1:{}", at.substr(any.size()));
      break;
    }
  const bool tls = !config.server.tls_certificate.empty() ||
                   (config.alb.enabled && !config.alb.certificate_file.empty());
  return (tls ? "https://" : "http://") + at;
}

}  // namespace vams::lifecycle
