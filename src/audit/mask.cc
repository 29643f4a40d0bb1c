#include "audit/mask.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/encoding.h"

namespace vams::audit {

namespace json = boost::json;

namespace {

constexpr std::string_view kRedacted = "<redacted>";
constexpr std::size_t kLongestText = std::size_t{8} << 10;
constexpr std::size_t kLongestObject = std::size_t{64} << 10;
constexpr std::size_t kLongestLookedInto = std::size_t{256} << 10;
constexpr int kDeepest = 64;
// A text that is JSON that holds a text that is JSON …: nobody means well by more.
constexpr int kDeepestJsonText = 3;
constexpr std::string_view kKeyStart = "vams_";
constexpr std::size_t kShortestKey = 16;
constexpr std::string_view kTokenStart = "eyJ";  // base64 of {"
constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kShortestBearer = 8;

// Sorted; lower case without punctuation.
constexpr auto kSecretNames = std::to_array<std::string_view>({"accesskeyid",
                                                               "apikey",
                                                               "apikeyhash",
                                                               "apikeys",
                                                               "assertion",
                                                               "authorization",
                                                               "awsaccesskeyid",
                                                               "bearer",
                                                               "clientassertion",
                                                               "code",
                                                               "codeverifier",
                                                               "confirmationcode",
                                                               "cookie",
                                                               "cookies",
                                                               "credential",
                                                               "credentials",
                                                               "jwt",
                                                               "otp",
                                                               "passwd",
                                                               "privatekey",
                                                               "proxyauthorization",
                                                               "pwd",
                                                               "recoverycode",
                                                               "recoverycodes",
                                                               "session",
                                                               "setcookie",
                                                               "signature",
                                                               "totp",
                                                               "totpcode",
                                                               "usercode",
                                                               "verificationcode",
                                                               "xamzcredential",
                                                               "xamzsignature",
                                                               "xapikey"});
static_assert(std::ranges::is_sorted(kSecretNames));
constexpr std::string_view kSecretParts[] = {"password", "passphrase", "secret", "mfacode"};
constexpr std::string_view kListPositions[] = {"nexttoken", "startingtoken", "continuationtoken"};

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool IsTokenChar(char c) { return IsAlnum(c) || c == '_' || c == '-'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, {}, LowerChar);
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%')
      if (const auto byte = HexDecode(text.substr(i + 1, 2)); byte && byte->size() == 1) {
        out += *byte;
        i += 2;
        continue;
      }
    out += text[i];
  }
  return out;
}

// The places of a text to replace: [first, second).
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

template <typename Belongs>
std::size_t EndOfRun(std::string_view text, std::size_t at, Belongs belongs) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

void FindApiKeys(std::string_view text, Ranges& found) {
  for (auto at = text.find(kKeyStart); at != text.npos; at = text.find(kKeyStart, at + 1)) {
    const std::size_t end = EndOfRun(text, at + kKeyStart.size(), IsTokenChar);
    if (end - at >= kKeyStart.size() + kShortestKey) found.emplace_back(at, end);
  }
}

void FindTokens(std::string_view text, Ranges& found) {
  for (auto at = text.find(kTokenStart); at != text.npos; at = text.find(kTokenStart, at + 1)) {
    const std::size_t end =
        EndOfRun(text, at, [](char c) { return IsTokenChar(c) || c == '.' || c == '='; });
    // Positions in lists are base64 of JSON too, but have no second part.
    if (end - at >= kShortestToken && text.substr(at, end - at).find('.') != text.npos)
      found.emplace_back(at, end);
  }
}

void FindCredentials(std::string_view text, Ranges& found) {
  constexpr std::string_view kBasic = "basic ", kBearer = "bearer ";
  if (EqualsIgnoringCase(text.substr(0, kBasic.size()), kBasic))
    found.emplace_back(kBasic.size(), text.size());
  for (std::size_t at = text.find(' '); at != text.npos; at = text.find(' ', at + 1)) {
    if (at + 1 < kBearer.size() ||
        !EqualsIgnoringCase(text.substr(at + 1 - kBearer.size(), kBearer.size()), kBearer))
      continue;
    const std::size_t end = EndOfRun(text, at + 1, [](char c) { return !IsSpace(c); });
    if (end - at > kShortestBearer) found.emplace_back(at + 1, end);
  }
}

// name=value of queries, forms and cookies.
void FindParameters(std::string_view text, Ranges& found) {
  constexpr std::string_view kBeforeName = "?&;, \t\r\n\"'(/#";
  for (std::size_t at = text.find('='); at != text.npos; at = text.find('=', at + 1)) {
    const std::size_t before = text.substr(0, at).find_last_of(kBeforeName);
    const std::size_t name = before == text.npos ? 0 : before + 1;
    if (!IsSecretName(PercentDecoded(text.substr(name, at - name)))) continue;
    std::size_t end;
    if (const char quote = at + 1 < text.size() ? text[at + 1] : ' '; quote == '"' || quote == '\'')
      end = std::min(text.find(quote, at + 2), text.size() - 1) + 1;
    else
      end = EndOfRun(text, at + 1, [](char c) { return c != '&' && !IsSpace(c); });
    if (end > at + 1) found.emplace_back(at + 1, end);
  }
}

// Whether "name": of a secret name stands in a text that is no JSON as a whole.
bool HoldsSecretMember(std::string_view text) {
  for (std::size_t at = text.find(':'); at != text.npos; at = text.find(':', at + 1)) {
    std::size_t end = at;
    while (end > 0 && IsSpace(text[end - 1])) --end;
    if (end == 0 || (text[end - 1] != '"' && text[end - 1] != '\'')) continue;
    --end;
    while (end > 0 && text[end - 1] == '\\') --end;
    std::size_t begin = end;
    while (begin > 0 && IsTokenChar(text[begin - 1])) --begin;
    if (IsSecretName(text.substr(begin, end - begin))) return true;
  }
  return false;
}

std::string Replaced(std::string_view text, Ranges& ranges) {
  std::ranges::sort(ranges);
  std::string out;
  std::size_t done = 0;
  for (const auto& [begin, end] : ranges) {
    if (end <= done) continue;
    // A range that overlaps the one before belongs to what was replaced already.
    if (begin >= done) {
      out += text.substr(done, begin - done);
      out += kRedacted;
    }
    done = end;
  }
  out += text.substr(done);
  return out;
}

std::string WithoutSecrets(std::string_view text) {
  Ranges ranges;
  FindApiKeys(text, ranges);
  FindTokens(text, ranges);
  FindCredentials(text, ranges);
  FindParameters(text, ranges);
  return ranges.empty() ? std::string(text) : Replaced(text, ranges);
}

void Cut(std::string& text, std::size_t original) {
  if (text.size() <= kLongestText) return;
  std::size_t end = kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += " <cut: " + std::to_string(original) + " bytes>";
}

void AppendValue(std::string& out, const json::value& value, int depth, int json_texts);

// The text masked and cut, as it is to be written.
std::string MaskedText(std::string_view text, int depth, int json_texts) {
  const auto hidden = [&](std::string_view why) {
    return "<redacted: " + std::to_string(text.size()) + " bytes" + std::string(why) + ">";
  };
  std::size_t start = EndOfRun(text, 0, IsSpace);
  if (text.substr(start).starts_with(kKeyStart)) return std::string(kRedacted);
  if (text.size() > kLongestLookedInto) return hidden("");
  std::string out;
  if (start < text.size() && (text[start] == '{' || text[start] == '[')) {
    boost::system::error_code error;
    const json::value inner = json::parse(text, error);
    if (!error && json_texts < kDeepestJsonText) {
      AppendValue(out, inner, depth + 1, json_texts + 1);
      Cut(out, text.size());
      return out;
    }
    // Without quotes it has no members, such as "[draft] pump" and "{databaseId}".
    if (!error || text.find_first_of("\"'") != text.npos) return hidden(", not valid JSON");
  }
  if (HoldsSecretMember(text)) return hidden(", not valid JSON");
  out = WithoutSecrets(text);
  Cut(out, text.size());
  return out;
}

bool EndsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         EqualsIgnoringCase(text.substr(text.size() - lower.size()), lower);
}

// {"Name": "password", "Value": …}: the name is a value here.
bool IsSecretPair(const json::object& object) {
  constexpr std::size_t kMostMembers = 8;
  if (object.size() > kMostMembers) return false;
  return std::ranges::any_of(object, [](const auto& member) {
    return member.value().is_string() &&
           (EndsIgnoringCase(member.key(), "name") || EndsIgnoringCase(member.key(), "key")) &&
           IsSecretName(member.value().get_string());
  });
}

void AppendMembers(std::string& out, const json::object& object, int depth, int json_texts) {
  out += '{';
  bool first = true;
  const bool secret_pair = IsSecretPair(object);
  for (const auto& member : object) {
    if (!std::exchange(first, false)) out += ',';
    AppendJsonText(out, MaskText(member.key()));
    out += ':';
    if (IsSecretName(member.key()) || (secret_pair && EndsIgnoringCase(member.key(), "value"))) {
      AppendJsonText(out, kRedacted);
    } else if (EqualsIgnoringCase(member.key(), "body") && member.value().is_structured()) {
      std::string body;
      AppendValue(body, member.value(), depth + 1, json_texts);
      const std::size_t size = body.size();
      if (size <= kLongestText) {
        out += body;
      } else {
        Cut(body, size);
        AppendJsonText(out, body);
      }
    } else {
      AppendValue(out, member.value(), depth + 1, json_texts);
    }
  }
  out += '}';
}

void AppendValue(std::string& out, const json::value& value, int depth, int json_texts) {
  if (depth > kDeepest) return AppendJsonText(out, kRedacted);
  if (const auto* object = value.if_object()) return AppendMembers(out, *object, depth, json_texts);
  if (const auto* text = value.if_string())
    return AppendJsonText(out, MaskedText(*text, depth, json_texts));
  if (const auto* array = value.if_array()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!std::exchange(first, false)) out += ',';
      AppendValue(out, element, depth + 1, json_texts);
    }
    out += ']';
    return;
  }
  out += json::serialize(value);
}

void AppendValidUtf8(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && !IsUtf8(text.substr(at, length))) ++length;
    if (length <= 4 && at + length <= text.size()) {
      out += text.substr(at, length);
      at += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++at;
    }
  }
}

}  // namespace

bool IsSecretName(std::string_view name) {
  char buffer[128];
  std::size_t size = 0;
  for (const char c : name)
    if (IsAlnum(c) && size < sizeof buffer) buffer[size++] = LowerChar(c);
  const std::string_view plain(buffer, size);
  if (std::ranges::binary_search(kSecretNames, plain)) return true;
  for (const std::string_view part : kSecretParts)
    if (plain.find(part) != plain.npos) return true;
  return plain.ends_with("token") &&
         std::ranges::find(kListPositions, plain) == std::ranges::end(kListPositions);
}

std::string MaskText(std::string_view text) { return MaskedText(text, 0, 0); }

void AppendJsonText(std::string& out, std::string_view text) {
  std::string valid;
  if (!IsUtf8(text)) {
    AppendValidUtf8(valid, text);
    text = valid;
  }
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendMasked(std::string& out, const json::object& object) {
  const std::size_t start = out.size();
  AppendMembers(out, object, 0, 0);
  const std::size_t size = out.size() - start;
  if (size <= kLongestObject) return;
  std::string text = out.substr(start);
  Cut(text, size);
  out.resize(start);
  out += "{\"truncated\":";
  AppendJsonText(out, text);
  out += ",\"bytes\":" + std::to_string(size) + "}";
}

}  // namespace vams::audit
