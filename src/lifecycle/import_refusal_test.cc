// What an import refuses, and that nothing in the home has changed afterwards: neither when it
// would have made a stack nor when it would have added a generation to one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "items/aws/test_support.h"
#include "lifecycle/import.h"
#include "lifecycle/support_test.h"

namespace vams::lifecycle {
namespace {

using items::aws::test::Gzip;
using items::aws::test::HandMadeExport;
using test::Differences;
using test::MakeTemp;
using test::Must;
using test::Put;
using test::TreeOf;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kTag[] = R"({"Item":{"tagName":{"S":"a"},"tagTypeName":{"S":"t"}}})";
constexpr char kOtherTag[] = R"({"Item":{"tagName":{"S":"b"},"tagTypeName":{"S":"t"}}})";

class RefusalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Put(temp_.path() / "rows" / "TagStorageTable.json", std::string(kTag) + "\n");
    Must(Run({.stack = "kept", .from = {temp_.path() / "rows"}}));
  }

  Result<ImportReport> Run(const ImportRequest& request) {
    OpContext op;
    return Import(registry_, request, clock_, op, [](std::string_view, std::uint64_t) {});
  }

  Error RefusedOnce(const ImportRequest& request) {
    const auto before = TreeOf(registry_.home());
    const auto report = Run(request);
    EXPECT_FALSE(report.ok()) << request.stack;
    EXPECT_THAT(Differences(before, TreeOf(registry_.home())), IsEmpty()) << request.stack;
    return report.ok() ? Error() : report.error();
  }
  // As a new stack, and merged into one with rows.
  Error Refused(ImportRequest request) {
    request.stack = "fresh";
    const Error as_new = RefusedOnce(request);
    EXPECT_FALSE(registry_.Exists("fresh"));
    request.stack = "kept";
    request.merge = true;
    EXPECT_EQ(RefusedOnce(request).code, as_new.code);
    return as_new;
  }
  Error RefusedFrom(const files::Path& from) { return Refused({.from = {from}}); }

  files::Path Lines(const std::string& table, const std::string& text) {
    Put(temp_.path() / "data" / (table + ".json"), text);
    return temp_.path() / "data";
  }

  files::TempFolder temp_ = MakeTemp();
  test::FixedClock clock_;
  StackRegistry registry_{temp_.path() / "home", clock_};
};

HandMadeExport TagExport() {
  return {.table = "prod-TagStorageTable0A1B2C3D-1XK9Q2M4T7LPA",
          .files = {std::string(kTag) + "\n", std::string(kOtherTag) + "\n"}};
}

// ---- Damage
// ------------------------------------------------------------------------------------------

TEST_F(RefusalTest, ADamagedLine) {
  const Error error =
      RefusedFrom(Lines("TagStorageTable", fmt::format("{}\n{{\"Item\":{{\"tagName\"\n", kTag)));

  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_THAT(error.message, AllOf(HasSubstr("TagStorageTable.json:2"),
                                   HasSubstr("nothing was imported"), HasSubstr("--partial")));
}

TEST_F(RefusalTest, AWholeExportIsTakenAndATruncatedOneIsNot) {
  const auto data = temp_.path() / "export";
  TagExport().Write(data);
  Must(Run({.stack = "whole", .from = {data}}));
  const std::string bytes = Gzip(std::string(kOtherTag) + "\n");
  Put(TagExport().Data(data, 1), bytes.substr(0, bytes.size() - 6));

  const Error error = RefusedFrom(data);

  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_THAT(error.message, HasSubstr("part1.json.gz"));
}

TEST_F(RefusalTest, ADataFileWithAnotherChecksum) {
  const auto data = temp_.path() / "export";
  TagExport().Write(data);
  Put(TagExport().Data(data, 1), Gzip(R"({"Item":{"tagName":{"S":"c"},"tagTypeName":{"S":"t"}}})"
                                      "\n"));

  const Error error = RefusedFrom(data);

  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_THAT(error.message, HasSubstr("part1.json.gz"));
}

TEST_F(RefusalTest, AManifestWithAnotherChecksum) {
  const auto data = temp_.path() / "export";
  TagExport().Write(data);
  Put(TagExport().Folder(data) / "manifest-files.checksum", "1B2M2Y8AsgTpgAmY7PhCfg==");

  EXPECT_EQ(RefusedFrom(data).code, Code::kCorrupt);
}

// With `partial` the same damage costs the damaged file only, and the report names it.
TEST_F(RefusalTest, NotDamageThatPartialAccepts) {
  const auto data = temp_.path() / "export";
  TagExport().Write(data);
  const std::string bytes = Gzip(std::string(kOtherTag) + "\n");
  Put(TagExport().Data(data, 1), bytes.substr(0, 12));

  const auto report = Must(Run({.stack = "fresh", .from = {data}, .partial = true}));

  EXPECT_EQ(report.rows, 1U);
  EXPECT_GE(report.problem_count, 1U);
  ASSERT_FALSE(report.problems.empty());
  EXPECT_THAT(report.problems[0], HasSubstr("part1.json.gz"));
}

TEST_F(RefusalTest, ADamagedObjectListing) {
  Lines("TagStorageTable", std::string(kOtherTag) + "\n");
  Put(temp_.path() / "data" / "_s3-objects.json", R"([{"bucket":"yard","key":"x/a.bin","si)");

  const Error error = RefusedFrom(temp_.path() / "data");

  EXPECT_THAT(error.message, HasSubstr("_s3-objects.json"));
}

TEST_F(RefusalTest, PathsThatAreNotThere) {
  const auto absent = temp_.path() / "absent";

  EXPECT_THAT(RefusedFrom(absent).message, HasSubstr("absent"));
  EXPECT_THAT(Refused({.from = {temp_.path() / "rows"}, .listings = {{"", absent}}}).message,
              HasSubstr("absent"));
  EXPECT_THAT(Refused({.from = {temp_.path() / "rows"}, .folders = {{"", absent}}}).message,
              HasSubstr("absent"));
}

TEST_F(RefusalTest, AFolderWithoutData) {
  std::filesystem::create_directories(temp_.path() / "empty");

  EXPECT_EQ(RefusedFrom(temp_.path() / "empty").code, Code::kNotFound);
}

// ---- Versions
// ----------------------------------------------------------------------------------------

TEST_F(RefusalTest, DataThatContradictsItself) {
  const auto data =
      Lines("AssetStorageTable",
            R"({"Item":{"databaseId":{"S":"d"},"assetId":{"S":"a"},"currentVersion":{"M":{}}}})"
            "\n"
            R"({"Item":{"databaseId":{"S":"d"},"assetId":{"S":"b"},"bucketId":{"S":"k"}}})"
            "\n");

  const Error error = RefusedFrom(data);

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("contradicts itself"), HasSubstr("d | a"), HasSubstr("d | b")));
  EXPECT_EQ(Refused({.from = {data}, .data_version = tables::DataVersion{2, 4}}).code,
            Code::kConflict);
}

TEST_F(RefusalTest, ADeclaredVersionThatTheRowsDeny) {
  const auto data =
      Lines("AssetStorageTable",
            R"({"Item":{"databaseId":{"S":"d"},"assetId":{"S":"b"},"bucketId":{"S":"k"}}})"
            "\n");

  const Error error = Refused({.from = {data}, .data_version = tables::DataVersion{2, 1}});

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("declared as version 2.1"), HasSubstr("2.2 or later")));
}

// ---- Names
// -------------------------------------------------------------------------------------------

TEST_F(RefusalTest, TablesOfNoKnownName) {
  const Error error =
      RefusedFrom(Lines("my-TagStorageTable-restored", std::string(kOtherTag) + "\n"));

  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("did you mean TagStorageTable? Say so with --map "
                                       "my-TagStorageTable-restored=TagStorageTable"));
}

TEST_F(RefusalTest, AMapOfATableThatNoSourceHas) {
  const Error error =
      Refused({.from = {temp_.path() / "rows"}, .map = {{"tags", "TagStorageTable"}}});

  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("\"tags\""));
}

TEST_F(RefusalTest, AMapToATableThatDoesNotExist) {
  const Error error =
      Refused({.from = {temp_.path() / "rows"}, .map = {{"TagStorageTable", "TagsTable"}}});

  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("TagsTable"));
}

TEST_F(RefusalTest, NamesThatNoStackCanHave) {
  for (const char* name : {"", "9", "a/b", "../kept", ".kept", "kept "})
    EXPECT_EQ(RefusedOnce({.stack = name, .from = {temp_.path() / "rows"}}).code, Code::kInvalid)
        << name;
}

// ---- Stacks
// ------------------------------------------------------------------------------------------

TEST_F(RefusalTest, AStackWithRowsUnlessMerged) {
  const Error error = RefusedOnce({.stack = "kept", .from = {temp_.path() / "rows"}});

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message, AllOf(HasSubstr("\"kept\" has rows"), HasSubstr("--merge")));
}

TEST_F(RefusalTest, AStackThatIsInUse) {
  const Stack stack = Must(registry_.Get("kept"));
  const auto held = Must(LockStack(stack, "vams serve", clock_));

  const Error error =
      RefusedOnce({.stack = "kept", .from = {temp_.path() / "rows"}, .merge = true});

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message, HasSubstr("in use by \"vams serve\""));
}

TEST_F(RefusalTest, AStackThatSomebodyIsMaking) {
  const auto builder = Must(GenerationBuilder::ForNewStack(registry_, "fresh", std::nullopt));

  const Error error = RefusedOnce({.stack = "fresh", .from = {temp_.path() / "rows"}});

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message, HasSubstr("being created"));
}

TEST_F(RefusalTest, AConfigurationForAStackThatExists) {
  const Error error = RefusedOnce(
      {.stack = "kept", .from = {temp_.path() / "rows"}, .merge = true, .config = "{}"});

  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_THAT(error.message, HasSubstr("--config"));
}

TEST_F(RefusalTest, NothingToImport) {
  const Error error = Refused({});

  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("--from"));
}

TEST_F(RefusalTest, ObjectsWithoutAStack) {
  std::filesystem::create_directories(temp_.path() / "bucket");

  const Error error = RefusedOnce({.stack = "fresh", .folders = {{"", temp_.path() / "bucket"}}});

  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("there is kept"));
}

TEST_F(RefusalTest, AnOperationThatWasCancelled) {
  for (const char* name : {"fresh", "kept"}) {
    const auto before = TreeOf(registry_.home());
    OpContext op;
    op.Cancel();

    const auto report =
        Import(registry_, {.stack = name, .from = {temp_.path() / "rows"}, .merge = true}, clock_,
               op, [](std::string_view, std::uint64_t) {});

    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, Code::kCancelled) << report.error().message;
    EXPECT_THAT(Differences(before, TreeOf(registry_.home())), IsEmpty());
  }
}

}  // namespace
}  // namespace vams::lifecycle
