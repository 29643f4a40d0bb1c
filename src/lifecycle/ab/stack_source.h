// A source that is a stack of this machine: its item store opened for reading beside the server
// that writes it, its blobs by their files, and its server by the socket `manage`.
//
// Thread rule and blocking: as Source.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "lifecycle/ab/source.h"
#include "lifecycle/served_stack.h"
#include "objects/encryption_keys.h"

namespace vams::lifecycle::ab {

class StackSource final : public Source {
 public:
  // `encryption` is what that stack's configuration says.  Errors of the stack's files.
  static Result<std::unique_ptr<StackSource>> Open(const StackRegistry& registry,
                                                   std::string_view name,
                                                   const objects::EncryptionChoice& encryption,
                                                   const Clock& clock);

  std::string Where() const override;
  Result<SourceLook> Look(OpContext& op) override;
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override;
  Result<std::string> Rows(OpContext& op, std::string_view table, std::string_view after,
                           std::size_t limit,
                           const items::ItemSource::EncodedVisitor& visit) override;
  Result<std::vector<std::optional<items::Item>>> Now(OpContext& op, std::string_view table,
                                                      std::span<const items::Item> keys) override;
  Result<items::ChangePage> Changes(OpContext& op, items::Position after, std::size_t limit,
                                    std::chrono::milliseconds wait) override;
  Result<bool> Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                       objects::BlobBatch& batch) override;
  Result<std::unique_ptr<items::Snapshot>> OpenView(OpContext& op) override;
  Status Clone(OpContext& op, const files::Path& to) override;
  Result<Inventory> TakeInventory(OpContext& op, std::span<const std::string> names) override;
  Status Keep(OpContext& op, items::Position position) override;
  Result<items::Position> Freeze(OpContext& op) override;
  Status Thaw(OpContext& op) override;
  Status HandOver(OpContext& op, const State& becomes) override;
  Status Retire(OpContext& op) override;

  const Stack& stack() const { return stack_; }
  const objects::BlobStore& blobs() const { return *blobs_; }

 private:
  StackSource(const StackRegistry& registry, Stack stack, std::unique_ptr<items::ItemStore> store,
              std::unique_ptr<objects::BlobStore> blobs, const Clock& clock)
      : registry_(registry),
        stack_(std::move(stack)),
        store_(std::move(store)),
        blobs_(std::move(blobs)),
        clock_(clock) {}
  Status CheckGeneration() const;

  const StackRegistry registry_;
  const Stack stack_;
  const std::unique_ptr<items::ItemStore> store_;  // for reading
  const std::unique_ptr<objects::BlobStore> blobs_;
  const Clock& clock_;
  // While it is frozen: the server's lease, or the lock of a stack that nobody serves.
  std::optional<ServedStack> served_;
  std::optional<files::FileLock> lock_;
};

// Digests and samples of these tables in one view of the store.
Result<Inventory> InventoryOf(OpContext& op, items::ItemStore& store,
                              std::span<const std::string> names);

}  // namespace vams::lifecycle::ab
