// A raw socket, plain or TLS, with just enough HTTP to read an answer; for tests.
// Every wait is bounded, so that a broken server fails a test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::http {

struct Answer {
  int status = 0;  // 0: the connection ended before a whole answer
  Headers headers;
  std::string body;

  std::string Header(std::string_view name) const {
    return std::string(headers.Find(name).value_or(""));
  }
};

class TestClient {
 public:
  struct Options {
    std::string from;        // the client's own address, such as 127.0.0.2
    int receive_buffer = 0;  // bytes the kernel takes before the client reads
  };

  explicit TestClient(std::uint16_t port) : TestClient(port, Options()) {}
  TestClient(std::uint16_t port, const Options& options) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (options.receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (!options.from.empty()) {
      ::inet_pton(AF_INET, options.from.c_str(), &address.sin_addr);
      ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TestClient() {
    tls_.reset();
    ::close(fd_);
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // The handshake; everything afterwards is encrypted.  False if the server refuses.
  bool StartTls(SSL_CTX* context) {
    tls_.reset(::SSL_new(context));
    ::SSL_set_fd(tls_.get(), fd_);
    return ::SSL_connect(tls_.get()) == 1;
  }
  SSL* tls() const { return tls_.get(); }

  // False once the server has closed its side for good.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = tls_ != nullptr
                               ? ::SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
                               : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void EndSending() { ::shutdown(fd_, SHUT_WR); }

  Answer Read(bool to_head = false) {
    while (received_.find("\r\n\r\n") == std::string::npos)
      if (!Receive()) return {};
    const std::size_t end = received_.find("\r\n\r\n");
    Answer answer;
    std::string_view head = std::string_view(received_).substr(0, end + 2);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 ")) << head;
    const int status = std::atoi(std::string(head.substr(9, 3)).c_str());
    for (head.remove_prefix(head.find("\r\n") + 2); !head.empty();) {
      const std::string_view line = head.substr(0, head.find("\r\n"));
      const std::size_t colon = line.find(": ");
      answer.headers.Add(line.substr(0, colon), line.substr(colon + 2));
      head.remove_prefix(line.size() + 2);
    }
    received_.erase(0, end + 4);
    bool whole = true;
    if (!to_head && answer.Header("transfer-encoding") == "chunked") {
      whole = ReadChunks(answer.body);
    } else if (!to_head) {
      const std::string length = answer.Header("content-length");
      whole = Take(static_cast<std::size_t>(std::atoll(length.c_str())), answer.body);
    }
    answer.status = whole ? status : 0;
    return answer;
  }

  // The next bytes, as they come, at most `limit`; empty at the end.
  std::string ReadSome(std::size_t limit) {
    if (received_.empty() && !Receive(limit)) return {};
    std::string some = received_.substr(0, limit);
    received_.erase(0, some.size());
    return some;
  }

  Answer Ask(std::string_view request) {
    Send(request);
    return Read();
  }

  // True if the server ends the connection without a further byte.
  bool AtEnd() { return received_.empty() && !Receive() && received_.empty(); }

 private:
  bool Receive(std::size_t limit = std::size_t{64} << 10) {
    const std::size_t before = received_.size();
    received_.resize(before + limit);
    const ssize_t got =
        tls_ != nullptr ? ::SSL_read(tls_.get(), received_.data() + before, static_cast<int>(limit))
                        : ::recv(fd_, received_.data() + before, limit, 0);
    received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
  }

  // Exactly `length` bytes; what there was of them if the connection ends earlier.
  bool Take(std::size_t length, std::string& body) {
    while (body.size() < length) {
      if (received_.empty() && !Receive()) return false;
      const std::size_t step = std::min(length - body.size(), received_.size());
      body.append(received_, 0, step);
      received_.erase(0, step);
    }
    return true;
  }

  bool ReadChunks(std::string& body) {
    while (true) {
      std::size_t end = received_.find("\r\n");
      while (end == std::string::npos) {
        if (!Receive()) return false;
        end = received_.find("\r\n");
      }
      const std::size_t size = std::strtoull(received_.c_str(), nullptr, 16);
      received_.erase(0, end + 2);
      std::string chunk;
      if (!Take(size + 2, chunk)) {
        body += chunk;
        return false;
      }
      body.append(chunk, 0, size);
      if (size == 0) return true;
    }
  }

  int fd_;
  bool connected_ = false;
  std::string received_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> tls_{nullptr, &::SSL_free};
};

inline std::string Get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

inline std::string Post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace vams::http
