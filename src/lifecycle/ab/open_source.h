// The source that a standby's state names, and what a configuration says of a stack's blobs.
// Thread-safe (no state).  Blocks on disk and network.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "lifecycle/ab/source.h"
#include "objects/encryption_keys.h"

namespace vams::lifecycle::ab {

// kNotFound if the other side is gone; errors of its files, or of the network.
Result<std::unique_ptr<Source>> OpenSource(const State& standby, const Clock& clock);

// The stored configuration of a stack, and nothing of this process's environment.
Result<config::Config> StoredConfig(const Stack& stack);
objects::EncryptionChoice EncryptionOf(const config::Config& config);

}  // namespace vams::lifecycle::ab
