// Where each field with meaning lives in Config, once, for reading and for showing.
// Private to the module.  Pure; thread-safe.
#pragma once

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/fields.h"

namespace vams::config {

template <typename E>
inline constexpr std::array<std::string_view, 0> kEnumNames{};
template <>
inline constexpr std::array<std::string_view, 2> kEnumNames<ItemsKind>{"sqlite", "dynamodb"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumNames<ObjectsKind>{"local", "s3"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<SearchKind>{"xapian", "opensearch",
                                                                        "none"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<SearchAuth>{"none", "basic", "aws"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumNames<SearchStemming>{"none", "english"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<JobsKind>{"local", "slurm",
                                                                      "kubernetes"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<MailSecurity>{"none", "starttls",
                                                                          "tls"};

template <typename E>
std::string_view EnumName(E value) {
  return kEnumNames<E>[static_cast<std::size_t>(value)];
}

// Calls visit(path, member) for every field with meaning except those of `*` rows, whose path is
// passed with its star.  C is Config or const Config.
template <typename C, typename V>
void VisitFields(C& c, V&& visit) {
  visit("name", c.name);
  visit("env.region", c.region);
  visit("app.baseStackName", c.stack_name);
  visit("app.assetBuckets.createNewBucket", c.asset_buckets.create_new);
  visit("app.assetBuckets.defaultNewBucketSyncDatabaseId", c.asset_buckets.sync_database);
  visit("app.assetBuckets.externalAssetBuckets", c.asset_buckets.external);
  visit("app.adminUserId", c.admin_user_id);
  visit("app.adminEmailAddress", c.admin_email);
  visit("app.useKmsCmkEncryption.enabled", c.encryption.enabled);
  visit("app.useKmsCmkEncryption.optionalExternalCmkArn", c.encryption.key_file);
  visit("app.openSearch.useServerless.enabled", c.open_search.serverless);
  visit("app.openSearch.useProvisioned.enabled", c.open_search.provisioned);
  visit("app.openSearch.reindexOnCdkDeploy", c.open_search.reindex_at_update);
  visit("app.useLocationService.enabled", c.location_service);
  visit("app.useAlb.enabled", c.alb.enabled);
  visit("app.useAlb.domainHost", c.alb.domain_host);
  visit("app.useAlb.certificateArn", c.alb.certificate_file);
  visit("app.useCloudFront.enabled", c.cloud_front.enabled);
  visit("app.useCloudFront.customDomain.enabled", c.cloud_front.custom_domain);
  visit("app.useCloudFront.customDomain.domainHost", c.cloud_front.domain_host);
  for (const PipelineShape& shape : Pipelines()) {
    const std::string path = fmt::format("app.pipelines.{}", shape.name);
    auto& pipeline = c.pipelines.at(std::string(shape.name));
    visit(path + ".enabled", pipeline.enabled);
    visit(path + ".autoRegisterWithVAMS", pipeline.auto_register);
    if (shape.auto_trigger >= 0)
      visit(path + ".autoRegisterAutoTriggerOnFileUpload", pipeline.auto_trigger);
    if (shape.trigger_extensions)
      visit(path + ".autoTriggerOnFileExtensionsUpload", pipeline.trigger_extensions);
    if (shape.container_image) visit(path + ".ecrContainerImageURI", pipeline.container_image);
    if (shape.eula) visit(path + ".acceptNvidiaEula", pipeline.eula_accepted);
    if (!shape.native) visit(path + ".commandTemplate", pipeline.command_template);
  }
  visit("app.pipelines.useNvidiaCosmos.enabled", c.nvidia_cosmos);
  visit("app.pipelines.useNvidiaGr00t.enabled", c.nvidia_gr00t);
  visit("app.addons.useGarnetFramework.enabled", c.garnet);
  visit("app.authProvider.presignedUrlTimeoutSeconds", c.auth.signed_url_seconds);
  visit("app.authProvider.authorizerOptions.allowedIpRanges", c.auth.allowed_ip_ranges);
  visit("app.authProvider.useCognito.enabled", c.auth.builtin_accounts);
  visit("app.authProvider.useCognito.useSaml", c.auth.saml);
  visit("app.authProvider.useCognito.useUserPasswordAuthFlow", c.auth.password_flow);
  visit("app.authProvider.useCognito.credTokenTimeoutSeconds", c.auth.token_seconds);
  const std::string external = "app.authProvider.useExternalOAuthIdp.";
  visit(external + "enabled", c.auth.external.enabled);
  visit(external + "idpAuthProviderUrl", c.auth.external.url);
  visit(external + "idpAuthClientId", c.auth.external.client_id);
  visit(external + "idpAuthProviderScope", c.auth.external.scope);
  visit(external + "idpAuthProviderScopeMfa", c.auth.external.scope_mfa);
  visit(external + "idpAuthPrincipalDomain", c.auth.external.principal_domain);
  visit(external + "idpAuthProviderTokenEndpoint", c.auth.external.token_endpoint);
  visit(external + "idpAuthProviderAuthorizationEndpoint", c.auth.external.authorization_endpoint);
  visit(external + "idpAuthProviderDiscoveryEndpoint", c.auth.external.discovery_endpoint);
  visit(external + "lambdaAuthorizorJWTIssuerUrl", c.auth.external.jwt_issuer);
  visit(external + "lambdaAuthorizorJWTAudience", c.auth.external.jwt_audience);
  visit("app.webUi.optionalBannerHtmlMessage", c.web_ui.banner_html);
  visit("app.webUi.allowUnsafeEvalFeatures", c.web_ui.allow_unsafe_eval);
  visit("app.webUi.mapStyleUrl", c.web_ui.map_style_url);
  visit("app.api.globalRateLimit", c.rate_limit.per_second);
  visit("app.api.globalBurstLimit", c.rate_limit.burst);
  visit("app.metadataSchema.autoLoadDefaultAssetLinksSchema", c.default_schemas.asset_links);
  visit("app.metadataSchema.autoLoadDefaultDatabaseSchema", c.default_schemas.database);
  visit("app.metadataSchema.autoLoadDefaultAssetSchema", c.default_schemas.asset);
  visit("app.metadataSchema.autoLoadDefaultAssetFileSchema", c.default_schemas.asset_file);
  visit("engines.items.kind", c.engines.items.kind);
  visit("engines.items.endpoint", c.engines.items.endpoint);
  visit("engines.items.region", c.engines.items.region);
  visit("engines.items.tables", c.engines.items.tables);
  visit("engines.items.tablePrefix", c.engines.items.table_prefix);
  visit("engines.objects.kind", c.engines.objects.kind);
  visit("engines.objects.endpoint", c.engines.objects.endpoint);
  visit("engines.objects.region", c.engines.objects.region);
  visit("engines.objects.pathStyle", c.engines.objects.path_style);
  visit("engines.search.kind", c.engines.search.kind);
  visit("engines.search.url", c.engines.search.url);
  visit("engines.search.auth", c.engines.search.auth);
  visit("engines.search.user", c.engines.search.user);
  visit("engines.search.passwordRef", c.engines.search.password_ref);
  visit("engines.search.region", c.engines.search.region);
  visit("engines.search.caFile", c.engines.search.ca_file);
  visit("engines.search.stemming", c.engines.search.stemming);
  visit("engines.jobs.kind", c.engines.jobs.kind);
  visit("engines.jobs.slots", c.engines.jobs.slots);
  visit("engines.jobs.*", c.engines.jobs.settings);
  visit("server.listen", c.server.listen);
  visit("server.tls.certificate", c.server.tls_certificate);
  visit("server.tls.key", c.server.tls_key);
  visit("server.trustedProxies", c.server.trusted_proxies);
  visit("server.accessLog", c.server.access_log);
  visit("server.workers", c.server.workers);
  visit("server.limits.connections", c.server.connections);
  visit("server.limits.connectionsPerAddress", c.server.connections_per_address);
  visit("server.limits.bodyBytes", c.server.body_bytes);
  visit("server.limits.callerRate", c.server.caller_limit.per_second);
  visit("server.limits.callerBurst", c.server.caller_limit.burst);
  visit("hooks.preUpdate", c.hooks.pre_update);
  visit("hooks.postUpdate", c.hooks.post_update);
  visit("hooks.switch", c.hooks.switch_over);
  visit("hooks.maintenance", c.hooks.maintenance);
  visit("notifications.smtp.host", c.notifications.smtp.host);
  visit("notifications.smtp.port", c.notifications.smtp.port);
  visit("notifications.smtp.security", c.notifications.smtp.security);
  visit("notifications.smtp.user", c.notifications.smtp.user);
  visit("notifications.smtp.passwordRef", c.notifications.smtp.password_ref);
  visit("notifications.smtp.from", c.notifications.smtp.from);
  visit("notifications.smtp.caFile", c.notifications.smtp.ca_file);
  visit("notifications.digestSeconds", c.notifications.digest_seconds);
  visit("notifications.publicUrl", c.notifications.public_url);
  visit("backup.repository", c.backup.repository);
  visit("backup.keep", c.backup.keep);
  visit("backup.schedule", c.backup.schedule);
}

}  // namespace vams::config
