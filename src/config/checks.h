// Small checks on single values: addresses, URLs, files.  For the configuration reader and rules.
// A "problem" is a phrase for a message, empty when there is none.
//
// Thread-safe; the file checks call stat and may block on a slow file system.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vams::config {

struct IpAddress {
  bool v6 = false;
  std::array<unsigned char, 16> bytes = {};  // an IPv4 address uses the first four
  auto operator<=>(const IpAddress&) const = default;
};

std::optional<IpAddress> ParseIp(std::string_view text);
bool IsIpOrBlock(std::string_view text);  // 10.0.0.1, 10.0.0.0/8, fd00::/8

// ADDR:PORT, [::1]:PORT or :PORT, the port from 0 (any free one) to 65535.
std::string ListenProblem(std::string_view text);
// http or https, a host, no credentials, no spaces.
std::string UrlProblem(std::string_view text);

// The path in "file:/p", "file:///p" or "file:p"; nothing without the scheme.
std::optional<std::string> FileReference(std::string_view text);

std::string ReadableFileProblem(const std::string& path);
// Readable, not world-readable and, if `size` is given, exactly so long.
std::string KeyFileProblem(const std::string& path, std::optional<std::size_t> size = {});
// An executable file; a name without a slash is looked for in `search_path`, as execvp does.
std::string CommandProblem(const std::string& program, std::string_view search_path);

}  // namespace vams::config
