// A library for the benches of this module: assets of four files each, with their metadata, in
// SQLite, and an index in Xapian, empty until Fill.
//
// Belongs to one thread.  Blocks on disk.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/metadata_records.h"
#include "catalog/stores.h"
#include "catalog/version_records.h"
#include "files/files.h"
#include "indexing/documents.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "objects/object_version.h"
#include "search/xapian/xapian_index.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::indexing::bench {

using items::Value;
using items::Write;

inline constexpr int kFiles = 4;        // of each
inline constexpr int kPerCommit = 500;  // assets
inline const std::string kDatabase = "harbor";
inline const std::string kBucket = "vault";

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline std::string AssetId(int number) { return fmt::format("x{:06}", number); }

class Library {
 public:
  explicit Library(int assets)
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(),
                                               "vams-indexing-bench"))),
        items_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))),
        blobs_(Must(objects::BlobStore::Open(folder_.path() / "blobs"))) {
    OpContext op;
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(items_->CreateTables(op, specs));
    Must(items_->CreateTables(op, tables::SystemTables()));
    objects_ = Must(objects::OpenLocalObjectStore(
        op, *items_, *blobs_, {.clock = &SystemClock(), .random = &SystemRandom()}));
    const catalog::BucketSeed seeds[] = {{.name = kBucket, .prefix = "/", .versioned = true}};
    Must(catalog::SeedBuckets(op, *items_, SystemRandom(), seeds));
    const auto buckets = Must(catalog::ListBuckets(op, *items_, "", 10));
    for (int first = 0; first < assets; first += kPerCommit) {
      std::vector<Write> writes;
      for (int i = first; i < std::min(first + kPerCommit, assets); ++i)
        AddAsset(i, buckets.buckets.front().id, writes);
      Must(items_->Commit(op, writes));
    }
    index_ = Must(search::OpenXapianIndex(folder_.path() / "search"));
  }

  items::ItemStore& items() { return *items_; }
  search::Index& index() { return *index_; }
  catalog::Stores stores() { return {*items_, *objects_, SystemClock(), SystemRandom()}; }

  // All documents in one segment.
  void Fill() {
    OpContext op;
    auto builder = Must(index_->StartBuild(op, {.position = Must(items_->LastChange(op))}));
    auto segment = Must(builder->OpenSegment(op, "all"));
    DocumentMaker maker(*items_);
    std::string after;
    do {
      auto page = Must(items_->Scan(op, catalog::kAssetsTable, {}, after, 1000));
      std::vector<search::Document> documents;
      for (auto& item : page.items) {
        auto reader = Must(maker.Read(op, catalog::AssetOf(std::move(item)), true));
        documents.push_back(*Must(reader.MakeAsset(op)));
        while (!reader.files_done())
          std::ranges::move(Must(reader.NextFiles(op, 500)).documents,
                            std::back_inserter(documents));
      }
      Must(segment->Add(op, documents));
      after = page.next;
    } while (!after.empty());
    Must(segment->Close(op));
    Must(builder->Finish(op));
    Must(builder->Swap(op));
  }

 private:
  static void AddRow(std::vector<Write>& writes, const std::string& asset, std::string path,
                     std::string key, std::string value) {
    writes.push_back(
        catalog::PutMetadata({kDatabase, asset}, {.kind = catalog::MetadataKind::kMetadata,
                                                  .path = std::move(path),
                                                  .key = std::move(key),
                                                  .value = std::move(value),
                                                  .type = "string"}));
  }

  static void AddAsset(int number, const std::string& bucket, std::vector<Write>& writes) {
    const std::string id = AssetId(number);
    items::Item asset = catalog::AssetKey(kDatabase, id);
    asset.Set("assetName", Value::S(fmt::format("Pump {} of hall {}", number, number % 97)));
    asset.Set("description", Value::S("Centrifugal pump as built, scanned from four stations"));
    asset.Set("isDistributable", Value::Bool(true));
    asset.Set("tags", Value::L({Value::S(fmt::format("tag{}", number % 50)), Value::S("steel")}));
    asset.Set("assetType", Value::S("folder"));
    asset.Set("bucketId", Value::S(bucket));
    asset.Set("assetLocation", Value::M({{"Key", Value::S(id + "/")}}));
    asset.Set("currentVersionId", Value::S("0"));
    writes.push_back(Write::Put(catalog::kAssetsTable, std::move(asset)));
    writes.push_back(Write::Put(
        catalog::kAssetVersionsTable,
        catalog::AssetVersionItem({kDatabase, id}, {.id = "0",
                                                    .created_at = "2025-03-01T10:00:00.123456",
                                                    .created_by = "bench",
                                                    .comment = "As built",
                                                    .description = "",
                                                    .alias = {},
                                                    .archived = false,
                                                    .marked_current = true})));
    AddRow(writes, id, "/", "maker", fmt::format("Ironworks {}", number % 200));
    AddRow(writes, id, "/", "mass", std::to_string(number));
    for (int i = 0; i < kFiles; ++i) {
      objects::ObjectRecord record;
      record.newest = {.bucket = kBucket,
                       .key = fmt::format("{}/scan/part-{}.e57", id, i),
                       .version_id = fmt::format("{:032}", number),
                       .sequence = 1,
                       .size = 1000,
                       .etag = fmt::format("{:032}", i),
                       .last_modified_millis = 1'740'823'200'123,
                       .user_metadata = {{{"assetid", id}, {"databaseid", kDatabase}}}};
      record.next = 2;
      record.versions = 1;
      AddRow(writes, id, fmt::format("/scan/part-{}.e57", i), "stations", std::to_string(i));
      writes.push_back(Write::Put(std::string(tables::kObjectsTable), objects::ObjectItem(record)));
    }
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;
  std::unique_ptr<search::Index> index_;
};

}  // namespace vams::indexing::bench
