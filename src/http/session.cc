// The only file that includes Beast, which takes long to compile.
#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/log.h"
#include "http/wire.h"

namespace vams::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = OpContext::SteadyClock::time_point;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t kReadSize = std::size_t{16} << 10;
// How long an answer to a request that was not read to its end may take to reach the client.
constexpr std::chrono::milliseconds kLinger{2'000};

std::string_view View(boost::core::string_view text) { return {text.data(), text.size()}; }

Response InternalError(const std::string& request_id) {
  return Message(500, fmt::format("the server could not answer this request; its log names the "
                                  "cause under the request id {}",
                                  request_id));
}

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

std::string PeerText(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  const asio::ip::address address = peer.address();
  // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

// Lives on the I/O thread; only the handler runs elsewhere, while the coroutine waits for it.
class Connection final : public Session {
 public:
  Connection(Shared& shared, tcp::socket socket)
      : shared_(shared),
        socket_(std::move(socket)),
        peer_(PeerText(socket_)),
        buffer_(std::max(shared.options.header_limit, kReadSize) + kReadSize) {}

  asio::awaitable<void> Run() override;

  bool idle() const override { return idle_; }
  SteadyTime deadline() const override { return deadline_; }

  // Ends the operation the connection waits for, if it waits for the network.
  void Interrupt() {
    error_code ignored;
    socket_.cancel(ignored);
  }
  void TimeOut() override {
    timed_out_ = true;
    Interrupt();
  }
  // Ends a connection between requests.
  void CloseIdle() override {
    closing_ = true;
    Interrupt();
  }
  // Ends the connection whatever it does.  The handler is asked to stop, not stopped.
  void Abort() override {
    closing_ = true;
    if (running_ != nullptr) running_->Cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  // One request on its way through, and its answer.
  struct Exchange {
    Request request;
    OpContext op;
    Response response;
    const Route* route = nullptr;
    bool keep_alive = false;
    bool old_version = false;  // HTTP/1.0
  };
  // What reading a request came to.
  enum class Reading : std::uint8_t { kRequest, kRefused, kGone };
  enum class Head : std::uint8_t { kTaken, kAwaitsContinue, kRefused };

  // Starts a handler on a pool and completes on the I/O thread when it has returned.
  struct RunOnPool {
    Connection* session;
    Exchange* exchange;
    template <typename Completion>
    void operator()(Completion completion) const {
      auto shared_completion = std::make_shared<Completion>(std::move(completion));
      const auto executor = session->socket_.get_executor();
      const bool posted =
          session->PoolFor(*exchange).TryPost([e = exchange, shared_completion, executor] {
            RunHandler(*e);
            asio::post(executor, [shared_completion] { std::move (*shared_completion)(); });
          });
      if (posted) return;
      exchange->response = ErrorResponse(
          Error(Code::kUnavailable, "the server is busy with other requests; try again shortly"));
      asio::post(executor, [shared_completion] { std::move (*shared_completion)(); });
    }
  };

  void WaitUntil(SteadyTime deadline) {
    timed_out_ = false;
    deadline_ = deadline;
  }
  void WaitFor(std::chrono::milliseconds limit) {
    WaitUntil(OpContext::SteadyClock::now() + limit);
  }

  WorkerPool& PoolFor(const Exchange& exchange) const {
    return exchange.route->admin ? shared_.admin : shared_.workers;
  }

  asio::awaitable<bool> ReadMore();
  asio::awaitable<Reading> ReadRequest(Parser& parser, Exchange& exchange);
  asio::awaitable<bool> Write(std::string head, const std::string& body);
  asio::awaitable<bool> Answer(Exchange& exchange);
  asio::awaitable<void> Linger();

  Head TakeHead(Parser& parser, Exchange& exchange);
  void FindRoute(Exchange& exchange, std::string_view method);
  static void RunHandler(Exchange& exchange);

  Shared& shared_;
  tcp::socket socket_;
  const std::string peer_;
  beast::flat_buffer buffer_;
  error_code last_error_;
  SteadyTime deadline_ = SteadyTime::max();
  bool timed_out_ = false;
  bool idle_ = true;      // between requests: nobody is hurt if it is closed
  bool closing_ = false;  // no further request
  OpContext* running_ = nullptr;
};

// The connection's life: requests one after the other, so that answers to pipelined ones keep
// their order.
asio::awaitable<void> Connection::Run() {
  while (!closing_) {
    Exchange exchange;
    exchange.request.request_id = NewUuid(*shared_.options.random);
    exchange.request.peer = peer_;
    exchange.op.request_id = exchange.request.request_id;
    Parser parser;
    const Reading reading = co_await ReadRequest(parser, exchange);
    if (reading == Reading::kGone) break;
    if (reading == Reading::kRequest && exchange.route != nullptr) {
      WaitUntil(SteadyTime::max());
      running_ = &exchange.op;
      const RunOnPool run{this, &exchange};
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(run,
                                                                           asio::use_awaitable);
      running_ = nullptr;
    }
    if (reading == Reading::kRefused || closing_ || shared_.draining || shared_.crowded)
      exchange.keep_alive = false;
    const bool written = co_await Answer(exchange);
    if (!written) break;
    if (reading == Reading::kRefused) {
      co_await Linger();
      break;
    }
    if (!exchange.keep_alive) break;
    // The server may have begun to drain, or to want room, while the answer was on its way; it
    // looks for idle connections only once.
    if ((shared_.draining || shared_.crowded) && buffer_.size() == 0) break;
  }
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

// False at the end of the stream, on an error and at the deadline.
asio::awaitable<bool> Connection::ReadMore() {
  const auto space = buffer_.prepare(std::min(kReadSize, buffer_.max_size() - buffer_.size()));
  last_error_.clear();
  const std::size_t got = co_await socket_.async_read_some(
      space, asio::redirect_error(asio::use_awaitable, last_error_));
  buffer_.commit(got);
  co_return !last_error_;
}

asio::awaitable<Connection::Reading> Connection::ReadRequest(Parser& parser, Exchange& exchange) {
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.header_limit));
  parser.body_limit(shared_.options.body_limit);
  parser.eager(false);  // the head first, and alone
  bool has_head = false;
  idle_ = buffer_.size() == 0;
  WaitFor(idle_ ? shared_.options.idle_timeout : shared_.options.read_timeout);
  while (true) {
    error_code error;
    if (buffer_.size() > 0) {
      const std::size_t used = parser.put(buffer_.data(), error);
      buffer_.consume(used);
    }
    if (error && error != beast::http::error::need_more) {
      exchange.response = ParseErrorResponse(error, shared_.options);
      co_return Reading::kRefused;
    }
    if (parser.is_header_done() && !has_head) {
      has_head = true;
      const Head head = TakeHead(parser, exchange);
      if (head == Head::kRefused) co_return Reading::kRefused;
      if (head == Head::kAwaitsContinue && buffer_.size() == 0) {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const std::string no_body;
        const bool sent = co_await Write(std::move(go_on), no_body);
        if (!sent) co_return Reading::kGone;
      }
      parser.eager(true);
      WaitFor(shared_.options.read_timeout);
      if (!parser.is_done() && buffer_.size() > 0) continue;
    }
    if (parser.is_done()) break;
    if (buffer_.size() == buffer_.max_size()) {
      exchange.response = ParseErrorResponse(beast::http::error::buffer_overflow, shared_.options);
      co_return Reading::kRefused;
    }
    const bool more = co_await ReadMore();
    if (!more) {
      if (!timed_out_ || idle_) co_return Reading::kGone;
      exchange.response = Message(408, "the request took too long to arrive; send it again");
      co_return Reading::kRefused;
    }
    // The first byte starts the clock for the whole head; a body has to make progress.
    if (idle_ || has_head) WaitFor(shared_.options.read_timeout);
    idle_ = false;
  }
  if (exchange.route != nullptr) exchange.request.body = std::move(parser.get().body());
  co_return Reading::kRequest;
}

// Copies the head (before the body, so that trailers never pass for header fields) and finds the
// route.  Without one the answer is filled in.
Connection::Head Connection::TakeHead(Parser& parser, Exchange& exchange) {
  using beast::http::field;
  const auto& message = parser.get();
  exchange.old_version = message.version() < 11;
  const std::size_t hosts = message.count(field::host);
  if (hosts > 1 || (hosts == 0 && !exchange.old_version)) {
    exchange.response = Message(400, "the request needs exactly one Host header field; send one");
    return Head::kRefused;
  }
  exchange.keep_alive = parser.keep_alive();
  Request& request = exchange.request;
  for (const auto& line : message)
    request.headers.Add(View(line.name_string()), View(line.value()));
  const auto [path, query] = SplitTarget(View(message.target()));
  request.path = path;
  FindRoute(exchange, View(message.method_string()));
  if (auto pairs = ParseQuery(query)) {
    request.query = *std::move(pairs);
  } else if (exchange.route != nullptr) {
    exchange.route = nullptr;
    exchange.response = Message(
        400, "the query has a % that two hexadecimal digits do not follow; write %25 for it");
  }
  if (!EqualsIgnoreCase(View(message[field::expect]), "100-continue")) return Head::kTaken;
  // The client waits to hear whether its body is wanted.
  return exchange.route != nullptr ? Head::kAwaitsContinue : Head::kRefused;
}

void Connection::FindRoute(Exchange& exchange, std::string_view method) {
  const std::optional<Verb> verb = FindVerb(method);
  Match match = shared_.routes.Find(verb, exchange.request.path);
  // The answer to HEAD has no body, whichever answer it is.
  exchange.request.verb = verb.value_or(Verb::kGet);
  if (Found* found = std::get_if<Found>(&match)) {
    exchange.route = found->route;
    exchange.request.path_parameters = std::move(found->parameters);
  } else if (const NoSuchVerb* other = std::get_if<NoSuchVerb>(&match)) {
    exchange.response =
        Message(405, fmt::format("this path does not answer {}, only {}", method, other->allow));
    exchange.response.headers.Set("allow", other->allow);
  } else if (std::holds_alternative<BadPath>(match)) {
    exchange.response = Message(400, "the path is not one that a URL can have; check its escapes");
  } else {
    exchange.response = Message(404, "there is nothing at this path; check its spelling");
  }
}

// On a pool thread.  What a handler throws ends here.
void Connection::RunHandler(Exchange& exchange) {
  const std::string& id = exchange.request.request_id;
  const std::string& route = exchange.route->id;
  try {
    Result<Response> result = exchange.route->handle(exchange.request, exchange.op);
    if (result.ok()) {
      exchange.response = *std::move(result);
      return;
    }
    const Error& error = result.error();
    if (StatusOf(error.code) >= 500)
      LogError(fmt::format("request {} {}: {}: {} ({})", id, route, CodeName(error.code),
                           error.message, error.details));
    exchange.response = ErrorResponse(error);
  } catch (const std::exception& thrown) {
    LogError(fmt::format("request {} {}: exception: {}", id, route, thrown.what()));
    exchange.response = InternalError(id);
  } catch (...) {
    LogError(fmt::format("request {} {}: unknown exception", id, route));
    exchange.response = InternalError(id);
  }
}

asio::awaitable<bool> Connection::Answer(Exchange& exchange) {
  Response& response = exchange.response;
  const std::string& id = exchange.request.request_id;
  if (!CanBeSent(response)) {
    LogError(fmt::format("request {}: the handler's status or a header field cannot be sent", id));
    response = InternalError(id);
  }
  Persistence persistence = Persistence::kClose;
  if (exchange.keep_alive)
    persistence = exchange.old_version ? Persistence::kKeepAliveHttp10 : Persistence::kKeepAlive;
  std::string head = HeadText(response, persistence, id, shared_.options.clock->NowMillis());
  if (exchange.request.verb == Verb::kHead || !MayHaveBody(response.status)) response.body.clear();
  const bool written = co_await Write(std::move(head), response.body);
  co_return written;
}

// Head and body in one system call where the socket takes them.
asio::awaitable<bool> Connection::Write(std::string head, const std::string& body) {
  std::array<asio::const_buffer, 2> rest = {asio::buffer(head), asio::buffer(body)};
  while (asio::buffer_size(rest) > 0) {
    WaitFor(shared_.options.write_timeout);
    last_error_.clear();
    std::size_t sent = co_await socket_.async_write_some(
        rest, asio::redirect_error(asio::use_awaitable, last_error_));
    if (last_error_) co_return false;
    for (asio::const_buffer& part : rest) {
      const std::size_t step = std::min(sent, part.size());
      part += step;
      sent -= step;
    }
  }
  co_return true;
}

// Closing while the client still sends would reset the connection and could lose the answer.
asio::awaitable<void> Connection::Linger() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  WaitFor(kLinger);
  const SteadyTime end = deadline_;
  idle_ = true;
  while (OpContext::SteadyClock::now() < end && !closing_) {
    buffer_.clear();
    const bool more = co_await ReadMore();
    if (!more) break;
  }
}

}  // namespace

std::unique_ptr<Session> Session::Make(Shared& shared, tcp::socket socket) {
  return std::make_unique<Connection>(shared, std::move(socket));
}

}  // namespace vams::http
