// FolderWatch tells that something below a folder changed, and nothing more: what changed is for a
// look at the folder to find out.  Where the file system tells nothing (many network shares), or
// more folders change than the machine can watch, only time does.
//
// Belongs to one thread, but Wake may be called from any.  Blocks only in Wait.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "files/files.h"

namespace vams::folders {

class FolderWatch {
 public:
  // Watches as much of the tree as it can: `complete` says whether that is all.
  static Result<std::unique_ptr<FolderWatch>> Open(const files::Path& root);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  bool complete() const;
  // Until something changed (true), Wake was called or the time is up.
  Result<bool> Wait(std::chrono::milliseconds time);
  void Wake();

 private:
  struct Impl;
  explicit FolderWatch(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace vams::folders
