// Reading data files as they come: plain or gzip (told by the first bytes, several members
// allowed), with the MD5 of the bytes as stored, which is what export manifests list.  Internal to
// items/aws. Not thread-safe per object.  Blocks on disk.  Errors name the file.
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

class InputFile {
 public:
  // `hash`: compute the MD5.  A name ending in ".gz" must hold gzip, or nothing at all.
  static Result<std::unique_ptr<InputFile>> Open(const files::Path& path, bool hash);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const files::Path& path() const { return path_; }
  std::uint64_t content_bytes() const { return content_bytes_; }

  // Up to `size` bytes of content; 0 at the end.  kCorrupt for damaged or cut off gzip data: what
  // stood in front of the damage has been handed out before.
  Result<std::size_t> Read(char* to, std::size_t size);

  // Reads what is left of the stored bytes and returns the MD5 over all of them (16 bytes).
  Result<std::string> FinishMd5();

 private:
  struct Inflater;
  InputFile(files::Path path, int fd, bool hash);

  Status Fill();
  Result<std::size_t> ReadPlain(char* to, std::size_t size);
  Result<std::size_t> ReadGzip(char* to, std::size_t size);
  Error Damaged(std::string_view what) const;

  files::Path path_;
  int fd_;
  std::optional<Hasher> hash_;
  std::unique_ptr<Inflater> inflater_;
  std::string buffer_;           // stored bytes read and not yet used
  std::string_view rest_;        // of buffer_
  bool stored_end_ = false;      // nothing more on disk
  std::optional<Error> failed_;  // repeated by every later Read
  std::uint64_t stored_bytes_ = 0;
  std::uint64_t content_bytes_ = 0;
};

// Lines of a file's content, without their line ends.  A record longer than kMaxRecord is refused:
// no item is that long, and memory stays bounded.
inline constexpr std::size_t kMaxRecord = std::size_t{16} << 20;

class LineReader {
 public:
  explicit LineReader(InputFile& file) : file_(file) {}

  // False at the end.  A last line without its line end is a line.  The view lives until the next
  // call.
  Result<bool> Next(std::string_view& line);
  std::uint64_t line() const { return line_; }  // of the last one, from 1

 private:
  InputFile& file_;
  std::string buffer_;
  std::size_t from_ = 0;  // of what is not handed out yet
  std::size_t end_ = 0;
  std::uint64_t line_ = 0;
  bool file_end_ = false;
};

}  // namespace vams::items::aws
