#include "http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "http/listen_address.h"
#include "http/session.h"
#include "http/worker_pool.h"

namespace vams::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = OpContext::SteadyClock::time_point;

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr std::size_t kAdminQueue = 64;

Error BindError(const ServerOptions& options, const error_code& error) {
  const std::string where = ToText({options.address, options.port});
  std::string text;
  if (error == asio::error::address_in_use)
    text = fmt::format(
        "{} is in use by another process; choose another with --listen or stop that "
        "process",
        where);
  else if (error == asio::error::access_denied)
    text = fmt::format(
        "{} may not be used by this user (ports below 1024 are privileged); choose "
        "another with --listen or grant CAP_NET_BIND_SERVICE",
        where);
  else if (error == boost::system::errc::address_not_available)
    text = fmt::format("{} is not an address of this machine; choose one of its own with --listen",
                       where);
  else
    text = fmt::format("cannot listen on {}: {}; choose another address with --listen", where,
                       error.message());
  return Error(Code::kUnavailable, std::move(text), error.message());
}

// Opens, binds and listens; an unknown family or a failed bind is the error code.
error_code Listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool dual_stack) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6())
    acceptor.set_option(asio::ip::v6_only(!dual_stack), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, const Routes& routes)
      : workers_(WorkerCount(options), options.queue_length),
        admin_(1, kAdminQueue),
        shared_{.options = options, .routes = routes, .workers = workers_, .admin = admin_},
        io_(1),
        work_(asio::make_work_guard(io_)),
        acceptor_(io_),
        retry_(io_),
        tick_(io_) {}

  ~Impl() { static_cast<void>(Stop(OpContext::SteadyClock::now())); }

  Status Start();
  Status Stop(SteadyTime deadline);

  std::uint16_t port() const { return bound_.port(); }
  const std::string& address() const { return address_; }

 private:
  using Sessions = std::list<std::unique_ptr<Session>>;

  static std::size_t WorkerCount(const ServerOptions& options) {
    if (options.worker_threads > 0) return options.worker_threads;
    return std::max<std::size_t>(2, std::thread::hardware_concurrency());
  }

  error_code Bind();
  void WaitForClients();
  void AcceptAll();
  void RetryLater();
  void Begin(tcp::socket socket);
  void End(Sessions::iterator session);
  bool MakeRoom();
  void Tick();

  void Drain();

  WorkerPool workers_;
  WorkerPool admin_;
  Shared shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::steady_timer tick_;
  tcp::endpoint bound_;
  std::string address_;
  std::thread thread_;

  Sessions sessions_;     // I/O thread only
  bool waiting_ = false;  // for clients; I/O thread only
  bool ticking_ = false;  // I/O thread only

  std::mutex stop_mutex_;          // held by one Stop at a time
  std::optional<Status> stopped_;  // under stop_mutex_
  std::mutex count_mutex_;
  std::size_t open_ = 0;             // sessions_.size(), for Stop; under count_mutex_
  bool drained_ = false;             // Drain has run; under count_mutex_
  std::condition_variable changed_;  // open_ or drained_
};

error_code Server::Impl::Bind() {
  const ServerOptions& options = shared_.options;
  if (options.address.empty()) {
    // One socket for both families; a machine without IPv6 has only the other.
    const error_code error = Listen(acceptor_, {asio::ip::address_v6::any(), options.port}, true);
    if (error != asio::error::address_family_not_supported &&
        error != boost::system::errc::address_not_available)
      return error;
    return Listen(acceptor_, {asio::ip::address_v4::any(), options.port}, true);
  }
  tcp::resolver resolver(io_);
  error_code error;
  const auto found =
      resolver.resolve(options.address, std::to_string(options.port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return error;
  error_code first_error;
  for (const auto& entry : found) {
    error = Listen(acceptor_, entry.endpoint(), false);
    if (!error) return error;
    if (!first_error) first_error = error;
  }
  return first_error;
}

Status Server::Impl::Start() {
  error_code error = Bind();
  if (error && error.category() == asio::error::get_netdb_category())
    return Error(Code::kUnavailable,
                 fmt::format("the name {} does not resolve to an address of this machine; give a "
                             "numeric address with --listen, such as 127.0.0.1:{}",
                             shared_.options.address, shared_.options.port),
                 error.message());
  if (error) return BindError(shared_.options, error);
  bound_ = acceptor_.local_endpoint(error);
  if (error) return BindError(shared_.options, error);
  address_ = bound_.address().to_string();
  WaitForClients();
  thread_ = std::thread([this] { io_.run(); });
  return Ok();
}

void Server::Impl::WaitForClients() {
  if (waiting_ || shared_.draining) return;
  waiting_ = true;
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
    waiting_ = false;
    if (!error) AcceptAll();
  });
}

// At least one client waits.
void Server::Impl::AcceptAll() {
  if (sessions_.size() >= shared_.options.max_connections) {
    shared_.crowded = !MakeRoom();
    return;  // the session that ends next asks for clients again
  }
  // Whether one more waits when the limit is reached is not known yet: nobody has to go for it.
  while (!shared_.draining && sessions_.size() < shared_.options.max_connections) {
    error_code error;
    tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    if (error == asio::error::would_block || error == asio::error::try_again) break;
    if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
    if (error) {
      LogWarning(fmt::format("cannot accept a connection: {}; trying again", error.message()));
      return RetryLater();
    }
    Begin(std::move(socket));
  }
  WaitForClients();
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
  for (const auto& session : sessions_)
    if (session->idle() && (oldest == nullptr || session->deadline() < oldest->deadline()))
      oldest = session.get();
  if (oldest != nullptr) oldest->CloseIdle();
  return oldest != nullptr;
}

void Server::Impl::Begin(tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  sessions_.push_back(Session::Make(shared_, std::move(socket)));
  const auto place = std::prev(sessions_.end());
  {
    const std::lock_guard lock(count_mutex_);
    ++open_;
  }
  asio::co_spawn(io_, (*place)->Run(), [this, place](std::exception_ptr thrown) {
    if (thrown != nullptr) LogError("a connection ended with an exception");
    End(place);
  });
  Tick();
}

void Server::Impl::End(Sessions::iterator session) {
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
    for (const auto& session : sessions_)
      if (session->deadline() <= now) session->TimeOut();
    Tick();
  });
}

void Server::Impl::Drain() {
  shared_.draining = true;
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
  for (const auto& session : sessions_)
    if (session->idle()) session->CloseIdle();
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
        for (const auto& session : sessions_) session->Abort();
      });
      changed_.wait(lock, gone);
    }
  }
  workers_.Join();
  admin_.Join();
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

std::uint16_t Server::port() const { return impl_->port(); }
const std::string& Server::address() const { return impl_->address(); }
Status Server::Stop(SteadyTime deadline) { return impl_->Stop(deadline); }

}  // namespace vams::http
