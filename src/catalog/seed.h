// What a stack starts with: default roles, constraints, users and metadata schemas; later releases
// replace only what nobody has touched.  Spec: permissions.md section 8, decision D6;
// api-metadata.md section 18.3, ruling R14.
// Blocks on the item store.  One process at a time (the caller holds the stack's lock).
//
// What happens to a default role, constraint or schema depends on the record in its place and on
// what sys.seeds remembers of it (docs/formats/system-tables.md):
//
//   stack           sys.seeds        record in its place             what happens
//   --------------- ---------------- ------------------------------- ------------------------------
//   no role and no  -                -                               everything is put in place
//   constraint
//   with data, but  -                none                            stays away
//   nothing in      -                means what the default means    stays, remembered as untouched
//   sys.seeds       -                an earlier release's default    replaced
//   (imported,      -                anything else                   stays: edited
//   migrated)
//   seeded before   nothing of it    none                            added: this release is the
//                                                                    first that has it
//                   nothing of it    any                             as in a stack with data
//                   untouched        as remembered                   replaced, if this release has
//                                                                    another default
//                   untouched        changed                         stays: edited
//                   any              none                            stays away: removed
//                   not ours         any                             stays
//
// A record is also remembered as untouched when it equals the default of this release, whoever made
// it.  A schema that the configuration does not ask for is neither brought nor looked at.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/default_schemas.h"
#include "items/store.h"

namespace vams::catalog {

struct SeedOptions {
  std::string admin_user;
  std::string admin_email;
  std::string release = {};  // of the product, to be remembered with the defaults; may be empty
  DefaultSchemaChoice schemas = {};
};

struct SeedReport {
  bool first = false;  // the stack had neither roles nor constraints: everything was put in place
  std::vector<std::string> added;     // "RolesStorageTable admin"
  std::vector<std::string> replaced;  // unmodified defaults of an earlier release
  std::vector<std::string> kept;      // differ from the default because somebody edited them
};

// Creates the system tables that an older release's generation lacks.  Brings the defaults in: all
// of them into a stack that has no role and no constraint; into one with data (imported, migrated)
// nothing that is not known as an unmodified default of an earlier release, so that a default that
// an administrator removed or edited stays as it is.  The administrator's role is given only at
// `first`.  A second call changes nothing.
Result<SeedReport> SeedDefaults(OpContext& op, items::ItemStore& store, const SeedOptions& options,
                                const Clock& clock);

// The operator's way back in after the role of administrators, or what it may do, was lost: puts
// the role and its constraints back as they are at first, and gives the role to a user.  What
// others made stays, a constraint that denies administrators something too.
Status RestoreAdministrator(OpContext& op, items::ItemStore& store, std::string_view user,
                            const Clock& clock, Random& random);

}  // namespace vams::catalog
