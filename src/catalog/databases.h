// Databases: the groups that assets belong to.  Spec: api-assets.md section 3, permissions.md
// section 6.1, data-model.md section 4.3.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// An asset, pipeline or workflow must not be added while its database is archived: whoever adds one
// changes the database's record in the same commit (its assetCount, say), or checks there that it
// exists; archiving notices any change of the record since it looked for what the database holds.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "catalog/buckets.h"
#include "catalog/caller.h"
#include "items/store.h"
#include "model/database.h"

namespace vams::catalog {

inline const std::string kDatabasesTable = "DatabaseStorageTable";

struct Database {
  std::string id;  // with model::kDeletedSuffix if archived
  std::string description;
  std::optional<std::string> created_on;
  std::int64_t assets = 0;  // active ones
  std::optional<std::string> bucket_id;
  std::optional<Bucket> bucket;  // nothing if there is no such record
  bool restrict_metadata = false;
  std::string extensions;
};

struct DatabasePage {
  std::vector<Database> databases;
  std::string next;  // `after` of the following page; empty on the last one
};

class Databases {
 public:
  // The store and the clock must outlive this.
  Databases(items::ItemStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // kDenied; kNotFound "Bucket ID not found"; kConflict "Database already exists": an active one
  // does, an archived one is no hindrance.
  Status Create(OpContext& op, Caller& caller, const model::NewDatabase& database);

  // Either the active or the archived ones that the caller may see, in no promised order.  A page
  // may hold fewer than `limit`, even none, and not be the last.  kInvalid "Error getting
  // databases." for an `after` that no page gave.
  Result<DatabasePage> List(OpContext& op, Caller& caller, bool archived, std::string_view after,
                            std::size_t limit);

  // kNotFound, kDenied: both "Database not found".
  Result<Database> Get(OpContext& op, Caller& caller, std::string_view id, bool archived);

  // kNotFound "Database not found"; kDenied; kNotFound "Bucket ID not found".
  Status Update(OpContext& op, Caller& caller, std::string_view id,
                const model::DatabaseChange& change);

  // Moves the record to the archived ones, in place of an archived one with this id; what belongs
  // to the database stays.  kConflict "Database contains active workflows" (pipelines, assets);
  // kNotFound "Record not found"; kDenied "Action not allowed"; in this order, as clients know it.
  // kUnavailable if others change the record again and again.
  Status Archive(OpContext& op, Caller& caller, std::string_view id);

  // No permission asked.  kInvalid "Error getting buckets." for an `after` that no page gave.
  Result<BucketPage> Buckets(OpContext& op, std::string_view after, std::size_t limit);

 private:
  Result<std::optional<items::Item>> Find(OpContext& op, std::string_view stored_id);
  Status CheckBucket(OpContext& op, std::string_view id);
  Status CheckIsEmpty(OpContext& op, std::string_view id);
  // False: the record was changed since it was read; everything has to be looked at again.
  Result<bool> TryArchive(OpContext& op, Caller& caller, std::string_view id);

  items::ItemStore& store_;
  const Clock& clock_;
};

}  // namespace vams::catalog
