// Updates that bring another configuration, alone and with a migration, and the way back: whatever
// happens, a stack has old data with the old configuration or new data with the new one.  The
// service is played; the real server is met in tests/upgrade/lifecycle.py, kills in
// tests/crash/update_crash.py.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "lifecycle/rollback/rollback.h"
#include "lifecycle/stacks/kept_config.h"
#include "lifecycle/support_test.h"
#include "lifecycle/update/stack_fixture_test.h"
#include "lifecycle/update/update.h"

namespace vams::lifecycle::test {

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kOld[] = "{\"backup\": {\"keep\": 3}}\n";
constexpr char kNew[] = "{\"backup\": {\"keep\": 9}, \"name\": \"plant\"}\n";

class UpdateConfigTest : public StackFixture {
 protected:
  UpdateConfigTest() : StackFixture("plant") {}
  void SetUp() override {
    setting_.config_of = [](const Stack& stack) -> Result<StackConfig> {
      StackConfig read;
      TRY(const auto text, ConfigTextOf(stack));
      TRY(read.config, ConfigFrom(stack, text));
      read.backup_folder = BackupsOf(stack);
      return read;
    };
    request_.stack = "plant";
    request_.approved = true;
    request_.migration.quarantine_ambiguous = true;
  }

  void Create() { (void)Must(registry_.Create("plant", kOld)); }
  std::string Config() { return Slurp(Now().config()); }
  void Bring(const std::string& text) {
    request_.config = Must(ReadNewConfig({.file_text = text,
                                          .file_path = (home_.path() / "new.json").string(),
                                          .environment = {},
                                          .sets = {}}));
  }
  UpdateReport Update() { return Must(UpdateStack(setting_, request_)); }
  UpdateReport UpdateTo(const std::string& text) {
    Bring(text);
    return Update();
  }
  RollbackReport RollBack() {
    RollbackRequest request;
    request.stack = "plant";
    return Must(RollBackStack(setting_, request));
  }
  OperationRecord Last() { return Must(Operations(Now())).back(); }
  void Write(const std::string& tag) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Now().current.items()));
    const items::Write writes[] = {
        items::Write::Put("TagStorageTable", {{"tagName", items::Value::S(tag)}})};
    (void)Must(store->Commit(op, writes));
  }
  std::size_t Tags() { return RowsOf(Now().current.items())["TagStorageTable"].size(); }
  static std::vector<std::string> Names(const boost::json::object& object, const char* member) {
    std::vector<std::string> names;
    for (const auto& name : object.at(member).as_array()) names.emplace_back(name.as_string());
    return names;
  }
  void ExpectOld() {
    EXPECT_EQ(Now().current.number, 1U);
    EXPECT_EQ(Config(), kOld);
    EXPECT_TRUE(LockStack(Now(), "the test", clock_).ok()) << "its lock is still held";
  }

  UpdateRequest request_;
};

TEST_F(UpdateConfigTest, AloneItMakesAGenerationThatHasIt) {
  Create();
  Write("before");

  const auto report = UpdateTo(kNew);

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_THAT(report.message, HasSubstr("has the configuration of"));
  EXPECT_EQ(Now().current.number, 2U);
  EXPECT_EQ(Config(), kNew);
  EXPECT_EQ(Slurp(ConfigOf(Must(registry_.GenerationOf(Now(), 1)))), kOld);
  EXPECT_EQ(Tags(), 1U);
  EXPECT_FALSE(report.backup.empty());
  std::vector<std::string> steps;
  for (const auto& step : Last().steps) steps.push_back(step.name + " " + step.result);
  EXPECT_THAT(steps,
              ElementsAre("preflight done", "change set done", "approval skipped", "hold done",
                          "backup done", "configuration done", "build done", "verify data done",
                          "switch done", "start done", "verify service done", "commit done"));
  const auto line = Must(History(Now())).back();
  EXPECT_THAT(Names(line.at("configuration").as_object(), "changed"),
              Contains("setting/backup.keep"));
}

TEST_F(UpdateConfigTest, WithTheSameMeaningThereIsNothingToDo) {
  Create();
  const auto tree = TreeOf(Now().folder);

  const auto report = UpdateTo("{\"backup\":{\"keep\":3,\"schedule\":null}}");

  EXPECT_TRUE(report.nothing_to_do);
  EXPECT_THAT(report.message, HasSubstr("nothing was changed"));
  auto differences = Differences(tree, TreeOf(Now().folder));
  std::erase_if(differences, [](const auto& name) { return name.contains("operation.lock"); });
  EXPECT_THAT(differences, IsEmpty());
}

TEST_F(UpdateConfigTest, TogetherWithAMigrationBothComeAndGo) {
  ImportOlder(kOld);
  const Rows before = RowsOf(Now().current.items());

  const auto report = UpdateTo(kNew);

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_THAT(report.message, HasSubstr("with the configuration of"));
  EXPECT_EQ(Now().current.data_version, tables::kNewest);
  EXPECT_EQ(Config(), kNew);
  const auto back = RollBack();
  ASSERT_EQ(back.result, OperationResult::kDone) << back.message;
  EXPECT_EQ(Now().current.data_version.ToString(), "2.4");
  EXPECT_EQ(RowsOf(Now().current.items()), before);
  EXPECT_EQ(Config(), kOld);
}

TEST_F(UpdateConfigTest, AServiceThatDoesNotWorkTakesTheConfigurationBackToo) {
  Create();
  for (const bool starts : {true, false}) {
    service_.broken = {"GET /healthz"};
    serve_fails_ = !starts;

    const auto report = UpdateTo(kNew);

    EXPECT_EQ(report.result, OperationResult::kRolledBack) << starts;
    EXPECT_THAT(report.message, HasSubstr("has the configuration it had"));
    ExpectOld();
  }
  service_.broken.clear();
  serve_fails_ = false;
  EXPECT_EQ(Update().result, OperationResult::kDone);
  EXPECT_EQ(Config(), kNew);
}

// The operator's own edits are neither mixed into the old configuration nor lost.
TEST_F(UpdateConfigTest, RollingBackBringsTheOldOneAndNamesWhatWasEditedSince) {
  Create();
  ASSERT_EQ(UpdateTo(kNew).result, OperationResult::kDone);
  Write("since");
  const std::string edited = "{\"backup\": {\"keep\": 9, \"schedule\": \"daily\"}}";
  Put(Now().config(), edited);

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Config(), kOld);
  EXPECT_EQ(Tags(), 1U) << "the write stays";
  EXPECT_THAT(Names(report.configuration, "changed"), Contains("setting/backup.keep"));
  EXPECT_THAT(Names(report.configuration, "edited"), Contains("setting/backup.schedule"));
  EXPECT_THAT(Names(report.configuration, "edited"), Not(Contains("setting/backup.keep")));
  EXPECT_THAT(report.message, HasSubstr("setting/backup.schedule"));
  EXPECT_EQ(Slurp(ConfigOf(Must(registry_.GenerationOf(Now(), 2)))), edited);
  // And that is undone the same way.
  const auto forth = RollBack();
  ASSERT_EQ(forth.result, OperationResult::kDone) << forth.message;
  EXPECT_EQ(Config(), edited);
  EXPECT_EQ(Tags(), 1U);
}

TEST_F(UpdateConfigTest, AFileInThePlaceOfTheLinkCounts) {
  Create();
  ASSERT_EQ(UpdateTo(kNew).result, OperationResult::kDone);
  const std::string written = "{\"backup\": {\"keep\": 5}}";
  std::filesystem::remove(Now().config());
  Put(Now().config(), written);
  ASSERT_FALSE(IsConfigKept(Now()));

  ASSERT_EQ(RollBack().result, OperationResult::kDone);

  EXPECT_EQ(Config(), kOld);
  EXPECT_EQ(Slurp(ConfigOf(Must(registry_.GenerationOf(Now(), 2)))), written);
}

// Only what an update has brought goes with it: an edit after an update of the data alone stays.
TEST_F(UpdateConfigTest, AGenerationWithoutAConfigurationOfItsOwnHasThePresentOne) {
  Create();
  ASSERT_EQ(UpdateTo(kNew).result, OperationResult::kDone);
  const auto current = Now().current;
  {
    auto builder = Must(GenerationBuilder::ForStack(registry_, Now()));
    std::filesystem::copy_file(current.items(), builder.items());
    (void)Must(builder.Publish(current.data_version,
                               {{"kind", "rollback"},
                                {"generation", current.number},
                                {"parentPosition", current.origin.at("position")},
                                {"position", current.origin.at("position")}},
                               {}));
  }
  EXPECT_EQ(Config(), kNew);
  const std::string edited = "{\"backup\": {\"keep\": 11}}";
  Put(Now().config(), edited);

  const auto report = RollBack();

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_EQ(Now().current.number, 2U);
  EXPECT_EQ(Config(), edited);
  EXPECT_TRUE(report.configuration.empty());
}

TEST_F(UpdateConfigTest, WhatNeedsOtherMachineryIsRefusedWithTheNextStep) {
  Create();
  const std::pair<const char*, const char*> refused[] = {
      {R"({"engines": {"items": {"kind": "dynamodb"}}, "env": {"region": "north"}})", "vams ab"},
      {R"({"engines": {"objects": {"kind": "s3", "region": "north"}}})", "vams ab"},
      {R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})", "vams ab"}};
  for (const auto& [text, next] : refused) {
    request_.approval = diff::Approval::kNever;

    const auto report = UpdateTo(text);

    EXPECT_EQ(report.result, OperationResult::kRefused) << text;
    EXPECT_THAT(report.message, HasSubstr(next)) << text;
    ExpectOld();
  }
}

TEST_F(UpdateConfigTest, AnotherStackKeyIsRefusedAndTheSameOneElsewhereIsNot) {
  const auto key = [&](const char* name, char filler) {
    Put(home_.path() / name, std::string(32, filler));
    std::filesystem::permissions(home_.path() / name, std::filesystem::perms(0600));
    return R"({"app": {"useKmsCmkEncryption": {"enabled": true, "optionalExternalCmkArn": "file:)" +
           (home_.path() / name).string() + "\"}}}";
  };
  (void)Must(registry_.Create("plant", key("first", 'a')));

  const auto other = UpdateTo(key("second", 'b'));
  Bring(key("third", 'a'));
  const auto same = Must(RunPreflight(setting_, request_, {}));

  EXPECT_EQ(other.result, OperationResult::kRefused);
  EXPECT_THAT(other.message, HasSubstr("vams objects rewrap"));
  for (const auto& check : same.checks)
    if (check.name == "new configuration") {
      EXPECT_FALSE(check.refused()) << check.summary;
    }
}

TEST_F(UpdateConfigTest, AnAddressThatSomebodyElseHasIsRefused) {
  Create();
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string at = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));

  const auto report = UpdateTo("{\"server\": {\"listen\": \"" + at + "\"}}");

  ::close(listening);
  EXPECT_EQ(report.result, OperationResult::kRefused);
  EXPECT_THAT(report.message, HasSubstr(at + ": another process has it"));
  ExpectOld();
}

TEST_F(UpdateConfigTest, ASearchServerThatDoesNotAnswerIsRefused) {
  Create();
  service_.broken = {"GET /"};

  const auto report = UpdateTo(
      R"({"engines": {"search": {"kind": "opensearch", "url": "http://search.plant.example/"}}})");

  EXPECT_EQ(report.result, OperationResult::kRefused);
  EXPECT_THAT(report.message, HasSubstr("search server"));
  ExpectOld();
}

TEST_F(UpdateConfigTest, AnErrorInTheFileIsNamedBeforeAnythingBegins) {
  const auto read = ReadNewConfig({.file_text = "{\"server\": {\"listen\": 7}}",
                                   .file_path = "new.json",
                                   .environment = {},
                                   .sets = {}});
  const auto schedule = ReadNewConfig({.file_text = "{\"backup\": {\"schedule\": \"sometimes\"}}",
                                       .file_path = "new.json",
                                       .environment = {},
                                       .sets = {}});

  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("server.listen"));
  ASSERT_FALSE(schedule.ok());
  EXPECT_EQ(schedule.error().code, Code::kInvalid);
}

TEST_F(UpdateConfigTest, ARehearsalTriesItOnACopyAndAsksTheStackWhatACopyCannotTell) {
  Create();
  Bring(kNew);

  const auto good = Must(RehearseUpdate(setting_, request_));
  Bring(R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})");
  const auto bad = Must(RehearseUpdate(setting_, request_));

  EXPECT_EQ(good.result, OperationResult::kDone) << good.message;
  EXPECT_THAT(good.message, HasSubstr("it would succeed"));
  EXPECT_THAT(good.message, HasSubstr("--config"));
  EXPECT_EQ(bad.result, OperationResult::kRefused) << bad.message;
  EXPECT_THAT(bad.message, HasSubstr("nothing of the stack was touched"));
  EXPECT_FALSE(IsConfigKept(Now()));
  ExpectOld();
}

TEST_F(UpdateConfigTest, WhatADeadProcessLeftBehindTheSwitchIsFinishedWithBoth) {
  Create();
  ASSERT_EQ(UpdateTo(kNew).result, OperationResult::kDone);
  const auto journal = Last().journal();
  auto text = Slurp(journal);
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  Put(journal, text);
  ASSERT_EQ(Last().state, "interrupted");

  const auto next = Update();

  ASSERT_EQ(next.recovered.size(), 1U);
  EXPECT_EQ(next.recovered[0].result, OperationResult::kDone) << next.recovered[0].message;
  EXPECT_THAT(next.recovered[0].message, HasSubstr("has the configuration of"));
  EXPECT_TRUE(next.nothing_to_do);
  EXPECT_EQ(Config(), kNew);
}

// Values of hooks and of schedulers may be secrets: a change of them is told, what they are is not.
TEST_F(UpdateConfigTest, SecretsAreInNoJournalAndNoReport) {
  Create();
  const auto hook = home_.path() / "hook";
  Put(hook, "#!/bin/sh\nexit 0\n");
  std::filesystem::permissions(hook, std::filesystem::perms(0755));

  const auto report =
      UpdateTo("{\"hooks\": {\"maintenance\": [\"" + hook.string() + "\", \"hush-hush\"]}}");

  ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
  EXPECT_THAT(Names(report.configuration, "changed"), Contains("setting/hooks.maintenance"));
  for (const auto& path : {Last().journal(), Last().report_json(), Last().report_html(),
                           Now().folder / "history.jsonl"})
    EXPECT_THAT(Slurp(path), Not(HasSubstr("hush-hush"))) << path;
}

}  // namespace

}  // namespace vams::lifecycle::test
