#include "app/lifecycle_runs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "base/json.h"
#include "lifecycle/operation.h"

extern char** environ;

namespace vams::app {

namespace json = boost::json;
using api::LifecycleRun;

namespace {

constexpr std::size_t kKept = 20;
// How long Start waits for the operation to begin, and between two looks.
constexpr std::chrono::seconds kBegin{3};
constexpr std::chrono::milliseconds kLook{50};
constexpr std::size_t kLongestResult = std::size_t{4} << 20;
constexpr std::size_t kLongestMessage = 4000;

std::string Last(std::string text, std::size_t limit) {
  if (text.size() > limit) text.erase(0, text.find('\n', text.size() - limit) + 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// The environment of a command: ours, without what was meant for us alone.
std::vector<std::string> EnvironmentFor(const std::string& user) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("VAMS_INHERITED=") && !text.starts_with("VAMS_ADMIN_PASSWORD=") &&
        !text.starts_with("VAMS_OPERATION_BY="))
      variables.emplace_back(text);
  }
  variables.push_back("VAMS_OPERATION_BY=" + user);
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct ChildFiles {
  int in = -1, out = -1, errors = -1, lock = -1;
};

// Between fork and exec of a process with threads nothing but system calls is allowed.
[[noreturn]] void BecomeCommand(const char* program, char* const* arguments,
                                char* const* environment, const ChildFiles& child) {
  constexpr int kLock = 3;
  ::setsid();
  // The descriptors may lie where others are to go: first all of them out of the way.
  const int in = ::fcntl(child.in, F_DUPFD, 64), out = ::fcntl(child.out, F_DUPFD, 64);
  const int errors = ::fcntl(child.errors, F_DUPFD, 64), lock = ::fcntl(child.lock, F_DUPFD, 64);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(errors, 2);
  ::dup2(lock, kLock);
  ::close_range(kLock + 1, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  struct sigaction plain = {};
  plain.sa_handler = SIG_DFL;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD})
    ::sigaction(signal, &plain, nullptr);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(program, arguments, environment);
  ::_exit(127);
}

int OpenFor(const files::Path& path, int flags) {
  return ::open(path.c_str(), flags | O_CLOEXEC, 0640);
}

std::string OperationOf(const json::value& result) {
  const json::object* object = result.if_object();
  if (object == nullptr) return {};
  const std::string id = TextOf(*object, "operation");
  return !id.empty() && std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; })
             ? id
             : std::string();
}

}  // namespace

// A run with what else its file holds.
struct StartedRuns::Stored {
  LifecycleRun run;
  pid_t pid = 0;
  std::string last_operation;  // the newest one when it was started
};

Result<std::vector<std::string>> StartedRuns::Ids() const {
  std::vector<std::string> ids;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(Folder(), failed)) {
    std::string name = entry.path().filename().string();
    if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
      ids.push_back(std::move(name));
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    return files::ErrnoError("list", Folder(), failed.value());
  std::ranges::sort(ids, [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return ids;
}

Result<StartedRuns::Stored> StartedRuns::Read(const std::string& id) const {
  auto text = files::ReadAll(Folder() / id / "run.json");
  if (!text.ok() && text.error().code == Code::kNotFound)
    return Error(Code::kNotFound, fmt::format("no command was started here as {}", id));
  TRY_OK(text);
  boost::system::error_code failed;
  const json::value value = json::parse(*text, failed);
  if (failed || !value.is_object())
    return Error(Code::kCorrupt, fmt::format("{} is damaged; remove the folder",
                                             (Folder() / id / "run.json").string()));
  const json::object& object = value.as_object();
  Stored stored;
  LifecycleRun& run = stored.run;
  run.id = id;
  run.command = TextOf(object, "command");
  run.user = TextOf(object, "user");
  run.started_at = TextOf(object, "startedAt");
  run.ended_at = TextOf(object, "endedAt");
  run.operation = TextOf(object, "operation");
  if (const json::value* arguments = object.if_contains("arguments");
      arguments != nullptr && arguments->is_array())
    for (const json::value& one : arguments->as_array())
      if (one.is_string()) run.arguments.emplace_back(one.as_string());
  if (object.contains("exitStatus"))
    run.exit_status = static_cast<int>(NumberOf(object, "exitStatus"));
  stored.pid = static_cast<pid_t>(NumberOf(object, "pid"));
  stored.last_operation = TextOf(object, "lastOperation");
  return stored;
}

Status StartedRuns::Write(const Stored& stored) const {
  const LifecycleRun& run = stored.run;
  json::object object{{"format", 1},
                      {"command", run.command},
                      {"arguments", json::array(run.arguments.begin(), run.arguments.end())},
                      {"user", run.user},
                      {"startedAt", run.started_at},
                      {"pid", stored.pid},
                      {"lastOperation", stored.last_operation}};
  if (!run.ended_at.empty()) object["endedAt"] = run.ended_at;
  if (!run.operation.empty()) object["operation"] = run.operation;
  if (run.exit_status) object["exitStatus"] = *run.exit_status;
  return files::WriteAtomically(Folder() / run.id / "run.json", json::serialize(object) + "\n",
                                0640);
}

Result<StartedRuns::Stored> StartedRuns::Refresh(const std::string& id) {
  TRY(Stored stored, Read(id));
  LifecycleRun& run = stored.run;
  const Stored before = stored;
  bool ended = !run.running();
  if (!ended) {
    int status = 0;
    const pid_t reaped = ::waitpid(stored.pid, &status, WNOHANG);
    if (reaped == stored.pid) {
      ended = true;
      run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (reaped < 0) {
      // Of a server before this one: it lives as long as it holds its lock.
      const int fd = OpenFor(Folder() / id / "lock", O_RDWR);
      ended = fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) == 0;
      if (fd >= 0) ::close(fd);
    }
    if (ended) run.ended_at = IsoMillis(clock_.NowMillis());
  }
  if (auto printed = files::ReadAll(Folder() / id / "stdout", kLongestResult);
      printed.ok() && !printed->empty()) {
    boost::system::error_code failed;
    json::value result = json::parse(*printed, failed);
    if (!failed) run.result = std::move(result);
  }
  if (auto said = files::ReadAll(Folder() / id / "stderr", kLongestResult); said.ok())
    run.message = Last(*std::move(said), kLongestMessage);
  if (run.operation.empty()) run.operation = OperationOf(run.result);
  if (run.operation.empty() && (!ended || before.run.running())) {
    const auto operations = lifecycle::Operations(stack_);
    if (operations.ok() && !operations->empty() && operations->back().id != stored.last_operation)
      run.operation = operations->back().id;
  }
  if (run.operation != before.run.operation || run.ended_at != before.run.ended_at)
    TRY_OK(Write(stored));
  return stored;
}

void StartedRuns::RemoveOld(const std::vector<std::string>& ids) const {
  for (std::size_t i = 0; i + kKept < ids.size(); ++i) (void)files::RemoveTree(Folder() / ids[i]);
}

Result<StartedRuns::Stored> StartedRuns::Launch(const std::string& id, std::string command,
                                                std::vector<std::string> arguments,
                                                std::string user) {
  const files::Path folder = Folder() / id;
  TRY_OK(files::MakeFolders(folder));
  Stored stored;
  stored.run = {.id = id,
                .command = std::move(command),
                .arguments = std::move(arguments),
                .user = std::move(user),
                .started_at = IsoMillis(clock_.NowMillis()),
                .ended_at = {},
                .exit_status = std::nullopt,
                .operation = {},
                .message = {},
                .result = nullptr};
  TRY(const auto operations, lifecycle::Operations(stack_));
  if (!operations.empty()) stored.last_operation = operations.back().id;
  std::vector<std::string> words = {program_.string()};
  words.insert(words.end(), stored.run.arguments.begin(), stored.run.arguments.end());
  for (const std::string& word : {std::string("--stack"), stack_.name, std::string("--home"),
                                  stack_.folder.parent_path().parent_path().string(),
                                  std::string("--json"), std::string("--yes")})
    words.push_back(word);
  std::vector<std::string> variables = EnvironmentFor(stored.run.user);
  const auto argument_pointers = Pointers(words), environment_pointers = Pointers(variables);
  // Held by the command for as long as it lives.
  ChildFiles child{.in = OpenFor("/dev/null", O_RDONLY),
                   .out = OpenFor(folder / "stdout", O_WRONLY | O_CREAT | O_TRUNC),
                   .errors = OpenFor(folder / "stderr", O_WRONLY | O_CREAT | O_TRUNC),
                   .lock = OpenFor(folder / "lock", O_RDWR | O_CREAT)};
  const bool opened = child.in >= 0 && child.out >= 0 && child.errors >= 0 && child.lock >= 0 &&
                      ::flock(child.lock, LOCK_EX | LOCK_NB) == 0;
  int failed = errno;
  if (opened) {
    stored.pid = ::fork();
    failed = errno;
    if (stored.pid == 0)
      BecomeCommand(program_.c_str(), argument_pointers.data(), environment_pointers.data(), child);
  }
  for (const int fd : {child.in, child.out, child.errors, child.lock})
    if (fd >= 0) ::close(fd);
  if (!opened) return files::ErrnoError("write to", folder, failed);
  if (stored.pid < 0)
    return Error(Code::kUnavailable, fmt::format("the command could not be started: {}; try again",
                                                 std::generic_category().message(failed)));
  TRY_OK(Write(stored));
  return stored;
}

Result<LifecycleRun> StartedRuns::Start(OpContext& op, std::string command,
                                        std::vector<std::string> arguments, std::string user) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    TRY(const auto ids, Ids());
    for (const std::string& known : ids)
      if (const auto stored = Refresh(known); stored.ok() && stored->run.running())
        return Error(Code::kConflict,
                     fmt::format("\"vams {}\" of {} runs since {}; wait for it to end or cancel it",
                                 stored->run.command, stored->run.user, stored->run.started_at));
    RemoveOld(ids);
    const std::uint64_t number =
        ids.empty() ? 1 : std::strtoull(ids.back().c_str(), nullptr, 10) + 1;
    id = fmt::format("{:04}", number);
    TRY_OK(Launch(id, std::move(command), std::move(arguments), std::move(user)));
  }
  const auto end = std::chrono::steady_clock::now() + kBegin;
  while (true) {
    TRY(LifecycleRun run, Get(id));
    if (!run.running() || !run.operation.empty() || std::chrono::steady_clock::now() >= end)
      return run;
    TRY_OK(op.Check());
    std::this_thread::sleep_for(kLook);
  }
}

Result<std::vector<LifecycleRun>> StartedRuns::List() {
  const std::lock_guard lock(mutex_);
  TRY(const auto ids, Ids());
  std::vector<LifecycleRun> runs;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto stored = Refresh(*id);
    // A crash may have left a folder without its file.
    if (stored.ok()) runs.push_back(std::move(stored->run));
  }
  return runs;
}

Result<LifecycleRun> StartedRuns::Get(std::string_view id) {
  if (id.empty() || !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
    return Error(Code::kNotFound, "no command was started here under this id");
  const std::lock_guard lock(mutex_);
  TRY(auto stored, Refresh(std::string(id)));
  return std::move(stored.run);
}

Status StartedRuns::Cancel(std::string_view id) {
  TRY([[maybe_unused]] const auto known, Get(id));
  const std::lock_guard lock(mutex_);
  TRY(const auto stored, Refresh(std::string(id)));
  if (!stored.run.running())
    return Error(
        Code::kConflict,
        fmt::format("\"vams {}\" has ended already; nothing was cancelled", stored.run.command));
  if (::kill(stored.pid, SIGINT) != 0)
    return Error(Code::kUnavailable,
                 fmt::format("process {} could not be asked to stop: {}", stored.pid,
                             std::generic_category().message(errno)));
  return Ok();
}

}  // namespace vams::app
