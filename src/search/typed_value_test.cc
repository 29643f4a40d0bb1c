#include "search/typed_value.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <string>

#include "search/fields.h"

namespace vams::search {
namespace {

std::string Typed(std::string_view type, std::string_view text) {
  const auto value = TypedValue(type, text);
  return value ? boost::json::serialize(*value) : "nothing";
}

TEST(TypedValue, NumbersAndBooleansWhereNothingIsLost) {
  EXPECT_EQ(Typed("boolean", "true"), "true");
  EXPECT_EQ(Typed("number", "42"), "42");
  EXPECT_EQ(Typed("integer", "-7"), "-7");
  EXPECT_EQ(Typed("string", "false"), "false");
  EXPECT_EQ(Typed("string", "12"), "12");
  EXPECT_TRUE(TypedValue("float", "3.5")->is_double());
  EXPECT_EQ(Typed("string", "plain"), "\"plain\"");
  EXPECT_EQ(Typed("number", ""), "nothing");
}

TEST(TypedValue, TextWhereSomethingWouldBeLost) {
  for (const char* text :
       {"007", "1e5", "+1", "1.0", "1.50", "nan", "inf", "0x10", "99999999999999999999", "True",
        "yes", "{\"lat\": 1}", " 1", "2024-05-01T10:00:00.123"}) {
    EXPECT_EQ(TypedValue("string", text), boost::json::value(text)) << text;
    EXPECT_EQ(TypedValue("number", text), boost::json::value(text)) << text;
    EXPECT_EQ(TypedValue("boolean", text), boost::json::value(text)) << text;
  }
  EXPECT_EQ(Typed("date", "2024"), "\"2024\"");
  EXPECT_EQ(Typed("number", "true"), "\"true\"");
}

// Whatever is typed is found by what was typed.
TEST(TypedValue, TextFormIsWhatWasTyped) {
  for (const char* type : {"boolean", "number", "float", "date", "string", "xyz"})
    for (const char* text :
         {"1", "1.5", "0.1", "1e300", "123456789012345678", "0.30000000000000004", "true", "x",
          "-1.25", "1e-7", "12345678901234567890"})
      EXPECT_EQ(TextForm(*TypedValue(type, text)), text) << type;
}

}  // namespace
}  // namespace vams::search
