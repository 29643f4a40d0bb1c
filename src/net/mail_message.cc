#include "net/mail_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/encoding.h"

namespace vams::net {

namespace {

constexpr std::size_t kMostLine = 76;
// Bytes of UTF-8 in one encoded word: "=?UTF-8?B?" and "?=" leave 63 of 75 characters for base64.
constexpr std::size_t kMostWordBytes = 45;
// Longer lines would need to be folded, which only encoded words can be.
constexpr std::size_t kMostPlainHeader = 60;

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7F; }

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Control characters become blanks, and what is no UTF-8 question marks.
std::string OneLine(std::string_view text) {
  std::string line(text);
  const bool readable = IsUtf8(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    if (static_cast<unsigned char>(c) >= 0x80 && !readable) c = '?';
  }
  return line;
}

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The name in front of an address.
std::string PhraseOf(std::string_view name) {
  const std::string line = OneLine(name);
  const bool atom = std::ranges::all_of(line, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '-' || c == '_';
  });
  if (atom && line.size() <= kMostPlainHeader) return line;
  if (!std::ranges::all_of(line, IsPrintable) || line.size() > kMostPlainHeader)
    return EncodedHeader(line);
  std::string quoted = "\"";
  for (const char c : line) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string DomainOf(const std::string& address) { return address.substr(address.rfind('@') + 1); }

}  // namespace

bool IsMailAddress(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == text.npos || at == 0 || at + 1 == text.size() || text.size() > 254) return false;
  if (text.find('@') != at) return false;
  return std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
  });
}

std::optional<MailBox> ParseMailBox(std::string_view text) {
  text = Trimmed(text);
  MailBox box;
  if (const auto open = text.rfind('<'); open != text.npos && text.ends_with('>')) {
    std::string_view name = Trimmed(text.substr(0, open));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
      name = name.substr(1, name.size() - 2);
    box.name = name;
    text = text.substr(open + 1, text.size() - open - 2);
  }
  if (!IsMailAddress(text)) return std::nullopt;
  box.address = text;
  return box;
}

std::string MailDate(std::int64_t millis) {
  using namespace std::chrono;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds at{floor<seconds>(milliseconds(millis))};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::string EncodedHeader(std::string_view text) {
  const std::string line = OneLine(text);
  if (line.size() <= kMostPlainHeader && std::ranges::all_of(line, IsPrintable) &&
      line.find("=?") == line.npos)
    return line;
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = std::min(at + kMostWordBytes, line.size());
    while (end < line.size() && end > at + 1 && IsContinuation(line[end])) --end;
    if (at > 0) out += "\r\n ";
    out += "=?UTF-8?B?" + Base64Encode(line.substr(at, end - at)) + "?=";
    at = end;
  }
  return out;
}

std::string QuotedPrintable(std::string_view text) {
  std::string out;
  std::size_t width = 0;
  const auto put = [&](std::string_view piece) {
    // A soft line break, with room for its "=".
    if (width + piece.size() > kMostLine - 1) {
      out += "=\r\n";
      width = 0;
    }
    out += piece;
    width += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n') {
      out += "\r\n";
      width = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool plain =
        (IsPrintable(c) && c != '=' && !(c == ' ' && at_end)) || (c == '\t' && !at_end);
    if (plain)
      put({&c, 1});
    else
      put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
  }
  if (width > 0) out += "\r\n";
  return out;
}

Result<std::string> MailText(const MailMessage& message) {
  if (!IsMailAddress(message.from.address) || !IsMailAddress(message.to))
    return Error(Code::kInvalid, "the mail has no usable address, so it cannot be sent");
  std::string out;
  const auto field = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  field("Date", MailDate(message.sent_millis));
  const std::string sender = "<" + message.from.address + ">";
  field("From", message.from.name.empty() ? sender : PhraseOf(message.from.name) + " " + sender);
  field("To", "<" + message.to + ">");
  field("Message-ID", fmt::format("<{}@{}>", OneLine(message.id), DomainOf(message.from.address)));
  field("Subject", EncodedHeader(message.subject));
  if (!message.unsubscribe_url.empty()) {
    out += "List-Unsubscribe:\r\n <" + OneLine(message.unsubscribe_url) + ">\r\n";
    field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  // No answers by programs, please (RFC 3834).
  field("Auto-Submitted", "auto-generated");
  field("MIME-Version", "1.0");
  field("Content-Type", "text/plain; charset=utf-8");
  field("Content-Transfer-Encoding", "quoted-printable");
  out += "\r\n" + QuotedPrintable(message.text);
  return out;
}

}  // namespace vams::net
