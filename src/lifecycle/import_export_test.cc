// Data sets through a stack and out again, without loss.  What is refused: import_refusal_test.cc.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lifecycle/export.h"
#include "lifecycle/import.h"
#include "lifecycle/support_test.h"
#include "testing/fixtures.h"

namespace vams::lifecycle {
namespace {

using items::aws::ExportFormat;
using test::Differences;
using test::MakeTemp;
using test::Must;
using test::Put;
using test::Rows;
using test::RowsOf;
using test::Slurp;
using test::TreeOf;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kListing[] = "_s3-objects.json";

class ImportExportTest : public ::testing::Test {
 protected:
  Result<ImportReport> TryImport(const ImportRequest& request) {
    OpContext op;
    return Import(registry_, request, clock_, op, [](std::string_view, std::uint64_t) {});
  }
  ImportReport ImportOf(const ImportRequest& request) { return Must(TryImport(request)); }
  ExportReport ExportOf(const ExportRequest& request) {
    OpContext op;
    return Must(Export(registry_, request, clock_, SystemRandom(), op,
                       [](std::string_view, std::uint64_t) {}));
  }
  Rows RowsOfStack(std::string_view name) {
    return RowsOf(Must(registry_.Get(name)).current.items());
  }

  // A folder with one table of item lines.
  files::Path DataSet(const std::string& name, const std::string& table,
                      const std::vector<std::string>& rows) {
    std::string text;
    for (const auto& row : rows) text += "{\"Item\":" + row + "}\n";
    Put(temp_.path() / name / (table + ".json"), text);
    return temp_.path() / name;
  }

  files::TempFolder temp_ = MakeTemp();
  test::FixedClock clock_;
  StackRegistry registry_{temp_.path() / "home", clock_};
};

std::string Tag(std::string_view name, std::string_view note) {
  return fmt::format(
      R"({{"tagName":{{"S":"{}"}},"tagTypeName":{{"S":"t"}},"description":{{"S":"{}"}}}})", name,
      note);
}

const ImportReport::Table* Find(const ImportReport& report, std::string_view canonical) {
  const auto found = std::find_if(report.tables.begin(), report.tables.end(),
                                  [&](const auto& table) { return table.canonical == canonical; });
  return found == report.tables.end() ? nullptr : &*found;
}

// ---- The fixture sets
// --------------------------------------------------------------------------------

struct FixtureCase {
  std::string name;
  std::vector<std::string> folders;  // later ones win
  tables::DataVersion version;
};
void PrintTo(const FixtureCase& c, std::ostream* out) { *out << c.name; }

class FixtureSetTest : public ImportExportTest, public ::testing::WithParamInterface<FixtureCase> {
 protected:
  void SetUp() override {
    const auto found = testing::FixtureFolder();
    if (!found) GTEST_SKIP() << "no fixtures; set VAMS_FIXTURES to their folder";
    for (const auto& folder : GetParam().folders) from_.push_back(*found / "dynamodb" / folder);
    for (const auto& from : from_) test::AddRowsOf(source_, from);
  }

  // The listing of the source, if it has one.
  std::optional<std::string> Listing() const {
    if (!std::filesystem::exists(from_.front() / kListing)) return std::nullopt;
    return Slurp(from_.front() / kListing);
  }
  void ExpectListing(const files::Path& exported) {
    ASSERT_EQ(std::filesystem::exists(exported / kListing), Listing().has_value());
    if (!Listing()) return;
    EXPECT_TRUE(Slurp(exported / kListing) == *Listing()) << exported / kListing;
  }

  std::vector<files::Path> from_;
  Rows source_;
};

TEST_P(FixtureSetTest, ImportStoresEveryRowOnce) {
  const auto report = ImportOf({.stack = "plant", .from = from_});

  EXPECT_TRUE(report.created);
  EXPECT_EQ(report.generation, 1U);
  EXPECT_EQ(report.data_version, GetParam().version);
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_TRUE(RowsOfStack("plant") == source_);
  std::uint64_t stored = 0;
  for (const auto& table : report.tables) {
    EXPECT_EQ(table.stored, source_[table.canonical].size()) << table.canonical;
    EXPECT_EQ(table.of_other_version,
              tables::FindTable(report.data_version, table.canonical) == nullptr)
        << table.canonical;
    stored += table.stored;
  }
  std::size_t expected = 0;
  for (const auto& [table, rows] : source_) expected += rows.size();
  EXPECT_EQ(stored, expected);
  const Stack stack = Must(registry_.Get("plant"));
  EXPECT_EQ(stack.current.data_version, GetParam().version);
  EXPECT_EQ(stack.current.tables.at("AssetStorageTable").to_number<std::uint64_t>(),
            source_["AssetStorageTable"].size());
  EXPECT_THAT(Slurp(stack.folder / "history.jsonl"),
              HasSubstr(R"("operation":"import","result":"done")"));
  OpContext op;
  Must(
      Must(items::OpenSqliteStore(stack.current.items(), {.read_only = true}))->CheckIntegrity(op));
}

TEST_P(FixtureSetTest, ExportAsLinesIsTheSource) {
  ImportOf({.stack = "plant", .from = from_});

  const auto report =
      ExportOf({.stack = "plant", .to = temp_.path() / "out", .format = ExportFormat::kLines});

  Rows exported;
  test::AddRowsOf(exported, temp_.path() / "out");
  for (const auto& [table, rows] : source_) EXPECT_TRUE(exported[table] == rows) << table;
  EXPECT_TRUE(exported == source_);
  EXPECT_EQ(report.data_version, GetParam().version);
  ExpectListing(temp_.path() / "out");
}

// Our export is an input like any other: what comes back in is the stack that went out.
TEST_P(FixtureSetTest, ExportInTheLayoutOfAwsComesBackEqual) {
  ImportOf({.stack = "plant", .from = from_});
  ExportOf({.stack = "plant", .to = temp_.path() / "out", .format = ExportFormat::kDynamoDb});

  const auto report = ImportOf({.stack = "copy", .from = {temp_.path() / "out"}});

  EXPECT_EQ(report.data_version, GetParam().version);
  EXPECT_TRUE(RowsOfStack("copy") == source_);
  EXPECT_TRUE(RowsOf(Must(registry_.Get("copy")).current.items(), true) ==
              RowsOf(Must(registry_.Get("plant")).current.items(), true))
      << "object records differ";
  ExpectListing(temp_.path() / "out");
  ExportOf({.stack = "copy", .to = temp_.path() / "again", .format = ExportFormat::kLines});
  ExpectListing(temp_.path() / "again");
}

const FixtureCase kCases[] = {
    {"v21", {"v2.1"}, {2, 1}},
    {"v22", {"v2.2"}, {2, 2}},
    {"v23", {"v2.3"}, {2, 3}},
    {"v24", {"v2.4"}, {2, 4}},
    {"v21seeded", {"v2.1", "seed/v2.2"}, {2, 1}},
    {"v22seeded", {"v2.2", "seed/v2.3"}, {2, 2}},
    {"v23seeded", {"v2.3", "seed/v2.4"}, {2, 3}},
    {"v24seeded", {"v2.4", "seed/v2.5"}, {2, 4}},
    {"expected22", {"expected/v2.1_to_v2.2"}, {2, 2}},
    {"expected23", {"expected/v2.2_to_v2.3"}, {2, 3}},
    {"expected24", {"expected/v2.3_to_v2.4"}, {2, 4}},
    {"expected25", {"expected/v2.4_to_v2.5"}, {2, 5}},
};
INSTANTIATE_TEST_SUITE_P(Fixtures, FixtureSetTest, ::testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.name; });

// ---- Sources and names
// -------------------------------------------------------------------------------

TEST_F(ImportExportTest, TheLaterSourceWinsOnEqualKeys) {
  const auto one = DataSet("one", "TagStorageTable", {Tag("a", "of one"), Tag("b", "of one")});
  const auto two = DataSet("two", "TagStorageTable", {Tag("b", "of two"), Tag("c", "of two")});

  const auto report = ImportOf({.stack = "plant", .from = {one, two}});
  ImportOf({.stack = "other", .from = {two, one}});

  EXPECT_EQ(Find(report, "TagStorageTable")->read, 4U);
  EXPECT_EQ(Find(report, "TagStorageTable")->stored, 3U);
  Rows expected;
  test::AddRowsOf(expected, one);
  test::AddRowsOf(expected, two);
  EXPECT_TRUE(RowsOfStack("plant") == expected);
  test::AddRowsOf(expected, one);
  EXPECT_TRUE(RowsOfStack("other") == expected);
}

// A deployment of a newer line has been made before its migration ran: its tables hold its
// defaults.
TEST_F(ImportExportTest, KeepsAndReportsTablesOfANewerDeployment) {
  const auto old =
      DataSet("data", "AssetStorageTable",
              {R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"currentVersion":{"M":{}}})"});
  DataSet(
      "data", "MetadataSchemaStorageTableV2",
      {R"({"metadataSchemaId":{"S":"default-file-schema"},"databaseId:metadataEntityType":{"S":"GLOBAL:file"},"databaseId":{"S":"GLOBAL"},"createdBy":{"S":"SYSTEM"}})"});
  DataSet("data", "ApiKeyStorageTable", {});

  const auto report = ImportOf({.stack = "plant", .from = {old}});

  EXPECT_EQ(report.data_version, (tables::DataVersion{2, 1}));
  ASSERT_NE(Find(report, "MetadataSchemaStorageTableV2"), nullptr);
  EXPECT_TRUE(Find(report, "MetadataSchemaStorageTableV2")->of_other_version);
  EXPECT_EQ(Find(report, "MetadataSchemaStorageTableV2")->stored, 1U);
  EXPECT_FALSE(Find(report, "AssetStorageTable")->of_other_version);
  EXPECT_EQ(RowsOfStack("plant")["MetadataSchemaStorageTableV2"].size(), 1U);
}

TEST_F(ImportExportTest, KnowsTablesByTheNamesThatCloudFormationGives) {
  DataSet("data",
          "vams-core-prod-us-east-1-StorageResourcesBuilder-TagStorageTable0A1B2C3D-1XK9Q2M4T7LPA",
          {Tag("a", "x")});
  DataSet(
      "data", "vams-core-prod-AssetLinksStorageTableV220A1B2C3D-1XK9Q2M4T7LPA",
      {R"({"assetLinkId":{"S":"l"},"fromAssetDatabaseId:fromAssetId":{"S":"d:a"},"toAssetDatabaseId:toAssetId":{"S":"d:b"}})"});

  const auto report = ImportOf({.stack = "plant", .from = {temp_.path() / "data"}});

  ASSERT_NE(Find(report, "TagStorageTable"), nullptr);
  EXPECT_THAT(Find(report, "TagStorageTable")->physical, HasSubstr("TagStorageTable0A1B2C3D"));
  const auto rows = RowsOfStack("plant");
  EXPECT_EQ(rows.at("TagStorageTable").size(), 1U);
  EXPECT_EQ(rows.at("AssetLinksStorageTableV2.2").size(), 1U);
}

TEST_F(ImportExportTest, MapsWhatTheUserNames) {
  const auto data = DataSet("data", "my tags", {Tag("a", "x")});

  const auto report =
      ImportOf({.stack = "plant", .from = {data}, .map = {{"my tags", "TagStorageTable"}}});

  EXPECT_EQ(Find(report, "TagStorageTable")->physical, "my tags");
  EXPECT_EQ(RowsOfStack("plant")["TagStorageTable"].size(), 1U);
}

TEST_F(ImportExportTest, TakesTheDeclaredVersionThatTheRowsAllow) {
  const auto data = DataSet("data", "TagStorageTable", {Tag("a", "x")});

  const auto report =
      ImportOf({.stack = "plant", .from = {data}, .data_version = tables::DataVersion{2, 4}});

  EXPECT_EQ(report.data_version, (tables::DataVersion{2, 4}));
  EXPECT_EQ(Must(registry_.Get("plant")).current.data_version, (tables::DataVersion{2, 4}));
}

TEST_F(ImportExportTest, StoresTheConfigurationOfANewStack) {
  const auto data = DataSet("data", "TagStorageTable", {Tag("a", "x")});

  ImportOf({.stack = "plant", .from = {data}, .config = "{\"app\":{}}"});

  EXPECT_EQ(Slurp(Must(registry_.Get("plant")).config()), "{\"app\":{}}");
}

TEST_F(ImportExportTest, FillsAStackThatHasNoRows) {
  Must(registry_.Create("plant", "{}"));
  const auto data =
      DataSet("data", "AssetStorageTable",
              {R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"currentVersion":{"M":{}}})"});

  const auto report = ImportOf({.stack = "plant", .from = {data}});

  EXPECT_FALSE(report.created);
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(report.data_version, (tables::DataVersion{2, 1}));
  EXPECT_EQ(Slurp(Must(registry_.Get("plant")).config()), "{}");
}

// ---- Partial
// -----------------------------------------------------------------------------------------

TEST_F(ImportExportTest, PartialTakesWhatIsReadableAndListsTheRest) {
  const auto data =
      DataSet("data", "TagStorageTable", {Tag("a", "x"), "{\"tagName\":{\"S\":7}}", Tag("b", "x")});

  const auto report = ImportOf({.stack = "plant", .from = {data}, .partial = true});

  EXPECT_EQ(report.problem_count, 1U);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0], AllOf(HasSubstr("TagStorageTable.json:2"), HasSubstr("tagName")));
  EXPECT_EQ(RowsOfStack("plant")["TagStorageTable"].size(), 2U);
}

// Well-formed, but no row of its table: it reads, and only the store refuses it.
TEST_F(ImportExportTest, PartialPassesOverRowsWithoutTheirKey) {
  const auto data = DataSet("data", "TagStorageTable",
                            {Tag("a", "x"), R"({"description":{"S":"no key"}})",
                             R"({"tagName":{"N":"7"},"tagTypeName":{"S":"t"}})", Tag("b", "x")});

  const auto refused = TryImport({.stack = "plant", .from = {data}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("TagStorageTable.json"), HasSubstr("--partial")));
  const auto report = ImportOf({.stack = "plant", .from = {data}, .partial = true});

  EXPECT_EQ(report.problem_count, 2U);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_THAT(report.problems[0], HasSubstr("tagName"));
  EXPECT_EQ(RowsOfStack("plant")["TagStorageTable"].size(), 2U);
  EXPECT_EQ(Must(registry_.Get("plant")).current.origin.at("problems").to_number<int>(), 2);
}

// ---- Merge
// -------------------------------------------------------------------------------------------

class MergeTest : public ImportExportTest {
 protected:
  void SetUp() override {
    old_ = DataSet("old", "TagStorageTable", {Tag("a", "old"), Tag("b", "old")});
    DataSet(
        "old", "AssetStorageTable",
        {R"({"databaseId":{"S":"d"},"assetId":{"S":"x"},"bucketId":{"S":"k"},"currentVersionId":{"S":"1"}})"});
    Put(old_ / kListing, R"([{"bucket":"yard","key":"x/a.bin","size":5,"versionId":"v1"},)"
                         R"({"bucket":"yard","key":"x/b.bin","size":7,"versionId":"v1"}])");
    ImportOf({.stack = "plant", .from = {old_}, .data_version = tables::DataVersion{2, 4}});
    new_ = DataSet("new", "TagStorageTable", {Tag("b", "new"), Tag("c", "new")});
  }

  files::Path old_, new_;
};

TEST_F(MergeTest, KeepsOldRowsAndLetsImportedOnesWin) {
  const Stack before = Must(registry_.Get("plant"));
  const auto generation = TreeOf(before.current.folder);
  const auto objects = RowsOf(before.current.items(), true);
  ASSERT_EQ(objects.at("sys.objects").size(), 2U);

  const auto report = ImportOf({.stack = "plant", .from = {new_}, .merge = true});

  EXPECT_FALSE(report.created);
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(Find(report, "TagStorageTable")->read, 2U);
  EXPECT_EQ(Find(report, "TagStorageTable")->stored, 3U);
  Rows expected;
  test::AddRowsOf(expected, old_);
  test::AddRowsOf(expected, new_);
  const Stack after = Must(registry_.Get("plant"));
  EXPECT_TRUE(RowsOf(after.current.items()) == expected);
  EXPECT_TRUE(RowsOf(after.current.items(), true) == objects)
      << "object records were not carried over";
  EXPECT_EQ(report.objects.absent, 2U);
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_THAT(Differences(generation, TreeOf(before.current.folder)), IsEmpty())
      << "generation 1 was written";
}

// The few rows imported say nothing about the version, and the stack's own do not tell 2.4
// from 2.2: detection alone would take the stack back to 2.2 without a word.
TEST_F(MergeTest, KeepsTheVersionOfTheStack) {
  const auto report = ImportOf({.stack = "plant", .from = {new_}, .merge = true});

  EXPECT_EQ(report.data_version, (tables::DataVersion{2, 4}));
  EXPECT_EQ(Must(registry_.Get("plant")).current.data_version, (tables::DataVersion{2, 4}));
}

TEST_F(MergeTest, RefusesRowsThatAreNotOfTheStacksVersion) {
  DataSet(
      "new", "AssetVersionsStorageTableV2",
      {R"({"databaseId:assetId":{"S":"d:x"},"assetVersionId":{"S":"1"},"databaseId":{"S":"d"},"assetId":{"S":"x"}})"});
  const auto before = TreeOf(registry_.home());

  const auto refused = TryImport({.stack = "plant", .from = {new_}, .merge = true});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("\"plant\" has data version 2.4"),
                                             HasSubstr("--data-version"), HasSubstr("2.5")));
  EXPECT_THAT(Differences(before, TreeOf(registry_.home())), IsEmpty());

  const auto declared = ImportOf(
      {.stack = "plant", .from = {new_}, .data_version = tables::DataVersion{2, 5}, .merge = true});
  EXPECT_EQ(declared.data_version, (tables::DataVersion{2, 5}));
}

TEST_F(MergeTest, FillsAbsentObjectsFromAFolder) {
  const auto rows = RowsOfStack("plant");
  Put(temp_.path() / "bucket" / "yard" / "x" / "a.bin", "12345");

  const auto report = ImportOf({.stack = "plant", .folders = {{"", temp_.path() / "bucket"}}});

  EXPECT_EQ(report.objects.filled, 1U);
  EXPECT_EQ(report.objects.present, 1U);
  EXPECT_EQ(report.objects.absent, 1U);
  EXPECT_EQ(report.objects.bytes, 5U);
  EXPECT_THAT(report.objects.problems, IsEmpty());
  EXPECT_FALSE(report.detection.has_value());
  EXPECT_EQ(report.data_version, (tables::DataVersion{2, 4}));
  EXPECT_TRUE(RowsOfStack("plant") == rows);
  const auto out = ExportOf({.stack = "plant",
                             .to = temp_.path() / "out",
                             .format = ExportFormat::kLines,
                             .objects = temp_.path() / "bytes"});
  EXPECT_EQ(out.objects_listed, 2U);
  EXPECT_EQ(out.objects_copied, 1U);
  EXPECT_EQ(Slurp(temp_.path() / "bytes" / "yard" / "x" / "a.bin"), "12345");
}

// Bytes of another size are not those that were listed.
TEST_F(MergeTest, LeavesObjectsAbsentWhoseBytesDoNotFit) {
  Put(temp_.path() / "bucket" / "yard" / "x" / "a.bin", "1234567890");

  const auto report = ImportOf({.stack = "plant", .folders = {{"", temp_.path() / "bucket"}}});

  EXPECT_EQ(report.objects.filled, 0U);
  EXPECT_EQ(report.objects.absent, 2U);
  ASSERT_EQ(report.objects.problems.size(), 1U);
  EXPECT_THAT(report.objects.problems[0], HasSubstr("x/a.bin"));
}

// ---- Export
// ------------------------------------------------------------------------------------------

TEST_F(MergeTest, ExportNeverMixesWithWhatIsThere) {
  Put(temp_.path() / "out" / "TagStorageTable.json", "mine");
  OpContext op;

  const auto refused = Export(registry_, {.stack = "plant", .to = temp_.path() / "out"}, clock_,
                              SystemRandom(), op, [](std::string_view, std::uint64_t) {});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(TreeOf(temp_.path() / "out"), (test::Tree{{"TagStorageTable.json", "mine"}}));
}

TEST_F(MergeTest, ExportIntoAFileIsRefused) {
  Put(temp_.path() / "out", "mine");
  OpContext op;

  const auto refused = Export(registry_, {.stack = "plant", .to = temp_.path() / "out"}, clock_,
                              SystemRandom(), op, [](std::string_view, std::uint64_t) {});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(Slurp(temp_.path() / "out"), "mine");
}

}  // namespace
}  // namespace vams::lifecycle
