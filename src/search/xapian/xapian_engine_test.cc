#include "search/conformance.h"
#include "search/xapian/xapian_index.h"

namespace vams::search::conformance {
namespace {

Result<std::unique_ptr<Index>> Open(const files::Path& folder) { return OpenXapianIndex(folder); }

INSTANTIATE_TEST_SUITE_P(Xapian, IndexConformance,
                         testing::Values(Engine{.name = "xapian", .open = Open, .reopen = Open}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace vams::search::conformance
