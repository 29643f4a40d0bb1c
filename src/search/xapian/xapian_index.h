// The embedded engine: postings, stored documents and commits in Xapian, one database for each
// generation; beside them, in memory, columns, a dictionary of words and what callers may read.
// One pass over postings and columns ranks, counts, facets and keeps the best page.  Why it is
// built so: docs/decisions/011-search-engine.md; files: docs/formats/search-xapian.md.
//
// Thread rule: as search.h says.  Opening reads the columns and words of all documents.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "files/files.h"
#include "search/search.h"

namespace vams::search {

struct XapianOptions {
  // For decoded posting lists of common words, at most; 0: none are kept.
  std::size_t hot_list_bytes = std::size_t{96} << 20U;
};

// Creates an empty index if the folder has none.  kConflict: another process has it open.
// kCorrupt: there is one that cannot be read; only building it anew helps (RemoveXapianIndex, then
// open and fill it).
Result<std::unique_ptr<Index>> OpenXapianIndex(const files::Path& folder,
                                               const XapianOptions& options = {});

// Removes a closed index, whatever state it is in.
Status RemoveXapianIndex(const files::Path& folder);

}  // namespace vams::search
