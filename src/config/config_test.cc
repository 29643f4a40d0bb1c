#include "config/config.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "config/fields.h"

namespace vams::config {
namespace {

namespace json = boost::json;

Sources File(std::string text) {
  return {.file_text = std::move(text),
          .file_path = "/etc/vams/config.json",
          .environment = {},
          .sets = {}};
}

const FieldReport* FindReport(const CheckReport& report, std::string_view path) {
  for (const FieldReport& field : report.fields)
    if (field.path == path) return &field;
  return nullptr;
}

// "status/line/origin/note", so that an expectation is one text.
std::string Line(const CheckReport& report, std::string_view path) {
  const FieldReport* field = FindReport(report, path);
  if (field == nullptr) return "not reported";
  return std::string(StatusName(field->status)) + "/" + std::to_string(field->at.line) + "/" +
         field->origin + "/" + field->note;
}

Config MustLoad(const Sources& sources) {
  auto config = Load(sources);
  if (!config.ok()) ADD_FAILURE() << config.error().message;
  return config.ok() ? *config : Config();
}

// ---- Defaults ----------------------------------------------------------------------------------

TEST(Config, DefaultsAloneAreAValidConfigurationWithoutAnyRemark) {
  const CheckReport report = Check({});

  EXPECT_EQ(report.errors(), 0) << ErrorLines(report);
  EXPECT_EQ(report.warnings(), 0);
  EXPECT_TRUE(report.violations.empty());
  for (const FieldReport& field : report.fields)
    EXPECT_EQ(field.status, FieldStatus::kNew) << field.path;
}

TEST(Config, IsTheSameFromNoFileFromAnEmptyObjectAndByConstruction) {
  EXPECT_EQ(MustLoad({}), Config());
  EXPECT_EQ(MustLoad(File("{}")), Config());
}

// Whatever single field is written out with its own default, nothing may change or be refused.
TEST(Config, TakesEveryDefaultWrittenOut) {
  for (const Field& field : Fields()) {
    if (!field.has_meaning() || field.path.ends_with('*') || field.default_value.is_null())
      continue;
    Sources sources;
    sources.sets = {field.path + "=" +
                    (field.default_value.is_string() ? std::string(field.default_value.as_string())
                                                     : json::serialize(field.default_value))};
    const auto config = Load(sources);
    ASSERT_TRUE(config.ok()) << field.path << ": " << config.error().message;
    EXPECT_EQ(*config, Config()) << field.path;
  }
}

TEST(Config, ShowsWhatReadsBackAsTheSame) {
  Sources sources = File(R"({
    "app": {"baseStackName": "round", "useAlb": {"enabled": true, "domainHost": "a.example"},
      "assetBuckets": {"externalAssetBuckets": [
        {"bucketArn": "arn:aws:s3:::old", "baseAssetsPrefix": "in/", "defaultSyncDatabaseId": "d"},
        {"bucketArn": "file:data", "defaultSyncDatabaseId": "e"}]},
      "authProvider": {"authorizerOptions": {"allowedIpRanges": [["10.0.0.1", "10.0.0.9"]]}},
      "pipelines": {"useNvidiaCosmos": {"enabled": true, "modelsReason": {"reason2B": {
        "enabled": true, "commandTemplate": "reason {input}"}}}},
      "api": {"globalRateLimit": 50}},
    "engines": {"items": {"kind": "dynamodb", "endpoint": "http://localhost:8000",
        "tables": {"AssetStorageTable": "prod-assets"}},
      "jobs": {"kind": "slurm", "partition": "gpu", "slots": 3}},
    "server": {"listen": ["127.0.0.1:80", "[::1]:80"], "trustedProxies": ["10.0.0.0/8"]},
    "notifications": {"smtp": {"host": "mail", "user": "u", "passwordRef": "env:MAIL",
      "from": "a@b", "security": "tls"}}})");
  sources.environment["MAIL"] = "very-secret";
  const Config config = MustLoad(sources);

  const std::string shown = json::serialize(ConfigJson(config));

  EXPECT_EQ(MustLoad(File(shown)), config) << shown;
  EXPECT_EQ(shown.find("very-secret"), std::string::npos);
  EXPECT_NE(shown.find("env:MAIL"), std::string::npos);
}

// ---- Precedence --------------------------------------------------------------------------------

TEST(Precedence, GoesFromCommandLineOverEnvironmentAndFileToDefault) {
  Sources sources;
  EXPECT_EQ(MustLoad(sources).stack_name, "prod");
  sources = File(R"({"app": {"baseStackName": "from-file"}})");
  EXPECT_EQ(MustLoad(sources).stack_name, "from-file");
  sources.environment["STACK_NAME"] = "from-upstream";
  EXPECT_EQ(MustLoad(sources).stack_name, "from-file");
  sources.environment["VAMS_APP_BASE_STACK_NAME"] = "from-environment";
  EXPECT_EQ(MustLoad(sources).stack_name, "from-environment");
  sources.sets = {"app.baseStackName=first", "app.baseStackName=last"};
  EXPECT_EQ(MustLoad(sources).stack_name, "last");
}

TEST(Precedence, PutsUpstreamsAdministratorAboveTheFileAndBelowOurs) {
  Sources sources = File(R"({"app": {"adminUserId": "f", "adminEmailAddress": "f@x"}})");
  sources.environment = {{"ADMIN_USER_ID", "u"}, {"ADMIN_EMAIL_ADDRESS", "u@x"}};
  EXPECT_EQ(MustLoad(sources).admin_user_id, "u");
  EXPECT_EQ(MustLoad(sources).admin_email, "u@x");
  sources.environment["VAMS_APP_ADMIN_USER_ID"] = "ours";
  EXPECT_EQ(MustLoad(sources).admin_user_id, "ours");
}

// A shell on AWS has REGION set; it must not leak into a stack whose file does not ask for it.
TEST(Precedence, UsesStackNameAndRegionOnlyWhereTheFileSaysNull) {
  Sources sources;
  sources.environment = {{"STACK_NAME", "s"}, {"REGION", "eu-west-1"}};
  EXPECT_EQ(MustLoad(sources).region, "local");
  sources.file_text = R"({"env": {}, "app": {}})";
  EXPECT_EQ(MustLoad(sources).region, "local");
  sources.file_text = R"({"env": {"region": null}, "app": {"baseStackName": null}})";
  EXPECT_EQ(MustLoad(sources).region, "eu-west-1");
  EXPECT_EQ(MustLoad(sources).stack_name, "s");
  EXPECT_EQ(Line(Check(sources), "env.region"), "used/0/environment REGION/");
}

TEST(Precedence, TakesAnEmptyVariableForUnset) {
  Sources sources = File(R"({"app": {"baseStackName": "f"}})");
  sources.environment["VAMS_APP_BASE_STACK_NAME"] = "";
  EXPECT_EQ(MustLoad(sources).stack_name, "f");
}

TEST(Precedence, LetsTheCommandLineUnsetAValue) {
  Sources sources = File(R"({"app": {"baseStackName": "f"}})");
  sources.sets = {"app.baseStackName=null"};
  EXPECT_EQ(MustLoad(sources).stack_name, "prod");
}

TEST(Precedence, SaysWhichLineIsOverridden) {
  Sources sources = File("{\"app\":\n{\"baseStackName\": \"f\"}}");
  sources.sets = {"app.baseStackName=dev"};
  EXPECT_EQ(Line(Check(sources), "app.baseStackName"), "used/0/--set/overrides line 2 of the file");
}

TEST(Set, ReadsEveryKindOfValue) {
  Sources sources;
  sources.sets = {"app.useLocationService.enabled=false",
                  "backup.keep=30",
                  "app.api.globalRateLimit=2.5",
                  "name=123",
                  "server.listen=:9000",
                  R"(server.trustedProxies=["10.0.0.1"])",
                  R"(engines.items={"kind":"dynamodb","tablePrefix":"p-"})",
                  "app.webUi.optionalBannerHtmlMessage=a=b"};
  const Config config = MustLoad(sources);
  EXPECT_FALSE(config.location_service);
  EXPECT_EQ(config.backup.keep, 30);
  EXPECT_EQ(config.rate_limit.per_second, 2.5);
  EXPECT_EQ(config.rate_limit.burst, 2.5);
  EXPECT_EQ(config.name, "123");
  EXPECT_EQ(config.server.listen, std::vector<std::string>{":9000"});
  EXPECT_EQ(config.server.trusted_proxies, std::vector<std::string>{"10.0.0.1"});
  EXPECT_EQ(config.engines.items.table_prefix, "p-");
  EXPECT_EQ(config.web_ui.banner_html, "a=b");
}

TEST(Set, RefusesWhatIsNoAssignmentOrDoesNotFit) {
  Sources sources;
  sources.sets = {"app.baseStackName", "backup.keep=many", "hooks=x", "app.tpyo=1"};
  const CheckReport report = Check(sources);
  EXPECT_EQ(Line(report, "app.baseStackName"),
            "invalid/0/--set/PATH=VALUE, as in app.baseStackName=dev");
  EXPECT_EQ(Line(report, "backup.keep"), "invalid/0/--set/a whole number from 1 to 100000");
  EXPECT_EQ(Line(report, "hooks"), "invalid/0/--set/an object in JSON");
  EXPECT_EQ(Line(report, "app.tpyo"), "unknown/0/--set/");
  EXPECT_EQ(report.errors(), 3);
}

// ---- Status of each field ----------------------------------------------------------------------

TEST(Status, IsUsedWithItsLine) {
  EXPECT_EQ(Line(Check(File("{\n\"name\": \"x\"}")), "name"), "used/2/file/");
}

TEST(Status, IsNewWithTheDefaultAndTheLineOfANull) {
  const CheckReport report = Check(File("{\n\"name\": null}"));
  EXPECT_EQ(Line(report, "name"), "new/2/default/\"vams\"");
  EXPECT_EQ(Line(report, "backup.repository"), "new/0/default/<home>/backups");
}

TEST(Status, IsAcceptedForWhatSteersAwsOnlyWhateverItsType) {
  const CheckReport report = Check(File(R"({"env": {"account": 5}, "app": {"useWaf": "x",
      "useGlobalVpc": {"vpcCidrRange": null}}})"));
  for (const std::string_view path : {"env.account", "app.useWaf", "app.useGlobalVpc.vpcCidrRange"})
    EXPECT_TRUE(Line(report, path).starts_with("accepted/")) << Line(report, path);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.warnings(), 0);
}

TEST(Status, IsUnknownWithAGuessAndOnlyAWarning) {
  const CheckReport report =
      Check(File("{\"app\": {\n\"baseStakName\": \"x\"},\n\"zzz\": {\"a\": 1}}"));
  EXPECT_EQ(Line(report, "app.baseStakName"), "unknown/2/file/app.baseStackName");
  EXPECT_EQ(Line(report, "zzz"), "unknown/3/file/");
  EXPECT_EQ(FindReport(report, "zzz.a"), nullptr) << "one line for a whole unknown section";
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.warnings(), 2);
}

TEST(Status, IsUnknownForAKeyThatSpellsAPath) {
  Sources sources = File(R"({"app.baseStackName": "sneaky"})");
  EXPECT_TRUE(Line(Check(sources), R"(["app.baseStackName"])").starts_with("unknown/1/"));
  EXPECT_EQ(MustLoad(sources).stack_name, "prod");
}

TEST(Status, IsUnknownForAMisspelledVariableOfOurs) {
  Sources sources;
  sources.environment = {{"VAMS_APP_BASE_STACKNAME", "x"}, {"VAMS_HOME", "/x"}, {"PATH", "/bin"}};
  const CheckReport report = Check(sources);
  EXPECT_EQ(Line(report, "VAMS_APP_BASE_STACKNAME"),
            "unknown/0/environment/VAMS_APP_BASE_STACK_NAME");
  EXPECT_EQ(report.warnings(), 1);
}

TEST(Status, IsInvalidWithWhatWasExpected) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"app": {"useLocationService": {"enabled": "true"}}})",
       "app.useLocationService.enabled: invalid (expected true or false)"},
      {R"({"backup": {"keep": 0}})", "backup.keep: invalid (expected a whole number from 1 to"},
      {R"({"backup": {"keep": 1.5}})", "backup.keep: invalid (expected a whole number from 1 to"},
      {R"({"backup": {"keep": 18446744073709551615}})", "backup.keep: invalid"},
      {R"({"name": 5})", "name: invalid (expected a text)"},
      {R"({"app": [1]})", "app: invalid (expected an object)"},
      {R"({"engines": {"items": {"kind": "mysql"}}})",
       "engines.items.kind: invalid (expected \"sqlite\" or \"dynamodb\")"},
      {R"({"engines": {"search": {"stemming": "klingon"}}})",
       "engines.search.stemming: invalid (expected \"none\" or \"english\")"},
      {R"({"engines": {"search": {"kind": "none", "url": 1}}})", "engines.search.url: invalid"},
      {R"({"server": {"listen": [1]}})", "server.listen: invalid"},
      {R"({"server": {"trustedProxies": "10.0.0.1"}})", "server.trustedProxies: invalid"},
      {R"({"hooks": {"switch": []}})", "hooks.switch: invalid"},
      {R"({"notifications": {"smtp": {"passwordRef": "hunter2"}}})",
       "notifications.smtp.passwordRef: invalid"},
      {R"({"app": {"assetBuckets": {"externalAssetBuckets": [{"bucketArn": "name"}]}}})",
       "app.assetBuckets.externalAssetBuckets[0].bucketArn: invalid"},
      {R"({"app": {"assetBuckets": {"externalAssetBuckets": [7]}}})",
       "app.assetBuckets.externalAssetBuckets[0]: invalid"},
      {R"({"app": {"authProvider": {"authorizerOptions": {"allowedIpRanges":
        [["10.0.0.1", "10.0.0.2"], ["10.0.0.9", "10.0.0.1"]]}}}})",
       "allowedIpRanges[1]: invalid (expected a first address that is not above the last)"},
      {R"({"app": {"authProvider": {"authorizerOptions": {"allowedIpRanges": [["::1", "1.2.3.4"]]}}}})",
       "allowedIpRanges[0]: invalid (expected two addresses of one family)"},
      {R"({"app": {"authProvider": {"authorizerOptions": {"allowedIpRanges": [["1.2.3.4"]]}}}})",
       "allowedIpRanges[0]: invalid"},
      {R"({"app": {"authProvider": {"authorizerOptions": {"allowedIpRanges": [["1.2.3", "x"]]}}}})",
       "allowedIpRanges[0]: invalid (expected a pair of IPv4 or IPv6 addresses)"},
      {R"({"app": {"authProvider": {"presignedUrlTimeoutSeconds": 604801}}})",
       "presignedUrlTimeoutSeconds: invalid"},
  };
  for (const auto& [text, expected] : cases) {
    const auto result = Load(File(text));
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, Code::kInvalid);
    EXPECT_NE(result.error().message.find(expected), std::string::npos)
        << result.error().message << "\nexpected " << expected;
  }
}

TEST(Status, NeverRepeatsASecretThatStandsInTheWrongPlace) {
  const CheckReport report = Check(File(R"({
    "notifications": {"smtp": {"passwordRef": "hunter2"}},
    "engines": {"items": {"kind": "dynamodb", "endpoint": "http://me:hunter2@host"}},
    "app": {"addons": {"useGarnetFramework": {"garnetApiToken": "hunter2"}},
      "pipelines": {"useNvidiaCosmos": {"huggingFaceToken": "hunter2"}}}, "apikey": "hunter2"})"));
  EXPECT_EQ(report.errors(), 2);
  EXPECT_EQ(RenderText(report).find("hunter2"), std::string::npos);
  EXPECT_EQ(json::serialize(ReportJson(report)).find("hunter2"), std::string::npos);
}

TEST(Status, OfAFieldOfAnotherKindOfEngineIsAccepted) {
  const CheckReport report =
      Check(File(R"({"engines": {"items": {"endpoint": "http://localhost:8000"}}})"));
  EXPECT_EQ(Line(report, "engines.items.endpoint"),
            "accepted/1/file/counts only with engines.items.kind dynamodb");
  EXPECT_TRUE(report.ok());
}

TEST(Status, OfASchedulersOwnSettingDependsOnTheScheduler) {
  const Config slurm =
      MustLoad(File(R"({"engines": {"jobs": {"kind": "slurm", "partition": "gpu"}}})"));
  EXPECT_EQ(slurm.engines.jobs.settings.at("partition").as_string(), "gpu");
  const CheckReport local = Check(File(R"({"engines": {"jobs": {"slot": 2}}})"));
  EXPECT_EQ(Line(local, "engines.jobs.slot"), "unknown/1/file/engines.jobs.slots");
}

TEST(Status, OfAnUnknownMemberOfABucketIsUnknown) {
  const CheckReport report = Check(File(
      R"({"app": {"assetBuckets": {"externalAssetBuckets": [{"bucketArn": "file:///x",
          "defaultSyncDatabaseId": "d", "colour": "red"}]}}})"));
  EXPECT_EQ(Line(report, "app.assetBuckets.externalAssetBuckets[0].colour"), "unknown/2/file/");
  EXPECT_TRUE(report.ok());
}

TEST(Load, SaysWhereTheTextStopsBeingJson) {
  const auto result = Load(File("{\n\"name\" \"x\"}"));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("/etc/vams/config.json, line 2, column 8"),
            std::string::npos)
      << result.error().message;
  EXPECT_FALSE(Check(File("[]")).ok());
}

TEST(Load, ListsEveryErrorAtOnce) {
  const auto result = Load(File("{\"name\": 5,\n\"backup\": {\"keep\": \"x\"}}"));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("2 errors"), std::string::npos);
  EXPECT_NE(result.error().message.find("line 1: name"), std::string::npos);
  EXPECT_NE(result.error().message.find("line 2: backup.keep"), std::string::npos);
}

// ---- Files of earlier lines --------------------------------------------------------------------

// Every field of the line's configuration file, as "path" with a value of its kind.
void Put(json::object& root, std::string_view path, json::value value) {
  json::object* here = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    json::value& next = (*here)[path.substr(0, dot)];
    if (!next.is_object()) next.emplace_object();
    here = &next.as_object();
    path.remove_prefix(dot + 1);
  }
  (*here)[path] = std::move(value);
}

json::object FileOf22() {
  json::object root;
  for (const std::string_view on :
       {"app.assetBuckets.createNewBucket", "app.useWaf", "app.addStackCloudTrailLogs",
        "app.openSearch.useServerless.enabled", "app.useLocationService.enabled",
        "app.useGlobalVpc.addVpcEndpoints", "app.useAlb.addAlbS3SpecialVpcEndpoint",
        "app.pipelines.useConversion3dBasic.enabled", "app.authProvider.useCognito.enabled"})
    Put(root, on, true);
  for (const std::string_view off :
       {"env.loadContextIgnoreVPCStacks", "app.useFips", "app.useKmsCmkEncryption.enabled",
        "app.govCloud.enabled", "app.govCloud.il6Compliant", "app.useGlobalVpc.enabled",
        "app.useGlobalVpc.useForAllLambdas", "app.openSearch.useProvisioned.enabled",
        "app.useAlb.enabled", "app.useAlb.usePublicSubnet",
        "app.pipelines.usePreviewPcPotreeViewer.enabled",
        "app.pipelines.useGenAiMetadata3dLabeling.enabled",
        "app.pipelines.useRapidPipeline.enabled", "app.pipelines.useModelOps.enabled",
        "app.authProvider.useCognito.useSaml",
        "app.authProvider.useCognito.useUserPasswordAuthFlow",
        "app.authProvider.useExternalOAuthIdp.enabled", "app.webUi.allowUnsafeEvalFeatures"})
    Put(root, off, false);
  for (const std::string_view unset :
       {"env.account", "env.region", "app.assetBuckets.externalAssetBuckets",
        "app.useKmsCmkEncryption.optionalExternalCmkArn", "app.useGlobalVpc.optionalExternalVpcId",
        "app.useGlobalVpc.optionalExternalIsolatedSubnetIds",
        "app.useGlobalVpc.optionalExternalPrivateSubnetIds",
        "app.useGlobalVpc.optionalExternalPublicSubnetIds", "app.useAlb.optionalHostedZoneId",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderUrl",
        "app.authProvider.useExternalOAuthIdp.idpAuthClientId",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderScope",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderScopeMfa",
        "app.authProvider.useExternalOAuthIdp.idpAuthPrincipalDomain",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderTokenEndpoint",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderAuthorizationEndpoint",
        "app.authProvider.useExternalOAuthIdp.idpAuthProviderDiscoveryEndpoint",
        "app.authProvider.useExternalOAuthIdp.lambdaAuthorizorJWTIssuerUrl",
        "app.authProvider.useExternalOAuthIdp.lambdaAuthorizorJWTAudience"})
    Put(root, unset, nullptr);
  Put(root, "name", "vams");
  Put(root, "app.baseStackName", "plant");
  Put(root, "app.assetBuckets.defaultNewBucketSyncDatabaseId", "default");
  Put(root, "app.adminUserId", "chief");
  Put(root, "app.adminEmailAddress", "chief@plant.example");
  Put(root, "app.useGlobalVpc.vpcCidrRange", "10.9.0.0/16");
  Put(root, "app.openSearch.useProvisioned.dataNodeInstanceType", "large");
  Put(root, "app.openSearch.useProvisioned.masterNodeInstanceType", "large");
  Put(root, "app.openSearch.useProvisioned.ebsInstanceNodeSizeGb", 120);
  Put(root, "app.useAlb.domainHost", "assets.plant.example");
  Put(root, "app.useAlb.certificateArn", "arn:aws:acm:r:1:certificate/c");
  Put(root, "app.pipelines.useRapidPipeline.ecrContainerImageURI", "registry/rapid:1");
  Put(root, "app.pipelines.useModelOps.ecrContainerImageURI", "registry/ops:1");
  Put(root, "app.authProvider.presignedUrlTimeoutSeconds", 86400);
  Put(root, "app.authProvider.useCognito.credTokenTimeoutSeconds", 3600);
  Put(root, "app.webUi.optionalBannerHtmlMessage", "");
  Put(root, "app.api.globalRateLimit", 50);
  Put(root, "app.api.globalBurstLimit", 100);
  return root;
}

json::object FileOf23() {
  json::object root = FileOf22();
  const std::string pipelines = "app.pipelines.";
  Put(root, "app.openSearch.reindexOnCdkDeploy", false);
  Put(root, "app.authProvider.authorizerOptions.allowedIpRanges", json::array{});
  for (const std::string_view name :
       {"useConversion3dBasic", "useConversionCadMeshMetadataExtraction",
        "usePreviewPcPotreeViewer", "useGenAiMetadata3dLabeling", "useSplatToolbox",
        "useRapidPipeline", "useModelOps"})
    Put(root, pipelines + std::string(name) + ".autoRegisterWithVAMS", true);
  Put(root, pipelines + "useConversionCadMeshMetadataExtraction.enabled", false);
  Put(root, pipelines + "useSplatToolbox.enabled", false);
  Put(root, pipelines + "useSplatToolbox.sqsAutoRunOnAssetModified", false);
  Put(root, pipelines + "usePreviewPcPotreeViewer.sqsAutoRunOnAssetModified", true);
  Put(root, pipelines + "useGenAiMetadata3dLabeling.bedrockModelId", "model");
  return root;
}

json::object FileOf24() {
  json::object root = FileOf23();
  const std::string pipelines = "app.pipelines.";
  root["app"].at("pipelines").as_object().erase("useRapidPipeline");
  for (const std::string_view kind : {"useEcs", "useEks"}) {
    const std::string path = pipelines + "useRapidPipeline." + std::string(kind);
    Put(root, path + ".enabled", false);
    Put(root, path + ".ecrContainerImageURI", "registry/rapid:1");
    Put(root, path + ".autoRegisterWithVAMS", true);
  }
  for (const std::string_view name :
       {"eksClusterVersion", "nodeInstanceType", "minNodes", "maxNodes", "desiredNodes",
        "jobTimeout", "jobMemory", "jobCpu", "jobBackoffLimit", "jobTTLSecondsAfterFinished",
        "observability.enableControlPlaneLogs", "observability.enableContainerInsights"})
    Put(root, pipelines + "useRapidPipeline.useEks." + std::string(name), 1);
  for (const std::string_view name : {"useConversionCadMeshMetadataExtraction",
                                      "usePreviewPcPotreeViewer", "useGenAiMetadata3dLabeling"})
    Put(root, pipelines + std::string(name) + ".autoRegisterAutoTriggerOnFileUpload", true);
  for (const std::string_view name :
       {"enabled", "acceptNvidiaEula", "autoRegisterWithVAMS", "keepWarmInstance"})
    Put(root, pipelines + "useIsaacLabTraining." + std::string(name), false);
  Put(root, "app.useCloudFront.enabled", true);
  Put(root, "app.useCloudFront.customDomain.enabled", false);
  for (const std::string_view name : {"domainHost", "certificateArn", "optionalHostedZoneId"})
    Put(root, "app.useCloudFront.customDomain." + std::string(name), "");
  Put(root, "app.addons.useGarnetFramework.enabled", false);
  for (const std::string_view name :
       {"garnetApiEndpoint", "garnetApiToken", "garnetIngestionQueueSqsUrl"})
    Put(root, "app.addons.useGarnetFramework." + std::string(name), "");
  for (const std::string_view kind : {"AssetLinks", "Database", "Asset", "AssetFile"})
    Put(root, "app.metadataSchema.autoLoadDefault" + std::string(kind) + "Schema", true);
  return root;
}

TEST(EarlierLines, CheckWithoutErrorsOrUnknownFields) {
  for (const json::object& file : {FileOf22(), FileOf23(), FileOf24()}) {
    const CheckReport report = Check(File(json::serialize(file)));
    EXPECT_EQ(report.errors(), 0) << ErrorLines(report);
    EXPECT_EQ(report.warnings(), 0) << RenderText(report);
  }
}

TEST(EarlierLines, OwnNamesOfRenamedFieldsStillCount) {
  const Config config = MustLoad(File(R"({"app": {
    "authProvider": {"credTokenTimeoutSeconds": 7200},
    "pipelines": {"useRapidPipeline": {"enabled": true, "ecrContainerImageURI": "r/i:1"}}}})"));
  EXPECT_EQ(config.auth.token_seconds, 7200);
  EXPECT_TRUE(config.pipelines.at("useRapidPipeline.useEcs").enabled);
  EXPECT_EQ(config.pipelines.at("useRapidPipeline.useEcs").container_image, "r/i:1");
}

TEST(EarlierLines, OlderNameYieldsToTodaysNameInTheSameFile) {
  const Sources sources = File(R"({"app": {"authProvider": {
    "useCognito": {"credTokenTimeoutSeconds": 600}, "credTokenTimeoutSeconds": 7200}}})");
  EXPECT_EQ(MustLoad(sources).auth.token_seconds, 600);
  EXPECT_TRUE(Line(Check(sources), "app.authProvider.credTokenTimeoutSeconds")
                  .starts_with("accepted/2/file/an older name of"));
}

// Before 2.4 there was no CloudFront section: its default must not clash with the load balancer.
TEST(EarlierLines, LoadBalancerAloneSwitchesTheOtherDistributionOff) {
  const Config config = MustLoad(File(R"({"app": {"useAlb": {"enabled": true}}})"));
  EXPECT_TRUE(config.alb.enabled);
  EXPECT_FALSE(config.cloud_front.enabled);
}

// ---- What follows from several fields ----------------------------------------------------------

TEST(SearchKind, FollowsTheSwitchesAndTheEntry) {
  const auto kind = [](std::string switches, std::string engines) {
    return MustLoad(File("{\"app\": {\"openSearch\": {" + switches + "}}, \"engines\": {" +
                         engines + "}}"))
        .engines.search.kind;
  };
  const std::string serverless = R"("useServerless": {"enabled": true})";
  const std::string provisioned = R"("useProvisioned": {"enabled": true})";
  const std::string off = R"("useServerless": {"enabled": false})";
  const std::string both_off = off + R"(, "useProvisioned": {"enabled": false})";
  const std::string entry = R"("search": {"kind": "opensearch", "url": "https://s"})";
  EXPECT_EQ(kind("", ""), SearchKind::kXapian);
  EXPECT_EQ(kind(serverless, ""), SearchKind::kXapian);
  EXPECT_EQ(kind(provisioned + "," + off, ""), SearchKind::kXapian);
  EXPECT_EQ(kind(off, ""), SearchKind::kNone);
  EXPECT_EQ(kind(both_off, ""), SearchKind::kNone);
  EXPECT_EQ(kind("", entry), SearchKind::kOpensearch);
  EXPECT_EQ(kind(serverless, entry), SearchKind::kOpensearch);
  EXPECT_EQ(kind(both_off, entry), SearchKind::kNone);
  EXPECT_EQ(kind(serverless, R"("search": {"kind": "none"})"), SearchKind::kNone);
}

TEST(SearchStemming, IsOffUnlessAskedFor) {
  EXPECT_EQ(MustLoad(File("{}")).engines.search.stemming, SearchStemming::kNone);
  EXPECT_EQ(
      MustLoad(File(R"({"engines": {"search": {"stemming": "english"}}})")).engines.search.stemming,
      SearchStemming::kEnglish);
}

TEST(Pipelines, OfAGroupAreOnOnlyWithTheGroup) {
  const std::string model = R"("modelsReason": {"reason2B": {"enabled": true}})";
  const auto on = [&](std::string group) {
    return MustLoad(File(R"({"app": {"pipelines": {"useNvidiaCosmos": {)" + group + model + "}}}}"))
        .pipelines.at("useNvidiaCosmos.modelsReason.reason2B")
        .enabled;
  };
  EXPECT_TRUE(on(R"("enabled": true, )"));
  EXPECT_FALSE(on(""));
}

TEST(Paths, StartAtTheFolderOfTheConfigurationFile) {
  const Config config = MustLoad(File(R"({"backup": {"repository": "../saved"},
    "app": {"assetBuckets": {"externalAssetBuckets": [
      {"bucketArn": "file:in", "defaultSyncDatabaseId": "d"}]}}})"));
  EXPECT_EQ(config.backup.repository, "/etc/saved");
  EXPECT_EQ(config.asset_buckets.external.at(0), (ExternalBucket{"file:///etc/vams/in", "/", "d"}));
  EXPECT_EQ(MustLoad(File(R"({"backup": {"repository": "s3://b/p"}})")).backup.repository,
            "s3://b/p");
}

}  // namespace
}  // namespace vams::config
