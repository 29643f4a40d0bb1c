#include "search/conformance.h"
#include "search/memory/memory_index.h"

namespace vams::search::conformance {

INSTANTIATE_TEST_SUITE_P(Memory, IndexConformance,
                         testing::Values(Engine{
                             .name = "memory",
                             .open = [](const files::Path&) -> Result<std::unique_ptr<Index>> {
                               return std::make_unique<MemoryIndex>();
                             },
                             .reopen = nullptr}),
                         testing::PrintToStringParamName());

// Callers branch on traits, so the model must not promise what it cannot keep.
TEST(MemoryIndex, PromisesNoDurability) {
  const MemoryIndex index;

  EXPECT_FALSE(index.traits().durable);
  EXPECT_FALSE(index.traits().resumes_builds);
  EXPECT_TRUE(index.traits().access_filter);
}

}  // namespace vams::search::conformance
