// Schemas of metadata: the records of MetadataSchemaStorageTableV2, and what they ask of an entity.
// Spec: api-metadata.md sections 7 and 8, data-model.md section 4.13.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "items/store.h"
#include "model/effective_schema.h"
#include "model/metadata_schema.h"

namespace vams::catalog {

struct SchemaFilter {
  std::optional<std::string> database_id;  // or model::kGlobalSchemas
  std::optional<model::SchemaEntity> entity;
};

struct SchemaPage {
  std::vector<model::MetadataSchema> schemas;
  std::string next;  // `after` of the following page; empty on the last one
};

class MetadataSchemas {
 public:
  // What the stores refer to must outlive this.
  explicit MetadataSchemas(const Stores& stores) : stores_(stores) {}

  // Those that the caller may see: of one database by id, the greatest first, else in no promised
  // order.  A page may hold fewer than `limit`, even none, and not be the last.  kInvalid "Error
  // getting metadata schemas." for an `after` that no page of this filter gave.
  Result<SchemaPage> List(OpContext& op, Caller& caller, const SchemaFilter& filter,
                          std::string_view after, std::size_t limit);

  // These three: kNotFound "Metadata schema not found", which kConflict says as well, of a schema
  // that belongs to another database; kDenied.
  Result<model::MetadataSchema> Get(OpContext& op, Caller& caller, std::string_view database_id,
                                    std::string_view id);
  // Needs POST.  kInvalid for what does not fit what the schema is for.  The schema as it is now.
  Result<model::MetadataSchema> Update(OpContext& op, Caller& caller,
                                       const model::MetadataSchemaChange& change);
  // Metadata that was written while it was there stays.  The schema as it was.
  Result<model::MetadataSchema> Delete(OpContext& op, Caller& caller, std::string_view database_id,
                                       std::string_view id);

  // The schema as it was made.  kNotFound "Database not found"; kDenied.
  Result<model::MetadataSchema> Create(OpContext& op, Caller& caller,
                                       const model::NewMetadataSchema& schema);

 private:
  Result<std::optional<model::MetadataSchema>> TryUpdate(OpContext& op, Caller& caller,
                                                         const model::MetadataSchemaChange& change);
  Result<std::optional<model::MetadataSchema>> TryDelete(OpContext& op, Caller& caller,
                                                         std::string_view database_id,
                                                         std::string_view id);

  const Stores stores_;
};

// What the schemas of these databases, merged in this order, ask of an entity.  A scope that is
// there twice counts once.  `file_path` is that of the file, with its slash in front; empty for
// what is not of files.
Result<model::EffectiveSchema> EffectiveSchemaFor(OpContext& op, items::ItemSource& source,
                                                  std::span<const std::string> scopes,
                                                  model::SchemaEntity entity,
                                                  std::string_view file_path);

}  // namespace vams::catalog
