#include "model/download.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

struct Read {
  DownloadRequest request;
  std::string problems;  // empty: none
};

Read ReadFrom(std::string_view body) {
  Problems problems;
  Read read;
  read.request = ReadDownload(boost::json::parse(body).get_object(), problems);
  if (!problems.empty()) read.problems = problems.Text("Model");
  return read;
}

TEST(ReadDownload, TakesAFileWithOrWithoutAKeyAndAPreview) {
  const auto file = ReadFrom(R"({"downloadType": "assetFile", "key": "/a.glb", "versionId": "v"})");
  EXPECT_EQ(file.problems, "");
  EXPECT_FALSE(file.request.preview);
  EXPECT_EQ(file.request.type(), "assetFile");
  EXPECT_EQ(file.request.key, "/a.glb");
  EXPECT_EQ(file.request.version.version_id, "v");

  const auto folder = ReadFrom(R"({"downloadType": "assetFile", "key": null, "versionId": ""})");
  EXPECT_EQ(folder.problems, "");
  EXPECT_EQ(folder.request.key, std::nullopt);
  EXPECT_TRUE(folder.request.version.empty());

  const auto preview = ReadFrom(R"({"downloadType": "assetPreview", "other": 1})");
  EXPECT_EQ(preview.problems, "");
  EXPECT_TRUE(preview.request.preview);
  EXPECT_EQ(preview.request.type(), "assetPreview");
}

TEST(ReadDownload, NumbersAreTexts) {
  const auto read = ReadFrom(R"({"downloadType": "assetFile", "key": 7, "assetVersionId": 3})");
  EXPECT_EQ(read.problems, "");
  EXPECT_EQ(read.request.key, "7");
  EXPECT_EQ(read.request.version.asset_version, "3");
}

TEST(ReadDownload, ComplainsAboutTypeKeyAndVersions) {
  EXPECT_EQ(ReadFrom("{}").problems,
            "1 validation error for Model\ndownloadType\n  field required "
            "(type=value_error.missing)");
  EXPECT_EQ(ReadFrom(R"({"downloadType": "asset", "key": ""})").problems,
            "2 validation errors for Model\ndownloadType\n  unexpected value; permitted: "
            "'assetFile', 'assetPreview' (type=value_error.const; given=asset; "
            "permitted=('assetFile', 'assetPreview'))\nkey\n  ensure this value has at least 1 "
            "characters (type=value_error.any_str.min_length; limit_value=1)");
  EXPECT_EQ(ReadFrom(R"({"downloadType": "assetFile", "versionId": "v",
                         "assetVersionIdAlias": "RC1"})")
                .problems,
            "1 validation error for Model\n__root__\n  Only one of versionId, assetVersionId, or "
            "assetVersionIdAlias can be specified");
  EXPECT_EQ(ReadFrom(R"({"downloadType": "assetPreview", "assetVersionId": "1"})").problems,
            "1 validation error for Model\n__root__\n  Version parameters are not allowed for "
            "assetPreview downloads");
}

TEST(CheckVersionChoice, EveryPairIsTooMuch) {
  EXPECT_EQ(CheckVersionChoice({}), std::nullopt);
  EXPECT_EQ(CheckVersionChoice({.version_id = "v", .asset_version = {}, .alias = {}}),
            std::nullopt);
  EXPECT_TRUE(CheckVersionChoice({.version_id = "v", .asset_version = "1", .alias = {}}));
  EXPECT_TRUE(CheckVersionChoice({.version_id = "v", .asset_version = {}, .alias = "a"}));
  EXPECT_TRUE(CheckVersionChoice({.version_id = {}, .asset_version = "1", .alias = "a"}));
}

}  // namespace
}  // namespace vams::model
