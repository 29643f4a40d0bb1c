#include "items/sqlite/clone.h"

#include <gtest/gtest.h>

#include "items/sqlite/sqlite_store.h"

namespace vams::items {

namespace {

TEST(CloneSqliteStore, CopiesWhatIsCommittedWhileTheStoreIsInUse) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-clone");
  ASSERT_TRUE(folder.ok());
  OpContext op;
  const TableSpec spec{.name = "parts", .partition = {"p", Kind::kS}};
  auto store = OpenSqliteStore(folder->path() / "items.db");
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->CreateTables(op, std::span(&spec, 1)).ok());
  const Write put = Write::Put("parts", Item{{"p", Value::S("a")}, {"n", Value::N(1)}});
  ASSERT_TRUE((*store)->Commit(op, std::span(&put, 1)).ok());

  const auto cloned = CloneSqliteStore(op, folder->path() / "items.db", folder->path() / "two.db");
  const Write later = Write::Put("parts", Item{{"p", Value::S("b")}});
  ASSERT_TRUE((*store)->Commit(op, std::span(&later, 1)).ok());

  ASSERT_TRUE(cloned.ok()) << cloned.error().message;
  auto clone = OpenSqliteStore(folder->path() / "two.db");
  ASSERT_TRUE(clone.ok()) << clone.error().message;
  EXPECT_EQ((*clone)->Count(op, "parts").value(), 1U);
  EXPECT_EQ((*clone)->LastChange(op).value(), 1U);
  EXPECT_TRUE((*clone)->CheckIntegrity(op).ok());
  ASSERT_TRUE((*clone)->Commit(op, std::span(&later, 1)).ok()) << "the clone is a store of its own";
}

// Rows with an index, many enough to have samples.
void Fill(ItemStore& store, const std::string& table, int rows) {
  OpContext op;
  const TableSpec spec{.name = table,
                       .partition = {"p", Kind::kS},
                       .indexes = {{.name = "by-n", .partition = {"n", Kind::kS}}}};
  ASSERT_TRUE(store.CreateTables(op, std::span(&spec, 1)).ok());
  for (int row = 0; row < rows; row += 100) {
    std::vector<Write> writes;
    for (int i = row; i < row + 100; ++i)
      writes.push_back(Write::Put(
          table, Item{{"p", Value::S(std::to_string(i))}, {"n", Value::S(std::to_string(i % 7))}}));
    ASSERT_TRUE(store.Commit(op, writes).ok());
  }
}

TEST(CloneSqliteStore, CopiesTableByTableWhereMostRowsAreNotWanted) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-clone");
  ASSERT_TRUE(folder.ok());
  OpContext op;
  auto opened = OpenSqliteStore(folder->path() / "items.db");
  ASSERT_TRUE(opened.ok());
  ItemStore& store = **opened;
  ASSERT_NO_FATAL_FAILURE(Fill(store, "parts", 2000));
  ASSERT_NO_FATAL_FAILURE(Fill(store, "old.parts", 20000));
  ASSERT_TRUE(store.AddConsumer(op, "reader", 5).ok());

  const std::string without[] = {"old.parts", "no such table"};
  const auto cloned =
      CloneSqliteStore(op, folder->path() / "items.db", folder->path() / "two.db", without);

  ASSERT_TRUE(cloned.ok()) << cloned.error().message;
  EXPECT_LT(std::filesystem::file_size(folder->path() / "two.db"),
            std::filesystem::file_size(folder->path() / "items.db") +
                std::filesystem::file_size(folder->path() / "items.db-wal"));
  auto clone = OpenSqliteStore(folder->path() / "two.db");
  ASSERT_TRUE(clone.ok()) << clone.error().message;
  EXPECT_EQ((*clone)->Count(op, without[0]).value(), 0U);
  EXPECT_EQ((*clone)->Count(op, "parts").value(), 2000U);
  EXPECT_EQ((*clone)->Tables(op).value(), store.Tables(op).value());
  const QueryRequest threes{.table = "parts", .index = "by-n", .partition = Value::S("3")};
  EXPECT_EQ((*clone)->Query(op, threes)->items, store.Query(op, threes)->items);
  EXPECT_EQ((*clone)->LastChange(op).value(), store.LastChange(op).value());
  EXPECT_EQ((*clone)->SplitScan(op, without[0], 4)->size(), 1U) << "no samples of rows that went";
  EXPECT_TRUE((*clone)->CheckIntegrity(op).ok());
  const Write later = Write::Put(without[0], Item{{"p", Value::S("b")}, {"n", Value::S("3")}});
  ASSERT_TRUE((*clone)->Commit(op, std::span(&later, 1)).ok());
  ASSERT_TRUE((*clone)->DropTable(op, without[0]).ok());
  EXPECT_EQ(store.Count(op, without[0]).value(), 20000U) << "the original is as it was";
}

TEST(CloneSqliteStore, CopiesAllPagesWhereFewRowsAreNotWanted) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-clone");
  ASSERT_TRUE(folder.ok());
  OpContext op;
  auto store = OpenSqliteStore(folder->path() / "items.db");
  ASSERT_TRUE(store.ok());
  ASSERT_NO_FATAL_FAILURE(Fill(**store, "parts", 4000));
  ASSERT_NO_FATAL_FAILURE(Fill(**store, "few", 100));

  const std::string without[] = {"few"};
  ASSERT_TRUE(
      CloneSqliteStore(op, folder->path() / "items.db", folder->path() / "two.db", without).ok());

  auto clone = OpenSqliteStore(folder->path() / "two.db");
  ASSERT_TRUE(clone.ok()) << clone.error().message;
  EXPECT_EQ((*clone)->Count(op, "few").value(), 100U);
}

TEST(CloneSqliteStore, LeavesNothingWhenItCannotCopy) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-clone");
  ASSERT_TRUE(folder.ok());
  OpContext op;

  const auto absent = CloneSqliteStore(op, folder->path() / "no.db", folder->path() / "two.db");
  ASSERT_FALSE(absent.ok());
  EXPECT_FALSE(std::filesystem::exists(folder->path() / "two.db"));

  ASSERT_TRUE(OpenSqliteStore(folder->path() / "items.db").ok());
  OpContext cancelled;
  cancelled.Cancel();
  const auto stopped =
      CloneSqliteStore(cancelled, folder->path() / "items.db", folder->path() / "two.db");
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder->path() / "two.db"));
}

TEST(SealSqliteStore, TakesInTheLogThatAKilledProgramHasLeft) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-seal");
  ASSERT_TRUE(folder.ok());
  const files::Path open = folder->path() / "items.db", killed = folder->path() / "killed.db",
                    named = folder->path() / "named.db";
  OpContext op;
  const TableSpec spec{.name = "parts", .partition = {"p", Kind::kS}};
  auto store = OpenSqliteStore(open);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->CreateTables(op, std::span(&spec, 1)).ok());
  const Write put = Write::Put("parts", Item{{"p", Value::S("a")}});
  ASSERT_TRUE((*store)->Commit(op, std::span(&put, 1)).ok());
  std::filesystem::copy_file(open, killed);
  std::filesystem::copy_file(open.string() + "-wal", killed.string() + "-wal");

  const auto sealed = SealSqliteStore(killed);

  ASSERT_TRUE(sealed.ok()) << sealed.error().message;
  EXPECT_FALSE(std::filesystem::exists(killed.string() + "-wal"));
  std::filesystem::rename(killed, named);
  auto found = OpenSqliteStore(named);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->Count(op, "parts").value(), 1U);
  EXPECT_TRUE((*found)->CheckIntegrity(op).ok());
}

TEST(SealSqliteStore, RefusesAStoreThatIsReadElsewhereAndLosesNothing) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-seal");
  ASSERT_TRUE(folder.ok());
  const files::Path path = folder->path() / "items.db";
  OpContext op;
  const TableSpec spec{.name = "parts", .partition = {"p", Kind::kS}};
  auto store = OpenSqliteStore(path);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->CreateTables(op, std::span(&spec, 1)).ok());
  const Write first = Write::Put("parts", Item{{"p", Value::S("a")}});
  const Write second = Write::Put("parts", Item{{"p", Value::S("b")}});
  ASSERT_TRUE((*store)->Commit(op, std::span(&first, 1)).ok());
  auto view = (*store)->OpenSnapshot(op);
  ASSERT_TRUE(view.ok());
  ASSERT_EQ((*view)->Count(op, "parts").value(), 1U);
  ASSERT_TRUE((*store)->Commit(op, std::span(&second, 1)).ok());

  const auto sealed = SealSqliteStore(path);

  ASSERT_FALSE(sealed.ok());
  EXPECT_EQ(sealed.error().code, Code::kConflict) << sealed.error().message;
  view->reset();
  EXPECT_EQ((*store)->Count(op, "parts").value(), 2U);
}

TEST(RemoveSqliteStore, LeavesNothingBesideTheStoreAndMindsNoneThatIsAbsent) {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-clone");
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(OpenSqliteStore(folder->path() / "items.db").ok());
  std::filesystem::create_directories(folder->path() / "items.db-bulk" / "1");

  EXPECT_TRUE(RemoveSqliteStore(folder->path() / "items.db").ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder->path()));
  EXPECT_TRUE(RemoveSqliteStore(folder->path() / "items.db").ok());
}

}  // namespace

}  // namespace vams::items
