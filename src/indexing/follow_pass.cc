// Pass: making anew what is affected, and handing it over.
#include "indexing/follow_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "catalog/records.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using catalog::Bucket;
using items::Item;
using items::Value;
using search::Write;

namespace {

// Whether an index's error may be about what it was given, rather than about itself.
bool MayBeOfDocuments(const Error& error) {
  return error.code == Code::kInvalid || error.code == Code::kTooLarge ||
         error.code == Code::kNotSupported || error.code == Code::kInternal;
}

}  // namespace

// ---- What was done already.

std::optional<search::Position> FollowMemory::hold() const {
  std::optional<search::Position> hold;
  for (const auto& [ref, job] : jobs) hold = std::min(hold.value_or(job.hold), job.hold);
  return hold;
}

bool FollowMemory::CoversKey(const AssetRef& asset, std::string_view key,
                             items::Position position) const {
  if (position == 0) return false;
  const auto known = shown.find(asset);
  if (known != shown.end() && position <= known->second) return true;
  const auto job = jobs.find(asset);
  return job != jobs.end() && key.starts_with(job->second.location) &&
         (position <= job->second.end || key > job->second.key);
}

bool FollowMemory::Covers(const AssetRef& asset, std::string_view path,
                          items::Position position) const {
  const auto job = jobs.find(asset);
  return CoversKey(asset,
                   job == jobs.end() || path.empty()
                       ? std::string()
                       : job->second.location + std::string(path.substr(1)),
                   position);
}

// ---- Making it anew.

Status Pass::Run(OpContext& op, Affected affected) {
  TRY_OK(AddWork(op, affected));
  for (const auto& [ref, work] : work_) TRY_OK(Do(op, ref, work));
  return Ok();
}

// What cannot be read of one asset is its trouble alone.
Status Pass::Do(OpContext& op, const AssetRef& ref, const Work& work) {
  TRY_OK(op.Check());
  const auto alone = [&](Status done, DocumentRef::Kind kind) -> Status {
    if (done.ok() || !IsOfData(done.error())) return done;
    Fail(kind, ref, {}, AssetDocumentId(ref, false), std::move(done).error());
    return Ok();
  };
  if (work.asset) TRY_OK(alone(DoAsset(op, ref), DocumentRef::Kind::kAsset));
  TRY_OK(alone(DoWithFiles(op, ref, work), DocumentRef::Kind::kFiles));
  return FlushIfFull(op);
}

Status Pass::DoAsset(OpContext& op, const AssetRef& ref) {
  std::vector<Failure> failures;
  TRY_OK(maker_.AddAsset(op, ref, writes_, failures));
  for (Failure& failure : failures)
    Fail(DocumentRef::Kind::kAsset, ref, {}, std::move(failure.id), std::move(failure.error));
  return Ok();
}

Status Pass::DoWithFiles(OpContext& op, const AssetRef& ref, const Work& work) {
  if (!work.files && !work.unknown && work.folders.empty() && work.paths.empty() &&
      work.keys.empty())
    return Ok();
  TRY(const auto records, maker_.FindRecords(op, ref));
  TRY_OK(LeaveFolders(op, ref, records, work));
  TRY_OK(DoFiles(op, ref, records, work));
  if (!work.files) return Ok();
  if (!records.owner()) {
    memory_.jobs.erase(ref);
    return Ok();
  }
  return DoAllFiles(op, ref, *records.owner());
}

// Files have no documents of this asset where they were, unless they still are there.
Status Pass::LeaveFolders(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                          const Work& work) {
  const auto& owner = records.owner();
  for (const Folder& folder : work.folders) {
    if (owner && owner->bucket_id == folder.bucket_id && owner->location == folder.location)
      continue;
    TRY(const auto bucket, maker_.FindBucket(op, folder.bucket_id));
    if (bucket) TRY_OK(LeaveFolder(op, ref, bucket->name, folder.location));
  }
  if (!work.unknown || owner || ref.asset_id.empty()) return Ok();
  // It is gone, and where it was is not known: by its id.
  std::string after;
  do {
    TRY(const auto page, catalog::ListBuckets(op, store_, after, catalog::kPageItems));
    for (const Bucket& bucket : page.buckets)
      TRY_OK(LeaveFolder(op, ref, bucket.name,
                         fmt::format("{}{}/", catalog::BasePrefix(bucket), ref.asset_id)));
    after = page.next;
  } while (!after.empty());
  return Ok();
}

Status Pass::LeaveFolder(OpContext& op, const AssetRef& ref, const std::string& bucket,
                         const std::string& location) {
  items::QueryRequest request;
  request.table = std::string(tables::kObjectsTable);
  request.partition = Value::S(bucket);
  request.sort = items::SortCondition::BeginsWith(Value::S(location));
  request.limit = catalog::kPageItems;
  do {
    TRY(const items::Page page, store_.Query(op, request));
    for (const Item& item : page.items) {
      const std::string_view key = item.Text("key");
      if (IsIndexedKey(key))
        writes_.push_back(
            Write::Remove(FileDocumentId(ref, fmt::format("/{}", key.substr(location.size())))));
    }
    TRY_OK(FlushIfFull(op));
    request.after = page.next;
  } while (!request.after.empty());
  return Ok();
}

Status Pass::DoFiles(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                     const Work& work) {
  const auto& owner = records.owner();
  std::set<std::string> paths = work.paths;
  if (!owner) {
    // Its folder is not known: the path begins behind one of the slashes.
    for (const std::string& key : work.keys)
      for (const auto& [folder, rest] : FoldersOf(key))
        writes_.push_back(Write::Remove(FileDocumentId(ref, fmt::format("/{}", rest))));
  } else if (!work.keys.empty() && !owner->location.empty()) {
    TRY(const auto bucket, maker_.FindBucket(op, owner->bucket_id));
    if (bucket && bucket->name == work.bucket)
      for (const std::string& key : work.keys)
        if (key.starts_with(owner->location))
          paths.insert(fmt::format("/{}", key.substr(owner->location.size())));
  }
  const std::vector<std::string> all(paths.begin(), paths.end());
  for (std::size_t i = 0; i < all.size(); i += options_.piece) {
    TRY_OK(DoPaths(op, ref, records,
                   std::span(all).subspan(i, std::min(options_.piece, all.size() - i))));
    TRY_OK(FlushIfFull(op));
  }
  return Ok();
}

Status Pass::DoPaths(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                     std::span<const std::string> paths) {
  std::vector<Failure> failures;
  const Status done = maker_.AddFiles(op, ref, records, paths, writes_, failures);
  if (!done.ok()) {
    if (!IsOfData(done.error())) return done;
    if (paths.size() > 1) {
      // Which of them it is.
      for (std::size_t i = 0; i < paths.size(); ++i)
        TRY_OK(DoPaths(op, ref, records, paths.subspan(i, 1)));
      return Ok();
    }
    failures.push_back({FileDocumentId(ref, paths.front()), done.error()});
  }
  FailFiles(ref, std::move(failures));
  return Ok();
}

void Pass::FailFiles(const AssetRef& asset, std::vector<Failure> failures) {
  const std::size_t at = FileDocumentId(asset, "").size();
  for (Failure& failure : failures) {
    std::string path = failure.id.substr(at);
    Fail(DocumentRef::Kind::kFile, asset, std::move(path), std::move(failure.id),
         std::move(failure.error));
  }
}

// All of them now, or if there are many, a piece in each of the steps that follow.
Status Pass::DoAllFiles(OpContext& op, const AssetRef& ref, const catalog::Asset& owner) {
  const bool at_once = end_ == 0;
  std::vector<Write> puts;
  std::vector<Failure> failures;
  std::uint64_t objects = 0;
  TRY(auto reader, maker_.Read(op, owner, true));
  while (!reader.files_done()) {
    if (!at_once && objects >= options_.files_at_once) {
      // From the beginning, if some of it was done: that was of the asset as it was.
      const auto begun = memory_.jobs.find(ref);
      const auto hold = begun == memory_.jobs.end() ? from_ : std::min(from_, begun->second.hold);
      memory_.shown.erase(ref);
      memory_.jobs[ref] = {.hold = hold,
                           .end = end_,
                           .location = owner.location,
                           .after = {},
                           .key = {},
                           .failed = false};
      return Ok();
    }
    TRY(auto page, reader.NextFiles(op, options_.piece));
    objects += page.objects;
    for (auto& document : page.documents) puts.push_back(Write::Put(std::move(document)));
    std::ranges::move(page.failures, std::back_inserter(failures));
    if (!at_once) continue;
    std::ranges::move(std::exchange(puts, {}), std::back_inserter(writes_));
    TRY_OK(FlushIfFull(op));
  }
  memory_.jobs.erase(ref);
  if (!at_once && failures.empty()) memory_.shown[ref] = end_;
  FailFiles(ref, std::move(failures));
  std::ranges::move(puts, std::back_inserter(writes_));
  return FlushIfFull(op);
}

Status Pass::RunJob(OpContext& op) {
  // The oldest one, so that the position gets on.
  const auto job = std::ranges::min_element(memory_.jobs, {}, [](const auto& known) {
    return std::pair(known.second.hold, known.first);
  });
  if (job == memory_.jobs.end()) return Ok();
  const AssetRef ref = job->first;
  const std::size_t troubles = step_.troubles.size();
  auto done = DoPiece(op, ref, job->second);
  if (!done.ok()) {
    if (!IsOfData(done.error())) return done.error();
    Fail(DocumentRef::Kind::kFiles, ref, {}, AssetDocumentId(ref, false), done.error());
    done = true;
  }
  job->second.failed |= step_.troubles.size() > troubles;
  if (!*done) return Ok();
  if (!job->second.failed) memory_.shown[ref] = job->second.end;
  memory_.jobs.erase(job);
  return Ok();
}

// Whether it was the last one.
Result<bool> Pass::DoPiece(OpContext& op, const AssetRef& ref, FilesJob& job) {
  TRY(const auto records, maker_.FindRecords(op, ref));
  const auto& owner = records.owner();
  std::optional<Bucket> bucket;
  if (owner && owner->location == job.location) {
    TRY(bucket, maker_.FindBucket(op, owner->bucket_id));
  }
  if (!bucket) {
    // What became of the asset the log will tell.
    job.failed = true;
    return true;
  }
  items::QueryRequest request;
  request.table = std::string(tables::kObjectsTable);
  request.partition = Value::S(bucket->name);
  request.sort = items::SortCondition::BeginsWith(Value::S(job.location));
  request.limit = options_.piece;
  request.after = job.after;
  TRY(const items::Page page, store_.Query(op, request));
  std::vector<std::string> paths;
  for (const Item& item : page.items) {
    job.key = item.Text("key");
    if (IsIndexedKey(job.key)) paths.push_back("/" + job.key.substr(job.location.size()));
  }
  TRY_OK(DoPaths(op, ref, records, paths));
  TRY_OK(FlushIfFull(op));
  job.after = page.next;
  return job.after.empty();
}

// ---- Handing it over.

// All but what the target does not take for its own sake.
Status Pass::ApplyBut(OpContext& op, std::span<const Write> writes) {
  const Status done = target_.Apply(op, writes, position_);
  if (done.ok() || !MayBeOfDocuments(done.error())) return done;
  if (writes.size() > 1) {
    TRY_OK(ApplyBut(op, writes.first(writes.size() / 2)));
    return ApplyBut(op, writes.subspan(writes.size() / 2));
  }
  const Write& write = writes.front();
  DocumentRef ref;
  if (write.document) {
    const auto text = [&](std::string_view field) {
      const auto* value = write.document->source.if_contains(field);
      return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                    : std::string();
    };
    ref.kind = write.document->kind == search::Kind::kFile ? DocumentRef::Kind::kFile
                                                           : DocumentRef::Kind::kAsset;
    ref.asset = {text("str_databaseid"), text("str_assetid")};
    ref.path = text("str_key");
  }
  step_.troubles.push_back({.ref = std::move(ref), .id = write.id, .error = done.error()});
  return Ok();
}

Status Pass::Apply(OpContext& op, search::Position position) {
  std::vector<Write> writes = std::exchange(writes_, {});
  // There is none with such an id.
  std::erase_if(writes, [](const Write& write) {
    return !write.document && write.id.size() > search::kMaxIdBytes;
  });
  const Status done = target_.Apply(op, writes, position);
  if (!done.ok()) {
    if (!MayBeOfDocuments(done.error()) || writes.empty()) return done;
    // Nothing is wrong with the index itself, then?
    if (!target_.Apply(op, {}, position_).ok()) return done;
    TRY_OK(ApplyBut(op, writes));
    if (position != position_) TRY_OK(target_.Apply(op, {}, position));
  }
  for (const Write& write : writes) ++(write.document ? step_.put : step_.removed);
  return Ok();
}

Status Pass::Finish(OpContext& op, search::Position position, Follower::Move move) {
  const bool applied = step_.put + step_.removed > 0;
  if (writes_.empty() &&
      (position <= position_ || (move == Follower::Move::kWithDocuments && !applied)))
    return Ok();
  return Apply(op, std::max(position, position_));
}

}  // namespace vams::indexing
