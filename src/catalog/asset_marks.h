// What the product remembers of an asset beside its record: how often something of it was changed,
// and which objects its archiving marked.  Internal to catalog.
// Format: docs/formats/system-tables.md, "Assets".
//
// Whoever archives or deletes an asset reads the marks, looks for all that belongs to it, and
// commits with Unedited().  For that to be enough, every commit that adds something to an asset
// holds Touch() and a check that the asset is there; AssetEdit does both.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

struct AssetMarks {
  std::string asset;  // "db:asset", or another name of something that is counted
  std::optional<items::Value> edits;
  std::optional<items::Value> removals;
  std::optional<std::string> archived_at;
};

Result<AssetMarks> ReadMarks(OpContext& op, items::ItemSource& source, std::string_view asset);

items::Condition Unedited(const AssetMarks& marks);
// No file was archived, moved away or deleted since, whatever else was changed.
items::Condition NothingRemoved(const AssetMarks& marks);
// One more edit.  `more` are further mutations of the marks, `conditions` what they have to be.
items::Write Touch(std::string_view asset, std::vector<items::Mutation> more = {},
                   std::vector<items::Condition> conditions = {});
// A further mutation for a commit that removes or hides files.
items::Mutation OneRemoval();
items::Write DropMarks(const AssetMarks& marks);

// The keys that the archiving of the asset marked, in order.
Result<std::vector<std::string>> ArchivedKeys(OpContext& op, items::ItemSource& source,
                                              std::string_view asset);
items::Write PutArchivedKey(std::string_view asset, std::string_view key);
items::Write DeleteArchivedKey(std::string_view asset, std::string_view key);

}  // namespace vams::catalog
