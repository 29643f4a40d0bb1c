#include "model/tag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace vams::model {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

boost::json::object Body(std::string_view text) { return boost::json::parse(text).as_object(); }

template <typename Read>
std::string Refusal(Read read, std::string_view text) {
  Problems problems;
  read(Body(text), problems);
  return problems.empty() ? "" : problems.Text("Model");
}
std::vector<Tag> Tags(std::string_view text) {
  Problems problems;
  auto tags = ReadTags(Body(text), problems);
  EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  return tags;
}
std::vector<TagType> Types(std::string_view text) {
  Problems problems;
  auto types = ReadTagTypes(Body(text), problems);
  EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  return types;
}

TEST(ReadTags, TakesOneOrAList) {
  const Tag dock{.name = "Dock A", .description = "North quay", .type = "Zone"};
  EXPECT_THAT(
      Tags(R"({"tagName": "Dock A", "description": "North quay", "tagTypeName": "Zone", "x": 1})"),
      ElementsAre(dock));
  EXPECT_THAT(
      Tags(R"({"tags": [{"tagName": "Dock A", "description": "North quay", "tagTypeName": "Zone"},
                        {"tagName": 7, "description": true, "tagTypeName": "Zone"}]})"),
      ElementsAre(dock, Tag{.name = "7", .description = "True", .type = "Zone"}));
  // One that happens to have a member `tags`, which means nothing there.
  EXPECT_THAT(Tags(R"({"tagName": "Dock A", "description": "North quay", "tagTypeName": "Zone",
                       "tags": 5})"),
              ElementsAre(dock));
}

TEST(ReadTags, NamesAreNotTrimmed) {
  EXPECT_EQ(Tags(R"({"tagName": " a ", "description": " ", "tagTypeName": "Z\t"})"),
            (std::vector<Tag>{{.name = " a ", .description = " ", .type = "Z\t"}}));
}

TEST(ReadTags, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Refusal(ReadTags, "{}"),
              AllOf(HasSubstr("3 validation errors"), HasSubstr("tagName\n  field required"),
                    HasSubstr("description\n  field required"),
                    HasSubstr("tagTypeName\n  field required")));
  EXPECT_THAT(
      Refusal(ReadTags, R"({"tagName": "Global", "description": null, "tagTypeName": "a/b"})"),
      AllOf(HasSubstr("tagName\n  tagName is invalid. GLOBAL is not allowed"),
            HasSubstr("description\n  none is not an allowed value"),
            HasSubstr("tagTypeName\n  tagTypeName is invalid. Must follow the regexp")));
  EXPECT_THAT(Refusal(ReadTags, R"({"tagName": "", "description": "", "tagTypeName": []})"),
              AllOf(HasSubstr("tagName\n  ensure this value has at least 1 characters"),
                    HasSubstr("description\n  ensure this value has at least 1 characters"),
                    HasSubstr("tagTypeName\n  str type expected")));
  const std::string long_text(257, 'a');
  EXPECT_THAT(Refusal(ReadTags, R"({"tagName": "a", "tagTypeName": "b", "description": ")" +
                                    long_text + "\"}"),
              HasSubstr("description\n  ensure this value has at most 256 characters"));
  EXPECT_THAT(Refusal(ReadTags, R"({"tags": [{"tagName": "a", "description": "d",
                                              "tagTypeName": "b"}, {"tagName": "x/y"}, 3]})"),
              AllOf(HasSubstr("tags -> 1 -> tagName\n"), HasSubstr("tags -> 1 -> description\n"),
                    HasSubstr("tags -> 2\n  value is not a valid dict")));
  EXPECT_THAT(Refusal(ReadTags, R"({"tags": []})"), HasSubstr("tags\n  ensure this value has"));
  EXPECT_THAT(Refusal(ReadTags, R"({"tags": null})"), HasSubstr("tags\n  none is not an allowed"));
  EXPECT_THAT(Refusal(ReadTags, R"({"tags": {}})"), HasSubstr("tags\n  value is not a valid list"));
}

TEST(ReadTagTypes, RequiredHasItsSpellings) {
  const auto required = [](std::string_view value) {
    return Types(R"({"tagTypeName": "Zone", "description": "Yard", "required": )" +
                 std::string(value) + "}")
        .front()
        .required;
  };
  for (const auto* yes : {R"("True")", R"("true")", "true"}) EXPECT_TRUE(required(yes)) << yes;
  for (const auto* no : {R"("False")", R"("false")", "false"}) EXPECT_FALSE(required(no)) << no;
  EXPECT_FALSE(Types(R"({"tagTypeName": "Zone", "description": "Yard"})").front().required);
  for (const std::string other : {R"("yes")", R"("TRUE")", "1", "null", "[]", R"("")"})
    EXPECT_THAT(Refusal(ReadTagTypes, R"({"tagTypeName": "Zone", "description": "Yard",
                                          "required": )" +
                                          other + "}"),
                HasSubstr("required\n  value is not 'True' or 'False'"))
        << other;
}

TEST(ReadTagTypes, TakesOneOrAList) {
  EXPECT_THAT(Types(R"({"tagTypes": [{"tagTypeName": "Zone", "description": "Yard",
                                      "required": "True"},
                                     {"tagTypeName": "Use", "description": "What for"}]})"),
              ElementsAre(TagType{.name = "Zone", .description = "Yard", .required = true},
                          TagType{.name = "Use", .description = "What for", .required = false}));
  EXPECT_THAT(Refusal(ReadTagTypes, R"({"tagTypeName": "a", "description": " gLobal "})"),
              HasSubstr("description\n  description is invalid. GLOBAL is not allowed"));
}

}  // namespace
}  // namespace vams::model
