#include "items/memory/memory_store.h"

#include "items/conformance.h"

namespace vams::items::conformance {

INSTANTIATE_TEST_SUITE_P(Memory, ItemStoreConformance,
                         testing::Values(Engine{.name = "memory",
                                                .open = [](const files::Path&, const Clock& clock)
                                                    -> Result<std::unique_ptr<ItemStore>> {
                                                  return MemoryStore::Create(clock);
                                                },
                                                .reopen = nullptr}),
                         testing::PrintToStringParamName());

// Callers branch on traits, so the model must not promise what it cannot keep.
TEST(MemoryStore, PromisesNoDurability) {
  const auto store = MemoryStore::Create();

  EXPECT_FALSE(store->traits().durable);
  EXPECT_TRUE(store->traits().snapshots);
  EXPECT_EQ(store->traits().max_commit_writes, 0u);
}

TEST(MemoryStore, LoaderOutlivesTheStoreItWasOpenedOn) {
  OpContext op;
  auto store = MemoryStore::Create();
  const std::vector specs{FlatTable()};
  Must(store->CreateTables(op, specs));
  auto loader = Must(store->OpenBulkLoad(op, "flat", {}));
  store.reset();

  Must(loader->Add(op, Item{{"id", S("a")}}));

  EXPECT_EQ(Must(loader->Finish(op)), 1u);
}

TEST(MemoryStore, LoaderOfADroppedTableSaysSo) {
  OpContext op;
  auto store = MemoryStore::Create();
  const std::vector specs{FlatTable()};
  Must(store->CreateTables(op, specs));
  auto loader = Must(store->OpenBulkLoad(op, "flat", {}));
  Must(store->DropTable(op, "flat"));
  Must(store->CreateTables(op, specs));

  EXPECT_CODE(kNotFound, loader->Finish(op));
  EXPECT_EQ(Must(store->Count(op, "flat")), 0u);
}

}  // namespace vams::items::conformance
