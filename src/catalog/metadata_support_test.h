// What the tests of metadata share: a bench with the assets "gantry" and "crane", a file, a link,
// and short ways to write, to read and to make schemas.  Belongs to one thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/asset_files.h"
#include "catalog/asset_links.h"
#include "catalog/asset_support_test.h"
#include "catalog/assets.h"
#include "catalog/metadata.h"
#include "catalog/metadata_records.h"
#include "catalog/metadata_schema_records.h"

namespace vams::catalog::test {

using Texts = std::vector<std::string>;

inline const MetadataEntity kHarbor = MetadataEntity::OfDatabase(kDatabase);
inline const MetadataEntity kGantryAsset = MetadataEntity::OfAsset(kDatabase, "gantry");
inline const MetadataEntity kBoom = MetadataEntity::OfFile(kDatabase, "gantry", "/cad/boom.glb");
inline const MetadataEntity kBoomAttributes = MetadataEntity::OfFile(
    kDatabase, "gantry", "/cad/boom.glb", model::FileMetadataKind::kAttribute);

inline model::MetadataItem Field(std::string key, std::string value,
                                 model::ValueType type = model::ValueType::kString) {
  return {std::move(key), std::move(value), type};
}
inline model::MetadataItem Number(std::string key, std::string value) {
  return Field(std::move(key), std::move(value), model::ValueType::kNumber);
}
inline std::vector<model::MetadataItem> Fields(std::string_view prefix, int from, int to) {
  std::vector<model::MetadataItem> items;
  for (int i = from; i < to; ++i)
    items.push_back(Field(std::string(prefix) + std::to_string(i), std::to_string(i)));
  return items;
}

// "key=value", with the type where it is no text.
inline std::string TextOf(const model::MetadataItem& item) {
  std::string text = item.key + "=" + item.value;
  if (item.type != model::ValueType::kString)
    text += " " + std::string(model::ValueTypeName(item.type));
  return text;
}

inline model::SchemaField SchemaText(std::string key) { return {.key = std::move(key)}; }
inline model::SchemaField SchemaNumber(std::string key) {
  return {.key = std::move(key), .type = model::ValueType::kNumber};
}

class MetadataTest : public ::testing::Test {
 protected:
  MetadataTest() { Prepare(bench); }

  // Also for benches of fault tests.
  static void Prepare(AssetBench& bench) {
    bench.MakeAsset("gantry");
    bench.MakeAsset("crane");
    bench.PutFile("gantry", "cad/boom.glb", "mesh");
  }

  std::string Link(const std::string& to = "crane", const std::string& to_database = kDatabase) {
    return Must(AssetLinks(bench.stores())
                    .Create(bench.op, caller,
                            {.from_database = kDatabase,
                             .from_asset = "gantry",
                             .to_database = to_database,
                             .to_asset = to}));
  }

  Result<MetadataChange> TryCreate(const MetadataEntity& entity,
                                   std::vector<model::MetadataItem> items) {
    return metadata.Create(bench.op, caller, entity, {.items = std::move(items)});
  }
  Result<MetadataChange> TryUpdate(const MetadataEntity& entity,
                                   std::vector<model::MetadataItem> items, bool replace = false) {
    return metadata.Update(bench.op, caller, entity,
                           {.items = std::move(items), .replace_all = replace});
  }
  Result<MetadataChange> TryDelete(const MetadataEntity& entity, Texts keys) {
    return metadata.Delete(bench.op, caller, entity, {.keys = std::move(keys)});
  }
  MetadataChange Create(const MetadataEntity& entity, std::vector<model::MetadataItem> items) {
    return Must(TryCreate(entity, std::move(items)));
  }
  MetadataChange Update(const MetadataEntity& entity, std::vector<model::MetadataItem> items) {
    return Must(TryUpdate(entity, std::move(items)));
  }
  MetadataChange Replace(const MetadataEntity& entity, std::vector<model::MetadataItem> items) {
    return Must(TryUpdate(entity, std::move(items), true));
  }
  MetadataChange Delete(const MetadataEntity& entity, Texts keys) {
    return Must(TryDelete(entity, std::move(keys)));
  }
  MetadataList List(const MetadataEntity& entity, std::string_view version = {}) {
    return Must(metadata.List(bench.op, caller, entity, version));
  }
  // In the order of the wire.
  Texts Shown(const MetadataEntity& entity, std::string_view version = {}) {
    Texts texts;
    for (const auto& shown : List(entity, version).records) texts.push_back(TextOf(shown.item));
    return texts;
  }
  // What is stored of it, by key, whatever the schemas say.
  Texts Stored(const MetadataEntity& entity) { return StoredIn(bench, entity); }
  static Texts StoredIn(AssetBench& bench, const MetadataEntity& entity) {
    Texts texts;
    Caller anyone = MayAssets();
    const auto list = Must(Metadata(bench.stores()).List(bench.op, anyone, entity));
    // Fields without a record are not stored, and one that is looks the same.
    for (const auto& shown : list.records)
      if (IsStored(bench, entity, shown.item.key)) texts.push_back(TextOf(shown.item));
    std::ranges::sort(texts);
    return texts;
  }

  void PutSchema(const std::string& id, std::vector<model::SchemaField> fields,
                 model::SchemaEntity entity = model::SchemaEntity::kAsset,
                 const std::string& database = kDatabase,
                 std::optional<std::string> file_types = {}) {
    bench.PutItem(kSchemasTable, SchemaItem({.id = id,
                                             .database_id = database,
                                             .entity = entity,
                                             .name = id,
                                             .file_types = std::move(file_types),
                                             .fields = std::move(fields)}));
  }
  void Restrict(const std::string& database = kDatabase) {
    const items::Write writes[] = {items::Write::Update(
        kDatabasesTable, {{"databaseId", items::Value::S(database)}},
        {{items::Mutation::Op::kSet, "restrictMetadataOutsideSchemas", items::Value::Bool(true)}},
        {})};
    Must(bench.items().Commit(bench.op, writes));
  }

  AssetBench bench;
  Metadata metadata{bench.stores()};
  Caller caller = MayAssets();

 private:
  static bool IsStored(AssetBench& bench, const MetadataEntity& entity, const std::string& key) {
    const auto holds = [&](const std::string& table, std::string_view owner,
                           std::string_view owner_value, std::string_view key_name) {
      return std::ranges::any_of(bench.Rows(table), [&](const items::Item& row) {
        return row.Text(owner) == owner_value && row.Text(key_name) == key;
      });
    };
    switch (entity.kind) {
      case model::SchemaEntity::kDatabase:
        return holds("DatabaseMetadataStorageTableV2", "databaseId", entity.database_id,
                     "metadataKey");
      case model::SchemaEntity::kAssetLink:
        return holds("AssetLinksMetadataStorageTable", "assetLinkId", entity.link_id,
                     "metadataKey");
      default:
        break;
    }
    const bool attribute = entity.kind == model::SchemaEntity::kFileAttribute;
    return holds(attribute ? kFileAttributesTable : kFileMetadataTable,
                 "databaseId:assetId:filePath",
                 PairOf(entity.database_id, entity.asset_id) + ":" + entity.path,
                 attribute ? "attributeKey" : "metadataKey");
  }
};

}  // namespace vams::catalog::test
