// The item store over the DynamoDB protocol: AWS itself, or another server that speaks it.
// What it cannot promise is in its traits: no snapshots, commits of at most 100 writes, scans in
// key order only within a partition, bulk loads that are seen while they run.
//
// The change log is a table of ours, written in the same transactions as the items
// (docs/formats/items-dynamodb.md).  It is off unless asked for: then writes cost no more than
// themselves, and the log's calls are kNotSupported.
//
//   items::DynamoOptions options;            // region, endpoint, credentials: as AWS tools find
//   them options.prefix = "prod-";                // table "assets" is "prod-assets" there TRY(auto
//   store, items::OpenDynamoStore(std::move(options))); TRY(const auto tables, store->Tables(op));
//   TRY(const auto parts, store->SplitScan(op, "assets", 8));
//   TRY(auto load, store->OpenBulkLoad(op, "copies", {}));
//   TRY(const auto next, store->ScanEncoded(op, "assets", parts[0], "", 1000,
//                          [&](std::string_view item) { return load->AddEncoded(op, item); }));
//   TRY(const auto written, load->Finish(op));
//
// Thread-safe.  Every call blocks on the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "items/store.h"
#include "net/aws_config.h"
#include "net/aws_credentials.h"
#include "net/retry.h"

namespace vams::items {

namespace dynamodb {
class Engine;
}

struct DynamoOptions {
  std::string region;    // empty: as AWS tools find it
  std::string endpoint;  // empty: AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's, AWS
  net::Environment environment = net::SystemEnvironment();

  // Names of ours to names there: those of `physical_names`, else with the prefix.  Tables() lists
  // what carries the prefix, or only what is mapped when there is a map and no prefix.
  std::string prefix;
  std::map<std::string, std::string> physical_names;

  bool change_log = false;
  std::string log_table = "vams-change-log";
  // Servers that lack them: without transactions a commit is one write, without time to live the
  // TTL attribute of a table is not kept.
  bool transactions = true;
  bool time_to_live = true;

  // Bulk writing: calls at a time (found out between 1 and this), and capacity units a second that
  // it may use (0: no limit).  The read limit holds for scans.
  std::size_t max_in_flight = 8;
  double max_write_units = 0;
  double max_read_units = 0;
  // Gets what a bulk load cannot store, from any thread; the load then goes on.  Unset: the load's
  // next call says it, once.
  std::function<void(std::string_view table, const Item& item, const Error& reason)> on_refused;

  net::RetryPolicy retry;
  std::chrono::milliseconds request_timeout{30'000};

  // What tests put in place of the real ones; must outlive the store and its loaders.
  const Clock* clock = nullptr;  // of the change log's times
  net::Timer* timer = nullptr;
  Random* random = nullptr;
  net::Transport* transport = nullptr;
  net::CredentialSource* credentials = nullptr;
};

class DynamoStore final : public ItemStore {
 public:
  explicit DynamoStore(std::shared_ptr<dynamodb::Engine> engine);
  ~DynamoStore() override;

  // The table's name on the server.
  std::string PhysicalName(std::string_view table) const;
  // Deletes many items as fast as a bulk load writes; what is absent is no error.  Not logged.
  Status BulkDelete(OpContext& op, std::string_view table, std::span<const Item> keys);
  // For the functions of admin.h and streams.h.
  dynamodb::Engine& engine() { return *engine_; }

  const Traits& traits() const override;
  Result<std::vector<TableSpec>> Tables(OpContext& op) override;
  Result<TableSpec> Table(OpContext& op, std::string_view table) override;
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override;
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override;
  Result<Page> Query(OpContext& op, const QueryRequest& request) override;
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                         std::size_t count) override;
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) override;
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const EncodedVisitor& visit) override;
  // Reads the whole table: the service itself counts only now and then.
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override;
  Result<Position> LastChange(OpContext& op) override;

  Status CreateTables(OpContext& op, std::span<const TableSpec> specs) override;
  Status DropTable(OpContext& op, std::string_view table) override;
  Result<CommitResult> Commit(OpContext& op, std::span<const Write> writes,
                              const std::optional<Advance>& advance = std::nullopt) override;
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override;
  Result<std::unique_ptr<Snapshot>> OpenSnapshot(OpContext& op) override;
  Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::string_view table,
                                                   const BulkOptions& options) override;
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override;
  Result<ChangePage> ReadChanges(OpContext& op, Position after, std::size_t limit) override;
  Status AddConsumer(OpContext& op, std::string_view name, Position start) override;
  Status AdvanceConsumer(OpContext& op, const Advance& advance) override;
  Status RemoveConsumer(OpContext& op, std::string_view name) override;
  Result<std::vector<Consumer>> Consumers(OpContext& op) override;
  Result<TrimResult> TrimChanges(OpContext& op, Position to) override;
  Status CheckIntegrity(OpContext& op) override;

 private:
  std::shared_ptr<dynamodb::Engine> engine_;
};

// Calls nobody yet: credentials and server are found at the first call.  kInvalid for settings that
// contradict each other, no region, an unreadable AWS config file.
Result<std::unique_ptr<DynamoStore>> OpenDynamoStore(DynamoOptions options);

}  // namespace vams::items
