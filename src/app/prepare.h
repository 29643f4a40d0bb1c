// Makes a generation fit to be served: system tables and defaults that are missing, the records of
// the configured buckets, and the first administrator's account.  Spec: permissions.md section 8,
// config.md app.adminUserId and app.assetBuckets, data-model.md section 4.24.
// Blocks on the store.  The caller holds the stack's lock, or owns a stack nobody else knows yet.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/buckets.h"
#include "config/config.h"
#include "items/store.h"
#include "lifecycle/stack.h"

namespace vams::app {

struct Prepared {
  // The first administrator, if the account was made by this call.
  std::string admin_user;
  // Shown once, and nowhere else; empty if the environment gave one (VAMS_ADMIN_PASSWORD).
  std::string admin_password;
  // What an operator should know: an administrator without a role, say.
  std::vector<std::string> warnings;
};

// The tables, the defaults, the records of the buckets.  `stack` is the stack's name.  Idempotent.
Status PrepareStore(OpContext& op, items::ItemStore& store, std::string_view stack,
                    const config::Config& config, const Clock& clock, Random& random);

// The account.  Idempotent.  Comes last, when nothing else can go wrong any more: whoever calls
// this must show what it made, for the password cannot be shown again.  kInvalid if
// VAMS_ADMIN_PASSWORD is one that the password policy refuses.
Result<Prepared> PrepareAdministrator(OpContext& op, items::ItemStore& store,
                                      const config::Config& config,
                                      const std::map<std::string, std::string>& environment,
                                      const Clock& clock, Random& random);

// Both, for a stack that is not served, under its lock.
Result<Prepared> PrepareStack(const lifecycle::Stack& stack, const config::Config& config,
                              const std::map<std::string, std::string>& environment,
                              const Clock& clock, Random& random);

// Look before a stack is made: kInvalid if the environment's password for the administrator will
// not do; what serving with this configuration would fail with (addresses, certificate, key).
Status CheckBeforeCreate(const config::Config& config,
                         const std::map<std::string, std::string>& environment, const Clock& clock);

// The buckets of app.assetBuckets: the stack's own, if there is to be one, and the external ones,
// those of folders by names of our own (folders/folder_sync.h).  A folder's contents have versions;
// whether an external bucket keeps them is not known here, so it counts as one that does not.
std::vector<catalog::BucketSeed> BucketsOf(const config::Config& config, std::string_view stack);

// The name of the bucket that a stack makes for itself if it is to have one.
std::string OwnBucketOf(const config::Config& config, std::string_view stack);
// The name of the stack's bucket for derived data of viewers and pipelines.
std::string AuxiliaryBucketOf(const config::Config& config, std::string_view stack);

// What people read of it, a line each; nothing when nothing was done.
std::string PreparedText(const Prepared& prepared);
// Adds "administrator": {"userId", "temporaryPassword"} and "warnings" where there is something to
// say.
void AddPrepared(boost::json::object& object, const Prepared& prepared);

}  // namespace vams::app
