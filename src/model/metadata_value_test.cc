// The table of accepted and refused values of the wire contract, line by line, and random values
// beside a plain description of each type.  VAMS_SEED sets the seed.
// Spec: api-metadata.md sections 3 and 4.
#include "model/metadata_value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "model/metadata.h"

namespace vams::model {
namespace {

namespace json = boost::json;

std::uint64_t Seed() {
  const char* given = std::getenv("VAMS_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

// Vectors of section 4 whose value is text; those about members of the body are in
// metadata_test.cc.  `number` is the vector's, for whoever looks it up.
struct Vector {
  int number;
  ValueType type;
  std::vector<std::string> values;
  bool accepted;
};

const std::vector<Vector>& Vectors() {
  using enum ValueType;
  constexpr bool kTaken = true;
  constexpr bool kRefused = false;
  static const std::vector<Vector> vectors = {
      {1, kString, {"Bay 7 / north rack"}, kTaken},
      {2, kString, {""}, kTaken},
      {3, kString, {"  \t"}, kTaken},
      {4, kString, {std::string(70'000, 'x')}, kTaken},
      {5, kMultilineString, {"keel laid\nplating\n"}, kTaken},
      {6, kInlineControlledList, {"anything-goes"}, kTaken},
      {7, kNumber, {"42"}, kTaken},
      {8, kNumber, {"-0.75"}, kTaken},
      {9, kNumber, {"6.02e23"}, kTaken},
      {10, kNumber, {" 17 ", "\u00A017\u2003", "\t17\r\n"}, kTaken},
      {11, kNumber, {"1_250", "1_0.0_1e1_0"}, kTaken},
      {12, kNumber, {".5", "5.", "+3"}, kTaken},
      {13, kNumber, {"1e400"}, kTaken},
      {14, kNumber, {"nan", "-Infinity", "iNf"}, kTaken},
      {15, kNumber, {"0x1F"}, kRefused},
      {16, kNumber, {"1,250"}, kRefused},
      {17, kNumber, {"12kg"}, kRefused},
      {18, kNumber, {" "}, kRefused},
      {19, kNumber, {"1__0", "_1", "1_.5", "1e", ".", "1._5", "1_e5", "1e_5", "+", "1_"}, kRefused},
      {20, kNumber, {""}, kTaken},
      {22, kBoolean, {"true", "FALSE", "tRuE"}, kTaken},
      {24, kBoolean, {"yes", "1", "0"}, kRefused},
      {25, kBoolean, {" true", "true "}, kRefused},
      {26, kDate, {"2031-04-05"}, kTaken},
      {27, kDate, {"2031-04-05T06:07:08Z"}, kTaken},
      {28, kDate, {"2031-04-05T06:07:08.123+05:30"}, kTaken},
      {29, kDate, {"20310405", "20310405T060708Z"}, kTaken},
      {30, kDate, {"2031-W14-6", "2031W146", "2031-W14", "2031W14"}, kTaken},
      {31, kDate, {"2031-04-05 06:07", "2031-04-05T06"}, kTaken},
      {32, kDate, {"2031-04-05T06:07:08,5"}, kTaken},
      {33, kDate, {"2031-04-05T06:07:08.1234567"}, kTaken},
      {34, kDate, {"2032-02-29"}, kTaken},
      {35, kDate, {"2031-02-29"}, kRefused},
      {36, kDate, {"05/04/2031"}, kRefused},
      {37, kDate, {"2031-04", "2031", "2031-095"}, kRefused},
      {38, kDate, {"06:07:08", "now", "1700000000"}, kRefused},
      {39, kDate, {"2031-04-05T24:00:00"}, kRefused},
      {40, kDate, {"2031-04-05T06:07:60"}, kRefused},
      {41, kDate, {"2031-04-05T06:07:08z"}, kRefused},
      {42, kDate, {" 2031-04-05", "2031-04-05T", "2031-04-05 "}, kRefused},
      {43, kDate, {"2031-04-05T06:07:08+24:00"}, kRefused},
      {44, kDate, {"0000-01-01", "10000-01-01"}, kRefused},
      {45, kDate, {"2031-04-05Z"}, kTaken},
      {46, kXyz, {R"({"x":1,"y":-2.5,"z":0})"}, kTaken},
      {47, kXyz, {R"({"x":1,"y":2,"z":3,"unit":"m"})"}, kTaken},
      {48, kXyz, {R"({"x":true,"y":0,"z":1})"}, kTaken},
      {49, kXyz, {R"({"x":NaN,"y":0,"z":Infinity})"}, kTaken},
      {50, kXyz, {R"({"x":"a","x":1,"y":2,"z":3})", R"({"\u0078":1,"y":2,"z":3})"}, kTaken},
      {51, kXyz, {R"({"x":1,"y":2})", R"({"x":1,"y":2,"a":{"z":3}})"}, kRefused},
      {52, kXyz, {R"({"x":"1","y":2,"z":3})", R"({"x":1,"x":"a","y":2,"z":3})"}, kRefused},
      {53, kXyz, {R"({"X":1,"Y":2,"Z":3})"}, kRefused},
      {54, kXyz, {"[1,2,3]", "1", "null"}, kRefused},
      {55, kXyz, {"{x:1,y:2,z:3}"}, kRefused},
      {56, kWxyz, {R"({"w":1,"x":0,"y":0,"z":0})"}, kTaken},
      {57, kWxyz, {R"({"w":5,"x":5,"y":5,"z":5})"}, kTaken},
      {58, kWxyz, {R"({"x":0,"y":0,"z":0})"}, kRefused},
      {59, kWxyz, {"[1,0,0,0]"}, kRefused},
      {60, kMatrix4x4, {"[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"}, kTaken},
      {61, kMatrix4x4, {"[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]"}, kRefused},
      {62, kMatrix4x4, {"[[1,0,0],[0,1,0],[0,0,1]]"}, kRefused},
      {63, kMatrix4x4, {R"([[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,"1"]])"}, kRefused},
      {64, kMatrix4x4, {"[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0]]"}, kRefused},
      {65, kMatrix4x4, {"[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,null]]"}, kRefused},
      {66, kGeopoint, {R"({"type":"Point","coordinates":[151.2,-33.8]})"}, kTaken},
      {67, kGeopoint, {R"({"type":"Point","coordinates":[151.2,-33.8,12]})"}, kTaken},
      {68, kGeopoint, {R"({"type":"Point","coordinates":[999,999]})"}, kTaken},
      {69, kGeopoint, {R"({"type":"Point"})"}, kTaken},
      {70, kGeopoint, {R"({"type":"point","coordinates":[1,2]})"}, kRefused},
      {71, kGeopoint, {R"({"type":"LineString","coordinates":[[0,0],[1,1]]})"}, kRefused},
      {72, kGeopoint, {R"({"type":"Point","coordinates":["1","2"]})"}, kRefused},
      {73, kGeopoint, {R"({"type":"Point","coordinates":[NaN,2]})"}, kRefused},
      {74, kGeopoint, {R"({"type":"Point","coordinates":7})"}, kRefused},
      {75, kGeopoint, {"[151.2,-33.8]", "5", R"("Point")", "null"}, kRefused},
      {76, kGeojson, {R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,3],[0,0]]]})"}, kTaken},
      {77, kGeojson, {R"({"type":"Polygon","coordinates":[[[0,0],[4,0]]]})"}, kTaken},
      {78,
       kGeojson,
       {R"({"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},)"
        R"("properties":{"n":"dock"}})"},
       kTaken},
      {79, kGeojson, {R"({"type":"Feature","geometry":null,"properties":null})"}, kTaken},
      {80, kGeojson, {R"({"type":"Feature","geometry":{"type":"Blob"}})"}, kRefused},
      {81, kGeojson, {R"({"type":"FeatureCollection","features":[]})"}, kTaken},
      {82, kGeojson, {R"({"type":"FeatureCollection"})"}, kRefused},
      {83, kGeojson, {R"({"type":"Widget","a":1})", "{}", "5", R"("hello")"}, kTaken},
      {84, kGeojson, {R"({"type":"LineString","coordinates":[[0,0],[1,"q"]]})"}, kRefused},
      {85, kGeojson, {R"({"a":{"type":"Point","coordinates":[null]}})"}, kRefused},
      {86, kGeojson, {"NaN", "{bad"}, kRefused},
      {87, kLla, {R"({"lat":60.17,"long":24.94,"alt":12})"}, kTaken},
      {88, kLla, {R"({"lat":-90,"long":180,"alt":-430.5})"}, kTaken},
      {89, kLla, {R"({"lat":90.0001,"long":0,"alt":0})"}, kRefused},
      {90, kLla, {R"({"lat":0,"long":-180.5,"alt":0})"}, kRefused},
      {91, kLla, {R"({"lat":0,"lon":0,"alt":0})"}, kRefused},
      {92, kLla, {R"({"lat":"60","long":24,"alt":0})"}, kRefused},
      {93, kLla, {R"({"lat":0,"long":0})"}, kRefused},
      {94, kJson, {R"({"a":[1,2,{"b":null}]})", "[]", "7", R"("text")", "null"}, kTaken},
      {95, kJson, {"NaN"}, kTaken},
      {96, kJson, {"{'a':1}"}, kRefused},
      {97, kJson, {R"({"a":1,})"}, kRefused},
      {98, kJson, {"text", "01", "+1", ".5", R"({"a":1} x)"}, kRefused},
      {99, kJson, {"\uFEFF{}"}, kRefused},
      {100, *FindValueType("XYZ"), {R"({"x":1,"y":2,"z":3})"}, kTaken},
  };
  return vectors;
}

TEST(CheckValue, DecidesEveryVectorOfTheContract) {
  for (const Vector& vector : Vectors())
    for (const std::string& value : vector.values)
      EXPECT_EQ(!CheckValue(vector.type, value), vector.accepted)
          << vector.number << ": " << ValueTypeName(vector.type) << " " << value.substr(0, 200);
}

TEST(CheckValue, TakesTheEmptyTextForEveryType) {
  for (const ValueType type : kValueTypes)
    EXPECT_EQ(CheckValue(type, ""), std::nullopt) << ValueTypeName(type);
}

TEST(CheckValue, SaysWhatIsMissing) {
  EXPECT_EQ(CheckValue(ValueType::kXyz, R"({"x":1,"z":2})"),
            "must be a JSON object with the numbers x, y, z; y is none or missing");
  EXPECT_EQ(CheckValue(ValueType::kLla, R"({"lat":91,"long":0,"alt":0})"),
            "must have lat between -90 and 90");
  EXPECT_EQ(CheckValue(ValueType::kJson, "{\"ü\":1,}"),
            "is not JSON: a member's name in double quotes is missing at character 8");
}

TEST(CheckValue, ComparesPlacesAsNumbersOfTheirWholeRange) {
  const auto lla = [](std::string_view lat) {
    return CheckValue(ValueType::kLla, fmt::format(R"({{"lat":{},"long":0,"alt":1e999}})", lat));
  };
  for (const char* lat : {"true", "NaN", "1e-999", "-0", "90.000", "900e-1"})
    EXPECT_EQ(lla(lat), std::nullopt) << lat;
  for (const char* lat : {"1e999", "-1e999", "Infinity", "-Infinity", "-91", "null", "[1]"})
    EXPECT_TRUE(lla(lat)) << lat;
}

TEST(CheckValue, LooksAtGeometriesAtAnyDepthAndAtTheLastOfEqualNames) {
  const std::vector<std::string> taken = {
      R"({"type":"Point","coordinates":"x","coordinates":[1]})",
      R"({"coordinates":"x","type":"Point","type":"Other"})",
      R"({"type":"Point","coordinates":0.0e5})",
      R"({"type":"Point","coordinates":{}})",
      R"({"type":"MultiPoint","coordinates":[1,[true,[]]]})",
      R"({"type":["Point"],"coordinates":5})",
      R"({"type":"GeometryCollection","geometries":5})",
      R"({"type":"Feature","geometry":{"type":"GeoJSON"}})",
      R"({"type":"Feature","geometry":""})",
      R"({"type":"FeatureCollection","features":null})",
      R"({"type":"Point","coordinates":[1,2],"validate":true,"precision":"none"})"};
  const std::vector<std::string> refused = {R"([[{"a":{"type":"Point","coordinates":"x"}}]])",
                                            R"({"a":{"type":"Point","coordinates":5},"a":1})",
                                            R"({"t\u0079pe":"P\u006fint","coordinates":5})",
                                            R"({"type":"Point","coordinates":{"type":"Point"}})",
                                            R"({"type":"Point","coordinates":[{"type":"Point"}]})",
                                            R"({"type":"Feature","geometry":"Point"})",
                                            R"({"type":"Feature","geometry":[1]})",
                                            R"({"a":-Infinity})"};

  for (const std::string& value : taken)
    EXPECT_EQ(CheckValue(ValueType::kGeojson, value), std::nullopt) << value;
  for (const std::string& value : refused)
    EXPECT_TRUE(CheckValue(ValueType::kGeojson, value)) << value;
}

// Deep values must neither pass for ever nor take the stack: 512 levels are promised.
TEST(CheckValue, RefusesJsonThatIsTooDeep) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  for (const ValueType type : {ValueType::kJson, ValueType::kGeojson}) {
    EXPECT_EQ(CheckValue(type, nested(512)), std::nullopt);
    EXPECT_TRUE(CheckValue(type, nested(200'000)));
    EXPECT_TRUE(CheckValue(type, std::string(200'000, '[')));
  }
  EXPECT_TRUE(CheckValue(ValueType::kXyz, R"({"a":)" + nested(200'000) + "}"));
}

TEST(FindValueType, KnowsTheThirteenNamesInAnyCase) {
  for (const ValueType type : kValueTypes) {
    std::string name(ValueTypeName(type));
    EXPECT_EQ(FindValueType(name), type);
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    EXPECT_EQ(FindValueType(name), type);
  }
  for (const char* name : {"", "integer", "text", "float", "datetime", "string ", "\u212Ason"})
    EXPECT_EQ(FindValueType(name), std::nullopt) << name;
}

// ---- random values

std::string Edited(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kBytes = "{}[],:\"\\0123456789.eE+-_ tnNaIuxyzwWTZ\n\x01";
  for (auto edits = random() % 4; edits > 0; --edits) {
    const std::size_t at = random() % (text.size() + 1);
    const char byte = kBytes[random() % kBytes.size()];
    switch (random() % 3) {
      case 0:
        text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), byte);
        break;
      case 1:
        if (at < text.size()) text[at] = byte;
        break;
      default:
        if (at < text.size()) text.erase(at, 1);
    }
  }
  return text;
}

// A body with an accepted value gives that value back as it is; one with another is refused.  The
// type's name does not matter for texts, and a second look says the same.
TEST(CheckValue, GivesEveryAcceptedValueBackAsItWasSent) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("VAMS_SEED={}", seed));
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int round = 0; round < 30'000; ++round) {
    const Vector& from = Vectors()[random() % Vectors().size()];
    const std::string& whole = from.values[random() % from.values.size()];
    const std::string value = Edited(whole.substr(0, 500), random);
    if (!IsUtf8(value)) continue;  // no body can carry it
    const json::object body = {
        {"metadata", json::array{json::object{{"metadataKey", "k"},
                                              {"metadataValue", value},
                                              {"metadataValueType", ValueTypeName(from.type)}}}}};
    const json::value sent = json::parse(json::serialize(body));

    Problems problems;
    const MetadataCreate read = ReadMetadataCreate(sent.get_object(), problems);

    ASSERT_EQ(problems.empty(), !CheckValue(from.type, value))
        << ValueTypeName(from.type) << ": " << value;
    if (!problems.empty()) continue;
    ++accepted;
    ASSERT_EQ(read.items,
              (std::vector<MetadataItem>{{.key = "k", .value = value, .type = from.type}}));
  }
  EXPECT_GT(accepted, 5'000);
}

bool IsNumeric(const json::value* value) {
  return value != nullptr && (value->is_number() || value->is_bool());
}

bool IsRow(const json::value& row) {
  const auto* columns = row.if_array();
  return columns != nullptr && columns->size() == 4 &&
         std::ranges::all_of(*columns, [](const json::value& v) { return IsNumeric(&v); });
}

// Where Boost.JSON reads the text, what it reads decides; it knows nothing of NaN, and so is asked
// only about texts without.
TEST(CheckValue, AgreesWithBoostJsonOnWhatThatReads) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("VAMS_SEED={}", seed));
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    const Vector& from = Vectors()[45 + random() % (Vectors().size() - 45)];
    const std::string text = Edited(from.values[random() % from.values.size()], random);
    boost::system::error_code bad;
    const json::value value = json::parse(text, bad);
    if (bad || text.empty()) continue;
    ++accepted;
    const auto* object = value.if_object();
    const auto has = [&](const char* name) {
      return object != nullptr && IsNumeric(object->if_contains(name));
    };
    const auto* rows = value.if_array();

    EXPECT_EQ(CheckValue(ValueType::kJson, text), std::nullopt) << text;
    EXPECT_EQ(!CheckValue(ValueType::kXyz, text), has("x") && has("y") && has("z")) << text;
    EXPECT_EQ(!CheckValue(ValueType::kWxyz, text), has("w") && has("x") && has("y") && has("z"))
        << text;
    EXPECT_EQ(!CheckValue(ValueType::kMatrix4x4, text),
              rows != nullptr && rows->size() == 4 && std::ranges::all_of(*rows, IsRow))
        << text;
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace vams::model
