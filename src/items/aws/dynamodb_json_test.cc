#include "items/aws/dynamodb_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "items/aws/encoded_form.h"
#include "items/aws/test_support.h"
#include "items/codec.h"
#include "testing/fixtures.h"

namespace vams::items::aws {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Item Parsed(std::string_view text) {
  auto item = ParseItem(text);
  EXPECT_TRUE(item.ok()) << text << "\n" << (item.ok() ? "" : item.error().message);
  return item.ok() ? *item : Item();
}

TEST(EncodedForm, HasTheTypeBytesOfTheCodec) {
  const auto tag = [](const Value& value) {
    std::string out;
    AppendValue(out, value);
    return out.front();
  };
  EXPECT_EQ(EncodeItem({}).front(), form::kVersion);
  EXPECT_EQ(tag(Value::S("")), form::kS);
  EXPECT_EQ(tag(Value::N(0)), form::kN);
  EXPECT_EQ(tag(Value::B("")), form::kB);
  EXPECT_EQ(tag(Value::Bool(true)), form::kTrue);
  EXPECT_EQ(tag(Value::Bool(false)), form::kFalse);
  EXPECT_EQ(tag(Value::Null()), form::kNull);
  EXPECT_EQ(tag(Value::M({})), form::kM);
  EXPECT_EQ(tag(Value::L({})), form::kL);
  EXPECT_EQ(tag(Value::SS({"a"})), form::kSS);
  EXPECT_EQ(tag(Value::NS({"1"})), form::kNS);
  EXPECT_EQ(tag(Value::BS({"a"})), form::kBS);
}

TEST(DynamoDbJson, DecodesEveryType) {
  const Item item = Parsed(R"({
    "s":{"S":"text"}, "n":{"N":"1.50E2"}, "b":{"B":"aGVsbG8="}, "t":{"BOOL":true},
    "f":{"BOOL":false}, "z":{"NULL":true}, "m":{"M":{"y":{"S":""},"x":{"M":{}}}},
    "l":{"L":[{"N":"0"},{"L":[]},{"NULL":true}]}, "ss":{"SS":["b","a",""]},
    "ns":{"NS":["10","9","-1.0"]}, "bs":{"BS":["Yg==","YQ=="]}})");
  const Item expected = {
      {"s", Value::S("text")},
      {"n", Value::N("150")},
      {"b", Value::B("hello")},
      {"t", Value::Bool(true)},
      {"f", Value::Bool(false)},
      {"z", Value::Null()},
      {"m", Value::M({{"x", Value::M({})}, {"y", Value::S("")}})},
      {"l", Value::L({Value::N("0"), Value::L({}), Value::Null()})},
      {"ss", Value::SS({"", "a", "b"})},
      {"ns", Value::NS({"-1", "10", "9"})},
      {"bs", Value::BS({"a", "b"})},
  };
  EXPECT_EQ(item, expected);
}

TEST(DynamoDbJson, EncodesToTheSameBytesWhateverTheOrder) {
  const auto a =
      EncodeFromJson(R"({"a":{"N":"1"},"b":{"M":{"p":{"S":"1"},"q":{"SS":["x","y"]}}}})");
  const auto b =
      EncodeFromJson(R"({"b":{"M":{"q":{"SS":["y","x"]},"p":{"S":"1"}}},"a":{"N":"1.0"}})");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, *b);
}

TEST(DynamoDbJson, KeepsStringsExactly) {
  const Item item = Parsed(
      R"({"":{"S":""},"nul":{"S":"a\u0000b"},"clef":{"S":"\ud834\udd1e 𝄞"},"esc":{"S":"\"\\\/\b\f\n\r\t\u00e9"},"n\u0061me":{"S":"escaped name"}})");
  EXPECT_EQ(item.Text(""), "");
  EXPECT_TRUE(item.Has(""));
  EXPECT_EQ(item.Text("nul"), std::string_view("a\0b", 3));
  EXPECT_EQ(item.Text("clef"), "𝄞 𝄞");
  EXPECT_EQ(item.Text("esc"), "\"\\/\b\f\n\r\té");
  EXPECT_EQ(item.Text("name"), "escaped name");
}

TEST(DynamoDbJson, KeepsNumbersOf38Digits) {
  const Item item = Parsed(
      R"({"big":{"N":"99999999999999999999999999999999999999"},"small":{"N":"-1.2345678901234567890123456789012345678E-130"},"wide":{"N":"1E125"}})");
  EXPECT_EQ(item.Find("big")->text(), "99999999999999999999999999999999999999");
  EXPECT_EQ(item.Find("small")->text(),
            "-0." + std::string(129, '0') + "12345678901234567890123456789012345678");
  EXPECT_EQ(item.Find("wide")->text(), "1" + std::string(125, '0'));
}

// Counts and lengths of 128 and more take two bytes; the place kept for a count is one.
TEST(DynamoDbJson, DecodesLongContainers) {
  Item item;
  Value::List list;
  Bytes members;
  Item map;
  for (int i = 0; i < 300; ++i) {
    list.push_back(Value::N(i));
    members.push_back(fmt::format("member {}", i));
    map.Set(fmt::format("name {}", i), Value::S(std::string(static_cast<std::size_t>(i), 'x')));
  }
  item.Set("l", Value::L(list));
  item.Set("s", Value::SS(members));
  item.Set("m", Value::M(map));
  item.Set("nested", Value::L({Value::L(list), Value::M(map)}));

  EXPECT_EQ(Parsed(ToJson(item)), item);
}

std::string Nested(int levels) {
  std::string text = "{\"v\":";
  for (int i = 0; i < levels; ++i) text += i % 2 == 0 ? R"({"L":[)" : R"({"M":{"k":)";
  text += R"({"SS":["deep"]})";
  for (int i = levels; i-- > 0;) text += i % 2 == 0 ? "]}" : "}}";
  return text + "}";
}

TEST(DynamoDbJson, NestsAsDeepAsTheStoredFormAndNoDeeper) {
  const auto deepest = EncodeFromJson(Nested(kMaxNesting));
  ASSERT_TRUE(deepest.ok()) << deepest.error().message;
  EXPECT_TRUE(DecodeItem(*deepest).ok());
  std::string out;
  EXPECT_TRUE(AppendJson(out, *deepest).ok());
  EXPECT_EQ(out, Nested(kMaxNesting));

  const auto deeper = EncodeFromJson(Nested(kMaxNesting + 1));
  ASSERT_FALSE(deeper.ok());
  EXPECT_THAT(deeper.error().message, HasSubstr("nested deeper than 32 levels"));
}

struct Malformed {
  std::string_view json;
  std::string_view path;
  std::string_view reason;
};

TEST(DynamoDbJson, RefusesWhatDynamoDbWouldNotHold) {
  const Malformed cases[] = {
      {R"({"a":{"N":5}})", "Item.a.N", "found a bare number"},
      {R"({"a":{"N":12345678901234567890123}})", "Item.a.N", "found a bare number"},
      {R"({"a":{"S":5.5}})", "Item.a.S", "expected a string but found a bare number"},
      {R"({"a":7})", "Item.a", "found a bare number"},
      {R"({"a":"x"})", "Item.a", R"(an attribute value such as {"S":"text"} but found a string)"},
      {R"({"a":["x"]})", "Item.a", "found an array"},
      {R"({"a":null})", "Item.a", "found null"},
      {R"({"a":true})", "Item.a", "found true"},
      {R"({"a":{}})", "Item.a", "a value needs a type"},
      {R"({"a":{"S":"x","N":"1"}})", "Item.a.S", "a value has one type"},
      {R"({"a":{"S":"x","S":"x"}})", "Item.a.S", "a value has one type"},
      {R"({"a":{"X":"x"}})", "Item.a", R"("X" is no type)"},
      {R"({"a":{"s":"x"}})", "Item.a", R"("s" is no type)"},
      {R"({"a":{"STRING":"x"}})", "Item.a", R"("STRING" is no type)"},
      {R"({"a":{"S":null}})", "Item.a.S", "found null"},
      {R"({"a":{"S":{"S":"x"}}})", "Item.a.S", "found an object"},
      {R"({"a":{"N":"1,5"}})", "Item.a.N", R"("1,5" is not a number)"},
      {R"({"a":{"N":""}})", "Item.a.N", "is not a number"},
      {R"({"a":{"N":"NaN"}})", "Item.a.N", "is not a number"},
      {R"({"a":{"N":" 1"}})", "Item.a.N", "is not a number"},
      {R"({"a":{"N":"1E126"}})", "Item.a.N", "outside the range"},
      {R"({"a":{"N":"123456789012345678901234567890123456789"}})", "Item.a.N", "39 significant"},
      {R"({"a":{"B":"YQ"}})", "Item.a.B", "not padded standard base64"},
      {R"({"a":{"B":"YQ==\n"}})", "Item.a.B", "not padded standard base64"},
      {R"({"a":{"B":"_-__"}})", "Item.a.B", "not padded standard base64"},
      {R"({"a":{"BOOL":"true"}})", "Item.a.BOOL", "expected true or false but found a string"},
      {R"({"a":{"BOOL":1}})", "Item.a.BOOL", "expected true or false"},
      {R"({"a":{"BOOL":null}})", "Item.a.BOOL", "expected true or false but found null"},
      {R"({"a":{"NULL":false}})", "Item.a.NULL", "expected true but found false"},
      {R"({"a":{"NULL":null}})", "Item.a.NULL", "expected true but found null"},
      {R"({"a":{"SS":[]}})", "Item.a.SS", "a set must not be empty"},
      {R"({"a":{"NS":[]}})", "Item.a.NS", "a set must not be empty"},
      {R"({"a":{"BS":[]}})", "Item.a.BS", "a set must not be empty"},
      {R"({"a":{"SS":["x","x"]}})", "Item.a.SS[1]", "the set has this member twice"},
      {R"({"a":{"SS":["x","y","w","x"]}})", "Item.a.SS[3]", "the set has a member twice"},
      {R"({"a":{"NS":["1","1.0"]}})", "Item.a.NS[1]", "the set has this number twice"},
      {R"({"a":{"NS":["1","x"]}})", "Item.a.NS[1]", R"("x" is not a number)"},
      {R"({"a":{"NS":["1",2]}})", "Item.a.NS[1]", "found a bare number"},
      {R"({"a":{"BS":["YQ==","YR=="]}})", "Item.a.BS[1]", "not padded standard base64"},
      {R"({"a":{"SS":["x",{"S":"y"}]}})", "Item.a.SS[1]", "found an object"},
      {R"({"a":{"SS":"x"}})", "Item.a.SS", "expected an array of set members but found a string"},
      {R"({"a":{"L":{}}})", "Item.a.L", "expected an array of attribute values"},
      {R"({"a":{"L":[{"S":"x"},"y"]}})", "Item.a.L[1]", "found a string"},
      {R"({"a":{"L":[{"S":"x"},{"S":1}]}})", "Item.a.L[1].S", "found a bare number"},
      {R"({"a":{"L":[[]]}})", "Item.a.L[0]", "found an array"},
      {R"({"a":{"M":[]}})", "Item.a.M", "expected an object of attributes"},
      {R"({"a":{"M":{"b":{"N":"x"}}}})", "Item.a.M.b.N", "is not a number"},
      {R"({"a":{"S":"1"},"a":{"S":"2"}})", "Item.a", "the attribute is there twice"},
      {R"({"b":{"S":"1"},"a":{"S":"2"},"b":{"S":"3"}})", "Item.b", "the attribute is there twice"},
      {R"({"m":{"M":{"b":{"S":"1"},"a":{"S":"2"},"b":{"S":"3"}}}})", "Item.m.M.b",
       "the attribute is there twice"},
      {R"({"a b":{"S":1}})", R"(Item["a b"].S)", "found a bare number"},
      {R"({"d:a":{"S":1}})", "Item.d:a.S", "found a bare number"},
      {R"([])", "Item", "expected an object of attributes but found an array"},
      {R"("x")", "Item", "found a string"},
      {R"(null)", "Item", "found null"},
      {R"()", "Item", "the JSON text is cut off"},
      {R"({"a":{"S":"x")", "Item.a.S", "the JSON text is cut off"},
      {R"({"a":{"S":"x"}}})", "Item", "text behind the end"},
      {R"({"a":{"S":"x"}} {})", "Item", "text behind the end"},
      {R"({"a":{"S":"x"},})", "Item.a", "not valid JSON"},
      {R"({a:{"S":"x"}})", "Item", "not valid JSON"},
      {R"({"a":{"S":'x'}})", "Item.a.S", "not valid JSON"},
      {R"({"a":{"S":"x"} /* */})", "Item.a", "not valid JSON"},
      {"{\"a\":{\"S\":\"line\nbreak\"}}", "Item.a.S", "not valid JSON"},
      {"{\"a\":{\"S\":\"\xff\"}}", "Item.a.S", "not valid JSON"},
      {"{\"a\":{\"S\":\"\xed\xa0\x80\"}}", "Item.a.S", "not valid JSON"},
      {R"({"a":{"S":"\ud800"}})", "Item.a.S", "half a surrogate pair"},
      {R"({"a":{"S":"\ud800x"}})", "Item.a.S", "half a surrogate pair"},
      {R"({"a":{"S":"\udc00"}})", "Item.a.S", "half a surrogate pair"},
      {R"({"a":{"S":"\uDBFF\n"}})", "Item.a.S", "half a surrogate pair"},
      {R"({"a":{"S":"\\\ud800"}})", "Item.a.S", "half a surrogate pair"},
      {"{\"a\":{\"S\":\"\\\\ud800\n\"}}", "Item.a.S", "not valid JSON"},
      {R"({"a":{"S":"\ud800\ud800"}})", "Item.a.S", "half a surrogate pair"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    const auto result = EncodeFromJson(c.json);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kInvalid);
    EXPECT_THAT(result.error().message, StartsWith(std::string(c.path) + ": "));
    EXPECT_THAT(result.error().message, HasSubstr(c.reason));
    EXPECT_THAT(result.error().message, ::testing::ContainsRegex(", at byte [0-9]+$"));
  }
}

TEST(DynamoDbJson, NamesThePlace) {
  const auto result = EncodeFromLine(R"({"Item":{"tags":{"L":[{"S":"a"},{"S":"b"},{"S":3}]}}})");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, StartsWith("Item.tags.L[2].S: expected a string but found"));
  EXPECT_THAT(result.error().message, HasSubstr("at byte 48"));
}

TEST(DynamoDbJson, CutsLongNamesInMessagesBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 50; ++i) name += "€";
  const auto result = EncodeFromJson("{\"" + name + "\":{\"S\":1}}");
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsUtf8(result.error().message)) << result.error().message;
  EXPECT_LT(result.error().message.size(), 200U);
}

TEST(DynamoDbJson, TakesOneItemPerLineAndNothingElse) {
  EXPECT_TRUE(EncodeFromLine(" { \"Item\" : { } } \r").ok());
  const Malformed cases[] = {
      {R"({})", "Item", "no member \"Item\""},
      {R"({"item":{}})", "Item", "here is the member \"item\""},
      {R"({"Item":{},"Item":{}})", "Item", "here is a second \"Item\""},
      {R"({"Item":{},"Keys":{}})", "Item", "here is the member \"Keys\""},
      {R"({"Keys":{},"NewImage":{}})", "Item", "here is the member \"Keys\""},
      {R"({"Item":[]})", "Item", "expected an object of attributes"},
      {R"({"Item":null})", "Item", "found null"},
      {R"([])", "Item", "expected an object {\"Item\":{…}}"},
      {R"({"Item":{}}{"Item":{}})", "Item", "text behind the end"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    const auto result = EncodeFromLine(c.json);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, StartsWith(std::string(c.path) + ": "));
    EXPECT_THAT(result.error().message, HasSubstr(c.reason));
  }
}

TEST(DynamoDbJson, ParserIsFreshAfterAFailure) {
  JsonItemParser parser;
  ASSERT_FALSE(parser.EncodeMap(R"({"b":{"L":[{"M":{"x":{"S":"\ud83d)").ok());
  ASSERT_FALSE(parser.EncodeLine(R"({"Item":{"b":{"SS":["1","0","1"]}}})").ok());
  const auto result = parser.EncodeMap(R"({"a":{"S":"x"}})");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, EncodeItem({{"a", Value::S("x")}}));
}

TEST(DynamoDbJson, WritesCompactJsonInNameOrder) {
  const Item item = {{"b", Value::L({Value::Null(), Value::Bool(false)})},
                     {"a", Value::NS({"2", "10"})},
                     {"c", Value::BS({"b", "a"})},
                     {"d", Value::S(std::string("\"\\\b\f\n\r\t\0\x1f\x7f é𝄞/", 18))},
                     {"e", Value::M({{"n", Value::N("0.5")}})}};
  EXPECT_EQ(ToJson(item), R"({"a":{"NS":["10","2"]},"b":{"L":[{"NULL":true},{"BOOL":false}]},)"
                          R"("c":{"BS":["YQ==","Yg=="]},"d":{"S":"\"\\\b\f\n\r\t\u0000\u001f)"
                          "\x7f é𝄞/"
                          R"("},"e":{"M":{"n":{"N":"0.5"}}}})");
}

TEST(DynamoDbJson, EscapesWhereverTheCharacterStands) {
  for (std::size_t size = 0; size < 20; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (const char c : {'"', '\\', '\n', '\x01', '!', '#', '[', ']', ' ', '\x7f'}) {
        std::string text(size, 'x');
        text[at] = c;
        const Item item = {{"k", Value::S(text)}};
        EXPECT_EQ(Parsed(ToJson(item)), item) << size << " " << at << " " << static_cast<int>(c);
      }
}

TEST(DynamoDbJson, RefusesDamagedItems) {
  test::RandomItems random(7);
  std::string encoded = EncodeItem({{"a", Value::L({Value::S("text"), Value::SS({"p", "q"})})},
                                    {"m", Value::M({{"b", Value::B("bytes")}})}});
  std::string out = "before";
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto status = AppendJson(out, std::string_view(encoded).substr(0, size));
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_EQ(status.error().code, Code::kCorrupt);
    EXPECT_EQ(out, "before");
  }
  EXPECT_FALSE(AppendJson(out, encoded + "x").ok());
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = encoded;
    damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    (void)AppendJson(out, damaged);  // whatever it says, it must survive
  }
}

TEST(DynamoDbJson, WritesPlainJson) {
  const Item item = {{"n", Value::N("12345678901234567890.5")},
                     {"s", Value::S("a\"b")},
                     {"b", Value::B("hi")},
                     {"z", Value::Null()},
                     {"t", Value::Bool(true)},
                     {"l", Value::L({Value::N(1), Value::M({{"k", Value::S("v")}})})},
                     {"ss", Value::SS({"y", "x"})},
                     {"ns", Value::NS({"2", "1"})},
                     {"bs", Value::BS({"hi"})}};
  std::string out;
  AppendPlainJson(out, item);
  EXPECT_EQ(out, R"({"b":"aGk=","bs":["aGk="],"l":[1,{"k":"v"}],"n":12345678901234567890.5,)"
                 R"("ns":[1,2],"s":"a\"b","ss":["x","y"],"t":true,"z":null})");
}

TEST(DynamoDbJson, RandomItemsComeBack) {
  constexpr std::uint64_t kSeed = 20240514;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  test::RandomItems random(kSeed);
  JsonItemParser parser;
  for (int i = 0; i < 1500; ++i) {
    const Item item = random.Next();
    const std::string encoded = EncodeItem(item);
    std::string text;
    ASSERT_TRUE(AppendJson(text, encoded).ok());
    const auto again = parser.EncodeMap(text);
    ASSERT_TRUE(again.ok()) << again.error().message << "\n" << text;
    ASSERT_EQ(*again, encoded) << text;
    json::error_code ec;
    (void)json::parse(text, ec);
    ASSERT_FALSE(ec) << text;
  }
}

// Attributes and set members shuffled must give the same bytes: exports are in no order.
TEST(DynamoDbJson, OrderOfTheTextDoesNotMatter) {
  constexpr std::uint64_t kSeed = 4711;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  test::RandomItems random(kSeed);
  std::mt19937_64 engine(kSeed);
  for (int i = 0; i < 500; ++i) {
    const Item item = random.Next();
    std::vector<std::string> members;
    for (const auto& attribute : item) {
      std::string one = ToJson({attribute});
      members.push_back(one.substr(1, one.size() - 2));
    }
    std::shuffle(members.begin(), members.end(), engine);
    std::string text = "{";
    for (const auto& member : members) text += (text.size() > 1 ? "," : "") + member;
    const auto encoded = EncodeFromJson(text + "}");
    ASSERT_TRUE(encoded.ok()) << encoded.error().message;
    ASSERT_EQ(*encoded, EncodeItem(item)) << text;
  }
}

// Changed at random, text either still is an item or is refused with a message; what is accepted is
// canonical.
TEST(DynamoDbJson, SurvivesMutations) {
  constexpr std::uint64_t kSeed = 99;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  static constexpr std::string_view kSplices[] = {
      "{",       "}",    "[",       "]",        ",",     ":",     "\"",   "\\",   "\\u",
      "\\ud800", "null", "{\"M\":", "{\"L\":[", "\"N\"", "1e999", "\xff", "\xe2", "{\"S\":\"\"}"};
  test::RandomItems random(kSeed);
  JsonItemParser parser;
  int accepted = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text =
        i % 2 == 0 ? ToJson(random.Next()) : Nested(static_cast<int>(random.Below(40)));
    for (auto n = 1 + random.Below(4); n > 0 && !text.empty(); --n) {
      const std::size_t at = random.Below(text.size());
      switch (random.Below(4)) {
        case 0:
          text[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          text.erase(at, 1 + random.Below(10));
          break;
        case 2:
          text.insert(at, kSplices[random.Below(std::size(kSplices))]);
          break;
        default:
          text.insert(at, text.substr(random.Below(text.size()), random.Below(30)));
          break;
      }
    }
    const auto encoded = parser.EncodeMap(text);
    if (!encoded.ok()) {
      ASSERT_THAT(encoded.error().message, StartsWith("Item"));
      continue;
    }
    ++accepted;
    const auto item = DecodeItem(*encoded);
    ASSERT_TRUE(item.ok()) << text;
    ASSERT_EQ(EncodeItem(*item), *encoded) << text;
  }
  EXPECT_GT(accepted, 50);
}

// Sorts a parsed line by other code than ours: members by name, sets by member.
void Canonicalise(json::value& value) {
  if (auto* array = value.if_array()) {
    for (auto& element : *array) Canonicalise(element);
    return;
  }
  auto* object = value.if_object();
  if (object == nullptr) return;
  std::map<std::string, json::value> sorted;
  for (auto& [name, member] : *object) {
    Canonicalise(member);
    sorted.emplace(std::string(name), std::move(member));
  }
  object->clear();
  for (auto& [name, member] : sorted) object->emplace(name, std::move(member));
  if (object->size() != 1) return;
  const std::string type(object->begin()->key());
  json::value& content = object->begin()->value();
  if (type == "N" && content.is_string()) {
    content = *CanonicalNumber(std::string_view(content.get_string()));
  } else if ((type == "SS" || type == "NS" || type == "BS") && content.is_array()) {
    std::set<std::string> members;
    for (const auto& member : content.get_array()) {
      const std::string text(member.as_string());
      members.insert(type == "NS"   ? *CanonicalNumber(text)
                     : type == "BS" ? *Base64Decode(text)
                                    : text);
    }
    json::array again;
    for (const auto& member : members)
      again.emplace_back(type == "BS" ? Base64Encode(member) : member);
    content = std::move(again);
  }
}

TEST(DynamoDbJson, FixturesComeBackExactly) {
  const auto fixtures = testing::FixtureFolder();
  ASSERT_TRUE(fixtures.has_value())
      << "no fixtures: set VAMS_FIXTURES to the folder that holds dynamodb/";
  const auto root = *fixtures / "dynamodb";
  ASSERT_TRUE(std::filesystem::is_directory(root)) << root;
  int lines = 0, files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".json") || name.starts_with('_')) continue;
    ++files;
    std::istringstream content(test::Slurp(entry.path()));
    for (std::string line; std::getline(content, line); ++lines) {
      SCOPED_TRACE(entry.path().string() + ": " + line);
      const auto encoded = EncodeFromLine(line);
      ASSERT_TRUE(encoded.ok()) << encoded.error().message;
      std::string text = "{\"Item\":";
      ASSERT_TRUE(AppendJson(text, *encoded).ok());
      text += "}";
      const auto item = DecodeItem(*encoded);
      ASSERT_TRUE(item.ok());
      EXPECT_EQ(EncodeItem(*item), *encoded);
      EXPECT_EQ("{\"Item\":" + ToJson(*item) + "}", text);
      EXPECT_EQ(*EncodeFromLine(text), *encoded);
      json::value reference = json::parse(line);
      Canonicalise(reference);
      EXPECT_EQ(text, json::serialize(reference));
    }
  }
  EXPECT_GT(files, 100);
  EXPECT_GT(lines, 1000);
}

}  // namespace
}  // namespace vams::items::aws
