#include "http/range.h"

#include <gtest/gtest.h>

namespace vams::http {
namespace {

using Kind = RangeRequest::Kind;

std::string Show(const RangeRequest& range) {
  switch (range.kind) {
    case Kind::kWhole:
      return "whole";
    case Kind::kUnsatisfiable:
      return "unsatisfiable";
    case Kind::kSeveral:
      return "several";
    case Kind::kPart:
      break;
  }
  return std::to_string(range.first) + "+" + std::to_string(range.length);
}

TEST(ParseRange, FollowsRfc9110) {
  struct Case {
    std::string_view field;
    std::uint64_t size;
    std::string_view wanted;
  };
  const Case cases[] = {
      {"bytes=0-499", 1000, "0+500"},
      {"bytes=500-", 1000, "500+500"},
      {"bytes=-200", 1000, "800+200"},
      {"bytes=999-", 1000, "999+1"},
      {"bytes=0-0", 1000, "0+1"},
      {"bytes=0-5000", 1000, "0+1000"},
      {"bytes=-5000", 1000, "0+1000"},
      {"Bytes= 0-1 ", 1000, "0+2"},
      {"bytes=,0-1,", 1000, "0+2"},
      {"bytes=5-99999999999999999999999", 1000, "5+995"},
      {"bytes=-99999999999999999999999", 1000, "0+1000"},
      {"bytes=1000-", 1000, "unsatisfiable"},
      {"bytes=1000-1001", 1000, "unsatisfiable"},
      {"bytes=99999999999999999999999-", 1000, "unsatisfiable"},
      {"bytes=-0", 1000, "unsatisfiable"},
      {"bytes=0-", 0, "unsatisfiable"},
      {"bytes=-5", 0, "whole"},
      {"bytes=0-1,5-6", 1000, "several"},
      {"bytes=0-1, 2000-", 1000, "several"},
      {"bytes=5-4", 1000, "whole"},
      {"bytes=a-b", 1000, "whole"},
      {"bytes=+1-2", 1000, "whole"},
      {"bytes=0x1-2", 1000, "whole"},
      {"bytes=1", 1000, "whole"},
      {"bytes=-", 1000, "whole"},
      {"bytes=--1", 1000, "whole"},
      {"bytes=", 1000, "whole"},
      {"bytes", 1000, "whole"},
      {"", 1000, "whole"},
      {"lines=0-1", 1000, "whole"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(Show(ParseRange(one.field, one.size)), one.wanted) << one.field << " of " << one.size;
}

TEST(ContentRange, NamesTheLastByteNotTheEnd) {
  EXPECT_EQ(ContentRange({.kind = Kind::kPart, .first = 10, .length = 5}, 100), "bytes 10-14/100");
  EXPECT_EQ(ContentRangeOfNone(7), "bytes */7");
}

}  // namespace
}  // namespace vams::http
