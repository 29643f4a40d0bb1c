// Versions of assets as they are read again: what they hold, and going back to one.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "catalog/asset_version_files.h"
#include "catalog/asset_versions.h"
#include "catalog/asset_versions_edit.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Value;
using objects::VersionInfo;

namespace {

// Derived data of more files than this is found by going once over that of the whole asset.
constexpr std::size_t kFewReverted = 50;

Result<AssetVersion> Find(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                          std::string_view id) {
  TRY(auto version, FindVersion(op, source, asset, id));
  if (!version) return Error(Code::kNotFound, "Version not found");
  return *std::move(version);
}

// Removes what viewers and pipelines made of these keys.
Status RemoveDerived(OpContext& op, const Stores& stores, const AssetPlace& place,
                     const std::set<std::string, std::less<>>& keys,
                     objects::ObjectChanges& changes) {
  if (keys.size() <= kFewReverted) {
    for (const std::string& key : keys)
      TRY_OK(RemoveAuxiliary(op, stores.objects, stores.auxiliary_bucket, key + "/", changes));
    return Ok();
  }
  TRY(const auto derived, AllVersions(op, stores.objects, stores.auxiliary_bucket, place.root()));
  for (const VersionInfo& version : derived) {
    const std::string_view key = version.object.key;
    for (std::size_t slash = key.find('/'); slash != key.npos; slash = key.find('/', slash + 1)) {
      if (!keys.contains(key.substr(0, slash))) continue;
      changes.Add(objects::DeleteVersionChange{version.object, version.version_id});
      break;
    }
  }
  return Ok();
}

}  // namespace

Result<AssetVersionDetails> AssetVersions::Get(OpContext& op, Caller& caller, const AssetIds& asset,
                                               std::string_view id) {
  TRY(const auto place, Open(op, caller, asset, Action::kGet));
  AssetVersionDetails details;
  TRY(details.version, Find(op, stores_.items, asset, id));
  TRY(const auto files, FileRowsOf(op, stores_.items, asset, id));
  details.files.reserve(files.size());
  TRY_OK(VisitStoredFiles(
      op, stores_.objects, place, files, [&](const FileVersion& file, const StoredFile& stored) {
        details.files.push_back({file, !stored.version.has_value(), stored.latest_archived});
      }));
  TRY(details.metadata, MetadataRowsOf(op, stores_.items, asset, id));
  return details;
}

Result<MadeVersion> AssetVersions::Revert(OpContext& op, Caller& caller, const AssetIds& asset,
                                          std::string_view id,
                                          const model::AssetVersionRevert& revert) {
  return Make(op, caller, asset, fmt::format("[REVERTED FROM v{}] {}", id, revert.comment), "",
              [&](Edit& edit) -> Status {
                TRY_OK(Find(op, stores_.items, asset, id));
                edit.changes.Announce({NoticeKind::kVersionReverted, caller.user()});
                std::vector<MetadataRow> snapshot;
                if (revert.metadata) {
                  TRY(snapshot, MetadataRowsOf(op, stores_.items, asset, id));
                }
                for (const MetadataRow& row : snapshot) edit.Describe(row.path);
                TRY_OK(AddReverted(op, edit, id));
                // A version without metadata leaves that of today as it is.
                if (!snapshot.empty()) RevertMetadata(edit, std::move(snapshot));
                return Ok();
              });
}

Status AssetVersions::AddReverted(OpContext& op, Edit& edit, std::string_view id) {
  TRY(const auto files, FileRowsOf(op, stores_.items, edit.asset, id));
  std::vector<FileVersion> reverted;
  std::set<std::string, std::less<>> keys;
  TRY_OK(VisitStoredFiles(
      op, stores_.objects, edit.place, files, [&](const FileVersion& file, StoredFile stored) {
        if (!stored.version || stored.version->is_delete_marker) {
          edit.made.skipped.push_back(file.path);
          return;
        }
        const objects::ObjectId object = stored.version->object;
        edit.changes.objects().Add(objects::CopyChange{
            .from = object,
            .version_id = file.version_id,
            .to = object,
            .metadata = WithOwner(std::move(stored.version->metadata), edit.place.asset),
            .condition = {}});
        keys.insert(object.key);
        edit.Include(file.path);
        reverted.push_back(file);
      }));
  edit.made.files = reverted.size();
  TRY_OK(RemoveDerived(op, stores_, edit.place, keys, edit.changes.objects()));
  // The ids of the new object versions are known when the commit is made.
  edit.changes.Follow([files = std::move(reverted), asset = edit.asset,
                       version = edit.version](std::span<const std::optional<VersionInfo>> made) {
    std::vector<items::Write> rows;
    rows.reserve(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      FileVersion file = files[i];
      file.version_id = made[i]->version_id;
      file.last_modified = version.created_at;
      rows.push_back(PutFileVersion(asset, version.id, file, version.created_at));
    }
    return rows;
  });
  return Ok();
}

void AssetVersions::RevertMetadata(Edit& edit, std::vector<MetadataRow> snapshot) {
  std::erase_if(snapshot, [&](const MetadataRow& row) { return !edit.Covers(row); });

  // Whoever writes a row in between makes this attempt fail: no change is undone unseen, and none
  // that is new stays beside those of the version.
  MetadataStripes all;
  all.AddAll();
  edit.changes.ExpectMetadata(edit.marks, all);
  edit.changes.ChangeMetadata(all);
  using Place = std::tuple<MetadataKind, std::string, std::string>;
  std::map<Place, const MetadataRow*> there;
  for (const MetadataRow& row : edit.metadata) there[{row.kind, row.path, row.key}] = &row;
  for (const MetadataRow& row : snapshot) {
    items::Write put = PutMetadata(edit.asset, row);
    const auto now = there.find({row.kind, row.path, row.key});
    put.conditions = {now == there.end() ? Condition::Absent() : IsUnchanged(*now->second)};
    edit.changes.Write(std::move(put));
    if (now != there.end()) there.erase(now);
  }
  for (const auto& [at, row] : there) {
    items::Write remove = DeleteMetadata(edit.asset, *row);
    remove.conditions = {IsUnchanged(*row)};
    edit.changes.Write(std::move(remove));
  }
  edit.metadata = std::move(snapshot);
}

}  // namespace vams::catalog
