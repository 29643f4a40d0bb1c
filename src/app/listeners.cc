#include "app/listeners.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/listener.h"

namespace vams::app {

using http::ListenAddress;

namespace {

std::shared_ptr<FileDescriptor> Duplicate(const FileDescriptor& listener) {
  return std::make_shared<FileDescriptor>(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 3));
}

// Numeric; nothing if it is not one of TCP.
std::optional<ListenAddress> BoundAddress(const FileDescriptor& listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return std::nullopt;
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

bool IsNumeric(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// Whether a socket is what listening at the address would give.
bool Serves(const ListenAddress& bound, const ListenAddress& address, bool any_port) {
  if (bound.port != address.port && !any_port) return false;
  if (address.host.empty()) return bound.host == "::" || bound.host == "0.0.0.0";
  return !IsNumeric(address.host) || bound.host == address.host;
}

class Chooser {
 public:
  Chooser(const std::vector<ListenAddress>& addresses, Inherited& inherited)
      : addresses_(addresses), inherited_(inherited), chosen_(addresses.size()) {}

  Result<Listeners> Run() {
    for (const auto& listener : inherited_.listeners) bound_.push_back(BoundAddress(listener));
    taken_.resize(bound_.size(), false);
    Keep(false);
    Keep(true);
    DropWhatIsInTheWay();
    return Open();
  }

 private:
  // A port that was chosen by the system is that of the same text.
  void Keep(bool any_port) {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      const ListenAddress& address = addresses_[i];
      if (chosen_[i] != nullptr || (address.port == 0) != any_port) continue;
      if (any_port &&
          std::ranges::find(inherited_.addresses, ToText(address)) == inherited_.addresses.end())
        continue;
      for (std::size_t s = 0; s < bound_.size() && chosen_[i] == nullptr; ++s) {
        if (taken_[s] || !bound_[s] || !Serves(*bound_[s], address, any_port)) continue;
        taken_[s] = true;
        chosen_[i] = Duplicate(inherited_.listeners[s]);
      }
    }
  }

  // A port that this process has at 127.0.0.1 cannot be had at 0.0.0.0, say.
  void DropWhatIsInTheWay() {
    for (std::size_t s = bound_.size(); s-- > 0;) {
      if (taken_[s] || !bound_[s]) continue;
      for (std::size_t i = 0; i < addresses_.size(); ++i)
        if (chosen_[i] == nullptr && addresses_[i].port == bound_[s]->port) {
          inherited_.listeners.erase(inherited_.listeners.begin() + static_cast<std::ptrdiff_t>(s));
          break;
        }
    }
  }

  Result<Listeners> Open() {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      if (chosen_[i] != nullptr) continue;
      http::ServerOptions options;
      options.addresses = {addresses_[i]};
      TRY(auto opened, http::OpenListeners(options));
      chosen_[i] = std::make_shared<FileDescriptor>(std::move(opened.front().socket));
    }
    return std::move(chosen_);
  }

  const std::vector<ListenAddress>& addresses_;
  Inherited& inherited_;
  Listeners chosen_;                                 // by address
  std::vector<std::optional<ListenAddress>> bound_;  // by socket
  std::vector<bool> taken_;
};

}  // namespace

std::vector<std::string> TextsOf(const std::vector<ListenAddress>& addresses) {
  std::vector<std::string> texts;
  for (const auto& address : addresses) texts.push_back(ToText(address));
  return texts;
}

Result<Listeners> ListenersFor(const std::vector<ListenAddress>& addresses, Inherited& inherited) {
  Listeners all;
  if (inherited.listeners.empty()) return all;
  const bool same = inherited.addresses == TextsOf(addresses) &&
                    inherited.listeners.size() == inherited.addresses.size();
  if (!inherited.addresses.empty() && !same) return Chooser(addresses, inherited).Run();
  for (const FileDescriptor& listener : inherited.listeners) all.push_back(Duplicate(listener));
  return all;
}

}  // namespace vams::app
