// What a version of an asset says about stretches of its files, for lists: a page at a time, never
// file by file.  Internal to catalog.  Spec: api-assets.md section 6.1, data-model.md section 4.5.
//
// Thread-safe (no state).  Blocks on the item store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/version_records.h"
#include "items/store.h"

namespace vams::catalog {

// Of each of these paths the id of the object version that the asset's version has; empty: none.
// `paths` are in order and each there once, at most a page of them.
Result<std::vector<std::string>> SnapshotOf(OpContext& op, items::ItemSource& source,
                                            const AssetIds& asset, std::string_view asset_version,
                                            const std::vector<std::string_view>& paths);

struct SnapshotPage {
  std::vector<FileVersion> files;  // not in order
  std::string next;                // `after` of the following page; empty on the last one
};

// A page of the version's files whose paths begin with the prefix.  kInvalid for an `after` that no
// page gave.
Result<SnapshotPage> ListSnapshot(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                  std::string_view asset_version, std::string_view prefix,
                                  std::string_view after, std::size_t limit);

}  // namespace vams::catalog
