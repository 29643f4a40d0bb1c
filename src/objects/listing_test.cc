#include "objects/listing.h"

#include <random>

#include "objects/iso_time.h"
#include "objects/test_support.h"
#include "testing/fixtures.h"

namespace vams::objects {
namespace {

using test::Gzip;
using test::MessageOf;
using test::Must;
using test::Put;
using ::testing::Test;

// "plant/a.glb: v1 v2* " — the versions oldest first, '!' a delete marker, '*' the latest.
std::string Show(ListingReader& reader) {
  std::string out;
  for (std::vector<ObjectVersion> versions; Must(reader.Next(versions));) {
    out += fmt::format("{}/{}:", versions.front().bucket, versions.front().key);
    for (const auto& version : versions)
      out += fmt::format(" {}{}{}", version.version_id, version.is_delete_marker ? "!" : "",
                         version.is_latest ? "*" : "");
    out += "\n";
  }
  return out;
}

class ListingTest : public Test {
 protected:
  files::Path File(std::string_view content, std::string_view name = "list.json") {
    return Put(temp_.path() / name, content);
  }
  std::string Read(std::string_view content, std::string_view bucket = "plant") {
    const auto reader = ListingReader::Open(File(content), bucket);
    return reader.ok() ? Show(**reader) : "error: " + reader.error().message;
  }
  Error Refused(std::string_view content, std::string_view bucket = "plant") {
    const auto reader = ListingReader::Open(File(content), bucket);
    if (!reader.ok()) return reader.error();
    ADD_FAILURE() << "was accepted: " << content;
    return {};
  }

  const files::TempFolder temp_ = test::MakeTemp();
};

constexpr std::string_view kVersions = R"({
  "Versions": [
    {"ETag": "\"900150983cd24fb0d6963f7d28e17f72\"", "Size": 3, "StorageClass": "STANDARD", "Key": "a.glb",
     "VersionId": "v3", "IsLatest": true, "LastModified": "2024-05-14T11:14:20+00:00",
     "Owner": {"DisplayName": "x", "ID": "y"}, "ChecksumAlgorithm": ["CRC32"]},
    {"Size": 2, "Key": "a.glb", "VersionId": "v1", "IsLatest": false, "LastModified": "2024-05-12T11:14:20.000Z"},
    {"Size": 1, "Key": "c d/ü:1", "VersionId": "null", "IsLatest": false, "LastModified": "2024-05-12T11:14:20+00:00"}
  ],
  "DeleteMarkers": [
    {"Key": "a.glb", "VersionId": "d2", "IsLatest": false, "LastModified": "2024-05-13T11:14:20+00:00"},
    {"Key": "b", "VersionId": "d1", "IsLatest": true, "LastModified": "2024-05-13T11:14:20+00:00"},
    {"Key": "c d/ü:1", "VersionId": "d9", "IsLatest": true, "LastModified": "2024-05-12T11:14:20+00:00"}
  ],
  "RequestCharged": null, "Prefix": ""
})";

TEST_F(ListingTest, MergesVersionsAndDeleteMarkersOldestFirst) {
  EXPECT_EQ(Read(kVersions),
            "plant/a.glb: v1 d2! v3*\n"
            "plant/b: d1!*\n"
            "plant/c d/ü:1: null d9!*\n");
}

TEST_F(ListingTest, TakesTheAttributes) {
  const auto reader = Must(ListingReader::Open(File(kVersions), "plant"));

  std::vector<ObjectVersion> versions;
  ASSERT_TRUE(Must(reader->Next(versions)));

  EXPECT_EQ(reader->info().format, ListingFormat::kVersionsJson);
  EXPECT_EQ(reader->info().versions, 6u);
  EXPECT_EQ(reader->info().delete_markers, 3u);
  EXPECT_TRUE(reader->info().sorted);
  EXPECT_TRUE(reader->info().has_version_ids);
  ObjectVersion expected = test::Version("a.glb", "v3", 3);
  expected.is_latest = true;
  expected.etag = "900150983cd24fb0d6963f7d28e17f72";
  expected.last_modified_millis = 1'715'685'260'000;
  EXPECT_EQ(versions.back(), expected);
}

TEST_F(ListingTest, TheBucketComesFromTheNameOrTheCaller) {
  const std::string named =
      R"({"Versions": [{"Key": "a", "Size": 1, "VersionId": "v"}], "Name": "plant"})";

  EXPECT_EQ(Read(named, ""), "plant/a: v*\n");
  EXPECT_EQ(Read(named, "plant"), "plant/a: v*\n");
  EXPECT_NE(Refused(named, "other").message.find("lists the bucket plant"), std::string::npos);
  EXPECT_NE(Refused(kVersions, "").message.find("BUCKET="), std::string::npos);
}

TEST_F(ListingTest, ReadsPagesBehindEachOther) {
  const std::string pages =
      R"({"Name": "plant", "IsTruncated": true, "Versions": [{"Key": "a", "Size": 1, "VersionId": "2", "IsLatest": true}]}
         {"Name": "plant", "IsTruncated": false, "Versions": [{"Key": "a", "Size": 1, "VersionId": "1"}],
          "DeleteMarkers": [{"Key": "b", "VersionId": "3"}]})";

  EXPECT_EQ(Read(pages), "plant/a: 1 2*\nplant/b: 3!*\n");
}

// A listing that stops early would make current versions of old ones, or miss whole assets.
TEST_F(ListingTest, RefusesAListingThatStopsEarly) {
  for (const auto* text :
       {R"({"Name": "plant", "IsTruncated": true, "Versions": []})",
        R"({"Versions": [{"Key": "a", "Size": 1, "VersionId": "v"}], "NextToken": "eyJ"})"}) {
    EXPECT_NE(Refused(text).message.find("stops early"), std::string::npos);
  }
}

TEST_F(ListingTest, ReadsCurrentObjectsWithoutIds) {
  const auto reader = Must(ListingReader::Open(
      File(
          R"({"Contents": [{"Key": "a", "Size": 1, "ETag": "\"x-2\""}, {"Key": "b/", "Size": 0}]})"),
      "plant"));

  EXPECT_EQ(reader->info().format, ListingFormat::kCurrentJson);
  EXPECT_FALSE(reader->info().has_version_ids);
  EXPECT_EQ(Show(*reader), "plant/a: null*\nplant/b/: null*\n");
}

TEST_F(ListingTest, AnEmptyBucketIsAListing) {
  EXPECT_EQ(Read("[]"), "");
  EXPECT_EQ(Read(R"({"RequestCharged": null})"), "");
  EXPECT_EQ(Read(R"({"Versions": []})"), "");
}

TEST_F(ListingTest, ReadsEveryFixture) {
  const auto fixtures = testing::FixtureFolder();
  if (!fixtures) GTEST_SKIP() << "the fixtures are not here";
  for (const auto& [line, objects] :
       {std::pair{"v2.1", 22}, {"v2.2", 24}, {"v2.3", 24}, {"v2.4", 24}}) {
    const auto reader =
        Must(ListingReader::Open(*fixtures / "dynamodb" / line / "_s3-objects.json", ""));
    int count = 0;
    for (std::vector<ObjectVersion> versions; Must(reader->Next(versions)); ++count) {
      EXPECT_EQ(versions.size(), 1u);
      EXPECT_TRUE(versions.front().user_metadata.has_value());
    }
    EXPECT_EQ(count, objects) << line;
    EXPECT_TRUE(reader->info().sorted);
  }
}

TEST_F(ListingTest, OurFormHoldsHistories) {
  EXPECT_EQ(Read(R"([{"bucket": "plant", "key": "a", "versionId": "3", "isDeleteMarker": true},
                     {"bucket": "plant", "key": "a", "size": 2, "versionId": "2", "isLatest": false},
                     {"bucket": "plant", "key": "a", "size": 1, "versionId": "1", "isLatest": false}])"),
            "plant/a: 1 2 3!*\n");
}

// Not sorted by key: everything is collected, and the result is the same.
TEST_F(ListingTest, SortsWhatIsNotSorted) {
  const auto reader = Must(
      ListingReader::Open(File(R"([{"bucket": "plant", "key": "b", "size": 2, "versionId": "2"},
               {"bucket": "plant", "key": "a", "size": 2, "versionId": "9"},
               {"bucket": "depot", "key": "z", "size": 2, "versionId": "7"},
               {"bucket": "plant", "key": "b", "size": 1, "versionId": "1"}])"),
                          ""));

  EXPECT_FALSE(reader->info().sorted);
  EXPECT_EQ(Show(*reader), "depot/z: 7*\nplant/a: 9*\nplant/b: 1 2*\n");
}

TEST_F(ListingTest, TheSameVersionTwiceCountsOnceUnlessItDiffers) {
  EXPECT_EQ(Read(R"([{"bucket": "plant", "key": "a", "size": 1, "versionId": "1"},
                     {"bucket": "plant", "key": "a", "size": 1, "versionId": "1"}])"),
            "plant/a: 1*\n");
  const auto reader = Must(
      ListingReader::Open(File(R"([{"bucket": "plant", "key": "a", "size": 1, "versionId": "1"},
               {"bucket": "plant", "key": "a", "size": 2, "versionId": "1"}])"),
                          ""));
  std::vector<ObjectVersion> versions;
  EXPECT_EQ(reader->Next(versions).error().code, Code::kInvalid);
}

TEST_F(ListingTest, OddKeysStayAsTheyAre) {
  const std::string longest(1024, 'k');
  const auto reader = Must(ListingReader::Open(
      File(fmt::format(R"([{{"bucket": "plant", "key": "../x", "size": 1, "versionId": "1"}},
                           {{"bucket": "plant", "key": "/lead", "size": 1, "versionId": "1"}},
                           {{"bucket": "plant", "key": "{}", "size": 1, "versionId": "1"}},
                           {{"bucket": "plant", "key": "\u00c5 \ud83d\ude00\t\\", "size": 1, "versionId": "1"}}])",
                       longest)),
      ""));

  EXPECT_EQ(Show(*reader), "plant/../x: 1*\nplant//lead: 1*\nplant/" + longest +
                               ": 1*\nplant/Å \U0001F600\t\\: 1*\n");
}

TEST_F(ListingTest, MistakesAreNamedByFileLineAndPath) {
  const auto expect = [&](std::string_view text, Code code, std::string_view part) {
    const Error error = Refused(text);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("list.json"), std::string::npos) << error.message;
  };
  const std::string page = "{\n\"Versions\": [\n{\"Key\": \"a\", \"Size\": 1},\n";

  expect(page + "{\"Key\": \"b\"}]}", Code::kInvalid, "list.json:4: Versions[1] has no size");
  expect(page + "{\"Key\": \"b\", \"Size\": \"1\"}]}", Code::kInvalid, "Versions[1].Size");
  expect(page + "{\"Key\": \"b\", \"Size\": -1}]}", Code::kInvalid, "Versions[1].Size");
  expect(page + "{\"Key\": \"b\", \"Size\": 1.5}]}", Code::kInvalid, "Versions[1].Size");
  expect(page + "{\"Key\": \"b\", \"Size\": 18446744073709551615}]}", Code::kInvalid,
         "Versions[1].Size");
  expect(page + "{\"Key\": 7, \"Size\": 1}]}", Code::kInvalid, "Versions[1].Key");
  expect(page + "{\"Key\": {\"x\": 1}, \"Size\": 1}]}", Code::kInvalid, "Versions[1].Key");
  expect(page + "{\"Key\": \"b\", \"Key\": \"c\", \"Size\": 1}]}", Code::kInvalid,
         "Versions[1].Key");
  expect(page + "{\"Key\": \"b\", \"Size\": 1, \"LastModified\": \"today\"}]}", Code::kInvalid,
         "Versions[1].LastModified");
  expect(page + "{\"Key\": \"\", \"Size\": 1}]}", Code::kInvalid, "Versions[1]");
  expect(page + "\"b\"]}", Code::kInvalid, "Versions[1] is no object");
  expect(page + "{\"Key\": \"" + std::string(1025, 'k') + "\", \"Size\": 1}]}", Code::kInvalid,
         "1024");
  expect("[{\"bucket\": \"a/b\", \"key\": \"k\", \"size\": 1}]", Code::kInvalid, "[0]");
  expect("[{\"bucket\": \"plant\", \"key\": \"k\", \"size\": 1, \"metadata\": {\"a\": 1}}]",
         Code::kInvalid, "[0].metadata");
  expect(page, Code::kCorrupt, "cut off");
  expect(page + "x]}", Code::kCorrupt, "list.json:4");
  expect("[{\"bucket\": \"plant\", \"key\": \"\xff\", \"size\": 1}]", Code::kCorrupt, "no JSON");
  expect("{\"Items\": []}", Code::kInvalid, "no object listing");
  expect(" \n", Code::kInvalid, "empty");
}

// The parser gets the file in chunks; keys and numbers that a chunk's end divides stay whole.
TEST_F(ListingTest, ReadsAListingOfManyChunks) {
  std::mt19937 random(11);
  RecordProperty("seed", 11);
  std::string text = "[", expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = fmt::format("k{:06}{}", i, std::string(random() % 40, 'x'));
    text += fmt::format(
        "{}{{\"bucket\": \"plant\", \"key\": \"{}\", \"size\": {}, \"versionId\": \"{}\"}}",
        i == 0 ? "" : ",\n", key, random(), i);
    expected += fmt::format("plant/{}: {}*\n", key, i);
  }

  EXPECT_EQ(Read(text + "]"), expected);
}

// ---- Inventories ----

class InventoryTest : public ListingTest {
 protected:
  static constexpr std::string_view kSchema =
      "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, "
      "StorageClass";

  files::Path Write(std::string_view csv, std::string_view schema = kSchema,
                    std::string_view format = "CSV", std::string md5 = "") {
    const std::string data = Gzip(csv);
    Put(temp_.path() / "inventory" / "data" / "part-1.csv.gz", data);
    return Put(temp_.path() / "inventory" / "2024-05-14T01-00Z" / "manifest.json",
               fmt::format(R"({{"sourceBucket": "plant", "destinationBucket": "arn:aws:s3:::logs",
                         "version": "2016-11-30", "fileFormat": "{}", "fileSchema": "{}",
                         "files": [{{"key": "logs/plant/daily/data/part-1.csv.gz", "size": {},
                                     "MD5checksum": "{}"}}]}})",
                           format, schema, data.size(), md5.empty() ? test::Md5Hex(data) : md5));
  }

  static constexpr std::string_view kCsv =
      "\"plant\",\"b%2Fx+y%C3%BC%2B\",\"v1\",\"false\",\"false\",\"5\",\"2024-05-12T00:00:00."
      "000Z\",\"e\",\"STANDARD\"\n"
      "\"plant\",\"a\",\"v9\",\"true\",\"false\",\"5\",\"2024-05-12T00:00:00.000Z\",\"e\","
      "\"STANDARD\"\n"
      "\"plant\",\"b%2Fx+y%C3%BC%2B\",\"d2\",\"true\",\"true\",\"\",\"2024-05-13T00:00:00.000Z\","
      "\"\",\"\"\n";
};

TEST_F(InventoryTest, ReadsTheFilesOfItsManifest) {
  const auto reader = Must(ListingReader::Open(Write(kCsv), ""));

  EXPECT_EQ(reader->info().format, ListingFormat::kInventory);
  EXPECT_EQ(reader->info().delete_markers, 1u);
  EXPECT_EQ(Show(*reader), "plant/a: v9*\nplant/b/x yü+: v1 d2!*\n");
}

TEST_F(InventoryTest, WithoutVersionIdsKnowsCurrentObjectsOnly) {
  const auto reader =
      Must(ListingReader::Open(Write("\"plant\",\"a\",\"5\"\n", "Bucket, Key, Size"), "plant"));

  EXPECT_FALSE(reader->info().has_version_ids);
  EXPECT_EQ(Show(*reader), "plant/a: null*\n");
}

TEST_F(InventoryTest, DamageIsFoundBeforeAnythingIsHandedOut) {
  const auto expect = [&](const files::Path& manifest, Code code, std::string_view part) {
    const auto reader = ListingReader::Open(manifest, "");
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().code, code) << reader.error().message;
    EXPECT_NE(reader.error().message.find(part), std::string::npos) << reader.error().message;
  };

  expect(Write(kCsv, kSchema, "CSV", std::string(32, '0')), Code::kCorrupt, "MD5");
  expect(Write("\"plant\",\"a\"\n"), Code::kCorrupt, "part-1.csv.gz:1: there are 2 fields");
  expect(Write("\"plant\",\"a%zz\",\"v\",\"true\",\"false\",\"5\",\"\",\"\",\"\"\n"),
         Code::kInvalid, "Key");
  expect(Write("\"plant\",\"a\",\"v\",\"maybe\",\"false\",\"5\",\"\",\"\",\"\"\n"), Code::kInvalid,
         "IsLatest");
  expect(Write("\"plant\",\"a\",\"v\",\"true\",\"false\",\"\",\"\",\"\",\"\"\n"), Code::kInvalid,
         "size");
  expect(Write("x", "Bucket, Key"), Code::kInvalid, "Size");
  expect(Write("x", kSchema, "ORC"), Code::kNotSupported, "CSV");
  const auto manifest = Write(kCsv);
  Put(manifest.parent_path() / "manifest.checksum", std::string(32, '1') + "\n");
  expect(manifest, Code::kCorrupt, "manifest.checksum");
  std::filesystem::remove(manifest.parent_path() / "manifest.checksum");
  std::filesystem::remove(temp_.path() / "inventory" / "data" / "part-1.csv.gz");
  expect(manifest, Code::kNotFound, "part-1.csv.gz");
}

TEST_F(InventoryTest, ACsvFileByItselfNeedsAHeader) {
  const auto bare = ListingReader::Open(File(Gzip(kCsv), "part.csv.gz"), "");
  const auto headed = ListingReader::Open(
      File("Bucket,Key,VersionId,Size\n\"plant\",\"a\",\"v\",\"1\"\n", "x.csv"), "");
  const auto parquet = ListingReader::Open(File("PAR1\x15\x04", "part.parquet"), "");

  EXPECT_EQ(bare.error().code, Code::kInvalid);
  EXPECT_NE(MessageOf(bare).find("manifest.json"), std::string::npos);
  ASSERT_TRUE(headed.ok()) << MessageOf(headed);
  EXPECT_EQ(Show(**headed), "plant/a: v*\n");
  EXPECT_EQ(parquet.error().code, Code::kNotSupported);
}

TEST(IsoTime, ReadsWhatS3Writes) {
  EXPECT_EQ(ParseIsoTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseIsoTime("2024-05-14T11:14:20.608Z"), 1'715'685'260'608);
  EXPECT_EQ(ParseIsoTime("2024-05-14T13:14:20.6089+02:00"), 1'715'685'260'608);
  EXPECT_EQ(ParseIsoTime("1969-12-31T23:59:59.999Z"), -1);
  for (const auto* bad : {"", "2024-05-14", "2024-02-30T00:00:00Z", "2024-05-14T24:00:00Z",
                          "2024-05-14T11:14:20", "2024-05-14T11:14:20.Z", "2024-05-14T11:14:20Zx"})
    EXPECT_EQ(ParseIsoTime(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace vams::objects
