// The documents that hold a text of one or two letters, kept from search to search: such a text is
// part of so many words that walking their lists takes longer than anybody waits twice.
//
// Thread rule: thread-safe.  May block on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "search/text_query.h"
#include "search/xapian/changes.h"
#include "search/xapian/reader.h"
#include "search/xapian/snapshot.h"

namespace vams::search::xapian {

class ShortSets {
 public:
  // All documents of the snapshot that have the term; `find` finds them anew.
  std::shared_ptr<const Bits> Of(const TextTerm& term, bool metadata, const Snapshot& snapshot,
                                 const Reader& reader, const Changes& changes,
                                 const std::function<Bits()>& find);
  std::size_t bytes() const;

 private:
  struct Entry {
    TextTerm term;
    bool metadata = true;
    std::uint64_t number = 0;  // of the snapshot
    std::shared_ptr<const Bits> bits;
  };

  static constexpr std::size_t kMaxSets = 200;
  // Looking at more documents takes longer than finding all anew.
  static constexpr std::size_t kMaxPatched = 2'000;

  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the latest used first
};

}  // namespace vams::search::xapian
