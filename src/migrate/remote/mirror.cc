#include "migrate/remote/mirror.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <mutex>
#include <thread>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/batch_queue.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate::remote {

namespace json = boost::json;

namespace {

constexpr std::size_t kPageRows = 500;
constexpr std::size_t kQueueBytes = std::size_t{8} << 20;
constexpr std::uint64_t kCheckpointRows = 50'000;

// A part of a table, and how far it has been read.
struct Part {
  items::Segment segment;
  std::string after;
  bool done = false;
};

std::string TokenOf(const std::vector<Part>& parts, std::uint64_t rows) {
  json::array list;
  for (const auto& part : parts)
    list.push_back(json::object{{"segment", Base64Encode(part.segment.token)},
                                {"after", Base64Encode(part.after)},
                                {"done", part.done}});
  return json::serialize(json::object{{"parts", std::move(list)}, {"rows", rows}});
}

Result<std::vector<Part>> PartsFrom(std::string_view token, std::uint64_t& rows) {
  const Error damaged(Code::kCorrupt,
                      "the place at which the tables were being read is damaged; cancel the "
                      "migration and start again");
  boost::system::error_code ec;
  const json::value value = json::parse(token, ec);
  const json::object* object = ec ? nullptr : value.if_object();
  const json::value* list = object != nullptr ? object->if_contains("parts") : nullptr;
  if (list == nullptr || !list->is_array()) return damaged;
  std::vector<Part> parts;
  for (const auto& entry : list->as_array()) {
    if (!entry.is_object()) return damaged;
    const auto segment = Base64Decode(TextOf(entry.as_object(), "segment"));
    const auto after = Base64Decode(TextOf(entry.as_object(), "after"));
    const json::value* done = entry.as_object().if_contains("done");
    if (!segment || !after || done == nullptr || !done->is_bool()) return damaged;
    parts.push_back({{*segment}, *after, done->as_bool()});
  }
  rows = NumberOf(*object, "rows");
  return parts;
}

// Brings one table.
class TableMirror {
 public:
  TableMirror(OpContext& op, const MirrorJob& job, const items::TableSpec& spec,
              items::ItemStore& local)
      : op_(op), job_(job), spec_(spec), local_(local) {}

  Result<std::uint64_t> Run() {
    TRY(loader_, local_.OpenBulkLoad(op_, spec_.name, {.name = "mirror"}));
    if (!loader_->resumed_from()) TRY_OK(Clear());
    TRY_OK(Plan());
    if (const Status read = ReadAll(); !read.ok()) {
      // What has come need not come again.
      (void)loader_->Checkpoint(op_, TokenOf(parts_, rows_));
      return read.error();
    }
    // Behind this, a resumed load has nothing to read.
    TRY_OK(loader_->Checkpoint(op_, TokenOf(parts_, rows_)));
    VAMS_POINT("migrate.remote.mirror_read");
    return loader_->Finish(op_);
  }

 private:
  // A load that was finished and not journaled left rows; some may be gone on the server by now.
  Status Clear() {
    TRY(const auto count, local_.Count(op_, spec_.name));
    if (count == 0) return Ok();
    loader_.reset();
    TRY_OK(local_.AbandonBulkLoad(op_, spec_.name));
    TRY_OK(local_.DropTable(op_, spec_.name));
    TRY_OK(local_.CreateTables(op_, std::span(&spec_, 1)));
    TRY(loader_, local_.OpenBulkLoad(op_, spec_.name, {.name = "mirror"}));
    return Ok();
  }

  bool limited() const { return job_.limit > 0 && job_.limited.contains(spec_.name); }

  Status Plan() {
    if (const auto token = loader_->resumed_from()) {
      TRY(parts_, PartsFrom(*token, rows_));
      return Ok();
    }
    const std::size_t count = limited() ? 1 : static_cast<std::size_t>(job_.threads);
    TRY(auto segments, job_.remote.SplitScan(op_, spec_.name, count));
    for (auto& segment : segments) parts_.push_back({std::move(segment), {}, false});
    return loader_->Checkpoint(op_, TokenOf(parts_, 0));
  }

  Status ReadAll() {
    const int threads = limited() ? 1 : std::max(1, job_.threads);
    BatchQueue queue(kQueueBytes, threads);
    OpContext work;  // cancelled with ours, so that no thread reads on for nobody
    std::atomic<std::size_t> next = 0;
    const std::vector<Part> todo = parts_;
    std::vector<std::jthread> readers;
    for (int i = 0; i < threads; ++i)
      readers.emplace_back([&] { queue.Done(Read(work, todo, next, queue)); });
    const Status taken = Take(queue);
    work.Cancel();
    queue.Stop();
    readers.clear();
    return taken;
  }

  // Runs in its own thread.
  Status Read(OpContext& work, const std::vector<Part>& todo, std::atomic<std::size_t>& next,
              BatchQueue& queue) const {
    std::uint64_t read = rows_;
    for (std::size_t i = next++; i < todo.size(); i = next++) {
      if (todo[i].done) continue;
      std::string after = todo[i].after;
      bool last = false;
      while (!last) {
        TRY_OK(work.Check());
        Batch batch;
        batch.input = i;
        std::size_t page = kPageRows;
        if (limited())
          page = std::min<std::uint64_t>(page, job_.limit - std::min(read, job_.limit));
        if (page > 0) {
          TRY(after, job_.remote.ScanEncoded(work, spec_.name, todo[i].segment, after, page,
                                             [&](std::string_view encoded) {
                                               batch.Add(0, encoded);
                                               return Ok();
                                             }));
        }
        read += batch.rows.size();
        last = after.empty() || page == 0 || (limited() && read >= job_.limit);
        batch.after = after;
        batch.last = last;
        if (!queue.Push(std::move(batch))) return Ok();
      }
    }
    return Ok();
  }

  Status Take(BatchQueue& queue) {
    std::uint64_t since = 0;
    for (;;) {
      TRY_OK(op_.Check());
      TRY(auto batch, queue.Pop());
      if (!batch) return Ok();
      std::string_view bytes = batch->bytes;
      for (const auto& row : batch->rows) {
        TRY_OK(loader_->AddEncoded(op_, bytes.substr(0, row.size)));
        bytes.remove_prefix(row.size);
      }
      parts_[batch->input].after = std::move(batch->after);
      parts_[batch->input].done = batch->last;
      rows_ += batch->rows.size();
      since += batch->rows.size();
      if (job_.on_progress)
        job_.on_progress({.leg = "read", .phase = spec_.name, .done = rows_, .total = 0});
      if (since < kCheckpointRows) continue;
      since = 0;
      VAMS_POINT("migrate.remote.mirror_checkpoint");
      TRY_OK(loader_->Checkpoint(op_, TokenOf(parts_, rows_)));
    }
  }

  OpContext& op_;
  const MirrorJob& job_;
  const items::TableSpec& spec_;
  items::ItemStore& local_;
  std::unique_ptr<items::BulkLoader> loader_;
  std::vector<Part> parts_;
  std::uint64_t rows_ = 0;
};

std::string KeysOf(const items::TableSpec& spec) {
  const auto one = [](const items::KeyAttribute& key) {
    return fmt::format("{} ({})", key.name, items::KindName(key.kind));
  };
  return spec.sort.empty() ? one(spec.partition) : one(spec.partition) + " and " + one(spec.sort);
}

// Which tables have these keys: a hint for names that were mixed up.
std::string TablesWithKeys(const items::TableSpec& found) {
  std::string names;
  for (const auto name : tables::AllTableNames()) {
    const auto* def = tables::FindTableInAny(name);
    if (def->partition == found.partition.name && def->sort == found.sort.name)
      names += fmt::format("{}{}", names.empty() ? "" : " or ", name);
  }
  return names.empty() ? std::string() : fmt::format(" (those of {})", names);
}

}  // namespace

Result<std::vector<items::TableSpec>> LocalSpecs(const std::vector<NamedTable>& named,
                                                 tables::DataVersion version) {
  std::vector<items::TableSpec> specs;
  for (const auto& table : named) {
    const auto* spec = SpecFor(table.canonical, version);
    if (spec == nullptr)
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" is no table of any data version", table.canonical));
    specs.push_back(*spec);
  }
  return specs;
}

Status CheckTables(OpContext& op, items::ItemSource& remote,
                   const std::vector<NamedTable>& named_tables, std::string_view file) {
  std::string problems;
  for (const auto& table : named_tables) {
    const std::string named = table.key.empty()
                                  ? fmt::format("table {} for {}", table.physical, table.canonical)
                                  : fmt::format("{} names table {}", table.key, table.physical);
    const auto found = remote.Table(op, table.canonical);
    if (!found.ok() && found.error().code == Code::kNotFound) {
      problems += fmt::format("\n  - {}: there is no such table in this account and region", named);
      continue;
    }
    if (!found.ok()) return Error(found.error()).With(named);
    const auto* wanted = SpecFor(table.canonical, tables::kNewest);
    if (wanted != nullptr && found->partition == wanted->partition && found->sort == wanted->sort)
      continue;
    problems += fmt::format(
        "\n  - {}: it has the keys {}{}, where {} has {}", named, KeysOf(*found),
        TablesWithKeys(*found), table.canonical,
        wanted != nullptr ? KeysOf(*wanted) : std::string("none, because it is unknown"));
  }
  if (problems.empty()) return Ok();
  return Error(Code::kInvalid,
               fmt::format("tables of {} are not what they should be; nothing was written "
                           "anywhere:{}",
                           file, problems));
}

Result<std::map<std::string, std::uint64_t>> Mirror(OpContext& op, const MirrorJob& job) {
  const std::string file = job.path.filename().string();
  TRY(const auto local, items::OpenSqliteStore(job.path));
  std::vector<items::TableSpec> specs = job.tables;
  for (const auto& spec : tables::SystemTables()) specs.push_back(spec);
  TRY_OK(local->CreateTables(op, specs));
  std::map<std::string, std::uint64_t> rows;
  for (const auto& spec : job.tables) {
    if (job.journal != nullptr)
      if (const auto* done = job.journal->Last("read", file, spec.name)) {
        rows[spec.name] = NumberOf(*done, "rows");
        continue;
      }
    auto brought = TableMirror(op, job, spec, *local).Run();
    if (!brought.ok())
      return std::move(brought).error().With(fmt::format("reading table {}", spec.name));
    rows[spec.name] = *brought;
    VAMS_POINT("migrate.remote.table_read");
    if (job.journal != nullptr)
      TRY_OK(
          job.journal->Append("read", {{"leg", file}, {"phase", spec.name}, {"rows", *brought}}));
  }
  return rows;
}

Status MirrorKnown(OpContext& op, items::ItemSource& remote,
                   const std::vector<items::TableSpec>& wanted,
                   const std::vector<items::ItemSource*>& known, const files::Path& path) {
  TRY(const auto local, items::OpenSqliteStore(path));
  std::vector<items::TableSpec> specs(tables::SystemTables().begin(), tables::SystemTables().end());
  for (const auto& spec : wanted) {
    if (auto dropped = local->DropTable(op, spec.name);
        !dropped.ok() && dropped.error().code != Code::kNotFound)
      return std::move(dropped).error();
    specs.push_back(spec);
  }
  TRY_OK(local->CreateTables(op, specs));
  for (const auto& spec : wanted) {
    std::vector<items::Item> keys;
    const auto flush = [&]() -> Status {
      TRY(auto rows, remote.BatchGet(op, spec.name, keys));
      std::vector<items::Write> writes;
      for (auto& row : rows)
        if (row) writes.push_back(items::Write::Put(spec.name, *std::move(row)));
      keys.clear();
      if (writes.empty()) return Ok();
      TRY_OK(local->Commit(op, writes));
      return Ok();
    };
    for (items::ItemSource* store : known) {
      std::string after;
      do {
        auto page = store->Scan(op, spec.name, {}, after, kPageRows);
        if (!page.ok() && page.error().code == Code::kNotFound) break;  // no such table there
        if (!page.ok()) return std::move(page).error();
        for (const auto& row : page->items) keys.push_back(items::KeyOf(spec, row));
        if (!keys.empty()) TRY_OK(flush());
        after = std::move(page->next);
      } while (!after.empty());
    }
  }
  return Ok();
}

Status ScanInParallel(OpContext& op, items::ItemSource& source, std::string_view table, int threads,
                      const std::function<Status(int thread, std::string_view encoded)>& visit) {
  const int count = std::max(1, threads);
  TRY(const auto segments, source.SplitScan(op, table, static_cast<std::size_t>(count)));
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Status status;  // guarded by mutex
  const auto work = [&](int thread) -> Status {
    for (std::size_t i = next++; i < segments.size(); i = next++) {
      std::string after;
      do {
        TRY_OK(op.Check());
        TRY(after, source.ScanEncoded(op, table, segments[i], after, kPageRows,
                                      [&](std::string_view row) { return visit(thread, row); }));
      } while (!after.empty());
    }
    return Ok();
  };
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < count; ++i)
      readers.emplace_back([&, i] {
        Status done = work(i);
        const std::scoped_lock lock(mutex);
        if (!done.ok()) {
          next = segments.size();
          if (status.ok()) status = std::move(done);
        }
      });
  }
  return status;
}

}  // namespace vams::migrate::remote
