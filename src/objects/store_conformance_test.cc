#include "objects/store_conformance.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace vams::objects::conformance {
namespace {

using test::Md5Hex;
using test::MessageOf;
using test::Must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Keys(const ListPage& page) {
  std::vector<std::string> keys;
  for (const auto& object : page.objects) keys.push_back(object.object.key);
  return keys;
}

std::vector<std::string> Ids(const std::vector<VersionInfo>& versions) {
  std::vector<std::string> ids;
  for (const auto& version : versions) ids.push_back(version.version_id);
  return ids;
}

// ---- Contents and versions ----

TEST_P(ObjectStoreConformance, KeepsContentWithItsMetadata) {
  const ObjectMetadata metadata{"model/gltf-binary",
                                {{"databaseid", "harbor"}, {"asset", "kran-ü"}}};

  const VersionInfo made = Put("a/b.glb", "bytes", metadata);

  EXPECT_EQ(made.etag, Md5Hex("bytes"));
  EXPECT_EQ(made.size, 5u);
  EXPECT_EQ(made.metadata, metadata);
  EXPECT_TRUE(made.is_latest);
  EXPECT_EQ(made.version_id.size(), 32u);
  EXPECT_EQ(Must(store().Head(op, Id("a/b.glb"))), made);
  EXPECT_EQ(Must(store().Head(op, Id("a/b.glb"), made.version_id)), made);
  EXPECT_EQ(Content("a/b.glb"), "bytes");
}

// Across the border between small and large contents, and the chunks they are read in.
TEST_P(ObjectStoreConformance, KeepsEverySizeAndReadsRanges) {
  std::mt19937 random(11);
  RecordProperty("seed", 11);
  for (const std::size_t size :
       {0UL, 1UL, 65'535UL, 65'536UL, 65'537UL, 65'538UL, (1UL << 20) + 65'537, 6'000'000UL}) {
    std::string content(size, '\0');
    for (char& c : content) c = static_cast<char>(random());

    const VersionInfo made = Put("big", content);

    EXPECT_EQ(made.etag, Md5Hex(content));
    const auto reader = Must(store().Open(op, Id("big")));
    EXPECT_EQ(ReadAll(op, *reader), content);
    std::string some(100, '\0');
    some.resize(Must(reader->ReadAt(op, size / 2, some.data(), some.size())));
    EXPECT_EQ(some, content.substr(size / 2, 100));
    EXPECT_EQ(Must(reader->ReadAt(op, size + 1, some.data(), some.size())), 0u);
  }
}

TEST_P(ObjectStoreConformance, AbsentThingsAreNotFound) {
  Put("k", "1");

  EXPECT_CODE(kNotFound, store().Head(op, Id("other")));
  EXPECT_CODE(kNotFound, store().Open(op, Id("other")));
  EXPECT_CODE(kNotFound, store().Head(op, Id("k"), std::string(32, '0')));
  EXPECT_CODE(kNotFound, store().Open(op, Id("k"), ""));
  EXPECT_CODE(kNotFound, store().Head(op, {"empty", "k"}));
}

TEST_P(ObjectStoreConformance, EveryVersionStaysUntilItIsDeleted) {
  const auto first = Put("k", "1");
  const auto second = Put("k", "22");
  const auto marker = Must(store().Delete(op, Id("k")));
  ASSERT_TRUE(marker);

  EXPECT_CODE(kNotFound, store().Head(op, Id("k")));
  EXPECT_CODE(kNotFound, store().Open(op, Id("k"), marker->version_id));
  EXPECT_TRUE(Must(store().Head(op, Id("k"), marker->version_id)).is_delete_marker);
  EXPECT_EQ(Content("k", first.version_id), "1");
  EXPECT_THAT(Ids(Versions("k")),
              ElementsAre(marker->version_id, second.version_id, first.version_id));
  EXPECT_FALSE(Must(store().Delete(op, Id("k")))) << "nothing was current";

  Must(store().DeleteVersion(op, Id("k"), marker->version_id));
  EXPECT_EQ(Content("k"), "22");
  Must(store().DeleteVersion(op, Id("k"), second.version_id));
  EXPECT_EQ(Content("k"), "1");
  EXPECT_TRUE(Must(store().Head(op, Id("k"))).is_latest);
  Must(store().DeleteVersion(op, Id("k"), second.version_id));
  Must(store().DeleteVersion(op, Id("k"), first.version_id));
  EXPECT_TRUE(Versions("k").empty());
  EXPECT_EQ(Put("k", "new").size, 3u);
  EXPECT_EQ(Versions("k").size(), 1u);
}

TEST_P(ObjectStoreConformance, RefusesContentThatWasNotExpected) {
  const auto put = [&](const ContentExpectation& expected, std::string_view bytes) {
    return store().Put(op, Id("k"), SourceOf(bytes), expected, {}, {});
  };
  const std::string large(200'000, 'x');

  EXPECT_CODE(kInvalid, put({5, {}}, "four"));
  EXPECT_CODE(kInvalid, put({{}, Md5Hex("five")}, "four"));
  EXPECT_CODE(kInvalid, put({199'999, {}}, large));
  EXPECT_CODE(kInvalid, put({{}, Md5Hex("five")}, large));
  EXPECT_THAT(MessageOf(put({5, {}}, "four")), HasSubstr("4 bytes instead of 5"));
  EXPECT_TRUE(Versions("k").empty());
  EXPECT_TRUE(put({200'000, Md5Hex(large)}, large).ok());
}

TEST_P(ObjectStoreConformance, FailingSourceLeavesNothing) {
  const ByteSource source = [calls = 0](char* to, std::size_t size) mutable -> Result<std::size_t> {
    if (++calls == 3) return Error(Code::kUnavailable, "the client went away");
    std::fill_n(to, size, 'x');
    return size;
  };

  EXPECT_CODE(kUnavailable, store().Put(op, Id("k"), source, {}, {}, {}));
  EXPECT_TRUE(Versions("k").empty());
}

TEST_P(ObjectStoreConformance, ConditionsLookAtTheCurrentObject) {
  const auto put = [&](std::string_view bytes, const PutCondition& condition) {
    return store().PutBytes(op, Id("k"), bytes, {}, condition);
  };

  EXPECT_CODE(kConflict, put("1", PutCondition::EtagIs(Md5Hex("1"))));
  Must(put("1", PutCondition::Absent()));
  EXPECT_CODE(kConflict, put("2", PutCondition::Absent()));
  EXPECT_CODE(kConflict, put("2", PutCondition::EtagIs(Md5Hex("2"))));
  Must(put("2", PutCondition::EtagIs("\"" + Md5Hex("1") + "\"")));
  Must(store().Delete(op, Id("k")));
  EXPECT_CODE(kConflict, put("3", PutCondition::EtagIs(Md5Hex("2"))));
  Must(put("3", PutCondition::Absent()));

  EXPECT_EQ(Content("k"), "3");
  EXPECT_EQ(Versions("k").size(), 4u);
}

TEST_P(ObjectStoreConformance, RefusesMetadataThatCannotTravel) {
  const auto put = [&](const ObjectMetadata& metadata) {
    return store().PutBytes(op, Id("k"), "x", metadata);
  };

  EXPECT_CODE(kInvalid, put({"", {{"Upper", "x"}}}));
  EXPECT_CODE(kInvalid, put({"", {{"", "x"}}}));
  EXPECT_CODE(kInvalid, put({"", {{"a", "x\ny"}}}));
  EXPECT_CODE(kInvalid, put({"text/html\r\nX: y", {}}));
  EXPECT_CODE(kTooLarge, put({"", {{"a", std::string(2048, 'x')}}}));
  EXPECT_TRUE(put({"", {{"a", std::string(2047, 'x')}}}).ok());
}

// Keys are data: nothing in them is a path, an escape or a letter to be folded.
TEST_P(ObjectStoreConformance, KeepsNamesFromHellApart) {
  std::vector<std::string> keys = {"../../etc/passwd",
                                   "..",
                                   ".",
                                   "/",
                                   "//",
                                   "a//b",
                                   "a/",
                                   "a/./b",
                                   "a/../b",
                                   "a+b",
                                   "a b",
                                   "a%2Fb",
                                   "a%20b",
                                   "#",
                                   "?",
                                   "a.",
                                   "a..",
                                   "CASE",
                                   "case",
                                   "\xc3\xa9",
                                   "e\xcc\x81",
                                   "\xf0\x9f\x8f\x97",
                                   std::string("nul\0x", 5),
                                   "\n",
                                   "\x7f",
                                   "\xf4\x8f\xbf\xbf",
                                   std::string(255, 's') + "/x",
                                   std::string(1024, 'k')};
  std::string unicode;
  while (unicode.size() < 1024) unicode += "\xc3\xbc";
  keys.push_back(unicode);

  for (std::size_t i = 0; i < keys.size(); ++i) Put(keys[i], std::to_string(i));

  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(Content(keys[i]), std::to_string(i));
  const std::set<std::string> sorted(keys.begin(), keys.end());
  ListRequest request;
  request.bucket = "plant";
  request.limit = 3;
  EXPECT_EQ(Keys(ListAll(op, store(), request)),
            std::vector<std::string>(sorted.begin(), sorted.end()));
  EXPECT_CODE(kInvalid, store().PutBytes(op, Id(""), "x"));
  EXPECT_CODE(kInvalid, store().PutBytes(op, Id("\xff"), "x"));
  EXPECT_CODE(kTooLarge, store().PutBytes(op, Id(std::string(1025, 'k')), "x"));
  EXPECT_CODE(kInvalid, store().PutBytes(op, {"a/b", "k"}, "x"));
}

// ---- Copies ----

TEST_P(ObjectStoreConformance, CopiesAnyVersionWithItsMetadataOrOthers) {
  const auto first = Put("from", "1", {"text/plain", {{"a", "1"}}});
  Put("from", "2");

  const auto old = Must(store().Copy(op, {Id("from"), first.version_id, Id("old"), {}, {}}));
  Must(store().Copy(op, {Id("from"), {}, {"other", "new"}, ObjectMetadata{"", {{"b", "2"}}}, {}}));

  EXPECT_EQ(Content("old"), "1");
  EXPECT_EQ(old.metadata, first.metadata);
  EXPECT_NE(old.version_id, first.version_id);
  EXPECT_EQ(ContentOf(op, store(), {"other", "new"}), "2");
  EXPECT_EQ(Must(store().Head(op, {"other", "new"})).metadata.user, (UserMetadata{{"b", "2"}}));
  if (!store().traits().copy_moves_bytes) {
    EXPECT_EQ(old.etag, first.etag);
  }
}

TEST_P(ObjectStoreConformance, CopyOntoItselfMakesAVersion) {
  const auto first = Put("k", "1");
  Put("k", "2");

  Must(store().Copy(op, {Id("k"), first.version_id, Id("k"), {}, {}}));

  EXPECT_EQ(Content("k"), "1");
  EXPECT_EQ(Versions("k").size(), 3u);
}

TEST_P(ObjectStoreConformance, WhatHasNoContentCannotBeCopied) {
  Put("k", "1");
  const auto marker = Must(store().Delete(op, Id("k")));

  EXPECT_CODE(kNotFound, store().Copy(op, {Id("k"), {}, Id("to"), {}, {}}));
  EXPECT_CODE(kNotFound, store().Copy(op, {Id("k"), marker->version_id, Id("to"), {}, {}}));
  EXPECT_CODE(kNotFound, store().Copy(op, {Id("no"), {}, Id("to"), {}, {}}));
  EXPECT_CODE(kNotFound, store().Copy(op, {Id("k"), "none", Id("to"), {}, {}}));
}

// ---- Listings ----

TEST_P(ObjectStoreConformance, ListsCurrentObjectsAndCommonPrefixes) {
  for (const char* key : {"a/1", "a/2", "a/b/3", "ab", "b/1", "c", "d/"}) Put(key, "x");
  Put("gone/1", "x");
  Must(store().Delete(op, Id("gone/1")));
  ListRequest request;
  request.bucket = "plant";
  request.delimiter = "/";

  for (std::size_t limit = 1; limit < 8; ++limit) {
    request.limit = limit;
    request.prefix = "";
    const auto top = ListAll(op, store(), request);
    EXPECT_THAT(Keys(top), ElementsAre("ab", "c"));
    EXPECT_THAT(top.common_prefixes, ElementsAre("a/", "b/", "d/"));
    request.prefix = "a/";
    const auto inner = ListAll(op, store(), request);
    EXPECT_THAT(Keys(inner), ElementsAre("a/1", "a/2"));
    EXPECT_THAT(inner.common_prefixes, ElementsAre("a/b/"));
  }
  request = {};
  request.bucket = "plant";
  request.prefix = "a";
  request.start_after = "a/2";
  EXPECT_THAT(Keys(ListAll(op, store(), request)), ElementsAre("a/b/3", "ab"));
}

// A prefix that is followed by the greatest character there is, and one too long to be skipped.
TEST_P(ObjectStoreConformance, RollsUpWhatNoBoundSeparates) {
  const std::string longest = std::string(1021, 'p') + "/";
  for (const auto& key : {std::string("a/\xf4\x8f\xbf\xbf"), std::string("a/\xf4\x8f\xbf\xbf/z"),
                          std::string("a/b"), longest + "1", longest + "2", std::string("z")})
    Put(key, "x");
  ListRequest request;
  request.bucket = "plant";
  request.delimiter = "/";

  for (std::size_t limit = 1; limit < 4; ++limit) {
    request.limit = limit;
    const auto page = ListAll(op, store(), request);
    EXPECT_THAT(page.common_prefixes, ElementsAre("a/", longest));
    EXPECT_THAT(Keys(page), ElementsAre("z"));
  }
}

TEST_P(ObjectStoreConformance, ListsVersionsOfManyObjectsPageByPage) {
  std::vector<std::string> expected;
  for (const char* key : {"a", "b", "c"}) {
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(Put(key, std::to_string(i)).version_id);
    expected.insert(expected.end(), ids.rbegin(), ids.rend());
  }
  expected.push_back(Put("d", "x").version_id);
  ListVersionsRequest request;
  request.bucket = "plant";

  for (std::size_t limit = 1; limit < 12; ++limit) {
    request.limit = limit;
    const auto all = AllVersions(op, store(), request);
    EXPECT_EQ(Ids(all), expected);
    for (const auto& version : all) {
      const auto& head = Must(store().Head(op, version.object));
      EXPECT_EQ(version.is_latest, head.version_id == version.version_id);
    }
  }
  request.limit = 1000;
  request.prefix = "b";
  EXPECT_EQ(AllVersions(op, store(), request).size(), 3u);
}

TEST_P(ObjectStoreConformance, RefusesListingsThatMakeNoSense) {
  const auto list = [&](std::size_t limit, std::string cursor) {
    ListRequest request;
    request.bucket = "plant";
    request.limit = limit;
    request.cursor = std::move(cursor);
    return store().List(op, request);
  };

  EXPECT_CODE(kInvalid, list(0, ""));
  EXPECT_CODE(kInvalid, list(1001, ""));
  EXPECT_CODE(kInvalid, list(10, "no cursor"));
  EXPECT_TRUE(Must(list(10, "")).objects.empty());
}

// ---- Multipart uploads ----

TEST_P(ObjectStoreConformance, CompletesPartsSentInAnyOrderAndMoreThanOnce) {
  const auto upload = NewUpload("k", {"model/stl", {{"uploadid", "y1"}}});
  const auto third = Part(upload, 7, "ccc");
  Part(upload, 2, "wrong");
  const auto first = Part(upload, 1, "a");
  const auto second = Part(upload, 2, "bb");
  Part(upload, 9, "left out");
  EXPECT_TRUE(Versions("k").empty()) << "nothing is seen before the end";

  const auto made = Must(store().CompleteUpload(
      op, upload, std::vector<PartEtag>{first, {2, "\"" + second.etag + "\""}, third}));

  EXPECT_EQ(Content("k"), "abbccc");
  EXPECT_EQ(made.size, 6u);
  EXPECT_EQ(made.metadata, (ObjectMetadata{"model/stl", {{"uploadid", "y1"}}}));
  EXPECT_EQ(made.etag, Md5Hex(Md5("a") + Md5("bb") + Md5("ccc")) + "-3");
  EXPECT_EQ(Must(store().Head(op, Id("k"))).etag, made.etag);
  const auto reader = Must(store().Open(op, Id("k")));
  std::string some(3, '\0');
  EXPECT_EQ(Must(reader->ReadAt(op, 2, some.data(), 3)), 3u);
  EXPECT_EQ(some, "bcc");
}

TEST_P(ObjectStoreConformance, CompletingAgainGivesTheSameAnswer) {
  const auto upload = NewUpload("k");
  const std::vector parts{Part(upload, 1, "a"), Part(upload, 2, "")};
  const auto made = Must(store().CompleteUpload(op, upload, parts));

  EXPECT_EQ(Must(store().CompleteUpload(op, upload, parts)).version_id, made.version_id);
  EXPECT_CODE(kNotFound, store().CompleteUpload(op, upload, std::span(parts).first(1)));
  EXPECT_CODE(kNotFound, store().PutPart(op, upload, 1, SourceOf("b"), {}));
  EXPECT_CODE(kNotFound, store().AbortUpload(op, upload));
  EXPECT_CODE(kNotFound, store().ListParts(op, upload, "", 10));
  EXPECT_EQ(Versions("k").size(), 1u);
  EXPECT_EQ(Content("k"), "a");

  EXPECT_EQ(Must(store().Tidy(op, 1'700'000'000'000)), 0u);
  EXPECT_EQ(Must(store().Tidy(op, clock.NowMillis())), 1u);
  EXPECT_CODE(kNotFound, store().CompleteUpload(op, upload, parts));
  EXPECT_EQ(Content("k"), "a");
}

TEST_P(ObjectStoreConformance, SaysWhatIsWrongWithTheParts) {
  const auto upload = NewUpload("k");
  const auto one = Part(upload, 1, "a");
  const auto two = Part(upload, 2, "b");
  const auto complete = [&](std::vector<PartEtag> parts) {
    return store().CompleteUpload(op, upload, parts);
  };

  EXPECT_CODE(kInvalid, complete({}));
  EXPECT_CODE(kInvalid, complete({two, one}));
  EXPECT_CODE(kInvalid, complete({one, one}));
  EXPECT_CODE(kInvalid, complete({one, {3, one.etag}}));
  EXPECT_THAT(MessageOf(complete({one, {3, one.etag}})), HasSubstr("part 3 was not uploaded"));
  EXPECT_CODE(kInvalid, complete({one, {2, one.etag}}));
  EXPECT_CODE(kInvalid, store().PutPart(op, upload, 0, SourceOf("x"), {}));
  EXPECT_CODE(kInvalid,
              store().PutPart(op, upload, store().traits().max_parts + 1, SourceOf("x"), {}));
  EXPECT_CODE(kInvalid, store().PutPart(op, upload, 1, SourceOf("x"), {2, {}}));
  EXPECT_CODE(kNotFound, store().PutPart(op, "none", 1, SourceOf("x"), {}));
  EXPECT_CODE(kNotFound, store().PutPart(op, "", 1, SourceOf("x"), {}));

  EXPECT_TRUE(complete({one, two}).ok()) << "refusals leave the upload as it was";
}

TEST_P(ObjectStoreConformance, SmallPartsAreRefusedWhereTheTraitSaysSo) {
  Open(4);
  ASSERT_EQ(store().traits().min_part_bytes, 4u);
  const auto upload = NewUpload("k");
  const auto small = Part(upload, 1, "abc");
  const auto enough = Part(upload, 2, "abcd");
  const auto last = Part(upload, 3, "e");

  EXPECT_CODE(kInvalid, store().CompleteUpload(op, upload, std::vector{small, enough}));
  Must(store().CompleteUpload(op, upload, std::vector{enough, last}));

  EXPECT_EQ(Content("k"), "abcde");
}

TEST_P(ObjectStoreConformance, BeginsManyUploadsOrNone) {
  const ObjectMetadata metadata{.content_type = "text/plain", .user = {{"owner", "me"}}};
  const objects::NewUpload two[] = {{Id("a"), metadata}, {Id("a"), {}}};
  const objects::NewUpload bad[] = {{Id("b"), {}}, {Id(""), {}}, {Id("c"), {}}};

  const auto ids = Must(store().CreateUploads(op, two));
  EXPECT_CODE(kInvalid, store().CreateUploads(op, bad));

  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(Must(store().HeadUpload(op, ids[0])).object, Id("a"));
  EXPECT_EQ(Must(store().HeadUpload(op, ids[0])).metadata, metadata);
  EXPECT_EQ(Must(store().HeadUpload(op, ids[1])).metadata, ObjectMetadata());
  EXPECT_EQ(Must(store().ListUploads(op, {})).uploads.size(), 2U);
  EXPECT_TRUE(Must(store().CreateUploads(op, {})).empty());
}

TEST_P(ObjectStoreConformance, ListsPartsAndUploads) {
  const auto old = NewUpload("old");
  const std::int64_t between = clock.NowMillis();
  const auto young = NewUpload("young");
  Must(store().CreateUpload(op, {"other", "k"}, {}));
  for (const std::uint32_t number : {3U, 10'000U, 1U}) Part(old, number, std::to_string(number));

  std::vector<std::uint32_t> numbers;
  std::string cursor;
  do {
    const auto page = Must(store().ListParts(op, old, cursor, 2));
    for (const auto& part : page.parts) numbers.push_back(part.number);
    cursor = page.next;
  } while (!cursor.empty());
  EXPECT_THAT(numbers, ElementsAre(1, 3, 10'000));

  const auto uploads = [&](ListUploadsRequest request) {
    std::set<std::string> ids;
    request.limit = 1;
    do {
      const auto page = Must(store().ListUploads(op, request));
      for (const auto& upload : page.uploads) ids.insert(upload.upload_id);
      request.cursor = page.next;
    } while (!request.cursor.empty());
    return ids;
  };
  EXPECT_EQ(uploads({}).size(), 3u);
  ListUploadsRequest request;
  request.bucket = "plant";
  EXPECT_EQ(uploads(request), (std::set{old, young}));
  request.created_before_millis = between;
  EXPECT_EQ(uploads(request), (std::set{old}));
  Must(store().AbortUpload(op, old));
  EXPECT_TRUE(uploads(request).empty());
  EXPECT_CODE(kNotFound, store().HeadUpload(op, old));
  EXPECT_EQ(Must(store().HeadUpload(op, young)).object, Id("young"));
}

TEST_P(ObjectStoreConformance, ConditionsHoldForUploadsAndCopies) {
  Put("k", "1");
  const auto upload = NewUpload("k");
  const std::vector parts{Part(upload, 1, "2")};

  EXPECT_CODE(kConflict, store().CompleteUpload(op, upload, parts, PutCondition::Absent()));
  EXPECT_CODE(kConflict, store().Copy(op, {Id("k"), {}, Id("k"), {}, PutCondition::Absent()}));
  Must(store().CompleteUpload(op, upload, parts, PutCondition::EtagIs(Md5Hex("1"))));

  EXPECT_EQ(Content("k"), "2");
}

// ---- Together ----

TEST_P(ObjectStoreConformance, ChangesHappenInOrderAndAllAtOnce) {
  if (!store().traits().atomic_changes) GTEST_SKIP() << "changes of this engine are single";
  const auto old = Put("from", "moved");
  const auto upload = NewUpload("up");
  const std::vector parts{Part(upload, 1, "u")};
  const auto staged = Must(store().Stage(op, SourceOf("staged"), {}));

  ObjectChanges changes;
  changes.Add(CopyChange{Id("from"), {}, Id("to"), {}, PutCondition::Absent()})
      .Add(DeleteVersionChange{Id("from"), old.version_id})
      .Add(PutChange{Id("new"), staged, {"text/plain", {}}, {}})
      .Add(CopyChange{Id("new"), {}, Id("newer"), {}, {}})
      .Add(DeleteChange{Id("new")})
      .Add(CompleteChange{upload, parts, {}})
      .Add(DeleteChange{Id("nothing")});
  const auto made = Must(store().Commit(op, changes));

  ASSERT_EQ(made.size(), 7u);
  EXPECT_EQ(made[0]->object, Id("to"));
  EXPECT_FALSE(made[1]);
  EXPECT_TRUE(made[4]->is_delete_marker);
  EXPECT_FALSE(made[6]);
  EXPECT_TRUE(Versions("from").empty());
  EXPECT_EQ(Content("to"), "moved");
  EXPECT_EQ(Content("newer"), "staged");
  EXPECT_EQ(Content("up"), "u");
  EXPECT_EQ(Versions("new").size(), 2u);
}

TEST_P(ObjectStoreConformance, OneRefusedChangeRefusesAll) {
  if (!store().traits().atomic_changes) GTEST_SKIP() << "changes of this engine are single";
  Put("k", "1");
  const auto upload = NewUpload("up");
  const std::vector parts{Part(upload, 1, "u")};
  const auto staged = Must(store().Stage(op, SourceOf("staged"), {}));

  ObjectChanges changes;
  changes.Add(CompleteChange{upload, parts, {}})
      .Add(DeleteChange{Id("k")})
      .Add(PutChange{Id("a"), staged, {}, {}})
      .Add(PutChange{Id("a"), staged, {}, PutCondition::Absent()});
  const auto made = store().Commit(op, changes);

  EXPECT_CODE(kConflict, made);
  EXPECT_EQ(made.error().index, 3);
  EXPECT_EQ(Content("k"), "1");
  EXPECT_TRUE(Versions("a").empty());
  EXPECT_TRUE(Versions("up").empty());
  EXPECT_TRUE(store().CompleteUpload(op, upload, parts).ok());
}

TEST_P(ObjectStoreConformance, OnlyStagedContentsCanBePut) {
  if (!store().traits().atomic_changes) GTEST_SKIP() << "changes of this engine are single";
  const StagedContent never{test::Sha("never"), Md5Hex("never"), 5};

  EXPECT_CODE(kNotFound,
              store().Commit(op, ObjectChanges().Add(PutChange{Id("k"), never, {}, {}})));
}

}  // namespace
}  // namespace vams::objects::conformance
