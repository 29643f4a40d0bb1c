#include "lifecycle/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <boost/json.hpp>

#include "lifecycle/support_test.h"

namespace vams::lifecycle {
namespace {

using test::Differences;
using test::MakeTemp;
using test::Must;
using test::Put;
using test::Slurp;
using test::TreeOf;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StackTest : public ::testing::Test {
 protected:
  Error GetError(std::string_view name) {
    const auto stack = registry_.Get(name);
    EXPECT_FALSE(stack.ok());
    return stack.ok() ? Error() : stack.error();
  }
  void ExpectCorrupt(const Error& error, const std::string& file) {
    EXPECT_EQ(error.code, Code::kCorrupt) << error.message;
    EXPECT_THAT(error.message, AllOf(HasSubstr(file), HasSubstr("restore it from a backup")));
  }
  files::Path Stacks() const { return registry_.home() / "stacks"; }

  files::TempFolder temp_ = MakeTemp();
  test::FixedClock clock_;
  StackRegistry registry_{temp_.path() / "home", clock_};
};

TEST_F(StackTest, CreatesAnEmptyStackOfTheNewestVersion) {
  const Stack made = Must(registry_.Create("plant", std::nullopt));
  const Stack read = Must(registry_.Get("plant"));

  EXPECT_EQ(made.folder, read.folder);
  EXPECT_EQ(read.name, "plant");
  EXPECT_EQ(read.created_at, "2025-03-01T10:00:00.123Z");
  EXPECT_EQ(read.current.number, 1U);
  EXPECT_EQ(read.current.data_version, tables::kNewest);
  EXPECT_EQ(read.current.created_at, read.created_at);
  EXPECT_EQ(boost::json::serialize(read.current.origin), R"({"kind":"create"})");
  EXPECT_EQ(std::filesystem::read_symlink(read.folder / "current").string(), "generations/0001");
  EXPECT_FALSE(std::filesystem::exists(read.config()));
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(read.current.items(), {.read_only = true}));
  EXPECT_EQ(Must(store->Tables(op)).size(), TablesOfGeneration(tables::kNewest).size());
}

TEST_F(StackTest, KeepsTheConfigurationAsItWasGiven) {
  const std::string text = "{\n  \"app\": {} }\n";

  const Stack stack = Must(registry_.Create("plant", text));

  EXPECT_EQ(Slurp(stack.config()), text);
}

TEST_F(StackTest, ListsStacksByName) {
  EXPECT_TRUE(Must(registry_.List()).empty()) << "of a home that is not there yet";
  for (const char* name : {"yard", "Plant", "museum"}) Must(registry_.Create(name, std::nullopt));
  Put(Stacks() / "a file", "");
  std::filesystem::create_directories(Stacks() / "no-stack");

  const auto stacks = Must(registry_.List());

  ASSERT_EQ(stacks.size(), 3U);
  EXPECT_EQ(stacks[0].name, "Plant");
  EXPECT_EQ(stacks[1].name, "museum");
  EXPECT_EQ(stacks[2].name, "yard");
}

TEST_F(StackTest, TakesNamesByTheRuleOnly) {
  for (const std::string& good : {std::string("a"), std::string("A-1-"), std::string(63, 'x')})
    EXPECT_TRUE(CheckStackName(good).ok()) << good;
  for (const std::string& bad :
       {std::string(), std::string(64, 'x'), std::string("1a"), std::string("-a"),
        std::string("a.b"), std::string("a/b"), std::string(".."), std::string("a b"),
        std::string("a_b"), std::string("Köln"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(CheckStackName(bad).ok()) << bad;
    EXPECT_EQ(GetError(bad).code, Code::kInvalid) << bad;
    EXPECT_FALSE(registry_.Create(bad, std::nullopt).ok()) << bad;
  }
  EXPECT_FALSE(std::filesystem::exists(registry_.home())) << "a refused name left something";
}

TEST_F(StackTest, RefusesToCreateWhatExists) {
  Must(registry_.Create("plant", std::nullopt));
  const auto before = TreeOf(registry_.home());

  const auto again = registry_.Create("plant", "{}");

  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("plant"));
  EXPECT_THAT(Differences(before, TreeOf(registry_.home())), IsEmpty());
}

TEST_F(StackTest, SaysWhichStacksThereAreWhenOneIsMissing) {
  EXPECT_THAT(GetError("plant").message, HasSubstr("vams stack create plant"));
  Must(registry_.Create("yard", std::nullopt));
  EXPECT_THAT(GetError("plant").message, HasSubstr("there is yard"));
  Must(registry_.Create("museum", std::nullopt));

  const Error error = GetError("plant");

  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("there are museum, yard"));
}

// Reading all stacks to name them would make one damaged stack the answer to every wrong name.
TEST_F(StackTest, NamesADamagedStackToo) {
  const Stack stack = Must(registry_.Create("yard", std::nullopt));
  Put(stack.folder / "stack.json", "{");

  const Error error = GetError("plant");

  EXPECT_EQ(error.code, Code::kNotFound) << error.message;
  EXPECT_THAT(error.message, HasSubstr("there is yard"));
}

// ---- Damage
// ----------------------------------------------------------------------------------------

TEST_F(StackTest, NamesTheDamagedFile) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  const auto stack_json = stack.folder / "stack.json";
  const auto generation_json = stack.current.folder / "generation.json";
  const struct {
    files::Path file;
    const char* content;
  } cases[] = {
      {stack_json, ""},
      {stack_json, "{\"format\": 1"},
      {stack_json, "[]"},
      {stack_json, "{}"},
      {stack_json, R"({"format": "1", "name": "plant"})"},
      {stack_json, R"({"format": 1})"},
      {stack_json, R"({"format": 1, "name": "yard"})"},
      {generation_json, "\x01"},
      {generation_json, R"({"number": 1, "dataVersion": "2.5"})"},
      {generation_json, R"({"format": 1, "dataVersion": "2.5"})"},
      {generation_json, R"({"format": 1, "number": -1, "dataVersion": "2.5"})"},
      {generation_json, R"({"format": 1, "number": 1})"},
      {generation_json, R"({"format": 1, "number": 1, "dataVersion": "two"})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.content);
    const std::string good = Slurp(c.file);
    Put(c.file, c.content);
    ExpectCorrupt(GetError("plant"), c.file.string());
    EXPECT_FALSE(registry_.List().ok())
        << "a list that leaves a stack out looks as if it were gone";
    Put(c.file, good);
  }
  EXPECT_TRUE(registry_.Get("plant").ok());
}

TEST_F(StackTest, NamesWhatIsMissing) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));

  std::filesystem::rename(stack.folder / "current", stack.folder / "away");
  ExpectCorrupt(GetError("plant"), "current");
  Put(stack.folder / "current", "generations/0001");
  ExpectCorrupt(GetError("plant"), "current");
  std::filesystem::remove(stack.folder / "current");
  std::filesystem::create_symlink("generations/0007", stack.folder / "current");
  ExpectCorrupt(GetError("plant"), "0007/generation.json");
}

TEST_F(StackTest, RefusesAFormatOfANewerRelease) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  for (const auto& file : {stack.folder / "stack.json", stack.current.folder / "generation.json"}) {
    const std::string good = Slurp(file);
    Put(file, R"({"format": 2, "name": "plant", "number": 1, "dataVersion": "2.5"})");
    const Error error = GetError("plant");
    EXPECT_EQ(error.code, Code::kNotSupported);
    EXPECT_THAT(error.message,
                AllOf(HasSubstr(file.string()), HasSubstr("format 2"), HasSubstr("newer release")));
    Put(file, good);
  }
}

TEST_F(StackTest, PassesOverMembersItDoesNotKnow) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  Put(stack.folder / "stack.json",
      R"({"format": 1, "name": "plant", "createdAt": "then", "colour": {"a": []}})");

  EXPECT_EQ(Must(registry_.Get("plant")).created_at, "then");
}

// ---- Building
// --------------------------------------------------------------------------------------

void MakeStore(const GenerationBuilder& builder) {
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(builder.items()));
  Must(store->CreateTables(op, TablesOfGeneration(tables::kNewest)));
}

TEST_F(StackTest, LetsOnlyOneBuildAStackOfAName) {
  auto first = Must(GenerationBuilder::ForNewStack(registry_, "plant", std::nullopt));

  const auto second = GenerationBuilder::ForNewStack(registry_, "plant", std::nullopt);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message,
              AllOf(HasSubstr("\"plant\" is being created"), HasSubstr("process")));
  EXPECT_TRUE(GenerationBuilder::ForNewStack(registry_, "yard", std::nullopt).ok());
  EXPECT_FALSE(registry_.Exists("plant"));
  MakeStore(first);
  EXPECT_TRUE(first.Publish(tables::kNewest, {}, {}).ok());
}

TEST_F(StackTest, LeavesNothingOfAStackThatIsNotPublished) {
  Must(registry_.Create("yard", std::nullopt));
  const auto before = TreeOf(registry_.home());
  {
    const auto builder = Must(GenerationBuilder::ForNewStack(registry_, "plant", "{}"));
    MakeStore(builder);
  }
  EXPECT_THAT(Differences(before, TreeOf(registry_.home())), IsEmpty());
  EXPECT_TRUE(registry_.Create("plant", std::nullopt).ok());
}

TEST_F(StackTest, RemovesWhatACrashLeft) {
  Put(Stacks() / ".new-plant.Ab12Cd" / "generations" / "0001" / "items.db", "half");
  Put(Stacks() / ".new-plant-2.Ab12Cd" / "stack.json",
      "of another stack, perhaps being built right now");

  Must(registry_.Create("plant", std::nullopt));

  EXPECT_FALSE(std::filesystem::exists(Stacks() / ".new-plant.Ab12Cd"));
  EXPECT_TRUE(std::filesystem::exists(Stacks() / ".new-plant-2.Ab12Cd"));
  ASSERT_EQ(Must(registry_.List()).size(), 1U) << "half-built stacks are no stacks";
}

TEST_F(StackTest, RemovesAGenerationThatACrashLeft) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  Put(stack.folder / "generations" / ".new.Ab12Cd" / "items.db", "half");

  const auto builder = Must(GenerationBuilder::ForStack(registry_, stack));

  EXPECT_FALSE(std::filesystem::exists(stack.folder / "generations" / ".new.Ab12Cd"));
}

// The link is replaced in one rename, so the old generation serves up to the last moment and is
// never written.
TEST_F(StackTest, PublishesANewGenerationBesideTheOldOne) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  const auto before = TreeOf(stack.current.folder);
  clock_.now += 1000;

  auto builder = Must(GenerationBuilder::ForStack(registry_, stack));
  MakeStore(builder);
  EXPECT_EQ(Must(registry_.Get("plant")).current.number, 1U);
  const Stack next = Must(builder.Publish({2, 4}, {{"kind", "test"}}, {{"T", 3}}));

  EXPECT_EQ(next.current.number, 2U);
  EXPECT_EQ(next.current.data_version, (tables::DataVersion{2, 4}));
  EXPECT_EQ(next.current.created_at, "2025-03-01T10:00:01.123Z");
  EXPECT_EQ(boost::json::serialize(next.current.tables), R"({"T":3})");
  EXPECT_EQ(next.created_at, stack.created_at);
  EXPECT_EQ(next.blobs(), stack.blobs());
  EXPECT_EQ(std::filesystem::read_symlink(stack.folder / "current").string(), "generations/0002");
  EXPECT_THAT(Differences(before, TreeOf(stack.current.folder)), IsEmpty());
}

// A crash between the two renames of Publish leaves a whole generation that is not the current one.
TEST_F(StackTest, NeverUsesANumberTwice) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  std::filesystem::create_directories(stack.folder / "generations" / "0041");

  auto builder = Must(GenerationBuilder::ForStack(registry_, stack));
  MakeStore(builder);

  EXPECT_EQ(Must(builder.Publish(tables::kNewest, {}, {})).current.number, 42U);
}

// ---- Lock and history
// ------------------------------------------------------------------------------

TEST_F(StackTest, SaysWhoHoldsTheLock) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));
  {
    const auto held = Must(LockStack(stack, "vams serve", clock_));

    const auto second = LockStack(stack, "vams import", clock_);

    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kConflict);
    EXPECT_THAT(second.error().message,
                AllOf(HasSubstr("\"plant\" is in use by \"vams serve\""),
                      HasSubstr(fmt::format("process {}", ::getpid())),
                      HasSubstr("2025-03-01T10:00:00.123Z"), HasSubstr("stop that first")));
  }
  EXPECT_TRUE(LockStack(stack, "vams import", clock_).ok()) << "the lock outlived its holder";
}

TEST_F(StackTest, AppendsLinesToTheHistory) {
  const Stack stack = Must(registry_.Create("plant", std::nullopt));

  Must(AppendHistory(stack, {{"operation", "import"}, {"result", "done"}}, clock_));
  clock_.now += 2000;
  Must(AppendHistory(stack, {{"operation", "note"}, {"text", "two\nlines"}}, clock_));

  std::ifstream in(stack.folder / "history.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  EXPECT_THAT(
      lines,
      ElementsAre(R"({"at":"2025-03-01T10:00:00.123Z","operation":"import","result":"done"})",
                  R"({"at":"2025-03-01T10:00:02.123Z","operation":"note","text":"two\nlines"})"));
}

}  // namespace
}  // namespace vams::lifecycle
