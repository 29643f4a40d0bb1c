#include "items/table_spec.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.h"
#include "items/codec.h"

namespace vams::items {
namespace {

constexpr std::size_t kMaxItem = 400 * 1024;

IndexSpec Index(std::string name, KeyAttribute partition, KeyAttribute sort = {}) {
  IndexSpec index;
  index.name = std::move(name);
  index.partition = std::move(partition);
  index.sort = std::move(sort);
  return index;
}

TableSpec Assets() {
  auto local = Index("byDate", {"databaseId", Kind::kS}, {"date", Kind::kN});
  local.local = true;
  local.projection = IndexSpec::Projection::kInclude;
  local.included = {"title", "size"};
  auto keys = Index("byHash", {"hash", Kind::kB});
  keys.projection = IndexSpec::Projection::kKeysOnly;
  return {.name = "AssetLinksStorageTableV2.2",
          .partition = {"databaseId", Kind::kS},
          .sort = {"assetId", Kind::kS},
          .indexes = {local, keys},
          .ttl_attribute = "expires"};
}

Item Asset(Item more = {}) {
  more.Set("databaseId", Value::S("plant"));
  more.Set("assetId", Value::S("pump"));
  return more;
}

Code CodeOf(const Status& status) { return status.ok() ? Code::kInternal : status.error().code; }

// ---- CheckTableSpec
// --------------------------------------------------------------------------------

TEST(CheckTableSpec, TakesGoodSpecs) {
  EXPECT_TRUE(CheckTableSpec(Assets()).ok());
  EXPECT_TRUE(CheckTableSpec({.name = "a-b",
                              .partition = {"p", Kind::kB},
                              .sort = {},
                              .indexes = {},
                              .ttl_attribute = ""})
                  .ok());
  EXPECT_TRUE(CheckTableSpec({.name = std::string(255, 'x'),
                              .partition = {"p", Kind::kN},
                              .sort = {"s", Kind::kN},
                              .indexes = {},
                              .ttl_attribute = "ttl"})
                  .ok());
}

TEST(CheckTableSpec, RefusesBadTableNames) {
  for (const std::string name :
       {"", "ab", "a b", "a/b", "tab\xc3\xa9", "tab\"", "tab'", "a|b", "vams_meta", "sqlite_x",
        "SQLITE_x", "Vams_meta", "sQLite_stat1"}) {
    auto spec = Assets();
    spec.name = name;
    EXPECT_EQ(CodeOf(CheckTableSpec(spec)), Code::kInvalid) << name;
  }
  auto spec = Assets();
  spec.name = std::string(256, 'x');
  EXPECT_EQ(CodeOf(CheckTableSpec(spec)), Code::kInvalid);
}

TEST(CheckTableSpec, RefusesBadKeysAndIndexes) {
  const std::vector<std::pair<const char*, std::function<void(TableSpec&)>>> damages{
      {"no partition key", [](auto& s) { s.partition = {}; }},
      {"a key of a kind that has no order", [](auto& s) { s.partition.kind = Kind::kBool; }},
      {"a sort key that is a map", [](auto& s) { s.sort.kind = Kind::kM; }},
      {"one attribute for both keys", [](auto& s) { s.sort = s.partition; }},
      {"an index without a name", [](auto& s) { s.indexes[0].name = ""; }},
      {"an index name with other characters", [](auto& s) { s.indexes[0].name = "by|date"; }},
      {"two indexes of one name", [](auto& s) { s.indexes[1].name = s.indexes[0].name; }},
      {"an index without a partition key", [](auto& s) { s.indexes[1].partition = {}; }},
      {"an index key that is a set", [](auto& s) { s.indexes[1].partition.kind = Kind::kSS; }},
      {"one attribute for both index keys",
       [](auto& s) { s.indexes[1].sort = s.indexes[1].partition; }},
      {"an attribute with two types",
       [](auto& s) {
         s.indexes[1].sort = {"date", Kind::kS};
       }},
      {"a key with two types",
       [](auto& s) {
         s.indexes[1].partition = {"assetId", Kind::kN};
       }},
      {"a local index with its own partition",
       [](auto& s) {
         s.indexes[0].partition = {"other", Kind::kS};
       }},
      {"time to live in a key", [](auto& s) { s.ttl_attribute = "assetId"; }},
      {"time to live in an index key", [](auto& s) { s.ttl_attribute = "date"; }}};
  for (const auto& [what, damage] : damages) {
    auto spec = Assets();
    damage(spec);
    EXPECT_EQ(CodeOf(CheckTableSpec(spec)), Code::kInvalid) << what;
  }
}

TEST(TableSpec, FindIndexGoesByTheExactName) {
  const auto spec = Assets();

  ASSERT_NE(spec.FindIndex("byHash"), nullptr);
  EXPECT_EQ(spec.FindIndex("byHash")->partition.name, "hash");
  EXPECT_EQ(spec.FindIndex("BYHASH"), nullptr);
  EXPECT_EQ(spec.FindIndex(""), nullptr);
}

TEST(TableSpec, SystemTablesAreKnownByTheirPrefix) {
  EXPECT_TRUE(IsSystemTable("sys.accounts"));
  EXPECT_FALSE(IsSystemTable("system"));
  EXPECT_FALSE(IsSystemTable("AssetStorageTable"));
}

TEST(TableSpec, EncodedSpecsComeBack) {
  auto odd = Assets();
  odd.partition.name = "say \"hi\"\n:\xc3\xa9";
  odd.indexes[0].partition.name = odd.partition.name;
  for (const auto& spec : {Assets(), odd,
                           TableSpec{.name = "abc",
                           .partition = {"p", Kind::kN},
                           .sort = {},
                           .indexes = {},
                           .ttl_attribute = ""}}) {
    const auto decoded = DecodeTableSpec(EncodeTableSpec(spec));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, spec);
  }
}

TEST(TableSpec, DamagedTextIsCorrupt) {
  const std::string good = EncodeTableSpec(Assets());
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto decoded = DecodeTableSpec(good.substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, Code::kCorrupt);
  }
  for (const std::string text :
       {"[]", "{}", "null", "{\"name\": 1}", "{\"name\": \"abc\", \"partition\": []}"})
    EXPECT_FALSE(DecodeTableSpec(text).ok()) << text;
}

TEST(TableSpec, UnknownTypesAndProjectionsAreCorrupt) {
  // Written by a newer release or damaged: guessing would make keys of another order.
  const std::string good = EncodeTableSpec(Assets());
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"\"type\":\"B\"", "\"type\":\"X\""},
        {"\"KEYS_ONLY\"", "\"SOME\""}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), bad.npos) << good;
    bad.replace(bad.find(from), from.size(), to);
    const auto decoded = DecodeTableSpec(bad);
    ASSERT_FALSE(decoded.ok()) << bad;
    EXPECT_EQ(decoded.error().code, Code::kCorrupt);
  }
}

// ---- Keys
// ------------------------------------------------------------------------------------------

TEST(KeyOf, GivesTheKeyAttributesOnly) {
  EXPECT_EQ(KeyOf(Assets(), Asset({{"title", Value::S("Pump")}})), Asset());
  EXPECT_EQ(KeyOf(Assets(), Item{{"assetId", Value::S("pump")}}),
            (Item{{"assetId", Value::S("pump")}}));
}

TEST(CheckKey, TakesExactlyTheKeyAttributes) {
  EXPECT_TRUE(CheckKey(Assets(), Asset()).ok());
  auto sorted = Asset();
  sorted.Set("assetId", Value::S(std::string(1024, 'x')));
  EXPECT_TRUE(CheckKey(Assets(), sorted).ok());
  sorted.Set("assetId", Value::S(std::string(1025, 'x')));
  EXPECT_EQ(CodeOf(CheckKey(Assets(), sorted)), Code::kTooLarge);
  EXPECT_EQ(CodeOf(CheckKey(Assets(), Asset({{"more", Value::N(1)}}))), Code::kInvalid);
  EXPECT_EQ(CodeOf(CheckKey(Assets(), Item{{"assetId", Value::S("pump")}})), Code::kInvalid);
  for (const Value& bad :
       {Value::S(""), Value::S("\xff"), Value::N(1), Value::B("x"), Value::Null(), Value::L({})}) {
    auto key = Asset();
    key.Set("assetId", bad);
    EXPECT_EQ(CodeOf(CheckKey(Assets(), key)), Code::kInvalid);
  }
}

TEST(DescribeKey, NamesTableAndKeyShortened) {
  EXPECT_EQ(DescribeKey(Assets(), Asset()),
            "AssetLinksStorageTableV2.2 {databaseId: plant, assetId: pump}");
  EXPECT_EQ(DescribeKey(Assets(), {}), "AssetLinksStorageTableV2.2 {databaseId: ?, assetId: ?}");
  auto bytes = Assets();
  bytes.sort.kind = Kind::kB;
  EXPECT_EQ(
      DescribeKey(bytes, Item{{"databaseId", Value::L({})}, {"assetId", Value::B("\x01\xff")}}),
      "AssetLinksStorageTableV2.2 {databaseId: ?, assetId: 0x01ff}");
  EXPECT_LT(DescribeKey(Assets(), Asset({{"x", Value::N(1)}})).size(), 100u);
}

TEST(DescribeKey, ShortensBetweenCharacters) {
  // Messages go into JSON: half a character would make them invalid UTF-8.
  for (int shift = 0; shift < 4; ++shift) {
    std::string text(static_cast<std::size_t>(shift), 'a');
    while (text.size() < 300) text += "\xf0\x9f\x98\x80";
    auto key = Asset();
    key.Set("assetId", Value::S(text));

    const auto shown = DescribeKey(Assets(), key);

    EXPECT_TRUE(IsUtf8(shown)) << shift;
    EXPECT_LT(shown.size(), 200u);
    EXPECT_NE(shown.find("..."), std::string::npos);
  }
}

// ---- CheckItem
// -------------------------------------------------------------------------------------

TEST(CheckItem, TakesItemsWithAndWithoutIndexKeys) {
  EXPECT_TRUE(CheckItem(Assets(), Asset(), kMaxItem).ok());
  EXPECT_TRUE(
      CheckItem(
          Assets(),
          Asset({{"date", Value::N(1)}, {"hash", Value::B("x")}, {"expires", Value::S("any")}}),
          kMaxItem)
          .ok());
  EXPECT_TRUE(
      CheckItem(
          Assets(),
          Asset(
              {{"e", Value::S("")}, {"b", Value::B("")}, {"l", Value::L({})}, {"m", Value::M({})}}),
          kMaxItem)
          .ok());
}

TEST(CheckItem, RefusesBadItems) {
  const std::string not_utf8[] = {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"};
  std::vector<Item> bad{Item{},
                        Item{{"databaseId", Value::S("plant")}},
                        Item{{"databaseId", Value::S("plant")}, {"assetId", Value::N(1)}},
                        Item{{"databaseId", Value::S("")}, {"assetId", Value::S("x")}},
                        Asset({{"date", Value::S("1")}}),
                        Asset({{"hash", Value::S("x")}}),
                        Asset({{"hash", Value::B("")}}),
                        Asset({{"v", Value::SS({})}}),
                        Asset({{"v", Value::NS({})}}),
                        Asset({{"v", Value::M({{"in", Value::L({Value::BS({})})}})}})};
  for (const auto& text : not_utf8) {
    bad.push_back(Asset({{"v", Value::S(text)}}));
    bad.push_back(Asset({{"v", Value::SS({"fine", text})}}));
    bad.push_back(Asset({{text, Value::N(1)}}));
    bad.push_back(Asset({{"v", Value::L({Value::M({{text, Value::N(1)}})})}}));
  }
  for (std::size_t i = 0; i < bad.size(); ++i)
    EXPECT_EQ(CodeOf(CheckItem(Assets(), bad[i], kMaxItem)), Code::kInvalid) << i;
}

TEST(CheckItem, LimitsKeyLengths) {
  const auto with = [](std::string_view name, Value value) {
    auto item = Asset();
    item.Set(name, std::move(value));
    return CheckItem(Assets(), item, kMaxItem);
  };
  EXPECT_TRUE(with("databaseId", Value::S(std::string(2048, 'x'))).ok());
  EXPECT_TRUE(with("assetId", Value::S(std::string(1024, 'x'))).ok());
  EXPECT_TRUE(with("hash", Value::B(std::string(2048, 'x'))).ok());
  EXPECT_EQ(CodeOf(with("databaseId", Value::S(std::string(2049, 'x')))), Code::kTooLarge);
  EXPECT_EQ(CodeOf(with("assetId", Value::S(std::string(1025, 'x')))), Code::kTooLarge);
  EXPECT_EQ(CodeOf(with("hash", Value::B(std::string(2049, 'x')))), Code::kTooLarge);
}

TEST(CheckItem, LimitsNesting) {
  Value value = Value::Null();
  for (int i = 0; i < kMaxNesting; ++i)
    value = i % 2 == 0 ? Value::M(Item{{"m", value}}) : Value::L({value});

  EXPECT_TRUE(CheckItem(Assets(), Asset({{"v", value}}), kMaxItem).ok());
  EXPECT_EQ(CodeOf(CheckItem(Assets(), Asset({{"v", Value::L({value})}}), kMaxItem)),
            Code::kInvalid);
  EXPECT_EQ(CodeOf(CheckItem(Assets(), Asset({{"v", Value::M({{"m", value}})}}), kMaxItem)),
            Code::kInvalid);
}

TEST(CheckItem, LimitsTheSizeExactly) {
  auto item = Asset({{"v", Value::S("")}});
  item.Set("v", Value::S(std::string(1000 - ItemSize(item), 'x')));
  ASSERT_EQ(ItemSize(item), 1000u);

  EXPECT_TRUE(CheckItem(Assets(), item, 1000).ok());
  EXPECT_EQ(CodeOf(CheckItem(Assets(), item, 999)), Code::kTooLarge);
}

}  // namespace
}  // namespace vams::items
