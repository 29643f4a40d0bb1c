// Bodies about assets, as clients send them.
#include "model/asset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Read>
auto Parse(std::string_view body, Problems& problems, Read read) {
  return read(boost::json::parse(body).as_object(), problems);
}
NewAsset New(std::string_view body, Problems& problems) {
  return Parse(body, problems, ReadNewAsset);
}
// What is complained about a new asset with this in place of its usual members.
std::string Complaints(std::string_view member) {
  Problems problems;
  auto body = boost::json::parse(R"({"databaseId": "harbor", "assetName": "Gantry",
                                     "description": "Quay gantry", "isDistributable": true})")
                  .as_object();
  const boost::json::value members = boost::json::parse(member);
  for (const auto& [name, value] : members.as_object()) body.insert_or_assign(name, value);
  (void)ReadNewAsset(body, problems);
  return problems.empty() ? "" : problems.Text("M");
}

TEST(NewAsset, IsReadWithItsDefaults) {
  Problems problems;
  const NewAsset asset = New(
      R"({"databaseId": "harbor", "assetName": 12, "description": "Quay gantry",
          "isDistributable": "yes", "tags": null, "bucketExistingKey": "", "other": {}})",
      problems);
  EXPECT_TRUE(problems.empty()) << problems.Text("M");
  EXPECT_EQ(asset.database_id, "harbor");
  EXPECT_EQ(asset.id, "");
  EXPECT_EQ(asset.name, "12");
  EXPECT_TRUE(asset.distributable);
  EXPECT_TRUE(asset.tags.empty());
  EXPECT_FALSE(asset.existing_key);
}

TEST(NewAsset, IsReadWithEverything) {
  Problems problems;
  const NewAsset asset = New(
      R"({"databaseId": "harbor", "assetId": "gantry 12", "assetName": "G", "description": "Quay",
          "isDistributable": false, "tags": ["a", "b"], "bucketExistingKey": "legacy/"})",
      problems);
  EXPECT_TRUE(problems.empty()) << problems.Text("M");
  EXPECT_EQ(asset.id, "gantry 12");
  EXPECT_FALSE(asset.distributable);
  EXPECT_THAT(asset.tags, ElementsAre("a", "b"));
  EXPECT_EQ(asset.existing_key, "legacy/");
}

TEST(NewAsset, RulesOfItsMembers) {
  EXPECT_EQ(Complaints("{}"), "");
  EXPECT_THAT(Complaints(R"({"databaseId": "abc"})"), HasSubstr("at least 4 characters"));
  EXPECT_THAT(Complaints(R"({"assetName": ""})"), HasSubstr("at least 1 characters"));
  EXPECT_THAT(Complaints(R"({"description": "abc"})"), HasSubstr("at least 4 characters"));
  EXPECT_THAT(Complaints(R"({"isDistributable": null})"), HasSubstr("none is not an allowed"));
  EXPECT_THAT(Complaints(R"({"isDistributable": "perhaps"})"), HasSubstr("type_error.bool"));
  EXPECT_THAT(Complaints(R"({"tags": "a"})"), HasSubstr("type_error.list"));
  EXPECT_THAT(Complaints(R"({"tags": ["a", ")" + std::string(257, 'x') + R"("]})"),
              HasSubstr("tags -> 1\n  ensure this value has at most 256 characters"));
}

// An id that no other route could address is not given.
TEST(NewAsset, ItsIdIsOneThatRoutesTake) {
  for (const char* fine : {"ab", "gantry 12", "B\u00fcste, 3", "a.b-c_d's"})
    EXPECT_EQ(Complaints(R"({"assetId": ")" + std::string(fine) + R"("})"), "") << fine;
  EXPECT_THAT(Complaints(R"({"assetId": "a/b"})"),
              HasSubstr("Asset identifier cannot contain forward slashes"));
  EXPECT_THAT(Complaints(R"({"assetId": ""})"), HasSubstr("at least 1 characters"));
  EXPECT_THAT(Complaints(R"({"assetId": "GLOBAL"})"), HasSubstr("GLOBAL is not allowed"));
  for (const char* bad : {"a", "a#b", "a:b", "a ", "a.", "a|b"})
    EXPECT_THAT(Complaints(R"({"assetId": ")" + std::string(bad) + R"("})"),
                HasSubstr("assetId is invalid. Must follow the regexp"))
        << bad;
}

TEST(AssetChange, NullsAreLeftOutAndNothingIsTooLittle) {
  Problems fine, empty, nulls;
  const AssetChange change =
      Parse(R"({"assetName": null, "description": "Quay", "tags": []})", fine, ReadAssetChange);
  EXPECT_TRUE(fine.empty());
  EXPECT_FALSE(change.name);
  EXPECT_EQ(change.description, "Quay");
  EXPECT_FALSE(change.distributable);
  EXPECT_TRUE(change.tags && change.tags->empty());
  (void)Parse("{}", empty, ReadAssetChange);
  EXPECT_THAT(empty.Text("M"), HasSubstr("At least one field must be provided for update"));
  (void)Parse(R"({"assetName": null, "tags": null})", nulls, ReadAssetChange);
  EXPECT_THAT(nulls.Text("M"), HasSubstr("At least one field must be provided for update"));
}

TEST(Reasoned, AFlagThatIsSentHasToBeTrue) {
  const auto read = [](std::string_view body, std::string_view what, Problems& problems) {
    return ReadReasoned(boost::json::parse(body).as_object(), "confirm", what, problems);
  };
  Problems problems;
  EXPECT_FALSE(read("{}", "it", problems).confirmed);
  EXPECT_FALSE(read(R"({"confirm": null})", "it", problems).confirmed);
  EXPECT_FALSE(read(R"({"confirm": false})", "", problems).confirmed);
  const Reasoned reasoned = read(R"({"confirm": "true", "reason": "old"})", "it", problems);
  EXPECT_TRUE(reasoned.confirmed);
  EXPECT_EQ(reasoned.reason, "old");
  EXPECT_TRUE(problems.empty());
  (void)read(R"({"confirm": false})", "it", problems);
  EXPECT_THAT(problems.Text("M"), HasSubstr("confirm must be true for it"));
  Problems longer;
  (void)read(R"({"reason": ")" + std::string(257, 'x') + R"("})", "it", longer);
  EXPECT_FALSE(longer.empty());
}

}  // namespace
}  // namespace vams::model
