#include "items/aws/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "items/aws/dynamodb_json.h"
#include "items/aws/test_support.h"
#include "items/codec.h"
#include "testing/fixtures.h"

namespace vams::items::aws {
namespace {

using test::Gzip;
using test::HandMadeExport;
using test::MakeTemp;
using test::Put;
using test::ReadAllItems;
using test::Slurp;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Encoded(std::string_view json) {
  auto encoded = EncodeFromJson(json);
  EXPECT_TRUE(encoded.ok()) << json;
  return encoded.ok() ? *encoded : std::string();
}

// The only table of a data set.
TableFiles Single(const files::Path& where) {
  auto dataset = OpenDataset(where);
  EXPECT_TRUE(dataset.ok()) << dataset.error().message;
  if (!dataset.ok() || dataset->tables.size() != 1) {
    ADD_FAILURE() << "expected one table in " << where;
    return {};
  }
  return dataset->tables.front();
}

Error OpenError(const files::Path& where) {
  auto dataset = OpenDataset(where);
  EXPECT_FALSE(dataset.ok());
  return dataset.ok() ? Error() : dataset.error();
}

Error ReadError(const files::Path& where) {
  auto items = ReadAllItems(Single(where));
  EXPECT_FALSE(items.ok());
  return items.ok() ? Error() : items.error();
}

void ExpectError(const Error& error, Code code, const std::vector<std::string>& parts) {
  EXPECT_EQ(error.code, code) << error.message;
  for (const auto& part : parts) EXPECT_THAT(error.message, HasSubstr(part));
}

// ---- Exports ----------------------------------------------------------------------------------

TEST(Dataset, ReadsAPointInTimeExport) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());

  const TableFiles table = Single(temp.path());
  EXPECT_EQ(table.physical_name, "prod-AssetStorageTable-1A2B");
  EXPECT_EQ(table.layout, TableFiles::Layout::kExport);
  EXPECT_EQ(table.where, made.Folder(temp.path()));
  EXPECT_EQ(table.export_time, "2024-05-14T11:14:20.608Z");
  ASSERT_EQ(table.files.size(), 2U);
  EXPECT_EQ(table.files[0].items, 2U);

  ReadReport report;
  const auto items = ReadAllItems(table, {}, &report);
  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_THAT(*items, ElementsAre(Encoded(R"({"id":{"S":"b"},"n":{"N":"1"}})"),
                                  Encoded(R"({"id":{"S":"a"}})"),
                                  Encoded(R"({"id":{"S":"c"},"tags":{"SS":["x","y"]}})")));
  EXPECT_EQ(report.items, 3U);
  EXPECT_EQ(report.bytes, made.files[0].size() + made.files[1].size());
  EXPECT_EQ(report.problem_count, 0U);
}

TEST(Dataset, TellsWhereEachItemCameFrom) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  std::vector<std::string> origins;
  const auto read = ReadTable(Single(temp.path()), {}, [&](std::string_view, const Origin& origin) {
    origins.push_back(fmt::format("{}:{}", origin.file.filename().string(), origin.line));
    return Ok();
  });
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(origins, ElementsAre("part0.json.gz:1", "part0.json.gz:2", "part1.json.gz:1"));
}

TEST(Dataset, FindsAnExportFromAnyOfItsFolders) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.export_type = "FULL_EXPORT";
  const auto root = temp.path() / "bucket" / "nightly" / "2024";
  made.Write(root);
  for (const auto& where :
       {temp.path(), temp.path() / "bucket", root, root / "AWSDynamoDB", made.Folder(root),
        made.Folder(root) / "", made.Folder(root) / "manifest-summary.json"}) {
    SCOPED_TRACE(where);
    const auto items = ReadAllItems(Single(where));
    ASSERT_TRUE(items.ok()) << items.error().message;
    EXPECT_EQ(items->size(), 3U);
  }
}

TEST(Dataset, LooksSixFoldersDeep) {
  const auto temp = MakeTemp();
  HandMadeExport().Write(temp.path() / "1/2/3/4/5");  // AWSDynamoDB is the sixth
  EXPECT_EQ(Single(temp.path()).physical_name, "prod-AssetStorageTable-1A2B");
  std::filesystem::create_directory(temp.path() / "1/2/3/4/5/6");
  std::filesystem::rename(temp.path() / "1/2/3/4/5/AWSDynamoDB",
                          temp.path() / "1/2/3/4/5/6/AWSDynamoDB");
  ExpectError(OpenError(temp.path()), Code::kNotFound, {"holds no data set"});
}

// Copies lose prefixes and folders get friendlier names; what lies beside the manifest is found.
TEST(Dataset, ResolvesKeysOfMovedExports) {
  for (const std::string prefix : {"", "a/b", "AWSDynamoDB"}) {
    SCOPED_TRACE(prefix);
    const auto temp = MakeTemp();
    HandMadeExport made;
    made.s3_prefix = prefix;
    made.Write(temp.path());
    std::filesystem::create_directories(temp.path() / "renamed");
    std::filesystem::rename(made.Folder(temp.path()), temp.path() / "renamed" / "assets");
    const auto items = ReadAllItems(Single(temp.path()));
    ASSERT_TRUE(items.ok()) << items.error().message;
    EXPECT_EQ(items->size(), 3U);
  }
}

TEST(Dataset, RefusesKeysThatLeadOutOfTheExport) {
  for (const std::string key :
       {"../../secret.json", "AWSDynamoDB/../../x.json.gz", "/etc/passwd", ""}) {
    SCOPED_TRACE(key);
    const auto temp = MakeTemp();
    HandMadeExport made;
    made.Write(temp.path());
    std::string manifest = made.FilesManifest();
    const auto at = manifest.find("\"dataFileS3Key\":\"") + 17;
    manifest.replace(at, manifest.find('"', at) - at, key);
    Put(made.Folder(temp.path()) / "manifest-files.json", manifest);
    std::filesystem::remove(made.Folder(temp.path()) / "manifest-files.checksum");
    ExpectError(OpenError(temp.path()), Code::kInvalid, {"manifest-files.json", "leads out"});
  }
}

TEST(Dataset, ReadsSeveralExportsOfOneFolder) {
  const auto temp = MakeTemp();
  HandMadeExport assets, tags, empty;
  tags.table = "prod-TagStorageTable";
  tags.id = "01715685260609-00000001";
  tags.files = {"{\"Item\":{\"tagName\":{\"S\":\"steel\"}}}\n"};
  empty.table = "prod-EmptyTable";
  empty.id = "01715685260610-00000002";
  empty.files = {"", ""};
  assets.Write(temp.path());
  tags.Write(temp.path());
  empty.Write(temp.path() / "more");
  // A partition without items may also be a file without a byte.
  Put(empty.Data(temp.path() / "more", 1), "");
  std::string manifest = empty.FilesManifest();
  const auto second = manifest.find('\n') + 1;
  manifest.replace(manifest.find("\"md5", second),
                   manifest.find("\"dataFile", second) - manifest.find("\"md5", second),
                   "\"md5Checksum\":\"1B2M2Y8AsgTpgAmY7PhCfg==\",");
  Put(empty.Folder(temp.path() / "more") / "manifest-files.json", manifest);
  Put(empty.Folder(temp.path() / "more") / "manifest-files.checksum", Base64Encode(Md5(manifest)));
  Put(temp.path() / "_s3-objects.json", "[]");

  const auto dataset = OpenDataset(temp.path());

  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  ASSERT_EQ(dataset->tables.size(), 3U);
  EXPECT_EQ(dataset->tables[0].physical_name, "prod-AssetStorageTable-1A2B");
  EXPECT_EQ(dataset->tables[1].physical_name, "prod-EmptyTable");
  EXPECT_EQ(dataset->tables[2].physical_name, "prod-TagStorageTable");
  EXPECT_EQ(dataset->objects_listing, temp.path() / "_s3-objects.json");
  EXPECT_EQ(ReadAllItems(dataset->tables[0])->size(), 3U);
  const auto none = ReadAllItems(dataset->tables[1]);
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(ReadAllItems(dataset->tables[2])->size(), 1U);
}

TEST(Dataset, RefusesTwoExportsOfOneTable) {
  const auto temp = MakeTemp();
  HandMadeExport monday, tuesday;
  tuesday.id = "01715771660608-00000001";
  tuesday.export_time = "2024-05-15T11:14:20.608Z";
  monday.Write(temp.path());
  tuesday.Write(temp.path());
  ExpectError(OpenError(temp.path()), Code::kInvalid,
              {"prod-AssetStorageTable-1A2B is there twice", "2024-05-14", "2024-05-15"});
}

TEST(Dataset, RefusesOtherKindsOfExports) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.output_format = "ION";
  made.Write(temp.path());
  ExpectError(OpenError(temp.path()), Code::kInvalid,
              {"manifest-summary.json", "ION", "DYNAMODB_JSON"});
  made.output_format = "DYNAMODB_JSON";
  made.export_type = "INCREMENTAL_EXPORT";
  made.Write(temp.path());
  ExpectError(OpenError(temp.path()), Code::kInvalid, {"incremental", "FULL_EXPORT"});
  made.output_format = "CSV";
  made.Write(temp.path());
  ExpectError(OpenError(temp.path()), Code::kInvalid, {"\"CSV\""});
}

TEST(Dataset, RefusesUnfinishedExports) {
  for (const std::string missing : {"manifest-summary.json", "manifest-files.json"}) {
    const auto temp = MakeTemp();
    HandMadeExport made;
    made.Write(temp.path());
    std::filesystem::remove(made.Folder(temp.path()) / missing);
    ExpectError(OpenError(temp.path()), Code::kCorrupt,
                {made.id, "not finished or not copied whole", missing});
  }
  const auto temp = MakeTemp();
  Put(temp.path() / "AWSDynamoDB/0171-aa/_started", "");
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"0171-aa", "not finished"});
  std::filesystem::remove(temp.path() / "AWSDynamoDB/0171-aa/_started");
  Put(temp.path() / "AWSDynamoDB/0171-aa/data/x.json.gz", "");
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"0171-aa", "not finished"});
}

TEST(Dataset, RefusesDamagedManifests) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  const auto folder = made.Folder(temp.path());
  const auto change = [&](const std::string& name, const std::string& from, const std::string& to,
                          bool keep_checksum) {
    made.Write(temp.path());
    std::string content = Slurp(folder / name);
    const auto at = content.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    content.replace(at, from.size(), to);
    Put(folder / name, content);
    if (!keep_checksum) {
      std::filesystem::remove(folder / "manifest-summary.checksum");
      std::filesystem::remove(folder / "manifest-files.checksum");
    }
  };
  change("manifest-summary.json", "\"itemCount\":3", "\"itemCount\":4", true);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"manifest-summary.json does not match"});
  change("manifest-files.json", "\"itemCount\":2", "\"itemCount\":1", true);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"manifest-files.json does not match"});
  change("manifest-files.checksum", "=", "!", true);
  ExpectError(OpenError(temp.path()), Code::kCorrupt,
              {"manifest-files.checksum does not hold an MD5"});
  change("manifest-summary.json", "\"itemCount\":3", "\"itemCount\":4", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"says 4 items", "sum up to 3"});
  change("manifest-summary.json", "\"itemCount\":3", "\"items\":3", false);
  ExpectError(OpenError(temp.path()), Code::kInvalid, {"itemCount is missing"});
  change("manifest-summary.json", ":table/prod-AssetStorageTable-1A2B\",\"exportTime",
         "\",\"exportTime", false);
  ExpectError(OpenError(temp.path()), Code::kInvalid, {"tableArn", "does not name a table"});
  change("manifest-summary.json", "{", "", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt,
              {"manifest-summary.json", "not a JSON object"});
  change("manifest-files.json", "\"itemCount\":1", "\"itemCount\":-1", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt,
              {"manifest-files.json:2", "itemCount is missing"});
  change("manifest-files.json", "\"md5Checksum\":\"", "\"md5Checksum\":\"AA", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"manifest-files.json:1", "md5Checksum"});
  change("manifest-files.json", "\"etag\":\"",
         "\"etag\":\"00000000000000000000000000000000\",\"x\":\"", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"etag and md5Checksum contradict"});
  change("manifest-files.json", "part1", "part0", false);
  ExpectError(OpenError(temp.path()), Code::kCorrupt, {"part0.json.gz is listed twice"});
}

// With a KMS key an ETag is no MD5 (S3 documents it), so it proves nothing.
TEST(Dataset, DoesNotTrustEtagsOfEncryptedObjects) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  const auto folder = made.Folder(temp.path());
  std::string summary = made.Summary(), list = made.FilesManifest();
  summary.replace(summary.find("AES256"), 6, "KMS");
  list.replace(list.find("\"etag\":\"") + 8, 4, "0000");
  Put(folder / "manifest-summary.json", summary);
  Put(folder / "manifest-summary.checksum", Base64Encode(Md5(summary)));
  Put(folder / "manifest-files.json", list);
  Put(folder / "manifest-files.checksum", Base64Encode(Md5(list)));
  EXPECT_EQ(ReadAllItems(Single(temp.path()))->size(), 3U);
}

TEST(Dataset, UsesASinglePartEtagWhereThereIsNoChecksum) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.files.resize(1);
  made.Write(temp.path());
  const auto folder = made.Folder(temp.path());
  std::filesystem::remove(folder / "manifest-files.checksum");
  Put(folder / "manifest-files.json",
      fmt::format("{{\"itemCount\":2,\"etag\":\"{}\",\"dataFileS3Key\":\"data/part0.json.gz\"}}",
                  HexEncode(Md5(Slurp(made.Data(temp.path(), 0))))));
  EXPECT_EQ(ReadAllItems(Single(temp.path()))->size(), 2U);
  Put(made.Data(temp.path(), 0), Gzip(made.files[0] + " "));
  ExpectError(ReadError(temp.path()), Code::kCorrupt,
              {"part0.json.gz does not match the checksum"});
}

// ---- Damaged data files -----------------------------------------------------------------------

TEST(Dataset, NoFlippedByteOfAnExportGoesUnnoticed) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  const auto file = made.Data(temp.path(), 0);
  const TableFiles table = Single(temp.path());
  const std::string good = Slurp(file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    Put(file, bad);
    const auto items = ReadAllItems(table);
    ASSERT_FALSE(items.ok()) << "byte " << i;
    ExpectError(items.error(), Code::kCorrupt, {"part0.json.gz"});
  }
}

TEST(Dataset, RefusesCutOffAndPaddedDataFiles) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  const auto file = made.Data(temp.path(), 0);
  const TableFiles table = Single(temp.path());
  const std::string good = Slurp(file);
  for (std::size_t size = 0; size < good.size(); ++size) {
    Put(file, std::string_view(good).substr(0, size));
    const auto items = ReadAllItems(table);
    ASSERT_FALSE(items.ok()) << size << " bytes";
    ExpectError(items.error(), Code::kCorrupt, {"part0.json.gz"});
  }
  for (const std::string& tail :
       {std::string("x"), std::string(1, '\0'), std::string("\x1f"), good}) {
    Put(file, good + tail);
    const auto items = ReadAllItems(table);
    ASSERT_FALSE(items.ok());
    ExpectError(items.error(), Code::kCorrupt, {"part0.json.gz"});
  }
}

TEST(Dataset, RefusesAWrongCount) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  TableFiles table = Single(temp.path());
  table.files[1].items = 2;
  ExpectError(ReadAllItems(table).error(), Code::kCorrupt,
              {"part1.json.gz", "holds 1 items", "manifest says 2"});
}

TEST(Dataset, RefusesAMissingDataFile) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.Write(temp.path());
  std::filesystem::remove(made.Data(temp.path(), 1));
  ExpectError(ReadError(temp.path()), Code::kCorrupt, {"part1.json.gz is missing"});
}

// An item that DynamoDB would not hold, in a file that is as it was written.
TEST(Dataset, NamesFileLineAndPathOfABadItem) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.files[1] += "{\"Item\":{\"id\":{\"S\":\"d\"},\"l\":{\"L\":[{\"N\":7}]}}}\n";
  made.Write(temp.path());
  ExpectError(ReadError(temp.path()), Code::kInvalid, {"part1.json.gz:2: Item.l.L[0].N: expected"});
}

TEST(Dataset, PartialGoesOnBehindDamageAndReportsIt) {
  const auto temp = MakeTemp();
  HandMadeExport made;
  made.files = {"{\"Item\":{\"id\":{\"S\":\"1\"}}}\nnonsense\n{\"Item\":{\"id\":{\"S\":\"2\"}}}\n",
                "{\"Item\":{\"id\":{\"S\":\"3\"}}}\n", "{\"Item\":{\"id\":{\"S\":\"4\"}}}\n",
                "{\"Item\":{\"id\":{\"S\":\"5\"}}}\n"};
  made.Write(temp.path());
  std::filesystem::remove(made.Data(temp.path(), 1));
  const std::string third = Slurp(made.Data(temp.path(), 2));
  Put(made.Data(temp.path(), 2), std::string_view(third).substr(0, third.size() - 3));

  ReadReport report;
  const auto items = ReadAllItems(Single(temp.path()), {.partial = true}, &report);

  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_THAT(*items, ElementsAre(Encoded(R"({"id":{"S":"1"}})"), Encoded(R"({"id":{"S":"2"}})"),
                                  Encoded(R"({"id":{"S":"4"}})"), Encoded(R"({"id":{"S":"5"}})")));
  EXPECT_EQ(report.items, 4U);
  EXPECT_EQ(report.problem_count, 3U);
  EXPECT_THAT(report.problems,
              ElementsAre(HasSubstr("part0.json.gz:2: Item: not valid JSON"),
                          HasSubstr("part1.json.gz is missing"),
                          AllOf(HasSubstr("part2.json.gz"), HasSubstr("cut off"))));
}

TEST(Dataset, PartialListsAThousandProblems) {
  const auto temp = MakeTemp();
  std::string lines = "{\"Item\":{}}\n";
  for (int i = 0; i < 1500; ++i) lines += "x\n";
  Put(temp.path() / "T.json", lines);
  ReadReport report;
  ASSERT_TRUE(ReadAllItems(Single(temp.path()), {.partial = true}, &report).ok());
  EXPECT_EQ(report.items, 1U);
  EXPECT_EQ(report.problem_count, 1500U);
  EXPECT_EQ(report.problems.size(), 1000U);
}

TEST(Dataset, TheVisitorsErrorEndsTheReading) {
  const auto temp = MakeTemp();
  HandMadeExport().Write(temp.path());
  for (const bool partial : {false, true}) {
    int visits = 0;
    const auto read = ReadTable(Single(temp.path()), {.partial = partial},
                                [&](std::string_view, const Origin&) -> Status {
                                  if (++visits == 2) return Error(Code::kCancelled, "enough");
                                  return Ok();
                                });
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::kCancelled);
    EXPECT_EQ(read.error().message, "enough");
    EXPECT_EQ(visits, 2);
  }
}

// ---- Lines ------------------------------------------------------------------------------------

TEST(Dataset, ReadsFoldersOfLines) {
  const auto temp = MakeTemp();
  const std::string line = "{\"Item\":{\"id\":{\"S\":\"1\"}}}";
  Put(temp.path() / "AssetLinksStorageTableV2.2.json", line + "\n" + line + "\n");
  Put(temp.path() / "NoLineEnd.json", line);
  Put(temp.path() / "Windows.json", line + "\r\n\r\n" + line + "\r\n");
  Put(temp.path() / "Empty.json", "");
  Put(temp.path() / "Packed.json.gz", Gzip(line + "\n") + Gzip("") + Gzip(line + "\n" + line));
  Put(temp.path() / "_tables.json", "{}");
  Put(temp.path() / "_s3-objects.json", "[]");
  Put(temp.path() / "README.md", "text");
  Put(temp.path() / "seed" / "Other.json", line);

  const auto dataset = OpenDataset(temp.path());

  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  std::map<std::string, std::size_t> counts;
  for (const auto& table : dataset->tables) {
    EXPECT_EQ(table.layout, TableFiles::Layout::kLines);
    const auto items = ReadAllItems(table);
    ASSERT_TRUE(items.ok()) << items.error().message;
    counts[table.physical_name] = items->size();
  }
  EXPECT_EQ(counts, (std::map<std::string, std::size_t>{{"AssetLinksStorageTableV2.2", 2},
                                                        {"Empty", 0},
                                                        {"NoLineEnd", 1},
                                                        {"Packed", 3},
                                                        {"Windows", 2}}));
  EXPECT_TRUE(dataset->objects_listing.has_value());
}

TEST(Dataset, TakesASingleFile) {
  const auto temp = MakeTemp();
  Put(temp.path() / "TagStorageTable.json.gz", Gzip("{\"Item\":{\"tagName\":{\"S\":\"1\"}}}\n"));
  const TableFiles table = Single(temp.path() / "TagStorageTable.json.gz");
  EXPECT_EQ(table.physical_name, "TagStorageTable");
  EXPECT_EQ(ReadAllItems(table)->size(), 1U);
}

TEST(Dataset, RefusesWhatIsNoTable) {
  const auto temp = MakeTemp();
  ExpectError(OpenError(temp.path() / "absent"), Code::kNotFound, {"absent does not exist"});
  ExpectError(OpenError(temp.path()), Code::kNotFound, {"holds no data set"});
  Put(temp.path() / "_tables.json", "{}");
  ExpectError(OpenError(temp.path()), Code::kNotFound, {"holds no data set"});
  ExpectError(OpenError(temp.path() / "_tables.json"), Code::kInvalid, {"not named after a table"});
  for (const auto& [content, reason] : std::vector<std::pair<std::string, std::string>>{
           {"[1]", "does not begin with '{'"},
           {"{\"name\":1}", "first member is not"},
           {"{\"Keys\":{}}", "first member is not"},
           {"\xef\xbb\xbf{\"Item\":{}}", "byte order mark"},
           {std::string("\xff\xfe{\0", 4), "UTF-16"}}) {
    Put(temp.path() / "T.json", content);
    ExpectError(OpenError(temp.path()), Code::kInvalid, {"T.json is not table data", reason});
  }
}

TEST(Dataset, RefusesATableInTwoFiles) {
  const auto temp = MakeTemp();
  Put(temp.path() / "T.json", "");
  Put(temp.path() / "T.json.gz", Gzip(""));
  ExpectError(OpenError(temp.path()), Code::kInvalid, {"table T is there twice"});
}

TEST(Dataset, RefusesDamagedLines) {
  const auto temp = MakeTemp();
  const auto file = temp.path() / "T.json";
  Put(file, "{\"Item\":{}}\n\n{\"Item\":{\"a\":{\"S\":\"cut o");
  ExpectError(ReadError(file), Code::kInvalid, {"T.json:3: Item.a.S: the JSON text is cut off"});
  Put(file, "{\"Item\":{}}\n{\"Item\":{}} x\n");
  ExpectError(ReadError(file), Code::kInvalid, {"T.json:2: Item: "});
  const std::string packed = Gzip("{\"Item\":{}}\n");
  Put(temp.path() / "G.json.gz", std::string_view(packed).substr(0, packed.size() - 1));
  ExpectError(ReadError(temp.path() / "G.json.gz"), Code::kCorrupt, {"G.json.gz", "cut off"});
  Put(temp.path() / "G.json.gz", packed + "tail");
  ExpectError(ReadError(temp.path() / "G.json.gz"), Code::kCorrupt, {"bytes behind the gzip data"});
  Put(temp.path() / "G.json.gz", "{\"Item\":{}}\n");
  ExpectError(ReadError(temp.path() / "G.json.gz"), Code::kCorrupt, {"is not gzip data"});
}

TEST(Dataset, RefusesEndlessLines) {
  const auto temp = MakeTemp();
  Put(temp.path() / "T.json", "{\"Item\":{}}\n{\"Item\":" + std::string(18 << 20, ' '));
  ExpectError(ReadError(temp.path()), Code::kInvalid, {"T.json:2", "no item"});
}

TEST(Dataset, ReadsTheFixtures) {
  const auto fixtures = testing::FixtureFolder();
  ASSERT_TRUE(fixtures.has_value())
      << "no fixtures: set VAMS_FIXTURES to the folder that holds dynamodb/";
  for (const std::string line : {"v2.1", "v2.2", "v2.3", "v2.4"}) {
    const auto dataset = OpenDataset(*fixtures / "dynamodb" / line);
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    EXPECT_GT(dataset->tables.size(), 15U);
    EXPECT_TRUE(dataset->objects_listing.has_value());
    std::size_t items = 0;
    for (const auto& table : dataset->tables) {
      const auto read = ReadAllItems(table);
      ASSERT_TRUE(read.ok()) << read.error().message;
      const std::string content = Slurp(table.where);
      EXPECT_EQ(read->size(),
                static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n')));
      items += read->size();
    }
    EXPECT_GT(items, 50U);
  }
}

}  // namespace
}  // namespace vams::items::aws
