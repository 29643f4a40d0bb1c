#include "testing/dynamodb_server.h"

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
#include <vector>

#include "files/files.h"

namespace vams::testing {

namespace {

// The same as in tools/fetch_dynamodb_local.
constexpr const char* kDynamoDbLocalFolder = "dynamodb-local-2.5.4";
constexpr const char* kDynaliteFolder = "dynalite-4.0.0";

constexpr auto kStartTime = std::chrono::seconds(60);

files::Path CacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return files::Path(cache) / "vams";
  const char* home = std::getenv("HOME");
  return files::Path(home == nullptr ? "/" : home) / ".cache" / "vams";
}

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

Result<std::vector<std::string>> Command(DynamoDbServer::Kind kind, std::uint16_t port) {
  const bool local = kind == DynamoDbServer::Kind::kDynamoDbLocal;
  const auto folder = CacheFolder() / (local ? kDynamoDbLocalFolder : kDynaliteFolder);
  std::error_code ec;
  if (!std::filesystem::exists(folder, ec))
    return Error(Code::kNotFound, fmt::format("{} is not there, so there is no server to test "
                                              "against; run tools/setup and "
                                              "tools/fetch_dynamodb_local",
                                              folder.string()));
  if (!local)
    return std::vector<std::string>{"node",
                                    folder / "node_modules" / "dynalite" / "cli.js",
                                    "--host",
                                    "127.0.0.1",
                                    "--port",
                                    std::to_string(port),
                                    "--createTableMs",
                                    "0",
                                    "--deleteTableMs",
                                    "0"};
  const std::string lib = folder / "lib";
  // A small heap and the first-level compiler: the tests are short and share their machine.
  return std::vector<std::string>{"java",
                                  "-Xmx768m",
                                  "-XX:+UseSerialGC",
                                  "-XX:TieredStopAtLevel=1",
                                  "-Xshare:auto",
                                  "-Djava.library.path=" + lib,
                                  "-cp",
                                  lib + "/*",
                                  "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
                                  "-inMemory",
                                  "-sharedDb",
                                  "-disableTelemetry",
                                  "-port",
                                  std::to_string(port)};
}

}  // namespace

Result<std::unique_ptr<DynamoDbServer>> DynamoDbServer::Start(Kind kind) {
  const std::uint16_t port = FreePort();
  TRY(const auto command, Command(kind, port));
  const pid_t process = Spawn(command);
  if (process < 0)
    return Error(Code::kUnavailable, fmt::format("cannot start {}: fork failed", command[0]));
  std::unique_ptr<DynamoDbServer> server(
      new DynamoDbServer(process, fmt::format("http://127.0.0.1:{}", port)));
  const auto give_up = std::chrono::steady_clock::now() + kStartTime;
  while (!Answers(port)) {
    if (waitpid(process, nullptr, WNOHANG) == process) {
      server->process_ = -1;
      return Error(Code::kUnavailable,
                   fmt::format("{} ended instead of serving; run tools/setup, and remove {} if it "
                               "may be damaged",
                               command[0], CacheFolder().string()));
    }
    if (std::chrono::steady_clock::now() > give_up)
      return Error(Code::kUnavailable,
                   fmt::format("{} does not answer on port {} after a minute", command[0], port));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return server;
}

DynamoDbServer& DynamoDbServer::Shared(Kind kind) {
  static std::unique_ptr<DynamoDbServer> servers[2];
  auto& server = servers[static_cast<int>(kind)];
  if (server == nullptr) {
    auto started = Start(kind);
    if (!started.ok()) {
      std::fprintf(stderr, "%s\n", started.error().message.c_str());
      std::exit(1);
    }
    server = *std::move(started);
  }
  return *server;
}

DynamoDbServer::~DynamoDbServer() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

}  // namespace vams::testing
