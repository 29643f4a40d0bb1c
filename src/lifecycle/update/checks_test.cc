// Checks of preflight, the rules of pruning, hooks: what decides without a stack.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <thread>

#include "lifecycle/support_test.h"
#include "lifecycle/update/hooks.h"
#include "lifecycle/update/preflight.h"
#include "lifecycle/update/prune.h"

namespace vams::lifecycle::test {

namespace {

using items::Item;
using items::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'740'823'200'123;

TEST(CheckSpace, AddsUpWhatIsNeededOnTheSameFileSystem) {
  const auto free_of = [](const std::string& path) {
    return path.starts_with("/data") ? FreeSpace{1, 100 << 20} : FreeSpace{2, 1000 << 20};
  };

  const auto fits =
      CheckSpace({{"migration", "/data/a", 60 << 20}, {"backup", "/other", 60 << 20}}, free_of);
  const auto full =
      CheckSpace({{"migration", "/data/a", 60 << 20}, {"backup", "/data/b", 60 << 20}}, free_of);

  EXPECT_EQ(fits.result, CheckResult::kOk);
  EXPECT_EQ(full.result, CheckResult::kRefused);
  EXPECT_THAT(full.summary, HasSubstr("120 MiB needed and 100 MiB free"));
  EXPECT_THAT(full.way_out, HasSubstr("free 20 MiB"));
  EXPECT_EQ(full.evidence.at("parts").as_array().size(), 2U);
}

TEST(FreeSpaceAt, LooksAtTheFolderAboveOfWhatIsNotThere) {
  const auto folder = MakeTemp();

  const auto there = FreeSpaceAt(folder.path().string());
  const auto absent = FreeSpaceAt((folder.path() / "no" / "such").string());

  EXPECT_EQ(there.file_system, absent.file_system);
  EXPECT_GT(absent.bytes, 0U);
}

class RunningWorkTest : public ::testing::Test {
 protected:
  RunningWorkTest() {
    store_ = Must(items::OpenSqliteStore(folder_.path() / "items.db"));
    Must(store_->CreateTables(op_, TablesOfGeneration(tables::kNewest)));
  }
  void Put(std::string_view table, Item item) {
    const items::Write writes[] = {items::Write::Put(std::string(table), std::move(item))};
    (void)Must(store_->Commit(op_, writes));
  }
  void PutExecution(const std::string& id, const std::string& status, const std::string& stop) {
    Item item;
    item.Set("databaseId:assetId", Value::S("$plant:$pump"));
    item.Set("executionId", Value::S(id));
    item.Set("workflowId", Value::S("thumbs"));
    item.Set("executionStatus", Value::S(status));
    item.Set("stopDate", Value::S(stop));
    Put("WorkflowExecutionsStorageTable", std::move(item));
  }
  void PutUpload(const std::string& id, std::int64_t expires_seconds) {
    Item item;
    item.Set("uploadId", Value::S(id));
    item.Set("assetId", Value::S("pump"));
    item.Set("expiresAt", Value::N(expires_seconds));
    Put("AssetUploadsStorageTable", std::move(item));
  }
  Check Look(bool elsewhere, bool force) {
    return Must(CheckRunningWork(op_, *store_, kNow, elsewhere, force));
  }

  OpContext op_;
  files::TempFolder folder_ = MakeTemp();
  std::unique_ptr<items::ItemStore> store_;
};

TEST_F(RunningWorkTest, PassesWhatHasEnded) {
  PutExecution("e1", "SUCCEEDED", "02/10/2025, 10:12:00");
  PutExecution("e2", "NEW", "02/10/2025, 10:12:00");
  PutUpload("y1", kNow / 1000 - 1);

  EXPECT_EQ(Look(false, false).result, CheckResult::kOk);
}

TEST_F(RunningWorkTest, RefusesAndListsWhatRuns) {
  PutExecution("e1", "NEW", "");
  PutUpload("y1", kNow / 1000 + 60);

  const auto refused = Look(false, false);
  const auto forced = Look(false, true);
  const auto elsewhere = Look(true, false);

  EXPECT_EQ(refused.result, CheckResult::kRefused);
  EXPECT_THAT(refused.way_out, HasSubstr("--force"));
  EXPECT_EQ(refused.evidence.at("executions").as_array().at(0).at("execution").as_string(), "e1");
  EXPECT_EQ(refused.evidence.at("uploads").as_array().at(0).at("upload").as_string(), "y1");
  EXPECT_EQ(forced.result, CheckResult::kWarning);
  EXPECT_EQ(elsewhere.result, CheckResult::kWarning);
}

std::vector<Generation> MadeDaysAgo(const std::vector<int>& days) {
  std::vector<Generation> generations;
  for (const int day : days) {
    Generation generation;
    generation.number = generations.size() + 1;
    generation.created_at = IsoMillis(kNow - std::int64_t{day} * 24 * 3600 * 1000 - 1);
    generations.push_back(std::move(generation));
  }
  return generations;
}

TEST(PrunedBy, KeepsTheNewestAndWhatServedRecently) {
  // 1 served until 30 days ago, 2 until 20, 3 until 5, 4 until 1, 5 serves.
  const auto generations = MadeDaysAgo({40, 30, 20, 5, 1});

  EXPECT_THAT(PrunedBy({.keep = 2, .days = 7}, generations, 5, kNow),
              ElementsAre(true, true, false, false, false));
  EXPECT_THAT(PrunedBy({.keep = 0, .days = 7}, generations, 5, kNow),
              ElementsAre(true, true, false, false, false));
  EXPECT_THAT(PrunedBy({.keep = 0, .days = 0}, generations, 5, kNow),
              ElementsAre(true, true, true, true, false));
  EXPECT_THAT(PrunedBy({.keep = 4, .days = 0}, generations, 5, kNow),
              ElementsAre(false, false, false, false, false));
}

TEST(PrunedBy, NeverTakesTheOneThatServes) {
  const auto generations = MadeDaysAgo({400, 300, 200});

  EXPECT_THAT(PrunedBy({.keep = 0, .days = 0}, generations, 1, kNow),
              ElementsAre(false, true, true));
}

TEST(PrunedBy, KeepsWhatSaysNoTime) {
  auto generations = MadeDaysAgo({400, 300, 200});
  generations[1].created_at = "who knows";

  EXPECT_THAT(PrunedBy({.keep = 0, .days = 1}, generations, 3, kNow),
              ElementsAre(false, true, false));
}

class HookTest : public ::testing::Test {
 protected:
  Result<HookOutcome> Run(const std::string& script) {
    const auto path = folder_.path() / "hook";
    Put(path, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return RunHook(op_, "preUpdate", {path.string(), "first"}, {{"operation", "0001"}});
  }

  OpContext op_;
  files::TempFolder folder_ = MakeTemp();
};

TEST_F(HookTest, GetsTheOperationAndItsArguments) {
  const auto outcome = Must(Run("read line; echo \"$1 $line\""));

  EXPECT_EQ(outcome.output, R"(first {"operation":"0001"})");
}

TEST_F(HookTest, SaysHowItFailedAndWhatItSaid) {
  const auto failed = Run("echo the network is down >&2; exit 7");

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("preUpdate"));
  EXPECT_THAT(failed.error().message, HasSubstr("status 7"));
  EXPECT_THAT(failed.error().message, HasSubstr("the network is down"));
}

TEST_F(HookTest, SaysThatItCannotBeStarted) {
  const auto failed = RunHook(op_, "postUpdate", {(folder_.path() / "absent").string()}, {});

  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("could not be started"));
}

TEST_F(HookTest, NeedNotReadNorKeepItsOutput) {
  EXPECT_TRUE(Run("exec <&-; exit 0").ok());
  // What it leaves running holds its output open.
  EXPECT_TRUE(Run("sleep 5 & exit 0").ok());
}

TEST_F(HookTest, EndsWithItsOperation) {
  std::jthread canceller([&] { op_.Cancel(); });

  const auto ended = Run("sleep 600");

  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, Code::kCancelled);
}

TEST(Checks, TellTheWorstAndWhatWouldMakeItPass) {
  std::vector<Check> checks(3);
  checks[0].name = "a";
  checks[1] = {.name = "disk",
               .result = CheckResult::kRefused,
               .summary = "full",
               .way_out = "free some",
               .evidence = {}};
  checks[2].result = CheckResult::kWarning;

  EXPECT_EQ(WorstOf({}), CheckResult::kOk);
  EXPECT_EQ(WorstOf(checks), CheckResult::kRefused);
  EXPECT_EQ(RefusalsOf(checks), "disk: full; free some");
  EXPECT_THAT(ChecksPage("Title <x>", checks), HasSubstr("Title &lt;x&gt;"));
}

}  // namespace

}  // namespace vams::lifecycle::test
