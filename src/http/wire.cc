#include "http/wire.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/encoding.h"
#include "http/conditional.h"

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

const std::string& DateText::Now(const Clock& clock) {
  const std::int64_t millis = clock.NowMillis();
  if (millis / 1000 != second_) {
    second_ = millis / 1000;
    text_ = HttpDate(millis);
  }
  return text_;
}

RequestIds::RequestIds(Random& random) {
  std::string raw(8, '\0');
  random.Fill(raw.data(), raw.size());
  prefix_ = HexEncode(raw);
  random.Fill(&next_, sizeof(next_));
}

std::string RequestIds::Next() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  // An odd step runs through all 2^64 values before one comes again, and neighbours look unlike.
  next_ += 0x9e3779b97f4a7c15;
  std::string id = prefix_;
  for (int shift = 60; shift >= 0; shift -= 4) id += kDigits[(next_ >> shift) & 15];
  return id;
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
  return response.status >= 200 && response.status <= 599 && CanBeSent(response.headers);
}

bool CanBeSent(const Headers& headers) { return std::ranges::all_of(headers, IsSafeHeader); }

void AppendHead(std::string& out, const Response& response, const HeadFrame& frame) {
  const auto line = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str());
  out.append(" ").append(ReasonPhrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers)
    if (!IsOwnedByServer(name)) line(name, value);
  for (const auto& [name, value] : frame.common)
    if (!IsOwnedByServer(name) && !response.headers.Has(name)) line(name, value);
  if (frame.framing == Framing::kLength)
    line("content-length", fmt::format_int(frame.length).c_str());
  if (frame.framing == Framing::kChunked) line("transfer-encoding", "chunked");
  line("date", frame.date);
  line("x-request-id", frame.request_id);
  line("x-content-type-options", "nosniff");
  if (frame.persistence == Persistence::kClose) line("connection", "close");
  if (frame.persistence == Persistence::kKeepAliveHttp10) line("connection", "keep-alive");
  out.append("\r\n");
}

}  // namespace vams::http
