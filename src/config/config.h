// The configuration of a stack: one JSON file in the shape of upstream's config.json, the
// environment and the command line, read into one typed struct with every default filled in.
// For whoever starts, checks or shows a stack.
//
// Thread rule: pure functions and plain values.  Check and Load do not read the file itself (the
// caller brings its text), but look at the key files and hook commands it names (stat only), so
// they may block on a slow file system.  Spec: config.md.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/report.h"

namespace vams::config {

// ---- The values --------------------------------------------------------------------------------
// Members are named after what they mean; the comment gives the path where the name differs.
// Paths of files are absolute.  An empty text is "not set" unless said otherwise.

// An existing bucket of the S3 protocol ("arn:aws:s3:::name") or a local folder ("file:///path").
struct ExternalBucket {
  std::string location;  // bucketArn
  std::string prefix;    // baseAssetsPrefix; ends with "/"
  std::string sync_database;
  bool operator==(const ExternalBucket&) const = default;
};

// Both ends belong to the range; both are of one family, first <= last.
struct IpRange {
  std::string first;
  std::string last;
  bool operator==(const IpRange&) const = default;
};

struct AssetBuckets {
  bool create_new = true;
  std::string sync_database = "default";
  std::vector<ExternalBucket> external;
  bool operator==(const AssetBuckets&) const = default;
};

struct Encryption {  // app.useKmsCmkEncryption
  bool enabled = false;
  std::string key_file;  // 32 bytes; empty: generated
  bool operator==(const Encryption&) const = default;
};

struct Alb {
  bool enabled = false;
  std::string domain_host;
  std::string certificate_file;  // PEM; empty: none, or an ARN, which means nothing here
  bool operator==(const Alb&) const = default;
};

struct CloudFront {
  bool enabled = true;  // unless app.useAlb is on and this is not set
  bool custom_domain = false;
  std::string domain_host;
  bool operator==(const CloudFront&) const = default;
};

struct OpenSearch {
  std::optional<bool> serverless;  // as written; Engines::search is what comes of it
  std::optional<bool> provisioned;
  bool reindex_at_update = false;  // reindexOnCdkDeploy
  bool operator==(const OpenSearch&) const = default;
};

struct Pipeline {
  bool enabled = false;  // with the switch of the group it belongs to, if any
  bool auto_register = true;
  bool auto_trigger = false;
  std::string trigger_extensions;  // ".mp4,.mov"
  std::string container_image;
  std::string command_template;
  bool eula_accepted = false;
  bool operator==(const Pipeline&) const = default;
};

struct ExternalProvider {  // app.authProvider.useExternalOAuthIdp
  bool enabled = false;
  std::string url;
  std::string client_id;
  std::string scope;
  std::string scope_mfa;
  std::string principal_domain;
  std::string token_endpoint;
  std::string authorization_endpoint;
  std::string discovery_endpoint;
  std::string jwt_issuer;
  std::string jwt_audience;
  bool operator==(const ExternalProvider&) const = default;
};

struct Auth {
  std::int64_t signed_url_seconds = 86400;
  std::vector<IpRange> allowed_ip_ranges;  // empty: everyone
  bool builtin_accounts = true;            // useCognito.enabled
  bool saml = false;                       // always false once loaded
  bool password_flow = false;              // the identity-provider protocol subset
  std::int64_t token_seconds = 3600;
  ExternalProvider external;
  bool operator==(const Auth&) const = default;
};

struct WebUi {
  std::string banner_html;
  bool allow_unsafe_eval = false;
  std::string map_style_url;
  bool operator==(const WebUi&) const = default;
};

struct RateLimit {  // nothing: unlimited; the burst is then without effect
  std::optional<double> per_second;
  std::optional<double> burst;  // filled in with the rate when only that is set
  bool operator==(const RateLimit&) const = default;
};

struct DefaultSchemas {
  bool asset_links = true;
  bool database = true;
  bool asset = true;
  bool asset_file = true;
  bool operator==(const DefaultSchemas&) const = default;
};

enum class ItemsKind : std::uint8_t { kSqlite, kDynamodb };
enum class ObjectsKind : std::uint8_t { kLocal, kS3 };
enum class SearchKind : std::uint8_t { kXapian, kOpensearch, kNone };
enum class SearchStemming : std::uint8_t { kNone, kEnglish };
enum class SearchAuth : std::uint8_t { kNone, kBasic, kAws };
enum class JobsKind : std::uint8_t { kLocal, kSlurm, kKubernetes };

struct ItemsEngine {
  ItemsKind kind = ItemsKind::kSqlite;
  std::string endpoint;                       // empty: the region's AWS endpoint
  std::string region;                         // empty: env.region
  std::map<std::string, std::string> tables;  // canonical to physical name
  std::string table_prefix;                   // never together with tables
  bool operator==(const ItemsEngine&) const = default;
};
struct ObjectsEngine {
  ObjectsKind kind = ObjectsKind::kLocal;
  std::string endpoint;
  std::string region;
  bool path_style = false;
  bool operator==(const ObjectsEngine&) const = default;
};
struct SearchEngine {
  SearchKind kind = SearchKind::kXapian;  // kNone: feature NOOPENSEARCH
  // Of kOpensearch.
  std::string url;
  SearchAuth auth = SearchAuth::kNone;  // kBasic: user and password; kAws: signature version 4
  std::string user;
  std::string password_ref;                         // "env:NAME", "file:/path"
  std::string region;                               // kAws; empty: as AWS tools find it
  std::string ca_file;                              // empty: the system's authorities
  SearchStemming stemming = SearchStemming::kNone;  // kEnglish: "gears" finds "gear" too
  bool operator==(const SearchEngine&) const = default;
};
struct JobsEngine {
  JobsKind kind = JobsKind::kLocal;
  std::optional<std::int64_t> slots;  // nothing: one per processor
  boost::json::object settings;       // whatever else the section of a scheduler holds
  bool operator==(const JobsEngine&) const = default;
};
struct Engines {
  ItemsEngine items;
  ObjectsEngine objects;
  SearchEngine search;
  JobsEngine jobs;
  bool operator==(const Engines&) const = default;
};

struct ServerSection {
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string tls_certificate;  // both or neither
  std::string tls_key;
  std::vector<std::string> trusted_proxies;  // addresses or CIDR blocks
  bool access_log = true;
  std::optional<std::int64_t> workers;  // nothing: one per processor, at least two
  std::int64_t connections = 1024;
  std::optional<std::int64_t> connections_per_address;  // nothing: unlimited
  std::int64_t body_bytes = std::int64_t{16} << 20;
  RateLimit caller_limit;  // of one caller: user, or address where there is none
  bool operator==(const ServerSection&) const = default;
};

// Program and arguments; empty: no hook.
struct Hooks {
  std::vector<std::string> pre_update;
  std::vector<std::string> post_update;
  std::vector<std::string> switch_over;  // hooks.switch
  std::vector<std::string> maintenance;
  bool operator==(const Hooks&) const = default;
};

enum class MailSecurity : std::uint8_t { kNone, kStarttls, kTls };

struct Smtp {
  std::string host;  // empty: no mail
  std::int64_t port = 587;
  MailSecurity security = MailSecurity::kStarttls;
  std::string user;
  std::string password_ref;  // "file:/path" or "env:NAME"
  std::string from;
  std::string ca_file;  // PEM of authorities; empty: the system's
  bool operator==(const Smtp&) const = default;
};

struct Notifications {
  Smtp smtp;
  std::int64_t digest_seconds = 60;  // from the first change to the mail about it
  std::string
      public_url;  // where links in mails lead; empty: the public host or the listen address
  bool operator==(const Notifications&) const = default;
};

struct Backup {
  std::string repository;  // empty: <home>/backups; else an absolute folder or s3://bucket/prefix
  std::int64_t keep = 7;
  std::string schedule;
  bool operator==(const Backup&) const = default;
};

struct Config {
  Config();  // the defaults, which are a valid configuration

  std::string name = "vams";
  std::string region = "local";     // env.region
  std::string stack_name = "prod";  // app.baseStackName
  std::string admin_user_id = "administrator";
  std::string admin_email = "administrator@example.com";
  AssetBuckets asset_buckets;
  Encryption encryption;
  OpenSearch open_search;
  bool location_service = true;
  Alb alb;
  CloudFront cloud_front;
  std::map<std::string, Pipeline> pipelines;  // every built-in one, by its path below app.pipelines
  bool nvidia_cosmos = false;  // the groups' switches, already counted in Pipeline::enabled
  bool nvidia_gr00t = false;
  bool garnet = false;  // always false once loaded
  Auth auth;
  WebUi web_ui;
  RateLimit rate_limit;
  DefaultSchemas default_schemas;
  Engines engines;
  ServerSection server;
  Hooks hooks;
  Notifications notifications;
  Backup backup;

  bool operator==(const Config&) const = default;
};

// ---- Reading -----------------------------------------------------------------------------------

// Precedence: --set, then VAMS_… (VAMS_APP_BASE_STACK_NAME for app.baseStackName) and upstream's
// ADMIN_USER_ID and ADMIN_EMAIL_ADDRESS, then the file, then upstream's STACK_NAME and REGION
// (only where the file says null), then the default.  An empty variable counts as not set; a null
// in the file means "not set".
struct Sources {
  std::optional<std::string> file_text;  // nothing: no file, which is fine
  std::string file_path;                 // for messages; relative paths start at its folder
  std::map<std::string, std::string> environment;
  std::vector<std::string> sets;  // "app.baseStackName=dev"
};

// kInvalid with every error, a line each, if the report has one; warnings do not stop it.
Result<Config> Load(const Sources& sources);

// Everything there is to say about the configuration.  Never fails: what is wrong is in the report.
CheckReport Check(const Sources& sources);

// The effective configuration in the file's shape, for `vams config show`.  Read back, it gives the
// same configuration.  References to secrets stay references.
boost::json::object ConfigJson(const Config& config);

}  // namespace vams::config
