// Which tables an A/B deployment carries from one side to the other, and why.  Data, pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "items/table_spec.h"

namespace vams::lifecycle::ab {

enum class Carried : std::uint8_t {
  kAlways,
  kOnOneHost,  // it describes files of the machine
  kNever,      // it is each side's own
};

struct TableRule {
  std::string_view table;
  Carried carried = Carried::kAlways;
  std::string_view reason;
};

// One for every system table of this release.
std::span<const TableRule> SystemTableRules();

// Tables of the data always; system tables by their rule, unknown ones never: their meaning is not
// known, so neither is what copying them would do.
bool IsCarried(std::string_view table, bool one_host);

// Those of them that are carried.
std::vector<items::TableSpec> CarriedOf(std::span<const items::TableSpec> specs, bool one_host);

}  // namespace vams::lifecycle::ab
