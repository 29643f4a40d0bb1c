// The entities that metadata belongs to: whether they are there and the caller may, where their
// rows are, and what a commit has to check.  Internal to Metadata.
// Spec: api-metadata.md sections 6.1, 6.2 and 18.1.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store, and on the object
// store for files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_marks.h"
#include "catalog/caller.h"
#include "catalog/metadata.h"
#include "catalog/stores.h"
#include "items/store.h"

namespace vams::catalog {

enum class MetadataAction : std::uint8_t { kView, kCreate, kUpdate, kReplace, kDelete };

// An entity that is there, and of which the caller may what they want.
struct OpenedEntity {
  std::vector<std::string> databases;  // whose schemas apply, in this order; each once
  std::vector<items::Write> checks;    // of a commit: the entity is still there
};

Result<OpenedEntity> OpenEntity(OpContext& op, const Stores& stores, Caller& caller,
                                const MetadataEntity& entity, MetadataAction action);

// Its records as they are stored, by key.  A type that is none is that of a text.
Result<std::vector<model::MetadataItem>> RecordsOf(OpContext& op, items::ItemSource& source,
                                                   const MetadataEntity& entity);
// The same of a version of the asset; nothing if it had no metadata at all.
Result<std::optional<std::vector<model::MetadataItem>>> RecordsOf(OpContext& op,
                                                                  items::ItemSource& source,
                                                                  const MetadataEntity& entity,
                                                                  std::string_view version_id);
items::Write PutRecord(const MetadataEntity& entity, const model::MetadataItem& record);
items::Write DeleteRecord(const MetadataEntity& entity, const std::string& key);

// The marks that writers of its metadata share.
Result<AssetMarks> MarksOf(OpContext& op, items::ItemSource& source, const MetadataEntity& entity);
// For a commit that changes its rows: nobody else did so since the marks were read, nor took away
// a file if `file_stays`.
items::Write TouchMetadata(const AssetMarks& marks, const MetadataEntity& entity, bool file_stays);

bool IsOfFile(const MetadataEntity& entity);

// What the schemas of these databases and the global ones ask of it.
Result<model::EffectiveSchema> SchemaFor(OpContext& op, items::ItemSource& source,
                                         const OpenedEntity& opened, const MetadataEntity& entity);
// Whether one of the databases keeps metadata to its schemas.  One that is not there does not.
Result<bool> Restricts(OpContext& op, items::ItemSource& source,
                       const std::vector<std::string>& databases);

}  // namespace vams::catalog
