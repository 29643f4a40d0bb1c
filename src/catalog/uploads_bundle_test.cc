// Small files whose parts come in bundles, from beginning an upload to files of the asset.
#include <algorithm>
#include <thread>

#include "catalog/uploads_bundle.h"
#include "catalog/uploads_support_test.h"

namespace vams::catalog::test {
namespace {

using objects::PartBytes;
using objects::PartInfo;

class BundledUploadsTest : public UploadsBench {
 protected:
  BegunUpload BeginBundled(const std::vector<File>& files) {
    model::NewUpload upload = NewOf(files);
    upload.bundle = true;
    return *Must(uploads().Begin(bench.op, caller, upload));
  }
  std::vector<Result<PartInfo>> Bundle(const BegunUpload& begun,
                                       const std::vector<PartBytes>& parts) {
    return Must(uploads().StoreParts(bench.op, kAsset, begun.id, parts));
  }
  PartBytes PartOf(const BegunUpload& begun, std::size_t file, std::string_view bytes,
                   std::uint32_t number = 1) {
    return {.upload_id = begun.files[file].multipart_id, .number = number, .bytes = bytes};
  }
  // Everything, and what completes it.
  model::FinishedUpload SendBundled(const BegunUpload& begun, const std::vector<File>& files) {
    std::vector<PartBytes> parts;
    for (std::size_t i = 0; i < files.size(); ++i)
      parts.push_back(PartOf(begun, i, files[i].parts.front()));
    const auto stored = Bundle(begun, parts);
    model::FinishedUpload upload = Nothing();
    for (std::size_t i = 0; i < files.size(); ++i)
      upload.files.push_back(
          {files[i].path, begun.files[i].multipart_id, {{1, Must(stored[i]).etag}}});
    return upload;
  }
  static model::FinishedUpload Nothing() {
    return {{.database_id = kDatabase, .asset_id = std::string(kAsset)}, {}};
  }
};

TEST_F(BundledUploadsTest, BecomeFilesWithoutMultipartUploadsOfTheirOwn) {
  const std::vector<File> files{{"a.glb", {"aa"}}, {"dir/b.glb", {"bbb"}}, {"same.glb", {"aa"}}};
  const BegunUpload begun = BeginBundled(files);
  EXPECT_EQ(OpenMultiparts(), 0u);

  const auto done = Complete(begun, SendBundled(begun, files));

  EXPECT_EQ(done.outcome, Outcome::kAll);
  EXPECT_EQ(done.asset_type, "folder");
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "aa");
  EXPECT_EQ(bench.FileContent(kAsset, "dir/b.glb"), "bbb");
  EXPECT_EQ(bench.FileContent(kAsset, "same.glb"), "aa");
  EXPECT_TRUE(Records().empty());
}

TEST_F(BundledUploadsTest, ComeInSeveralBundlesBesideOtherFiles) {
  const BegunUpload begun = BeginBundled(
      {{"a.glb", {"1"}}, {"two.glb", {"1", "2"}}, {"b.glb", {"1"}}, {"empty.glb", {}}});
  EXPECT_EQ(OpenMultiparts(), 1u);
  Must(Bundle(begun, {PartOf(begun, 0, "first"), PartOf(begun, 1, "one")})[1]);
  const auto second = Bundle(begun, {PartOf(begun, 2, "b"), PartOf(begun, 0, "again"),
                                     PartOf(begun, 1, "two", 2), PartOf(begun, 0, "x", 2)});
  EXPECT_EQ(second[3].error().code, Code::kInvalid) << "a small file has one part";
  const std::string one = Put(begun.files[1].multipart_id, 1, "one");

  model::FinishedUpload upload = Nothing();
  upload.files = {{"a.glb", begun.files[0].multipart_id, {{1, Must(second[1]).etag}}},
                  {"two.glb", begun.files[1].multipart_id, {{1, one}, {2, Must(second[2]).etag}}},
                  {"b.glb", begun.files[2].multipart_id, {{1, '"' + Must(second[0]).etag + '"'}}},
                  {"empty.glb", begun.files[3].multipart_id, {}}};
  const auto done = Complete(begun, upload);

  EXPECT_EQ(done.outcome, Outcome::kAll) << ::testing::PrintToString(Errors(done));
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "again");
  EXPECT_EQ(bench.FileContent(kAsset, "two.glb"), "onetwo");
  EXPECT_EQ(bench.FileContent(kAsset, "b.glb"), "b");
  EXPECT_EQ(bench.FileContent(kAsset, "empty.glb"), "");
}

TEST_F(BundledUploadsTest, SayWhatIsWrongAsOtherFilesDo) {
  const std::vector<File> files{{"a.glb", {"a"}}, {"b.glb", {"b"}}, {"c.glb", {"c"}},
                                {"d.glb", {"d"}}, {"e.glb", {"e"}}, {"f.glb", {"f"}}};
  const BegunUpload begun = BeginBundled(files), other = BeginBundled({{"o.glb", {"o"}}});
  const auto sent = Bundle(begun, {PartOf(begun, 0, "a"), PartOf(begun, 1, "b"),
                                   PartOf(begun, 3, "d"), PartOf(begun, 4, "e")});
  const std::string etag = Must(sent[0]).etag,
                    other_etag = Must(Bundle(other, {PartOf(other, 0, "o")})[0]).etag;
  const auto id = [&](std::size_t i) { return begun.files[i].multipart_id; };

  model::FinishedUpload upload = Nothing();
  upload.files = {{"a.glb", id(0), {{1, etag}}},
                  {"b.glb", id(1), {{1, etag}}},                    // another ETag
                  {"c.glb", id(2), {{1, etag}}},                    // never came
                  {"moved.glb", id(3), {{1, Must(sent[2]).etag}}},  // another path
                  {"e.glb", id(4), {{1, etag}, {2, etag}}},         // more parts
                  {"o.glb", other.files[0].multipart_id, {{1, other_etag}}},
                  {"f.glb", "b-nobody", {{1, etag}}}};
  const auto done = Complete(begun, upload);

  const std::string none =
      "Error verifying upload parts: no upload with this id is open for this file; "
      "upload the file again";
  EXPECT_EQ(Errors(done),
            (Texts{"", "Error completing multipart upload.", "Part mismatch. Missing parts: [1].",
                   none, "Part mismatch. Missing parts: [2].", none, none}));
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "a");
}

// What was taken is not taken again, and the rest can still be completed.
TEST_F(BundledUploadsTest, WhatIsLeftCanBeCompletedOnce) {
  const std::vector<File> files{{"a.glb", {"a"}}, {"b.glb", {"b"}}};
  const BegunUpload begun = BeginBundled(files);
  const model::FinishedUpload all = SendBundled(begun, files);
  model::FinishedUpload first = all;
  first.files[1].path = "elsewhere.glb";

  EXPECT_EQ(Complete(begun, first).outcome, Outcome::kSome);
  const Texts errors = Errors(Complete(begun, all));

  EXPECT_TRUE(errors[0].starts_with("Error verifying upload parts")) << errors[0];
  EXPECT_EQ(errors[1], "");
  EXPECT_EQ(bench.FileContent(kAsset, "b.glb"), "b");
  const objects::ObjectId object = begun.files[0].object;
  EXPECT_EQ(
      Must(bench.objects().ListVersions(bench.op, {.bucket = object.bucket, .key = object.key}))
          .versions.size(),
      1u);
}

TEST_F(BundledUploadsTest, APreviewKnowsThatItsFileIsOnItsWay) {
  const BegunUpload file = BeginBundled({{"a.glb", {"a"}}});
  const std::vector<File> preview{{"a.glb.previewFile.png", {"p"}}};
  const BegunUpload begun = BeginBundled(preview);

  const auto done = Complete(begun, SendBundled(begun, preview));

  EXPECT_EQ(done.outcome, Outcome::kAll) << ::testing::PrintToString(Errors(done));
}

// Two completions at once: one of them makes the files, and each file has one version.
TEST_F(BundledUploadsTest, TwoCompletionsMakeEachFileOnce) {
  std::vector<File> files;
  for (int i = 0; i < 20; ++i) files.push_back({"f" + std::to_string(i) + ".glb", {"x"}});
  const BegunUpload begun = BeginBundled(files);
  const model::FinishedUpload upload = SendBundled(begun, files);
  std::vector<Result<CompletedUpload>> results(2, Error(Code::kInternal, ""));

  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      OpContext op;
      Caller own = MayAssets({"POST"});
      result = uploads().Complete(op, own, begun.id, upload);
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(std::ranges::count_if(results, [](const auto& result) { return result.ok(); }), 1);
  for (const BegunFile& file : begun.files)
    EXPECT_EQ(Must(bench.objects().ListVersions(
                       bench.op, {.bucket = file.object.bucket, .key = file.object.key}))
                  .versions.size(),
              1u);
}

// Bundles of one upload that arrive side by side lose nothing of each other.
TEST_F(BundledUploadsTest, BundlesMayArriveSideBySide) {
  std::vector<File> files;
  for (int i = 0; i < 24; ++i) files.push_back({"f" + std::to_string(i) + ".glb", {"x"}});
  const BegunUpload begun = BeginBundled(files);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (std::size_t i = thread; i < files.size(); i += 4) {
        OpContext op;
        const PartBytes part = PartOf(begun, i, "x");
        EXPECT_TRUE(Must(uploads().StoreParts(op, kAsset, begun.id, {&part, 1}))[0].ok());
      }
    });
  for (auto& thread : threads) thread.join();

  ASSERT_EQ(Records().size(), 1u);
  const BundledFiles kept = BundledOf(Records().front());
  EXPECT_EQ(kept.size(), files.size());
  EXPECT_TRUE(
      std::ranges::all_of(kept, [](const auto& one) { return one.second.content.has_value(); }));
}

TEST_F(BundledUploadsTest, BeginRefusesNamesThatNoObjectCanHave) {
  for (const std::string& path : {std::string(1100, 'k') + ".glb", std::string("a\xff.glb")}) {
    model::NewUpload upload = NewOf({{path, {"x"}}});
    const auto alone = uploads().Begin(bench.op, caller, upload);
    upload.bundle = true;
    const auto bundled = uploads().Begin(bench.op, caller, upload);
    EXPECT_FALSE(alone.ok() || bundled.ok());
    EXPECT_EQ(bundled.error().code, alone.error().code);
  }
  EXPECT_TRUE(Records().empty());
}

// Keys as long as keys may be: those that the record cannot hold are uploaded as ever.
TEST_F(BundledUploadsTest, AsManyAsTheRecordHolds) {
  std::vector<File> files;
  for (int i = 0; i < 200; ++i)
    files.push_back({std::string(900, 'k') + std::to_string(i) + ".glb", {"x"}});

  const BegunUpload begun = BeginBundled(files);

  const auto bundled = std::ranges::count_if(begun.files, &BegunFile::bundled);
  EXPECT_GT(bundled, 50);
  EXPECT_LT(bundled, 80);
  EXPECT_EQ(OpenMultiparts(), static_cast<std::size_t>(200 - bundled));
  EXPECT_EQ(Complete(begun, SendBundled(begun, files)).outcome, Outcome::kAll);
}

}  // namespace
}  // namespace vams::catalog::test
