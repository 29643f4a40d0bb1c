#include "lifecycle/update/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/file_descriptor.h"

extern char** environ;

namespace vams::lifecycle {

namespace {

constexpr std::size_t kKept = 2000;
constexpr int kPollMillis = 100;

Error HookFailed(std::string_view name, std::string_view program, std::string_view how,
                 const std::string& output) {
  return Error(Code::kInternal,
               fmt::format("the hook {} ({}) {}{}", name, program, how,
                           output.empty() ? std::string() : fmt::format("; it said: {}", output)));
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// A pair for the command's standard input and one for its output, closed on exec.
Status MakePipes(FileDescriptor (&input)[2], FileDescriptor (&output)[2]) {
  for (auto* pair : {&input, &output}) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
      return Error(Code::kInternal, fmt::format("cannot make a pipe: {}", ::strerror(errno)));
    (*pair)[0] = FileDescriptor(fds[0]);
    (*pair)[1] = FileDescriptor(fds[1]);
  }
  return Ok();
}

Result<pid_t> Start(const std::vector<std::string>& command, int input, int output) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  // A group of its own, so that what it starts can be ended with it.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  pid_t pid = 0;
  const int failed =
      ::posix_spawn(&pid, arguments.front(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error(Code::kInternal, ::strerror(failed));
  return pid;
}

bool HasEnded(pid_t pid) {
  siginfo_t info = {};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

// Gives it the input and takes its output until it closes both, or the operation is cancelled.
Status Talk(OpContext& op, pid_t pid, FileDescriptor& input, FileDescriptor& output,
            std::string text, std::string& said) {
  ::fcntl(input.get(), F_SETFL, O_NONBLOCK);
  char buffer[4096];
  while (output.get() >= 0) {
    TRY_OK(op.Check());
    pollfd waits[2] = {{.fd = output.get(), .events = POLLIN, .revents = 0},
                       {.fd = input.get(), .events = POLLOUT, .revents = 0}};
    const int ready = ::poll(waits, input.get() >= 0 ? 2 : 1, kPollMillis);
    if (ready < 0 && errno != EINTR) return Error(Code::kInternal, ::strerror(errno));
    if (ready == 0 && HasEnded(pid)) break;  // and left its output to something that lives on
    if (input.get() >= 0 && waits[1].revents != 0) {
      const ssize_t written = text.empty() ? 0 : ::write(input.get(), text.data(), text.size());
      // A command need not read what it is told.
      if (written < 0 && errno != EAGAIN && errno != EINTR) input.Close();
      if (written > 0) text.erase(0, static_cast<std::size_t>(written));
      if (text.empty()) input.Close();
    }
    if (waits[0].revents == 0) continue;
    const ssize_t got = ::read(output.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      output.Close();
      break;
    }
    said.append(buffer, static_cast<std::size_t>(got));
    if (said.size() > kKept) said.erase(0, said.size() - kKept);
  }
  return Ok();
}

// Writing to a command that has ended must not end this process.
class IgnorePipeSignal {
 public:
  IgnorePipeSignal() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &old_);
  }
  ~IgnorePipeSignal() { ::sigaction(SIGPIPE, &old_, nullptr); }
  IgnorePipeSignal(const IgnorePipeSignal&) = delete;
  IgnorePipeSignal& operator=(const IgnorePipeSignal&) = delete;

 private:
  struct sigaction old_ = {};
};

}  // namespace

Result<HookOutcome> RunHook(OpContext& op, std::string_view name,
                            const std::vector<std::string>& command,
                            const boost::json::object& operation) {
  const std::string& program = command.front();
  const IgnorePipeSignal ignore;
  FileDescriptor input[2], output[2];
  TRY_OK(MakePipes(input, output));
  auto started = Start(command, input[0].get(), output[1].get());
  if (!started.ok())
    return HookFailed(name, program,
                      fmt::format("could not be started: {}", started.error().message), {});
  input[0].Close();
  output[1].Close();
  HookOutcome outcome;
  const auto talked = Talk(op, *started, input[1], output[0],
                           boost::json::serialize(operation) + "\n", outcome.output);
  if (!talked.ok()) ::kill(-*started, SIGKILL);
  input[1].Close();
  int status = 0;
  while (::waitpid(*started, &status, 0) < 0 && errno == EINTR) {
  }
  if (!talked.ok()) return talked.error();
  outcome.output = Trimmed(std::move(outcome.output));
  if (WIFSIGNALED(status))
    return HookFailed(name, program, fmt::format("was ended by signal {}", WTERMSIG(status)),
                      outcome.output);
  outcome.exit_code = WEXITSTATUS(status);
  if (outcome.exit_code != 0)
    return HookFailed(name, program, fmt::format("ended with status {}", outcome.exit_code),
                      outcome.output);
  return outcome;
}

}  // namespace vams::lifecycle
