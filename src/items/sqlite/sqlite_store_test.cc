#include "items/sqlite/sqlite_store.h"

#include "items/conformance.h"

namespace vams::items::conformance {

namespace {

Result<std::unique_ptr<ItemStore>> OpenIn(const files::Path& folder, const Clock& clock) {
  return OpenSqliteStore(folder / "items.db", {.clock = &clock});
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, ItemStoreConformance,
                         testing::Values(Engine{
                             .name = "sqlite", .open = OpenIn, .reopen = OpenIn}),
                         testing::PrintToStringParamName());

}  // namespace vams::items::conformance
