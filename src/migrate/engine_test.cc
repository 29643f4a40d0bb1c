// The engine against the naive one: for every step, direction and dialect the same tables and the
// same residue, whatever way the rows took (segments, groups on disk, residue put back).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "items/sqlite/sqlite_store.h"
#include "migrate/build.h"
#include "migrate/naive_engine_test.h"
#include "migrate/residue.h"
#include "migrate/steps.h"
#include "migrate/steps/step_fixtures_test.h"

namespace vams::migrate::test {

namespace {

struct Case {
  std::string from, seed;  // fixture folders
  tables::DataVersion version;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {{"v2.1", "seed/v2.2", {2, 1}},
                                          {"v2.2", "seed/v2.3", {2, 2}},
                                          {"v2.3", "seed/v2.4", {2, 3}},
                                          {"v2.4", "seed/v2.5", {2, 4}}};
  return cases;
}

const Step& StepFrom(tables::DataVersion version) {
  for (const Step* step : AllSteps())
    if (step->from() == version) return *step;
  throw std::runtime_error("no step from " + version.ToString());
}

Settings TestSettings(Dialect dialect) {
  Settings settings = SettingsFor(dialect);
  settings.quarantine_ambiguous = true;
  return settings;
}

void WriteStore(const files::Path& path, const TableSet& set, tables::DataVersion version) {
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(path));
  std::vector<items::TableSpec> specs(tables::SystemTables().begin(), tables::SystemTables().end());
  for (const auto& table : tables::TablesOf(version))
    specs.push_back(*SpecFor(table.name, version));
  for (const auto& [table, rows] : set)
    if (tables::FindTable(version, table) == nullptr && !items::IsSystemTable(table))
      specs.push_back(*SpecFor(table, version));
  Must(store->CreateTables(op, specs));
  for (const auto& [table, rows] : set) {
    const auto loader = Must(store->OpenBulkLoad(op, table, {}));
    for (const auto& [key, item] : rows) Must(loader->Add(op, item));
    (void)Must(loader->Finish(op));
  }
}

TableSet ReadStore(const files::Path& path) {
  OpContext op;
  TableSet set;
  const auto store = Must(items::OpenSqliteStore(path, {.read_only = true}));
  for (const auto& spec : Must(store->Tables(op))) {
    if (spec.name == tables::kResidueTable || spec.name == tables::kFindingsTable) continue;
    std::string after;
    do {
      auto page = Must(store->Scan(op, spec.name, {}, after, 7));
      for (auto& item : page.items) Put(set, spec.name, std::move(item));
      after = std::move(page.next);
    } while (!after.empty());
  }
  return set;
}

std::set<std::string> ResidueOf(const std::vector<Residue>& residue) {
  std::set<std::string> all;
  for (const auto& r : residue)
    all.insert(fmt::format("{} {} key {} original {} base {}", static_cast<int>(r.kind), r.table,
                           items::aws::ToJson(r.key), items::aws::ToJson(r.original),
                           items::aws::ToJson(r.base)));
  return all;
}

// What is in one of the sets alone, one a line.
std::string OnlyIn(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::string text;
  for (const auto& entry : a)
    if (!b.contains(entry)) text += entry + "\n";
  return text;
}

std::vector<Residue> ReadResidue(const files::Path& path, const Step& step, Direction direction) {
  OpContext op;
  std::vector<Residue> all;
  const auto store = Must(items::OpenSqliteStore(path, {.read_only = true}));
  Must(ForEachResidue(op, *store, step, Opposite(direction), [&](const Residue& residue) {
    all.push_back(residue);
    return Ok();
  }));
  return all;
}

class EngineTest : public ::testing::TestWithParam<std::tuple<std::size_t, Dialect>> {
 protected:
  void SetUp() override {
    folder_.emplace(
        Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-engine")));
  }
  files::Path Folder(const char* name) const {
    const files::Path path = folder_->path() / name;
    std::filesystem::create_directories(path);
    return path;
  }
  BuildOutcome Run(const Leg& leg, const Settings& settings, const files::Path& source,
                   const files::Path& work) {
    OpContext op;
    auto journal = Must(Journal::Open(work / "journal.jsonl", SystemClock()));
    if (!journal.stage()) Must(journal.MoveTo(Stage::kPlanned));
    return Must(Build(op, {.path = {leg},
                           .settings = settings,
                           .source = source,
                           .work = work,
                           .journal = &journal}));
  }

 private:
  std::optional<files::TempFolder> folder_;
};

TEST_P(EngineTest, GivesWhatTheNaiveEngineGivesUpAndDown) {
  const auto& [index, dialect] = GetParam();
  const Case& fixture = Cases()[index];
  const Step& step = StepFrom(fixture.version);
  const Settings settings = TestSettings(dialect);
  TableSet source;
  ASSERT_NO_FATAL_FAILURE(AddFixture(source, fixture.from));
  ASSERT_NO_FATAL_FAILURE(AddFixture(source, fixture.seed));
  ASSERT_NO_FATAL_FAILURE(AddListing(source, fixture.from));
  WriteStore(Folder("source") / "items.db", source, fixture.version);

  const auto up =
      Run({&step, Direction::kUp}, settings, Folder("source") / "items.db", Folder("up"));
  const auto naive_up = RunNaive(step, Direction::kUp, settings, source);

  const TableSet after = ReadStore(up.result);
  EXPECT_EQ(Differences(naive_up.tables, after), "");
  const auto expected = ResidueOf(naive_up.residue);
  const auto residue = ResidueOf(ReadResidue(up.result, step, Direction::kUp));
  EXPECT_EQ(OnlyIn(expected, residue), "") << "missing residue";
  EXPECT_EQ(OnlyIn(residue, expected), "") << "too much residue";

  const auto down = Run({&step, Direction::kDown}, settings, up.result, Folder("down"));
  EXPECT_EQ(Differences(source, ReadStore(down.result)), "") << "up and down again";
}

INSTANTIATE_TEST_SUITE_P(Steps, EngineTest,
                         ::testing::Combine(::testing::Values(0U, 1U, 2U, 3U),
                                            ::testing::Values(Dialect::kCorrected,
                                                              Dialect::kReference)),
                         [](const auto& param) {
                           return "From" + std::to_string(std::get<0>(param.param) + 1) +
                                  std::string(NameOf(std::get<1>(param.param)));
                         });

}  // namespace

}  // namespace vams::migrate::test
