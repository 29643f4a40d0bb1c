// What the tests of asset versions share: a bench with the asset "gantry", and short ways to make
// versions of it and to tell what they hold.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/asset_edit.h"
#include "catalog/asset_support_test.h"
#include "catalog/asset_versions.h"

namespace vams::catalog::test {

inline const AssetIds kVersioned{kDatabase, "gantry"};
inline const model::NewAssetVersion kLatest{
    .latest = true, .files = {}, .comment = "As built", .alias = ""};

inline model::NewAssetVersion Of(std::vector<model::VersionedFile> files) {
  return {.latest = false, .files = std::move(files), .comment = "As built", .alias = ""};
}

class AssetVersionsTest : public ::testing::Test {
 protected:
  AssetVersionsTest() { bench.MakeAsset("gantry"); }

  MadeVersion Create(const model::NewAssetVersion& version = kLatest) {
    return Must(versions.Create(bench.op, caller, kVersioned, version));
  }
  MadeVersion Revert(std::string_view id, bool metadata = false) {
    return Must(versions.Revert(bench.op, caller, kVersioned, id,
                                {.comment = "back", .metadata = metadata}));
  }
  // "path=content" of every file of a version, "path=gone" where the object version is not there.
  std::vector<std::string> Files(std::string_view id) {
    std::vector<std::string> files;
    for (const FileVersion& file : Must(FileRowsOf(bench.op, bench.items(), kVersioned, id)))
      files.push_back(file.path + "=" +
                      bench.Content(bench.Place("gantry").ObjectAt(file.path), file.version_id)
                          .value_or("gone"));
    return files;
  }
  std::vector<std::string> Metadata(std::string_view id) {
    return Texts(Must(MetadataRowsOf(bench.op, bench.items(), kVersioned, id)));
  }
  std::vector<std::string> LiveMetadata() {
    return Texts(Must(MetadataOfAsset(bench.op, bench.items(), kVersioned)));
  }
  static std::vector<std::string> Texts(const std::vector<MetadataRow>& rows) {
    std::vector<std::string> texts;
    for (const MetadataRow& row : rows)
      texts.push_back(std::string(MetadataKindName(row.kind)) + " " + row.path + " " + row.key +
                      "=" + row.value);
    std::ranges::sort(texts);
    return texts;
  }
  void Describe(const std::string& path, const std::string& key, const std::string& value,
                MetadataKind kind = MetadataKind::kMetadata) {
    const items::Write writes[] = {PutMetadata(
        kVersioned, {.kind = kind, .path = path, .key = key, .value = value, .type = "string"})};
    Must(bench.items().Commit(bench.op, writes));
  }
  // For good, as the file operations do it.
  void Remove(std::string_view path) {
    const AssetPlace place = bench.Place("gantry");
    const Stores stores = bench.stores();
    AssetEdit edit(stores, place);
    for (const auto& version : Must(VersionsOf(bench.op, bench.objects(), place.ObjectAt(path))))
      edit.objects().Add(objects::DeleteVersionChange{version.object, version.version_id});
    Must(edit.Commit(bench.op));
  }
  std::string CurrentId() {
    return std::string(bench.StoredAsset("gantry")->Text("currentVersionId"));
  }
  // Ids of versions whose record says that they are the current one.
  std::vector<std::string> MarkedCurrent() {
    std::vector<std::string> ids;
    for (const AssetVersion& version : Must(VersionsOf(bench.op, bench.items(), kVersioned)))
      if (version.marked_current) ids.push_back(version.id);
    return ids;
  }

  AssetBench bench;
  AssetVersions versions{bench.stores()};
  Caller caller = MayAssets();
};

}  // namespace vams::catalog::test
