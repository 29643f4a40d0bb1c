// Small random data sets of every data version, and random writes on them, for the tests of
// carry.h: few ids, so that everything meets everything else; orphans, malformed keys, ids in
// several databases, archived assets and prefixes of buckets among them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/naive_engine_test.h"
#include "migrate/unit.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate::test {

using items::Item;
using items::Value;

inline Value S(std::string_view text) { return Value::S(std::string(text)); }

class World {
 public:
  World(std::uint64_t seed, tables::DataVersion version) : rng_(seed), version_(version) {}

  void set_version(tables::DataVersion version) { version_ = version; }
  std::size_t Below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(rng_);
  }
  bool Chance(int percent) { return Below(100) < static_cast<std::size_t>(percent); }

  // A store of the version with its tables, its buckets, and `rows` random rows.
  void Make(const files::Path& path, std::size_t rows) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(path));
    std::vector<items::TableSpec> specs(tables::SystemTables().begin(),
                                        tables::SystemTables().end());
    for (const auto& table : tables::TablesOf(version_)) specs.push_back(tables::SpecOf(table));
    Must(store->CreateTables(op, specs));
    if (!(version_ < tables::DataVersion{2, 2})) {
      Put(*store, "S3AssetBucketsStorageTable", Bucket("b1", "yard", "/"));
      Put(*store, "S3AssetBucketsStorageTable", Bucket("b2", "quay", "scans/"));
    } else {
      Put(*store, tables::kObjectsTable,
          objects::ObjectItem({.newest = Object("pump/base.glb"), .next = 2, .versions = 1}));
      Put(*store, tables::kObjectVersionsTable, objects::VersionItem(Object("pump/base.glb")));
    }
    for (std::size_t i = 0; i < rows; ++i) Write(*store, 0);
  }

  // One random write: a row put or changed, or (`deletes` percent) one removed.
  void Write(items::ItemStore& store, int deletes) {
    OpContext op;
    const auto tables = Tables();
    const std::string table(tables[Below(tables.size())]);
    Item row = Row(table);
    const auto* spec = SpecFor(table, version_);
    if (!items::CheckItem(*spec, row, std::size_t{400} * 1024).ok()) return;
    if (Chance(deletes)) {
      const auto write = items::Write::Delete(table, items::KeyOf(*spec, row));
      (void)Must(store.Commit(op, std::span(&write, 1)));
    } else {
      Put(store, table, std::move(row));
    }
  }

 private:
  static void Put(items::ItemStore& store, std::string_view table, Item row) {
    OpContext op;
    const auto write = items::Write::Put(std::string(table), std::move(row));
    (void)Must(store.Commit(op, std::span(&write, 1)));
  }

  template <std::size_t N>
  std::string Of(const char* const (&texts)[N]) {
    return texts[Below(N)];
  }
  std::string Database() { return Of({"plant", "yard", "plant", "museum"}); }
  std::string Marked() { return Database() + (Chance(15) ? "#deleted" : ""); }
  std::string Asset() { return Of({"pump", "crane", "leg", "truss", "scans", "drum", "x-1"}); }
  std::string Version() { return Of({"0", "1", "2", "3"}); }
  std::string File() { return Of({"base.glb", "sub/leg.obj", "notes.txt"}); }
  std::string Date() { return fmt::format("2025-01-{:02}T10:03:00.000103", 1 + Below(28)); }
  std::string Words() { return fmt::format("text {}", Below(1000)); }

  static Item Bucket(std::string_view id, std::string_view name, std::string_view prefix) {
    return {{"baseAssetsPrefix", S(prefix)},
            {"bucketId", S(id)},
            {"bucketName", S(name)},
            {"bucketName:baseAssetsPrefix", S(fmt::format("{}:{}", name, prefix))}};
  }

  static objects::ObjectVersion Object(std::string key) {
    objects::ObjectVersion version;
    version.bucket = "yard";
    version.key = std::move(key);
    version.version_id = "v1";
    version.sequence = 1;
    version.size = 7;
    version.user_metadata.emplace();
    return version;
  }

  std::vector<std::string_view> Tables() const {
    // Some more often than others.
    std::vector<std::string_view> tables = {
        "AssetStorageTable", "AssetStorageTable", "CommentStorageTable",  "DatabaseStorageTable",
        "TagStorageTable",   "AuthEntitiesTable", "WorkflowStorageTable", "sys.sessions",
    };
    const auto add = [&](std::initializer_list<std::string_view> more) {
      tables.insert(tables.end(), more);
    };
    const tables::DataVersion v22{2, 2}, v24{2, 4}, v25{2, 5};
    if (version_ < v22)
      add({"AssetLinksStorageTable", "AssetLinksStorageTable"});
    else
      add({"AssetLinksStorageTableV2.2", "AssetLinksMetadataStorageTable",
           "WorkflowExecutionsStorageTable"});
    if (version_ < v24)
      add({"MetadataStorageTable", "MetadataStorageTable", "MetadataStorageTable",
           "MetadataSchemaStorageTable", "AuthEntitiesTable"});
    else
      add({"AssetFileMetadataStorageTableV2", "AssetFileMetadataStorageTableV2",
           "FileAttributeStorageTableV2", "MetadataSchemaStorageTableV2", "ConstraintsStorageTable",
           "AssetFileMetadataVersionsStorageTable", "AssetFileMetadataVersionsStorageTable"});
    if (!(version_ < v22) && version_ < v25)
      add({"AssetVersionsStorageTable", "AssetVersionsStorageTable",
           "AssetFileVersionsStorageTable", "AssetFileVersionsStorageTable"});
    if (version_ == v25)
      add({"AssetVersionsStorageTableV2", "AssetVersionsStorageTableV2", "ApiKeyStorageTable",
           "AssetFileVersionsStorageTableV2", "AssetFileVersionsStorageTableV2"});
    return tables;
  }

  Item Row(std::string_view table) {
    Item row = Known(table);
    if (!row.empty()) return row;
    // Any other table: its keys and a word.
    const auto* spec = SpecFor(table, version_);
    row.Set(spec->partition.name, S(Of({"one", "two", "three", "plant:pump", "yard:leg"})));
    if (!spec->sort.empty()) row.Set(spec->sort.name, S(Of({"k1", "k2", "k3"})));
    row.Set("word", S(Words()));
    if (table == "WorkflowStorageTable" && Chance(50))
      row.Set("autoTriggerOnFileExtensionsUpload", S(".glb"));
    if (table == "WorkflowExecutionsStorageTable" && Chance(50))
      row.Set("inputAssetFileKey", S("/x"));
    if (table == "AssetLinksMetadataStorageTable")
      row.Set("metadataValueType", S(LinkMetadataType()));
    return row;
  }

  Item Known(std::string_view table) {
    if (table == "AssetStorageTable") return AssetRow();
    if (table.starts_with("AssetVersionsStorageTable")) return VersionRow(table.ends_with("V2"));
    if (table.starts_with("AssetFileVersionsStorageTable")) return FileRow(table.ends_with("V2"));
    if (table == "AssetFileMetadataVersionsStorageTable") return SnapshotRow();
    if (table == "CommentStorageTable")
      return {{"assetId", S(Asset())},
              {"assetVersionId:commentId", S(fmt::format("{}:c{}", Version(), Below(3)))},
              {"commentBody", S(Words())}};
    if (table == "DatabaseStorageTable") return DatabaseRow();
    if (table == "AssetLinksStorageTable") return OldLinkRow();
    if (table == "AssetLinksStorageTableV2.2") return LinkRow();
    if (table == "MetadataStorageTable") return OldMetadataRow();
    if (table == "AssetFileMetadataStorageTableV2" || table == "FileAttributeStorageTableV2")
      return MetadataRow(table.starts_with("File") ? "attribute" : "metadata");
    if (table == "MetadataSchemaStorageTable")
      return {{"databaseId", S(Database())},
              {"field", S(Of({"weight", "colour"}))},
              {"dataType", S(Of({"string", "number", "boolean"}))},
              {"required", Value::Bool(Chance(50))},
              {"sequenceNumber", Value::N(static_cast<std::int64_t>(Below(5)))},
              {"dependsOn", Value::L({})}};
    if (table == "MetadataSchemaStorageTableV2") return SchemaRow();
    if (table == "AuthEntitiesTable") return OldConstraintRow();
    if (table == "ConstraintsStorageTable") return ConstraintRow();
    return {};
  }

  Item AssetRow() {
    const std::string id = Asset();
    const bool second = Chance(25);
    Item row{{"assetId", S(id)},
             {"assetName", S(Words())},
             {"assetType", S(Of({"folder", ".glb", "none"}))},
             {"databaseId", S(Marked())},
             {"description", S(Words())}};
    const std::string folder = Chance(85) ? id : "custom/loc";
    row.Set("assetLocation",
            Value::M(Item{{"Key", S(fmt::format("{}{}/", second ? "scans/" : "", folder))}}));
    if (version_ < tables::DataVersion{2, 2}) {
      row.Set("isMultiFile", Value::Bool(true));
      const auto entry = [&](std::string_view version) {
        return Value::M(Item{{"Version", S(version)},
                             {"Comment", S(Words())},
                             {"DateModified", S("January 02 2025 - 10:00:00")},
                             {"S3Version", S("")},
                             {"description", S("")}});
      };
      row.Set("currentVersion", entry("2"));
      row.Set("versions", Value::L({entry("1")}));
      return row;
    }
    row.Set("bucketId", S(second ? "b2" : "b1"));
    row.Set("currentVersionId", S(Version()));
    return row;
  }

  Item VersionRow(bool v2) {
    const std::string id = Asset(), database = Marked();
    Item row{{"assetId", S(id)},
             {"assetVersionId", S(Version())},
             {"comment", S(Words())},
             {"createdBy", S("dana")},
             {"dateCreated", S(Date())},
             {"description", S("")},
             {"isCurrentVersion", Value::Bool(Chance(30))}};
    if (Chance(80)) row.Set("specifiedPipelines", Value::L({}));
    if (v2) {
      row.Set("databaseId", S(database));
      row.Set("databaseId:assetId", S(fmt::format("{}:{}", database, id)));
      if (Chance(30)) row.Set("versionAlias", S(Words()));
      if (Chance(20)) row.Set("isArchived", Value::Bool(true));
    } else if (Chance(20)) {
      row.Set("databaseId", S(Database()));
    }
    return row;
  }

  Item FileRow(bool v2) {
    const std::string id = Asset(), version = Version(), database = Marked();
    Item row{{"fileKey", S(File())},
             {"createdAt", S(Date())},
             {"etag", S(Words())},
             {"size", Value::N(static_cast<std::int64_t>(Below(900)))},
             {"versionId", S(fmt::format("o{}", Below(9)))}};
    const bool odd = Chance(3);
    if (v2) {
      row.Set("databaseId:assetId:assetVersionId",
              S(fmt::format("{}:{}:{}", database, id, version)));
      row.Set("databaseId:assetId", S(fmt::format("{}:{}", database, id)));
    } else {
      row.Set("assetId:assetVersionId", S(odd ? "odd" : fmt::format("{}:{}", id, version)));
    }
    return row;
  }

  Item SnapshotRow() {
    const std::string id = Asset(), database = Database();
    Item row{{"databaseId:assetId:assetVersionId",
              S(Chance(97) ? fmt::format("{}:{}:{}", database, id, Version()) : "odd")},
             {"type:filePath:metadataKey", S(fmt::format("metadata:/:k{}", Below(3)))},
             {"metadataKey", S("k")},
             {"metadataValue", S(Words())},
             {"metadataValueType", S("string")}};
    if (version_ == tables::DataVersion{2, 5} || Chance(30))
      row.Set("databaseId:assetId", S(fmt::format("{}:{}", database, id)));
    return row;
  }

  Item DatabaseRow() {
    Item row{{"databaseId", S(Marked())}, {"description", S(Words())}, {"dateCreated", S(Date())}};
    if (version_ < tables::DataVersion{2, 4}) {
      row.Set("assetCount", S(std::to_string(Below(9))));
    } else {
      row.Set("assetCount", Value::N(static_cast<std::int64_t>(Below(9))));
      if (Chance(40)) row.Set("restrictMetadataOutsideSchemas", Value::Bool(true));
    }
    if (!(version_ < tables::DataVersion{2, 2})) row.Set("defaultBucketId", S("b1"));
    return row;
  }

  std::string LinkMetadataType() {
    if (version_ < tables::DataVersion{2, 3}) return "string";
    if (version_ < tables::DataVersion{2, 4}) return Of({"string", "json"});
    return Of({"string", "json", "multiline_string"});
  }

  Item OldLinkRow() {
    const std::string from = Asset(), to = Asset();
    return {{"assetIdFrom", S(from)},
            {"assetIdTo", S(to)},
            {"relationId", S(fmt::format("r-{}-{}", from, to))},
            {"relationshipType", S(Of({"related", "parent-child"}))}};
  }

  Item LinkRow() {
    const std::string from = Database(), from_id = Asset(), to = Database(), to_id = Asset();
    Item row{{"assetLinkId", S(Chance(50) ? fmt::format("r-{}-{}", from_id, to_id)
                                          : fmt::format("r{}-{}", Below(8), from_id))},
             {"fromAssetDatabaseId", S(from)},
             {"fromAssetDatabaseId:fromAssetId", S(fmt::format("{}:{}", from, from_id))},
             {"fromAssetId", S(from_id)},
             {"relationshipType", S("related")},
             {"tags", Value::L({})},
             {"toAssetDatabaseId", S(to)},
             {"toAssetDatabaseId:toAssetId", S(fmt::format("{}:{}", to, to_id))},
             {"toAssetId", S(to_id)}};
    if (!(version_ < tables::DataVersion{2, 3}) && Chance(30)) row.Set("assetLinkAliasId", S("al"));
    return row;
  }

  Item OldMetadataRow() {
    const std::string id = Asset();
    std::string key;
    switch (Below(5)) {
      case 0:
        key = id;
        break;
      case 1:
        key = fmt::format("/scans/{}/{}", id, File());
        break;
      case 2:
        key = fmt::format("/custom/loc/{}", File());
        break;
      default:
        key = fmt::format("/{}/{}", id, File());
    }
    Item row{{"assetId", S(key)}, {"databaseId", S(Marked())}};
    if (Chance(70)) row.Set("weight", S(std::to_string(Below(50))));
    if (Chance(50)) row.Set("colour", S(Words()));
    if (Chance(20)) row.Set("_asset_table_updated", Value::N(std::int64_t{1736766000}));
    return row;
  }

  Item MetadataRow(std::string_view what) {
    const std::string id = Asset(), database = Database();
    const std::string place = Chance(40) ? "/" : "/" + File();
    return {{"databaseId:assetId", S(fmt::format("{}:{}", database, id))},
            {"databaseId:assetId:filePath",
             S(Chance(97) ? fmt::format("{}:{}:{}", database, id, place) : "odd")},
            {fmt::format("{}Key", what), S(Of({"weight", "colour", "grade"}))},
            {fmt::format("{}Value", what), S(std::to_string(Below(90)))},
            {fmt::format("{}ValueType", what), S(Of({"string", "number"}))}};
  }

  Item SchemaRow() {
    const std::string database = Database();
    return {{"metadataSchemaId", S(fmt::format("s{}", Below(4)))},
            {"databaseId", S(database)},
            {"databaseId:metadataEntityType", S(database + ":assetMetadata")},
            {"metadataSchemaEntityType", S("assetMetadata")},
            {"schemaName", S(Words())},
            {"enabled", Value::Bool(Chance(80))},
            {"fields",
             S(fmt::format(
                 R"({{"fields":[{{"metadataFieldKeyName":"{}","metadataFieldValueType":"{}"}}]}})",
                 Of({"weight", "colour"}), Of({"string", "number"})))}};
  }

  std::string ConstraintId() { return Of({"c1", "c2", "c3", "initial_admin_allow_all_tags"}); }
  Item OldConstraintRow() {
    const std::string id = ConstraintId();
    const auto map = [](std::string_view name, std::string_view value) {
      return Value::L({Value::M(Item{{std::string(name), S(value)},
                                     {"permission", S("GET")},
                                     {"permissionType", S("allow")}})});
    };
    return {{"entityType", S("constraint")},
            {"sk", S("constraint#" + id)},
            {"constraintId", S(id)},
            {"name", S(Words())},
            {"description", S("")},
            {"objectType", S(Of({"asset", "tag"}))},
            {"criteriaAnd", Value::L({})},
            {"criteriaOr", Value::L({})},
            {"groupPermissions", map("groupId", Of({"admin", "reader"}))},
            {"userPermissions", Value::L({})}};
  }
  Item ConstraintRow() {
    const std::string id = ConstraintId(), group = Of({"admin", "reader"});
    return {{"constraintId", S(fmt::format("{}#group#{}", id, group))},
            {"groupId", S(group)},
            {"name", S(Words())},
            {"description", S("")},
            {"objectType", S("asset")},
            {"criteriaAnd", S("[]")},
            {"criteriaOr", S("[]")},
            {"groupPermissions",
             S(fmt::format(R"([{{"groupId":"{}","permission":"GET","permissionType":"allow"}}])",
                           group))},
            {"userPermissions", S("[]")},
            {"dateModified", S(Date())}};
  }

  std::mt19937_64 rng_;
  tables::DataVersion version_;
};

}  // namespace vams::migrate::test
