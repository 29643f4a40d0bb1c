#include "model/asset.h"

#include <fmt/format.h>

namespace vams::model {

namespace {

constexpr std::size_t kLongest = 256;
constexpr TextRule kAssetName{.min = 1, .max = kLongest};
constexpr TextRule kAssetDescription{.min = 4, .max = kLongest};

TextRule Optional(TextRule rule) {
  rule.required = false;
  return rule;
}

}  // namespace

Complaint CheckNewAssetId(std::string_view value) {
  if (value.find('/') != value.npos) return "Asset identifier cannot contain forward slashes";
  return CheckAssetId("assetId", value);
}

void CheckTags(const std::vector<std::string>& tags, Problems& problems) {
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (Length(tags[i]) > kLongest)
      problems.Add(fmt::format("tags -> {}", i),
                   fmt::format("ensure this value has at most {0} characters "
                               "(type=value_error.any_str.max_length; limit_value={0})",
                               kLongest));
}

NewAsset ReadNewAsset(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewAsset asset;
  asset.database_id = reader.Text("databaseId", kAssetDescription);
  const auto id = reader.OptionalText("assetId", Optional(kAssetName));
  asset.name = reader.Text("assetName", kAssetName);
  asset.description = reader.Text("description", kAssetDescription);
  asset.distributable = reader.Bool("isDistributable");
  asset.tags = reader.Texts("tags", false);
  asset.existing_key = reader.OptionalText("bucketExistingKey", {.required = false});
  if (asset.existing_key == "") asset.existing_key.reset();
  CheckTags(asset.tags, problems);
  // The empty id has its complaint already.
  if (id && !id->empty()) problems.Add(CheckNewAssetId(*id));
  asset.id = id.value_or("");
  return asset;
}

AssetChange ReadAssetChange(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  AssetChange change;
  change.name = reader.OptionalText("assetName", Optional(kAssetName));
  change.description = reader.OptionalText("description", Optional(kAssetDescription));
  change.distributable = reader.OptionalBool("isDistributable");
  if (reader.Has("tags")) {
    change.tags = reader.Texts("tags", false);
    CheckTags(*change.tags, problems);
  }
  if (!reader.Has("assetName") && !reader.Has("description") && !reader.Has("isDistributable") &&
      !reader.Has("tags"))
    problems.Add("__root__", "At least one field must be provided for update");
  return change;
}

Reasoned ReadReasoned(const boost::json::object& body, std::string_view confirmation,
                      std::string_view what, Problems& problems) {
  ObjectReader reader(body, problems);
  Reasoned reasoned;
  reasoned.reason = reader.OptionalText("reason", {.required = false, .max = kLongest});
  const auto confirmed = reader.OptionalBool(confirmation);
  reasoned.confirmed = confirmed.value_or(false);
  if (confirmed == false && !what.empty())
    problems.Add("__root__", fmt::format("{} must be true for {}", confirmation, what));
  return reasoned;
}

}  // namespace vams::model
