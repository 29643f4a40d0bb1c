#include "catalog/metadata_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/asset_records.h"
#include "catalog/records.h"

namespace vams::catalog {

using items::Item;
using items::Value;
using items::Write;

namespace {

// How the two tables call what is the same in them.
struct ColumnNames {
  const std::string& table;
  std::string key, value, type;
};

const ColumnNames& ColumnsOf(MetadataKind kind) {
  static const ColumnNames metadata{kFileMetadataTable, "metadataKey", "metadataValue",
                                    "metadataValueType"};
  static const ColumnNames attribute{kFileAttributesTable, "attributeKey", "attributeValue",
                                     "attributeValueType"};
  return kind == MetadataKind::kMetadata ? metadata : attribute;
}

constexpr std::string_view kAssetPath = "databaseId:assetId:filePath";
constexpr std::string_view kAssetPair = "databaseId:assetId";

Item KeyOf(const MetadataOwner& owner, const MetadataRow& row) {
  return {{ColumnsOf(row.kind).key, Value::S(row.key)},
          {std::string(kAssetPath),
           Value::S(fmt::format("{}:{}", PairOf(owner.database_id, owner.asset_id), row.path))}};
}

Status Read(OpContext& op, items::ItemSource& source, MetadataKind kind, std::string_view index,
            std::string partition, std::size_t path_at, std::vector<MetadataRow>& rows) {
  const ColumnNames& names = ColumnsOf(kind);
  items::QueryRequest request;
  request.table = names.table;
  request.index = index;
  request.partition = Value::S(std::move(partition));
  request.limit = kPageItems;
  do {
    TRY(items::Page page, source.Query(op, request));
    for (const Item& item : page.items) {
      const std::string_view place = item.Text(kAssetPath);
      rows.push_back({.kind = kind,
                      .path = std::string(place.substr(std::min(path_at, place.size()))),
                      .key = std::string(item.Text(names.key)),
                      .value = std::string(item.Text(names.value)),
                      .type = std::string(item.Text(names.type))});
    }
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return Ok();
}

}  // namespace

std::string_view MetadataKindName(MetadataKind kind) {
  return kind == MetadataKind::kMetadata ? "metadata" : "attribute";
}

Result<std::vector<MetadataRow>> MetadataOfPath(OpContext& op, items::ItemSource& source,
                                                MetadataKind kind, const MetadataOwner& owner,
                                                std::string_view path) {
  const std::string pair = PairOf(owner.database_id, owner.asset_id);
  std::vector<MetadataRow> rows;
  TRY_OK(Read(op, source, kind, "DatabaseIdAssetIdFilePathIndex", fmt::format("{}:{}", pair, path),
              pair.size() + 1, rows));
  return rows;
}

Result<std::vector<MetadataRow>> MetadataOfPath(OpContext& op, items::ItemSource& source,
                                                const MetadataOwner& owner, std::string_view path) {
  TRY(auto rows, MetadataOfPath(op, source, MetadataKind::kMetadata, owner, path));
  TRY(auto attributes, MetadataOfPath(op, source, MetadataKind::kAttribute, owner, path));
  std::ranges::move(attributes, std::back_inserter(rows));
  return rows;
}

Result<std::vector<MetadataRow>> MetadataOfAsset(OpContext& op, items::ItemSource& source,
                                                 const MetadataOwner& owner) {
  const std::string pair = PairOf(owner.database_id, owner.asset_id);
  std::vector<MetadataRow> rows;
  for (const MetadataKind kind : {MetadataKind::kMetadata, MetadataKind::kAttribute})
    TRY_OK(Read(op, source, kind, "DatabaseIdAssetIdIndex", pair, pair.size() + 1, rows));
  return rows;
}

// The index is ordered by the key, so that each query finds the next one, however many rows the one
// before has.
Result<std::optional<std::vector<std::string>>> MetadataKeysOf(OpContext& op,
                                                               items::ItemSource& source,
                                                               MetadataKind kind,
                                                               const MetadataOwner& owner,
                                                               std::size_t limit) {
  const ColumnNames& names = ColumnsOf(kind);
  items::QueryRequest request;
  request.table = names.table;
  request.index = "DatabaseIdAssetIdIndex";
  request.partition = Value::S(PairOf(owner.database_id, owner.asset_id));
  request.limit = 1;
  std::vector<std::string> keys;
  for (;;) {
    TRY(const items::Page page, source.Query(op, request));
    if (page.items.empty()) return std::optional(std::move(keys));
    if (keys.size() == limit) return std::optional<std::vector<std::string>>();
    keys.emplace_back(page.items.front().Text(names.key));
    request.sort =
        items::SortCondition::Is(items::SortCondition::Op::kGreater, Value::S(keys.back()));
  }
}

Status ForEachOfKey(OpContext& op, items::ItemSource& source, MetadataKind kind,
                    const MetadataOwner& owner, const std::string& key, std::string_view first,
                    std::string_view last, const std::function<void(const MetadataView&)>& visit) {
  const ColumnNames& names = ColumnsOf(kind);
  const std::string pair = PairOf(owner.database_id, owner.asset_id);
  items::QueryRequest request;
  request.table = names.table;
  request.partition = Value::S(key);
  request.sort = items::SortCondition::Between(Value::S(fmt::format("{}:{}", pair, first)),
                                               Value::S(fmt::format("{}:{}", pair, last)));
  request.limit = kPageItems;
  do {
    TRY(items::Page page, source.Query(op, request));
    for (const Item& item : page.items)
      visit({.path = item.Text(kAssetPath).substr(pair.size() + 1),
             .value = item.Text(names.value),
             .type = item.Text(names.type)});
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return Ok();
}

Write PutMetadata(const MetadataOwner& owner, const MetadataRow& row) {
  const ColumnNames& names = ColumnsOf(row.kind);
  Item item = KeyOf(owner, row);
  item.Set(kAssetPair, Value::S(PairOf(owner.database_id, owner.asset_id)));
  item.Set(names.value, Value::S(row.value));
  item.Set(names.type, Value::S(row.type));
  return Write::Put(names.table, std::move(item));
}

items::Condition IsUnchanged(const MetadataRow& row) {
  // A value of another kind than text was read as an empty one.
  if (row.value.empty()) return items::Condition::Exists();
  return items::Condition::Equals(ColumnsOf(row.kind).value, Value::S(row.value));
}

Write DeleteMetadata(const MetadataOwner& owner, const MetadataRow& row) {
  return Write::Delete(ColumnsOf(row.kind).table, KeyOf(owner, row));
}

Write DeleteMetadataIfSame(const MetadataOwner& owner, const MetadataRow& row) {
  Write write = DeleteMetadata(owner, row);
  // A row that was imported without a value reads as an empty one.
  write.conditions.push_back(
      row.value.empty() ? items::Condition::Exists()
                        : items::Condition::Equals(ColumnsOf(row.kind).value, Value::S(row.value)));
  return write;
}

std::vector<MetadataRow> MergedInto(std::string_view to_path, const std::vector<MetadataRow>& from,
                                    const std::vector<MetadataRow>& to, Random& random) {
  std::vector<MetadataRow> merged;
  for (MetadataRow row : from) {
    row.path = to_path;
    const auto there = std::ranges::find_if(to, [&](const MetadataRow& other) {
      return other.kind == row.kind && other.key == row.key;
    });
    if (there != to.end()) {
      if (there->value == row.value) continue;
      unsigned char bytes[4];
      random.Fill(bytes, sizeof bytes);
      row.key += "_copy_";
      for (const unsigned char byte : bytes) row.key += fmt::format("{:02x}", byte);
    }
    merged.push_back(std::move(row));
  }
  return merged;
}

}  // namespace vams::catalog
