#include "model/asset_version.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "model/text.h"

namespace vams::model {

namespace {

constexpr TextRule kComment{.min = 1, .max = 256};
constexpr TextRule kChangedComment{.required = false, .min = 1, .max = 1024};
constexpr TextRule kVersionAlias{.required = false, .max = 64};

}  // namespace

std::string_view BarePath(std::string_view path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path;
}

NewAssetVersion ReadNewAssetVersion(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewAssetVersion version;
  version.latest = reader.OptionalBool("useLatestFiles").value_or(false);
  reader.Each("files", [&](ObjectReader& file) {
    VersionedFile named{.path = file.Text("relativeKey", {.min = 1}),
                        .version_id = file.Text("versionId")};
    (void)file.OptionalBool("isArchived");
    version.files.push_back(std::move(named));
  });
  version.comment = reader.Text("comment", kComment);
  version.alias = reader.OptionalText("versionAlias", kVersionAlias).value_or("");

  std::set<std::string_view> paths;
  for (const VersionedFile& file : version.files)
    if (!paths.insert(BarePath(file.path)).second) {
      problems.Add("files", "Duplicate relative keys are not allowed");
      break;
    }
  const bool named = reader.Has("files") && !version.files.empty();
  if (!version.latest && !named)
    problems.Add("__root__",
                 "Either useLatestFiles must be true or a list of files must be provided");
  if (version.latest && named)
    problems.Add("__root__", "When useLatestFiles is true, files list should not be provided");
  return version;
}

AssetVersionChange ReadAssetVersionChange(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  AssetVersionChange change;
  change.comment = reader.OptionalText("comment", kChangedComment);
  change.alias = reader.OptionalText("versionAlias", kVersionAlias);
  if (change.alias) change.alias = std::string(Trim(*change.alias));
  if (!reader.Has("comment") && !reader.Has("versionAlias"))
    problems.Add("__root__", "At least one of 'comment' or 'versionAlias' must be provided");
  return change;
}

AssetVersionRevert ReadAssetVersionRevert(const boost::json::object& body, Problems& problems) {
  // What is missing counts as null here.
  boost::json::object filled = body;
  filled.emplace("comment", nullptr);
  ObjectReader reader(filled, problems);
  AssetVersionRevert revert;
  revert.comment = reader.Text("comment", kComment);
  revert.metadata = reader.OptionalBool("revertMetadata").value_or(false);
  return revert;
}

}  // namespace vams::model
