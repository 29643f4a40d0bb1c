#include "items/gated_store.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <future>
#include <thread>

#include "items/conformance.h"
#include "items/memory/memory_store.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::items {

namespace {

constexpr const char* kTable = "PumpsTable";
constexpr const char* kReason = "writes are held back for an update; try again";

TableSpec Spec() {
  return {.name = kTable,
          .partition = {"id", Kind::kS},
          .sort = {},
          .indexes = {},
          .ttl_attribute = "expires"};
}

Item Pump(std::string_view id) { return {{"id", Value::S(std::string(id))}}; }

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return *std::move(result);
}

OpContext::SteadyClock::time_point Past() {
  return OpContext::SteadyClock::now() - std::chrono::seconds(1);
}

class GatedStoreTest : public testing::Test {
 protected:
  GatedStoreTest() {
    const TableSpec spec = Spec();
    EXPECT_TRUE(inner->CreateTables(op, {&spec, 1}).ok());
  }

  Status Put(ItemStore& to, OpContext& with, std::string_view id) {
    const Write write = Write::Put(kTable, Pump(id));
    TRY_OK(to.Commit(with, {&write, 1}));
    return Ok();
  }

  OpContext op;
  std::unique_ptr<ItemStore> inner = MemoryStore::Create();
  WriteGate gate;
  std::unique_ptr<ItemStore> store = Gated(*inner, gate);
};

// Whatever changes the store has to pass: a table of all such calls.
TEST_F(GatedStoreTest, RefusesEveryWriteWhileItIsClosed) {
  ASSERT_TRUE(Put(*store, op, "before").ok());
  ASSERT_TRUE(store->AddConsumer(op, "search", 0).ok());
  auto loader = Must(store->OpenBulkLoad(op, kTable, {}));
  const Position last = Must(inner->LastChange(op));

  ASSERT_TRUE(gate.Close(op, kReason).ok());

  TableSpec other = Spec();
  other.name = "ValvesTable";
  const std::vector<std::pair<std::string, Status>> writes = {
      {"CreateTables", store->CreateTables(op, {&other, 1})},
      {"DropTable", store->DropTable(op, kTable)},
      {"Commit", Put(*store, op, "during")},
      {"Expire",
       [&]() -> Status {
         TRY_OK(store->Expire(op, kTable, 1, 1));
         return Ok();
       }()},
      {"OpenBulkLoad",
       [&]() -> Status {
         TRY([[maybe_unused]] const auto other_load,
             store->OpenBulkLoad(op, kTable, {.name = "other"}));
         return Ok();
       }()},
      {"AbandonBulkLoad", store->AbandonBulkLoad(op, kTable)},
      {"AddConsumer", store->AddConsumer(op, "mail", 0)},
      {"AdvanceConsumer", store->AdvanceConsumer(op, {"search", last})},
      {"RemoveConsumer", store->RemoveConsumer(op, "search")},
      {"TrimChanges",
       [&]() -> Status {
         TRY_OK(store->TrimChanges(op, last));
         return Ok();
       }()},
      {"Add", loader->Add(op, Pump("loaded"))},
      {"Checkpoint", loader->Checkpoint(op, "half")},
      {"Finish",
       [&]() -> Status {
         TRY_OK(loader->Finish(op));
         return Ok();
       }()},
  };
  for (const auto& [name, done] : writes) {
    ASSERT_FALSE(done.ok()) << name;
    EXPECT_EQ(done.error().code, Code::kUnavailable) << name;
    EXPECT_EQ(done.error().message, kReason) << name;
  }
  EXPECT_EQ(Must(inner->LastChange(op)), last);
  // Reads go on.
  EXPECT_TRUE(store->Get(op, kTable, Pump("before")).ok());
  EXPECT_TRUE(store->OpenSnapshot(op).ok());
  EXPECT_EQ(Must(store->ReadChanges(op, 0, 10)).changes.size(), 1U);

  gate.Open();

  EXPECT_TRUE(Put(*store, op, "after").ok());
  // The load was not lost: its next step works.
  EXPECT_TRUE(loader->Add(op, Pump("loaded")).ok());
  EXPECT_EQ(Must(loader->Finish(op)), 1U);
}

TEST_F(GatedStoreTest, CloseWaitsForTheWriteUnderWay) {
  ASSERT_TRUE(gate.Enter(op, WriteGate::Closed::kRefuse).ok());
  auto closing = std::async(std::launch::async, [&] {
    OpContext own;
    return gate.Close(own, kReason);
  });
  while (!gate.closed()) std::this_thread::yield();

  EXPECT_EQ(closing.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_FALSE(Put(*store, op, "late").ok());
  gate.Leave();

  EXPECT_TRUE(closing.get().ok());
  EXPECT_TRUE(gate.closed());
}

TEST_F(GatedStoreTest, ACloseThatCannotBeOpensAgain) {
  ASSERT_TRUE(gate.Enter(op, WriteGate::Closed::kRefuse).ok());
  OpContext late(Past());

  const Status closed = gate.Close(late, kReason);

  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().code, Code::kUnavailable);
  EXPECT_FALSE(gate.closed());
  gate.Leave();
  EXPECT_TRUE(Put(*store, op, "after").ok());
}

TEST_F(GatedStoreTest, OnlyOneHoldsWritesBack) {
  ASSERT_TRUE(gate.Close(op, kReason).ok());

  const Status again = gate.Close(op, "another reason");

  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_EQ(Put(*store, op, "x").error().message, kReason);
}

// The indexer and its like: they find nothing failed when writes are taken again.
TEST_F(GatedStoreTest, WhoWaitsWritesWhenItOpens) {
  const auto patient = Gated(*inner, gate, WriteGate::Closed::kWait);
  ASSERT_TRUE(gate.Close(op, kReason).ok());
  auto writing = std::async(std::launch::async, [&] {
    OpContext own;
    return Put(*patient, own, "patient");
  });

  EXPECT_EQ(writing.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(Must(inner->Count(op, kTable)), 0U);
  gate.Open();

  EXPECT_TRUE(writing.get().ok());
  EXPECT_EQ(Must(inner->Count(op, kTable)), 1U);
}

TEST_F(GatedStoreTest, WhoWaitsCanBeCalledOff) {
  const auto patient = Gated(*inner, gate, WriteGate::Closed::kWait);
  ASSERT_TRUE(gate.Close(op, kReason).ok());
  OpContext cancelled, late(Past());
  cancelled.Cancel();

  EXPECT_EQ(Put(*patient, cancelled, "x").error().code, Code::kCancelled);
  EXPECT_EQ(Put(*patient, late, "x").error().code, Code::kTimeout);
  auto waiting = std::async(std::launch::async, [&] {
    OpContext own;
    return Put(*patient, own, "x");
  });
  gate.End();

  EXPECT_EQ(waiting.get().error().code, Code::kCancelled);
  gate.Open();
  EXPECT_EQ(Put(*store, op, "x").error().code, Code::kCancelled);
}

// The guarantee of a freeze: between Close and Open not one commit gets through, whatever many
// threads do, and the position told then is the last one there is.
TEST(GatedStoreRace, NoCommitGetsThroughBetweenCloseAndOpen) {
  constexpr int kWriters = 4, kFreezes = 25;
  const auto folder =
      files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-gated");
  ASSERT_TRUE(folder.ok());
  const auto inner = Must(OpenSqliteStore(folder->path() / "items.db"));
  OpContext op;
  const TableSpec spec = Spec();
  ASSERT_TRUE(inner->CreateTables(op, {&spec, 1}).ok());
  WriteGate gate;
  const auto store = Gated(*inner, gate);
  const auto patient = Gated(*inner, gate, WriteGate::Closed::kWait);
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0, written = 0, wrong = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i)
    writers.emplace_back([&, i] {
      ItemStore& mine = i == 0 ? *patient : *store;
      OpContext own;
      for (int n = 0; !stop; ++n) {
        const Write write = Write::Put(kTable, Pump(fmt::format("{}-{}", i, n % 100)));
        const auto done = mine.Commit(own, {&write, 1});
        if (done.ok())
          ++written;
        else if (done.error().code == Code::kUnavailable)
          ++refused;
        else
          ++wrong;
      }
    });

  for (int freeze = 0; freeze < kFreezes; ++freeze) {
    const int before = written;
    while (written == before) std::this_thread::yield();
    ASSERT_TRUE(gate.Close(op, kReason).ok());
    const Position frozen = Must(inner->LastChange(op));
    // Every writer that is refused tries again, and all of them more than once.
    const int tries = refused + 10 * kWriters;
    while (refused < tries) std::this_thread::yield();
    EXPECT_EQ(Must(inner->LastChange(op)), frozen) << "freeze " << freeze;
    gate.Open();
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace

namespace conformance {

// Open, it is the store behind it, in every sentence of the contract.
struct OwnedGate {
  std::unique_ptr<ItemStore> inner;
  WriteGate gate;
};

INSTANTIATE_TEST_SUITE_P(Gated, ItemStoreConformance,
                         testing::Values(Engine{
                             .name = "gated",
                             .open = [](const files::Path&,
                                        const Clock& clock) -> Result<std::unique_ptr<ItemStore>> {
                               // Until the program ends: the store borrows them.
                               static std::deque<OwnedGate> kept;
                               OwnedGate& owned = kept.emplace_back();
                               owned.inner = MemoryStore::Create(clock);
                               return vams::items::Gated(*owned.inner, owned.gate);
                             },
                             .reopen = nullptr}),
                         testing::PrintToStringParamName());

}  // namespace conformance
}  // namespace vams::items
