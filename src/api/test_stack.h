// A whole API over a memory store, without a server: what the endpoints work with is real, the
// seeds of a new stack are in place, the audit log is in a temporary folder, passwords cost next to
// nothing.  For the tests of this module:
//
//   test::TestStack stack;
//   AddRoleRoutes(stack.gate());
//   const auto reply = stack.Ask("GET", "/roles", "", stack.AdminToken());
//
// Belongs to one thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/defaults.h"
#include "api/gate.h"
#include "api/services.h"
#include "audit/audit_log.h"
#include "catalog/databases.h"
#include "catalog/permissions.h"
#include "catalog/seed.h"
#include "files/files.h"
#include "http/routes.h"
#include "identity/accounts.h"
#include "identity/api_keys.h"
#include "identity/sessions.h"
#include "identity/totp.h"
#include "items/memory/memory_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"
#include "testing/faulty_store.h"

namespace vams::api::test {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message << " (" << result.error().details << ")";
    std::abort();
  }
  return *std::move(result);
}
inline void Must(const Status& status) {
  if (status.ok()) return;
  ADD_FAILURE() << status.error().message << " (" << status.error().details << ")";
  std::abort();
}

class TestClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return millis_.load(); }
  void Advance(std::int64_t seconds) { millis_ += seconds * 1000; }

 private:
  std::atomic<std::int64_t> millis_ = 1'740'823'200'123;  // 2025-03-01T10:00:00.123Z
};

// Thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  void Fill(void* bytes, std::size_t count) override {
    const std::lock_guard lock(mutex_);
    auto* out = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937 engine_;
};

// What came back.
struct Reply {
  int status = 0;
  boost::json::value body;  // null if it is no JSON
  std::string text;
  http::Headers headers;

  std::string Header(std::string_view name) const {
    return std::string(headers.Find(name).value_or(""));
  }
  // A text member of the body, also of one inside others ("message/Items"); empty if there is none.
  std::string Text(std::string_view member) const {
    const boost::json::value* value = Find(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }
  std::string message() const { return Text("message"); }
  const boost::json::value* Find(std::string_view member) const {
    boost::system::error_code error;
    return body.find_pointer("/" + std::string(member), error);
  }
};

inline std::string Base32Decode(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = bits << 5 | static_cast<std::uint32_t>(kLetters.find(c));
    if ((count += 5) < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

inline constexpr std::string_view kAdmin = "administrator";
inline constexpr std::string_view kAdminPassword = "Canary-Adm1n-pass!";

struct StackOptions {
  StackOptions() {
    settings.public_url = "https://assets.plant.example";
    settings.region = "local";
    settings.stack_name = "plant";
    settings.pool_id = "local_plant";
    settings.client_id = sessions.client_id = "vams-plant";
    sessions.issuer = settings.public_url;
  }

  bool accounts = true;  // else there is no identity provider: tokens are refused, keys work
  Settings settings;
  identity::SessionOptions sessions;
  std::uint32_t seed = 20250301;
};

class TestStack {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit TestStack(StackOptions options = {})
      : settings_(std::move(options.settings)),
        random_(options.seed),
        folder_(
            Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-api"))),
        memory_(items::MemoryStore::Create(clock_)),
        store_(std::make_unique<testing::FaultyStore>(*memory_)) {
    std::vector<items::TableSpec> specs(tables::SystemTables().begin(),
                                        tables::SystemTables().end());
    for (const auto& table : tables::TablesOf(tables::kNewest))
      specs.push_back(tables::SpecOf(table));
    Must(store_->CreateTables(op_, specs));
    Must(catalog::SeedDefaults(
        op_, *store_,
        {.admin_user = std::string(kAdmin), .admin_email = "administrator@example.com"}, clock_));
    permissions_ = std::make_unique<catalog::Permissions>(*store_, clock_, random_);
    databases_ = std::make_unique<catalog::Databases>(*store_, clock_);
    blobs_ = Must(objects::BlobStore::Open(folder_.path() / "blobs"));
    objects_ = Must(objects::OpenLocalObjectStore(op_, *store_, *blobs_,
                                                  {.clock = &clock_, .random = &random_}));
    urls_ = Must(objects::SignedUrls::Open(op_, *store_, clock_, random_));
    asset_.emplace(catalog::Stores{*store_, *objects_, clock_, random_});
    const auto roles_of = [this](OpContext& op, std::string_view user) {
      return permissions_->RolesOf(op, user);
    };
    api_keys_ = std::make_unique<identity::ApiKeys>(*store_, clock_, random_, roles_of);
    audit_ = Must(audit::AuditLog::Open(audit_folder(), clock_));
    if (options.accounts) {
      // The least that argon2id takes.
      accounts_ = std::make_unique<identity::Accounts>(
          *store_, clock_, random_,
          identity::AccountOptions{.work = {.operations = 1, .memory_bytes = 8192}});
      sessions_ =
          Must(identity::Sessions::Open(*store_, *accounts_, clock_, random_, options.sessions,
                                        roles_of, [this](const identity::LoginEvent& event) {
                                          if (observe) observe(event);
                                        }));
      Must(accounts_->Create(op_, {.user = std::string(kAdmin),
                                   .email = "administrator@example.com",
                                   .phone = {},
                                   .password = std::string(kAdminPassword),
                                   .must_change = false}));
    }
    services_.emplace(Services{.settings = settings_,
                               .clock = clock_,
                               .random = random_,
                               .permissions = *permissions_,
                               .databases = *databases_,
                               .asset = *asset_,
                               .objects = *objects_,
                               .urls = *urls_,
                               .api_keys = *api_keys_,
                               .accounts = accounts_.get(),
                               .sessions = sessions_.get(),
                               .external = nullptr,
                               .audit = *audit_,
                               .caller_limit = nullptr,
                               .metrics = [] { return std::string("vams_up 1\n"); },
                               .openapi = [] { return std::string("{}"); },
                               .ready = [](OpContext&) { return Ok(); }});
    gate_.emplace(*services_, routes_);
    gate_->AddFallback([](const http::Request&) { return std::nullopt; });
  }

  // Where logins and their failures are told; nothing by itself.
  identity::LoginObserver observe;

  Gate& gate() { return *gate_; }
  Services& services() { return *services_; }
  const http::Routes& routes() const { return routes_; }
  TestClock& clock() { return clock_; }
  OpContext& op() { return op_; }
  // All that the API reads and writes goes through it, and can be made to fail.
  testing::FaultyStore& store() { return *store_; }
  objects::ObjectStore& objects() { return *objects_; }
  files::Path audit_folder() const { return folder_.path() / "audit"; }

  // As a server hands a request over.  `target` is path and query as sent.
  Reply Ask(std::string_view verb, std::string_view target, std::string_view body = "",
            std::string_view token = "", const Headers& headers = {}) {
    http::Request request;
    const auto known = http::FindVerb(verb);
    if (known) request.verb = *known;
    request.target = target;
    const std::size_t question = target.find('?');
    const http::Match match = routes_.Find(known, target.substr(0, question));
    if (match.kind == http::Match::Kind::kBadPath) return ReplyOf(http::Message(400, "bad path"));
    request.path = match.path;
    request.path_parameters = match.parameters;
    if (question != target.npos)
      request.query = http::ParseQuery(target.substr(question + 1)).value_or(http::NameValues());
    request.headers.Add("host", "assets.plant.example");
    if (!token.empty()) request.headers.Add("authorization", "Bearer " + std::string(token));
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    request.body = body;
    request.request_id = "request-" + std::to_string(++requests_);
    request.peer = request.client = client;
    const http::Route* route = match.route != nullptr ? match.route : routes_.fallback();
    auto response = route->handle(request, op_);
    return ReplyOf(response.ok() ? *std::move(response) : http::ErrorResponse(response.error()));
  }
  // The address requests come from.
  std::string client = "192.0.2.7";

  // An account with that password, an address at example.com and a role, if one is named.
  void AddUser(std::string_view user, std::string_view password, std::string_view role = "") {
    Must(accounts_->Create(op_,
                           {.user = std::string(user),
                            .email = std::string(user.substr(0, user.find('@'))) + "@example.com",
                            .phone = {},
                            .password = std::string(password),
                            .must_change = false}));
    if (!role.empty()) Must(permissions_->GiveRole(op_, user, role));
  }
  // The access token of a new session.
  std::string TokenFor(std::string_view user, std::string_view password) {
    const auto step = Must(sessions_->Login(op_, user, password, client));
    if (!step.tokens) {
      ADD_FAILURE() << user << " has to answer a challenge";
      std::abort();
    }
    return step.tokens->access;
  }
  // Of the seeded super-administrator; made once.
  const std::string& AdminToken() {
    if (admin_token_.empty()) admin_token_ = TokenFor(kAdmin, kAdminPassword);
    return admin_token_;
  }
  // Enrols a second factor; its secret.
  std::string Enrol(std::string_view user) {
    const std::string secret = Must(accounts_->BeginTotp(op_, user)).secret_base32;
    Must(accounts_->FinishTotp(op_, user, CodeOf(secret)));
    return secret;
  }
  // What the authenticator app with that secret shows now.  A code is good once: move the clock.
  std::string CodeOf(std::string_view secret_base32) const {
    return identity::TotpCode(Base32Decode(secret_base32),
                              clock_.NowMillis() / 1000 / identity::kTotpStepSeconds);
  }
  // Of a user without any role; made once.
  const std::string& NobodyToken() {
    if (nobody_token_.empty()) {
      AddUser("nobody", "N0body-knows-this!");
      nobody_token_ = TokenFor("nobody", "N0body-knows-this!");
    }
    return nobody_token_;
  }
  // A new key that acts as the user, who has to have a role.
  std::string KeyFor(std::string_view user, std::string_view name = "key of a test") {
    return Must(api_keys_->Create(op_, {.name = std::string(name),
                                        .user = std::string(user),
                                        .description = "for a test",
                                        .expires_at = {},
                                        .created_by = std::string(kAdmin)}))
        .secret;
  }

  // The whole audit log as text, all files behind each other.
  std::string AuditText() {
    Must(audit_->Flush());
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(audit_folder()))
      if (entry.is_regular_file()) all += Must(files::ReadAll(entry.path()));
    return all;
  }
  // Lines of it that hold all of the texts.
  std::vector<std::string> AuditLines(const std::vector<std::string_view>& texts) {
    std::vector<std::string> found;
    const std::string all = AuditText();
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find('\n', begin), all.size());
      std::string line = all.substr(begin, end - begin);
      begin = end + 1;
      bool fits = true;
      for (const std::string_view text : texts) fits = fits && line.find(text) != line.npos;
      if (fits) found.push_back(std::move(line));
    }
    return found;
  }

 private:
  static Reply ReplyOf(http::Response response) {
    Reply reply{.status = response.status,
                .body = nullptr,
                .text = std::move(response.body),
                .headers = std::move(response.headers)};
    boost::system::error_code error;
    auto value = boost::json::parse(reply.text, error);
    if (!error) reply.body = std::move(value);
    return reply;
  }

  OpContext op_;
  TestClock clock_;
  const Settings settings_;
  SeededRandom random_;
  files::TempFolder folder_;
  std::unique_ptr<items::MemoryStore> memory_;
  std::unique_ptr<testing::FaultyStore> store_;
  std::unique_ptr<catalog::Permissions> permissions_;
  std::unique_ptr<catalog::Databases> databases_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;
  std::unique_ptr<objects::SignedUrls> urls_;
  std::optional<AssetServices> asset_;
  std::unique_ptr<identity::ApiKeys> api_keys_;
  std::unique_ptr<audit::AuditLog> audit_;
  std::unique_ptr<identity::Accounts> accounts_;
  std::unique_ptr<identity::Sessions> sessions_;
  std::optional<Services> services_;
  http::Routes routes_;
  std::optional<Gate> gate_;
  std::string admin_token_, nobody_token_;
  int requests_ = 0;
};

}  // namespace vams::api::test
