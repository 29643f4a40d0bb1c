#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "config/checks.h"
#include "config/config.h"
#include "files/files.h"

namespace vams::config {
namespace {

CheckReport CheckFile(std::string text, std::map<std::string, std::string> environment = {}) {
  return Check({.file_text = std::move(text),
                .file_path = "/etc/vams/config.json",
                .environment = std::move(environment),
                .sets = {}});
}

// "rule@path rule@path" of the given severity.
std::string Broken(const CheckReport& report, Severity severity = Severity::kError) {
  std::string out;
  for (const Violation& v : report.violations)
    if (v.severity == severity) out += (out.empty() ? "" : " ") + v.rule + "@" + v.path;
  return out;
}

std::string Errors(std::string text) { return Broken(CheckFile(std::move(text))); }
std::string Warnings(std::string text) {
  return Broken(CheckFile(std::move(text)), Severity::kWarning);
}

class RuleFiles : public testing::Test {
 protected:
  // A file of the given size and mode in a folder of this test.
  std::string Make(const std::string& name, std::size_t size, mode_t mode) {
    const std::string path = (folder_->path() / name).string();
    std::ofstream(path) << std::string(size, 'k');
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  Result<files::TempFolder> folder_ =
      files::TempFolder::Create(std::filesystem::temp_directory_path(), "config-rules");
};

TEST(Rules, WantExactlyOneSignInProvider) {
  EXPECT_EQ(Errors(R"({"app": {"authProvider": {"useCognito": {"enabled": false}}}})"),
            "one-auth-provider@app.authProvider.useCognito.enabled");
  const std::string both =
      Errors(R"({"app": {"authProvider": {"useExternalOAuthIdp": {"enabled": true}}}})");
  EXPECT_NE(both.find("one-auth-provider@app.authProvider.useExternalOAuthIdp.enabled"),
            std::string::npos);
}

TEST(Rules, WantEveryFieldOfAnExternalProviderButTheSecondScope) {
  const char* const required[] = {"idpAuthProviderUrl",
                                  "idpAuthClientId",
                                  "idpAuthProviderScope",
                                  "idpAuthPrincipalDomain",
                                  "idpAuthProviderTokenEndpoint",
                                  "idpAuthProviderAuthorizationEndpoint",
                                  "idpAuthProviderDiscoveryEndpoint",
                                  "lambdaAuthorizorJWTIssuerUrl",
                                  "lambdaAuthorizorJWTAudience"};
  for (const char* left_out : required) {
    std::string provider = R"("enabled": true)";
    for (const char* name : required)
      provider +=
          std::string(", \"") + name + "\": \"" + (name == left_out ? "UNDEFINED" : "x") + "\"";
    EXPECT_EQ(
        Errors(R"({"app": {"authProvider": {"useCognito": {"enabled": false},
                "useExternalOAuthIdp": {)" +
               provider + "}}}}"),
        std::string("external-provider-field@app.authProvider.useExternalOAuthIdp.") + left_out);
  }
}

TEST(Rules, RefuseWhatIsNotSupportedWithTheWayOut) {
  const CheckReport saml =
      CheckFile(R"({"app": {"authProvider": {"useCognito": {"useSaml": true}}}})");
  EXPECT_EQ(Broken(saml), "saml@app.authProvider.useCognito.useSaml");
  EXPECT_NE(saml.violations.at(0).message.find("OpenID Connect"), std::string::npos);
  EXPECT_EQ(Errors(R"({"app": {"addons": {"useGarnetFramework": {"enabled": true}}}})"),
            "garnet@app.addons.useGarnetFramework.enabled");
}

TEST(Rules, AllowOneSearchKindAndOneDistribution) {
  EXPECT_EQ(Errors(R"({"app": {"openSearch": {"useServerless": {"enabled": true},
                "useProvisioned": {"enabled": true}}}})"),
            "one-search-kind@app.openSearch.useProvisioned.enabled");
  EXPECT_EQ(Errors(R"({"app": {"useAlb": {"enabled": true}, "useCloudFront": {"enabled": true}}})"),
            "one-distribution@app.useCloudFront.enabled");
  EXPECT_EQ(
      Errors(R"({"app": {"useAlb": {"enabled": false}, "useCloudFront": {"enabled": false}}})"),
      "");
  EXPECT_EQ(Errors(R"({"app": {"useCloudFront": {"customDomain": {"enabled": true}}}})"),
            "custom-domain@app.useCloudFront.customDomain.domainHost");
}

TEST(Rules, WantSearchSettingsToAgree) {
  EXPECT_EQ(Errors(R"({"engines": {"search": {"kind": "opensearch"}}})"),
            "search-url@engines.search.url");
  EXPECT_EQ(Warnings(R"({"app": {"openSearch": {"useServerless": {"enabled": false}}},
                "engines": {"search": {"kind": "xapian"}}})"),
            "search-off@engines.search.kind");
  EXPECT_EQ(Warnings(R"({"app": {"openSearch": {"useServerless": {"enabled": false},
                "reindexOnCdkDeploy": true}}})"),
            "reindex-without-search@app.openSearch.reindexOnCdkDeploy");
}

TEST(Rules, WantRatesThatCanBeKept) {
  EXPECT_EQ(Errors(R"({"app": {"api": {"globalRateLimit": 0}}})"),
            "rate-limit@app.api.globalRateLimit burst-limit@app.api.globalBurstLimit");
  EXPECT_EQ(Errors(R"({"app": {"api": {"globalRateLimit": 5, "globalBurstLimit": -1}}})"),
            "burst-limit@app.api.globalBurstLimit burst-below-rate@app.api.globalBurstLimit");
  EXPECT_EQ(Errors(R"({"app": {"api": {"globalRateLimit": 5, "globalBurstLimit": 4}}})"),
            "burst-below-rate@app.api.globalBurstLimit");
  EXPECT_EQ(Errors(R"({"app": {"api": {"globalRateLimit": 5, "globalBurstLimit": 5}}})"), "");
  EXPECT_EQ(Warnings(R"({"app": {"api": {"globalBurstLimit": 5}}})"),
            "burst-without-rate@app.api.globalBurstLimit");
}

TEST(Rules, WantAPlaceForAssets) {
  EXPECT_EQ(Errors(R"({"app": {"assetBuckets": {"createNewBucket": false}}})"),
            "some-bucket@app.assetBuckets.createNewBucket");
  EXPECT_EQ(Errors(R"({"app": {"assetBuckets": {"defaultNewBucketSyncDatabaseId": "UNDEFINED"}}})"),
            "bucket-database@app.assetBuckets.defaultNewBucketSyncDatabaseId");
  const CheckReport external = CheckFile(
      "{\"app\": {\"assetBuckets\": {\"createNewBucket\": false, \"externalAssetBuckets\": [\n"
      "{\"bucketArn\": \"arn:aws:s3:::a\", \"defaultSyncDatabaseId\": \"d\",\n"
      "\"baseAssetsPrefix\": \"in\"},\n"
      "{\"bucketArn\": \"file:///data\", \"baseAssetsPrefix\": \"/\"}]}}}");
  EXPECT_EQ(Broken(external),
            "bucket-prefix@app.assetBuckets.externalAssetBuckets[0].baseAssetsPrefix "
            "bucket-database@app.assetBuckets.externalAssetBuckets[1].defaultSyncDatabaseId");
  EXPECT_EQ(external.violations.at(0).at.line, 3);
}

TEST(Rules, WantNamesAndAnAdministrator) {
  for (const char* name : {"", "1st", "a_b", "-a", "ä",
                           "a234567890123456789012345678901234567890123"
                           "456789012345678901234"})
    EXPECT_EQ(Errors(std::string(R"({"app": {"baseStackName": ")") + name + "\"}}"),
              "stack-name@app.baseStackName")
        << name;
  EXPECT_EQ(Errors(R"({"app": {"baseStackName": "a-9"}})"), "");
  EXPECT_EQ(Errors(R"({"name": "", "env": {"region": ""}})"),
            "product-name@name region@env.region");
  EXPECT_EQ(Errors(R"({"app": {"adminUserId": "UNDEFINED"}})"), "admin-user@app.adminUserId");
  for (const char* mail : {"", "UNDEFINED", "nobody", "@x", "x@"})
    EXPECT_EQ(Errors(std::string(R"({"app": {"adminEmailAddress": ")") + mail + "\"}}"),
              "admin-email@app.adminEmailAddress")
        << mail;
}

TEST(Rules, WantAddressesThatParse) {
  for (const char* good : {"127.0.0.1:8080", ":80", "[::1]:0", "localhost:65535"})
    EXPECT_EQ(Errors(std::string(R"({"server": {"listen": ")") + good + "\"}}"), "") << good;
  for (const char* bad :
       {"127.0.0.1", "8080", "::1:80", "[::1]", "h:65536", "h:", "a b:1", "[x]:1"})
    EXPECT_EQ(Errors(std::string(R"({"server": {"listen": ")") + bad + "\"}}"),
              "listen@server.listen")
        << bad;
  EXPECT_EQ(Errors(R"({"server": {"listen": []}})"), "listen@server.listen");
  EXPECT_EQ(Errors(R"({"server": {"trustedProxies": ["10.0.0.0/8", "::1", "fd00::/8"]}})"), "");
  EXPECT_EQ(Errors(R"({"server": {"trustedProxies": ["10.0.0.0/33"]}})"),
            "trusted-proxy@server.trustedProxies");
}

TEST(Rules, WantEndpointsThatAreUrls) {
  EXPECT_EQ(UrlProblem("http://localhost:8000"), "");
  EXPECT_EQ(UrlProblem("https://a.b/c?d"), "");
  EXPECT_EQ(UrlProblem("http://[::1]:9000/"), "");
  for (const char* bad : {"", "localhost:8000", "ftp://h", "http://", "http://h:0", "http://h:x",
                          "http://h h", "http://u:p@h", "http://[x]"})
    EXPECT_NE(UrlProblem(bad), "") << bad;
  const CheckReport report =
      CheckFile(R"({"engines": {"objects": {"kind": "s3", "endpoint": "localhost:9000"}}})");
  EXPECT_EQ(report.errors(), 1);
  EXPECT_NE(ErrorLines(report).find("does not begin with http:// or https://"), std::string::npos);
}

TEST(Rules, WantTablesNamedInOneWay) {
  EXPECT_EQ(Errors(R"({"engines": {"items": {"kind": "dynamodb", "tables": {"a": "b"},
                "tablePrefix": "p"}}})"),
            "tables-or-prefix@engines.items.tablePrefix");
}

TEST(Rules, WantTheLicenceAndTheCommandOfAPipeline) {
  EXPECT_EQ(Errors(R"({"app": {"pipelines": {"useIsaacLabTraining": {"enabled": true,
                "commandTemplate": "run"}}}})"),
            "nvidia-eula@app.pipelines.useIsaacLabTraining.acceptNvidiaEula");
  EXPECT_EQ(Warnings(R"({"app": {"pipelines": {"useSplatToolbox": {"enabled": true}}}})"),
            "pipeline-command@app.pipelines.useSplatToolbox.enabled");
  EXPECT_EQ(Warnings(R"({"app": {"pipelines": {"usePreview3dThumbnail": {"enabled": true}}}})"),
            "");
}

// A broken rule about a field whose value is invalid would speak of the default in its place.
TEST(Rules, AreSilentAboutAFieldThatIsInvalid) {
  const CheckReport report = CheckFile(R"({"app": {"adminEmailAddress": 5}})");
  EXPECT_EQ(report.errors(), 1);
  EXPECT_TRUE(report.violations.empty());
}

TEST(Rules, SayWhatEncryptionDoesNotCover) {
  const CheckReport report = CheckFile(R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(Broken(report, Severity::kNotice), "encryption-scope@app.useKmsCmkEncryption.enabled");
  EXPECT_NE(report.violations.at(0).message.find("disk encryption"), std::string::npos);
}

TEST_F(RuleFiles, StackKeyHasThirtyTwoPrivateBytes) {
  ASSERT_TRUE(folder_.ok());
  const auto errors = [](const std::string& reference) {
    return Errors(
        R"({"app": {"useKmsCmkEncryption": {"enabled": true, "optionalExternalCmkArn": ")" +
        reference + "\"}}}");
  };
  const std::string path = "stack-key-file@app.useKmsCmkEncryption.optionalExternalCmkArn";
  EXPECT_EQ(errors("file:" + Make("good", 32, 0600)), "");
  EXPECT_EQ(errors("file://" + Make("group", 32, 0640)), "");
  EXPECT_EQ(errors("file:" + Make("open", 32, 0604)), path);
  EXPECT_EQ(errors("file:" + Make("short", 31, 0600)), path);
  EXPECT_EQ(errors("file:" + (folder_->path() / "absent").string()), path);
  EXPECT_EQ(errors("file:" + folder_->path().string()), path) << "a folder is no key";
  EXPECT_EQ(Warnings(R"({"app": {"useKmsCmkEncryption": {"enabled": true,
                "optionalExternalCmkArn": "arn:aws:kms:x"}}})"),
            "stack-key-arn@app.useKmsCmkEncryption.optionalExternalCmkArn");
}

TEST_F(RuleFiles, TlsNeedsAReadablePair) {
  ASSERT_TRUE(folder_.ok());
  const std::string certificate = Make("cert.pem", 1, 0644);
  const std::string key = Make("key.pem", 1, 0600);
  const std::string open_key = Make("open.pem", 1, 0644);
  const auto errors = [](const std::string& cert_path, const std::string& key_path) {
    std::string tls;
    if (!cert_path.empty()) tls += "\"certificate\": \"" + cert_path + "\"";
    if (!key_path.empty()) tls += (tls.empty() ? "" : ",") + ("\"key\": \"" + key_path + "\"");
    return Errors(R"({"server": {"tls": {)" + tls + "}}}");
  };
  EXPECT_EQ(errors(certificate, key), "");
  EXPECT_EQ(errors(certificate, open_key), "tls-key@server.tls.key");
  EXPECT_EQ(errors(certificate, ""), "tls-pair@server.tls.key");
  EXPECT_EQ(errors("", key), "tls-pair@server.tls.certificate");
  EXPECT_EQ(errors("/absent/c.pem", key), "tls-certificate@server.tls.certificate");
  // The PEM behind the load balancer's field holds the key too, so it may not be open to all.
  EXPECT_EQ(Errors(R"({"app": {"useAlb": {"enabled": true, "certificateArn": "file:)" +
                   certificate + "\"}}}"),
            "certificate-file@app.useAlb.certificateArn");
}

TEST_F(RuleFiles, HookCommandExistsAndIsExecutable) {
  ASSERT_TRUE(folder_.ok());
  const std::string program = Make("hook", 1, 0755);
  const std::string plain = Make("plain", 1, 0644);
  const auto errors = [&](const std::string& command) {
    return Broken(CheckFile(R"({"hooks": {"switch": )" + command + "}}",
                            {{"PATH", "/nowhere:" + folder_->path().string()}}));
  };
  EXPECT_EQ(errors("\"" + program + "\""), "");
  EXPECT_EQ(errors("[\"" + program + "\", \"--fast\"]"), "");
  EXPECT_EQ(errors("\"hook\""), "") << "found through PATH";
  EXPECT_EQ(errors("\"plain\""), "hook-command@hooks.switch");
  EXPECT_EQ(errors("\"" + plain + "\""), "hook-command@hooks.switch");
  EXPECT_EQ(errors("\"/absent/hook\""), "hook-command@hooks.switch");
  EXPECT_EQ(errors("\"" + folder_->path().string() + "\""), "hook-command@hooks.switch");
}

TEST_F(RuleFiles, ASearchServerNeedsItsCredentials) {
  ASSERT_TRUE(folder_.ok());
  const auto engine = [](const std::string& more) {
    return R"({"engines": {"search": {"kind": "opensearch", "url": "https://s")" + more + "}}}";
  };
  EXPECT_EQ(Errors(engine("")), "");
  EXPECT_EQ(Errors(engine(R"(, "auth": "aws", "region": "eu-west-1")")), "");
  const std::string basic =
      R"(, "auth": "basic", "passwordRef": "file:)" + Make("s", 3, 0600) + "\"";
  EXPECT_EQ(Errors(engine(basic)), "search-user@engines.search.user");
  EXPECT_EQ(Errors(engine(basic + R"(, "user": "u")")), "");
  EXPECT_EQ(Errors(engine(R"(, "auth": "basic", "user": "u")")),
            "search-password@engines.search.passwordRef");
  EXPECT_EQ(Errors(engine(R"(, "caFile": "/absent.pem")")),
            "search-authority@engines.search.caFile");
  EXPECT_EQ(Warnings(R"({"engines": {"search": {"kind": "opensearch", "url": "http://s")" + basic +
                     R"(, "user": "u"}}})"),
            "search-security@engines.search.url");
}

TEST_F(RuleFiles, MailNeedsASenderAndAPasswordByReference) {
  ASSERT_TRUE(folder_.ok());
  const std::string base = R"({"notifications": {"smtp": {"host": "m", "from": "v@x", "user": "u")";
  EXPECT_EQ(Errors(R"({"notifications": {"smtp": {"host": "m"}}})"),
            "mail-from@notifications.smtp.from");
  EXPECT_EQ(Errors(base + "}}}"), "mail-password@notifications.smtp.passwordRef");
  EXPECT_EQ(Errors(base + R"(, "passwordRef": "file:)" + Make("pw", 3, 0600) + "\"}}}"), "");
  EXPECT_EQ(Errors(base + R"(, "passwordRef": "file:)" + Make("open", 3, 0644) + "\"}}}"),
            "mail-password@notifications.smtp.passwordRef");
  EXPECT_EQ(Errors(base + R"(, "passwordRef": "env:SET", "caFile": "/absent.pem"}}})"),
            "mail-authority@notifications.smtp.caFile");
  const std::string links = R"(, "publicUrl": "https://assets.plant.example"}})";
  EXPECT_EQ(Warnings(base + R"(, "passwordRef": "env:NOT_SET"})" + links),
            "mail-password@notifications.smtp.passwordRef");
  EXPECT_EQ(Warnings(base + R"(, "passwordRef": "file:)" + Make("pw2", 3, 0600) +
                     R"(", "security": "none"})" + links),
            "mail-security@notifications.smtp.security");
  EXPECT_EQ(Warnings(base + R"(, "passwordRef": "file:)" + Make("pw3", 3, 0600) + "\"}}}"),
            "mail-links@notifications.publicUrl");
  EXPECT_EQ(Warnings(R"({"notifications": {"smtp": {"port": 25}}})"),
            "mail-host@notifications.smtp.host");
}

TEST(Report, PutsProblemsFirstAndAlignsItsColumns) {
  const CheckReport report = CheckFile(
      "{\"nmae\": 1,\n\"backup\": {\"keep\": 0},\n\"app\": {\"adminEmailAddress\": \"\",\n"
      "\"useWaf\": true}}");

  const std::string text = RenderText(report);

  EXPECT_TRUE(text.starts_with(
      "/etc/vams/config.json: 2 errors, 1 warning; 1 used, 143 new, 1 without meaning here\n\n"
      "Errors (nothing starts or changes until they are mended)\n"
      "  line 2  backup.keep            invalid (expected a whole number from 1 to 100000)\n"
      "  line 3  app.adminEmailAddress  the first administrator has no e-mail address; set one\n\n"
      "Warnings\n"
      "  line 1  nmae  unknown (did you mean name?)\n\n"
      "Used\n"
      "  line 3  app.adminEmailAddress  used\n\n"
      "New: not set, so the default counts\n"))
      << text;
  EXPECT_NE(text.find("\n  line 4  app.useWaf  accepted, no meaning here (AWS WAF only;"),
            std::string::npos)
      << text;
}

TEST(Report, HasAJsonForm) {
  const CheckReport report = CheckFile("{\"nmae\": 1,\n\"app\": {\"adminEmailAddress\": \"\"}}");

  const auto object = ReportJson(report);

  EXPECT_EQ(object.at("file").as_string(), "/etc/vams/config.json");
  EXPECT_FALSE(object.at("ok").as_bool());
  EXPECT_EQ(object.at("errors").as_int64(), 1);
  EXPECT_EQ(object.at("warnings").as_int64(), 1);
  EXPECT_EQ(
      boost::json::serialize(object.at("fields").at(0)),
      R"({"path":"nmae","status":"unknown","origin":"file","note":"name","line":1,"column":2})");
  EXPECT_EQ(boost::json::serialize(object.at("problems").at(0)),
            R"({"rule":"admin-email","severity":"error","path":"app.adminEmailAddress",)"
            R"("message":"the first administrator has no e-mail address; set one","line":2})");
}

TEST(Report, OfUnreadableTextIsItsReason) {
  const CheckReport report = CheckFile("{");
  EXPECT_EQ(report.errors(), 1);
  EXPECT_TRUE(RenderText(report).starts_with("/etc/vams/config.json, line 1"));
  EXPECT_FALSE(ReportJson(report).at("ok").as_bool());
}

}  // namespace
}  // namespace vams::config
