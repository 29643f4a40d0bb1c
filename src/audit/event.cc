#include "audit/event.h"

#include <algorithm>
#include <array>

#include "audit/mask.h"
#include "base/ascii.h"

namespace vams::audit {

namespace {

constexpr auto kTags = std::to_array<std::string_view>(
    {"AUTHENTICATION", "AUTHORIZATION", "AUTHOTHER", "AUTHCHANGES", "FILEUPLOAD", "FILEDOWNLOAD",
     "FILEDOWNLOAD-STREAMED", "ACTIONS", "ERRORS"});
static_assert(kTags.size() == static_cast<std::size_t>(Channel::kErrors) + 1);

std::string_view Capitalised(bool value) { return value ? "True" : "False"; }

// A bare text of the line, in which nothing can look like another part of it.
void AppendBare(std::string& out, std::string_view text) {
  std::string quoted;
  AppendJsonText(quoted, text);
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    const char c = quoted[i];
    if (c == '[')
      out += "\\u005b";
    else if (c == ']')
      out += "\\u005d";
    else if (c == '\\' && quoted[i + 1] == '\\') {
      out += "\\u005c";
      ++i;
    } else if (c == '\\' && quoted[i + 1] == '"')
      out += quoted[++i];
    else
      out += c;
  }
}

}  // namespace

std::string_view TagOf(Channel channel) { return kTags[static_cast<std::size_t>(channel)]; }

std::optional<Channel> ChannelFromTag(std::string_view tag) {
  const auto same = [](char a, char b) { return LowerChar(a) == LowerChar(b); };
  for (std::size_t i = 0; i < kTags.size(); ++i)
    if (std::ranges::equal(kTags[i], tag, same)) return static_cast<Channel>(i);
  return std::nullopt;
}

std::string TextOf(const Event& event) {
  std::string out;
  out.reserve(512);
  out += '[';
  out += TagOf(event.channel);
  out += ']';
  switch (event.channel) {
    case Channel::kAuthentication:
      out += "[authenticated: ";
      out += Capitalised(event.outcome.value_or(false));
      out += ']';
      break;
    case Channel::kAuthorization:
      out += "[authorized: ";
      out += Capitalised(event.outcome.value_or(false));
      out += ']';
      break;
    case Channel::kAuthOther:
    case Channel::kAuthChanges:
    case Channel::kActions:
    case Channel::kErrors:
      out += "[type: ";
      AppendBare(out, MaskText(event.type));
      out += ']';
      break;
    case Channel::kFileUpload:
    case Channel::kFileDownload:
    case Channel::kFileDownloadStreamed:
      break;
  }
  out += " [user: ";
  AppendBare(out, event.actor.user.empty() ? "UNKNOWN" : MaskText(event.actor.user));
  out += "] [roles: [";
  for (std::size_t i = 0; i < event.actor.roles.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonText(out, MaskText(event.actor.roles[i]));
  }
  out += "]] [mfaEnabled: ";
  out += Capitalised(event.actor.mfa);
  out += "] ";
  if (!event.payload.empty()) {
    AppendMasked(out, event.payload);
    out += ' ';
  }
  out += "--- [event: ";
  AppendMasked(out, event.request);
  out += ']';
  return out;
}

}  // namespace vams::audit
