// The bytes of one connection, plain or TLS, and the time each wait for the client may take.
// Private to the module.
//
// Thread rule: everything on the I/O thread but ...FromPool.  Nothing else blocks; files are read
// on a pool.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/op_context.h"
#include "http/message.h"
#include "http/worker_pool.h"

namespace vams::http {

// How long a client may take for one body: `grace` for each stretch without progress, and
// `bytes_per_second` on average once the grace is used up.  Only waits for the client count.
struct Pace {
  using SteadyClock = OpContext::SteadyClock;

  std::chrono::milliseconds grace{0};
  std::uint64_t bytes_per_second = 0;  // 0: no average
  std::uint64_t bytes = 0;
  SteadyClock::duration waited{0};

  SteadyClock::time_point Deadline(SteadyClock::time_point now) const;
};

class Channel {
 public:
  using SteadyTime = OpContext::SteadyClock::time_point;
  // Head, body and what ends a chunk; the unsent rest of them after a write.
  using Parts = std::array<boost::asio::const_buffer, 3>;

  // With TLS if `tls` is not null.
  Channel(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);

  bool is_tls() const { return tls_.has_value(); }
  // When the running wait for the client has lasted too long; the server then calls TimeOut.
  SteadyTime deadline() const { return deadline_; }
  bool timed_out() const { return timed_out_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  // Each completes with false, or nothing read, at the end of the stream, on an error, and once the
  // deadline has passed.
  boost::asio::awaitable<bool> Handshake(SteadyTime deadline);
  boost::asio::awaitable<std::size_t> Read(boost::asio::mutable_buffer space, SteadyTime deadline);
  boost::asio::awaitable<bool> Write(Parts& parts, Pace& pace);
  boost::asio::awaitable<bool> WriteText(std::string_view text, std::chrono::milliseconds timeout);
  // As Read and WriteText, for a thread of a pool while this connection's coroutine waits for that
  // thread.  They block it.  Plain bytes go from the kernel to `space` without another thread.
  std::size_t ReadFromPool(boost::asio::mutable_buffer space, SteadyTime deadline);
  bool WriteFromPool(std::string_view text, std::chrono::milliseconds timeout);
  // Sends the stretch of the file; false also if the file ends early.
  boost::asio::awaitable<bool> WriteFile(WorkerPool& pool, const FileBody& file, Pace& pace);

  // Before a body that may be long: keeps the kernel from buffering so much that a client that has
  // stalled looks as if it read.
  void BoundUnsent();

  // What the socket takes without waiting; `more` says that a body follows at once, so that both
  // share a packet.  False on an error.  Takes nothing over TLS.
  bool WriteNow(Parts& parts, bool more);

  // Says that nothing more will be sent; over TLS at most until the deadline.  What is read
  // afterwards is of no use but to be thrown away.
  boost::asio::awaitable<void> FinishSending(SteadyTime deadline);
  void Close();
  // Closes so that the client cannot take what it has for a whole answer.
  void Cut();

  // The running wait ends early, without a word to the client.
  void Interrupt();
  void TimeOut();
  // Ends the connection under whatever runs; Close is still due.
  void Abort();
  // The running wait ends by `deadline` at the latest.
  void Hurry(SteadyTime deadline);
  // Whether bytes have arrived that nobody has read.
  bool HasInput() const;

 private:
  struct SendFileStep;

  boost::asio::awaitable<bool> WriteFileInChunks(WorkerPool& pool, const FileBody& file,
                                                 Pace& pace);
  boost::asio::awaitable<std::size_t> ReadWhatIsThere(boost::asio::mutable_buffer space,
                                                      SteadyTime deadline);
  void Wait(SteadyTime deadline);

  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::system::error_code error_;
  SteadyTime deadline_ = SteadyTime::max();
  bool timed_out_ = false;
  bool finished_ = false;        // FinishSending has run
  bool bounded_unsent_ = false;  // BoundUnsent has run
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace vams::http
