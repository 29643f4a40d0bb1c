#include "http/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace vams::http {

namespace {

Error Bad(std::string_view text, std::string_view why) {
  return Error(Code::kInvalid,
               fmt::format("cannot listen on \"{}\": {}; write it as 127.0.0.1:8080, "
                           "[::1]:8080 or :8080",
                           text, why));
}

bool IsIpv6(std::string_view text) {
  in6_addr ignored{};
  return text.find('\0') == std::string_view::npos &&
         ::inet_pton(AF_INET6, std::string(text).c_str(), &ignored) == 1;
}

}  // namespace

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Bad(text, "it has no port");
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return Bad(text, "its port is not a number from 0 to 65535");

  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!IsIpv6(host)) return Bad(text, "the brackets hold no IPv6 address");
  } else if (host.find(':') != std::string_view::npos) {
    return Bad(text, "an IPv6 address needs brackets before the port");
  } else if (host.starts_with('-') ||
             host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789-._") != std::string_view::npos) {
    return Bad(text, "it does not begin with an address or a host name");
  }
  address.host = host;
  return address;
}

std::string ToText(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

}  // namespace vams::http
