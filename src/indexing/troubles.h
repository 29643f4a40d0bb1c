// Documents that could not be made or applied: when each is tried again, and from where in the log
// their changes would have to be followed anew.  Internal to indexing, for the Indexer.
//
// Nothing here is stored.  Instead the consumer of the log stays at hold(): the log keeps what
// these documents are about, and whoever starts follows it from there once more.
//
// Thread rule: belongs to one thread.  Nothing blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "indexing/follow.h"
#include "search/search.h"

namespace vams::indexing {

class Troubles {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Of more documents than this only the place in the log is remembered.
  static constexpr std::size_t kMost = 10'000;

  struct Entry {
    Trouble trouble;
    int attempts = 1;
    search::Position from = 0;  // the changes are behind it
    Time due;
  };

  // The first pause; it doubles with each failure, up to the longest.
  Troubles(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest) {}

  // Following the changes behind `from` left these.
  void Add(std::vector<Trouble> troubles, search::Position from, Time now);
  // What is due, at most `limit`; ids with what to try.
  std::vector<std::pair<std::string, DocumentRef>> Due(Time now, std::size_t limit) const;
  void Solved(const std::string& id) { entries_.erase(id); }
  void Failed(const std::string& id, Error error, Time now);
  // There were more than kMost, and it is time to follow the log anew from here.
  std::optional<search::Position> TakeOverflow(Time now);

  // The consumer must not go beyond it.
  std::optional<search::Position> hold() const;
  std::optional<Time> next_due() const;
  std::uint64_t size() const { return entries_.size() + overflow_; }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  void Clear();

 private:
  std::chrono::milliseconds PauseAfter(int attempts) const;

  const std::chrono::milliseconds first_, longest_;
  std::map<std::string, Entry> entries_;  // by id
  std::uint64_t overflow_ = 0;
  std::optional<search::Position> overflow_from_;
  Time overflow_due_;
};

}  // namespace vams::indexing
