// Rolling back an update whose own check of the service is all that was written since.
#include <gmock/gmock.h>

#include <optional>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/rollback/rollback.h"
#include "lifecycle/update/stack_fixture_test.h"
#include "lifecycle/update/update.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::test {
namespace {

using items::Item;
using items::Value;
using items::Write;

Value S(std::string_view text) { return Value::S(std::string(text)); }
Write Session() {
  return Write::Put(std::string(tables::kSessionsTable),
                    {{"userId", S("checks")}, {"sessionId", S("s-1")}});
}
Write Account() {
  return Write::Put(std::string(tables::kAccountsTable), {{"userId", S("administrator")}});
}
Write Mail() {
  return Write::Put(std::string(tables::kMailsTable),
                    {{"address", S("dana@yard.example")}, {"mail", S("m-1")}});
}
Write Tag() { return Write::Put("TagStorageTable", {{"tagName", S("floating")}}); }

void Commit(const files::Path& store_file, const Write& write) {
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(store_file));
  (void)Must(store->Commit(op, std::span(&write, 1)));
}

class AfterChecksTest : public StackFixture {
 protected:
  AfterChecksTest() : StackFixture("yard") {}
  void SetUp() override { ImportOlder(); }
  // What a server writes when it starts.
  void OnServe(const Stack& stack) override {
    if (at_start_) Commit(stack.current.items(), *at_start_);
  }

  void Update(const Write& at_start) {
    at_start_ = at_start;
    UpdateRequest request;
    request.stack = "yard";
    request.migration.quarantine_ambiguous = true;
    request.approved = true;
    const auto report = Must(UpdateStack(setting_, request));
    ASSERT_EQ(report.result, OperationResult::kDone) << report.message;
    at_start_.reset();
  }
  RollbackReport RollBack() {
    RollbackRequest request;
    request.stack = "yard";
    auto report = Must(RollBackStack(setting_, request));
    EXPECT_EQ(report.result, OperationResult::kDone) << report.message;
    return report;
  }
  bool Has(std::string_view table, const Item& key) {
    OpContext op;
    const auto store = Must(items::OpenSqliteStore(Now().current.items(), {.read_only = true}));
    return store->Get(op, table, key).ok();
  }

  std::optional<Write> at_start_;
};

TEST_F(AfterChecksTest, TheOldGenerationItselfServesAgain) {
  Update(Session());

  const auto report = RollBack();

  EXPECT_EQ(report.generation, 1U);
  EXPECT_EQ(report.changes, 0U);
  EXPECT_FALSE(Has(tables::kSessionsTable, {{"userId", S("checks")}, {"sessionId", S("s-1")}}));
}

TEST_F(AfterChecksTest, AWriteBehindTheChecksIsCarried) {
  Update(Session());
  Commit(Now().current.items(), Tag());

  const auto report = RollBack();

  EXPECT_EQ(report.generation, 3U);
  EXPECT_TRUE(Has("TagStorageTable", {{"tagName", S("floating")}}));
}

// The hook knows the address of the temporary server.
TEST_F(AfterChecksTest, WhatAHookOfTheUpdateWroteIsCarried) {
  setting_.config_of = [](const Stack& stack) -> Result<StackConfig> {
    StackConfig config;
    config.backup_folder = BackupsOf(stack);
    config.config.hooks.post_update = {"/bin/true"};
    return config;
  };
  setting_.on_step = [this](const OperationStep& step) {
    if (step.name == "hook postUpdate" && step.result == "done")
      Commit(Now().current.items(), Tag());
  };
  Update(Session());
  setting_.on_step = {};

  const auto report = RollBack();

  EXPECT_EQ(report.generation, 3U);
  EXPECT_TRUE(Has("TagStorageTable", {{"tagName", S("floating")}}));
}

TEST_F(AfterChecksTest, AnAccountWhosePasswordWasShownIsCarried) {
  Update(Account());

  const auto report = RollBack();

  EXPECT_EQ(report.generation, 3U);
  EXPECT_TRUE(Has(tables::kAccountsTable, {{"userId", S("administrator")}}));
}

// The server of the check may have sent it.
TEST_F(AfterChecksTest, MailThatWaitedBeforeIsNotSentAgain) {
  Commit(Now().current.items(), Mail());
  Update(Write::Delete(std::string(tables::kMailsTable),
                       {{"address", S("dana@yard.example")}, {"mail", S("m-1")}}));

  const auto report = RollBack();

  EXPECT_EQ(report.generation, 3U);
  EXPECT_FALSE(Has(tables::kMailsTable, {{"address", S("dana@yard.example")}, {"mail", S("m-1")}}));
}

TEST_F(AfterChecksTest, AnUpdateOfAnUpdateGoesBackOneStepAtATime) {
  Update(Session());
  ASSERT_EQ(RollBack().generation, 1U);
  Update(Session());

  EXPECT_EQ(RollBack().generation, 1U);
}

}  // namespace
}  // namespace vams::lifecycle::test
