#include "catalog/change_events.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "catalog/asset_records.h"
#include "model/database.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Change;
using items::Item;

namespace {

bool IsArchivedKey(const Change& change) {
  return change.key.Text("databaseId").ends_with(model::kDeletedSuffix);
}

// Two halves of one asset's way to the archived ones, or back.
bool BelongTogether(const Change& a, const Change& b) {
  return a.table == kAssetsTable && b.table == kAssetsTable && a.op != b.op &&
         a.at_millis == b.at_millis && IsArchivedKey(a) != IsArchivedKey(b) &&
         a.key.Text("assetId") == b.key.Text("assetId") &&
         model::PlainId(a.key.Text("databaseId")) == model::PlainId(b.key.Text("databaseId"));
}

ChangeEvent AssetEvent(const Change& change, ChangeEvent::Kind kind) {
  return {.kind = kind,
          .position = change.position,
          .at_millis = change.at_millis,
          .database_id = std::string(model::PlainId(change.key.Text("databaseId"))),
          .asset_id = std::string(change.key.Text("assetId")),
          .bucket = {},
          .key = {},
          .version_id = {}};
}

ChangeEvent EventOfPair(const Change& first, const Change& second) {
  const Change& put = first.op == Change::Op::kPut ? first : second;
  ChangeEvent event = AssetEvent(put, IsArchivedKey(put) ? ChangeEvent::Kind::kAssetArchived
                                                         : ChangeEvent::Kind::kAssetUnarchived);
  event.position = second.position;
  return event;
}

ChangeEvent EventOfAsset(const Change& change) {
  if (!change.has_images) return AssetEvent(change, ChangeEvent::Kind::kAssetTouched);
  if (change.op == Change::Op::kDelete) return AssetEvent(change, ChangeEvent::Kind::kAssetDeleted);
  return AssetEvent(
      change, change.before ? ChangeEvent::Kind::kAssetChanged : ChangeEvent::Kind::kAssetCreated);
}

// What was current, if anything was: no object and a delete marker are the same here.
struct Current {
  std::optional<objects::ObjectVersion> live;
  std::string marker_id;
};
Result<Current> CurrentOf(const std::optional<Item>& record) {
  Current current;
  if (!record) return current;
  TRY(auto object, objects::ObjectFromItem(*record));
  if (object.newest.is_delete_marker)
    current.marker_id = std::move(object.newest.version_id);
  else
    current.live = std::move(object.newest);
  return current;
}

void SetOwner(const objects::ObjectVersion& version, ChangeEvent& event) {
  if (!version.user_metadata) return;
  const auto find = [&](const std::string& name) {
    const auto found = version.user_metadata->find(name);
    return found == version.user_metadata->end() ? std::string() : found->second;
  };
  event.database_id = find(kDatabaseIdMetadata);
  event.asset_id = find(kAssetIdMetadata);
}

// Nothing if what is current stayed the same: an old version was removed.
Result<std::optional<ChangeEvent>> EventOfObject(const Change& change) {
  ChangeEvent event{.kind = ChangeEvent::Kind::kFileTouched,
                    .position = change.position,
                    .at_millis = change.at_millis,
                    .database_id = {},
                    .asset_id = {},
                    .bucket = std::string(change.key.Text("bucket")),
                    .key = std::string(change.key.Text("key")),
                    .version_id = {}};
  if (!change.has_images) return std::optional(std::move(event));
  TRY(const Current before, CurrentOf(change.before));
  TRY(const Current after, CurrentOf(change.after));
  if (before.live) SetOwner(*before.live, event);
  if (after.live) {
    if (before.live && before.live->version_id == after.live->version_id)
      return std::optional<ChangeEvent>();
    SetOwner(*after.live, event);
    event.kind = before.live ? ChangeEvent::Kind::kFileChanged : ChangeEvent::Kind::kFileCreated;
    event.version_id = after.live->version_id;
  } else if (!change.after) {
    event.kind = ChangeEvent::Kind::kFileDeleted;
  } else if (before.live) {
    event.kind = ChangeEvent::Kind::kFileArchived;
    event.version_id = after.marker_id;
  } else {
    return std::optional<ChangeEvent>();
  }
  return std::optional(std::move(event));
}

}  // namespace

std::string_view ChangeEventName(ChangeEvent::Kind kind) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "assetCreated", "assetChanged", "assetArchived", "assetUnarchived",
      "assetDeleted", "fileCreated",  "fileChanged",   "fileArchived",
      "fileDeleted",  "assetTouched", "fileTouched"};
  return kNames[static_cast<std::size_t>(kind)];
}

Result<std::vector<ChangeEvent>> EventsOf(std::span<const Change> changes, bool rest_known,
                                          std::size_t* used) {
  std::vector<ChangeEvent> events;
  std::size_t i = 0;
  for (; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (change.table == tables::kObjectsTable) {
      TRY(auto event, EventOfObject(change));
      if (event) events.push_back(*std::move(event));
    } else if (change.table == kAssetsTable) {
      if (i + 1 == changes.size() && !rest_known) break;
      if (i + 1 < changes.size() && BelongTogether(change, changes[i + 1])) {
        events.push_back(EventOfPair(change, changes[i + 1]));
        ++i;
      } else {
        events.push_back(EventOfAsset(change));
      }
    }
  }
  *used = i;
  return events;
}

Result<ChangeFeed> ChangeFeed::Open(OpContext& op, items::ItemStore& store, std::string name,
                                    Start start) {
  const auto known = [&]() -> Result<std::optional<items::Position>> {
    TRY(const auto consumers, store.Consumers(op));
    const auto found = std::ranges::find(consumers, name, &items::Consumer::name);
    return found == consumers.end() ? std::nullopt : std::optional(found->position);
  };
  TRY(auto position, known());
  if (!position) {
    items::Position first = 0;
    if (start == Start::kNow) {
      TRY(first, store.LastChange(op));
    }
    const Status added = store.AddConsumer(op, name, first);
    if (!added.ok() && added.error().code != Code::kConflict) return added.error();
    // Somebody else may have been faster.
    TRY(position, known());
    if (!position) position = first;
  }
  return ChangeFeed(store, std::move(name), *position);
}

Result<ChangeBatch> ChangeFeed::Read(OpContext& op, std::size_t limit) {
  // Two at least: an asset's way to the archived ones is two changes.
  TRY(const auto page, store_->ReadChanges(op, position_, std::max<std::size_t>(limit, 2)));
  ChangeBatch batch{.events = {}, .next = position_};
  if (page.changes.empty()) return batch;
  // What was committed together is in the log together: behind its last change nothing can come
  // that belongs to it.
  TRY(const auto last, store_->LastChange(op));
  const bool at_end = page.changes.back().position >= last;
  std::size_t used = 0;
  // A page of one change can only be cut short by its size; its other half is then as large.
  TRY(batch.events, EventsOf(page.changes, at_end || page.changes.size() == 1, &used));
  batch.next = used == page.changes.size() ? page.next : page.changes[used - 1].position;
  batch.more = !at_end;
  return batch;
}

Status ChangeFeed::Done(OpContext& op, const ChangeBatch& batch,
                        std::span<const items::Write> writes) {
  if (batch.next == position_ && writes.empty()) return Ok();
  const items::Advance advance{name_, batch.next};
  if (writes.empty()) {
    TRY_OK(store_->AdvanceConsumer(op, advance));
  } else {
    TRY([[maybe_unused]] const auto done, store_->Commit(op, writes, advance));
  }
  position_ = batch.next;
  return Ok();
}

Status ChangeFeed::Restart(OpContext& op) {
  TRY(const auto last, store_->LastChange(op));
  TRY_OK(store_->AdvanceConsumer(op, {name_, last}));
  position_ = last;
  return Ok();
}

}  // namespace vams::catalog
