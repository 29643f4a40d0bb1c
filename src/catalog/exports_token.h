// The token of an export's next page: which assets are still to come, in their order, so that the
// pages of one export fit together whatever happens to links in between.  It gives no right: each
// asset is asked about when its page comes.  Internal to catalog.  Pure; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/link_records.h"

namespace vams::catalog {

struct ExportPlace {
  LinkEnd root;
  std::size_t total = 0;  // assets of the whole export
  std::vector<LinkEnd> rest;
};

std::string TokenOf(const ExportPlace& place);
// Nothing for a text that cannot be a token of an export of that root.
std::optional<ExportPlace> ReadExportToken(std::string_view token, const LinkEnd& root);

}  // namespace vams::catalog
