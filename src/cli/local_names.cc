#include "cli/local_names.h"

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::cli {

namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestExtension = 16;

void AppendEncoded(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += '%';
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

// At most `most` bytes, and no half of a UTF-8 character.
std::string_view Head(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::string Shortened(const std::string& name) {
  const auto dot = name.rfind('.');
  std::string_view extension;
  if (dot != name.npos && name.size() - dot <= kLongestExtension)
    extension = std::string_view(name).substr(dot);
  const std::string mark = "~" + HexEncode(Sha256(name)).substr(0, 16);
  return std::string(Head(name, kLongestName - mark.size() - extension.size())) + mark +
         std::string(extension);
}

std::string LocalSegment(std::string_view segment) {
  if (segment.empty()) return "%2F";  // between two slashes
  std::string name;
  const bool dots = segment == "." || segment == "..";
  for (const char c : segment) {
    const auto byte = static_cast<unsigned char>(c);
    if (dots || byte < 0x20 || byte == 0x7F)
      AppendEncoded(name, byte);
    else
      name += c;
  }
  return name.size() > kLongestName ? Shortened(name) : name;
}

}  // namespace

files::Path LocalNameOf(std::string_view key) {
  if (key.starts_with('/')) key.remove_prefix(1);
  if (key.empty()) return {};
  files::Path path;
  for (std::size_t from = 0; from <= key.size();) {
    const std::size_t slash = std::min(key.find('/', from), key.size());
    path /= LocalSegment(key.substr(from, slash - from));
    from = slash + 1;
  }
  return path;
}

}  // namespace vams::cli
