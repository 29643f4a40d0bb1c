#include "model/comment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace vams::model {
namespace {

using ::testing::HasSubstr;

std::string Read(const boost::json::value& body, Problems& problems) {
  return ReadCommentBody(boost::json::object{{"commentBody", body}}, problems);
}
std::string Read(const boost::json::value& body) {
  Problems problems;
  auto text = Read(body, problems);
  EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  return text;
}
std::string Refusal(const boost::json::value& body) {
  Problems problems;
  Read(body, problems);
  return problems.empty() ? "" : problems.Text("Model");
}

TEST(CheckCommentKey, WantsAVersionAndAnId) {
  for (const std::string key :
       {"3:x2f6c1b7e-0d52-4a7b-9f43-51c0a9d7e001", "a version/of.any kind:abc", ":abc"})
    EXPECT_EQ(CheckCommentKey(key), std::nullopt) << key;
  for (const std::string key : {"", "x123", "1:2:x123", "1::x123", ":1:x123"})
    EXPECT_THAT(CheckCommentKey(key).value_or(""), HasSubstr("with one ':'")) << key;
  for (const std::string key : {"1:", "1:ab", "1:a b c", "1:global", "1:é12"})
    EXPECT_THAT(CheckCommentKey(key).value_or(""), HasSubstr("commentId")) << key;
}

TEST(ReadCommentBody, IsSanitized) {
  EXPECT_EQ(Read("<p onclick=x>Check</p><script>x</script>"), "<p>Check</p>");
  EXPECT_EQ(Read("Check weld 14"), "Check weld 14");
}

TEST(ReadCommentBody, RefusesWhatIsNoText) {
  Problems none;
  ReadCommentBody({}, none);
  EXPECT_THAT(none.Text("Model"), HasSubstr("commentBody is a required field."));
  EXPECT_THAT(Refusal(nullptr), HasSubstr("commentBody is a required field."));
  EXPECT_THAT(Refusal(""), HasSubstr("commentBody is a required field."));
  for (const boost::json::value& other :
       {boost::json::value(7), boost::json::value(true), boost::json::value(boost::json::array()),
        boost::json::value(boost::json::object())})
    EXPECT_THAT(Refusal(other), HasSubstr("Must be a string")) << other;
  EXPECT_THAT(Refusal(" GLOBAL\n"), HasSubstr("GLOBAL is not allowed"));
  for (const std::string empty : {"<p></p>", " ", "<script>x</script>", "<p><br></p>", "&nbsp;"})
    EXPECT_THAT(Refusal(boost::json::string(empty)), HasSubstr("has no text in it")) << empty;
}

TEST(ReadCommentBody, RefusesWhatCannotBeStored) {
  EXPECT_EQ(Read(boost::json::string(kMostOfComment, 'a')).size(), kMostOfComment);
  EXPECT_THAT(Refusal(boost::json::string(kMostOfComment + 1, 'a')), HasSubstr("too long"));
  // Escaping makes it four times as long.
  EXPECT_THAT(Refusal(boost::json::string(kMostOfComment / 2, '<')), HasSubstr("too long"));
}

}  // namespace
}  // namespace vams::model
