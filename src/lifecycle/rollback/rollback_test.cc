// Going back after an update, with a service that is played: what was written since is there, what
// was there before is there, and whatever goes wrong on the way leaves the stack where it was.
#include "lifecycle/rollback/rollback.h"
#include "base/json.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle/migrate_stack.h"
#include "lifecycle/support_test.h"
#include "lifecycle/update/stack_fixture_test.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::test {

namespace {

using items::Item;
using items::Value;
using items::Write;
using ::testing::HasSubstr;

constexpr std::string_view kVersions1 = "AssetVersionsStorageTable";
constexpr std::string_view kVersions2 = "AssetVersionsStorageTableV2";

void CopyHome(const files::Path& from, const files::Path& to) {
  std::filesystem::copy(
      from, to,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
}

Value S(std::string_view text) { return Value::S(std::string(text)); }

class RollbackTest : public StackFixture {
 protected:
  RollbackTest() : StackFixture("yard") {}
  void SetUp() override {
    ImportOlder();
    request_.stack = "yard";
    before_ = Data(1);
    Update();
  }

  void Update() {
    MigrateOptions options;
    options.quarantine_ambiguous = true;
    OpContext op;
    const auto report = Must(RunMigration(registry_, "yard", options, clock_, op, {}));
    ASSERT_FALSE(report.interrupted);
  }
  RollbackReport RollBack() { return Must(RollBackStack(setting_, request_)); }

  // The rows of the data, by table and key; what a migration keeps aside is left out.
  Rows Data(std::uint64_t generation) {
    Rows rows = RowsOf(Must(registry_.GenerationOf(Now(), generation)).items());
    std::erase_if(rows, [](const auto& row) { return row.first.starts_with("sys."); });
    return rows;
  }
  Rows DataNow() { return Data(Now().current.number); }

  // "table key" of the rows that are not the same in `rows`.
  static std::vector<std::string> MissingFrom(const Rows& rows, const Rows& wanted) {
    std::vector<std::string> missing;
    for (const auto& [table, of_table] : wanted)
      for (const auto& [key, row] : of_table) {
        const auto found = rows.find(table);
        if (found == rows.end() || !found->second.contains(key) || found->second.at(key) != row)
          missing.push_back(table + " " + key);
      }
    return missing;
  }

  void Commit(const std::vector<Write>& writes) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Now().current.items()));
    (void)Must(store->Commit(op, writes));
  }
  std::optional<Item> Find(std::string_view table, const Item& key) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Now().current.items(), {.read_only = true}));
    auto item = store->Get(op, table, key);
    return item.ok() ? std::optional(*item) : std::nullopt;
  }
  // An asset with a version that has what 2.4 does not know, a session, a tag.
  void WriteSome() {
    Commit({Write::Put("AssetStorageTable", {{"databaseId", S("harbor-yard")},
                                             {"assetId", S("buoy")},
                                             {"assetName", S("Buoy")},
                                             {"currentVersionId", S("1")}}),
            Write::Put(std::string(kVersions2), {{"databaseId:assetId", S("harbor-yard:buoy")},
                                                 {"assetVersionId", S("1")},
                                                 {"assetId", S("buoy")},
                                                 {"databaseId", S("harbor-yard")},
                                                 {"isCurrentVersion", Value::Bool(true)},
                                                 {"specifiedPipelines", Value::L({})},
                                                 {"versionAlias", S("as built")}}),
            Write::Put("TagStorageTable", {{"tagName", S("floating")}}),
            Write::Put("ApiKeyStorageTable", {{"apiKeyId", S("k-1")}, {"userId", S("dana")}}),
            Write::Put("sys.sessions", {{"userId", S("dana")}, {"sessionId", S("s-1")}})});
  }
  const Item kVersion1Key{{"assetId", S("buoy")}, {"assetVersionId", S("1")}};
  const Item kVersion2Key{{"databaseId:assetId", S("harbor-yard:buoy")},
                          {"assetVersionId", S("1")}};

  Rows before_;
  RollbackRequest request_;
};

TEST_F(RollbackTest, WithoutWritesTheGenerationItselfServesAgain) {
  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Now().current.number, 1U);
  EXPECT_EQ(report.changes, 0U);
  EXPECT_EQ(DataNow(), before_);
  EXPECT_THAT(report.message, HasSubstr("does not serve data version 2.4"));
  EXPECT_THAT(report.proof, HasSubstr("digests recorded"));
  EXPECT_FALSE(report.served);
  Update();
  EXPECT_EQ(Now().current.number, 3U) << "a number is never used twice";
}

TEST_F(RollbackTest, WritesMadeSinceAreInTheOldFormAndComeBackWithTheNextUpdate) {
  WriteSome();
  const Rows newer = DataNow();

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Now().current.number, 3U);
  EXPECT_EQ(Now().current.data_version.ToString(), "2.4");
  EXPECT_EQ(TextOf(Now().current.origin, "kind"), "rollback");
  EXPECT_EQ(report.changes, 5U);
  EXPECT_EQ(report.system_changes, 1U);
  const auto version = Find(kVersions1, kVersion1Key);
  ASSERT_TRUE(version.has_value());
  EXPECT_FALSE(version->Has("versionAlias"));
  EXPECT_TRUE(Find("sys.sessions", {{"userId", S("dana")}, {"sessionId", S("s-1")}}).has_value());
  EXPECT_EQ(Data(1), before_) << "the old generation is as it was";
  EXPECT_THAT(MissingFrom(DataNow(), before_), ::testing::IsEmpty());
  EXPECT_GE(report.hops.front().carried.residue, 2U);

  Update();

  const auto back = Find(kVersions2, kVersion2Key);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->Text("versionAlias"), "as built");
  EXPECT_TRUE(Find("ApiKeyStorageTable", {{"apiKeyId", S("k-1")}}).has_value());
  EXPECT_THAT(MissingFrom(DataNow(), newer), ::testing::IsEmpty());
}

TEST_F(RollbackTest, GivesWhatTransformingEverythingGives) {
  WriteSome();
  const auto copy = MakeTemp();
  CopyHome(home_.path(), copy.path());
  const StackRegistry other(copy.path(), clock_);
  (void)Must(ReverseMigration(other, "yard", {}, clock_, op_, {}));
  Rows expected = RowsOf(Must(other.Get("yard")).current.items());
  std::erase_if(expected, [](const auto& row) { return row.first.starts_with("sys."); });

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(report.hops.front().carried.whole, "");
  EXPECT_THAT(MissingFrom(DataNow(), expected), ::testing::IsEmpty());
  EXPECT_THAT(MissingFrom(expected, DataNow()), ::testing::IsEmpty());
}

TEST_F(RollbackTest, DiscardedWritesStayInTheGenerationThatServed) {
  WriteSome();
  request_.discard_writes = true;

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Now().current.number, 1U);
  EXPECT_EQ(DataNow(), before_);
  EXPECT_THAT(report.message, HasSubstr("5 changes made since are left behind in generation 2"));
  request_.to = 2;
  EXPECT_EQ(RollBack().result, OperationResult::kDone) << "nothing is lost until it is pruned";
  EXPECT_TRUE(Find(kVersions2, kVersion2Key).has_value());
}

TEST_F(RollbackTest, MailThatWasSentIsNotSentAgainWhenWritesAreDiscarded) {
  request_.discard_writes = true;
  Commit({Write::Put("sys.notices", {{"asset", S("a:b")}, {"notice", S("1")}})});
  (void)Must(RollBackStack(setting_, request_));
  Commit({Write::Put("sys.notices", {{"asset", S("a:b")}, {"notice", S("2")}})});
  Update();
  Commit({Write::Delete("sys.notices", {{"asset", S("a:b")}, {"notice", S("2")}})});

  ASSERT_EQ(RollBack().result, OperationResult::kDone);

  EXPECT_FALSE(Find("sys.notices", {{"asset", S("a:b")}, {"notice", S("2")}}).has_value());
}

TEST_F(RollbackTest, ARollbackIsRolledBackWithWhatWasWrittenInBetween) {
  WriteSome();
  (void)RollBack();
  Commit({Write::Put("TagStorageTable", {{"tagName", S("in the old form")}})});

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Now().current.data_version, tables::kNewest);
  EXPECT_TRUE(report.served);
  EXPECT_FALSE(report.service.empty());
  EXPECT_TRUE(Find("TagStorageTable", {{"tagName", S("in the old form")}}).has_value());
  const auto version = Find(kVersions2, kVersion2Key);
  ASSERT_TRUE(version.has_value());
  EXPECT_EQ(version->Text("versionAlias"), "as built");
}

TEST_F(RollbackTest, AServiceThatDoesNotWorkIsLeftAgain) {
  WriteSome();
  (void)RollBack();
  const auto generation = Now().current.number;
  service_.broken.insert("GET /database");

  const auto report = RollBack();

  EXPECT_EQ(report.result, OperationResult::kRolledBack);
  EXPECT_THAT(report.message, HasSubstr("does not work on generation"));
  EXPECT_EQ(Now().current.number, generation);
  EXPECT_TRUE(LockStack(Now(), "the test", clock_).ok());
}

TEST_F(RollbackTest, RefusesWhatItCannotDoAndSaysWhatWould) {
  request_.to = 9;
  const auto unknown = RollBack();
  request_.to = 2;
  const auto serving = RollBackStack(setting_, request_);
  request_.to.reset();
  (void)RollBack();
  const auto first = RollBack();

  EXPECT_EQ(unknown.result, OperationResult::kRefused);
  EXPECT_THAT(unknown.message, HasSubstr("--discard-writes"));
  EXPECT_EQ(Must(serving).result, OperationResult::kRefused);
  EXPECT_EQ(first.result, OperationResult::kRefused);
  EXPECT_THAT(first.message, HasSubstr("none to go back to"));
  EXPECT_EQ(Now().current.number, 1U);
}

TEST_F(RollbackTest, AGenerationThatWasWrittenToSinceIsNoBase) {
  {
    const auto store = Must(items::OpenSqliteStore(Must(registry_.GenerationOf(Now(), 1)).items()));
    const auto write = Write::Put("TagStorageTable", {{"tagName", S("odd")}});
    (void)Must(store->Commit(op_, std::span(&write, 1)));
  }

  const auto report = RollBack();

  EXPECT_EQ(report.result, OperationResult::kRefused);
  EXPECT_THAT(report.message, HasSubstr("was written to after"));
  EXPECT_EQ(Now().current.number, 2U);
}

// kill -9 at every point: the next command finishes it or undoes it, and the stack can be used.
//
// Each kill happens in a process of its own, which is this program with one test chosen: the child
// test does nothing unless it is asked to.
constexpr const char* kHome = "VAMS_TEST_ROLLBACK_HOME";

Result<RollbackReport> RollBackIn(const files::Path& home) {
  const FixedClock clock;
  const StackRegistry registry(home, clock);
  OpContext op;
  FakeService service;
  const UpdateSetting setting{
      .registry = registry,
      .clock = clock,
      .random = SystemRandom(),
      .op = op,
      .transport = service,
      .release = "test",
      .config_of = [](const Stack&) -> Result<StackConfig> { return StackConfig(); },
      .serve = {},
      .on_step = {},
      .on_progress = {}};
  RollbackRequest request;
  request.stack = "yard";
  return RollBackStack(setting, request);
}

TEST(KilledRollback, Child) {
  const char* home = std::getenv(kHome);
  if (home == nullptr) GTEST_SKIP() << "only as a child of the other tests";
  const auto report = RollBackIn(home);
  EXPECT_TRUE(report.ok() && report->result == OperationResult::kDone);
}

// Whether the child was killed; else it must have ended well.
bool KilledAt(const std::string& point, const files::Path& home) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("VAMS_FAULT", (point + "=kill").c_str(), 1);
    ::setenv(kHome, home.c_str(), 1);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execl("/proc/self/exe", "lifecycle_test", "--gtest_filter=KilledRollback.Child", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << point << ": " << status;
  return false;
}

TEST_F(RollbackTest, KilledAtAnyPointTheNextCommandFinishesOrUndoesIt) {
  WriteSome();
  for (const std::string point :
       {"operation.rollback.plan.begun", "rollback.copied", "operation.rollback.copy.done",
        "carry.gathered", "migrate.phase_done", "carry.transformed", "carry.written",
        "rollback.before_switch", "lifecycle.publish.before_rename",
        "lifecycle.publish.before_switch", "rollback.switched", "operation.rollback.start.begun",
        "rollback.committed"}) {
    SCOPED_TRACE(point);
    const auto home = MakeTemp();
    CopyHome(home_.path(), home.path());
    const StackRegistry registry(home.path(), clock_);

    ASSERT_TRUE(KilledAt(point, home.path()));

    const bool switched = Must(registry.Get("yard")).current.number != 2;
    const auto report = Must(RollBackIn(home.path()));
    ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
    ASSERT_EQ(report.recovered.size(), 1U);
    EXPECT_EQ(report.recovered.front().result,
              switched ? OperationResult::kDone : OperationResult::kUndone);
    const auto stack = Must(registry.Get("yard"));
    EXPECT_EQ(stack.current.data_version.ToString(), "2.4");
    EXPECT_EQ(Must(registry.Generations(stack)).size(), 3U) << "nothing half made is left";
    const auto store = Must(items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
    EXPECT_TRUE(store->Get(op_, kVersions1, kVersion1Key).ok());
  }
}

}  // namespace

}  // namespace vams::lifecycle::test
