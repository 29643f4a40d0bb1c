#include "lifecycle/update/new_config.h"

#include <errno.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <memory>

#include "config/absolute_paths.h"
#include "lifecycle/backup/scheduler.h"
#include "lifecycle/stacks/kept_config.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds kSearchLimit{10};

struct ListenAddress {
  std::string host, port;
};

// "127.0.0.1:8080", "[::1]:8080", ":8080", which are checked already.
ListenAddress ListenAddressOf(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {host, text.substr(colon + 1)};
}

// Why nobody could listen there now; empty if somebody could.
std::string PortProblem(const ListenAddress& address) {
  addrinfo wanted = {};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unresolved = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                       address.port.c_str(), &wanted, &found);
  if (unresolved != 0)
    return fmt::format("{} does not resolve: {}", address.host, ::gai_strerror(unresolved));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const int probe = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, found->ai_protocol);
  if (probe < 0) return std::strerror(errno);
  const int on = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool bound = ::bind(probe, found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  ::close(probe);
  if (bound) return {};
  return error == EADDRINUSE      ? "another process has it"
         : error == EACCES        ? "this user may not use it"
         : error == EADDRNOTAVAIL ? "it is no address of this machine"
                                  : std::string(std::strerror(error));
}

// The arguments of a process; none when nobody may look.
std::vector<std::string> ArgumentsOf(std::int64_t process) {
  std::vector<std::string> arguments;
  const auto line = files::ReadAll(fmt::format("/proc/{}/cmdline", process));
  if (!line.ok()) return arguments;
  for (std::size_t at = 0; at < line->size();) {
    const std::size_t end = std::min(line->find('\0', at), line->size());
    arguments.push_back(line->substr(at, end - at));
    at = end + 1;
  }
  return arguments;
}

bool Has(const std::vector<std::string>& arguments, const std::string& option) {
  return std::ranges::any_of(arguments, [&](const std::string& argument) {
    return argument == option || argument.starts_with(option + "=");
  });
}

// The value of an option that is written apart or with "="; empty without it.
std::string ValueOf(const std::vector<std::string>& arguments, const std::string& option) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(option + "=")) return arguments[i].substr(option.size() + 1);
    if (arguments[i] == option && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return {};
}

class Checker {
 public:
  Checker(OpContext& op, net::Transport& transport, const ConfigMove& move)
      : op_(op), transport_(transport), move_(move) {}

  std::vector<Check> Run() {
    checks_.push_back(InPlace());
    Addresses();
    if (move_.process) Server();
    if (move_.before.engines.search != Config().engines.search &&
        Config().engines.search.kind == config::SearchKind::kOpensearch)
      checks_.push_back(Search());
    if (!move_.after.backup_folder.empty() &&
        move_.after.backup_folder != move_.backup_folder_before)
      Repository();
    return std::move(checks_);
  }

 private:
  const config::Config& Config() const { return move_.after.config; }

  Check InPlace() const {
    Check check;
    check.name = "new configuration";
    check.evidence = ToJson(move_.after, move_.changes);
    if (!move_.after.paths.empty())
      check.evidence["paths"] = json::array(move_.after.paths.begin(), move_.after.paths.end());
    const int warnings = move_.after.report.warnings();
    check.summary = fmt::format("{} is valid", move_.after.file);
    if (!move_.after.paths.empty())
      check.summary += fmt::format("; {}", fmt::join(move_.after.paths, ", "));
    std::string reasons;
    for (const auto& refusal : diff::NotInPlace(move_.changes))
      if (!(refusal.resource == "encryption/stack key" && IsSameKey()))
        reasons += (reasons.empty() ? "" : "; ") + refusal.resource + ": " + refusal.reason;
    if (!reasons.empty()) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format("an update in place cannot make all of its changes: {}", reasons);
      check.way_out = fmt::format("\"vams diff --stack {} --config {}\" shows them",
                                  move_.stack.name, move_.after.file);
    } else if (warnings > 0) {
      check.result = CheckResult::kWarning;
      check.summary += fmt::format(", with {} warning{}", warnings, warnings == 1 ? "" : "s");
      check.way_out = fmt::format("\"vams config check {}\" shows them", move_.after.file);
    }
    return check;
  }

  // A key that lies in another place now is no other key.
  bool IsSameKey() const {
    const auto key = [&](const config::Encryption& encryption) {
      return files::ReadAll(encryption.key_file.empty() ? move_.stack.folder / "stack.key"
                                                        : files::Path(encryption.key_file));
    };
    const auto before = key(move_.before.encryption), after = key(Config().encryption);
    return before.ok() && after.ok() && *before == *after;
  }

  // Those that the stack does not have yet.
  std::vector<std::string> NewAddresses() const {
    std::vector<std::string> added;
    for (const auto& text : Config().server.listen)
      if (std::ranges::find(move_.before.server.listen, text) == move_.before.server.listen.end())
        added.push_back(text);
    return added;
  }

  // The server that runs gives such a port up for the new address.
  bool IsOwnPort(const ListenAddress& address) const {
    return move_.process &&
           std::ranges::any_of(move_.before.server.listen, [&](const std::string& text) {
             return ListenAddressOf(text).port == address.port;
           });
  }

  void Addresses() {
    const auto added = NewAddresses();
    if (added.empty()) return;
    Check check;
    check.name = "addresses";
    check.evidence = {{"added", json::array(added.begin(), added.end())}};
    check.summary = fmt::format("{} can be listened at", fmt::join(added, ", "));
    std::string problems;
    for (const auto& text : added) {
      const ListenAddress address = ListenAddressOf(text);
      if (address.port == "0" || IsOwnPort(address)) continue;
      if (const std::string problem = PortProblem(address); !problem.empty())
        problems += fmt::format("{}{}: {}", problems.empty() ? "" : "; ", text, problem);
    }
    if (!problems.empty()) {
      check.result = CheckResult::kRefused;
      check.summary = problems;
      check.way_out = "free it, or name another one as server.listen";
    }
    checks_.push_back(std::move(check));
  }

  // What the command line of the server says counts more than any file.
  void Server() {
    const auto arguments = ArgumentsOf(*move_.process);
    Check check;
    check.name = "running server";
    check.evidence = {{"process", *move_.process}};
    const bool up = arguments.size() > 1 && arguments[1] == "up";
    if (Has(arguments, "--config") && !up) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format(
          "process {} was started with a --config of its own, which it would go on to follow",
          *move_.process);
      check.way_out =
          fmt::format("stop it, and start it with \"vams serve --stack {}\"", move_.stack.name);
    } else if (up && Has(arguments, "--config") &&
               ValueOf(arguments, "--config") != move_.after.file) {
      // It looks whether the stack has that configuration when it starts.
      check.result = CheckResult::kWarning;
      check.summary = fmt::format(
          "process {} goes on; at its next start \"vams up --config {}\" finds another "
          "configuration than this one, and refuses",
          *move_.process, ValueOf(arguments, "--config"));
      check.way_out = fmt::format("name {} there, or leave --config out", move_.after.file);
    } else if (Has(arguments, "--set") || (Has(arguments, "--listen") && !NewAddresses().empty())) {
      check.result = CheckResult::kWarning;
      check.summary = fmt::format("process {} was started with {}, which count more than the file",
                                  *move_.process,
                                  Has(arguments, "--set") ? "settings of its own (--set)"
                                                          : "an address of its own (--listen)");
      check.way_out = "start it without them afterwards";
    } else {
      check.summary = fmt::format("process {} takes its settings from the stack", *move_.process);
    }
    checks_.push_back(std::move(check));
  }

  Check Search() {
    const auto& engine = Config().engines.search;
    Check check;
    check.name = "search server";
    check.evidence = {{"url", engine.url}};
    const bool limited = op_.deadline() < OpContext::SteadyClock::now() + kSearchLimit;
    OpContext limit(limited ? op_.deadline() : OpContext::SteadyClock::now() + kSearchLimit);
    const auto answer = transport_.Send(limit, {.url = engine.url}, nullptr);
    if (!answer.ok()) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format("{} cannot be reached: {}", engine.url, answer.error().message);
      check.way_out = "start it, or name another one as engines.search.url";
      return check;
    }
    check.evidence["status"] = answer->status;
    check.summary = fmt::format("{} answers ({})", engine.url, answer->status);
    const bool closed = answer->status == 401 || answer->status == 403;
    if (answer->status >= 500 || (closed && engine.auth == config::SearchAuth::kNone)) {
      check.result = CheckResult::kRefused;
      check.way_out = closed ? "it wants credentials: set engines.search.auth"
                             : "look at the server, or name another one as engines.search.url";
    }
    return check;
  }

  void Repository() {
    Check check;
    check.name = "new backup repository";
    check.evidence = {{"repository", move_.after.backup_folder}};
    files::Path at = move_.after.backup_folder;
    std::error_code ec;
    while (!std::filesystem::exists(at, ec) && at.has_parent_path() && at != at.parent_path())
      at = at.parent_path();
    check.summary = fmt::format("{} can be written", move_.after.backup_folder);
    if (!std::filesystem::is_directory(at, ec) || ::access(at.c_str(), W_OK | X_OK) != 0) {
      check.result = CheckResult::kRefused;
      check.summary = fmt::format("{} cannot be written", move_.after.backup_folder);
      check.way_out = fmt::format(
          "make {} a folder that this user may write, or name another one "
          "as backup.repository",
          at.string());
    }
    checks_.push_back(std::move(check));
  }

  OpContext& op_;
  net::Transport& transport_;
  const ConfigMove& move_;
  std::vector<Check> checks_;
};

}  // namespace

Result<NewConfig> ReadNewConfig(const config::Sources& sources) {
  NewConfig read;
  read.file = sources.file_path;
  TRY(read.config, config::Load(sources));
  if (!read.config.backup.schedule.empty())
    TRY_OK(backup::ParseSchedule(read.config.backup.schedule));
  read.report = config::Check(sources);
  TRY(auto moved, config::WithAbsolutePaths(sources.file_text.value_or("{}\n"), sources.file_path));
  read.text = std::move(moved.text);
  read.paths = std::move(moved.paths);
  return read;
}

bool IsConfigOf(const NewConfig& config, const Stack& stack) {
  const auto stored = ConfigTextOf(stack);
  if (!stored.ok()) return false;
  const auto before = ConfigFrom(stack, *stored), after = ConfigFrom(stack, config.text);
  return before.ok() && after.ok() && *before == *after;
}

std::vector<Check> CheckNewConfig(OpContext& op, net::Transport& transport,
                                  const ConfigMove& move) {
  return Checker(op, transport, move).Run();
}

json::object ToJson(const NewConfig& config, const diff::ChangeSet& changes) {
  json::array changed;
  for (const auto& change : changes.changes)
    if (change.type != diff::ResourceType::kTable && change.type != diff::ResourceType::kIndex)
      changed.emplace_back(change.resource());
  return {{"file", config.file}, {"changed", std::move(changed)}};
}

}  // namespace vams::lifecycle
