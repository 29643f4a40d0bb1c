#include "catalog/version_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/asset_support_test.h"
#include "catalog/link_records.h"

namespace vams::catalog::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const AssetIds kGantry{kDatabase, "gantry"};

class VersionRecordsTest : public ::testing::Test {
 protected:
  VersionRecordsTest() { bench.MakeAsset("gantry"); }

  void Commit(std::vector<items::Write> writes) { Must(bench.items().Commit(bench.op, writes)); }
  void AddVersion(const std::string& id, const std::string& alias = "", bool archived = false) {
    AssetVersion version{.id = id, .archived = archived};
    if (!alias.empty()) version.alias = alias;
    bench.PutItem(kAssetVersionsTable, AssetVersionItem(kGantry, version));
  }
  void AddFile(const std::string& id, const std::string& path, const std::string& version_id) {
    Commit({PutFileVersion(kGantry, id, {.path = path, .version_id = version_id}, "now")});
  }
  std::pair<Code, std::string> NoAlias(std::string_view alias) {
    return Failure(ResolveAlias(bench.op, bench.items(), kGantry, alias));
  }
  std::pair<Code, std::string> NoFile(std::string_view version, std::string_view path) {
    return Failure(ResolveFile(bench.op, bench.items(), kGantry, version, path));
  }

  AssetBench bench;
};

TEST_F(VersionRecordsTest, NumbersAreReadWithTheirLetters) {
  EXPECT_EQ(VersionNumber("12"), 12);
  EXPECT_EQ(VersionNumber("v12"), 12);
  EXPECT_EQ(VersionNumber("-1"), std::nullopt);
  EXPECT_EQ(VersionNumber("1.5"), std::nullopt);
  EXPECT_EQ(VersionNumber(""), std::nullopt);
  EXPECT_EQ(VersionNumber("9223372036854775807"), std::nullopt);
}

TEST_F(VersionRecordsTest, AliasesAreExactAndHaveToBeUnambiguous) {
  AddVersion("1", "RC1");
  AddVersion("2", "RC2", true);
  AddVersion("3", "RC3");
  AddVersion("4", "RC3");

  EXPECT_EQ(Must(ResolveAlias(bench.op, bench.items(), kGantry, "RC1")).id, "1");
  EXPECT_EQ(Must(ResolveAlias(bench.op, bench.items(), kGantry, "RC2")).id, "2");
  EXPECT_EQ(NoAlias("rc1"), Fails(Code::kNotFound, "No asset version found with alias 'rc1'"));
  EXPECT_EQ(NoAlias(""), Fails(Code::kNotFound, "No asset version found with alias ''"));
  EXPECT_EQ(NoAlias("RC3"),
            Fails(Code::kConflict, "Ambiguous alias 'RC3': multiple versions share this alias"));
  EXPECT_EQ(Failure(ResolveAlias(bench.op, bench.items(), {kDatabase, "absent"}, "RC1")),
            Fails(Code::kNotFound, "No asset versions found for asset"));
}

// Clients that named files themselves left slashes in the records.
TEST_F(VersionRecordsTest, SlashesInFrontMakeNoDifference) {
  AddVersion("1");
  AddFile("1", "/b.e57", "vb");
  AddFile("1", "a.e57", "va");
  AddFile("1", "/a.e57", "other");

  const auto files = Must(FileRowsOf(bench.op, bench.items(), kGantry, "1"));

  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path + " " + files[0].version_id, "a.e57 va");
  EXPECT_EQ(files[1].path + " " + files[1].version_id, "b.e57 vb");
  for (const char* path : {"b.e57", "/b.e57"})
    EXPECT_EQ(Must(FileRowOf(bench.op, bench.items(), kGantry, "1", path))->version_id, "vb");
  EXPECT_EQ(Must(FileRowOf(bench.op, bench.items(), kGantry, "1", "/a.e57"))->version_id, "va");
  EXPECT_EQ(Must(FileRowOf(bench.op, bench.items(), kGantry, "1", "/")), std::nullopt);
  EXPECT_EQ(Must(FileRowOf(bench.op, bench.items(), kGantry, "1", std::string(5000, 'x'))),
            std::nullopt);
}

TEST_F(VersionRecordsTest, FilesAreResolvedWithTheReasonWhyNot) {
  AddVersion("1");
  AddVersion("2");
  AddFile("2", "a.e57", "va");
  AddFile("2", "b.e57", "");

  EXPECT_EQ(Must(ResolveFile(bench.op, bench.items(), kGantry, "2", "/a.e57")).version_id, "va");
  EXPECT_EQ(NoFile("99", "a.e57"),
            Fails(Code::kNotFound, "Asset version '99' not found for asset"));
  EXPECT_EQ(NoFile("", "a.e57"), Fails(Code::kNotFound, "Asset version '' not found for asset"));
  EXPECT_EQ(NoFile("1", "a.e57"), Fails(Code::kNotFound, "No files found in asset version '1'"));
  EXPECT_EQ(NoFile("2", "c.e57"), Fails(Code::kNotFound, "File not found in asset version '2'"));
  EXPECT_EQ(NoFile("2", "b.e57"),
            Fails(Code::kNotFound, "No version ID recorded for file in asset version '2'"));
}

TEST_F(VersionRecordsTest, VersionsOfAFileComeInTheOrderOfTheirNumbers) {
  for (int i = 1; i <= 11; ++i) AddVersion(std::to_string(i));
  AddFile("10", "a.e57", "v10");
  AddFile("9", "/a.e57", "v9");
  AddFile("2", "b.e57", "other");

  std::vector<std::string> ids;
  for (const auto& [version, file] :
       Must(VersionsWithFile(bench.op, bench.items(), kGantry, "/a.e57")))
    ids.push_back(version.id + " " + file.version_id);

  EXPECT_THAT(ids, ElementsAre("9 v9", "10 v10"));
}

// Paths and keys with colons: the key stands in the row once more, which tells them apart.
TEST_F(VersionRecordsTest, MetadataWithColonsComesBackAsItWas) {
  const MetadataRow rows[] = {
      {.kind = MetadataKind::kMetadata,
       .path = "/a:b/c.e57",
       .key = "x:y",
       .value = "1:2",
       .type = "string"},
      {.kind = MetadataKind::kAttribute,
       .path = "/z.e57",
       .key = "k",
       .value = "v",
       .type = "string"},
      {.kind = MetadataKind::kMetadata, .path = "/", .key = "k", .value = "v", .type = "number"}};
  for (const MetadataRow& row : rows) Commit({PutMetadataVersion(kGantry, "1", row, "now")});

  std::vector<std::string> read;
  for (const MetadataRow& row : Must(MetadataRowsOf(bench.op, bench.items(), kGantry, "1")))
    read.push_back(std::string(MetadataKindName(row.kind)) + "|" + row.path + "|" + row.key + "|" +
                   row.value + "|" + row.type);

  EXPECT_THAT(read, ElementsAre("attribute|/z.e57|k|v|string", "metadata|/|k|v|number",
                                "metadata|/a:b/c.e57|x:y|1:2|string"));
}

// "/a:b" begins like "/a", and other programs write it so that it also looks like it.
TEST_F(VersionRecordsTest, MetadataOfOnePathIsToldFromThatOfOthers) {
  const auto put = [&](const std::string& path, const std::string& key, const std::string& value) {
    Commit({PutMetadataVersion(kGantry, "1",
                               {.kind = MetadataKind::kMetadata,
                                .path = path,
                                .key = key,
                                .value = value,
                                .type = "string"},
                               "now")});
  };
  put("/a", "b:c", "of a");
  put("/a:b", "c", "of a:b");
  put("/ab", "k", "of ab");
  bench.PutItem(
      kMetadataVersionsTable,
      items::Item{{"databaseId:assetId:assetVersionId", items::Value::S("harbor:gantry:1")},
                  {"type:filePath:metadataKey", items::Value::S("metadata:/a:b:old")},
                  {"metadataKey", items::Value::S("old")},
                  {"metadataValue", items::Value::S("as others write it")},
                  {"metadataValueType", items::Value::S("string")}});
  const auto at = [&](std::string_view version, MetadataKind kind, std::string_view path) {
    std::vector<std::string> texts;
    const auto rows = Must(MetadataRowsAt(bench.op, bench.items(), kGantry, version, kind, path));
    if (!rows) return std::vector<std::string>{"nothing at all"};
    for (const MetadataRow& row : *rows)
      texts.push_back(row.path + " " + row.key + "=" + row.value);
    return texts;
  };

  EXPECT_THAT(at("1", MetadataKind::kMetadata, "/a"), ElementsAre("/a b:c=of a"));
  EXPECT_THAT(at("1", MetadataKind::kMetadata, "/a:b"),
              ElementsAre("/a:b c=of a:b", "/a:b old=as others write it"));
  EXPECT_THAT(at("1", MetadataKind::kMetadata, std::string(2000, 'x')), IsEmpty());
  EXPECT_THAT(at("1", MetadataKind::kAttribute, "/a"), IsEmpty());
  EXPECT_THAT(at("2", MetadataKind::kMetadata, "/a"), ElementsAre("nothing at all"));
  EXPECT_EQ(Must(MetadataRowsOf(bench.op, bench.items(), kGantry, "1")).size(), 4U);
}

// Permanent deletion leaves nothing behind, whatever release wrote it: rows of versions that have
// no record, and rows that are in no index.  Other assets keep theirs.
TEST_F(VersionRecordsTest, DeletionsTakeEverythingOfTheAsset) {
  AddVersion("1");
  AddFile("1", "a.e57", "v");
  AddFile("7", "without-version.e57", "v");
  bench.PutItem(
      kMetadataVersionsTable,
      items::Item{{"databaseId:assetId:assetVersionId", items::Value::S("harbor:gantry:1")},
                  {"type:filePath:metadataKey", items::Value::S("metadata:/:k")}});
  bench.MakeAsset("gantry-2");
  Commit({PutFileVersion({kDatabase, "gantry-2"}, "1", {.path = "a", .version_id = "v"}, "now")});

  Commit(Must(DeletionsOfVersions(bench.op, bench.items(), kGantry)));

  EXPECT_THAT(Must(VersionsOf(bench.op, bench.items(), kGantry)), IsEmpty());
  EXPECT_EQ(bench.Rows(kAssetVersionsTable).size(), 1u);
  EXPECT_EQ(bench.Rows(kFileVersionsTable).size(), 1u);
  EXPECT_THAT(bench.Rows(kMetadataVersionsTable), IsEmpty());
}

TEST_F(VersionRecordsTest, DeletionsOfLinksTakeBothDirectionsAndTheirMetadata) {
  const LinkEnd gantry{kDatabase, "gantry"}, crane{kDatabase, "crane"}, bogie{kDatabase, "bogie"};
  const auto add = [&](const std::string& id, const LinkEnd& from, const LinkEnd& to) {
    bench.PutItem(kLinksTable, LinkItem({.id = id, .from = from, .to = to}));
    items::Item metadata = LinkKey(id);
    metadata.Set("metadataKey", items::Value::S("k"));
    bench.PutItem(kLinkMetadataTable, std::move(metadata));
  };
  add("l1", gantry, crane);
  add("l2", crane, gantry);
  add("l3", gantry, gantry);
  add("l4", crane, bogie);

  Commit(Must(DeletionsOfLinks(bench.op, bench.items(), gantry)));

  ASSERT_EQ(bench.Rows(kLinksTable).size(), 1u);
  EXPECT_EQ(bench.Rows(kLinksTable)[0].Text("assetLinkId"), "l4");
  EXPECT_EQ(bench.Rows(kLinkMetadataTable).size(), 1u);
}

}  // namespace
}  // namespace vams::catalog::test
