// The conformance suite of the item store: what every engine must do, sentence by sentence of
// store.h.  The tests are in conformance_*_test.cc, which are linked into items_test; an engine
// takes part by instantiating the suite in its own test:
//
//   using vams::items::conformance::Engine;
//   using vams::items::conformance::ItemStoreConformance;
//   INSTANTIATE_TEST_SUITE_P(
//       Memory, ItemStoreConformance,
//       testing::Values(Engine{.name = "memory",
//                              .open = [](const auto& folder, const auto& clock) { … },
//                              .reopen = nullptr}));
//
// For tests only.  A fixture belongs to one thread, its store to all.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "files/files.h"
#include "items/codec.h"
#include "items/number.h"
#include "items/store.h"

namespace vams::items::conformance {

// What the suite needs to know about an engine.
struct Engine {
  using Opener = std::function<Result<std::unique_ptr<ItemStore>>(const files::Path& folder,
                                                                  const Clock& clock)>;
  std::string name;
  // A fresh, empty store.  `folder` exists, is empty and belongs to this store.
  Opener open;
  // The same data again, after the store was destroyed.  nullptr: the engine does not persist.
  Opener reopen;
  // Whether tables keep their time-to-live attribute.
  bool time_to_live = true;
  // Tests of which is known that a server fails them by a fault of its own, and why.
  std::map<std::string, std::string> faults = {};
};

inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }

// Stands still unless it is told otherwise.  Thread-safe.
class ManualClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now_.load(); }
  void Set(std::int64_t millis) { now_.store(millis); }

 private:
  std::atomic<std::int64_t> now_ = 1'700'000'000'000;
};

// ---- Values, briefly
// -------------------------------------------------------------------------------

inline Value S(std::string_view text) { return Value::S(std::string(text)); }
inline Value B(std::string_view bytes) { return Value::B(std::string(bytes)); }
inline Value N(std::int64_t number) { return Value::N(number); }
inline Value Number(std::string_view text) { return Value::N(CanonicalNumber(text).value()); }

// Text with all of the literal's bytes, also behind a NUL.
template <std::size_t n>
std::string Raw(const char (&literal)[n]) {
  return std::string(literal, n - 1);
}

// Readable text of a value or item, for messages of failed tests.
std::string Show(const Value& value);
std::string Show(const Item& item);
std::string Show(const Change& change);

// ---- Results
// ---------------------------------------------------------------------------------------

// The value of a result; an error fails the test (as an exception, which GoogleTest reports).
template <typename T>
T Must(Result<T> result) {
  if (!result.ok())
    throw std::runtime_error(std::string(CodeName(result.error().code)) + ": " +
                             result.error().message + " " + result.error().details);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <typename T>
testing::AssertionResult HasCode(const Result<T>& result, Code code) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded instead of: " << CodeName(code);
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << CodeName(result.error().code) << " instead of "
                                     << CodeName(code) << ": " << result.error().message;
}

// What a test asks first that is about more than every engine has.
#define NEEDS_LOG() \
  if (!traits().change_log) GTEST_SKIP() << "this engine keeps no change log"
#define NEEDS_COMMITS() \
  if (traits().max_commit_writes == 1) GTEST_SKIP() << "a commit of this engine is one write"
#define NEEDS_TIME_TO_LIVE() \
  if (!GetParam().time_to_live) GTEST_SKIP() << "this engine keeps no time-to-live attribute"

#define EXPECT_CODE(code, ...) \
  EXPECT_TRUE(::vams::items::conformance::HasCode((__VA_ARGS__), ::vams::Code::code))

// ---- Tables of the tests
// ---------------------------------------------------------------------------

IndexSpec Index(std::string name, KeyAttribute partition, KeyAttribute sort = {},
                IndexSpec::Projection projection = IndexSpec::Projection::kAll,
                std::vector<std::string> included = {});

// Partition "p", sort "s", both text.  Indexes: byOwner (owner, rank N; all attributes), byColor
// (color; keys only), byTag (local; p, tag; includes note).  TTL attribute "expires".
TableSpec PartsTable();
// Partition "id" and nothing else.
TableSpec FlatTable(std::string name = "flat");
// Partition "p" (S), sort "k" of the kind; index "mirror" on "group" (S) and "v" of the kind.
TableSpec KeyedTable(Kind kind);

// An item of PartsTable with more attributes.
Item Part(std::string_view p, std::string_view s, Item more = {});
// Its key.
inline Item PartKey(std::string_view p, std::string_view s) { return Part(p, s); }

// ---- The fixture
// -----------------------------------------------------------------------------------

class ItemStoreConformance : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;

  ItemStore& store() { return *store_; }
  bool persists() const { return GetParam().reopen != nullptr; }
  const Traits& traits() { return store().traits(); }
  // Closes the store and opens the same data.
  void Reopen();

  void Create(std::vector<TableSpec> specs) { Must(store().CreateTables(op, specs)); }
  Result<CommitResult> Commit(std::vector<Write> writes,
                              const std::optional<Advance>& advance = std::nullopt) {
    return store().Commit(op, writes, advance);
  }
  void Put(std::string_view table, Item item) {
    Must(Commit({Write::Put(std::string(table), std::move(item))}));
  }
  // In commits of a size that every engine takes.
  void PutAll(std::string_view table, const std::vector<Item>& items);
  void Delete(std::string_view table, Item key) {
    Must(Commit({Write::Delete(std::string(table), std::move(key))}));
  }
  std::optional<Item> Find(std::string_view table, const Item& key);
  // What a scan gave, for comparing it with items in key order: as it is where the engine promises
  // that order; else every partition must have come in one piece and in order, and the partitions
  // are put in order here.
  std::vector<Item> Scanned(std::string_view table, std::vector<Item> items);
  Position LastChange() { return Must(store().LastChange(op)); }
  std::vector<Change> ChangesAfter(Position after);

  ManualClock clock;
  OpContext op;

 private:
  std::optional<files::TempFolder> folder_;
  std::unique_ptr<ItemStore> store_;
};

// A request for one partition of a table ("" for `index`) or of an index.
QueryRequest Ask(std::string table, std::string index, Value partition, SortCondition sort = {});

// All items of a query, page by page at the request's limit; checks that no page is over it.
std::vector<Item> QueryAll(ItemSource& source, QueryRequest request);
// All items of one segment, in the order of the scan.
std::vector<Item> ScanSegment(ItemSource& source, std::string_view table, const Segment& segment,
                              std::size_t limit = 1000);
// Puts items in the order of their keys.
std::vector<Item> InKeyOrder(const TableSpec& spec, std::vector<Item> items);
// All items of a table, in key order also where the engine's scans are not.
std::vector<Item> ScanAll(ItemSource& source, std::string_view table);

// The spec with its indexes by name, because engines may not keep their order.
TableSpec Plain(TableSpec spec);
std::vector<TableSpec> Plain(std::vector<TableSpec> specs);

// The values of one attribute of each item.
std::vector<Value> Column(const std::vector<Item>& items, std::string_view attribute);
// The texts of one S attribute of each item, in one line: "a b c".
std::string Texts(const std::vector<Item>& items, std::string_view attribute);

}  // namespace vams::items::conformance

// Found by GoogleTest where a comparison fails.
namespace vams::items {
inline void PrintTo(const Value& value, std::ostream* out) { *out << conformance::Show(value); }
inline void PrintTo(const Item& item, std::ostream* out) { *out << conformance::Show(item); }
inline void PrintTo(const Change& change, std::ostream* out) { *out << conformance::Show(change); }
}  // namespace vams::items
