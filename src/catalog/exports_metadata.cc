#include "catalog/exports_metadata.h"

#include <algorithm>
#include <utility>

namespace vams::catalog {

namespace {

// More keys than these are not looked for.
constexpr std::size_t kMostKeys = 256;
// So few files are asked for one by one, without looking which keys there are.
constexpr std::size_t kFewExported = 8;

std::vector<MetadataRow>& RowsOf(ExportedFile& file, MetadataKind kind) {
  return kind == MetadataKind::kMetadata ? file.metadata : file.attributes;
}

}  // namespace

Status FileMetadata::AddByPath(OpContext& op, std::vector<ExportedFile>& files) {
  for (ExportedFile& file : files) {
    if (file.file.folder) continue;
    TRY(auto rows, MetadataOfPath(op, source_, owner_, file.file.path));
    for (MetadataRow& row : rows) {
      if (IsHiddenMetadata(row.key)) continue;
      row.path.clear();
      RowsOf(file, row.kind).push_back(std::move(row));
    }
  }
  return Ok();
}

Status FileMetadata::AddByKey(OpContext& op, MetadataKind kind, const Keys& keys,
                              std::vector<ExportedFile>& files) {
  const std::string first = files.front().file.path;
  const std::string last = files.back().file.path;
  for (const std::string& key : keys) {
    if (IsHiddenMetadata(key)) continue;
    std::size_t at = 0;
    TRY_OK(ForEachOfKey(op, source_, kind, owner_, key, first, last, [&](const MetadataView& row) {
      while (at < files.size() && files[at].file.path < row.path) ++at;
      if (at == files.size() || files[at].file.folder || files[at].file.path != row.path) return;
      RowsOf(files[at], kind)
          .push_back({.kind = kind,
                      .path = {},
                      .key = key,
                      .value = std::string(row.value),
                      .type = std::string(row.type)});
    }));
  }
  return Ok();
}

Status FileMetadata::Add(OpContext& op, std::vector<ExportedFile>& files) {
  if (files.empty()) return Ok();
  if (!looked_ && files.size() <= kFewExported) return AddByPath(op, files);
  if (!std::exchange(looked_, true)) {
    TRY(metadata_, MetadataKeysOf(op, source_, MetadataKind::kMetadata, owner_, kMostKeys));
    TRY(attributes_, MetadataKeysOf(op, source_, MetadataKind::kAttribute, owner_, kMostKeys));
  }
  // Two queries for a file, or one for a key.
  if (!metadata_ || !attributes_ || metadata_->size() + attributes_->size() > 2 * files.size())
    return AddByPath(op, files);
  TRY_OK(AddByKey(op, MetadataKind::kMetadata, *metadata_, files));
  return AddByKey(op, MetadataKind::kAttribute, *attributes_, files);
}

}  // namespace vams::catalog
