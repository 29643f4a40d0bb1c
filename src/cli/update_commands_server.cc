#include "cli/update_commands_server.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "lifecycle/served_stack.h"
#include "migrate/journal.h"

namespace vams::cli {

namespace {

using Steady = std::chrono::steady_clock;

// A first start on a new generation opens its store, makes what is missing, and opens its index.
constexpr std::chrono::minutes kStartLimit{5};
constexpr std::chrono::seconds kStopLimit{40};
constexpr std::chrono::milliseconds kPoll{20};
constexpr std::size_t kShown = 1500;

// Between fork and exec of a process that may have threads nothing but system calls is allowed.
[[noreturn]] void BecomeServer(char* const* arguments, pid_t parent, int out, int errors) {
  // Nobody stops it when its parent is killed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  // Ctrl-C is for the command, which then stops its server.
  ::setpgid(0, 0);
  ::dup2(out, 1);
  ::dup2(errors, 2);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, 0);
  ::close_range(3, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

class ChildServer final : public lifecycle::TemporaryServer {
 public:
  explicit ChildServer(std::FILE* errors) : errors_(errors) {}
  ~ChildServer() override {
    Stop();
    if (out_ >= 0) ::close(out_);
    std::fclose(errors_);
  }
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  Status Start(const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack,
               std::string& password) {
    std::vector<std::string> texts{
        "vams",    "serve",    "--home",          registry.home().string(),
        "--stack", stack.name, "--listen",        "127.0.0.1:0",
        "--json",  "--set",    "backup.schedule="};
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
      return Error(Code::kInternal, "cannot make a pipe for a temporary server");
    out_ = fds[0];
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) BecomeServer(arguments.data(), parent, fds[1], ::fileno(errors_));
    ::close(fds[1]);
    if (pid_ < 0) return Error(Code::kInternal, "cannot start a temporary server");
    TRY(const auto line, ReadLine());
    boost::system::error_code ec;
    const auto told = boost::json::parse(line, ec);
    if (ec || !told.is_object()) return Failed("said something that is no JSON");
    url_ = TextOf(told.as_object(), "url");
    // The password of an account that is made with a first start is shown once and nowhere else.
    Notice(told.as_object(), password);
    TRY(auto served, lifecycle::ServedStack::Find(stack));
    if (!served) return Failed("cannot be asked for a token");
    TRY(token_, served->AdminToken());
    return Ok();
  }

  const std::string& url() const override { return url_; }
  const std::string& token() const override { return token_; }

 private:
  Error Failed(std::string_view how) {
    Stop();
    std::string said(kShown, '\0');
    std::fseek(errors_, 0, SEEK_END);
    const long size = std::ftell(errors_);
    std::fseek(errors_, std::max<long>(0, size - static_cast<long>(kShown)), SEEK_SET);
    said.resize(std::fread(said.data(), 1, said.size(), errors_));
    while (!said.empty() && said.back() == '\n') said.pop_back();
    return Error(Code::kUnavailable, fmt::format("a server started on the stack {}: {}", how,
                                                 said.empty() ? "it said nothing" : said));
  }

  // What a first start tells and nobody else sees.
  static void Notice(const boost::json::object& told, std::string& notice) {
    if (const auto* made = told.if_contains("administrator");
        made != nullptr && made->is_object() &&
        !TextOf(made->as_object(), "temporaryPassword").empty())
      notice = fmt::format(
          "the first administrator \"{}\" has the password {}: it is shown once, and to be changed "
          "at the first sign-in\n",
          TextOf(made->as_object(), "userId"), TextOf(made->as_object(), "temporaryPassword"));
    if (const auto* warnings = told.if_contains("warnings");
        warnings != nullptr && warnings->is_array())
      for (const auto& warning : warnings->as_array())
        if (warning.is_string())
          notice += fmt::format("warning: {}\n", std::string_view(warning.as_string()));
  }

  Result<std::string> ReadLine() {
    const auto end = Steady::now() + kStartLimit;
    std::string line;
    char buffer[4096];
    while (line.find('\n') == std::string::npos) {
      if (Steady::now() >= end) return Failed("did not come up in time");
      pollfd wait{.fd = out_, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, static_cast<int>(kPoll.count()) * 10) <= 0) continue;
      const ssize_t got = ::read(out_, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return Failed("did not come up");
      line.append(buffer, static_cast<std::size_t>(got));
    }
    return line.substr(0, line.find('\n'));
  }

  void Stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    const auto end = Steady::now() + kStopLimit;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (Steady::now() >= end) ::kill(pid_, SIGKILL);
      std::this_thread::sleep_for(kPoll);
    }
    pid_ = -1;
  }

  std::FILE* errors_;
  int out_ = -1;
  pid_t pid_ = -1;
  std::string url_, token_;
};

}  // namespace

Result<std::unique_ptr<lifecycle::TemporaryServer>> ServeTemporarily(
    const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack,
    std::string& password) {
  std::FILE* errors = std::tmpfile();
  if (errors == nullptr)
    return Error(
        Code::kInternal,
        "cannot make a file for what a temporary server says; is there space in the folder "
        "for temporary files?");
  auto server = std::make_unique<ChildServer>(errors);
  TRY_OK(server->Start(registry, stack, password));
  return std::unique_ptr<lifecycle::TemporaryServer>(std::move(server));
}

Result<std::unique_ptr<lifecycle::TemporaryServer>> ServeTemporarily(
    const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack, bool show) {
  std::string password;
  auto server = ServeTemporarily(registry, stack, password);
  if (show) fmt::print(stderr, "{}", password);
  return server;
}

}  // namespace vams::cli
