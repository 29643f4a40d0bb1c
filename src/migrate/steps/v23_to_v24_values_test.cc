// Value types and JSON texts of the step 2.3 -> 2.4.  Vectors: api-metadata.md section 4.
#include "migrate/steps/v23_to_v24_values.h"

#include <gtest/gtest.h>

#include <limits>

#include "migrate/steps/v23_to_v24_json.h"

namespace vams::migrate::v23_to_v24 {

namespace {

using items::Item;
using items::Value;

}  // namespace

TEST(Values23To24, NumbersAreToldFromOtherText) {
  for (const auto text : {"42", "-0.75", "6.02e23", " 17 ", "1_250", ".5", "5.", "+3", "1e400",
                          "nan", "-Infinity", "iNf",
                          "\xc2\xa0"
                          "8"})
    EXPECT_TRUE(IsNumberText(text)) << text;
  for (const auto text : {"0x1F", "1,250", "12kg", " ", "1__0", "_1", "1_.5", "1e", ".", "", "+",
                          "1_", "1._5", "1e_5", "43,5", "infinit"})
    EXPECT_FALSE(IsNumberText(text)) << text;
}

TEST(Values23To24, BooleansAreToldFromOtherText) {
  for (const auto text : {"true", "FALSE", "tRuE"}) EXPECT_TRUE(IsBooleanText(text)) << text;
  for (const auto text : {"yes", "1", "0", " true", ""}) EXPECT_FALSE(IsBooleanText(text)) << text;
}

TEST(Values23To24, DatesAreToldFromOtherText) {
  for (const auto text :
       {"2031-04-05", "2031-04-05T06:07:08Z", "2031-04-05T06:07:08.123+05:30", "20310405",
        "20310405T060708Z", "2031-W14-6", "2031W146", "2031-W14", "2031W14", "2031-04-05 06:07",
        "2031-04-05T06", "2031-04-05T06:07:08,5", "2031-04-05T06:07:08.1234567", "2032-02-29",
        "2031-04-05Z", "2031-04-05é06:07", "2020-W53-7", "2031-04-05T06:07:08-01:02:03.5"})
    EXPECT_TRUE(IsDateText(text)) << text;
  for (const auto text : {"2031-02-29",
                          "05/04/2031",
                          "2031-04",
                          "2031",
                          "2031-095",
                          "06:07:08",
                          "now",
                          "1700000000",
                          "2031-04-05T24:00:00",
                          "2031-04-05T06:07:60",
                          "2031-04-05T06:07:08z",
                          " 2031-04-05",
                          "2031-04-05T",
                          "2031-04-05T06:07:08+24:00",
                          "0000-01-01",
                          "10000-01-01",
                          "2031-W53",
                          "2031-W14-8",
                          "2031-W00",
                          "2031-04-05T06:07:08 +05:30",
                          "2031-04-05T06.5",
                          ""})
    EXPECT_FALSE(IsDateText(text)) << text;
}

TEST(Values23To24, LocationsAreToldFromOtherText) {
  for (const auto text :
       {R"({"lat":60.17,"long":24.94,"alt":12})", R"({"lat":-90,"long":180,"alt":-430.5})",
        R"({"lat":1,"long":2,"alt":3,"x":{}})"})
    EXPECT_TRUE(IsLlaText(text)) << text;
  for (const auto text :
       {R"({"lat":90.0001,"long":0,"alt":0})", R"({"lat":0,"long":-180.5,"alt":0})",
        R"({"lat":0,"lon":0,"alt":0})", R"({"lat":"60","long":24,"alt":0})",
        R"({"lat":0,"long":0})", "[1,2,3]", "text"})
    EXPECT_FALSE(IsLlaText(text)) << text;
}

TEST(Values23To24, OldLocationsBecomeLatLongAlt) {
  EXPECT_EQ(LlaFromLocation(R"({"loc":[23.7275,37.9838],"zoom":9,"polygons":{"type":"x"}})"),
            R"({"lat":37.9838,"long":23.7275,"alt":0})");
  EXPECT_EQ(LlaFromLocation(R"({"loc":[10,-20,5.5]})"), R"({"lat":-20,"long":10,"alt":5.5})");
  for (const auto text : {R"({"loc":[181,0]})", R"({"loc":[0,91]})", R"({"loc":["1","2"]})",
                          R"({"loc":[1]})", R"({"lat":1})", "harbour", R"([1,2])"})
    EXPECT_EQ(LlaFromLocation(text), std::nullopt) << text;
}

TEST(Values23To24, KindsGiveTypes) {
  const auto typed = [](Value value) { return TypedByKind(value); };
  EXPECT_EQ(typed(Value::S("x")), (TypedText{"x", "string"}));
  EXPECT_EQ(typed(Value::N(40)), (TypedText{"40", "number"}));
  EXPECT_EQ(typed(Value::Bool(true)), (TypedText{"true", "boolean"}));
  EXPECT_EQ(typed(Value::Bool(false)), (TypedText{"false", "boolean"}));
  EXPECT_EQ(typed(Value::B(std::string("\x01\x02"))), (TypedText{"AQI=", "string"}));
  EXPECT_EQ(typed(Value::SS({"B2", "A1"})), (TypedText{R"(["A1","B2"])", "json"}));
  EXPECT_EQ(typed(Value::NS({"1", "2.5"})), (TypedText{"[1,2.5]", "json"}));
  EXPECT_EQ(typed(Value::L({Value::S("built"), Value::Null(), Value::Bool(true)})),
            (TypedText{R"(["built",null,true])", "json"}));
  EXPECT_EQ(typed(Value::M({{"name", Value::S("é\"")}, {"rank", Value::N(2)}})),
            (TypedText{"{\"name\":\"é\\\"\",\"rank\":2}", "json"}));
  EXPECT_EQ(typed(Value::Null()), std::nullopt);
  EXPECT_EQ(typed(Value::S("")), std::nullopt);
}

TEST(Values23To24, TheSchemaGivesTheTypeWhereTheValueFits) {
  const FieldType number{"number", {}}, date{"date", {}}, text{"multiline_string", {}},
      list{"inline_controlled_list", {"north", "quay 3"}}, lla{"lla", {}}, boolean{"boolean", {}};
  const auto type = [](Value value, const FieldType& field) { return Typed(value, &field)->type; };
  EXPECT_EQ(type(Value::S("65.5"), number), "number");
  EXPECT_EQ(type(Value::S("65,5"), number), "string");
  EXPECT_EQ(type(Value::N(40), date), "number");
  EXPECT_EQ(type(Value::N(40), text), "multiline_string");
  EXPECT_EQ(type(Value::Bool(true), number), "boolean");
  EXPECT_EQ(type(Value::S("true"), boolean), "boolean");
  EXPECT_EQ(type(Value::S("quay 3"), list), "inline_controlled_list");
  EXPECT_EQ(type(Value::S("quay 4"), list), "string");
  EXPECT_EQ(type(Value::S("2011-04-30"), date), "date");
  EXPECT_EQ(type(Value::S("harbour"), lla), "string");
  EXPECT_EQ(Typed(Value::S(R"({"loc":[1,2]})"), &lla),
            (TypedText{R"({"lat":2,"long":1,"alt":0})", "lla"}));
  EXPECT_EQ(Typed(Value::S(R"({"lat":2,"long":1,"alt":7})"), &lla),
            (TypedText{R"({"lat":2,"long":1,"alt":7})", "lla"}));
  EXPECT_EQ(Typed(Value::S(""), &number), std::nullopt);
}

TEST(Values23To24, TextIsEscapedAsPythonDoes) {
  EXPECT_EQ(PythonString("a\"\\/\n\t\x01\x7f~"), R"("a\"\\/\n\t\u0001\u007f~")");
  EXPECT_EQ(PythonString("é東😀"), R"("\u00e9\u6771\ud83d\ude00")");
}

TEST(Values23To24, NumbersAreWrittenAsPythonDoes) {
  EXPECT_EQ(PythonFloat(0), "0.0");
  EXPECT_EQ(PythonFloat(9), "9.0");
  EXPECT_EQ(PythonFloat(37.98), "37.98");
  EXPECT_EQ(PythonFloat(-1e16), "-1e+16");
  EXPECT_EQ(PythonFloat(1e-5), "1e-05");
  EXPECT_EQ(PythonFloat(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(PythonFloat(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(Values23To24, JsonTextsBecomeValuesAndBack) {
  const auto value = ValueFromJson(R"( [{"b":[1,2.50],"a":{"n":null,"t":true}},"é"] )");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(PlainJson(*value), R"([{"a":{"n":null,"t":true},"b":[1,2.5]},"é"])");
  for (const auto text : {"", "{", "[1,]", "{'a':1}", "[1] x", "[1e999]"})
    EXPECT_FALSE(ValueFromJson(text).has_value()) << text;
  EXPECT_FALSE(ValueFromJson(std::string(100, '[') + std::string(100, ']')).has_value());
}

}  // namespace vams::migrate::v23_to_v24
