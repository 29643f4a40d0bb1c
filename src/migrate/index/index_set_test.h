// A small data set for the tests of search documents, at any version from 2.2 on.
#pragma once

#include <string>
#include <string_view>

#include "items/aws/dynamodb_json.h"
#include "migrate/naive_engine_test.h"
#include "objects/object_version.h"

namespace vams::migrate::index::test {

using migrate::test::Json;
using migrate::test::Must;
using migrate::test::Put;
using migrate::test::TableSet;

inline void AddAsset(TableSet& set, std::string_view database, std::string_view id,
                     std::string_view folder, std::string_view bucket = "b1") {
  Put(set, "AssetStorageTable",
      Json(fmt::format(
          R"({{"databaseId":{{"S":"{}"}},"assetId":{{"S":"{}"}},"assetName":{{"S":"The {}"}},)"
          R"("description":{{"S":"Made of steel"}},"assetType":{{"S":"folder"}},)"
          R"("isDistributable":{{"BOOL":true}},"tags":{{"L":[{{"S":"span"}},{{"S":"steel"}}]}},)"
          R"("currentVersionId":{{"S":"3"}},"bucketId":{{"S":"{}"}},)"
          R"("assetLocation":{{"M":{{"Key":{{"S":"{}"}}}}}}}})",
          database, id, id, bucket, folder)));
}

inline void AddObject(TableSet& set, std::string_view bucket, std::string_view key,
                      objects::UserMetadata metadata = {}, bool deleted = false) {
  objects::ObjectVersion version;
  version.bucket = bucket;
  version.key = key;
  version.version_id = "v1";
  version.sequence = 1;
  version.size = 1234;
  version.etag = "e7";
  version.last_modified_millis = 1'741'600'000'123;
  version.user_metadata = std::move(metadata);
  Put(set, tables::kObjectVersionsTable, objects::VersionItem(version));
  objects::ObjectRecord record{.newest = version, .next = 2, .versions = 1};
  if (deleted) {
    objects::ObjectVersion marker;
    marker.bucket = bucket;
    marker.key = key;
    marker.version_id = "v2";
    marker.sequence = 2;
    marker.is_delete_marker = true;
    Put(set, tables::kObjectVersionsTable, objects::VersionItem(marker));
    record = {.newest = marker, .next = 3, .versions = 2};
  }
  Put(set, tables::kObjectsTable, objects::ObjectItem(record));
}

inline void AddBucket(TableSet& set, std::string_view id, std::string_view name,
                      std::string_view prefix) {
  Put(set, "S3AssetBucketsStorageTable",
      Json(fmt::format(
          R"({{"bucketId":{{"S":"{0}"}},"bucketName":{{"S":"{1}"}},"baseAssetsPrefix":{{"S":"{2}"}},)"
          R"("bucketName:baseAssetsPrefix":{{"S":"{1}:{2}"}}}})",
          id, name, prefix)));
}

inline void AddLink(TableSet& set, std::string_view id, std::string_view from, std::string_view to,
                    std::string_view type) {
  Put(set, "AssetLinksStorageTableV2.2",
      Json(fmt::format(R"({{"assetLinkId":{{"S":"{}"}},"relationshipType":{{"S":"{}"}},)"
                       R"("fromAssetDatabaseId:fromAssetId":{{"S":"{}"}},)"
                       R"("toAssetDatabaseId:toAssetId":{{"S":"{}"}}}})",
                       id, type, from, to)));
}

inline void AddVersions(TableSet& set, std::string_view database, std::string_view id) {
  const std::string common =
      R"("assetVersionId":{"S":"3"},"comment":{"S":"Third"},"dateCreated":{"S":"2025-01-14T10:03:00.000103"})";
  Put(set, "AssetVersionsStorageTable",
      Json(fmt::format(R"({{"assetId":{{"S":"{}"}},{}}})", id, common)));
  Put(set, "AssetVersionsStorageTableV2",
      Json(fmt::format(
          R"({{"databaseId:assetId":{{"S":"{}:{}"}},"versionAlias":{{"S":"final"}},{}}})", database,
          id, common)));
}

inline void AddMetadata(TableSet& set, std::string_view place, std::string_view key,
                        std::string_view value, std::string_view type = "string") {
  Put(set, "AssetFileMetadataStorageTableV2",
      Json(fmt::format(R"({{"metadataKey":{{"S":"{}"}},"databaseId:assetId:filePath":{{"S":"{}"}},)"
                       R"("metadataValue":{{"S":"{}"}},"metadataValueType":{{"S":"{}"}}}})",
                       key, place, value, type)));
}

// Every table that documents of any version are made from; `more` further assets with a file each.
inline TableSet SmallSet(int more = 0) {
  TableSet set;
  for (const auto* table :
       {"AssetStorageTable", "S3AssetBucketsStorageTable", "AssetLinksStorageTableV2.2",
        "AssetVersionsStorageTable", "AssetVersionsStorageTableV2", "MetadataStorageTable",
        "AssetFileMetadataStorageTableV2", "FileAttributeStorageTableV2"})
    set[table];
  set[std::string(tables::kObjectsTable)];
  set[std::string(tables::kObjectVersionsTable)];
  AddBucket(set, "b1", "yard-assets", "/");
  AddBucket(set, "b2", "museum", "scans/");
  AddAsset(set, "yard", "crane", "crane/");
  AddAsset(set, "yard", "leg", "leg/");
  AddAsset(set, "museum", "bust", "scans/bust/", "b2");
  AddAsset(set, "yard#deleted", "hook", "hook/");
  AddVersions(set, "yard", "crane");
  AddLink(set, "l1", "yard:crane", "yard:leg", "parentChild");
  AddLink(set, "l2", "museum:bust", "yard:crane", "related");

  const objects::UserMetadata marks{{"databaseid", "yard"}, {"assetid", "crane"}};
  AddObject(set, "yard-assets", "crane/", marks);
  AddObject(set, "yard-assets", "crane/Crane.GLB",
            {{"databaseid", "yard"},
             {"assetid", "crane"},
             {"uploadid", "u1"},
             {"vams-primarytype", "primary"},
             {"scanner", "Mk 2"}});
  AddObject(set, "yard-assets", "crane/Crane.GLB.previewFile.png", marks);
  AddObject(set, "yard-assets", "crane/docs/LICENSE", marks);
  AddObject(set, "yard-assets", "crane/old.step", marks, true);
  AddObject(set, "yard-assets", "crane/preview_notes.txt", marks);
  AddObject(set, "yard-assets", "crane/workspace/x.txt", marks);
  AddObject(set, "yard-assets", "crane/of-another.glb",
            {{"databaseid", "yard"}, {"assetid", "leg"}});
  AddObject(set, "yard-assets", "hook/hook.stl");
  AddObject(set, "museum", "scans/bust/bust.e57");

  const auto row = [&](std::string_view text) { Put(set, "MetadataStorageTable", Json(text)); };
  row(R"({"databaseId":{"S":"yard"},"assetId":{"S":"crane"},"Serial No":{"S":"007"},)"
      R"("capacity":{"N":"40.5"},"certified":{"BOOL":true},"codes":{"SS":["A1","B2"]},)"
      R"("built":{"S":"2024-05-01"},"_asset_table_updated":{"S":"2025-03-27T03:00:00"},)"
      R"("VAMS_internal":{"S":"x"},"Größe":{"S":"12"},"3d":{"S":"yes"},"nothing":{"NULL":true},)"
      R"("Location":{"S":"{\"loc\":[9.96,53.54],\"zoom\":3,\"polygons\":{\"type\":\"FeatureCollection\",)"
      R"(\"features\":[{\"geometry\":{\"coordinates\":[[[9,53],[10,53],[10,54],[9,53]]]}}]}}"}})");
  row(R"({"databaseId":{"S":"yard"},"assetId":{"S":"/crane/Crane.GLB"},"points":{"S":"12"}})");
  row(R"({"databaseId":{"S":"museum"},"assetId":{"S":"/scans/bust/bust.e57"},"stations":{"S":"14"}})");
  AddMetadata(set, "yard:crane:/", "Serial No", "007");
  AddMetadata(set, "yard:crane:/", "capacity", "40.5", "number");
  AddMetadata(set, "yard:crane:/", "REINDEX_METADATA_RECORD", "2025");
  AddMetadata(set, "yard:crane:/", "empty", "");
  AddMetadata(set, "yard:crane:/Crane.GLB", "points", "12", "number");
  AddMetadata(set, "yard:hook:/", "load", "heavy");
  Put(set, "FileAttributeStorageTableV2",
      Json(
          R"({"attributeKey":{"S":"Polygons"},"databaseId:assetId:filePath":{"S":"yard:crane:/Crane.GLB"},)"
          R"("attributeValue":{"S":"120345"},"attributeValueType":{"S":"string"}})"));
  for (int i = 0; i < more; ++i) {
    const std::string id = fmt::format("part-{:04}", i);
    AddAsset(set, "yard", id, id + "/");
    AddObject(set, "yard-assets", id + "/part.step");
  }
  return set;
}

}  // namespace vams::migrate::index::test
