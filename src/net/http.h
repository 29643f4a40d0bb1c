// Outgoing HTTP: one blocking request, one answer; bodies are held in memory, or go through a
// source and a sink.  HttpClient (http_client.h) is the real transport; tests put their own in its
// place.
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

// The bytes of a request's body, read as they are sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  // At most `count` bytes, at least one.  An error ends the exchange, which returns it.
  virtual Result<std::size_t> Read(char* to, std::size_t count) = 0;
};

// Takes the bytes of an answer's body as they come.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Before the first byte.  False: this answer's body goes to HttpResponse::body as any other.  An
  // error of either ends the exchange, which returns it.
  virtual Result<bool> Begin(int status, const std::vector<Header>& headers) = 0;
  virtual Status Write(std::string_view bytes) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, percent-encoded
  std::vector<Header> headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{
      60'000};  // the whole exchange; the operation's deadline as well
  std::size_t max_response_bytes = std::size_t{64} << 20;
  bool direct = false;                   // past any proxy of the environment
  std::chrono::seconds idle_timeout{0};  // without a byte in either direction; 0: none
  bool decompress = false;               // an answer that is compressed for its way
  BodySource* source = nullptr;          // instead of `body`
  BodySink* sink = nullptr;
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
