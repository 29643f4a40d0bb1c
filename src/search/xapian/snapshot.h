// One commit as searches see it.
//
// Thread rule: immutable but for the hot lists, which are thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "search/search.h"
#include "search/xapian/columns.h"
#include "search/xapian/dictionary.h"
#include "search/xapian/hot_lists.h"

namespace vams::search::xapian {

struct Snapshot {
  std::uint64_t number = 0;    // one more with each commit
  std::uint64_t revision = 0;  // the library's
  Position position = 0;
  Columns columns;
  Dictionary core_words, metadata_words;
  std::shared_ptr<HotLists> hot;
};

}  // namespace vams::search::xapian
