// The embedded item store: one SQLite file in WAL mode (docs/formats/items-sqlite.md).
#pragma once

#include <memory>

#include "base/clock.h"
#include "files/files.h"
#include "items/store.h"

namespace vams::items {

struct SqliteOptions {
  // Reads only: no lock is taken, so a running server is not disturbed; every write gives
  // kNotSupported.
  bool read_only = false;
  std::size_t readers = 8;       // connections for concurrent reads
  const Clock* clock = nullptr;  // nullptr: the system's
};

// Creates the file if it does not exist (unless read-only).  kConflict when another process has it
// open for writing; kCorrupt when the file is no item store or is damaged; kNotSupported when a
// newer release made it.
Result<std::unique_ptr<ItemStore>> OpenSqliteStore(const files::Path& path,
                                                   const SqliteOptions& options = {});

}  // namespace vams::items
