// What the files of Assets share.  Internal to catalog.
//
// Thread-safe (no state); nothing blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/contention.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "items/store.h"
#include "model/asset.h"

namespace vams::catalog {

// How often an operation is begun anew because others changed what it looked at.

// The record of a new asset, whose files lie under `key`.
items::Item NewAssetRecord(const model::NewAsset& asset, const Bucket& bucket,
                           const std::string& key);
// What makes the asset: its record and that of its version 0, unless an active or archived one has
// its id.  The database's count is not among them.
std::vector<items::Write> NewAssetWrites(const model::NewAsset& asset, const items::Item& record,
                                         const std::string& user, std::string now);

inline Error AssetMissing() { return {Code::kNotFound, "Asset not found in database"}; }

inline items::Value TextList(const std::vector<std::string>& texts) {
  items::Value::List list;
  for (const std::string& text : texts) list.push_back(items::Value::S(text));
  return items::Value::L(std::move(list));
}

// Tries until the work is done or fails; kUnavailable if others are faster each time.  `work`
// returns whether it is done; `what` completes "so it was not …".
template <typename Work>
Status UntilDone(std::string_view what, const Work& work) {
  for (Contention contention; contention.Next();) {
    TRY(const bool done, work());
    if (done) return Ok();
  }
  return Error(Code::kUnavailable,
               std::string("the asset is being changed by others all the time, so it was not ")
                   .append(what)
                   .append("; try again"));
}

}  // namespace vams::catalog
