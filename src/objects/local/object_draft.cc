#include "objects/local/object_draft.h"

#include <algorithm>
#include <utility>

#include "objects/object_version.h"
#include "objects/store_rules.h"
#include "tables/system_tables.h"

namespace vams::objects::local {

namespace {

using items::Condition;
using items::Value;
using items::Write;

constexpr std::size_t kVersionsPerPage = 16;

// A number may be given again once an object is gone with all its versions; an id never is.
std::vector<Condition> IsVersion(const std::string& version_id) {
  return {Condition::Equals("versionId", Value::S(version_id))};
}

std::vector<Condition> IsRecord(const std::optional<ObjectRecord>& record) {
  if (!record) return {Condition::Absent()};
  return {Condition::Equals("next", Value::N(record->next)),
          Condition::Equals("versions", Value::N(record->versions)),
          Condition::Equals("versionId", Value::S(record->newest.version_id))};
}

}  // namespace

Result<std::optional<ObjectVersion>> FindVersion(OpContext& op, items::ItemSource& source,
                                                 const ObjectId& object,
                                                 const std::string& version_id) {
  // What cannot be a key is the id of no version.
  if (!CheckVersionId(version_id).ok()) return std::optional<ObjectVersion>();
  items::QueryRequest request;
  request.table = kVersionRows;
  request.index = "versionId";
  request.partition = Value::S(tables::ObjectPath(object.bucket, object.key));
  request.sort = items::SortCondition::Is(items::SortCondition::Op::kEqual, Value::S(version_id));
  request.limit = 1;
  TRY(const auto page, source.Query(op, request));
  if (page.items.empty()) return std::optional<ObjectVersion>();
  TRY(auto version, VersionFromItem(page.items.front()));
  return std::optional(std::move(version));
}

Result<std::optional<ObjectRecord>> FindRecord(OpContext& op, items::ItemSource& source,
                                               const ObjectId& object) {
  auto item = source.Get(op, kObjectRows, ObjectKey(object.bucket, object.key));
  if (!item.ok() && item.error().code == Code::kNotFound) return std::optional<ObjectRecord>();
  if (!item.ok()) return std::move(item).error();
  TRY(auto record, ObjectFromItem(*item));
  return std::optional(std::move(record));
}

Status ObjectDraft::Prefetch(const std::vector<ObjectId>& objects) {
  std::vector<ObjectName> names;
  for (const ObjectId& object : objects) names.emplace_back(object.bucket, object.key);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  TRY(auto records, ReadRecords(op_, source_, names));
  for (std::size_t i = 0; i < names.size(); ++i) {
    Entry& entry = entries_[{names[i].first, names[i].second}];
    entry.before = std::move(records[i]);
    if (!entry.before) continue;
    entry.next = entry.before->next;
    entry.versions = entry.before->versions;
    entry.newest = entry.before->newest;
  }
  return Ok();
}

Result<ObjectDraft::Entry*> ObjectDraft::At(const ObjectId& object) {
  if (!entries_.contains(object)) TRY_OK(Prefetch({object}));
  return &entries_[object];
}

Result<std::optional<ObjectVersion>> ObjectDraft::Current(const ObjectId& object) {
  TRY(const Entry* entry, At(object));
  if (!entry->newest || entry->newest->is_delete_marker) return std::optional<ObjectVersion>();
  return entry->newest;
}

Result<ObjectVersion> ObjectDraft::Source(const ObjectId& object,
                                          const std::optional<std::string>& id) {
  TRY(Entry* const entry, At(object));
  std::optional<ObjectVersion> source;
  if (!id) {
    TRY(source, Current(object));
    if (!source) return NoObject(object);
  } else {
    for (const auto& [sequence, version] : entry->added)
      if (version.version_id == *id) source = version;
    if (!source) {
      TRY(source, FindVersion(op_, source_, object, *id));
      if (!source || entry->removed.contains(source->sequence)) return NoVersion(object, *id);
    }
  }
  if (source->is_delete_marker) return NotReadable(*source);
  if (!entry->added.contains(source->sequence))
    entry->needed[source->sequence] = source->version_id;
  return *std::move(source);
}

Result<VersionInfo> ObjectDraft::Append(ObjectVersion version, const PutCondition& condition) {
  const ObjectId object{version.bucket, version.key};
  TRY(const auto current, Current(object));
  TRY_OK(CheckCondition(object, condition,
                        current ? std::optional(current->etag.value_or("")) : std::nullopt));
  TRY(Entry* const entry, At(object));
  version.sequence = entry->next++;
  version.is_latest = true;
  ++entry->versions;
  entry->changed = true;
  entry->newest = version;
  VersionInfo info = InfoOf(version);
  entry->added.emplace(version.sequence, std::move(version));
  return info;
}

Status ObjectDraft::Remove(const ObjectId& object, const std::string& version_id) {
  TRY(Entry* const entry, At(object));
  std::optional<std::int64_t> gone;
  for (const auto& [sequence, version] : entry->added)
    if (version.version_id == version_id) gone = sequence;
  if (gone) {
    entry->added.erase(*gone);
  } else {
    TRY(const auto stored, FindVersion(op_, source_, object, version_id));
    if (!stored || !entry->removed.emplace(stored->sequence, version_id).second) return Ok();
    gone = stored->sequence;
  }
  --entry->versions;
  entry->changed = true;
  if (entry->newest && entry->newest->sequence == *gone) {
    TRY(entry->newest, NewestLeft(object, *entry));
  }
  return Ok();
}

Result<std::optional<ObjectVersion>> ObjectDraft::NewestLeft(const ObjectId& object,
                                                             const Entry& entry) {
  if (!entry.added.empty()) return std::optional(entry.added.rbegin()->second);
  if (entry.versions <= 0) return std::optional<ObjectVersion>();
  items::QueryRequest request;
  request.table = kVersionRows;
  request.partition = Value::S(tables::ObjectPath(object.bucket, object.key));
  request.descending = true;
  request.limit = kVersionsPerPage;
  do {
    TRY(const auto page, source_.Query(op_, request));
    for (const auto& item : page.items) {
      TRY(auto version, VersionFromItem(item));
      if (!entry.removed.contains(version.sequence)) return std::optional(std::move(version));
    }
    request.after = page.next;
  } while (!request.after.empty());
  // The versions went between the two readings; the commit fails on the object's record.
  return std::optional<ObjectVersion>();
}

void ObjectDraft::AddWrites(const ObjectId& object, const Entry& entry,
                            std::vector<Write>& writes) {
  for (const auto& [sequence, id] : entry.removed)
    writes.push_back(Write::Delete(kVersionRows, VersionKey(object.bucket, object.key, sequence),
                                   IsVersion(id)));
  for (const auto& [sequence, id] : entry.needed)
    if (!entry.removed.contains(sequence))
      writes.push_back(Write::Check(kVersionRows, VersionKey(object.bucket, object.key, sequence),
                                    IsVersion(id)));
  if (!entry.changed) return;
  for (const auto& [sequence, version] : entry.added)
    writes.push_back(Write::Put(kVersionRows, VersionItem(version)));
  if (!entry.newest) {
    if (entry.before)
      writes.push_back(
          Write::Delete(kObjectRows, ObjectKey(object.bucket, object.key), IsRecord(entry.before)));
    return;
  }
  ObjectRecord record{*entry.newest, entry.next, entry.versions};
  // Every commit raises `next`: removing a version gives no number away.
  if (entry.before && record.next == entry.before->next) ++record.next;
  writes.push_back(Write::Put(kObjectRows, ObjectItem(record), IsRecord(entry.before)));
}

std::vector<Write> ObjectDraft::Writes() const {
  std::vector<Write> writes;
  for (const auto& [object, entry] : entries_) AddWrites(object, entry, writes);
  return writes;
}

}  // namespace vams::objects::local
