// What differs between two stores, record by record, in key order.  For reversals and for bringing
// a remote store to the state of a local one.
//
// Blocks for as long as the tables are large; memory is bounded.
#pragma once

#include <functional>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::migrate {

// One difference; at least one side is there.  Encoded items, which die with the callback.
struct Difference {
  std::string_view before, after;  // empty: no such record on that side
};

// Calls `visit` for every record of `table` that is not the same in both.  A table that a side does
// not have counts as empty.  Both sources scan in key order, and keys are of type S or B (all of
// upstream's are); kNotSupported otherwise.
Status ForEachDifference(OpContext& op, items::ItemSource& before, items::ItemSource& after,
                         std::string_view table,
                         const std::function<Status(const Difference&)>& visit);

}  // namespace vams::migrate
