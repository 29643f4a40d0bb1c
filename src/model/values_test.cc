#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "model/body.h"
#include "model/names.h"

namespace vams::model {
namespace {

TEST(CheckAssetId, TakesNamesWithBlanksAndLettersOfAnyScript) {
  for (const char* id : {"gantry-12", "Ångström-Büste 3", "a.b", "ab", "x,'y-z", "模型 7"})
    EXPECT_EQ(CheckAssetId("assetId", id), std::nullopt) << id;
}

TEST(CheckAssetId, RefusesWhatNoLaterCallCouldAddress) {
  for (const char* id :
       {"a", "a/b", "a\\b", "what?", "x.", "x ", "(x)", "a+b", "a@b", "a#b", "a&b"})
    EXPECT_TRUE(CheckAssetId("assetId", id)) << id;
  EXPECT_EQ(CheckAssetId("assetId", ""), "assetId is a required field.");
  EXPECT_EQ(CheckAssetId("assetId", "Global"),
            "assetId is invalid. GLOBAL is not allowed for this field.");
  EXPECT_EQ(CheckAssetId("assetId", std::string(257, 'a')),
            "assetId exceeds maximum length of 256 characters");
  EXPECT_EQ(CheckAssetId("assetId", "a:b"),
            "assetId is invalid. Must follow the regexp "
            R"(^(?!.*[<>:"\/\\|?*])(?!.*[.\s]$)[\w\s.,\'-]{1,254}[^.\s]$)");
}

TEST(CheckRelativePath, NeedsASlashInFrontAndNoDoubleDots) {
  EXPECT_EQ(CheckRelativePath("p", "/a"), "p is invalid. Must be at least 3 characters long.");
  EXPECT_EQ(CheckRelativePath("p", "/a/b.glb"), std::nullopt);
  EXPECT_EQ(CheckRelativePath("p", "a/b"), R"(p is invalid. Must follow the regexp ^\/.*$)");
  EXPECT_EQ(CheckRelativePath("p", "/a/../b"),
            "p is invalid. Cannot contain more than one '.' in sequence.");
}

TEST(CheckAuxiliaryPath, NeedsAPreviewFolderInTheMiddle) {
  EXPECT_EQ(CheckAuxiliaryPath("p", "gantry/east.e57/preview/Potree/m.json"), std::nullopt);
  EXPECT_TRUE(CheckAuxiliaryPath("p", "gantry/east.e57/m.json"));
  EXPECT_TRUE(CheckAuxiliaryPath("p", "a/preview/bb"));
  EXPECT_TRUE(CheckAuxiliaryPath("p", "gantry/preview/b"));
  EXPECT_TRUE(CheckAuxiliaryPath("p", "gantry//x/preview/bb"));
}

TEST(CheckNumber, TakesWhatPythonTakes) {
  for (const char* number : {"1", "1.5", "1e3", "nan", "-inf", "1_000", " 7 ", ".5", "5."})
    EXPECT_EQ(CheckNumber("n", number), std::nullopt) << number;
  for (const char* text : {"x", "1__0", "1e", "0x1", "v1", "--1"})
    EXPECT_EQ(CheckNumber("n", text), "n is invalid. Must be a number.") << text;
}

TEST(ObjectReader, NumbersComeAsNumbersTextsAndFractions) {
  const auto body = boost::json::parse(R"({"a":7,"b":" 8 ","c":9.9,"d":"x","e":-1,"f":12})");
  Problems problems;
  ObjectReader reader(body.get_object(), problems);
  EXPECT_EQ(reader.OptionalInt("a"), 7);
  EXPECT_EQ(reader.OptionalInt("b"), 8);
  EXPECT_EQ(reader.OptionalInt("c"), 9);
  EXPECT_EQ(reader.OptionalInt("none"), std::nullopt);
  EXPECT_TRUE(problems.empty());
  reader.OptionalInt("d");
  reader.OptionalInt("e", 0);
  reader.OptionalInt("f", 0, 10);
  EXPECT_EQ(problems.Text("M"),
            "3 validation errors for M\nd\n  value is not a valid integer (type=type_error.integer)"
            "\ne\n  ensure this value is greater than or equal to 0 "
            "(type=value_error.number.not_ge; limit_value=0)"
            "\nf\n  ensure this value is less than or equal to 10 "
            "(type=value_error.number.not_le; limit_value=10)");
}

TEST(ObjectReader, AFlagThatMustBeThere) {
  const auto body = boost::json::parse(R"({"a":"yes","b":null})");
  Problems problems;
  ObjectReader reader(body.get_object(), problems);
  EXPECT_TRUE(reader.Bool("a"));
  EXPECT_TRUE(problems.empty());
  reader.Bool("b");
  reader.Bool("c");
  EXPECT_EQ(problems.Text("M"),
            "2 validation errors for M\nb\n  none is not an allowed value "
            "(type=type_error.none.not_allowed)\nc\n  field required (type=value_error.missing)");
}

}  // namespace
}  // namespace vams::model
