#include "catalog/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "catalog/asset_files_parts.h"
#include "catalog/metadata_entity.h"

namespace vams::catalog {

using items::Write;
using model::MetadataItem;

namespace {

// What pipelines write is not held to schemas, nor, when it updates, to the number of records.
constexpr std::string_view kSystemUser = "SYSTEM_USER";
// How often a write is tried while others write the same entity: of several who do so at once one
// gets through each time.
constexpr int kMetadataAttempts = 200;
// Of a record, for what versions of assets add to it when they keep it.
constexpr std::size_t kRoomForVersion = 4096;

// One attempt at a write: what it was looked at, and what it will change.
struct Attempt {
  AssetMarks marks;
  OpenedEntity opened;
  std::vector<MetadataItem> stored;
};

// In the order that notices what others change: the marks first.
Result<Attempt> Begin(OpContext& op, const Stores& stores, Caller& caller,
                      const MetadataEntity& entity, MetadataAction action) {
  Attempt attempt;
  TRY(attempt.marks, MarksOf(op, stores.items, entity));
  TRY(attempt.opened, OpenEntity(op, stores, caller, entity, action));
  TRY(attempt.stored, RecordsOf(op, stores.items, entity));
  return attempt;
}

// Of every key the last item, in the order in which the keys came first.
std::vector<MetadataItem> LastOfEach(const std::vector<MetadataItem>& sent) {
  std::vector<MetadataItem> items;
  std::unordered_map<std::string_view, std::size_t> places;
  items.reserve(sent.size());
  for (const MetadataItem& item : sent) {
    const auto [at, is_new] = places.try_emplace(item.key, items.size());
    if (is_new)
      items.push_back(item);
    else
      items[at->second] = item;
  }
  return items;
}

using ByKey = std::unordered_map<std::string_view, const MetadataItem*>;
ByKey Index(const std::vector<MetadataItem>& items) {
  ByKey index;
  for (const MetadataItem& item : items) index.emplace(item.key, &item);
  return index;
}

Status CheckCount(const Attempt& attempt, const std::vector<MetadataItem>& sent) {
  const ByKey stored = Index(attempt.stored);
  const auto added = static_cast<std::size_t>(std::ranges::count_if(
      sent, [&](const MetadataItem& item) { return !stored.contains(item.key); }));
  const std::size_t after = attempt.stored.size() + added;
  if (after <= model::kMetadataRecordsMax) return Ok();
  return Error(Code::kInvalid,
               fmt::format("Metadata limit exceeded: there are {} records, the request adds {}, "
                           "which makes {}, and {} is the most, so nothing was written; delete "
                           "some first",
                           attempt.stored.size(), added, after, model::kMetadataRecordsMax));
}

Status CheckSize(const Write& put, const MetadataItem& item, std::size_t most) {
  if (items::ItemSize(put.item) + kRoomForVersion <= most) return Ok();
  return Error(Code::kInvalid,
               fmt::format("the value of \"{}\" is too long: a record holds at most {} bytes "
                           "together with its key and path, so nothing was written; shorten it",
                           item.key, most - kRoomForVersion));
}

// The writes of these items; what is there already like this needs none.
Result<std::vector<Write>> PutsOf(const Attempt& attempt, const MetadataEntity& entity,
                                  const std::vector<MetadataItem>& items, std::size_t most) {
  const ByKey stored = Index(attempt.stored);
  std::vector<Write> writes;
  for (const MetadataItem& item : items) {
    const auto now = stored.find(item.key);
    if (now != stored.end() && *now->second == item) continue;
    writes.push_back(PutRecord(entity, item));
    TRY_OK(CheckSize(writes.back(), item, most));
  }
  return writes;
}

// Nothing: somebody else was faster.
Result<std::optional<MetadataChange>> Finish(OpContext& op, const Stores& stores, Attempt attempt,
                                             const MetadataEntity& entity,
                                             std::vector<Write> writes, bool file_stays,
                                             MetadataChange change) {
  if (writes.empty()) return std::optional(std::move(change));
  std::ranges::move(attempt.opened.checks, std::back_inserter(writes));
  writes.push_back(TouchMetadata(attempt.marks, entity, file_stays && IsOfFile(entity)));
  const auto done = stores.items.Commit(op, writes);
  if (done.ok()) return std::optional(std::move(change));
  if (done.error().code == Code::kConflict) return std::optional<MetadataChange>();
  return done.error();
}

// Section 6.5: of what replaces everything clients know that nothing is changed when it fails.  A
// store that cannot be reached may have done it all the same, which its own errors say.
Error ReplacingFailed(Error error) {
  if (error.code == Code::kUnavailable || error.code == Code::kTimeout ||
      error.code == Code::kCancelled)
    return error;
  return {Code::kInvalid, "REPLACE_ALL failed and was rolled back: " + error.message,
          std::move(error.details)};
}

// What the schemas say about the write; the restriction of the databases only counts where there
// are schemas.
Status CheckSchema(OpContext& op, const Stores& stores, const Attempt& attempt,
                   const model::EffectiveSchema& schema, model::SchemaWrite write,
                   const std::vector<MetadataItem>& sent) {
  if (schema.empty()) return Ok();
  TRY(const bool restricted, Restricts(op, stores.items, attempt.opened.databases));
  if (auto complaint = schema.CheckWrite(write, attempt.stored, sent, restricted))
    return Error(Code::kInvalid, *std::move(complaint));
  return Ok();
}

std::vector<std::string> KeysOf(const std::vector<MetadataItem>& items) {
  std::vector<std::string> keys;
  keys.reserve(items.size());
  for (const MetadataItem& item : items) keys.push_back(item.key);
  return keys;
}

}  // namespace

// ---- Reading.

Result<MetadataList> Metadata::List(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                    std::string_view version_id) {
  TRY(const auto opened, OpenEntity(op, stores_, caller, entity, MetadataAction::kView));
  std::vector<MetadataItem> records;
  auto order = model::OutsideOrder::kDescending;
  if (version_id.empty()) {
    TRY(records, RecordsOf(op, stores_.items, entity));
  } else {
    TRY(auto held, RecordsOf(op, stores_.items, entity, version_id));
    if (!held) return MetadataList();
    records = *std::move(held);
    order = model::OutsideOrder::kAscending;
  }
  MetadataList list;
  auto schema = SchemaFor(op, stores_.items, opened, entity);
  TRY_OK(op.Check());
  // The records are there all the same.
  list.schema_known = schema.ok();
  if (schema.ok())
    list.schema = *std::move(schema);
  else
    LogWarning(fmt::format("metadata is shown without its schemas: {} ({})", schema.error().message,
                           schema.error().details));
  if (!list.schema.empty()) {
    TRY(list.restricted, Restricts(op, stores_.items, opened.databases));
  }
  list.records = list.schema.Show(std::move(records), order);
  return list;
}

// ---- Writing.

Result<MetadataChange> Metadata::Create(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                        const model::MetadataCreate& create) {
  const auto sent = LastOfEach(create.items);
  const auto attempt_once = [&]() -> Result<std::optional<MetadataChange>> {
    TRY(auto attempt, Begin(op, stores_, caller, entity, MetadataAction::kCreate));
    TRY_OK(CheckCount(attempt, sent));
    MetadataChange change{.done = KeysOf(create.items), .missing = {}};
    std::vector<MetadataItem> items = sent;
    if (caller.user() != kSystemUser) {
      TRY(const auto schema, SchemaFor(op, stores_.items, attempt.opened, entity));
      TRY_OK(CheckSchema(op, stores_, attempt, schema, model::SchemaWrite::kCreate, sent));
      for (MetadataItem& item : schema.DefaultsToWrite(attempt.stored, sent)) {
        change.done.push_back(item.key);
        items.push_back(std::move(item));
      }
    }
    TRY(auto writes, PutsOf(attempt, entity, items, stores_.items.traits().max_item_bytes));
    return Finish(op, stores_, std::move(attempt), entity, std::move(writes), true,
                  std::move(change));
  };
  return UntilNotOvertaken(op, attempt_once, kMetadataAttempts);
}

Result<MetadataChange> Metadata::Update(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                        const model::MetadataUpdate& update) {
  const auto sent = LastOfEach(update.items);
  const bool system = caller.user() == kSystemUser;
  const auto attempt_once = [&]() -> Result<std::optional<MetadataChange>> {
    TRY(auto attempt,
        Begin(op, stores_, caller, entity,
              update.replace_all ? MetadataAction::kReplace : MetadataAction::kUpdate));
    // What replaces is bounded by itself.
    if (!system && !update.replace_all) TRY_OK(CheckCount(attempt, sent));
    if (!system) {
      TRY(const auto schema, SchemaFor(op, stores_.items, attempt.opened, entity));
      TRY_OK(CheckSchema(
          op, stores_, attempt, schema,
          update.replace_all ? model::SchemaWrite::kReplaceAll : model::SchemaWrite::kUpdate,
          sent));
    }
    MetadataChange change{.done = KeysOf(update.items), .missing = {}};
    TRY(auto writes, PutsOf(attempt, entity, sent, stores_.items.traits().max_item_bytes));
    if (update.replace_all) {
      const ByKey kept = Index(sent);
      for (const MetadataItem& item : attempt.stored) {
        if (kept.contains(item.key)) continue;
        writes.push_back(DeleteRecord(entity, item.key));
        ++change.removed;
      }
    }
    auto done =
        Finish(op, stores_, std::move(attempt), entity, std::move(writes), true, std::move(change));
    if (!done.ok() && update.replace_all) return ReplacingFailed(std::move(done).error());
    return done;
  };
  return UntilNotOvertaken(op, attempt_once, kMetadataAttempts);
}

Result<MetadataChange> Metadata::Delete(OpContext& op, Caller& caller, const MetadataEntity& entity,
                                        const model::MetadataDelete& deletion) {
  std::vector<std::string> keys;
  std::set<std::string_view> seen;
  for (const std::string& key : deletion.keys)
    if (seen.insert(key).second) keys.push_back(key);
  const auto attempt_once = [&]() -> Result<std::optional<MetadataChange>> {
    TRY(auto attempt, Begin(op, stores_, caller, entity, MetadataAction::kDelete));
    TRY(const auto schema, SchemaFor(op, stores_.items, attempt.opened, entity));
    if (auto complaint = schema.CheckDeletion(attempt.stored, keys))
      return Error(Code::kInvalid, *std::move(complaint));
    const ByKey stored = Index(attempt.stored);
    MetadataChange change;
    std::vector<Write> writes;
    for (const std::string& key : keys) {
      if (!stored.contains(key)) {
        change.missing.push_back(key);
        continue;
      }
      writes.push_back(DeleteRecord(entity, key));
      change.done.push_back(key);
    }
    return Finish(op, stores_, std::move(attempt), entity, std::move(writes), false,
                  std::move(change));
  };
  return UntilNotOvertaken(op, attempt_once, kMetadataAttempts);
}

}  // namespace vams::catalog
