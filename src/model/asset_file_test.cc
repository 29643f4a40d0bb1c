#include "model/asset_file.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace vams::model {
namespace {

namespace json = boost::json;

json::object Of(std::string_view text) { return json::parse(text).get_object(); }

// What is wrong with the body; empty if nothing is.
template <typename Read>
std::string ProblemsOf(Read read, std::string_view body) {
  Problems problems;
  read(Of(body), problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

TEST(PageSize, HasADefaultForEachKindOfListAndABound) {
  Problems problems;

  EXPECT_EQ(ReadPageSize(Of("{}"), false, problems), 100U);
  EXPECT_EQ(ReadPageSize(Of("{}"), true, problems), 1000U);
  EXPECT_EQ(ReadPageSize(Of(R"({"pageSize": "7"})"), true, problems), 7U);
  EXPECT_EQ(ReadPageSize(Of(R"({"pageSize": "1500", "maxItems": "1"})"), false, problems), 1000U);

  EXPECT_TRUE(problems.empty());
}

TEST(PageSize, RefusesWhatIsNoNumberOrTooSmall) {
  const auto read = [](const json::object& query, Problems& problems) {
    return ReadPageSize(query, false, problems);
  };

  EXPECT_NE(ProblemsOf(read, R"({"pageSize": "many"})").find("pageSize\n  value is not a valid"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(read, R"({"pageSize": "0"})").find("greater than or equal to 1"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(read, R"({"maxItems": "x"})").find("maxItems\n"), std::string::npos);
}

TEST(NewFolder, EndsWithASlash) {
  Problems problems;

  EXPECT_EQ(ReadNewFolder(Of(R"({"relativeKey": "/scan/2026/"})"), problems), "/scan/2026/");

  EXPECT_TRUE(problems.empty());
  EXPECT_NE(ProblemsOf(ReadNewFolder, R"({"relativeKey": "/scan"})")
                .find("Relative key must end with a slash to represent a folder"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(ReadNewFolder, "{}").find("relativeKey\n  field required"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(ReadNewFolder, R"({"relativeKey": ""})").find("at least 1 characters"),
            std::string::npos);
}

TEST(FileMove, NeedsBothPathsAndTakesAnyText) {
  Problems problems;

  const auto move =
      ReadFileMove(Of(R"({"sourcePath": "../a//b ", "destinationPath": 5})"), problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(move.source, "../a//b ");
  EXPECT_EQ(move.destination, "5");
  EXPECT_NE(ProblemsOf(ReadFileMove, R"({"sourcePath": null})").find("2 validation errors"),
            std::string::npos);
}

TEST(FileCopy, ChecksTheIdsOfTheDestination) {
  Problems problems;

  const auto copy = ReadFileCopy(
      Of(R"({"sourcePath": "a", "destinationPath": "b", "destinationAssetId": "gantry 12",
             "destinationDatabaseId": "yard"})"),
      problems);
  const auto here = ReadFileCopy(Of(R"({"sourcePath": "a", "destinationPath": "b",
                                        "destinationAssetId": null})"),
                                 problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(copy.asset_id, "gantry 12");
  EXPECT_EQ(copy.database_id, "yard");
  EXPECT_EQ(here.asset_id, std::nullopt);
  EXPECT_EQ(here.database_id, std::nullopt);
  const std::string paths = R"({"sourcePath": "a", "destinationPath": "b", )";
  EXPECT_NE(ProblemsOf(ReadFileCopy, paths + R"("destinationAssetId": "a/b"})")
                .find("destinationAssetId is invalid"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(ReadFileCopy, paths + R"("destinationAssetId": ""})")
                .find("at least 1 characters"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(ReadFileCopy, paths + R"("destinationDatabaseId": "abc"})")
                .find("at least 4 characters"),
            std::string::npos);
  EXPECT_NE(ProblemsOf(ReadFileCopy, paths + R"("destinationDatabaseId": "global"})")
                .find("GLOBAL is not allowed"),
            std::string::npos);
}

TEST(FileChoice, LeavesOutWhatNobodySent) {
  Problems problems;

  const auto plain = ReadFileChoice(Of(R"({"filePath": "/a"})"), problems);
  const auto all = ReadFileChoice(
      Of(R"({"filePath": "/a", "isPrefix": "yes", "confirmPermanentDelete": 1})"), problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(plain.prefix);
  EXPECT_FALSE(plain.confirmed);
  EXPECT_TRUE(all.prefix);
  EXPECT_TRUE(all.confirmed);
  EXPECT_NE(ProblemsOf(ReadFileChoice, R"({"filePath": "/a", "isPrefix": "maybe"})")
                .find("could not be parsed to a boolean"),
            std::string::npos);
}

TEST(PrimaryType, IsOneOfTheKnownOnesOrNamed) {
  Problems problems;
  const auto type = [&](std::string_view rest) {
    return ReadPrimaryType(Of(R"({"filePath": "/a", )" + std::string(rest) + "}"), problems).type;
  };

  EXPECT_EQ(type(R"("primaryType": "LOD1")"), "lod1");
  EXPECT_EQ(type(R"("primaryType": "")"), "");
  EXPECT_EQ(type(R"("primaryType": "Other", "primaryTypeOther": "Collision Mesh")"),
            "collision mesh");
  EXPECT_EQ(type(R"("primaryType": "primary", "primaryTypeOther": "")"), "primary");

  EXPECT_TRUE(problems.empty());
}

TEST(PrimaryType, RefusesWhatClientsAreToldAbout) {
  const auto of = [](std::string_view rest, std::string_view path = "/a") {
    return ProblemsOf(ReadPrimaryType,
                      R"({"filePath": ")" + std::string(path) + R"(", )" + std::string(rest) + "}");
  };

  EXPECT_NE(of(R"("primaryType": "lod9")")
                .find("primaryType must be one of: , primary, lod1, lod2, lod3, lod4, lod5, other"),
            std::string::npos);
  EXPECT_NE(of(R"("primaryType": "other")").find("primaryTypeOther is required when primaryType"),
            std::string::npos);
  EXPECT_NE(of(R"("primaryType": "lod1", "primaryTypeOther": "x")")
                .find("primaryTypeOther should only be provided when primaryType is 'other'"),
            std::string::npos);
  EXPECT_NE(of(R"("primaryType": "other", "primaryTypeOther": "0123456789012345678901234567890")")
                .find("at most 30 characters"),
            std::string::npos);
  EXPECT_NE(of(R"("primaryType": "lod1")", "/scan/").find("Cannot set primary type on folders"),
            std::string::npos);
  EXPECT_NE(of(R"("primaryTypeOther": "x")").find("primaryType\n  field required"),
            std::string::npos);
}

}  // namespace
}  // namespace vams::model
