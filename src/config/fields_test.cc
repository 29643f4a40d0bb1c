#include "config/fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <set>

#include "config/bind.h"
#include "config/values.h"

namespace vams::config {
namespace {

TEST(Fields, HaveEachPathAndVariableOnce) {
  std::set<std::string> paths;
  std::set<std::string> variables;
  for (const Field& field : Fields()) {
    EXPECT_TRUE(paths.insert(field.path).second) << field.path;
    EXPECT_TRUE(variables.insert(EnvironmentName(field.path)).second) << field.path;
    EXPECT_FALSE(IsSection(field.path)) << field.path << " is a field and a section";
  }
}

TEST(Fields, HaveDefaultsThatFitTheirOwnType) {
  for (const Field& field : Fields()) {
    const auto issues = Validate(field, field.default_value, field.path);
    EXPECT_TRUE(issues.empty()) << field.path << " expected " << issues[0].note;
  }
}

TEST(Fields, PointOlderNamesAtFieldsWithMeaning) {
  for (const Field& field : Fields()) {
    if (field.same_as.empty()) continue;
    const Field* today = FindField(field.same_as);
    ASSERT_NE(today, nullptr) << field.same_as;
    EXPECT_TRUE(today->has_meaning()) << field.same_as;
  }
}

// A row without a member would be accepted and do nothing; a member without a row could never be
// set.
TEST(Fields, WithMeaningAreExactlyTheMembersOfConfig) {
  std::set<std::string> rows;
  for (const Field& field : Fields())
    if (field.has_meaning()) rows.insert(field.path);
  std::set<std::string> members;
  const Config config;
  VisitFields(config, [&](std::string_view path, const auto&) {
    EXPECT_TRUE(members.insert(std::string(path)).second) << path;
  });
  EXPECT_EQ(rows, members);
}

TEST(Fields, OfferEveryNameOfAnEnumerator) {
  const auto same = [](std::string_view path, const auto& names) {
    const Field* field = FindField(path);
    ASSERT_NE(field, nullptr) << path;
    EXPECT_TRUE(std::ranges::equal(field->choices, names)) << path;
  };
  same("engines.items.kind", kEnumNames<ItemsKind>);
  same("engines.objects.kind", kEnumNames<ObjectsKind>);
  same("engines.search.kind", kEnumNames<SearchKind>);
  same("engines.search.auth", kEnumNames<SearchAuth>);
  same("engines.search.stemming", kEnumNames<SearchStemming>);
  same("engines.jobs.kind", kEnumNames<JobsKind>);
  same("notifications.smtp.security", kEnumNames<MailSecurity>);
}

TEST(Fields, HaveVariablesWithOneWordForEachHump) {
  EXPECT_EQ(EnvironmentName("app.baseStackName"), "VAMS_APP_BASE_STACK_NAME");
  EXPECT_EQ(EnvironmentName("server.tls.key"), "VAMS_SERVER_TLS_KEY");
  EXPECT_EQ(EnvironmentName("app.x.lambdaAuthorizorJWTIssuerUrl"),
            "VAMS_APP_X_LAMBDA_AUTHORIZOR_JWT_ISSUER_URL");
}

TEST(Nearest, FindsMisspelledNamesAndMisplacedOnes) {
  EXPECT_EQ(Nearest("app.baseStakName"), "app.baseStackName");
  EXPECT_EQ(Nearest("app.basestackname"), "app.baseStackName");
  EXPECT_EQ(Nearest("servre"), "server");
  EXPECT_EQ(Nearest("engines.itmes"), "engines.items");
  EXPECT_EQ(Nearest("baseStackName"), "app.baseStackName");
  EXPECT_EQ(Nearest("app.useCognito.useSaml"), "app.authProvider.useCognito.useSaml");
}

TEST(Nearest, IsSilentWhenNothingIsNearOrTwoThingsAre) {
  EXPECT_EQ(Nearest("app.completelyDifferent"), "");
  EXPECT_EQ(Nearest("enabled"), "");
}

}  // namespace
}  // namespace vams::config
