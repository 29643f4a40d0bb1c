// Item stores as files: a second one with the same content, page by page, making one ready
// for another name, and removing one.  For building a generation from another and for backups.
// Thread-safe.  Blocks for as long as the file is large.
#pragma once

#include <span>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::items {

// Copies the committed state of the store at `from`, which may be in use, to `to`, which must not
// exist.  When it returns, `to` is durable; after an error it is gone.  kNotFound if there is no
// store at `from`.
//
// Of the tables `without` only the definitions are wanted: the copy may have any of their rows, or
// none.  Where they are most of the store, the rest is copied table by table.
Status CloneSqliteStore(OpContext& op, const files::Path& from, const files::Path& to,
                        std::span<const std::string> without = {});

// Takes the log of the store at `path` into its file, so that the file alone is the whole store and
// may get another name; a log that a killed program has left is recovered first.  Nobody may have
// it open: kConflict, and nothing is lost.  Durable when it returns.
Status SealSqliteStore(const files::Path& path);

// Removes a store that nobody has open, with everything that lies beside it
// (docs/formats/items-sqlite.md); no error if there is none.
Status RemoveSqliteStore(const files::Path& path);

}  // namespace vams::items
