#include "http/conditional.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "http/compress.h"
#include "http/field_text.h"
#include "http/range.h"

namespace vams::http {

namespace {

constexpr std::string_view kGzipSuffix = "-gzip\"";

bool IsWeak(std::string_view tag) { return tag.starts_with("W/"); }
std::string_view Opaque(std::string_view tag) { return IsWeak(tag) ? tag.substr(2) : tag; }

bool IsRead(const Request& request) {
  return request.verb == Verb::kGet || request.verb == Verb::kHead;
}

// Every value of a list field; `each` returns true to stop.  Tags may hold commas, so the list is
// not split at them.  A value that is no tag ends its field: what follows cannot be trusted.
template <typename Each>
bool AnyTag(const Request& request, std::string_view field_name, const Each& each) {
  for (const auto& [name, value] : request.headers) {
    if (!EqualsIgnoreCase(name, field_name)) continue;
    std::string_view rest = value;
    while (true) {
      const auto begin = rest.find_first_not_of(" \t,");
      if (begin == std::string_view::npos) break;
      rest.remove_prefix(begin);
      std::size_t length = 1;
      if (rest[0] != '*') {
        const std::size_t quote = rest.starts_with("W/") ? 2 : 0;
        if (rest.size() <= quote || rest[quote] != '"') break;
        const auto end = rest.find('"', quote + 1);
        if (end == std::string_view::npos) break;
        length = end + 1;
      }
      if (each(rest.substr(0, length))) return true;
      rest.remove_prefix(length);
    }
  }
  return false;
}

// The answer may be compressed after this module has seen it; a client that got that form names
// its tag.
bool IsGzipFormOf(std::string_view listed, std::string_view etag) {
  return !IsWeak(etag) && Opaque(listed) == TagOfGzip(etag);
}

// Both tags strong and the same.  The tag of the compressed form names the same state of the thing,
// which is all that counts unless bytes of a part are to fit bytes the client has.
bool MatchesStrongly(const Request& request, const Validators& validators) {
  const bool part = request.headers.Has("range");
  return AnyTag(request, "if-match", [&](std::string_view listed) {
    if (listed == "*") return validators.exists;
    if (validators.etag.empty() || IsWeak(listed) || IsWeak(validators.etag)) return false;
    return listed == validators.etag || (!part && IsGzipFormOf(listed, validators.etag));
  });
}

// The tag of the list that matches.
std::optional<std::string_view> MatchesWeakly(const Request& request,
                                              const Validators& validators) {
  std::optional<std::string_view> match;
  AnyTag(request, "if-none-match", [&](std::string_view listed) {
    if (listed == "*") {
      if (validators.exists) match = validators.etag;
    } else if (!validators.etag.empty()) {
      if (Opaque(listed) == Opaque(validators.etag))
        match = validators.etag;
      else if (IsGzipFormOf(listed, validators.etag))
        match = Opaque(listed);
    }
    return match.has_value();
  });
  return match;
}

std::optional<std::int64_t> DateField(const Request& request, std::string_view name) {
  const auto value = request.headers.Find(name);
  return value ? ParseHttpDate(*value) : std::nullopt;
}

std::optional<int> ParseNumber(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<int> ParseMonth(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 3) return std::nullopt;
  const auto at = kMonths.find(text);
  if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
  return static_cast<int>(at / 3) + 1;
}

// "08:49:37" in seconds.
std::optional<int> ParseTime(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hours = ParseNumber(text.substr(0, 2), 2, 2);
  const auto minutes = ParseNumber(text.substr(3, 2), 2, 2);
  const auto seconds = ParseNumber(text.substr(6, 2), 2, 2);
  // 60 is a leap second.
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60)
    return std::nullopt;
  return (*hours * 60 + *minutes) * 60 + *seconds;
}

// The fields of an answer without a body: what describes the body goes.
Headers WithoutContent(const Headers& headers) {
  Headers kept;
  for (const auto& [name, value] : headers) {
    const bool of_content = name.size() > 8 && EqualsIgnoreCase(name.substr(0, 8), "content-") &&
                            !EqualsIgnoreCase(name, "content-location") &&
                            !EqualsIgnoreCase(name, "content-security-policy");
    if (!of_content) kept.Add(name, value);
  }
  return kept;
}

void DropBody(Response& response) {
  response.body.clear();
  response.file.reset();
  response.stream.reset();
}

// An error answer in place of `full`, which keeps the fields that are not of its content.
void Refuse(Response& full, int status, std::string_view message) {
  Response refusal = Message(status, message);
  Headers headers = WithoutContent(full.headers);
  for (const auto& [name, value] : refusal.headers) headers.Set(name, value);
  // The refusal says nothing about the thing and must not be kept as if it did.
  headers.Set("cache-control", "no-store");
  DropBody(full);
  full.status = status;
  full.headers = std::move(headers);
  full.body = std::move(refusal.body);
}

// Of the body, if it is known before it is sent.
std::optional<std::uint64_t> LengthOf(const Response& full) {
  if (full.file) return full.file->length;
  if (full.stream) return full.stream->length();
  return full.body.size();
}

void ApplyRange(const Request& request, const Validators& validators, Response& full) {
  if (full.headers.Has("content-range")) return;
  const auto known = LengthOf(full);
  // Whether a stream gives parts shows when it is asked for one; all of it is one, too.
  if (!known || (full.stream && !full.file && !full.stream->TakePart(0, *known))) return;
  const std::uint64_t size = *known;
  full.headers.Set("accept-ranges", "bytes");
  const auto field = request.headers.Find("range");
  if (!field || request.verb != Verb::kGet || !IfRangeHolds(request, validators)) return;
  const RangeRequest range = ParseRange(*field, size);
  switch (range.kind) {
    case RangeRequest::Kind::kWhole:
      return;
    case RangeRequest::Kind::kUnsatisfiable:
      Refuse(full, 416, "the range begins behind the end of this content; ask for a part of it");
      full.headers.Set("content-range", ContentRangeOfNone(size));
      return;
    case RangeRequest::Kind::kSeveral:
      Refuse(full, 416,
             "several ranges in one request are not supported; ask for one range at a time");
      full.headers.Set("content-range", ContentRangeOfNone(size));
      return;
    case RangeRequest::Kind::kPart:
      break;
  }
  full.status = 206;
  full.headers.Set("content-range", ContentRange(range, size));
  if (full.file) {
    full.file->offset += range.first;
    full.file->length = range.length;
  } else if (full.stream) {
    VAMS_CHECK(full.stream->TakePart(range.first, range.length));
  } else {
    full.body.erase(range.first + range.length);
    full.body.erase(0, range.first);
  }
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

std::string TagOfGzip(std::string_view tag) {
  std::string made(tag);
  if (tag.size() < 2 || IsWeak(tag) || tag.back() != '"') return made;
  made.pop_back();
  return made.append(kGzipSuffix);
}

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and
  // "Sun Nov  6 08:49:37 1994" differ in the order of their words only.
  std::array<std::string_view, 6> words;
  std::size_t count = 0;
  while (true) {
    const auto begin = text.find_first_not_of(" ,-");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    if (count == words.size()) return std::nullopt;
    const auto end = std::min(text.find_first_of(" ,-"), text.size());
    words[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  const bool asctime = count == 5;
  if (!asctime && (count != 6 || words[5] != "GMT")) return std::nullopt;
  const auto month = ParseMonth(words[asctime ? 1 : 2]);
  const auto day = ParseNumber(words[asctime ? 2 : 1], 1, 2);
  auto year = ParseNumber(words[asctime ? 4 : 3], 2, 4);
  const auto seconds = ParseTime(words[asctime ? 3 : 4]);
  if (!month || !day || !year || !seconds) return std::nullopt;
  if (*year < 100) *year += *year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(days).count() + *seconds;
}

Conditions CheckConditions(const Request& request, const Validators& validators) {
  const auto modified = validators.last_modified;
  if (request.headers.Has("if-match")) {
    if (!MatchesStrongly(request, validators)) return Conditions::kFailed;
  } else if (const auto since = DateField(request, "if-unmodified-since"); since && modified) {
    if (*modified > *since) return Conditions::kFailed;
  }
  if (request.headers.Has("if-none-match")) {
    if (MatchesWeakly(request, validators))
      return IsRead(request) ? Conditions::kNotModified : Conditions::kFailed;
  } else if (const auto since = DateField(request, "if-modified-since");
             since && modified && IsRead(request)) {
    if (*modified <= *since) return Conditions::kNotModified;
  }
  return Conditions::kGoOn;
}

bool IfRangeHolds(const Request& request, const Validators& validators) {
  const auto field = request.headers.Find("if-range");
  if (!field) return true;
  const std::string_view value = TrimField(*field);
  if (value.starts_with('"')) return value == validators.etag;
  if (IsWeak(value)) return false;
  const auto date = ParseHttpDate(value);
  return date && validators.last_modified == date;
}

void ApplyConditionsAndRange(const Request& request, Response& full) {
  if (full.status != 200 || !IsRead(request)) return;
  const std::string etag(full.headers.Find("etag").value_or(""));
  Validators validators{.etag = etag};
  if (const auto date = full.headers.Find("last-modified"))
    validators.last_modified = ParseHttpDate(*date);
  switch (CheckConditions(request, validators)) {
    case Conditions::kGoOn:
      ApplyRange(request, validators, full);
      return;
    case Conditions::kFailed:
      Refuse(full, 412,
             "this content is not in the state that the request asks for; read it again and repeat "
             "the request with its present ETag");
      return;
    case Conditions::kNotModified:
      break;
  }
  full.status = 304;
  full.headers = WithoutContent(full.headers);
  DropBody(full);
  // The client's copy may be the compressed form.
  if (const auto match = MatchesWeakly(request, validators); match && *match != etag) {
    full.headers.Set("etag", *match);
    AddVary(full, "accept-encoding");
  }
}

}  // namespace vams::http
