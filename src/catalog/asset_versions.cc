#include "catalog/asset_versions.h"
#include "base/contention.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "catalog/asset_marks.h"
#include "catalog/asset_versions_edit.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Mutation;
using items::Value;
using objects::VersionInfo;

namespace {

constexpr std::string_view kMissing = "Asset not found in database";
constexpr std::string_view kCurrent = "currentVersionId";
constexpr std::size_t kMostCounts = 10'000;
// How often a version is tried while others change the asset.  The first attempts want everything
// to be as it was while the files were listed; those that follow, that nothing was taken away, so
// that uploads which never pause do not keep versions from being made.
constexpr int kExactAttempts = 3;
constexpr int kVersionAttempts = 200;

bool IsCurrent(const Asset& asset, std::string_view id) {
  if (id == asset.current_version) return true;
  const auto number = VersionNumber(id);
  return number && number == VersionNumber(asset.current_version);
}

// The store's own ways to say that the asset is not there differ from the wire's here.
Error Worded(Error error) {
  if (error.code == Code::kNotFound && error.index < 0) error.message = kMissing;
  return error;
}

FileVersion FileOf(const AssetPlace& place, const VersionInfo& info) {
  FileVersion file{.path = place.PathOf(info.object.key),
                   .version_id = info.version_id,
                   .size = info.size,
                   .last_modified = std::nullopt,
                   .etag = std::nullopt};
  if (info.last_modified_millis) file.last_modified = ObjectTime(info.last_modified_millis);
  if (!info.etag.empty()) file.etag = info.etag;
  return file;
}

}  // namespace

// ---- One attempt.

Status AssetVersions::Edit::Begin(OpContext& op, const std::string& user, std::string comment,
                                  std::string alias) {
  TRY(const auto versions, VersionsOf(op, stores_.items, asset));
  std::int64_t last = VersionNumber(place.asset.current_version).value_or(0);
  // Data of others may have versions behind the current one.
  for (const AssetVersion& other : versions)
    last = std::max(last, VersionNumber(other.id).value_or(0));
  version = {.id = std::to_string(last + 1),
             .created_at = IsoMicrosNoZone(stores_.clock.NowMillis()),
             .created_by = user,
             .comment = std::move(comment),
             .description = place.asset.description,
             .alias = std::nullopt,
             .archived = false,
             .marked_current = true};
  if (!alias.empty()) version.alias = std::move(alias);
  made.id = version.id;

  changes.Set(std::string(kCurrent), Value::S(version.id));
  // Of two who make a version at once, one begins anew.
  if (const Value* current = place.asset.item.Find(kCurrent); current != nullptr)
    changes.Expect(std::string(kCurrent), *current);
  for (const AssetVersion& other : versions)
    if (other.marked_current)
      changes.Write(items::Write::Update(
          kAssetVersionsTable, AssetVersionKey(asset, other.id),
          {{Mutation::Op::kSet, "isCurrentVersion", Value::Bool(false)}}, {Condition::Exists()}));
  changes.Write(items::Write::Put(kAssetVersionsTable, AssetVersionItem(asset, version),
                                  {Condition::Absent()}));
  return Ok();
}

void AssetVersions::Edit::AddFile(const FileVersion& file) {
  changes.Write(PutFileVersion(asset, version.id, file, version.created_at));
  ++made.files;
  Include(file.path);
}

void AssetVersions::Edit::Include(std::string_view path) {
  const std::string wire = std::string("/").append(path);
  if (described_.contains(wire)) included_.insert(wire);
}

Status AssetVersions::Edit::ReadMetadata(OpContext& op) {
  TRY(metadata, MetadataOfAsset(op, stores_.items, asset));
  for (const MetadataRow& row : metadata) Describe(row.path);
  return Ok();
}

bool AssetVersions::Edit::Covers(const MetadataRow& row) const {
  if (row.path == "/") return row.kind == MetadataKind::kMetadata;
  return included_.contains(row.path);
}

Status AssetVersions::Edit::AddMetadata() {
  for (const MetadataRow& row : metadata) {
    if (!Covers(row)) continue;
    if (MetadataKindName(row.kind).size() + row.path.size() + row.key.size() + 2 > kMaxSortBytes)
      return Error(
          Code::kTooLarge,
          fmt::format("a version cannot hold the {} \"{}\" of {}: path and key are too long "
                      "together, so no version was made; shorten one of them",
                      MetadataKindName(row.kind), row.key, row.path));
    changes.Write(PutMetadataVersion(asset, version.id, row, version.created_at));
  }
  return Ok();
}

// ---- Making versions.

Result<AssetPlace> AssetVersions::Open(OpContext& op, Caller& caller, const AssetIds& asset,
                                       Action action) {
  return OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id, action, kMissing);
}

Result<MadeVersion> AssetVersions::Make(OpContext& op, Caller& caller, const AssetIds& asset,
                                        const std::string& comment, const std::string& alias,
                                        const Filler& fill) {
  for (Contention contention(kVersionAttempts); contention.Next();) {
    TRY_OK(op.Check());
    // Before anything that depends on it.
    TRY(auto marks, ReadMarks(op, stores_.items, PairOf(asset.database_id, asset.asset_id)));
    TRY(auto place, Open(op, caller, asset, Action::kPost));
    Edit edit(stores_, std::move(place));
    edit.unchanged =
        contention.attempt() < kExactAttempts ? Unedited(marks) : NothingRemoved(marks);
    edit.marks = std::move(marks);
    TRY_OK(edit.Begin(op, caller.user(), comment, alias));
    TRY_OK(edit.ReadMetadata(op));
    TRY_OK(fill(edit));
    TRY_OK(edit.AddMetadata());
    auto done = edit.changes.Commit(op);
    if (done.ok()) {
      NoteFiles(asset, edit.version, edit.made.files);
      return std::move(edit.made);
    }
    // A version that was to be copied went meanwhile: the next attempt does without it.
    const bool gone = done.error().code == Code::kNotFound && done.error().index >= 0;
    if (done.error().code != Code::kConflict && !gone) return Worded(std::move(done).error());
  }
  return Error(Code::kUnavailable,
               "the asset is being changed by others all the time, so no version was made; try "
               "again");
}

Result<MadeVersion> AssetVersions::Create(OpContext& op, Caller& caller, const AssetIds& asset,
                                          const model::NewAssetVersion& version) {
  return Make(op, caller, asset, version.comment, version.alias, [&](Edit& edit) {
    edit.changes.ExpectMarks(edit.unchanged);
    edit.changes.Announce({NoticeKind::kVersionCreated, caller.user()});
    return version.latest ? AddLatest(op, edit) : AddNamed(op, edit, version.files);
  });
}

Status AssetVersions::AddLatest(OpContext& op, Edit& edit) {
  objects::ListRequest request{.bucket = edit.place.bucket.name, .prefix = edit.place.root()};
  do {
    TRY(const auto page, stores_.objects.List(op, request));
    for (const VersionInfo& info : page.objects)
      if (!IsFolderKey(info.object.key)) edit.AddFile(FileOf(edit.place, info));
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return Ok();
}

Status AssetVersions::AddNamed(OpContext& op, Edit& edit,
                               const std::vector<model::VersionedFile>& files) {
  for (const model::VersionedFile& file : files) {
    const std::string path(model::BarePath(file.path));
    auto info =
        stores_.objects.Head(op, edit.place.Object(edit.place.root() + path), file.version_id);
    if (info.ok() && !info->is_delete_marker && !path.empty()) {
      edit.AddFile(FileOf(edit.place, *info));
      continue;
    }
    // What cannot be the name of an object is not there either.
    if (!info.ok() && info.error().code != Code::kNotFound && info.error().code != Code::kInvalid &&
        info.error().code != Code::kTooLarge)
      return info.error();
    edit.made.skipped.push_back(file.path);
  }
  return Ok();
}

// ---- Lists.

void AssetVersions::NoteFiles(const AssetIds& asset, const AssetVersion& version,
                              std::uint64_t files) {
  const std::lock_guard lock(mutex_);
  if (counts_.size() >= kMostCounts) counts_.clear();
  counts_[CountName(asset, version)] = files;
}

std::string AssetVersions::CountName(const AssetIds& asset, const AssetVersion& version) {
  // The time tells it from a version of an earlier asset with these ids.
  return fmt::format("{}:{}:{}\n{}", asset.database_id, asset.asset_id, version.id,
                     version.created_at);
}

Result<std::uint64_t> AssetVersions::CountFiles(OpContext& op, const AssetIds& asset,
                                                const AssetVersion& version) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = counts_.find(CountName(asset, version));
    if (known != counts_.end()) return known->second;
  }
  TRY(const auto files, CountFileRows(op, stores_.items, asset, version.id));
  NoteFiles(asset, version, files);
  return files;
}

Result<AssetVersionPage> AssetVersions::List(OpContext& op, Caller& caller, const AssetIds& asset,
                                             bool archived_too, std::string_view after,
                                             std::size_t limit) {
  TRY(const auto place, Open(op, caller, asset, Action::kGet));
  TRY(auto versions, VersionsOf(op, stores_.items, asset));
  auto begin = versions.begin();
  if (!after.empty()) {
    begin = std::ranges::find(versions, after, &AssetVersion::id);
    if (begin == versions.end()) return Error(Code::kInvalid, "Invalid pagination token");
    ++begin;
  }
  AssetVersionPage page;
  for (auto version = begin; version != versions.end(); ++version) {
    if (version->archived && !archived_too) continue;
    if (page.versions.size() == limit) {
      page.next = page.versions.back().version.id;
      break;
    }
    TRY(const auto files, CountFiles(op, asset, *version));
    const bool current = IsCurrent(place.asset, version->id);
    page.versions.push_back({std::move(*version), current, files});
  }
  return page;
}

// ---- Changing what is there.

Status AssetVersions::Change(OpContext& op, const AssetPlace& place, const AssetIds& asset,
                             std::string_view id, std::vector<Mutation> mutations) {
  AssetEdit edit(stores_, place);
  edit.Write(items::Write::Update(kAssetVersionsTable, AssetVersionKey(asset, id),
                                  std::move(mutations), {Condition::Exists()}));
  auto done = edit.Commit(op);
  if (done.ok()) return Ok();
  if (done.error().code == Code::kConflict) return NoAssetVersion(id);
  return Worded(std::move(done).error());
}

Status AssetVersions::Update(OpContext& op, Caller& caller, const AssetIds& asset,
                             std::string_view id, const model::AssetVersionChange& change) {
  TRY(const auto place, Open(op, caller, asset, Action::kPut));
  TRY_OK(GetVersion(op, stores_.items, asset, id));
  std::vector<Mutation> mutations;
  if (change.comment)
    mutations.push_back({Mutation::Op::kSet, "comment", Value::S(*change.comment)});
  if (change.alias)
    mutations.push_back({Mutation::Op::kSet, "versionAlias", Value::S(*change.alias)});
  return Change(op, place, asset, id, std::move(mutations));
}

Status AssetVersions::SetArchived(OpContext& op, Caller& caller, const AssetIds& asset,
                                  std::string_view id, bool archived) {
  TRY(const auto place, Open(op, caller, asset, Action::kPost));
  TRY_OK(GetVersion(op, stores_.items, asset, id));
  // A version that is not the current one never becomes it: only new ones do.
  if (archived && IsCurrent(place.asset, id))
    return Error(Code::kConflict,
                 "Cannot archive the current version. Set a different version as current first.");
  return Change(op, place, asset, id, {{Mutation::Op::kSet, "isArchived", Value::Bool(archived)}});
}

}  // namespace vams::catalog
