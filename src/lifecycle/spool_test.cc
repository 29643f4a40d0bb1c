#include "lifecycle/spool.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "lifecycle/support_test.h"

namespace vams::lifecycle {
namespace {

using test::MakeTemp;
using test::Must;

std::vector<std::string> ReadBack(Spool& spool) {
  std::vector<std::string> items;
  Must(spool.ForEach([&](std::string_view item) {
    items.emplace_back(item);
    return Ok();
  }));
  return items;
}

TEST(Spool, OfNothingIsEmptyAndMakesNoFile) {
  const auto temp = MakeTemp();
  Spool spool(temp.path() / "no such folder");

  EXPECT_TRUE(spool.Settle().ok());

  EXPECT_EQ(spool.items(), 0U);
  EXPECT_TRUE(ReadBack(spool).empty());
}

// Few items stay in memory: the folder need not even exist.
TEST(Spool, GivesFewItemsBackInOrder) {
  const auto temp = MakeTemp();
  Spool spool(temp.path() / "no such folder");
  const std::vector<std::string> items{"b", "", std::string("nul\0nul", 7), "a"};

  for (const auto& item : items) ASSERT_TRUE(spool.Add(item).ok());

  EXPECT_EQ(spool.items(), 4U);
  EXPECT_EQ(ReadBack(spool), items);
  EXPECT_EQ(ReadBack(spool), items) << "read a second time";
}

// Sizes are around that of the buffer, so that records lie across the borders of what is read at
// once; the largest is longer than several of them.  Settling in between must not change what comes
// out.
TEST(Spool, GivesManyItemsBackInOrder) {
  const auto temp = MakeTemp();
  const std::uint64_t seed = 20250301;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::string> items;
  for (int i = 0; i < 300; ++i)
    items.emplace_back(random() % 40'000, static_cast<char>('a' + i % 26));
  items.insert(items.begin() + 100, std::string(5 << 20, 'L'));
  items.insert(items.begin() + 200, std::string((1 << 20) - 4, 'B'));
  Spool spool(temp.path());

  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_TRUE(spool.Add(items[i]).ok());
    if (i == 150) Must(spool.Settle());
  }
  ASSERT_TRUE(spool.Settle().ok());

  EXPECT_EQ(spool.items(), items.size());
  EXPECT_TRUE(ReadBack(spool) == items);
  EXPECT_TRUE(std::filesystem::is_empty(temp.path()))
      << "the file has a name, so a crash would leave it";
}

TEST(Spool, KeepsItsItemsWhenMoved) {
  const auto temp = MakeTemp();
  Spool spool(temp.path());
  const std::vector<std::string> items{std::string(2 << 20, 'x'), "y"};
  for (const auto& item : items) ASSERT_TRUE(spool.Add(item).ok());

  Spool moved(std::move(spool));

  EXPECT_TRUE(ReadBack(moved) == items);
}

TEST(Spool, StopsAtTheVisitorsError) {
  const auto temp = MakeTemp();
  Spool spool(temp.path());
  for (const char* item : {"1", "2", "3"}) ASSERT_TRUE(spool.Add(item).ok());
  int seen = 0;

  const auto status = spool.ForEach([&](std::string_view item) -> Status {
    ++seen;
    if (item == "2") return Error(Code::kTooLarge, "enough");
    return Ok();
  });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kTooLarge);
  EXPECT_EQ(seen, 2);
}

TEST(Spool, NamesTheFolderThatCannotBeWritten) {
  const auto temp = MakeTemp();
  Spool spool(temp.path() / "absent");

  const auto status = spool.Add(std::string(2 << 20, 'x'));

  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("absent"), std::string::npos) << status.error().message;
}

}  // namespace
}  // namespace vams::lifecycle
