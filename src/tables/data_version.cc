#include "tables/data_version.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vams::tables {

Result<DataVersion> DataVersion::Parse(std::string_view text) {
  const auto number = [](std::string_view digits, std::uint8_t& value) {
    // "2.05" and "2.5" must not be two spellings of one version.
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return false;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value);
    return parsed.ec == std::errc() && parsed.ptr == end;
  };
  DataVersion version;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || !number(text.substr(0, dot), version.major) ||
      !number(text.substr(dot + 1), version.minor))
    return Error(Code::kInvalid, fmt::format("\"{}\" is not a data version; write it like 2.4",
                                             text.substr(0, 40)));
  return version;
}

Result<DataVersion> DataVersion::ParseKnown(std::string_view text) {
  TRY(const DataVersion version, Parse(text));
  if (IsKnown(version)) return version;
  std::string known;
  for (const DataVersion v : AllVersions())
    known += fmt::format("{}{}", known.empty() ? "" : ", ", v.ToString());
  return Error(Code::kInvalid,
               fmt::format("this release does not know data version {}; it knows {}",
                           version.ToString(), known));
}

std::string DataVersion::ToString() const { return fmt::format("{}.{}", major, minor); }

bool IsKnown(DataVersion version) { return std::ranges::binary_search(AllVersions(), version); }

}  // namespace vams::tables
