// Constraints as items of ConstraintsStorageTable: one item for each role and each user that a
// constraint names, each with the whole constraint, or one bare item when it names nobody.
// Internal to catalog.  Pure functions, but for ReadConstraints, which blocks on the item store.
// Spec: permissions.md section 2.4, data-model.md section 4.15.
//
// What counts when the items of one constraint do not agree (data that something else wrote):
//  - An item speaks for the role in its `groupId` and the user in its `userId`, and for nobody
//    else, because the indexes over these attributes are how a policy finds it.  A role or user
//    that the texts name but that has no item of its own gets nothing.
//  - Items with different content are different rules, each for its own role or user, under the
//    stored id ("base#group#role"); joining their lines would grant what no item says.
//  - What the API shows of such a constraint is the copy that was modified last.
//  - Criteria that cannot be read match everything for denials and nothing for allowances.
//  - All of it is told in `warnings`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/constraint.h"
#include "access/policy.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

// Text before the first "#group#", then before the first "#user#".
std::string_view BaseIdOf(std::string_view stored_id);

struct StoredConstraint {
  std::string id;                           // the base id
  access::Constraint shown;                 // complete, under the base id
  std::vector<access::Constraint> applied;  // what policies are made of
  std::vector<access::Warning> warnings;
  std::vector<items::Item> copies;  // the items, by key
};

// Any items of the table; by base id.
std::vector<StoredConstraint> ReadConstraintItems(std::vector<items::Item> items);
// All of them, as they were at one time: `source` is a snapshot (`still`), or it is read again
// until no writer of this product came in between.
Result<std::vector<StoredConstraint>> ReadConstraints(OpContext& op, items::ItemSource& source,
                                                      bool still);
// The same from a snapshot of the store where it has such.
Result<std::vector<StoredConstraint>> ReadConstraints(OpContext& op, items::ItemStore& store);

struct Authorship {
  std::string created_on;
  std::string created_by;
  std::string modified_on;
  std::string modified_by;
};
// At least one item.  Members of the JSON texts are ordered by name, as the deployment writes them.
std::vector<items::Item> ConstraintItems(const access::Constraint& constraint,
                                         const Authorship& authorship, access::Ids ids);

// The number of changes that were made to constraints: a record of sys.seeds, which every writer
// raises, so that of two writers who read the same state one meets a conflict
// (docs/formats/system-tables.md).
struct Revision {
  std::int64_t number = 0;  // 0: no record yet
};
Result<Revision> ReadRevision(OpContext& op, items::ItemSource& source);
// Fails the commit when somebody else has raised it.
items::Write RaiseRevision(const Revision& revision);
// Raises it whatever it is.
items::Write RaiseRevision();

}  // namespace vams::catalog
