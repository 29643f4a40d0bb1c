#include "audit/head.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "audit/line.h"

namespace vams::audit {

namespace {

constexpr std::string_view kName = "vams-audit-head";
constexpr std::size_t kLongest = 4096;

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto space = text.find(' ');
    words.push_back(text.substr(0, space));
    if (space == text.npos) return words;
    text.remove_prefix(space + 1);
  }
}

bool ParseNumber(std::string_view text, std::uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return text.size() == 20 && error == std::errc() && stopped == end;
}

}  // namespace

std::string HeadText(const Head& head) {
  std::string text = fmt::format("{} 1 {} {:020} {} {:020} {} {} ", kName,
                                 head.clean ? "shut" : "open", head.sequence, head.digest,
                                 head.durable_sequence, head.durable_digest, head.boot);
  text += DigestOf(text);
  text += '\n';
  return text;
}

Head ParseHead(std::string_view text) {
  Head head{.presence = Head::Presence::kDamaged};
  if (!text.ends_with('\n') || text.size() < kDigestDigits + 2) return head;
  text.remove_suffix(1);
  const auto sum = text.substr(text.size() - kDigestDigits);
  text.remove_suffix(kDigestDigits);
  if (DigestOf(text) != sum) return head;
  const auto words = Words(text);
  if (words.size() != 9 || words[0] != kName || words[1] != "1" ||
      (words[2] != "open" && words[2] != "shut") || !ParseNumber(words[3], head.sequence) ||
      !IsDigest(words[4]) || !ParseNumber(words[5], head.durable_sequence) || !IsDigest(words[6]))
    return head;
  head.clean = words[2] == "shut";
  head.digest = words[4];
  head.durable_digest = words[6];
  head.boot = words[7];
  head.presence = Head::Presence::kGood;
  return head;
}

Result<Head> ReadHead(const files::Path& folder) {
  auto text = files::ReadAll(folder / "head", kLongest);
  if (text.ok()) return ParseHead(*text);
  if (text.error().code == Code::kNotFound) return Head();
  if (text.error().code == Code::kTooLarge) return Head{.presence = Head::Presence::kDamaged};
  return std::move(text).error();
}

std::string BootId() {
  auto text = files::ReadAll("/proc/sys/kernel/random/boot_id", kLongest);
  if (!text.ok()) return "unknown";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text->find(' ') == text->npos && !text->empty() ? *std::move(text) : "unknown";
}

std::string WhyShort(const Head& head, std::uint64_t found, std::string_view boot) {
  if (!head.good() || found >= head.sequence) return "";
  if (!head.clean && boot != head.boot && found >= head.durable_sequence) return "";
  const auto first = found + 1;
  return first == head.sequence
             ? fmt::format("line {} is missing at the end", first)
             : fmt::format("lines {} to {} are missing at the end", first, head.sequence);
}

}  // namespace vams::audit
