// Step 2.1 -> 2.2 over whole fixture sets.  Single records: v21_to_v22_rows_test.cc.
#include <gtest/gtest.h>

#include "migrate/steps.h"
#include "migrate/steps/step_fixtures_test.h"

namespace vams::migrate {
namespace {

using items::Item;
using items::Value;
using test::Json;
using test::Put;
using test::RunNaive;
using test::SettingsFor;
using test::TableSet;

// What stands beside the 2.1 data when a migration starts.
struct Beside {
  std::string name;
  bool seed = true;     // the rows of a deployment of 2.2
  bool listing = true;  // an imported object listing
};

Settings SettingsWith(Dialect dialect, const Beside& beside) {
  Settings settings = SettingsFor(dialect);
  if (!beside.seed && !beside.listing) settings.asset_bucket = "yard-assets-111122223333";
  return settings;
}

TableSet Input21(const Beside& beside) {
  TableSet set;
  test::AddFixture(set, "v2.1");
  if (beside.seed) test::AddFixture(set, "seed/v2.2");
  if (beside.listing) test::AddListing(set, "v2.1");
  return set;
}

TableSet Input22() {
  TableSet set;
  test::AddFixture(set, "v2.2");
  test::AddListing(set, "v2.2");
  return set;
}

TableSet ExpectedUp() { return test::Expected("expected/v2.1_to_v2.2", IsoTime(test::kRunMillis)); }

TEST(Step21To22, ReferenceEqualsTheRecordedResult) {
  const auto up = RunNaive(Step21To22(), Direction::kUp, SettingsFor(Dialect::kReference),
                           Input21({.name = "all"}));

  EXPECT_EQ("", test::Differences(ExpectedUp(), test::WithoutSystem(up.tables)));
}

TEST(Step21To22, CorrectedDiffersFromTheReferenceAsListed) {
  const auto up = RunNaive(Step21To22(), Direction::kUp, SettingsFor(Dialect::kCorrected),
                           Input21({.name = "all"}));

  test::ExpectStored("2.1_to_2.2.corrected.txt",
                     test::Differences(ExpectedUp(), test::WithoutSystem(up.tables)));
}

TEST(Step21To22, CorrectedReportsWhatItCannotPlaceAndWhatTheScriptWouldHaveDone) {
  const auto up = RunNaive(Step21To22(), Direction::kUp, SettingsFor(Dialect::kCorrected),
                           Input21({.name = "all"}));

  std::string report;
  const auto add = [&](std::string_view kind, const std::vector<Output::Remark>& remarks) {
    std::multiset<std::string> lines;
    for (const auto& remark : remarks)
      lines.insert(fmt::format(
          "{} {} {} {}: {}\n", kind, remark.code, remark.table,
          items::aws::ToJson(items::KeyOf(test::Spec(remark.table), remark.record)), remark.text));
    for (const auto& line : lines) report += line;
  };
  add("quarantined", up.remarks.quarantined);
  add("ambiguous", up.remarks.ambiguous);
  add("note", up.remarks.notes);
  add("defect", up.remarks.defects);
  test::ExpectStored("2.1_to_2.2.report.txt", report);
  EXPECT_TRUE(up.remarks.ambiguous.empty());
}

TEST(Step21To22, CorrectedTwiceChangesNothing) {
  const auto settings = SettingsFor(Dialect::kCorrected);
  const auto once = RunNaive(Step21To22(), Direction::kUp, settings, Input21({.name = "all"}));

  auto other = settings;
  other.run_id = "another run";
  other.run_millis += 1000;
  const auto twice = RunNaive(Step21To22(), Direction::kUp, other, once.tables);

  EXPECT_EQ("", test::Differences(once.tables, twice.tables));
}

// Every record that a direction writes is checked; only what the data lacked before is reported.
TEST(Step21To22, EveryRecordOfAMigratedFixtureIsSound) {
  for (const Dialect dialect : {Dialect::kCorrected, Dialect::kReference}) {
    const auto up =
        RunNaive(Step21To22(), Direction::kUp, SettingsFor(dialect), Input21({.name = "all"}));
    OpContext op;
    const auto store = test::StoreOf(up.tables, {2, 2});
    State state(op, *store, nullptr);
    const auto settings = SettingsFor(dialect);
    const Context cx{settings, state};
    std::multiset<std::string> problems;
    for (const auto& [table, rows] : up.tables)
      for (const auto& [key, row] : rows)
        for (const auto& problem :
             test::Must(Step21To22().CheckRecord(Direction::kUp, {table, row}, cx))) {
          EXPECT_EQ(Problem::Kind::kOrphan, problem.kind) << problem.text;
          problems.insert(problem.text);
        }
    if (dialect == Dialect::kReference) continue;
    EXPECT_EQ((std::multiset<std::string>{"there is no version 1 of an asset ghost-asset",
                                          "there is no version 12 of an asset truss-A",
                                          "there is no version 12 of an asset truss-A"}),
              problems);
  }
}

class Step21To22RoundTrip : public ::testing::TestWithParam<std::tuple<Dialect, Beside>> {
 protected:
  test::NaiveResult Run(Direction direction, const TableSet& source,
                        const std::vector<Residue>& residue = {}) {
    const auto& [dialect, beside] = GetParam();
    return RunNaive(Step21To22(), direction, SettingsWith(dialect, beside), source, residue);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Step21To22RoundTrip,
                         ::testing::Combine(::testing::Values(Dialect::kCorrected,
                                                              Dialect::kReference),
                                            ::testing::Values(Beside{"SeedAndListing", true, true},
                                                              Beside{"SeedOnly", true, false},
                                                              Beside{"ListingOnly", false, true},
                                                              Beside{"Nothing", false, false})),
                         [](const auto& with) {
                           return std::string(NameOf(std::get<0>(with.param))) +
                                  std::get<1>(with.param).name;
                         });

TEST_P(Step21To22RoundTrip, UpAndDownGivesTheOriginal) {
  const auto source = Input21(std::get<1>(GetParam()));
  const auto up = Run(Direction::kUp, source);

  const auto down = Run(Direction::kDown, up.tables, up.residue);

  EXPECT_EQ("", test::Differences(source, down.tables));
  const auto again = Run(Direction::kUp, down.tables, down.residue);
  EXPECT_EQ("", test::Differences(up.tables, again.tables));
  const auto down_again = Run(Direction::kDown, again.tables, again.residue);
  EXPECT_EQ("", test::Differences(source, down_again.tables));
}

class Step21To22FromNext : public ::testing::TestWithParam<Dialect> {
 protected:
  test::NaiveResult Run(Direction direction, const TableSet& source,
                        const std::vector<Residue>& residue = {}, std::string run_id = "a-run") {
    auto settings = SettingsFor(GetParam());
    settings.run_id = std::move(run_id);
    return RunNaive(Step21To22(), direction, settings, source, residue);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Step21To22FromNext,
                         ::testing::Values(Dialect::kCorrected, Dialect::kReference),
                         [](const auto& with) { return std::string(NameOf(with.param)); });

TEST_P(Step21To22FromNext, DownAndUpGivesTheOriginal) {
  auto recorded = ExpectedUp();
  test::AddListing(recorded, "v2.1");
  for (const TableSet& source : {Input22(), recorded}) {
    const auto down = Run(Direction::kDown, source, {}, "down");

    const auto up = Run(Direction::kUp, down.tables, down.residue, "up");

    EXPECT_EQ("", test::Differences(source, up.tables));
    const auto again = Run(Direction::kDown, up.tables, up.residue, "again");
    EXPECT_EQ("", test::Differences(down.tables, again.tables));
  }
}

TEST(Step21To22, CorrectedDownWithoutResidueLosesWhatTheInverseLists) {
  const auto source = Input21({.name = "all"});
  const auto up = RunNaive(Step21To22(), Direction::kUp, SettingsFor(Dialect::kCorrected), source);

  const auto down =
      RunNaive(Step21To22(), Direction::kDown, SettingsFor(Dialect::kCorrected), up.tables);

  test::ExpectStored("2.1_to_2.2.lost.txt", test::Differences(source, down.tables));
}

}  // namespace
}  // namespace vams::migrate
