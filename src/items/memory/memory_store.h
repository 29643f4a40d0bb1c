// MemoryStore keeps items in maps of this process: the reference model that other engines are
// compared with (items/conformance.h), and the store of tests that need no file.  It values
// clarity over speed: an index query looks at every item of the table, a snapshot is a copy.
//
// Thread-safe.  Blocks only while another call runs.  Nothing outlives the object.
// Spec: items/store.h.
#pragma once

#include <memory>

#include "base/clock.h"
#include "items/memory/source.h"
#include "items/store.h"

namespace vams::items {

class MemoryStore final : public memory::SourceOver<ItemStore> {
 public:
  // `clock` stamps the changes and must outlive the store and its bulk loaders.
  static std::unique_ptr<MemoryStore> Create(const Clock& clock = SystemClock());

  const Traits& traits() const override;
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
  explicit MemoryStore(const Clock& clock);

  const Clock& clock_;
};

}  // namespace vams::items
