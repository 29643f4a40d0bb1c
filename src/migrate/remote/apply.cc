#include "migrate/remote/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/json.h"
#include "items/codec.h"
#include "migrate/compare.h"
#include "migrate/remote/apply_rows.h"
#include "migrate/residue.h"
#include "tables/system_tables.h"

namespace vams::migrate::remote {

using items::Condition;
using items::Item;
using items::Mutation;
using items::Write;

namespace {

constexpr std::size_t kChunkBytes = std::size_t{8} << 20;
constexpr std::size_t kGroupRows = 100;
constexpr std::size_t kGroupBytes = std::size_t{3} << 20;
constexpr std::size_t kConflictSamples = 20;
constexpr std::uint64_t kMaxConflicts = 100;
constexpr int kGroupAttempts = 5;
// An expression has a limited length, so a row that differs in more attributes is put whole.
constexpr std::size_t kMaxConditions = 60;

// One row on its way.
struct Row {
  std::optional<Item> before, after;
  Write write;
  std::size_t bytes = 0;
  // The conditions name only some of its attributes, so it is looked at right before.
  bool wide = false;
};

std::vector<Condition> StillAs(const items::TableSpec& spec, const Item& before, bool& all) {
  std::vector<Condition> conditions = {Condition::Exists()};
  for (const auto& [name, value] : before) {
    if (name == spec.partition.name || name == spec.sort.name) continue;
    all = conditions.size() < kMaxConditions;
    if (!all) break;
    conditions.push_back(Condition::Equals(name, value));
  }
  return conditions;
}

// Sets what differs, under the condition that it is still as it was.
void WriteUpdate(const items::TableSpec& spec, Row& row) {
  const Item &before = *row.before, &after = *row.after;
  std::vector<Mutation> mutations;
  std::vector<Condition> conditions = {Condition::Exists()};
  for (const auto& [name, value] : after) {
    const auto* old = before.Find(name);
    if (old != nullptr && *old == value) continue;
    mutations.push_back({Mutation::Op::kSet, name, value});
    conditions.push_back(old != nullptr ? Condition::Equals(name, *old) : Condition::Lacks(name));
  }
  for (const auto& [name, value] : before) {
    if (after.Has(name)) continue;
    mutations.push_back({Mutation::Op::kRemove, name, {}});
    conditions.push_back(Condition::Equals(name, value));
  }
  if (conditions.size() <= kMaxConditions) {
    row.write = Write::Update(spec.name, items::KeyOf(spec, after), std::move(mutations),
                              std::move(conditions));
    return;
  }
  row.wide = true;
  bool all = true;
  row.write = Write::Put(spec.name, after, StillAs(spec, before, all));
}

void WriteRemoval(const items::TableSpec& spec, Row& row) {
  bool all = true;
  row.write =
      Write::Delete(spec.name, items::KeyOf(spec, *row.before), StillAs(spec, *row.before, all));
  row.wide = !all;
}

bool Refuses(const Error& error) {
  return error.code == Code::kInvalid || error.code == Code::kTooLarge;
}

class Applier {
 public:
  Applier(OpContext& op, const ApplyJob& job) : op_(op), job_(job) {}

  Result<ApplyOutcome> Writes() {
    for (const auto& table : job_.tables) {
      if (job_.journal.Last("written", job_.round, table) != nullptr) continue;
      TRY_OK(WriteTable(table));
      if (outcome_.conflicts > kMaxConflicts) break;
      VAMS_POINT("migrate.remote.table_written");
      TRY_OK(job_.journal.Append("written", {{"leg", job_.round}, {"phase", table}}));
    }
    return std::move(outcome_);
  }

  Result<ApplyOutcome> Removals() {
    for (const auto& table : job_.tables) {
      if (job_.journal.Last("removed", job_.round, table) != nullptr) continue;
      TRY_OK(RemoveFrom(table));
      if (outcome_.conflicts > kMaxConflicts) break;
      VAMS_POINT("migrate.remote.table_removed");
      TRY_OK(job_.journal.Append("removed", {{"leg", job_.round}, {"phase", table}}));
    }
    return std::move(outcome_);
  }

 private:
  Status WriteTable(const std::string& table) {
    TRY(spec_, SpecOfTable(table));
    TRY(const auto done, LastPlace("written to"));
    std::vector<Row> adds, changes;
    std::size_t bytes = 0;
    std::optional<Item> last;
    const auto flush = [&]() -> Status {
      if (!last) return Ok();
      TRY_OK(job_.may_write());
      TRY_OK(Add(adds));
      VAMS_POINT("migrate.remote.rows_added");
      TRY_OK(CommitAll(changes));
      VAMS_POINT("migrate.remote.rows_changed");
      TRY_OK(Place("written to", *last));
      adds.clear(), changes.clear();
      bytes = 0, last.reset();
      return Ok();
    };
    TRY_OK(ForEachDifference(
        op_, job_.base, job_.target, table, [&](const Difference& difference) -> Status {
          if (difference.after.empty() || outcome_.conflicts > kMaxConflicts) return Ok();
          Row row;
          TRY(row.after, items::DecodeItem(difference.after));
          const Item key = items::KeyOf(spec_, *row.after);
          if (done && OrderOf(spec_, key) <= *done) return Ok();
          row.bytes = difference.before.size() + difference.after.size();
          bytes += row.bytes;
          last = key;
          if (difference.before.empty()) {
            row.write = Write::Put(table, *row.after, {Condition::Absent()});
            adds.push_back(std::move(row));
          } else {
            TRY(row.before, items::DecodeItem(difference.before));
            WriteUpdate(spec_, row);
            changes.push_back(std::move(row));
          }
          return adds.size() + changes.size() < job_.chunk_rows && bytes < kChunkBytes ? Ok()
                                                                                       : flush();
        }));
    return flush();
  }

  Status RemoveFrom(const std::string& table) {
    TRY(spec_, SpecOfTable(table));
    TRY(const auto done, LastPlace("removed to"));
    std::vector<Row> rows;
    std::size_t bytes = 0;
    std::optional<Item> last;
    const auto flush = [&]() -> Status {
      if (!last) return Ok();
      TRY_OK(job_.may_write());
      TRY_OK(CommitAll(rows));
      VAMS_POINT("migrate.remote.rows_removed");
      TRY_OK(Place("removed to", *last));
      rows.clear();
      bytes = 0, last.reset();
      return Ok();
    };
    TRY_OK(ForEachDifference(
        op_, job_.base, job_.target, table, [&](const Difference& difference) -> Status {
          if (!difference.after.empty() || outcome_.conflicts > kMaxConflicts) return Ok();
          Row row;
          TRY(row.before, items::DecodeItem(difference.before));
          last = items::KeyOf(spec_, *row.before);
          if (done && OrderOf(spec_, *last) <= *done) {
            last.reset();
            return Ok();
          }
          row.bytes = difference.before.size();
          bytes += row.bytes;
          WriteRemoval(spec_, row);
          rows.push_back(std::move(row));
          return rows.size() < job_.chunk_rows && bytes < kChunkBytes ? Ok() : flush();
        }));
    return flush();
  }

  // ---- New rows

  // Bulk writes carry no conditions, so what is there is looked at right before.
  Status Add(std::vector<Row>& rows) {
    if (rows.empty()) return Ok();
    TRY(const auto now, NowOf(rows));
    std::vector<Row*> fresh;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!now[i])
        fresh.push_back(&rows[i]);
      else if (!(*now[i] == *rows[i].after))
        TRY_OK(Conflict(rows[i]));
    }
    if (fresh.empty()) return Ok();
    const Status loaded = Load(fresh);
    if (loaded.ok()) {
      Count(fresh.size());
      return Ok();
    }
    if (!Refuses(loaded.error())) return loaded.error();
    // Some row is refused; one by one it is known which.
    TRY_OK(job_.remote.AbandonBulkLoad(op_, spec_.name));
    std::vector<Row> single;
    for (const Row* row : fresh) single.push_back(*row);
    for (auto& row : single) TRY_OK(CommitGroup(std::span(&row, 1)));
    return Ok();
  }

  Status Load(const std::vector<Row*>& rows) {
    TRY(const auto loader,
        job_.remote.OpenBulkLoad(op_, spec_.name,
                                 {.name = "vams-migrate", .sort_memory = kChunkBytes}));
    for (const Row* row : rows) TRY_OK(loader->Add(op_, *row->after));
    TRY_OK(loader->Finish(op_));
    return Ok();
  }

  // ---- Rows changed in place, rows removed

  Status CommitAll(std::vector<Row>& rows) {
    if (std::ranges::any_of(rows, &Row::wide)) TRY_OK(LookAtWide(rows));
    const auto& traits = job_.remote.traits();
    const std::size_t most_rows =
        traits.max_commit_writes == 0 ? kGroupRows : std::min(kGroupRows, traits.max_commit_writes);
    const std::size_t most_bytes = traits.max_commit_bytes == 0
                                       ? kGroupBytes
                                       : std::min(kGroupBytes, traits.max_commit_bytes / 2);
    for (std::size_t begin = 0; begin < rows.size();) {
      std::size_t end = begin, bytes = 0;
      do bytes += rows[end++].bytes;
      while (end < rows.size() && end - begin < most_rows && bytes + rows[end].bytes <= most_bytes);
      TRY_OK(CommitGroup(std::span(rows).subspan(begin, end - begin)));
      begin = end;
    }
    return Ok();
  }

  Status LookAtWide(std::vector<Row>& rows) {
    TRY(const auto now, NowOf(rows));
    std::vector<Row> left;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Item* row = now[i] ? &*now[i] : nullptr;
      if (rows[i].wide && IsDone(rows[i], row)) continue;
      if (rows[i].wide && (row == nullptr || !(*row == *rows[i].before)))
        TRY_OK(Conflict(rows[i]));
      else
        left.push_back(std::move(rows[i]));
    }
    rows = std::move(left);
    return Ok();
  }

  Status CommitGroup(std::span<Row> group) {
    std::vector<Row*> pending;
    for (auto& row : group) pending.push_back(&row);
    for (int attempt = 0; attempt < kGroupAttempts && !pending.empty(); ++attempt) {
      std::vector<Write> writes;
      for (const Row* row : pending) writes.push_back(row->write);
      const auto done = job_.remote.Commit(op_, writes);
      if (done.ok()) {
        Count(pending.size());
        return Ok();
      }
      if (done.error().code == Code::kConflict) {
        TRY_OK(Sort(pending));
      } else if (!Refuses(done.error())) {
        return done.error();
      } else if (pending.size() == 1) {
        return Refused(*pending.front(), done.error());
      } else {
        for (Row* row : pending) TRY_OK(CommitGroup(std::span(row, 1)));
        return Ok();
      }
    }
    if (pending.empty()) return Ok();
    return Error(Code::kUnavailable,
                 fmt::format("rows of {} are being changed by somebody else all the time, such as "
                             "{}; nothing of them was changed",
                             spec_.name, NameOf(*pending.front())));
  }

  // After a failed condition: what is done already (an answer that was lost), what is still to do,
  // and what somebody else has changed.
  Status Sort(std::vector<Row*>& pending) {
    std::vector<Item> keys;
    for (const Row* row : pending) keys.push_back(KeyOf(*row));
    TRY(const auto now, job_.remote.BatchGet(op_, spec_.name, keys));
    std::vector<Row*> left;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const Item* row = now[i] ? &*now[i] : nullptr;
      if (IsDone(*pending[i], row)) continue;
      if (items::ConditionsHold(pending[i]->write.conditions, row))
        left.push_back(pending[i]);
      else
        TRY_OK(Conflict(*pending[i]));
    }
    pending = std::move(left);
    return Ok();
  }

  static bool IsDone(const Row& row, const Item* now) {
    if (!row.after || now == nullptr) return !row.after && now == nullptr;
    if (row.write.op == Write::Op::kPut) return *now == *row.after;
    return std::ranges::all_of(row.write.mutations, [&](const Mutation& mutation) {
      const auto* value = now->Find(mutation.attribute);
      return mutation.op == Mutation::Op::kRemove ? value == nullptr
                                                  : value != nullptr && *value == mutation.value;
    });
  }

  // ---- What comes of it

  Item KeyOf(const Row& row) const {
    return items::KeyOf(spec_, row.after ? *row.after : *row.before);
  }
  std::string NameOf(const Row& row) const { return items::DescribeKey(spec_, KeyOf(row)); }

  Result<std::vector<std::optional<Item>>> NowOf(const std::vector<Row>& rows) {
    std::vector<Item> keys;
    keys.reserve(rows.size());
    for (const auto& row : rows) keys.push_back(KeyOf(row));
    return job_.remote.BatchGet(op_, spec_.name, keys);
  }

  void Count(std::size_t rows) {
    outcome_.written += rows;
    if (job_.on_progress)
      job_.on_progress({.leg = "write", .phase = spec_.name, .done = outcome_.written, .total = 0});
  }

  Status Conflict(const Row& row) {
    ++outcome_.conflicts;
    if (outcome_.samples.size() < kConflictSamples) outcome_.samples.push_back(NameOf(row));
    return job_.journal.Append("conflict", {{"leg", job_.round},
                                            {"phase", spec_.name},
                                            {"key", Base64Encode(items::EncodeItem(KeyOf(row)))},
                                            {"row", NameOf(row)}});
  }

  // The row stays on the server as it is; what was to be there is a finding.
  Status Refused(const Row& row, const Error& reason) {
    ++outcome_.refused;
    const Item& wanted = row.after ? *row.after : *row.before;
    // With the record in it, it may be larger than any item of a table, which only loads accept.
    const Item finding =
        FindingItem(job_.scope, FindingKind::kQuarantined, spec_,
                    {.code = std::string(kRefusedCode),
                     .table = spec_.name,
                     .record = wanted,
                     .text = fmt::format("the server refused it: {}", reason.message)});
    TRY(const auto loader,
        job_.target.OpenBulkLoad(op_, tables::kFindingsTable, {.name = "refused"}));
    TRY_OK(loader->AddEncoded(op_, items::EncodeItem(finding)));
    TRY_OK(loader->Finish(op_));
    const Write back =
        row.before ? Write::Put(spec_.name, *row.before) : Write::Delete(spec_.name, KeyOf(row));
    TRY_OK(job_.target.Commit(op_, std::span(&back, 1)));
    return job_.journal.Append("refused", {{"leg", job_.round},
                                           {"phase", spec_.name},
                                           {"row", NameOf(row)},
                                           {"why", reason.message}});
  }

  Status Place(std::string_view event, const Item& key) {
    return job_.journal.Append(event, {{"leg", job_.round},
                                       {"phase", spec_.name},
                                       {"key", Base64Encode(items::EncodeItem(key))}});
  }

  Result<std::optional<std::pair<std::string, std::string>>> LastPlace(std::string_view event) {
    const auto* entry = job_.journal.Last(event, job_.round, spec_.name);
    if (entry == nullptr) return std::optional<std::pair<std::string, std::string>>();
    TRY(const auto key, items::DecodeItem(Base64Decode(TextOf(*entry, "key")).value_or("")));
    return std::optional(OrderOf(spec_, key));
  }

  OpContext& op_;
  const ApplyJob& job_;
  items::TableSpec spec_;
  ApplyOutcome outcome_;
};

}  // namespace

Result<ApplyOutcome> ApplyWrites(OpContext& op, const ApplyJob& job) {
  return Applier(op, job).Writes();
}

Result<ApplyOutcome> ApplyRemovals(OpContext& op, const ApplyJob& job) {
  TRY(auto outcome, Applier(op, job).Removals());
  outcome.removed = std::exchange(outcome.written, 0);
  return outcome;
}

}  // namespace vams::migrate::remote
