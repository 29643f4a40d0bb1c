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

std::string SnapshotPartition(const AssetIds& asset, std::string_view asset_version) {
  return fmt::format("{}:{}", PairOf(asset.database_id, asset.asset_id), asset_version);
}

// Fills in the versions of the paths as they are stored: with or without a slash in front.
Status ReadStretch(OpContext& op, items::ItemSource& source, const std::string& partition,
                   const std::string& slash, const std::vector<std::string_view>& paths,
                   std::vector<std::string>& versions) {
  const auto stored = [&](std::string_view path) { return Value::S(slash + std::string(path)); };
  items::QueryRequest request;
  request.table = kFileVersionsTable;
  request.partition = Value::S(partition);
  request.sort = SortCondition::Between(stored(paths.front()), stored(paths.back()));
  request.limit = kRowsAtOnce;
  std::size_t at = 0;  // paths before it are behind the rows
  // A version may have very many files between two that are listed; then the rest is asked for by
  // name.
  for (std::size_t rows = 0; rows <= 2 * paths.size();) {
    TRY(const auto page, source.Query(op, request));
    rows += page.items.size();
    for (const Item& item : page.items) {
      const std::string_view path = item.Text(kPath).substr(slash.size());
      while (at < paths.size() && paths[at] < path) ++at;
      if (at < paths.size() && paths[at] == path) versions[at++] = item.Text("versionId");
    }
    if (page.next.empty()) return Ok();
    request.after = page.next;
  }
  std::vector<Item> keys;
  for (std::size_t i = at; i < paths.size(); ++i)
    keys.push_back(
        {{std::string(kPartition), Value::S(partition)}, {std::string(kPath), stored(paths[i])}});
  TRY(const auto rest, source.BatchGet(op, kFileVersionsTable, keys));
  for (std::size_t i = 0; i < rest.size(); ++i)
    if (rest[i]) versions[at + i] = rest[i]->Text("versionId");
  return Ok();
}

}  // namespace

Result<std::vector<std::string>> SnapshotOf(OpContext& op, items::ItemSource& source,
                                            const AssetIds& asset, std::string_view asset_version,
                                            const std::vector<std::string_view>& paths) {
  std::vector<std::string> versions(paths.size());
  if (paths.empty() || asset_version.empty()) return versions;
  const std::string partition = SnapshotPartition(asset, asset_version);
  for (const std::string slash : {"/", ""})
    TRY_OK(ReadStretch(op, source, partition, slash, paths, versions));
  return versions;
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
  request.partition = Value::S(SnapshotPartition(asset, asset_version));
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
