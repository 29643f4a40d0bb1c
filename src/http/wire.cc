#include "http/wire.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <iterator>

namespace vams::http {

namespace {

bool IsSafeHeader(const Headers::Field& field) {
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  return !field.first.empty() && field.first.find_first_of(" \t:") == std::string::npos &&
         std::ranges::none_of(field.first, is_control) &&
         std::ranges::none_of(field.second, is_control);
}

bool IsOwnedByServer(std::string_view name) {
  for (const std::string_view own : {"content-length", "connection", "transfer-encoding", "date",
                                     "x-request-id", "x-content-type-options"})
    if (EqualsIgnoreCase(name, own)) return true;
  return false;
}

}  // namespace

std::string HttpDate(std::int64_t millis) {
  static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm tm{};
  ::gmtime_r(&seconds, &tm);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[tm.tm_wday], tm.tm_mday,
                     kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
    if (target.starts_with('?')) return {"/", target.substr(1)};
  }
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return {target, {}};
  return {target.substr(0, question), target.substr(question + 1)};
}

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

bool CanBeSent(const Response& response) {
  return response.status >= 200 && response.status <= 599 &&
         std::ranges::all_of(response.headers, IsSafeHeader);
}

std::string HeadText(const Response& response, Persistence persistence, std::string_view request_id,
                     std::int64_t now_millis) {
  std::string head;
  head.reserve(256);
  auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", response.status, ReasonPhrase(response.status));
  for (const auto& [name, value] : response.headers)
    if (!IsOwnedByServer(name)) fmt::format_to(out, "{}: {}\r\n", name, value);
  if (MayHaveBody(response.status))
    fmt::format_to(out, "content-length: {}\r\n", response.body.size());
  fmt::format_to(out, "date: {}\r\nx-request-id: {}\r\nx-content-type-options: nosniff\r\n",
                 HttpDate(now_millis), request_id);
  if (persistence == Persistence::kClose) head += "connection: close\r\n";
  if (persistence == Persistence::kKeepAliveHttp10) head += "connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

}  // namespace vams::http
