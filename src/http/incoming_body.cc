#include "http/incoming_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "http/wire.h"

namespace vams::http {

namespace {

using SteadyClock = OpContext::SteadyClock;

// What is received at once of a body in chunks, whose frames have to be looked at.
constexpr std::size_t kChunkedRead = std::size_t{64} << 10;

std::optional<std::uint64_t> AnnouncedLength(const RequestParser& parser) {
  if (parser.chunked()) return std::nullopt;
  return parser.content_length().value_or(0);
}

}  // namespace

IncomingBody::IncomingBody(const Setting& setting)
    : at_(setting), length_(AnnouncedLength(setting.parser)) {
  if (length_ == 0) state_ = State::kWhole;
}

std::optional<std::uint64_t> IncomingBody::left() const {
  if (!length_) return std::nullopt;
  return *length_ - done_;
}

Error IncomingBody::Fail(State state, Error error) {
  state_ = state;
  error_ = std::move(error);
  return *error_;
}

Result<std::size_t> IncomingBody::Read(std::span<char> buffer) {
  if (error_) return *error_;
  if (state_ == State::kWhole || buffer.empty()) return std::size_t{0};
  if (at_.awaits_continue) {
    at_.awaits_continue = false;
    // A client that no longer reads shows as one that does not send.
    if (at_.buffer.size() == 0) at_.channel.WriteFromPool(kContinue, at_.write_timeout);
  }
  return length_ ? ReadPlain(buffer) : ReadChunks(buffer);
}

std::size_t IncomingBody::Receive(boost::asio::mutable_buffer space) {
  const auto start = SteadyClock::now();
  const std::size_t got = at_.channel.ReadFromPool(space, at_.pace.Deadline(start));
  at_.pace.waited += SteadyClock::now() - start;
  if (got > 0) {
    at_.pace.bytes += got;
    return got;
  }
  if (const Status wanted = at_.op.Check(); !wanted.ok())
    Fail(State::kFailed, wanted.error());
  else if (at_.channel.timed_out())
    Fail(State::kTooSlow, Error(Code::kTimeout,
                                "the request took too long to arrive; nothing of "
                                "it was kept; send it again"));
  else
    Fail(State::kFailed, Error(Code::kInvalid,
                               "the connection ended before the request's body "
                               "did; nothing of it was kept; send it again"));
  return 0;
}

Result<std::size_t> IncomingBody::ReadPlain(std::span<char> buffer) {
  const std::size_t wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *length_ - done_));
  std::size_t got = std::min(wanted, at_.buffer.size());
  if (got > 0) {
    std::memcpy(buffer.data(), at_.buffer.cdata().data(), got);
    at_.buffer.consume(got);
    at_.pace.bytes += got;
  } else {
    got = Receive(boost::asio::buffer(buffer.data(), wanted));
    if (got == 0) return *error_;
  }
  done_ += got;
  if (done_ == *length_) state_ = State::kWhole;
  return got;
}

Result<std::size_t> IncomingBody::ReadChunks(std::span<char> buffer) {
  at_.parser.DeliverTo(buffer);
  while (true) {
    const auto arrived = at_.buffer.cdata();
    boost::beast::error_code error;
    if (at_.parser.Takes({static_cast<const char*>(arrived.data()), arrived.size()}))
      at_.buffer.consume(at_.parser.put(arrived, error));
    const std::size_t got = at_.parser.delivered();
    if (at_.parser.is_done()) state_ = State::kWhole;
    if (got > 0 || state_ == State::kWhole) {
      done_ += got;
      return got;
    }
    if (error && error != boost::beast::http::error::need_more)
      return Fail(State::kFailed,
                  Error(Code::kInvalid,
                        fmt::format("the request's body is no proper sequence of chunks ({}); "
                                    "nothing of it was kept; send it again",
                                    error.message())));
    // Without an error a piece was taken, and there may be more of it.
    if (!error && at_.buffer.size() > 0 &&
        at_.parser.Takes({static_cast<const char*>(at_.buffer.cdata().data()), at_.buffer.size()}))
      continue;
    const std::size_t room = at_.buffer.max_size() - at_.buffer.size();
    if (room == 0)
      return Fail(State::kFailed, Error(Code::kInvalid,
                                        "the head of a chunk of the request's body is too long; "
                                        "nothing of it was kept; send it again"));
    const auto space = at_.buffer.prepare(std::min(room, kChunkedRead));
    const std::size_t more = Receive(space);
    if (more == 0) return *error_;
    at_.buffer.commit(more);
  }
}

}  // namespace vams::http
