// Notices: changes of assets that somebody has to be told of.  The operation that makes the change
// writes its notice in its own commit, so that what was done is told and what was not done is not;
// the sender of mail takes them from there (docs/decisions/010-notices-outbox.md).
// Spec: api-metadata.md section 15.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/stores.h"
#include "items/store.h"

namespace vams::catalog {

enum class NoticeKind : std::uint8_t {
  kAssetChanged,
  kAssetArchived,
  kAssetUnarchived,
  kFilesUploaded,
  kFilesDeleted,
  kFilesArchived,
  kFilesUnarchived,
  kFileMoved,
  kFileCopied,
  kFileReverted,
  kPrimaryTypeSet,
  kPreviewDeleted,
  kDerivedDeleted,
  kVersionCreated,
  kVersionReverted,
};

std::string_view NoticeName(NoticeKind kind);
std::optional<NoticeKind> FindNoticeKind(std::string_view name);

// What an operation says of itself.
struct Announcement {
  NoticeKind kind = NoticeKind::kAssetChanged;
  std::string by;                       // the user
  std::vector<std::string> paths = {};  // of files, with or without a slash in front
};

struct Notice {
  std::string asset;  // "db:asset", the database id without #deleted
  std::string id;     // grows with the time
  NoticeKind kind = NoticeKind::kAssetChanged;
  std::string by;
  std::int64_t millis = 0;
  std::uint64_t files = 0;         // how many the change was about
  std::vector<std::string> paths;  // the first of them, "/scan/a.e57"
};
inline constexpr std::size_t kNamedFiles = 5;

// The write that belongs into the operation's commit; nothing if nobody follows the asset.  It has
// no condition and conflicts with nobody.
Result<std::optional<items::Write>> NoticeOf(OpContext& op, const Stores& stores,
                                             const Asset& asset, Announcement announcement);

// The same without asking whether somebody does.
items::Write PutNotice(const Notice& notice);

// The oldest of each asset first, at most `limit`.
Result<std::vector<Notice>> WaitingNotices(OpContext& op, items::ItemSource& source,
                                           std::size_t limit);
// kConflict if somebody else was faster.
items::Write DeleteNotice(const Notice& notice);

}  // namespace vams::catalog
