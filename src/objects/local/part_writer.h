// PartWriter puts the chunks of one content into its staged file.  Large plain contents go past the
// page cache: copying into it would cost a processor as much as taking a digest does, and would
// drive out what is read.  Internal to objects.
//
// Not thread-safe.  Blocks on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "files/files.h"
#include "objects/staged_file.h"

namespace vams::objects::local {

// Memory that the kernel takes without a copy.
class ChunkBuffer {
 public:
  explicit ChunkBuffer(std::size_t size);
  char* data() { return bytes_.get(); }
  std::string_view First(std::size_t size) const { return {bytes_.get(), size}; }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, Free> bytes_;
};

class PartWriter {
 public:
  // What chunks past the page cache begin and end at, but for the end of the last one.
  static constexpr std::size_t kAlignment = 4096;

  // The file is empty and outlives this.  With `large`, every chunk but the last has a size that is
  // a multiple of kAlignment and lies in a ChunkBuffer.
  PartWriter(StagedFile& file, bool large);
  ~PartWriter();
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  Status Write(std::string_view chunk);
  // Whether the page cache is left out, which not every file system can.
  bool direct() const { return direct_ >= 0; }

 private:
  Status WriteAt(int fd, std::string_view bytes);

  StagedFile& file_;
  int direct_ = -1;
  int plain_ = -1;  // for the end of the last chunk
  std::uint64_t at_ = 0;
};

}  // namespace vams::objects::local
