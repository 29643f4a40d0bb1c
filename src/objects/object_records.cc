#include "objects/object_records.h"

#include <algorithm>
#include <iterator>

#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

constexpr std::size_t kPage = 1000;
constexpr std::size_t kKeysPerGet = 100;
// Where the engine has no limit.
constexpr std::size_t kWritesPerCommit = 1000;
constexpr std::size_t kBytesPerCommit = std::size_t{4} << 20;

// Writes of whole steps, until they are as many as a commit takes.
class Packer {
 public:
  Packer(OpContext& op, items::ItemStore& store, const CommittedVisitor& committed)
      : op_(op), store_(store), committed_(committed) {
    const auto& traits = store.traits();
    if (traits.max_commit_writes > 0) max_writes_ = traits.max_commit_writes;
    if (traits.max_commit_bytes > 0) max_bytes_ = traits.max_commit_bytes;
  }

  std::size_t max_writes() const { return max_writes_; }
  std::size_t max_bytes() const { return max_bytes_; }

  // The writes of one step stay together.  Precondition: they fit into a commit.
  Status Add(std::vector<Write> step, std::size_t bytes, const Committed& what) {
    if (writes_.size() + step.size() > max_writes_ || bytes_ + bytes > max_bytes_) TRY_OK(Flush());
    std::ranges::move(step, std::back_inserter(writes_));
    what_.added += what.added;
    what_.changed += what.changed;
    what_.bytes += what.bytes;
    bytes_ += bytes;
    return Ok();
  }
  Status Flush() {
    if (writes_.empty()) return Ok();
    TRY_OK(store_.Commit(op_, writes_));
    committed_(what_);
    writes_.clear();
    what_ = {};
    bytes_ = 0;
    return Ok();
  }

 private:
  OpContext& op_;
  items::ItemStore& store_;
  const CommittedVisitor& committed_;
  std::size_t max_writes_ = kWritesPerCommit;
  std::size_t max_bytes_ = kBytesPerCommit;
  std::vector<Write> writes_;
  Committed what_;
  std::size_t bytes_ = 0;
};

// Puts one version into the record as it will be.
void Apply(ObjectRecord& record, ObjectVersion& version) {
  if (version.sequence == 0) {
    version.sequence = record.next++;
    ++record.versions;
  }
  if (version.sequence >= record.newest.sequence) {
    record.newest = version;
    record.newest.is_latest = true;
  }
}

Status CommitChange(Packer& packer, ObjectChange& change) {
  ObjectRecord record = change.before.value_or(ObjectRecord{});
  bool exists = change.before.has_value();
  for (auto put = change.puts.begin(); put != change.puts.end();) {
    // An update does not name what it leaves as it is: every commit has to raise `next`.
    const std::int64_t next = record.next;
    std::vector<Write> step;
    Committed what;
    std::size_t bytes = 0;
    while (put != change.puts.end() && step.size() + 1 < packer.max_writes()) {
      const std::size_t size = items::ItemSize(VersionItem(*put));
      // The object's record repeats the newest version.
      if (!step.empty() && bytes + 2 * size > packer.max_bytes()) break;
      ++(put->sequence == 0 ? what.added : what.changed);
      what.bytes += put->size;
      Apply(record, *put);
      step.push_back(Write::Put(kVersionRows, VersionItem(*put)));
      bytes += size;
      ++put;
    }
    if (record.next == next) ++record.next;
    const Item object = ObjectItem(record);
    bytes += items::ItemSize(object);
    step.push_back(
        Write::Put(kObjectRows, object,
                   {exists ? Condition::Equals("next", Value::N(next)) : Condition::Absent()}));
    exists = true;
    TRY_OK(packer.Add(std::move(step), bytes, what));
    // A commit may name an object's record once.
    if (put != change.puts.end()) TRY_OK(packer.Flush());
  }
  return Ok();
}

}  // namespace

Status MakeObjectTables(OpContext& op, items::ItemStore& store) {
  std::vector<items::TableSpec> specs;
  for (const auto name : {tables::kObjectVersionsTable, tables::kObjectsTable})
    specs.push_back(*tables::FindSystemTable(name));
  return store.CreateTables(op, specs);
}

Result<std::vector<std::optional<ObjectRecord>>> ReadRecords(OpContext& op,
                                                             items::ItemSource& source,
                                                             std::span<const ObjectName> names) {
  std::vector<std::optional<ObjectRecord>> records;
  records.reserve(names.size());
  while (!names.empty()) {
    const auto some = names.first(std::min(names.size(), kKeysPerGet));
    names = names.subspan(some.size());
    std::vector<Item> keys;
    for (const auto& [bucket, key] : some) keys.push_back(ObjectKey(bucket, key));
    TRY(const auto found, source.BatchGet(op, kObjectRows, keys));
    for (const auto& item : found) {
      records.emplace_back();
      if (item) {
        TRY(records.back(), ObjectFromItem(*item));
      }
    }
  }
  return records;
}

namespace {

// Versions of one object, newest first, until `enough` says so.
Result<std::vector<ObjectVersion>> QueryVersions(
    OpContext& op, items::ItemSource& source, const ObjectRecord& record,
    const std::function<bool(const ObjectVersion&)>& enough) {
  std::vector<ObjectVersion> versions;
  items::QueryRequest request{
      .table = kVersionRows,
      .partition = Value::S(tables::ObjectPath(record.newest.bucket, record.newest.key)),
      .descending = true,
      .limit = kPage};
  do {
    TRY(const auto page, source.Query(op, request));
    for (const Item& item : page.items) {
      TRY(versions.emplace_back(), VersionFromItem(item));
      versions.back().is_latest = versions.back().sequence == record.newest.sequence;
      if (enough(versions.back())) return versions;
    }
    request.after = page.next;
  } while (!request.after.empty());
  return versions;
}

}  // namespace

Result<std::vector<ObjectVersion>> ReadVersions(OpContext& op, items::ItemSource& source,
                                                const ObjectRecord& record) {
  if (record.versions == 1) return std::vector{record.newest};
  return QueryVersions(op, source, record, [](const ObjectVersion&) { return false; });
}

Result<std::optional<ObjectVersion>> NewestContent(OpContext& op, items::ItemSource& source,
                                                   const ObjectRecord& record) {
  if (!record.newest.is_delete_marker) return std::optional(record.newest);
  TRY(auto versions, QueryVersions(op, source, record, [](const ObjectVersion& version) {
        return !version.is_delete_marker;
      }));
  if (versions.empty() || versions.back().is_delete_marker) return std::optional<ObjectVersion>();
  return std::optional(std::move(versions.back()));
}

Status VisitBucket(OpContext& op, items::ItemSource& source, std::string_view bucket,
                   const RecordVisitor& visit) {
  items::QueryRequest request{
      .table = kObjectRows, .partition = Value::S(std::string(bucket)), .limit = kPage};
  do {
    TRY(const auto page, source.Query(op, request));
    for (const Item& item : page.items) {
      TRY(const auto record, ObjectFromItem(item));
      TRY_OK(visit(record));
    }
    request.after = page.next;
  } while (!request.after.empty());
  return Ok();
}

Status CommitChanges(OpContext& op, items::ItemStore& store, std::vector<ObjectChange> changes,
                     const CommittedVisitor& committed) {
  Packer packer(op, store, committed);
  for (ObjectChange& change : changes) {
    TRY_OK(op.Check());
    TRY_OK(CommitChange(packer, change));
  }
  return packer.Flush();
}

}  // namespace vams::objects
