#include "objects/memory/memory_store.h"

#include "objects/store_conformance.h"

namespace vams::objects::conformance {
namespace {

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(const MemoryStoreOptions& options)
      : store_(CreateMemoryObjectStore(options)) {}
  ObjectStore& store() override { return *store_; }

 private:
  const std::unique_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(
    Memory, ObjectStoreConformance,
    testing::Values(Engine{
        .name = "memory",
        .open =
            [](const files::Path&, const Clock& clock, std::uint64_t min_part_bytes) {
              return std::make_unique<MemoryBackend>(MemoryStoreOptions{
                  .min_part_bytes = min_part_bytes, .clock = &clock, .random = nullptr});
            }}),
    testing::PrintToStringParamName());

// Callers branch on traits, so the model must not promise what it cannot keep.
TEST(MemoryObjectStore, JoinsNoCommits) {
  OpContext op;
  const auto store = CreateMemoryObjectStore();
  const std::vector writes{items::Write::Delete("t", items::Item{{"p", items::Value::S("x")}})};

  EXPECT_FALSE(store->traits().durable);
  EXPECT_FALSE(store->traits().joins_commits);
  EXPECT_CODE(kNotSupported, store->Commit(op, {}, writes));
  EXPECT_CODE(kNotSupported,
              store->Commit(op, {}, {}, [](auto) { return std::vector<items::Write>(); }));
}

}  // namespace
}  // namespace vams::objects::conformance
