#include "http/compress.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "http/conditional.h"
#include "http/field_text.h"

namespace vams::http {

namespace {

constexpr std::size_t kSmallest = 1024;  // below, the head outweighs what is saved
// Larger bodies are compressed at the fastest level: a worker is busy meanwhile.
constexpr std::size_t kLarge = std::size_t{256} << 10;
constexpr int kLevel = 5;
constexpr int kLevelOfLarge = 1;
// zlib counts in 32 bits; and nobody should hold this much twice.
constexpr std::size_t kLargest = std::size_t{1} << 30;

constexpr int kFullWeight = 1000;
constexpr int kLeastWeight = 1;

// "0.25" is 250 (RFC 9110 section 12.4.2).
std::optional<int> ParseWeight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * kFullWeight;
  int unit = kFullWeight / 10;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  if (weight > kFullWeight) return std::nullopt;
  return weight;
}

// "gzip;q=0.5": the weight; nothing if it is malformed.
std::optional<int> WeightOf(std::string_view parameters) {
  int weight = kFullWeight;
  while (!parameters.empty()) {
    const std::string_view parameter = NextFieldPart(parameters, ';');
    if (parameter.size() < 2 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') continue;
    const auto parsed = ParseWeight(TrimField(parameter.substr(2)));
    if (!parsed) return std::nullopt;
    weight = *parsed;
  }
  return weight;
}

bool SameCoding(std::string_view listed, std::string_view coding) {
  if (EqualsIgnoreCase(listed, coding)) return true;
  return coding == "gzip" && EqualsIgnoreCase(listed, "x-gzip");  // RFC 9110 section 8.4.1.3
}

bool HasDirective(const Response& response, std::string_view directive) {
  std::string_view rest = response.headers.Find("cache-control").value_or("");
  while (!rest.empty())
    if (EqualsIgnoreCase(NextFieldPart(rest, ','), directive)) return true;
  return false;
}

bool IsEligible(const Response& response) {
  if (response.file || response.stream) return false;
  if (response.body.size() < kSmallest || response.body.size() > kLargest) return false;
  if (response.status < 200 || response.status == 204 || response.status == 206 ||
      response.status == 304)
    return false;
  if (response.headers.Has("content-encoding") || response.headers.Has("content-range"))
    return false;
  if (HasDirective(response, "no-transform")) return false;
  return IsCompressible(response.headers.Find("content-type").value_or(""));
}

}  // namespace

int EncodingWeight(const Request& request, std::string_view coding) {
  bool given = false;
  std::optional<int> named;
  std::optional<int> other;  // of `*`
  for (const auto& [name, value] : request.headers) {
    if (!EqualsIgnoreCase(name, "accept-encoding")) continue;
    given = true;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::string_view element = NextFieldPart(rest, ',');
      const std::string_view listed = NextFieldPart(element, ';');
      const bool any = listed == "*";
      if (!any && !SameCoding(listed, coding)) continue;
      // A weight that cannot be read is no consent.
      const int weight = WeightOf(element).value_or(0);
      (any ? other : named) = weight;
    }
  }
  if (named) return *named;
  if (other) return *other;
  if (coding != "identity") return 0;
  // Always taken unless refused, but what is named is preferred to it.
  return given ? kLeastWeight : kFullWeight;
}

bool AcceptsEncoding(const Request& request, std::string_view coding) {
  return EncodingWeight(request, coding) > 0;
}

bool IsCompressible(std::string_view media_type) {
  static constexpr std::array<std::string_view, 8> kTypes = {
      "application/json",    "application/javascript", "application/xml",
      "application/wasm",    "application/x-ndjson",   "application/manifest+json",
      "application/graphql", "model/gltf+json"};
  const std::string_view type = TrimField(media_type.substr(0, media_type.find(';')));
  if (type.size() > 5 && EqualsIgnoreCase(type.substr(0, 5), "text/"))
    // Events must reach the client one by one.
    return !EqualsIgnoreCase(type, "text/event-stream");
  for (const std::string_view suffix : {"+json", "+xml"})
    if (type.size() > suffix.size() &&
        EqualsIgnoreCase(type.substr(type.size() - suffix.size()), suffix))
      return true;
  return std::ranges::any_of(kTypes, [&](auto one) { return EqualsIgnoreCase(type, one); });
}

std::string Gzip(std::string_view body, int level) {
  z_stream z = {};
  constexpr int kGzipFormat = 15 + 16;  // the largest window, in a gzip file
  if (body.size() > kLargest ||
      deflateInit2(&z, level, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string packed(deflateBound(&z, body.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib does not write it
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&z, Z_FINISH);
  packed.resize(result == Z_STREAM_END ? z.total_out : 0);
  deflateEnd(&z);
  return packed;
}

void AddVary(Response& response, std::string_view name) {
  std::string vary;
  for (const auto& [field, value] : response.headers) {
    if (!EqualsIgnoreCase(field, "vary")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view listed = NextFieldPart(rest, ',');
      if (listed == "*" || EqualsIgnoreCase(listed, name)) return;
    }
    vary.append(value).append(", ");
  }
  response.headers.Set("vary", vary.append(name));
}

void CompressIfWorthwhile(const Request& request, Response& response) {
  if (!IsEligible(response)) return;
  AddVary(response, "accept-encoding");
  const int weight = EncodingWeight(request, "gzip");
  if (weight == 0 || weight < EncodingWeight(request, "identity")) return;
  std::string packed = Gzip(response.body, response.body.size() > kLarge ? kLevelOfLarge : kLevel);
  if (packed.empty() || packed.size() >= response.body.size()) return;
  packed.shrink_to_fit();
  response.body = std::move(packed);
  response.headers.Set("content-encoding", "gzip");
  if (const auto tag = response.headers.Find("etag")) response.headers.Set("etag", TagOfGzip(*tag));
}

}  // namespace vams::http
