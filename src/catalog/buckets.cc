#include "catalog/buckets.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "catalog/records.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::string_view kPairKey = "bucketName:baseAssetsPrefix";

Bucket BucketOf(const Item& item) {
  const Value* versioned = item.Find("isVersioningEnabled");
  return {.id = std::string(item.Text("bucketId")),
          .name = std::string(item.Text("bucketName")),
          .prefix = std::string(item.Text("baseAssetsPrefix")),
          .versioned = versioned != nullptr && versioned->is(Kind::kBool) && versioned->boolean()};
}

}  // namespace

Result<BucketPage> ListBuckets(OpContext& op, items::ItemSource& source, std::string_view after,
                               std::size_t limit) {
  TRY(items::Page page, source.Scan(op, kBucketsTable, {}, after, limit));
  BucketPage buckets{.buckets = {}, .next = std::move(page.next)};
  buckets.buckets.reserve(page.items.size());
  for (const Item& item : page.items) buckets.buckets.push_back(BucketOf(item));
  return buckets;
}

Result<std::optional<Bucket>> FindBucket(OpContext& op, items::ItemSource& source,
                                         std::string_view id) {
  if (id.empty()) return std::nullopt;  // no key can be empty
  items::QueryRequest request;
  request.table = kBucketsTable;
  request.partition = Value::S(std::string(id));
  request.limit = 1;
  TRY(const items::Page page, source.Query(op, request));
  if (page.items.empty()) return std::nullopt;
  return BucketOf(page.items.front());
}

Result<std::size_t> SeedBuckets(OpContext& op, items::ItemStore& store, Random& random,
                                std::span<const BucketSeed> seeds) {
  std::set<std::pair<std::string, std::string>> known;
  TRY_OK(ForEachItem(op, store, kBucketsTable, [&](const Item& item) {
    known.emplace(item.Text("bucketName"), item.Text("baseAssetsPrefix"));
  }));
  std::size_t added = 0;
  for (const BucketSeed& seed : seeds) {
    if (!known.emplace(seed.name, seed.prefix).second) continue;
    Item item{{"bucketId", Value::S(NewUuid(random))},
              {std::string(kPairKey), Value::S(fmt::format("{}:{}", seed.name, seed.prefix))},
              {"bucketName", Value::S(seed.name)},
              {"baseAssetsPrefix", Value::S(seed.prefix)},
              {"isVersioningEnabled", Value::Bool(seed.versioned)}};
    const items::Write writes[] = {
        items::Write::Put(kBucketsTable, std::move(item), {items::Condition::Absent()})};
    TRY_OK(store.Commit(op, writes));
    ++added;
  }
  return added;
}

}  // namespace vams::catalog
