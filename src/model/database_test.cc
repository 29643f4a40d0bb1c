// Bodies of requests about databases: what is taken, and the sentence for what is not.
#include "model/database.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

constexpr std::string_view kBucket = "6d0f3a52-6a0e-4d0c-9a53-3f1b8f6f2c11";

boost::json::object Object(std::string_view text) { return boost::json::parse(text).as_object(); }

// A full body with one member replaced.
boost::json::object With(std::string_view member, boost::json::value value) {
  boost::json::object body{{"databaseId", "harbor-scans"},
                           {"description", "Quay wall scans"},
                           {"defaultBucketId", kBucket}};
  body[member] = std::move(value);
  return body;
}

std::string ProblemOf(const boost::json::object& body) {
  Problems problems;
  ReadNewDatabase(body, problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

std::string ProblemOfChange(std::string_view body) {
  Problems problems;
  ReadDatabaseChange(Object(body), problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}

TEST(NewDatabase, IsReadWithItsDefaults) {
  Problems problems;
  const NewDatabase database = ReadNewDatabase(With("other", 1), problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(database.id, "harbor-scans");
  EXPECT_EQ(database.description, "Quay wall scans");
  EXPECT_EQ(database.bucket, kBucket);
  EXPECT_FALSE(database.restrict_metadata);
  EXPECT_EQ(database.extensions, "");
}

TEST(NewDatabase, NumbersAreTextsAndTextsAreFlags) {
  Problems problems;
  boost::json::object body = With("description", 12345);
  body["restrictMetadataOutsideSchemas"] = "Yes";
  body["databaseId"] = 1234;
  const NewDatabase database = ReadNewDatabase(body, problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(database.id, "1234");
  EXPECT_EQ(database.description, "12345");
  EXPECT_TRUE(database.restrict_metadata);
}

TEST(NewDatabase, LengthsHoldAtBothEnds) {
  EXPECT_EQ(ProblemOf(With("databaseId", "a-_Z")), "");
  EXPECT_EQ(ProblemOf(With("databaseId", boost::json::string(63, 'a'))), "");
  EXPECT_EQ(ProblemOf(With("databaseId", "abc")),
            "1 validation error for Model\ndatabaseId\n  ensure this value has at least 4 "
            "characters (type=value_error.any_str.min_length; limit_value=4)");
  EXPECT_EQ(ProblemOf(With("databaseId", boost::json::string(64, 'a'))),
            "1 validation error for Model\n__root__\n  databaseId is invalid. Must follow the "
            "regexp ^[-_a-zA-Z0-9]{3,63}$");
  EXPECT_EQ(ProblemOf(With("description", "four")), "");
  EXPECT_EQ(ProblemOf(With("description", boost::json::string(256, 'd'))), "");
  EXPECT_NE(ProblemOf(With("description", "thr")), "");
  EXPECT_NE(ProblemOf(With("description", boost::json::string(257, 'd'))), "");
  EXPECT_NE(ProblemOf(With("restrictFileUploadsToExtensions", boost::json::string(257, '.'))), "");
}

TEST(NewDatabase, IdsAreOfTheirAlphabetAndNotGlobal) {
  for (const char* id : {"with space", "a/bcd", "umläut", "dots.dots", "four\n", "a#deleted"})
    EXPECT_NE(ProblemOf(With("databaseId", id)).find("databaseId is invalid. Must follow"),
              std::string::npos)
        << id;
  for (const char* id : {"global", "GLOBAL", " Global "})
    EXPECT_NE(ProblemOf(With("databaseId", id)).find("GLOBAL is not allowed for this field."),
              std::string::npos)
        << id;
}

TEST(NewDatabase, BucketIsAUuid) {
  EXPECT_NE(ProblemOf(With("defaultBucketId", "vault")).find("defaultBucketId is invalid."),
            std::string::npos);
  EXPECT_NE(ProblemOf(With("defaultBucketId", "")).find("defaultBucketId is a required field."),
            std::string::npos);
  EXPECT_NE(ProblemOf(With("defaultBucketId", nullptr)).find("none is not an allowed value"),
            std::string::npos);
}

TEST(NewDatabase, EveryProblemIsTold) {
  EXPECT_EQ(ProblemOf(Object(R"({"databaseId": [], "description": "d",
                                 "restrictMetadataOutsideSchemas": "maybe",
                                 "restrictFileUploadsToExtensions": "pdf"})")),
            "5 validation errors for Model\n"
            "databaseId\n  str type expected (type=type_error.str)\n"
            "description\n  ensure this value has at least 4 characters "
            "(type=value_error.any_str.min_length; limit_value=4)\n"
            "defaultBucketId\n  field required (type=value_error.missing)\n"
            "restrictMetadataOutsideSchemas\n  value could not be parsed to a boolean "
            "(type=type_error.bool)\n"
            "__root__\n  Extension 'pdf' must start with a dot (e.g., '.pdf')");
}

TEST(ExtensionList, IsAListOfExtensionsWithTheirDots) {
  for (const char* list :
       {"", ".pdf", ".e57, .glb", " .a1 ,.b", ".tar.gz", ".ALL", " .all ", ".größe", ".all,.pdf"})
    EXPECT_EQ(CheckExtensionList(list), std::nullopt) << list;
  const std::pair<const char*, const char*> bad[] = {
      {"pdf", "Extension 'pdf' must start with a dot (e.g., '.pdf')"},
      {".pdf, docx", "Extension 'docx' must start with a dot (e.g., '.pdf')"},
      {".", "Extension '.' is too short"},
      {".a-b", "Extension '.a-b' contains invalid characters"},
      {".a b", "Extension '.a b' contains invalid characters"},
      {"...", "Extension '...' contains invalid characters"},
      {".a,", "Extension list contains empty values"},
      {",", "Extension list contains empty values"},
      {"  ", "Extension list contains empty values"},
      {".a\xFF", "Extension '.a\xFF' contains invalid characters"}};
  for (const auto& [list, complaint] : bad) EXPECT_EQ(CheckExtensionList(list), complaint) << list;
}

TEST(DatabaseChange, TakesWhatIsThereAndLeavesNulls) {
  Problems problems;
  const DatabaseChange change =
      ReadDatabaseChange(Object(R"({"description": null, "restrictMetadataOutsideSchemas": 0,
                 "restrictFileUploadsToExtensions": ""})"),
                         problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(change.description, std::nullopt);
  EXPECT_EQ(change.bucket, std::nullopt);
  EXPECT_EQ(change.restrict_metadata, false);
  EXPECT_EQ(change.extensions, "");
}

TEST(DatabaseChange, WantsOneFieldAtLeastAndGoodOnes) {
  EXPECT_EQ(ProblemOfChange(R"({"description": null, "other": 1})"),
            "1 validation error for Model\n__root__\n  At least one field must be provided for "
            "update");
  EXPECT_NE(ProblemOfChange(R"({"description": "thr"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"defaultBucketId": "vault"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"restrictFileUploadsToExtensions": "pdf"})"), "");
  EXPECT_NE(ProblemOfChange(R"({"restrictMetadataOutsideSchemas": {}})"), "");
}

TEST(PlainId, LeavesOutTheSuffixOfArchivedOnes) {
  EXPECT_EQ(PlainId("plant#deleted"), "plant");
  EXPECT_EQ(PlainId("plant"), "plant");
  EXPECT_EQ(PlainId("plant#deleted-too"), "plant#deleted-too");
}

}  // namespace
}  // namespace vams::model
