// What items_crash.py kills, starves of disk space and looks at afterwards: a program that commits
// or bulk-loads rows whose every byte follows from their number, and one that tells whether what a
// store holds can be the result of such a run.
//
//   crash_child [--as-nobody] commit DB COUNT THREADS
//   crash_child [--as-nobody] bulk DB ROWS CHECKPOINT_EVERY [sorted]
//   crash_child verify DB
//
// Run again, commit goes on behind each thread's counter and bulk behind its last checkpoint.
// Exit status: 0 done, 1 contradiction found by verify, 2 usage, 3 the store reported an error.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "items/sqlite/sqlite_store.h"

namespace vams::items {
namespace {

constexpr int kContradiction = 1, kUsage = 2, kReported = 3;
constexpr char kItems[] = "crash.items";
constexpr char kTwins[] = "crash.twins";
constexpr char kBulk[] = "crash.bulk";
constexpr std::size_t kPage = 500;
// Small enough for a load of a few thousand rows to write several runs.
constexpr std::size_t kSortMemory = std::size_t{64} << 10;
// Prime, so that multiples of it visit every row number below a count that it does not divide.
constexpr std::int64_t kStride = 7919;
constexpr std::int64_t kGroups = 7;
// An outdated row of the same key is added this many rows ahead of the one that must win.
constexpr std::int64_t kAhead = 300;

Error Contradiction(std::string what) { return Error(Code::kCorrupt, std::move(what)); }

std::vector<TableSpec> CommitTables() {
  TableSpec items{.name = kItems, .partition = {"thread", Kind::kN}, .sort = {"number", Kind::kN}};
  items.indexes.push_back({.name = "byTwin", .partition = {"twin", Kind::kS}});
  return {items, {.name = kTwins, .partition = {"id", Kind::kS}}};
}

TableSpec BulkTable() {
  TableSpec spec{.name = kBulk, .partition = {"shelf", Kind::kS}, .sort = {"number", Kind::kN}};
  spec.indexes.push_back(
      {.name = "byGroup", .partition = {"group", Kind::kN}, .sort = {"number", Kind::kN}});
  return spec;
}

std::string Payload(std::int64_t a, std::int64_t b) {
  std::string text(static_cast<std::size_t>(200 + (a * 31 + b * 17) % 400), ' ');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>('a' + (static_cast<std::int64_t>(i) * 7 + a * 3 + b * 5) % 26);
  return text;
}

std::string TwinId(std::int64_t thread, std::int64_t number) {
  return fmt::format("{}-{}", thread, number);
}
Item CounterKey(std::int64_t thread) {
  return {{"id", Value::S(fmt::format("counter-{}", thread))}};
}
Item ItemOf(std::int64_t thread, std::int64_t number) {
  return {{"number", Value::N(number)},
          {"payload", Value::S(Payload(thread, number))},
          {"thread", Value::N(thread)},
          {"twin", Value::S(TwinId(thread, number))}};
}
Item TwinOf(std::int64_t thread, std::int64_t number) {
  return {{"id", Value::S(TwinId(thread, number))}, {"payload", Value::S(Payload(number, thread))}};
}

Item RowOf(std::int64_t number, bool outdated = false) {
  return {{"group", Value::N(outdated ? kGroups : number % kGroups)},
          {"number", Value::N(number)},
          {"payload", Value::S(outdated ? "outdated" : Payload(3, number))},
          {"shelf", Value::S(fmt::format("{:06}", number / 100))}};
}

// 0 where there is none.
std::int64_t IntOf(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  return value == nullptr || !value->is(Kind::kN) ? 0 : std::atoll(value->text().c_str());
}

Result<std::int64_t> CounterOf(ItemSource& store, OpContext& op, std::int64_t thread) {
  auto item = store.Get(op, kTwins, CounterKey(thread));
  if (item.ok()) return IntOf(*item, "count");
  if (item.error().code == Code::kNotFound) return std::int64_t{0};
  return std::move(item).error();
}

// ---- commit
// ---------------------------------------------------------------------------------------

Status CommitRow(ItemStore& store, OpContext& op, std::int64_t thread, std::int64_t number) {
  const std::vector<Write> writes{
      Write::Put(kItems, ItemOf(thread, number), {Condition::Absent()}),
      Write::Put(kTwins, TwinOf(thread, number), {Condition::Absent()}),
      Write::Update(kTwins, CounterKey(thread),
                    {{Mutation::Op::kAdd, "count", Value::N(std::int64_t{1})}})};
  TRY_OK(store.Commit(op, writes));
  // One write of one line, so that the reader has whole lines whenever the process dies.
  const std::string line = fmt::format("{} {}\n", thread, number);
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return Error(Code::kInternal, "cannot write the acknowledgement");
  return Ok();
}

Status CommitThread(ItemStore& store, std::int64_t thread, std::int64_t count,
                    const std::atomic<bool>& stop) {
  OpContext op;
  TRY(const std::int64_t done, CounterOf(store, op, thread));
  for (std::int64_t i = done + 1; i <= count && !stop; ++i) TRY_OK(CommitRow(store, op, thread, i));
  return Ok();
}

Status Commit(const files::Path& path, std::int64_t count, std::int64_t threads) {
  TRY(const auto store, OpenSqliteStore(path));
  OpContext op;
  const auto specs = CommitTables();
  TRY_OK(store->CreateTables(op, specs));
  std::atomic<bool> stop = false;
  std::vector<Status> results(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (std::int64_t t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      Status& result = results[static_cast<std::size_t>(t)];
      result = CommitThread(*store, t, count, stop);
      if (!result.ok()) stop = true;
    });
  for (auto& thread : running) thread.join();
  for (auto& result : results) TRY_OK(std::move(result));
  return Ok();
}

// ---- bulk
// -----------------------------------------------------------------------------------------

// Adds the row of step `step` (from 1), and sometimes an outdated form of one that comes later.
Status AddStep(BulkLoader& load, OpContext& op, std::int64_t step, std::int64_t rows, bool sorted) {
  const auto number_at = [&](std::int64_t s) { return sorted ? s - 1 : (s - 1) * kStride % rows; };
  const std::int64_t later = step + kAhead;
  if (!sorted && later <= rows && later % 10 == 0)
    TRY_OK(load.Add(op, RowOf(number_at(later), true)));
  return load.Add(op, RowOf(number_at(step)));
}

Status Bulk(const files::Path& path, std::int64_t rows, std::int64_t checkpoint_every,
            bool sorted) {
  TRY(const auto store, OpenSqliteStore(path));
  OpContext op;
  const TableSpec spec = BulkTable();
  TRY_OK(store->CreateTables(op, std::span(&spec, 1)));
  TRY(const auto load,
      store->OpenBulkLoad(
          op, kBulk,
          {.log = BulkLog::kImages, .name = "load", .sort_memory = kSortMemory, .sorted = sorted}));
  const auto token = load->resumed_from();
  for (std::int64_t step = token ? std::atoll(token->c_str()) + 1 : 1; step <= rows; ++step) {
    TRY_OK(AddStep(*load, op, step, rows, sorted));
    if (step % checkpoint_every == 0) TRY_OK(load->Checkpoint(op, std::to_string(step)));
  }
  TRY(const std::uint64_t written, load->Finish(op));
  fmt::print("done {}\n", written);
  return Ok();
}

// ---- verify
// ---------------------------------------------------------------------------------------

using Visitor = std::function<Status(const Item&)>;

Status ForEach(ItemSource& store, OpContext& op, std::string_view table, const Visitor& visit) {
  std::string after;
  do {
    TRY(const auto page, store.Scan(op, table, {}, after, kPage));
    for (const Item& item : page.items) TRY_OK(visit(item));
    after = page.next;
  } while (!after.empty());
  return Ok();
}

Status ForEachChange(ItemStore& store, OpContext& op,
                     const std::function<Status(const Change&)>& visit) {
  for (Position after = 0;;) {
    TRY(const auto page, store.ReadChanges(op, after, kPage));
    for (const Change& change : page.changes) {
      if (change.position != ++after)
        return Contradiction(
            fmt::format("the change log has {} where {} belongs", change.position, after));
      TRY_OK(visit(change));
    }
    if (page.changes.empty()) break;
  }
  return Ok();
}

// What the log says must have been done: a replay of it, one entry at a time.
class LogReplay {
 public:
  Status See(const Change& change) {
    const std::string where = fmt::format("change {}", change.position);
    if (change.op != Change::Op::kPut || !change.after || !change.has_images)
      return Contradiction(where + " is no put with images");
    if (change.table == kBulk) return SeeBulk(change, where);
    return SeeCommit(change, where);
  }
  Status Finish() const {
    return in_commit_ == 0 ? Ok() : Status(Contradiction("the change log ends within a commit"));
  }
  const std::map<std::int64_t, std::int64_t>& commits() const { return commits_; }
  std::int64_t bulk_entries() const { return bulk_entries_; }

 private:
  Status SeeBulk(const Change& change, const std::string& where) {
    ++bulk_entries_;
    const Item expected = RowOf(IntOf(*change.after, "number"));
    if (!(*change.after == expected))
      return Contradiction(where + " is not of a row that was loaded");
    if (change.before && !(*change.before == expected))
      return Contradiction(where + " replaces what was never there");
    return Ok();
  }

  // A commit is an item, its twin and the counter, in this order and with nothing in between.
  Status SeeCommit(const Change& change, const std::string& where) {
    if (in_commit_ == 0) {
      thread_ = IntOf(*change.after, "thread");
      number_ = IntOf(*change.after, "number");
      at_ = change.at_millis;
      if (change.table != kItems || change.before || !(*change.after == ItemOf(thread_, number_)))
        return Contradiction(where + " is not the item that a commit begins with");
      if (number_ != ++commits_[thread_])
        return Contradiction(fmt::format("{} is item {} of thread {}, expected {}", where, number_,
                                         thread_, commits_[thread_]));
    } else if (change.table != kTwins || change.at_millis != at_) {
      return Contradiction(where + " is in the middle of another commit");
    } else if (in_commit_ == 1) {
      if (change.before || !(*change.after == TwinOf(thread_, number_)))
        return Contradiction(where + " is not the twin of the item before it");
    } else {
      const std::int64_t before = change.before ? IntOf(*change.before, "count") : 0;
      if (!(KeyOf(CommitTables()[1], *change.after) == CounterKey(thread_)) ||
          IntOf(*change.after, "count") != number_ || before != number_ - 1)
        return Contradiction(where + " does not count the item before it");
    }
    in_commit_ = (in_commit_ + 1) % 3;
    return Ok();
  }

  std::map<std::int64_t, std::int64_t> commits_;  // by thread
  std::int64_t bulk_entries_ = 0;
  std::int64_t thread_ = 0, number_ = 0, at_ = 0;
  int in_commit_ = 0;
};

// Items, twins, counters and log agree; returns the number of commits by thread.
Status VerifyCommits(ItemStore& store, OpContext& op, const LogReplay& log,
                     boost::json::object& out) {
  std::map<std::int64_t, std::int64_t> items;
  TRY_OK(ForEach(store, op, kItems, [&](const Item& item) -> Status {
    const std::int64_t thread = IntOf(item, "thread"), number = IntOf(item, "number");
    if (number != ++items[thread])
      return Contradiction(
          fmt::format("thread {}: item {} stands where {} belongs", thread, number, items[thread]));
    if (!(item == ItemOf(thread, number)))
      return Contradiction(fmt::format("thread {}: item {} is not what was put", thread, number));
    TRY(const Item twin, store.Get(op, kTwins, {{"id", Value::S(TwinId(thread, number))}}));
    if (!(twin == TwinOf(thread, number)))
      return Contradiction(fmt::format("thread {}: twin {} is not what was put", thread, number));
    TRY(const Page found, store.Query(op, {.table = kItems,
                                           .index = "byTwin",
                                           .partition = Value::S(TwinId(thread, number))}));
    if (found.items.size() != 1 || !(found.items.front() == item))
      return Contradiction(fmt::format("thread {}: the index misses item {}", thread, number));
    return Ok();
  }));
  std::uint64_t twins = 0;
  boost::json::object threads;
  for (const auto& [thread, count] : items) {
    TRY(const std::int64_t counter, CounterOf(store, op, thread));
    if (counter != count)
      return Contradiction(
          fmt::format("thread {} has {} items, its counter says {}", thread, count, counter));
    twins += static_cast<std::uint64_t>(count) + 1;
    threads[std::to_string(thread)] = count;
  }
  TRY(const std::uint64_t stored_twins, store.Count(op, kTwins));
  if (stored_twins != twins)
    return Contradiction(fmt::format("{} twins and counters, expected {}", stored_twins, twins));
  if (items != log.commits())
    return Contradiction("the change log has other commits than the tables");
  out["threads"] = std::move(threads);
  return Ok();
}

Result<bool> IsLoading(ItemStore& store, OpContext& op) {
  auto page = store.Query(
      op, {.table = kBulk, .index = "byGroup", .partition = Value::N(std::int64_t{0}), .limit = 1});
  if (page.ok()) return false;
  if (page.error().code == Code::kUnavailable) return true;
  return std::move(page).error();
}

Status VerifyBulk(ItemStore& store, OpContext& op, const LogReplay& log, boost::json::object& out) {
  std::vector<std::int64_t> groups(kGroups, 0);
  std::int64_t rows = 0, highest = -1;
  TRY_OK(ForEach(store, op, kBulk, [&](const Item& row) -> Status {
    const std::int64_t number = IntOf(row, "number");
    if (!(row == RowOf(number)))
      return Contradiction(fmt::format("row {} is not as added", number));
    ++rows;
    highest = std::max(highest, number);
    ++groups[static_cast<std::size_t>(number % kGroups)];
    return Ok();
  }));
  TRY(const bool loading, IsLoading(store, op));
  if (!loading && highest + 1 != rows)
    return Contradiction(fmt::format("{} rows, but the highest number is {}", rows, highest));
  for (std::int64_t group = 0; group <= kGroups && !loading; ++group) {
    const std::int64_t expected = group == kGroups ? 0 : groups[static_cast<std::size_t>(group)];
    std::int64_t found = 0;
    QueryRequest request{
        .table = kBulk, .index = "byGroup", .partition = Value::N(group), .limit = kPage};
    do {
      TRY(const Page page, store.Query(op, request));
      found += static_cast<std::int64_t>(page.items.size());
      request.after = page.next;
    } while (!request.after.empty());
    if (found != expected)
      return Contradiction(
          fmt::format("the index has {} rows of group {}, the table {}", found, group, expected));
  }
  if (log.bulk_entries() < rows)
    return Contradiction(fmt::format("{} rows, {} changes of them", rows, log.bulk_entries()));
  out["bulk"] = {{"rows", rows}, {"loading", loading}, {"changes", log.bulk_entries()}};
  return Ok();
}

Status VerifyStore(const files::Path& path, boost::json::object& out) {
  OpContext op;
  // As a command that only reads would find it, before anybody who writes has cleared up.
  std::optional<Position> last_read;
  std::error_code ec;
  if (std::filesystem::exists(path, ec)) {
    auto reading = OpenSqliteStore(path, {.read_only = true});
    if (reading.ok()) {
      TRY(last_read, (*reading)->LastChange(op));
    } else if (std::filesystem::file_size(path, ec) > 0) {
      out["readOnly"] = reading.error().message;
    }
  }
  TRY(const auto store, OpenSqliteStore(path));
  TRY_OK(store->CheckIntegrity(op));
  TRY(const Position last, store->LastChange(op));
  if (last_read && *last_read != last)
    return Contradiction(
        fmt::format("reading only shows changes up to {}, writing up to {}", *last_read, last));
  LogReplay log;
  Position seen = 0;
  TRY_OK(ForEachChange(*store, op, [&](const Change& change) {
    seen = change.position;
    return log.See(change);
  }));
  TRY_OK(log.Finish());
  if (seen != last)
    return Contradiction(fmt::format("the change log ends at {}, not {}", seen, last));
  out["changes"] = last;
  out["threads"] = boost::json::object();
  if (store->Table(op, kItems).ok() != store->Table(op, kTwins).ok())
    return Contradiction("one of two tables made together is missing");
  if (store->Table(op, kItems).ok()) TRY_OK(VerifyCommits(*store, op, log, out));
  if (store->Table(op, kBulk).ok()) TRY_OK(VerifyBulk(*store, op, log, out));
  return Ok();
}

// ---- The program
// ----------------------------------------------------------------------------------

int Report(const Status& status, int exit) {
  if (status.ok()) return 0;
  const Error& error = status.error();
  fmt::print(stderr, "crash_child: {}: {}\n", CodeName(error.code), error.message);
  if (!error.details.empty()) fmt::print(stderr, "  ({})\n", error.details);
  return exit;
}

Status BecomeNobody() {
  const passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr) return Error(Code::kNotFound, "there is no user nobody");
  if (::setgroups(0, nullptr) != 0 || ::setgid(nobody->pw_gid) != 0 ||
      ::setuid(nobody->pw_uid) != 0)
    return Error(Code::kDenied, "cannot become the user nobody");
  return Ok();
}

int Main(std::span<char*> arguments) {
  std::vector<std::string> words(arguments.begin() + 1, arguments.end());
  if (!words.empty() && words.front() == "--as-nobody") {
    words.erase(words.begin());
    if (const Status status = BecomeNobody(); !status.ok()) return Report(status, kUsage);
  }
  const auto number = [&](std::size_t at) { return std::atoll(words[at].c_str()); };
  if (words.size() == 4 && words[0] == "commit" && number(2) > 0 && number(3) > 0)
    return Report(Commit(words[1], number(2), number(3)), kReported);
  const bool sorted = words.size() == 5 && words[4] == "sorted";
  if ((words.size() == 4 || sorted) && words[0] == "bulk" && number(2) > 0 &&
      number(2) % kStride != 0 && number(3) > 0)
    return Report(Bulk(words[1], number(2), number(3), sorted), kReported);
  if (words.size() == 2 && words[0] == "verify") {
    boost::json::object out;
    const Status status = VerifyStore(words[1], out);
    if (!status.ok()) out["contradiction"] = status.error().message;
    fmt::print("{}\n", boost::json::serialize(out));
    return Report(status, kContradiction);
  }
  fmt::print(stderr,
             "usage: crash_child [--as-nobody] commit DB COUNT THREADS\n"
             "       crash_child [--as-nobody] bulk DB ROWS CHECKPOINT_EVERY [sorted]\n"
             "       crash_child verify DB\n");
  return kUsage;
}

}  // namespace
}  // namespace vams::items

int main(int argc, char** argv) {
  return vams::items::Main(std::span(argv, static_cast<std::size_t>(argc)));
}
