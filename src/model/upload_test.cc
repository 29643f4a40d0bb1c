// Bodies that begin and complete uploads and ingests: what is taken, and the sentence for what is
// not.
#include "model/upload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

namespace json = boost::json;

json::object Object(std::string_view text) { return json::parse(text).as_object(); }

// A body around these files, for an upload or, with more members, for an ingest.
json::object Body(std::string_view files, std::string_view type = "assetFile") {
  json::object body = Object(R"({"assetId": "gantry-12", "databaseId": "harbor-scans",
                                 "assetName": "Gantry", "description": "Quay gantry"})");
  body["uploadType"] = type;
  body["files"] = json::parse(files);
  return body;
}

template <typename Read>
std::string ProblemsOf(Read read, const json::object& body) {
  Problems problems;
  read(body, problems);
  return problems.empty() ? std::string() : problems.Text("Model");
}
std::string New(std::string_view files, std::string_view type = "assetFile") {
  return ProblemsOf(ReadNewUpload, Body(files, type));
}
std::string Finished(std::string_view files, std::string_view type = "assetFile") {
  return ProblemsOf(ReadFinishedUpload, Body(files, type));
}
std::string One(std::string_view where, std::string_view reason) {
  return fmt::format("1 validation error for Model\n{}\n  {}", where, reason);
}

TEST(NewUpload, TakesAsManyPartsAsAskedForOrAsTheSizeNeeds) {
  Problems problems;
  const NewUpload upload = ReadNewUpload(Body(R"([
      {"relativeKey": "/a.glb", "file_size": 157286400},
      {"relativeKey": "/b.glb", "file_size": 157286401},
      {"relativeKey": "/c.glb", "file_size": 10, "num_parts": 7},
      {"relativeKey": "/d.glb", "num_parts": "3"},
      {"relativeKey": "/e.txt", "file_size": 0},
      {"relativeKey": "/f.txt", "num_parts": 0, "file_size": null}])"),
                                         problems);

  ASSERT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_EQ(upload.database_id, "harbor-scans");
  EXPECT_EQ(upload.asset_id, "gantry-12");
  EXPECT_EQ(upload.type, UploadType::kAssetFile);
  std::vector<std::int64_t> parts;
  for (const FileToUpload& file : upload.files) parts.push_back(file.parts);
  EXPECT_EQ(parts, (std::vector<std::int64_t>{1, 2, 7, 3, 0, 0}));
  EXPECT_EQ(upload.files[0].size, 157286400);
  EXPECT_EQ(upload.files[3].size, std::nullopt);
}

TEST(NewUpload, RefusesSizesThatContradictEachOther) {
  const auto one = [](std::string_view sizes) {
    return New(fmt::format(R"([{{"relativeKey": "/a.glb"{}}}])", sizes));
  };

  EXPECT_EQ(one(""),
            One("files -> 0 -> __root__", "Either file_size or num_parts must be provided"));
  EXPECT_EQ(one(R"(, "file_size": 0, "num_parts": 1)"),
            One("files -> 0 -> __root__", "Zero-byte files must have 0 parts"));
  EXPECT_EQ(one(R"(, "file_size": 1, "num_parts": 0)"),
            One("files -> 0 -> __root__", "Files with 0 parts must have 0 file size"));
  EXPECT_EQ(one(R"(, "file_size": 10737418241, "num_parts": 2)"),
            One("files -> 0 -> __root__", "Part size too large. Maximum part size is 5GB"));
  EXPECT_EQ(one(R"(, "file_size": 10737418240, "num_parts": 2)"), "");
  EXPECT_NE(one(R"(, "file_size": -1)"), "");
  EXPECT_NE(one(R"(, "num_parts": 10001)"), "");
  EXPECT_NE(one(R"(, "num_parts": "many")"), "");
}

TEST(NewUpload, RefusesFilesThatCannotBeTogether) {
  EXPECT_EQ(New("[]"),
            One("__root__", "At least one file must be provided for asset file uploads"));
  EXPECT_EQ(New("[]", "assetPreview"),
            One("__root__", "Exactly one file must be provided for asset preview uploads"));
  EXPECT_EQ(New(R"([{"relativeKey": "a.png", "file_size": 1},
                    {"relativeKey": "b.png", "file_size": 1}])",
                "assetPreview"),
            One("__root__", "Exactly one file must be provided for asset preview uploads"));
  EXPECT_EQ(New(R"([{"relativeKey": "/a.png", "file_size": 1},
                    {"relativeKey": "/a.png", "file_size": 2}])"),
            One("__root__", "Duplicate relative keys are not allowed"));
  EXPECT_EQ(New(R"([{"relativeKey": "/readme", "file_size": 1}])"),
            One("__root__", "Files must have a valid extension"));
  EXPECT_EQ(New(R"([{"relativeKey": "/a.e57", "num_parts": 2500},
                    {"relativeKey": "/b.e57", "file_size": 393216000001}])"),
            One("__root__", "Total parts across all files exceeds maximum allowed (5000)"));
  // Exactly 5000 are fine, and so is the same name in another folder.
  EXPECT_EQ(New(R"([{"relativeKey": "/a.e57", "num_parts": 2500},
                    {"relativeKey": "/b/a.e57", "file_size": 393216000000}])"),
            "");
}

TEST(NewUpload, TakesAThousandFilesAndNoMore) {
  std::string files;
  for (int i = 0; i < 1000; ++i)
    files += fmt::format(R"({}{{"relativeKey": "/{}.txt", "file_size": 0}})", i > 0 ? "," : "", i);

  EXPECT_EQ(New("[" + files + "]"), "");
  EXPECT_EQ(New("[" + files + R"(,{"relativeKey": "/one.more", "file_size": 0}])"),
            One("files",
                "ensure this value has at most 1000 items (type=value_error.list.max_items; "
                "limit_value=1000)"));
}

TEST(NewUpload, NamesFieldsThatAreMissingOrMalformed) {
  json::object body = Body("[]");
  body.erase("files");
  body.erase("assetId");
  body["databaseId"] = "abc";
  body["uploadType"] = "assetFolder";

  EXPECT_EQ(ProblemsOf(ReadNewUpload, body),
            "5 validation errors for Model\n"
            "assetId\n  field required (type=value_error.missing)\n"
            "databaseId\n  ensure this value has at least 4 characters "
            "(type=value_error.any_str.min_length; limit_value=4)\n"
            "uploadType\n  unexpected value; permitted: 'assetFile', 'assetPreview' "
            "(type=value_error.const; given=assetFolder; permitted=('assetFile', "
            "'assetPreview'))\n"
            "files\n  field required (type=value_error.missing)\n"
            "__root__\n  At least one file must be provided for asset file uploads");
  EXPECT_NE(New(R"([{"relativeKey": "", "file_size": 1}])"), "");
  EXPECT_NE(New(R"([{"file_size": 1}])"), "");
  EXPECT_NE(New(R"(["a.glb"])"), "");
  EXPECT_NE(New(R"({"relativeKey": "a.glb"})"), "");
}

TEST(FinishedUpload, KeepsPartsAsTheyAreNamed) {
  Problems problems;
  const FinishedUpload upload =
      ReadFinishedUpload(Body(R"([{"relativeKey": "/a.glb", "uploadIdS3": "u1",
                "parts": [{"PartNumber": 2, "ETag": "\"bb\""}, {"PartNumber": "1", "ETag": "aa"}]},
               {"relativeKey": "/b.txt", "uploadIdS3": "zero-byte", "parts": []},
               {"relativeKey": "/c.txt", "uploadIdS3": "zero-byte", "parts": []}])"),
                         problems);

  ASSERT_TRUE(problems.empty()) << problems.Text("Model");
  ASSERT_EQ(upload.files.size(), 3U);
  EXPECT_EQ(upload.files[0].multipart_id, "u1");
  ASSERT_EQ(upload.files[0].parts.size(), 2U);
  EXPECT_EQ(upload.files[0].parts[0].number, 2);
  EXPECT_EQ(upload.files[0].parts[0].etag, "\"bb\"");
  EXPECT_EQ(upload.files[0].parts[1].number, 1);
  EXPECT_TRUE(upload.files[2].parts.empty());
}

TEST(FinishedUpload, RefusesWhatCannotBe) {
  constexpr std::string_view kFile = R"({"relativeKey": "/a", "uploadIdS3": "u1", "parts": []})";

  EXPECT_EQ(Finished("[]"),
            One("__root__", "At least one file must be provided to complete the upload"));
  EXPECT_EQ(Finished(fmt::format("[{}, {}]", kFile, kFile)),
            One("__root__", "Duplicate uploadIdS3 values are not allowed"));
  EXPECT_EQ(Finished(R"([{"relativeKey": "/a", "uploadIdS3": "u1", "parts": []},
                         {"relativeKey": "/b", "uploadIdS3": "u2", "parts": []}])",
                     "assetPreview"),
            One("__root__", "Exactly one file must be provided for asset preview uploads"));
  EXPECT_EQ(Finished(R"([{"relativeKey": "/a", "uploadIdS3": "zero-byte",
                          "parts": [{"PartNumber": 1, "ETag": "x"}]}])"),
            One("__root__", "Zero-byte files should not have any parts"));
  EXPECT_EQ(Finished(R"([{"relativeKey": "/a", "uploadIdS3": "u1"}])"),
            One("files -> 0 -> parts", "field required (type=value_error.missing)"));
  EXPECT_EQ(
      Finished(R"([{"relativeKey": "/a", "uploadIdS3": "u1", "parts": [{"ETag": "x"}]}])"),
      One("files -> 0 -> parts -> 0 -> PartNumber", "field required (type=value_error.missing)"));
  EXPECT_EQ(
      Finished(R"([{"relativeKey": "/a", "uploadIdS3": "u1", "parts": [{"PartNumber": 1}]}])"),
      One("files -> 0 -> parts -> 0 -> ETag", "field required (type=value_error.missing)"));
  EXPECT_EQ(Finished(fmt::format("[{}]", kFile)), "");
}

TEST(NewIngest, WantsPathsBelowTheAsset) {
  constexpr std::string_view kGood = R"([{"relativeKey": "gantry-12/a.glb", "file_size": 4}])";
  Problems problems;
  const NewIngest ingest = ReadNewIngest(Body(kGood), problems);

  ASSERT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_EQ(ingest.asset.asset_id, "gantry-12");
  EXPECT_EQ(ingest.asset.name, "Gantry");
  EXPECT_TRUE(ingest.asset.distributable);
  EXPECT_EQ(ingest.upload.files.size(), 1U);
  EXPECT_EQ(ingest.upload.asset_id, "gantry-12");
  EXPECT_TRUE(ingest.upload.below_asset_id);
  const auto files = [](std::string_view text) { return ProblemsOf(ReadNewIngest, Body(text)); };
  EXPECT_EQ(files("[]"), One("__root__", "At least one file must be provided for asset ingest"));
  EXPECT_EQ(files(R"([{"relativeKey": "/gantry-12/a.glb", "file_size": 4}])"),
            One("__root__", "File relative keys must start with assetId"));
  EXPECT_EQ(files(R"([{"relativeKey": "gantry-12/a.glb", "file_size": 4},
                      {"relativeKey": "gantry-12/a.glb", "file_size": 4}])"),
            One("__root__", "Duplicate relative keys are not allowed"));
  json::object body = Body(kGood);
  body["assetId"] = "x";
  EXPECT_NE(ProblemsOf(ReadNewIngest, body), "") << "no later request could name it";
  body = Body(kGood);
  body["tags"] = json::array{std::string(257, 't')};
  EXPECT_NE(ProblemsOf(ReadNewIngest, body), "");
  body["tags"] = nullptr;
  EXPECT_EQ(ProblemsOf(ReadNewIngest, body), "");
}

TEST(FinishedIngest, WantsPartsOfEveryFile) {
  const auto files = [](std::string_view text) {
    json::object body = Body(text);
    body["uploadId"] = "y1";
    return ProblemsOf(ReadFinishedIngest, body);
  };

  EXPECT_EQ(files("[]"),
            One("__root__", "At least one file must be provided to complete the ingest"));
  EXPECT_EQ(files(R"([{"relativeKey": "g/a", "uploadIdS3": "zero-byte", "parts": []}])"),
            One("__root__", "Files must have at least one part"));
  EXPECT_EQ(files(R"([{"relativeKey": "g/a", "uploadIdS3": "u", "parts": []},
                      {"relativeKey": "g/b", "uploadIdS3": "u", "parts": []}])"),
            One("__root__", "Duplicate uploadIdS3 values are not allowed"));
  EXPECT_EQ(files(R"([{"relativeKey": "g/a", "uploadIdS3": "u",
                       "parts": [{"PartNumber": 1, "ETag": "e"}]}])"),
            "");
}

TEST(AllowedExtensions, AreComparedWithoutCaseAndBlanks) {
  EXPECT_TRUE(AllowsExtension("", ".exe"));
  EXPECT_TRUE(AllowsExtension(" , ", ".exe"));
  EXPECT_TRUE(AllowsExtension(" .E57 , .glb", ".e57"));
  EXPECT_FALSE(AllowsExtension(".e57,.glb", ".glbx"));
  EXPECT_FALSE(AllowsExtension(".e57", ""));
  EXPECT_TRUE(AllowsExtension(".e57, .ALL", ".exe"));
  EXPECT_EQ(ShownExtensions(" .E57,.glb,,"), ".e57, .glb");
}

}  // namespace
}  // namespace vams::model
