// The forms of constraints: JSON there and back, patterns that may be written, templates.
#include "access/constraint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "access/templates.h"

namespace vams::access {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Constraint, ReadsWhatWasStoredLeniently) {
  const auto criteria = ParseCriteria(boost::json::parse(
      R"([{"field":"tags","operator":"is_one_of","value":["a",7],"id":"x","more":{}},
          {"field":"databaseId","operator":"equals","value":true}, {}])"));
  const auto permissions = ParsePermissions(
      boost::json::parse(R"([{"groupId":"qa","permission":"GET","id":"p"}])"), "groupId");

  ASSERT_TRUE(criteria.ok());
  ASSERT_THAT(*criteria, SizeIs(3));
  EXPECT_EQ((*criteria)[0], (Criterion{"tags", "is_one_of", {"a", "7"}, true, "x"}));
  EXPECT_EQ((*criteria)[1], (Criterion{"databaseId", "equals", {"true"}, false, ""}));
  EXPECT_EQ((*criteria)[2], (Criterion{"", "", {""}, false, ""}));
  ASSERT_TRUE(permissions.ok());
  EXPECT_EQ((*permissions)[0], (Permission{"qa", "GET", "", "p"}));
  EXPECT_THAT(ParseCriteria(nullptr).value(), IsEmpty());
  for (const char* bad : {"{}", "\"[]\"", "[1]", R"([{"field":[]}])", R"([{"value":[[]]}])"})
    EXPECT_EQ(ParseCriteria(boost::json::parse(bad)).error().code, Code::kCorrupt) << bad;
}

TEST(Constraint, WritesTheFormsOfTheApiAndOfStorage) {
  Constraint constraint{"k", "n", "d", "asset", {}, {}, {}, {}};
  constraint.criteria_and = {{"tags", "is_one_of", {"a", "b"}, true, "c1"}};
  constraint.criteria_or = {{"databaseId", "equals", {"x"}, false, ""}};
  constraint.groups = {{"qa", "GET", "", "p1"}};
  constraint.users = {{"lee", "PUT", "deny", ""}};

  EXPECT_EQ(boost::json::serialize(ConstraintJson(constraint)),
            R"({"constraintId":"k","name":"n","description":"d","objectType":"asset",)"
            R"("criteriaAnd":[{"field":"tags","operator":"is_one_of","value":["a","b"]}],)"
            R"("criteriaOr":[{"field":"databaseId","operator":"equals","value":"x"}],)"
            R"("groupPermissions":[{"groupId":"qa","permission":"GET","permissionType":"allow"}],)"
            R"("userPermissions":[{"userId":"lee","permission":"PUT","permissionType":"deny"}]})");
  EXPECT_EQ(ParseCriteria(CriteriaJson(constraint.criteria_and, Ids::kKeep)).value(),
            constraint.criteria_and);
  EXPECT_EQ(boost::json::serialize(PermissionsJson(constraint.groups, "groupId", Ids::kKeep)),
            R"([{"id":"p1","groupId":"qa","permission":"GET","permissionType":"allow"}])");
}

// The whole dialect is compared with Python's in tests/access/regex_compare.py.
TEST(CheckPattern, TakesWhatPythonTakesAndSaysWhereTheRestBreaks) {
  for (const char* good : {"plain", ".*", "(?P<n>a)(?P=n)", "a{,2}", "\\.stl", "it's", "[^/]+$"})
    EXPECT_TRUE(CheckPattern(good).ok()) << good;
  for (const char* bad : {"(", "a**", "\\K", "\\8", "(?R)", "(*ACCEPT)", "(?C1)", "\\Qa\\E", "\\h",
                          "(?|a)", "\\p{L}", "(?<=a*)b", "\xff", "a\\"}) {
    EXPECT_EQ(CheckPattern(bad).error().code, Code::kInvalid) << bad;
  }
  EXPECT_THAT(CheckPattern("ab(c").error().message, HasSubstr("character 3"));
  EXPECT_TRUE(CheckPattern(std::string(8'192, 'a')).ok());
  EXPECT_FALSE(CheckPattern(std::string(8'193, 'a')).ok());
  EXPECT_FALSE(CheckPattern(std::string(5'000, '(')).ok());
}

TemplateRequest Request() {
  TemplateRequest request;
  request.values = {{"ROLE_NAME", "qa"}, {"A", "x{{B}}"}, {"B", "y"}};
  Constraint constraint{"", "{{ROLE_NAME}}-{{A}}", "{{ B }}", "asset", {}, {}, {}, {}};
  constraint.criteria_and = {{"{{B}}", "equals", {"{{A}}", "{{b}"}, true, ""}};
  constraint.groups = {{"", "GET", "", ""}};
  request.constraints = {constraint};
  return request;
}

TEST(FillIn, ReplacesInEntryOrder) {
  const auto filled = FillIn(Request());

  ASSERT_TRUE(filled.ok()) << filled.error().message;
  const Constraint& constraint = filled->front();
  EXPECT_EQ(constraint.name, "qa-xy");
  EXPECT_EQ(constraint.description, "{{ B }}") << "blanks make it no placeholder";
  EXPECT_EQ(constraint.criteria_and[0], (Criterion{"y", "equals", {"xy", "{{b}"}, true, ""}));
  EXPECT_EQ(constraint.groups[0], (Permission{"qa", "GET", "allow", ""}));
}

TEST(FillIn, RefusesMissingValuesAndPlaceholdersThatAreLeft) {
  TemplateRequest missing = Request();
  missing.variables = {{"Z", true, "the last", std::nullopt}};
  TemplateRequest defaulted = Request();
  defaulted.variables = {{"Z", true, "", "z"}, {"Y", false, "", "y"}};
  defaulted.constraints[0].name = "{{Z}}";
  TemplateRequest left = defaulted;
  left.constraints[0].name = "{{Y}} {{{K}} {{b}}";
  TemplateRequest nobody = Request();
  nobody.values.erase(nobody.values.begin());

  EXPECT_EQ(FillIn(missing).error().message,
            "Required variable 'Z' not provided in variableValues. Description: the last");
  EXPECT_EQ(FillIn(defaulted).value()[0].name, "z");
  EXPECT_EQ(FillIn(left).error().message,
            "VAMS General Error: Unreplaced template variables found after substitution: K, Y, b. "
            "Provide values for these in variableValues.");
  EXPECT_THAT(FillIn(nobody).error().message, HasSubstr("ROLE_NAME"));
}

TEST(BuiltInTemplates, HaveTheConstraintsOfTheSpecification) {
  const std::vector<std::pair<std::string_view, std::size_t>> wanted = {
      {"database-admin.json", 13},
      {"database-user.json", 15},
      {"database-readonly.json", 10},
      {"global-readonly.json", 10},
      {"deny-tagged-assets.json", 1}};

  ASSERT_THAT(BuiltInTemplates(), SizeIs(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const BuiltInTemplate& built_in = BuiltInTemplates()[i];
    EXPECT_EQ(built_in.file, wanted[i].first);
    EXPECT_EQ(built_in.content.at("constraints").as_array().size(), wanted[i].second);
  }
  const auto& overlay = BuiltInTemplates()[4].content.at("constraints").as_array()[0].as_object();
  EXPECT_EQ(overlay.at("name"), "{{ROLE_NAME}}-deny-tagged-{{TAG_VALUE}}");
  EXPECT_EQ(boost::json::serialize(overlay.at("criteriaAnd")),
            R"([{"field":"tags","operator":"contains","value":"{{TAG_VALUE}}"}])");
}

}  // namespace
}  // namespace vams::access
