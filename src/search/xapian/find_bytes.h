// Where a short text occurs in a long one: memmem at the speed of the memory, where the processor
// allows it.
//
// Thread rule: a pure function.  Nothing blocks.
#pragma once

#include <cstddef>
#include <string_view>

namespace vams::search::xapian {

// The first place of `part`, which is not empty, from `from` on; npos: none.
std::size_t FindBytes(std::string_view text, std::string_view part, std::size_t from);

}  // namespace vams::search::xapian
