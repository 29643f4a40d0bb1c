#include "model/download.h"

#include <fmt/format.h>

namespace vams::model {

namespace {

constexpr TextRule kOptional{.required = false};

bool ReadIsPreview(ObjectReader& reader) {
  const auto type = reader.OptionalText("downloadType");
  if (type && *type != "assetFile" && *type != "assetPreview")
    reader.problems().Add(
        reader.Where("downloadType"),
        fmt::format("unexpected value; permitted: 'assetFile', 'assetPreview' "
                    "(type=value_error.const; given={}; permitted=('assetFile', 'assetPreview'))",
                    *type));
  return type == "assetPreview";
}

}  // namespace

Complaint CheckVersionChoice(const VersionChoice& choice) {
  const int given =
      !choice.version_id.empty() + !choice.asset_version.empty() + !choice.alias.empty();
  if (given <= 1) return std::nullopt;
  return "Only one of versionId, assetVersionId, or assetVersionIdAlias can be specified";
}

DownloadRequest ReadDownload(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  DownloadRequest request;
  request.preview = ReadIsPreview(reader);
  request.key = reader.OptionalText("key", {.required = false, .min = 1});
  request.version = {.version_id = reader.Text("versionId", kOptional),
                     .asset_version = reader.Text("assetVersionId", kOptional),
                     .alias = reader.Text("assetVersionIdAlias", kOptional)};
  if (auto complaint = CheckVersionChoice(request.version))
    problems.Add(*std::move(complaint));
  else if (request.preview && !request.version.empty())
    problems.Add("Version parameters are not allowed for assetPreview downloads");
  return request;
}

}  // namespace vams::model
