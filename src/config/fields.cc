#include "config/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cctype>
#include <map>
#include <string>
#include <utility>

#include "base/ascii.h"

namespace vams::config {

namespace json = boost::json;

namespace {

constexpr std::array kPipelineShapes = {
    PipelineShape{.name = "useConversion3dBasic", .enabled = true, .native = true},
    PipelineShape{.name = "useConversionCadMeshMetadataExtraction",
                  .enabled = false,
                  .native = true,
                  .auto_trigger = 1},
    PipelineShape{
        .name = "usePreviewPcPotreeViewer", .enabled = false, .native = true, .auto_trigger = 1},
    PipelineShape{
        .name = "usePreview3dThumbnail", .enabled = false, .native = true, .auto_trigger = 1},
    PipelineShape{
        .name = "useGenAiMetadata3dLabeling", .enabled = false, .native = false, .auto_trigger = 0},
    PipelineShape{.name = "useSplatToolbox", .enabled = false, .native = false},
    PipelineShape{.name = "useRapidPipeline.useEcs",
                  .enabled = false,
                  .native = false,
                  .container_image = true},
    PipelineShape{.name = "useRapidPipeline.useEks",
                  .enabled = false,
                  .native = false,
                  .container_image = true},
    PipelineShape{
        .name = "useModelOps", .enabled = false, .native = false, .container_image = true},
    PipelineShape{.name = "useIsaacLabTraining", .enabled = false, .native = false, .eula = true},
    PipelineShape{.name = "useNvidiaCosmos.modelsPredict.text2world2B_v2",
                  .enabled = false,
                  .native = false,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsPredict.video2world2B_v2",
                  .enabled = false,
                  .native = false,
                  .trigger_extensions = true,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsPredict.text2world14B_v2",
                  .enabled = false,
                  .native = false,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsPredict.video2world14B_v2",
                  .enabled = false,
                  .native = false,
                  .trigger_extensions = true,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsReason.reason2B",
                  .enabled = false,
                  .native = false,
                  .trigger_extensions = true,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsReason.reason8B",
                  .enabled = false,
                  .native = false,
                  .trigger_extensions = true,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaCosmos.modelsTransfer.transfer2B",
                  .enabled = false,
                  .native = false,
                  .trigger_extensions = true,
                  .group_switch = "app.pipelines.useNvidiaCosmos.enabled"},
    PipelineShape{.name = "useNvidiaGr00t.modelsFinetune.gr00tN1_5_3B",
                  .enabled = false,
                  .native = false,
                  .group_switch = "app.pipelines.useNvidiaGr00t.enabled"},
};

// ---- Row makers --------------------------------------------------------------------------------

Field Of(std::string path, Type type, json::value by_default, std::string note = {}) {
  return {.path = std::move(path),
          .type = type,
          .default_value = std::move(by_default),
          .default_note = std::move(note)};
}
Field Bool(std::string path, json::value by_default, std::string note = {}) {
  return Of(std::move(path), Type::kBool, std::move(by_default), std::move(note));
}
Field Text(std::string path, json::value by_default, std::string note = {}) {
  return Of(std::move(path), Type::kText, std::move(by_default), std::move(note));
}
Field Int(std::string path, json::value by_default, double min, double max, std::string note = {}) {
  Field field = Of(std::move(path), Type::kInt, std::move(by_default), std::move(note));
  field.min = min;
  field.max = max;
  return field;
}
Field Choice(std::string path, json::value by_default, std::vector<std::string> choices,
             std::string note = {}) {
  Field field = Of(std::move(path), Type::kChoice, std::move(by_default), std::move(note));
  field.choices = std::move(choices);
  return field;
}
Field Only(std::string with, std::vector<std::string> values, Field field) {
  field.only_with = std::move(with);
  field.only_values = std::move(values);
  return field;
}
Field Older(std::string path, std::string today) {
  Field field = Of(std::move(path), Type::kAny, nullptr);
  field.same_as = std::move(today);
  return field;
}

struct Table {
  std::vector<Field> rows;

  void Add(Field field) { rows.push_back(std::move(field)); }
  // Upstream fields that do nothing here, for one reason.
  void NoMeaning(std::string_view reason, std::string_view parent,
                 std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      Field field = Of(fmt::format("{}.{}", parent, name), Type::kAny, nullptr);
      field.no_meaning = reason;
      rows.push_back(std::move(field));
    }
  }
};

// ---- The table ---------------------------------------------------------------------------------

constexpr std::string_view kAccount = "there is no AWS account or CDK context behind this stack";
constexpr std::string_view kNetwork = "the network of the machine is not this program's to build";
constexpr std::string_view kGovCloud = "AWS GovCloud deployments only";
constexpr std::string_view kInstances = "AWS instance sizes; machines are chosen where vams runs";
constexpr std::string_view kDns = "Route 53 only; DNS records stay with the operator";
constexpr std::string_view kCdkDebug = "a debugging switch of the AWS deployment tool";
constexpr std::string_view kCluster =
    "AWS container clusters only; engines.jobs says where jobs run";
constexpr std::string_view kGarnet = "the NGSI-LD export is not part of this release";

void AddGeneral(Table& t) {
  t.Add(Text("name", "vams"));
  t.Add(Text("env.region", "local"));
  t.NoMeaning(kAccount, "env",
              {"account", "partition", "coreStackName", "loadContextIgnoreVPCStacks"});
  t.Add(Text("app.baseStackName", "prod"));
  t.Add(Bool("app.assetBuckets.createNewBucket", true));
  t.Add(Text("app.assetBuckets.defaultNewBucketSyncDatabaseId", "default"));
  t.Add(Of("app.assetBuckets.externalAssetBuckets", Type::kBuckets, nullptr, "none"));
  t.NoMeaning("a one-time migration aid of upstream 2.0 and 2.1", "app.bucketMigrationStaging",
              {"assetBucketName"});
  t.Add(Text("app.adminUserId", "administrator"));
  t.Add(Text("app.adminEmailAddress", "administrator@example.com"));
  t.NoMeaning("FIPS endpoints of AWS only", "app", {"useFips"});
  t.NoMeaning("AWS WAF only; put a filtering proxy in front if one is wanted", "app", {"useWaf"});
  t.NoMeaning("AWS CloudTrail only; vams keeps its own audit trail", "app",
              {"addStackCloudTrailLogs"});
  t.Add(Bool("app.useKmsCmkEncryption.enabled", false));
  t.Add(Of("app.useKmsCmkEncryption.optionalExternalCmkArn", Type::kFileReference, nullptr,
           "a generated stack key"));
  t.NoMeaning(kGovCloud, "app.govCloud", {"enabled", "il6Compliant"});
  t.NoMeaning(kNetwork, "app.useGlobalVpc",
              {"enabled", "useForAllLambdas", "addVpcEndpoints", "optionalExternalVpcId",
               "optionalExternalIsolatedSubnetIds", "optionalExternalPrivateSubnetIds",
               "optionalExternalPublicSubnetIds", "vpcCidrRange"});
  t.Add(Bool("app.openSearch.useServerless.enabled", nullptr, "the embedded search engine"));
  t.Add(Bool("app.openSearch.useProvisioned.enabled", nullptr, "the embedded search engine"));
  t.NoMeaning(kInstances, "app.openSearch.useProvisioned",
              {"dataNodeInstanceType", "masterNodeInstanceType", "ebsInstanceNodeSizeGb"});
  t.Add(Bool("app.openSearch.reindexOnCdkDeploy", false));
  t.Add(Bool("app.useLocationService.enabled", true));
  t.Add(Bool("app.useAlb.enabled", false));
  t.Add(Text("app.useAlb.domainHost", nullptr, "the listen address"));
  t.Add(Of("app.useAlb.certificateArn", Type::kFileReference, nullptr, "server.tls"));
  t.NoMeaning(kNetwork, "app.useAlb", {"usePublicSubnet", "addAlbS3SpecialVpcEndpoint"});
  t.NoMeaning(kDns, "app.useAlb", {"optionalHostedZoneId"});
  t.Add(Bool("app.useCloudFront.enabled", true));
  t.Add(Bool("app.useCloudFront.customDomain.enabled", false));
  t.Add(Text("app.useCloudFront.customDomain.domainHost", nullptr, "the listen address"));
  t.NoMeaning("an AWS certificate; server.tls names the files for built-in TLS",
              "app.useCloudFront.customDomain", {"certificateArn"});
  t.NoMeaning(kDns, "app.useCloudFront.customDomain", {"optionalHostedZoneId"});
}

void AddPipelines(Table& t) {
  for (const PipelineShape& shape : kPipelineShapes) {
    const std::string path = fmt::format("app.pipelines.{}", shape.name);
    t.Add(Bool(path + ".enabled", shape.enabled));
    t.Add(Bool(path + ".autoRegisterWithVAMS", true));
    if (shape.auto_trigger >= 0)
      t.Add(Bool(path + ".autoRegisterAutoTriggerOnFileUpload", shape.auto_trigger == 1));
    if (shape.trigger_extensions) t.Add(Text(path + ".autoTriggerOnFileExtensionsUpload", ""));
    if (shape.container_image) t.Add(Text(path + ".ecrContainerImageURI", nullptr, "none"));
    if (shape.eula) t.Add(Bool(path + ".acceptNvidiaEula", false));
    if (!shape.native) t.Add(Text(path + ".commandTemplate", nullptr, "none"));
  }
  t.Add(Bool("app.pipelines.useNvidiaCosmos.enabled", false));
  t.Add(Bool("app.pipelines.useNvidiaGr00t.enabled", false));

  const std::string_view queue = "an AWS queue; autoRegisterAutoTriggerOnFileUpload does the same";
  t.NoMeaning(queue, "app.pipelines.usePreviewPcPotreeViewer", {"sqsAutoRunOnAssetModified"});
  t.NoMeaning("an AWS queue; register a workflow trigger instead", "app.pipelines.useSplatToolbox",
              {"sqsAutoRunOnAssetModified"});
  t.NoMeaning("Amazon Bedrock only; the command template chooses the model",
              "app.pipelines.useGenAiMetadata3dLabeling", {"bedrockModelId"});
  t.NoMeaning(kCluster, "app.pipelines.useRapidPipeline.useEks",
              {"eksClusterVersion", "nodeInstanceType", "minNodes", "maxNodes", "desiredNodes",
               "jobTimeout", "jobMemory", "jobCpu", "jobBackoffLimit", "jobTTLSecondsAfterFinished",
               "observability.enableControlPlaneLogs", "observability.enableContainerInsights"});
  t.NoMeaning(kInstances, "app.pipelines.useIsaacLabTraining", {"keepWarmInstance"});
  for (const std::string_view group : {"useNvidiaCosmos", "useNvidiaGr00t"}) {
    const std::string parent = fmt::format("app.pipelines.{}", group);
    t.NoMeaning("credentials never come from this file; the command template reads its own", parent,
                {"huggingFaceToken"});
    t.NoMeaning(kInstances, parent, {"useCodeBuild", "useWarmInstances", "warmInstanceCount"});
  }
  for (const PipelineShape& shape : kPipelineShapes)
    if (!shape.group_switch.empty())
      t.NoMeaning(kInstances, fmt::format("app.pipelines.{}", shape.name),
                  {"instanceTypes", "maxVCpus"});

  // Renamed by upstream in 2.1 and 2.4.
  t.Add(Older("app.pipelines.usePointCloudVisualization.enabled",
              "app.pipelines.usePreviewPcPotreeViewer.enabled"));
  for (const std::string_view name : {"enabled", "ecrContainerImageURI", "autoRegisterWithVAMS"})
    t.Add(Older(fmt::format("app.pipelines.useRapidPipeline.{}", name),
                fmt::format("app.pipelines.useRapidPipeline.useEcs.{}", name)));
}

void AddApplication(Table& t) {
  t.Add(Bool("app.addons.useGarnetFramework.enabled", false));
  t.NoMeaning(kGarnet, "app.addons.useGarnetFramework",
              {"garnetApiEndpoint", "garnetApiToken", "garnetIngestionQueueSqsUrl"});
  // Signed URLs of the S3 protocol live at most seven days.
  t.Add(Int("app.authProvider.presignedUrlTimeoutSeconds", 86400, 1, 604800));
  t.Add(Of("app.authProvider.authorizerOptions.allowedIpRanges", Type::kIpRanges, json::array{}));
  t.Add(Bool("app.authProvider.useCognito.enabled", true));
  t.Add(Bool("app.authProvider.useCognito.useSaml", false));
  t.Add(Bool("app.authProvider.useCognito.useUserPasswordAuthFlow", false));
  t.Add(Int("app.authProvider.useCognito.credTokenTimeoutSeconds", 3600, 300, 86400));
  t.Add(Bool("app.authProvider.useExternalOAuthIdp.enabled", false));
  for (const std::string_view name :
       {"idpAuthProviderUrl", "idpAuthClientId", "idpAuthProviderScope", "idpAuthProviderScopeMfa",
        "idpAuthPrincipalDomain", "idpAuthProviderTokenEndpoint",
        "idpAuthProviderAuthorizationEndpoint", "idpAuthProviderDiscoveryEndpoint",
        "lambdaAuthorizorJWTIssuerUrl", "lambdaAuthorizorJWTAudience"})
    t.Add(Text(fmt::format("app.authProvider.useExternalOAuthIdp.{}", name), nullptr, "none"));
  // Renamed by upstream in 2.2.
  t.Add(Older("app.authProvider.credTokenTimeoutSeconds",
              "app.authProvider.useCognito.credTokenTimeoutSeconds"));
  for (const std::string_view name : {"enabled", "idpAuthProviderUrl"})
    t.Add(Older(fmt::format("app.authProvider.useExternalOathIdp.{}", name),
                fmt::format("app.authProvider.useExternalOAuthIdp.{}", name)));
  t.Add(Text("app.webUi.optionalBannerHtmlMessage", ""));
  t.Add(Bool("app.webUi.allowUnsafeEvalFeatures", false));
  t.Add(Of("app.webUi.mapStyleUrl", Type::kUrl, nullptr, "the bundled world outline"));
  t.Add(Of("app.api.globalRateLimit", Type::kNumber, nullptr, "unlimited"));
  t.Add(Of("app.api.globalBurstLimit", Type::kNumber, nullptr, "the rate limit"));
  for (const std::string_view kind : {"AssetLinks", "Database", "Asset", "AssetFile"})
    t.Add(Bool(fmt::format("app.metadataSchema.autoLoadDefault{}Schema", kind), true));
}

void AddOwnSections(Table& t) {
  t.Add(Choice("engines.items.kind", "sqlite", {"sqlite", "dynamodb"}));
  const auto dynamodb = [](Field field) {
    return Only("engines.items.kind", {"dynamodb"}, std::move(field));
  };
  t.Add(dynamodb(Of("engines.items.endpoint", Type::kUrl, nullptr, "the region's AWS endpoint")));
  t.Add(dynamodb(Text("engines.items.region", nullptr, "env.region")));
  t.Add(dynamodb(Of("engines.items.tables", Type::kTextMap, nullptr, "the canonical names")));
  t.Add(dynamodb(Text("engines.items.tablePrefix", nullptr, "none")));
  t.Add(Choice("engines.objects.kind", "local", {"local", "s3"}));
  const auto s3 = [](Field field) {
    return Only("engines.objects.kind", {"s3"}, std::move(field));
  };
  t.Add(s3(Of("engines.objects.endpoint", Type::kUrl, nullptr, "the region's AWS endpoint")));
  t.Add(s3(Text("engines.objects.region", nullptr, "env.region")));
  t.Add(s3(Bool("engines.objects.pathStyle", false)));
  t.Add(Choice("engines.search.kind", nullptr, {"xapian", "opensearch", "none"},
               "as app.openSearch says"));
  const auto opensearch = [](Field field) {
    return Only("engines.search.kind", {"opensearch"}, std::move(field));
  };
  t.Add(opensearch(Of("engines.search.url", Type::kUrl, nullptr, "none")));
  t.Add(opensearch(Choice("engines.search.auth", "none", {"none", "basic", "aws"})));
  t.Add(opensearch(Text("engines.search.user", nullptr, "none")));
  t.Add(opensearch(Of("engines.search.passwordRef", Type::kSecretReference, nullptr, "none")));
  t.Add(opensearch(Text("engines.search.region", nullptr, "as AWS tools find it")));
  t.Add(opensearch(Of("engines.search.caFile", Type::kFile, nullptr, "the system's authorities")));
  t.Add(Choice("engines.search.stemming", "none", {"none", "english"}));
  t.Add(Choice("engines.jobs.kind", "local", {"local", "slurm", "kubernetes"}));
  t.Add(Int("engines.jobs.slots", nullptr, 1, 4096, "one per processor"));
  t.Add(Only("engines.jobs.kind", {"slurm", "kubernetes"},
             Of("engines.jobs.*", Type::kObject, json::object{})));
  t.Add(Of("server.listen", Type::kListen, json::array{"127.0.0.1:8080"}));
  t.Add(Of("server.tls.certificate", Type::kFile, nullptr, "no TLS"));
  t.Add(Of("server.tls.key", Type::kFile, nullptr, "no TLS"));
  t.Add(Of("server.trustedProxies", Type::kTextList, json::array{}));
  t.Add(Bool("server.accessLog", true));
  t.Add(Int("server.workers", nullptr, 1, 1024, "one per processor, at least two"));
  t.Add(Int("server.limits.connections", 1024, 1, 1'000'000));
  t.Add(Int("server.limits.connectionsPerAddress", nullptr, 1, 1'000'000, "unlimited"));
  t.Add(Int("server.limits.bodyBytes", 16 << 20, 1024, 1 << 30));
  t.Add(Of("server.limits.callerRate", Type::kNumber, nullptr, "unlimited"));
  t.Add(Of("server.limits.callerBurst", Type::kNumber, nullptr, "the rate"));
  for (const std::string_view hook : {"preUpdate", "postUpdate", "switch", "maintenance"})
    t.Add(Of(fmt::format("hooks.{}", hook), Type::kCommand, nullptr, "none"));
  t.Add(Text("notifications.smtp.host", nullptr, "no mail"));
  t.Add(Int("notifications.smtp.port", 587, 1, 65535));
  t.Add(Choice("notifications.smtp.security", "starttls", {"none", "starttls", "tls"}));
  t.Add(Text("notifications.smtp.user", nullptr, "none"));
  t.Add(Of("notifications.smtp.passwordRef", Type::kSecretReference, nullptr, "none"));
  t.Add(Text("notifications.smtp.from", nullptr, "none"));
  t.Add(Of("notifications.smtp.caFile", Type::kFile, nullptr, "the system's authorities"));
  t.Add(Int("notifications.digestSeconds", 60, 0, 86400));
  t.Add(Of("notifications.publicUrl", Type::kUrl, nullptr, "the public host, else server.listen"));
  t.Add(Of("backup.repository", Type::kFile, nullptr, "<home>/backups"));
  t.Add(Int("backup.keep", 7, 1, 100000));
  t.Add(Text("backup.schedule", nullptr, "only when asked and before updates"));
  for (const std::string_view name :
       {"enableCdkNag", "dockerDefaultPlatform", "s3AdditionalBucketPolicyJSON"}) {
    Field field = Of(std::string(name), Type::kAny, nullptr);
    field.no_meaning = kCdkDebug;
    t.Add(std::move(field));
  }
}

struct Index {
  std::vector<Field> rows;
  std::map<std::string_view, const Field*> by_path;
  std::map<std::string, bool> sections;  // value: unused
};

const Index& TheIndex() {
  static const Index index = [] {
    Index made;
    Table table;
    AddGeneral(table);
    AddPipelines(table);
    AddApplication(table);
    AddOwnSections(table);
    made.rows = std::move(table.rows);
    for (const Field& field : made.rows) {
      made.by_path.emplace(field.path, &field);
      for (std::size_t dot = field.path.find('.'); dot != std::string::npos;
           dot = field.path.find('.', dot + 1))
        made.sections.emplace(field.path.substr(0, dot), true);
    }
    return made;
  }();
  return index;
}

// ---- Likeness ----------------------------------------------------------------------------------

// Edits (insert, remove, replace, swap of neighbours) between two texts, letters' case ignored.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = LowerChar(a[i - 1]) == LowerChar(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && LowerChar(a[i - 1]) == LowerChar(b[j - 2]) &&
          LowerChar(a[i - 2]) == LowerChar(b[j - 1]))
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view LastSegment(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

bool Near(std::size_t distance, std::size_t length) {
  return distance <= std::max<std::size_t>(1, length / 4);
}

std::string OneOf(const std::vector<std::string>& choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i)
    text += fmt::format("{}\"{}\"",
                        i == 0                    ? ""
                        : i + 1 == choices.size() ? " or "
                                                  : ", ",
                        choices[i]);
  return text;
}

}  // namespace

std::span<const Field> Fields() { return TheIndex().rows; }
std::span<const PipelineShape> Pipelines() { return kPipelineShapes; }

const Field* FindField(std::string_view path) {
  if (path.ends_with(".*")) return nullptr;
  const auto found = TheIndex().by_path.find(path);
  return found == TheIndex().by_path.end() ? nullptr : found->second;
}

const Field* FindOpenObject(std::string_view parent) {
  const auto found = TheIndex().by_path.find(fmt::format("{}.*", parent));
  return found == TheIndex().by_path.end() ? nullptr : found->second;
}

bool IsSection(std::string_view path) { return TheIndex().sections.contains(std::string(path)); }

std::string EnvironmentName(std::string_view path) {
  std::string name = "VAMS_";
  const auto is = [&](std::size_t at, auto predicate) {
    return at < path.size() && predicate(static_cast<unsigned char>(path[at]));
  };
  const auto upper = [](unsigned char c) { return std::isupper(c) != 0; };
  const auto lower = [](unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0; };
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '.') {
      name += '_';
      continue;
    }
    const bool new_word =
        i > 0 && is(i, upper) && (is(i - 1, lower) || (is(i - 1, upper) && is(i + 1, lower)));
    if (new_word) name += '_';
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(path[i])));
  }
  return name;
}

std::string Nearest(std::string_view unknown) {
  std::string best;
  std::size_t best_distance = std::string_view::npos;
  const auto offer = [&](std::string_view candidate) {
    const std::size_t distance = EditDistance(unknown, candidate);
    if (distance < best_distance && Near(distance, LastSegment(unknown).size())) {
      best_distance = distance;
      best = candidate;
    }
  };
  for (const Field& field : Fields())
    if (!field.path.ends_with('*')) offer(field.path);
  for (const auto& [section, unused] : TheIndex().sections) offer(section);
  if (!best.empty()) return best;

  // The right name in the wrong place: offered only if it cannot mean two things.
  std::size_t places = 0;
  for (const Field& field : Fields()) {
    if (EditDistance(LastSegment(unknown), LastSegment(field.path)) != 0) continue;
    ++places;
    best = field.path;
  }
  return places == 1 ? best : std::string();
}

std::string NearestEnvironmentName(std::string_view unknown) {
  std::string best;
  std::size_t best_distance = 3;
  for (const Field& field : Fields()) {
    if (!field.has_meaning() || field.path.ends_with('*')) continue;
    const std::string name = EnvironmentName(field.path);
    const std::size_t distance = EditDistance(unknown, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string Expected(const Field& field) {
  switch (field.type) {
    case Type::kBool:
      return "true or false";
    case Type::kInt:
      return fmt::format("a whole number from {} to {}", field.min, field.max);
    case Type::kNumber:
      return "a number";
    case Type::kText:
      return "a text";
    case Type::kChoice:
      return OneOf(field.choices);
    case Type::kUrl:
      return "an http:// or https:// URL without credentials in it";
    case Type::kFile:
      return "a path, or file: and a path";
    case Type::kFileReference:
      return "file: and a path, or an ARN (which has no meaning here)";
    case Type::kSecretReference:
      return "file:/path or env:NAME, never the secret itself";
    case Type::kTextList:
      return "a list of texts";
    case Type::kListen:
      return "ADDRESS:PORT or a list of them";
    case Type::kCommand:
      return "a program's path, or a list of the program and its arguments";
    case Type::kTextMap:
      return "an object whose values are texts";
    case Type::kBuckets:
      return "a list of {bucketArn, baseAssetsPrefix, defaultSyncDatabaseId}";
    case Type::kIpRanges:
      return "a list of [first address, last address] pairs";
    case Type::kObject:
      return "an object";
    case Type::kAny:
      return "anything";
  }
  return "something else";
}

}  // namespace vams::config
