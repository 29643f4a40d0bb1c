#include "http/client_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace vams::http {

namespace ip = boost::asio::ip;
using boost::system::error_code;

namespace {

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::optional<ip::address> ParseAddress(std::string_view text) {
  error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return Plain(address);
}

// As proxies write it: an address, IPv4 with a port, or IPv6 in brackets with or without one.
std::optional<ip::address> ParseForwarded(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return ParseAddress(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return ParseAddress(text);
}

// Takes the last element off a comma-separated list.
std::string_view TakeLast(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return Trim(last);
}

}  // namespace

ip::address Plain(const ip::address& address) {
  if (!address.is_v6()) return address;
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6);
  return ip::address_v6(v6.to_bytes());
}

Result<TrustedProxies> TrustedProxies::Parse(std::span<const std::string> entries) {
  TrustedProxies proxies;
  for (const std::string& entry : entries) {
    const std::size_t slash = entry.find('/');
    const auto address = ParseAddress(std::string_view(entry).substr(0, slash));
    const int full = address && address->is_v6() ? 128 : 32;
    int bits = full;
    bool good = address.has_value();
    if (good && slash != std::string::npos) {
      const char* const end = entry.data() + entry.size();
      const auto [stop, error] = std::from_chars(entry.data() + slash + 1, end, bits);
      good = error == std::errc() && stop == end && bits >= 0 && bits <= full;
    }
    if (!good)
      return Error(Code::kInvalid,
                   fmt::format("the trusted proxy \"{}\" is neither an address nor a block, so "
                               "nothing was served; write it as 10.0.0.7, 10.0.0.0/8 or fd00::/8",
                               entry));
    if (address->is_v4())
      proxies.v4_.emplace_back(address->to_v4(), static_cast<unsigned short>(bits));
    else
      proxies.v6_.emplace_back(address->to_v6(), static_cast<unsigned short>(bits));
  }
  return proxies;
}

bool TrustedProxies::Contains(const ip::address& address) const {
  const auto masked = [](const auto& value, const auto& network) {
    using Network = std::decay_t<decltype(network)>;
    return Network(value, network.prefix_length()).network() == network.network();
  };
  if (address.is_v4())
    return std::ranges::any_of(v4_, [&](const auto& n) { return masked(address.to_v4(), n); });
  return std::ranges::any_of(v6_, [&](const auto& n) { return masked(address.to_v6(), n); });
}

ip::address ForwardedFor(const TrustedProxies& proxies, const ip::address& peer,
                         const Headers& headers) {
  std::vector<std::string_view> fields;
  for (const auto& [name, value] : headers)
    if (EqualsIgnoreCase(name, "x-forwarded-for")) fields.push_back(value);
  ip::address nearest = peer;
  // Several fields mean the same as one with their values joined.
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    while (!field->empty()) {
      const auto address = ParseForwarded(TakeLast(*field));
      if (!address) return nearest;
      nearest = *address;
      if (!proxies.Contains(nearest)) return nearest;
    }
  }
  return nearest;
}

bool ForwardedSecure(const Headers& headers) {
  std::string_view last;
  for (const auto& [name, value] : headers)
    if (EqualsIgnoreCase(name, "x-forwarded-proto")) last = value;
  return EqualsIgnoreCase(TakeLast(last), "https");
}

}  // namespace vams::http
