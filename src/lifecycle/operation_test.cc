#include "lifecycle/operation.h"
#include "base/json.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <fstream>

#include "lifecycle/support_test.h"
#include "tables/tables.h"

namespace vams::lifecycle::test {

namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

class OperationTest : public ::testing::Test {
 protected:
  Stack stack() { return Must(registry_.Get("yard")); }
  OperationLock Lock() { return Must(OperationLock::Take(stack(), "vams update", clock_)); }
  Operation Begin(std::string kind = "update") {
    return Must(Operation::Begin(
        stack(), Lock(), {.kind = std::move(kind), .by = "rita", .request = {{"to", "2.5"}}},
        clock_));
  }
  std::vector<OperationRecord> All() { return Must(Operations(stack())); }

  files::TempFolder home_ = MakeTemp();
  FixedClock clock_;
  StackRegistry registry_{home_.path(), clock_};
  Stack made_ = Must(registry_.Create("yard", std::nullopt));
};

TEST_F(OperationTest, KeepsStepsFactsAndTheEnd) {
  auto operation = Begin();
  Must(operation.Step("preflight", [](json::object& evidence) -> Status {
    evidence = {{"checks", 3}};
    return Ok();
  }));
  Must(operation.Note("backup", {{"id", "b-1"}}));
  Must(operation.SkipStep("approval", "none is needed"));
  const auto failed = operation.Step("build", [](json::object& evidence) -> Status {
    evidence = {{"rows", 7}};
    return Error(Code::kUnavailable, "the disk is full");
  });
  Must(operation.End({.result = OperationResult::kFailed,
                      .message = "the disk is full",
                      .history = {{"generation", 1}},
                      .report = {{"extra", true}},
                      .page = "<h2>More</h2>"}));

  EXPECT_FALSE(failed.ok());
  const auto record = Must(GetOperation(stack(), "1"));
  EXPECT_EQ(record.id, "0001");
  EXPECT_EQ(record.by, "rita");
  EXPECT_EQ(record.state, "failed");
  EXPECT_EQ(record.message, "the disk is full");
  ASSERT_EQ(record.steps.size(), 3U);
  EXPECT_EQ(record.steps[0].result, "done");
  EXPECT_EQ(record.steps[0].evidence.at("checks").as_int64(), 3);
  EXPECT_EQ(record.steps[1].result, "skipped");
  EXPECT_EQ(record.steps[2].result, "failed");
  EXPECT_EQ(record.steps[2].message, "the disk is full");
  EXPECT_EQ(record.steps[2].evidence.at("rows").as_int64(), 7);
  ASSERT_NE(record.Fact("backup"), nullptr);
  EXPECT_EQ(TextOf(*record.Fact("backup"), "id"), "b-1");
  EXPECT_EQ(record.Fact("switched"), nullptr);
  const auto report = json::parse(Slurp(record.report_json())).as_object();
  EXPECT_TRUE(report.at("extra").as_bool());
  EXPECT_EQ(report.at("state").as_string(), "failed");
  const auto page = Slurp(record.report_html());
  EXPECT_THAT(page, HasSubstr("the disk is full"));
  EXPECT_THAT(page, HasSubstr("<h2>More</h2>"));
  const auto history = Must(History(stack()));
  ASSERT_FALSE(history.empty());
  EXPECT_EQ(TextOf(history.back(), "operation"), "update");
  EXPECT_EQ(TextOf(history.back(), "id"), "0001");
  EXPECT_EQ(TextOf(history.back(), "result"), "failed");
}

TEST_F(OperationTest, LetsOnlyOneRunAndSaysWho) {
  const auto first = Lock();

  const auto second = OperationLock::Take(stack(), "vams rollback", clock_);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("\"vams update\""));
  EXPECT_THAT(second.error().message, HasSubstr(ProcessUser()));
  EXPECT_THAT(second.error().message, HasSubstr("2025-03-01T10:00:00.123Z"));
}

TEST_F(OperationTest, IsSeenByOthersWhileItRuns) {
  auto operation = Begin();
  Must(operation.BeginStep("build"));
  operation.Progress("copying", 40, 100);

  const auto seen = All();

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].state, "running");
  ASSERT_EQ(seen[0].steps.size(), 1U);
  EXPECT_EQ(seen[0].steps[0].result, "running");
  ASSERT_TRUE(seen[0].progress.has_value());
  EXPECT_EQ(seen[0].progress->phase, "copying");
  EXPECT_EQ(seen[0].progress->done, 40U);
  EXPECT_EQ(seen[0].progress->total, 100U);
}

TEST_F(OperationTest, IsTakenUpAfterItsProcessDied) {
  {
    auto operation = Begin();
    Must(operation.Step("preflight", [](json::object&) { return Ok(); }));
    Must(operation.BeginStep("build"));
  }

  EXPECT_EQ(All().at(0).state, "interrupted");
  EXPECT_EQ(All().at(0).steps.back().result, "interrupted");
  auto lock = Lock();
  const auto left = Must(FindInterrupted(stack()));
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->id, "0001");
  {
    auto operation = Must(Operation::TakeUp(stack(), std::move(lock), *left, clock_));
    EXPECT_EQ(All().at(0).state, "running");
    EXPECT_EQ(All().at(0).steps.back().result, "interrupted");
    Must(operation.End({.result = OperationResult::kUndone, .message = "nothing was switched"}));
  }
  EXPECT_EQ(All().at(0).state, "undone");
  EXPECT_FALSE(Must(FindInterrupted(stack())).has_value());
}

TEST_F(OperationTest, DoesNotBeginBesideOneThatWasLeft) {
  { auto operation = Begin(); }

  const auto next =
      Operation::Begin(stack(), Lock(), {.kind = "update", .by = {}, .request = {}}, clock_);

  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Code::kConflict);
  EXPECT_THAT(next.error().message, HasSubstr("0001"));
  EXPECT_EQ(All().size(), 1U);
}

TEST_F(OperationTest, ToleratesALineThatWasCutOff) {
  files::Path journal;
  {
    auto operation = Begin();
    journal = operation.folder() / "journal.jsonl";
    Must(operation.Note("backup", {{"id", "b-1"}}));
  }
  std::ofstream(journal, std::ios::app) << R"({"at":"2025-03-01T10:00:00.123Z","event":"fa)";

  const auto left = Must(FindInterrupted(stack()));
  ASSERT_TRUE(left.has_value());
  ASSERT_NE(left->Fact("backup"), nullptr);
  auto operation = Must(Operation::TakeUp(stack(), Lock(), *left, clock_));
  Must(operation.Note("switched", {{"to", 2}}));

  EXPECT_NE(Must(operation.Record()).Fact("switched"), nullptr);
  EXPECT_THAT(Slurp(journal), ::testing::Not(HasSubstr("\"fa{")));
}

// A process may die between the last line of the journal and the line in the history.
TEST_F(OperationTest, CompletesTheHistoryOfTheOneBefore) {
  const auto history = stack().folder / "history.jsonl";
  Must(Begin().End({.result = OperationResult::kDone, .message = "first"}));
  std::filesystem::remove(history);

  Must(Begin("verify").End({.result = OperationResult::kDone, .message = "second"}));
  Must(Begin("verify").End({.result = OperationResult::kDone, .message = "third"}));

  const auto lines = Must(History(stack()));
  std::vector<std::string> ids;
  for (const auto& line : lines) ids.push_back(TextOf(line, "id"));
  EXPECT_THAT(ids, ::testing::ElementsAre("0001", "0002", "0003"));
}

TEST_F(OperationTest, NamesTheStepsWhenOneIsNotThere) {
  const auto missing = GetOperation(stack(), "7");

  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("vams history"));
}

TEST_F(OperationTest, SwitchesBetweenGenerations) {
  const auto before = stack();
  auto builder = Must(GenerationBuilder::ForStack(registry_, before));
  {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(builder.items()));
    Must(store->CreateTables(op, TablesOfGeneration(tables::kNewest)));
  }
  (void)Must(builder.Publish(tables::kNewest, {{"kind", "create"}}, {}));
  ASSERT_EQ(stack().current.number, 2U);

  const auto back = Must(registry_.SwitchTo(stack(), 1));

  EXPECT_EQ(back.current.number, 1U);
  EXPECT_EQ(stack().current.number, 1U);
  EXPECT_EQ(Must(registry_.Generations(stack())).size(), 2U);
  EXPECT_EQ(registry_.SwitchTo(stack(), 9).error().code, Code::kNotFound);
  EXPECT_EQ(stack().current.number, 1U);
}

}  // namespace

}  // namespace vams::lifecycle::test
