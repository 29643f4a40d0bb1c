#include "cli/metadata_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "cli/metadata_plan.h"

namespace vams::cli {
namespace {

using model::FileMetadataKind;
using model::MetadataItem;
using model::ValueType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Shown(const MetadataTable& table) {
  std::string text;
  for (const MetadataEntity& entity : table.entities) {
    text += Label(entity.target) + ":";
    for (const MetadataItem& item : entity.items)
      text += fmt::format(" {}={}({})", item.key, item.value, model::ValueTypeName(item.type));
    for (const std::string& key : entity.kept) text += " [" + key + "]";
    text += "\n";
  }
  for (const std::string& problem : table.problems) text += "! " + problem + "\n";
  return text;
}

std::string Read(std::string_view text, const TableDefaults& defaults = {}) {
  const auto table = ReadMetadataTable(text, defaults);
  return table.ok() ? Shown(*table) : "refused: " + table.error().message;
}

TEST(ReadMetadataTable, ReadsALineForEachValue) {
  EXPECT_EQ(Read("databaseId,assetId,filePath,type,metadataKey,metadataValue,metadataValueType\n"
                 "plant,pump,scans/a.e57,,height,4.5,NUMBER\n"
                 "plant,pump,,,owner,Hall 7,\n"
                 "plant,pump,/pump/scans/a.e57,metadata,note,,\n"
                 "plant,pump,/scans/a.e57,attribute,height,tall,string\n"
                 "plant,,,,site,north,string\n"),
            "plant/pump /scans/a.e57: height=4.5(number) note=(string)\n"
            "plant/pump: owner=Hall 7(string)\n"
            "plant/pump /scans/a.e57 (attributes): height=tall(string)\n"
            "database plant: site=north(string)\n");
  EXPECT_EQ(Read("assetLinkId,metadataKey,metadataValue\nl-1,a,b\n"), "link l-1: a=b(string)\n");
}

TEST(ReadMetadataTable, ReadsALineForEachEntity) {
  EXPECT_EQ(Read("filePath,height:number,owner,a:b,a:string:string\n"
                 "/a.glb,4.5,,x,y\n"
                 "/b.glb,,Hall 7,,\n",
                 {.database = "plant", .asset = "pump"}),
            "plant/pump /a.glb: height=4.5(number) a:b=x(string) a:string=y(string) [owner]\n"
            "plant/pump /b.glb: owner=Hall 7(string) [a:b] [a:string] [height]\n");
}

TEST(ReadMetadataTable, ReadsJson) {
  EXPECT_EQ(Read(R"( [{"databaseId":"plant","assetId":"pump","filePath":"a.glb","type":"attribute",
                      "metadata":[{"metadataKey":"k","metadataValue":5}]},
                      {"assetLinkId":"l-1",
                       "metadata":[{"metadataKey":"k","metadataValue":"5","metadataValueType":"number"}]}])"),
            "plant/pump /a.glb (attributes): k=5(string)\nlink l-1: k=5(number)\n");
}

TEST(ReadMetadataTable, NamesEveryValueThatIsWrong) {
  EXPECT_EQ(Read("databaseId,assetId,filePath,type,metadataKey,metadataValue,metadataValueType\n"
                 "plant,pump,,,h,tall,number\n"
                 "plant,pump,,,h,1,integer\n"
                 ",pump,,,h,1,\n"
                 "plant,,/a.glb,,h,1,\n"
                 "plant,pump,/a/,,h,1,\n"
                 "plant,pump,/a.glb,preview,h,1,\n"
                 "plant,pump,/a.glb,attribute,h,1,number\n"
                 "plant,pump,,attribute,h,1,\n"
                 "plant,pump,,,,1,\n"
                 "plant,pump,,,k,1,\n"
                 "plant,pump,,,k,1,\n"
                 "plant,pump,,,k,2,\n"),
            "plant/pump: k=1(string)\n"
            "plant/pump /a.glb (attributes):\n"
            "! line 2: h: a value of type number must be a number such as 42, -0.75 or 6.02e23\n"
            "! line 3: " +
                model::UnknownValueType("integer") +
                "\n"
                "! line 4: there is no databaseId; fill it in, or give it for all lines with "
                "--database-id\n"
                "! line 5: there is no assetId; fill it in, or give it for all lines with "
                "--asset-id\n"
                "! line 6: filePath is invalid. Folders have no metadata; name a file, without a "
                "slash at the end.\n"
                "! line 7: \"preview\" is no type; say metadata or attribute\n"
                "! line 8: h: attributes are of type string, not number\n"
                "! line 9: \"attribute\" is the type of files only; leave it empty\n"
                "! line 10: : the key is empty\n"
                "! line 13: k: plant/pump has it twice, with different values\n");
  EXPECT_EQ(Read(R"([{"databaseId":"plant","metadata":[{"metadataKey":"k"}]},5])"),
            "! entity 1: 2 validation errors for the entity\n"
            "metadata -> 0 -> metadataValue\n  field required (type=value_error.missing)\n"
            "__root__\n  metadata must be a list of at least one item, all of which are valid "
            "(type=value_error)\n"
            "! entity 2: it is no object\n");
}

TEST(ReadMetadataTable, RefusesWhatIsNoTableOfMetadata) {
  for (const char* text :
       {"", "\n", "a,b\n1,2\n", "databaseId,k\nplant\n", "databaseId,k,k\nplant,1,2\n",
        "databaseId,,k\nplant,1,2\n", "databaseId,metadataKey\nplant,k\n",
        "databaseId,metadataKey,metadataValue,colour\nplant,k,v,red\n", "{}", "[", "[1"})
    EXPECT_EQ(Read(text).find("refused: "), 0U) << text;
}

std::string RandomText(std::mt19937_64& random, std::size_t longest) {
  static const std::vector<std::string> kPieces = {
      "a", "B", ":", "string", ",", "\"", "\n", "\r", " ", "ü", "=", "metadataKey", ":number"};
  std::string text;
  for (auto n = random() % (longest + 1); n > 0; --n) text += kPieces[random() % kPieces.size()];
  return text;
}

std::vector<MetadataEntity> RandomEntities(std::mt19937_64& random, bool empty_values) {
  std::vector<MetadataEntity> entities{
      {.target = {.database = "plant"}, .items = {}, .kept = {}},
      {.target = {.database = "plant", .asset = "pump, \"old\""}, .items = {}, .kept = {}},
      {.target = {.database = "plant", .asset = "p", .path = "/a b.glb"}, .items = {}, .kept = {}},
      {.target = {.database = "plant",
                  .asset = "p",
                  .path = "/a b.glb",
                  .kind = FileMetadataKind::kAttribute},
       .items = {},
       .kept = {}},
      {.target = {.link = "l-1"}, .items = {}, .kept = {}}};
  const std::vector<std::pair<ValueType, std::string>> typed = {
      {ValueType::kNumber, "4.50"},
      {ValueType::kJson, R"({"a": "x, y"})"},
      {ValueType::kXyz, R"({"x":1,"y":2,"z":3})"},
      {ValueType::kDate, "2031-04-05"}};
  for (MetadataEntity& entity : entities) {
    std::set<std::string> keys;
    while (keys.size() < 1 + random() % 4) keys.insert(RandomText(random, 3) + "k");
    for (const std::string& key : keys) {
      MetadataItem item{.key = key, .value = RandomText(random, 4)};
      if (item.value.empty() && !empty_values) item.value = "v";
      if (entity.target.kind == FileMetadataKind::kMetadata && random() % 2 == 0)
        std::tie(item.type, item.value) = typed[random() % typed.size()];
      entity.items.push_back(std::move(item));
    }
  }
  return entities;
}

// Whatever keys and values look like, a table reads back as what was written: importing an export
// changes nothing.
TEST(WriteMetadataTable, IsReadBackInEveryFormat) {
  const char* given = std::getenv("VAMS_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  SCOPED_TRACE(fmt::format("VAMS_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round)
    for (const TableFormat format : {TableFormat::kLong, TableFormat::kWide, TableFormat::kJson}) {
      const auto entities = RandomEntities(random, format != TableFormat::kWide);
      std::size_t left_out = 0;

      const std::string text = WriteMetadataTable(entities, format, left_out);
      const auto table = ReadMetadataTable(text, {});

      ASSERT_TRUE(table.ok()) << table.error().message << "\n" << text;
      ASSERT_THAT(table->problems, IsEmpty()) << text;
      ASSERT_THAT(table->entities, SizeIs(entities.size()));
      EXPECT_EQ(left_out, 0U);
      for (std::size_t i = 0; i < entities.size(); ++i) {
        ASSERT_EQ(table->entities[i].target, entities[i].target) << text;
        EXPECT_THAT(table->entities[i].items,
                    ::testing::UnorderedElementsAreArray(entities[i].items))
            << text;
      }
    }
}

TEST(WriteMetadataTable, CountsTheEmptyValuesThatTheWideFormHasNoPlaceFor) {
  const std::vector<MetadataEntity> entities{
      {.target = {.database = "plant"}, .items = {{.key = "k", .value = ""}}, .kept = {}}};
  std::size_t left_out = 0;

  EXPECT_EQ(WriteMetadataTable(entities, TableFormat::kWide, left_out),
            "databaseId,assetId,filePath,type,assetLinkId,k\r\nplant,,,,,\r\n");
  EXPECT_EQ(left_out, 1U);
}

// ---- plans

StoredItem Stored(std::string key, std::string value, ValueType type = ValueType::kString) {
  return {.item = {.key = std::move(key), .value = std::move(value), .type = type}};
}

std::string Changes(const MetadataPlan& plan) {
  std::string text = fmt::format("{} unchanged", plan.unchanged);
  for (const MetadataChange& change : plan.changes)
    text += fmt::format(", {}: {} -> {}", change.key, change.before ? change.before->value : "none",
                        change.after ? change.after->value : "none");
  text += "; send";
  for (const MetadataItem& item : plan.send) text += fmt::format(" {}={}", item.key, item.value);
  return text;
}

MetadataEntity Entity(std::vector<MetadataItem> items, std::set<std::string> kept = {}) {
  return {.target = {.database = "plant"}, .items = std::move(items), .kept = std::move(kept)};
}

TEST(PlanOf, SendsOnlyWhatIsDifferent) {
  const auto plan = PlanOf(
      Entity({{.key = "same", .value = "1"},
              {.key = "other", .value = "2"},
              {.key = "type", .value = "3", .type = ValueType::kNumber},
              {.key = "new", .value = "4"}}),
      {Stored("same", "1"), Stored("other", "1"), Stored("type", "3"), Stored("left", "9")}, false);

  EXPECT_EQ(Changes(plan),
            "1 unchanged, other: 1 -> 2, type: 3 -> 3, new: none -> 4; send other=2 type=3 new=4");
  EXPECT_EQ(plan.Added(), 1U);
  EXPECT_EQ(plan.Changed(), 2U);
  EXPECT_EQ(plan.Removed(), 0U);
}

TEST(PlanOf, SendsEverythingThatIsToRemainWhenTheRestIsReplaced) {
  const auto plan = PlanOf(Entity({{.key = "same", .value = "1"}}, {"kept", "absent"}),
                           {Stored("same", "1"), Stored("kept", "5"), Stored("gone", "9")}, true);

  EXPECT_EQ(Changes(plan), "2 unchanged, gone: 9 -> none; send same=1 kept=5");
  EXPECT_EQ(plan.Removed(), 1U);
}

// The server shows every field of a schema; a field without a record is neither changed nor
// removed.
TEST(PlanOf, KnowsFieldsOfSchemasWithoutAValue) {
  auto empty = Stored("empty", "");
  auto filled = Stored("filled", "default");
  empty.maybe_default = filled.maybe_default = true;

  EXPECT_EQ(
      Changes(PlanOf(Entity({{.key = "empty", .value = "1"}, {.key = "filled", .value = "2"}}),
                     {empty, filled}, false)),
      "0 unchanged, empty: none -> 1, filled: default -> 2; send empty=1 filled=2");
  EXPECT_EQ(Changes(PlanOf(Entity({{.key = "k", .value = "1"}}), {empty, filled, Stored("k", "1")},
                           true)),
            "1 unchanged; send k=1");
}

}  // namespace
}  // namespace vams::cli
