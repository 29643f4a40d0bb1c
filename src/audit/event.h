// What the audit log records: one event is one line of docs/formats/audit-log.md, in the text form
// of api-auth.md section 11.2.  Plain values; pure functions; never blocks.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vams::audit {

enum class Channel : std::uint8_t {
  kAuthentication,
  kAuthorization,
  kAuthOther,
  kAuthChanges,
  kFileUpload,
  kFileDownload,
  kFileDownloadStreamed,
  kActions,
  kErrors,
};

// "AUTHENTICATION", "FILEDOWNLOAD-STREAMED", …: the first tag of a line.
std::string_view TagOf(Channel channel);
// Whatever the case of the letters.
std::optional<Channel> ChannelFromTag(std::string_view tag);

struct Actor {
  std::string user = "UNKNOWN";  // stays so without an identity
  std::vector<std::string> roles;
  bool mfa = false;
};

struct Event {
  Channel channel = Channel::kActions;
  // "roleCreate", "validation", …; used by the channels whose tag has a type.
  std::string type;
  // Authenticated or authorized; used by those two channels, where absent means false.
  std::optional<bool> outcome;
  Actor actor;
  boost::json::object payload;  // left out of the line if empty
  // The request: method, path, headers, query, body, source address, claims.  Give it as it came:
  // the log masks it, and the payload and the reason too.  What only the handler knows to be secret
  // (a code that is part of a path) must not be in it.
  boost::json::object request;
  std::string request_id;
  // What tells apart cases that have the same answer on the wire: not-found, refused, invalid, …
  std::string reason;
};

// "[TAG][…] [user: …] [roles: […]] [mfaEnabled: False] {payload} --- [event: {…}]", masked, in one
// line without tabs, well-formed UTF-8 whatever the event holds.
std::string TextOf(const Event& event);

}  // namespace vams::audit
