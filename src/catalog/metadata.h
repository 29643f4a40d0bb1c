// Metadata of databases, assets, files and links, and attributes of files: what a record of it is
// worth in the light of the schemas, and the writes that keep to them.
// Spec: api-metadata.md sections 5, 6, 9 and 10.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Every write is one commit: all of its items, or none.  It happens on what was looked at: rows
// that somebody else writes meanwhile, an asset that is archived, a file that is moved away make it
// begin anew, a bounded number of times, then kUnavailable.  (Marks: asset_marks.h.)
//
// Thread-safe.  Calls block on the item store, and on the object store for files.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "model/effective_schema.h"
#include "model/metadata.h"
#include "model/metadata_schema.h"

namespace vams::catalog {

// What metadata belongs to; the ids are plain.
struct MetadataEntity {
  model::SchemaEntity kind = model::SchemaEntity::kAsset;
  std::string database_id;  // but of a link
  std::string asset_id;     // of an asset, a file
  std::string path = "/";   // of a file: "/parts/pump.glb"
  std::string link_id;      // of a link

  static MetadataEntity OfDatabase(std::string id) {
    return {.kind = model::SchemaEntity::kDatabase, .database_id = std::move(id)};
  }
  static MetadataEntity OfAsset(std::string database_id, std::string asset_id) {
    return {.kind = model::SchemaEntity::kAsset,
            .database_id = std::move(database_id),
            .asset_id = std::move(asset_id)};
  }
  static MetadataEntity OfFile(std::string database_id, std::string asset_id, std::string path,
                               model::FileMetadataKind kind = model::FileMetadataKind::kMetadata) {
    return {.kind = kind == model::FileMetadataKind::kMetadata
                        ? model::SchemaEntity::kFile
                        : model::SchemaEntity::kFileAttribute,
            .database_id = std::move(database_id),
            .asset_id = std::move(asset_id),
            .path = std::move(path)};
  }
  static MetadataEntity OfLink(std::string id) {
    return {.kind = model::SchemaEntity::kAssetLink, .link_id = std::move(id)};
  }
};

// What an entity has, and what the schemas say of it.
struct MetadataList {
  std::vector<model::ShownMetadata> records;  // they point into `schema`
  model::EffectiveSchema schema;
  bool schema_known = true;  // else the schemas could not be read, and nothing is known of them
  bool restricted = false;   // keys outside the schemas are refused
};

// What a write did.
struct MetadataChange {
  std::vector<std::string> done;     // keys as they were sent, then those that got a default
  std::vector<std::string> missing;  // of a deletion: keys that there are none of
  std::size_t removed = 0;           // by an update that replaces: keys that were not sent
  std::size_t total() const { return done.size() + missing.size(); }
};

class Metadata {
 public:
  // What the stores refer to must outlive this.
  explicit Metadata(const Stores& stores) : stores_(stores) {}

  // All four: kNotFound "Database not found", "Asset not found", "Asset link not found" (an
  // archived one is none, and a link needs both of its assets); kDenied "Not authorized to view
  // metadata for this asset".  Of a link the caller needs the right on both assets.

  // Needs GET.  A file needs not be there.  With a version, of an asset or a file, what that had,
  // shown by the schemas of today, and nothing at all if it had no metadata: kNotFound "Asset
  // version '99' not found for asset".
  Result<MetadataList> List(OpContext& op, Caller& caller, const MetadataEntity& entity,
                            std::string_view version_id = {});

  // What is wrong with the write, these two: kNotFound "File not found in S3" and what PlaceOf
  // says; kInvalid for more records than an entity may have, and what
  // model::EffectiveSchema::CheckWrite complains of.  Of a key that is there twice the last counts.
  // Needs POST.  Writes defaults as well.
  Result<MetadataChange> Create(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                const model::MetadataCreate& create);
  // Needs PUT, and to replace what is there POST and DELETE as well.
  Result<MetadataChange> Update(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                const model::MetadataUpdate& update);
  // Needs DELETE.  A file needs not be there.  kInvalid for what CheckDeletion complains of.
  Result<MetadataChange> Delete(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                const model::MetadataDelete& deletion);

 private:
  const Stores stores_;
};

}  // namespace vams::catalog
