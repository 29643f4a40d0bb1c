// A standby ends with exactly what its source holds, whatever is written meanwhile, wherever the
// follower stops, and whichever call fails.
#include "lifecycle/ab/follower.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lifecycle/ab/support_test.h"
#include "lifecycle/ab/tables.h"

namespace vams::lifecycle::ab {
namespace {

using test::Item;
using test::MakeTemp;
using test::Must;
using test::Side;
using test::Value;
using test::Write;
using namespace std::chrono_literals;

// Fails one call, counted over all of them, as a network would; everything else goes through.
class FaultySource final : public Source {
 public:
  FaultySource(Source& inner, std::int64_t fail_at) : inner_(inner), left_(fail_at) {}
  bool fired() const { return left_ < 0; }

  std::string Where() const override { return inner_.Where(); }
  Result<SourceLook> Look(OpContext& op) override {
    TRY_OK(Count());
    return inner_.Look(op);
  }
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override {
    TRY_OK(Count());
    return inner_.Tables(op);
  }
  Result<std::string> Rows(OpContext& op, std::string_view table, std::string_view after,
                           std::size_t limit,
                           const items::ItemSource::EncodedVisitor& visit) override {
    TRY_OK(Count());
    return inner_.Rows(op, table, after, limit, visit);
  }
  Result<std::vector<std::optional<Item>>> Now(OpContext& op, std::string_view table,
                                               std::span<const Item> keys) override {
    TRY_OK(Count());
    return inner_.Now(op, table, keys);
  }
  Result<items::ChangePage> Changes(OpContext& op, items::Position after, std::size_t limit,
                                    std::chrono::milliseconds wait) override {
    TRY_OK(Count());
    return inner_.Changes(op, after, std::min<std::size_t>(limit, 7), wait);
  }
  Result<bool> Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                       objects::BlobBatch& batch) override {
    TRY_OK(Count());
    return inner_.Content(op, sha256, to, batch);
  }
  Result<std::unique_ptr<items::Snapshot>> OpenView(OpContext& op) override {
    return inner_.OpenView(op);
  }
  Status Clone(OpContext& op, const files::Path& to) override { return inner_.Clone(op, to); }
  Result<Inventory> TakeInventory(OpContext& op, std::span<const std::string> names) override {
    return inner_.TakeInventory(op, names);
  }
  Status Keep(OpContext& op, items::Position position) override {
    return inner_.Keep(op, position);
  }
  Result<items::Position> Freeze(OpContext& op) override { return inner_.Freeze(op); }
  Status Thaw(OpContext& op) override { return inner_.Thaw(op); }
  Status HandOver(OpContext& op, const State& becomes) override {
    return inner_.HandOver(op, becomes);
  }
  Status Retire(OpContext& op) override { return inner_.Retire(op); }

 private:
  Status Count() {
    if (left_-- == 0) return Error(Code::kUnavailable, "the network is away");
    return Ok();
  }
  Source& inner_;
  std::atomic<std::int64_t> left_;
};

class FollowerTest : public ::testing::Test {
 protected:
  FollowSetup MakeSetup() {
    return {.registry = registry,
            .stack = Must(registry.Get("b")),
            .state = test::StandbyOf("a", home.path()),
            .encryption = encryption,
            .clock = clock};
  }
  void SetUp() override { Must(registry.Create("b", std::nullopt)); }
  std::unique_ptr<StackSource> OpenSource() {
    return Must(StackSource::Open(registry, "a", {}, clock));
  }
  // Follows to the end, and the two sides are the same, contents read.
  void ExpectSameInTheEnd(Source& source) {
    auto follower = Must(Follower::Open(op, source, MakeSetup()));
    const auto report = Must(follower->Validate(op, {.read_contents = true}));
    EXPECT_EQ(report.at("result").as_string(), "same") << boost::json::serialize(report);
  }

  files::TempFolder home = MakeTemp();
  lifecycle::test::FixedClock clock;
  StackRegistry registry{home.path(), clock};
  objects::EncryptionChoice encryption;
  OpContext op;
  Side a{registry, "a"};
};

// Threads write while the copy and the following run; the follower is thrown away and opened again
// all the time.
TEST_F(FollowerTest, EndsWithTheSourcesStateUnderWritesAndRestarts) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200; ++i) a.WriteAtRandom(random);
  std::atomic<int> left = 4;
  std::vector<std::jthread> writers;
  for (int thread = 0; thread < 4; ++thread)
    writers.emplace_back([&, thread] {
      std::mt19937_64 own(seed + static_cast<std::uint64_t>(thread) + 1);
      for (int i = 0; i < 150; ++i) a.WriteAtRandom(own);
      --left;
    });
  const auto source = OpenSource();
  int restarts = 0;
  while (left > 0) {
    auto follower = Must(Follower::Open(op, *source, MakeSetup()));
    for (std::uint64_t steps = random() % 5; steps > 0; --steps) Must(follower->Step(op, 0ms));
    ++restarts;
  }
  writers.clear();

  ExpectSameInTheEnd(*source);

  EXPECT_GT(restarts, 0);
  // One copy, and everything else came from the log.
  EXPECT_EQ(Must(registry.Get("b")).current.number, 2U);
}

TEST_F(FollowerTest, GoesOnWhereItWasWhicheverCallFails) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 60; ++i) a.WriteAtRandom(random);
  const auto source = OpenSource();
  // The copy makes a call for every table; following makes a few for every page.
  for (const bool anew : {true, false}) {
    int faults = 0;
    bool fired = true;
    for (std::int64_t fail_at = 0; fired; fail_at += anew && fail_at >= 4 ? 12 : 1) {
      FaultySource faulty(*source, fail_at);
      for (int i = 0; i < 30; ++i) a.WriteAtRandom(random);
      {
        auto follower = Follower::Open(op, faulty, MakeSetup(), anew);
        for (bool more = follower.ok(); more;) {
          const auto step = (*follower)->Step(op, 0ms);
          more = step.ok() && *step;
        }
      }
      fired = faulty.fired();
      faults += fired ? 1 : 0;
      ExpectSameInTheEnd(*source);
    }
    EXPECT_GT(faults, 5) << anew;
  }
}

// Contents of one side come encrypted to the other; records are the same all the same.
TEST_F(FollowerTest, FollowsIntoAnEncryptedStack) {
  encryption.enabled = true;
  std::mt19937_64 random(11);
  for (int i = 0; i < 40; ++i) a.WriteObject(random);
  const auto source = OpenSource();

  ExpectSameInTheEnd(*source);

  for (int i = 0; i < 10; ++i) a.WriteObject(random);
  ExpectSameInTheEnd(*source);
}

// What the log has only the keys of is read from the source.
TEST_F(FollowerTest, ChangesWithoutImagesAreReadFromTheSource) {
  const auto source = OpenSource();
  auto follower = Must(Follower::Open(op, *source, MakeSetup()));
  const auto load =
      Must(a.store->OpenBulkLoad(op, "TagStorageTable", {.log = items::BulkLog::kKeys}));
  for (const char* name : {"one", "two"})
    Must(load->Add(op, Item{{"tagName", Value::S(name)}, {"description", Value::S("bulk")}}));
  Must(load->Finish(op));
  follower.reset();

  ExpectSameInTheEnd(*source);
}

// A difference that somebody made on the standby is found and named.
TEST_F(FollowerTest, ValidationNamesWhatDiffers) {
  std::mt19937_64 random(3);
  const Write put[] = {Write::Put(
      "TagStorageTable", Item{{"tagName", Value::S("pump")}, {"description", Value::S("right")}})};
  Must(a.store->Commit(op, put));
  a.WriteObject(random);
  const auto source = OpenSource();
  const auto follower = Must(Follower::Open(op, *source, MakeSetup()));
  const Write wrong[] = {Write::Put(
      "TagStorageTable", Item{{"tagName", Value::S("pump")}, {"description", Value::S("wrong")}})};
  Must(follower->store().Commit(op, wrong));

  const std::string report = boost::json::serialize(Must(follower->Validate(op, {})));

  EXPECT_NE(report.find(R"("result":"different")"), report.npos) << report;
  EXPECT_NE(report.find("pump"), report.npos) << report;
  EXPECT_NE(report.find(R"(differs in \"description\")"), report.npos) << report;
}

// The generation that is followed is no longer the current one: nothing of another log is applied.
TEST_F(FollowerTest, AnotherGenerationOfTheSourceIsCopiedAnew) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20; ++i) a.WriteAtRandom(random);
  auto source = OpenSource();
  auto follower = Must(Follower::Open(op, *source, MakeSetup()));
  {
    auto builder = Must(GenerationBuilder::ForStack(registry, a.stack));
    const auto store = Must(items::OpenSqliteStore(builder.items()));
    Must(store->CreateTables(op, TablesOfGeneration(tables::kNewest)));
    const Write put[] = {Write::Put("TagStorageTable", Item{{"tagName", Value::S("new")}})};
    Must(store->Commit(op, put));
    Must(builder.Publish(tables::kNewest, {}, {}));
  }

  const auto step = follower->Step(op, 0ms);
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, Code::kConflict);
  follower.reset();
  source = OpenSource();

  ExpectSameInTheEnd(*source);
  EXPECT_EQ(lifecycle::test::RowsOf(Must(registry.Get("b")).current.items()).size(), 1U);
}

// After the roles have changed, the old side goes on from the new one's log without a copy.
TEST_F(FollowerTest, FollowsBackWithoutACopy) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 30; ++i) a.WriteAtRandom(random);
  items::Position handed_over = 0;
  {
    const auto source = OpenSource();
    auto follower = Must(Follower::Open(op, *source, MakeSetup()));
    Must(follower->DrainTo(op, Must(source->Look(op)).last_change));
    handed_over = Must(follower->store().LastChange(op));
  }
  a.store.reset();
  Side b(registry, "b");
  for (int i = 0; i < 30; ++i) b.WriteAtRandom(random);
  const auto source = Must(StackSource::Open(registry, "b", {}, clock));
  State back = test::StandbyOf("b", home.path());
  back.epoch = 2;
  back.from_generation = b.stack.current.number;
  back.from_position = handed_over;

  auto follower = Must(Follower::Open(op, *source,
                                      {.registry = registry,
                                       .stack = Must(registry.Get("a")),
                                       .state = back,
                                       .encryption = {},
                                       .clock = clock}));
  const auto report = Must(follower->Validate(op, {.read_contents = true}));

  EXPECT_EQ(report.at("result").as_string(), "same") << boost::json::serialize(report);
  EXPECT_EQ(follower->stack().current.number, 1U);
}

TEST(AbTables, EverySystemTableHasARule) {
  for (const auto& spec : tables::SystemTables()) {
    const auto rules = SystemTableRules();
    EXPECT_NE(std::ranges::find(rules, spec.name, &TableRule::table), rules.end()) << spec.name;
  }
  EXPECT_FALSE(IsCarried(kTable, true));
  EXPECT_FALSE(IsCarried("sys.of-a-newer-release", true));
  EXPECT_TRUE(IsCarried("AssetStorageTable", false));
}

TEST(AbState, IsReadAsItWasWritten) {
  const auto home = MakeTemp();
  const lifecycle::test::FixedClock clock;
  const StackRegistry registry(home.path(), clock);
  const Stack stack = Must(registry.Create("a", std::nullopt));
  EXPECT_FALSE(Must(ReadState(stack)).has_value());
  EXPECT_FALSE(Must(IsStandby(stack)));
  State state = test::StandbyOf("b", home.path());
  state.addresses = {"127.0.0.1:8080"};
  state.from_generation = 3;
  state.from_position = 77;

  Must(WriteState(stack, state));

  EXPECT_EQ(boost::json::serialize(ToJson(*Must(ReadState(stack)))),
            boost::json::serialize(ToJson(state)));
  EXPECT_TRUE(Must(IsStandby(stack)));
  lifecycle::test::Put(stack.folder / "ab.json", "{\"format\":1}");
  EXPECT_EQ(IsStandby(stack).error().code, Code::kCorrupt);
  Must(RemoveState(stack));
  EXPECT_FALSE(Must(ReadState(stack)).has_value());
}

}  // namespace
}  // namespace vams::lifecycle::ab
