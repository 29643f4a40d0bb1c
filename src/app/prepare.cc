#include "app/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "access/defaults.h"
#include "app/release.h"
#include "app/settings.h"
#include "catalog/buckets.h"
#include "catalog/permissions.h"
#include "catalog/seed.h"
#include "folders/folder_sync.h"
#include "identity/accounts.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stacks/names.h"

namespace vams::app {

namespace {

constexpr const char* kPasswordVariable = "VAMS_ADMIN_PASSWORD";

catalog::DefaultSchemaChoice SchemasOf(const config::Config& config) {
  const config::DefaultSchemas& chosen = config.default_schemas;
  return {.asset_links = chosen.asset_links,
          .database = chosen.database,
          .asset = chosen.asset,
          .asset_file = chosen.asset_file};
}

// A random password must be changed at the first sign-in; one that was chosen need not be.
Status MakeAdministrator(OpContext& op, identity::Accounts& accounts, const config::Config& config,
                         const std::map<std::string, std::string>& environment,
                         Prepared& prepared) {
  identity::Accounts::NewAccount account{.user = config.admin_user_id, .email = config.admin_email};
  if (const auto given = environment.find(kPasswordVariable);
      given != environment.end() && !given->second.empty()) {
    account.password = given->second;
    account.must_change = false;
  }
  auto created = accounts.Create(op, account);
  if (!created.ok())
    return std::move(created).error().With(
        account.password ? fmt::format("the administrator's password from {}", kPasswordVariable)
                         : "the administrator's account");
  prepared.admin_user = config.admin_user_id;
  prepared.admin_password = created->temporary_password;
  return Ok();
}

}  // namespace

Status PrepareStore(OpContext& op, items::ItemStore& store, std::string_view stack,
                    const config::Config& config, const Clock& clock, Random& random) {
  TRY([[maybe_unused]] const auto seeded, catalog::SeedDefaults(op, store,
                                                                {.admin_user = config.admin_user_id,
                                                                 .admin_email = config.admin_email,
                                                                 .release = Release(),
                                                                 .schemas = SchemasOf(config)},
                                                                clock));
  TRY([[maybe_unused]] const auto added,
      catalog::SeedBuckets(op, store, random, BucketsOf(config, stack)));
  return Ok();
}

Result<Prepared> PrepareAdministrator(OpContext& op, items::ItemStore& store,
                                      const config::Config& config,
                                      const std::map<std::string, std::string>& environment,
                                      const Clock& clock, Random& random) {
  Prepared prepared;
  if (!config.auth.builtin_accounts) return prepared;
  identity::Accounts accounts(store, clock, random, {});
  TRY(const auto some, accounts.List(op, "", 1));
  if (!some.empty()) return prepared;
  TRY_OK(MakeAdministrator(op, accounts, config, environment, prepared));
  catalog::Permissions permissions(store, clock, random);
  TRY(const auto roles, permissions.RolesOf(op, config.admin_user_id));
  if (std::ranges::find(roles, access::kAdminRole) == roles.end())
    prepared.warnings.push_back(fmt::format(
        "the account \"{0}\" has no role \"{1}\" in this data, so it can sign in but not "
        "administer; give it the role with \"vams user add {0} --role {1}\"",
        config.admin_user_id, access::kAdminRole));
  return prepared;
}

std::vector<catalog::BucketSeed> BucketsOf(const config::Config& config, std::string_view stack) {
  constexpr std::string_view kArn = ":s3:::";
  std::vector<catalog::BucketSeed> buckets;
  if (config.asset_buckets.create_new)
    buckets.push_back({.name = OwnBucketOf(config, stack), .versioned = true});
  for (const config::ExternalBucket& external : config.asset_buckets.external) {
    if (const auto folder = folders::FolderOf(external.location)) {
      buckets.push_back(
          {.name = folders::BucketNameOf(*folder), .prefix = external.prefix, .versioned = true});
      continue;
    }
    const std::size_t arn =
        external.location.starts_with("arn:") ? external.location.find(kArn) : std::string::npos;
    buckets.push_back({.name = arn == std::string::npos
                                   ? external.location
                                   : external.location.substr(arn + kArn.size()),
                       .prefix = external.prefix});
  }
  return buckets;
}

std::string OwnBucketOf(const config::Config& config, std::string_view stack) {
  return lifecycle::OwnBucketOf(config, stack);
}

std::string AuxiliaryBucketOf(const config::Config& config, std::string_view stack) {
  return lifecycle::AuxiliaryBucketOf(config, stack);
}

Status CheckBeforeCreate(const config::Config& config,
                         const std::map<std::string, std::string>& environment,
                         const Clock& clock) {
  TRY(const auto options, ServerOptionsOf(config, {}));
  if (options.tls) TRY_OK(http::CheckTls(*options.tls, clock));
  const auto given = environment.find(kPasswordVariable);
  if (!config.auth.builtin_accounts || given == environment.end() || given->second.empty())
    return Ok();
  auto fine = identity::CheckPasswordPolicy(config.admin_user_id, given->second);
  if (!fine.ok())
    return std::move(fine).error().With(
        fmt::format("the administrator's password from {}", kPasswordVariable));
  return Ok();
}

Result<Prepared> PrepareStack(const lifecycle::Stack& stack, const config::Config& config,
                              const std::map<std::string, std::string>& environment,
                              const Clock& clock, Random& random) {
  TRY(const auto lock, lifecycle::LockStack(stack, "vams stack create", clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  OpContext op;
  TRY_OK(PrepareStore(op, *store, stack.name, config, clock, random));
  return PrepareAdministrator(op, *store, config, environment, clock, random);
}

void AddPrepared(boost::json::object& object, const Prepared& prepared) {
  if (!prepared.admin_user.empty()) {
    boost::json::object administrator{{"userId", prepared.admin_user}};
    if (!prepared.admin_password.empty())
      administrator["temporaryPassword"] = prepared.admin_password;
    object["administrator"] = std::move(administrator);
  }
  if (!prepared.warnings.empty())
    object["warnings"] = boost::json::array(prepared.warnings.begin(), prepared.warnings.end());
}

std::string PreparedText(const Prepared& prepared) {
  std::string text;
  if (!prepared.admin_user.empty() && !prepared.admin_password.empty())
    text += fmt::format(
        "administrator \"{}\" has the password {} until the first sign-in; it is shown only now\n",
        prepared.admin_user, prepared.admin_password);
  else if (!prepared.admin_user.empty())
    text += fmt::format("administrator \"{}\" has the password of {}\n", prepared.admin_user,
                        kPasswordVariable);
  for (const std::string& warning : prepared.warnings)
    text += fmt::format("warning: {}\n", warning);
  return text;
}

}  // namespace vams::app
