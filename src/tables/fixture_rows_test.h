// Reading the DynamoDB fixture sets in this module's tests.  Blocks on disk.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "files/files.h"
#include "items/aws/dynamodb_json.h"
#include "testing/fixtures.h"

namespace vams::tables {

// Encoded rows by canonical table name.
using RowSet = std::map<std::string, std::vector<std::string>>;

// Adds the tables of one folder, such as "v2.1" or "seed/v2.2".
inline void AddRows(RowSet& rows, const files::Path& folder) {
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || name.starts_with('_')) continue;
    auto& table = rows[name];
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      const auto encoded = items::aws::EncodeFromLine(line);
      ASSERT_TRUE(encoded.ok()) << entry.path() << ": " << encoded.error().message;
      table.push_back(*encoded);
    }
  }
}

// A test over the fixtures is skipped where there are none.
class FixtureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto found = testing::FixtureFolder();
    if (!found.has_value()) GTEST_SKIP() << "no fixtures; set VAMS_FIXTURES to their folder";
    root_ = *found / "dynamodb";
  }

  files::Path root_;
};

}  // namespace vams::tables
