#include "catalog/asset_counts.h"

#include <string>
#include <utility>
#include <vector>

#include "catalog/asset_records.h"
#include "catalog/databases.h"
#include "catalog/records.h"
#include "model/database.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Kind;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

const std::string kCount = "assetCount";

Result<std::optional<Write>> CountBy(OpContext& op, items::ItemSource& source,
                                     std::string_view database_id, std::int64_t change) {
  // The record of an archived database is no place for active assets.
  if (database_id.ends_with(model::kDeletedSuffix)) return std::optional<Write>();
  const Item key{{"databaseId", Value::S(std::string(database_id))}};
  const Item keys[] = {key};
  TRY(const auto database, source.BatchGet(op, kDatabasesTable, keys));
  if (!database.front()) return std::optional<Write>();
  const Value* count = database.front()->Find(kCount);
  // Less than none shows that the number was wrong.
  const bool counted = count != nullptr && count->is(Kind::kN) &&
                       (change > 0 ? !count->text().starts_with('-')
                                   : count->text() != "0" && !count->text().starts_with('-'));
  if (counted)
    return std::optional(Write::Update(kDatabasesTable, key,
                                       {{Mutation::Op::kAdd, kCount, Value::N(change)}},
                                       {Condition::Exists()}));
  std::int64_t assets = 0;
  TRY_OK(ForEachOfPartition(op, source, kAssetsTable, database_id, [&](const Item&) { ++assets; }));
  return std::optional(
      Write::Update(kDatabasesTable, key, {{Mutation::Op::kSet, kCount, Value::N(assets + change)}},
                    {Condition::Exists(), count != nullptr ? Condition::Equals(kCount, *count)
                                                           : Condition::Lacks(kCount)}));
}

}  // namespace

Result<std::optional<Write>> CountOneMore(OpContext& op, items::ItemSource& source,
                                          std::string_view database_id) {
  return CountBy(op, source, database_id, 1);
}

Result<std::optional<Write>> CountOneLess(OpContext& op, items::ItemSource& source,
                                          std::string_view database_id) {
  return CountBy(op, source, database_id, -1);
}

}  // namespace vams::catalog
