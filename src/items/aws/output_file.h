// A new file written once from front to back, plain or gzip, synced when closed.
// Internal to items/aws.  Not thread-safe.  Blocks on disk.  Errors name the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::items::aws {

class OutputFile {
 public:
  // `gzip_level` 1 to 9, or 0 for a plain file.  The file must not exist.
  static Result<std::unique_ptr<OutputFile>> Create(const files::Path& path, int gzip_level);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Status Write(std::string_view bytes);
  // Writes what is left, syncs, closes.  No calls but the accessors after it.
  Status Close();

  std::uint64_t content_bytes() const { return content_bytes_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }
  // MD5 of the stored bytes; only of gzip files and once closed.
  const std::string& md5() const { return md5_; }

 private:
  struct Deflater;
  OutputFile(files::Path path, int fd);
  Status Compress(bool finish);
  Status Store(std::string_view bytes);

  files::Path path_;
  int fd_;
  std::unique_ptr<Deflater> deflater_;
  std::string buffer_;  // content not yet compressed or stored
  std::string compressed_;
  Hasher hasher_{HashKind::kMd5};
  std::string md5_;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
};

}  // namespace vams::items::aws
