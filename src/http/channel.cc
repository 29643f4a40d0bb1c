#include "http/channel.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cerrno>
#include <future>
#include <memory>
#include <utility>

#include "http/pool_task.h"

namespace vams::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = OpContext::SteadyClock;

namespace {

// What one turn on the pool sends at most, so that downloads take turns.
constexpr std::size_t kSendFileStep = std::size_t{1} << 20;
constexpr std::size_t kChunk = std::size_t{64} << 10;
// Bytes the kernel holds back unsent: more would hide a stalled client for longer.
constexpr int kUnsentLimit = 256 << 10;
constexpr std::int64_t kLongestWait = 60'000;  // milliseconds for one poll

// A write to a connection that the client has closed must be an error, not the process's end;
// sendfile has no flag for that.
void BlockSigpipe() {
  thread_local const bool blocked = [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0;
  }();
  static_cast<void>(blocked);
}

void Advance(Channel::Parts& parts, std::size_t sent) {
  for (asio::const_buffer& part : parts) {
    const std::size_t step = std::min(sent, part.size());
    part += step;
    sent -= step;
  }
}

struct ReadStep {
  int file;
  off_t offset;
  char* buffer;
  std::size_t size;
  ssize_t got = 0;

  void operator()() {
    do got = ::pread(file, buffer, size, offset);
    while (got < 0 && errno == EINTR);
  }
};

}  // namespace

SteadyClock::time_point Pace::Deadline(SteadyClock::time_point now) const {
  SteadyClock::duration allowed = grace;
  if (bytes_per_second > 0) {
    // Doubles: the product would overflow integers for large bodies.
    const std::chrono::duration<double> earned(static_cast<double>(bytes) /
                                               static_cast<double>(bytes_per_second));
    const std::chrono::duration<double> left = grace + earned - waited;
    if (left < allowed) allowed = std::chrono::duration_cast<SteadyClock::duration>(left);
  }
  return now + std::max(allowed, SteadyClock::duration::zero());
}

Channel::Channel(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

void Channel::Wait(SteadyTime deadline) {
  deadline_ = deadline;
  timed_out_ = false;
  error_.clear();
}

asio::awaitable<bool> Channel::Handshake(SteadyTime deadline) {
  Wait(deadline);
  co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                 asio::redirect_error(asio::use_awaitable, error_));
  deadline_ = SteadyTime::max();
  co_return !error_;
}

asio::awaitable<std::size_t> Channel::Read(asio::mutable_buffer space, SteadyTime deadline) {
  Wait(deadline);
  std::size_t got = 0;
  if (tls_ && !finished_)
    got = co_await tls_->async_read_some(space, asio::redirect_error(asio::use_awaitable, error_));
  else
    got =
        co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error_));
  deadline_ = SteadyTime::max();
  co_return error_ ? 0 : got;
}

asio::awaitable<bool> Channel::Write(Parts& parts, Pace& pace) {
  while (asio::buffer_size(parts) > 0) {
    const SteadyTime start = SteadyClock::now();
    Wait(pace.Deadline(start));
    std::size_t sent = 0;
    if (tls_) {
      // A sequence is copied together in small pieces, which suits a head with a short body only.
      const auto first = std::ranges::find_if(
          parts, [](const asio::const_buffer& part) { return part.size() > 0; });
      const asio::const_buffer single = *first;
      if (single.size() >= kChunk / 16)
        sent = co_await tls_->async_write_some(single,
                                               asio::redirect_error(asio::use_awaitable, error_));
      else
        sent = co_await tls_->async_write_some(parts,
                                               asio::redirect_error(asio::use_awaitable, error_));
    } else {
      sent = co_await socket_.async_write_some(parts,
                                               asio::redirect_error(asio::use_awaitable, error_));
    }
    deadline_ = SteadyTime::max();
    pace.waited += SteadyClock::now() - start;
    if (error_) co_return false;
    Advance(parts, sent);
    bytes_sent_ += sent;
    pace.bytes += sent;
  }
  co_return true;
}

asio::awaitable<bool> Channel::WriteText(std::string_view text, std::chrono::milliseconds timeout) {
  Parts parts = {asio::buffer(text)};
  Pace pace{.grace = timeout};
  const bool sent = co_await Write(parts, pace);
  co_return sent;
}

// A TLS record holds 16 KiB at most: taking those that have arrived as well saves thread switches.
asio::awaitable<std::size_t> Channel::ReadWhatIsThere(asio::mutable_buffer space,
                                                      SteadyTime deadline) {
  std::size_t got = co_await Read(space, deadline);
  while (got > 0 && got < space.size()) {
    if (!HasInput() && ::SSL_pending(tls_->native_handle()) == 0) break;
    const asio::mutable_buffer rest = space + got;
    const std::size_t more = co_await Read(rest, deadline);
    if (more == 0) break;  // the next call meets the same end
    got += more;
  }
  co_return got;
}

std::size_t Channel::ReadFromPool(asio::mutable_buffer space, SteadyTime deadline) {
  if (tls_)
    return asio::co_spawn(socket_.get_executor(), ReadWhatIsThere(space, deadline),
                          asio::use_future)
        .get();
  const int fd = socket_.native_handle();
  timed_out_ = false;
  while (true) {
    const ssize_t got = ::recv(fd, space.data(), space.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    timed_out_ = left.count() <= 0;
    if (timed_out_) return 0;
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left.count(), kLongestWait)));
  }
}

bool Channel::WriteFromPool(std::string_view text, std::chrono::milliseconds timeout) {
  return asio::co_spawn(socket_.get_executor(), WriteText(text, timeout), asio::use_future).get();
}

void Channel::BoundUnsent() {
  if (bounded_unsent_) return;
  bounded_unsent_ = true;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentLimit,
               sizeof(kUnsentLimit));
}

bool Channel::WriteNow(Parts& parts, bool more) {
  if (tls_) return true;
  std::array<iovec, std::tuple_size_v<Parts>> vectors;
  std::size_t count = 0;
  for (const asio::const_buffer& part : parts)
    if (part.size() > 0) vectors[count++] = {const_cast<void*>(part.data()), part.size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
  const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, flags);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  Advance(parts, static_cast<std::size_t>(sent));
  bytes_sent_ += static_cast<std::uint64_t>(sent);
  return true;
}

struct Channel::SendFileStep {
  int socket;
  int file;
  off_t offset;
  std::size_t left;
  std::size_t sent = 0;
  int error = 0;

  // Until the step is full, the socket is, or the file ends.
  void operator()() {
    BlockSigpipe();
    const std::size_t limit = std::min(left, kSendFileStep);
    sent = 0;
    error = 0;
    while (sent < limit) {
      const ssize_t step = ::sendfile(socket, file, &offset, limit - sent);
      if (step == 0) return;
      if (step > 0) {
        sent += static_cast<std::size_t>(step);
      } else if (errno != EINTR) {
        error = errno;
        return;
      }
    }
  }
};

asio::awaitable<bool> Channel::WriteFile(WorkerPool& pool, const FileBody& file, Pace& pace) {
  if (tls_) {
    const bool sent = co_await WriteFileInChunks(pool, file, pace);
    co_return sent;
  }
  const tcp::socket::native_handle_type socket = socket_.native_handle();
  SendFileStep step{.socket = socket,
                    .file = file.file->get(),
                    .offset = static_cast<off_t>(file.offset),
                    .left = file.length};
  while (step.left > 0) {
    const bool ran = co_await RunOn(pool, step);
    if (!ran) co_return false;
    step.left -= step.sent;
    bytes_sent_ += step.sent;
    pace.bytes += step.sent;
    if ((step.error == EINVAL || step.error == ENOSYS) && step.left == file.length) {
      // A file system without sendfile.
      const bool sent = co_await WriteFileInChunks(pool, file, pace);
      co_return sent;
    }
    if (step.error == EAGAIN) {
      const SteadyTime start = SteadyClock::now();
      Wait(pace.Deadline(start));
      co_await socket_.async_wait(tcp::socket::wait_write,
                                  asio::redirect_error(asio::use_awaitable, error_));
      deadline_ = SteadyTime::max();
      pace.waited += SteadyClock::now() - start;
      if (error_) co_return false;
    } else if (step.error != 0 || step.sent == 0) {
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> Channel::WriteFileInChunks(WorkerPool& pool, const FileBody& file,
                                                 Pace& pace) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kChunk);
  ReadStep step{.file = file.file->get(), .offset = 0, .buffer = buffer.get(), .size = 0};
  for (std::uint64_t done = 0; done < file.length;) {
    step.offset = static_cast<off_t>(file.offset + done);
    step.size = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, file.length - done));
    const bool ran = co_await RunOn(pool, step);
    if (!ran || step.got <= 0) co_return false;
    Parts parts = {asio::buffer(buffer.get(), static_cast<std::size_t>(step.got))};
    const bool sent = co_await Write(parts, pace);
    if (!sent) co_return false;
    done += static_cast<std::uint64_t>(step.got);
  }
  co_return true;
}

asio::awaitable<void> Channel::FinishSending(SteadyTime deadline) {
  if (tls_) {
    // Completes when the client has said the same, which some never do.
    Wait(deadline);
    co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, error_));
    deadline_ = SteadyTime::max();
  }
  finished_ = true;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Channel::Close() {
  error_code ignored;
  socket_.close(ignored);
}

void Channel::Cut() {
  error_code ignored;
  socket_.set_option(tcp::socket::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Channel::Interrupt() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Channel::TimeOut() {
  timed_out_ = true;
  Interrupt();
}

// Shut down, not closed: a pool thread may be sending to the descriptor, whose number must not
// become another connection's under it.
void Channel::Abort() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  Interrupt();
}

void Channel::Hurry(SteadyTime deadline) { deadline_ = std::min(deadline_, deadline); }

bool Channel::HasInput() const {
  error_code ignored;
  return socket_.available(ignored) > 0;
}

}  // namespace vams::http
