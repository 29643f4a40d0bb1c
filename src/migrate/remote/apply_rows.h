// Small functions over tables and rows that several parts of this folder need.  Internal to
// migrate/remote.  Those that take an OpContext block on the store.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "items/store.h"
#include "migrate/digest.h"

namespace vams::migrate::remote {

// kInternal for a table of no data version.  Its keys are the same in all versions.
Result<items::TableSpec> SpecOfTable(std::string_view table);
// Creates the table if it is not there.
Status EnsureTable(OpContext& op, items::ItemStore& store, const items::TableSpec& spec);
// Of a table that may be absent (then it is empty).
Result<Digest> LocalDigest(OpContext& op, items::ItemSource& source, std::string_view table);
// Whether one of the stores has a row of that key; true when there are none.
Result<bool> IsKnown(OpContext& op, const std::vector<items::ItemSource*>& known,
                     const items::TableSpec& spec, std::string_view encoded);
// Keys compare as the rows of a local store are ordered.
std::pair<std::string, std::string> OrderOf(const items::TableSpec& spec, const items::Item& key);

}  // namespace vams::migrate::remote
