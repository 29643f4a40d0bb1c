// The life of a migration: its states and which may follow which, in one pure function.
// Spec: lifecycle.md section 8.  Thread-safe (pure).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace vams::migrate {

// Where a migration stands.  Going down (a reversal) uses the same machinery with its own names, so
// that nobody takes one for the other.
enum class Stage : std::uint8_t {
  kPlanned,    // path, settings and locks are fixed; nothing is written
  kCopying,    // steps are running into a place nobody sees
  kCopied,     // all steps have run
  kVerified,   // what was written is what the steps made
  kCutOver,    // the result serves
  kFinished,   // done; a second run changes nothing
  kReverting,  // a reversal of this migration is running
  kReverted,   // the state before serves again, with the writes made since
  kCancelled,  // given up before it was cut over; nothing of it is left
};

std::string_view NameOf(Stage stage);  // "planned", …, "cut over", …
// kCorrupt for an unknown name.
Result<Stage> StageFrom(std::string_view name);

// Whether a migration may go from one stage to the other.  Staying is no move.
bool MayMove(Stage from, Stage to);
// Whether nothing follows by itself: a new migration may begin.
bool IsAtRest(Stage stage);

}  // namespace vams::migrate
