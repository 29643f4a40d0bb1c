#include "items/gated_store.h"

#include <chrono>
#include <utility>

namespace vams::items {

namespace {

// How long a waiting write goes without a look at whether it is still wanted.
constexpr std::chrono::milliseconds kLook{50};

// A write that was let in.
class Passage {
 public:
  explicit Passage(WriteGate& gate) : gate_(&gate) {}
  Passage(Passage&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Passage& operator=(Passage&&) = delete;
  ~Passage() {
    if (gate_ != nullptr) gate_->Leave();
  }

 private:
  WriteGate* gate_;
};

Result<Passage> Pass(WriteGate& gate, OpContext& op, WriteGate::Closed closed) {
  TRY_OK(gate.Enter(op, closed));
  return Passage(gate);
}

class GatedLoader final : public BulkLoader {
 public:
  GatedLoader(std::unique_ptr<BulkLoader> loader, WriteGate& gate, WriteGate::Closed closed)
      : loader_(std::move(loader)), gate_(gate), closed_(closed) {}

  std::optional<std::string> resumed_from() const override { return loader_->resumed_from(); }
  Status Add(OpContext& op, const Item& item) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return loader_->Add(op, item);
  }
  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return loader_->AddEncoded(op, encoded);
  }
  Status Checkpoint(OpContext& op, std::string_view token) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return loader_->Checkpoint(op, token);
  }
  Result<std::uint64_t> Finish(OpContext& op) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return loader_->Finish(op);
  }

 private:
  const std::unique_ptr<BulkLoader> loader_;
  WriteGate& gate_;
  const WriteGate::Closed closed_;
};

class GatedStore final : public ItemStore {
 public:
  GatedStore(ItemStore& store, WriteGate& gate, WriteGate::Closed closed)
      : store_(store), gate_(gate), closed_(closed) {}

  // ---- Reading
  const Traits& traits() const override { return store_.traits(); }
  Result<std::vector<TableSpec>> Tables(OpContext& op) override { return store_.Tables(op); }
  Result<TableSpec> Table(OpContext& op, std::string_view table) override {
    return store_.Table(op, table);
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override {
    return store_.Get(op, table, key);
  }
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override {
    return store_.BatchGet(op, table, keys);
  }
  Result<Page> Query(OpContext& op, const QueryRequest& request) override {
    return store_.Query(op, request);
  }
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                         std::size_t count) override {
    return store_.SplitScan(op, table, count);
  }
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) override {
    return store_.Scan(op, table, segment, after, limit);
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const EncodedVisitor& visit) override {
    return store_.ScanEncoded(op, table, segment, after, limit, visit);
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return store_.Count(op, table);
  }
  Result<Position> LastChange(OpContext& op) override { return store_.LastChange(op); }
  Result<std::unique_ptr<Snapshot>> OpenSnapshot(OpContext& op) override {
    return store_.OpenSnapshot(op);
  }
  Result<ChangePage> ReadChanges(OpContext& op, Position after, std::size_t limit) override {
    return store_.ReadChanges(op, after, limit);
  }
  Result<std::vector<Consumer>> Consumers(OpContext& op) override { return store_.Consumers(op); }
  Status CheckIntegrity(OpContext& op) override { return store_.CheckIntegrity(op); }

  // ---- Writing
  Status CreateTables(OpContext& op, std::span<const TableSpec> specs) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.CreateTables(op, specs);
  }
  Status DropTable(OpContext& op, std::string_view table) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.DropTable(op, table);
  }
  Result<CommitResult> Commit(OpContext& op, std::span<const Write> writes,
                              const std::optional<Advance>& advance) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.Commit(op, writes, advance);
  }
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.Expire(op, table, now_seconds, limit);
  }
  Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::string_view table,
                                                   const BulkOptions& options) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    TRY(auto loader, store_.OpenBulkLoad(op, table, options));
    return std::unique_ptr<BulkLoader>(
        std::make_unique<GatedLoader>(std::move(loader), gate_, closed_));
  }
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.AbandonBulkLoad(op, table);
  }
  Status AddConsumer(OpContext& op, std::string_view name, Position start) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.AddConsumer(op, name, start);
  }
  Status AdvanceConsumer(OpContext& op, const Advance& advance) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.AdvanceConsumer(op, advance);
  }
  Status RemoveConsumer(OpContext& op, std::string_view name) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.RemoveConsumer(op, name);
  }
  Result<TrimResult> TrimChanges(OpContext& op, Position to) override {
    TRY(const auto passage, Pass(gate_, op, closed_));
    return store_.TrimChanges(op, to);
  }

 private:
  ItemStore& store_;
  WriteGate& gate_;
  const WriteGate::Closed closed_;
};

}  // namespace

Status WriteGate::Close(OpContext& op, std::string_view reason) {
  std::unique_lock lock(mutex_);
  if (closed_)
    return Error(Code::kConflict,
                 "writes are held back already, by somebody else; wait for that to end");
  closed_ = true;
  reason_ = reason;
  Status wanted = Ok();
  while (under_way_ > 0 && wanted.ok()) {
    changed_.wait_for(lock, kLook);
    wanted = op.Check();
  }
  if (under_way_ == 0) return Ok();
  closed_ = ended_;
  lock.unlock();
  changed_.notify_all();
  if (wanted.error().code == Code::kCancelled) return wanted;
  return Error(Code::kUnavailable,
               "a write that was under way did not end in time, so writes are not held back; try "
               "again");
}

void WriteGate::Open() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = ended_;
  }
  changed_.notify_all();
}

void WriteGate::End() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = ended_ = true;
  }
  changed_.notify_all();
}

bool WriteGate::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

Status WriteGate::Enter(OpContext& op, Closed closed) {
  std::unique_lock lock(mutex_);
  while (closed_) {
    if (ended_) return Error(Code::kCancelled, "the server stops");
    if (closed == Closed::kRefuse) return Error(Code::kUnavailable, reason_);
    TRY_OK(op.Check());
    changed_.wait_for(lock, kLook);
  }
  ++under_way_;
  return Ok();
}

void WriteGate::Leave() {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = --under_way_ == 0 && closed_;
  }
  if (last) changed_.notify_all();
}

std::unique_ptr<ItemStore> Gated(ItemStore& store, WriteGate& gate, WriteGate::Closed closed) {
  return std::make_unique<GatedStore>(store, gate, closed);
}

}  // namespace vams::items
