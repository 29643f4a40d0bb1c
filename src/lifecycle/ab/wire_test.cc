// What one side writes the other reads, and nothing else.
#include "lifecycle/ab/wire.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "items/codec.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab {
namespace {

namespace json = boost::json;
using items::Item;
using items::Value;

const Item kKey{{"tagName", Value::S("pump")}};
const Item kItem{
    {"n", Value::N(3)}, {"raw", Value::B(std::string("\0\xff", 2))}, {"tagName", Value::S("pump")}};

// As it comes over the wire.
json::value Sent(const json::object& object) { return json::parse(json::serialize(object)); }

TEST(AbWire, CarriesEveryAnswer) {
  SourceLook look{.stack = "a",
                  .generation = 3,
                  .data_version = tables::kNewest,
                  .last_change = 77,
                  .now_millis = 1'740'823'200'123,
                  .state = State{}};
  look.state->deployment = "d";
  const auto looked = *LookFrom(Sent(LookJson(look)));
  EXPECT_EQ(looked.last_change, 77U);
  EXPECT_EQ(looked.now_millis, look.now_millis);
  EXPECT_EQ(looked.state->deployment, "d");

  const std::vector<items::TableSpec> specs(tables::SystemTables().begin(),
                                            tables::SystemTables().end());
  EXPECT_EQ(*TablesFrom(Sent(TablesJson(specs))), specs);

  const auto page = *RowsFrom(Sent(RowsJson({items::EncodeItem(kItem)}, std::string("\0c", 2))));
  EXPECT_EQ(*items::DecodeItem(page.encoded.front()), kItem);
  EXPECT_EQ(page.next, std::string("\0c", 2));

  const auto keys = *KeysFrom(Sent(KeysJson("TagStorageTable", std::span(&kKey, 1))));
  EXPECT_EQ(keys.table, "TagStorageTable");
  EXPECT_EQ(keys.keys.front(), kKey);
  const std::vector<std::optional<Item>> found = {kItem, std::nullopt};
  EXPECT_EQ(*ItemsFrom(Sent(ItemsJson(found))), found);

  items::ChangePage changes{.changes = {}, .next = 9};
  changes.changes.push_back({.position = 8,
                             .at_millis = 5,
                             .table = "T",
                             .key = kKey,
                             .op = items::Change::Op::kPut,
                             .before = kItem,
                             .after = kItem});
  changes.changes.push_back({.position = 9,
                             .at_millis = 6,
                             .table = "T",
                             .key = kKey,
                             .op = items::Change::Op::kDelete,
                             .has_images = false});
  const auto read = *ChangesFrom(Sent(ChangesJson(changes)));
  EXPECT_EQ(read.next, 9U);
  EXPECT_EQ(read.changes[0].after, kItem);
  EXPECT_EQ(read.changes[1].op, items::Change::Op::kDelete);
  EXPECT_FALSE(read.changes[1].has_images);

  Inventory inventory{.position = 4, .tables = {{.table = "T", .digest = {}, .samples = {"x"}}}};
  inventory.tables[0].digest = {.count = 2, .sum = (static_cast<unsigned __int128>(1) << 100) + 5};
  const auto taken = *InventoryFrom(Sent(InventoryJson(inventory)));
  EXPECT_EQ(taken.tables[0].digest, inventory.tables[0].digest);
  EXPECT_EQ(taken.tables[0].samples, inventory.tables[0].samples);

  const auto joining = *JoiningFrom(Sent(JoiningJson({"d", "b", "https://b", "secret"})));
  EXPECT_EQ(joining.key, "secret");
  EXPECT_EQ((*JoinedFrom(Sent(JoinedJson({.epoch = 3, .data_name = "a", .issuer = "i"})))).epoch,
            3U);
  EXPECT_EQ(*PositionFrom(Sent(PositionJson(5))), 5U);
}

TEST(AbWire, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"null", "[]", "{}", R"({"lastChange":-1})", R"({"lastChange":"5"})"})
    EXPECT_EQ(PositionFrom(json::parse(text)).error().code, Code::kUnavailable) << text;
  EXPECT_FALSE(RowsFrom(json::parse(R"({"rows":["*"],"next":""})")).ok());
  EXPECT_FALSE(ItemsFrom(json::parse(R"({"items":["AAAA"]})")).ok());
  EXPECT_FALSE(ChangesFrom(json::parse(R"({"changes":[{}],"next":1})")).ok());
}

TEST(AbWire, AStandbysAnswerIsToldFromAnyOther) {
  Stack stack;
  stack.current.number = 2;
  stack.current.data_version = tables::kNewest;
  State state;
  state.role = Role::kStandby;
  state.deployment = "d";
  state.epoch = 4;

  const auto look = StandbyLookFrom(Sent(StandbyLookJson(stack, state)));

  ASSERT_TRUE(look.has_value());
  EXPECT_EQ(look->state->epoch, 4U);
  EXPECT_EQ(look->generation, 2U);
  EXPECT_FALSE(StandbyLookFrom(json::parse(R"({"message":"busy"})")).has_value());
}

}  // namespace
}  // namespace vams::lifecycle::ab
