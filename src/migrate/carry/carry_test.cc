// Carrying changes against its oracle, the transformation of the whole store: equal digests for
// every step, both ways and over several steps, and equal again after the next update, which shows
// that what the older shape cannot hold was kept as well.
#include "migrate/carry/carry.h"

#include "migrate/carry/carry_world_test.h"
#include "migrate/carry/subjects.h"
#include "migrate/verify.h"

namespace vams::migrate::test {

namespace {

constexpr std::int64_t kRunMillis = 1'741'600'000'123;

Settings SettingsOf(Dialect dialect = Dialect::kCorrected) {
  Settings settings;
  settings.dialect = dialect;
  settings.run_id = "a-run";
  settings.run_millis = kRunMillis;
  settings.quarantine_ambiguous = true;
  settings.asset_bucket = "";
  return settings;
}

std::vector<Leg> Inverse(const std::vector<Leg>& path) {
  std::vector<Leg> inverse;
  for (auto leg = path.rbegin(); leg != path.rend(); ++leg)
    inverse.push_back({leg->step, Opposite(leg->direction)});
  return inverse;
}

class CarryTest : public ::testing::Test {
 protected:
  CarryTest() : home_(Must(files::TempFolder::Create("/tmp", "vams-carry"))) {}

  // The whole store at `from` through the path, at `to`.
  void Whole(const files::Path& from, const std::vector<Leg>& path, const files::Path& to) {
    const files::Path work = home_.path() / "whole";
    Must(files::MakeFolders(work));
    const auto settings = SettingsOf();
    auto built = Build(op_, {.path = path, .settings = settings, .source = from, .work = work});
    ASSERT_TRUE(built.ok()) << built.error().message;
    std::filesystem::rename(built->result, to);
    Must(RemoveBuild(work));
  }

  items::Position Last(const files::Path& path) {
    return Must(Must(items::OpenSqliteStore(path, {.read_only = true}))->LastChange(op_));
  }

  Result<CarryOutcome> Carried(const files::Path& source, items::Position after,
                               const files::Path& target, const std::vector<Leg>& path,
                               Dialect dialect = Dialect::kCorrected) {
    const auto from = Must(items::OpenSqliteStore(source));
    const auto to = Must(items::OpenSqliteStore(target));
    const files::Path work = home_.path() / "carry";
    Must(files::MakeFolders(work));
    const auto settings = SettingsOf(dialect);
    return Carry(op_,
                 {.path = path,
                  .settings = settings,
                  .source = *from,
                  .changes = [&](OpContext& op, items::Position at,
                                 std::size_t limit) { return from->ReadChanges(op, at, limit); },
                  .after = after,
                  .to = Must(from->LastChange(op_)),
                  .target = *to,
                  .work = work});
  }

  TableSet SetOf(const files::Path& path, bool system) {
    TableSet set;
    const auto store = Must(items::OpenSqliteStore(path, {.read_only = true}));
    for (const auto& spec : Must(store->Tables(op_))) {
      if (spec.name == tables::kResidueTable || spec.name == tables::kFindingsTable) continue;
      if (items::IsSystemTable(spec.name) != system) continue;
      std::string after;
      do {
        auto page = Must(store->Scan(op_, spec.name, {}, after, 1000));
        for (auto& item : page.items) {
          auto key = items::EncodeItem(items::KeyOf(spec, item));
          set[spec.name][std::move(key)] = std::move(item);
        }
        after = page.next;
      } while (!after.empty());
    }
    return set;
  }
  void ExpectSame(const files::Path& expected, const files::Path& actual, std::string_view what) {
    EXPECT_EQ("", Differences(SetOf(expected, false), SetOf(actual, false))) << what;
  }

  void WriteTo(World& world, const files::Path& path, std::size_t writes, int deletes = 25) {
    const auto store = Must(items::OpenSqliteStore(path));
    for (std::size_t i = 0; i < writes; ++i) world.Write(*store, deletes);
  }

  files::TempFolder home_;
  OpContext op_;
};

struct Way {
  tables::DataVersion from, to;  // from is the older one
};

class EveryStepTest : public CarryTest, public ::testing::WithParamInterface<Way> {
 protected:
  files::Path At(std::string_view name) const { return home_.path() / name; }
  void GoBack(std::initializer_list<std::uint64_t> seeds);
  void GoUp(std::initializer_list<std::uint64_t> seeds);
};

void EveryStepTest::GoBack(std::initializer_list<std::uint64_t> seeds) {
  const auto [from, to] = GetParam();
  const auto up = Must(PathBetween(from, to)), down = Inverse(up);
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const files::Path folder = At(std::to_string(seed));
    Must(files::MakeFolders(folder));
    World world(seed, from);
    world.Make(folder / "old.db", 220);
    Whole(folder / "old.db", up, folder / "new.db");
    if (HasFatalFailure()) return;
    const auto position = Last(folder / "new.db");
    world.set_version(to);
    WriteTo(world, folder / "new.db", 4 * seed);
    Whole(folder / "new.db", down, folder / "oracle.db");
    if (HasFatalFailure()) return;
    Must(items::CloneSqliteStore(op_, folder / "old.db", folder / "carried.db"));

    const auto outcome = Carried(folder / "new.db", position, folder / "carried.db", down);

    ASSERT_TRUE(outcome.ok()) << outcome.error().message;
    ASSERT_EQ(outcome->whole, "");
    ExpectSame(folder / "oracle.db", folder / "carried.db", "down");
    EXPECT_EQ("", Differences(SetOf(folder / "new.db", true), SetOf(folder / "carried.db", true)));
    Whole(folder / "oracle.db", up, folder / "oracle-again.db");
    Whole(folder / "carried.db", up, folder / "again.db");
    if (HasFatalFailure()) return;
    ExpectSame(folder / "oracle-again.db", folder / "again.db", "and up again");
  }
}

void EveryStepTest::GoUp(std::initializer_list<std::uint64_t> seeds) {
  const auto [from, to] = GetParam();
  const auto up = Must(PathBetween(from, to)), down = Inverse(up);
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const files::Path folder = At(std::to_string(seed));
    Must(files::MakeFolders(folder));
    World world(seed, from);
    world.Make(folder / "start.db", 220);
    Whole(folder / "start.db", up, folder / "new.db");
    Whole(folder / "new.db", down, folder / "old.db");
    if (HasFatalFailure()) return;
    const auto position = Last(folder / "old.db");
    WriteTo(world, folder / "old.db", 3 * (seed - 10));
    Whole(folder / "old.db", up, folder / "oracle.db");
    if (HasFatalFailure()) return;

    const auto outcome = Carried(folder / "old.db", position, folder / "new.db", up);

    ASSERT_TRUE(outcome.ok()) << outcome.error().message;
    ASSERT_EQ(outcome->whole, "");
    ExpectSame(folder / "oracle.db", folder / "new.db", "up");
  }
}

TEST_P(EveryStepTest, GoingBackWithWritesEqualsTheWholeTransformation) { GoBack({3}); }
TEST_P(EveryStepTest, GoingUpWithWritesEqualsTheWholeTransformation) { GoUp({12}); }

// Many seeds.
class EveryStepSlowTest : public EveryStepTest {};
TEST_P(EveryStepSlowTest, GoingBackWithWritesEqualsTheWholeTransformation) {
  GoBack({1, 2, 4, 5, 6, 7, 8, 9});
}
TEST_P(EveryStepSlowTest, GoingUpWithWritesEqualsTheWholeTransformation) {
  GoUp({11, 13, 14, 15, 16, 17});
}

const auto kWays = ::testing::Values(Way{{2, 1}, {2, 2}}, Way{{2, 2}, {2, 3}}, Way{{2, 3}, {2, 4}},
                                     Way{{2, 4}, {2, 5}}, Way{{2, 3}, {2, 5}}, Way{{2, 1}, {2, 5}});
std::string NameOfWay(const ::testing::TestParamInfo<Way>& way) {
  return fmt::format("{}{}To{}{}", way.param.from.major, way.param.from.minor, way.param.to.major,
                     way.param.to.minor);
}
INSTANTIATE_TEST_SUITE_P(Steps, EveryStepTest, kWays, NameOfWay);
INSTANTIATE_TEST_SUITE_P(Steps, EveryStepSlowTest, kWays, NameOfWay);

TEST_F(CarryTest, WithoutStepsTheChangesAreReplayed) {
  World world(21, {2, 5});
  world.Make(home_.path() / "old.db", 150);
  Must(items::CloneSqliteStore(op_, home_.path() / "old.db", home_.path() / "new.db"));
  const auto position = Last(home_.path() / "new.db");
  WriteTo(world, home_.path() / "new.db", 60);

  const auto outcome = Carried(home_.path() / "new.db", position, home_.path() / "old.db", {});

  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->whole, "");
  EXPECT_EQ(outcome->subjects, 0U);
  ExpectSame(home_.path() / "new.db", home_.path() / "old.db", "replayed");
}

TEST_F(CarryTest, CountsAndDigestsSayWhatBecameOfEveryTable) {
  World world(22, {2, 4});
  const files::Path old = home_.path() / "old.db", now = home_.path() / "new.db";
  world.Make(old, 200);
  const auto up = Must(PathBetween({2, 4}, {2, 5}));
  Whole(old, up, now);
  const auto position = Last(now);
  world.set_version({2, 5});
  WriteTo(world, now, 40);
  const auto before =
      Must(DigestsOf(op_, *Must(items::OpenSqliteStore(old, {.read_only = true})), 2));

  const auto outcome = Carried(now, position, old, Inverse(up));

  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  auto expected = before;
  std::uint64_t rows = 0;
  for (const auto& [table, counts] : outcome->tables) {
    Digest& digest = expected[table];
    digest.count += counts.come.count - counts.gone.count;
    digest.sum += counts.come.sum - counts.gone.sum;
    EXPECT_EQ(counts.gone.count, counts.changed + counts.removed);
    EXPECT_EQ(counts.come.count, counts.changed + counts.added);
    rows += counts.rows();
  }
  EXPECT_EQ(rows, outcome->rows());
  EXPECT_GE(outcome->verified, outcome->rows());
  const auto after =
      Must(DigestsOf(op_, *Must(items::OpenSqliteStore(old, {.read_only = true})), 2));
  for (const auto& [table, digest] : after)
    EXPECT_EQ(expected[table], digest) << table << ": as the outcome says";
}

TEST_F(CarryTest, CarryingTwiceIsCarryingOnce) {
  World world(23, {2, 3});
  const files::Path old = home_.path() / "old.db", now = home_.path() / "new.db";
  world.Make(old, 200);
  const auto up = Must(PathBetween({2, 3}, {2, 5}));
  Whole(old, up, now);
  const auto position = Last(now);
  world.set_version({2, 5});
  WriteTo(world, now, 20);
  (void)Must(Carried(now, position, old, Inverse(up)));
  const auto once = SetOf(old, false);

  const auto again = Carried(now, position, old, Inverse(up));

  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->rows(), 0U);
  EXPECT_EQ("", Differences(once, SetOf(old, false)));
}

TEST_F(CarryTest, SaysWhatItCannotCarryAndWritesNothing) {
  World world(24, {2, 3});
  const files::Path old = home_.path() / "old.db", now = home_.path() / "new.db";
  world.Make(old, 100);
  const auto up = Must(PathBetween({2, 3}, {2, 4}));
  Whole(old, up, now);
  const auto position = Last(now);
  {
    const auto store = Must(items::OpenSqliteStore(now));
    const auto write = items::Write::Put("S3AssetBucketsStorageTable",
                                         {{"bucketId", S("b9")},
                                          {"bucketName:baseAssetsPrefix", S("new:deep/")},
                                          {"bucketName", S("new")},
                                          {"baseAssetsPrefix", S("deep/")}});
    (void)Must(store->Commit(op_, std::span(&write, 1)));
  }
  const auto before = Last(old);

  const auto of_bucket = Carried(now, position, old, Inverse(up));
  const auto of_dialect = Carried(now, position, old, Inverse(up), Dialect::kReference);

  ASSERT_TRUE(of_bucket.ok());
  EXPECT_NE(of_bucket->whole.find("bucket"), std::string::npos) << of_bucket->whole;
  ASSERT_TRUE(of_dialect.ok());
  EXPECT_NE(of_dialect->whole.find("reference"), std::string::npos) << of_dialect->whole;
  EXPECT_EQ(Last(old), before);
}

}  // namespace

}  // namespace vams::migrate::test
