// The search documents of upstream's releases 2.2 to 2.5, made from records of the same version as
// that release's indexers make them; where upstream loses something, ours (search.md, "Ours").
// Frozen, as the steps are.  Spec: search.md section 5, data-model.md section 6.
//
// Pure functions.  Nothing blocks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"
#include "objects/object_version.h"
#include "search/opensearch/raw_indexes.h"
#include "tables/data_version.h"

namespace vams::migrate::index {

// A field of metadata or a file attribute.
struct MetadataField {
  std::string key;
  items::Value value;  // 2.2, 2.3: of any kind; 2.4 on: S
  std::string type;    // metadataValueType of 2.4 on
};

// At the end of the id of a database whose asset is archived.
inline constexpr std::string_view kArchivedSuffix = "#deleted";
// The versions whose documents differ.
inline constexpr tables::DataVersion k23{2, 3}, k24{2, 4}, k25{2, 5};

// Points to records that outlive it.
struct AssetRecords {
  const items::Item* asset = nullptr;
  const items::Item* bucket = nullptr;   // its row of S3AssetBucketsStorageTable
  const items::Item* version = nullptr;  // of its current version; nullptr: there is none
  bool children = false, parents = false, related = false;
  std::vector<MetadataField> metadata;  // of the asset itself
};

struct FileRecords {
  const items::Item* asset = nullptr;
  const items::Item* bucket = nullptr;
  const objects::ObjectVersion* object = nullptr;  // the newest version that is no delete marker
  bool archived = false;                           // a delete marker is on top, or the asset is
  std::string path;                                // "/scan/a.e57"
  std::string preview_key;                         // of its preview file; empty: none
  std::vector<MetadataField> metadata, attributes;
};

search::RawDocument AssetDocument(tables::DataVersion version, const AssetRecords& records);
search::RawDocument FileDocument(tables::DataVersion version, const FileRecords& records);

// Whether that release has a document for an object with this key behind its bucket's prefix:
// folder markers, previews of files, parts that begin with a reserved name, and keys of more than
// 256 characters have none.
bool IsIndexed(tables::DataVersion version, std::string_view full_key, std::string_view key);

// The fields of a row of MetadataStorageTable (2.2, 2.3): all that are neither key nor system's.
std::vector<MetadataField> FieldsOfRow(const items::Item& row);

}  // namespace vams::migrate::index
