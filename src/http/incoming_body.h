// A request's body on its way from the connection to the handler that pulls it.  Private to the
// module; includes Beast.
//
// Thread rule: made and asked about its state on the I/O thread; Read is the handler's, on a thread
// of a pool, while the connection's coroutine waits for it.  Read blocks.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/op_context.h"
#include "http/channel.h"
#include "http/message.h"
#include "http/request_parser.h"

namespace vams::http {

class IncomingBody final : public RequestBody {
 public:
  enum class State : std::uint8_t { kOpen, kWhole, kTooSlow, kFailed };

  struct Setting {
    Channel& channel;
    RequestParser& parser;                    // has the head
    boost::beast::flat_buffer& buffer;        // what arrived behind the head
    const OpContext& op;                      // of the request
    Pace pace;                                // for the whole body
    std::chrono::milliseconds write_timeout;  // for `100 Continue`
    bool awaits_continue = false;
  };
  explicit IncomingBody(const Setting& setting);

  std::optional<std::uint64_t> length() const override { return length_; }
  Result<std::size_t> Read(std::span<char> buffer) override;

  State state() const { return state_; }
  // The client has not been told to send its body, and may never send it.
  bool awaits_continue() const { return at_.awaits_continue; }
  // Bytes from the connection, with what frames chunks.
  std::uint64_t received() const { return at_.pace.bytes; }
  // Bytes of the body that nobody has read; nothing for one in chunks.
  std::optional<std::uint64_t> left() const;

 private:
  Result<std::size_t> ReadPlain(std::span<char> buffer);
  Result<std::size_t> ReadChunks(std::span<char> buffer);
  // Bytes that have arrived, at least one; 0 at the end of the connection, and then error_ is set.
  std::size_t Receive(boost::asio::mutable_buffer space);
  Error Fail(State state, Error error);

  Setting at_;
  const std::optional<std::uint64_t> length_;
  std::uint64_t done_ = 0;  // bytes of the body that were read
  State state_ = State::kOpen;
  std::optional<Error> error_;
};

}  // namespace vams::http
