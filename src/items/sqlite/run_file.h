// Sorted runs of a bulk load: records in key order, in memory or in files, and their merge.
// Format of a run file: docs/formats/items-sqlite.md.  Not thread-safe.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::items::sqlite {

// Views die with the next call on whoever gave the record.
struct Record {
  std::string_view partition, sort;  // stored form: bytes compare in key order
  std::string_view encoded;
};

// <0, 0, >0 by key.
int CompareKeys(const Record& a, const Record& b);

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // False at the end.
  virtual Result<bool> Next(Record& record) = 0;
};

// Collects records and gives them back sorted; of equal keys the last added stays.
class RecordBuffer {
 public:
  // `expected_bytes` are set aside at once: growing step by step would hold two copies for a
  // moment.
  explicit RecordBuffer(std::size_t expected_bytes) : expected_bytes_(expected_bytes) {}
  void Add(const Record& record);
  std::size_t bytes() const { return arena_.size() + entries_.size() * sizeof(Entry); }
  bool empty() const { return entries_.empty(); }
  // Sorts; afterwards the records can be walked once with Next of the returned source.
  std::unique_ptr<RecordSource> Sorted();
  void Clear();

 private:
  friend class BufferSource;
  struct Entry {
    std::uint64_t prefix[2];  // sixteen bytes of the key behind what all have in common: most
                              // comparisons end here
    std::size_t offset;
  };
  Record At(const Entry& entry) const;
  void FillPrefixes();

  std::size_t expected_bytes_;
  std::string arena_;
  std::vector<Entry> entries_;
};

// Writes a sorted source to a new file and syncs it.
Status WriteRun(const files::Path& path, RecordSource& source);
// `runs`: how many are read at once; what they read ahead is bounded together.  kCorrupt when the
// file is cut off or damaged.
Result<std::unique_ptr<RecordSource>> OpenRun(const files::Path& path, std::size_t runs);

// Merges sorted sources; of equal keys the one of the later source stays.
std::unique_ptr<RecordSource> Merge(std::vector<std::unique_ptr<RecordSource>> sources);

}  // namespace vams::items::sqlite
