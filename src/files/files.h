// Durable file operations: what is written whole and synced, or not at all.  For every module
// that keeps something on disk.  Thread-safe (no shared state).  Every function may block.
//
// Errors name the path.  ENOSPC, EACCES, EROFS and EPERM keep their plain meaning in the message.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::files {

using Path = std::filesystem::path;

// The Error for the errno of a failed call: "cannot <doing> <path>: <why>".
Error ErrnoError(std::string_view doing, const Path& path, int error_number);

// The whole file.  kNotFound if absent, kTooLarge past `limit` bytes.
Result<std::string> ReadAll(const Path& path, std::size_t limit = std::size_t{64} << 20);

// Writes a temporary sibling, syncs it, renames it over `path`, syncs the folder.
// After an error the old file is untouched.
Status WriteAtomically(const Path& path, std::string_view bytes, unsigned mode = 0644);

// Creates the folder and its parents, durably; no error if it exists.
Status MakeFolders(const Path& path);

// Makes a rename or creation inside `folder` durable.
Status SyncFolder(const Path& folder);

// Renames and syncs both parents.
Status RenameDurably(const Path& from, const Path& to);

// Removes a tree; no error if absent.
Status RemoveTree(const Path& path);

// An exclusive advisory lock on a file, held until destruction or the process's death.
class FileLock {
 public:
  // kConflict with the holder's note in the message when someone else holds it.
  // `note` (who, since when) is stored for the next one who asks.
  static Result<FileLock> Acquire(const Path& path, std::string_view note);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// A folder that is removed with its contents on destruction.
class TempFolder {
 public:
  static Result<TempFolder> Create(const Path& parent, std::string_view prefix);
  ~TempFolder();
  TempFolder(TempFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempFolder& operator=(TempFolder&&) = delete;

  const Path& path() const { return path_; }
  // Keeps the folder: the destructor then does nothing.
  Path Release();

 private:
  explicit TempFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace vams::files
