#include "migrate/carry/apply.h"

#include <fmt/format.h>

#include "items/codec.h"

namespace vams::migrate::carry {

using items::Item;

namespace {

constexpr std::size_t kRowsAtOnce = 2000;
constexpr std::size_t kVerifiedAtOnce = 500;

}  // namespace

Status Applier::Set(OpContext& op, const items::TableSpec& spec, const Item& key,
                    std::optional<Item> after) {
  TRY_OK(EnsureTable(op, spec));
  auto& rows = pending_[spec.name];
  const auto [at, added] =
      rows.insert_or_assign(items::EncodeItem(key), Pending{key, std::move(after)});
  (void)at;
  if (added) ++pending_rows_;
  return pending_rows_ < kRowsAtOnce ? Ok() : Flush(op);
}

Status Applier::EnsureTable(OpContext& op, const items::TableSpec& spec) {
  if (specs_.contains(spec.name)) return Ok();
  auto there = target_.Table(op, spec.name);
  if (!there.ok() && there.error().code != Code::kNotFound) return std::move(there).error();
  if (!there.ok()) TRY_OK(target_.CreateTables(op, std::span(&spec, 1)));
  specs_.emplace(spec.name, there.ok() ? *std::move(there) : spec);
  return Ok();
}

Status Applier::Flush(OpContext& op) {
  for (const auto& [table, rows] : pending_)
    if (!rows.empty()) TRY_OK(Write(op, table));
  pending_.clear();
  pending_rows_ = 0;
  return Ok();
}

Status Applier::Write(OpContext& op, const std::string& table) {
  auto& rows = pending_[table];
  std::vector<Item> keys;
  for (const auto& [encoded, row] : rows) keys.push_back(row.key);
  TRY(const auto before, target_.BatchGet(op, table, keys));
  std::vector<items::Write> writes;
  auto old = before.begin();
  for (auto& [encoded, row] : rows) {
    const std::optional<Item>& was = *old++;
    auto& set = set_[table][encoded];
    set.reset();
    if (row.after) {
      set.emplace();
      digests_.Add(*set, items::EncodeItem(*row.after));
    }
    if (was == row.after) continue;
    Count(table, was, row.after);
    writes.push_back(row.after ? items::Write::Put(table, *std::move(row.after))
                               : items::Write::Delete(table, std::move(row.key)));
  }
  if (writes.empty()) return Ok();
  TRY([[maybe_unused]] const auto done, target_.Commit(op, writes));
  return Ok();
}

void Applier::Count(const std::string& table, const std::optional<Item>& before,
                    const std::optional<Item>& after) {
  if (items::IsSystemTable(table)) {
    ++outcome_.system_rows;
    return;
  }
  CarriedTable& counts = outcome_.tables[table];
  ++(!before ? counts.added : !after ? counts.removed : counts.changed);
  if (before) digests_.Add(counts.gone, items::EncodeItem(*before));
  if (after) digests_.Add(counts.come, items::EncodeItem(*after));
}

Status Applier::Verify(OpContext& op) {
  for (const auto& [table, rows] : set_) {
    const items::TableSpec& spec = specs_.find(table)->second;
    for (auto at = rows.begin(); at != rows.end();) {
      std::vector<Item> keys;
      const auto first = at;
      for (; at != rows.end() && keys.size() < kVerifiedAtOnce; ++at) {
        TRY(keys.emplace_back(), items::DecodeItem(at->first));
      }
      TRY(const auto found, target_.BatchGet(op, table, keys));
      auto row = first;
      for (std::size_t i = 0; i < found.size(); ++i, ++row) {
        std::optional<Digest> digest;
        if (found[i]) digests_.Add(digest.emplace(), items::EncodeItem(*found[i]));
        if (digest != row->second)
          return Error(Code::kCorrupt,
                       fmt::format("{} was carried over and reads otherwise than it was written; "
                                   "the result is not used; look for a failing disk, then try "
                                   "again",
                                   items::DescribeKey(spec, keys[i])));
        ++outcome_.verified;
      }
    }
  }
  return Ok();
}

}  // namespace vams::migrate::carry
