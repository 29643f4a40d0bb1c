#include "app/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "access/defaults.h"
#include "api/ab_routes.h"
#include "api/auth_routes.h"
#include "api/lifecycle_routes.h"
#include "api/routes.h"
#include "app/backups.h"
#include "app/lifecycle_runs.h"
#include "app/lifecycle_state.h"
#include "app/mail.h"
#include "app/release.h"
#include "app/search_built.h"
#include "app/search_index.h"
#include "app/settings.h"
#include "app/web_files.h"
#include "audit/audit_log.h"
#include "base/log.h"
#include "base/metrics.h"
#include "catalog/databases.h"
#include "catalog/permissions.h"
#include "files/files.h"
#include "folders/folder_keeper.h"
#include "http/access_log.h"
#include "http/openapi.h"
#include "http/static_files.h"
#include "identity/accounts.h"
#include "identity/api_keys.h"
#include "identity/external_provider.h"
#include "identity/sessions.h"
#include "indexing/indexer.h"
#include "indexing/reindexer.h"
#include "lifecycle/ab/door.h"
#include "lifecycle/ab/state.h"
#include "lifecycle/upkeep_objects.h"
#include "net/http_client.h"
#include "notify/notifier.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "objects/signed_url.h"

namespace vams::app {

namespace {

constexpr std::chrono::seconds kMaintainEvery{60};
constexpr std::int64_t kDayMillis = 24 * 3600 * 1000;
constexpr std::size_t kMostBuckets = 10'000;

void LogReport(const std::string& folder, const folders::SyncReport& report) {
  if (report.changed_something())
    LogInfo(
        fmt::format("folder {}: {} files taken in ({} bytes), {} archived, {} written, {} "
                    "removed",
                    folder, report.taken_in, report.bytes_in, report.marked_deleted,
                    report.written_out, report.removed_out));
  if (report.problem_count > 0)
    LogWarning(fmt::format("folder {}: {} files could not be synchronised, the first: {}", folder,
                           report.problem_count, report.problems.front()));
}
// The first time when whoever waited for the start has been served.
constexpr std::chrono::minutes kUpkeepFirst{10};
constexpr std::chrono::hours kUpkeepEvery{24};
constexpr std::chrono::hours kUpkeepLimit{1};
constexpr std::chrono::minutes kUpkeepAgain{1};
// Of a token of the operator's own.
constexpr std::int64_t kTokenMillis = 15 * 60 * 1000;

// Metrics of requests: by route and by status.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : metrics_(metrics) {}

  // The I/O thread only.
  void Count(const http::AccessRecord& record) {
    const std::string& route = record.route_id.empty() ? kNone : record.route_id;
    auto found = routes_.find(route);
    if (found == routes_.end())
      found = routes_
                  .emplace(route, &metrics_.GetHistogram(
                                      "vams_http_request_duration_seconds",
                                      "Time from the end of a request to the end of its answer",
                                      DurationBounds(), {{"route", route}}))
                  .first;
    found->second->Observe(static_cast<double>(record.duration_us) / 1e6);
    Counter*& counter = statuses_[record.status];
    if (counter == nullptr)
      counter = &metrics_.GetCounter("vams_http_requests_total", "Requests by status of the answer",
                                     {{"status", std::to_string(record.status)}});
    counter->Add();
  }

 private:
  inline static const std::string kNone = "none";

  Metrics& metrics_;
  std::unordered_map<std::string, Histogram*> routes_;
  std::unordered_map<int, Counter*> statuses_;
};

}  // namespace

struct Backend::Impl {
  Impl(items::ItemStore& item_store, const Clock& the_clock, Random& the_random,
       const ServingSetup* setup)
      : store(item_store), clock(the_clock), random(the_random), serving(setup) {}
  ~Impl();

  Status Open(const lifecycle::Stack& stack, const config::Config& config,
              const std::string& issuer);
  catalog::Stores Stores() const { return {store, *objects, clock, random, auxiliary_bucket}; }
  // For work in the background: it waits while writes are held back.
  items::ItemStore& Patient() const { return serving != nullptr ? serving->patient : store; }
  catalog::Stores PatientStores() const {
    return {Patient(), *objects, clock, random, auxiliary_bucket};
  }
  // Work that would have to write is put off meanwhile, and its failure is no news.
  bool held_back() const { return serving != nullptr && serving->gate.closed(); }
  bool older_data() const { return serving != nullptr && serving->older_data; }
  Status OpenObjects(const lifecycle::Stack& stack, const config::Config& config);
  Status OpenSearch(const lifecycle::Stack& stack, const config::Config& config);
  void Built(search::KindSet kinds);  // the search index, by this release
  Status StartSearch();
  Status OpenFolders(const lifecycle::Stack& stack, const config::Config& config);
  Status OpenIdentity(const config::Config& config, const std::string& issuer);
  void AddRoutes(const config::Config& config, const lifecycle::Stack& stack);
  void AddLifecycle(api::Gate& gate, const config::Config& config, const lifecycle::Stack& stack);
  void AddMetrics();
  void AddServingMetrics();
  Result<std::string> Administrator(OpContext& op) const;
  void MaintainNowAndThen();
  void TendObjectsDaily(const lifecycle::Stack& stack);
  void TendObjects(const lifecycle::Stack& stack, OpContext& op);

  items::ItemStore& store;
  const Clock& clock;
  Random& random;
  const ServingSetup* const serving;  // null: nobody is served

  // In the order in which they need each other.
  Metrics metrics;
  RequestMetrics request_metrics{metrics};
  api::Settings settings;
  std::unique_ptr<http::AccessLog> access_log;
  std::unique_ptr<audit::AuditLog> audit;
  std::unique_ptr<catalog::Permissions> permissions;
  std::unique_ptr<catalog::Databases> databases;
  std::unique_ptr<objects::BlobStore> blobs;
  std::unique_ptr<objects::ObjectStore> objects;
  std::unique_ptr<objects::SignedUrls> urls;
  std::string admin_user, data_name;
  std::string auxiliary_bucket;
  std::optional<api::AssetServices> asset;
  std::unique_ptr<search::Index> search;
  std::optional<catalog::AssetSearch> asset_search;
  std::unique_ptr<indexing::Indexer> indexer;
  files::Path generation;
  bool reindex_at_update = false;
  std::unique_ptr<indexing::Reindexer> reindexer;
  std::unique_ptr<identity::ApiKeys> api_keys;
  std::unique_ptr<identity::Accounts> accounts;
  std::unique_ptr<identity::Sessions> sessions;
  std::unique_ptr<net::HttpClient> outgoing;
  std::unique_ptr<identity::ExternalProvider> external;
  std::unique_ptr<http::KeyedLimiter> caller_limit;
  std::unique_ptr<http::StaticFiles> files;
  std::unique_ptr<api::Services> services;
  std::unique_ptr<StartedRuns> runs;
  std::unique_ptr<api::LifecycleServices> lifecycle_services;
  std::string token_issuer;
  std::unique_ptr<lifecycle::ab::Door> door;
  std::string openapi;
  http::Routes routes;

  std::mutex mutex;
  std::condition_variable stop_asked;
  bool stopping = false;         // under mutex
  OpContext* tending = nullptr;  // under mutex
  std::thread maintenance;
  std::vector<std::unique_ptr<folders::FolderKeeper>> keepers;
  std::thread upkeep;
  std::unique_ptr<net::MailTransport> mail_server;
  std::unique_ptr<notify::Notifier> notifier;
};

Status Backend::Impl::OpenObjects(const lifecycle::Stack& stack, const config::Config& config) {
  OpContext op;
  TRY(blobs, objects::OpenBlobs(stack.blobs(), EncryptionOf(config), {.clock = &clock}));
  TRY(objects,
      objects::OpenLocalObjectStore(op, store, *blobs, {.clock = &clock, .random = &random}));
  TRY(urls, objects::SignedUrls::Open(op, store, clock, random));
  auxiliary_bucket = AuxiliaryBucketOf(config, data_name);
  asset.emplace(Stores());
  return Ok();
}

Status Backend::Impl::OpenSearch(const lifecycle::Stack& stack, const config::Config& config) {
  TRY(search, OpenSearchIndex(config, stack));
  if (search == nullptr) return Ok();
  asset_search.emplace(Stores(), *search,
                       config.engines.search.stemming == config::SearchStemming::kEnglish
                           ? search::Stemming::kEnglish
                           : search::Stemming::kNone);
  indexer = std::make_unique<indexing::Indexer>(PatientStores(), *search, metrics);
  generation = stack.current.folder;
  reindex_at_update = config.open_search.reindex_at_update;
  reindexer = std::make_unique<indexing::Reindexer>(
      PatientStores(), *search, indexer.get(), metrics,
      indexing::ReindexerSetup{.release = Release(),
                               .on_swapped = [this](search::KindSet kinds) { Built(kinds); },
                               .on_phase = {}});
  return Ok();
}

void Backend::Impl::Built(search::KindSet kinds) {
  if (kinds != search::KindSet::kBoth) return;
  if (const Status kept = SetSearchBuiltBy(generation, Release()); !kept.ok())
    LogWarning(
        fmt::format("the next start may build the search index anew although it need not: "
                    "{}",
                    kept.error().message));
}

Status Backend::Impl::StartSearch() {
  if (search == nullptr) return Ok();
  OpContext op;
  TRY_OK(indexer->Start(op));
  const indexing::ReindexOptions beside{.low_priority = true};
  TRY(const auto resumed, reindexer->ResumeInterrupted(op, beside));
  if (resumed) return Ok();
  if (indexer->status().needs_reindex) {
    LogInfo("the search index is built; searches find everything when it is complete");
    TRY([[maybe_unused]] const auto run, reindexer->Start({}));
    return Ok();
  }
  if (!reindex_at_update) return Ok();
  TRY(const auto release, SearchBuiltBy(generation));
  if (release == Release()) return Ok();
  LogInfo(
      "app.openSearch.reindexOnCdkDeploy: the search index is built anew by this release; the "
      "old one serves until it is complete");
  TRY([[maybe_unused]] const auto run, reindexer->Start(beside));
  return Ok();
}

// External folders are kept in step from now on.
Status Backend::Impl::OpenFolders(const lifecycle::Stack& stack, const config::Config& config) {
  OpContext op;
  for (const config::ExternalBucket& place : config.asset_buckets.external) {
    const auto folder = folders::FolderOf(place.location);
    if (!folder) continue;
    TRY(const auto page, catalog::ListBuckets(op, store, "", kMostBuckets));
    const auto bucket = std::ranges::find_if(page.buckets, [&](const catalog::Bucket& known) {
      return known.name == folders::BucketNameOf(*folder) && known.prefix == place.prefix;
    });
    if (bucket == page.buckets.end())
      return Error(Code::kInternal, fmt::format("{} has no bucket record", place.location));
    const std::string& name = place.location;
    keepers.push_back(std::make_unique<folders::FolderKeeper>(
        PatientStores(), *folder, *bucket,
        folders::SyncOptions{.sync_database = place.sync_database},
        folders::KeeperOptions{
            .lock_file = stack.folder / fmt::format("folder-{}.lock", bucket->id),
            .on_report = [name](const folders::SyncReport& report) { LogReport(name, report); },
            .on_failure =
                [this, name](const Error& error) {
                  if (held_back()) return;
                  LogWarning(fmt::format("folder {}: {}; tried again until it works", name,
                                         error.message));
                }}));
  }
  return Ok();
}

Status Backend::Impl::OpenIdentity(const config::Config& config, const std::string& issuer) {
  const auto roles_of = [this](OpContext& op, std::string_view user) {
    return permissions->RolesOf(op, user);
  };
  api_keys = std::make_unique<identity::ApiKeys>(store, clock, random, roles_of);
  if (config.auth.external.enabled) {
    outgoing = std::make_unique<net::HttpClient>();
    external = std::make_unique<identity::ExternalProvider>(
        *outgoing, clock,
        identity::ExternalProviderOptions{.issuer = config.auth.external.jwt_issuer,
                                          .audience = config.auth.external.jwt_audience,
                                          .mfa_scope = config.auth.external.scope_mfa});
    return Ok();
  }
  accounts = std::make_unique<identity::Accounts>(
      store, clock, random,
      identity::AccountOptions{.totp_issuer =
                                   fmt::format("{} ({})", config.name, settings.stack_name)});
  identity::SessionOptions options;
  options.issuer = issuer;
  options.client_id = settings.client_id;
  options.token_seconds = config.auth.token_seconds;
  TRY(sessions, identity::Sessions::Open(store, *accounts, clock, random, options, roles_of,
                                         api::AuditLogins(*audit)));
  return Ok();
}

void Backend::Impl::AddRoutes(const config::Config& config, const lifecycle::Stack& stack) {
  if (const config::RateLimit& limit = config.server.caller_limit; limit.per_second)
    caller_limit = std::make_unique<http::KeyedLimiter>(http::KeyedLimiter::Options{
        .per_second = *limit.per_second, .burst = limit.burst.value_or(*limit.per_second)});
  services = std::make_unique<api::Services>(api::Services{
      .settings = settings,
      .clock = clock,
      .random = random,
      .permissions = *permissions,
      .databases = *databases,
      .asset = *asset,
      .objects = *objects,
      .urls = *urls,
      .api_keys = *api_keys,
      .accounts = accounts.get(),
      .sessions = sessions.get(),
      .external = external.get(),
      .audit = *audit,
      .search = search.get(),
      .asset_search = asset_search ? &*asset_search : nullptr,
      .indexer = indexer.get(),
      .reindexer = reindexer.get(),
      .search_engine =
          config.engines.search.kind == config::SearchKind::kOpensearch ? "opensearch" : "xapian",
      .caller_limit = caller_limit.get(),
      .metrics = [this] { return metrics.Text(); },
      .openapi = [this] { return openapi; },
      .ready = [this](OpContext& op) -> Status {
        TRY([[maybe_unused]] const auto position, store.LastChange(op));
        return Ok();
      },
  });
  api::Gate gate(*services, routes);
  api::AddAllRoutes(gate, *services);
  if (serving != nullptr) AddLifecycle(gate, config, stack);
  files = std::make_unique<http::StaticFiles>(
      WebFiles(), http::StaticFiles::Options{.index_for_navigation = true});
  gate.AddFallback([this](const http::Request& request) { return files->Find(request); });
  openapi = boost::json::serialize(
      http::OpenApiDocument(routes, {.title = "VAMS", .version = "2.5.1", .description = {}}));
}

void Backend::Impl::AddLifecycle(api::Gate& gate, const config::Config& config,
                                 const lifecycle::Stack& stack) {
  runs = std::make_unique<StartedRuns>(stack, serving->program, clock);
  lifecycle_services = std::make_unique<api::LifecycleServices>(api::LifecycleServices{
      .stack = stack,
      .clock = clock,
      .state = [this, stack] { return StateJson(stack, serving->state()); },
      .backups = [this, config, stack](OpContext&) { return ListBackups(config, stack, random); },
      .ab = [stack] { return AbJson(stack); },
      .runs = *runs,
  });
  api::AddLifecycleRoutes(gate, *lifecycle_services);
  door = std::make_unique<lifecycle::ab::Door>(stack, EncryptionOf(config), token_issuer, clock);
  api::AddAbRoutes(gate, *door);
}

void Backend::Impl::AddServingMetrics() {
  using lifecycle::ServingMode;
  for (const ServingMode mode : {ServingMode::kServing, ServingMode::kFrozen,
                                 ServingMode::kMaintenance, ServingMode::kUpdateNeeded})
    metrics.ReadGauge("vams_serving_mode", "1 for the mode that the server is in",
                      {{"mode", std::string(lifecycle::Name(mode))}},
                      [this, mode] { return serving->state().mode == mode ? 1.0 : 0.0; });
  metrics.ReadGauge("vams_generation", "The generation of the data that is served", {},
                    [this] { return static_cast<double>(serving->state().generation); });
}

// The configured one; where the data has others instead, one of them.
Result<std::string> Backend::Impl::Administrator(OpContext& op) const {
  constexpr std::string_view kUserRoles = "UserRolesStorageTable";
  TRY(const auto roles, permissions->RolesOf(op, admin_user));
  if (std::ranges::find(roles, access::kAdminRole) != roles.end()) return admin_user;
  std::string found, after;
  do {
    TRY(const auto page, store.Scan(op, kUserRoles, {}, after, kMostBuckets));
    for (const auto& item : page.items)
      if (item.Text("roleName") == access::kAdminRole &&
          (found.empty() || found == access::kSystemUser))
        found = item.Text("userId");
    after = page.next;
  } while (!after.empty());
  return found.empty() ? admin_user : found;
}

void Backend::Impl::AddMetrics() {
  metrics.ReadCounter("vams_audit_lines_total", "Lines written to the audit log", {},
                      [this] { return static_cast<double>(audit->counters().lines); });
  metrics.ReadCounter("vams_audit_lost_total", "Events that could not be written to the audit log",
                      {}, [this] { return static_cast<double>(audit->counters().failed_writes); });
  if (access_log != nullptr)
    metrics.ReadCounter("vams_access_log_dropped_total", "Lines that the access log dropped", {},
                        [this] { return static_cast<double>(access_log->dropped()); });
}

// Keys that are due, sessions that are over, days that are too old.  A failure is tried again.
void Backend::Impl::MaintainNowAndThen() {
  std::int64_t day = 0;
  std::unique_lock lock(mutex);
  while (!stopping) {
    lock.unlock();
    OpContext op(OpContext::SteadyClock::now() + kMaintainEvery);
    if (sessions != nullptr && !held_back())
      if (const Status done = sessions->Maintain(op); !done.ok() && !held_back())
        LogWarning(fmt::format("maintenance of sessions failed and is tried again in a minute: {}",
                               done.error().message));
    if (!held_back())
      if (const Status done = urls->Maintain(op); !done.ok() && !held_back())
        LogWarning(fmt::format("maintenance of URL keys failed and is tried again in a minute: {}",
                               done.error().message));
    if (const std::int64_t today = clock.NowMillis() / kDayMillis; today != day) {
      day = today;
      if (const auto removed = audit->RemoveOldDays(); !removed.ok())
        LogWarning(
            fmt::format("old audit files could not be removed: {}", removed.error().message));
    }
    lock.lock();
    stop_asked.wait_for(lock, kMaintainEvery, [this] { return stopping; });
  }
}

// Objects: uploads that nobody completed, contents that nothing refers to.  On a thread of its own,
// because a large stack takes long.
void Backend::Impl::TendObjectsDaily(const lifecycle::Stack& stack) {
  std::chrono::milliseconds wait = kUpkeepFirst;
  std::unique_lock lock(mutex);
  while (!stop_asked.wait_for(lock, wait, [this] { return stopping; })) {
    wait = kUpkeepEvery;
    if (held_back()) {
      wait = kUpkeepAgain;
      continue;
    }
    OpContext op(OpContext::SteadyClock::now() + kUpkeepLimit);
    tending = &op;
    lock.unlock();
    TendObjects(stack, op);
    // What was refused in its middle is done when writes are taken again.
    if (held_back()) wait = kUpkeepAgain;
    lock.lock();
    tending = nullptr;
  }
}

void Backend::Impl::TendObjects(const lifecycle::Stack& stack, OpContext& op) {
  if (const Status done = asset->uploads.ExpireOld(op);
      !done.ok() && done.error().code != Code::kCancelled && !held_back())
    LogWarning(fmt::format("old uploads were not forgotten and will be tomorrow: {}",
                           done.error().message));
  const auto done = lifecycle::UpkeepOnce(stack, *blobs, *objects, clock, op);
  if (!done.ok() && (done.error().code == Code::kCancelled || held_back())) return;
  if (!done.ok()) {
    LogWarning(fmt::format("the objects were not cleaned up and will be tomorrow: {}",
                           done.error().message));
    return;
  }
  for (const auto& problem : done->collection.problems)
    LogWarning(fmt::format("cleaning up the objects: {}", problem));
  LogInfo(
      fmt::format("cleaned up the objects: {} old uploads ended, {} contents ({} bytes) removed",
                  done->uploads_aborted, done->collection.removed, done->collection.removed_bytes));
}

Status Backend::Impl::Open(const lifecycle::Stack& stack, const config::Config& config,
                           const std::string& issuer) {
  settings = SettingsOf(config, stack);
  admin_user = config.admin_user_id;
  TRY(data_name, lifecycle::ab::DataNameOf(stack));
  if (config.server.access_log) {
    TRY_OK(files::MakeFolders(stack.folder / "logs"));
    TRY(access_log, http::AccessLog::Open(stack.folder / "logs" / "access.jsonl"));
  }
  TRY(audit, audit::AuditLog::Open(stack.folder / "audit", clock));
  permissions = std::make_unique<catalog::Permissions>(store, clock, random);
  databases = std::make_unique<catalog::Databases>(store, clock);
  TRY_OK(OpenObjects(stack, config));
  if (!older_data()) TRY_OK(OpenSearch(stack, config));
  token_issuer = settings.public_url.empty() ? issuer : settings.public_url;
  TRY_OK(OpenIdentity(config, token_issuer));
  OpContext op;
  TRY(const auto warnings, permissions->Check(op));
  for (const access::Warning& warning : warnings)
    LogWarning(fmt::format("constraint {}: {}", warning.constraint_id, warning.text));
  AddRoutes(config, stack);
  AddMetrics();
  if (serving != nullptr) AddServingMetrics();
  maintenance = std::thread([this] { MaintainNowAndThen(); });
  if (older_data()) return Ok();
  TRY_OK(OpenFolders(stack, config));
  upkeep = std::thread([this, stack] { TendObjectsDaily(stack); });
  return Ok();
}

Backend::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    if (tending != nullptr) tending->Cancel();
  }
  stop_asked.notify_all();
  if (maintenance.joinable()) maintenance.join();
  if (upkeep.joinable()) upkeep.join();
}

Result<std::unique_ptr<Backend>> Backend::Open(const lifecycle::Stack& stack,
                                               const config::Config& config,
                                               const std::string& issuer, items::ItemStore& store,
                                               const Clock& clock, Random& random,
                                               const ServingSetup* serving) {
  auto impl = std::make_unique<Impl>(store, clock, random, serving);
  TRY_OK(impl->Open(stack, config, issuer));
  return std::unique_ptr<Backend>(new Backend(std::move(impl)));
}

Backend::Backend(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Backend::~Backend() = default;

Status Backend::StartMail(const config::Config& config, const std::string& url) {
  TRY(impl_->mail_server, MailServerOf(config));
  TRY(auto options, NotifierOptionsOf(config, impl_->settings, url));
  if (identity::Accounts* const accounts = impl_->accounts.get(); accounts != nullptr)
    options.active = [accounts](OpContext& op, const std::string& user) -> Result<bool> {
      TRY(const auto account, accounts->Find(op, user));
      return !account || account->enabled;
    };
  if (impl_->mail_server != nullptr) {
    TRY(auto for_passwords, MailServerOf(config));
    impl_->services->mail_password =
        PasswordMailerOf(std::move(for_passwords), options, impl_->clock, impl_->random);
  }
  impl_->notifier = std::make_unique<notify::Notifier>(
      impl_->Patient(), *impl_->permissions, impl_->clock, impl_->random, impl_->mail_server.get(),
      std::move(options), impl_->metrics);
  impl_->notifier->Start();
  return Ok();
}

Status Backend::StartSearch() { return impl_->StartSearch(); }

const http::Routes& Backend::routes() const { return impl_->routes; }

catalog::Stores Backend::stores() const { return impl_->Stores(); }

Result<std::string> Backend::AdminToken(OpContext& op) {
  identity::Identity who;
  TRY(who.user, impl_->Administrator(op));
  TRY(who.role_claims, impl_->permissions->RolesOf(op, who.user));
  // Who may ask for it may do anything with the stack's files, so a second factor adds nothing.
  who.mfa = true;
  who.claims = {{"sub", who.user}, {"vams:authMethod", "operator"}};
  return impl_->api_keys->Grant(std::move(who), impl_->clock.NowMillis() + kTokenMillis);
}

bool Backend::IsAdminToken(std::string_view credential) const {
  return impl_->api_keys->IsGrant(credential);
}

void Backend::OnAccess(const http::AccessRecord& record) {
  impl_->request_metrics.Count(record);
  if (impl_->access_log != nullptr) impl_->access_log->Write(record);
}

}  // namespace vams::app
