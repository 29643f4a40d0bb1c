// The endpoints by which a standby on another machine follows this server's stack and takes over
// from it.  Own endpoints, for administrators alone whatever constraints say, because rows hold
// hashes and keys.  Spec: lifecycle.md section 7; format: docs/formats/ab-state.md.
#pragma once

#include "api/gate.h"
#include "lifecycle/ab/door.h"

namespace vams::api {

// The door is borrowed and outlives the routes.
void AddAbRoutes(Gate& gate, lifecycle::ab::Door& door);

}  // namespace vams::api
