// What the parts of the DynamoDB engine share: settings, the client, known table definitions.
// Internal to items/dynamodb.
//
// Thread-safe.  Calls that take an OpContext block on the network.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "items/aws/dynamodb_json.h"
#include "items/dynamodb/client.h"
#include "items/dynamodb/dynamodb_store.h"
#include "items/dynamodb/schema.h"
#include "items/dynamodb/throttle.h"

namespace vams::items::dynamodb {

struct TableInfo {
  TableSpec spec;
  std::string physical;
};
using TableRef = std::shared_ptr<const TableInfo>;

// An unfinished bulk load, as far as this process knows it.
struct LoadState {
  std::string name;
  std::optional<std::string> token;
  bool owned = false;  // a loader is open
};

// Lets one thread after the other through, in no promised order.  Not a lock: whoever waits can
// give up, and whoever is through may block on the network.
class Gate {
 public:
  // Left by destroying the pass.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass();

   private:
    Gate* gate_;
  };
  Result<Pass> Enter(OpContext& op);

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  bool taken_ = false;  // guarded by mutex_
};

class Engine {
 public:
  static Result<std::shared_ptr<Engine>> Create(DynamoOptions options);

  const DynamoOptions& options() const { return options_; }
  const Traits& traits() const { return traits_; }
  Client& client() { return *client_; }
  const Clock& clock() const { return *clock_; }
  std::string Physical(std::string_view table) const;
  // The name of ours, if the table is one of those that Tables() lists.
  std::optional<std::string> Canonical(std::string_view physical) const;
  bool HasLog() const { return options_.change_log; }
  const TableRef& log_table() const { return log_table_; }

  // kNotFound if there is no such table, also for the log's own.
  Result<TableRef> Table(OpContext& op, std::string_view table);
  // Tells what the service says now.
  Result<TableDescription> Describe(OpContext& op, std::string_view table);
  void Forget(std::string_view table);
  // The error, with its table forgotten when it says that what is known of it is wrong.
  Error Explain(Error error, const TableInfo& table);

  UnitBudget& write_budget() { return write_budget_; }
  UnitBudget& read_budget() { return read_budget_; }

  // Unfinished loads by table.
  std::mutex loads_mutex;
  std::map<std::string, LoadState, std::less<>> loads;  // guarded by loads_mutex

  // The log's: one commit of this process at a time, since they all move the same position.
  Gate commit_gate;
  std::mutex log_mutex;
  bool log_ready = false;              // guarded by log_mutex
  std::optional<Position> last_known;  // guarded by log_mutex

 private:
  explicit Engine(DynamoOptions options);

  const DynamoOptions options_;
  Traits traits_;
  TableRef log_table_;
  const Clock* clock_;
  std::unique_ptr<net::Transport> own_transport_;
  std::unique_ptr<net::CredentialSource> own_credentials_;
  std::unique_ptr<net::AwsClient> aws_;
  std::unique_ptr<Client> client_;
  UnitBudget write_budget_;
  UnitBudget read_budget_;
  std::mutex tables_mutex_;
  std::map<std::string, TableRef, std::less<>> tables_;  // guarded by tables_mutex_
};

// ---- Tables (tables.cc)
Result<std::vector<std::string>> ListPhysicalTables(OpContext& op, Engine& engine);
Result<std::vector<TableSpec>> ListTables(OpContext& op, Engine& engine);
Status CreateTables(OpContext& op, Engine& engine, std::span<const TableSpec> specs);
Status CreateTable(OpContext& op, Engine& engine, const TableSpec& spec, bool stream);
Status WaitUntilActive(OpContext& op, Engine& engine, std::string_view table);
Status DropTable(OpContext& op, Engine& engine, std::string_view table);
Error NoTable(std::string_view table);

// ---- Reads (reads.cc)
Result<std::optional<Item>> GetItem(OpContext& op, Engine& engine, const TableInfo& table,
                                    const Item& key);
struct ItemName {
  TableRef table;
  Item key;
};
// One entry per name, in order; of several tables at once.
Result<std::vector<std::optional<Item>>> GetItems(OpContext& op, Engine& engine,
                                                  std::span<const ItemName> names);
Result<Page> Query(OpContext& op, Engine& engine, const QueryRequest& request);
// A query without our checks and cursors: the items behind `after` (a key, or nothing), and the
// last evaluated key.
struct RawPage {
  std::vector<Item> items;
  std::optional<Item> last;
};
Result<RawPage> RawQuery(OpContext& op, Engine& engine, const TableInfo& table,
                         const QueryRequest& request, const std::optional<Item>& after);
Result<std::vector<Segment>> SplitScan(OpContext& op, Engine& engine, std::string_view table,
                                       std::size_t count);
Result<std::string> ScanEncoded(OpContext& op, Engine& engine, std::string_view table,
                                const Segment& segment, std::string_view after, std::size_t limit,
                                const ItemSource::EncodedVisitor& visit);
Result<std::uint64_t> Count(OpContext& op, Engine& engine, std::string_view table);
// Keys and TTL values of items that are due, at most `limit`.
Result<std::vector<Item>> FindDue(OpContext& op, Engine& engine, const TableInfo& table,
                                  std::int64_t now_seconds, std::size_t limit);

// ---- Commits (commits.cc)
// What became of a transaction.
struct Transaction {
  bool done = false;
  std::vector<std::string> reasons;  // why not, per action: "None", "ConditionalCheckFailed", …
  bool again = false;                // it may succeed when it is tried again
  bool may_be_done = false;
  Error error;  // unless done
};
// `actions` as JSON: {"Put":{…}}, {"Update":{…}}.  Sent with one token, so that an answer that got
// lost does no harm.
Result<Transaction> Transact(OpContext& op, Engine& engine, std::span<const std::string> actions);
// `log` other than kImages is for bulk loads.
Result<CommitResult> Commit(OpContext& op, Engine& engine, std::span<const Write> writes,
                            const std::optional<Advance>& advance, BulkLog log = BulkLog::kImages);
Result<std::size_t> Expire(OpContext& op, Engine& engine, std::string_view table,
                           std::int64_t now_seconds, std::size_t limit);

// ---- Bulk (bulk_loader.cc)
Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::shared_ptr<Engine> engine,
                                                 std::string_view table,
                                                 const BulkOptions& options);
Status AbandonBulkLoad(OpContext& op, Engine& engine, std::string_view table);
// `keys` must be valid.
Status DeleteItems(OpContext& op, Engine& engine, const TableRef& table,
                   std::span<const Item> keys);

}  // namespace vams::items::dynamodb
