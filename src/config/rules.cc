#include "config/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "config/checks.h"
#include "config/fields.h"

namespace vams::config {

namespace {

// Upstream's templates write UNDEFINED for a text that has still to be filled in.
bool Missing(std::string_view text) { return text.empty() || text == "UNDEFINED"; }

class Rules {
 public:
  explicit Rules(const RuleInput& in) : in_(in), c_(in.config) {}

  std::vector<Violation> Run() {
    Names();
    Administrator();
    AuthProvider();
    Buckets();
    Encryption();
    Search();
    Distribution();
    RateLimits();
    Pipelines();
    ItemsAndObjects();
    Server();
    Hooks();
    Mail();
    if (c_.garnet)
      Fail("garnet", "app.addons.useGarnetFramework.enabled",
           "the export to a Garnet framework is not part of this release, so nothing would be "
           "exported; set this to false");
    return std::move(out_);
  }

 private:
  void Add(Severity severity, std::string rule, std::string path, std::string message) {
    Location at = in_.where(path);
    out_.push_back({std::move(rule), severity, std::move(path), at, std::move(message)});
  }
  void Fail(std::string rule, std::string path, std::string message) {
    Add(Severity::kError, std::move(rule), std::move(path), std::move(message));
  }
  void Warn(std::string rule, std::string path, std::string message) {
    Add(Severity::kWarning, std::move(rule), std::move(path), std::move(message));
  }

  void Names() {
    const std::string& name = c_.stack_name;
    const auto alnum = [](unsigned char ch) { return std::isalnum(ch) != 0 && ch < 0x80; };
    const bool fits = !name.empty() && name.size() <= 63 &&
                      std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
                      std::ranges::all_of(name, [&](char ch) { return alnum(ch) || ch == '-'; });
    if (!fits)
      Fail("stack-name", "app.baseStackName",
           "a stack's name begins with a letter and has at most 63 letters, digits and hyphens");
    if (Missing(c_.name))
      Fail("product-name", "name", "the product name is empty; stack ids need it; set it to vams");
    if (Missing(c_.region))
      Fail("region", "env.region", "the region label is empty; set it to local or to a region");
  }

  void Administrator() {
    if (Missing(c_.admin_user_id))
      Fail("admin-user", "app.adminUserId",
           "the first administrator has no user id, so nobody could sign in; set one");
    const std::size_t at = c_.admin_email.find('@');
    if (Missing(c_.admin_email))
      Fail("admin-email", "app.adminEmailAddress",
           "the first administrator has no e-mail address; set one");
    else if (at == std::string::npos || at == 0 || at + 1 == c_.admin_email.size())
      Fail("admin-email", "app.adminEmailAddress",
           "this is not an e-mail address; write it as name@example.com");
  }

  void AuthProvider() {
    const std::string external = "app.authProvider.useExternalOAuthIdp.";
    if (c_.auth.builtin_accounts && c_.auth.external.enabled)
      Fail("one-auth-provider", external + "enabled",
           "both the built-in accounts and an external provider are on; exactly one can sign users "
           "in; set app.authProvider.useCognito.enabled or this to false");
    if (!c_.auth.builtin_accounts && !c_.auth.external.enabled)
      Fail("one-auth-provider", "app.authProvider.useCognito.enabled",
           "no sign-in provider is on, so nobody could sign in; set this or "
           "app.authProvider.useExternalOAuthIdp.enabled to true");
    if (c_.auth.saml)
      Fail("saml", "app.authProvider.useCognito.useSaml",
           "SAML is not supported; connect the identity provider by OpenID Connect with "
           "app.authProvider.useExternalOAuthIdp and set this to false");
    if (!c_.auth.external.enabled) return;
    const ExternalProvider& p = c_.auth.external;
    const std::pair<std::string_view, const std::string&> required[] = {
        {"idpAuthProviderUrl", p.url},
        {"idpAuthClientId", p.client_id},
        {"idpAuthProviderScope", p.scope},
        {"idpAuthPrincipalDomain", p.principal_domain},
        {"idpAuthProviderTokenEndpoint", p.token_endpoint},
        {"idpAuthProviderAuthorizationEndpoint", p.authorization_endpoint},
        {"idpAuthProviderDiscoveryEndpoint", p.discovery_endpoint},
        {"lambdaAuthorizorJWTIssuerUrl", p.jwt_issuer},
        {"lambdaAuthorizorJWTAudience", p.jwt_audience}};
    for (const auto& [name, value] : required)
      if (Missing(value))
        Fail("external-provider-field", external + std::string(name),
             "the external provider is on and needs this field; set it, or set "
             "app.authProvider.useExternalOAuthIdp.enabled to false");
  }

  void Buckets() {
    const std::string prefix = "app.assetBuckets.";
    const AssetBuckets& b = c_.asset_buckets;
    if (!b.create_new && b.external.empty())
      Fail("some-bucket", prefix + "createNewBucket",
           "no bucket is created and none is named, so assets would have no place; set this to "
           "true or list app.assetBuckets.externalAssetBuckets");
    if (b.create_new && Missing(b.sync_database))
      Fail("bucket-database", prefix + "defaultNewBucketSyncDatabaseId",
           "the new bucket needs the database its files belong to; set one, for instance default");
    for (std::size_t i = 0; i < b.external.size(); ++i) {
      const std::string element = ElementPath(prefix + "externalAssetBuckets", i);
      if (!b.external[i].prefix.ends_with('/'))
        Fail("bucket-prefix", element + ".baseAssetsPrefix",
             "the prefix does not end with /, so it would also take in keys that only begin "
             "alike; add the /");
      if (Missing(b.external[i].sync_database))
        Fail("bucket-database", element + ".defaultSyncDatabaseId",
             "an external bucket needs the database its files belong to; set one");
    }
  }

  void Encryption() {
    if (!c_.encryption.enabled) return;
    const std::string path = "app.useKmsCmkEncryption.optionalExternalCmkArn";
    Add(Severity::kNotice, "encryption-scope", "app.useKmsCmkEncryption.enabled",
        "blobs and backups are encrypted with the stack key; the item store is not and relies on "
        "disk encryption");
    if (!c_.encryption.key_file.empty())
      KeyFile("stack-key-file", path, c_.encryption.key_file, 32);
    else if (in_.is_set(path))
      Warn("stack-key-arn", path,
           "a key of AWS KMS cannot be used here; a stack key is generated instead; give "
           "file:/path to bring your own");
  }

  void Search() {
    const OpenSearch& o = c_.open_search;
    if (o.serverless.value_or(false) && o.provisioned.value_or(false))
      Fail("one-search-kind", "app.openSearch.useProvisioned.enabled",
           "serverless and provisioned search are both on; one stack has one search; set one of "
           "them to false");
    if (in_.search_overruled)
      Warn("search-off", "engines.search.kind",
           "app.openSearch switches search off, so this engine is not used; set "
           "app.openSearch.useServerless.enabled to true to use it");
    SearchServer();
    if (o.reindex_at_update && c_.engines.search.kind == SearchKind::kNone)
      Warn("reindex-without-search", "app.openSearch.reindexOnCdkDeploy",
           "search is off, so there is nothing to reindex");
  }

  void Distribution() {
    if (c_.alb.enabled && c_.cloud_front.enabled)
      Fail("one-distribution", "app.useCloudFront.enabled",
           "app.useAlb and app.useCloudFront are both on; a stack has one public address; set one "
           "of them to false");
    if (c_.cloud_front.enabled && c_.cloud_front.custom_domain &&
        Missing(c_.cloud_front.domain_host))
      Fail("custom-domain", "app.useCloudFront.customDomain.domainHost",
           "the custom domain is on but has no host name; set it");
    if (!c_.alb.certificate_file.empty() && c_.alb.enabled) {
      // Without a key of its own the PEM holds the private key as well.
      if (c_.server.tls_key.empty())
        KeyFile("certificate-file", "app.useAlb.certificateArn", c_.alb.certificate_file, {});
      else
        ReadableFile("certificate-file", "app.useAlb.certificateArn", c_.alb.certificate_file);
    }
  }

  void RateLimits() {
    Rates("app.api.globalRateLimit", "app.api.globalBurstLimit", c_.rate_limit);
    Rates("server.limits.callerRate", "server.limits.callerBurst", c_.server.caller_limit);
  }

  void Rates(const std::string& rate, const std::string& burst, const RateLimit& limit) {
    if (limit.per_second && *limit.per_second <= 0)
      Fail("rate-limit", rate,
           "the rate limit is not positive, so every request would be refused; leave it out for no "
           "limit");
    if (limit.burst && *limit.burst <= 0)
      Fail("burst-limit", burst,
           "the burst limit is not positive, so every request would be refused");
    if (limit.per_second && limit.burst && *limit.burst < *limit.per_second)
      Fail("burst-below-rate", burst,
           fmt::format("the burst limit is below {}, which could then never be reached; raise it",
                       rate));
    if (limit.burst && !limit.per_second)
      Warn("burst-without-rate", burst,
           fmt::format("without {} there is no limit, so the burst has no effect", rate));
  }

  void Pipelines() {
    for (const PipelineShape& shape : config::Pipelines()) {
      const Pipeline& pipeline = c_.pipelines.at(std::string(shape.name));
      const std::string path = fmt::format("app.pipelines.{}", shape.name);
      if (!pipeline.enabled) continue;
      if (shape.eula && !pipeline.eula_accepted)
        Fail("nvidia-eula", path + ".acceptNvidiaEula",
             "this pipeline runs software under Nvidia's licence; read it and set this to true, or "
             "switch the pipeline off");
      if (!shape.native && pipeline.command_template.empty())
        Warn("pipeline-command", path + ".enabled",
             "this pipeline needs software that is not part of vams, so it is not registered until "
             "its commandTemplate says how to run it");
    }
  }

  void ItemsAndObjects() {
    if (!c_.engines.items.tables.empty() && !c_.engines.items.table_prefix.empty())
      Fail("tables-or-prefix", "engines.items.tablePrefix",
           "tables are named both one by one and by a prefix; keep either engines.items.tables or "
           "this");
  }

  void Server() {
    if (c_.server.listen.empty())
      Fail("listen", "server.listen", "there is no address to listen on; set 127.0.0.1:8080");
    for (const std::string& address : c_.server.listen)
      if (const std::string problem = ListenProblem(address); !problem.empty())
        Fail("listen", "server.listen", problem);
    for (const std::string& proxy : c_.server.trusted_proxies)
      if (!IsIpOrBlock(proxy))
        Fail("trusted-proxy", "server.trustedProxies",
             fmt::format("\"{}\" is neither an address nor a block such as 10.0.0.0/8", proxy));
    const std::string& certificate = c_.server.tls_certificate;
    const std::string& key = c_.server.tls_key;
    if (!certificate.empty())
      ReadableFile("tls-certificate", "server.tls.certificate", certificate);
    if (!key.empty()) KeyFile("tls-key", "server.tls.key", key, {});
    if (!certificate.empty() && key.empty())
      Fail("tls-pair", "server.tls.key", "TLS needs the key of its certificate as well; set it");
    const bool has_certificate =
        !certificate.empty() || (c_.alb.enabled && !c_.alb.certificate_file.empty());
    if (!key.empty() && !has_certificate)
      Fail("tls-pair", "server.tls.certificate",
           "TLS needs the certificate of its key as well; set it");
  }

  void Hooks() {
    const auto path_variable = in_.environment.find("PATH");
    const std::string search_path =
        path_variable == in_.environment.end() ? "" : path_variable->second;
    const std::pair<std::string_view, const std::vector<std::string>&> hooks[] = {
        {"hooks.preUpdate", c_.hooks.pre_update},
        {"hooks.postUpdate", c_.hooks.post_update},
        {"hooks.switch", c_.hooks.switch_over},
        {"hooks.maintenance", c_.hooks.maintenance}};
    for (const auto& [path, command] : hooks) {
      if (command.empty()) continue;
      if (const std::string problem = CommandProblem(command[0], search_path); !problem.empty())
        Fail("hook-command", std::string(path),
             fmt::format("{}; the operation would stop at this hook", problem));
    }
  }

  void SearchServer() {
    const SearchEngine& engine = c_.engines.search;
    if (engine.kind != SearchKind::kOpensearch) return;
    if (engine.url.empty())
      Fail("search-url", "engines.search.url",
           "an OpenSearch engine needs its address; set it to the http(s) URL of the server");
    if (!engine.ca_file.empty())
      ReadableFile("search-authority", "engines.search.caFile", engine.ca_file);
    if (engine.auth != SearchAuth::kBasic) return;
    if (engine.user.empty())
      Fail("search-user", "engines.search.user",
           "basic authentication needs a user; set this, or engines.search.auth to none");
    PasswordReference("search-password", "engines.search.", engine.password_ref, "search");
    if (engine.url.starts_with("http://"))
      Warn("search-security", "engines.search.url",
           "the search password travels in the clear; use an https:// address");
  }

  void Mail() {
    const std::string prefix = "notifications.smtp.";
    const Smtp& smtp = c_.notifications.smtp;
    if (smtp.host.empty()) {
      for (const std::string_view name :
           {"port", "security", "user", "passwordRef", "from", "caFile"})
        if (in_.is_set(prefix + std::string(name))) {
          Warn("mail-host", prefix + "host", "mail has settings but no host, so none is sent");
          break;
        }
      return;
    }
    if (smtp.from.find('@') == std::string::npos)
      Fail("mail-from", prefix + "from",
           "mail needs the address it is sent from; set it to one such as vams@example.com");
    if (!smtp.ca_file.empty()) ReadableFile("mail-authority", prefix + "caFile", smtp.ca_file);
    if (!smtp.user.empty() || !smtp.password_ref.empty())
      PasswordReference("mail-password", prefix, smtp.password_ref, "mail");
    if (!smtp.user.empty() && smtp.security == MailSecurity::kNone)
      Warn("mail-security", prefix + "security",
           "the mail password travels in the clear; set this to starttls or tls");
    if (c_.notifications.public_url.empty() && !HasPublicHost())
      Warn("mail-links", "notifications.publicUrl",
           "links in mails lead to the listen address, which others may not reach; set this to "
           "where people reach the server");
  }

  // A password by reference; `of` says in a word whose.
  void PasswordReference(const std::string& rule, const std::string& prefix,
                         const std::string& reference, std::string_view of) {
    if (reference.empty())
      Fail(rule, prefix + "passwordRef",
           fmt::format("the {} user has no password; set this to file:/path or env:NAME", of));
    if (const auto file = FileReference(reference))
      KeyFile(rule, prefix + "passwordRef", *file, {});
    else if (reference.starts_with("env:") && !in_.environment.contains(reference.substr(4)))
      Warn(rule, prefix + "passwordRef",
           fmt::format("the variable {} is not set here; it must be where the server runs",
                       reference.substr(4)));
  }

  // As app::PublicUrl finds it.
  bool HasPublicHost() const {
    return (c_.alb.enabled && !c_.alb.domain_host.empty()) ||
           (c_.cloud_front.custom_domain && !c_.cloud_front.domain_host.empty());
  }

  void KeyFile(std::string rule, std::string path, const std::string& file,
               std::optional<std::size_t> size) {
    if (std::string problem = KeyFileProblem(file, size); !problem.empty())
      Fail(std::move(rule), std::move(path), std::move(problem));
  }
  void ReadableFile(std::string rule, std::string path, const std::string& file) {
    if (std::string problem = ReadableFileProblem(file); !problem.empty())
      Fail(std::move(rule), std::move(path), std::move(problem));
  }

  const RuleInput& in_;
  const Config& c_;
  std::vector<Violation> out_;
};

}  // namespace

std::vector<Violation> CheckRules(const RuleInput& input) { return Rules(input).Run(); }

}  // namespace vams::config
