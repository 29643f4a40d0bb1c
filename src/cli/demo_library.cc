#include "cli/demo_library.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace vams::cli {

namespace {

namespace json = boost::json;

json::object S(std::string_view text) { return {{"S", text}}; }
json::object B(bool value) { return {{"BOOL", value}}; }

constexpr std::string_view kBucket = "6a1f0f0e-0000-4000-8000-00000000d010";

class Table {
 public:
  explicit Table(std::string name) : name_(std::move(name)) {}
  void Add(json::object item) { text_ += json::serialize(json::object{{"Item", item}}) + "\n"; }
  Status Write(const files::Path& folder) const {
    return files::WriteAtomically(folder / (name_ + ".json"), text_);
  }

 private:
  std::string name_, text_;
};

json::object Asset(std::string_view database, std::string_view id, std::string_view name) {
  return {{"databaseId", S(database)},
          {"assetId", S(id)},
          {"assetName", S(name)},
          {"assetType", S("folder")},
          {"bucketId", S(kBucket)},
          {"assetLocation", json::object{{"M", {{"Key", S(fmt::format("{}/", id))}}}}},
          {"currentVersionId", S("1")},
          {"description", S(fmt::format("{} as surveyed", name))},
          {"isDistributable", B(true)},
          {"tags", json::object{{"L", json::array()}}}};
}

json::object Version(std::string_view asset, std::string_view version, std::string_view comment) {
  return {{"assetId", S(asset)},
          {"assetVersionId", S(version)},
          {"comment", S(comment)},
          {"createdBy", S("mara")},
          {"dateCreated", S("2025-02-11T10:00:00.000100")},
          {"description", S("")},
          {"isCurrentVersion", B(version == "1")},
          {"specifiedPipelines", json::object{{"L", json::array()}}}};
}

json::object FileOf(std::string_view asset, std::string_view version, std::string_view file) {
  return {{"assetId:assetVersionId", S(fmt::format("{}:{}", asset, version))},
          {"fileKey", S(file)},
          {"size", json::object{{"N", "2048"}}},
          {"versionId", S("null")}};
}

json::object Snapshot(std::string_view database, std::string_view asset, std::string_view version) {
  return {
      {"databaseId:assetId:assetVersionId", S(fmt::format("{}:{}:{}", database, asset, version))},
      {"type:filePath:metadataKey", S("metadata:/:surveyor")},
      {"metadataKey", S("surveyor")},
      {"metadataValue", S("mara")},
      {"metadataValueType", S("string")},
      {"createdAt", S("2025-02-11T10:00:00.000100")}};
}

}  // namespace

Status WriteOldLibrary(const files::Path& folder) {
  Table databases("DatabaseStorageTable"), buckets("S3AssetBucketsStorageTable"),
      assets("AssetStorageTable"), versions("AssetVersionsStorageTable"),
      file_versions("AssetFileVersionsStorageTable"),
      snapshots("AssetFileMetadataVersionsStorageTable");
  buckets.Add({{"bucketId", S(kBucket)},
               {"bucketName", S("survey-assets")},
               {"baseAssetsPrefix", S("/")},
               {"bucketName:baseAssetsPrefix", S("survey-assets:/")},
               {"isVersioningEnabled", B(true)}});
  for (const std::string_view database : {"north", "south"})
    databases.Add({{"databaseId", S(database)},
                   {"description", S(fmt::format("Surveys of the {}", database))},
                   {"defaultBucketId", S(kBucket)},
                   {"assetCount", json::object{{"N", "2"}}},
                   {"dateCreated", S("\"February 01 2025 - 08:00:00\"")}});
  // One id in two databases: versions of 2.4 do not say whose they are, their metadata does.
  for (const std::string_view database : {"north", "south"})
    assets.Add(Asset(database, "pump", fmt::format("Pump {}", database)));
  assets.Add(Asset("north", "crane", "Crane 4"));
  assets.Add(Asset("south", "archive", "Archive"));
  versions.Add(Version("pump", "1", "first survey"));
  versions.Add(Version("pump", "2", "second survey"));
  snapshots.Add(Snapshot("north", "pump", "1"));
  snapshots.Add(Snapshot("south", "pump", "2"));
  file_versions.Add(FileOf("pump", "1", "pump.glb"));
  file_versions.Add(FileOf("pump", "2", "pump.glb"));
  versions.Add(Version("crane", "1", "as built"));
  file_versions.Add(FileOf("crane", "1", "crane.step"));
  // Nobody knows this asset any more.
  versions.Add(Version("barge", "1", "before it was sold"));
  file_versions.Add(FileOf("barge", "1", "barge.obj"));
  // Under the limit of 400 KB as it is, over it with the longer key of 2.5.
  versions.Add(Version("archive", "1", std::string(409'450, 'x')));
  for (const Table* table : {&databases, &buckets, &assets, &versions, &file_versions, &snapshots})
    TRY_OK(table->Write(folder));
  return Ok();
}

}  // namespace vams::cli
