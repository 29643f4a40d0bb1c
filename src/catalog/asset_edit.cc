#include "catalog/asset_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/contention.h"
#include "base/log.h"

namespace vams::catalog {

using items::Condition;
using items::Mutation;
using items::Value;
using objects::VersionInfo;

namespace {

constexpr std::string_view kType = "assetType";
// How often a type is settled while others change the files.
constexpr int kSettleAttempts = 20;

// The type that the live files give; nothing if there is none.  Two are as good as any number.
Result<std::optional<std::string>> TypeOfFiles(OpContext& op, objects::ObjectStore& objects,
                                               const AssetPlace& place) {
  std::optional<std::string> only;
  objects::ListRequest request{.bucket = place.bucket.name, .prefix = place.root(), .limit = 4};
  // Folder markers may come first: then the pages grow.
  do {
    TRY(auto page, objects.List(op, request));
    for (const VersionInfo& info : page.objects) {
      if (IsFolderKey(info.object.key)) continue;
      if (only) return std::optional<std::string>("folder");
      const std::string extension = ExtensionOf(info.object.key);
      only = extension.empty() ? "unknown" : extension;
    }
    request.cursor = std::move(page.next);
    request.limit = objects::ListRequest().limit;
  } while (!request.cursor.empty());
  return only;
}

// Hides files or removes them, or versions of them.
bool RemovesObjects(const objects::ObjectChanges& changes) {
  return std::ranges::any_of(changes.edits(), [](const objects::ObjectEdit& edit) {
    return std::holds_alternative<objects::DeleteChange>(edit) ||
           std::holds_alternative<objects::DeleteVersionChange>(edit);
  });
}

}  // namespace

void AssetEdit::Set(std::string attribute, Value value) {
  mutations_.push_back({Mutation::Op::kSet, std::move(attribute), std::move(value)});
}

void AssetEdit::Remove(std::string attribute) {
  mutations_.push_back({Mutation::Op::kRemove, std::move(attribute), {}});
}

void AssetEdit::Expect(std::string attribute, Value value) {
  conditions_.push_back(Condition::Equals(std::move(attribute), std::move(value)));
}

void AssetEdit::ExpectMetadata(const AssetMarks& marks, const MetadataStripes& stripes) {
  std::ranges::move(stripes.Unchanged(marks), std::back_inserter(marks_));
}

void AssetEdit::ChangeMetadata(const MetadataStripes& stripes) {
  std::ranges::move(stripes.Raised(), std::back_inserter(more_marks_));
}

Result<std::vector<std::optional<VersionInfo>>> AssetEdit::Commit(OpContext& op) {
  const items::Item key = AssetKey(place_.asset.database_id, place_.asset.id);
  conditions_.push_back(Condition::Exists());
  // Last, so that the indexes of conflicts are those of the caller's writes.
  writes_.push_back(
      mutations_.empty()
          ? items::Write::Check(kAssetsTable, key, std::move(conditions_))
          : items::Write::Update(kAssetsTable, key, std::move(mutations_), std::move(conditions_)));
  const int own = static_cast<int>(writes_.size()) - 1;
  // Who archives or deletes the asset notices it; without conditions, it is in nobody's way.
  if (RemovesObjects(objects_)) more_marks_.push_back(OneRemoval());
  writes_.push_back(Touch(PairOf(place_.asset.database_id, place_.asset.id), std::move(more_marks_),
                          std::move(marks_)));
  int ours = 2;
  if (announcement_) {
    TRY(auto notice, NoticeOf(op, stores_, place_.asset, *std::move(announcement_)));
    if (notice) {
      writes_.push_back(*std::move(notice));
      ++ours;
    }
  }
  auto made = stores_.objects.Commit(op, objects_, writes_, following_);
  if (!made.ok()) {
    Error error = std::move(made).error();
    if (error.index >= own + ours) {
      error.index -= ours;
    } else if (error.index > own) {
      error.index = -1;
    } else if (error.index == own && error.code == Code::kConflict) {
      TRY(const auto there,
          FindAsset(op, stores_.items, place_.asset.database_id, place_.asset.id));
      if (!there) return Error(Code::kNotFound, "Asset not found in database.");
      error.index = -1;
    }
    return error;
  }
  // The commit stands whatever becomes of the type, which follows with the next change at the
  // latest.
  if (!objects_.empty())
    if (const auto type = SettleAssetType(op, stores_, place_); !type.ok())
      LogWarning(fmt::format("the type of asset {} could not be settled: {}",
                             PairOf(place_.asset.database_id, place_.asset.id),
                             type.error().message));
  return made;
}

Result<std::string> SettleAssetType(OpContext& op, const Stores& stores, const AssetPlace& place) {
  std::string stored;
  for (Contention contention(kSettleAttempts); contention.Next();) {
    // The record first: files that come behind it settle the type themselves.
    TRY(const auto asset, FindAsset(op, stores.items, place.asset.database_id, place.asset.id));
    if (!asset) return place.asset.type;
    stored = asset->type;
    TRY(const auto type, TypeOfFiles(op, stores.objects, place));
    if (!type || *type == stored) return stored;
    const items::Write writes[] = {items::Write::Update(
        kAssetsTable, AssetKey(asset->database_id, asset->id),
        {{Mutation::Op::kSet, std::string(kType), Value::S(*type)}},
        {Condition::Exists(), Condition::Equals(std::string(kType), Value::S(stored))})};
    const auto done = stores.items.Commit(op, writes);
    if (done.ok()) return *type;
    if (done.error().code != Code::kConflict) return done.error();
  }
  return stored;
}

}  // namespace vams::catalog
