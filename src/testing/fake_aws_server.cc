#include "testing/fake_aws_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/ascii.h"
#include "base/result.h"

namespace vams::testing {

namespace {

// The next request of a connection; nothing at its end.  `rest` keeps what came too early.
std::optional<FakeRequest> ReadRequest(int fd, std::string& rest) {
  const auto more = [&] {
    char bytes[16 * 1024];
    const auto got = recv(fd, bytes, sizeof bytes, 0);
    if (got > 0) rest.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  };
  std::size_t end;
  while ((end = rest.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return std::nullopt;
  FakeRequest request;
  std::string_view head = std::string_view(rest).substr(0, end);
  const auto take_line = [&] {
    const auto stop = head.find("\r\n");
    const auto line = head.substr(0, stop);
    head = stop == std::string_view::npos ? std::string_view() : head.substr(stop + 2);
    return line;
  };
  const auto first = take_line();
  request.method = std::string(first.substr(0, first.find(' ')));
  const auto path = first.substr(request.method.size() + 1);
  request.path = std::string(path.substr(0, path.find(' ')));
  while (!head.empty()) {
    const auto line = take_line();
    const auto colon = line.find(':');
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers[Lower(line.substr(0, colon))] = std::string(value);
  }
  const std::string target(request.Header("x-amz-target"));
  request.action = target.substr(target.rfind('.') + 1);
  const auto length = request.Header("content-length");
  const std::size_t size = length.empty() ? 0 : std::strtoull(length.data(), nullptr, 10);
  while (rest.size() < end + 4 + size)
    if (!more()) return std::nullopt;
  request.body = rest.substr(end + 4, size);
  rest.erase(0, end + 4 + size);
  return request;
}

std::string Render(const FakeAnswer& answer) {
  std::string out = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", answer.status,
                                answer.body.size());
  if (answer.checksum) {
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(answer.body.data()),
                           static_cast<uInt>(answer.body.size()));
    out += fmt::format("x-amz-crc32: {}\r\n", answer.bad_checksum ? sum + 1 : sum);
  }
  for (const auto& [name, value] : answer.headers) out += fmt::format("{}: {}\r\n", name, value);
  return out + "\r\n" + answer.body;
}

}  // namespace

std::string_view FakeRequest::Header(std::string_view name) const {
  const auto at = headers.find(name);
  return at == headers.end() ? std::string_view() : at->second;
}

struct FakeAwsServer::Impl {
  Handler handler;
  int listener = -1;
  int port = 0;
  mutable std::mutex mutex;
  std::vector<FakeRequest> requests;  // guarded by mutex
  std::set<int> connections;          // guarded by mutex
  bool stop = false;                  // guarded by mutex
  std::vector<std::thread> threads;   // the acceptor's
  std::thread acceptor;

  void Accept() {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex);
      if (stop || fd < 0) {
        if (fd >= 0) close(fd);
        return;
      }
      connections.insert(fd);
      threads.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    std::string rest;
    while (auto request = ReadRequest(fd, rest)) {
      FakeAnswer answer;
      {
        const std::lock_guard lock(mutex);
        request->number = requests.size() + 1;
        requests.push_back(*request);
        answer = handler(*request);
      }
      if (answer.how == FakeAnswer::How::kDrop) break;
      if (answer.how == FakeAnswer::How::kSilent) continue;  // until the client gives up
      std::string bytes = Render(answer);
      if (answer.how == FakeAnswer::How::kCutOff)
        bytes.resize(bytes.size() - answer.body.size() / 2);
      if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) break;
      if (answer.how == FakeAnswer::How::kCutOff) break;
    }
    const std::lock_guard lock(mutex);
    connections.erase(fd);
    close(fd);
  }
};

FakeAwsServer::FakeAwsServer(Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  impl_->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  VAMS_CHECK(bind(impl_->listener, raw, length) == 0 && listen(impl_->listener, 64) == 0 &&
             getsockname(impl_->listener, raw, &length) == 0);
  impl_->port = ntohs(address.sin_port);
  impl_->acceptor = std::thread([impl = impl_.get()] { impl->Accept(); });
}

FakeAwsServer::~FakeAwsServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    for (const int fd : impl_->connections) shutdown(fd, SHUT_RDWR);
  }
  shutdown(impl_->listener, SHUT_RDWR);
  impl_->acceptor.join();
  close(impl_->listener);
  for (auto& thread : impl_->threads) thread.join();
}

std::string FakeAwsServer::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", impl_->port);
}

std::vector<FakeRequest> FakeAwsServer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::size_t FakeAwsServer::Count(std::string_view action) const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<std::size_t>(
      std::count_if(impl_->requests.begin(), impl_->requests.end(),
                    [&](const FakeRequest& request) { return request.action == action; }));
}

}  // namespace vams::testing
