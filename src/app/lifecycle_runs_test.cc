// Commands that the server starts.  A shell script stands for `vams`: it does what the words behind
// the command say.
#include "app/lifecycle_runs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace vams::app {
namespace {

using api::LifecycleRun;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return *std::move(result);
}

class StartedRunsTest : public testing::Test {
 protected:
  StartedRunsTest() {
    stack.name = "prod";
    stack.folder = folder.path() / "stacks" / "prod";
    std::filesystem::create_directories(stack.folder);
    program = folder.path() / "vams";
    std::ofstream(program) << R"(#!/bin/sh
case "$1" in
  print) echo "{\"by\": \"$VAMS_OPERATION_BY\", \"arguments\": \"$*\", \"secret\": \"$VAMS_INHERITED\"}";;
  fail) echo "vams: it was refused" >&2; exit 4;;
  begin)
    mkdir -p "$0.stack/operations/0007"
    echo '{"at": "2025-03-01T10:00:00.000Z", "event": "begin", "kind": "update"}' > "$0.stack/operations/0007/journal.jsonl"
    cat "$0.pipe" > /dev/null;;
  wait) trap 'exit 5' INT; touch "$0.waits"; while :; do sleep 0.05; done;;
esac
)";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    std::filesystem::create_directory_symlink(stack.folder, program.string() + ".stack");
  }

  std::unique_ptr<StartedRuns> Server() {
    return std::make_unique<StartedRuns>(stack, program, SystemClock());
  }
  LifecycleRun Ended(StartedRuns& runs, const std::string& id) {
    while (true) {
      LifecycleRun run = Must(runs.Get(id));
      if (!run.running()) return run;
      std::this_thread::yield();
    }
  }

  OpContext op;
  files::TempFolder folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-runs"));
  lifecycle::Stack stack;
  files::Path program;
};

TEST_F(StartedRunsTest, KeepsWhatACommandPrintedAndHowItEnded) {
  const auto runs = Server();

  const LifecycleRun begun = Must(runs->Start(op, "verify", {"print", "--to", "2.5"}, "olga"));
  const LifecycleRun run = Ended(*runs, begun.id);

  EXPECT_EQ(run.id, "0001");
  EXPECT_EQ(run.command, "verify");
  EXPECT_EQ(run.user, "olga");
  EXPECT_EQ(run.exit_status, 0);
  const auto& printed = run.result.as_object();
  EXPECT_EQ(printed.at("by"), "olga");
  EXPECT_EQ(printed.at("secret"), "");
  EXPECT_EQ(printed.at("arguments").as_string(),
            "print --to 2.5 --stack prod --home " + folder.path().string() + " --json --yes");
}

TEST_F(StartedRunsTest, TellsWhyACommandFailed) {
  const auto runs = Server();

  const LifecycleRun run = Ended(*runs, Must(runs->Start(op, "update", {"fail"}, "olga")).id);

  EXPECT_EQ(run.exit_status, 4);
  EXPECT_EQ(run.message, "vams: it was refused");
  EXPECT_TRUE(run.result.is_null());
}

TEST_F(StartedRunsTest, OneAtATimeAndItCanBeStopped) {
  const auto runs = Server();
  const LifecycleRun first = Must(runs->Start(op, "update", {"wait"}, "olga"));
  ASSERT_TRUE(first.running());

  EXPECT_EQ(runs->Start(op, "backup", {"print"}, "pia").error().code, Code::kConflict);
  while (!std::filesystem::exists(program.string() + ".waits")) std::this_thread::yield();
  ASSERT_TRUE(runs->Cancel(first.id).ok());

  EXPECT_EQ(Ended(*runs, first.id).exit_status, 5);
  EXPECT_EQ(runs->Cancel(first.id).error().code, Code::kConflict);
  EXPECT_EQ(Must(runs->Start(op, "backup", {"print"}, "pia")).id, "0002");
  Ended(*runs, "0002");
  const auto all = Must(runs->List());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.front().id, "0002");
}

// The server starts anew: the same process, which has forgotten everything.
TEST_F(StartedRunsTest, ARunOutlivesTheObject) {
  LifecycleRun begun = Must(Server()->Start(op, "update", {"wait"}, "olga"));
  while (!std::filesystem::exists(program.string() + ".waits")) std::this_thread::yield();

  const auto runs = Server();
  EXPECT_TRUE(Must(runs->Get(begun.id)).running());
  ASSERT_TRUE(runs->Cancel(begun.id).ok());
  EXPECT_EQ(Ended(*runs, begun.id).exit_status, 5);
}

TEST_F(StartedRunsTest, NamesTheOperationThatACommandBegan) {
  ASSERT_EQ(::mkfifo((program.string() + ".pipe").c_str(), 0600), 0);
  const auto runs = Server();

  const LifecycleRun run = Must(runs->Start(op, "update", {"begin"}, "olga"));

  EXPECT_EQ(run.operation, "0007");
  std::ofstream(program.string() + ".pipe") << "go on";
  EXPECT_EQ(Ended(*runs, run.id).operation, "0007");
}

TEST_F(StartedRunsTest, RefusesIdsThatAreNone) {
  const auto runs = Server();
  for (const char* id : {"", "1", "../0001", "x", "00010"})
    EXPECT_EQ(runs->Get(id).error().code, Code::kNotFound) << id;
}

TEST_F(StartedRunsTest, AProgramThatIsNotThereIsAnEndToo) {
  std::filesystem::remove(program);
  const auto runs = Server();

  EXPECT_EQ(Ended(*runs, Must(runs->Start(op, "update", {"print"}, "olga")).id).exit_status, 127);
}

}  // namespace
}  // namespace vams::app
