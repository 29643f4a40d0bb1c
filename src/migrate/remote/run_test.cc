// Whole runs on a remote store: forward, again, back, and everything that can come in between.
#include "migrate/remote/run.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "migrate/remote/lock.h"
#include "migrate/remote/remote_target_test.h"
#include "testing/faulty_store.h"

namespace vams::migrate::remote::test {
namespace {

using items::Value;
using migrate::test::Json;
using testing::FaultyStore;
namespace v25 = migrate::v25;

using items::Item;

Item SnapshotKey(std::string_view key) {
  return {{"databaseId:assetId:assetVersionId", Value::S(std::string(key))},
          {"type:filePath:metadataKey", Value::S("metadata:/:owner")}};
}

// Somebody writes to the remote tables after they have been read.
void WriteMeanwhile(Target& target, std::vector<items::Write> writes) {
  auto done = std::make_shared<bool>(false);
  target.hooks.list_objects = [&target, writes, done](OpContext&, items::ItemStore&) -> Status {
    if (!std::exchange(*done, true))
      for (const auto& write : writes) target.Write(write);
    return Ok();
  };
}

TEST(RemoteRun, BringsTheTablesToWhatTheStepMakes) {
  const auto set = SmallSet();
  Target target(set);

  const auto report = Must(target.Run());

  EXPECT_TRUE(report.finished);
  EXPECT_FALSE(report.interrupted.has_value());
  EXPECT_SAME_TABLES(Migrated(set), Contents(*target.store));
  const auto& versions = report.changes.at("AssetVersionsStorageTableV2");
  EXPECT_EQ(versions.added, 3u);  // not the one without an asset
  EXPECT_EQ(versions.changed + versions.removed, 0u);
  EXPECT_EQ(report.changes.at("AssetFileMetadataVersionsStorageTable").changed, 2u);
  // What was changed in place has a way back.
  ASSERT_EQ(report.protections.size(), 1u);
  EXPECT_NE(report.protections[0].find("source.db"), std::string::npos);
  const auto json = boost::json::parse(Must(files::ReadAll(report.folder / "report.json")));
  EXPECT_TRUE(json.at("finished").as_bool());
  EXPECT_NE(Must(files::ReadAll(report.folder / "report.html")).find("AssetVersionsStorageTableV2"),
            std::string::npos);
}

TEST(RemoteRun, ASecondRunReadsAndChangesNothing) {
  Target target(SmallSet());
  ASSERT_TRUE(Must(target.Run()).finished);
  const auto before = Contents(*target.store);
  FaultyStore counting(*target.store);

  const auto report = Must(RunRemote(target.op, target.Job(counting)));

  EXPECT_TRUE(report.nothing_to_do);
  EXPECT_EQ(counting.calls(), 0u);
  ASSERT_FALSE(report.notices.empty());
  EXPECT_NE(report.notices.back().find("nothing was changed"), std::string::npos);

  // Without its work folder it reads everything, and finds that all is done.
  target.options.again = true;
  const auto again = Must(target.Run());
  EXPECT_TRUE(again.finished);
  for (const auto& [table, change] : again.changes) EXPECT_TRUE(change.nothing()) << table;
  EXPECT_SAME_TABLES(before, Contents(*target.store));
}

TEST(RemoteRun, APlanTellsWhatWouldBeWrittenAndWritesNothing) {
  const auto set = SmallSet();
  Target target(set);

  const auto plan = Must(PlanRemote(target.op, target.Job()));

  EXPECT_TRUE(plan.dry_run);
  EXPECT_SAME_TABLES(set, Contents(*target.store));
  const auto report = Must(target.Run());
  for (const auto& [table, change] : report.changes) {
    EXPECT_EQ(plan.changes.at(table).added, change.added) << table;
    EXPECT_EQ(plan.changes.at(table).changed, change.changed) << table;
    EXPECT_TRUE(plan.changes.at(table).after == change.after) << table;
  }
}

TEST(RemoteRun, TheWayBackGivesTheTablesByteForByte) {
  const auto set = SmallSet();
  Target target(set);
  ASSERT_TRUE(Must(target.Run()).finished);

  const auto report = Must(target.Reverse());

  EXPECT_TRUE(report.finished);
  EXPECT_SAME_TABLES(set, Contents(*target.store));
  // And there is nothing more to go back from.
  EXPECT_EQ(target.Reverse().error().code, Code::kConflict);
  // Up again: as the first time.
  EXPECT_TRUE(Must(target.Run()).finished);
  EXPECT_SAME_TABLES(Migrated(set), Contents(*target.store));
}

TEST(RemoteRun, TheWayBackCarriesWhatWasWrittenSince) {
  const auto set = SmallSet();
  Target target(set);
  ASSERT_TRUE(Must(target.Run()).finished);
  auto edited = migrate::test::Version2("yard", "crane", "2", true);
  edited.Set("comment", Value::S("edited in 2.5"));
  target.Write(items::Write::Put(std::string(v25::kVersions2), edited));
  target.Write(items::Write::Put(std::string(v25::kVersions2),
                                 migrate::test::Version2("yard", "crane", "3", false)));

  ASSERT_TRUE(Must(target.Reverse()).finished);

  auto expected = set;
  auto old = migrate::test::Version1("crane", "2", true);
  old.Set("comment", Value::S("edited in 2.5"));
  migrate::test::Put(expected, v25::kVersions1, old);
  migrate::test::Put(expected, v25::kVersions1, migrate::test::Version1("crane", "3", false));
  EXPECT_SAME_TABLES(expected, Contents(*target.store));
}

TEST(RemoteRun, RowsOfADeploymentInTheNewTablesStayAndComeBack) {
  auto set = SmallSet();
  auto newer = migrate::test::Version2("yard", "crane", "9", false);
  newer.Set("versionAlias", Value::S("draft"));
  migrate::test::Put(set, v25::kVersions2, newer);
  Target target(set);

  ASSERT_TRUE(Must(target.Run()).finished);
  EXPECT_SAME_TABLES(Migrated(set), Contents(*target.store));
  ASSERT_TRUE(Must(target.Reverse()).finished);

  EXPECT_SAME_TABLES(set, Contents(*target.store));
}

// ---- Others write at the same time

TEST(RemoteRun, ARowThatSomebodyElseMadeInTheWayIsLeftAloneAndToldAndTheNextRunGoesOn) {
  const auto set = SmallSet();
  Target target(set);
  Item theirs = SnapshotKey("yard:crane:1");
  theirs.Set("metadataValue", Value::S("theirs"));
  theirs.Set("databaseId:assetId", Value::S("yard:of-theirs"));
  theirs.Set("by", Value::S("somebody else"));
  auto version = migrate::test::Version2("museum", "bust", "1", true);
  version.Set("comment", Value::S("made in 2.5 meanwhile"));
  WriteMeanwhile(target, {items::Write::Put(std::string(v25::kSnapshots), theirs),
                          items::Write::Put(std::string(v25::kVersions2), version)});

  const auto first = Must(target.Run());

  ASSERT_TRUE(first.interrupted.has_value());
  EXPECT_FALSE(first.finished);
  EXPECT_NE(first.interrupted->message.find("bust"), std::string::npos)
      << first.interrupted->message;
  const auto row = Must(target.store->Get(
      target.op, v25::kVersions2, items::KeyOf(migrate::test::Spec(v25::kVersions2), version)));
  EXPECT_EQ(row.Text("comment"), "made in 2.5 meanwhile");

  const auto second = Must(target.Run());

  EXPECT_TRUE(second.finished);
  EXPECT_EQ(second.rounds, 2);
  auto expected_source = set;
  migrate::test::Put(expected_source, v25::kSnapshots, theirs);
  migrate::test::Put(expected_source, v25::kVersions2, version);
  EXPECT_SAME_TABLES(Migrated(expected_source), Contents(*target.store));
  ASSERT_TRUE(Must(target.Reverse()).finished);
  EXPECT_SAME_TABLES(expected_source, Contents(*target.store));
}

TEST(RemoteRun, AnEditOfARowThatWasJustMigratedIsFoundByTheProofAndKept) {
  const auto set = SmallSet();
  Target target(set);
  WriteMeanwhile(target, {items::Write::Update(
                             std::string(v25::kSnapshots), SnapshotKey("yard:crane:1"),
                             {{items::Mutation::Op::kSet, "metadataValue", Value::S("edited")}})});

  const auto first = Must(target.Run());

  // The edit and the migration touch different attributes: both are there.
  ASSERT_TRUE(first.interrupted.has_value());
  EXPECT_NE(first.interrupted->message.find("yard:crane:1"), std::string::npos)
      << first.interrupted->message;
  const auto second = Must(target.Run());
  EXPECT_TRUE(second.finished);
  const auto row = Must(target.store->Get(target.op, v25::kSnapshots, SnapshotKey("yard:crane:1")));
  EXPECT_EQ(row.Text("metadataValue"), "edited");
  EXPECT_EQ(row.Text("databaseId:assetId"), "yard:crane");

  // The way back takes away what the migration had added, and no more.
  ASSERT_TRUE(Must(target.Reverse()).finished);
  auto expected = set;
  Item edited = SnapshotKey("yard:crane:1");
  edited.Set("metadataValue", Value::S("edited"));
  migrate::test::Put(expected, v25::kSnapshots, edited);
  EXPECT_SAME_TABLES(expected, Contents(*target.store));
}

TEST(RemoteRun, ARowThatSomebodyElseHasRemovedIsNotMadeAgain) {
  const auto set = SmallSet();
  Target target(set);
  WriteMeanwhile(target,
                 {items::Write::Delete(std::string(v25::kSnapshots), SnapshotKey("yard:crane:1"))});

  EXPECT_TRUE(Must(target.Run()).interrupted.has_value());
  EXPECT_TRUE(Must(target.Run()).finished);

  auto expected = set;
  expected[std::string(v25::kSnapshots)].erase(items::EncodeItem(SnapshotKey("yard:crane:1")));
  EXPECT_SAME_TABLES(Migrated(expected), Contents(*target.store));
}

TEST(RemoteRun, ASecondOperatorIsRefused) {
  Target target(SmallSet());
  const LockOptions eve{.who = "eve", .doing = "a run", .create_table = true, .beat = {}};
  const auto lock = Must(MigrationLock::Acquire(target.op, *target.store, eve, target.clock));
  const auto before = Contents(*target.store);

  const auto refused = target.Run();

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("eve"), std::string::npos);
  EXPECT_SAME_TABLES(before, Contents(*target.store));
  target.options.lock = false;
  const auto without = Must(target.Run());
  EXPECT_TRUE(without.finished);
  EXPECT_NE(without.notices.back().find("--no-lock"), std::string::npos);
}

// ---- Rows and tables that are not as they should be

TEST(RemoteRun, ARecordThatGrowsPastTheLimitStaysAsItWas) {
  auto set = SmallSet();
  Item large = SnapshotKey("yard:crane:7");
  large.Set("metadataValue", Value::S(std::string(409'500, 'x')));
  ASSERT_LE(items::ItemSize(large), 400u * 1024);
  migrate::test::Put(set, v25::kSnapshots, large);
  Target target(set);

  const auto report = Must(target.Run());

  EXPECT_TRUE(report.finished);
  EXPECT_EQ(report.changes.at(std::string(v25::kSnapshots)).kept, 1u);
  EXPECT_EQ(report.changes.at(std::string(v25::kSnapshots)).removed, 0u);
  const auto row = Must(target.store->Get(target.op, v25::kSnapshots, SnapshotKey("yard:crane:7")));
  EXPECT_TRUE(row == large);
  const auto back = Must(target.Reverse());
  ASSERT_TRUE(back.finished) << back.interrupted->message;
  EXPECT_SAME_TABLES(set, Contents(*target.store));
}

// The server refuses a row that our own checks let pass; its neighbours are written all the same.
TEST(RemoteRun, ARowThatTheServerRefusesIsQuarantinedAlone) {
  auto set = SmallSet(30);
  auto odd = migrate::test::Version1("part-0007", "1", true);
  odd.Set("odd", Value::S("text"));
  migrate::test::Put(set, v25::kVersions1, odd);
  Target target({});
  const auto picky = items::MemoryStore::Create();
  auto spec = *SpecFor(v25::kVersions2, {2, 5});
  spec.indexes.push_back({.name = "byOdd", .partition = {"odd", items::Kind::kN}});
  Must(picky->CreateTables(target.op, std::span(&spec, 1)));
  std::vector<items::TableSpec> others;
  for (const auto& table : tables::TablesOf({2, 5}))
    if (table.name != v25::kVersions2) others.push_back(*SpecFor(table.name, {2, 5}));
  Must(picky->CreateTables(target.op, others));
  for (const auto& [table, rows] : set)
    for (const auto& [key, item] : rows) {
      const auto put = items::Write::Put(table, item);
      (void)Must(picky->Commit(target.op, std::span(&put, 1)));
    }

  const auto report = Must(RunRemote(target.op, target.Job(*picky)));

  EXPECT_TRUE(report.finished);
  EXPECT_EQ(report.refused, 1u);
  auto expected = Migrated(set);
  auto made = odd;
  made.Set("databaseId", Value::S("yard"));
  made.Set("databaseId:assetId", Value::S("yard:part-0007"));
  EXPECT_EQ(expected[std::string(v25::kVersions2)].erase(
                items::EncodeItem(items::KeyOf(migrate::test::Spec(v25::kVersions2), made))),
            1u);
  EXPECT_SAME_TABLES(expected, Contents(*picky));
  // The way back does not lose it either.
  ASSERT_TRUE(Must(ReverseRemote(target.op, target.Job(*picky))).finished);
  EXPECT_SAME_TABLES(set, Contents(*picky));
}

TEST(RemoteRun, WithStrictNothingIsWrittenWhenRecordsAreQuarantined) {
  const auto set = SmallSet();  // with a version of no asset
  Target target(set);
  target.options.strict = true;

  const auto report = Must(target.Run());

  EXPECT_TRUE(report.strict_stop);
  EXPECT_FALSE(report.finished);
  EXPECT_SAME_TABLES(set, Contents(*target.store));
  target.options.strict = false;
  EXPECT_TRUE(Must(target.Run()).finished);
}

TEST(RemoteRun, TablesThatAreNotThereOrHaveOtherKeysAreToldBeforeAnythingIsWritten) {
  Target target({});
  const auto store = items::MemoryStore::Create();
  std::vector<items::TableSpec> specs;
  for (const auto& table : tables::TablesOf({2, 5})) {
    auto spec = *SpecFor(table.name, {2, 5});
    if (spec.name == v25::kFiles2) continue;
    // Both configuration keys were given the old table.
    if (spec.name == v25::kVersions2) {
      spec = *SpecFor(v25::kVersions1, {2, 5});
      spec.name = v25::kVersions2;
    }
    specs.push_back(spec);
  }
  Must(store->CreateTables(target.op, specs));

  const auto refused = RunRemote(target.op, target.Job(*store));

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  const auto& text = refused.error().message;
  EXPECT_NE(text.find("asset_file_versions_storage_table_name_v2 names table "
                      "AssetFileVersionsStorageTableV2: there is no such table"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("asset_versions_storage_table_name_v2 names table"), std::string::npos);
  EXPECT_NE(text.find("(those of AssetVersionsStorageTable)"), std::string::npos) << text;
}

TEST(RemoteRun, OfALimitedRunOnlySomeRowsAreMigratedAndCanGoBack) {
  const auto set = SmallSet(20);
  Target target(set);
  Overrides overrides;
  overrides.limit = 4;
  target.config = ConfigFor25(overrides);

  const auto report = Must(target.Run());

  EXPECT_TRUE(report.finished);
  const auto added = report.changes.at(std::string(v25::kVersions2)).added;
  EXPECT_GE(added, 1u);
  EXPECT_LE(added, 4u);
  const auto limited = Contents(*target.store);
  // The whole of it afterwards, and both of them back.
  target.config = ConfigFor25();
  EXPECT_TRUE(Must(target.Run()).finished);
  EXPECT_SAME_TABLES(Migrated(set), Contents(*target.store));
  const auto back = Must(target.Reverse());
  EXPECT_TRUE(back.finished);
  EXPECT_NE(back.notices.back().find("is not undone"), std::string::npos);
  EXPECT_SAME_TABLES(limited, Contents(*target.store));
  overrides.dry_run = true;
  target.config = ConfigFor25(overrides);
  const auto rehearsed = Must(target.Reverse());
  EXPECT_EQ(rehearsed.changes.at(std::string(v25::kVersions2)).removed, added);
  EXPECT_SAME_TABLES(limited, Contents(*target.store));
  target.config = ConfigFor25();
  EXPECT_TRUE(Must(target.Reverse()).finished);
  EXPECT_SAME_TABLES(set, Contents(*target.store));
}

// ---- Backups, functions

TEST(RemoteRun, TablesThatAreChangedInPlaceAreProtectedFirst) {
  const auto set = SmallSet();
  Target target(set);
  std::vector<std::string> asked;
  target.hooks.protect = [&](OpContext&, std::string_view table) -> Result<std::string> {
    asked.emplace_back(table);
    EXPECT_SAME_TABLES(set, Contents(*target.store));
    if (asked.size() == 1) return Error(Code::kDenied, "not allowed to back up");
    return std::string("backup arn:1");
  };

  const auto denied = Must(target.Run());

  ASSERT_TRUE(denied.interrupted.has_value());
  EXPECT_NE(denied.interrupted->message.find("--skip-backup"), std::string::npos);
  EXPECT_SAME_TABLES(set, Contents(*target.store));
  const auto report = Must(target.Run());
  EXPECT_TRUE(report.finished);
  EXPECT_EQ(asked, (std::vector<std::string>(2, std::string(v25::kSnapshots))));
  EXPECT_EQ(report.protections,
            (std::vector<std::string>{"AssetFileMetadataVersionsStorageTable: backup arn:1"}));
}

TEST(RemoteRun, AServerWithoutBackupsIsNamedAndTheCopyHere) {
  Target target(SmallSet());
  target.hooks.protect = [](OpContext&, std::string_view) -> Result<std::string> {
    return Error(Code::kNotSupported, "the server does not know the call");
  };

  const auto report = Must(target.Run());

  ASSERT_EQ(report.protections.size(), 1u);
  EXPECT_NE(report.protections[0].find("does not know the call"), std::string::npos);
  EXPECT_NE(report.protections[0].find("source.db"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(report.folder / "source.db"));
}

TEST(RemoteRun, TheReindexOfAStepIsCalledOnceWhateverItAnswers) {
  Target target({});
  Overrides overrides;
  target.config = Must(ParseUpstreamConfig(R"({"function_name":"f"})", "c.json", overrides));
  int calls = 0;
  std::string payload;
  net::LambdaResult answer{.status = 200, .function_error = "Unhandled", .payload = "{}"};
  target.hooks.invoke = [&](OpContext&, std::string_view, std::string text) {
    ++calls;
    payload = std::move(text);
    return Result<net::LambdaResult>(answer);
  };

  const auto failed = target.Run();

  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::kInternal);
  EXPECT_NE(failed.error().message.find("run it again"), std::string::npos);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(payload, R"({"operation":"both","dry_run":false,"clear_indexes":false})");

  // The operator runs it again; then it is done.
  answer = {.status = 200,
            .function_error = {},
            .payload = R"({"body":{"results":{"assets":{"success_count":1,"total_count":1}}}})"};
  const auto report = Must(target.Run());
  EXPECT_TRUE(report.finished);
  EXPECT_EQ(report.reindex, "assets: 1 of 1");
  EXPECT_TRUE(Must(target.Run()).nothing_to_do);
  EXPECT_EQ(calls, 2);
}

// ---- Proof

TEST(RemoteRun, VerifySaysWhatHoldsAndWhatWasWrittenSince) {
  Target target(SmallSet());
  EXPECT_EQ(VerifyRemote(target.op, target.Job()).error().code, Code::kConflict);
  ASSERT_TRUE(Must(target.Run()).finished);

  const auto proof = Must(VerifyRemote(target.op, target.Job()));

  EXPECT_TRUE(proof.failures.empty());
  EXPECT_TRUE(proof.changed.empty());
  EXPECT_EQ(proof.checks.size(), 2u);
  target.Write(items::Write::Put(std::string(v25::kVersions2),
                                 migrate::test::Version2("yard", "crane", "3", false)));
  const auto later = Must(VerifyRemote(target.op, target.Job()));
  ASSERT_EQ(later.changed.size(), 1u);
  EXPECT_NE(later.changed[0].find("1 rows more, 0 changed, 0 fewer"), std::string::npos)
      << later.changed[0];
}

TEST(RemoteRun, AnUnfinishedRunCanBeGivenUpOnlyBeforeItHasWritten) {
  Target target(SmallSet());
  EXPECT_EQ(CancelRemote(target.folder.path() / "work", target.clock).error().code,
            Code::kNotFound);
  FaultyStore store(*target.store);
  store.FailCall(20, Code::kUnavailable, FaultyStore::When::kBefore);
  ASSERT_TRUE(Must(RunRemote(target.op, target.Job(store))).interrupted.has_value());
  EXPECT_TRUE(CancelRemote(target.folder.path() / "work", target.clock).ok());

  for (std::size_t n = 1; n < 200; ++n) {
    Target fresh(SmallSet());
    FaultyStore failing(*fresh.store);
    failing.FailCall(n, Code::kUnavailable, FaultyStore::When::kAfter);
    const auto report = Must(RunRemote(fresh.op, fresh.Job(failing)));
    if (report.finished) break;
    const bool written = !(migrate::test::Differences(SmallSet(), Contents(*fresh.store)).empty());
    if (!written) continue;
    EXPECT_EQ(CancelRemote(fresh.folder.path() / "work", fresh.clock).error().code,
              Code::kConflict);
    return;
  }
  FAIL() << "no failure came after the first write";
}

// ---- Every call of the remote store fails once, before and after it has taken effect

struct FaultCase {
  bool reverse = false;
  FaultyStore::When when = FaultyStore::When::kBefore;
};

// Fails the calls first, first + step, …; returns how many there were.
void FailCalls(const FaultCase& fault, std::size_t first, std::size_t step, std::size_t& failures) {
  const auto set = SmallSet(3);
  const auto migrated = Migrated(set);
  failures = 0;
  for (std::size_t n = first;; n += step) {
    SCOPED_TRACE(n);
    Target target(set);
    const auto work = [&](items::ItemStore& store) {
      return fault.reverse ? ReverseRemote(target.op, target.Job(store))
                           : RunRemote(target.op, target.Job(store));
    };
    if (fault.reverse) {
      ASSERT_TRUE(Must(target.Run()).finished);
    }
    FaultyStore store(*target.store);
    store.FailCall(n, Code::kUnavailable, fault.when);

    const auto broken = work(store);

    if (!store.failed()) {
      ASSERT_TRUE(broken.ok() && broken->finished);
      break;
    }
    ++failures;
    ASSERT_TRUE(broken.ok()) << broken.error().message;
    ASSERT_FALSE(broken->finished) << "a failure ended in success";
    ASSERT_TRUE(broken->interrupted.has_value());
    const auto second = work(*target.store);
    ASSERT_TRUE(second.ok()) << second.error().message;
    ASSERT_TRUE(second->finished) << (second->interrupted ? second->interrupted->message : "");
    EXPECT_SAME_TABLES(fault.reverse ? set : migrated, Contents(*target.store));
    if (::testing::Test::HasFailure()) return;
  }
}

constexpr FaultCase kFaults[] = {{false, FaultyStore::When::kBefore},
                                 {false, FaultyStore::When::kAfter},
                                 {true, FaultyStore::When::kBefore},
                                 {true, FaultyStore::When::kAfter}};

class RemoteFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(RemoteFaults, AFailureIsToldAndTheNextRunReachesTheSameEnd) {
  std::size_t failures = 0;
  FailCalls(GetParam(), 3, 11, failures);
  EXPECT_GE(failures, 4u);
}
INSTANTIATE_TEST_SUITE_P(All, RemoteFaults, ::testing::ValuesIn(kFaults));

class RemoteFaultsSlowTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(RemoteFaultsSlowTest, EveryFailureIsToldAndTheNextRunReachesTheSameEnd) {
  std::size_t failures = 0;
  FailCalls(GetParam(), 1, 1, failures);
  std::printf("%zu calls failed\n", failures);
  EXPECT_GE(failures, 40u);
}
INSTANTIATE_TEST_SUITE_P(All, RemoteFaultsSlowTest, ::testing::ValuesIn(kFaults));

}  // namespace
}  // namespace vams::migrate::remote::test
