// One of the few files that include Beast, which takes long to compile.
#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

#include "base/log.h"
#include "http/channel.h"
#include "http/event_stream.h"
#include "http/exchange.h"
#include "http/pool_task.h"
#include "http/request_parser.h"
#include "http/wire.h"

namespace vams::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = OpContext::SteadyClock;
using SteadyTime = SteadyClock::time_point;

namespace {

constexpr std::size_t kReadSize = std::size_t{16} << 10;
constexpr std::size_t kStreamChunk = std::size_t{64} << 10;
// A body up to this size is copied behind its head: cheaper for the kernel than two pieces.
constexpr std::size_t kSmallBody = std::size_t{4} << 10;
constexpr std::size_t kLongBody = std::size_t{256} << 10;
// A head buffer that has grown past this is not kept for the next answer.
constexpr std::size_t kKeptHead = std::size_t{64} << 10;
// What is left of a body that its handler did not want is read up to here, which keeps the
// connection; past it the connection closes.
constexpr std::uint64_t kDiscarded = std::uint64_t{256} << 10;
// How long an answer to a request that was not read to its end may take to reach the client.
constexpr std::chrono::milliseconds kLinger{2'000};
// While draining: how long a connection has for its first request.
constexpr std::chrono::milliseconds kFirstRequest{1'000};
// How long a client has to say that it, too, ends TLS.
constexpr std::chrono::milliseconds kGoodbye{500};

constexpr std::string_view kTooSlow = "the request took too long to arrive; send it again";

// The answer to bytes that are no request, or one past a limit.
Response ParseErrorResponse(const error_code& error, const ServerOptions& options) {
  namespace bh = beast::http;
  if (error == bh::error::header_limit || error == bh::error::buffer_overflow)
    return Message(431, fmt::format("the request's head is longer than {} bytes; send fewer or "
                                    "shorter header fields or a shorter URL",
                                    options.header_limit));
  if (error == bh::error::body_limit)
    return Message(413, fmt::format("the request's body is longer than {} bytes; send less",
                                    options.body_limit));
  if (error == bh::error::bad_version)
    return Message(505, "this server speaks HTTP/1.1 and HTTP/1.0; use one of them");
  return Message(400, fmt::format("the request is malformed ({}) and was not looked at; send it as "
                                  "HTTP/1.1 asks",
                                  error.message()));
}

// Lives on the I/O thread; only handlers and bodies run elsewhere, while the coroutine waits.
class Connection final : public Session {
 public:
  Connection(Shared& shared, tcp::socket socket, const asio::ip::address& peer)
      : shared_(shared),
        channel_(std::move(socket), shared.tls.get()),
        peer_(Plain(peer)),
        peer_text_(peer_.to_string()),
        behind_proxy_(shared.proxies.Contains(peer_)),
        buffer_(std::max(shared.options.header_limit, kReadSize) + kReadSize) {}

  asio::awaitable<void> Run() override;

  bool idle() const override { return phase_ != Phase::kBusy; }
  SteadyTime deadline() const override { return channel_.deadline(); }
  void TimeOut() override { channel_.TimeOut(); }
  void CloseIdle() override {
    closing_ = true;
    channel_.Interrupt();
    // TLS may be between two waits, where there is nothing to interrupt.
    channel_.Hurry(SteadyClock::now());
  }
  void Drain() override {
    if (phase_ == Phase::kFresh || channel_.HasInput())
      channel_.Hurry(SteadyClock::now() + kFirstRequest);
    else
      CloseIdle();
  }
  void Abort() override {
    closing_ = true;
    cut_ = true;
    if (running_ != nullptr) running_->Cancel();
    channel_.Abort();
  }

 private:
  enum class Phase : std::uint8_t { kFresh, kIdle, kBusy, kLeaving };
  // What reading a request came to.
  enum class Reading : std::uint8_t { kRequest, kRefused, kGone };
  enum class Head : std::uint8_t { kTaken, kAwaitsContinue, kRefused };

  SteadyTime In(std::chrono::milliseconds time) const { return SteadyClock::now() + time; }
  SteadyTime FirstByteDeadline() const {
    const auto limit = shared_.options.idle_timeout;
    return In(shared_.draining ? std::min(limit, kFirstRequest) : limit);
  }
  // The limit or a drain wants this connection gone once it is idle.
  bool unwanted() const { return shared_.draining || shared_.crowded; }

  asio::awaitable<bool> ServeOne();
  asio::awaitable<Reading> ReadRequest(Exchange& exchange, RequestParser& parser);
  asio::awaitable<bool> ReadMore(SteadyTime deadline);
  asio::awaitable<void> Handle(Exchange& exchange);
  asio::awaitable<bool> Discard(std::uint64_t count);
  asio::awaitable<bool> Answer(Exchange& exchange);
  asio::awaitable<bool> WriteStream(Exchange& exchange, const HeadFrame& frame, Pace& pace);
  asio::awaitable<void> Rest(std::chrono::milliseconds time);
  asio::awaitable<void> Linger();

  Head TakeHead(RequestParser& parser, Exchange& exchange);
  bool CheckBodyLimit(RequestParser& parser, Exchange& exchange);
  void TakeBody(Exchange& exchange, RequestParser& parser);
  Reading Leftover(Exchange& exchange, std::uint64_t& left);
  WorkerPool& PoolOf(const Route& route);
  void FindRoute(RequestParser& parser, Exchange& exchange);
  void Refuse(Exchange& exchange, Response response);
  HeadFrame Frame(Exchange& exchange) const;
  void Record(const Exchange& exchange, SteadyTime arrived, std::uint64_t sent_before) const;

  Shared& shared_;
  Channel channel_;
  const asio::ip::address peer_;
  const std::string peer_text_;
  const bool behind_proxy_;
  beast::flat_buffer buffer_;
  std::string head_;  // of the answer; kept for its memory
  Phase phase_ = Phase::kFresh;
  bool closing_ = false;  // no further request
  bool cut_ = false;      // the last answer did not reach its end
  OpContext* running_ = nullptr;
};

// The connection's life: requests one after the other, so that answers to pipelined ones keep
// their order.
asio::awaitable<void> Connection::Run() {
  bool open = true;
  if (channel_.is_tls()) open = co_await channel_.Handshake(In(shared_.options.read_timeout));
  const bool greeted = open;
  while (open && !closing_) open = co_await ServeOne();
  phase_ = Phase::kLeaving;
  if (cut_) {
    channel_.Cut();
  } else {
    if (greeted && !closing_) co_await channel_.FinishSending(In(kGoodbye));
    channel_.Close();
  }
}

// False if the connection ends with it.
asio::awaitable<bool> Connection::ServeOne() {
  Exchange exchange;
  exchange.request.request_id = shared_.ids.Next();
  exchange.request.peer = peer_text_;
  exchange.request.client = peer_text_;
  exchange.request.secure = channel_.is_tls();
  exchange.op.request_id = exchange.request.request_id;
  const std::uint64_t sent_before = channel_.bytes_sent();
  RequestParser parser(exchange.request);
  Reading reading = co_await ReadRequest(exchange, parser);
  if (reading == Reading::kGone) co_return false;
  const SteadyTime arrived = SteadyClock::now();
  if (reading == Reading::kRequest && exchange.route != nullptr) {
    if (exchange.route->streams_body) TakeBody(exchange, parser);
    co_await Handle(exchange);
  }
  std::uint64_t left = 0;
  if (exchange.incoming) reading = Leftover(exchange, left);
  if (reading != Reading::kRequest || closing_ || unwanted()) exchange.keep_alive = false;
  bool written = false;
  if (reading != Reading::kGone) written = co_await Answer(exchange);
  running_ = nullptr;
  Record(exchange, arrived, sent_before);
  if (!written) cut_ = true;
  if (written && reading == Reading::kRefused) co_await Linger();
  if (!written || reading == Reading::kRefused || !exchange.keep_alive) co_return false;
  if (left > 0) {
    const bool discarded = co_await Discard(left);
    if (!discarded) co_return false;
  }
  // The server may have begun to drain, or to want room, while the answer was on its way; it looks
  // for idle connections only once.
  co_return !(unwanted() && buffer_.size() == 0);
}

// False at the end of the stream, on an error and at the deadline.
asio::awaitable<bool> Connection::ReadMore(SteadyTime deadline) {
  const auto space = buffer_.prepare(std::min(kReadSize, buffer_.max_size() - buffer_.size()));
  const std::size_t got = co_await channel_.Read(space, deadline);
  buffer_.commit(got);
  co_return got > 0;
}

asio::awaitable<Connection::Reading> Connection::ReadRequest(Exchange& exchange,
                                                             RequestParser& parser) {
  const ServerOptions& options = shared_.options;
  parser.header_limit(static_cast<std::uint32_t>(options.header_limit));
  parser.body_limit(boost::none);  // the route decides
  parser.eager(false);             // the head first, and alone
  bool has_head = false;
  Pace pace{.grace = options.read_timeout, .bytes_per_second = options.min_body_rate};
  if (buffer_.size() > 0)
    phase_ = Phase::kBusy;
  else if (phase_ != Phase::kFresh)
    phase_ = Phase::kIdle;
  SteadyTime head_deadline = idle() ? FirstByteDeadline() : In(options.read_timeout);
  while (true) {
    error_code error;
    const auto arrived = buffer_.cdata();
    if (parser.Takes({static_cast<const char*>(arrived.data()), arrived.size()})) {
      const std::size_t used = parser.put(buffer_.data(), error);
      buffer_.consume(used);
      exchange.bytes_received += used;
      if (has_head) pace.bytes += used;
    }
    if (exchange.method.empty()) exchange.method = parser.method();
    if (error && error != beast::http::error::need_more) {
      exchange.response = ParseErrorResponse(error, options);
      co_return Reading::kRefused;
    }
    if (parser.is_header_done() && !has_head) {
      has_head = true;
      const Head head = TakeHead(parser, exchange);
      if (head == Head::kRefused) co_return Reading::kRefused;
      exchange.awaits_continue = head == Head::kAwaitsContinue;
      if (exchange.route != nullptr && exchange.route->streams_body) co_return Reading::kRequest;
      if (!CheckBodyLimit(parser, exchange)) co_return Reading::kRefused;
      if (exchange.awaits_continue && buffer_.size() == 0) {
        const bool sent = co_await channel_.WriteText(kContinue, options.write_timeout);
        if (!sent) co_return Reading::kGone;
      }
      parser.eager(true);
      if (!parser.is_done() && buffer_.size() > 0) continue;
    }
    if (parser.is_done()) break;
    if (buffer_.size() == buffer_.max_size()) {
      exchange.response = ParseErrorResponse(beast::http::error::buffer_overflow, options);
      co_return Reading::kRefused;
    }
    if (closing_) co_return Reading::kGone;
    const SteadyTime start = SteadyClock::now();
    const bool more = co_await ReadMore(has_head ? pace.Deadline(start) : head_deadline);
    if (has_head) pace.waited += SteadyClock::now() - start;
    if (!more) {
      if (!channel_.timed_out() || idle()) co_return Reading::kGone;
      exchange.response = Message(408, kTooSlow);
      co_return Reading::kRefused;
    }
    // The first byte starts the clock for the whole head.
    if (idle()) head_deadline = In(options.read_timeout);
    phase_ = Phase::kBusy;
  }
  co_return Reading::kRequest;
}

// False, with the answer, if the body is announced as too long; a body in chunks is watched.
bool Connection::CheckBodyLimit(RequestParser& parser, Exchange& exchange) {
  const ServerOptions& options = shared_.options;
  parser.body_limit(options.body_limit);
  if (parser.chunked() || parser.content_length().value_or(0) <= options.body_limit) return true;
  exchange.response = ParseErrorResponse(beast::http::error::body_limit, options);
  return false;
}

// Answers without a handler; the rest of the request is read and thrown away.
void Connection::Refuse(Exchange& exchange, Response response) {
  exchange.route = nullptr;
  exchange.response = std::move(response);
}

// Completes the request from its head and finds the route.  Without one the answer is filled in.
Connection::Head Connection::TakeHead(RequestParser& parser, Exchange& exchange) {
  exchange.old_version = parser.old_version();
  if (parser.hosts() > 1 || (parser.hosts() == 0 && !exchange.old_version)) {
    exchange.response = Message(400, "the request needs exactly one Host header field; send one");
    return Head::kRefused;
  }
  // Where a body ends must not be a matter of opinion between this server and a proxy in front of
  // it (RFC 9112 section 6.1): any other coding, and any at all in HTTP/1.0, is refused.
  const bool readable = std::ranges::all_of(exchange.request.headers, [&](const auto& field) {
    return !EqualsIgnoreCase(field.first, "transfer-encoding") ||
           (EqualsIgnoreCase(field.second, "chunked") && !exchange.old_version);
  });
  if (!readable) {
    exchange.response = Message(501,
                                "the only transfer coding this server reads is chunked, in "
                                "HTTP/1.1; send the body so or with a Content-Length");
    return Head::kRefused;
  }
  exchange.keep_alive = parser.keep_alive();
  Request& request = exchange.request;
  if (behind_proxy_) {
    request.client = ForwardedFor(shared_.proxies, peer_, request.headers).to_string();
    request.secure = request.secure || ForwardedSecure(request.headers);
  }
  FindRoute(parser, exchange);
  if (exchange.route == nullptr) parser.DiscardBody();
  if (!parser.expects_continue()) return Head::kTaken;
  // The client waits to hear whether its body is wanted.
  return exchange.route != nullptr ? Head::kAwaitsContinue : Head::kRefused;
}

void Connection::FindRoute(RequestParser& parser, Exchange& exchange) {
  const std::optional<Verb> verb = FindVerb(parser.method());
  Request& request = exchange.request;
  // The answer to HEAD has no body, whichever answer it is.
  request.verb = verb.value_or(Verb::kGet);
  const auto [path, query] = SplitTarget(request.target);
  if (shared_.options.cors && verb == Verb::kOptions) {
    Response preflight{.status = 204};
    preflight.headers = shared_.preflight;
    return Refuse(exchange, std::move(preflight));
  }
  Match match = shared_.routes.Find(verb, path);
  request.path = std::move(match.path);
  if (match.kind == Match::Kind::kBadPath)
    return Refuse(exchange,
                  Message(400,
                          "the path is not one that a URL can have here; check its escapes "
                          "and that no part of it is empty, \".\" or \"..\""));
  exchange.route = match.route;
  request.path_parameters = std::move(match.parameters);
  if (match.kind == Match::Kind::kNone && verb) exchange.route = shared_.routes.fallback();
  const Route* const route = exchange.route;
  const bool unlimited = route != nullptr && (route->admin || route->unlimited);
  if (shared_.bucket != nullptr && !unlimited) {
    const SteadyTime now = SteadyClock::now();
    if (!shared_.bucket->TryTake(now)) {
      Response busy = Message(429, "Too Many Requests");
      busy.headers.Set("retry-after",
                       std::to_string(RetryAfterSeconds(shared_.bucket->RetryAfter(now))));
      return Refuse(exchange, std::move(busy));
    }
  }
  if (exchange.route == nullptr) return Refuse(exchange, Message(404, "Not Found"));
  if (auto pairs = ParseQuery(query))
    request.query = *std::move(pairs);
  else
    Refuse(exchange,
           Message(400,
                   "the query has a % that two hexadecimal digits do not follow; write %25 "
                   "for it"));
}

WorkerPool& Connection::PoolOf(const Route& route) {
  if (route.streams_body) return shared_.transfers;
  return route.admin ? shared_.admin : shared_.workers;
}

// The handler is to have the body while it arrives.
void Connection::TakeBody(Exchange& exchange, RequestParser& parser) {
  const ServerOptions& options = shared_.options;
  exchange.incoming.emplace(IncomingBody::Setting{
      .channel = channel_,
      .parser = parser,
      .buffer = buffer_,
      .op = exchange.op,
      .pace = {.grace = options.read_timeout, .bytes_per_second = options.min_body_rate},
      .write_timeout = options.write_timeout,
      .awaits_continue = exchange.awaits_continue});
  exchange.request.incoming = &*exchange.incoming;
}

// What becomes of a connection whose handler has had its turn with the body.  `left`: bytes to be
// dropped behind the answer.
Connection::Reading Connection::Leftover(Exchange& exchange, std::uint64_t& left) {
  const IncomingBody& body = *exchange.incoming;
  exchange.bytes_received += body.received();
  switch (body.state()) {
    case IncomingBody::State::kWhole:
      return Reading::kRequest;
    case IncomingBody::State::kTooSlow:
      exchange.response = Message(408, kTooSlow);
      return Reading::kRefused;
    case IncomingBody::State::kFailed:
    case IncomingBody::State::kOpen:
      break;
  }
  const auto rest = body.left();
  const bool keeps = body.state() == IncomingBody::State::kOpen && !body.awaits_continue() &&
                     rest && *rest <= kDiscarded;
  if (!keeps) return Reading::kRefused;
  left = *rest;
  return Reading::kRequest;
}

// Reads that many bytes and throws them away; false if they do not come.
asio::awaitable<bool> Connection::Discard(std::uint64_t count) {
  Pace pace{.grace = shared_.options.read_timeout,
            .bytes_per_second = shared_.options.min_body_rate};
  while (true) {
    const std::size_t step =
        static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer_.size()));
    buffer_.consume(step);
    count -= step;
    pace.bytes += step;
    if (count == 0) co_return true;
    const SteadyTime start = SteadyClock::now();
    const bool more = co_await ReadMore(pace.Deadline(start));
    pace.waited += SteadyClock::now() - start;
    if (!more) co_return false;
  }
}

asio::awaitable<void> Connection::Handle(Exchange& exchange) {
  RunHandler run{&exchange};
  if (exchange.route->inline_ok) {
    run();
    co_return;
  }
  running_ = &exchange.op;
  WorkerPool& pool = PoolOf(*exchange.route);
  const bool ran = co_await RunOn(pool, run);
  if (!ran)
    exchange.response = ErrorResponse(
        Error(Code::kUnavailable, "the server is busy with other requests; try again shortly"));
}

// How the answer's end is found.
HeadFrame Connection::Frame(Exchange& exchange) const {
  const Response& response = exchange.response;
  HeadFrame frame{.request_id = exchange.request.request_id, .common = shared_.common};
  std::optional<std::uint64_t> length = response.body.size();
  if (response.file)
    length = response.file->length;
  else if (response.stream != nullptr)
    length = response.stream->length();
  if (!MayHaveBody(response.status)) {
    frame.framing = Framing::kNone;
  } else if (length) {
    frame.framing = Framing::kLength;
    frame.length = *length;
  } else if (exchange.old_version) {
    frame.framing = Framing::kUntilClose;
    exchange.keep_alive = false;
  } else {
    frame.framing = Framing::kChunked;
  }
  if (exchange.keep_alive)
    frame.persistence =
        exchange.old_version ? Persistence::kKeepAliveHttp10 : Persistence::kKeepAlive;
  return frame;
}

// False if the client did not get the whole answer.
asio::awaitable<bool> Connection::Answer(Exchange& exchange) {
  Response& response = exchange.response;
  const std::string& id = exchange.request.request_id;
  if (!CanBeSent(response) || (response.file && response.file->file == nullptr)) {
    LogError(
        fmt::format("request {}: the handler's status, a header field or its file cannot be "
                    "sent",
                    id));
    response = InternalError(id);
  }
  HeadFrame frame = Frame(exchange);
  frame.date = shared_.date.Now(*shared_.options.clock);
  if (head_.capacity() > kKeptHead) head_ = std::string();
  head_.clear();
  AppendHead(head_, response, frame);
  const bool has_body = exchange.request.verb != Verb::kHead && frame.framing != Framing::kNone;
  const bool file = has_body && response.file && response.file->length > 0;
  const bool stream = has_body && !response.file && response.stream != nullptr;
  Channel::Parts parts;
  if (has_body && !file && !stream) {
    if (response.body.size() <= kSmallBody)
      head_ += response.body;
    else
      parts[1] = asio::buffer(response.body);
  }
  parts[0] = asio::buffer(head_);
  if (file || stream || parts[1].size() > kLongBody) channel_.BoundUnsent();
  exchange.answered = true;
  Pace pace{.grace = shared_.options.write_timeout,
            .bytes_per_second = shared_.options.min_body_rate};
  if (!channel_.WriteNow(parts, file)) co_return false;
  bool written = true;
  if (asio::buffer_size(parts) > 0) written = co_await channel_.Write(parts, pace);
  if (written && file) written = co_await channel_.WriteFile(shared_.bodies, *response.file, pace);
  if (written && stream) written = co_await WriteStream(exchange, frame, pace);
  co_return written;
}

// Pulls and sends in turn: the source is never ahead of the client by more than one chunk.
asio::awaitable<bool> Connection::WriteStream(Exchange& exchange, const HeadFrame& frame,
                                              Pace& pace) {
  const bool chunked = frame.framing == Framing::kChunked;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kStreamChunk);
  PullStream pull{
      .exchange = &exchange, .buffer = {buffer.get(), kStreamChunk}, .may_be_file = !chunked};
  running_ = &exchange.op;
  const auto* const events = dynamic_cast<const EventSource*>(exchange.response.stream.get());
  std::uint64_t total = 0;
  std::uint64_t step = 0;
  do {
    const bool ran = co_await RunOn(shared_.bodies, pull);
    if (!ran || pull.failed || closing_) co_return false;
    step = pull.file ? pull.file->length : pull.got;
    total += step;
    if (events != nullptr && step == 0 && !events->ended()) {
      const std::chrono::milliseconds rest = events->rest();
      co_await Rest(rest);
      if (closing_) co_return false;
      if (!shared_.draining) {
        step = 1;
        continue;
      }
    }
    if (frame.framing == Framing::kLength &&
        (total > frame.length || (step == 0 && total < frame.length))) {
      LogError(
          fmt::format("request {} {}: the answer was cut in its middle: its source does not "
                      "have the {} bytes it announced",
                      exchange.request.request_id, exchange.route->id, frame.length));
      co_return false;
    }
    if (pull.file) {
      const bool sent = co_await channel_.WriteFile(shared_.bodies, *pull.file, pace);
      if (!sent) co_return false;
      continue;
    }
    std::string size;
    Channel::Parts parts = {asio::const_buffer(), asio::buffer(buffer.get(), pull.got)};
    if (chunked) {
      size = fmt::format("{:x}\r\n", pull.got);
      parts[0] = asio::buffer(size);
      parts[2] = asio::buffer("\r\n", 2);
    }
    const bool sent = co_await channel_.Write(parts, pace);
    if (!sent) co_return false;
  } while (step > 0);
  co_return true;
}

void Connection::Record(const Exchange& exchange, SteadyTime arrived,
                        std::uint64_t sent_before) const {
  if (!shared_.options.on_access) return;
  const auto took = SteadyClock::now() - arrived;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const Request& request = exchange.request;
  AccessRecord record{
      .time_millis = shared_.options.clock->NowMillis() - micros / 1000,
      .request_id = request.request_id,
      .client = request.client,
      .method = exchange.method,
      .path = std::string(SplitTarget(request.target).first),
      .route_id = exchange.route != nullptr ? exchange.route->id : std::string(),
      .status = exchange.answered ? exchange.response.status : 0,
      .bytes_received = exchange.bytes_received,
      .bytes_sent = channel_.bytes_sent() - sent_before,
      .duration_us = micros,
      .caller = exchange.response.caller,
  };
  shared_.options.on_access(record);
}

// Short naps, because nothing wakes it when the server drains.
asio::awaitable<void> Connection::Rest(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kNap{100};
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  const SteadyTime end = In(time);
  while (!closing_ && !shared_.draining && SteadyClock::now() < end) {
    timer.expires_at(std::min(end, In(kNap)));
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// Closing while the client still sends would reset the connection and could lose the answer.
asio::awaitable<void> Connection::Linger() {
  const SteadyTime end = In(kLinger);
  co_await channel_.FinishSending(std::min(end, In(kGoodbye)));
  phase_ = Phase::kLeaving;
  while (SteadyClock::now() < end && !closing_) {
    buffer_.clear();
    const bool more = co_await ReadMore(end);
    if (!more) break;
  }
  closing_ = true;
}

}  // namespace

std::unique_ptr<Session> Session::Make(Shared& shared, tcp::socket socket,
                                       const asio::ip::address& peer) {
  return std::make_unique<Connection>(shared, std::move(socket), peer);
}

}  // namespace vams::http
