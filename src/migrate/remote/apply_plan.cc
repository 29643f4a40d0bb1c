// What there is to apply, and what was applied: the reading half of apply.h.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <mutex>
#include <unordered_set>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "items/codec.h"
#include "migrate/compare.h"
#include "migrate/remote/apply.h"
#include "migrate/remote/apply_rows.h"
#include "migrate/remote/mirror.h"
#include "migrate/residue.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate::remote {

namespace json = boost::json;
using items::Item;

namespace {

constexpr std::size_t kCommitRows = 500;

std::uint64_t RowHash(std::string_view table, const Item& key) {
  std::string bytes(table);
  bytes += '\0';
  return StableHash(bytes + items::EncodeItem(key));
}

// The keys of all quarantined records, eight bytes each.
Result<std::unordered_set<std::uint64_t>> QuarantinedKeys(OpContext& op,
                                                          items::ItemSource& target) {
  std::unordered_set<std::uint64_t> keys;
  std::string after;
  do {
    auto page = target.Scan(op, tables::kFindingsTable, {}, after, kCommitRows);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return std::move(page).error();
    for (const auto& item : page->items) {
      TRY(const auto finding, FindingFrom(item));
      const auto* def = tables::FindTableInAny(finding.remark.table);
      if (finding.kind != FindingKind::kQuarantined || def == nullptr) continue;
      keys.insert(
          RowHash(finding.remark.table, items::KeyOf(tables::SpecOf(*def), finding.remark.record)));
    }
    after = std::move(page->next);
  } while (!after.empty());
  return keys;
}

}  // namespace

Result<bool> IsKnown(OpContext& op, const std::vector<items::ItemSource*>& known,
                     const items::TableSpec& spec, std::string_view encoded) {
  if (known.empty()) return true;
  TRY(const auto row, items::DecodeItem(encoded));
  for (items::ItemSource* store : known) {
    const auto found = store->Get(op, spec.name, items::KeyOf(spec, row));
    if (found.ok()) return true;
    if (found.error().code != Code::kNotFound) return found.error();
  }
  return false;
}

json::object ToJson(const Changes& changes) {
  json::object object;
  for (const auto& [table, change] : changes)
    object[table] = json::object{{"added", change.added},
                                 {"changed", change.changed},
                                 {"removed", change.removed},
                                 {"kept", change.kept}};
  return object;
}

Result<items::TableSpec> SpecOfTable(std::string_view table) {
  const auto* def = tables::FindTableInAny(table);
  if (def == nullptr)
    return Error(Code::kInternal, fmt::format("{} is a table of no data version", table));
  return tables::SpecOf(*def);
}

Status KeepQuarantined(OpContext& op, items::ItemSource& base, items::ItemStore& target,
                       const std::vector<std::string>& tables, Changes& changes) {
  TRY(const auto quarantined, QuarantinedKeys(op, target));
  if (quarantined.empty()) return Ok();
  for (const auto& table : tables) {
    TRY(const auto spec, SpecOfTable(table));
    TRY_OK(EnsureTable(op, target, spec));
    std::vector<items::Write> back;
    const auto flush = [&]() -> Status {
      if (back.empty()) return Ok();
      TRY_OK(target.Commit(op, back));
      changes[table].kept += back.size();
      back.clear();
      return Ok();
    };
    // Rows are put behind the place that the comparison has reached, so it does not meet them.
    TRY_OK(ForEachDifference(op, base, target, table, [&](const Difference& difference) -> Status {
      if (!difference.after.empty()) return Ok();
      TRY(auto row, items::DecodeItem(difference.before));
      if (!quarantined.contains(RowHash(table, items::KeyOf(spec, row)))) return Ok();
      back.push_back(items::Write::Put(table, std::move(row)));
      return back.size() < kCommitRows ? Ok() : flush();
    }));
    TRY_OK(flush());
  }
  return Ok();
}

Status CountChanges(OpContext& op, items::ItemSource& base, items::ItemSource& target,
                    const std::vector<std::string>& tables, Changes& changes) {
  DigestBuilder builder;
  for (const auto& table : tables) {
    TableChanges& change = changes[table];
    change.added = change.changed = change.removed = 0;
    Digest removed;
    TRY_OK(ForEachDifference(op, base, target, table, [&](const Difference& difference) {
      if (difference.before.empty()) {
        ++change.added;
      } else if (difference.after.empty()) {
        ++change.removed;
        builder.Add(removed, difference.before);
      } else {
        ++change.changed;
      }
      return Ok();
    }));
    TRY(change.after, LocalDigest(op, target, table));
    change.before_removal = change.after;
    change.before_removal.Add(removed);
  }
  return Ok();
}

Result<Digest> LocalDigest(OpContext& op, items::ItemSource& source, std::string_view table) {
  Digest digest;
  DigestBuilder builder;
  std::string after;
  do {
    TRY_OK(op.Check());
    auto page = source.ScanEncoded(op, table, {}, after, kCommitRows, [&](std::string_view row) {
      builder.Add(digest, row);
      return Ok();
    });
    if (!page.ok() && page.error().code == Code::kNotFound) return digest;
    if (!page.ok()) return std::move(page).error();
    after = *std::move(page);
  } while (!after.empty());
  return digest;
}

Result<std::map<std::string, Digest>> RemoteDigests(OpContext& op, items::ItemSource& remote,
                                                    const std::vector<std::string>& tables,
                                                    int threads,
                                                    const std::vector<items::ItemSource*>& known) {
  std::map<std::string, Digest> digests;
  for (const auto& table : tables) {
    TRY(const auto spec, SpecOfTable(table));
    const auto count = static_cast<std::size_t>(std::max(1, threads));
    std::vector<Digest> parts(count);
    std::vector<DigestBuilder> builders(count);
    TRY_OK(ScanInParallel(op, remote, table, threads,
                          [&](int thread, std::string_view encoded) -> Status {
                            const auto at = static_cast<std::size_t>(thread);
                            TRY(const bool ours, IsKnown(op, known, spec, encoded));
                            if (!ours) return Ok();
                            builders[at].Add(parts[at], encoded);
                            return Ok();
                          }));
    for (const auto& part : parts) digests[table].Add(part);
  }
  return digests;
}

Status EnsureTable(OpContext& op, items::ItemStore& store, const items::TableSpec& spec) {
  const auto found = store.Table(op, spec.name);
  if (found.ok()) return Ok();
  if (found.error().code != Code::kNotFound) return found.error();
  return store.CreateTables(op, std::span(&spec, 1));
}

std::pair<std::string, std::string> OrderOf(const items::TableSpec& spec, const Item& key) {
  const auto part = [&](const items::KeyAttribute& attribute) {
    const items::Value* value = attribute.empty() ? nullptr : key.Find(attribute.name);
    const bool has_text =
        value != nullptr && (value->is(items::Kind::kS) || value->is(items::Kind::kB));
    return has_text ? value->text() : std::string();
  };
  return {part(spec.partition), part(spec.sort)};
}

Result<AppliedRows> AppliedRows::Read(const Journal& journal, std::string_view round) {
  AppliedRows rows;
  for (const auto& entry : journal.entries()) {
    if (TextOf(entry, "leg") != round) continue;
    const std::string event = TextOf(entry, "event"), name = TextOf(entry, "phase");
    const bool place = event == "written to", conflict = event == "conflict";
    if (!place && !conflict && event != "written") continue;
    Table& table = rows.tables_[name];
    if (event == "written") {
      table.all = true;
      continue;
    }
    const auto bytes = Base64Decode(TextOf(entry, "key"));
    if (!bytes) return Error(Code::kCorrupt, "the journal is damaged: a key in it cannot be read");
    if (conflict) {
      table.conflicts.push_back(*bytes);
      continue;
    }
    TRY(const auto key, items::DecodeItem(*bytes));
    TRY(const auto spec, SpecOfTable(name));
    table.last = OrderOf(spec, key);
  }
  for (auto& [name, table] : rows.tables_) std::ranges::sort(table.conflicts);
  return rows;
}

bool AppliedRows::Has(const items::TableSpec& spec, const Item& key) const {
  const auto at = tables_.find(spec.name);
  if (at == tables_.end()) return false;
  const Table& table = at->second;
  if (std::ranges::binary_search(table.conflicts, items::EncodeItem(key))) return false;
  return table.all || OrderOf(spec, key) <= table.last;
}

}  // namespace vams::migrate::remote
