#include "lifecycle/manage_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>

#include "base/json.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::array kModes = {ServingMode::kServing,     ServingMode::kFrozen,
                               ServingMode::kMaintenance, ServingMode::kUpdateNeeded,
                               ServingMode::kStandby,     ServingMode::kFailed};
constexpr std::array kCodes = {Code::kNotFound,        Code::kConflict, Code::kInvalid,
                               Code::kUnauthenticated, Code::kDenied,   Code::kTooLarge,
                               Code::kNotSupported,    Code::kTimeout,  Code::kUnavailable,
                               Code::kCancelled,       Code::kCorrupt,  Code::kInternal};

// An address for a path of any length: one that does not fit is reached through the descriptor of
// its folder, because changing the working folder would change it for the whole process.
struct Address {
  sockaddr_un name = {};
  ManageSocket folder;  // open as long as the address is used

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

Result<Address> AddressOf(const files::Path& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.size() >= sizeof(address.name.sun_path)) {
    address.folder =
        ManageSocket(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.valid()) return files::ErrnoError("open", path.parent_path(), errno);
    text = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), path.filename().string());
  }
  if (text.size() >= sizeof(address.name.sun_path))
    return Error(Code::kInvalid, fmt::format("{} has too long a name for a socket", path.string()));
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

}  // namespace

void ManageSocket::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string_view Name(ServingMode mode) {
  switch (mode) {
    case ServingMode::kServing:
      return "serving";
    case ServingMode::kFrozen:
      return "frozen";
    case ServingMode::kMaintenance:
      return "maintenance";
    case ServingMode::kUpdateNeeded:
      return "update-needed";
    case ServingMode::kStandby:
      return "standby";
    case ServingMode::kFailed:
      return "failed";
  }
  return "";
}

std::optional<ServingMode> FindServingMode(std::string_view name) {
  for (const ServingMode mode : kModes)
    if (Name(mode) == name) return mode;
  return std::nullopt;
}

Result<ManageSocket> ConnectManage(const files::Path& path) {
  TRY(const Address address, AddressOf(path));
  ManageSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return files::ErrnoError("make a socket for", path, errno);
  if (::connect(socket.get(), address.get(), sizeof(address.name)) == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
    return Error(Code::kNotFound, fmt::format("nobody listens at {}", path.string()));
  if (errno == EACCES || errno == EPERM)
    return Error(Code::kDenied,
                 fmt::format("the stack is served by another user's process, which cannot be asked "
                             "by {}; run the command as that user or as root",
                             path.string()));
  return files::ErrnoError("connect to", path, errno);
}

Result<ManageSocket> ListenManage(const files::Path& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      return Error(
          Code::kConflict,
          fmt::format("{} is not a socket, so it was left alone; remove it and start again",
                      path.string()));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return files::ErrnoError("replace", path, errno);
  }
  TRY(const Address address, AddressOf(path));
  ManageSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Linux gives the file the mode of the unbound socket, so it is never open to others.
  if (!socket.valid() || ::fchmod(socket.get(), 0600) != 0 ||
      ::bind(socket.get(), address.get(), sizeof(address.name)) != 0 ||
      ::listen(socket.get(), 16) != 0)
    return files::ErrnoError("listen at", path, errno);
  return socket;
}

bool IsOurs(const ManageSocket& connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

json::object ToJson(const ServedState& state) {
  return {{"release", state.release},
          {"pid", state.pid},
          {"url", state.url},
          {"generation", state.generation},
          {"dataVersion", state.data_version.ToString()},
          {"mode", Name(state.mode)},
          {"reason", state.reason},
          {"lastChange", state.last_change}};
}

Result<ServedState> ServedStateOf(const json::object& object) {
  ServedState state;
  state.release = TextOf(object, "release");
  state.pid = NumberOf(object, "pid");
  state.url = TextOf(object, "url");
  state.generation = static_cast<std::uint64_t>(NumberOf(object, "generation"));
  state.reason = TextOf(object, "reason");
  state.last_change = static_cast<items::Position>(NumberOf(object, "lastChange"));
  const auto version = tables::DataVersion::Parse(TextOf(object, "dataVersion"));
  const auto mode = FindServingMode(TextOf(object, "mode"));
  if (!version.ok() || !mode)
    return Error(Code::kUnavailable,
                 "the process that serves the stack describes itself in words that this release "
                 "does not know; use the release that it runs");
  state.data_version = *version;
  state.mode = *mode;
  return state;
}

json::object ErrorJson(const Error& error) {
  return {{"error", {{"code", CodeName(error.code)}, {"message", error.message}}}};
}

Error ErrorOf(const json::object& error) {
  const std::string name = TextOf(error, "code");
  for (const Code code : kCodes)
    if (CodeName(code) == name) return {code, TextOf(error, "message")};
  return {Code::kInternal, TextOf(error, "message")};
}

}  // namespace vams::lifecycle
