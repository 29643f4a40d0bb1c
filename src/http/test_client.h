// A raw socket with just enough HTTP to read an answer; for the tests of this module.
// Every wait is bounded, so that a broken server fails a test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
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
  explicit TestClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TestClient() { ::close(fd_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // False once the server has closed its side for good.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
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
    const std::size_t length =
        to_head ? 0 : static_cast<std::size_t>(std::atoll(answer.Header("content-length").c_str()));
    while (received_.size() < length)
      if (!Receive()) return {};
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    answer.status = status;
    return answer;
  }

  Answer Ask(std::string_view request) {
    Send(request);
    return Read();
  }

  // True if the server ends the connection without a further byte.
  bool AtEnd() { return received_.empty() && !Receive() && received_.empty(); }

 private:
  bool Receive() {
    char chunk[4096];
    const ssize_t got = ::recv(fd_, chunk, sizeof(chunk), 0);
    if (got <= 0) return false;
    received_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string received_;
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
