// DataVersion names the shape of the stored data ("2.4"), as in data-model.md section 2.  For
// every module that reads, writes or migrates a data set.  A plain value; no I/O.
//
// Which versions exist is data: tables_data.cc holds the list, and nothing else may assume that
// kNewest stays the last one.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::tables {

struct DataVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;

  // "2.4", whether or not such a version is known.  kInvalid for any other text.
  static Result<DataVersion> Parse(std::string_view text);
  // A version of AllVersions().  kInvalid lists what is known.
  static Result<DataVersion> ParseKnown(std::string_view text);
  std::string ToString() const;

  friend constexpr auto operator<=>(const DataVersion&, const DataVersion&) = default;
};

// Ascending.
std::span<const DataVersion> AllVersions();
bool IsKnown(DataVersion version);

// The last and the first of AllVersions().
extern const DataVersion kNewest;
extern const DataVersion kOldest;

// A closed range of versions.  Something without an end says kOpenEnd, so that a version added
// later belongs to it.
inline constexpr DataVersion kOpenEnd{255, 255};

struct VersionRange {
  DataVersion since;
  DataVersion until = kOpenEnd;

  constexpr bool Has(DataVersion version) const { return since <= version && version <= until; }
  constexpr bool empty() const { return until < since; }
  friend constexpr bool operator==(const VersionRange&, const VersionRange&) = default;
};

}  // namespace vams::tables
