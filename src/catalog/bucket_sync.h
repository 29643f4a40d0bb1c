// Bucket synchronisation: which asset a file belongs to that somebody put into a bucket behind the
// API's back.  Assets and databases that are missing are made.  Runs without a caller: whoever can
// write to the bucket's folder may make assets there.  Spec: api-assets.md section 2.5, search.md
// section 7.4.
//
// Thread-safe (no state).  Blocks on the item store and the object store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/stores.h"

namespace vams::catalog {

// "gantry-12" of "scans/gantry-12/a.e57" under the prefix "scans/"; empty for a key that lies
// directly under the prefix, outside it, under a reserved name or under one that no asset can have:
// then `*why` says so in a few words.
std::string SyncedAssetId(const Bucket& bucket, std::string_view key, std::string* why);

// The active asset of that id in one of the databases that keep their files in this bucket.  Made
// if there is none: in `sync_database` if that keeps its files here, else in another database that
// does, else in one made for the bucket.  kDenied if the asset or that database is archived:
// nothing is to be touched then.
Result<AssetPlace> SyncedAsset(OpContext& op, const Stores& stores, const Bucket& bucket,
                               std::string_view sync_database, std::string_view asset_id);

}  // namespace vams::catalog
