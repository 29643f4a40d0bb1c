#include "migrate/remote/reconcile.h"

#include <optional>

#include "items/codec.h"
#include "migrate/compare.h"
#include "migrate/remote/apply_rows.h"

namespace vams::migrate::remote {

using items::Item;

namespace {

constexpr std::size_t kReconcileRows = 500;

Result<std::optional<Item>> FindRow(OpContext& op, items::ItemSource& store, std::string_view table,
                                    const Item& key) {
  auto found = store.Get(op, table, key);
  if (found.ok()) return std::optional(*std::move(found));
  if (found.error().code == Code::kNotFound) return std::optional<Item>();
  return std::move(found).error();
}

}  // namespace

Status ForEachForeign(OpContext& op, const Stores& stores, const std::vector<std::string>& tables,
                      const AppliedRows& applied,
                      const std::function<Status(const Foreign&)>& visit) {
  for (const auto& table : tables) {
    TRY(const auto spec, SpecOfTable(table));
    TRY_OK(ForEachDifference(
        op, stores.result, stores.now, table, [&](const Difference& difference) -> Status {
          std::optional<Item> wanted, now;
          if (!difference.before.empty()) {
            TRY(wanted, items::DecodeItem(difference.before));
          }
          if (!difference.after.empty()) {
            TRY(now, items::DecodeItem(difference.after));
          }
          const Item key = items::KeyOf(spec, now ? *now : *wanted);
          TRY(const auto was, FindRow(op, stores.source, table, key));
          if (was == now) return Ok();  // not reached yet
          const bool ours = wanted && !(was == wanted) && applied.Has(spec, key);
          return visit({.kind = ours ? Foreign::Kind::kAfter : Foreign::Kind::kBefore,
                        .table = table,
                        .key = key,
                        .now = now ? &*now : nullptr});
        }));
  }
  return Ok();
}

Result<std::uint64_t> TakeForeign(OpContext& op, const Stores& stores,
                                  const std::vector<std::string>& tables,
                                  const AppliedRows& applied, Foreign::Kind kind,
                                  items::ItemStore& into) {
  std::uint64_t taken = 0;
  std::vector<items::Write> writes;
  const auto flush = [&]() -> Status {
    if (writes.empty()) return Ok();
    taken += writes.size();
    TRY_OK(into.Commit(op, writes));
    writes.clear();
    return Ok();
  };
  TRY_OK(ForEachForeign(op, stores, tables, applied, [&](const Foreign& row) -> Status {
    if (row.kind != kind) return Ok();
    const std::string table(row.table);
    writes.push_back(row.now != nullptr ? items::Write::Put(table, *row.now)
                                        : items::Write::Delete(table, row.key));
    return writes.size() < kReconcileRows ? Ok() : flush();
  }));
  TRY_OK(flush());
  return taken;
}

}  // namespace vams::migrate::remote
