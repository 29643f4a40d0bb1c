// What a migration step is: phases made of small pure functions over units of records, in both
// directions.  The engine (engine.h) does everything else: scanning, grouping, batching, journal,
// residue, quarantine, digests.  Spec: lifecycle.md section 8, migrations.md, spec/README.md
// "Rulings on migrations".
//
// A *unit* is what is transformed as a whole: one record, or all records that a phase puts into one
// group.  Units must be closed: the records that Forward makes of a unit belong to one unit of the
// inverse direction, and the other way round.  From that the engine finds by itself what a
// direction loses (the *residue*: what Inverse(Forward(unit)) does not give back) and puts it back
// on the way back; a phase never writes residue itself.
//
// Functions of a phase are pure: the same unit, settings and state give the same result on every
// run and in every thread, so times and ids come from Settings and MadeUpId.  They are called from
// several threads at once.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "items/value.h"
#include "tables/data_version.h"

namespace vams::migrate {

enum class Direction : std::uint8_t { kUp, kDown };
std::string_view NameOf(Direction direction);  // "up", "down"
inline Direction Opposite(Direction d) {
  return d == Direction::kUp ? Direction::kDown : Direction::kUp;
}

// kReference repeats upstream's scripts row for row, defects included; kCorrected follows the
// rulings.
enum class Dialect : std::uint8_t { kCorrected, kReference };
std::string_view NameOf(Dialect dialect);  // "corrected", "reference"

// What a run was told, the same for all of its steps and journaled with it.
struct Settings {
  Dialect dialect = Dialect::kCorrected;
  std::string run_id;           // seed of made-up ids
  std::int64_t run_millis = 0;  // the time of the run, since 1970-01-01 UTC
  // Owners of version rows whose asset id exists in several databases: "assetId" or
  // "assetId,assetVersionId" -> databaseId.
  std::map<std::string, std::string, std::less<>> owners;
  bool quarantine_ambiguous = false;  // else an ambiguous record stops the run
  // 2.1 -> 2.2: where the assets' files are.  Empty: the only bucket row or listed bucket there is.
  std::string asset_bucket;
  std::string base_assets_prefix = "/";
  // kReference: who the scripts of that release name as author of migrated versions.
  std::string reference_author = "system";
};

// A lower-case UUID (version 4 in form) that depends on the run and `purpose` alone.
std::string MadeUpId(const Settings& settings, std::string_view purpose);

// Another arrangement of a table's records, for point reads by what is no key of it.  Every record
// that has both attributes (as non-empty S) is in it, and `mark` in the first; the pair must be
// unique.
struct LookupSpec {
  std::string name;   // unlike any table: "assets-by-id"
  std::string table;  // of the state that is read
  std::string partition;
  std::string sort;
  std::string mark = {};  // "#deleted:"
};

// The state a phase reads from: its tables, its lookups, its objects.  Not thread-safe: every
// thread has its own.  Blocks on the store.  Remembers recent answers, because neighbouring units
// ask the same.
class State {
 public:
  // `lookups`: where the lookups named there are; may be nullptr when the phase has none.
  State(OpContext& op, items::ItemSource& tables, items::ItemSource* lookups);
  ~State();

  // Nothing if there is no such item or no such table.
  Result<std::optional<items::Item>> Find(std::string_view table, const items::Item& key);
  // All items of a partition of a table, an index ("" for the table) or a lookup, in key order;
  // empty if there is no such table.
  Result<std::vector<items::Item>> Query(std::string_view table, std::string_view index,
                                         std::string_view partition);
  // The same without a copy of the items; for what is asked once per record.
  Result<std::shared_ptr<const std::vector<items::Item>>> QueryShared(std::string_view table,
                                                                      std::string_view index,
                                                                      std::string_view partition);
  // Whether the table has no items, or is not there.  Asked of the store once.
  Result<bool> IsEmpty(std::string_view table);
  // Whether it is known that a lookup has no items.  False where the lookup was not built, as for
  // the few units of a carry.  Asked of the store once.
  Result<bool> HasNone(std::string_view lookup);
  // All items of a table, in key order; for small tables (buckets, default schemas).  The reference
  // lives as long as the state.
  Result<const std::vector<items::Item>*> All(std::string_view table);

  OpContext& op() { return op_; }
  // For objects/object_records.h, whose tables are in there.
  items::ItemSource& source() { return tables_; }

 private:
  Result<bool> IsEmptyIn(items::ItemSource& source, std::string_view table);

  struct Cache;
  OpContext& op_;
  items::ItemSource& tables_;
  items::ItemSource* lookups_;
  std::unique_ptr<Cache> cache_;
};

struct Context {
  const Settings& settings;
  State& state;
};

struct Record {
  std::string_view table;  // canonical; lives as long as the program
  items::Item item;
};

struct Unit {
  std::string group;  // as GroupOf said; empty for a record that is a unit of its own
  std::vector<Record> records;

  // The records of one table, in key order.
  std::vector<const items::Item*> Of(std::string_view table) const;
};

// What a phase says about a unit.
class Output {
 public:
  struct Remark {
    std::string code;    // "D-8", "M45-2": as the spec names it
    std::string table;   // of the record it is about
    items::Item record;  // the whole record
    std::string text;    // a sentence for the operator
  };

  // A record of the destination state.  One unit puts a key at most once, and no other unit puts
  // it; the engine fails the run otherwise.
  void Put(std::string_view table, items::Item item) { puts.push_back({table, std::move(item)}); }
  // The record cannot be placed in the new shape (ruling D-9).  It is kept whole.
  void Quarantine(const Record& record, std::string_view code, std::string reason);
  // The record could belong to several places and nothing decides: stops the run unless the
  // operator chose quarantine, in which case it is quarantined.  Do not Put anything for it.
  void Ambiguous(const Record& record, std::string_view code, std::string reason);
  // Something the operator should read about this record; every one is listed in the report.
  void Note(const Record& record, std::string_view code, std::string text);
  // What the upstream script would have done to this record; counted, with samples.
  void Defect(const Record& record, std::string_view code, std::string text);

  std::vector<Record> puts;
  std::vector<Remark> quarantined, ambiguous, notes, defects;
};

// What a phase reads and what it decides.  A table that it writes is decided by it alone: what it
// does not put is not in the destination state.  A table that no phase of the step writes is
// carried over unchanged (or dropped, into the residue, if the destination version has no such
// table and no phase reads it).
struct PhaseInfo {
  std::string_view name;  // "asset-versions"
  std::string_view what;  // for people: "Key asset versions by database"
  std::vector<std::string_view> reads_up, writes_up;
  std::vector<std::string_view> reads_down, writes_down;
  std::vector<LookupSpec> lookups_up, lookups_down;
};

class Phase {
 public:
  virtual ~Phase() = default;

  virtual const PhaseInfo& info() const = 0;
  // The group of a record; nothing: it is a unit of its own (the fast path: nothing is sorted).
  // Groups are assembled on disk; one group must fit in memory.
  virtual Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                                     const Context& cx) const {
    (void)direction, (void)record, (void)cx;
    return std::optional<std::string>();
  }
  // An error ends the run; what is wrong with a record is a Quarantine, not an error.
  // Forward reads reads_up and puts into writes_up; Inverse reads reads_down and puts into
  // writes_down.  The inverse must not use the state beyond what both versions have in common,
  // because it is also applied to units that are not stored yet.
  virtual Status Forward(const Unit& unit, const Context& cx, Output& out) const = 0;
  virtual Status Inverse(const Unit& unit, const Context& cx, Output& out) const = 0;
};

// What is wrong with a record of the destination state.
struct Problem {
  enum class Kind : std::uint8_t {
    kBroken,  // verification fails
    kOrphan,  // reported: it refers to something that does not exist
  } kind = Kind::kBroken;
  std::string text;
};

class Step {
 public:
  virtual ~Step() = default;

  virtual tables::DataVersion from() const = 0;
  virtual tables::DataVersion to() const = 0;
  // In the order they run.  They live as long as the program.
  virtual std::vector<const Phase*> Phases(Dialect dialect) const = 0;
  // Checks one record of a table that the step wrote: the structure of its keys, and what it refers
  // to.  `cx` reads the destination state.
  virtual Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                                   const Context& cx) const {
    (void)direction, (void)record, (void)cx;
    return std::vector<Problem>();
  }
};

// Conveniences over the two lists of PhaseInfo.
const std::vector<std::string_view>& ReadsOf(const PhaseInfo& info, Direction direction);
const std::vector<std::string_view>& WritesOf(const PhaseInfo& info, Direction direction);
const std::vector<LookupSpec>& LookupsOf(const PhaseInfo& info, Direction direction);
bool Contains(std::span<const std::string_view> tables, std::string_view table);

}  // namespace vams::migrate
