#include "http/handover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"

namespace vams::http {

namespace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

// The packets of the protocol.  The number is the protocol's version.
constexpr std::string_view kAskListeners = "listeners 1\n";
constexpr std::string_view kOffered = "offered\n";  // with the descriptors
constexpr std::string_view kRefusal = "refused: ";  // and a reason
constexpr std::string_view kConfirmation = "taken\n";
constexpr std::string_view kAcknowledgement = "yours\n";

constexpr std::size_t kMostListeners = 64;
constexpr std::size_t kLongestPacket = 1024;

Error SystemError(std::string_view doing, const std::filesystem::path& path, int number) {
  return Error(number == EACCES || number == EPERM ? Code::kDenied : Code::kUnavailable,
               fmt::format("cannot {} the hand-over socket {}: {}; use a folder that belongs to "
                           "the server's user",
                           doing, path.string(), std::generic_category().message(number)));
}

// An address for a path of any length: one that does not fit is reached through the descriptor of
// its folder, because changing the working folder would change it for the whole process.
struct Address {
  sockaddr_un name = {};
  FileDescriptor folder;  // open as long as the address is used

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

Result<Address> AddressOf(const std::filesystem::path& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.size() >= sizeof(address.name.sun_path)) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    address.folder = FileDescriptor(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.valid()) {
      if (errno == ENOENT)
        return Error(Code::kNotFound, fmt::format("the folder of the hand-over socket {} does not "
                                                  "exist; create it",
                                                  path.string()));
      return SystemError("reach", path, errno);
    }
    text = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), path.filename().string());
  }
  if (text.empty() || text.size() >= sizeof(address.name.sun_path))
    return Error(Code::kInvalid,
                 fmt::format("the name of the hand-over socket {} is longer than the system allows "
                             "(about {} bytes); choose a shorter one",
                             path.string(), sizeof(address.name.sun_path) - 32));
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

FileDescriptor NewSocket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

// Whether the process at the other end is of our user, or root.
bool IsOurs(int connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

// True when `fd` has something to say before the deadline and before `stop` does; -1: no `stop`.
bool WaitFor(int fd, int stop, SteadyTime deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    std::array<pollfd, 2> polled = {{{fd, POLLIN, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(),
                             static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
    if (polled[1].revents != 0) return false;
    if (ready > 0) return true;
    if (ready == 0 && SteadyClock::now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

struct Packet {
  std::string text;  // empty at the end of the connection
  std::vector<FileDescriptor> descriptors;
};

// Room for the control data of descriptors, aligned as the system wants it.
struct ControlSpace {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostListeners)> bytes = {};
};

// Descriptors that arrive are owned at once, so that none leaks whatever else is wrong.
Packet ReadPacket(int connection) {
  std::array<char, kLongestPacket> text = {};
  ControlSpace control;
  iovec part = {text.data(), text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t got = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  Packet packet;
  if (got <= 0) return packet;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      packet.descriptors.emplace_back(fd);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
    packet.text.assign(text.data(), static_cast<std::size_t>(got));
  return packet;
}

bool SendPacket(int connection, std::string_view text,
                std::span<const FileDescriptor> descriptors = {}) {
  text = text.substr(0, kLongestPacket);
  iovec part = {const_cast<char*>(text.data()), text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlSpace control;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      const int fd = descriptors[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
    }
  }
  return ::sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

// A connected socket; waits for a place in the other side's queue until the deadline.
Result<FileDescriptor> Connect(const std::filesystem::path& path,
                               std::chrono::milliseconds timeout) {
  TRY(const Address address, AddressOf(path));
  FileDescriptor connection = NewSocket();
  if (!connection.valid()) return SystemError("make", path, errno);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::max(timeout, std::chrono::milliseconds(1)))
                          .count();
  const timeval limit = {micros / 1'000'000, micros % 1'000'000};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(connection.get(), address.get(), sizeof(address.name)) == 0) return connection;
  if (errno == ENOENT || errno == ECONNREFUSED)
    return Error(Code::kNotFound, fmt::format("no running server offers its listening sockets at "
                                              "{}; start without a hand-over",
                                              path.string()));
  if (errno == EAGAIN || errno == EINTR)
    return Error(Code::kTimeout, fmt::format("the server behind {} did not answer in time; see "
                                             "whether it is alive, then try again",
                                             path.string()));
  return SystemError("reach", path, errno);
}

}  // namespace

// ---- The running process -----------------------------------------------------------------------

class ListenerOffer::Impl {
 public:
  Impl(std::filesystem::path path, Listeners listeners, Taken on_taken, const Options& options)
      : path_(std::move(path)),
        listeners_(std::move(listeners)),
        on_taken_(std::move(on_taken)),
        options_(options) {}

  ~Impl() {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      // An eventfd takes this number whole, or is full and wakes the thread anyway.
      [[maybe_unused]] const ssize_t ignored = ::write(stop_.get(), &one, sizeof(one));
      thread_.join();
    }
    if (!taken_) RemoveSocket();
  }

  Status Start() {
    stop_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
    if (!stop_.valid()) return SystemError("make", path_, errno);
    TRY_OK(RemoveStale());
    TRY_OK(Listen());
    thread_ = std::thread([this] { Run(); });
    return Ok();
  }

 private:
  Status RemoveStale() {
    struct stat status = {};
    if (::lstat(path_.c_str(), &status) != 0) return Ok();
    if (!S_ISSOCK(status.st_mode))
      return Error(Code::kConflict, fmt::format("{} is not a socket, so it was left alone; remove "
                                                "it or choose another path for the hand-over",
                                                path_.string()));
    const auto alive = Connect(path_, std::chrono::milliseconds(100));
    if (alive.ok() || alive.error().code == Code::kTimeout)
      return Error(Code::kConflict, fmt::format("another server offers its listening sockets at "
                                                "{}; take them over or stop that server",
                                                path_.string()));
    if (alive.error().code != Code::kNotFound) return alive.error();
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT)
      return SystemError("replace", path_, errno);
    return Ok();
  }

  Status Listen() {
    TRY(const Address address, AddressOf(path_));
    FileDescriptor socket = NewSocket();
    // Linux gives the file the mode of the unbound socket, so it is never open to others, not even
    // for a moment, and the process's umask stays as it is.
    if (!socket.valid() || ::fchmod(socket.get(), 0600) != 0)
      return SystemError("make", path_, errno);
    if (::bind(socket.get(), address.get(), sizeof(address.name)) != 0) {
      if (errno == EADDRINUSE)
        return Error(Code::kConflict,
                     fmt::format("another server has just begun to offer its listening sockets at "
                                 "{}; take them over or stop that server",
                                 path_.string()));
      return SystemError("make", path_, errno);
    }
    struct stat status = {};
    if (::lstat(path_.c_str(), &status) == 0) {
      device_ = status.st_dev;
      inode_ = status.st_ino;
    }
    if (::listen(socket.get(), 8) != 0) return SystemError("listen on", path_, errno);
    socket_ = std::move(socket);
    return Ok();
  }

  // Only the file this object made: a successor may have put its own there.
  void RemoveSocket() {
    struct stat status = {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_)
      ::unlink(path_.c_str());
  }

  void Run() {
    while (WaitFor(socket_.get(), stop_.get(), SteadyTime::max())) {
      const FileDescriptor taker(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!taker.valid()) {
        // Out of descriptors, most likely: the next attempt comes a little later.
        WaitFor(-1, stop_.get(), Soon(std::chrono::milliseconds(100)));
        continue;
      }
      if (!Serve(taker.get())) continue;
      taken_ = true;
      LogInfo(fmt::format("another process has taken the listening sockets over by {}",
                          path_.string()));
      on_taken_();
      return;
    }
  }

  SteadyTime Soon(std::chrono::milliseconds limit) const { return SteadyClock::now() + limit; }

  // True when the taker has the sockets, has confirmed, and knows that we know.
  bool Serve(int taker) {
    if (!IsOurs(taker)) {
      LogWarning(
          fmt::format("a process of another user asked for the listening sockets by {} and "
                      "was turned away",
                      path_.string()));
      return false;
    }
    if (!WaitFor(taker, stop_.get(), Soon(options_.request_timeout))) return false;
    if (ReadPacket(taker).text != kAskListeners) {
      SendPacket(taker, fmt::format("{}the request is not one this version knows", kRefusal));
      return false;
    }
    const auto listeners = listeners_();
    if (!listeners.ok() || listeners->empty() || listeners->size() > kMostListeners) {
      const std::string reason = !listeners.ok() ? listeners.error().message
                                 : listeners->empty()
                                     ? "it has no listening sockets"
                                     : "it has more listening sockets than can be passed on";
      SendPacket(taker, fmt::format("{}{}", kRefusal, reason));
      return false;
    }
    if (!SendPacket(taker, kOffered, *listeners)) return false;
    if (!WaitFor(taker, stop_.get(), Soon(options_.confirm_timeout))) return false;
    if (ReadPacket(taker).text != kConfirmation) return false;
    return LetGo(taker);
  }

  // The successor may make an offer of its own as soon as it has the acknowledgement, so ours must
  // have ended by then; if the acknowledgement cannot be sent, ours begins anew.
  bool LetGo(int taker) {
    socket_.Close();
    if (SendPacket(taker, kAcknowledgement)) return true;
    RemoveSocket();
    if (const Status again = Listen(); !again.ok())
      LogError(fmt::format("the listening sockets can no longer be handed over: {}",
                           again.error().message));
    return false;
  }

  const std::filesystem::path path_;
  const Listeners listeners_;
  const Taken on_taken_;
  const Options options_;
  FileDescriptor stop_;  // readable once the thread is to end
  FileDescriptor socket_;
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
  bool taken_ = false;  // the thread's; others look after it has ended
  std::thread thread_;
};

ListenerOffer::ListenerOffer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ListenerOffer::~ListenerOffer() = default;

Result<std::unique_ptr<ListenerOffer>> ListenerOffer::Start(const std::filesystem::path& path,
                                                            Listeners listeners, Taken on_taken,
                                                            const Options& options) {
  auto impl = std::make_unique<Impl>(path, std::move(listeners), std::move(on_taken), options);
  TRY_OK(impl->Start());
  return std::unique_ptr<ListenerOffer>(new ListenerOffer(std::move(impl)));
}

// ---- The new process ---------------------------------------------------------------------------

namespace {

Error Died() {
  return Error(Code::kUnavailable,
               "the running server ended or gave up in the middle of the hand-over; look whether "
               "it still serves, then start again");
}

Error Odd(std::string_view what) {
  return Error(Code::kUnavailable,
               fmt::format("the process at the hand-over socket answered {}; nothing was taken "
                           "over, see which program it is",
                           what));
}

Error TookTooLong() {
  return Error(Code::kTimeout,
               "the running server did not answer the hand-over in time; nothing was taken over, "
               "try again or stop it first");
}

bool IsListening(int fd) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace

Status Takeover::Confirm(std::chrono::milliseconds timeout) {
  const SteadyTime deadline = SteadyClock::now() + timeout;
  if (!SendPacket(connection.get(), kConfirmation)) return Died();
  if (!WaitFor(connection.get(), -1, deadline)) return TookTooLong();
  const Packet answer = ReadPacket(connection.get());
  if (answer.text.empty()) return Died();
  if (answer.text != kAcknowledgement) return Odd("something else than an acknowledgement");
  connection.Close();
  return Ok();
}

Result<Takeover> TakeListeners(const std::filesystem::path& path,
                               std::chrono::milliseconds timeout) {
  const SteadyTime deadline = SteadyClock::now() + timeout;
  Takeover takeover;
  TRY(takeover.connection, Connect(path, timeout));
  const int connection = takeover.connection.get();
  if (!IsOurs(connection))
    return Error(Code::kDenied, fmt::format("the process that offers listening sockets at {} "
                                            "belongs to another user; nothing was taken over",
                                            path.string()));
  if (!SendPacket(connection, kAskListeners)) return Died();
  if (!WaitFor(connection, -1, deadline)) return TookTooLong();
  Packet offer = ReadPacket(connection);
  if (offer.text.starts_with(kRefusal))
    return Error(Code::kUnavailable,
                 fmt::format("the running server does not hand over: {}",
                             std::string_view(offer.text).substr(kRefusal.size())));
  if (offer.text.empty() && offer.descriptors.empty()) return Died();
  if (offer.text != kOffered || offer.descriptors.empty())
    return Odd("something else than sockets");
  for (const FileDescriptor& listener : offer.descriptors)
    if (!IsListening(listener.get())) return Odd("with a descriptor that is no listening socket");
  takeover.listeners = std::move(offer.descriptors);
  return takeover;
}

}  // namespace vams::http
