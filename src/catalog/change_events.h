// Change events: what happened to assets and files, told to each consumer once and in the order in
// which it happened.  They come from the item store's change log, so nothing that was committed is
// missing, whoever wrote it.  For search, mail, automatic workflows and exports of changes.
// Spec: api-assets.md section 1.12, search.md section 7.
//
//   TRY(auto feed, ChangeFeed::Open(op, store, "search.assets", ChangeFeed::Start::kNow));
//   TRY(auto batch, feed.Read(op, 500));
//   … make `writes` of batch.events …
//   TRY_OK(feed.Done(op, batch, writes));   // writes and position in one commit
//
// A feed belongs to one thread; a consumer has one feed at a time.  Calls block on the item store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

struct ChangeEvent {
  enum class Kind : std::uint8_t {
    kAssetCreated,
    kAssetChanged,
    kAssetArchived,
    kAssetUnarchived,
    kAssetDeleted,  // for good
    kFileCreated,   // the first version, or one on top of a delete marker
    kFileChanged,   // another version is the current one
    kFileArchived,
    kFileDeleted,  // the last version is gone
    // Bulk work logged that a record changed and not how: look at what is there now.
    kAssetTouched,
    kFileTouched,
  } kind = Kind::kAssetChanged;
  items::Position position = 0;
  std::int64_t at_millis = 0;
  // Plain ids.  Of a file: its owner marks, empty where it has none.
  std::string database_id, asset_id;
  // Of a file.  A key that ends with "/" is a folder's marker.
  std::string bucket, key;
  std::string version_id;  // the current version; of an archived file its marker

  friend bool operator==(const ChangeEvent&, const ChangeEvent&) = default;
};

std::string_view ChangeEventName(ChangeEvent::Kind kind);  // "assetCreated", …

struct ChangeBatch {
  std::vector<ChangeEvent> events;
  items::Position next = 0;  // everything up to and including this was looked at
  bool more = false;         // there may be more already
};

class ChangeFeed {
 public:
  // Where a consumer that is not known yet begins.
  enum class Start : std::uint8_t { kNow, kOldest };

  // Registers the consumer unless it is known: from then on the log keeps what it has not seen.
  static Result<ChangeFeed> Open(OpContext& op, items::ItemStore& store, std::string name,
                                 Start start);

  // The changes behind the position, at most `limit` changes of the log; no events at its end.
  // kNotFound: changes were trimmed away that this consumer had not seen; it has to look at
  // everything anew and go on with Restart.
  Result<ChangeBatch> Read(OpContext& op, std::size_t limit);
  // The writes take effect together with the new position: a batch whose Done succeeded is never
  // read again, one whose Done failed is.
  Status Done(OpContext& op, const ChangeBatch& batch, std::span<const items::Write> writes = {});
  // Goes on at the end of the log as it is now.
  Status Restart(OpContext& op);

  items::Position position() const { return position_; }

 private:
  ChangeFeed(items::ItemStore& store, std::string name, items::Position position)
      : store_(&store), name_(std::move(name)), position_(position) {}

  items::ItemStore* store_;
  std::string name_;
  items::Position position_;
};

// The events of these changes, which follow each other in the log.  An asset that is archived, or
// brought back, is two records: the removal of one and the making of the other, next to each other
// in one commit.  `rest_known`: the last change is followed by nothing that belongs to it; else the
// last one is left out if it could be such a half (*used tells how many changes the events are of).
Result<std::vector<ChangeEvent>> EventsOf(std::span<const items::Change> changes, bool rest_known,
                                          std::size_t* used);

}  // namespace vams::catalog
