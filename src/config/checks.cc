#include "config/checks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

namespace vams::config {

namespace {

std::optional<unsigned> ParseNumber(std::string_view text, unsigned max) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '-') return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
         std::string_view::npos;
}

// The stat of a regular file, or the problem with it.
std::string StatProblem(const std::string& path, struct stat& out) {
  if (::stat(path.c_str(), &out) != 0) {
    if (errno == ENOENT) return fmt::format("{} does not exist", path);
    return fmt::format("{} cannot be looked at: {}", path, ::strerror(errno));
  }
  if (!S_ISREG(out.st_mode)) return fmt::format("{} is not a regular file", path);
  return {};
}

}  // namespace

std::optional<IpAddress> ParseIp(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  IpAddress ip;
  if (::inet_pton(AF_INET, copy.c_str(), ip.bytes.data()) == 1) return ip;
  ip.v6 = true;
  if (::inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

bool IsIpOrBlock(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = ParseIp(text.substr(0, slash));
  if (!ip || slash == std::string_view::npos) return ip.has_value();
  return ParseNumber(text.substr(slash + 1), ip->v6 ? 128 : 32).has_value();
}

std::string ListenProblem(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fmt::format("\"{}\" has no port; write it as 127.0.0.1:8080", text);
  if (!ParseNumber(text.substr(colon + 1), 65535))
    return fmt::format("\"{}\" has no port from 0 to 65535 after its last colon", text);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    const auto ip = ParseIp(host.substr(1, host.size() - 2));
    return ip && ip->v6 ? std::string()
                        : fmt::format("\"{}\" has no IPv6 address in its brackets", text);
  }
  if (host.find(':') != std::string_view::npos)
    return fmt::format("\"{}\" is ambiguous; put an IPv6 address in brackets, as in [::1]:8080",
                       text);
  if (host.empty() || IsHostName(host)) return {};
  return fmt::format("\"{}\" does not begin with an address or a host name", text);
}

std::string UrlProblem(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return "it does not begin with http:// or https://";
  }
  if (text.find_first_of(" \t\r\n\"<>\\") != std::string_view::npos)
    return "it contains a character that no URL may contain";
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    return "it contains credentials, which never belong in this file";
  std::string_view host = authority;
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = ParseNumber(authority.substr(colon + 1), 65535);
    if (!port || *port == 0) return "its port is not a number from 1 to 65535";
    host = authority.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']'))
    return ParseIp(host.substr(1, host.size() - 2)) ? "" : "the brackets hold no IPv6 address";
  return IsHostName(host) ? "" : "it names no valid host";
}

std::optional<std::string> FileReference(std::string_view text) {
  if (!text.starts_with("file:")) return std::nullopt;
  text.remove_prefix(5);
  if (text.starts_with("///")) text.remove_prefix(2);
  return std::string(text);
}

std::string ReadableFileProblem(const std::string& path) {
  struct stat st {};
  if (std::string problem = StatProblem(path, st); !problem.empty()) return problem;
  if (::access(path.c_str(), R_OK) != 0)
    return fmt::format("{} is not readable by this user; change its owner or its mode", path);
  return {};
}

std::string KeyFileProblem(const std::string& path, std::optional<std::size_t> size) {
  struct stat st {};
  if (std::string problem = StatProblem(path, st); !problem.empty()) return problem;
  if ((st.st_mode & S_IROTH) != 0)
    return fmt::format("{} is readable by every user of this machine; run chmod o= {}", path, path);
  if (::access(path.c_str(), R_OK) != 0)
    return fmt::format("{} is not readable by this user; change its owner or its mode", path);
  if (size && static_cast<std::size_t>(st.st_size) != *size)
    return fmt::format("{} has {} bytes, but a key has exactly {}", path, st.st_size, *size);
  return {};
}

std::string CommandProblem(const std::string& program, std::string_view search_path) {
  struct stat st {};
  if (program.find('/') != std::string::npos) {
    if (std::string problem = StatProblem(program, st); !problem.empty()) return problem;
    if (::access(program.c_str(), X_OK) != 0)
      return fmt::format("{} is not executable by this user; run chmod +x on it", program);
    return {};
  }
  while (!search_path.empty()) {
    const std::size_t colon = search_path.find(':');
    const std::string candidate = fmt::format("{}/{}", search_path.substr(0, colon), program);
    if (StatProblem(candidate, st).empty() && ::access(candidate.c_str(), X_OK) == 0) return {};
    search_path = colon == std::string_view::npos ? "" : search_path.substr(colon + 1);
  }
  return fmt::format("no program {} is in PATH; write its whole path", program);
}

}  // namespace vams::config
