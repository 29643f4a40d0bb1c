#include "http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "http/listener.h"
#include "http/session.h"
#include "http/tls.h"
#include "http/worker_pool.h"

namespace vams::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = OpContext::SteadyClock::time_point;

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr std::size_t kAdminQueue = 64;
// A connection has at most one body task, so this queue is bounded by the connections.
constexpr std::size_t kNoQueueLimit = std::numeric_limits<std::size_t>::max() / 2;

asio::ip::address AddressOf(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    return Plain(asio::ip::address_v6(bytes));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
  return asio::ip::address_v4(ntohl(v4->sin_addr.s_addr));
}

// One client for the limit per address: an IPv4 address, or the /64 that a subscriber of IPv6 has.
using ClientKey = std::pair<bool, std::uint64_t>;

ClientKey KeyOf(const asio::ip::address& address) {
  if (address.is_v4()) return {false, address.to_v4().to_uint()};
  std::uint64_t prefix = 0;
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&prefix, bytes.data(), sizeof(prefix));
  return {true, prefix};
}

// Errors of one connection that is gone already; accept(2) reports them on Linux.
bool IsOfTheClient(int error) {
  for (const int one : {ECONNABORTED, EINTR, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                        EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM})
    if (error == one) return true;
  return false;
}

Headers CommonHeaders(const ServerOptions& options) {
  Headers common = options.default_headers;
  if (options.cors) {
    common.Set("access-control-allow-origin", options.cors->allow_origin);
    common.Set("access-control-expose-headers", options.cors->expose_headers);
  }
  return common;
}

Headers PreflightHeaders(const ServerOptions& options) {
  Headers headers;
  if (!options.cors) return headers;
  headers.Set("access-control-allow-methods", options.cors->allow_methods);
  headers.Set("access-control-allow-headers", options.cors->allow_headers);
  headers.Set("access-control-max-age", std::to_string(options.cors->max_age.count()));
  return headers;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, const Routes& routes)
      : workers_(WorkerCount(options), options.queue_length),
        admin_(1, kAdminQueue),
        transfers_(TransferCount(options, routes), options.queue_length),
        bodies_(std::max<std::size_t>(1, options.body_threads), kNoQueueLimit),
        shared_{.options = options,
                .routes = routes,
                .workers = workers_,
                .admin = admin_,
                .transfers = transfers_,
                .bodies = bodies_,
                .ids = RequestIds(*options.random),
                .common = CommonHeaders(options),
                .preflight = PreflightHeaders(options)},
        io_(1),
        work_(asio::make_work_guard(io_)),
        retry_(io_),
        tick_(io_) {}

  ~Impl() { static_cast<void>(Stop(OpContext::SteadyClock::now())); }

  Status Start();
  Status Stop(SteadyTime deadline);

  const std::vector<ListenAddress>& addresses() const { return bound_; }
  Result<std::vector<FileDescriptor>> DuplicateListeners() const;

 private:
  // A listening socket and whether the I/O thread waits for its clients.
  struct Door {
    Door(asio::io_context& io, int descriptor) : fd(descriptor), socket(io, descriptor) {}
    const int fd;
    asio::posix::stream_descriptor socket;  // owns fd
    bool waiting = false;
  };
  struct Entry {
    std::unique_ptr<Session> session;
    std::optional<ClientKey> counted;
  };
  using Sessions = std::list<Entry>;

  static std::size_t WorkerCount(const ServerOptions& options) {
    if (options.worker_threads > 0) return options.worker_threads;
    return std::max<std::size_t>(2, std::thread::hardware_concurrency());
  }

  static std::size_t TransferCount(const ServerOptions& options, const Routes& routes) {
    const bool needed = std::ranges::any_of(routes.all(), &Route::streams_body);
    return needed ? std::max<std::size_t>(1, options.transfer_threads) : 0;
  }

  Status Prepare();
  void WaitForClients();
  void WaitAt(Door& door);
  void AcceptAll(Door& door);
  void RetryLater();
  bool Count(const asio::ip::address& peer, std::optional<ClientKey>& counted);
  void Begin(tcp::socket socket, const asio::ip::address& peer);
  void End(Sessions::iterator session);
  bool MakeRoom();
  void Tick();

  void Drain();

  WorkerPool workers_;
  WorkerPool admin_;
  WorkerPool transfers_;
  WorkerPool bodies_;
  Shared shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  mutable std::mutex doors_mutex_;  // for closing on the I/O thread and duplicating elsewhere
  std::list<Door> doors_;
  asio::steady_timer retry_;
  asio::steady_timer tick_;
  std::vector<ListenAddress> bound_;
  std::thread thread_;

  std::map<ClientKey, std::size_t> by_client_;  // with connections_per_address; I/O thread only
  Sessions sessions_;                           // I/O thread only
  bool ticking_ = false;                        // I/O thread only

  std::mutex stop_mutex_;          // held by one Stop at a time
  std::optional<Status> stopped_;  // under stop_mutex_
  std::mutex count_mutex_;
  std::size_t open_ = 0;             // sessions_.size(), for Stop; under count_mutex_
  bool drained_ = false;             // Drain has run; under count_mutex_
  std::condition_variable changed_;  // open_ or drained_
};

// What needs no thread yet.
Status Server::Impl::Prepare() {
  ServerOptions& options = shared_.options;
  if (!CanBeSent(shared_.common) || !CanBeSent(shared_.preflight))
    return Error(Code::kInvalid,
                 "a header field for every answer holds a line break or another character that no "
                 "header may have, so nothing was served; correct the configured value");
  TRY(shared_.proxies, TrustedProxies::Parse(options.trusted_proxies));
  if (options.tls) {
    TRY(shared_.tls, LoadTls(*options.tls, options.clock->NowMillis()));
  }
  if (options.rate_limit)
    shared_.bucket =
        std::make_unique<TokenBucket>(options.rate_limit->per_second, options.rate_limit->burst);
  TRY(auto listeners, OpenListeners(options));
  for (Listener& listener : listeners) {
    bound_.push_back(std::move(listener.bound));
    doors_.emplace_back(io_, listener.socket.Release());
  }
  // Whoever handed them over may want to close them.
  options.listeners.clear();
  return Ok();
}

Status Server::Impl::Start() {
  TRY_OK(Prepare());
  WaitForClients();
  thread_ = std::thread([this] { io_.run(); });
  return Ok();
}

Result<std::vector<FileDescriptor>> Server::Impl::DuplicateListeners() const {
  const std::lock_guard lock(doors_mutex_);
  std::vector<FileDescriptor> copies;
  for (const Door& door : doors_) {
    if (!door.socket.is_open())
      return Error(Code::kUnavailable,
                   "the server has stopped listening, so there is nothing to hand over; start the "
                   "new one without a hand-over");
    TRY(FileDescriptor copy, Duplicate(door.fd));
    copies.push_back(std::move(copy));
  }
  return copies;
}

void Server::Impl::WaitForClients() {
  for (Door& door : doors_) WaitAt(door);
}

void Server::Impl::WaitAt(Door& door) {
  if (door.waiting || shared_.draining) return;
  door.waiting = true;
  door.socket.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, &door](const error_code& error) {
                           door.waiting = false;
                           if (!error) AcceptAll(door);
                         });
}

// At least one client waits.
void Server::Impl::AcceptAll(Door& door) {
  if (sessions_.size() >= shared_.options.max_connections) {
    shared_.crowded = !MakeRoom();
    return;  // the session that ends next asks for clients again
  }
  // Whether one more waits when the limit is reached is not known yet: nobody has to go for it.
  while (!shared_.draining && sessions_.size() < shared_.options.max_connections) {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    const int fd =
        ::accept4(door.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) break;
      if (IsOfTheClient(error)) continue;
      LogWarning(fmt::format("cannot accept a connection: {}; trying again", std::strerror(error)));
      return RetryLater();
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Begin(tcp::socket(io_, from.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd),
          AddressOf(from));
  }
  WaitAt(door);
}

// Out of file descriptors, most likely: a busy loop would make it worse.
void Server::Impl::RetryLater() {
  retry_.expires_after(kAcceptRetry);
  retry_.async_wait([this](const error_code& error) {
    if (!error) WaitForClients();
  });
}

// Asks the connection that has been idle for longest to go; false if none is idle.
bool Server::Impl::MakeRoom() {
  Session* oldest = nullptr;
  for (const auto& [session, counted] : sessions_)
    if (session->idle() && (oldest == nullptr || session->deadline() < oldest->deadline()))
      oldest = session.get();
  if (oldest != nullptr) oldest->CloseIdle();
  return oldest != nullptr;
}

// False if that address has as many connections as it may.
bool Server::Impl::Count(const asio::ip::address& peer, std::optional<ClientKey>& counted) {
  const std::size_t limit = shared_.options.connections_per_address;
  if (limit == 0 || shared_.proxies.Contains(peer)) return true;
  const ClientKey key = KeyOf(peer);
  std::size_t& count = by_client_[key];
  if (count >= limit) return false;
  ++count;
  counted = key;
  return true;
}

void Server::Impl::Begin(tcp::socket socket, const asio::ip::address& peer) {
  std::optional<ClientKey> counted;
  if (!Count(peer, counted)) return;  // closes the socket
  sessions_.push_back({Session::Make(shared_, std::move(socket), peer), counted});
  const auto place = std::prev(sessions_.end());
  {
    const std::lock_guard lock(count_mutex_);
    ++open_;
  }
  asio::co_spawn(io_, place->session->Run(), [this, place](std::exception_ptr thrown) {
    if (thrown != nullptr) LogError("a connection ended with an exception");
    End(place);
  });
  Tick();
}

void Server::Impl::End(Sessions::iterator session) {
  if (session->counted) {
    const auto count = by_client_.find(*session->counted);
    if (--count->second == 0) by_client_.erase(count);
  }
  sessions_.erase(session);
  shared_.crowded = false;
  {
    const std::lock_guard lock(count_mutex_);
    --open_;
  }
  changed_.notify_all();
  WaitForClients();
}

// One timer watches every connection's deadline: cheaper than re-arming one per connection three
// times a request, and late by at most a tick.
void Server::Impl::Tick() {
  if (ticking_ || sessions_.empty()) return;
  ticking_ = true;
  const ServerOptions& o = shared_.options;
  const auto shortest = std::min({o.read_timeout, o.write_timeout, o.idle_timeout});
  tick_.expires_after(
      std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500)));
  tick_.async_wait([this](const error_code& error) {
    ticking_ = false;
    if (error) return;
    const SteadyTime now = OpContext::SteadyClock::now();
    for (const auto& [session, counted] : sessions_)
      if (session->deadline() <= now) session->TimeOut();
    Tick();
  });
}

void Server::Impl::Drain() {
  shared_.draining = true;
  {
    // Closed, not shut down: after a hand-over another process listens on the same sockets.
    const std::lock_guard lock(doors_mutex_);
    error_code ignored;
    for (Door& door : doors_) door.socket.close(ignored);
  }
  retry_.cancel();
  for (const auto& [session, counted] : sessions_)
    if (session->idle()) session->Drain();
  {
    const std::lock_guard lock(count_mutex_);
    drained_ = true;
  }
  changed_.notify_all();
}

Status Server::Impl::Stop(SteadyTime deadline) {
  const std::lock_guard stop_lock(stop_mutex_);
  if (stopped_) return *stopped_;
  stopped_ = Ok();
  if (!thread_.joinable()) return *stopped_;  // never started

  asio::post(io_, [this] { Drain(); });
  std::size_t cut = 0;
  {
    std::unique_lock lock(count_mutex_);
    changed_.wait(lock, [this] { return drained_; });
    const auto gone = [this] { return open_ == 0; };
    if (!changed_.wait_until(lock, deadline, gone)) {
      cut = open_;
      asio::post(io_, [this] {
        for (const auto& [session, counted] : sessions_) session->Abort();
      });
      changed_.wait(lock, gone);
    }
  }
  workers_.Join();
  admin_.Join();
  transfers_.Join();
  bodies_.Join();
  asio::post(io_, [this] { tick_.cancel(); });
  work_.reset();
  thread_.join();
  if (cut > 0)
    stopped_ =
        Error(Code::kTimeout,
              fmt::format("{} connection{} had to be cut when the server stopped; allow more "
                          "time to stop if that matters",
                          cut, cut == 1 ? "" : "s"));
  return *stopped_;
}

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, const Routes& routes) {
  auto impl = std::make_unique<Impl>(options, routes);
  TRY_OK(impl->Start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

const std::vector<ListenAddress>& Server::addresses() const { return impl_->addresses(); }
std::uint16_t Server::port() const { return impl_->addresses().front().port; }
const std::string& Server::address() const { return impl_->addresses().front().host; }
Result<std::vector<FileDescriptor>> Server::DuplicateListeners() const {
  return impl_->DuplicateListeners();
}
Status Server::Stop(SteadyTime deadline) { return impl_->Stop(deadline); }

}  // namespace vams::http
