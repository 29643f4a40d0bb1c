#include "demo/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "access/constraint.h"
#include "access/policy.h"
#include "catalog/asset_edit.h"
#include "catalog/asset_links.h"
#include "catalog/asset_versions.h"
#include "catalog/assets.h"
#include "catalog/databases.h"
#include "catalog/metadata_records.h"
#include "catalog/tag_records.h"

namespace vams::demo {

using catalog::AssetEdit;
using catalog::AssetPlace;
using items::Value;
using items::Write;

namespace {

constexpr std::size_t kMostBuckets = 1000;

// May do everything with databases and assets: the load is the operator's own doing.
catalog::Caller Operator(const std::string& user) {
  std::vector<access::Constraint> constraints;
  for (const std::string type : {"database", "asset"}) {
    access::Constraint constraint{.id = "demo-" + type,
                                  .name = type,
                                  .description = {},
                                  .object_type = type,
                                  .criteria_and = {{"databaseId", "contains", {".*"}, false, {}}},
                                  .criteria_or = {},
                                  .groups = {},
                                  .users = {}};
    for (const std::string action : {"GET", "PUT", "POST", "DELETE"})
      constraint.users.push_back({user, action, "allow", {}});
    constraints.push_back(std::move(constraint));
  }
  auto identity = std::make_shared<identity::Identity>();
  identity->user = user;
  return {std::move(identity),
          std::make_shared<const access::Policy>(access::Policy::Compile(user, {}, constraints))};
}

class Loader {
 public:
  Loader(OpContext& op, const catalog::Stores& stores, const std::string& user,
         const std::string& bucket)
      : op_(op),
        bucket_(bucket),
        stores_(stores),
        caller_(Operator(user)),
        assets_(stores),
        versions_(stores),
        links_(stores) {}

  Status Run(const Library& library) {
    TRY_OK(MakeDatabases(library));
    TRY_OK(MakeTags(library));
    for (const DemoAsset& asset : library.assets) TRY_OK(MakeAsset(asset));
    for (const DemoLink& link : library.links) TRY_OK(MakeLink(link));
    return Ok();
  }
  const Loaded& loaded() const { return loaded_; }

 private:
  // What is there already is fine.
  static bool Exists(const Status& status) { return status.error().code == Code::kConflict; }

  Status MakeDatabases(const Library& library) {
    TRY(const auto page, catalog::ListBuckets(op_, stores_.items, "", kMostBuckets));
    const auto own = std::ranges::find_if(page.buckets, [this](const catalog::Bucket& bucket) {
      return bucket.name == bucket_ && bucket.prefix == "/";
    });
    if (own == page.buckets.end())
      return Error(Code::kNotFound,
                   "the stack has no bucket of its own, so the demonstration has no place; set "
                   "app.assetBuckets.createNewBucket to true and start the stack once");
    catalog::Databases databases(stores_.items, stores_.clock);
    for (const DemoDatabase& database : library.databases) {
      const Status made = databases.Create(op_, caller_,
                                           {.id = database.id,
                                            .description = database.description,
                                            .bucket = own->id,
                                            .restrict_metadata = false,
                                            .extensions = {}});
      if (made.ok())
        ++loaded_.databases;
      else if (!Exists(made))
        return made;
    }
    return Ok();
  }

  // What is there already stays as it is.
  Status CommitIfNew(std::vector<Write> writes) {
    const auto done = stores_.items.Commit(op_, writes);
    if (!done.ok() && done.error().code != Code::kConflict) return done.error();
    return Ok();
  }

  Status MakeTags(const Library& library) {
    for (const DemoTagType& type : library.tag_types) {
      TRY_OK(CommitIfNew({catalog::PutNewTagType(
          {.name = type.name, .description = type.description, .required = false})}));
      for (const auto& [name, description] : type.tags)
        TRY_OK(CommitIfNew(
            {catalog::PutNewTag({.name = name, .description = description, .type = type.name}),
             catalog::CheckTagType(type.name), catalog::TouchTags()}));
    }
    return Ok();
  }

  Result<AssetPlace> PlaceOf(const DemoAsset& asset) {
    TRY(auto found, catalog::FindAsset(op_, stores_.items, asset.database, asset.id));
    if (!found)
      return Error(Code::kNotFound, fmt::format("asset {} vanished while it was made", asset.id));
    return catalog::PlaceOf(op_, stores_.items, *std::move(found));
  }

  Status MakeAsset(const DemoAsset& asset) {
    const auto made = assets_.Create(op_, caller_,
                                     {.database_id = asset.database,
                                      .id = asset.id,
                                      .name = asset.name,
                                      .description = asset.description,
                                      .distributable = true,
                                      .tags = asset.tags,
                                      .existing_key = {}});
    if (made.ok())
      ++loaded_.assets;
    else if (made.error().code != Code::kConflict)
      return made.error();
    TRY(const auto archived,
        catalog::FindArchivedAsset(op_, stores_.items, asset.database, asset.id));
    if (archived) return Ok();
    for (std::size_t i = 0; i < asset.versions.size(); ++i) {
      TRY(const AssetPlace place, PlaceOf(asset));
      std::size_t current = 0;
      const std::string& id = place.asset.current_version;
      std::from_chars(id.data(), id.data() + id.size(), current);
      if (current > i) continue;  // made before, or by somebody who has gone on with the asset
      TRY_OK(MakeVersion(asset, place, asset.versions[i], i == 0));
    }
    return Ok();
  }

  // The files and everything else of the asset in one commit, then the version.
  Status MakeVersion(const DemoAsset& asset, const AssetPlace& place, const DemoVersion& version,
                     bool first) {
    AssetEdit edit(stores_, place);
    for (const DemoFile& file : version.files) {
      objects::ObjectMetadata metadata = catalog::OwnedBy(place.asset);
      metadata.content_type = "binary/octet-stream";
      if (!file.primary_type.empty())
        metadata.user[catalog::kPrimaryTypeMetadata] = file.primary_type;
      TRY_OK(Put(edit, place.ObjectAt(file.path), file.content, std::move(metadata)));
    }
    if (first) {
      const std::string preview = fmt::format(
          "{}previews/{}/{}.png", catalog::BasePrefix(place.bucket), asset.id, asset.id);
      objects::ObjectMetadata metadata = catalog::OwnedBy(place.asset);
      metadata.content_type = "binary/octet-stream";
      TRY_OK(Put(edit, place.Object(preview), asset.preview_png, std::move(metadata)));
      edit.Set("previewLocation", Value::M({{"Key", Value::S(preview)}}));
      for (const DemoField& field : asset.metadata)
        edit.Write(catalog::PutMetadata({asset.database, asset.id},
                                        {.kind = catalog::MetadataKind::kMetadata,
                                         .path = "/",
                                         .key = field.key,
                                         .value = field.value,
                                         .type = field.type}));
    }
    TRY([[maybe_unused]] const auto done, edit.Commit(op_));
    loaded_.files += version.files.size();
    TRY([[maybe_unused]] const auto made,
        versions_.Create(
            op_, caller_, {asset.database, asset.id},
            {.latest = true, .files = {}, .comment = version.comment, .alias = version.alias}));
    ++loaded_.versions;
    return Ok();
  }

  Status Put(AssetEdit& edit, objects::ObjectId object, const std::string& content,
             objects::ObjectMetadata metadata) {
    TRY(auto staged, stores_.objects.Stage(op_, objects::SourceOf(content), {}));
    edit.objects().Add(
        objects::PutChange{std::move(object), std::move(staged), std::move(metadata), {}});
    return Ok();
  }

  Status MakeLink(const DemoLink& link) {
    const auto made = links_.Create(op_, caller_,
                                    {.from_database = link.from_database,
                                     .from_asset = link.from,
                                     .to_database = link.to_database,
                                     .to_asset = link.to,
                                     .parent_child = link.parent_child,
                                     .alias = link.alias,
                                     .tags = {}});
    if (made.ok())
      ++loaded_.links;
    else if (made.error().code != Code::kConflict && made.error().code != Code::kNotFound)
      return made.error();
    return Ok();
  }

  OpContext& op_;
  const std::string& bucket_;
  const catalog::Stores& stores_;
  catalog::Caller caller_;
  catalog::Assets assets_;
  catalog::AssetVersions versions_;
  catalog::AssetLinks links_;
  Loaded loaded_;
};

}  // namespace

Result<Loaded> Load(OpContext& op, const catalog::Stores& stores, const std::string& user,
                    const std::string& bucket, const Library& library) {
  Loader loader(op, stores, user, bucket);
  TRY_OK(loader.Run(library));
  return loader.loaded();
}

Result<bool> IsEmpty(OpContext& op, const catalog::Stores& stores) {
  TRY(const auto page, stores.items.Scan(op, catalog::kDatabasesTable, {}, "", 1));
  return page.items.empty();
}

}  // namespace vams::demo
