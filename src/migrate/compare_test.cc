#include "migrate/compare.h"

#include <gtest/gtest.h>

#include "items/codec.h"
#include "items/memory/memory_store.h"
#include "migrate/digest.h"

namespace vams::migrate {

namespace {

using items::Item;
using items::Value;

constexpr std::string_view kTable = "parts";

std::unique_ptr<items::MemoryStore> StoreWith(const std::vector<Item>& rows) {
  OpContext op;
  auto store = items::MemoryStore::Create();
  const items::TableSpec spec{.name = std::string(kTable),
                              .partition = {"p", items::Kind::kS},
                              .sort = {"s", items::Kind::kS}};
  EXPECT_TRUE(store->CreateTables(op, std::span(&spec, 1)).ok());
  for (const auto& row : rows) {
    const auto write = items::Write::Put(std::string(kTable), row);
    EXPECT_TRUE(store->Commit(op, std::span(&write, 1)).ok());
  }
  return store;
}

Item Row(std::string p, std::string s, std::int64_t n) {
  return Item{{"n", Value::N(n)}, {"p", Value::S(std::move(p))}, {"s", Value::S(std::move(s))}};
}

// "-a/1" gone, "+a/2" new, "*a/3" changed.
std::string Compared(items::ItemSource& before, items::ItemSource& after) {
  OpContext op;
  std::string text;
  const auto compared =
      ForEachDifference(op, before, after, kTable, [&](const Difference& difference) {
        const bool gone = difference.after.empty();
        const auto item = items::DecodeItem(gone ? difference.before : difference.after);
        text += gone ? "-" : difference.before.empty() ? "+" : "*";
        text += std::string(item->Text("p")) + "/" + std::string(item->Text("s")) + " ";
        return Ok();
      });
  EXPECT_TRUE(compared.ok());
  return text;
}

TEST(ForEachDifference, FindsWhatIsGoneNewAndChanged) {
  const auto before = StoreWith({Row("a", "1", 1), Row("a", "3", 1), Row("b", "1", 1)});
  const auto after =
      StoreWith({Row("a", "2", 1), Row("a", "3", 2), Row("b", "1", 1), Row("c", "1", 1)});
  EXPECT_EQ(Compared(*before, *after), "-a/1 +a/2 *a/3 +c/1 ");
  EXPECT_EQ(Compared(*before, *before), "");
}

TEST(ForEachDifference, ComparesPartitionBeforeSortKey) {
  // As one text "a" + "z" would come behind "ab" + "a".
  const auto before = StoreWith({Row("a", "z", 1), Row("ab", "a", 1)});
  const auto after = StoreWith({Row("ab", "a", 1)});
  EXPECT_EQ(Compared(*before, *after), "-a/z ");
}

TEST(ForEachDifference, TakesAnAbsentTableForAnEmptyOne) {
  const auto none = items::MemoryStore::Create();
  const auto some = StoreWith({Row("a", "1", 1)});
  EXPECT_EQ(Compared(*none, *some), "+a/1 ");
  EXPECT_EQ(Compared(*some, *none), "-a/1 ");
}

TEST(ForEachDifference, ManyPagesOnOneSideOnly) {
  std::vector<Item> rows;
  for (int i = 0; i < 1300; ++i) rows.push_back(Row("a", std::to_string(10'000 + i), i));
  const auto many = StoreWith(rows);
  rows.erase(rows.begin() + 1, rows.begin() + 1299);
  const auto two = StoreWith(rows);
  const std::string text = Compared(*many, *two);
  EXPECT_EQ(std::count(text.begin(), text.end(), '-'), 1298);
  EXPECT_EQ(std::count(text.begin(), text.end(), '*'), 0);
}

TEST(Digest, DoesNotDependOnOrderAndCountsEveryItem) {
  const std::string a = items::EncodeItem(Row("a", "1", 1)),
                    b = items::EncodeItem(Row("b", "1", 1));
  DigestBuilder builder;
  Digest ab, ba, aab;
  builder.Add(ab, a), builder.Add(ab, b);
  builder.Add(ba, b), builder.Add(ba, a);
  builder.Add(aab, a), builder.Add(aab, a), builder.Add(aab, b);
  EXPECT_EQ(ab, ba);
  EXPECT_FALSE(ab == aab);
  EXPECT_EQ(ToHex(ab).size(), 32U);
  EXPECT_EQ(DigestFrom(ab.count, ToHex(ab)).value(), ab);
  EXPECT_FALSE(DigestFrom(1, "12").ok());
}

}  // namespace

}  // namespace vams::migrate
