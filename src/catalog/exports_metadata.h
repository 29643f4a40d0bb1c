// Metadata and attributes of the files of one asset, for a walk over them in the order of their
// keys.  Internal to catalog.
//
// The rows of a table lie by metadata key and then by path, those of an index by file.  A query for
// each file costs more than everything else of an export, and reading all rows of an asset first
// costs memory and the first byte; so a page of files is joined with the rows of its stretch of
// paths, one query for each key that the asset uses.  Where an asset uses more keys than that is
// worth, each file is asked for.
//
// Belongs to one thread.  Blocks on the item store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_files.h"
#include "catalog/metadata_records.h"

namespace vams::catalog {

// Keys that begin with it are the program's own, and nobody is shown them.
inline bool IsHiddenMetadata(std::string_view key) { return key.starts_with('_'); }

struct ExportedFile {
  FileItem file;
  std::vector<MetadataRow> metadata, attributes;  // by key; their `path` is empty
};

class FileMetadata {
 public:
  FileMetadata(items::ItemSource& source, MetadataOwner owner)
      : source_(source), owner_(std::move(owner)) {}

  // Fills in the rows of the files, which come by path; folders have none.
  Status Add(OpContext& op, std::vector<ExportedFile>& files);

 private:
  using Keys = std::vector<std::string>;

  Status AddByPath(OpContext& op, std::vector<ExportedFile>& files);
  Status AddByKey(OpContext& op, MetadataKind kind, const Keys& keys,
                  std::vector<ExportedFile>& files);

  items::ItemSource& source_;
  const MetadataOwner owner_;
  bool looked_ = false;
  std::optional<Keys> metadata_, attributes_;  // nothing: too many
};

}  // namespace vams::catalog
