#include "tables/system_tables.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "items/value.h"

namespace vams::tables {
namespace {

using items::Item;
using items::Value;

TEST(SystemTables, SpecsAreLegalAndNamedAsSystemTables) {
  for (const auto& spec : SystemTables()) {
    EXPECT_TRUE(items::CheckTableSpec(spec).ok()) << spec.name;
    EXPECT_TRUE(items::IsSystemTable(spec.name)) << spec.name;
    EXPECT_EQ(FindSystemTable(spec.name), &spec);
  }
  EXPECT_EQ(FindSystemTable("sys.nothing"), nullptr);
  EXPECT_EQ(FindSystemTable("AssetStorageTable"), nullptr);
}

// The design of the two tables stands and falls with this: the longest bucket and key must pass the
// key limits that every engine checks.
TEST(SystemTables, LongestObjectNameFitsIntoTheKeys) {
  const std::string bucket(255, 'b');
  const std::string key(1024, 'k');
  ASSERT_TRUE(CheckObjectName(bucket, key).ok());

  const Item object{{"bucket", Value::S(bucket)}, {"key", Value::S(key)}, {"next", Value::N(2)}};
  const Item version{{"object", Value::S(ObjectPath(bucket, key))},
                     {"sequence", Value::N(1)},
                     {"versionId", Value::S(std::string(1024, 'v'))}};

  EXPECT_TRUE(items::CheckItem(*FindSystemTable(kObjectsTable), object, 400 * 1024).ok());
  EXPECT_TRUE(items::CheckItem(*FindSystemTable(kObjectVersionsTable), version, 400 * 1024).ok());
}

TEST(SystemTables, ObjectPathsOfDifferentObjectsDiffer) {
  // The bucket ends at the first slash, so a slash in the key cannot be mistaken for it.
  EXPECT_NE(ObjectPath("a", "b/c"), ObjectPath("a-b", "c"));
  EXPECT_FALSE(CheckObjectName("a/b", "c").ok());
}

TEST(SystemTables, UnusableObjectNamesAreRefused) {
  EXPECT_EQ(CheckObjectName("", "k").error().code, Code::kInvalid);
  EXPECT_EQ(CheckObjectName("b", "").error().code, Code::kInvalid);
  EXPECT_EQ(CheckObjectName("b", "\xff").error().code, Code::kInvalid);
  EXPECT_EQ(CheckObjectName(std::string(256, 'b'), "k").error().code, Code::kInvalid);
  EXPECT_EQ(CheckObjectName("b", std::string(1025, 'k')).error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace vams::tables
