#include "testing/faulty_store.h"

#include <fmt/format.h>

#include <mutex>

#include "base/encoding.h"

namespace vams::testing {

using namespace items;

class FaultyStore::Plan {
 public:
  void Order(std::size_t n, Code code, When when) {
    const std::lock_guard lock(mutex_);
    target_ = n;
    code_ = code;
    when_ = when;
    failed_ = false;
  }
  bool failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // Counts and records the call, runs it unless it is to fail before, and gives its result unless
  // it is to fail.
  template <typename Work>
  auto Call(std::string request, Work work) -> std::invoke_result_t<Work> {
    const auto fault = Enter(std::move(request));
    if (fault && fault->when == When::kBefore) return fault->error;
    auto result = work();
    if (fault) return fault->error;
    return result;
  }

 private:
  struct Fault {
    When when;
    Error error;
  };

  std::optional<Fault> Enter(std::string request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    if (requests_.size() != target_) return std::nullopt;
    failed_ = true;
    return Fault{
        when_,
        Error(code_, fmt::format("call {} was made to fail {} it took effect: {}", target_,
                                 when_ == When::kBefore ? "before" : "after", requests_.back()))};
  }

  mutable std::mutex mutex_;  // guards what follows
  std::size_t target_ = 0;    // 0: none
  Code code_ = Code::kInternal;
  When when_ = When::kBefore;
  bool failed_ = false;
  std::vector<std::string> requests_;
};

namespace {

std::string Shown(const Item& key) {
  std::string out;
  for (const auto& [name, value] : key) {
    const bool has_text = value.is(Kind::kS) || value.is(Kind::kN);
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", name,
                       has_text             ? value.text()
                       : value.is(Kind::kB) ? "0x" + HexEncode(value.text())
                                            : std::string(KindName(value.kind())));
  }
  return "{" + out + "}";
}

std::string Shown(std::span<const Write> writes, const std::optional<Advance>& advance) {
  constexpr std::string_view kNames[] = {"put", "update", "delete", "check"};
  std::string out = "Commit";
  for (const auto& write : writes)
    out += fmt::format(" {} {} {};", kNames[static_cast<int>(write.op)], write.table,
                       Shown(write.item));
  if (advance) out += fmt::format(" advance {} to {}", advance->consumer, advance->to);
  return out;
}

// The reading half, for the store and its snapshots.
class FaultyReads {
 public:
  FaultyReads(ItemSource& inner, FaultyStore::Plan& plan) : inner_(inner), plan_(plan) {}

  Result<std::vector<TableSpec>> Tables(OpContext& op) {
    return plan_.Call("Tables", [&] { return inner_.Tables(op); });
  }
  Result<TableSpec> Table(OpContext& op, std::string_view table) {
    return plan_.Call(fmt::format("Table {}", table), [&] { return inner_.Table(op, table); });
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) {
    return plan_.Call(fmt::format("Get {} {}", table, Shown(key)),
                      [&] { return inner_.Get(op, table, key); });
  }
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) {
    return plan_.Call(fmt::format("BatchGet {} of {} keys", table, keys.size()),
                      [&] { return inner_.BatchGet(op, table, keys); });
  }
  Result<Page> Query(OpContext& op, const QueryRequest& request) {
    return plan_.Call(
        fmt::format("Query {}{}{}", request.table, request.index.empty() ? "" : ".", request.index),
        [&] { return inner_.Query(op, request); });
  }
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table, std::size_t count) {
    return plan_.Call(fmt::format("SplitScan {} into {}", table, count),
                      [&] { return inner_.SplitScan(op, table, count); });
  }
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) {
    return plan_.Call(fmt::format("Scan {}", table),
                      [&] { return inner_.Scan(op, table, segment, after, limit); });
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const ItemSource::EncodedVisitor& visit) {
    return plan_.Call(fmt::format("ScanEncoded {}", table),
                      [&] { return inner_.ScanEncoded(op, table, segment, after, limit, visit); });
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) {
    return plan_.Call(fmt::format("Count {}", table), [&] { return inner_.Count(op, table); });
  }
  Result<Position> LastChange(OpContext& op) {
    return plan_.Call("LastChange", [&] { return inner_.LastChange(op); });
  }

 private:
  ItemSource& inner_;
  FaultyStore::Plan& plan_;
};

class FaultySnapshot final : public Snapshot {
 public:
  FaultySnapshot(std::unique_ptr<Snapshot> inner, std::shared_ptr<FaultyStore::Plan> plan)
      : inner_(std::move(inner)), plan_(std::move(plan)), reads_(*inner_, *plan_) {}

  Result<std::vector<TableSpec>> Tables(OpContext& op) override { return reads_.Tables(op); }
  Result<TableSpec> Table(OpContext& op, std::string_view table) override {
    return reads_.Table(op, table);
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override {
    return reads_.Get(op, table, key);
  }
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override {
    return reads_.BatchGet(op, table, keys);
  }
  Result<Page> Query(OpContext& op, const QueryRequest& request) override {
    return reads_.Query(op, request);
  }
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                         std::size_t count) override {
    return reads_.SplitScan(op, table, count);
  }
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) override {
    return reads_.Scan(op, table, segment, after, limit);
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const EncodedVisitor& visit) override {
    return reads_.ScanEncoded(op, table, segment, after, limit, visit);
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return reads_.Count(op, table);
  }
  Result<Position> LastChange(OpContext& op) override { return reads_.LastChange(op); }

 private:
  const std::unique_ptr<Snapshot> inner_;
  const std::shared_ptr<FaultyStore::Plan> plan_;
  FaultyReads reads_;
};

class FaultyLoader final : public BulkLoader {
 public:
  FaultyLoader(std::unique_ptr<BulkLoader> inner, std::shared_ptr<FaultyStore::Plan> plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  std::optional<std::string> resumed_from() const override { return inner_->resumed_from(); }
  Status Add(OpContext& op, const Item& item) override {
    return plan_->Call("Add", [&] { return inner_->Add(op, item); });
  }
  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    return plan_->Call("AddEncoded", [&] { return inner_->AddEncoded(op, encoded); });
  }
  Status Checkpoint(OpContext& op, std::string_view token) override {
    return plan_->Call(fmt::format("Checkpoint {}", token),
                       [&] { return inner_->Checkpoint(op, token); });
  }
  Result<std::uint64_t> Finish(OpContext& op) override {
    return plan_->Call("Finish", [&] { return inner_->Finish(op); });
  }

 private:
  const std::unique_ptr<BulkLoader> inner_;
  const std::shared_ptr<FaultyStore::Plan> plan_;
};

}  // namespace

FaultyStore::FaultyStore(ItemStore& inner) : inner_(inner), plan_(std::make_shared<Plan>()) {}
FaultyStore::~FaultyStore() = default;

void FaultyStore::FailCall(std::size_t n, Code code, When when) { plan_->Order(n, code, when); }
void FaultyStore::Disarm() { plan_->Order(0, Code::kInternal, When::kBefore); }
bool FaultyStore::failed() const { return plan_->failed(); }
std::size_t FaultyStore::calls() const { return plan_->requests().size(); }
std::vector<std::string> FaultyStore::requests() const { return plan_->requests(); }

const Traits& FaultyStore::traits() const { return inner_.traits(); }

Result<std::vector<TableSpec>> FaultyStore::Tables(OpContext& op) {
  return FaultyReads(inner_, *plan_).Tables(op);
}
Result<TableSpec> FaultyStore::Table(OpContext& op, std::string_view table) {
  return FaultyReads(inner_, *plan_).Table(op, table);
}
Result<Item> FaultyStore::Get(OpContext& op, std::string_view table, const Item& key) {
  return FaultyReads(inner_, *plan_).Get(op, table, key);
}
Result<std::vector<std::optional<Item>>> FaultyStore::BatchGet(OpContext& op,
                                                               std::string_view table,
                                                               std::span<const Item> keys) {
  return FaultyReads(inner_, *plan_).BatchGet(op, table, keys);
}
Result<Page> FaultyStore::Query(OpContext& op, const QueryRequest& request) {
  return FaultyReads(inner_, *plan_).Query(op, request);
}
Result<std::vector<Segment>> FaultyStore::SplitScan(OpContext& op, std::string_view table,
                                                    std::size_t count) {
  return FaultyReads(inner_, *plan_).SplitScan(op, table, count);
}
Result<Page> FaultyStore::Scan(OpContext& op, std::string_view table, const Segment& segment,
                               std::string_view after, std::size_t limit) {
  return FaultyReads(inner_, *plan_).Scan(op, table, segment, after, limit);
}
Result<std::string> FaultyStore::ScanEncoded(OpContext& op, std::string_view table,
                                             const Segment& segment, std::string_view after,
                                             std::size_t limit, const EncodedVisitor& visit) {
  return FaultyReads(inner_, *plan_).ScanEncoded(op, table, segment, after, limit, visit);
}
Result<std::uint64_t> FaultyStore::Count(OpContext& op, std::string_view table) {
  return FaultyReads(inner_, *plan_).Count(op, table);
}
Result<Position> FaultyStore::LastChange(OpContext& op) {
  return FaultyReads(inner_, *plan_).LastChange(op);
}

Status FaultyStore::CreateTables(OpContext& op, std::span<const TableSpec> specs) {
  std::string names;
  for (const auto& spec : specs) names += " " + spec.name;
  return plan_->Call("CreateTables" + names, [&] { return inner_.CreateTables(op, specs); });
}
Status FaultyStore::DropTable(OpContext& op, std::string_view table) {
  return plan_->Call(fmt::format("DropTable {}", table),
                     [&] { return inner_.DropTable(op, table); });
}
Result<CommitResult> FaultyStore::Commit(OpContext& op, std::span<const Write> writes,
                                         const std::optional<Advance>& advance) {
  return plan_->Call(Shown(writes, advance), [&] { return inner_.Commit(op, writes, advance); });
}
Result<std::size_t> FaultyStore::Expire(OpContext& op, std::string_view table,
                                        std::int64_t now_seconds, std::size_t limit) {
  return plan_->Call(fmt::format("Expire {} at {}", table, now_seconds),
                     [&] { return inner_.Expire(op, table, now_seconds, limit); });
}
Result<std::unique_ptr<Snapshot>> FaultyStore::OpenSnapshot(OpContext& op) {
  return plan_->Call("OpenSnapshot", [&]() -> Result<std::unique_ptr<Snapshot>> {
    TRY(auto snapshot, inner_.OpenSnapshot(op));
    return std::make_unique<FaultySnapshot>(std::move(snapshot), plan_);
  });
}
Result<std::unique_ptr<BulkLoader>> FaultyStore::OpenBulkLoad(OpContext& op, std::string_view table,
                                                              const BulkOptions& options) {
  return plan_->Call(fmt::format("OpenBulkLoad {} as {}", table, options.name),
                     [&]() -> Result<std::unique_ptr<BulkLoader>> {
                       TRY(auto loader, inner_.OpenBulkLoad(op, table, options));
                       return std::make_unique<FaultyLoader>(std::move(loader), plan_);
                     });
}
Status FaultyStore::AbandonBulkLoad(OpContext& op, std::string_view table) {
  return plan_->Call(fmt::format("AbandonBulkLoad {}", table),
                     [&] { return inner_.AbandonBulkLoad(op, table); });
}
Result<ChangePage> FaultyStore::ReadChanges(OpContext& op, Position after, std::size_t limit) {
  return plan_->Call(fmt::format("ReadChanges behind {}", after),
                     [&] { return inner_.ReadChanges(op, after, limit); });
}
Status FaultyStore::AddConsumer(OpContext& op, std::string_view name, Position start) {
  return plan_->Call(fmt::format("AddConsumer {} at {}", name, start),
                     [&] { return inner_.AddConsumer(op, name, start); });
}
Status FaultyStore::AdvanceConsumer(OpContext& op, const Advance& advance) {
  return plan_->Call(fmt::format("AdvanceConsumer {} to {}", advance.consumer, advance.to),
                     [&] { return inner_.AdvanceConsumer(op, advance); });
}
Status FaultyStore::RemoveConsumer(OpContext& op, std::string_view name) {
  return plan_->Call(fmt::format("RemoveConsumer {}", name),
                     [&] { return inner_.RemoveConsumer(op, name); });
}
Result<std::vector<Consumer>> FaultyStore::Consumers(OpContext& op) {
  return plan_->Call("Consumers", [&] { return inner_.Consumers(op); });
}
Result<TrimResult> FaultyStore::TrimChanges(OpContext& op, Position to) {
  return plan_->Call(fmt::format("TrimChanges to {}", to),
                     [&] { return inner_.TrimChanges(op, to); });
}
Status FaultyStore::CheckIntegrity(OpContext& op) {
  return plan_->Call("CheckIntegrity", [&] { return inner_.CheckIntegrity(op); });
}

}  // namespace vams::testing
