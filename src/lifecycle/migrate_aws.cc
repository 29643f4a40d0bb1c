#include "lifecycle/migrate_aws.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "migrate/remote/aws_hooks.h"
#include "migrate/remote/lock.h"
#include "net/aws_config.h"
#include "net/aws_credentials.h"
#include "objects/blob_store.h"
#include "objects/object_import.h"

namespace vams::lifecycle {

namespace remote = migrate::remote;

Result<std::unique_ptr<AwsMigration>> AwsMigration::Open(
    OpContext& op, const files::Path& home, const std::map<std::string, std::string>& env,
    AwsOptions options, const Clock& clock) {
  std::unique_ptr<AwsMigration> migration(new AwsMigration(std::move(options), clock));
  const AwsOptions& given = migration->options_;
  TRY(migration->config_, remote::ReadUpstreamConfig(given.config, given.overrides));
  migration->work_ = given.work.empty() ? home / "migrations" / given.config.stem() : given.work;
  TRY_OK(migration->Connect(env));
  TRY_OK(migration->ConnectSearch());
  TRY_OK(migration->FindTables(op));
  return migration;
}

Status AwsMigration::Connect(const std::map<std::string, std::string>& env) {
  const std::string profile = options_.profile.empty() ? config_.profile : options_.profile;
  environment_ = [env, profile](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE" && !profile.empty()) return profile;
    const auto found = env.find(std::string(name));
    if (found == env.end() || found->second.empty()) return std::nullopt;
    return found->second;
  };
  TRY(const auto aws_profile, net::LoadProfile(environment_));
  TRY(region_, net::ResolveRegion(options_.region.empty() ? config_.region : options_.region,
                                  environment_, aws_profile));
  lambda_endpoint_ = net::ResolveEndpoint(options_.endpoint, "lambda", environment_, aws_profile);
  credentials_ = net::DefaultCredentials(environment_, http_, clock_);
  lambda_ = std::make_unique<net::AwsClient>(http_, *credentials_, clock_, region_);
  return Ok();
}

Status AwsMigration::ConnectSearch() {
  using Auth = SearchAccess::Auth;
  using Options = search::OpenSearchOptions;
  const std::string& url = config_.opensearch.url;
  if (url.empty()) return Ok();
  const SearchAccess& access = options_.search;
  Options options{.url = url};
  const bool aws = url.find(".amazonaws.com") != std::string::npos;
  const Auth auth = access.auth != Auth::kGuess ? access.auth
                    : !access.user.empty()      ? Auth::kBasic
                    : aws                       ? Auth::kAws
                                                : Auth::kNone;
  if (aws && url.find(".aoss.") != std::string::npos)
    return Error(
        Code::kNotSupported,
        "--opensearch-url leads to a serverless collection, which lacks calls that filling "
        "its indexes needs; leave the option out, and the function that the configuration "
        "names fills them");
  if (auth == Auth::kBasic) {
    if (access.user.empty() || access.password.empty())
      return Error(Code::kInvalid,
                   "to sign in to the search server, a user (--opensearch-user or "
                   "VAMS_OPENSEARCH_USER) and a password (--opensearch-password-file or "
                   "VAMS_OPENSEARCH_PASSWORD) are needed; nothing was written");
    options.auth = Options::Auth::kBasic;
    options.username = access.user;
    options.password = access.password;
  } else if (auth == Auth::kAws) {
    options.auth = Options::Auth::kSigV4;
    options.region = region_;
    options.credentials = credentials_.get();
  }
  options.ca_file = access.ca_file;
  TRY(search_, search::RawIndexes::Open(std::move(options)));
  return Ok();
}

items::DynamoOptions AwsMigration::StoreOptions() const {
  items::DynamoOptions options;
  options.region = region_;
  options.endpoint = options_.endpoint;
  options.environment = environment_;
  options.max_write_units = options_.max_write_units;
  options.max_read_units = options_.max_read_units;
  return options;
}

// The step may look things up in tables that upstream's file does not name; those of the same
// deployment are found by their names.
Status AwsMigration::FindTables(OpContext& op) {
  if (!remote::TablesNotNamed(config_).empty()) {
    TRY(const auto all, items::OpenDynamoStore(StoreOptions()));
    TRY(const auto specs, all->Tables(op));
    std::vector<std::string> names;
    for (const auto& spec : specs) names.push_back(spec.name);
    remote::AddSiblings(config_, names);
  }
  items::DynamoOptions options = StoreOptions();
  options.physical_names = config_.PhysicalNames();
  TRY(store_, items::OpenDynamoStore(std::move(options)));
  items::DynamoOptions lock = StoreOptions();
  lock.prefix = LockPrefix();
  TRY(lock_store_, items::OpenDynamoStore(std::move(lock)));
  return Ok();
}

// What stands in front of the table's own name in the deployment's names, else "vams-".
std::string AwsMigration::LockPrefix() const {
  for (const auto& table : config_.tables) {
    std::string logical = table.canonical;
    std::erase(logical, '.');
    const auto at = table.physical.find(logical);
    if (at != std::string::npos && at > 1) return table.physical.substr(0, at);
  }
  return "vams-";
}

Status AwsMigration::ListObjects(OpContext& op, items::ItemStore& store) {
  TRY_OK(files::MakeFolders(work_));
  TRY(const auto folder, files::TempFolder::Create(work_, ".objects"));
  TRY(const auto blobs, objects::BlobStore::Open(folder.path()));
  objects::ObjectImporter importer(store, *blobs, {});
  for (const auto& listing : options_.listings)
    TRY_OK(importer.AddListing(op, listing.path, listing.bucket));
  return Ok();
}

remote::RemoteJob AwsMigration::Job(migrate::OnProgress progress) {
  remote::Hooks hooks;
  hooks.protect = remote::ProtectByBackup(*store_, "before-" + config_.to.ToString());
  hooks.invoke = remote::InvokeLambda(*lambda_, lambda_endpoint_);
  hooks.search = search_.get();
  if (!options_.listings.empty())
    hooks.list_objects = [this](OpContext& op, items::ItemStore& store) {
      return ListObjects(op, store);
    };
  return {.config = config_,
          .store = *store_,
          .lock_store = lock_store_.get(),
          .work = work_,
          .clock = clock_,
          .options = options_.run,
          .hooks = std::move(hooks),
          .on_progress = std::move(progress)};
}

Result<std::string> AwsMigration::Policy() const {
  remote::PolicyOptions options;
  options.region = region_;
  options.dialect = options_.run.dialect;
  options.backup = !options_.run.skip_backup;
  if (options_.run.lock) options.lock_table = LockPrefix() + std::string(remote::kLockTable);
  options.create_lock_table = options_.run.create_lock_table;
  return remote::PolicyFor(config_, options);
}

}  // namespace vams::lifecycle
