#include "lifecycle/served_stack.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <utility>

#include "lifecycle/manage_socket.h"

namespace vams::lifecycle {

namespace json = boost::json;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

namespace {

// Longer than the server's own patience with a write that is under way.
constexpr std::chrono::seconds kFreezeLimit{90};
constexpr std::chrono::seconds kAskLimit{60};

Error Ended() {
  return {Code::kCancelled,
          "the process that served the stack ended; nobody serves it any more: see its log for the "
          "reason, then start it again with \"vams serve\""};
}

Error TooSlow() {
  return {
      Code::kTimeout,
      "the process that serves the stack did not answer in time; look whether it is alive, then "
      "try again"};
}

Error Odd() {
  return {Code::kUnavailable,
          "the process that serves the stack answered something that this release does not "
          "understand; use the release that it runs"};
}

}  // namespace

struct ServedStack::Impl {
  explicit Impl(files::Path the_path) : path(std::move(the_path)) {}

  Status Connect();
  Result<json::object> Ask(const json::object& question, milliseconds limit);
  // One question and its answer on the connection there is.
  Result<json::object> Exchange(const std::string& line, milliseconds limit);
  Result<std::string> ReadLine(SteadyClock::time_point deadline);
  Result<ServedState> AskState(const json::object& question, milliseconds limit);

  const files::Path path;
  ManageSocket connection;
  std::string buffer;
  bool frozen = false;
};

Status ServedStack::Impl::Connect() {
  buffer.clear();
  TRY(connection, ConnectManage(path));
  if (IsOurs(connection) || ::geteuid() == 0) return Ok();
  connection.Close();
  return Error(
      Code::kDenied,
      fmt::format("the process that answers at {} belongs to another user; run the command "
                  "as that user or as root",
                  path.string()));
}

Result<std::string> ServedStack::Impl::ReadLine(SteadyClock::time_point deadline) {
  while (true) {
    if (const auto end = buffer.find('\n'); end != buffer.npos) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      return line;
    }
    if (buffer.size() > kLongestManageLine) return Odd();
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now()).count();
    pollfd polled{connection.get(), POLLIN, 0};
    const int ready =
        ::poll(&polled, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
    if (ready == 0 && SteadyClock::now() >= deadline) return TooSlow();
    if (ready < 0 && errno != EINTR) return Ended();
    if (ready <= 0) continue;
    std::array<char, 4096> some;
    const ssize_t got = ::recv(connection.get(), some.data(), some.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Ended();
    buffer.append(some.data(), static_cast<std::size_t>(got));
  }
}

Result<json::object> ServedStack::Impl::Exchange(const std::string& line, milliseconds limit) {
  const auto deadline = SteadyClock::now() + limit;
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t some =
        ::send(connection.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) return Ended();
    sent += static_cast<std::size_t>(some);
  }
  auto answer = ReadLine(deadline);
  if (!answer.ok()) {
    // What arrives late must not answer the next question.
    connection.Close();
    return std::move(answer).error();
  }
  boost::system::error_code failed;
  json::value value = json::parse(*answer, failed);
  if (failed || !value.is_object()) return Odd();
  return std::move(value.as_object());
}

Result<json::object> ServedStack::Impl::Ask(const json::object& question, milliseconds limit) {
  const std::string line = json::serialize(question) + "\n";
  const bool lost_freeze = frozen && !connection.valid();
  if (lost_freeze) {
    frozen = false;
    return Ended();
  }
  if (!connection.valid()) {
    auto connected = Connect();
    if (!connected.ok())
      return connected.error().code == Code::kNotFound ? Ended() : connected.error();
  }
  TRY(json::object answer, Exchange(line, limit));
  if (const json::value* error = answer.if_contains("error");
      error != nullptr && error->is_object())
    return ErrorOf(error->as_object());
  json::value* ok = answer.if_contains("ok");
  if (ok == nullptr || !ok->is_object()) return Odd();
  return std::move(ok->as_object());
}

Result<ServedState> ServedStack::Impl::AskState(const json::object& question, milliseconds limit) {
  TRY(const auto answer, Ask(question, limit));
  return ServedStateOf(answer);
}

ServedStack::ServedStack(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServedStack::ServedStack(ServedStack&&) noexcept = default;
ServedStack& ServedStack::operator=(ServedStack&&) noexcept = default;
ServedStack::~ServedStack() = default;

Result<std::optional<ServedStack>> ServedStack::Find(const Stack& stack, milliseconds limit) {
  auto impl = std::make_unique<Impl>(ManageSocketOf(stack));
  const Status connected = impl->Connect();
  if (!connected.ok()) {
    if (connected.error().code == Code::kNotFound) return std::optional<ServedStack>();
    return connected.error();
  }
  const auto state = impl->AskState({{"ask", "state"}}, limit);
  // It ended before it answered.
  if (!state.ok() && state.error().code == Code::kCancelled) return std::optional<ServedStack>();
  TRY_OK(state);
  return std::optional(ServedStack(std::move(impl)));
}

Result<ServedState> ServedStack::State() { return impl_->AskState({{"ask", "state"}}, kAskLimit); }

Result<items::Position> ServedStack::Freeze(std::string_view reason) {
  TRY(const auto answer, impl_->Ask({{"ask", "freeze"}, {"reason", reason}}, kFreezeLimit));
  impl_->frozen = true;
  const json::value* position = answer.if_contains("lastChange");
  if (position == nullptr || !position->is_int64()) return Odd();
  return static_cast<items::Position>(position->as_int64());
}

Status ServedStack::Thaw() {
  TRY([[maybe_unused]] const auto answer, impl_->Ask({{"ask", "thaw"}}, std::chrono::minutes(10)));
  impl_->frozen = false;
  return Ok();
}

Result<ServedState> ServedStack::Reload(milliseconds limit) {
  auto state = impl_->AskState({{"ask", "reload"}}, limit);
  impl_->frozen = false;
  return state;
}

Result<std::string> ServedStack::AdminToken() {
  TRY(const auto answer, impl_->Ask({{"ask", "token"}}, kAskLimit));
  const json::value* token = answer.if_contains("token");
  if (token == nullptr || !token->is_string()) return Odd();
  return std::string(token->as_string());
}

Result<ServedState> ServedStack::Refresh() {
  return impl_->AskState({{"ask", "refresh"}}, kAskLimit);
}

}  // namespace vams::lifecycle
