// Updates and rehearsals of a stack that nobody serves, with a service that is played: what comes
// of every way in which one can fail.  The real server is met in tests/upgrade/lifecycle.py.
#include "lifecycle/update/update.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "lifecycle/support_test.h"
#include "lifecycle/update/service_checks.h"
#include "lifecycle/update/stack_fixture_test.h"
#include "lifecycle/update/verify.h"

namespace vams::lifecycle::test {

namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class UpdateTest : public StackFixture {
 protected:
  UpdateTest() : StackFixture("yard") {}
  void SetUp() override {
    ImportOlder();
    request_.stack = "yard";
    request_.migration.quarantine_ambiguous = true;
    request_.approved = true;
    before_ = RowsOf(Now().current.items());
    setting_.config_of = [this](const Stack& stack) -> Result<StackConfig> {
      StackConfig config;
      config.config.hooks = hooks_;
      config.backup_folder = backups_.empty() ? BackupsOf(stack) : backups_;
      return config;
    };
  }

  void OnServe(const Stack& stack) override { served_.push_back(stack.current.number); }
  UpdateReport Update() { return Must(UpdateStack(setting_, request_)); }
  OperationRecord Last() { return Must(Operations(Now())).back(); }
  std::string Hook(const std::string& script) {
    const auto path = home_.path() / ("hook" + std::to_string(++hooks_made_));
    Put(path, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path.string();
  }
  // As it was when the test began, at generation 1.
  void ExpectUntouched() {
    EXPECT_EQ(Now().current.number, 1U);
    EXPECT_EQ(RowsOf(Now().current.items()), before_);
    EXPECT_TRUE(LockStack(Now(), "the test", clock_).ok()) << "its lock is still held";
    EXPECT_TRUE(OperationLock::Take(Now(), "the test", clock_).ok());
  }
  void ExpectUpdatable() {
    serve_fails_ = false;
    service_.broken.clear();
    hooks_ = {};
    backups_.clear();
    const auto again = Update();
    EXPECT_EQ(again.result, OperationResult::kDone) << again.message;
    EXPECT_EQ(Now().current.data_version, tables::kNewest);
  }

  config::Hooks hooks_;
  std::string backups_;
  int hooks_made_ = 0;
  std::vector<std::uint64_t> served_;
  Rows before_;
  UpdateRequest request_;
};

TEST_F(UpdateTest, BuildsProvesSwitchesLooksAndCommits) {
  const auto report = Update();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(report.from.ToString(), "2.4");
  EXPECT_EQ(report.to.ToString(), "2.5");
  EXPECT_EQ(Now().current.number, 2U);
  EXPECT_EQ(Now().current.data_version.ToString(), "2.5");
  EXPECT_EQ(RowsOf(Must(registry_.GenerationOf(Now(), 1)).items()), before_);
  EXPECT_FALSE(report.backup.empty());
  EXPECT_EQ(served_, (std::vector<std::uint64_t>{2}));
  std::vector<std::string> steps;
  for (const auto& step : Last().steps) steps.push_back(step.name + " " + step.result);
  EXPECT_EQ(steps, (std::vector<std::string>{"preflight done", "change set done", "approval done",
                                             "hold done", "backup done", "build done",
                                             "verify data done", "switch done", "start done",
                                             "verify service done", "commit done"}));
  EXPECT_EQ(Last().state, "done");
  EXPECT_TRUE(std::filesystem::exists(Last().report_html()));
  EXPECT_TRUE(service_.databases.empty());
  EXPECT_TRUE(service_.assets.empty());
}

TEST_F(UpdateTest, DoesNothingWhereNothingIsToBeDone) {
  (void)Update();
  const auto tree = TreeOf(Now().folder);

  const auto again = Update();

  EXPECT_EQ(again.result, OperationResult::kDone);
  EXPECT_TRUE(again.nothing_to_do);
  EXPECT_THAT(again.message, HasSubstr("nothing was changed"));
  auto differences = Differences(tree, TreeOf(Now().folder));
  std::erase(differences, "operation.lock changed");
  EXPECT_TRUE(differences.empty()) << differences.front();
}

TEST_F(UpdateTest, GoesBackWhenTheServiceDoesNotWork) {
  for (const char* broken : {"GET /healthz", "POST /uploads"}) {
    service_.broken = {broken};

    const auto report = Update();

    EXPECT_EQ(report.result, OperationResult::kRolledBack) << broken;
    EXPECT_THAT(report.message, StartsWith("the service does not work")) << broken;
    EXPECT_THAT(report.message, HasSubstr("generation 1"));
    EXPECT_EQ(Last().state, "rolled back");
    EXPECT_EQ(Last().steps.back().name, "roll back");
    ExpectUntouched();
  }
  ExpectUpdatable();
}

TEST_F(UpdateTest, GoesBackWhenTheServerDoesNotStart) {
  serve_fails_ = true;

  const auto report = Update();

  EXPECT_EQ(report.result, OperationResult::kRolledBack);
  EXPECT_THAT(report.message, StartsWith("the port is busy"));
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, StopsAtAFailingHookBeforeAnythingIsChanged) {
  hooks_.pre_update = {Hook("echo closed today; exit 3")};

  const auto report = Update();

  EXPECT_EQ(report.result, OperationResult::kFailed);
  EXPECT_THAT(report.message, HasSubstr("closed today"));
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, GoesBackAtAFailingHookBehindTheSwitch) {
  hooks_.post_update = {Hook("exit 3")};

  const auto report = Update();

  EXPECT_EQ(report.result, OperationResult::kRolledBack);
  EXPECT_THAT(report.message, StartsWith("the hook postUpdate"));
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, NeedsApprovalOfWhatReplacesData) {
  request_.approved = false;

  const auto refused = Update();
  bool asked = false;
  request_.ask = [&](const diff::ChangeSet& changes) {
    asked = !changes.empty();
    return false;
  };
  const auto declined = Update();

  EXPECT_EQ(refused.result, OperationResult::kRefused);
  EXPECT_THAT(refused.message, HasSubstr("--yes"));
  EXPECT_EQ(declined.result, OperationResult::kRefused);
  EXPECT_TRUE(asked);
  ExpectUntouched();
  request_.ask = {};
  request_.approval = diff::Approval::kNever;
  ExpectUpdatable();
}

TEST_F(UpdateTest, IsRefusedWithoutAPlaceForTheBackup) {
  Put(home_.path() / "a file", "no folder");
  backups_ = (home_.path() / "a file" / "backups").string();

  const auto report = Update();

  EXPECT_EQ(report.result, OperationResult::kRefused);
  EXPECT_THAT(report.message, HasSubstr("backup repository"));
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, IsRefusedWhileSomebodyElseChangesTheStack) {
  {
    const auto lock = Must(LockStack(Now(), "vams import", clock_));
    const auto report = Update();
    EXPECT_EQ(report.result, OperationResult::kRefused);
    EXPECT_THAT(report.message, HasSubstr("vams import"));
  }
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, FinishesWhatAProcessHasLeftBehindTheSwitch) {
  const auto first = Update();
  ASSERT_EQ(first.result, OperationResult::kDone);
  // As if it had died before its last line: the switch is done and written down.
  const auto journal = Last().journal();
  auto text = Slurp(journal);
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  Put(journal, text);
  ASSERT_EQ(Last().state, "interrupted");

  const auto next = Update();

  ASSERT_EQ(next.recovered.size(), 1U);
  EXPECT_EQ(next.recovered[0].result, OperationResult::kDone) << next.recovered[0].message;
  EXPECT_TRUE(next.nothing_to_do);
  EXPECT_EQ(Last().state, "done");
  EXPECT_EQ(Now().current.number, 2U);
}

TEST_F(UpdateTest, GoesBackFromWhatAProcessHasLeftWhenTheServiceDoesNotWork) {
  ASSERT_EQ(Update().result, OperationResult::kDone);
  const auto journal = Last().journal();
  auto text = Slurp(journal);
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  Put(journal, text);
  service_.broken = {"GET /healthz"};

  const auto verify = VerifyStack(setting_, {.stack = "yard", .by = {}}, {});

  ASSERT_TRUE(verify.ok()) << verify.error().message;
  ASSERT_EQ(verify->recovered.size(), 1U);
  EXPECT_EQ(verify->recovered[0].result, OperationResult::kRolledBack);
  EXPECT_EQ(Must(GetOperation(Now(), "1")).state, "rolled back");
  ExpectUntouched();
  ExpectUpdatable();
}

// Whoever served the new generation after the crash may have let people write to it.
TEST_F(UpdateTest, GoesBackWithWhatWasWrittenMeanwhile) {
  ASSERT_EQ(Update().result, OperationResult::kDone);
  const auto journal = Last().journal();
  auto text = Slurp(journal);
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  Put(journal, text);
  items::Item made;
  made.Set("databaseId", items::Value::S("made-meanwhile"));
  made.Set("description", items::Value::S("by somebody"));
  {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Now().current.items()));
    const items::Write writes[] = {items::Write::Put("DatabaseStorageTable", made)};
    (void)Must(store->Commit(op, writes));
  }
  service_.broken = {"GET /healthz"};

  const auto verify = Must(VerifyStack(setting_, {.stack = "yard", .by = {}}, {}));

  ASSERT_EQ(verify.recovered.size(), 1U);
  EXPECT_EQ(verify.recovered[0].result, OperationResult::kRolledBack)
      << verify.recovered[0].message;
  EXPECT_EQ(Now().current.data_version.ToString(), "2.4");
  auto now = RowsOf(Now().current.items());
  EXPECT_EQ(now["DatabaseStorageTable"].size(), before_["DatabaseStorageTable"].size() + 1);
  std::erase_if(now["DatabaseStorageTable"],
                [](const auto& row) { return row.second.contains("made-meanwhile"); });
  EXPECT_EQ(now, before_);
}

TEST_F(UpdateTest, RehearsesOnACopyAndPredicts) {
  const auto tree = TreeOf(Now().folder / "generations");

  const auto rehearsal = Must(RehearseUpdate(setting_, request_));

  ASSERT_EQ(rehearsal.result, OperationResult::kDone) << rehearsal.message;
  EXPECT_TRUE(Differences(tree, TreeOf(Now().folder / "generations")).empty());
  ExpectUntouched();
  ASSERT_NE(Last().Fact("prediction"), nullptr);
  for (const auto& entry : std::filesystem::directory_iterator(Last().folder))
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(StartsWith(".")));
  const auto update = Update();
  ASSERT_EQ(update.result, OperationResult::kDone) << update.message;
  ASSERT_FALSE(update.comparison.empty());
  EXPECT_EQ(update.comparison.at("rehearsal").as_string(), rehearsal.operation);
  EXPECT_GT(update.comparison.at("predictedBytes").to_number<std::uint64_t>(), 0U);
}

TEST_F(UpdateTest, ARehearsalThatFailsLeavesNothingToGoBackFrom) {
  service_.broken = {"POST /search"};

  const auto rehearsal = Must(RehearseUpdate(setting_, request_));

  EXPECT_EQ(rehearsal.result, OperationResult::kFailed);
  EXPECT_THAT(rehearsal.message, HasSubstr("nothing of the stack was touched"));
  EXPECT_EQ(Last().Fact("prediction"), nullptr);
  ExpectUntouched();
  ExpectUpdatable();
}

TEST_F(UpdateTest, RemovesTheCopyOfARehearsalThatDied) {
  {
    auto operation =
        Must(Operation::Begin(Now(), Must(OperationLock::Take(Now(), "vams rehearse", clock_)),
                              {.kind = "rehearse", .by = {}, .request = {}}, clock_));
    std::filesystem::create_directories(operation.folder() / ".work.abc" / "stacks");
  }

  const auto update = Update();

  EXPECT_EQ(update.result, OperationResult::kDone);
  ASSERT_EQ(update.recovered.size(), 1U);
  EXPECT_EQ(update.recovered[0].result, OperationResult::kUndone);
  EXPECT_FALSE(std::filesystem::exists(Now().folder / "operations" / "0001" / ".work.abc"));
}

TEST_F(UpdateTest, StopsWhenItIsCancelledAndGoesOnLater) {
  setting_.on_step = [&](const OperationStep& step) {
    if (step.name == "build" && step.result == "running") op_.Cancel();
  };

  const auto stopped = Update();

  EXPECT_EQ(stopped.result, OperationResult::kInterrupted) << stopped.message;
  EXPECT_EQ(Now().current.number, 1U);
  EXPECT_EQ(RowsOf(Now().current.items()), before_);
  OpContext fresh;
  UpdateSetting again{.registry = registry_,
                      .clock = clock_,
                      .random = SystemRandom(),
                      .op = fresh,
                      .transport = service_,
                      .release = "test",
                      .config_of = setting_.config_of,
                      .serve = setting_.serve,
                      .on_step = {},
                      .on_progress = {}};
  EXPECT_EQ(Must(UpdateStack(again, request_)).result, OperationResult::kDone);
}

TEST_F(UpdateTest, VerifyTellsDataAndServiceApart) {
  ASSERT_EQ(Update().result, OperationResult::kDone);

  const auto good = Must(VerifyStack(setting_, {.stack = "yard", .by = {}}, {}));
  service_.broken = {"GET /assets"};
  const auto bad = Must(VerifyStack(setting_, {.stack = "yard", .by = {}}, {}));

  EXPECT_EQ(good.result, OperationResult::kDone) << good.message;
  EXPECT_EQ(WorstOf(good.data), CheckResult::kOk);
  EXPECT_EQ(bad.result, OperationResult::kDifferent);
  EXPECT_EQ(WorstOf(bad.data), CheckResult::kOk);
  EXPECT_THAT(bad.message, HasSubstr("databases"));
  EXPECT_EQ(Last().kind, "verify");
  EXPECT_EQ(Last().state, "differs");
}

TEST(CheckService, NamesWhatDoesNotWorkAndStillRemovesWhatItMade) {
  OpContext op;
  FakeService service;
  service.broken = {"POST /uploads/u1/complete"};
  ServiceTarget target{.url = "http://127.0.0.1:1",
                       .token = "of-an-administrator",
                       .access_log = {},
                       .own_bucket = {}};

  const auto checks = Must(CheckService(op, service, SystemRandom(), target, {}));

  std::map<std::string, CheckResult> results;
  for (const auto& check : checks) results[check.name] = check.result;
  EXPECT_EQ(results["round trip"], CheckResult::kRefused);
  EXPECT_EQ(results["left behind"], CheckResult::kOk);
  EXPECT_TRUE(service.databases.empty());
  EXPECT_TRUE(service.assets.empty());
}

TEST(CheckService, WaitsForTheSearchOnlySoLong) {
  OpContext op;
  FakeService service;
  service.search_is_blind = true;
  ServiceTarget target{.url = "http://127.0.0.1:1",
                       .token = "of-an-administrator",
                       .access_log = {},
                       .own_bucket = {},
                       .search_patience = std::chrono::milliseconds(20),
                       .poll = std::chrono::milliseconds(1)};

  const auto checks = Must(CheckService(op, service, SystemRandom(), target, {}));

  for (const auto& check : checks)
    EXPECT_EQ(check.refused(), check.name == "search") << check.name << ": " << check.summary;
}

TEST(CheckService, ReadsTheErrorsOfTheServerSinceItBegan) {
  OpContext op;
  FakeService service;
  const auto folder = MakeTemp();
  const auto log = folder.path() / "access.jsonl";
  Put(log, "{\"path\":\"/old\",\"status\":500}\n");
  ServiceTarget target{.url = "http://127.0.0.1:1",
                       .token = "of-an-administrator",
                       .access_log = log,
                       .own_bucket = {}};
  const auto during = [&](const Check& check) {
    if (check.name != "left behind") return;
    Put(log,
        "{\"path\":\"/old\",\"status\":500}\n{\"path\":\"/assets\",\"status\":502}\n"
        "{\"path\":\"/database/vams-service-check\",\"status\":404}\n");
  };

  const auto checks = Must(CheckService(op, service, SystemRandom(), target, during));

  EXPECT_EQ(checks.back().name, "error log");
  EXPECT_EQ(checks.back().result, CheckResult::kRefused);
  EXPECT_EQ(checks.back().evidence.at("errors").as_array().size(), 1U);
}

}  // namespace

}  // namespace vams::lifecycle::test
