// Turns what Xapian throws into errors.
//
// Thread rule: a pure function.
#pragma once

#include <exception>
#include <string_view>

#include "base/result.h"

namespace vams::search::xapian {

// The error for the exception that is being handled; anything that is not Xapian's is thrown on.
// `doing` is what failed: "searching".  Sets `stale` when the revision that was read is gone, so
// that the same on a newer one may succeed.
Error ErrorOfException(std::string_view doing, bool* stale = nullptr);

template <typename F>
auto Guarded(std::string_view doing, const F& f) -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    return ErrorOfException(doing);
  }
}

// For stored data that contradicts itself.
Error Corrupt(std::string_view details);

}  // namespace vams::search::xapian
