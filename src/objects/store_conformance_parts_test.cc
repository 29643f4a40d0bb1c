// The conformance suite of the object store: many parts at once, and finding many uploads.
#include <gmock/gmock.h>

#include "objects/store_conformance.h"

namespace vams::objects::conformance {
namespace {

using test::Md5Hex;
using test::Must;
using ::testing::IsEmpty;

std::vector<std::string> EtagsOf(const UploadWithParts& upload) {
  std::vector<std::string> etags;
  for (const PartInfo& part : upload.parts)
    etags.push_back(std::to_string(part.number) + " " + part.etag);
  return etags;
}

TEST_P(ObjectStoreConformance, StoresManyPartsOfManyUploads) {
  const auto first = NewUpload("first"), second = NewUpload("second");
  const std::string large(300'000, 'l');
  const PartBytes parts[] = {{.upload_id = first, .number = 2, .bytes = "two"},
                             {.upload_id = second, .number = 1, .bytes = large},
                             {.upload_id = first, .number = 1, .bytes = "", .md5 = Md5Hex("")},
                             {.upload_id = second, .number = 10'000, .bytes = "two"}};

  const auto stored = Must(store().PutParts(op, parts));

  ASSERT_EQ(stored.size(), 4U);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const PartInfo info = Must(stored[i]);
    EXPECT_EQ(info.number, parts[i].number);
    EXPECT_EQ(info.etag, Md5Hex(parts[i].bytes));
    EXPECT_EQ(info.size, parts[i].bytes.size());
  }
  EXPECT_TRUE(Must(store().PutParts(op, {})).empty());
  Must(store().CompleteUpload(op, first,
                              std::vector<PartEtag>{{1, Md5Hex("")}, {2, Md5Hex("two")}}));
  Must(store().CompleteUpload(op, second,
                              std::vector<PartEtag>{{1, Md5Hex(large)}, {10'000, Md5Hex("two")}}));
  EXPECT_EQ(Content("first"), "two");
  EXPECT_TRUE(Content("second") == large + "two");
}

TEST_P(ObjectStoreConformance, OfManyPartsEachHasItsOwnResult) {
  const auto open = NewUpload("open"), ended = NewUpload("ended");
  Must(store().AbortUpload(op, ended));
  const PartBytes parts[] = {
      {.upload_id = open, .number = 1, .bytes = "good"},
      {.upload_id = ended, .number = 1, .bytes = "late"},
      {.upload_id = open, .number = 0, .bytes = "no number"},
      {.upload_id = open, .number = 10'001, .bytes = "no number"},
      {.upload_id = open, .number = 2, .bytes = "damaged", .md5 = Md5Hex("whole")},
      {.upload_id = "", .number = 1, .bytes = "nobody's"},
      {.upload_id = "0123456789abcdef0123456789abcdef", .number = 1, .bytes = "nobody's"},
      {.upload_id = open, .number = 3, .bytes = "good too", .md5 = Md5Hex("good too")}};

  const auto stored = Must(store().PutParts(op, parts));

  ASSERT_EQ(stored.size(), std::size(parts));
  EXPECT_EQ(Must(stored[0]).etag, Md5Hex("good"));
  EXPECT_CODE(kNotFound, stored[1]);
  EXPECT_CODE(kInvalid, stored[2]);
  EXPECT_CODE(kInvalid, stored[3]);
  EXPECT_CODE(kInvalid, stored[4]);
  EXPECT_CODE(kNotFound, stored[5]);
  EXPECT_CODE(kNotFound, stored[6]);
  EXPECT_EQ(Must(stored[7]).etag, Md5Hex("good too"));
  const auto page = Must(store().ListParts(op, open, "", 10));
  ASSERT_EQ(page.parts.size(), 2U);
  EXPECT_EQ(page.parts[0].etag, Md5Hex("good"));
  EXPECT_EQ(page.parts[1].number, 3U);
}

// A client that lost the answer sends everything again, and a careless one sends a part twice.
TEST_P(ObjectStoreConformance, OfEqualPartsTheLastOneStays) {
  const auto upload = NewUpload("k");
  const PartBytes parts[] = {{.upload_id = upload, .number = 1, .bytes = "first"},
                             {.upload_id = upload, .number = 2, .bytes = "other"},
                             {.upload_id = upload, .number = 1, .bytes = "second"}};

  for (int round = 0; round < 2; ++round) {
    const auto stored = Must(store().PutParts(op, parts));
    EXPECT_EQ(Must(stored[0]).etag, Md5Hex("first"));
    EXPECT_EQ(Must(stored[2]).etag, Md5Hex("second"));
  }

  Must(store().CompleteUpload(op, upload,
                              std::vector<PartEtag>{{1, Md5Hex("second")}, {2, Md5Hex("other")}}));
  EXPECT_EQ(Content("k"), "secondother");
  // None of them comes after the end.
  for (const auto& late : Must(store().PutParts(op, parts))) EXPECT_CODE(kNotFound, late);
}

TEST_P(ObjectStoreConformance, StagesManyContents) {
  if (!store().traits().atomic_changes) GTEST_SKIP() << "nothing is staged in this engine";
  const std::string large(300'000, 'l');
  const ContentBytes contents[] = {
      {"one", {}}, {large, Md5Hex(large)}, {"damaged", Md5Hex("whole")}, {"", {}}, {"one", {}}};

  const auto staged = Must(store().StageMany(op, contents));

  ASSERT_EQ(staged.size(), 5U);
  EXPECT_CODE(kInvalid, staged[2]);
  ObjectChanges changes;
  for (const std::size_t i : {0, 1, 3, 4}) {
    EXPECT_EQ(Must(staged[i]).md5, Md5Hex(contents[i].bytes));
    EXPECT_EQ(Must(staged[i]).size, contents[i].bytes.size());
    changes.Add(PutChange{Id(std::to_string(i)), Must(staged[i]), {}, {}});
  }
  Must(store().Commit(op, changes));
  for (const std::size_t i : {0, 1, 3, 4})
    EXPECT_TRUE(Content(std::to_string(i)) == contents[i].bytes) << i;
  EXPECT_TRUE(Must(store().StageMany(op, {})).empty());
}

TEST_P(ObjectStoreConformance, FindsManyUploadsWithTheirParts) {
  const ObjectMetadata metadata{.content_type = "text/plain", .user = {{"owner", "me"}}};
  const auto full = NewUpload("full", metadata), empty = NewUpload("empty"),
             done = NewUpload("done");
  for (const std::uint32_t number : {3U, 10'000U, 1U}) Part(full, number, std::to_string(number));
  Must(store().CompleteUpload(op, done, std::vector{Part(done, 1, "x")}));

  const std::vector<std::string> ids{empty, "", full, done, std::string(2000, 'x'), full};
  const auto found = Must(store().FindUploads(op, ids));

  ASSERT_EQ(found.size(), ids.size());
  ASSERT_TRUE(found[0] && found[2] && found[5]);
  EXPECT_EQ(found[0]->info, Must(store().HeadUpload(op, empty)));
  EXPECT_THAT(found[0]->parts, IsEmpty());
  EXPECT_EQ(found[2]->info, Must(store().HeadUpload(op, full)));
  EXPECT_EQ(found[2]->info.metadata, metadata);
  EXPECT_THAT(EtagsOf(*found[2]), ::testing::ElementsAre("1 " + Md5Hex("1"), "3 " + Md5Hex("3"),
                                                         "10000 " + Md5Hex("10000")));
  EXPECT_EQ(found[5]->parts, found[2]->parts);
  EXPECT_FALSE(found[1] || found[3] || found[4]);
  EXPECT_TRUE(Must(store().FindUploads(op, {})).empty());
}

}  // namespace
}  // namespace vams::objects::conformance
