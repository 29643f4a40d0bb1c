// A file on its way from the server: ".vams-part-<digest of the name>-<ETag>" beside its target.
// The name says of which content it is a part, so a later run can go on with it.
//
// One thread; one process at a time has a partial file (a lock).  Blocks on the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "files/files.h"

namespace vams::cli {

class PartialFile {
 public:
  // Where the part of `target` that has this ETag lies.  An ETag with other characters than
  // letters, digits and '-' is not kept apart.
  static files::Path PathOf(const files::Path& target, std::string_view etag);
  // The ETag in the name of a partial file of `target`, if `name` is one.
  static std::optional<std::string> EtagIn(const files::Path& target, std::string_view name);

  // Opens or creates it and its folder, and cuts it off at `keep` bytes.
  static Result<PartialFile> Open(const files::Path& path, std::uint64_t keep);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  Status Write(std::string_view bytes);
  // Calls `take` with what is in it, in order.
  template <typename Take>
  Status ReadBack(Take take) const;
  std::uint64_t size() const { return size_; }
  bool disk_full() const { return disk_full_; }

  // It becomes `target`; kConflict if there is one and it may not be replaced.
  Status MoveTo(const files::Path& target, bool replace);
  void Remove();

 private:
  PartialFile(files::Path path, int fd, std::uint64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}
  Result<std::size_t> ReadAt(char* to, std::size_t count, std::uint64_t at) const;

  files::Path path_;
  int fd_;
  std::uint64_t size_;
  bool disk_full_ = false;
};

template <typename Take>
Status PartialFile::ReadBack(Take take) const {
  std::string buffer(std::size_t{1} << 20, '\0');
  for (std::uint64_t at = 0; at < size_;) {
    TRY(const auto got, ReadAt(buffer.data(), buffer.size(), at));
    if (got == 0) break;
    take(std::string_view(buffer).substr(0, got));
    at += got;
  }
  return Ok();
}

}  // namespace vams::cli
