#include "migrate/steps/v21_to_v22_buckets.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps/v21_to_v22.h"
#include "tables/system_tables.h"

namespace vams::migrate::v22 {

using items::Item;
using items::Value;

namespace {

constexpr std::size_t kPage = 1000;
constexpr std::string_view kRowKey = "bucketName:baseAssetsPrefix";

std::string KeyPrefix(std::string_view configured) {
  if (configured.starts_with('/')) configured.remove_prefix(1);
  std::string prefix(configured);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return prefix;
}

Bucket BucketFrom(const Item& row) {
  const std::string configured(row.Text("baseAssetsPrefix"));
  return {.id = std::string(row.Text("bucketId")),
          .name = std::string(row.Text("bucketName")),
          .configured_prefix = configured,
          .prefix = KeyPrefix(configured)};
}

// The only bucket of the listing, or the first when `thorough` is not asked for.
Result<std::string> ListedBucket(const Context& cx, bool thorough) {
  std::string name, after;
  do {
    const auto page = cx.state.source().Scan(cx.state.op(), tables::kObjectsTable, {}, after,
                                             thorough ? kPage : 1);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return page.error();
    for (const Item& item : page->items) {
      const auto bucket = item.Text("bucket");
      if (name.empty()) name = bucket;
      if (name != bucket)
        return Error(Code::kInvalid,
                     fmt::format("several asset buckets are possible ({} and {} are in the object "
                                 "listing, {} has no row), so assets cannot be given their bucket "
                                 "and nothing is migrated; name the bucket of the 2.1 data as "
                                 "asset bucket",
                                 name, bucket, kBuckets));
    }
    after = page->next;
  } while (thorough && !after.empty());
  if (name.empty())
    return Error(Code::kInvalid,
                 fmt::format("no asset bucket is known ({} has no row, no object listing was "
                             "imported), so assets cannot be given their bucket and nothing is "
                             "migrated; name the bucket of the 2.1 data as asset bucket, or import "
                             "its listing",
                             kBuckets));
  return name;
}

}  // namespace

Result<Buckets> ReadBuckets(const Context& cx, bool thorough) {
  TRY(const auto* rows, cx.state.All(kBuckets));
  const std::string prefix = KeyPrefix(cx.settings.base_assets_prefix);
  const std::string& wanted = cx.settings.asset_bucket;
  Buckets buckets;
  buckets.by_setting = !wanted.empty();
  for (const Item& row : *rows) buckets.all.push_back(BucketFrom(row));
  if (buckets.all.empty()) {
    Bucket bucket{.id = {},
                  .name = wanted,
                  .configured_prefix = prefix.empty() ? "/" : prefix,
                  .prefix = prefix};
    if (wanted.empty()) {
      TRY(bucket.name, ListedBucket(cx, thorough));
    }
    bucket.id = StableId(fmt::format("bucket {}:{}", bucket.name, bucket.configured_prefix));
    buckets.all.push_back(bucket);
    buckets.chosen = bucket;
    buckets.made_up = true;
    return buckets;
  }
  if (wanted.empty() && buckets.all.size() == 1) {
    buckets.chosen = buckets.all[0];
    return buckets;
  }
  std::size_t fitting = 0;
  for (const Bucket& bucket : buckets.all) {
    if (bucket.prefix != prefix || (!wanted.empty() && bucket.name != wanted)) continue;
    if (fitting++ == 0) buckets.chosen = bucket;
  }
  if (fitting == 0 && !wanted.empty())
    return Error(
        Code::kInvalid,
        fmt::format("{} has no row for bucket {} with base prefix \"{}\", so assets cannot "
                    "be given their bucket and nothing is migrated; name a bucket and "
                    "prefix that the table has, or add the row",
                    kBuckets, wanted, cx.settings.base_assets_prefix));
  if (fitting > 1 && wanted.empty()) buckets.chosen.reset();
  return buckets;
}

Item BucketRow(const Bucket& bucket) {
  return Item{{"baseAssetsPrefix", Text(bucket.configured_prefix)},
              {"bucketId", Text(bucket.id)},
              {"bucketName", Text(bucket.name)},
              {std::string(kRowKey), Text(bucket.name + ":" + bucket.configured_prefix)},
              {"isVersioningEnabled", Value::Bool(true)}};
}

Result<std::vector<objects::ObjectRecord>> ObjectsUnder(const Context& cx, std::string_view bucket,
                                                        std::string_view prefix,
                                                        std::size_t limit) {
  std::vector<objects::ObjectRecord> records;
  items::QueryRequest request{.table = std::string(tables::kObjectsTable),
                              .index = {},
                              .partition = Text(bucket),
                              .sort = prefix.empty()
                                          ? items::SortCondition{}
                                          : items::SortCondition::BeginsWith(Text(prefix)),
                              .limit = limit == 0 ? kPage : std::min(limit, kPage),
                              .after = {}};
  do {
    const auto page = cx.state.source().Query(cx.state.op(), request);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return page.error();
    for (const Item& item : page->items) {
      TRY(records.emplace_back(), objects::ObjectFromItem(item));
      if (limit != 0 && records.size() == limit) return records;
    }
    request.after = page->next;
  } while (!request.after.empty());
  return records;
}

Result<bool> IsListed(const Context& cx, std::string_view bucket) {
  TRY(const auto first, ObjectsUnder(cx, bucket, {}, 1));
  return !first.empty();
}

}  // namespace vams::migrate::v22
