#include "search/xapian/find_bytes.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vams::search::xapian {
namespace {

std::size_t FindPlain(std::string_view text, std::string_view part, std::size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (!found) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

#if defined(__x86_64__)

// Looks at 32 places at once for the first and the last character; what lies between is compared
// where both are right.
__attribute__((target("avx2"))) std::size_t FindWide(std::string_view text, std::string_view part,
                                                     std::size_t from) {
  constexpr std::size_t kWide = 32;
  const __m256i first = _mm256_set1_epi8(part.front());
  const __m256i last = _mm256_set1_epi8(part.back());
  const std::size_t span = part.size() - 1;
  std::size_t at = from;
  for (; at + span + kWide <= text.size(); at += kWide) {
    const auto* here = text.data() + at;
    const __m256i begins =
        _mm256_cmpeq_epi8(first, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(here)));
    const __m256i ends =
        _mm256_cmpeq_epi8(last, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(here + span)));
    auto both = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_and_si256(begins, ends)));
    for (; both != 0; both &= both - 1) {
      const auto place = static_cast<std::size_t>(__builtin_ctz(both));
      if (std::memcmp(here + place, part.data(), part.size()) == 0) return at + place;
    }
  }
  return FindPlain(text, part, at);
}

#endif

}  // namespace

std::size_t FindBytes(std::string_view text, std::string_view part, std::size_t from) {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  if (wide) return FindWide(text, part, from);
#endif
  return FindPlain(text, part, from);
}

}  // namespace vams::search::xapian
