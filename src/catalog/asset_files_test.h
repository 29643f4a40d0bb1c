// What the tests of files share: records of metadata and of versions in short, and an asset with
// some files.  Belongs to one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_files.h"
#include "catalog/asset_support_test.h"
#include "catalog/metadata_records.h"

namespace vams::catalog::test {

inline const AssetFiles::Ref kGantry{kDatabase, "gantry"};
inline const MetadataOwner kGantryIds{kDatabase, "gantry"};

inline void Commit(AssetBench& bench, items::Write write) {
  const items::Write writes[] = {std::move(write)};
  Must(bench.items().Commit(bench.op, writes));
}

inline void PutRow(AssetBench& bench, std::string path, std::string key, std::string value,
                   MetadataKind kind = MetadataKind::kMetadata,
                   const MetadataOwner& owner = kGantryIds) {
  Commit(bench, PutMetadata(owner, {.kind = kind,
                                    .path = std::move(path),
                                    .key = std::move(key),
                                    .value = std::move(value),
                                    .type = "string"}));
}

// "metadata /a.e57 phase=built", sorted.
inline std::vector<std::string> RowsOf(AssetBench& bench, const MetadataOwner& owner = kGantryIds) {
  std::vector<std::string> texts;
  for (const MetadataRow& row : Must(MetadataOfAsset(bench.op, bench.items(), owner)))
    texts.push_back(std::string(MetadataKindName(row.kind)) + " " + row.path + " " + row.key + "=" +
                    row.value);
  std::ranges::sort(texts);
  return texts;
}

// A file of a version of the asset.
inline void PutSnapshot(AssetBench& bench, std::string_view asset_version, std::string path,
                        std::string version_id, std::uint64_t size = 4) {
  Commit(bench, PutFileVersion(kGantryIds, asset_version,
                               {.path = std::move(path),
                                .version_id = std::move(version_id),
                                .size = size,
                                .last_modified = "2025-02-01T08:00:00+00:00",
                                .etag = "d41d8cd98f00b204e9800998ecf8427e"},
                               "2025-02-01T09:00:00"));
}

// A version of the asset, which becomes the current one if asked for.
inline void AddVersion(AssetBench& bench, std::string id, bool current,
                       std::optional<std::string> alias = {}, bool archived = false) {
  bench.PutItem(kAssetVersionsTable,
                AssetVersionItem(kGantryIds, {.id = id,
                                              .created_at = "2025-02-01T09:00:00",
                                              .created_by = "tester",
                                              .comment = "of a test",
                                              .description = "",
                                              .alias = std::move(alias),
                                              .archived = archived,
                                              .marked_current = current}));
  if (!current) return;
  items::Item asset = *bench.StoredAsset("gantry");
  asset.Set("currentVersionId", items::Value::S(std::move(id)));
  bench.PutItem(kAssetsTable, std::move(asset));
}

inline objects::ObjectMetadata Typed(std::string type) {
  return {.content_type = "binary/octet-stream", .user = {{kPrimaryTypeMetadata, std::move(type)}}};
}

inline void PutDerived(AssetBench& bench, const std::string& key) {
  Must(bench.objects().PutBytes(bench.op, {bench.stores().auxiliary_bucket, key}, "tile"));
}
inline std::vector<std::string> DerivedKeys(AssetBench& bench) {
  return bench.LiveKeys("", bench.stores().auxiliary_bucket);
}

inline std::vector<std::string> PathsOf(const std::vector<FileItem>& files) {
  std::vector<std::string> paths;
  for (const FileItem& file : files) paths.push_back(file.path);
  return paths;
}

}  // namespace vams::catalog::test
