// Maintenance of a stack as its operator wants it: a file in the stack's folder, so that it
// outlives restarts.  `vams maintenance` writes it, the server reads it. Spec: lifecycle.md section
// 4; format: docs/formats/stack-layout.md.
//
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "lifecycle/stack.h"

namespace vams::app {

struct Maintenance {
  std::string message;  // what people read; empty: a sentence of ours
  std::string since;    // ISO 8601
  std::string by;
};

// What people read.
std::string MessageOf(const Maintenance& maintenance);

// Nothing while there is none.  A file that cannot be read counts as maintenance: whoever wrote it
// wanted the stack to be left alone.
std::optional<Maintenance> ReadMaintenance(const lifecycle::Stack& stack);
Status WriteMaintenance(const lifecycle::Stack& stack, const Maintenance& maintenance);
// No error if there is none.
Status RemoveMaintenance(const lifecycle::Stack& stack);

}  // namespace vams::app
