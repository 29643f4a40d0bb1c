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
