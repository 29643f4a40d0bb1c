// Writes that follow from what is read: planned, committed, and planned anew when others were
// faster.  Internal to catalog.
//
// Thread-safe (no state).  Blocks on the item store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/contention.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

// Commits what `plan` appends to the writes it is given; it reads everything again each time, and
// the conditions of its writes say what must still be so.  Its own errors end it.  kUnavailable
// when others are faster again and again; `what` begins that sentence: "tags are".
template <typename Plan>
Status CommitPlanned(OpContext& op, items::ItemStore& store, std::string_view what,
                     const Plan& plan) {
  for (Contention contention; contention.Next();) {
    TRY_OK(op.Check());
    std::vector<items::Write> writes;
    TRY_OK(plan(writes));
    const auto done = store.Commit(op, writes);
    if (done.ok()) return Ok();
    if (done.error().code != Code::kConflict) return done.error();
  }
  return Error(Code::kUnavailable,
               std::string(what) +
                   " being changed by others all the time, so nothing was changed; try again");
}

}  // namespace vams::catalog
