// Which documents a caller may read, as bits, kept by AccessFilter::cache_key.  A filter's class
// verdicts are asked once for each access class, names only where the verdict is kByName.
//
// Thread rule: thread-safe.  May block on disk where names decide.  Spec: search.md section 6.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "search/search.h"
#include "search/xapian/changes.h"
#include "search/xapian/reader.h"
#include "search/xapian/snapshot.h"

namespace vams::search::xapian {

class AccessBits {
 public:
  std::shared_ptr<const Bits> Of(const AccessFilter& filter, const Snapshot& snapshot,
                                 const Reader& reader, const Changes& changes);
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::uint64_t number = 0;  // of the snapshot that the bits are of
    std::shared_ptr<const Bits> bits;
    std::shared_ptr<const std::vector<AccessFilter::Verdict>> verdicts;  // by access class
  };

  static constexpr std::size_t kMaxEntries = 64;

  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the latest used first
};

}  // namespace vams::search::xapian
