// A mail as it goes over the wire: RFC 5322 with MIME, plain text in UTF-8.  Pure; thread-safe.
//
// Nothing in a field can become another field or end the head: control characters are blanks there,
// and what is not ASCII is encoded (RFC 2047).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::net {

// "VAMS <vams@plant.example>" or the address alone.
struct MailBox {
  std::string name;
  std::string address;
};
// Nothing unless the address is one that can be written to: ASCII without blanks, control
// characters, quotes and brackets, one '@' with something on both sides.
std::optional<MailBox> ParseMailBox(std::string_view text);
bool IsMailAddress(std::string_view text);

struct MailMessage {
  MailBox from;
  std::string to;       // an address
  std::string subject;  // UTF-8
  std::string text;     // UTF-8, lines end with "\n"
  // Unique; the same for every attempt at sending it, so that a second copy can be told.
  std::string id;
  std::int64_t sent_millis = 0;
  // Where one POST ends what the mail is about (RFC 8058); empty: nowhere.
  std::string unsubscribe_url;
};

// kInvalid if `from` or `to` is no address.
Result<std::string> MailText(const MailMessage& message);

// "Sat, 01 Mar 2025 10:00:00 +0000"
std::string MailDate(std::int64_t millis);
// What follows "Subject: ": as it is if it is printable ASCII, else encoded words of at most 75
// characters on lines of their own.
std::string EncodedHeader(std::string_view text);
// Lines of at most 76 characters that end with CR LF.
std::string QuotedPrintable(std::string_view text);

}  // namespace vams::net
