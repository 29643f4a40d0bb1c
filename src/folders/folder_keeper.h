// FolderKeeper keeps one external folder in step while a stack is served: at the start, when the
// folder or the bucket changes, and now and then anyway.
//
// Thread-safe.  Has a thread of its own; the destructor waits for what it is doing.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "folders/folder_sync.h"

namespace vams::folders {

struct KeeperOptions {
  // Held while the folder is kept in step: a server that takes over waits until the other lets go.
  files::Path lock_file;
  std::chrono::milliseconds look_every{1000};  // at the change log
  std::chrono::milliseconds reconcile_every{300'000};
  // Of a pass that did something or met problems, and of one that failed.
  std::function<void(const SyncReport&)> on_report;
  std::function<void(const Error&)> on_failure;
};

class FolderKeeper {
 public:
  // The folder need not be there yet.
  FolderKeeper(const catalog::Stores& stores, files::Path folder, catalog::Bucket bucket,
               SyncOptions sync, KeeperOptions options);
  ~FolderKeeper();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace vams::folders
