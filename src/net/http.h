// Outgoing HTTP: one blocking request, one answer held in memory.  HttpClient (http_client.h) is
// the real transport; tests put their own in its place.
//
// Thread-safe.  Send blocks on the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"

namespace vams::net {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

// The value of the first header of that name (in any case), or nullptr.
const std::string* FindHeader(const std::vector<Header>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, percent-encoded
  std::vector<Header> headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{
      60'000};  // the whole exchange; the operation's deadline as well
  std::size_t max_response_bytes = std::size_t{64} << 20;
  bool direct = false;  // past any proxy of the environment
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Any status is an answer.  Errors: kUnavailable (retryable: no connection, no or half an answer,
  // too slow; not retryable: a certificate that is not trusted), kTooLarge (the answer), kInvalid
  // (the URL), kTimeout and kCancelled (the operation's own).  `arrived`, where given, becomes
  // false when an error came before the server can have seen the request, else true.
  virtual Result<HttpResponse> Send(OpContext& op, const HttpRequest& request,
                                    bool* arrived = nullptr) = 0;
};

// "a-z A-Z 0-9 - _ . ~" stay, everything else becomes %XX; '/' stays where `keep_slash`.
std::string PercentEncode(std::string_view text, bool keep_slash = false);
// Leaves a '%' that no two hexadecimal digits follow.
std::string PercentDecode(std::string_view text);

}  // namespace vams::net
