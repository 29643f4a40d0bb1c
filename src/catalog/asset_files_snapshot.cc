#include "catalog/asset_files_snapshot.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/asset_records.h"

namespace vams::catalog {

using items::Item;
using items::SortCondition;
using items::Value;

namespace {

constexpr std::string_view kPartition = "databaseId:assetId:assetVersionId";
constexpr std::string_view kPath = "fileKey";
constexpr std::size_t kRowsAtOnce = 250;

std::string PartitionOf(const AssetIds& asset, std::string_view asset_version) {
  return fmt::format("{}:{}", PairOf(asset.database_id, asset.asset_id), asset_version);
}

std::string PlainPath(std::string_view stored) {
  while (stored.starts_with('/')) stored.remove_prefix(1);
  return std::string(stored);
}

// Of the paths as they are stored: with or without a slash in front.
Status ReadStretch(OpContext& op, items::ItemSource& source, const std::string& partition,
                   const std::string& slash, const std::vector<std::string>& paths,
                   VersionByPath& found) {
  items::QueryRequest request;
  request.table = kFileVersionsTable;
  request.partition = Value::S(partition);
  request.sort =
      SortCondition::Between(Value::S(slash + paths.front()), Value::S(slash + paths.back()));
  request.limit = kRowsAtOnce;
  // A version may have very many files between two that are listed; then the rest is asked for by
  // name.
  std::string last;
  for (std::size_t rows = 0; rows <= 2 * paths.size();) {
    TRY(const auto page, source.Query(op, request));
    rows += page.items.size();
    for (const Item& item : page.items)
      found.emplace_hint(found.end(), PlainPath(item.Text(kPath)), item.Text("versionId"));
    if (page.next.empty()) return Ok();
    if (!page.items.empty()) last = page.items.back().Text(kPath);
    request.after = page.next;
  }
  std::vector<Item> keys;
  for (const std::string& path : paths)
    if (std::string stored = slash + path; stored > last)
      keys.push_back({{std::string(kPartition), Value::S(partition)},
                      {std::string(kPath), Value::S(std::move(stored))}});
  TRY(const auto rest, source.BatchGet(op, kFileVersionsTable, keys));
  for (const auto& item : rest)
    if (item) found.emplace(PlainPath(item->Text(kPath)), item->Text("versionId"));
  return Ok();
}

}  // namespace

Result<VersionByPath> SnapshotOf(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                 std::string_view asset_version,
                                 const std::vector<std::string>& paths) {
  VersionByPath found;
  if (paths.empty() || asset_version.empty()) return found;
  const std::string partition = PartitionOf(asset, asset_version);
  for (const std::string slash : {"", "/"})
    TRY_OK(ReadStretch(op, source, partition, slash, paths, found));
  return found;
}

Result<SnapshotPage> ListSnapshot(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                  std::string_view asset_version, std::string_view prefix,
                                  std::string_view after, std::size_t limit) {
  // First the paths as they are, then those with a slash in front; without a prefix both at once.
  constexpr char kPlain = 'p';
  constexpr char kSlashed = 's';
  if (!after.empty() && after.front() != kPlain && after.front() != kSlashed)
    return Error(Code::kInvalid, "the page token is none that a list gave; leave it out");
  bool slashed = !after.empty() && after.front() == kSlashed;
  items::QueryRequest request;
  request.table = kFileVersionsTable;
  request.partition = Value::S(PartitionOf(asset, asset_version));
  request.after = after.substr(after.empty() ? 0 : 1);
  SnapshotPage result;
  while (true) {
    if (!prefix.empty())
      request.sort =
          SortCondition::BeginsWith(Value::S(std::string(slashed ? "/" : "").append(prefix)));
    request.limit = limit - result.files.size();
    TRY(const auto page, source.Query(op, request));
    for (const Item& item : page.items) result.files.push_back(FileVersionOf(item));
    const bool more = !page.next.empty() || (!slashed && !prefix.empty());
    slashed = slashed || page.next.empty();
    if (!more) return result;
    if (!page.next.empty() || result.files.size() == limit) {
      result.next = std::string(1, slashed ? kSlashed : kPlain).append(page.next);
      return result;
    }
    request.after.clear();
  }
}

}  // namespace vams::catalog
