// Encoded items on their way from a data set into a store: kept in memory while they are few, in a
// temporary file when they are many, and read back in the order they came.  Not thread-safe. Blocks
// on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "files/files.h"

namespace vams::lifecycle {

class Spool {
 public:
  // The file is made in `folder` when it is needed, and is gone with the spool.
  explicit Spool(files::Path folder) : folder_(std::move(folder)) {}
  ~Spool();
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;

  Status Add(std::string_view encoded);
  // Gives back the memory that adding more would need.
  Status Settle();
  std::uint64_t items() const { return items_; }
  // Gives every item to `visit`, whose error ends the reading.
  Status ForEach(const std::function<Status(std::string_view)>& visit);

 private:
  Status Flush();

  files::Path folder_;
  std::string buffer_;
  std::uint64_t items_ = 0;
  std::uint64_t file_bytes_ = 0;
  int fd_ = -1;
};

}  // namespace vams::lifecycle
