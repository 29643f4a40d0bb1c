#include "objects/signed_url.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "objects/object_version.h"
#include "objects/signed_url_keys.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kMaxUploadIdBytes = 256;
constexpr std::size_t kMaxTypeBytes = 255;
constexpr std::size_t kMaxDispositionBytes = 2048;
constexpr int kMaxPart = 10'000;
constexpr std::string_view kDate = "?X-Amz-Date=";
constexpr std::string_view kExpires = "&X-Amz-Expires=";
constexpr std::string_view kToken = "&token=";
constexpr std::size_t kDateBytes = 16;
constexpr char kForm = 1;

enum class Tag : std::uint8_t {
  kMethod = 1,
  kBucket,
  kKey,
  kVersionId,
  kUploadId,
  kPartNumber,
  kLengthLow,
  kLengthHigh,
  kRangeLow,
  kRangeHigh,
  kContentType,
  kContentDisposition,
};

Error Denied(std::string details) {
  return Error(Code::kDenied,
               "this address is not one that the server has signed; nothing was read or stored; "
               "ask for a new one",
               "signed URL refused: " + std::move(details));
}

// ---- Text --------------------------------------------------------------------------------------

void AppendBase64Url(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  AppendBase64(out, bytes);
  while (out.size() > start && out.back() == '=') out.pop_back();
  for (std::size_t i = start; i < out.size(); ++i) {
    if (out[i] == '+') out[i] = '-';
    if (out[i] == '/') out[i] = '_';
  }
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  if (text.size() % 4 == 1 || text.find_first_of("+/=") != text.npos) return std::nullopt;
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  standard.resize((standard.size() + 3) / 4 * 4, '=');
  return Base64Decode(standard);
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// A path segment that ends as the object's file does: viewers tell the type of a file by it.
void AppendName(std::string& out, std::string_view key) {
  std::string_view last = key.substr(key.rfind('/') + 1);
  if (last.size() > kNameBytes) last.remove_prefix(last.size() - kNameBytes);
  const std::size_t start = out.size();
  bool replaced = false;
  for (const char c : last) {
    const bool keep = IsNameByte(c) && !(c == '.' && out.size() == start);
    if (keep)
      out.push_back(c);
    else if (!replaced)
      out.push_back('_');
    replaced = !keep;
  }
  if (out.size() == start) out += "object";
}

std::string DateText(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds at{std::chrono::seconds(seconds)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

// Digits only.
std::optional<std::int64_t> ReadNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || text.starts_with('-'))
    return std::nullopt;
  return number;
}

std::optional<std::int64_t> ReadDate(std::string_view text) {
  if (text.size() != kDateBytes || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  using namespace std::chrono;
  std::array<int, 6> parts{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t digits = i == 0 ? 4 : 2;
    const auto number = ReadNumber(text.substr(at, digits));
    if (!number) return std::nullopt;
    parts[i] = static_cast<int>(*number);
    at += i == 2 ? digits + 1 : digits;
  }
  const year_month_day date(year(parts[0]), month(static_cast<unsigned>(parts[1])),
                            day(static_cast<unsigned>(parts[2])));
  if (!date.ok()) return std::nullopt;
  const sys_seconds at_second =
      sys_days(date) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
  return at_second.time_since_epoch().count();
}

std::string Mac(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  VAMS_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
                  &size) != nullptr);
  std::string encoded;
  AppendBase64Url(encoded, std::string_view(reinterpret_cast<const char*>(mac.data()), size));
  return encoded;
}

// ---- The grant ---------------------------------------------------------------------------------

void AppendText(std::string& out, Tag tag, std::string_view text) {
  if (text.empty()) return;
  out.push_back(static_cast<char>(tag));
  out.push_back(static_cast<char>(text.size() >> 8));
  out.push_back(static_cast<char>(text.size() & 0xff));
  out += text;
}

void AppendNumber(std::string& out, Tag tag, std::uint64_t number) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(number >> (56 - 8 * i) & 0xff);
  AppendText(out, tag, std::string_view(bytes.data(), bytes.size()));
}

std::string_view MethodText(UrlMethod method) {
  switch (method) {
    case UrlMethod::kPut:
      return "P";
    case UrlMethod::kPost:
      return "B";
    default:
      return "G";
  }
}

std::string EncodeGrant(const UrlGrant& grant) {
  std::string out(1, kForm);
  AppendText(out, Tag::kMethod, MethodText(grant.method));
  AppendText(out, Tag::kBucket, grant.bucket);
  AppendText(out, Tag::kKey, grant.key);
  AppendText(out, Tag::kVersionId, grant.version_id);
  AppendText(out, Tag::kUploadId, grant.upload_id);
  if (grant.part_number != 0)
    AppendNumber(out, Tag::kPartNumber, static_cast<std::uint64_t>(grant.part_number));
  if (grant.content_length) {
    AppendNumber(out, Tag::kLengthLow, grant.content_length->low);
    AppendNumber(out, Tag::kLengthHigh, grant.content_length->high);
  }
  if (grant.range) {
    AppendNumber(out, Tag::kRangeLow, grant.range->low);
    AppendNumber(out, Tag::kRangeHigh, grant.range->high);
  }
  AppendText(out, Tag::kContentType, grant.content_type);
  AppendText(out, Tag::kContentDisposition, grant.content_disposition);
  return out;
}

// Takes one field from the front of `rest`; false if it is cut off.
bool TakeField(std::string_view& rest, Tag& tag, std::string_view& value) {
  if (rest.size() < 3) return false;
  tag = static_cast<Tag>(static_cast<unsigned char>(rest[0]));
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(rest[1])) << 8 |
                           static_cast<unsigned char>(rest[2]);
  rest.remove_prefix(3);
  if (rest.size() < size) return false;
  value = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

// False for a field that is unknown or has another form.
bool SetField(UrlGrant& grant, Tag tag, std::string_view value) {
  std::uint64_t number = 0;
  for (const char c : value) number = number << 8 | static_cast<unsigned char>(c);
  const bool is_number = value.size() == 8;
  switch (tag) {
    case Tag::kMethod:
      for (const UrlMethod method : {UrlMethod::kGet, UrlMethod::kPut, UrlMethod::kPost})
        if (value == MethodText(method)) {
          grant.method = method;
          return true;
        }
      return false;
    case Tag::kBucket:
      grant.bucket = value;
      return true;
    case Tag::kKey:
      grant.key = value;
      return true;
    case Tag::kVersionId:
      grant.version_id = value;
      return true;
    case Tag::kUploadId:
      grant.upload_id = value;
      return true;
    case Tag::kPartNumber:
      grant.part_number = static_cast<int>(std::min<std::uint64_t>(number, kMaxPart + 1));
      return is_number;
    case Tag::kLengthLow:
      grant.content_length = ByteBounds{number, 0};
      return is_number;
    case Tag::kLengthHigh:
      if (grant.content_length) grant.content_length->high = number;
      return is_number && grant.content_length.has_value();
    case Tag::kRangeLow:
      grant.range = ByteBounds{number, 0};
      return is_number;
    case Tag::kRangeHigh:
      if (grant.range) grant.range->high = number;
      return is_number && grant.range.has_value();
    case Tag::kContentType:
      grant.content_type = value;
      return true;
    case Tag::kContentDisposition:
      grant.content_disposition = value;
      return true;
  }
  return false;
}

std::optional<UrlGrant> DecodeGrant(std::string_view bytes) {
  if (!bytes.starts_with(kForm)) return std::nullopt;
  bytes.remove_prefix(1);
  UrlGrant grant;
  int before = 0;
  while (!bytes.empty()) {
    Tag tag{};
    std::string_view value;
    if (!TakeField(bytes, tag, value) || static_cast<int>(tag) <= before ||
        !SetField(grant, tag, value))
      return std::nullopt;
    before = static_cast<int>(tag);
  }
  return grant;
}

// What may stand in a header field.
Status CheckField(std::string_view name, std::string_view value, std::size_t limit) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (value.size() > limit || !std::ranges::all_of(value, printable))
    return Error(Code::kInvalid,
                 fmt::format("the {} of a signed URL is printable ASCII of at most {} bytes, "
                             "because it becomes a header field; give another one",
                             name, limit));
  return Ok();
}

Status CheckBounds(std::string_view name, const std::optional<ByteBounds>& bounds) {
  if (bounds && bounds->low > bounds->high)
    return Error(Code::kInvalid,
                 fmt::format("the {} of a signed URL ends before it begins; give the smaller "
                             "number first",
                             name));
  return Ok();
}

// Of a URL that is signed, and of one that is verified.
Status CheckGrant(const UrlGrant& grant) {
  TRY_OK(tables::CheckObjectName(grant.bucket, grant.key));
  TRY_OK(CheckBounds("content length", grant.content_length));
  TRY_OK(CheckBounds("range", grant.range));
  if (grant.method == UrlMethod::kGet) {
    if (!grant.upload_id.empty() || grant.part_number != 0 || grant.content_length)
      return Error(Code::kInvalid, "a signed URL for reading has no part; sign one for PUT");
    if (!grant.version_id.empty()) TRY_OK(CheckVersionId(grant.version_id));
    TRY_OK(CheckField("content type", grant.content_type, kMaxTypeBytes));
    return CheckField("content disposition", grant.content_disposition, kMaxDispositionBytes);
  }
  if (grant.method != UrlMethod::kPut && grant.method != UrlMethod::kPost)
    return Error(Code::kInvalid,
                 "a signed URL is for GET, which allows HEAD too, for PUT or for POST");
  if (!grant.version_id.empty() || grant.range || !grant.content_type.empty() ||
      !grant.content_disposition.empty())
    return Error(Code::kInvalid,
                 "version, range and header fields are of a signed URL for "
                 "reading; sign one for GET");
  const bool named = !grant.upload_id.empty() && grant.upload_id.size() <= kMaxUploadIdBytes;
  if (grant.method == UrlMethod::kPost) {
    if (named && grant.part_number == 0 && grant.content_length) return Ok();
    return Error(Code::kInvalid,
                 fmt::format("a signed URL for many parts is for one upload, with an id of 1 to {} "
                             "bytes, and bounds the body, which says the parts' numbers",
                             kMaxUploadIdBytes));
  }
  if (!named || grant.part_number < 1 || grant.part_number > kMaxPart)
    return Error(Code::kInvalid,
                 fmt::format("a signed URL for writing is for one part of an upload: an upload id "
                             "of 1 to {} bytes and a part number of 1 to {} are needed",
                             kMaxUploadIdBytes, kMaxPart));
  return Ok();
}

// ---- The URL -----------------------------------------------------------------------------------

// What the text says, whoever wrote it.
struct Parts {
  std::string_view signed_text;
  std::int64_t issued = 0;
  std::int64_t seconds = 0;
  std::string_view key_id, grant, mac;
};

// Takes everything in front of `mark`, and the mark.
std::optional<std::string_view> TakeTo(std::string_view& rest, std::string_view mark) {
  const auto at = rest.find(mark);
  if (at == rest.npos) return std::nullopt;
  const auto front = rest.substr(0, at);
  rest.remove_prefix(at + mark.size());
  return front;
}

std::optional<Parts> Parse(std::string_view target) {
  if (!target.starts_with(kSignedUrlPath)) return std::nullopt;
  std::string_view rest = target.substr(kSignedUrlPath.size());
  if (!TakeTo(rest, kDate)) return std::nullopt;
  const auto date = TakeTo(rest, kExpires);
  const auto expires = TakeTo(rest, kToken);
  const auto key_id = TakeTo(rest, ".");
  const auto grant = TakeTo(rest, ".");
  if (!date || !expires || !key_id || !grant) return std::nullopt;
  const auto issued = ReadDate(*date);
  const auto seconds = ReadNumber(*expires);
  if (!issued || !seconds || *seconds > kMaxUrlSeconds) return std::nullopt;
  return Parts{.signed_text = target.substr(0, target.size() - rest.size() - 1),
               .issued = *issued,
               .seconds = *seconds,
               .key_id = *key_id,
               .grant = *grant,
               .mac = rest};
}

}  // namespace

SignedUrls::SignedUrls(std::unique_ptr<UrlKeys> keys, const Clock& clock)
    : keys_(std::move(keys)), clock_(clock) {}

SignedUrls::~SignedUrls() = default;

Result<std::unique_ptr<SignedUrls>> SignedUrls::Open(OpContext& op, items::ItemStore& store,
                                                     const Clock& clock, Random& random) {
  TRY(auto keys, UrlKeys::Open(op, store, clock, random));
  return std::unique_ptr<SignedUrls>(new SignedUrls(std::move(keys), clock));
}

Result<std::string> SignedUrls::Sign(OpContext& op, const UrlGrant& grant, std::int64_t seconds) {
  TRY_OK(CheckGrant(grant));
  if (seconds < 1 || seconds > kMaxUrlSeconds)
    return Error(Code::kInvalid, fmt::format("a signed URL is valid for 1 to {} seconds, not for "
                                             "{}; choose a lifetime between them",
                                             kMaxUrlSeconds, seconds));
  TRY(const auto ring, keys_->ForSigning(op));
  const std::int64_t now = clock_.NowMillis();
  const std::string& key_id = ring->SigningId(now);
  std::string target(kSignedUrlPath);
  AppendName(target, grant.key);
  fmt::format_to(std::back_inserter(target), "{}{}{}{}{}{}.", kDate, DateText(now / 1000), kExpires,
                 seconds, kToken, key_id);
  AppendBase64Url(target, EncodeGrant(grant));
  const std::string mac = Mac(ring->secrets.find(key_id)->second, target);
  target += '.';
  target += mac;
  VAMS_CHECK(target.size() < kMaxSignedUrlBytes);
  return target;
}

Result<VerifiedUrl> SignedUrls::Verify(OpContext& op, UrlMethod used, std::string_view target) {
  if (target.size() >= kMaxSignedUrlBytes) return Denied("it is too long");
  const auto parts = Parse(target);
  if (!parts) return Denied("it does not have the form of one");
  TRY(const auto ring, keys_->ForVerifying(op, parts->key_id));
  const auto key = ring->secrets.find(parts->key_id);
  if (key == ring->secrets.end()) return Denied("no key has its key id");
  const std::string mac = Mac(key->second, parts->signed_text);
  if (mac.size() != parts->mac.size() ||
      CRYPTO_memcmp(mac.data(), parts->mac.data(), mac.size()) != 0)
    return Denied("its signature is wrong");

  // From here on it is ours: the client may know what is wrong with it.
  const std::int64_t expires = parts->issued + parts->seconds;
  const std::int64_t now = clock_.NowMillis() / 1000;
  if (now >= expires)
    return Error(Code::kDenied,
                 "this address has expired; nothing was read or stored; ask for a new one",
                 fmt::format("signed URL refused: it expired {} seconds ago", now - expires));
  const auto bytes = DecodeBase64Url(parts->grant);
  auto grant = bytes ? DecodeGrant(*bytes) : std::nullopt;
  if (!grant) return Denied("another release signed it, and this one does not know its form");
  if (const auto good = CheckGrant(*grant); !good.ok())
    return Denied("another release signed it: " + good.error().message);
  if ((used == UrlMethod::kHead ? UrlMethod::kGet : used) != grant->method)
    return Error(Code::kDenied,
                 fmt::format("this address is for {} only; nothing was read or stored; ask for one "
                             "that allows what you want to do",
                             grant->method == UrlMethod::kPut    ? "PUT"
                             : grant->method == UrlMethod::kPost ? "POST"
                                                                 : "GET and HEAD"),
                 "signed URL refused: it is for another method");
  return VerifiedUrl{.grant = *std::move(grant), .expires_seconds = expires};
}

Status SignedUrls::RotateKeys(OpContext& op) { return keys_->Rotate(op); }

Status SignedUrls::Maintain(OpContext& op) { return keys_->Maintain(op); }

Status CheckLength(const UrlGrant& grant, std::uint64_t bytes) {
  if (!grant.content_length ||
      (bytes >= grant.content_length->low && bytes <= grant.content_length->high))
    return Ok();
  return Error(Code::kDenied,
               fmt::format("this address takes {} to {} bytes, not {}; nothing was stored; send "
                           "that many, or ask for an address for this length",
                           grant.content_length->low, grant.content_length->high, bytes));
}

Status CheckRange(const UrlGrant& grant, std::uint64_t first, std::uint64_t last) {
  if (!grant.range || (first >= grant.range->low && last <= grant.range->high)) return Ok();
  return Error(Code::kDenied,
               fmt::format("this address gives the bytes {} to {} of the file only; ask for them "
                           "with a Range field, or ask for another address",
                           grant.range->low, grant.range->high));
}

}  // namespace vams::objects
