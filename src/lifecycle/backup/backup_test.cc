// Whole backups: stacks of random content are backed up while others write, restored as they were
// or as of any moment, and compared with what was there.
#include <thread>

#include "lifecycle/backup/backup_support_test.h"

namespace vams::lifecycle::backup::test {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Plain, EitherBackupTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, EitherBackupTest, ::testing::Values(true));

TEST_P(EitherBackupTest, GivesBackEveryRowAndContent) {
  MakeStack(GetParam());
  Fill(true);
  const auto made = BackUp();
  EXPECT_THAT(made.findings, IsEmpty());

  const auto restored = Must(TryRestore({.id = made.manifest.id}));

  EXPECT_TRUE(restored.proved);
  EXPECT_TRUE(restored.created);
  EXPECT_THAT(restored.findings, IsEmpty());
  ExpectSame("plant", "again");
  EXPECT_EQ(lifecycle::test::Slurp(Current("plant").config()),
            lifecycle::test::Slurp(Current("again").config()));
}

// What changed is told by the change log: bases of earlier backups and the changes since.
TEST_P(EitherBackupTest, GivesBackWhatBecameOfRowsSinceTheirChunksWereWritten) {
  MakeStack(GetParam());
  Fill();
  (void)BackUp();
  for (int round = 0; round < 4; ++round) {
    CommitEach(AnyWrites(40, 1500));
    PutObject(fmt::format("new {}", round), RandomBytes(5000));
    const auto made = BackUp();
    const std::string name = fmt::format("again{}", round);

    const auto restored = Must(TryRestore({.id = made.manifest.id, .stack = name}));

    EXPECT_GT(restored.position, 0U);
    EXPECT_TRUE(restored.proved);
    ExpectSame("plant", name);
    // The point of it: the rows' chunks are those of the first backup.
    EXPECT_LT(made.manifest.FindTable(kAssets)->base, made.manifest.position);
  }
}

TEST_F(BackupTest, WritesLittleWhenLittleHasChanged) {
  MakeStack();
  AddAssets(0, 8'000, "first ");
  for (int i = 0; i < 100; ++i) PutObject(fmt::format("file {}", i), RandomBytes(80'000));
  const auto first = BackUp();
  // One row in a hundred, spread over the table, and one object in a hundred.
  std::vector<Write> writes;
  for (int i = 0; i < 8'000; i += 100) writes.push_back(Write::Put(kAssets, Asset(i, "changed")));
  Commit(writes);
  PutObject("file 50", RandomBytes(80'000));

  const auto second = BackUp();

  RecordProperty("first", std::to_string(first.written.stored));
  RecordProperty("second", std::to_string(second.written.stored));
  EXPECT_LE(second.written.stored * 20, first.written.stored)
      << second.written.stored << " of " << first.written.stored;
  // And nothing at all has changed: the manifest is all there is to write.
  const auto third = BackUp();
  EXPECT_LE(third.written.chunks, 1U);
}

TEST_F(BackupTest, RestoresIntoTheSameStackAsANewGeneration) {
  MakeStack();
  Fill();
  const auto before = RowsOf(Current().current.items());
  const auto made = BackUp();
  AddAssets(0, 10, "spoilt ");
  const auto spoilt = RowsOf(Current().current.items());
  const auto old = Current().current;

  const auto restored = Must(TryRestore({.id = made.manifest.id, .stack = "plant"}));

  EXPECT_FALSE(restored.created);
  EXPECT_EQ(restored.generation, old.number + 1);
  EXPECT_EQ(RowsOf(Current().current.items()), before);
  EXPECT_EQ(RowsOf(old.items()), spoilt);
}

TEST_F(BackupTest, LeavesAServedStackAlone) {
  MakeStack();
  Fill();
  const auto made = BackUp();
  const auto before = Current().current.number;
  const auto lock = Must(LockStack(Current(), "vams serve", clock_));

  const auto refused = TryRestore({.id = made.manifest.id, .stack = "plant"});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("vams serve"));
  EXPECT_EQ(Current().current.number, before);
  // And a backup of it is made all the same.
  EXPECT_TRUE(TryBackUp().ok());
}

TEST_F(BackupTest, ReachesEveryMomentOfTheChangeLog) {
  MakeStack();
  std::vector<std::pair<std::int64_t, std::map<bool, Rows>>> moments;
  PutObject("kept", "first");
  for (int round = 0; round < 8; ++round) {
    clock_.now += 10'000;
    CommitEach(AnyWrites(60, 50));
    PutObject(fmt::format("object {}", round), RandomBytes(3000));
    if (round % 2 == 1) RemoveObject(fmt::format("object {}", round - 1), versions_ - 1);
    if (round == 5) (void)BackUp();
    clock_.now += 5'000;
    moments.push_back({clock_.now,
                       {{false, RowsOf(Current().current.items(), false)},
                        {true, RowsOf(Current().current.items(), true)}}});
  }
  const auto made = BackUp();

  for (std::size_t i = 0; i < moments.size(); ++i) {
    const std::string name = fmt::format("at{}", i);
    const auto restored =
        Must(TryRestore({.id = made.manifest.id, .stack = name, .at_millis = moments[i].first}));
    EXPECT_THAT(restored.findings, IsEmpty());
    for (const bool system : {false, true})
      EXPECT_EQ(RowsOf(Current(name).current.items(), system), moments[i].second[system]);
    const auto check = Must(CheckObjects(Current(name), {}, true, op_, [](const auto&) {}));
    EXPECT_EQ(check.missing + check.damaged, 0U);
  }
  for (const std::int64_t out : {std::int64_t{1'000'000'000'000}, clock_.now + 1'000'000}) {
    const auto refused = TryRestore({.id = made.manifest.id, .stack = "never", .at_millis = out});
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr("it reaches from"));
    EXPECT_FALSE(registry_.Exists("never"));
  }
}

// Contents whose records went while the backup was under way stay until it ends.
TEST_F(BackupTest, KeepsCollectionsAwayWhileItRuns) {
  MakeStack();
  Fill();
  bool refused = false, tried = false;
  auto setting = TheSetting();
  setting.progress = [&](std::string_view phase, std::uint64_t) {
    if (phase != "contents" || tried) return;
    tried = true;
    // Everything is deleted and old enough; the items were copied before.
    RemoveObject("large", 4);
    const auto collected = CollectObjects(
        Current(), {}, {.grace = std::chrono::milliseconds(-3'600'000)}, clock_, op_);
    refused = !collected.ok() && collected.error().code == Code::kConflict;
  };

  const auto made = Must(Create(Current(), Folder(), {}, setting));

  EXPECT_TRUE(tried);
  EXPECT_TRUE(refused);
  EXPECT_THAT(made.findings, IsEmpty());
  EXPECT_THAT(Check().findings, IsEmpty());
  EXPECT_TRUE(CollectObjects(Current(), {}, {}, clock_, op_).ok());
}

TEST_F(BackupTest, SeesOneStateWhileOthersWrite) {
  MakeStack();
  AddAssets(0, 2000, "pair ");
  const auto store = Must(items::OpenSqliteStore(Current().current.items()));
  std::atomic<bool> stop = false;
  // Two rows that always say the same.
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      OpContext op;
      const std::vector<Write> pair{Write::Put(kAssets, Asset(0, std::to_string(i))),
                                    Write::Put(kAssets, Asset(1999, std::to_string(i)))};
      if (!store->Commit(op, pair).ok()) return;
    }
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(BackUp().manifest.id);
  stop = true;
  writer.join();

  for (const auto& id : ids) {
    const std::string name = "w" + std::to_string(&id - ids.data());
    EXPECT_TRUE(Must(TryRestore({.id = id, .stack = name})).proved);
    const auto copy = Must(items::OpenSqliteStore(Current(name).current.items()));
    const auto name_of = [&](int number) {
      const auto item = Must(copy->Get(op_, kAssets, KeyOfAsset(number)));
      return std::string(item.Text("assetName"));
    };
    // Both as they were loaded, or both of one commit.
    EXPECT_TRUE(name_of(0) == name_of(1999) || name_of(0) == "pair 0") << name_of(0);
  }
}

}  // namespace

}  // namespace vams::lifecycle::backup::test
