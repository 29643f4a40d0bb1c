#include "model/export.h"

#include "model/text.h"

namespace vams::model {

namespace {

constexpr std::string_view kNotNull =
    "none is not an allowed value (type=type_error.none.not_allowed)";

bool Flag(ObjectReader& reader, std::string_view name, bool otherwise) {
  if (reader.IsNull(name)) reader.problems().Add(reader.Where(name), std::string(kNotNull));
  return reader.OptionalBool(name).value_or(otherwise);
}

// With its dot and in lower case, as extensions of files are compared.
std::string Extension(std::string_view given) {
  std::string text = Lower(given);
  return text.starts_with('.') ? text : '.' + text;
}

}  // namespace

ExportRequest ReadExport(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  ExportRequest request;
  request.signed_urls = Flag(reader, "generatePresignedUrls", false);
  request.folders = Flag(reader, "includeFolderFiles", false);
  request.primary_only = Flag(reader, "includeOnlyPrimaryTypeFiles", false);
  request.file_metadata = Flag(reader, "includeFileMetadata", true);
  request.link_metadata = Flag(reader, "includeAssetLinkMetadata", true);
  request.asset_metadata = Flag(reader, "includeAssetMetadata", true);
  request.relationships = Flag(reader, "fetchAssetRelationships", true);
  request.whole_tree = Flag(reader, "fetchEntireChildrenSubtrees", false);
  // Known, checked and without effect, as clients know them.
  Flag(reader, "includeParentRelationships", false);
  Flag(reader, "includeArchivedFiles", false);
  for (std::string& extension : reader.Texts("fileExtensions", false))
    request.extensions.push_back(Extension(std::move(extension)));
  if (reader.IsNull("maxAssets")) problems.Add("maxAssets", std::string(kNotNull));
  request.max_assets = static_cast<std::size_t>(reader.OptionalInt("maxAssets", 1).value_or(100));
  request.token = reader.OptionalText("startingToken", {.required = false});
  return request;
}

}  // namespace vams::model
