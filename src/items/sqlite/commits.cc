// Commits of the SQLite engine: everything that can fail for a reason of the data is decided before
// the first row is written, so that a refused commit leaves the shared transaction untouched.
#include <fmt/format.h>

#include <set>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/store_impl.h"

namespace vams::items::sqlite {

namespace {

// One write, made ready outside the transaction.
struct Prepared {
  const Write* write = nullptr;
  LayoutPtr layout;
  StoredKeyParts key;
  std::string encoded_key;
  std::string encoded_item;  // kPut
  // Filled inside the transaction.
  std::optional<std::string> before;
  std::optional<std::string> after;
};

Result<std::vector<Prepared>> Prepare(const TableMap& tables, std::span<const Write> writes,
                                      const Traits& traits) {
  std::vector<Prepared> prepared;
  prepared.reserve(writes.size());
  std::set<std::tuple<std::int64_t, std::string, std::string>> seen;
  for (const Write& write : writes) {
    const int index = static_cast<int>(prepared.size());
    auto layout = FindLayout(tables, write.table);
    if (!layout.ok()) return std::move(layout).error().At(index);
    Prepared p;
    p.write = &write;
    p.layout = *std::move(layout);
    const TableSpec& spec = p.layout->spec;
    if (write.op == Write::Op::kPut) {
      if (auto s = CheckItem(spec, write.item, traits.max_item_bytes); !s.ok())
        return std::move(s).error().At(index);
      p.encoded_item = EncodeItem(write.item);
    } else {
      if (auto s = CheckKey(spec, write.item); !s.ok()) return std::move(s).error().At(index);
      if (auto s = CheckMutations(spec, write); !s.ok()) return std::move(s).error().At(index);
    }
    p.key = PartsOf(*p.layout, write.item);
    p.encoded_key = EncodeItem(KeyOf(spec, write.item));
    if (writes.size() > 1 && !seen.emplace(p.layout->id, p.key.partition, p.key.sort).second)
      return Error(Code::kInvalid,
                   fmt::format("two writes of one commit name {}; nothing was written; merge them",
                               DescribeKey(spec, KeyOf(spec, write.item))))
          .At(index);
    prepared.push_back(std::move(p));
  }
  return prepared;
}

// Reads what is there, tests the conditions, computes what will be there.
Status Decide(Connection& connection, Prepared& p, int index, const Traits& traits) {
  std::string current;
  TRY(const bool exists, GetEncoded(connection, *p.layout, p.key, current));
  std::optional<Item> item;
  if (exists && (p.write->op == Write::Op::kUpdate || !p.write->conditions.empty())) {
    TRY(item, DecodeItem(current));
  }
  if (exists) p.before = std::move(current);
  if (!ConditionsHold(p.write->conditions, item ? &*item : nullptr))
    return ConditionFailed(p.layout->spec, *p.write, index, exists);
  switch (p.write->op) {
    case Write::Op::kPut:
      p.after = std::move(p.encoded_item);
      break;
    case Write::Op::kDelete:
    case Write::Op::kCheck:
      break;
    case Write::Op::kUpdate: {
      auto updated = ApplyMutations(item ? *item : p.write->item, p.write->mutations);
      if (!updated.ok()) return std::move(updated).error().At(index);
      if (auto s = CheckItem(p.layout->spec, *updated, traits.max_item_bytes); !s.ok())
        return std::move(s).error().At(index);
      p.after = EncodeItem(*updated);
      break;
    }
  }
  return Ok();
}

Status Erase(Connection& connection, const Prepared& p) {
  const Layout& layout = *p.layout;
  TRY(auto erase, connection.Prepare(layout.erase));
  BindKey(erase, layout.partition + 1, layout.spec.partition.kind, p.key.partition);
  if (layout.has_sort()) BindKey(erase, layout.sort + 1, layout.spec.sort.kind, p.key.sort);
  TRY_OK(erase.Run());
  if (!IsSampled(p.key.partition, p.key.sort)) return Ok();
  TRY(auto sample,
      connection.Prepare("DELETE FROM vams_samples WHERE tbl = ? AND p = ? AND s = ?"));
  sample.Bind(1, layout.id);
  sample.BindBlob(2, p.key.partition);
  sample.BindBlob(3, p.key.sort);
  return sample.Run();
}

Status Apply(Connection& connection, LogTail& tail, std::int64_t now, const Prepared& p) {
  LogEntry entry{
      .table_id = p.layout->id, .key = p.encoded_key, .before = p.before, .after = p.after};
  switch (p.write->op) {
    case Write::Op::kCheck:
      return Ok();
    case Write::Op::kDelete:
      if (!p.before) return Ok();
      entry.erased = true;
      TRY_OK(Erase(connection, p));
      break;
    case Write::Op::kPut:
    case Write::Op::kUpdate: {
      SplitRows row(*p.layout);
      TRY_OK(row.Add(*p.after));
      TRY_OK(StoreRow(connection, *p.layout, row, 0, p.before));
      break;
    }
  }
  return AppendChange(connection, tail, now, entry);
}

Status MoveConsumer(Connection& connection, const LogTail& tail, const Advance& advance,
                    bool write) {
  TRY(auto find, connection.Prepare("SELECT position FROM vams_consumers WHERE name = ?"));
  find.BindText(1, advance.consumer);
  TRY(const bool known, find.Step());
  if (!known)
    return Error(Code::kNotFound,
                 fmt::format("there is no consumer \"{}\" of the change log", advance.consumer));
  const auto position = static_cast<Position>(find.Int(0));
  find.Reset();
  if (advance.to < position || advance.to > tail.last())
    return Error(
        Code::kConflict,
        fmt::format("consumer \"{}\" is at {} and the log ends at {}, so it cannot move to {}",
                    advance.consumer, position, tail.last(), advance.to));
  if (!write) return Ok();
  TRY(auto move, connection.Prepare("UPDATE vams_consumers SET position = ? WHERE name = ?"));
  move.Bind(1, static_cast<std::int64_t>(advance.to));
  move.BindText(2, advance.consumer);
  return move.Run();
}

}  // namespace

Status AddSample(Connection& connection, const Layout& layout, std::string_view partition,
                 std::string_view sort) {
  if (!IsSampled(partition, sort)) return Ok();
  TRY(auto statement,
      connection.Prepare("INSERT OR IGNORE INTO vams_samples (tbl, p, s) VALUES (?, ?, ?)"));
  statement.Bind(1, layout.id);
  statement.BindBlob(2, partition);
  statement.BindBlob(3, sort);
  return statement.Run();
}

Status StoreRow(Connection& connection, const Layout& layout, const SplitRows& rows,
                std::size_t row, const std::optional<std::string>& before) {
  bool body_only = before.has_value();
  if (before) {
    SplitRows old(layout);
    TRY_OK(old.Add(*before));
    for (int i = 0; i < layout.body_column(); ++i)
      if (old.IsNull(0, i) != rows.IsNull(row, i) || old.Get(0, i) != rows.Get(row, i))
        body_only = false;
  }
  TRY(auto statement, connection.Prepare(!before     ? layout.insert
                                         : body_only ? layout.update_body
                                                     : layout.update));
  for (int i = 0; i <= layout.body_column(); ++i) {
    const bool named =
        i == layout.partition || i == layout.sort || i == layout.body_column() || !body_only;
    if (named) rows.Bind(statement, i + 1, row, i);
  }
  TRY_OK(statement.Run());
  return before ? Ok() : AddSample(connection, layout, rows.Partition(row), rows.Sort(row));
}

Status AppendChange(Connection& connection, LogTail& tail, std::int64_t at_millis,
                    const LogEntry& entry) {
  TRY(auto statement,
      connection.Prepare("INSERT INTO vams_changes (seq, at, tbl, op, key, before, after) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  statement.Bind(1, static_cast<std::int64_t>(tail.Next()));
  statement.Bind(2, at_millis);
  statement.Bind(3, entry.table_id);
  statement.Bind(4, (entry.erased ? 1 : 0) | (entry.keys_only ? 2 : 0));
  statement.BindBlob(5, entry.key);
  const auto image = [&](int at, const std::optional<std::string_view>& bytes) {
    if (bytes && !entry.keys_only)
      statement.BindBlob(at, *bytes);
    else
      statement.BindNull(at);
  };
  image(6, entry.before);
  image(7, entry.after);
  return statement.Run();
}

Status AppendPuts(Connection& connection, LogTail& tail, std::int64_t at_millis,
                  std::int64_t table_id, std::span<const PutEntry, kInsertRows> puts) {
  static const std::string sql = [] {
    std::string text = "INSERT INTO vams_changes (seq, at, tbl, op, key, before, after) VALUES ";
    for (int i = 0; i < kInsertRows; ++i)
      text += fmt::format("{}(?{}, ?1, ?2, ?3, ?{}, NULL, ?{})", i == 0 ? "" : ", ", 3 * i + 4,
                          3 * i + 5, 3 * i + 6);
    return text;
  }();
  TRY(auto statement, connection.Prepare(sql));
  statement.Bind(1, at_millis);
  statement.Bind(2, table_id);
  statement.Bind(3, puts.front().after.empty() ? 2 : 0);
  int at = 4;
  for (const PutEntry& put : puts) {
    statement.Bind(at++, static_cast<std::int64_t>(tail.Next()));
    statement.BindBlob(at++, put.key);
    if (put.after.empty())
      statement.BindNull(at++);
    else
      statement.BindBlob(at++, put.after);
  }
  return statement.Run();
}

Result<CommitResult> SqliteStore::Commit(OpContext& op, std::span<const Write> writes,
                                         const std::optional<Advance>& advance) {
  TRY_OK(CheckWritable());
  TRY(auto prepared, Prepare(*catalog_.tables(), writes, traits_));
  CommitResult result;
  TRY_OK(writer_->Run(op, [&](Connection& connection) -> Status {
    VAMS_POINT("items.commit.begin");
    for (std::size_t i = 0; i < prepared.size(); ++i)
      TRY_OK(Decide(connection, prepared[i], static_cast<int>(i), traits_));
    if (advance) TRY_OK(MoveConsumer(connection, tail_, *advance, false));
    const std::int64_t now = clock_.NowMillis();
    for (const Prepared& p : prepared) {
      TRY_OK(Apply(connection, tail_, now, p));
      VAMS_POINT("items.commit.between_writes");
    }
    if (advance) TRY_OK(MoveConsumer(connection, tail_, *advance, true));
    result.position = tail_.last();
    VAMS_POINT("items.commit.before_sync");
    return Ok();
  }));
  VAMS_POINT("items.commit.after_sync");
  return result;
}

Result<std::size_t> SqliteStore::Expire(OpContext& op, std::string_view table,
                                        std::int64_t now_seconds, std::size_t limit) {
  TRY_OK(CheckWritable());
  TRY(const LayoutPtr layout, FindLayout(*catalog_.tables(), table));
  if (layout->ttl < 0)
    return Error(Code::kInvalid, fmt::format("table \"{}\" has no time-to-live attribute", table));
  const auto& ttl = layout->columns[static_cast<std::size_t>(layout->ttl)];
  std::vector<Write> deletes;
  {
    TRY(auto connection, pool_.Borrow());
    const std::string now = StoredKey(Value::N(now_seconds));
    TRY(auto statement,
        connection->Prepare(fmt::format("{} WHERE {} <= ? LIMIT ?", layout->select, ttl.name)));
    statement.BindBlob(1, now);
    statement.Bind(2, static_cast<std::int64_t>(limit));
    std::string encoded;
    for (;;) {
      TRY(const bool row, statement.Step());
      if (!row) break;
      encoded.clear();
      TRY_OK(Join(*layout, statement, encoded));
      TRY(const auto item, DecodeItem(encoded));
      deletes.push_back(
          Write::Delete(std::string(table), KeyOf(layout->spec, item),
                        {Condition::Equals(ttl.attribute, *item.Find(ttl.attribute))}));
    }
  }
  // An item that was prolonged or removed meanwhile is no longer due: leave it out and go on.
  while (!deletes.empty()) {
    auto committed = Commit(op, deletes, std::nullopt);
    if (committed.ok()) return deletes.size();
    const int index = committed.error().index;
    if (committed.error().code != Code::kConflict || index < 0) return std::move(committed).error();
    deletes.erase(deletes.begin() + index);
  }
  return std::size_t{0};
}

// ---- The change log's readers
// ---------------------------------------------------------------------

Result<ChangePage> SqliteStore::ReadChanges(OpContext& op, Position after, std::size_t limit) {
  TRY_OK(op.Check());
  if (limit == 0) return Error(Code::kInvalid, "the limit of a page of changes must be at least 1");
  TRY(auto connection, pool_.Borrow());
  ChangePage page;
  page.next = after;
  TRY(auto statement,
      connection->Prepare("SELECT c.seq, c.at, t.name, c.op, c.key, c.before, c.after "
                          "FROM vams_changes c JOIN vams_tables t ON t.id = c.tbl "
                          "WHERE c.seq > ? ORDER BY c.seq LIMIT ?"));
  statement.Bind(1, static_cast<std::int64_t>(after));
  statement.Bind(2, static_cast<std::int64_t>(limit));
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) break;
    Change change;
    change.position = static_cast<Position>(statement.Int(0));
    change.at_millis = statement.Int(1);
    change.table = std::string(statement.Bytes(2));
    change.op = (statement.Int(3) & 1) != 0 ? Change::Op::kDelete : Change::Op::kPut;
    change.has_images = (statement.Int(3) & 2) == 0;
    TRY(change.key, DecodeItem(statement.Bytes(4)));
    if (!statement.IsNull(5)) {
      TRY(change.before, DecodeItem(statement.Bytes(5)));
    }
    if (!statement.IsNull(6)) {
      TRY(change.after, DecodeItem(statement.Bytes(6)));
    }
    page.next = change.position;
    page.changes.push_back(std::move(change));
  }
  // Looked at behind the page: a trim in between must not look like an empty log.
  TRY(const Position floor, LogFloor(*connection));
  if (after < floor)
    return Error(
        Code::kNotFound,
        fmt::format("changes up to {} were trimmed away, so reading cannot continue behind {}; "
                    "start over from a snapshot",
                    floor, after));
  return page;
}

Status SqliteStore::AddConsumer(OpContext& op, std::string_view name, Position start) {
  TRY_OK(CheckWritable());
  return writer_->Run(op, [&](Connection& connection) -> Status {
    TRY(auto find, connection.Prepare("SELECT 1 FROM vams_consumers WHERE name = ?"));
    find.BindText(1, name);
    TRY(const bool exists, find.Step());
    find.Reset();
    if (exists)
      return Error(Code::kConflict, fmt::format("consumer \"{}\" is registered already", name));
    TRY(const Position floor, LogFloor(connection));
    if (start < floor || start > tail_.last())
      return Error(Code::kInvalid,
                   fmt::format("consumer \"{}\" cannot start at {}: the log reaches from {} to {}",
                               name, start, floor, tail_.last()));
    TRY(auto insert,
        connection.Prepare("INSERT INTO vams_consumers (name, position) VALUES (?, ?)"));
    insert.BindText(1, name);
    insert.Bind(2, static_cast<std::int64_t>(start));
    return insert.Run();
  });
}

Status SqliteStore::AdvanceConsumer(OpContext& op, const Advance& advance) {
  TRY_OK(CheckWritable());
  return writer_->Run(
      op, [&](Connection& connection) { return MoveConsumer(connection, tail_, advance, true); });
}

Status SqliteStore::RemoveConsumer(OpContext& op, std::string_view name) {
  TRY_OK(CheckWritable());
  return writer_->Run(op, [&](Connection& connection) -> Status {
    TRY(auto erase, connection.Prepare("DELETE FROM vams_consumers WHERE name = ?"));
    erase.BindText(1, name);
    TRY_OK(erase.Run());
    if (sqlite3_changes(connection.raw()) == 0)
      return Error(Code::kNotFound,
                   fmt::format("there is no consumer \"{}\" of the change log", name));
    return Ok();
  });
}

Result<std::vector<Consumer>> SqliteStore::Consumers(OpContext& op) {
  TRY_OK(op.Check());
  TRY(auto connection, pool_.Borrow());
  TRY(auto statement,
      connection->Prepare("SELECT name, position FROM vams_consumers ORDER BY name"));
  std::vector<Consumer> consumers;
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) return consumers;
    consumers.push_back({std::string(statement.Bytes(0)), static_cast<Position>(statement.Int(1))});
  }
}

Result<TrimResult> SqliteStore::TrimChanges(OpContext& op, Position to) {
  TRY_OK(CheckWritable());
  // In pieces, so that a long log does not hold up other writes.
  constexpr Position kPiece = 2000;
  TrimResult result;
  for (bool more = true; more;) {
    TRY_OK(writer_->Run(op, [&](Connection& connection) -> Status {
      result.held_back_by.clear();
      TRY(const Position floor, LogFloor(connection));
      Position target = std::min(to, tail_.last());
      TRY(auto slow, connection.Prepare("SELECT name, position FROM vams_consumers ORDER BY name"));
      Position slowest = target;
      for (;;) {
        TRY(const bool row, slow.Step());
        if (!row) break;
        const auto position = static_cast<Position>(slow.Int(1));
        if (position >= target) continue;
        slowest = std::min(slowest, position);
        result.held_back_by.emplace_back(slow.Bytes(0));
      }
      slow.Reset();
      target = std::max(floor, slowest);
      const Position piece = std::min(target, floor + kPiece);
      more = piece < target;
      result.trimmed_to = piece;
      if (piece == floor) return Ok();
      TRY(auto erase, connection.Prepare("DELETE FROM vams_changes WHERE seq <= ?"));
      erase.Bind(1, static_cast<std::int64_t>(piece));
      TRY_OK(erase.Run());
      TRY(auto mark, connection.Prepare("UPDATE vams_meta SET value = ? WHERE name = 'log_floor'"));
      mark.Bind(1, static_cast<std::int64_t>(piece));
      return mark.Run();
    }));
  }
  return result;
}

// ---- Integrity
// --------------------------------------------------------------------------------------

namespace {

Status CheckPages(Connection& connection) {
  TRY(auto statement, connection.Prepare("PRAGMA integrity_check(20)"));
  std::string found;
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) break;
    if (statement.Bytes(0) == "ok") return Ok();
    found += found.empty() ? "" : "; ";
    found += statement.Bytes(0);
  }
  return Error(Code::kCorrupt, fmt::format("the item store is damaged: {}", found));
}

}  // namespace

Status CheckTableRows(OpContext& op, Connection& connection, const Layout& layout) {
  std::uint64_t sampled = 0;
  std::string after, scratch;
  const auto check = [&](std::string_view encoded) -> Status {
    TRY(const auto item, DecodeItem(encoded));
    if (EncodeItem(item) != encoded)
      return Error(Code::kCorrupt, fmt::format("{} is not stored in its canonical form",
                                               DescribeKey(layout.spec, KeyOf(layout.spec, item))));
    const auto parts = PartsOf(layout, item);
    if (IsSampled(parts.partition, parts.sort)) ++sampled;
    return Ok();
  };
  do {
    TRY_OK(op.Check());
    TRY(after, ScanPage(connection, layout, {}, after, 10000, check));
  } while (!after.empty());
  TRY(auto count, connection.Prepare("SELECT count(*) FROM vams_samples WHERE tbl = ?"));
  count.Bind(1, layout.id);
  TRY([[maybe_unused]] const bool row, count.Step());
  if (static_cast<std::uint64_t>(count.Int(0)) != sampled)
    return Error(Code::kCorrupt, fmt::format("table {} has {} sampled keys, its rows say {}",
                                             layout.spec.name, count.Int(0), sampled));
  return Ok();
}

Status SqliteStore::CheckIntegrity(OpContext& op) {
  TRY_OK(op.Check());
  TRY(auto connection, OpenForReading(path_));
  std::shared_ptr<const TableMap> tables;
  {
    const std::lock_guard guard(schema_mutex_);
    TRY_OK(connection->Exec("BEGIN"));
    TRY([[maybe_unused]] const auto fix_view, LogFloor(*connection));
    tables = catalog_.tables();
  }
  TRY_OK(CheckPages(*connection));
  for (const auto& [name, layout] : *tables) TRY_OK(CheckTableRows(op, *connection, *layout));
  TRY(auto changes, connection->Prepare("SELECT seq, key, before, after FROM vams_changes"));
  for (;;) {
    TRY(const bool row, changes.Step());
    if (!row) return Ok();
    for (const int column : {1, 2, 3}) {
      if (changes.IsNull(column)) continue;
      if (const auto image = DecodeItem(changes.Bytes(column)); !image.ok())
        return Error(Code::kCorrupt,
                     fmt::format("change {} of the log is damaged", changes.Int(0)));
    }
  }
}

}  // namespace vams::items::sqlite
