#include "model/asset_version.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "model/asset_link.h"

namespace vams::model {
namespace {

boost::json::object Json(std::string_view text) { return boost::json::parse(text).as_object(); }

// What is wrong with a body, as the wire says it; empty: nothing.
template <typename Read>
std::string Wrong(Read read, std::string_view body) {
  Problems problems;
  (void)read(Json(body), problems);
  return problems.empty() ? "" : problems.Text("Model");
}

TEST(AssetVersionBody, LatestFilesAndNamedFilesExcludeEachOther) {
  constexpr std::string_view kNeither =
      "1 validation error for Model\n__root__\n  Either useLatestFiles must be true or a list of "
      "files must be provided";
  EXPECT_EQ(Wrong(ReadNewAssetVersion, R"({"comment": "c"})"), kNeither);
  EXPECT_EQ(Wrong(ReadNewAssetVersion, R"({"comment": "c", "files": []})"), kNeither);
  EXPECT_EQ(Wrong(ReadNewAssetVersion, R"({"comment": "c", "useLatestFiles": "no"})"), kNeither);
  EXPECT_EQ(Wrong(ReadNewAssetVersion,
                  R"({"comment": "c", "useLatestFiles": true,
                      "files": [{"relativeKey": "a", "versionId": "1"}]})"),
            "1 validation error for Model\n__root__\n  When useLatestFiles is true, files list "
            "should not be provided");
  EXPECT_EQ(Wrong(ReadNewAssetVersion, R"({"comment": "c", "useLatestFiles": 1, "files": []})"),
            "");
}

TEST(AssetVersionBody, NamedFilesAreReadAsSent) {
  Problems problems;

  const auto version =
      ReadNewAssetVersion(Json(R"({"comment": "As built", "versionAlias": " RC1 ", "files":
          [{"relativeKey": "/scan/a.e57", "versionId": 12, "isArchived": false}]})"),
                          problems);

  ASSERT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_FALSE(version.latest);
  ASSERT_EQ(version.files.size(), 1u);
  EXPECT_EQ(version.files[0].path, "/scan/a.e57");
  EXPECT_EQ(version.files[0].version_id, "12");
  EXPECT_EQ(version.comment, "As built");
  EXPECT_EQ(version.alias, " RC1 ");
}

TEST(AssetVersionBody, MalformedNewVersionsAreRefused) {
  const auto wrong = [](std::string_view body) { return Wrong(ReadNewAssetVersion, body); };
  EXPECT_NE(wrong(R"({"useLatestFiles": true})").find("comment\n  field required"),
            std::string::npos);
  EXPECT_NE(wrong(R"({"useLatestFiles": true, "comment": ""})").find("at least 1 characters"),
            std::string::npos);
  const std::string long_comment(257, 'c');
  EXPECT_NE(wrong(R"({"useLatestFiles": true, "comment": ")" + long_comment + R"("})")
                .find("at most 256 characters"),
            std::string::npos);
  const std::string long_alias(65, 'a');
  EXPECT_NE(
      wrong(R"({"useLatestFiles": true, "comment": "c", "versionAlias": ")" + long_alias + R"("})")
          .find("at most 64 characters"),
      std::string::npos);
  EXPECT_NE(wrong(R"({"comment": "c", "files": [{"relativeKey": ""}]})")
                .find("files -> 0 -> versionId\n  field required"),
            std::string::npos);
  // A slash in front makes no other file.
  EXPECT_NE(wrong(R"({"comment": "c", "files": [{"relativeKey": "a", "versionId": "1"},
                                                {"relativeKey": "/a", "versionId": "2"}]})")
                .find("files\n  Duplicate relative keys are not allowed"),
            std::string::npos);
}

TEST(AssetVersionBody, ChangesNeedOneMember) {
  EXPECT_NE(Wrong(ReadAssetVersionChange, "{}")
                .find("At least one of 'comment' or 'versionAlias' must be provided"),
            std::string::npos);
  EXPECT_NE(Wrong(ReadAssetVersionChange, R"({"comment": null})").find("At least one of"),
            std::string::npos);
  EXPECT_EQ(Wrong(ReadAssetVersionChange, R"({"comment": ")" + std::string(1024, 'c') + R"("})"),
            "");
  EXPECT_NE(Wrong(ReadAssetVersionChange, R"({"comment": ")" + std::string(1025, 'c') + R"("})"),
            "");
  EXPECT_NE(Wrong(ReadAssetVersionChange, R"({"comment": "", "versionAlias": "x"})"), "");
}

TEST(AssetVersionBody, ChangedAliasesAreTrimmed) {
  Problems problems;
  EXPECT_EQ(ReadAssetVersionChange(Json(R"({"versionAlias": " RC 1\t"})"), problems).alias, "RC 1");
  EXPECT_EQ(ReadAssetVersionChange(Json(R"({"versionAlias": "  "})"), problems).alias, "");
  EXPECT_EQ(ReadAssetVersionChange(Json(R"({"comment": "c"})"), problems).alias, std::nullopt);
  EXPECT_TRUE(problems.empty());
}

TEST(AssetVersionBody, RevertNeedsAComment) {
  // Missing and null are the same here, as clients know it.
  EXPECT_NE(Wrong(ReadAssetVersionRevert, "{}").find("none is not an allowed value"),
            std::string::npos);
  EXPECT_NE(Wrong(ReadAssetVersionRevert, R"({"comment": ""})").find("at least 1 characters"),
            std::string::npos);
  Problems problems;
  const auto revert =
      ReadAssetVersionRevert(Json(R"({"comment": "back", "revertMetadata": "yes"})"), problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(revert.comment, "back");
  EXPECT_TRUE(revert.metadata);
}

TEST(AssetVersionBody, BarePathsHaveNoSlashInFront) {
  EXPECT_EQ(BarePath("//scan/a"), "scan/a");
  EXPECT_EQ(BarePath("scan/a/"), "scan/a/");
  EXPECT_EQ(BarePath("/"), "");
  EXPECT_EQ(BarePath(""), "");
}

constexpr std::string_view kLink =
    R"({"fromAssetId": "crane", "fromAssetDatabaseId": "harbor", "toAssetId": "bogie",
        "toAssetDatabaseId": "parts", "relationshipType": "parentChild",
        "assetLinkAliasId": "left", "tags": ["bolted", 7]})";

TEST(AssetLinkBody, IsReadWhole) {
  Problems problems;

  const auto link = ReadNewAssetLink(Json(kLink), problems);

  ASSERT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_EQ(link.from_database + "/" + link.from_asset, "harbor/crane");
  EXPECT_EQ(link.to_database + "/" + link.to_asset, "parts/bogie");
  EXPECT_TRUE(link.parent_child);
  EXPECT_EQ(link.alias, "left");
  EXPECT_EQ(link.tags, (std::vector<std::string>{"bolted", "7"}));
}

TEST(AssetLinkBody, MalformedOnesAreRefused) {
  const auto wrong = [](std::string_view member, const boost::json::value& value) {
    auto body = Json(kLink);
    body[member] = value;
    Problems problems;
    (void)ReadNewAssetLink(body, problems);
    return problems.empty() ? std::string() : problems.Text("Model");
  };
  EXPECT_EQ(wrong("tags", nullptr), "");
  EXPECT_EQ(wrong("assetLinkAliasId", nullptr), "");
  EXPECT_NE(wrong("relationshipType", "parent-child").find("permitted: 'related', 'parentChild'"),
            std::string::npos);
  EXPECT_NE(wrong("relationshipType", "related")
                .find("assetLinkAliasId can only be used with parentChild relationships"),
            std::string::npos);
  EXPECT_NE(wrong("assetLinkAliasId", boost::json::string(129, 'a')).find("at most 128 characters"),
            std::string::npos);
  EXPECT_NE(wrong("fromAssetId", "a/b").find("fromAssetId is invalid"), std::string::npos);
  EXPECT_NE(wrong("toAssetId", "").find("toAssetId is a required field"), std::string::npos);
  EXPECT_NE(wrong("fromAssetDatabaseId", "x").find("fromAssetDatabaseId is invalid"),
            std::string::npos);
  EXPECT_NE(wrong("toAssetDatabaseId", "GLOBAL").find("GLOBAL is not allowed"), std::string::npos);
  EXPECT_NE(wrong("tags", "bolted").find("value is not a valid list"), std::string::npos);
}

TEST(AssetLinkBody, ChangesMayBeEmpty) {
  Problems problems;
  const auto nothing = ReadAssetLinkChange(Json("{}"), problems);
  EXPECT_TRUE(nothing.tags.empty());
  EXPECT_EQ(nothing.alias, std::nullopt);
  EXPECT_EQ(ReadAssetLinkChange(Json(R"({"assetLinkAliasId": ""})"), problems).alias, "");
  EXPECT_EQ(ReadAssetLinkChange(Json(R"({"assetLinkAliasId": null})"), problems).alias,
            std::nullopt);
  EXPECT_TRUE(problems.empty());
}

}  // namespace
}  // namespace vams::model
