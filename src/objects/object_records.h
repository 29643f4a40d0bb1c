// Reading and writing the records of objects as docs/formats/system-tables.md says: both tables in
// one commit, which requires the `next` that was read.  Internal to objects.
//
// Thread-safe as far as the store is.  Blocks when the store does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "objects/object_version.h"

namespace vams::objects {

using ObjectName = std::pair<std::string, std::string>;  // bucket, key

// Creates the two tables where they are absent.
Status MakeObjectTables(OpContext& op, items::ItemStore& store);

// In order of the names.
Result<std::vector<std::optional<ObjectRecord>>> ReadRecords(OpContext& op,
                                                             items::ItemSource& source,
                                                             std::span<const ObjectName> names);
// All versions of an object, newest first; the first is_latest.
Result<std::vector<ObjectVersion>> ReadVersions(OpContext& op, items::ItemSource& source,
                                                const ObjectRecord& record);
// The newest version that is no delete marker.
Result<std::optional<ObjectVersion>> NewestContent(OpContext& op, items::ItemSource& source,
                                                   const ObjectRecord& record);

// The records of a bucket in key order.
using RecordVisitor = std::function<Status(const ObjectRecord& record)>;
Status VisitBucket(OpContext& op, items::ItemSource& source, std::string_view bucket,
                   const RecordVisitor& visit);

// What is to become of one object.
struct ObjectChange {
  std::string bucket, key;
  std::optional<ObjectRecord> before;  // as read
  // Version records to write, oldest first; those with sequence 0 are new and become the newest.
  std::vector<ObjectVersion> puts;
};

// What a commit wrote.
struct Committed {
  std::uint64_t added = 0;    // versions that are new
  std::uint64_t changed = 0;  // versions that were there
  std::uint64_t bytes = 0;    // the size of both
};
using CommittedVisitor = std::function<void(const Committed& committed)>;

// Commits the changes, many objects at a time as far as the engine's limits go.  An object with
// more versions than fit is committed in several steps, each of which is a legal state.  kConflict
// when another writer was faster with one of the objects: read again, then try again.
Status CommitChanges(OpContext& op, items::ItemStore& store, std::vector<ObjectChange> changes,
                     const CommittedVisitor& committed);

}  // namespace vams::objects
