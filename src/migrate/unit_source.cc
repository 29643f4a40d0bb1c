#include "migrate/unit_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "items/codec.h"

namespace vams::migrate {

using items::Item;
using items::Value;

namespace {

// Keys of the scratch table are as short as a store may ask; longer ones are hashed, and the group
// then stands in an attribute of its own.
constexpr std::size_t kMaxKey = 1024;
constexpr std::size_t kLookupMemory = std::size_t{16} << 20;

std::string Shortened(std::string key) {
  if (key.size() <= kMaxKey) return key;
  return key.substr(0, kMaxKey - 32) + Sha256(key);
}

}  // namespace

items::TableSpec UnitsTable() {
  return {.name = std::string(kUnitsTable),
          .partition = {"g", items::Kind::kB},
          .sort = {"s", items::Kind::kB},
          .indexes = {},
          .ttl_attribute = {}};
}

std::string EncodeGrouped(const std::string& group, std::size_t table, std::string_view encoded_key,
                          std::string_view encoded_record) {
  // A group may be empty text, a key may not.
  std::string stored = Shortened("g" + group);
  std::string sort(1, static_cast<char>(table));
  sort += encoded_key;
  Item item;
  item.Set("b", Value::B(std::string(encoded_record)));
  if (stored.size() != group.size() + 1 || stored.compare(1, std::string::npos, group) != 0)
    item.Set("t", Value::B(group));
  item.Set("g", Value::B(std::move(stored)));
  item.Set("s", Value::B(Shortened(std::move(sort))));
  return items::EncodeItem(item);
}

Status ForEachGroup(OpContext& op, items::ItemSource& units,
                    const std::vector<std::string_view>& tables, const GroupPosition& position,
                    const std::function<Status(Unit& unit, const GroupPosition& behind)>& visit) {
  Unit unit;
  std::string stored;  // of the unit being assembled
  GroupPosition at = position;
  std::string page_start = position.after;  // of the page in which the unit began
  const auto finish = [&]() -> Status {
    if (unit.records.empty()) return Ok();
    at = {.after = page_start, .last_group = stored};
    TRY_OK(visit(unit, at));
    unit = {};
    return Ok();
  };
  std::string after = position.after;
  do {
    TRY(auto page, units.Scan(op, kUnitsTable, {}, after, 256));
    for (auto& row : page.items) {
      const std::string& group = row.Find("g")->text();
      if (!position.last_group.empty() && group <= position.last_group) continue;
      if (group != stored) {
        TRY_OK(finish());
        stored = group;
        page_start = after;
        const Value* text = row.Find("t");
        unit.group = text != nullptr ? text->text() : group.substr(1);
      }
      const auto table =
          static_cast<std::size_t>(static_cast<unsigned char>(row.Find("s")->text().front()));
      TRY(auto item, items::DecodeItem(row.Find("b")->text()));
      unit.records.push_back({tables.at(table), std::move(item)});
    }
    after = std::move(page.next);
  } while (!after.empty());
  return finish();
}

Status BuildLookups(OpContext& op, items::ItemSource& source, items::ItemStore& scratch,
                    const std::vector<LookupSpec>& lookups) {
  for (const auto& lookup : lookups) {
    const items::TableSpec spec{.name = lookup.name,
                                .partition = {lookup.partition, items::Kind::kS},
                                .sort = {lookup.sort, items::Kind::kS},
                                .indexes = {},
                                .ttl_attribute = {}};
    TRY_OK(scratch.CreateTables(op, std::span(&spec, 1)));
    TRY(const auto loader,
        scratch.OpenBulkLoad(op, lookup.name, {.name = "lookup", .sort_memory = kLookupMemory}));
    const auto add = [&](std::string_view encoded) -> Status {
      if (encoded.find(lookup.mark) == encoded.npos) return Ok();  // nearly all, where there is one
      TRY(const auto item, items::DecodeItem(encoded));
      const std::string_view partition = item.Text(lookup.partition);
      if (partition.empty() || partition.find(lookup.mark) == partition.npos) return Ok();
      return item.Text(lookup.sort).empty() ? Ok() : loader->Add(op, item);
    };
    std::string after;
    do {
      TRY_OK(op.Check());
      auto next = source.ScanEncoded(op, lookup.table, {}, after, 1000, add);
      if (!next.ok() && next.error().code == Code::kNotFound) break;
      if (!next.ok()) return std::move(next).error();
      after = *std::move(next);
    } while (!after.empty());
    TRY_OK(loader->Finish(op));
  }
  return Ok();
}

}  // namespace vams::migrate
