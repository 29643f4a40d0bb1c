// What the operations on files share: single versions, primary types, items of lists, derived data
// and records that follow a file, and trying again.  Internal to catalog.
// Spec: api-assets.md sections 2.4, 6 and 7.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store or the object store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/contention.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/asset_edit.h"
#include "catalog/asset_files.h"
#include "catalog/asset_records.h"
#include "catalog/metadata_records.h"
#include "objects/store.h"

namespace vams::catalog {

// ---- Single objects.

std::string_view LastSegment(std::string_view path);
// "/scan/a.e57", of a key in the asset's folder: AssetPlace::SlashPathOf without a copy.
std::string_view PathUnder(const AssetPlace& place, std::string_view key);
std::optional<std::string> PrimaryTypeOf(const objects::VersionInfo& info);

// `full`: with what is known of the version.
FileItem FileItemOf(const AssetPlace& place, const objects::VersionInfo& info, bool full);

// Head, where nothing is no error.
Result<std::optional<objects::VersionInfo>> HeadIfAny(
    OpContext& op, objects::ObjectStore& objects, const objects::ObjectId& object,
    const std::optional<std::string>& version_id = {});
// The newest version, a delete marker perhaps; nothing if the object has no version.
Result<std::optional<objects::VersionInfo>> NewestOf(OpContext& op, objects::ObjectStore& objects,
                                                     const objects::ObjectId& object);
// The newest version that is no delete marker.
Result<std::optional<objects::VersionInfo>> NewestContentOf(OpContext& op,
                                                            objects::ObjectStore& objects,
                                                            const objects::ObjectId& object);

// Whether the key is one of a preview, whatever the asset is called.
bool IsPreview(const AssetPlace& place, std::string_view key);
// Of the file's preview, the key that it has as a preview of another file.
std::string PreviewKeyFor(std::string_view preview_key, std::string_view from, std::string_view to);

// ---- What follows a file.

// The prefix of the keys that data derived from the file has in the auxiliary bucket.
std::string AuxiliaryPrefix(std::string_view key);

// Derived data of one file becomes that of another, in place of what that had.  With `move` it is
// no longer the first one's.
Status FollowAuxiliary(OpContext& op, const Stores& stores, std::string_view from,
                       std::string_view to, bool move, AssetEdit& edit);

MetadataOwner OwnerOf(const Asset& asset);

// ---- Trying again.

// Whether a commit failed because something is no longer as it was read.
bool IsOvertaken(const Error& error);
Error Overtaken();

// `attempt` gives a Result<std::optional<T>>; nothing: it was overtaken, and is made again.
template <typename Attempt>
auto UntilNotOvertaken(OpContext& op, Attempt attempt, int attempts = Contention::kAttempts)
    -> Result<typename decltype(attempt())::value_type::value_type> {
  for (Contention contention(attempts); contention.Next();) {
    TRY_OK(op.Check());
    TRY(auto done, attempt());
    if (done) return *std::move(done);
  }
  return Overtaken();
}

}  // namespace vams::catalog
