// A configuration that moves into a stack's folder must go on meaning the files beside which it was
// written: a key that is looked for elsewhere afterwards would be a stack that does not start.
#include "config/absolute_paths.h"

#include <gtest/gtest.h>

namespace vams::config {

namespace {

constexpr char kFile[] = "/etc/plant/config.json";

TEST(AbsolutePaths, MoveWithTheFileTheyStandIn) {
  const auto moved = WithAbsolutePaths(R"({
    "app": {"useKmsCmkEncryption": {"enabled": true, "optionalExternalCmkArn": "file:keys/stack.key"},
            "assetBuckets": {"externalAssetBuckets": [
              {"bucketArn": "file:../hall", "baseAssetsPrefix": "/", "defaultSyncDatabaseId": "d"},
              {"bucketArn": "arn:aws:s3:::parts", "baseAssetsPrefix": "/", "defaultSyncDatabaseId": "d"}]}},
    "server": {"tls": {"certificate": "tls.pem", "key": "/elsewhere/tls.key"}},
    "notifications": {"smtp": {"host": "mail", "passwordRef": "file:./mail.secret"}},
    "backup": {"repository": "s3://bucket/prefix"},
    "hooks": {"preUpdate": ["hooks/closed", "a/b"], "postUpdate": "true"}})",
                                       kFile);

  ASSERT_TRUE(moved.ok()) << moved.error().message;
  const Sources sources{.file_text = moved->text,
                        .file_path = "/var/lib/x/config.json",
                        .environment = {},
                        .sets = {}};
  const auto report = Check(sources);
  for (const auto& field : report.fields)
    EXPECT_NE(field.status, FieldStatus::kInvalid) << field.path;
  EXPECT_EQ(moved->paths,
            (std::vector<std::string>{"app.assetBuckets.externalAssetBuckets is /etc/hall",
                                      "app.useKmsCmkEncryption.optionalExternalCmkArn is "
                                      "/etc/plant/keys/stack.key",
                                      "server.tls.certificate is /etc/plant/tls.pem",
                                      "hooks.preUpdate is /etc/plant/hooks/closed",
                                      "notifications.smtp.passwordRef is /etc/plant/mail.secret"}));
  for (const char* part :
       {"\"file:/etc/hall\"", "\"file:/etc/plant/keys/stack.key\"", "\"/etc/plant/tls.pem\"",
        "\"/elsewhere/tls.key\"", "\"file:/etc/plant/mail.secret\"", "\"s3://bucket/prefix\"",
        "[\"/etc/plant/hooks/closed\",\"a/b\"]", "\"postUpdate\": \"true\""})
    EXPECT_NE(moved->text.find(part), std::string::npos) << part << "\n" << moved->text;
}

TEST(AbsolutePaths, LeaveATextAloneThatHasNone) {
  const std::string text = "{ \"app\":{\"baseStackName\" : \"plant\"},\n\"server\": {} }\n\n";

  const auto moved = WithAbsolutePaths(text, kFile);

  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->text, text);
  EXPECT_TRUE(moved->paths.empty());
}

TEST(AbsolutePaths, LeaveWhatDoesNotFitToTheCheck) {
  const std::string text = R"({"server": {"tls": {"key": 7}}, "backup": {"repository": null}})";

  const auto moved = WithAbsolutePaths(text, kFile);

  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->text, text);
  EXPECT_FALSE(WithAbsolutePaths("[]", kFile).ok());
  EXPECT_FALSE(WithAbsolutePaths("{", kFile).ok());
}

// What is read back is the same configuration, wherever the text lies.
TEST(AbsolutePaths, KeepTheMeaning) {
  const std::string text = R"({"server": {"tls": {"certificate": "a.pem", "key": "b.pem"}},
                               "backup": {"repository": "../backups"}})";
  const auto kept =
      TextToKeep({.file_text = text, .file_path = kFile, .environment = {}, .sets = {}});

  ASSERT_TRUE(kept.ok());
  const auto moved = WithAbsolutePaths(**kept, "/another/folder/config.json");
  ASSERT_TRUE(moved.ok());
  EXPECT_TRUE(moved->paths.empty());
  EXPECT_NE((*kept)->find("\"/etc/backups\""), std::string::npos) << **kept;
}

}  // namespace

}  // namespace vams::config
