#include "api/disposition.h"

#include <gtest/gtest.h>

namespace vams::api {
namespace {

TEST(DispositionOf, NamesTheLastSegment) {
  EXPECT_EQ(DispositionOf("attachment", "gantry/scan/east.e57"),
            R"(attachment; filename="east.e57")");
  EXPECT_EQ(DispositionOf("inline", "cover.png"), R"(inline; filename="cover.png")");
  EXPECT_EQ(DispositionOf("attachment", "a b;c.txt"), R"(attachment; filename="a b;c.txt")");
}

TEST(DispositionOf, OtherLettersComeTwice) {
  EXPECT_EQ(DispositionOf("attachment", "x/Öst.e57"),
            R"(attachment; filename="_st.e57"; filename*=UTF-8''%C3%96st.e57)");
  EXPECT_EQ(DispositionOf("attachment", "a\"b\\c%20\r\nd"),
            R"(attachment; filename="a_b_c_20__d"; filename*=UTF-8''a%22b%5Cc%2520%0D%0Ad)");
  EXPECT_EQ(DispositionOf("attachment", "雪.glb"),
            R"(attachment; filename="_.glb"; filename*=UTF-8''%E9%9B%AA.glb)");
}

TEST(DispositionOf, NamesThatNoFileCanHaveAreLeftOut) {
  EXPECT_EQ(DispositionOf("attachment", "gantry/"), "attachment");
  EXPECT_EQ(DispositionOf("attachment", std::string(256, 'a')), "attachment");
  std::string widest;
  while (widest.size() < 255) widest += "\xC3\x96";
  widest.resize(254);
  EXPECT_LE(DispositionOf("attachment", widest).size(), 1100U);
}

}  // namespace
}  // namespace vams::api
