#include "testing/local_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace vams::testing {

namespace {

constexpr auto kStartTime = std::chrono::seconds(120);

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that nobody listened on a moment ago.
std::uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    address.sin_port = 0;
  if (fd >= 0) close(fd);
  return ntohs(address.sin_port);
}

// Whether something answers HTTP there: a listening socket alone may belong to a server that is
// still loading.
bool Answers(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const sockaddr_in address = Loopback(port);
  bool answered = false;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    constexpr std::string_view kRequest =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    char byte;
    answered = send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0 &&
               poll(&readable, 1, 10'000) == 1 && recv(fd, &byte, 1, 0) == 1;
  }
  close(fd);
  return answered;
}

pid_t Spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  // Only calls that are safe between fork and exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int null = open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2})
    if (null >= 0) dup2(null, fd);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

files::Path CacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return files::Path(cache) / "vams";
  const char* home = std::getenv("HOME");
  return files::Path(home == nullptr ? "/" : home) / ".cache" / "vams";
}

Result<std::unique_ptr<LocalServer>> LocalServer::Start(const Command& command) {
  const std::uint16_t port = FreePort();
  const std::vector<std::string> words = command(port);
  const pid_t process = Spawn(words);
  if (process < 0)
    return Error(Code::kUnavailable, fmt::format("cannot start {}: fork failed", words[0]));
  std::unique_ptr<LocalServer> server(
      new LocalServer(process, fmt::format("http://127.0.0.1:{}", port)));
  const auto give_up = std::chrono::steady_clock::now() + kStartTime;
  while (!Answers(port)) {
    if (waitpid(process, nullptr, WNOHANG) == process) {
      server->process_ = -1;
      return Error(Code::kUnavailable,
                   fmt::format("{} ended instead of serving; run tools/setup, and remove {} if it "
                               "may be damaged",
                               words[0], CacheFolder().string()));
    }
    if (std::chrono::steady_clock::now() > give_up)
      return Error(Code::kUnavailable,
                   fmt::format("{} does not answer on port {} after two minutes", words[0], port));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return server;
}

LocalServer::~LocalServer() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

LocalServer& SharedServer(std::unique_ptr<LocalServer>& place,
                          const std::function<Result<std::unique_ptr<LocalServer>>()>& start) {
  if (place == nullptr) {
    auto started = start();
    if (!started.ok()) {
      std::fprintf(stderr, "%s\n", started.error().message.c_str());
      std::exit(1);
    }
    place = *std::move(started);
  }
  return *place;
}

}  // namespace vams::testing
