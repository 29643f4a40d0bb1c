// What the tests of lifecycle share: a clock that stands still, folders compared as a whole, rows
// of stacks and of data sets by table and key.  Blocks on disk.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "items/aws/dynamodb_json.h"
#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stack.h"
#include "tables/tables.h"

namespace vams::lifecycle::test {

inline files::TempFolder MakeTemp() {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-lifecycle");
  if (!folder.ok()) {
    ADD_FAILURE() << folder.error().message;
    std::abort();
  }
  return *std::move(folder);
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return *std::move(result);
}
inline void Must(Status status) { ASSERT_TRUE(status.ok()) << status.error().message; }

class FixedClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now; }
  std::int64_t now = 1'740'823'200'123;  // 2025-03-01T10:00:00.123Z
};

inline void Put(const files::Path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  ASSERT_TRUE(file.good()) << path;
}

inline std::string Slurp(const files::Path& path) {
  auto content = files::ReadAll(path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? *content : std::string();
}

// Every name below a folder with what is there.  Lock files are left out, which say who was the
// last to ask, and of SQLite's shared memory the content, in which readers leave marks.
using Tree = std::map<std::string, std::string>;
inline Tree TreeOf(const files::Path& folder) {
  Tree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "lock" || name.starts_with(".lock-")) continue;
    std::string& what = tree[entry.path().lexically_relative(folder).string()];
    if (entry.is_symlink())
      what = "-> " + std::filesystem::read_symlink(entry.path()).string();
    else if (entry.is_regular_file() && !name.ends_with("-shm"))
      what = Slurp(entry.path());
    else
      what = entry.is_regular_file() ? "shared memory" : "folder";
  }
  return tree;
}

// The names that differ between two trees: shorter to read than their contents.
inline std::vector<std::string> Differences(const Tree& before, const Tree& after) {
  std::vector<std::string> names;
  for (const auto& [name, content] : before)
    if (const auto found = after.find(name); found == after.end())
      names.push_back(name + " is gone");
    else if (found->second != content)
      names.push_back(name + " changed");
  for (const auto& [name, content] : after)
    if (!before.contains(name)) names.push_back(name + " is new");
  return names;
}

// Canonical JSON of every row by table and encoded key; tables without rows are left out.
using Rows = std::map<std::string, std::map<std::string, std::string>>;

inline void AddRow(Rows& rows, const items::TableSpec& spec, std::string_view encoded) {
  const items::Item item = Must(items::DecodeItem(encoded));
  rows[spec.name][items::EncodeItem(items::KeyOf(spec, item))] = items::aws::ToJson(item);
}

// Of a folder of item lines, read without the code under test; what is there under the same key is
// replaced.
inline void AddRowsOf(Rows& rows, const files::Path& folder) {
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || name.starts_with('_')) continue;
    const auto* table = tables::FindTableInAny(name);
    ASSERT_NE(table, nullptr) << name;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);)
      AddRow(rows, tables::SpecOf(*table), Must(items::aws::EncodeFromLine(line)));
  }
}

inline Rows RowsOf(const files::Path& items, bool of_system = false) {
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(items, {.read_only = true}));
  Rows rows;
  for (const auto& spec : Must(store->Tables(op))) {
    if (items::IsSystemTable(spec.name) != of_system) continue;
    std::string after;
    do {
      after =
          Must(store->ScanEncoded(op, spec.name, {}, after, 1000, [&](std::string_view encoded) {
            AddRow(rows, spec, encoded);
            return Ok();
          }));
    } while (!after.empty());
  }
  return rows;
}

}  // namespace vams::lifecycle::test
