#include "items/dynamodb/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/http_client.h"

namespace vams::items::dynamodb {

namespace {

// A transaction holds 100 writes; the log takes the position, perhaps a consumer, and its entry.
constexpr std::size_t kMaxTransaction = 100;
constexpr std::size_t kLogShare = 10;

Traits TraitsOf(const DynamoOptions& options) {
  Traits traits;
  traits.max_commit_writes = !options.transactions ? 1
                             : options.change_log  ? kMaxTransaction - kLogShare
                                                   : kMaxTransaction;
  traits.max_nesting = 31;  // the item itself counts as the first of 32 levels
  traits.max_commit_bytes = std::size_t{4} << 20;
  traits.snapshots = false;
  traits.durable = true;
  traits.change_log = options.change_log;
  traits.key_order = false;
  traits.bulk_isolated = false;
  return traits;
}

}  // namespace

Gate::Pass::~Pass() {
  if (gate_ == nullptr) return;
  {
    const std::lock_guard lock(gate_->mutex_);
    gate_->taken_ = false;
  }
  gate_->left_.notify_one();
}

Result<Gate::Pass> Gate::Enter(OpContext& op) {
  std::unique_lock lock(mutex_);
  while (taken_) {
    TRY_OK(op.Check());
    // Cancelling wakes nobody up.
    left_.wait_for(lock, std::chrono::milliseconds(100));
  }
  TRY_OK(op.Check());
  taken_ = true;
  return Pass(this);
}

Result<std::shared_ptr<Engine>> Engine::Create(DynamoOptions options) {
  if (options.change_log && !options.transactions)
    return Error(Code::kInvalid,
                 "a change log needs a server with transactions; switch the change log off");
  TRY(const auto profile, net::LoadProfile(options.environment));
  TRY(std::string region, net::ResolveRegion(options.region, options.environment, profile));
  const std::string chosen = options.endpoint;
  options.endpoint = net::ResolveEndpoint(chosen, "dynamodb", options.environment, profile);
  auto engine = std::shared_ptr<Engine>(new Engine(std::move(options)));
  const auto& kept = engine->options_;
  net::Transport* transport = kept.transport;
  if (transport == nullptr) {
    engine->own_transport_ = std::make_unique<net::HttpClient>(
        net::HttpClientOptions{.ca_bundle = kept.environment("AWS_CA_BUNDLE").value_or("")});
    transport = engine->own_transport_.get();
  }
  net::CredentialSource* credentials = kept.credentials;
  if (credentials == nullptr) {
    engine->own_credentials_ = net::DefaultCredentials(kept.environment, *transport, SystemClock());
    credentials = engine->own_credentials_.get();
  }
  engine->aws_ = std::make_unique<net::AwsClient>(*transport, *credentials, SystemClock(), region);
  engine->client_ = std::make_unique<Client>(
      *engine->aws_,
      ClientOptions{.endpoint = kept.endpoint,
                    .streams_endpoint =
                        net::ResolveEndpoint(chosen, "dynamodb-streams", kept.environment, profile),
                    .retry = kept.retry,
                    .request_timeout = kept.request_timeout},
      kept.timer == nullptr ? net::SystemTimer() : *kept.timer,
      kept.random == nullptr ? SystemRandom() : *kept.random);
  return engine;
}

Engine::Engine(DynamoOptions options)
    : options_(std::move(options)),
      traits_(TraitsOf(options_)),
      log_table_(std::make_shared<TableInfo>(TableInfo{{.name = options_.log_table,
                                                        .partition = {"p", Kind::kS},
                                                        .sort = {"s", Kind::kS},
                                                        .indexes = {},
                                                        .ttl_attribute = ""},
                                                       Physical(options_.log_table)})),
      clock_(options_.clock == nullptr ? &SystemClock() : options_.clock),
      write_budget_(options_.max_write_units,
                    options_.timer == nullptr ? net::SystemTimer() : *options_.timer),
      read_budget_(options_.max_read_units,
                   options_.timer == nullptr ? net::SystemTimer() : *options_.timer) {}

std::string Engine::Physical(std::string_view table) const {
  const auto at = options_.physical_names.find(std::string(table));
  return at == options_.physical_names.end() ? options_.prefix + std::string(table) : at->second;
}

std::optional<std::string> Engine::Canonical(std::string_view physical) const {
  std::optional<std::string> name;
  for (const auto& [canonical, mapped] : options_.physical_names)
    if (mapped == physical) name = canonical;
  const bool only_mapped = !options_.physical_names.empty() && options_.prefix.empty();
  if (!name && !only_mapped && physical.starts_with(options_.prefix))
    name = std::string(physical.substr(options_.prefix.size()));
  if (name && (*name == options_.log_table || name->size() < 3)) return std::nullopt;
  return name;
}

Result<TableDescription> Engine::Describe(OpContext& op, std::string_view table) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  };
  if (table.size() < 3 || table.size() > 255 || !std::all_of(table.begin(), table.end(), plain))
    return NoTable(table);
  auto answer =
      client_->Call(op, "DescribeTable", fmt::format("{{\"TableName\":\"{}\"}}", Physical(table)));
  if (!answer.ok()) {
    if (answer.error().code == Code::kNotFound) return NoTable(table);
    return std::move(answer).error();
  }
  return ParseTableDescription(*answer, table);
}

Result<TableRef> Engine::Table(OpContext& op, std::string_view table) {
  TRY_OK(op.Check());
  {
    const std::lock_guard lock(tables_mutex_);
    if (const auto at = tables_.find(table); at != tables_.end()) return at->second;
  }
  if (table == options_.log_table && options_.change_log) return NoTable(table);
  TRY(auto description, Describe(op, table));
  if (description.status == "DELETING" || description.spec.partition.empty()) return NoTable(table);
  if (options_.time_to_live) {
    TRY(const auto answer, client_->Call(op, "DescribeTimeToLive",
                                         fmt::format("{{\"TableName\":\"{}\"}}", Physical(table))));
    TRY(description.spec.ttl_attribute, ParseTimeToLive(answer));
  }
  auto info = std::make_shared<TableInfo>(TableInfo{std::move(description.spec), Physical(table)});
  const std::lock_guard lock(tables_mutex_);
  return tables_.insert_or_assign(std::string(table), std::move(info)).first->second;
}

void Engine::Forget(std::string_view table) {
  const std::lock_guard lock(tables_mutex_);
  if (const auto at = tables_.find(table); at != tables_.end()) tables_.erase(at);
}

Error Engine::Explain(Error error, const TableInfo& table) {
  if (error.code == Code::kNotFound) {
    Forget(table.spec.name);
    return NoTable(table.spec.name);
  }
  // Another process may have made the table anew with other keys.
  if (error.code == Code::kInvalid) Forget(table.spec.name);
  return error;
}

}  // namespace vams::items::dynamodb
