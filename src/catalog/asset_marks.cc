#include "catalog/asset_marks.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/hash.h"
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

// "metadata00" to "metadata31".
const std::string& StripeName(std::size_t stripe) {
  static const auto names = [] {
    std::array<std::string, MetadataStripes::kCount> made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = fmt::format("metadata{:02}", i);
    return made;
  }();
  return names[stripe];
}

Item MarksKey(std::string_view asset) { return {{"asset", Value::S(std::string(asset))}}; }

Item ArchivedKey(std::string_view asset, std::string_view key) {
  return {{"asset", Value::S(std::string(asset))}, {"key", Value::S(std::string(key))}};
}

}  // namespace

std::string DatabaseMarks(std::string_view database_id) {
  return fmt::format("database/{}", database_id);
}

std::string LinkMarks(std::string_view link_id) { return fmt::format("link/{}", link_id); }

Result<AssetMarks> ReadMarks(OpContext& op, items::ItemSource& source, std::string_view asset) {
  const Item keys[] = {MarksKey(asset)};
  TRY(const auto found, source.BatchGet(op, kMarks, keys));
  AssetMarks marks{
      .asset = std::string(asset), .edits = {}, .removals = {}, .archived_at = {}, .stripes = {}};
  if (!found.front()) return marks;
  if (const Value* edits = found.front()->Find(kEdits); edits != nullptr) marks.edits = *edits;
  if (const Value* removals = found.front()->Find(kRemovals); removals != nullptr)
    marks.removals = *removals;
  marks.archived_at = TextIfAny(*found.front(), "archivedAt");
  for (std::size_t i = 0; i < MetadataStripes::kCount; ++i)
    if (const Value* stripe = found.front()->Find(StripeName(i)); stripe != nullptr)
      marks.stripes.emplace(StripeName(i), *stripe);
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

Write CheckMarks(const AssetMarks& marks, std::vector<Condition> conditions) {
  return Write::Check(kMarks, MarksKey(marks.asset), std::move(conditions));
}

void MetadataStripes::Add(std::string_view path) { stripes_.set(StableHash(path) % kCount); }

std::vector<Condition> MetadataStripes::Unchanged(const AssetMarks& marks) const {
  std::vector<Condition> conditions;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (!stripes_.test(i)) continue;
    const auto known = marks.stripes.find(StripeName(i));
    conditions.push_back(known != marks.stripes.end()
                             ? Condition::Equals(StripeName(i), known->second)
                             : Condition::Lacks(StripeName(i)));
  }
  return conditions;
}

std::vector<Mutation> MetadataStripes::Raised() const {
  std::vector<Mutation> raised;
  for (std::size_t i = 0; i < kCount; ++i)
    if (stripes_.test(i))
      raised.push_back({Mutation::Op::kAdd, StripeName(i), Value::N(std::int64_t{1})});
  return raised;
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
