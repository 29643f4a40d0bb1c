// Change sets, templates and CDK diffs as AWS's tools write them.
#include "lifecycle/diff/aws_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/support_test.h"

namespace vams::lifecycle::diff {
namespace {

using test::Must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AwsChanges Read(const std::string& text) { return Must(ReadAwsChanges({{"file", text}}, {})); }
AwsChanges Compare(const std::string& before, const std::string& after) {
  return Must(ReadAwsChanges({{"old", before}}, NamedText{"new", after}));
}
Error Refused(const std::string& text) {
  const auto result = ReadAwsChanges({{"file", text}}, {});
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error() : result.error();
}

std::string Change(const std::string& members) {
  return R"({"Type": "Resource", "ResourceChange": {)" + members + "}}";
}
std::string ChangeSet(const std::string& changes, const std::string& more = "") {
  return R"({"ChangeSetName": "update", "StackName": "vams-core-prod", "Status": "CREATE_COMPLETE",
             "Changes": [)" +
         changes + "]" + more + "}";
}

// ---- Change sets

TEST(AwsChangeSet, NamesTablesThatAreReplacedWithTheReason) {
  const auto changes = Read(ChangeSet(Change(R"(
      "PolicyAction": "ReplaceAndDelete", "Action": "Modify",
      "LogicalResourceId": "AssetStorageTable5B6C1F", "PhysicalResourceId": "prod-assets",
      "ResourceType": "AWS::DynamoDB::Table", "Replacement": "True", "Scope": ["Properties"],
      "Details": [
        {"Target": {"Attribute": "Properties", "Name": "KeySchema", "RequiresRecreation": "Always"},
         "Evaluation": "Static", "ChangeSource": "DirectModification"},
        {"Target": {"Attribute": "Properties", "Name": "BillingMode",
                    "RequiresRecreation": "Never"},
         "Evaluation": "Static", "ChangeSource": "DirectModification"}])")));

  ASSERT_THAT(changes.changes, SizeIs(1));
  const auto& change = changes.changes.front();
  EXPECT_EQ(change.fate, AwsFate::kReplaced);
  EXPECT_EQ(change.physical_id, "prod-assets");
  EXPECT_EQ(change.policy, "Delete");
  EXPECT_THAT(change.because, ElementsAre("KeySchema"));
  EXPECT_TRUE(change.loses_data());
  EXPECT_TRUE(changes.stops());
  EXPECT_EQ(changes.stack, "vams-core-prod");
}

TEST(AwsChangeSet, TellsApartWhatIsDeletedRetainedAndUndecided) {
  const auto changes = Read(ChangeSet(
      Change(R"("PolicyAction": "Retain", "Action": "Remove", "LogicalResourceId": "Old",
                "ResourceType": "AWS::S3::Bucket")") +
      "," + Change(R"("PolicyAction": "Delete", "Action": "Remove", "LogicalResourceId": "Gone",
                "ResourceType": "AWS::Cognito::UserPool")") +
      "," + Change(R"("Action": "Modify", "LogicalResourceId": "Key", "Replacement": "Conditional",
                "ResourceType": "AWS::KMS::Key")") +
      "," + Change(R"("PolicyAction": "ReplaceAndRetain", "Action": "Modify", "Replacement": "True",
                "LogicalResourceId": "Kept", "ResourceType": "AWS::DynamoDB::Table")") +
      "," + Change(R"("Action": "Remove", "LogicalResourceId": "F",
                "ResourceType": "AWS::Lambda::Function")") +
      "," + Change(R"("Action": "Modify", "LogicalResourceId": "Same", "Replacement": "False",
                "ResourceType": "AWS::DynamoDB::Table")")));

  ASSERT_THAT(changes.changes, SizeIs(4));
  EXPECT_FALSE(changes.changes[0].loses_data());
  EXPECT_TRUE(changes.changes[1].loses_data());
  EXPECT_EQ(changes.changes[2].fate, AwsFate::kMayReplaced);
  EXPECT_TRUE(changes.changes[2].loses_data());
  EXPECT_FALSE(changes.changes[3].loses_data());
  EXPECT_TRUE(changes.changes[3].strands_data());
}

TEST(AwsChangeSet, PassesWhatHarmsNoData) {
  const auto changes = Read(ChangeSet(Change(
      R"("Action": "Add", "LogicalResourceId": "T", "ResourceType": "AWS::DynamoDB::Table")")));

  EXPECT_THAT(changes.changes, IsEmpty());
  EXPECT_TRUE(changes.whole);
  EXPECT_FALSE(changes.stops());
}

// A stack of VAMS is nested: what is in the inner change sets must not be overlooked.
TEST(AwsChangeSet, AsksForTheChangeSetsOfNestedStacks) {
  const std::string outer = ChangeSet(Change(R"("Action": "Modify",
      "LogicalResourceId": "StorageBuilder", "ResourceType": "AWS::CloudFormation::Stack",
      "Replacement": "False", "ChangeSetId": "arn:nested")"));
  const std::string inner =
      ChangeSet(Change(R"("PolicyAction": "Delete", "Action": "Remove", "LogicalResourceId": "T",
                "ResourceType": "AWS::DynamoDB::Table")"),
                R"(, "ChangeSetId": "arn:nested")");

  const auto alone = Read(outer);
  const auto both = Must(ReadAwsChanges({{"outer", outer}, {"inner", inner}}, {}));

  EXPECT_FALSE(alone.whole);
  EXPECT_THAT(alone.unknown, ElementsAre(HasSubstr("StorageBuilder")));
  EXPECT_TRUE(both.whole);
  EXPECT_TRUE(both.stops());
}

TEST(AwsChangeSet, CountsTheRemovalOfANestedStackAsLoss) {
  const auto changes = Read(ChangeSet(Change(R"("Action": "Remove",
      "LogicalResourceId": "StorageBuilder", "ResourceType": "AWS::CloudFormation::Stack")")));

  EXPECT_TRUE(changes.stops());
}

TEST(AwsChangeSet, SaysWhenAPageIsMissing) {
  const auto changes = Read(ChangeSet("", R"(, "NextToken": "abc")"));

  EXPECT_FALSE(changes.whole);
  EXPECT_THAT(changes.unknown, ElementsAre(HasSubstr("next page")));
}

// ---- Templates

std::string Template(const std::string& resources) {
  return R"({"Resources": {)" + resources + "}}";
}
std::string Table(const std::string& key, const std::string& more = "",
                  const std::string& name = "T") {
  return "\"" + name + R"(": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema":
      [{"AttributeName": ")" +
         key + R"(", "KeyType": "HASH"}], "AttributeDefinitions":
      [{"AttributeName": ")" +
         key + R"(", "AttributeType": "S"}]})" + more + "}";
}

TEST(AwsTemplates, FindKeysThatChange) {
  const auto changes = Compare(Template(Table("assetId")), Template(Table("databaseId:assetId")));

  ASSERT_THAT(changes.changes, SizeIs(1));
  EXPECT_EQ(changes.changes.front().fate, AwsFate::kReplaced);
  EXPECT_THAT(changes.changes.front().because, ElementsAre("KeySchema"));
  EXPECT_EQ(changes.changes.front().policy, "Delete");
}

TEST(AwsTemplates, KnowThatRetainingOneKeepsTheDataOutside) {
  const std::string retain = R"(, "UpdateReplacePolicy": "Retain", "DeletionPolicy": "Retain")";

  const auto replaced = Compare(Template(Table("a", retain)), Template(Table("b", retain)));
  const auto deleted = Compare(Template(Table("a", retain)), Template(""));
  const auto unprotected = Compare(Template(Table("a", retain)), Template(Table("a")));

  EXPECT_TRUE(replaced.changes.at(0).strands_data());
  EXPECT_TRUE(replaced.stops());
  EXPECT_FALSE(deleted.stops());
  ASSERT_THAT(unprotected.changes, SizeIs(1));
  EXPECT_EQ(unprotected.changes.front().fate, AwsFate::kPolicyOnly);
  EXPECT_FALSE(unprotected.stops());
}

TEST(AwsTemplates, SayThatARenamedResourceIsADeletedOne) {
  const auto changes =
      Compare(Template(Table("a", "", "Before")), Template(Table("a", "", "After")));

  ASSERT_THAT(changes.changes, SizeIs(1));
  EXPECT_EQ(changes.changes.front().fate, AwsFate::kDeleted);
  EXPECT_THAT(changes.changes.front().note, HasSubstr("After"));
}

TEST(AwsTemplates, KnowTheRulesOfEachKindOfResource) {
  struct Case {
    const char* type;
    const char* before;
    const char* after;
    std::optional<AwsFate> fate;
  };
  const Case cases[] = {
      {"AWS::S3::Bucket", R"({"BucketName": "a"})", R"({"BucketName": "b"})", AwsFate::kReplaced},
      {"AWS::S3::Bucket", R"({"Tags": []})", "{}", std::nullopt},
      {"AWS::Cognito::UserPool", R"({"UsernameAttributes": ["email"]})", "{}",
       AwsFate::kMayReplaced},
      {"AWS::Cognito::UserPool", R"({"MfaConfiguration": "OFF"})", R"({"MfaConfiguration": "ON"})",
       std::nullopt},
      {"AWS::KMS::Key", R"({"MultiRegion": false})", R"({"MultiRegion": true})",
       AwsFate::kReplaced},
      {"AWS::KMS::Key", R"({"EnableKeyRotation": false})", R"({"EnableKeyRotation": true})",
       std::nullopt},
      {"AWS::OpenSearchService::Domain", R"({"EngineVersion": "OpenSearch_2.3"})",
       R"({"EngineVersion": "OpenSearch_2.7"})", AwsFate::kReplaced},
      {"AWS::OpenSearchService::Domain", "{}", R"({"EncryptionAtRestOptions": {"Enabled": true}})",
       std::nullopt},
      {"AWS::OpenSearchService::Domain", R"({"EncryptionAtRestOptions": {"Enabled": true}})",
       R"({"EncryptionAtRestOptions": {"Enabled": false}})", AwsFate::kReplaced},
      {"AWS::OpenSearchServerless::Collection", R"({"Type": "SEARCH"})",
       R"({"Type": "TIMESERIES"})", AwsFate::kReplaced},
      {"AWS::DynamoDB::Table", R"({"AttributeDefinitions":
         [{"AttributeName": "a", "AttributeType": "S"}]})",
       R"({"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"},
                                    {"AttributeName": "b", "AttributeType": "S"}]})",
       std::nullopt},
      {"AWS::DynamoDB::Table", R"({"AttributeDefinitions":
         [{"AttributeName": "a", "AttributeType": "S"}]})",
       R"({"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "N"}]})",
       AwsFate::kReplaced},
  };
  for (const auto& one : cases) {
    const auto resource = [&](const char* properties) {
      return Template(
          fmt::format(R"("R": {{"Type": "{}", "Properties": {}}})", one.type, properties));
    };

    const auto changes = Compare(resource(one.before), resource(one.after));

    SCOPED_TRACE(fmt::format("{} {} -> {}", one.type, one.before, one.after));
    ASSERT_THAT(changes.changes, SizeIs(one.fate ? 1 : 0));
    if (one.fate) {
      EXPECT_EQ(changes.changes.front().fate, *one.fate);
    }
  }
}

TEST(AwsTemplates, UnwrapWhatGetTemplatePrints) {
  const auto as_object = R"({"TemplateBody": )" + Template(Table("a")) + "}";
  std::string quoted = Template(Table("b"));
  std::string escaped;
  for (const char c : quoted) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (c != '\n') escaped += c;
  }

  const auto changes = Compare(as_object, R"({"TemplateBody": ")" + escaped + "\"}");

  EXPECT_THAT(changes.changes, SizeIs(1));
}

// ---- CDK diffs

constexpr char kCdkDiff[] =
    R"(Stack vams-core-prod-us-east-1
IAM Statement Changes
┌───┬──────────┐
│   │ Resource │
└───┴──────────┘
Resources
)"
    "\x1b[33m[~]\x1b[39m AWS::DynamoDB::Table StorageBuilder/AssetStorageTable "
    "AssetStorageTable5B6C1F replace\n"
    R"( ├─ [~] AttributeDefinitions
 │   └─ @@ -1,6 +1,6 @@
 └─ [~] KeySchema (requires replacement)
     └─ @@ -1,10 +1,10 @@
[-] AWS::S3::Bucket StorageBuilder/AccessLogs AccessLogs794EDED1 destroy
[-] AWS::DynamoDB::Table StorageBuilder/Jobs Jobs2C41 orphan
[~] AWS::Cognito::UserPool Auth/Pool Pool6BA7E5F2 may be replaced
 └─ [~] UsernameAttributes (may cause replacement)
[~] AWS::KMS::Key Key Key961B73FD
 └─ [~] DeletionPolicy
     ├─ [-] Retain
     └─ [+] Delete
[~] AWS::Lambda::Function Api/Fn Fn1234
 └─ [~] Code
[+] AWS::DynamoDB::Table StorageBuilder/New New1
[~] AWS::S3::Bucket StorageBuilder/Assets Assets1
 └─ [~] Tags

Number of stacks with differences: 1
)";

TEST(CdkDiff, IsReadWithItsColoursAndImpacts) {
  const auto changes = Read(kCdkDiff);

  ASSERT_THAT(changes.changes, SizeIs(5));
  EXPECT_EQ(changes.stack, "vams-core-prod-us-east-1");
  EXPECT_EQ(changes.changes[0].logical_id, "AssetStorageTable5B6C1F");
  EXPECT_EQ(changes.changes[0].fate, AwsFate::kReplaced);
  EXPECT_THAT(changes.changes[0].because, ElementsAre("KeySchema"));
  EXPECT_THAT(changes.changes[0].path, HasSubstr("StorageBuilder/AssetStorageTable"));
  EXPECT_EQ(changes.changes[1].policy, "Delete");
  EXPECT_TRUE(changes.changes[1].loses_data());
  EXPECT_EQ(changes.changes[2].policy, "Retain");
  EXPECT_FALSE(changes.changes[2].loses_data());
  EXPECT_EQ(changes.changes[3].fate, AwsFate::kMayReplaced);
  EXPECT_EQ(changes.changes[4].fate, AwsFate::kPolicyOnly);
  EXPECT_THAT(changes.changes[4].because, ElementsAre("DeletionPolicy"));
  EXPECT_TRUE(changes.stops());
}

TEST(CdkDiff, WithoutDifferencesStopsNothing) {
  const auto changes = Read("Stack vams-core-prod\nThere were no differences\n");

  EXPECT_THAT(changes.changes, IsEmpty());
  EXPECT_TRUE(changes.whole);
}

// ---- What is no such thing

TEST(AwsChanges, SayWhatIsWrongWithAFile) {
  EXPECT_THAT(Refused("").message, HasSubstr("empty"));
  EXPECT_THAT(Refused("{\"Changes\": [").message, HasSubstr("cut off"));
  EXPECT_THAT(Refused("hello\n").message, HasSubstr("neither"));
  EXPECT_THAT(Refused("{}").message, HasSubstr("no change set"));
  EXPECT_THAT(Refused(R"({"Changes": 1})").message, HasSubstr("no list"));
  EXPECT_THAT(Refused(R"({"Changes": [1]})").message, HasSubstr("change 1 is no object"));
  EXPECT_THAT(Refused(R"({"Changes": [{"Type": "Resource"}]})").message,
              HasSubstr("no ResourceChange"));
  EXPECT_THAT(Refused(ChangeSet(Change(R"("Action": "Remove")"))).message,
              HasSubstr("no ResourceType"));
  EXPECT_THAT(Refused(Template(Table("a"))).message, HasSubstr("--against"));
  const auto yaml = ReadAwsChanges({{"old.yaml", "Resources:\n  T:\n"}}, NamedText{"new", "{}"});
  ASSERT_FALSE(yaml.ok());
  EXPECT_THAT(yaml.error().message, HasSubstr("YAML"));
}

TEST(AwsChanges, CountItemsOfTablesThatCanBeReached) {
  auto changes = Read(ChangeSet(
      Change(R"("Action": "Remove", "LogicalResourceId": "A", "PhysicalResourceId": "prod-a",
                "ResourceType": "AWS::DynamoDB::Table")") +
      "," + Change(R"("Action": "Remove", "LogicalResourceId": "B", "PhysicalResourceId": "prod-b",
                "ResourceType": "AWS::DynamoDB::Table")")));

  AddRows(changes, [](const std::string& name) -> Result<std::uint64_t> {
    if (name == "prod-a") return std::uint64_t{4711};
    return Error(Code::kDenied, "no permission");
  });

  EXPECT_EQ(changes.changes[0].rows, 4711U);
  EXPECT_EQ(changes.changes[1].rows, std::nullopt);
  EXPECT_THAT(changes.unknown, ElementsAre(HasSubstr("no permission")));
  EXPECT_TRUE(changes.whole);
}

}  // namespace
}  // namespace vams::lifecycle::diff
