// What the endpoints work with.  `app` makes all of it and outlives the routes.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/audit_log.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/asset_files.h"
#include "catalog/asset_links.h"
#include "catalog/asset_search.h"
#include "catalog/asset_versions.h"
#include "catalog/assets.h"
#include "catalog/comments.h"
#include "catalog/databases.h"
#include "catalog/downloads.h"
#include "catalog/exports.h"
#include "catalog/metadata.h"
#include "catalog/metadata_schemas.h"
#include "catalog/permissions.h"
#include "catalog/subscriptions.h"
#include "catalog/tags.h"
#include "catalog/uploads.h"
#include "http/rate_limit.h"
#include "identity/accounts.h"
#include "identity/api_keys.h"
#include "identity/external_provider.h"
#include "identity/sessions.h"
#include "indexing/indexer.h"
#include "indexing/reindexer.h"
#include "objects/signed_url.h"
#include "objects/store.h"
#include "search/search.h"

namespace vams::api {

// The settings of the configuration that clients see, in the words of api-auth.md section 3.
struct Settings {
  // Where clients reach the server, without a slash at the end: "https://assets.plant.example".
  // Empty: wherever the request came to.
  std::string public_url;
  std::string region;
  std::string stack_name;
  std::string banner_html;
  std::string map_style_url;  // empty: none
  std::vector<std::string> features;
  boost::json::object version;  // GET /api/version

  // External provider; all empty without one.
  std::string idp_url, idp_client_id, idp_scope, idp_scope_mfa, idp_token_endpoint,
      idp_authorization_endpoint, idp_discovery_endpoint;

  // The identity-provider subset (api-auth.md section 13) with the ids it goes by.
  bool identity_protocol = false;
  std::string pool_id;
  std::string client_id;

  std::int64_t signed_url_seconds = 86'400;  // lifetime of signed object URLs

  // Both ends included, each pair of one family; empty: everyone (permissions.md section 11).
  std::vector<std::pair<std::string, std::string>> allowed_ip_ranges;
};

// The use cases of assets over the same stores.
struct AssetServices {
  explicit AssetServices(const catalog::Stores& stores)
      : assets(stores),
        uploads(stores),
        files(stores),
        versions(stores),
        links(stores),
        downloads(stores),
        exports(stores),
        metadata(stores),
        schemas(stores),
        tags(stores),
        comments(stores),
        subscriptions(stores) {}

  catalog::Assets assets;
  catalog::Uploads uploads;
  catalog::AssetFiles files;
  catalog::AssetVersions versions;
  catalog::AssetLinks links;
  catalog::Downloads downloads;
  catalog::Exports exports;
  catalog::Metadata metadata;
  catalog::MetadataSchemas schemas;
  catalog::Tags tags;
  catalog::Comments comments;
  catalog::Subscriptions subscriptions;
};

struct Services {
  const Settings& settings;
  const Clock& clock;
  Random& random;
  catalog::Permissions& permissions;
  catalog::Databases& databases;
  AssetServices& asset;
  objects::ObjectStore& objects;
  objects::SignedUrls& urls;
  identity::ApiKeys& api_keys;
  // Built-in accounts: both or neither; without them the external provider is there.
  identity::Accounts* accounts = nullptr;
  identity::Sessions* sessions = nullptr;
  identity::ExternalProvider* external = nullptr;
  audit::AuditLog& audit;
  // All or none; without them there is no search engine (NOOPENSEARCH).
  search::Index* search = nullptr;
  catalog::AssetSearch* asset_search = nullptr;
  indexing::Indexer* indexer = nullptr;
  indexing::Reindexer* reindexer = nullptr;
  std::string_view search_engine = {};  // what administrators are told: "xapian"
  // Requests of one caller (user, or address where there is none); null: no limit.
  http::KeyedLimiter* caller_limit = nullptr;
  // Prometheus text, the OpenAPI document, and whether the server can do its work (GET /readyz).
  std::function<std::string()> metrics;
  std::function<std::string()> openapi;
  std::function<Status(OpContext&)> ready;
  // Mails a temporary password to its owner; empty: no mail is configured.
  struct PasswordMail {
    std::string user, to, password;
  };
  std::function<Status(OpContext&, const PasswordMail&)> mail_password = {};
};

}  // namespace vams::api
