// What a rehearsal found out, and how an update compares with it.  Format: the fact "prediction" of
// docs/formats/operation-journal.md.  Thread-safe (no state); block on disk.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>

#include "lifecycle/operation.h"

namespace vams::lifecycle {

// {"from", "to", "generation", "steps": [{"name", "millis"}], "millis", "bytes"}: what the steps of
// a rehearsal took, and how large the generation that it made is.
boost::json::object PredictionOf(const OperationRecord& rehearsal, std::string_view from,
                                 std::string_view to, const Generation& made);

// How the update compares with the newest rehearsal of the same versions: {"rehearsal", "steps":
// [{"name", "predictedMillis", "millis"}], "predictedMillis", "millis", "predictedBytes", "bytes"}.
// Empty without one, and of what is no update.
boost::json::object CompareWithPrediction(const Stack& stack, const OperationRecord& update,
                                          std::string_view from, std::string_view to,
                                          const Generation* made);

}  // namespace vams::lifecycle
