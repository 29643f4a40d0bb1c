#include "app/inherited.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

extern char** environ;

namespace vams::app {

namespace json = boost::json;

namespace {

constexpr const char* kVariable = "VAMS_INHERITED";

bool SetCloseOnExec(int fd, bool close) {
  const int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && ::fcntl(fd, F_SETFD, close ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) == 0;
}

void SetCloseOnExec(const Inherited& inherited, bool close) {
  for (const auto& listener : inherited.listeners) SetCloseOnExec(listener.get(), close);
  if (inherited.manage.valid()) SetCloseOnExec(inherited.manage.get(), close);
  for (const auto& client : inherited.clients) SetCloseOnExec(client.socket.get(), close);
}

// A descriptor that is open and a socket; -1 else.
int SocketOf(const json::value& value) {
  struct stat status = {};
  if (!value.is_int64()) return -1;
  const int fd = static_cast<int>(value.as_int64());
  return fd > 2 && ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? fd : -1;
}

json::array ArrayOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->as_array() : json::array();
}

// Of this very process: a child that got the variable by accident has no such descriptors.
std::optional<json::object> Parse(const std::map<std::string, std::string>& environment) {
  const auto found = environment.find(kVariable);
  if (found == environment.end()) return std::nullopt;
  boost::system::error_code failed;
  json::value value = json::parse(found->second, failed);
  if (failed || !value.is_object()) return std::nullopt;
  const json::value* pid = value.as_object().if_contains("pid");
  if (pid == nullptr || !pid->is_int64() || pid->as_int64() != ::getpid()) return std::nullopt;
  return std::move(value.as_object());
}

std::string Describe(const Inherited& inherited) {
  json::array listeners, waiting, others;
  const json::array addresses(inherited.addresses.begin(), inherited.addresses.end());
  for (const auto& listener : inherited.listeners) listeners.push_back(listener.get());
  for (const auto& client : inherited.clients)
    (client.waiting ? waiting : others).push_back(client.socket.get());
  return json::serialize(json::object{{"pid", ::getpid()},
                                      {"stack", inherited.stack},
                                      {"listeners", std::move(listeners)},
                                      {"addresses", addresses},
                                      {"manage", inherited.manage.get()},
                                      {"waiting", std::move(waiting)},
                                      {"others", std::move(others)}});
}

}  // namespace

Result<Program> Program::OfThisProcess() {
  Program program;
  std::error_code failed;
  program.path = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return files::ErrnoError("read", "/proc/self/exe", failed.value());
  TRY(const std::string line, files::ReadAll("/proc/self/cmdline"));
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = line.find('\0', at);
    program.arguments.push_back(line.substr(at, end - at));
    if (end == line.npos) break;
    at = end + 1;
  }
  return program;
}

std::optional<std::string> InheritedStack(const std::map<std::string, std::string>& environment) {
  const auto described = Parse(environment);
  if (!described) return std::nullopt;
  const json::value* name = described->if_contains("stack");
  return name != nullptr && name->is_string() ? std::string(name->as_string()) : std::string();
}

std::optional<Inherited> TakeInherited(const std::map<std::string, std::string>& environment) {
  const auto described = Parse(environment);
  ::unsetenv(kVariable);
  if (!described) return std::nullopt;
  Inherited inherited;
  inherited.stack = InheritedStack(environment).value_or("");
  for (const auto& value : ArrayOf(*described, "listeners"))
    if (const int fd = SocketOf(value); fd >= 0) inherited.listeners.emplace_back(fd);
  for (const auto& value : ArrayOf(*described, "addresses"))
    if (value.is_string()) inherited.addresses.emplace_back(value.as_string());
  if (const json::value* manage = described->if_contains("manage"))
    inherited.manage = lifecycle::ManageSocket(SocketOf(*manage));
  for (const bool waiting : {true, false})
    for (const auto& value : ArrayOf(*described, waiting ? "waiting" : "others"))
      if (const int fd = SocketOf(value); fd >= 0)
        inherited.clients.push_back({lifecycle::ManageSocket(fd), waiting});
  SetCloseOnExec(inherited, true);
  return inherited;
}

Error Exec(const Program& program, Inherited& inherited) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  environment.push_back(fmt::format("{}={}", kVariable, Describe(inherited)));
  std::vector<std::string> arguments = program.arguments;
  std::vector<char*> argument_pointers, environment_pointers;
  for (std::string& text : arguments) argument_pointers.push_back(text.data());
  for (std::string& text : environment) environment_pointers.push_back(text.data());
  argument_pointers.push_back(nullptr);
  environment_pointers.push_back(nullptr);
  std::fflush(nullptr);
  SetCloseOnExec(inherited, false);
  ::execve(program.path.c_str(), argument_pointers.data(), environment_pointers.data());
  const int failed = errno;
  SetCloseOnExec(inherited, true);
  return {Code::kUnavailable,
          fmt::format("{} cannot be started: {}; install the program and reload again",
                      program.path.string(), std::generic_category().message(failed))};
}

}  // namespace vams::app
