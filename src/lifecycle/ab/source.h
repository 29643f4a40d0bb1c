// The side that a standby follows, wherever it is: its rows, its change log, its contents, and the
// handing over of the role.  Two implementations: a stack on this machine (stack_source.h) and a
// server (http_source.h).
//
// Thread rule: Content may be called from several threads at once, everything else from one.  Every
// call blocks on disk or network.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "lifecycle/ab/state.h"
#include "migrate/digest.h"
#include "objects/blob_store.h"
#include "tables/data_version.h"

namespace vams::lifecycle::ab {

struct SourceLook {
  std::string stack;
  std::uint64_t generation = 0;
  tables::DataVersion data_version;
  items::Position last_change = 0;
  std::int64_t now_millis = 0;  // by its clock
  std::optional<State> state;   // its ab.json
};

// What one table holds at one moment.
struct TableInventory {
  std::string table;
  migrate::Digest digest;
  std::vector<std::string> samples;  // encoded items, spread over the table
};
struct Inventory {
  items::Position position = 0;  // of the view
  std::vector<TableInventory> tables;
};
inline constexpr std::size_t kSamples = 16;

class Source {
 public:
  virtual ~Source() = default;

  // For messages: "stack \"a\"", "https://a.plant.example".
  virtual std::string Where() const = 0;
  virtual Result<SourceLook> Look(OpContext& op) = 0;
  // Of the generation that was current when the source was opened or last looked at anew; kConflict
  // from then on when another one is current: a standby that sees it copies anew.
  virtual Result<std::vector<items::TableSpec>> Tables(OpContext& op) = 0;
  // A page of encoded rows in key order, as they are now; the cursor for the next, empty at the
  // end.
  virtual Result<std::string> Rows(OpContext& op, std::string_view table, std::string_view after,
                                   std::size_t limit,
                                   const items::ItemSource::EncodedVisitor& visit) = 0;
  // The items as they are now, in the order of the keys.
  virtual Result<std::vector<std::optional<items::Item>>> Now(
      OpContext& op, std::string_view table, std::span<const items::Item> keys) = 0;
  // Changes behind `after`; waits up to `wait` for the first.  kNotFound when they were trimmed.
  virtual Result<items::ChangePage> Changes(OpContext& op, items::Position after, std::size_t limit,
                                            std::chrono::milliseconds wait) = 0;
  // Puts a content into the batch, or into the store at once.  False where the source has none.
  virtual Result<bool> Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                               objects::BlobBatch& batch) = 0;
  // Everything at one moment: a view, and a store of its own at `to`, which must not exist.  Only
  // what migration steps have to be taken over needs them; kNotSupported on another machine.
  virtual Result<std::unique_ptr<items::Snapshot>> OpenView(OpContext& op) = 0;
  virtual Status Clone(OpContext& op, const files::Path& to) = 0;
  // Digests and samples of these tables from one consistent view.
  virtual Result<Inventory> TakeInventory(OpContext& op, std::span<const std::string> names) = 0;
  // Has the source keep the changes behind `position`, and says so again now and then.
  virtual Status Keep(OpContext& op, items::Position position) = 0;

  // ---- Handing over
  // Writes are refused from now on, and this is the last change.  A lease: it ends with Thaw, with
  // this object, or with the death of this process.
  virtual Result<items::Position> Freeze(OpContext& op) = 0;
  virtual Status Thaw(OpContext& op) = 0;
  // The point of no return, under the freeze: from then on the source takes no writes, not even
  // after a restart.  `becomes` is its state.  kConflict if its epoch is not the one before.
  virtual Status HandOver(OpContext& op, const State& becomes) = 0;
  // The other side answers requests: the source may stop answering them.
  virtual Status Retire(OpContext& op) = 0;
};

}  // namespace vams::lifecycle::ab
