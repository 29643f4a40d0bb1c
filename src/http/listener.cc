#include "http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace vams::http {

namespace {

Error BindError(const ListenAddress& address, int error) {
  const std::string where = ToText(address);
  std::string text;
  if (error == EADDRINUSE)
    text = fmt::format(
        "{} is in use by another process; choose another with --listen or stop that "
        "process",
        where);
  else if (error == EACCES)
    text = fmt::format(
        "{} may not be used by this user (ports below 1024 are privileged); choose "
        "another with --listen or grant CAP_NET_BIND_SERVICE",
        where);
  else if (error == EADDRNOTAVAIL)
    text = fmt::format("{} is not an address of this machine; choose one of its own with --listen",
                       where);
  else
    text = fmt::format("cannot listen on {}: {}; choose another address with --listen", where,
                       std::strerror(error));
  return Error(Code::kUnavailable, std::move(text), std::strerror(error));
}

// Opens, binds and listens; `error` is the errno of what failed.
FileDescriptor Listen(const sockaddr* address, socklen_t size, bool dual_stack, int& error) {
  error = 0;
  FileDescriptor socket(
      ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  const int on = 1;
  const int v6_only = dual_stack ? 0 : 1;
  const bool v6 = address->sa_family == AF_INET6;
  if (socket.valid() &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      (!v6 ||
       ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only)) == 0) &&
      ::bind(socket.get(), address, size) == 0 && ::listen(socket.get(), SOMAXCONN) == 0)
    return socket;
  error = errno;
  return {};
}

FileDescriptor ListenEverywhere(std::uint16_t port, int& error) {
  // One socket for both families; a machine without IPv6 has only the other.
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  FileDescriptor socket = Listen(reinterpret_cast<sockaddr*>(&v6), sizeof(v6), true, error);
  if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) return socket;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  return Listen(reinterpret_cast<sockaddr*>(&v4), sizeof(v4), false, error);
}

Result<FileDescriptor> ListenAt(const ListenAddress& address) {
  int error = 0;
  if (address.host.empty()) {
    FileDescriptor socket = ListenEverywhere(address.port, error);
    if (error != 0) return BindError(address, error);
    return socket;
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unresolved =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (unresolved != 0)
    return Error(Code::kUnavailable,
                 fmt::format("the name {} does not resolve to an address of this machine; give a "
                             "numeric address with --listen, such as 127.0.0.1:{}",
                             address.host, address.port),
                 ::gai_strerror(unresolved));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  int first_error = 0;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    FileDescriptor socket = Listen(entry->ai_addr, entry->ai_addrlen, false, error);
    if (error == 0) return socket;
    if (first_error == 0) first_error = error;
  }
  return BindError(address, first_error);
}

// Numeric; nothing if the socket is not one of TCP.
std::optional<ListenAddress> BoundAddress(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return ListenAddress{text.data(), ntohs(v4->sin_port)};
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  return ListenAddress{text.data(), ntohs(v6->sin6_port)};
}

Result<Listener> Adopt(const FileDescriptor& given) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  if (::getsockopt(given.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
    return Error(Code::kInvalid,
                 "a descriptor that was handed over is no listening socket, so nothing was served; "
                 "start without a hand-over");
  Listener listener;
  TRY(listener.socket, Duplicate(given.get()));
  const auto bound = BoundAddress(given.get());
  const int flags = ::fcntl(given.get(), F_GETFL);
  if (!bound || flags < 0 || ::fcntl(given.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return Error(Code::kInvalid,
                 "a socket that was handed over does not listen for TCP, so nothing was served; "
                 "start without a hand-over");
  listener.bound = *bound;
  return listener;
}

}  // namespace

Result<FileDescriptor> Duplicate(int socket) {
  FileDescriptor copy(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (copy.valid()) return copy;
  return Error(Code::kUnavailable,
               "a listening socket cannot be duplicated, so it was not handed over; raise the "
               "limit of open files or try again later",
               std::strerror(errno));
}

Result<std::vector<Listener>> OpenListeners(const ServerOptions& options) {
  std::vector<Listener> listeners;
  for (const auto& given : options.listeners) {
    TRY(Listener listener, Adopt(*given));
    listeners.push_back(std::move(listener));
  }
  if (!listeners.empty()) return listeners;
  for (const ListenAddress& address : options.addresses) {
    Listener listener;
    TRY(listener.socket, ListenAt(address));
    const auto bound = BoundAddress(listener.socket.get());
    if (!bound) return BindError(address, errno);
    listener.bound = *bound;
    listeners.push_back(std::move(listener));
  }
  if (listeners.empty())
    return Error(Code::kInvalid, "there is no address to listen on; give one with --listen");
  return listeners;
}

}  // namespace vams::http
