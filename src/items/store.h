// ItemStore keeps typed items under (partition, sort) keys with conditional, all-or-nothing writes,
// a change log in the same transaction, and consistent snapshots.  DynamoDB-shaped: whatever it
// promises, a DynamoDB-protocol engine can promise too, or a trait says otherwise (design.md
// section 4).  Every engine passes items/conformance.h.
//
// Thread-safe.  Every call may block on disk or network.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/table_spec.h"
#include "items/value.h"

namespace vams::items {

// What an engine can promise.  Callers branch on traits, never on names.
struct Traits {
  std::size_t max_item_bytes = 400 * 1024;
  int max_nesting = 32;               // lists and maps inside each other, in one attribute
  std::size_t max_commit_writes = 0;  // 0: no limit
  std::size_t max_commit_bytes = 0;   // 0: no limit
  bool snapshots = true;              // OpenSnapshot gives one view over all tables
  bool durable = true;
  bool change_log = true;  // commits are logged; else LastChange is 0 and the log's calls are
                           // kNotSupported, Advance among them
  // A scan of the whole table is in key order, and an index orders items of equal index keys by the
  // table's key.  Else only what one partition holds is in order, and equal index keys in any.
  bool key_order = true;
  // Bulk loads do all that BulkLoader says.  Else their items are seen at once, indexes answer all
  // the time, what was added behind the last checkpoint may stay when a load is interrupted, and
  // Finish counts an item again that was added again, and sorted loads take any order.
  bool bulk_isolated = true;
};

using Position = std::uint64_t;  // in the change log; 0 is before the first change

// ---- Reading
// ---------------------------------------------------------------------------------------

// How the sort key is restricted; the partition key is always an equality.
struct SortCondition {
  enum class Op : std::uint8_t {
    kAny,
    kEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kBetween,
    kBeginsWith
  };
  Op op = Op::kAny;
  Value value;
  Value upper;  // kBetween: inclusive at both ends

  static SortCondition BeginsWith(Value prefix) { return {Op::kBeginsWith, std::move(prefix), {}}; }
  static SortCondition Between(Value low, Value high) {
    return {Op::kBetween, std::move(low), std::move(high)};
  }
  static SortCondition Is(Op op, Value v) { return {op, std::move(v), {}}; }
};

struct QueryRequest {
  std::string table;
  std::string index;  // empty: the table itself
  Value partition;
  SortCondition sort;
  bool descending = false;
  std::size_t limit = 1000;  // items of this page, at least 1
  std::string after;         // Page::next of the page before
};

// A page of items.  `next` is the `after` of the following call, and empty on the last page.  A
// page may hold fewer items than asked for, because engines bound its bytes: only `next` tells the
// end. Cursors are opaque, may be stored, and stay valid while other items come and go.
struct Page {
  std::vector<Item> items;
  std::string next;
};

// A part of a table for one scanner.  Segments of one SplitScan cover the table without overlap for
// good: they may be stored and used later, whatever was written in between.
struct Segment {
  std::string token;  // opaque; empty is the whole table
};

// One entry of the change log.
struct Change {
  Position position = 0;
  std::int64_t at_millis = 0;  // wall clock of the commit
  std::string table;
  Item key;
  enum class Op : std::uint8_t { kPut, kDelete } op = Op::kPut;
  // Images are absent where there was no item, and both where bulk work logged keys only.
  std::optional<Item> before;
  std::optional<Item> after;
  bool has_images = true;
};

struct ChangePage {
  std::vector<Change> changes;
  Position next = 0;  // pass as `after`; equal to `after` when nothing is new
};

class ItemSource {
 public:
  virtual ~ItemSource() = default;

  virtual Result<std::vector<TableSpec>> Tables(OpContext& op) = 0;  // by name
  // kNotFound if there is no such table.  The spec's indexes may come in another order than they
  // were created in.
  virtual Result<TableSpec> Table(OpContext& op, std::string_view table) = 0;

  // kNotFound if there is no such item or table.
  virtual Result<Item> Get(OpContext& op, std::string_view table, const Item& key) = 0;
  // One entry per key, in order; nothing where there is no such item.
  virtual Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                            std::span<const Item> keys) = 0;
  // Items in order of the sort key (for an index: index sort key, then table key).
  virtual Result<Page> Query(OpContext& op, const QueryRequest& request) = 0;

  // At most `count` segments of about equal size.
  virtual Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                                 std::size_t count) = 0;
  // One page of a segment, in key order within the segment.
  virtual Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                            std::string_view after, std::size_t limit) = 0;
  // The same page as encoded items (codec.h), handed out one by one; views die with the callback.
  // Returns the cursor for the next call.  The fast path of copies, digests and exports.
  using EncodedVisitor = std::function<Status(std::string_view encoded)>;
  virtual Result<std::string> ScanEncoded(OpContext& op, std::string_view table,
                                          const Segment& segment, std::string_view after,
                                          std::size_t limit, const EncodedVisitor& visit) = 0;
  // The exact number of items.
  virtual Result<std::uint64_t> Count(OpContext& op, std::string_view table) = 0;

  // The newest change this source can see.
  virtual Result<Position> LastChange(OpContext& op) = 0;
};

// ---- Writing
// ---------------------------------------------------------------------------------------

// A precondition on the item that a write names.
struct Condition {
  enum class Op : std::uint8_t { kAbsent, kExists, kEquals, kLacks } op = Op::kExists;
  std::string attribute;  // kEquals, kLacks
  Value value;            // kEquals

  static Condition Absent() { return {Op::kAbsent, {}, {}}; }
  static Condition Exists() { return {Op::kExists, {}, {}}; }
  static Condition Equals(std::string name, Value v) {
    return {Op::kEquals, std::move(name), std::move(v)};
  }
  // The item lacks the attribute (an absent item lacks all).
  static Condition Lacks(std::string name) { return {Op::kLacks, std::move(name), {}}; }
};

// A change of one attribute by an update.
struct Mutation {
  enum class Op : std::uint8_t {
    kSet,
    kRemove,
    kAdd,  // a number to a number (absent counts as 0), members to a set (absent counts as empty)
  } op = Op::kSet;
  std::string attribute;
  Value value;
};

struct Write {
  enum class Op : std::uint8_t { kPut, kUpdate, kDelete, kCheck } op = Op::kPut;
  std::string table;
  Item item;                          // kPut: the whole item; else the key
  std::vector<Mutation> mutations;    // kUpdate; creates the item where it is absent
  std::vector<Condition> conditions;  // all must hold

  static Write Put(std::string table, Item item, std::vector<Condition> conditions = {});
  static Write Update(std::string table, Item key, std::vector<Mutation> mutations,
                      std::vector<Condition> conditions = {});
  // Deleting what is absent succeeds and changes nothing.
  static Write Delete(std::string table, Item key, std::vector<Condition> conditions = {});
  // Changes nothing; the commit fails unless the conditions hold.
  static Write Check(std::string table, Item key, std::vector<Condition> conditions);
};

// Moves a consumer's position in the same transaction as its writes: exactly-once processing.
struct Advance {
  std::string consumer;
  Position to = 0;
};

struct CommitResult {
  Position position = 0;  // of the last change made; of the log's end if none was
};

struct Consumer {
  std::string name;
  Position position = 0;  // has seen everything up to and including this
};

struct TrimResult {
  Position trimmed_to = 0;  // every change up to and including this is gone
  // Who held it back from the position asked for; empty if nobody did.
  std::vector<std::string> held_back_by;
};

// How much a bulk load writes to the change log.
enum class BulkLog : std::uint8_t { kNone, kKeys, kImages };

struct BulkOptions {
  BulkLog log = BulkLog::kNone;
  // The load's name for resuming; one load at a time per table.
  std::string name = "load";
  // Bytes of items held in memory before a sorted run goes to disk.
  std::size_t sort_memory = std::size_t{48} << 20;
  // The items come in ascending key order (as a scan gives them): no sort.  Refused when not so.
  bool sorted = false;
};

// Loads many items into one table: sorts them, writes them in key order in large batches, builds
// the table's indexes afterwards.  An item replaces one of the same key; of equal keys the last
// added stays.  Until Finish the table can be scanned and read by key, but its indexes answer
// kUnavailable, and what was added is not all there.
//
// Not thread-safe; one owner.  Destruction without Finish leaves the load to be resumed: opening a
// load of the same name goes on behind the last checkpoint.
class BulkLoader {
 public:
  virtual ~BulkLoader() = default;

  // The token of the last checkpoint, if this is a resumed load.
  virtual std::optional<std::string> resumed_from() const = 0;
  // kInvalid (naming the key) for an item that CheckItem refuses.
  virtual Status Add(OpContext& op, const Item& item) = 0;
  // The same for an item already encoded (codec.h); `encoded` must be canonical.
  virtual Status AddEncoded(OpContext& op, std::string_view encoded) = 0;
  // Everything added so far survives a crash, and `token` with it.
  virtual Status Checkpoint(OpContext& op, std::string_view token) = 0;
  // Number of distinct keys written.  The loader is used up.
  virtual Result<std::uint64_t> Finish(OpContext& op) = 0;
};

// A consistent view of all tables while writes go on.  Holds resources of the engine (for SQLite it
// keeps the log file from being recycled), so it is short-lived: minutes, not days.
class Snapshot : public ItemSource {};

class ItemStore : public ItemSource {
 public:
  virtual const Traits& traits() const = 0;

  // Creates the tables that do not exist, all or none.  kConflict if one exists with another spec.
  virtual Status CreateTables(OpContext& op, std::span<const TableSpec> specs) = 0;
  // Removes the table, its items and its bulk load; the change log keeps its entries.
  virtual Status DropTable(OpContext& op, std::string_view table) = 0;

  // All writes take effect, durably and with their change-log entries, or none does.  kConflict's
  // `index` names the first write whose conditions fail; kInvalid when two writes name one item.
  virtual Result<CommitResult> Commit(OpContext& op, std::span<const Write> writes,
                                      const std::optional<Advance>& advance = std::nullopt) = 0;

  // Deletes up to `limit` items of a table whose TTL attribute is at or before `now_seconds`.
  // Returns how many.  Reads do not hide items that are merely due.
  virtual Result<std::size_t> Expire(OpContext& op, std::string_view table,
                                     std::int64_t now_seconds, std::size_t limit) = 0;

  virtual Result<std::unique_ptr<Snapshot>> OpenSnapshot(OpContext& op) = 0;
  virtual Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::string_view table,
                                                           const BulkOptions& options) = 0;
  // Forgets an unfinished load: drops its sorted runs, builds the indexes over what is there.
  virtual Status AbandonBulkLoad(OpContext& op, std::string_view table) = 0;

  // Changes behind `after` in commit order.  kNotFound when they were trimmed away: a consumer that
  // sees it must start over from a snapshot.
  virtual Result<ChangePage> ReadChanges(OpContext& op, Position after, std::size_t limit) = 0;
  // Registers (kConflict if it exists), moves (never backwards: kConflict), forgets.
  virtual Status AddConsumer(OpContext& op, std::string_view name, Position start) = 0;
  virtual Status AdvanceConsumer(OpContext& op, const Advance& advance) = 0;
  virtual Status RemoveConsumer(OpContext& op, std::string_view name) = 0;
  virtual Result<std::vector<Consumer>> Consumers(OpContext& op) = 0;
  // Removes changes up to `to`, but none that a registered consumer has not seen: then it stops
  // there and names the consumers.
  virtual Result<TrimResult> TrimChanges(OpContext& op, Position to) = 0;

  // Reads everything and checks it against its own structure: pages, encodings, keys, indexes,
  // samples.  kCorrupt names what is wrong.
  virtual Status CheckIntegrity(OpContext& op) = 0;
};

// Applies an update's mutations to an item (absent: start from the key).  Shared by the engines.
Result<Item> ApplyMutations(const Item& current, std::span<const Mutation> mutations);
// Whether all conditions hold on the item (nullptr: absent).
bool ConditionsHold(std::span<const Condition> conditions, const Item* item);
// What any engine must refuse in a commit before looking at the data, apart from items' own checks:
// duplicates, unknown conditions on keys, mutations of key attributes.
Status CheckMutations(const TableSpec& spec, const Write& write);
// The error of a write whose conditions failed.
Error ConditionFailed(const TableSpec& spec, const Write& write, int index, bool item_exists);

}  // namespace vams::items
