// The transport over libcurl: HTTP/1.1, connections kept and used again, no redirects, TLS
// certificates verified against the system's authorities (or CURL_CA_BUNDLE, AWS_CA_BUNDLE as
// given).  Proxies as in the environment.
//
// Thread-safe: every call takes a handle of its own from the pool.  Send blocks on the network and
// notices a cancelled operation within a second.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"

namespace vams::net {

struct HttpClientOptions {
  std::string ca_bundle;              // a PEM file; empty: the system's
  std::size_t idle_connections = 32;  // handles kept for later calls
  // For an address of this very machine alone, which certificates do not name.
  bool any_certificate = false;
};

class HttpClient final : public Transport {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<HttpResponse> Send(OpContext& op, const HttpRequest& request,
                            bool* arrived = nullptr) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::net
