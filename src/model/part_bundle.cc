#include "model/part_bundle.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace vams::model {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHeader = "vams-parts 1\n\0\0\0"sv;
constexpr std::string_view kPart = "VPRT";
constexpr std::string_view kEnd = "VEND";
constexpr std::size_t kEndSize = 8;
constexpr std::size_t kPartHeader = 32;
constexpr std::size_t kMd5Size = 16;
constexpr std::size_t kMaxId = 256;

void AppendNumber(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(number >> shift));
}

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

Error Damaged(std::uint32_t part, std::string_view what) {
  return Error(Code::kInvalid,
               fmt::format("behind {} parts the bundle {}; what came before was taken; send the "
                           "rest again",
                           part, what));
}

Error TooLarge(std::string what) {
  return Error(Code::kTooLarge, what +
                                    "; what came before was taken; send the rest to the "
                                    "addresses of the parts, or in more bundles");
}

}  // namespace

std::string_view BundleHeader() { return kHeader; }

void AppendPart(std::string& out, const BundledPart& part) {
  out += kPart;
  AppendNumber(out, part.number);
  AppendNumber(out, static_cast<std::uint32_t>(part.bytes.size()));
  AppendNumber(out, static_cast<std::uint32_t>(part.upload_id.size()));
  out += part.md5;
  out += part.upload_id;
  out += part.bytes;
}

void AppendBundleEnd(std::string& out, std::uint32_t parts) {
  out += kEnd;
  AppendNumber(out, parts);
}

std::size_t BundledSize(const BundledPart& part) {
  return kPartHeader + part.upload_id.size() + part.bytes.size();
}

Status BundleReader::Take(std::string_view& bytes, std::vector<BundledPart>& parts) {
  if (!begun_) {
    if (bytes.substr(0, kHeader.size()) != kHeader.substr(0, bytes.size()))
      return Error(Code::kInvalid,
                   "the body is no bundle of parts; nothing was stored; send one as "
                   "\"vams-parts 1\" describes it");
    if (bytes.size() < kHeader.size()) return Ok();
    bytes.remove_prefix(kHeader.size());
    begun_ = true;
  }
  while (!bytes.empty()) {
    if (whole_) return Damaged(count_, "goes on behind its end");
    if (bytes.size() < kEndSize) return Ok();
    const std::string_view kind = bytes.substr(0, kPart.size());
    if (kind == kEnd) {
      if (NumberAt(bytes, 4) != count_)
        return Damaged(count_, "ends, and says that it has another number of them");
      bytes.remove_prefix(kEndSize);
      whole_ = true;
      continue;
    }
    if (kind != kPart) return Damaged(count_, "is damaged");
    if (bytes.size() < kPartHeader) return Ok();
    const std::size_t size = NumberAt(bytes, 8);
    const std::size_t id_size = NumberAt(bytes, 12);
    if (size > kMaxBundledPartBytes)
      return TooLarge(fmt::format("a part in a bundle has at most {} bytes, not {}",
                                  kMaxBundledPartBytes, size));
    if (id_size == 0 || id_size > kMaxId) return Damaged(count_, "is damaged");
    if (count_ == kMaxBundledParts)
      return TooLarge(fmt::format("a bundle has at most {} parts", kMaxBundledParts));
    if (bytes.size() < kPartHeader + id_size + size) return Ok();
    const std::string_view id = bytes.substr(kPartHeader, id_size);
    if (!IsUtf8(id)) return Damaged(count_, "is damaged");
    parts.push_back({.upload_id = id,
                     .number = NumberAt(bytes, 4),
                     .md5 = bytes.substr(16, kMd5Size),
                     .bytes = bytes.substr(kPartHeader + id_size, size)});
    bytes.remove_prefix(kPartHeader + id_size + size);
    ++count_;
  }
  return Ok();
}

}  // namespace vams::model
