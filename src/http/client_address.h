// Who a client is when proxies stand between: X-Forwarded-For and X-Forwarded-Proto, believed from
// trusted proxies alone.  Private to the module.
//
// Thread rule: plain values.  Nothing here blocks.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace vams::http {

// IPv4 inside IPv6 (::ffff:a.b.c.d) as IPv4; scopes of link-local addresses are left out.
boost::asio::ip::address Plain(const boost::asio::ip::address& address);

class TrustedProxies {
 public:
  // Addresses and blocks, IPv4 and IPv6.  kInvalid names the entry that is neither.
  static Result<TrustedProxies> Parse(std::span<const std::string> entries);

  bool Contains(const boost::asio::ip::address& address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

// The right-most address of X-Forwarded-For that is no trusted proxy: each proxy appends whom it
// saw, so what stands left of that address is the client's own claim.  The left-most when all are
// trusted.  `peer`, which is a trusted proxy, without the field.  Where an entry is no address, the
// proxy that wrote it is the nearest known.
boost::asio::ip::address ForwardedFor(const TrustedProxies& proxies,
                                      const boost::asio::ip::address& peer, const Headers& headers);

// Whether the last proxy says that its client came over https.
bool ForwardedSecure(const Headers& headers);

}  // namespace vams::http
