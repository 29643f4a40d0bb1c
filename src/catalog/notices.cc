#include "catalog/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/random.h"
#include "catalog/assets_impl.h"
#include "catalog/mail_items.h"
#include "catalog/records.h"
#include "catalog/subscription_records.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Item;
using items::Value;
using items::Write;

namespace {

const std::string kNotices{tables::kNoticesTable};

// By NoticeKind.
constexpr std::array<std::string_view, 15> kNames = {
    "assetChanged",  "assetArchived",   "assetUnarchived", "filesUploaded",  "filesDeleted",
    "filesArchived", "filesUnarchived", "fileMoved",       "fileCopied",     "fileReverted",
    "primaryType",   "previewDeleted",  "derivedDeleted",  "versionCreated", "versionReverted"};

Item KeyOf(const Notice& notice) {
  return {{"asset", Value::S(notice.asset)}, {"notice", Value::S(notice.id)}};
}

Item ItemOf(const Notice& notice) {
  Item item = KeyOf(notice);
  item.Set("kind", Value::S(std::string(NoticeName(notice.kind))));
  if (!notice.by.empty()) item.Set("by", Value::S(notice.by));
  item.Set("time", Value::N(notice.millis));
  if (notice.files > 0) {
    item.Set("files", Value::N(static_cast<std::int64_t>(notice.files)));
    item.Set("paths", TextList(notice.paths));
  }
  return item;
}

// A kind of a later release is a change all the same.
Notice NoticeOfItem(const Item& item) {
  return {.asset = std::string(item.Text("asset")),
          .id = std::string(item.Text("notice")),
          .kind = FindNoticeKind(item.Text("kind")).value_or(NoticeKind::kAssetChanged),
          .by = std::string(item.Text("by")),
          .millis = NumberOf(item, "time"),
          .files = static_cast<std::uint64_t>(NumberOf(item, "files")),
          .paths = TextsOf(item, "paths")};
}

std::string WithSlash(std::string path) {
  if (!path.starts_with('/')) path.insert(0, 1, '/');
  return path;
}

}  // namespace

std::string_view NoticeName(NoticeKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<NoticeKind> FindNoticeKind(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<NoticeKind>(found - kNames.begin());
}

Result<std::optional<Write>> NoticeOf(OpContext& op, const Stores& stores, const Asset& asset,
                                      Announcement announcement) {
  if (!HasTopic(asset)) return std::optional<Write>();
  TRY(const auto row, FindSubscription(op, stores.items, AssetSubscriptionKey(asset.id)));
  if (!row || SubscribersOf(*row).empty()) return std::optional<Write>();
  // They may follow one of the same id in another database.
  TRY(const auto meant, SubscribedAsset(op, stores.items, asset.id));
  if (!meant || meant->database_id != asset.database_id || meant->archived != asset.archived)
    return std::optional<Write>();

  Notice notice{.asset = PairOf(asset.database_id, asset.id),
                .id = {},
                .kind = announcement.kind,
                .by = std::move(announcement.by),
                .millis = stores.clock.NowMillis(),
                .files = announcement.paths.size(),
                .paths = std::move(announcement.paths)};
  notice.id = fmt::format("{:016}-{}", notice.millis, NewUuid(stores.random));
  if (notice.paths.size() > kNamedFiles) notice.paths.resize(kNamedFiles);
  for (std::string& path : notice.paths) path = WithSlash(std::move(path));
  return std::optional(PutNotice(notice));
}

Write PutNotice(const Notice& notice) { return Write::Put(kNotices, ItemOf(notice)); }

Result<std::vector<Notice>> WaitingNotices(OpContext& op, items::ItemSource& source,
                                           std::size_t limit) {
  std::vector<Notice> notices;
  std::string cursor;
  do {
    TRY(const auto page,
        source.Scan(op, kNotices, {}, cursor, std::min(kPageItems, limit - notices.size())));
    for (const Item& item : page.items) notices.push_back(NoticeOfItem(item));
    cursor = page.next;
  } while (!cursor.empty() && notices.size() < limit);
  return notices;
}

Write DeleteNotice(const Notice& notice) {
  return Write::Delete(kNotices, KeyOf(notice), {items::Condition::Exists()});
}

}  // namespace vams::catalog
