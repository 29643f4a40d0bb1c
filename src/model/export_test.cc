#include "model/export.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

ExportRequest ReadFrom(std::string_view body, std::string* complaint = nullptr) {
  Problems problems;
  const ExportRequest request = ReadExport(boost::json::parse(body).get_object(), problems);
  if (complaint != nullptr)
    *complaint = problems.empty() ? "" : problems.Text("Model");
  else
    EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  return request;
}

TEST(ReadExport, NothingAskedForMeansTheDefaults) {
  const ExportRequest request = ReadFrom("{}");
  EXPECT_FALSE(request.signed_urls || request.folders || request.primary_only ||
               request.whole_tree);
  EXPECT_TRUE(request.file_metadata && request.link_metadata && request.asset_metadata &&
              request.relationships);
  EXPECT_TRUE(request.extensions.empty());
  EXPECT_EQ(request.max_assets, 100U);
  EXPECT_EQ(request.token, std::nullopt);
}

TEST(ReadExport, EveryFieldHasItsPlace) {
  const ExportRequest request = ReadFrom(
      R"({"generatePresignedUrls": true, "includeFolderFiles": "yes",
          "includeOnlyPrimaryTypeFiles": 1, "includeFileMetadata": false,
          "includeAssetLinkMetadata": "off", "includeAssetMetadata": 0,
          "fetchAssetRelationships": "False", "fetchEntireChildrenSubtrees": true,
          "includeParentRelationships": true, "includeArchivedFiles": true,
          "fileExtensions": ["GLB", ".E57"], "maxAssets": "7", "startingToken": "abc"})");
  EXPECT_TRUE(request.signed_urls && request.folders && request.primary_only && request.whole_tree);
  EXPECT_FALSE(request.file_metadata || request.link_metadata || request.asset_metadata ||
               request.relationships);
  EXPECT_EQ(request.extensions, (std::vector<std::string>{".glb", ".e57"}));
  EXPECT_EQ(request.max_assets, 7U);
  EXPECT_EQ(request.token, "abc");
}

TEST(ReadExport, OptionalFieldsMayBeNull) {
  const ExportRequest request = ReadFrom(R"({"fileExtensions": null, "startingToken": null})");
  EXPECT_TRUE(request.extensions.empty());
  EXPECT_EQ(request.token, std::nullopt);
}

TEST(ReadExport, ComplainsAboutNullsFlagsListsAndNumbers) {
  std::string complaint;
  ReadFrom(R"({"includeFileMetadata": null})", &complaint);
  EXPECT_EQ(complaint,
            "1 validation error for Model\nincludeFileMetadata\n  none is not an allowed value "
            "(type=type_error.none.not_allowed)");
  ReadFrom(R"({"includeArchivedFiles": "perhaps"})", &complaint);
  EXPECT_EQ(complaint,
            "1 validation error for Model\nincludeArchivedFiles\n  value could not be parsed to a "
            "boolean (type=type_error.bool)");
  ReadFrom(R"({"fileExtensions": ".glb"})", &complaint);
  EXPECT_EQ(complaint,
            "1 validation error for Model\nfileExtensions\n  value is not a valid list "
            "(type=type_error.list)");
  ReadFrom(R"({"maxAssets": 0})", &complaint);
  EXPECT_EQ(complaint,
            "1 validation error for Model\nmaxAssets\n  ensure this value is greater than or equal "
            "to 1 (type=value_error.number.not_ge; limit_value=1)");
  ReadFrom(R"({"maxAssets": null})", &complaint);
  EXPECT_EQ(complaint,
            "1 validation error for Model\nmaxAssets\n  none is not an allowed value "
            "(type=type_error.none.not_allowed)");
}

}  // namespace
}  // namespace vams::model
