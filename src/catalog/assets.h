// Assets: creating, listing, changing, archiving and deleting them.  Spec: api-assets.md section 4.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: "
// where the code says that it has one: kNotFound and kConflict do, kInvalid does not unless a
// function says so; kDenied is "Not Authorized".
//
// An archived asset is filed under its database's id with model::kDeletedSuffix.  Its files are
// hidden by delete markers, and nothing of what belongs to it can be reached until it is
// unarchived. Which files the archiving marked is remembered, so that what was archived before
// stays archived.
//
// Thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "model/asset.h"

namespace vams::catalog {

// What an asset's record says of its current version, with the record of that version.
struct CurrentVersion {
  std::string id;
  std::string date, comment, description, created_by;
  std::string alias;  // empty: none
};

// An asset as clients see it.
struct AssetView {
  Asset asset;
  std::string bucket_name;  // empty: there is no such bucket record
  std::optional<CurrentVersion> version;
};

struct AssetPage {
  std::vector<AssetView> assets;
  std::string next;  // `after` of the following page; empty on the last one
};

class Assets {
 public:
  // What the stores refer to must outlive this.
  explicit Assets(const Stores& stores) : stores_(stores) {}

  // Creates an asset without files; its id, given or new.  In this order: kDenied; kConflict "Asset
  // with specified ID already exists" (an archived one as well); kNotFound "VAMS General Error:
  // Database does not exist" (the wire has the prefix twice); kInvalid for tags; kNotFound "Error
  // getting database default bucket details."; kConflict for keys of others in the same bucket;
  // kNotFound and kConflict for an existing key that cannot be adopted.
  Result<std::string> Create(OpContext& op, Caller& caller, const model::NewAsset& asset);

  // The active assets of a database that the caller may see, by descending id, then the archived
  // ones if they are asked for.  A page may hold fewer than `limit`, even none, and not be the
  // last.  kInvalid for an `after` that no page of this list gave.
  Result<AssetPage> List(OpContext& op, Caller& caller, std::string_view database_id,
                         bool archived_too, std::string_view after, std::size_t limit);
  // Of all databases, either the active or the archived ones, in no promised order.
  Result<AssetPage> ListAll(OpContext& op, Caller& caller, bool archived, std::string_view after,
                            std::size_t limit);

  // The active one, else the archived one if it is asked for.  kNotFound "Asset not found";
  // kDenied.
  Result<AssetView> Get(OpContext& op, Caller& caller, std::string_view database_id,
                        std::string_view asset_id, bool archived_too);

  // `stored_database_id` with the suffix names the archived asset.  kNotFound "Asset not found in
  // database"; kDenied.
  Status Update(OpContext& op, Caller& caller, std::string_view stored_database_id,
                std::string_view asset_id, const model::AssetChange& change);

  // kNotFound "Asset not found in database"; kDenied; kConflict "Asset … is already archived".
  Status Archive(OpContext& op, Caller& caller, std::string_view database_id,
                 std::string_view asset_id, const std::optional<std::string>& reason);

  // Files that were archived before the asset was stay so, unless the asset was archived by another
  // program: then all files come back, as upstream does it.  kNotFound "Asset not found"; kConflict
  // for an asset that is active, or whose database is archived; kDenied.
  Status Unarchive(OpContext& op, Caller& caller, std::string_view database_id,
                   std::string_view asset_id, const std::optional<std::string>& reason);

  // The active and the archived asset of this id with everything that belongs to it, for good.
  // Comments and subscriptions, which know no database, stay while another database has an asset of
  // this id.  kNotFound "Asset not found in database"; kDenied.
  Status Delete(OpContext& op, Caller& caller, std::string_view database_id,
                std::string_view asset_id);

 private:
  const Stores stores_;
};

}  // namespace vams::catalog
