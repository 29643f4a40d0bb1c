// A stack whose data is older than the release, as far as it can be used before it is updated:
// accounts, sign-in and everything else in system tables, which belong to no data version, and in
// place of the data an empty stack of the release's version with its default roles.  Who is an
// administrator in the old data is one here, and so is the configured one, because somebody has to
// start the update.  Spec: lifecycle.md section 4.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "config/config.h"
#include "items/store.h"
#include "lifecycle/stack.h"

namespace vams::app {

// `store` is the stack's own, borrowed; of it, only system tables are written.
Result<std::unique_ptr<items::ItemStore>> OpenOlderData(OpContext& op, items::ItemStore& store,
                                                        const lifecycle::Stack& stack,
                                                        const config::Config& config,
                                                        const Clock& clock, Random& random);

// Why it is not served otherwise, and what to do.
std::string OlderDataText(const lifecycle::Stack& stack);

}  // namespace vams::app
