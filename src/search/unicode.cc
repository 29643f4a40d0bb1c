#include <algorithm>
#include <iterator>

#include "search/unicode_data.h"

namespace vams::search::unicode {
namespace {

// The entry that covers c in a table sorted by first, or nullptr.
template <typename Entry>
const Entry* Covering(std::span<const Entry> table, char32_t c) {
  const auto behind =
      std::upper_bound(table.begin(), table.end(), c,
                       [](char32_t value, const Entry& entry) { return value < entry.first; });
  if (behind == table.begin()) return nullptr;
  const Entry& entry = *std::prev(behind);
  return c <= entry.last ? &entry : nullptr;
}

}  // namespace

Class ClassOf(char32_t c) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Class::L;
    if (c >= '0' && c <= '9') return Class::N;
    return c == '_' ? Class::E : Class::kNone;
  }
  const Range* range = Covering(Ranges(), c);
  return range ? range->word_class : Class::kNone;
}

char32_t Lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  const LowerRun* run = Covering(LowerRuns(), c);
  if (!run || (c - run->first) % run->step != 0) return c;
  return static_cast<char32_t>(static_cast<std::int32_t>(c) + run->add);
}

char32_t Next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80; };
  const unsigned lead = byte(at);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  char32_t c = 0;
  if (lead >= 0xC2 && lead <= 0xDF && tail(at + 1)) {
    c = ((lead & 0x1FU) << 6U) | (byte(at + 1) & 0x3FU);
    at += 2;
    return c;
  }
  if (lead >= 0xE0 && lead <= 0xEF && tail(at + 1) && tail(at + 2)) {
    c = ((lead & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) | (byte(at + 2) & 0x3FU);
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) {
      at += 3;
      return c;
    }
  }
  if (lead >= 0xF0 && lead <= 0xF4 && tail(at + 1) && tail(at + 2) && tail(at + 3)) {
    c = ((lead & 0x07U) << 18U) | ((byte(at + 1) & 0x3FU) << 12U) | ((byte(at + 2) & 0x3FU) << 6U) |
        (byte(at + 3) & 0x3FU);
    if (c >= 0x10000 && c <= 0x10FFFF) {
      at += 4;
      return c;
    }
  }
  ++at;
  return kBadByte | lead;
}

void Append(std::string& out, char32_t c) {
  const auto put = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if ((c & kBadByte) != 0) {
    put(c & 0xFFU);
  } else if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

}  // namespace vams::search::unicode
