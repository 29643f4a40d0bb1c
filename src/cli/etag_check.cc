#include "cli/etag_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "cli/transfer_plan.h"

namespace vams::cli {

namespace {

constexpr std::size_t kDigestText = 32;
constexpr std::size_t kMostWays = 4;
// In MiB: what upstream's clients and the usual programs for S3 cut files into.
constexpr std::array<std::uint64_t, 17> kUsualSizes{150, 8,  16,  64,  5,   10,  15,  20,  25,
                                                    32,  50, 100, 128, 200, 256, 512, 1024};

bool IsDigest(std::string_view text) {
  return text.size() == kDigestText && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// N of "<digest>-N"; 0 for anything else.
std::uint64_t PartsOf(std::string_view etag) {
  if (etag.size() < kDigestText + 2 || etag[kDigestText] != '-' ||
      !IsDigest(etag.substr(0, kDigestText)))
    return 0;
  std::uint64_t count = 0;
  const char* end = etag.data() + etag.size();
  const auto [at, error] = std::from_chars(etag.data() + kDigestText + 1, end, count);
  return error == std::errc() && at == end ? count : 0;
}

std::vector<std::uint64_t> LikelySizes(std::uint64_t size, std::uint64_t count) {
  std::vector<std::uint64_t> sizes;
  const auto consider = [&](std::uint64_t part) {
    if (part > 0 && PartCount(size, part) == count && sizes.size() < kMostWays &&
        std::ranges::find(sizes, part) == sizes.end())
      sizes.push_back(part);
  };
  if (const auto own = PartSize(size, 0); own.ok()) consider(*own);
  for (const auto mib : kUsualSizes) consider(mib * kMiB);
  const std::uint64_t even = (size + count - 1) / count;
  consider((even + kMiB - 1) / kMiB * kMiB);
  consider(even);
  return sizes;
}

}  // namespace

std::string BareEtag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::string MultipartEtag(const std::vector<std::string>& part_digests) {
  std::string all;
  for (const auto& digest : part_digests) all += digest;
  return HexEncode(Md5(all)) + "-" + std::to_string(part_digests.size());
}

EtagCheck::EtagCheck(std::string_view etag, std::uint64_t size) : etag_(BareEtag(etag)) {
  std::vector<std::uint64_t> sizes;
  if (const std::uint64_t count = PartsOf(etag_); count > 1) {
    cut_ = true;
    sizes = LikelySizes(size, count);
  } else if (count == 1 || IsDigest(etag_)) {
    cut_ = count == 1;
    certain_ = true;
    sizes = {std::numeric_limits<std::uint64_t>::max()};
  }
  for (const auto part : sizes) ways_.emplace_back().part_size = part;
}

void EtagCheck::Feed(Way& way, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = way.part_size - way.in_part;
    const auto some = bytes.substr(0, std::min<std::uint64_t>(room, bytes.size()));
    way.hasher.Update(some);
    way.in_part += some.size();
    bytes.remove_prefix(some.size());
    if (way.in_part < way.part_size) continue;
    way.parts.push_back(way.hasher.Finish());
    way.in_part = 0;
  }
}

void EtagCheck::Update(std::string_view bytes) {
  for (Way& way : ways_) Feed(way, bytes);
}

EtagCheck::Verdict EtagCheck::Finish() {
  for (Way& way : ways_) {
    if (way.in_part > 0 || way.parts.empty()) way.parts.push_back(way.hasher.Finish());
    const std::string found = cut_ ? MultipartEtag(way.parts) : HexEncode(way.parts.front());
    if (found == etag_) return Verdict::kSame;
  }
  return certain_ ? Verdict::kDamaged : Verdict::kUnknown;
}

}  // namespace vams::cli
