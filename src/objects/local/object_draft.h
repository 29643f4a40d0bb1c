// ObjectDraft gathers what a commit does to objects: reads their records once, applies changes one
// after the other, and gives the item writes that make them all true or fail together when another
// writer was faster.  Internal to objects.  Format: docs/formats/system-tables.md.
//
// Not thread-safe.  Blocks when the item store does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "items/store.h"
#include "objects/object_records.h"
#include "objects/store.h"

namespace vams::objects::local {

// A stored version by its id.
Result<std::optional<ObjectVersion>> FindVersion(OpContext& op, items::ItemSource& source,
                                                 const ObjectId& object,
                                                 const std::string& version_id);
// The object's record.
Result<std::optional<ObjectRecord>> FindRecord(OpContext& op, items::ItemSource& source,
                                               const ObjectId& object);

class ObjectDraft {
 public:
  ObjectDraft(OpContext& op, items::ItemSource& source) : op_(op), source_(source) {}

  // Reads the records of objects that will be needed, at once.
  Status Prefetch(const std::vector<ObjectId>& objects);

  // The newest version that is no delete marker on top; nothing where no object is current.
  Result<std::optional<ObjectVersion>> Current(const ObjectId& object);
  // The version to copy from.  kNotFound.  It has to be there still when the draft is committed.
  Result<ObjectVersion> Source(const ObjectId& object, const std::optional<std::string>& id);
  // Puts a new version on top, if the condition holds.
  Result<VersionInfo> Append(ObjectVersion version, const PutCondition& condition);
  // Nothing happens where there is no such version.
  Status Remove(const ObjectId& object, const std::string& version_id);

  std::vector<items::Write> Writes() const;

 private:
  struct Entry {
    std::optional<ObjectRecord> before;  // as read
    std::int64_t next = 1;
    std::int64_t versions = 0;
    std::optional<ObjectVersion> newest;
    std::map<std::int64_t, ObjectVersion> added;
    // Stored versions, sequence to id: removed, and copied from.
    std::map<std::int64_t, std::string> removed, needed;
    bool changed = false;
  };

  Result<Entry*> At(const ObjectId& object);
  Result<std::optional<ObjectVersion>> NewestLeft(const ObjectId& object, const Entry& entry);
  static void AddWrites(const ObjectId& object, const Entry& entry,
                        std::vector<items::Write>& writes);

  OpContext& op_;
  items::ItemSource& source_;
  std::map<ObjectId, Entry> entries_;
};

}  // namespace vams::objects::local
