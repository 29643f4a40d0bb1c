#include "catalog/asset_marks.h"

#include <utility>

#include "catalog/records.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

const std::string kMarks{tables::kAssetMarksTable};
const std::string kArchivedObjects{tables::kArchivedObjectsTable};
const std::string kEdits = "edits";
const std::string kRemovals = "removals";

Item MarksKey(std::string_view asset) { return {{"asset", Value::S(std::string(asset))}}; }

Item ArchivedKey(std::string_view asset, std::string_view key) {
  return {{"asset", Value::S(std::string(asset))}, {"key", Value::S(std::string(key))}};
}

}  // namespace

Result<AssetMarks> ReadMarks(OpContext& op, items::ItemSource& source, std::string_view asset) {
  const Item keys[] = {MarksKey(asset)};
  TRY(const auto found, source.BatchGet(op, kMarks, keys));
  AssetMarks marks{.asset = std::string(asset), .edits = {}, .removals = {}, .archived_at = {}};
  if (!found.front()) return marks;
  if (const Value* edits = found.front()->Find(kEdits); edits != nullptr) marks.edits = *edits;
  if (const Value* removals = found.front()->Find(kRemovals); removals != nullptr)
    marks.removals = *removals;
  marks.archived_at = TextIfAny(*found.front(), "archivedAt");
  return marks;
}

Condition Unedited(const AssetMarks& marks) {
  return marks.edits ? Condition::Equals(kEdits, *marks.edits) : Condition::Lacks(kEdits);
}

Condition NothingRemoved(const AssetMarks& marks) {
  return marks.removals ? Condition::Equals(kRemovals, *marks.removals)
                        : Condition::Lacks(kRemovals);
}

Write Touch(std::string_view asset, std::vector<Mutation> more, std::vector<Condition> conditions) {
  more.push_back({Mutation::Op::kAdd, kEdits, Value::N(std::int64_t{1})});
  return Write::Update(kMarks, MarksKey(asset), std::move(more), std::move(conditions));
}

Mutation OneRemoval() { return {Mutation::Op::kAdd, kRemovals, Value::N(std::int64_t{1})}; }

Write DropMarks(const AssetMarks& marks) {
  return Write::Delete(kMarks, MarksKey(marks.asset), {Unedited(marks)});
}

Result<std::vector<std::string>> ArchivedKeys(OpContext& op, items::ItemSource& source,
                                              std::string_view asset) {
  std::vector<std::string> keys;
  TRY_OK(ForEachOfPartition(op, source, kArchivedObjects, asset,
                            [&](const Item& item) { keys.emplace_back(item.Text("key")); }));
  return keys;
}

Write PutArchivedKey(std::string_view asset, std::string_view key) {
  return Write::Put(kArchivedObjects, ArchivedKey(asset, key));
}

Write DeleteArchivedKey(std::string_view asset, std::string_view key) {
  return Write::Delete(kArchivedObjects, ArchivedKey(asset, key));
}

}  // namespace vams::catalog
