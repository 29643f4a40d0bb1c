// Records from listings: in bulk into a store without objects, otherwise object by object.
#include <algorithm>
#include <map>
#include <set>

#include "objects/import_work.h"
#include "objects/listing.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

using items::Condition;
using items::Write;

constexpr std::size_t kVersionsPerBatch = 2000;
constexpr std::size_t kScanPage = 500;
constexpr std::string_view kLoadName = "objects-import";

using History = std::vector<ObjectVersion>;  // of one object, oldest first

// What of the listed version contradicts the recorded one; empty: nothing.
std::string Contradiction(const ObjectVersion& stored, const ObjectVersion& listed) {
  if (stored.is_delete_marker != listed.is_delete_marker)
    return stored.is_delete_marker ? "is recorded as a delete marker"
                                   : "is listed as a delete marker";
  if (stored.size != listed.size)
    return fmt::format("is listed with {} bytes and recorded with {}", listed.size, stored.size);
  if (stored.etag && listed.etag && stored.etag != listed.etag && IsSinglePartEtag(*stored.etag) &&
      IsSinglePartEtag(*listed.etag))
    return fmt::format("is listed with the ETag {} and recorded with {}", *listed.etag,
                       *stored.etag);
  return {};
}

// Takes over what was not known.  Whether there was anything.
bool Learn(ObjectVersion& stored, const ObjectVersion& listed) {
  const auto take = [](auto& to, const auto& from) {
    if (to || !from) return false;
    to = from;
    return true;
  };
  const bool etag = take(stored.etag, listed.etag);
  const bool time = take(stored.last_modified_millis, listed.last_modified_millis);
  const bool metadata = take(stored.user_metadata, listed.user_metadata);
  return etag || time || metadata;
}

// Whether a listed version that is not recorded may become the newest one.
bool MayFollow(const History& stored, const ObjectVersion& listed) {
  const auto is_null = [](const ObjectVersion& version) {
    return version.version_id == kNullVersion;
  };
  if (std::ranges::all_of(stored, is_null)) return true;  // recorded without knowing the history
  const auto& newest = stored.back();
  return !newest.last_modified_millis || !listed.last_modified_millis ||
         *newest.last_modified_millis <= *listed.last_modified_millis;
}

// Adds what the listing says about an object beyond what is recorded.
void PlanObject(History stored, const History& listed, ObjectChange change, ChangePlan& plan) {
  std::map<std::string_view, ObjectVersion*> by_id;
  for (auto& version : stored) by_id[version.version_id] = &version;
  const auto recorded = [&](const ObjectVersion& version) {
    return by_id.contains(version.version_id);
  };
  const auto last_recorded = std::find_if(listed.rbegin(), listed.rend(), recorded).base();
  for (auto version = listed.begin(); version != listed.end(); ++version) {
    const auto same = by_id.find(version->version_id);
    if (same != by_id.end()) {
      const std::string against = Contradiction(*same->second, *version);
      if (!against.empty())
        plan.problems.push_back(
            fmt::format("{} {}; the record stays", Describe(*version), against));
      else if (Learn(*same->second, *version))
        change.puts.push_back(*same->second);
    } else if (version < last_recorded || (!stored.empty() && !MayFollow(stored, *version))) {
      plan.problems.push_back(fmt::format(
          "{} is listed, but older than a version that is recorded; it is left out, because the "
          "recorded history stays as it is",
          Describe(*version)));
    } else {
      change.puts.push_back(*version);
    }
  }
  if (!change.puts.empty()) plan.changes.push_back(std::move(change));
}

// Objects of the listing that are written together.
class Batch {
 public:
  void Add(History history) {
    versions_ += history.size();
    objects_.push_back(std::move(history));
  }
  bool full() const { return versions_ >= kVersionsPerBatch; }
  bool empty() const { return objects_.empty(); }
  std::uint64_t versions() const { return versions_; }

  Result<ChangePlan> Plan(OpContext& op, items::ItemSource& source, bool has_version_ids) const {
    std::vector<ObjectName> names;
    for (const auto& history : objects_)
      names.emplace_back(history.front().bucket, history.front().key);
    TRY(const auto records, ReadRecords(op, source, names));
    ChangePlan plan;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      History stored, listed = objects_[i];
      if (records[i]) {
        TRY(stored, ReadVersions(op, source, *records[i]));
        std::ranges::reverse(stored);
        // A listing without ids is about the newest version, whatever its id.
        if (!has_version_ids && !stored.back().is_delete_marker)
          listed.back().version_id = stored.back().version_id;
      }
      PlanObject(std::move(stored), listed, {names[i].first, names[i].second, records[i], {}},
                 plan);
    }
    return plan;
  }

 private:
  std::vector<History> objects_;
  std::uint64_t versions_ = 0;
};

Status WriteBatch(OpContext& op, ImportWork& work, const Batch& batch, bool has_version_ids) {
  work.report.listed += batch.versions();
  return PlanAndCommit(
      op, work, [&] { return batch.Plan(op, work.store, has_version_ids); },
      [&](const Committed& committed) {
        work.report.added += committed.added;
        work.report.updated += committed.changed;
      });
}

Status ImportByCommits(OpContext& op, ImportWork& work, ListingReader& listing) {
  History history;
  for (bool more = true; more;) {
    Batch batch;
    while (more && !batch.full()) {
      TRY(more, listing.Next(history));
      if (more) batch.Add(std::exchange(history, {}));
    }
    if (!batch.empty()) TRY_OK(WriteBatch(op, work, batch, listing.info().has_version_ids));
  }
  return Ok();
}

// ---- In bulk ----

using Loader = std::unique_ptr<items::BulkLoader>;

Result<Loader> OpenLoad(OpContext& op, items::ItemStore& store, const std::string& table) {
  return store.OpenBulkLoad(op, table, {.name = std::string(kLoadName)});
}

Status Abandon(OpContext& op, items::ItemStore& store, const std::string& table) {
  auto status = store.AbandonBulkLoad(op, table);
  if (!status.ok() && status.error().code == Code::kNotFound) return Ok();
  return status;
}

// Deletes the versions of a page that belong to no object.  kConflict when one of them got its
// object meanwhile.
Status RemoveOrphansOf(OpContext& op, items::ItemStore& store, const items::Page& page) {
  std::vector<ObjectVersion> versions;
  std::vector<ObjectName> names;
  for (const auto& item : page.items) {
    TRY(versions.emplace_back(), VersionFromItem(item));
    names.emplace_back(versions.back().bucket, versions.back().key);
  }
  TRY(const auto records, ReadRecords(op, store, names));
  std::vector<Write> writes;
  std::set<ObjectName> checked;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (records[i]) continue;
    const auto& [bucket, key] = names[i];
    writes.push_back(Write::Delete(kVersionRows, VersionKey(bucket, key, versions[i].sequence)));
    if (checked.insert(names[i]).second)
      writes.push_back(Write::Check(kObjectRows, ObjectKey(bucket, key), {Condition::Absent()}));
  }
  if (writes.empty()) return Ok();
  TRY_OK(store.Commit(op, writes));
  return Ok();
}

// Versions are complete before the first object refers to them; so what an interrupted load leaves
// behind are versions without an object.
Status RemoveOrphans(OpContext& op, items::ItemStore& store) {
  const std::size_t most = store.traits().max_commit_writes;
  const std::size_t page_size = most > 0 ? std::min(kScanPage, most / 2) : kScanPage;
  for (std::string after;;) {
    TRY(const auto page, store.Scan(op, kVersionRows, {}, after, page_size));
    auto status = RemoveOrphansOf(op, store, page);
    if (!status.ok() && status.error().code == Code::kConflict) continue;  // look again
    TRY_OK(status);
    after = page.next;
    if (after.empty()) return Ok();
  }
}

// Brings the tables back to what is whole.
Status CleanUp(OpContext& op, items::ItemStore& store) {
  TRY_OK(Abandon(op, store, kVersionRows));
  TRY_OK(RemoveOrphans(op, store));
  return Abandon(op, store, kObjectRows);
}

// The load of the object table, which is open as long as a bulk import goes on, tells whether one
// was interrupted.
Result<Loader> BeginLoad(OpContext& op, items::ItemStore& store) {
  TRY(auto objects, OpenLoad(op, store, kObjectRows));
  if (!objects->resumed_from()) return objects;
  objects.reset();
  TRY_OK(CleanUp(op, store));
  return OpenLoad(op, store, kObjectRows);
}

Result<bool> HasNoObjects(OpContext& op, items::ItemStore& store) {
  TRY(const auto objects, store.Count(op, kObjectRows));
  TRY(const auto versions, store.Count(op, kVersionRows));
  return objects == 0 && versions == 0;
}

Status LoadAll(OpContext& op, ImportWork& work, ListingReader& listing,
               items::BulkLoader& objects) {
  TRY_OK(objects.Checkpoint(op, "begun"));
  TRY(const auto versions, OpenLoad(op, work.store, kVersionRows));
  std::uint64_t listed = 0;
  for (History history;;) {
    TRY(const bool more, listing.Next(history));
    if (!more) break;
    ObjectRecord record;
    for (ObjectVersion& version : history) {
      version.sequence = record.next++;
      TRY_OK(versions->Add(op, VersionItem(version)));
    }
    record.versions = static_cast<std::int64_t>(history.size());
    record.newest = std::move(history.back());
    TRY_OK(objects.Add(op, ObjectItem(record)));
    listed += history.size();
  }
  TRY_OK(versions->Finish(op));
  TRY_OK(objects.Finish(op));
  work.report.listed += listed;
  work.report.added += listed;
  work.Progress();
  return Ok();
}

}  // namespace

Status ImportListing(OpContext& op, ImportWork& work, const files::Path& path,
                     std::string_view bucket) {
  TRY(const auto listing, ListingReader::Open(path, bucket));
  TRY_OK(MakeObjectTables(op, work.store));
  TRY(auto objects, BeginLoad(op, work.store));
  TRY(const bool fresh, HasNoObjects(op, work.store));
  if (fresh && listing->info().versions >= work.options.bulk_from) {
    auto status = LoadAll(op, work, *listing, *objects);
    objects.reset();
    // What cannot be cleaned up now, the next import cleans up.
    if (!status.ok()) (void)CleanUp(op, work.store);
    return status;
  }
  objects.reset();
  TRY_OK(Abandon(op, work.store, kObjectRows));
  return ImportByCommits(op, work, *listing);
}

}  // namespace vams::objects
