// How many active assets a database has, as its record says.  Internal to catalog.
// Spec: api-assets.md sections 3.2 and 4, data-model.md section 4.3.
//
// The count is a number that changes by one in the commit that adds an asset, archives it, brings
// it back or deletes it; those commits do not depend on each other.  Records of older releases hold
// a text, or nothing, and nobody knows how right it is: then the assets are counted, and the commit
// requires that the record still says what it said before.
//
// Thread-safe (no state).  Blocks on the item store.
#pragma once

#include <optional>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

// The write that belongs into the commit which adds an active asset to the database; it fails with
// kConflict when the database is no longer there, and its count has to be looked at again.  Nothing
// if there is no such active database.
Result<std::optional<items::Write>> CountOneMore(OpContext& op, items::ItemSource& source,
                                                 std::string_view database_id);
// The same for the commit that takes one away.  Nothing if there is no such active database: there
// is nothing to count then, and the asset can go all the same.
Result<std::optional<items::Write>> CountOneLess(OpContext& op, items::ItemSource& source,
                                                 std::string_view database_id);

}  // namespace vams::catalog
