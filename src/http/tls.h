// TLS material of the server: certificate chain and key from files, checked before anybody
// connects.  Private to the module.
//
// Thread rule: load once, share read-only afterwards.  Loading reads files.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "http/server.h"

namespace boost::asio::ssl {
class context;
}

namespace vams::http {

// TLS 1.2 with forward-secret AEAD ciphers, and 1.3; ALPN offers http/1.1 alone.  kUnavailable
// names a file that cannot be read; kInvalid one that is not PEM, needs a pass phrase, holds a
// certificate that has expired by `now_millis`, or a key that does not belong to the certificate.
Result<std::shared_ptr<boost::asio::ssl::context>> LoadTls(const TlsOptions& options,
                                                           std::int64_t now_millis);

}  // namespace vams::http
