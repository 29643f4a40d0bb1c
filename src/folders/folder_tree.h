// FolderTree reads and writes the files of a folder of the machine by object keys: a key is the
// path below the folder.  What leaves the folder, or cannot be a path, has no place in it.
//
// Thread-safe.  Every function blocks on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::folders {

// Of files that are being written, and of the mark in the root: never anybody's content.
inline constexpr std::string_view kOwnPrefix = ".vams-";

// What tells that a file is the one that was seen before.
struct FileStamp {
  std::int64_t mtime_nanos = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Nothing if the key can be a path below the folder, else why it cannot: empty, "." and ".."
// segments, control characters, segments of more than 255 bytes.
std::optional<std::string> WhyNoPath(std::string_view key);

// An open file, read from wherever one likes.
class OpenFile {
 public:
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;

  const FileStamp& stamp() const { return stamp_; }  // when it was opened
  // Whether it still is what it was.
  bool Unchanged() const;
  // Fewer bytes than asked for only at the end.
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t size) const;

 private:
  friend class FolderTree;
  OpenFile(int fd, const FileStamp& stamp) : fd_(fd), stamp_(stamp) {}
  int fd_;
  FileStamp stamp_;
};

class FolderTree {
 public:
  // kNotFound for a folder that is not there.
  static Result<FolderTree> Open(const files::Path& root);

  const files::Path& root() const { return root_; }

  // The names of the folders right below the key's folder ("" is the root; else it ends with "/"),
  // sorted; and with `files` the keys of the plain files there.  Links are neither.
  Result<std::vector<std::string>> Folders(const std::string& at,
                                           std::vector<std::string>* files) const;
  // Every plain file below the key's folder, however deep, in no promised order.  Links, devices
  // and our own temporary files are left out; names that are no UTF-8 go to `odd`, escaped.
  using Visitor = std::function<Status(std::string key, const FileStamp& stamp)>;
  Status Visit(OpContext& op, const std::string& at, const Visitor& visit,
               const std::function<void(std::string name)>& odd) const;

  // Nothing if there is no plain file.
  Result<std::optional<FileStamp>> Find(const std::string& key) const;
  // kNotFound if there is no plain file.
  Result<OpenFile> OpenForReading(const std::string& key) const;

  // Writes the file whole, or leaves what was there.  `expected`: what has to be there now, or
  // nothing; kConflict if it is something else.  Pulls from `source` until it gives 0.  The stamp
  // that the file has then.
  using Source = std::function<Result<std::size_t>(char* to, std::size_t size)>;
  Result<FileStamp> Write(const std::string& key, const std::optional<FileStamp>& expected,
                          const Source& source) const;
  // kConflict if it is another one.  Folders that are empty then go as well, except those right
  // below the root.
  Status Remove(const std::string& key, const FileStamp& expected) const;
  // For a key that ends with "/".
  Status MakeFolder(const std::string& key) const;

 private:
  explicit FolderTree(files::Path root) : root_(std::move(root)) {}
  files::Path PathOf(std::string_view key) const { return root_ / files::Path(std::string(key)); }

  files::Path root_;
};

}  // namespace vams::folders
