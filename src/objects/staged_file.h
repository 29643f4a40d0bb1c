// A file that is written beside its final place and gets its name only when it is whole.
// Internal to objects.  Not thread-safe per object.  Blocks on disk.  Errors name the final path.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "files/files.h"

namespace vams::objects {

class Sealer;

class StagedFile {
 public:
  // The temporary file lies in `folder`; its short name fits whatever the final name is.  With a
  // sealer nothing is written in the clear, and the file is a content only after Seal.
  static Result<StagedFile> Create(const files::Path& folder);
  static Result<StagedFile> Create(const files::Path& folder, std::unique_ptr<Sealer> sealer);
  ~StagedFile();
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;

  const files::Path& path() const { return path_; }
  bool sealed() const { return sealer_ != nullptr; }
  Status Write(std::string_view bytes);
  // Ends a sealed content whose SHA-256 digest is now known; nothing for one that is plain.
  Status Seal(const std::array<char, 32>& digest);
  // The bytes survive a power failure.
  Status Sync();
  // Gives up the descriptor, keeps the temporary file: many may be staged at a time.
  Status Close(unsigned mode = 0644);
  // Replaces what is there.  The name survives a power failure once the folder is synced.
  Status RenameTo(const files::Path& path);

 private:
  StagedFile(files::Path path, int fd, std::unique_ptr<Sealer> sealer);
  Status WriteRaw(std::string_view bytes);

  files::Path path_;  // empty once renamed
  int fd_;
  std::unique_ptr<Sealer> sealer_;
  std::string chunks_;  // sealed, to be written
};

// The file's bytes survive a power failure.
Status SyncFile(const files::Path& path);
// Everything written to the file system that holds `folder` survives a power failure.
Status SyncFileSystem(const files::Path& folder);

// Reads a regular file front to back.  kInvalid for anything that is no regular file; symbolic
// links are not followed.
class InputStream {
 public:
  static Result<InputStream> Open(const files::Path& path);
  ~InputStream();
  InputStream(InputStream&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
  InputStream& operator=(InputStream&&) = delete;

  const files::Path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened
  // 0 at the end.
  Result<std::size_t> Read(char* to, std::size_t size);
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t size) const;

 private:
  InputStream(files::Path path, int fd, std::uint64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}

  files::Path path_;
  int fd_;
  std::uint64_t size_;
};

}  // namespace vams::objects
