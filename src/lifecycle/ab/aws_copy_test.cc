// Copying the tables that upstream's A/B configuration file names.
#include "lifecycle/ab/aws_copy.h"

#include <gtest/gtest.h>

#include "items/memory/memory_store.h"
#include "lifecycle/support_test.h"

namespace vams::lifecycle::ab {
namespace {

using items::Item;
using items::Value;
using lifecycle::test::MakeTemp;
using lifecycle::test::Must;

constexpr const char* kFile = R"({
  "regionFrom": "us-east-1", "regionTo": "eu-west-1",
  "VAMS_S3Bucket_Mapping": [{"bucketDescriptor": "assetStorageBucket",
                             "buckets": {"from": "a", "to": "b"}},
                            {"bucketDescriptor": "unused", "buckets": {"from": "", "to": ""}}],
  "VAMS_DynamoDBTable_Mapping": [
    {"tableDescriptor": "tagStorageTable", "tables": {"from": "A-Tag", "to": "B-Tag"},
     "attributes": [{"from": "x", "to": "y"}]}]})";

class AwsCopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const items::TableSpec spec{.name = "tagStorageTable",
                                .partition = {"tagName", items::Kind::kS}};
    for (auto* store : {from.get(), to.get()}) Must(store->CreateTables(op, std::span(&spec, 1)));
    for (const char* name : {"one", "two", "three"}) Put(*from, name);
    schema.tables = {{.descriptor = "tagStorageTable", .from = "A-Tag", .to = "B-Tag"}};
  }
  void Put(items::ItemStore& store, const char* name) {
    const items::Write write[] = {
        items::Write::Put("tagStorageTable", Item{{"tagName", Value::S(name)}})};
    Must(store.Commit(op, write));
  }

  OpContext op;
  std::unique_ptr<items::ItemStore> from = items::MemoryStore::Create(),
                                    to = items::MemoryStore::Create();
  CopySchema schema;
};

TEST_F(AwsCopyTest, ReadsUpstreamsFile) {
  const auto folder = MakeTemp();
  lifecycle::test::Put(folder.path() / "schema.json", kFile);

  const auto read = Must(ReadCopySchema(folder.path() / "schema.json"));

  EXPECT_EQ(read.region_from, "us-east-1");
  EXPECT_EQ(read.region_to, "eu-west-1");
  ASSERT_EQ(read.tables.size(), 1U);
  EXPECT_EQ(read.tables[0].from, "A-Tag");
  EXPECT_EQ(read.buckets, std::vector<std::string>{"assetStorageBucket"});
}

TEST_F(AwsCopyTest, NamesEveryProblemOfTheFile) {
  const auto folder = MakeTemp();
  lifecycle::test::Put(folder.path() / "schema.json",
                       R"({"VAMS_DynamoDBTable_Mapping": [{"tableDescriptor": "t"}, 3,
          {"tableDescriptor": "u", "tables": {"from": "A", "to": "A"}}]})");

  const auto error = ReadCopySchema(folder.path() / "schema.json").error();

  EXPECT_EQ(error.code, Code::kInvalid);
  for (const char* part : {"[0]: tableDescriptor, tables.from", "[1]: an object", "to itself"})
    EXPECT_NE(error.message.find(part), error.message.npos) << error.message;
}

TEST_F(AwsCopyTest, CopiesAndProvesIt) {
  Must(CheckCopy(op, *from, *to, schema, {}));

  const auto copied = Must(CopyTable(op, *from, *to, schema.tables[0], {}));

  EXPECT_TRUE(copied.same);
  EXPECT_EQ(copied.rows, 3U);
  EXPECT_EQ(Must(to->Count(op, "tagStorageTable")), 3U);
}

TEST_F(AwsCopyTest, RefusesADestinationWithRowsUnlessItGoesOn) {
  Put(*to, "one");

  EXPECT_EQ(CheckCopy(op, *from, *to, schema, {}).error().code, Code::kConflict);
  EXPECT_TRUE(CheckCopy(op, *from, *to, schema, {.resume = true}).ok());
  EXPECT_TRUE(Must(CopyTable(op, *from, *to, schema.tables[0], {.resume = true})).same);
}

TEST_F(AwsCopyTest, SaysWhenTheDestinationHoldsSomethingElse) {
  Put(*to, "stranger");

  const auto copied = Must(CopyTable(op, *from, *to, schema.tables[0], {.resume = true}));

  EXPECT_FALSE(copied.same);
  EXPECT_EQ(copied.present, 4U);
}

TEST_F(AwsCopyTest, ADryRunWritesNothing) {
  const auto counted = Must(CopyTable(op, *from, *to, schema.tables[0], {.dry_run = true}));

  EXPECT_EQ(counted.rows, 3U);
  EXPECT_EQ(Must(to->Count(op, "tagStorageTable")), 0U);
}

}  // namespace
}  // namespace vams::lifecycle::ab
