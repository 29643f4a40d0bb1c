// Reads a request straight into a Request, without Beast's own message type: one copy and one set
// of allocations less for every request.  Private to the module.
//
// Thread rule: plain value.  Nothing here blocks.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::http {

inline std::string_view View(boost::core::string_view text) { return {text.data(), text.size()}; }

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit RequestParser(Request& request) : request_(request) {}

  const std::string& method() const { return method_; }
  bool old_version() const { return version_ < 11; }  // HTTP/1.0
  std::size_t hosts() const { return hosts_; }        // Host header fields
  bool expects_continue() const { return expects_continue_; }
  // Whether what has arrived may be put.  Beast 1.81 asserts, when it looks at the last chunk
  // again, that five bytes of it are there, so a client that sent "0\r\n" and then one byte more
  // would end the process.  No end of a chunked body is shorter than five bytes.
  bool Takes(std::string_view input) const {
    const bool wait = is_header_done() && chunked() && input.size() < 5 && input.starts_with('0');
    return !input.empty() && !wait;
  }
  // What is still to come of the body is read and thrown away.
  void DiscardBody() { keep_body_ = false; }
  // What is still to come of a body in chunks goes to the front of `space`, as much as fits,
  // instead of into the request.  Put one piece at a time (not eager).
  void DeliverTo(std::span<char> space) {
    delivering_ = true;
    space_ = space;
    delivered_ = 0;
  }
  std::size_t delivered() const { return delivered_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  // What a client merely announces is not allocated at once.
  static constexpr std::uint64_t kReserveLimit = std::uint64_t{1} << 20;

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target,
                       int version, error_code&) override {
    method_ = View(method);
    request_.target = View(target);
    version_ = version;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view text, string_view value,
                     error_code&) override {
    if (has_head_) return;  // a trailer must not pass for a header field
    namespace bh = boost::beast::http;
    if (name == bh::field::host) ++hosts_;
    if (name == bh::field::expect)
      expects_continue_ = EqualsIgnoreCase(View(value), "100-continue");
    request_.headers.Add(View(text), View(value));
  }
  void on_header_impl(error_code&) override { has_head_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length && keep_body_)
      request_.body.reserve(static_cast<std::size_t>(std::min(*length, kReserveLimit)));
  }
  std::size_t on_body_impl(string_view body, error_code&) override {
    if (keep_body_) request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    if (delivering_) {
      const std::size_t step = std::min(body.size(), space_.size() - delivered_);
      std::memcpy(space_.data() + delivered_, body.data(), step);
      delivered_ += step;
      return step;
    }
    if (keep_body_) request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Request& request_;
  std::string method_;
  int version_ = 11;
  std::size_t hosts_ = 0;
  bool expects_continue_ = false;
  bool has_head_ = false;
  bool keep_body_ = true;
  bool delivering_ = false;
  std::span<char> space_;
  std::size_t delivered_ = 0;
};

}  // namespace vams::http
