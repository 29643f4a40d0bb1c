#include "lifecycle/ab/stack_source.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "base/fault_point.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::lifecycle::ab {

namespace {

constexpr std::chrono::milliseconds kChangesPoll{10};
constexpr std::size_t kScanPage = 2000;

// A second name for the file: contents are never changed, so both stacks may have it.  False where
// the file system cannot.
Result<bool> Link(const objects::BlobLocation& from, const files::Path& to) {
  std::error_code ec;
  if (!std::filesystem::exists(to.parent_path(), ec)) TRY_OK(files::MakeFolders(to.parent_path()));
  if (::link(from.file.c_str(), to.c_str()) != 0 && errno != EEXIST) return false;
  TRY_OK(files::SyncFolder(to.parent_path()));
  return true;
}

// Reads the content and stores it anew, whatever the two sides are encrypted with.
Status Copy(OpContext& op, const objects::BlobStore& from, const std::string& sha256,
            std::uint64_t size, objects::BlobStore& to, objects::BlobBatch& batch) {
  constexpr std::uint64_t kInMemory = 64 << 10;
  if (size < kInMemory) {
    std::string bytes;
    TRY_OK(from.Read(sha256, [&](std::string_view chunk) {
      bytes += chunk;
      return Ok();
    }));
    TRY([[maybe_unused]] const auto added, batch.AddBytes(bytes));
    return Ok();
  }
  TRY(auto file, to.Stage());
  TRY_OK(from.Read(sha256, [&](std::string_view chunk) -> Status {
    TRY_OK(op.Check());
    return file.Write(chunk);
  }));
  return batch.AddStaged(std::move(file), {.sha256 = sha256, .md5 = {}, .size = size});
}

}  // namespace

Result<std::unique_ptr<StackSource>> StackSource::Open(const StackRegistry& registry,
                                                       std::string_view name,
                                                       const objects::EncryptionChoice& encryption,
                                                       const Clock& clock) {
  TRY(auto stack, registry.Get(name));
  TRY(auto store,
      items::OpenSqliteStore(stack.current.items(), {.read_only = true, .clock = &clock}));
  TRY(auto blobs, objects::OpenBlobs(stack.blobs(), encryption, {.clock = &clock}));
  return std::unique_ptr<StackSource>(
      new StackSource(registry, std::move(stack), std::move(store), std::move(blobs), clock));
}

std::string StackSource::Where() const { return fmt::format("stack \"{}\"", stack_.name); }

Status StackSource::CheckGeneration() const {
  TRY(const auto now, registry_.Get(stack_.name));
  if (now.current.number == stack_.current.number) return Ok();
  return Error(Code::kConflict,
               fmt::format("stack \"{}\" was updated or rolled back: it is at generation {} now, "
                           "and {} is followed; everything is copied anew",
                           stack_.name, now.current.number, stack_.current.number));
}

Result<SourceLook> StackSource::Look(OpContext& op) {
  TRY_OK(CheckGeneration());
  SourceLook look{.stack = stack_.name,
                  .generation = stack_.current.number,
                  .data_version = stack_.current.data_version,
                  .now_millis = clock_.NowMillis(),
                  .state = {}};
  TRY(look.last_change, store_->LastChange(op));
  TRY(look.state, ReadState(stack_));
  return look;
}

Result<std::vector<items::TableSpec>> StackSource::Tables(OpContext& op) {
  return store_->Tables(op);
}

Result<std::string> StackSource::Rows(OpContext& op, std::string_view table, std::string_view after,
                                      std::size_t limit,
                                      const items::ItemSource::EncodedVisitor& visit) {
  return store_->ScanEncoded(op, table, {}, after, limit, visit);
}

Result<std::vector<std::optional<items::Item>>> StackSource::Now(
    OpContext& op, std::string_view table, std::span<const items::Item> keys) {
  return store_->BatchGet(op, table, keys);
}

Result<items::ChangePage> StackSource::Changes(OpContext& op, items::Position after,
                                               std::size_t limit, std::chrono::milliseconds wait) {
  const auto end = OpContext::SteadyClock::now() + wait;
  for (;;) {
    TRY(auto page, store_->ReadChanges(op, after, limit));
    if (!page.changes.empty()) return page;
    TRY_OK(CheckGeneration());
    const auto now = OpContext::SteadyClock::now();
    if (now >= end) return page;
    std::this_thread::sleep_for(
        std::min<OpContext::SteadyClock::duration>(kChangesPoll, end - now));
  }
}

Result<bool> StackSource::Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                                  objects::BlobBatch& batch) {
  const auto size = blobs_->Size(sha256);
  if (!size.ok()) {
    if (size.error().code == Code::kNotFound) return false;
    return size.error();
  }
  if (!blobs_->sealed() && !to.sealed()) {
    const auto at = blobs_->Locate(sha256);
    if (at.ok() && !at->packed) {
      TRY(const auto path, to.PathOf(sha256));
      TRY(const bool linked, Link(*at, path));
      if (linked) return true;
    }
  }
  const Status copied = Copy(op, *blobs_, sha256, *size, to, batch);
  if (copied.ok()) return true;
  // Collected since it was looked for, or damaged: a validation names it.
  const Code code = copied.error().code;
  if (code == Code::kNotFound || code == Code::kCorrupt) return false;
  return copied.error();
}

Result<std::unique_ptr<items::Snapshot>> StackSource::OpenView(OpContext& op) {
  return store_->OpenSnapshot(op);
}

Status StackSource::Clone(OpContext& op, const files::Path& to) {
  return items::CloneSqliteStore(op, stack_.current.items(), to);
}

Result<Inventory> InventoryOf(OpContext& op, items::ItemStore& store,
                              std::span<const std::string> names) {
  TRY(const auto view, store.OpenSnapshot(op));
  Inventory inventory;
  TRY(inventory.position, view->LastChange(op));
  migrate::DigestBuilder digests;
  for (const std::string& name : names) {
    TableInventory table{.table = name, .digest = {}, .samples = {}};
    TRY(const std::uint64_t count, view->Count(op, name));
    const std::uint64_t every = std::max<std::uint64_t>(1, count / kSamples);
    std::string after;
    std::uint64_t row = 0;
    do {
      TRY_OK(op.Check());
      TRY(after, view->ScanEncoded(op, name, {}, after, kScanPage, [&](std::string_view encoded) {
        digests.Add(table.digest, encoded);
        if (row++ % every == 0 && table.samples.size() < kSamples)
          table.samples.emplace_back(encoded);
        return Ok();
      }));
    } while (!after.empty());
    inventory.tables.push_back(std::move(table));
  }
  return inventory;
}

Result<Inventory> StackSource::TakeInventory(OpContext& op, std::span<const std::string> names) {
  return InventoryOf(op, *store_, names);
}

// Nothing trims the log of a stack that has an ab.json but its own server, which looks at the
// consumer that KeepLog registers.
Status StackSource::Keep(OpContext& /*op*/, items::Position /*position*/) { return Ok(); }

Result<items::Position> StackSource::Freeze(OpContext& op) {
  TRY_OK(CheckGeneration());
  TRY(served_, ServedStack::Find(stack_));
  if (served_) {
    TRY(const auto state, served_->State());
    if (state.mode != ServingMode::kStandby && state.mode != ServingMode::kFailed)
      return served_->Freeze("it is being switched over to its replacement");
    served_.reset();
    return store_->LastChange(op);
  }
  TRY(lock_, LockStack(stack_, "vams ab switch", clock_));
  return store_->LastChange(op);
}

Status StackSource::Thaw(OpContext& /*op*/) {
  lock_.reset();
  if (!served_) return Ok();
  const Status thawed = served_->Thaw();
  served_.reset();
  return thawed;
}

Status StackSource::HandOver(OpContext& /*op*/, const State& becomes) {
  TRY(const auto now, ReadState(stack_));
  if (!now || now->epoch + 1 != becomes.epoch)
    return Error(
        Code::kConflict,
        fmt::format("{} is at epoch {} of the deployment, not at {}; nothing was switched; "
                    "look at both sides with \"vams ab status\"",
                    Where(), now ? now->epoch : 0, becomes.epoch - 1));
  VAMS_POINT("ab.before_hand_over");
  TRY_OK(WriteState(stack_, becomes));
  VAMS_POINT("ab.after_hand_over");
  return Ok();
}

Status StackSource::Retire(OpContext& /*op*/) {
  lock_.reset();
  served_.reset();
  return Ok();
}

}  // namespace vams::lifecycle::ab
